//! The crop at every scale that the search works on, from native down by factors of two.
//!
//! A level holds what a patch comparison needs and no more: colours and local texture in 16 bits, which pixels are
//! hole, which anchors are sources, and the network's fill averaged over blocks. The finest level costs
//! 12 bytes per pixel; native colours are read from the caller's planes at the very end only.

mod anchors;
mod levels;
mod texture;

use rayon::prelude::{IndexedParallelIterator as _, ParallelIterator as _, ParallelSliceMut as _};

pub(super) use self::anchors::free_anchors;
use self::{
    levels::{halved, native_level},
    texture::continue_texture,
};
use super::{
    Beginning,
    distance::{CHANNELS, PATCH},
    trust::Trust,
};
use crate::progress::{Cancelled, Progress};

/// One scale of the crop.
#[derive(Debug, Clone)]
pub(super) struct Level {
    /// How often native was halved for it.
    pub(super) halvings: usize,
    pub(super) width: usize,
    pub(super) height: usize,
    /// `[height][width][4]`: red, green, blue, texture in `0..=WHITE`. In the hole: the fill so far.
    pub(super) colour: Vec<i16>,
    /// Whether a pixel is to be filled.
    pub(super) hole: Vec<bool>,
    /// Whether the patch anchored at a pixel may be copied from.
    pub(super) is_source: Vec<bool>,
    /// Steps from a hole pixel to the nearest valid one (8-neighbourhood), 0 outside.
    pub(super) depth: Vec<u16>,
    /// `[height][width][3]`: the first guess of the whole level averaged over 4 × 4 blocks; empty where the network
    /// could not resolve such a block, so that it must not steer.
    pub(super) guide: Vec<i16>,
    /// How far the guide steers a patch, by its anchor, in 16ths; empty like the guide.
    pub(super) trust: Vec<u8>,
}

/// What the pyramid is built from. All planes are of the crop, row by row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Planes<'a> {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Red, green, blue in 0..1: the photo, and in the hole the network's fill.
    pub(super) first_guess: &'a [f32],
    pub(super) hole: &'a [bool],
    pub(super) keep_out: Option<&'a [bool]>,
    pub(super) trust: &'a Trust,
    /// How a large hole is begun.
    pub(super) beginning: Beginning,
}

impl Level {
    /// Number of anchors that may be copied from.
    pub(super) fn sources(&self) -> usize {
        self.is_source.iter().filter(|&&is_source| is_source).count()
    }

    /// Whether `anchor` may be copied from; false outside the level.
    pub(super) fn offers(&self, x: i32, y: i32) -> bool {
        x >= 0
            && y >= 0
            && (x as usize) < self.width
            && self
                .is_source
                .get(y as usize * self.width + x as usize)
                .copied()
                .unwrap_or(false)
    }

    /// The deepest hole pixel's distance from the valid area.
    pub(super) fn deepest(&self) -> u16 {
        self.depth.iter().copied().max().unwrap_or(0)
    }
}

/// All levels, native first. `guide_from` is the first level (in halvings) whose first guess may steer the search.
///
/// Levels are added while the hole is deeper than `deepest` pixels and enough sources remain.
pub(super) fn build(
    planes: &Planes<'_>,
    guide_from: u32,
    deepest: u16,
    progress: &dyn Progress,
) -> Result<Vec<Level>, Cancelled> {
    let mut levels = vec![native_level(planes, progress)?];
    while let Some(last) = levels.last() {
        progress.check()?;
        let fits = last.width.min(last.height) >= 6 * PATCH;
        if last.deepest() <= deepest || !fits {
            break;
        }
        let next = halved(last, progress)?;
        if next.sources() < 4 * PATCH * PATCH {
            break;
        }
        levels.push(next);
    }
    for (halvings, level) in levels.iter_mut().enumerate() {
        if halvings as u32 >= guide_from {
            progress.check()?;
            level.guide = block_means(level);
            level.trust = trust_of(level, planes, halvings as u32);
        }
    }
    progress.check()?;
    continue_texture(&mut levels);
    Ok(levels)
}

/// Means over the 4 × 4 block that starts at each pixel.
fn block_means(level: &Level) -> Vec<i16> {
    let (width, height) = (level.width, level.height);
    let mut means = vec![0i16; width * height * 3];
    means.par_chunks_mut(width * 3).enumerate().for_each(|(y, row)| {
        for (x, mean) in row.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            let mut sums = [8i32; 3];
            for at in (0..16).map(|tap| (y + tap / 4).min(height - 1) * width + (x + tap % 4).min(width - 1))
            {
                for (sum, &sample) in sums.iter_mut().zip(&level.colour[at * CHANNELS..]) {
                    *sum += i32::from(sample);
                }
            }
            *mean = sums.map(|sum| (sum / 16) as i16);
        }
    });
    means
}

/// The trust in the middle of the patch anchored at each pixel.
fn trust_of(level: &Level, planes: &Planes<'_>, halvings: u32) -> Vec<u8> {
    let native = |at: usize| (at + PATCH / 2) << halvings;
    let pixels = (0..level.height).flat_map(|y| (0..level.width).map(move |x| (x, y)));
    pixels
        .map(|(x, y)| (16.0 * planes.trust.at(native(x), native(y)) + 0.5) as u8)
        .collect()
}
