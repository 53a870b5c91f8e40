//! The crop in squares, by whose mean colours the network's fill is judged.

use rayon::prelude::{IntoParallelIterator as _, ParallelIterator as _};

use super::super::Input;

/// Network pixels per side of a block: averages out the grid that its upsampling leaves.
const NETWORK_PIXELS: f32 = 6.0;

/// A square of the crop.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    /// Mean colour over the hole where there is any, else over what may be continued.
    pub(super) mean: [f32; 3],
    /// Mean colour of what may be continued, where there is any.
    pub(super) known: Option<[f32; 3]>,
    /// Which part of it is hole.
    pub(super) hole: f32,
}

impl Block {
    /// Whether all of it is photo, some of which may be continued.
    pub(super) const fn is_photo(&self) -> bool {
        self.hole == 0.0 && self.known.is_some()
    }

    /// Squared distance of the two means in RGB.
    pub(super) fn difference(&self, other: &Self) -> f32 {
        squared_distance(&self.mean, &other.mean)
    }
}

/// All blocks of a crop, row by row.
#[derive(Debug)]
pub(super) struct Blocks {
    /// Side of a block in native pixels; the last column and row may be narrower.
    pub(super) side: usize,
    pub(super) columns: usize,
    pub(super) rows: usize,
    pub(super) all: Vec<Block>,
}

impl Blocks {
    /// The blocks of `filled`, the photo with the fill in it.
    pub(super) fn of(filled: &[f32], input: &Input<'_>) -> Self {
        let &Input {
            width,
            height,
            hole,
            keep_out,
            ..
        } = input;
        let side = ((NETWORK_PIXELS / input.scale.clamp(1.0 / 64.0, 1.0)) as usize).max(4);
        let (columns, rows) = (width.div_ceil(side), height.div_ceil(side));
        let block = |at: usize| {
            let (left, top) = (at % columns * side, at / columns * side);
            let pixels = || {
                (top..(top + side).min(height))
                    .flat_map(move |y| (left..(left + side).min(width)).map(move |x| y * width + x))
            };
            let is_kept_out = |pixel: usize| keep_out.is_some_and(|keep_out| keep_out[pixel]);
            let known = mean(
                filled,
                pixels().filter(|&pixel| !hole[pixel] && !is_kept_out(pixel)),
            );
            let in_hole = mean(filled, pixels().filter(|&pixel| hole[pixel]));
            let holes = pixels().filter(|&pixel| hole[pixel]).count();
            Block {
                mean: in_hole.or(known).unwrap_or_default(),
                known,
                hole: holes as f32 / pixels().count() as f32,
            }
        };
        Self {
            side,
            columns,
            rows,
            all: (0..columns * rows).into_par_iter().map(block).collect(),
        }
    }
}

fn mean(filled: &[f32], pixels: impl Iterator<Item = usize>) -> Option<[f32; 3]> {
    let (mut sum, mut count) = ([0.0f32; 3], 0usize);
    for pixel in pixels {
        count += 1;
        sum.iter_mut()
            .zip(&filled[3 * pixel..])
            .for_each(|(sum, sample)| *sum += sample);
    }
    (count > 0).then(|| sum.map(|sum| sum / count as f32))
}

/// Between two colours in RGB.
pub(super) fn squared_distance(one: &[f32; 3], other: &[f32; 3]) -> f32 {
    one.iter()
        .zip(other)
        .map(|(one, other)| (one - other).powi(2))
        .sum()
}
