//! How far the network's fill can be believed, block by block.
//!
//! A network that is out of its depth in the middle of a large hole falls back to colours that occur nowhere around
//! it, and a search guided there copies whatever in the photo is nearest to that wrong colour. So each block's mean
//! is compared with the blocks around the hole: what is further from them than they are from each other is replaced by
//! a smooth continuation of the edge and the blocks that are not, and does not steer.
//!
//! Over all of it the fill is believed as far as it goes on across the hole's edge as the photo does by itself. The
//! measure calibrates itself: weights that continue the photo are believed in full, nothing here holds them back.

use rayon::prelude::{
    IndexedParallelIterator as _, IntoParallelIterator as _, IntoParallelRefIterator as _,
    ParallelIterator as _, ParallelSlice as _, ParallelSliceMut as _,
};

use super::Input;
use crate::{
    inpaint::{hole::depths, push_pull},
    progress::{Cancelled, Progress},
};

/// Network pixels per side of a block: averages out the grid that its upsampling leaves.
const NETWORK_PIXELS: f32 = 6.0;
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

/// The photo's own differences over the fill's across the edge, from which on the network is believed, and below which
/// it is not.
const RELIABLE: f32 = 0.8;
const UNRELIABLE: f32 = 0.2;
/// Squared difference in RGB that says nothing.
const NOTHING: f32 = 1e-4;
/// Fewer comparisons say nothing either.
const FEWEST_PAIRS: usize = 12;

/// Trust per block of the crop, 0..1.
#[derive(Debug, Clone)]
pub(super) struct Trust {
    block: usize,
    columns: usize,
    rows: usize,
    values: Vec<f32>,
    /// Mean over the blocks that are mostly hole; 1 without such a block.
    pub(super) mean: f32,
}

impl Trust {
    /// No trust anywhere: where there is no network.
    pub(super) fn none() -> Self {
        Self {
            block: 1,
            columns: 1,
            rows: 1,
            values: vec![0.0],
            mean: 0.0,
        }
    }

    /// The trust at a native pixel.
    pub(super) fn at(&self, x: usize, y: usize) -> f32 {
        self.values
            [(y / self.block).min(self.rows - 1) * self.columns + (x / self.block).min(self.columns - 1)]
    }
}

/// A square of the crop.
#[derive(Debug, Clone, Copy)]
struct Block {
    /// Mean colour over the hole where there is any, else over what may be continued.
    mean: [f32; 3],
    /// Mean colour of what may be continued, where there is any.
    known: Option<[f32; 3]>,
    /// Which part of it is hole.
    hole: f32,
}

impl Block {
    /// Whether all of it is photo, some of which may be continued.
    const fn is_photo(&self) -> bool {
        self.hole == 0.0 && self.known.is_some()
    }
}

/// The crop as it is judged.
struct Crop<'a> {
    filled: &'a [f32],
    hole: &'a [bool],
    keep_out: Option<&'a [bool]>,
    width: usize,
    height: usize,
    /// Side of a block in pixels.
    block: usize,
}

/// Judges the fill in `filled` and replaces what cannot be right. What is kept out is no evidence of anything.
pub(super) fn correct(
    filled: &mut [f32],
    input: &Input<'_>,
    progress: &dyn Progress,
) -> Result<Trust, Cancelled> {
    let Input {
        width, height, hole, ..
    } = *input;
    let block = ((NETWORK_PIXELS / input.scale.clamp(1.0 / 64.0, 1.0)) as usize).max(4);
    let (columns, rows) = (width.div_ceil(block), height.div_ceil(block));
    let blocks = Crop {
        filled,
        hole,
        keep_out: input.keep_out,
        width,
        height,
        block,
    }
    .blocks();
    progress.check()?;
    let mut values = judged(&blocks, columns, rows, progress)?;
    let reliability = reliability(&blocks, columns);
    for (value, _) in values
        .iter_mut()
        .zip(&blocks)
        .filter(|(_, block)| block.hole > 0.0)
    {
        *value *= reliability;
    }
    progress.check()?;
    let in_hole = || values.iter().zip(&blocks).filter(|(_, block)| block.hole > 0.5);
    let mean = match in_hole().count() {
        0 => 1.0,
        count => in_hole().map(|(trust, _)| trust).sum::<f32>() / count as f32,
    };
    let trust = Trust {
        block,
        columns,
        rows,
        values,
        mean,
    };
    let (mut surface, weights) = edge_means(&blocks, &trust.values);
    push_pull::fill::<3>(&mut surface, &weights, columns, rows);
    filled
        .par_chunks_mut(3 * width)
        .zip(hole.par_chunks(width))
        .enumerate()
        .try_for_each(|(y, (row, hole))| {
            for (x, _) in hole.iter().enumerate().filter(|(_, hole)| **hole) {
                let kept = trust.at(x, y);
                if kept < 1.0 {
                    let smooth = push_pull::sample(&surface, [columns, rows], block, x, y);
                    for (sample, smooth) in row[3 * x..3 * x + 3].iter_mut().zip(smooth) {
                        *sample = *sample * kept + smooth * (1.0 - kept);
                    }
                }
            }
            progress.check()
        })?;
    Ok(trust)
}

impl Crop<'_> {
    fn blocks(&self) -> Vec<Block> {
        let columns = self.width.div_ceil(self.block);
        let block = |at: usize| {
            let (left, top) = (at % columns * self.block, at / columns * self.block);
            let pixels = || {
                (top..(top + self.block).min(self.height)).flat_map(move |y| {
                    (left..(left + self.block).min(self.width)).map(move |x| y * self.width + x)
                })
            };
            let is_kept_out = |pixel: usize| self.keep_out.is_some_and(|keep_out| keep_out[pixel]);
            let known = self.mean(pixels().filter(|&pixel| !self.hole[pixel] && !is_kept_out(pixel)));
            let in_hole = self.mean(pixels().filter(|&pixel| self.hole[pixel]));
            let holes = pixels().filter(|&pixel| self.hole[pixel]).count();
            Block {
                mean: in_hole.or(known).unwrap_or_default(),
                known,
                hole: holes as f32 / pixels().count() as f32,
            }
        };
        let count = columns * self.height.div_ceil(self.block);
        (0..count).into_par_iter().map(block).collect()
    }

    fn mean(&self, pixels: impl Iterator<Item = usize>) -> Option<[f32; 3]> {
        let (mut sum, mut count) = ([0.0f32; 3], 0usize);
        for pixel in pixels {
            count += 1;
            sum.iter_mut()
                .zip(&self.filled[3 * pixel..])
                .for_each(|(sum, sample)| *sum += sample);
        }
        (count > 0).then(|| sum.map(|sum| sum / count as f32))
    }
}

/// Trust of every block; 1 outside the hole.
fn judged(
    blocks: &[Block],
    columns: usize,
    rows: usize,
    progress: &dyn Progress,
) -> Result<Vec<f32>, Cancelled> {
    let is_hole: Vec<bool> = blocks.iter().map(|block| block.hole > 0.0).collect();
    let reach = depths(&is_hole, columns, rows)
        .into_iter()
        .max()
        .unwrap_or(0)
        .max(2)
        .saturating_mul(3)
        / 2;
    let from_hole = depths(
        &is_hole.iter().map(|hole| !hole).collect::<Vec<_>>(),
        columns,
        rows,
    );
    let ring: Vec<[f32; 3]> = blocks
        .iter()
        .zip(from_hole)
        .filter(|(block, away)| block.is_photo() && (1..=reach).contains(away))
        .map(|(block, _)| block.mean)
        .collect();
    let alike = alike(&ring, progress)?;
    let strange = STRANGE * alike;
    blocks
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
    let squares = one.iter().zip(other).map(|(one, other)| (one - other).powi(2));
    squares.sum::<f32>().sqrt()
}

/// How well the fill goes on where it meets the photo, 0..1, for all of it: a network that cannot continue a block
/// across the edge knows less of the middle.
///
/// Blocks just inside are compared with valid ones two blocks away, and those with valid ones as far from them. A
/// good network's differ no more than the photo does by itself.
fn reliability(blocks: &[Block], columns: usize) -> f32 {
    const APART: usize = 2;
    let pair = |one: usize, other: usize| -> Option<(bool, f32)> {
        let (one, other) = (&blocks[one], &blocks[other]);
        let difference = one
            .mean
            .iter()
            .zip(other.mean)
            .map(|(a, b)| (a - b).powi(2))
            .sum();
        match (one.is_photo(), other.is_photo()) {
            (true, true) => Some((false, difference)),
            (true, false) if other.hole >= 1.0 => Some((true, difference)),
            (false, true) if one.hole >= 1.0 => Some((true, difference)),
            _ => None,
        }
    };
    let (mut across, mut around) = (Vec::new(), Vec::new());
    for block in 0..blocks.len() {
        let right = (block % columns + APART < columns).then_some(block + APART);
        let below = Some(block + APART * columns).filter(|&below| below < blocks.len());
        for (is_across, difference) in [right, below]
            .into_iter()
            .flatten()
            .filter_map(|other| pair(block, other))
        {
            if is_across { &mut across } else { &mut around }.push(difference);
        }
    }
    if across.len() < FEWEST_PAIRS || around.len() < FEWEST_PAIRS {
        return 1.0;
    }
    let median = |values: &mut Vec<f32>| {
        let middle = values.len() / 2;
        *values.select_nth_unstable_by(middle, f32::total_cmp).1
    };
    let (across, around) = (median(&mut across), median(&mut around));
    let ratio = (around + NOTHING) / (across + NOTHING);
    ((ratio - UNRELIABLE) / (RELIABLE - UNRELIABLE)).clamp(0.0, 1.0)
}

/// Per block the colour that the continuation passes through and its weight: what may be continued counts fully, hole
/// pixels as far as they are trusted.
fn edge_means(blocks: &[Block], trust: &[f32]) -> (Vec<f32>, Vec<f32>) {
    let (mut colours, mut weights) = (
        Vec::with_capacity(3 * blocks.len()),
        Vec::with_capacity(blocks.len()),
    );
    for (block, trust) in blocks.iter().zip(trust) {
        colours.extend(block.known.unwrap_or(block.mean));
        weights.push(match block.known {
            Some(_) => 1.0,
            // Little trust in many blocks would outweigh the edge.
            None if block.hole > 0.0 => (2.0 * trust - 1.0).max(0.0),
            None => 0.0,
        });
    }
    (colours, weights)
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Beginning, Input},
        ALIKE_LEAST, ALIKE_MOST, alike, correct,
    };
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

    #[test]
    fn what_is_kept_out_is_no_evidence() {
        const GREEN: [f32; 3] = [0.2, 0.6, 0.2];
        const RED: [f32; 3] = [0.9, 0.1, 0.1];
        let (width, height) = (96, 64);
        let places = || (0..width * height).map(|at| (at % width, at / width));
        let hole: Vec<bool> = places()
            .map(|(x, y)| (30..62).contains(&x) && (16..48).contains(&y))
            .collect();
        // The network went on with the red on the right, which the person does not want.
        let kept_out: Vec<bool> = places().map(|(x, _)| x >= 46).collect();
        let guess: Vec<f32> = kept_out
            .iter()
            .flat_map(|red| if *red { RED } else { GREEN })
            .collect();
        let judged = |keep_out| {
            let input = Input {
                width,
                height,
                hole: &hole,
                scale: 1.0,
                keep_out,
                beginning: Beginning::Network,
                corner: [0, 0],
                seed: 1,
            };
            let mut filled = guess.clone();
            let trust = correct(&mut filled, &input, &Silent).unwrap();
            (trust.mean, filled[3 * (32 * width + 60)])
        };
        let (trust, red) = judged(None);
        assert!(trust > 0.9 && red > 0.8, "{trust}, {red}");
        let (trust, red) = judged(Some(&kept_out[..]));
        assert!(trust < 0.6 && red < 0.3, "{trust}, {red}");
    }
}
