//! What joins the patch fill to the photo: corrections so smooth that they touch no texture.
//!
//! *Seam*: where patches of the hole overlap the valid area they predict pixels that are known; what they miss there
//! is spread over the hole as a membrane, so that colours meet at the edge (a Poisson blend's effect, without its
//! solver).

use super::{membrane, vote::Votes};
use crate::progress::{Cancelled, Progress};

/// Side of the blocks over which a mismatch is averaged first, so that grain is not spread with it.
const BLOCK: usize = 4;
/// Pixels between two chances to cancel.
const PIXELS_PER_STEP: usize = 1 << 17;
/// A larger mismatch is a wrong structure, not a wrong tone: spreading it would only stain the fill.
const LARGEST: f32 = 0.08;

/// Adds to the votes what makes them meet the photo (`rgb`, `width` pixels wide) at the edge of the hole.
pub(super) fn meet_the_edge(
    votes: &mut Votes,
    rgb: &[f32],
    hole: &[bool],
    width: usize,
    progress: &dyn Progress,
) -> Result<(), Cancelled> {
    let (columns, rows) = (votes.width.div_ceil(BLOCK), votes.height.div_ceil(BLOCK));
    let mut mismatch = vec![0.0f32; 3 * columns * rows];
    let mut weight = vec![0.0f32; columns * rows];
    for (at, vote) in votes.colour.iter().enumerate() {
        let (x, y) = (at % votes.width, at / votes.width);
        let in_photo = (votes.top + y) * width + votes.left + x;
        if at % PIXELS_PER_STEP == 0 {
            progress.step(1, 1)?;
        }
        if let (Some(vote), false) = (vote, hole[in_photo]) {
            let missed: [f32; 3] = std::array::from_fn(|channel| rgb[3 * in_photo + channel] - vote[channel]);
            if missed.iter().any(|missed| missed.abs() > LARGEST) {
                continue;
            }
            let block = y / BLOCK * columns + x / BLOCK;
            weight[block] += 1.0;
            mismatch[3 * block..3 * block + 3]
                .iter_mut()
                .zip(missed)
                .for_each(|(sum, missed)| *sum += missed);
        }
    }
    for (sums, weight) in mismatch.as_chunks_mut::<3>().0.iter_mut().zip(&mut weight) {
        if *weight > 0.0 {
            sums.iter_mut().for_each(|sum| *sum /= *weight);
        }
        *weight = (*weight / (BLOCK * BLOCK) as f32).min(1.0);
    }
    membrane::fill::<3>(&mut mismatch, &weight, columns, rows);
    for (at, vote) in votes.colour.iter_mut().enumerate() {
        if at % PIXELS_PER_STEP == 0 {
            progress.step(1, 1)?;
        }
        let correction = membrane::sample(
            &mismatch,
            [columns, rows],
            BLOCK,
            at % votes.width,
            at / votes.width,
        );
        if let Some(vote) = vote {
            vote.iter_mut()
                .zip(correction)
                .for_each(|(sample, correction)| *sample += correction);
        }
    }
    Ok(())
}
