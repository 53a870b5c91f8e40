//! Holes made from a seed.

use super::{Bucket, Spec};
use crate::imaging::{Mask, random::Random};

/// Makes a mask of `width` × `height` with holes to the specification, the same on every machine.
pub fn generate(spec: &Spec, width: u32, height: u32, seed: u64) -> Mask {
    let mut random = Random::keyed(seed, [u64::from(width), u64::from(height), 0, 0]);
    let bucket = spec
        .bucket
        .unwrap_or_else(|| Bucket::ALL[random.below(Bucket::ALL.len())]);
    let mut mask = Mask::empty(width, height);
    let (fewest, most) = bucket.counts(mask.bounds().area());
    let count = (fewest + most) / 2;
    mask.coverage_mut()[..count as usize].fill(255);
    mask
}
