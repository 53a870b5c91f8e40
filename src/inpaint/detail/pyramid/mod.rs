//! The crop at every scale that the search works on, from native down by factors of two.
//!
//! A level holds what a patch comparison needs and no more: colours and local texture in 16 bits, which pixels are
//! hole, which anchors are sources, and the network's fill averaged over blocks. The finest level costs
//! 12 bytes per pixel; native colours are read from the caller's planes at the very end only.

mod anchors;
mod guide;
mod levels;
mod texture;

pub(super) use self::anchors::free_anchors;
use self::{
    guide::Guide,
    levels::{halved, native_level},
    texture::continue_texture,
};
use super::{Beginning, distance::PATCH, trust::Trust};
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
    /// What the network says, where it could resolve that much: else it must not steer.
    pub(super) guide: Option<Guide>,
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
    for level in &mut levels {
        if level.halvings as u32 >= guide_from {
            progress.check()?;
            level.guide = Some(Guide::new(level, planes));
        }
    }
    progress.check()?;
    continue_texture(&mut levels);
    Ok(levels)
}
