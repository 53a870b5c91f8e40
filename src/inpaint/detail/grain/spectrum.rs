//! The shape of a photo's grain: a small filter that turns white noise into noise of the same spectrum.

/// Side of the filter; grain is correlated over few pixels.
pub(super) const SIDE: usize = 9;
const REACH: usize = SIDE / 2;

/// Sums of products of a residual with itself at all shifts up to four pixels.
#[derive(Debug, Clone)]
pub(super) struct Correlation([f64; SIDE * SIDE]);

impl Default for Correlation {
    fn default() -> Self {
        Self([0.0; SIDE * SIDE])
    }
}

impl Correlation {
    /// Adds a square block of a residual (`side` pixels wide, mean near 0).
    pub(super) fn add(&mut self, block: &[f32], side: usize) {
        for (lag, sum) in self.0.iter_mut().enumerate() {
            let (right, down) = (lag % SIDE, lag / SIDE);
            for y in REACH..side - REACH {
                let row = &block[y * side..(y + 1) * side];
                let shifted = &block[(y + down - REACH) * side..][..side];
                let products = (REACH..side - REACH).map(|x| row[x] * shifted[x + right - REACH]);
                *sum += f64::from(products.sum::<f32>());
            }
        }
    }

    /// The zero-phase filter whose power spectrum is that of the blocks; its squares add up to 1. `None` for a
    /// residual without variance.
    pub(super) fn filter(&self) -> Option<[f32; SIDE * SIDE]> {
        if self.0[SIDE * SIDE / 2] <= 0.0 {
            return None;
        }
        let turn = |a: usize, b: usize| {
            let phase = (a * (b + SIDE - REACH)) % SIDE;
            std::f64::consts::TAU * phase as f64 / SIDE as f64
        };
        let wave = |frequency: usize, lag: usize| {
            (turn(frequency % SIDE, lag % SIDE) + turn(frequency / SIDE, lag / SIDE)).cos()
        };
        let amplitude: Vec<f64> = (0..SIDE * SIDE)
            .map(|frequency| {
                (0..SIDE * SIDE)
                    .map(|lag| self.0[lag] * wave(frequency, lag))
                    .sum::<f64>()
                    .max(0.0)
                    .sqrt()
            })
            .collect();
        let filter: Vec<f64> = (0..SIDE * SIDE)
            .map(|lag| {
                (0..SIDE * SIDE)
                    .map(|frequency| amplitude[frequency] * wave(frequency, lag))
                    .sum::<f64>()
            })
            .collect();
        let energy = filter.iter().map(|tap| tap * tap).sum::<f64>().sqrt();
        (energy > 0.0).then(|| std::array::from_fn(|lag| (filter[lag] / energy) as f32))
    }
}

#[cfg(test)]
mod tests {
    use super::{Correlation, SIDE};
    use crate::imaging::random::Random;

    #[test]
    fn white_noise_needs_no_filter() {
        let mut random = Random::keyed(3, [0; 4]);
        let block: Vec<f32> = (0..64 * 64).map(|_| random.normal()).collect();
        let mut correlation = Correlation::default();
        correlation.add(&block, 64);
        let filter = correlation.filter().expect("noise has variance");
        let centre = filter[SIDE * SIDE / 2];
        assert!(
            centre > 0.98,
            "the centre must carry nearly everything, not {centre}"
        );
    }

    #[test]
    fn a_flat_block_has_no_filter() {
        let mut correlation = Correlation::default();
        correlation.add(&[0.0; 256], 16);
        assert_eq!(correlation.filter(), None);
    }
}
