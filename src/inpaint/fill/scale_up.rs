//! The network's picture back at the photo's scale, by Catmull-Rom interpolation.

use rayon::prelude::*;

use crate::{
    imaging::Rect,
    progress::{Cancelled, Progress},
};

/// Scales a picture up by a whole factor and gives the part `wanted` of it, RGB interleaved, 0 to 1.
///
/// `wanted` is in pixels of the scaled picture. At a factor of 1 the values are copied.
pub(super) fn scale_up(
    rgb: &[f32],
    width: usize,
    height: usize,
    factor: u32,
    wanted: Rect,
    progress: &dyn Progress,
) -> Result<Vec<f32>, Cancelled> {
    let columns: Vec<Taps> = (wanted.x..wanted.right())
        .map(|x| Taps::at(x, factor, width))
        .collect();
    let mut scaled = vec![0.0; wanted.area() as usize * 3];
    scaled
        .par_chunks_mut((wanted.width as usize * 3).max(1))
        .enumerate()
        .try_for_each(|(row, scaled)| {
            let rows = Taps::at(wanted.y + row as u32, factor, height);
            let line = blend_rows(rgb, width, rows);
            for (pixel, taps) in scaled.as_chunks_mut::<3>().0.iter_mut().zip(&columns) {
                *pixel = taps.mix(|x| line[x]).map(|value| value.clamp(0.0, 1.0));
            }
            progress.step(1, 1)
        })?;
    Ok(scaled)
}

fn blend_rows(rgb: &[f32], width: usize, rows: Taps) -> Vec<[f32; 3]> {
    let pixels = rgb.as_chunks::<3>().0;
    (0..width).map(|x| rows.mix(|y| pixels[y * width + x])).collect()
}

/// The four samples around a place and their weights; samples beyond the border repeat the last.
#[derive(Clone, Copy)]
struct Taps {
    at: [usize; 4],
    weights: [f32; 4],
}

impl Taps {
    fn at(scaled: u32, factor: u32, side: usize) -> Self {
        let place = (f64::from(scaled) + 0.5) / f64::from(factor) - 0.5;
        let first = place.floor();
        let t = (place - first) as f32;
        let at = [-1.0, 0.0, 1.0, 2.0].map(|step| (first + step).clamp(0.0, side as f64 - 1.0) as usize);
        let weights = [
            t * (-0.5 + t * (1.0 - 0.5 * t)),
            1.0 + t * t * (-2.5 + 1.5 * t),
            t * (0.5 + t * (2.0 - 1.5 * t)),
            t * t * (-0.5 + 0.5 * t),
        ];
        Self { at, weights }
    }

    fn mix(&self, sample: impl Fn(usize) -> [f32; 3]) -> [f32; 3] {
        let mut mixed = [0.0; 3];
        for (at, weight) in self
            .at
            .iter()
            .zip(self.weights)
            .filter(|(_, weight)| *weight != 0.0)
        {
            for (mixed, value) in mixed.iter_mut().zip(sample(*at)) {
                *mixed += weight * value;
            }
        }
        mixed
    }
}

#[cfg(test)]
mod tests {
    use crate::{imaging::Rect, progress::Silent};

    fn scale_up(rgb: &[f32], width: usize, height: usize, factor: u32, wanted: Rect) -> Vec<f32> {
        super::scale_up(rgb, width, height, factor, wanted, &Silent).expect("nobody cancels")
    }

    #[test]
    fn a_factor_of_one_copies() {
        let rgb: Vec<f32> = (0..4 * 3 * 3).map(|i| i as f32 / 40.0).collect();
        assert_eq!(scale_up(&rgb, 4, 3, 1, Rect::new(0, 0, 4, 3)), rgb);
        assert_eq!(scale_up(&rgb, 4, 3, 1, Rect::new(2, 1, 1, 1)), rgb[18..21]);
    }

    #[test]
    fn a_slope_stays_a_slope() {
        let rgb: Vec<f32> = (0..8 * 3).map(|i| (i / 3) as f32 / 8.0).collect();
        let scaled = scale_up(&rgb, 8, 1, 4, Rect::new(8, 0, 16, 1));
        for pair in scaled.as_chunks::<3>().0.windows(2) {
            assert!((pair[1][0] - pair[0][0] - 1.0 / 32.0).abs() < 1e-5, "{pair:?}");
        }
    }

    #[test]
    fn values_stay_between_black_and_white() {
        let rgb: Vec<f32> = (0..6 * 6 * 3).map(|i| ((i / 3) % 2) as f32).collect();
        let scaled = scale_up(&rgb, 6, 6, 3, Rect::new(0, 0, 18, 18));
        assert!(
            scaled.iter().all(|value| (0.0..=1.0).contains(value)),
            "overshoot is cut"
        );
    }
}
