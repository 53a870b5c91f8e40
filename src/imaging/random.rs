//! Random numbers that depend on a place, not on an order.
//!
//! Every patch of a fill draws from a generator keyed by (seed, level, round, x, y), every hole and every crop of a
//! training batch from one keyed by its number. Which thread comes by, and when, changes nothing, so a result is the
//! same for any number of threads. Only whole numbers decide, so it is the same on every machine, too.

/// A `SplitMix64` sequence (Steele, Lea and Flood, OOPSLA 2014).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The generator of one place. The keys are mixed one after another, so that no two places share a sequence.
    pub fn keyed(seed: u64, keys: [u64; 4]) -> Self {
        Self(
            keys.iter()
                .fold(seed, |state, key| mix(state ^ key.wrapping_mul(GOLDEN))),
        )
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// A whole number in `0..bound`; 0 for an empty range. The bias of the multiply-shift is below 2⁻³² · bound.
    pub fn below(&mut self, bound: usize) -> usize {
        (((self.next_u64() >> 32) * bound as u64) >> 32) as usize
    }

    /// A number in `0.0..1.0`: a multiple of 2⁻⁵³, each as likely as the others.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number in `low..high`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Whether an event of this probability happens.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A whole number in `-radius..=radius`.
    pub fn within(&mut self, radius: i32) -> i32 {
        self.below(2 * radius.max(0) as usize + 1) as i32 - radius.max(0)
    }

    /// Roughly normal with mean 0 and variance 1: the sum of twelve uniform numbers, so bounded by ±6 and the same
    /// on every machine (no logarithm, no cosine).
    pub fn normal(&mut self) -> f32 {
        let mut sum = 0u32;
        for _ in 0..3 {
            let bits = self.next_u64();
            sum += (0..4)
                .map(|part| (bits >> (16 * part)) as u32 & 0xffff)
                .sum::<u32>();
        }
        sum as f32 / 65536.0 - 6.0
    }
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn the_same_place_draws_the_same_numbers_and_its_neighbour_others() {
        let draw = |x| Random::keyed(7, [1, 2, x, 4]).next_u64();
        assert_eq!(draw(3), draw(3));
        assert_ne!(draw(3), draw(4));
    }

    #[test]
    fn normal_numbers_have_mean_zero_and_variance_one() {
        let mut random = Random::keyed(1, [0; 4]);
        let draws: Vec<f32> = (0..20_000).map(|_| random.normal()).collect();
        let mean = draws.iter().sum::<f32>() / draws.len() as f32;
        let variance = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f32>() / draws.len() as f32;
        // Five standard errors of 20,000 draws.
        assert!(mean.abs() < 0.036, "mean {mean}");
        assert!((variance - 1.0).abs() < 0.05, "variance {variance}");
    }
}
