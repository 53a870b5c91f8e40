//! How near a fill comes to the original: L1, PSNR, SSIM and a perceptual distance.
//!
//! All of them take whole pictures, interleaved RGB from 0 to 1, as the paper does: pixels outside the hole count and
//! are equal, so small holes score high. SSIM is that of Wang et al., "Image quality assessment: from error
//! visibility to structural similarity" (2004): an 11 × 11 Gaussian window of σ 1.5, K1 = 0.01, K2 = 0.03, per
//! channel, averaged over the windows that lie wholly inside the picture and then over the channels. It equals
//! scikit-image's `structural_similarity(gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
//! data_range=1)` channel by channel; other programs weight or pad otherwise and give other numbers.

use candle_core::{Device, Tensor};
use rayon::prelude::*;

use super::{normalise, vgg::Features};

/// Side of the window of [`ssim`].
pub const SSIM_WINDOW: usize = 11;
const SIGMA: f64 = 1.5;
/// (K1 · range)² and (K2 · range)² for a range of 1.
const STABILISERS: [f32; 2] = [1e-4, 9e-4];
/// What a PSNR is at most: that of two equal pictures, so that means stay finite.
pub const MAX_PSNR: f64 = 100.0;

/// Mean absolute difference over all values, in percent of the range (the paper's l1).
///
/// # Panics
///
/// If the pictures differ in length, as all functions here.
pub fn l1_percent(picture: &[f32], reference: &[f32]) -> f64 {
    let sum: f64 = pairs(picture, reference)
        .map(|(a, b)| f64::from((a - b).abs()))
        .sum();
    100.0 * sum / picture.len().max(1) as f64
}

/// Sum of the squared differences of all values.
pub fn squared_error(picture: &[f32], reference: &[f32]) -> f64 {
    pairs(picture, reference)
        .map(|(a, b)| f64::from(a - b).powi(2))
        .sum()
}

/// Peak signal-to-noise ratio over all values in dB, at most [`MAX_PSNR`].
pub fn psnr(picture: &[f32], reference: &[f32]) -> f64 {
    psnr_of(squared_error(picture, reference), picture.len() as u64)
}

/// The PSNR of `count` values whose squared differences sum to `squared_error`, at most [`MAX_PSNR`].
///
/// Where most of a picture is known to be equal, its PSNR follows from the rest. A NaN stays one.
pub fn psnr_of(squared_error: f64, count: u64) -> f64 {
    let mean = squared_error / count.max(1) as f64;
    let decibels = -10.0 * mean.log10();
    // `min` would take the limit for a NaN.
    if decibels > MAX_PSNR { MAX_PSNR } else { decibels }
}

/// Structural similarity, 1 for equal pictures. `None` for a picture smaller than the window.
pub fn ssim(picture: &[f32], reference: &[f32], width: usize) -> Option<f64> {
    assert_eq!(picture.len(), reference.len(), "both pictures have one size");
    let height = picture.len() / (3 * width).max(1);
    if width < SSIM_WINDOW || height < SSIM_WINDOW {
        return None;
    }
    let window = gaussian();
    let rows: Vec<f64> = (0..=height - SSIM_WINDOW)
        .into_par_iter()
        .map(|top| {
            row_of_similarity(
                &picture[3 * width * top..],
                &reference[3 * width * top..],
                width,
                &window,
            )
        })
        .collect();
    let windows = rows.len() * (width + 1 - SSIM_WINDOW) * 3;
    Some(rows.iter().sum::<f64>() / windows as f64)
}

/// A picture as a feature network sees it: its three pools.
///
/// What is compared several times need be seen once only.
#[derive(Debug, Clone)]
pub struct Seen(Vec<Tensor>);

impl Seen {
    /// Looks at a picture of at least 8 × 8 pixels.
    pub fn new(features: &Features, picture: &[f32], width: usize) -> candle_core::Result<Self> {
        let height = picture.len() / (3 * width).max(1);
        let mut planes = vec![0.0; picture.len()];
        for (at, pixel) in picture.as_chunks::<3>().0.iter().enumerate() {
            for (channel, value) in normalise(*pixel).into_iter().enumerate() {
                planes[channel * width * height + at] = value;
            }
        }
        let xs = Tensor::from_vec(planes, (1, 3, height, width), &Device::Cpu)?;
        Ok(Self(features.pools(&xs)?.into()))
    }
}

/// Distance on the pools of a feature network, 0 for equal pictures.
///
/// The mean over the pools of `mean |Ψ(picture) − Ψ(reference)| / mean |Ψ(reference)|`: each pool counts the same
/// whatever its scale. Numbers of different feature networks do not compare.
pub fn perceptual(picture: &Seen, reference: &Seen) -> candle_core::Result<f64> {
    let mut sum = 0.0;
    for (found, expected) in picture.0.iter().zip(&reference.0) {
        let scale = expected.abs()?.mean_all()?.to_scalar::<f32>()?;
        let apart = (found - expected)?.abs()?.mean_all()?.to_scalar::<f32>()?;
        sum += f64::from(apart) / f64::from(scale).max(1e-12);
    }
    Ok(sum / reference.0.len().max(1) as f64)
}

fn pairs<'a>(picture: &'a [f32], reference: &'a [f32]) -> impl Iterator<Item = (f32, f32)> + 'a {
    assert_eq!(picture.len(), reference.len(), "both pictures have one size");
    picture.iter().copied().zip(reference.iter().copied())
}

fn gaussian() -> [f32; SSIM_WINDOW] {
    let weight = |at: usize| (-(at as f64 - (SSIM_WINDOW / 2) as f64).powi(2) / (2.0 * SIGMA * SIGMA)).exp();
    let total: f64 = (0..SSIM_WINDOW).map(weight).sum();
    std::array::from_fn(|at| (weight(at) / total) as f32)
}

/// Sum of the similarity of all windows and channels whose first row is the first of both slices.
fn row_of_similarity(first: &[f32], second: &[f32], width: usize, window: &[f32; SSIM_WINDOW]) -> f64 {
    let stride = 3 * width;
    // Per value the window's column sums: both means, both mean squares, the mean product.
    let columns: Vec<[f32; 5]> = (0..stride)
        .map(|at| {
            let mut sums = [0.0; 5];
            for (row, weight) in window.iter().enumerate() {
                let (a, b) = (first[row * stride + at], second[row * stride + at]);
                let values = [a, b, a * a, b * b, a * b];
                sums.iter_mut()
                    .zip(values)
                    .for_each(|(sum, value)| *sum += weight * value);
            }
            sums
        })
        .collect();
    (0..stride - 3 * (SSIM_WINDOW - 1))
        .map(|start| {
            let mut sums = [0.0; 5];
            for (tap, weight) in window.iter().enumerate() {
                let column = &columns[start + 3 * tap];
                sums.iter_mut()
                    .zip(column)
                    .for_each(|(sum, value)| *sum += weight * value);
            }
            f64::from(similarity(sums))
        })
        .sum()
}

fn similarity([mean_a, mean_b, square_a, square_b, product]: [f32; 5]) -> f32 {
    let [c1, c2] = STABILISERS;
    let (both, covariance) = (mean_a * mean_b, product - mean_a * mean_b);
    let variances = square_a - mean_a * mean_a + square_b - mean_b * mean_b;
    ((2.0 * both + c1) * (2.0 * covariance + c2))
        / ((mean_a * mean_a + mean_b * mean_b + c1) * (variances + c2))
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor};

    use super::{MAX_PSNR, Seen, l1_percent, perceptual, psnr, psnr_of, squared_error, ssim};
    use crate::nn::vgg::{Features, Layer};

    fn waves(width: usize, height: usize) -> Vec<f32> {
        (0..3 * width * height)
            .map(|at| 0.5 + 0.4 * (at as f32 * 0.37).sin())
            .collect()
    }

    #[test]
    fn equal_pictures_have_no_error_and_full_similarity() {
        let picture = waves(20, 15);
        assert_eq!(l1_percent(&picture, &picture), 0.0);
        assert_eq!(psnr(&picture, &picture), MAX_PSNR);
        let similarity = ssim(&picture, &picture, 20).unwrap();
        // Rounding of the variances in 32 bits.
        assert!((similarity - 1.0).abs() < 1e-5, "{similarity}");
    }

    #[test]
    fn a_tenth_everywhere_is_ten_percent_and_twenty_decibels() {
        let (dark, light) = (vec![0.25; 300], vec![0.35; 300]);
        assert!((l1_percent(&dark, &light) - 10.0).abs() < 1e-5, "l1");
        assert!((psnr(&dark, &light) - 20.0).abs() < 1e-4, "psnr");
    }

    #[test]
    fn the_psnr_of_a_whole_follows_from_the_part_that_differs() {
        let reference = waves(16, 16);
        let mut picture = reference.clone();
        picture[30..60].fill(0.1);
        let of_part = squared_error(&picture[30..60], &reference[30..60]);
        assert!(
            (psnr_of(of_part, 768) - psnr(&picture, &reference)).abs() < 1e-9,
            "same sum"
        );
    }

    #[test]
    fn a_fill_that_is_no_number_has_no_psnr() {
        let reference = waves(8, 8);
        let mut picture = reference.clone();
        picture[5] = f32::NAN;
        assert!(psnr(&picture, &reference).is_nan(), "not the best there is");
    }

    /// One convolution per stage that passes its first channels on.
    fn plain_features() -> Features {
        let layer = || {
            let weight: Vec<f32> = (0..81)
                .map(|at| {
                    if at % 9 == 4 && at / 27 == at / 9 % 3 {
                        1.0
                    } else {
                        0.0
                    }
                })
                .collect();
            Layer {
                weight: Tensor::from_vec(weight, (3, 3, 3, 3), &Device::Cpu).unwrap(),
                bias: Tensor::full(3.0f32, 3, &Device::Cpu).unwrap(),
            }
        };
        Features::from_tensors(vec![vec![layer()], vec![layer()], vec![layer()]], "plain")
    }

    #[test]
    fn the_perceptual_distance_is_none_for_equal_pictures_and_grows_with_the_difference() {
        let features = plain_features();
        let reference = waves(24, 16);
        let see = |factor: f32| {
            let picture: Vec<f32> = reference.iter().map(|value| value * factor).collect();
            Seen::new(&features, &picture, 24).unwrap()
        };
        let distance = |factor| perceptual(&see(factor), &see(1.0)).unwrap();
        assert_eq!(distance(1.0), 0.0);
        assert!(distance(0.5) > distance(0.9) && distance(0.9) > 0.0, "it grows");
    }

    #[test]
    fn a_picture_smaller_than_the_window_has_no_ssim() {
        let small = waves(10, 30);
        assert_eq!(ssim(&small, &small, 10), None);
    }
}
