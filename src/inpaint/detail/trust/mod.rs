//! How far the network's fill can be believed, block by block.
//!
//! A network that is out of its depth in the middle of a large hole falls back to colours that occur nowhere around
//! it, and a search guided there copies whatever in the photo is nearest to that wrong colour. So each block's mean
//! is compared with the blocks around the hole: what is further from them than they are from each other is replaced by
//! a smooth continuation of the edge and the blocks that are not, and does not steer.
//!
//! Where the fill does not go on across the hole's edge as the photo does by itself it is believed less
//! ([`mod@reliability`]). The measures calibrate themselves: weights that continue the photo are believed in full,
//! nothing here holds them back.

mod blocks;
mod likeness;
mod reliability;

use rayon::prelude::{
    IndexedParallelIterator as _, ParallelIterator as _, ParallelSlice as _, ParallelSliceMut as _,
};

use self::{
    blocks::{Block, Blocks},
    likeness::likeness,
    reliability::reliability,
};
use super::Input;
use crate::{
    inpaint::push_pull,
    progress::{Cancelled, Progress},
};

/// Trust per block of the crop, 0..1.
#[derive(Debug, Clone)]
pub(super) struct Trust {
    /// Side of a block in native pixels.
    side: usize,
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
            side: 1,
            columns: 1,
            rows: 1,
            values: vec![0.0],
            mean: 0.0,
        }
    }

    /// As `inside` says for the place of each block with hole; full in the photo.
    fn of(blocks: &Blocks, inside: impl Fn(usize) -> f32) -> Self {
        let trust = |(at, block): (usize, &Block)| if block.hole > 0.0 { inside(at) } else { 1.0 };
        let values: Vec<f32> = blocks.all.iter().enumerate().map(trust).collect();
        let in_hole = || {
            values
                .iter()
                .zip(&blocks.all)
                .filter(|(_, block)| block.hole > 0.5)
        };
        let mean = match in_hole().count() {
            0 => 1.0,
            count => in_hole().map(|(trust, _)| trust).sum::<f32>() / count as f32,
        };
        Self {
            side: blocks.side,
            columns: blocks.columns,
            rows: blocks.rows,
            values,
            mean,
        }
    }

    /// The trust at a native pixel.
    pub(super) fn at(&self, x: usize, y: usize) -> f32 {
        self.values[(y / self.side).min(self.rows - 1) * self.columns + (x / self.side).min(self.columns - 1)]
    }
}

/// Judges the fill in `filled` and replaces what cannot be right. What is kept out is no evidence of anything.
pub(super) fn correct(
    filled: &mut [f32],
    input: &Input<'_>,
    progress: &dyn Progress,
) -> Result<Trust, Cancelled> {
    let Input { width, hole, .. } = *input;
    let blocks = Blocks::of(filled, input);
    progress.check()?;
    let likeness = likeness(&blocks, progress)?;
    let reliability = reliability(&blocks, progress)?;
    let trust = Trust::of(&blocks, |at| likeness[at] * reliability[at]);
    let (columns, rows) = (blocks.columns, blocks.rows);
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
                    let smooth = push_pull::sample(&surface, [columns, rows], blocks.side, x, y);
                    for (sample, smooth) in row[3 * x..3 * x + 3].iter_mut().zip(smooth) {
                        *sample = *sample * kept + smooth * (1.0 - kept);
                    }
                }
            }
            progress.check()
        })?;
    Ok(trust)
}

/// Per block the colour that the continuation passes through and its weight: what may be continued counts fully, hole
/// pixels as far as they are trusted.
fn edge_means(blocks: &Blocks, trust: &[f32]) -> (Vec<f32>, Vec<f32>) {
    let (mut colours, mut weights) = (
        Vec::with_capacity(3 * blocks.all.len()),
        Vec::with_capacity(blocks.all.len()),
    );
    for (block, trust) in blocks.all.iter().zip(trust) {
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
        correct,
    };
    use crate::progress::Silent;

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
