//! The patch fill without a network: what guided patches are compared with.
//!
//! The same pyramid, search and vote, started from a smooth continuation of the hole's edge (as `PatchMatch` based
//! completion does, Barnes et al. 2009) and steered by nothing.

use super::{Beginning, patches, pyramid::Planes, trust::Trust};
use crate::{
    inpaint::push_pull,
    progress::{Cancelled, Progress},
};

/// So coarse a guide that no level would follow it.
const NO_GUIDE: f32 = 1.0 / 64.0;

/// Fills the hole of `rgb` (interleaved, 0 to 1, `width` pixels wide) from patches of its surroundings alone.
///
/// Pixels outside the hole stay bit for bit. With too little to copy from, the result is the smooth continuation.
/// The same input gives the same bits for any number of threads.
///
/// # Panics
///
/// If the hole has not one value per pixel.
pub fn unguided(
    rgb: &[f32],
    hole: &[bool],
    width: usize,
    seed: u64,
    progress: &dyn Progress,
) -> Result<Vec<f32>, Cancelled> {
    assert_eq!(rgb.len(), 3 * hole.len(), "the hole has one value per pixel");
    let height = hole.len() / width.max(1);
    let mut filled = rgb.to_vec();
    if !hole.contains(&true) {
        return Ok(filled);
    }
    let known: Vec<f32> = hole.iter().map(|&hole| f32::from(u8::from(!hole))).collect();
    push_pull::fill::<3>(&mut filled, &known, width, height);
    let planes = Planes {
        width,
        height,
        first_guess: &filled,
        hole,
        keep_out: None,
        trust: &Trust::none(),
        beginning: Beginning::Network,
    };
    if let Some(votes) = patches::synthesise(&planes, NO_GUIDE, seed, progress)? {
        votes.write_into(&mut filled, hole, width);
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::unguided;
    use crate::progress::Silent;

    #[test]
    fn stripes_are_continued_through_a_hole() {
        let (width, height) = (72, 60);
        let stripe = |x: usize| if (x / 4).is_multiple_of(2) { 0.2 } else { 0.8 };
        let original: Vec<f32> = (0..width * height)
            .flat_map(|at| [stripe(at % width); 3])
            .collect();
        let hole: Vec<bool> = (0..width * height)
            .map(|at| (30..42).contains(&(at % width)) && (24..36).contains(&(at / width)))
            .collect();
        let mut holed = original.clone();
        for (pixel, _) in holed
            .as_chunks_mut::<3>()
            .0
            .iter_mut()
            .zip(&hole)
            .filter(|(_, hole)| **hole)
        {
            *pixel = [1.0, 0.0, 1.0];
        }
        let filled = unguided(&holed, &hole, width, 1, &Silent).unwrap();
        let error: f32 = filled.iter().zip(&original).map(|(a, b)| (a - b).abs()).sum();
        let mean = error / (3 * hole.iter().filter(|hole| **hole).count()) as f32;
        // A smooth fill of these stripes is 0.3 away.
        assert!(mean < 0.05, "{mean}");
    }
}
