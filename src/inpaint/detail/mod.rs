//! Detail at native scale: texture from the photo's own valid area, guided by the network's fill.

mod bands;
mod distance;
mod field;
mod membrane;
mod patches;
mod pyramid;
mod random;
mod score;
mod search;
mod trust;
mod vote;

pub use score::{Score, score};

use crate::progress::{Cancelled, Progress};
use pyramid::Planes;

/// What the stage works on: one crop at native scale. Planes are row by row, colours interleaved RGB in 0..1 in the
/// photo's own encoding.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// Width of the crop in native pixels.
    pub width: usize,
    /// Height of the crop in native pixels.
    pub height: usize,
    /// `[height][width][3]`: the photo; anything in the hole.
    pub native: &'a [f32],
    /// `[height][width]`: what to fill.
    pub hole: &'a [bool],
    /// `[height][width][3]`: the network's fill, enlarged to native.
    pub guide: &'a [f32],
    /// Network pixels per native pixel, at most 1.
    pub scale: f32,
    /// `[height][width]`: what not to copy from.
    pub keep_out: Option<&'a [bool]>,
    /// Seed of every random choice.
    pub seed: u64,
}

/// What can be chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Share of the surroundings' grain that the fill is given, 0 to 1.
    pub grain: f32,
}

impl Default for Options {
    fn default() -> Self {
        Self { grain: 1.0 }
    }
}

/// Restores detail in the hole. Returns the crop, pixels outside the hole bit for bit as in `native`.
pub fn restore(input: &Input<'_>, _options: &Options, progress: &dyn Progress) -> Result<Vec<f32>, Cancelled> {
    let Input { width, height, hole, .. } = *input;
    let mut filled = input.native.to_vec();
    for (at, _) in hole.iter().enumerate().filter(|(_, hole)| **hole) {
        filled[3 * at..3 * at + 3].copy_from_slice(&input.guide[3 * at..3 * at + 3]);
    }
    let trust = trust::correct(&mut filled, hole, width, input.scale);
    if input.scale < 0.9 || trust.mean < 0.9 || !score(&filled, hole, width).is_alike() {
        let planes = Planes { width, height, first_guess: &filled, hole, keep_out: input.keep_out, trust: &trust };
        if let Some(mut votes) = patches::synthesise(&planes, input.scale, input.seed, progress)? {
            bands::meet_the_edge(&mut votes, &filled, hole, width);
            for (at, vote) in votes.colour.iter().enumerate() {
                let in_photo = (votes.top + at / votes.width) * width + votes.left + at % votes.width;
                if let (Some(vote), true) = (vote, hole[in_photo]) {
                    filled[3 * in_photo..3 * in_photo + 3].copy_from_slice(&vote.map(|sample| sample.clamp(0.0, 1.0)));
                }
            }
        }
    }
    Ok(filled)
}
