//! How far the network's fill can be believed, block by block.
//!
//! A network that is out of its depth in the middle of a large hole falls back to colours that occur nowhere around
//! it, and a search guided there copies whatever in the photo is nearest to that wrong colour. So each block's mean
//! is compared with the blocks around the hole: what has no like among them is replaced by a smooth continuation of
//! the edge and the blocks that do, and does not steer.
//!
//! Over all of it the fill is believed as far as it goes on across the hole's edge as the photo does by itself. The
//! measure calibrates itself: weights that continue the photo are believed in full, nothing here holds them back.

use rayon::prelude::{IntoParallelIterator as _, ParallelIterator as _};

use super::pyramid::depths;
use crate::{
    inpaint::push_pull,
    progress::{Cancelled, Progress},
};

/// Network pixels per side of a block: averages out the grid that its upsampling leaves.
const NETWORK_PIXELS: f32 = 6.0;
/// Distance in RGB up to which two colours count as alike.
const ALIKE: f32 = 0.015;
/// Distance in RGB from which they have nothing in common.
const STRANGE: f32 = 0.05;
/// Share of the surroundings that must be alike for full trust: one accidental match is not enough.
const SUPPORT: f32 = 0.03;

/// The photo's own differences over the fill's across the edge, from which on the network is believed, and below which
/// it is not.
const RELIABLE: f32 = 0.8;
const UNRELIABLE: f32 = 0.2;
/// Squared difference in RGB that says nothing.
const NOTHING: f32 = 1e-4;
/// Fewer comparisons say nothing either.
const FEWEST_PAIRS: usize = 12;

/// Rows between two chances to cancel.
const ROWS_PER_STEP: usize = 64;

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

/// Judges the fill in `filled` and replaces what cannot be right.
pub(super) fn correct(
    filled: &mut [f32],
    hole: &[bool],
    width: usize,
    scale: f32,
    progress: &dyn Progress,
) -> Result<Trust, Cancelled> {
    let height = hole.len() / width;
    let block = ((NETWORK_PIXELS / scale.clamp(1.0 / 64.0, 1.0)) as usize).max(4);
    let (columns, rows) = (width.div_ceil(block), height.div_ceil(block));
    let (means, covered) = blocks(filled, hole, width, block);
    progress.check()?;
    let mut values = judged(&means, &covered, columns, rows, progress)?;
    let reliability = reliability(&means, &covered, columns);
    for (value, _) in values
        .iter_mut()
        .zip(&covered)
        .filter(|(_, covered)| **covered > 0.0)
    {
        *value *= reliability;
    }
    progress.check()?;
    let in_hole: Vec<f32> = values
        .iter()
        .zip(&covered)
        .filter(|(_, covered)| **covered > 0.5)
        .map(|(t, _)| *t)
        .collect();
    let mean = if in_hole.is_empty() {
        1.0
    } else {
        in_hole.iter().sum::<f32>() / in_hole.len() as f32
    };
    let trust = Trust {
        block,
        columns,
        rows,
        values,
        mean,
    };
    let mut surface = edge_means(filled, hole, width, block, &means, &trust.values);
    progress.check()?;
    push_pull::fill::<3>(&mut surface.0, &surface.1, columns, rows);
    for (y, row) in hole.chunks_exact(width).enumerate() {
        if y.is_multiple_of(ROWS_PER_STEP) {
            progress.check()?;
        }
        for (x, _) in row.iter().enumerate().filter(|(_, hole)| **hole) {
            let kept = trust.at(x, y);
            if kept < 1.0 {
                let smooth = push_pull::sample(&surface.0, [columns, rows], block, x, y);
                let at = y * width + x;
                for (sample, smooth) in filled[3 * at..3 * at + 3].iter_mut().zip(smooth) {
                    *sample = *sample * kept + smooth * (1.0 - kept);
                }
            }
        }
    }
    Ok(trust)
}

/// Mean colour of every block, over its hole pixels where it has any, and the share that is hole.
fn blocks(filled: &[f32], hole: &[bool], width: usize, block: usize) -> (Vec<[f32; 3]>, Vec<f32>) {
    let height = hole.len() / width;
    let columns = width.div_ceil(block);
    (0..columns * height.div_ceil(block))
        .into_par_iter()
        .map(|at| {
            let pixels = || pixels_of(at, columns, block, width, height);
            let holes = pixels().filter(|&pixel| hole[pixel]).count();
            let mean = mean_colour(filled, pixels().filter(|&pixel| holes == 0 || hole[pixel]));
            (mean.unwrap_or_default(), holes as f32 / pixels().count() as f32)
        })
        .unzip()
}

fn pixels_of(
    block_index: usize,
    columns: usize,
    block: usize,
    width: usize,
    height: usize,
) -> impl Iterator<Item = usize> {
    let (left, top) = (block_index % columns * block, block_index / columns * block);
    (top..(top + block).min(height))
        .flat_map(move |y| (left..(left + block).min(width)).map(move |x| y * width + x))
}

fn mean_colour(rgb: &[f32], pixels: impl Iterator<Item = usize>) -> Option<[f32; 3]> {
    let (mut sum, mut count) = ([0.0f32; 3], 0usize);
    for pixel in pixels {
        count += 1;
        sum.iter_mut()
            .zip(&rgb[3 * pixel..])
            .for_each(|(sum, sample)| *sum += sample);
    }
    (count > 0).then(|| sum.map(|sum| sum / count as f32))
}

/// Trust of every block; 1 outside the hole.
fn judged(
    means: &[[f32; 3]],
    covered: &[f32],
    columns: usize,
    rows: usize,
    progress: &dyn Progress,
) -> Result<Vec<f32>, Cancelled> {
    let is_hole: Vec<bool> = covered.iter().map(|&covered| covered > 0.0).collect();
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
    let ring: Vec<[f32; 3]> = means
        .iter()
        .zip(from_hole)
        .filter(|(_, away)| (1..=reach).contains(away))
        .map(|(mean, _)| *mean)
        .collect();
    (0..means.len())
        .into_par_iter()
        .map(|at| {
            if !is_hole[at] || ring.is_empty() {
                return Ok(1.0);
            }
            progress.check()?;
            let squared = |known: &[f32; 3]| (0..3).map(|i| (known[i] - means[at][i]).powi(2)).sum::<f32>();
            let likeness = |known| ((STRANGE - squared(known).sqrt()) / (STRANGE - ALIKE)).clamp(0.0, 1.0);
            Ok((ring.iter().map(likeness).sum::<f32>() / (SUPPORT * ring.len() as f32)).min(1.0))
        })
        .collect()
}

/// How well the fill goes on where it meets the photo, 0..1, for all of it: a network that cannot continue a block
/// across the edge knows less of the middle.
///
/// Blocks just inside are compared with valid ones two blocks away, and those with valid ones as far from them. A
/// good network's differ no more than the photo does by itself.
fn reliability(means: &[[f32; 3]], covered: &[f32], columns: usize) -> f32 {
    const APART: usize = 2;
    let pair = |one: usize, other: usize| -> Option<(bool, f32)> {
        let difference = means[one]
            .iter()
            .zip(means[other])
            .map(|(a, b)| (a - b).powi(2))
            .sum();
        match (covered[one], covered[other]) {
            (0.0, 0.0) => Some((false, difference)),
            (0.0, inside) | (inside, 0.0) if inside >= 1.0 => Some((true, difference)),
            _ => None,
        }
    };
    let (mut across, mut around) = (Vec::new(), Vec::new());
    for block in 0..means.len() {
        let right = (block % columns + APART < columns).then_some(block + APART);
        let below = Some(block + APART * columns).filter(|&below| below < means.len());
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

/// Per block the colour that the continuation passes through and its weight: valid pixels count fully, hole pixels
/// as far as they are trusted.
fn edge_means(
    filled: &[f32],
    hole: &[bool],
    width: usize,
    block: usize,
    means: &[[f32; 3]],
    trust: &[f32],
) -> (Vec<f32>, Vec<f32>) {
    let height = hole.len() / width;
    let columns = width.div_ceil(block);
    let (mut colours, mut weights) = (
        Vec::with_capacity(3 * means.len()),
        Vec::with_capacity(means.len()),
    );
    for (at, (mean, trust)) in means.iter().zip(trust).enumerate() {
        let valid = pixels_of(at, columns, block, width, height).filter(|&pixel| !hole[pixel]);
        match mean_colour(filled, valid) {
            Some(known) => {
                colours.extend(known);
                weights.push(1.0);
            }
            None => {
                colours.extend(mean);
                // Little trust in many blocks would outweigh the edge.
                weights.push((2.0 * trust - 1.0).max(0.0));
            }
        }
    }
    (colours, weights)
}
