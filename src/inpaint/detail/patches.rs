//! The patch fill from the coarsest level to native: search and vote in turn.
//!
//! At the coarsest levels fills that began in different ways are compared ([`rivals`]); the best is brought to native
//! scale by the photo's own patches. The network only steers at the scales that it resolves.

use std::sync::atomic::AtomicU64;

use super::{
    Beginning,
    field::{Field, Match},
    join,
    pyramid::{self, Level, Planes},
    rivals,
    search::{self, Round},
    ticker::Ticker,
    vote::{self, Votes},
};
use crate::{
    inpaint::hole::bounds,
    progress::{Cancelled, Progress},
};

/// Deepest hole that the coarsest level may have, in its pixels: a few patches reach across it.
const COARSEST_DEPTH: u16 = 12;
/// Fewer sources than this at native scale are not worth a search.
const FEWEST_SOURCES: usize = 64;
/// The network's pixels to one of a level, from which on its fill is no softer than the level is.
const RESOLVED: f32 = 1.5;
/// Weight of the network's fill against the colours, in 16ths. More makes patches as soft as an uncertain network.
const GUIDE_WEIGHT: u32 = 4;
/// Steepness of votes between rounds: neighbours agree on a mean.
const BLEND: u32 = 1;
/// Steepness of the last vote: the best few win.
const SELECT: u32 = 2;
/// Rounds of search and vote at native scale and on the levels below it.
const ROUNDS: [u64; 4] = [4, 6, 8, 10];
/// Rounds on every level below those, and on the coarsest, which may be one of them.
const MOST_ROUNDS: u64 = 12;
/// Farthest that the second half of a level's rounds draws sources from: by then it is for seams to settle.
const SETTLING_RADIUS: i32 = 8;

/// A level with its hole filled, and the field that filled it.
pub(super) type Fill = (Level, Field);

/// Fills the hole from patches of its surroundings. `None` if there are too few of them.
///
/// `scale` is the network's resolution against native (≤ 1): finer levels are not steered by its fill.
pub(super) fn synthesise(
    planes: &Planes<'_>,
    scale: f32,
    seed: u64,
    progress: &dyn Progress,
) -> Result<Option<Votes>, Cancelled> {
    if planes.width > usize::from(u16::MAX) || planes.height > usize::from(u16::MAX) {
        return Ok(None);
    }
    let mut levels = pyramid::build(planes, guided_from(scale), COARSEST_DEPTH, progress)?;
    if levels
        .first()
        .is_none_or(|native| native.sources() < FEWEST_SOURCES)
    {
        return Ok(None);
    }
    let count = levels.len();
    let place = match planes.beginning {
        Beginning::Ranked(place) => levels.iter().position(rivals::can_meet).zip(Some(place)),
        Beginning::Network => None,
    };
    let last_work = levels.first().map_or(0, |native| last_work(native, count));
    let coarse_levels = levels.split_off(place.map_or(count - 1, |(meeting, _)| meeting));
    let coarse_work = match place {
        Some(_) => rivals::work(&coarse_levels, count),
        None => climb_work(&coarse_levels, count, true),
    };
    let ticker = Ticker {
        progress,
        done: AtomicU64::new(0),
        total: coarse_work + climb_work(&levels, count, false) + last_work,
    };
    let ascent = Ascent {
        seed,
        levels: count,
        ticker: &ticker,
    };
    let coarse = match place {
        Some((_, place)) => rivals::ranked(&coarse_levels, place, &ascent)?,
        None => ascent.climb(coarse_levels, None)?,
    };
    ticker.reach(coarse_work)?;
    let Some(coarse) = coarse else {
        return Ok(None);
    };
    let Some((native, field)) = ascent.climb(levels, Some(coarse))? else {
        return Ok(None);
    };
    let mut votes = vote::native(planes, &native, &field, SELECT, &ticker)?;
    // Large, and done with.
    drop((native, field));
    join::join(&mut votes, planes.first_guess, planes.hole, planes.width, &ticker)?;
    ticker.reach(ticker.total)?;
    Ok(Some(votes))
}

/// The way from coarse to fine.
pub(super) struct Ascent<'a> {
    pub(super) seed: u64,
    /// Number of all levels.
    pub(super) levels: usize,
    pub(super) ticker: &'a Ticker<'a>,
}

impl Ascent<'_> {
    /// Fills the first of `levels`, which follow each other from fine to coarse, from the fill of the level below
    /// the last, or from what is in the holes. `None` where there is nothing to search.
    pub(super) fn climb(&self, levels: Vec<Level>, below: Option<Fill>) -> Result<Option<Fill>, Cancelled> {
        let mut reached = below;
        for level in levels.into_iter().rev() {
            let started = match reached {
                None => self.begun(level)?,
                Some((_, coarse)) => self.entered(level, &coarse)?,
            };
            let Some((level, field)) = started else {
                return Ok(None);
            };
            reached = Some(self.mended((level, field), usize::MAX)?);
        }
        Ok(reached)
    }

    /// The coarsest level with its first field.
    fn begun(&self, level: Level) -> Result<Option<Fill>, Cancelled> {
        let Some(grid) = Field::over(&level, self.step(&level), |_, _| Match::UNMEASURED) else {
            return Ok(None);
        };
        let sources = search::sources(&level, self.ticker)?;
        let field = search::begin(grid, &level, &sources, &self.round(&level, 0), self.ticker)?;
        Ok(Some((level, field)))
    }

    /// A level filled as the one below it was.
    fn entered(&self, mut level: Level, coarse: &Field) -> Result<Option<Fill>, Cancelled> {
        self.ticker.advance(0)?;
        let sources = search::sources(&level, self.ticker)?;
        let Some(field) = coarse.refined(&level, self.step(&level), &sources, self.seed) else {
            return Ok(None);
        };
        self.ticker.advance(0)?;
        vote::into_level(&mut level, &field, BLEND, self.ticker)?;
        Ok(Some((level, field)))
    }

    /// Search and vote in turn, as often as the level needs it but at most `most` times. The last vote at native
    /// scale is not made.
    pub(super) fn mended(&self, (mut level, mut field): Fill, most: usize) -> Result<Fill, Cancelled> {
        let rounds = self.effort(&level).rounds.min(most as u64);
        for number in 1..=rounds {
            search::improve(&mut field, &level, &self.round(&level, number), self.ticker)?;
            if level.halvings > 0 || number < rounds {
                vote::into_level(&mut level, &field, BLEND, self.ticker)?;
            }
        }
        Ok((level, field))
    }

    /// Pixels between two patches of a level.
    pub(super) fn step(&self, level: &Level) -> usize {
        self.effort(level).step
    }

    fn effort(&self, level: &Level) -> Effort {
        effort(level, self.levels)
    }

    fn round(&self, level: &Level, round: u64) -> Round {
        let effort = self.effort(level);
        Round {
            seed: self.seed,
            level: level.halvings as u64,
            round,
            guide_weight: effort.guide_weight,
            radius: effort.radius_in(round),
            reuse_cost: effort.reuse_cost,
            nearest: 0,
        }
    }
}

/// How the fill of one level is made.
#[derive(Debug, Clone, Copy)]
struct Effort {
    rounds: u64,
    step: usize,
    radius: i32,
    guide_weight: u32,
    reuse_cost: u32,
}

impl Effort {
    /// How far around its match a patch searches in a round; the first is number 1.
    const fn radius_in(&self, round: u64) -> i32 {
        if round > self.rounds / 2 && self.radius > SETTLING_RADIUS {
            SETTLING_RADIUS
        } else {
            self.radius
        }
    }
}

/// The first level whose pixels are at least [`RESOLVED`] of the network's.
fn guided_from(scale: f32) -> u32 {
    let network_pixel = 1.0 / scale.clamp(1.0 / 64.0, 1.0);
    (1..=7)
        .find(|&halvings| (1u32 << halvings) as f32 >= RESOLVED * network_pixel)
        .unwrap_or(7)
}

fn effort(level: &Level, levels: usize) -> Effort {
    let index = level.halvings;
    let is_coarsest = index + 1 == levels;
    let step = if index <= 1 { 2 } else { 1 };
    let rounds = ROUNDS.get(index).copied().filter(|_| !is_coarsest);
    let radius = if is_coarsest || index >= 3 {
        i32::MAX
    } else {
        [12, 24, 64][index]
    };
    Effort {
        rounds: rounds.unwrap_or(MOST_ROUNDS),
        step,
        radius: radius.min(level.width.max(level.height) as i32),
        guide_weight: GUIDE_WEIGHT,
        reuse_cost: if index >= 1 { 24 } else { 0 },
    }
}

/// How much [`Ascent::climb`] has to do, in comparisons of patches.
pub(super) fn climb_work(levels: &[Level], count: usize, begins: bool) -> u64 {
    let start = |level: &Level| match grid(level, count) {
        Some(grid) if begins && level.halvings + 1 == count => patches(&grid) * search::DRAWS,
        Some(grid) => vote::work(&grid, level),
        None => 0,
    };
    let work = levels
        .iter()
        .map(|level| start(level) + mending_work(level, count, usize::MAX));
    work.sum()
}

/// How much [`Ascent::mended`] has to do.
pub(super) fn mending_work(level: &Level, count: usize, most: usize) -> u64 {
    let effort = effort(level, count);
    grid(level, count).map_or(0, |grid| {
        let round = |number: u64| {
            let compared = patches(&grid) * search::work(effort.radius_in(number));
            compared + vote::work(&grid, level)
        };
        (1..=effort.rounds.min(most as u64)).map(round).sum()
    })
}

/// How much the last vote at native scale has to do beyond that of a round, and the joining of its pieces.
fn last_work(native: &Level, count: usize) -> u64 {
    grid(native, count).map_or(0, |grid| {
        let (width, height) = vote::size(&grid, native);
        vote::native_extra(&grid, native) + join::work(width, height)
    })
}

/// The patches of a level, without matches.
fn grid(level: &Level, count: usize) -> Option<Field> {
    let hole = bounds(&level.hole, level.width)?;
    Field::grid(level, effort(level, count).step, hole)
}

const fn patches(grid: &Field) -> u64 {
    (grid.columns * grid.rows) as u64
}
