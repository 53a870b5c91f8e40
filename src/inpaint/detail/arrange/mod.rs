//! What goes where in the hole, decided for all of it at once: every pixel is copied from one of a few offsets, and
//! pixels side by side from the same one wherever a change would show.
//!
//! A shift map (Pritch et al., ICCV 2009) over the photo's dominant offsets (He and Sun, ECCV 2012), solved by
//! expansion moves (Boykov, Veksler and Zabih, PAMI 2001) at the coarsest level. Patches alone decide nearby things
//! only; a course of tiles or a kerb that has to cross the whole hole in step is seen by nothing smaller than this.

mod board;

use rayon::prelude::{IntoParallelIterator as _, ParallelIterator as _};

use self::board::{Board, IMPOSSIBLE};
use super::{
    distance::{CHANNELS, PATCH},
    field::{Field, Match},
    offsets::{Course, Offset},
    pyramid::Level,
    ticker::Ticker,
};
use crate::progress::Cancelled;

/// The most frequent offsets, for an attempt that begins with them.
const FEW: usize = 12;
/// Most offsets to choose from.
const MOST_OFFSETS: usize = 240;
/// Attempts that [`starts`] gives.
const STARTS: u64 = 3;
const WORK_PER_PIXEL: u64 = 300;
/// The anchor of a patch is so far left of and above its middle.
const MIDDLE: usize = PATCH / 2;

/// A choice of offset for every pixel of a level's hole.
#[derive(Debug)]
pub(super) struct Arrangement {
    offsets: Vec<Offset>,
    /// `[height][width]`: the number of the offset; [`NONE`] outside the hole and where none fits.
    choice: Vec<u16>,
    width: usize,
}

const NONE: u16 = u16::MAX;

/// Arranges the hole of `level` from copies at `dominant` offsets, and along a course where it is to keep to one.
/// `None` where nothing can be copied.
pub(super) fn arrange(
    level: &Level,
    dominant: &[Offset],
    course: Option<Course>,
    sources: &[u32],
    ticker: &Ticker<'_>,
) -> Result<Option<Arrangement>, Cancelled> {
    let board = Board::new(level);
    let offsets = enough(&board, dominant, sources);
    if offsets.is_empty() {
        return Ok(None);
    }
    let costs: Vec<Vec<i32>> = offsets
        .iter()
        .map(|offset| board.costs(*offset, course))
        .collect();
    ticker.advance(0)?;
    let first: Vec<u16> = (0..board.pixels.len())
        .map(|node| {
            let cheapest = (0..offsets.len()).min_by_key(|&offset| costs[offset][node]);
            cheapest.map_or(NONE, |offset| offset as u16)
        })
        .collect();
    // Moves lead to the nearest good answer only. The least costly of several wins; of equals the first.
    let found: Result<Vec<(i64, Vec<u16>)>, Cancelled> = starts(&offsets)
        .into_par_iter()
        .map(|start| {
            let mut labels = first.clone();
            board.descend(&offsets, &costs, &start, &mut labels, ticker, 0)?;
            let all: Vec<u16> = (0..offsets.len() as u16).collect();
            board.descend(&offsets, &costs, &all, &mut labels, ticker, work(level) / STARTS)?;
            Ok((board.energy(&offsets, &costs, &labels), labels))
        })
        .collect();
    let Some((_, labels)) = found?.into_iter().min_by_key(|(energy, _)| *energy) else {
        return Ok(None);
    };
    let mut choice = vec![NONE; level.hole.len()];
    for ((node, &at), label) in board.pixels.iter().enumerate().zip(labels) {
        if costs[usize::from(label)][node] < IMPOSSIBLE {
            choice[at] = label;
        }
    }
    Ok(Some(Arrangement {
        offsets,
        choice,
        width: level.width,
    }))
}

/// How much an arrangement takes, in comparisons of patches: what was measured, per pixel.
pub(super) fn work(level: &Level) -> u64 {
    WORK_PER_PIXEL * level.hole.iter().filter(|hole| **hole).count() as u64
}

/// The offsets that each attempt begins with: level, upright, the most frequent.
fn starts(offsets: &[Offset]) -> Vec<Vec<u16>> {
    let along = |axis: usize| -> Vec<u16> {
        let is_along = |number: &u16| offsets[usize::from(*number)][axis] == 0;
        (0..offsets.len() as u16).filter(is_along).collect()
    };
    let few = offsets.len().min(FEW) as u16;
    vec![along(1), along(0), (0..few).collect()]
}

/// The offsets to choose from: the dominant ones, twice them, and what it takes for every pixel to have one.
fn enough(board: &Board<'_>, dominant: &[Offset], sources: &[u32]) -> Vec<Offset> {
    let width = board.level.width;
    let mut offsets: Vec<Offset> = Vec::new();
    let mut is_covered = vec![false; board.pixels.len()];
    let mut add = |offset: Offset, offsets: &mut Vec<Offset>| {
        if offsets.contains(&offset) || offsets.len() >= MOST_OFFSETS {
            return;
        }
        let mut is_of_use = false;
        for (covered, &at) in is_covered.iter_mut().zip(&board.pixels) {
            if board.source(at, offset).is_some() {
                (*covered, is_of_use) = (true, true);
            }
        }
        if is_of_use {
            offsets.push(offset);
        }
    };
    for &offset in dominant {
        add(offset, &mut offsets);
    }
    for multiple in [2, 3] {
        for &[right, down] in dominant.iter().take(MOST_OFFSETS / 4) {
            add([multiple * right, multiple * down], &mut offsets);
        }
    }
    while offsets.len() < MOST_OFFSETS {
        let Some(node) = is_covered.iter().position(|covered| !covered) else {
            break;
        };
        let (x, y) = (
            (board.pixels[node] % width) as i32,
            (board.pixels[node] / width) as i32,
        );
        let away = |&source: &u32| {
            let [right, down] = [
                source as i32 % width as i32 + MIDDLE as i32 - x,
                source as i32 / width as i32 + MIDDLE as i32 - y,
            ];
            right * right + down * down
        };
        is_covered[node] = true;
        let Some(&nearest) = sources.iter().min_by_key(|source| away(source)) else {
            break;
        };
        let offset = [
            nearest as i32 % width as i32 + MIDDLE as i32 - x,
            nearest as i32 / width as i32 + MIDDLE as i32 - y,
        ];
        if !offsets.contains(&offset) {
            for (covered, &at) in is_covered.iter_mut().zip(&board.pixels) {
                *covered |= board.source(at, offset).is_some();
            }
            offsets.push(offset);
        }
    }
    offsets
}

impl Arrangement {
    fn source(&self, at: usize) -> Option<usize> {
        let [right, down] = *self.offsets.get(usize::from(self.choice[at]))?;
        Some(at.wrapping_add_signed(down as isize * self.width as isize + right as isize))
    }

    /// Writes the copies into the hole of `level`.
    pub(super) fn write_into(&self, level: &mut Level) {
        for at in 0..level.hole.len() {
            if let Some(from) = self.source(at) {
                level
                    .colour
                    .copy_within(from * CHANNELS..(from + 1) * CHANNELS, at * CHANNELS);
            }
        }
    }

    /// The source of the patch anchored at `(x, y)`: that of its middle, or of the hole pixel nearest to it.
    pub(super) fn matched(&self, level: &Level, x: usize, y: usize) -> Option<Match> {
        let middle = |at: usize| (2 * at + 1).abs_diff(PATCH);
        let pixels = (0..PATCH * PATCH).map(|at| (at % PATCH, at / PATCH));
        let chosen = pixels.filter(|(right, down)| self.choice[(y + down) * self.width + x + right] != NONE);
        let mut nearest: Vec<(usize, usize)> = chosen.collect();
        nearest.sort_by_key(|&(right, down)| middle(right) + middle(down));
        nearest.into_iter().find_map(|(right, down)| {
            let label = self.choice[(y + down) * self.width + x + right];
            let [along, below] = *self.offsets.get(usize::from(label))?;
            let (source_x, source_y) = (x as i32 + along, y as i32 + below);
            level.offers(source_x, source_y).then_some(Match {
                x: source_x as u16,
                y: source_y as u16,
                ..Match::UNMEASURED
            })
        })
    }

    /// A field whose matches are the copies.
    pub(super) fn field(
        &self,
        level: &Level,
        step: usize,
        otherwise: impl Fn(usize, usize) -> Match + Sync,
    ) -> Option<Field> {
        Field::over(level, step, |x, y| {
            self.matched(level, x, y).unwrap_or_else(|| otherwise(x, y))
        })
    }
}
