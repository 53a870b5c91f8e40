//! Detail at native scale: texture from the photo's own valid area, guided by the network's fill.
//!
//! Large holes are filled several times at a coarse level: by patches that start from the network's fill, by patches
//! that start from copies made inwards from the edge, as a whole from the offsets at which the photo repeats itself, and
//! so along one line where most of those lie on it. The network leads the search in all of them. The one whose patches
//! agree best with each other and the edge, allowing for how soft it is, is brought to native scale.

mod arrange;
mod cut;
mod distance;
mod edges;
mod field;
mod grain;
mod inward;
mod join;
mod offsets;
mod patches;
mod poisson;
mod pyramid;
mod ranking;
mod rivals;
mod score;
mod search;
mod ticker;
mod trust;
mod unguided;
mod vote;
mod workbench;

#[cfg(test)]
mod tests;

pub use edges::edge_width_ratio;
pub(super) use score::score_unless;
pub use score::{Score, score};
pub use unguided::unguided;
pub use workbench::Workbench;

use crate::{
    imaging::random,
    progress::{Cancelled, Progress},
};
use pyramid::Planes;

/// How a large hole is begun at the coarsest level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Beginning {
    /// From the network's fill, and in no other way; without a network from what stands for it.
    Network,
    /// In every way: from the network's fill, arranged as a whole from the photo's dominant offsets, all or those along
    /// the line on which it repeats itself (courses of bricks, a kerb, a horizon), and inwards from the edge. 0 takes
    /// what fits best, 1 the next, and so on, round and round.
    Ranked(usize),
}

impl Default for Beginning {
    fn default() -> Self {
        Self::Ranked(0)
    }
}

impl Beginning {
    /// How many ways there are at most.
    pub const WAYS: u32 = 4;
}

/// What the stage works on: one crop at native scale. Planes are row by row.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// Width of the crop in native pixels.
    pub width: usize,
    /// Height of the crop in native pixels.
    pub height: usize,
    /// `[height][width]`: what to fill.
    pub hole: &'a [bool],
    /// Network pixels per native pixel, at most 1.
    pub scale: f32,
    /// `[height][width]`: what not to copy from.
    pub keep_out: Option<&'a [bool]>,
    /// How a large hole is begun.
    pub beginning: Beginning,
    /// Column and row of the crop's corner in the photo: no two holes get the same grain.
    pub corner: [usize; 2],
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

/// Restores detail in the hole of `first_guess`: the photo with the network's fill, enlarged to native, in the hole
/// (`[height][width][3]`, RGB in 0..1 in the photo's own encoding). Pixels outside the hole stay bit for bit.
///
/// The same input gives the same bits for any number of threads. Without enough to copy from, the result is the
/// network's fill with grain.
///
/// # Panics
///
/// If a plane's length does not fit the crop.
pub fn restore(
    first_guess: Vec<f32>,
    input: &Input<'_>,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Vec<f32>, Cancelled> {
    let Input {
        width, height, hole, ..
    } = *input;
    assert_eq!(
        hole.len(),
        width * height,
        "the hole must have one value per pixel"
    );
    assert_eq!(
        first_guess.len(),
        3 * hole.len(),
        "the first guess must have three values per pixel"
    );
    let mut filled = first_guess;
    if !hole.contains(&true) {
        return Ok(filled);
    }
    progress.stage("Restoring detail")?;
    let trust = trust::correct(&mut filled, input, progress)?;
    progress.check()?;
    let is_native = input.scale >= NATIVE && trust.mean >= TRUSTED;
    let is_another = matches!(input.beginning, Beginning::Ranked(1..));
    if is_another || !is_native || !score_unless(&filled, hole, width, &|| progress.check())?.is_alike() {
        let planes = Planes {
            width,
            height,
            first_guess: &filled,
            hole,
            keep_out: input.keep_out,
            trust: &trust,
            beginning: input.beginning,
        };
        if let Some(votes) = patches::synthesise(&planes, input.scale, input.seed, progress)? {
            votes.write_into(&mut filled, hole, width);
        }
    }
    if options.grain > 0.0 {
        progress.stage("Matching grain")?;
        let random = grain::Seed {
            seed: input.seed,
            corner: input.corner,
        };
        grain::restore(&mut filled, hole, width, options.grain, random, progress)?;
    }
    Ok(filled)
}

/// From this scale on the network's fill has native sharpness, if it has any.
const NATIVE: f32 = 0.9;
/// A native fill with less trust than this is made from patches all the same.
const TRUSTED: f32 = 0.9;
