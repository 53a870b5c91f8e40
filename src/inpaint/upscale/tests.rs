//! What enlarging promises on made-up pictures, with networks that are made up too.

use super::{Factor, Upscaled, upscale_with};
use crate::{
    imaging::{Channels, Pixels, Samples},
    inpaint::fill::Filler,
    nn::{self, NetworkError},
    progress::{Progress, Silent},
};

/// A network that makes its own of what it is shown.
struct Made<F: Fn(&[f32], usize) -> Vec<f32>>(F);

impl<F: Fn(&[f32], usize) -> Vec<f32>> Filler for Made<F> {
    fn inpaint(
        &self,
        rgb: &[f32],
        valid: &[u8],
        width: usize,
        height: usize,
        progress: &dyn Progress,
    ) -> Result<nn::Filled, NetworkError> {
        assert_eq!(valid.len(), width * height, "the mask is of the picture");
        progress.step(1, 1)?;
        Ok(nn::Filled {
            rgb: self.0(rgb, width),
            still_hole: vec![false; width * height],
        })
    }

    fn move_to_cpu(&mut self) -> Result<bool, NetworkError> {
        Ok(false)
    }

    fn device_name(&self) -> String {
        "a test".to_owned()
    }
}

/// A network that is of no use: whatever it is shown, it paints noise.
fn useless() -> impl Filler {
    let noise = |at: usize| (at as u32).wrapping_mul(2_654_435_761) as f32 / u32::MAX as f32;
    Made(move |rgb, _| (0..rgb.len()).map(noise).collect())
}

/// A network that knows that its world is black and white.
fn black_and_white() -> impl Filler {
    Made(|rgb, _| rgb.iter().map(|value| value.round()).collect())
}

fn enlarged(photo: &Pixels, factor: u32, filler: &mut dyn Filler) -> Upscaled {
    upscale_with(photo, Factor::new(factor).unwrap(), filler, &Silent).unwrap()
}

fn gray(width: u32, height: u32, value: impl Fn(u32, u32) -> u8) -> Pixels {
    let samples = (0..width * height).map(|at| value(at % width, at / width));
    Pixels::new(width, height, Channels::Gray, Samples::U8(samples.collect())).unwrap()
}

fn bytes(pixels: &Pixels) -> &[u8] {
    match pixels.samples() {
        Samples::U8(samples) => samples,
        Samples::U16(_) => panic!("8 bit"),
    }
}

/// Squares of `side` pixels, black and white, softened nowhere.
fn squares(width: u32, height: u32, side: u32) -> Pixels {
    gray(width, height, |x, y| {
        if (x / side + y / side).is_multiple_of(2) {
            0
        } else {
            255
        }
    })
}

/// Slopes, an edge and a fine wave.
fn scene(x: u32, y: u32) -> u8 {
    let wave = 30.0 * (0.9 * x as f32 + 0.4 * y as f32).sin();
    let edge = if x + 2 * y > 300 { 60.0 } else { 0.0 };
    (70.0 + 0.1 * y as f32 + wave + edge) as u8
}

#[test]
fn flat_stays_flat_in_every_layout_and_depth() {
    let flat = [
        (Channels::Gray, Samples::U16(vec![12_345])),
        (Channels::GrayAlpha, Samples::U8(vec![7, 99])),
        (Channels::Rgb, Samples::U8(vec![1, 128, 255])),
        (Channels::Rgba, Samples::U16(vec![0, 65_535, 40_000, 12])),
    ];
    for (channels, pixel) in flat {
        for factor in 2..=4 {
            let samples = match &pixel {
                Samples::U8(pixel) => Samples::U8(pixel.repeat(37 * 21)),
                Samples::U16(pixel) => Samples::U16(pixel.repeat(37 * 21)),
            };
            let photo = Pixels::new(37, 21, channels, samples).unwrap();
            let large = enlarged(&photo, factor, &mut useless()).pixels;
            assert_eq!((large.width(), large.height()), (37 * factor, 21 * factor));
            assert_eq!(large.channels(), channels);
            let count = (37 * 21 * factor * factor) as usize;
            match (&pixel, large.samples()) {
                (Samples::U8(pixel), Samples::U8(samples)) => {
                    assert_eq!(samples, &pixel.repeat(count), "{channels:?} {factor}");
                }
                (Samples::U16(pixel), Samples::U16(samples)) => {
                    // The weights of a filter sum to one but for rounding in 32 bits: a step of 16 bit or two.
                    let is_near = |(sample, pixel): (&u16, &u16)| sample.abs_diff(*pixel) <= 2;
                    let mut all = samples.iter().zip(pixel.iter().cycle());
                    assert!(all.all(is_near), "{channels:?} {factor}");
                }
                _ => panic!("the depth changed"),
            }
        }
    }
}

#[test]
fn a_picture_that_is_symmetric_stays_so_and_an_edge_stays_in_its_place() {
    for factor in 2..=4 {
        let photo = gray(40, 30, |x, _| if x < 20 { 40 } else { 200 });
        let large = enlarged(&photo, factor, &mut useless()).pixels;
        let width = 40 * factor as usize;
        for row in bytes(&large).chunks_exact(width) {
            for (left, right) in row.iter().zip(row.iter().rev()) {
                // Rounded to whole steps on both sides.
                assert!(left.abs_diff(240 - right) <= 1, "{factor}: {left} and {right}");
            }
            let middle = width / 2;
            assert!(
                row[middle - 1] < 120 && row[middle] > 120,
                "{factor}: the edge moved"
            );
        }
    }
}

/// How far the mean of the pixels that a pixel became is from it, for every pixel of the photo.
fn off_when_reduced(photo: &Pixels, large: &Pixels) -> Vec<f32> {
    let (width, large_width) = (photo.width() as usize, large.width() as usize);
    let side = large_width / width;
    let off = bytes(photo).iter().enumerate().map(|(at, &wanted)| {
        let first = at / width * side * large_width + at % width * side;
        let rows = (0..side).map(|row| first + row * large_width);
        let cell = rows.flat_map(|start| &bytes(large)[start..start + side]);
        let sum: u32 = cell.map(|&sample| u32::from(sample)).sum();
        (sum as f32 / (side * side) as f32 - f32::from(wanted)).abs()
    });
    off.collect()
}

#[test]
fn reduced_again_it_is_the_photo() {
    let photo = gray(260, 210, scene);
    for factor in 2..=4 {
        let large = enlarged(&photo, factor, &mut useless()).pixels;
        let most = off_when_reduced(&photo, &large).into_iter().fold(0.0, f32::max);
        assert!(most <= 1.0, "{factor}: {most}");
    }
}

#[test]
fn back_projection_comes_nearer_to_the_photo_than_lanczos() {
    let report = enlarged(&gray(200, 200, scene), 2, &mut useless()).report;
    let measured = report.calibration.unwrap();
    assert_eq!(measured.pixels, 200 * 200);
    assert!(measured.plain_psnr > measured.lanczos_psnr, "{measured:?}");
}

#[test]
fn tiles_leave_no_trace() {
    let (width, height) = (430, 401);
    let photo = gray(width, height, scene);
    let large = enlarged(&photo, 2, &mut useless()).pixels;
    // A part that one tile holds, far from its own edges; the whole takes four tiles.
    let (left, top, side) = (150, 120, 200);
    let part = photo.crop(crate::imaging::Rect::new(left, top, side, side));
    let part = enlarged(&part, 2, &mut useless()).pixels;
    let rim = 2 * super::project::REACH_PX;
    for y in rim..2 * side - rim {
        for x in rim..2 * side - rim {
            let of_part = bytes(&part)[(y * 2 * side + x) as usize];
            let of_whole = bytes(&large)[((2 * top + y) * 2 * width + 2 * left + x) as usize];
            // Sums in another order may round to the other side.
            assert!(
                of_part.abs_diff(of_whole) <= 1,
                "({x}, {y}): {of_part}, {of_whole}"
            );
        }
    }
}

#[test]
fn a_useless_network_changes_no_byte() {
    let photo = gray(120, 90, scene);
    let with_one = enlarged(&photo, 3, &mut useless());
    assert_eq!(with_one.report.network_weight, 0.0);
    let with_another = enlarged(&photo, 3, &mut Made(|rgb, _| rgb.iter().rev().copied().collect()));
    assert_eq!(with_one.pixels, with_another.pixels);
}

#[test]
fn a_network_that_knows_better_is_believed_and_helps_where_nobody_measured() {
    let (small, truth) = (squares(420, 420, 6), squares(840, 840, 12));
    let plain = enlarged(&small, 2, &mut useless());
    let helped = enlarged(&small, 2, &mut black_and_white());
    let measured = helped.report.calibration.unwrap();
    assert!(helped.report.network_weight > 0.5, "{:?}", helped.report);
    assert!(measured.mixed_psnr > measured.plain_psnr + 1.0, "{measured:?}");
    let error = |pixels: &Pixels| -> u64 {
        let pairs = bytes(pixels).iter().zip(bytes(&truth));
        pairs.map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2)).sum()
    };
    assert!(
        error(&helped.pixels) < error(&plain.pixels) / 2,
        "on the photo itself"
    );
}

#[test]
fn a_photo_too_small_to_measure_is_enlarged_all_the_same() {
    for (width, height) in [(1, 1), (3, 50), (31, 31)] {
        let upscaled = enlarged(&gray(width, height, scene), 4, &mut black_and_white());
        assert_eq!(
            (upscaled.pixels.width(), upscaled.pixels.height()),
            (4 * width, 4 * height)
        );
        assert_eq!(
            (upscaled.report.network_weight, upscaled.report.calibration),
            (0.0, None)
        );
    }
}

#[test]
fn any_number_of_threads_makes_the_same_bytes() {
    let photo = squares(430, 410, 7);
    let with_threads = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let plain = enlarged(&photo, 2, &mut useless()).pixels;
            (plain, enlarged(&photo, 2, &mut black_and_white()).pixels)
        })
    };
    assert_eq!(with_threads(1), with_threads(3));
}

#[test]
fn factors_and_sizes_that_cannot_be_are_refused() {
    assert_eq!([0, 1, 5].map(Factor::new), [None; 3]);
    let factor = Factor::new(4).unwrap();
    assert_eq!(factor.enlarged(6000, 4000), Some((24_000, 16_000)));
    assert_eq!(
        factor.enlarged(10_000, 8_000),
        None,
        "more than can be read again"
    );
    assert_eq!(factor.enlarged(1 << 31, 1), None, "more than can be counted");
}
