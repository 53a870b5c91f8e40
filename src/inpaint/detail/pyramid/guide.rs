//! What the network says about a level.

use rayon::prelude::{IndexedParallelIterator as _, ParallelIterator as _, ParallelSliceMut as _};

use super::{
    super::distance::{CHANNELS, PATCH},
    Level, Planes,
};

/// Side of the blocks that are averaged.
const BLOCK: usize = 4;

/// The first guess of a whole level, averaged over blocks.
#[derive(Debug, Clone)]
pub(in crate::inpaint::detail) struct Guide {
    /// `[height][width]`: means over the block that starts at a pixel.
    means: Vec<[i16; 3]>,
    /// `[height][width]`: how far a patch is steered, by its anchor, in 16ths.
    trust: Vec<u8>,
}

impl Guide {
    pub(super) fn new(level: &Level, planes: &Planes<'_>) -> Self {
        Self {
            means: block_means(level),
            trust: trust(level, planes),
        }
    }

    /// Red, green and blue over the block that starts at a pixel.
    pub(in crate::inpaint::detail) fn mean(&self, at: usize) -> &[i16; 3] {
        &self.means[at]
    }

    /// How far the patch anchored at a pixel is steered, in 16ths.
    pub(in crate::inpaint::detail) fn trust(&self, anchor: usize) -> u8 {
        self.trust[anchor]
    }
}

fn block_means(level: &Level) -> Vec<[i16; 3]> {
    let (width, height) = (level.width, level.height);
    let mut means = vec![[0i16; 3]; width * height];
    means.par_chunks_mut(width).enumerate().for_each(|(y, row)| {
        for (x, mean) in row.iter_mut().enumerate() {
            let pixels = (0..BLOCK * BLOCK).map(|tap| {
                let (down, right) = (tap / BLOCK, tap % BLOCK);
                (y + down).min(height - 1) * width + (x + right).min(width - 1)
            });
            let mut sums = [(BLOCK * BLOCK / 2) as i32; 3];
            for at in pixels {
                for (sum, &sample) in sums.iter_mut().zip(&level.colour[at * CHANNELS..]) {
                    *sum += i32::from(sample);
                }
            }
            *mean = sums.map(|sum| (sum / (BLOCK * BLOCK) as i32) as i16);
        }
    });
    means
}

/// The trust in the middle of the patch anchored at each pixel.
fn trust(level: &Level, planes: &Planes<'_>) -> Vec<u8> {
    let native = |at: usize| (at + PATCH / 2) << level.halvings;
    let pixels = (0..level.height).flat_map(|y| (0..level.width).map(move |x| (x, y)));
    pixels
        .map(|(x, y)| (16.0 * planes.trust.at(native(x), native(y)) + 0.5) as u8)
        .collect()
}
