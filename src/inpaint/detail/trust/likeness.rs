//! How alike the network's colours are to those around the hole.

use rayon::prelude::{IntoParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _};

use super::blocks::{Blocks, squared_distance};
use crate::{
    inpaint::hole::depths,
    progress::{Cancelled, Progress},
};

/// Share of the surroundings that must be alike for full trust: one accidental match is not enough.
const SUPPORT: f32 = 0.01;
/// Share of the surroundings' blocks that find so many others alike within the distance that decides.
const TYPICAL: f32 = 0.8;
/// The network's blocks are held to a little less than that distance.
const STRICTNESS: f32 = 0.7;
/// Distances in RGB between which the limit lies up to which two colours count as alike.
const ALIKE_LEAST: f32 = 0.006;
const ALIKE_MOST: f32 = 0.06;
/// From so many times this limit on they have nothing in common.
const STRANGE: f32 = 10.0 / 3.0;
/// So many blocks of the surroundings, spread over them, set the limit.
const WITNESSES: usize = 400;

/// Likeness of every block to the surroundings, 0..1; 1 outside the hole.
pub(super) fn likeness(blocks: &Blocks, progress: &dyn Progress) -> Result<Vec<f32>, Cancelled> {
    let ring = surroundings(blocks);
    let alike = alike(&ring, progress)?;
    let strange = STRANGE * alike;
    blocks
        .all
        .par_iter()
        .map(|block| {
            if block.hole == 0.0 || ring.is_empty() {
                return Ok(1.0);
            }
            progress.check()?;
            let likeness =
                |known| ((strange - distance(known, &block.mean)) / (strange - alike)).clamp(0.0, 1.0);
            Ok((ring.iter().map(likeness).sum::<f32>() / (SUPPORT * ring.len() as f32)).min(1.0))
        })
        .collect()
}

/// Colours of the photo's blocks near the hole: the deeper the hole, the further away.
fn surroundings(blocks: &Blocks) -> Vec<[f32; 3]> {
    let is_hole: Vec<bool> = blocks.all.iter().map(|block| block.hole > 0.0).collect();
    let is_photo: Vec<bool> = is_hole.iter().map(|hole| !hole).collect();
    let deepest = depths(&is_hole, blocks.columns, blocks.rows).into_iter().max();
    let reach = deepest.unwrap_or(0).max(2).saturating_mul(3) / 2;
    let from_hole = depths(&is_photo, blocks.columns, blocks.rows);
    blocks
        .all
        .iter()
        .zip(from_hole)
        .filter(|(block, away)| block.is_photo() && (1..=reach).contains(away))
        .map(|(block, _)| block.mean)
        .collect()
}

/// The distance in RGB up to which two colours count as alike among these: a plain wall sets a narrow limit, a bed of
/// flowers a wide one.
fn alike(colours: &[[f32; 3]], progress: &dyn Progress) -> Result<f32, Cancelled> {
    // Each is the nearest to itself.
    let nearest = ((SUPPORT * colours.len() as f32) as usize).max(1);
    if nearest >= colours.len() {
        return Ok(ALIKE_LEAST);
    }
    let witnesses: Vec<&[f32; 3]> = colours
        .iter()
        .step_by(colours.len().div_ceil(WITNESSES))
        .collect();
    let reached: Result<Vec<f32>, Cancelled> = witnesses
        .into_par_iter()
        .map(|witness| {
            progress.check()?;
            let mut distances: Vec<f32> = colours.iter().map(|other| distance(witness, other)).collect();
            Ok(*distances.select_nth_unstable_by(nearest, f32::total_cmp).1)
        })
        .collect();
    let mut reached = reached?;
    let typical = (TYPICAL * reached.len() as f32) as usize;
    let typical = *reached.select_nth_unstable_by(typical, f32::total_cmp).1;
    Ok((STRICTNESS * typical).clamp(ALIKE_LEAST, ALIKE_MOST))
}

fn distance(one: &[f32; 3], other: &[f32; 3]) -> f32 {
    squared_distance(one, other).sqrt()
}

#[cfg(test)]
mod tests {
    use super::{ALIKE_LEAST, ALIKE_MOST, alike};
    use crate::{imaging::random::Random, progress::Silent};

    #[test]
    fn surroundings_that_differ_more_set_a_wider_limit() {
        let limit = |spread: f32| {
            let sample = |at: u64, channel: u64| Random::keyed(2, [at, channel, 0, 0]).unit() as f32;
            let colours: Vec<[f32; 3]> = (0..2000)
                .map(|at| [0, 1, 2].map(|channel| 0.5 + spread * (sample(at, channel) - 0.5)))
                .collect();
            alike(&colours, &Silent).unwrap()
        };
        let (wall, meadow, flowers) = (limit(0.01), limit(0.2), limit(0.9));
        assert_eq!(wall, ALIKE_LEAST);
        assert!(wall < meadow && meadow < flowers, "{wall}, {meadow}, {flowers}");
        assert_eq!(flowers, ALIKE_MOST);
        assert_eq!(alike(&[], &Silent), Ok(ALIKE_LEAST));
    }
}
