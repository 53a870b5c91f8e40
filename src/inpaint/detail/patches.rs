//! The patch fill from the coarsest level to native: search and vote in turn.
//!
//! The coarsest level starts from the network's fill, so the network decides what goes where; from there the
//! photo's own patches take over, and the network only steers at the scales that it resolves.

use std::sync::atomic::AtomicU64;

use super::{
    arrange,
    field::{self, Field, Match},
    offsets,
    pyramid::{self, Level, Planes},
    random::Random,
    search::{self, Round, Ticker},
    vote::{self, Votes},
};
use crate::progress::{Cancelled, Progress};

/// Deepest hole that the coarsest level may have, in its pixels: a few patches reach across it.
const COARSEST_DEPTH: u16 = 12;
/// Deepest and largest hole that is arranged at once, in pixels of its level.
const ARRANGED_DEPTH: u16 = 28;
const ARRANGED_PIXELS: usize = 6000;
/// Fewer sources than this at native scale are not worth a search.
const FEWEST_SOURCES: usize = 64;
/// Weight of the network's fill against the colours, in 16ths. More makes patches as soft as an uncertain network.
const GUIDE_WEIGHT: u32 = 4;
/// Steepness of votes between rounds: neighbours agree on a mean.
const BLEND: u32 = 1;
/// Steepness of the last vote: the best few win.
const SELECT: u32 = 2;
/// An arrangement is nearly final: rounds that mend its seams.
const ARRANGED_ROUNDS: usize = 4;

/// Offsets to arrange a hole from, before what is added so that all of it is reached.
const OFFSETS: usize = 100;

/// An arrangement is taken where its patches are off by less than this share of what the others are: on a tie the
/// network has the say.
const ARRANGED_LEAD: f64 = 0.96;

/// How the fill of one level is made.
#[derive(Debug, Clone, Copy)]
struct Effort {
    rounds: u64,
    step: usize,
    radius: i32,
    guide_weight: u32,
    reuse_cost: u32,
}

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
    let can_arrange = |level: &Level| {
        level.deepest() <= ARRANGED_DEPTH
            && level.hole.iter().filter(|hole| **hole).count() <= ARRANGED_PIXELS
    };
    let arranged = levels.iter().position(can_arrange).filter(|_| planes.may_arrange);
    let work_at: Vec<u64> = (0..levels.len())
        .map(|index| work(&levels, index, arranged == Some(index)))
        .collect();
    let ticker = Ticker {
        progress,
        done: AtomicU64::new(0),
        total: work_at.iter().sum(),
    };
    let mut field: Option<Field> = None;
    let count = levels.len();
    for index in (0..count).rev() {
        let effort = effort(&levels, index);
        let sources = search::sources(&levels[index]);
        ticker.advance(0)?;
        let round = |round| Round {
            seed,
            level: index as u64,
            round,
            guide_weight: effort.guide_weight,
            radius: effort.radius,
            reuse_cost: effort.reuse_cost,
            nearest: 0,
        };
        let rounds: Vec<Round> = (0..effort.rounds).map(|number| round(number + 1)).collect();
        let started = match field.take() {
            None => begun(&levels[index], effort.step, &sources, &round(0), &ticker)?,
            Some(coarse) => coarse.refined(&levels[index], effort.step, &sources, seed),
        };
        let Some(current) = started else {
            return Ok(None);
        };
        ticker.advance(0)?;
        let rival = if Some(index) == arranged {
            arranged_copy(&levels[index], effort.step, &sources, &round(0), &ticker)?
        } else {
            None
        };
        if index + 1 < count {
            vote::into_level(&mut levels[index], &current, BLEND, &ticker)?;
        }
        let mut current = converged(current, &mut levels[index], &rounds, index == 0, &ticker)?;
        if let Some((mut level, rival)) = rival {
            let few = &rounds[..rounds.len().min(ARRANGED_ROUNDS)];
            let rival = converged(rival, &mut level, few, index == 0, &ticker)?;
            // Both are judged by how well their patches agree with each other and with the edge.
            if mean_cost(&rival) < ARRANGED_LEAD * mean_cost(&current) {
                (current, levels[index]) = (rival, level);
            }
        }
        field = Some(current);
        // The last vote at native scale is still to come.
        if index > 0 {
            ticker.reach(work_at[index..].iter().sum())?;
        }
    }
    let (Some(field), Some(native)) = (field, levels.first()) else {
        return Ok(None);
    };
    let votes = vote::native(planes.first_guess, native, &field, SELECT, &ticker)?;
    ticker.reach(ticker.total)?;
    Ok(Some(votes))
}

/// Search and vote in turn. The last vote at native scale is not made.
fn converged(
    mut field: Field,
    level: &mut Level,
    rounds: &[Round],
    is_native: bool,
    ticker: &Ticker<'_>,
) -> Result<Field, Cancelled> {
    for (number, round) in rounds.iter().enumerate() {
        search::improve(&mut field, level, round, ticker)?;
        if !(is_native && number + 1 == rounds.len()) {
            vote::into_level(level, &field, BLEND, ticker)?;
        }
    }
    Ok(field)
}

fn mean_cost(field: &Field) -> f64 {
    let costs = field.matches.iter().flatten().map(|found| f64::from(found.cost));
    costs.sum::<f64>() / field.matches.iter().flatten().count().max(1) as f64
}

/// The first field of the coarsest level.
fn begun(
    level: &Level,
    step: usize,
    sources: &[u32],
    round: &Round,
    ticker: &Ticker<'_>,
) -> Result<Option<Field>, Cancelled> {
    let Some(grid) = Field::over(level, step, |_, _| Match::UNMEASURED) else {
        return Ok(None);
    };
    search::begin(grid, level, sources, round, ticker).map(Some)
}

/// The level with its hole arranged, and the field of the copies.
fn arranged_copy(
    level: &Level,
    step: usize,
    sources: &[u32],
    round: &Round,
    ticker: &Ticker<'_>,
) -> Result<Option<(Level, Field)>, Cancelled> {
    let dominant = offsets::dominant(level, sources, OFFSETS, round.seed, ticker)?;
    let Some(arrangement) = arrange::arrange(level, &dominant, sources, ticker)? else {
        return Ok(None);
    };
    let mut arranged = level.clone();
    arrangement.write_into(&mut arranged);
    let random = |x, y| {
        let mut random = Random::keyed(round.seed, [level.width as u64, 0, x as u64, y as u64]);
        field::drawn(sources, level.width, &mut random)
    };
    let field = arrangement.field(level, step, random);
    Ok(field.map(|field| (arranged, field)))
}

/// The first level whose pixels are at least two of the network's.
fn guided_from(scale: f32) -> u32 {
    let network_pixel = 1.0 / scale.clamp(1.0 / 64.0, 1.0);
    (1..=7)
        .find(|&halvings| (1u32 << halvings) as f32 >= 2.0 * network_pixel * 0.75)
        .unwrap_or(7)
}

fn effort(levels: &[Level], index: usize) -> Effort {
    let is_coarsest = index + 1 == levels.len();
    let step = if index <= 1 { 2 } else { 1 };
    let rounds = if is_coarsest {
        12
    } else {
        [2, 3, 4, 5].get(index).copied().unwrap_or(6)
    };
    let radius = if is_coarsest || index >= 3 {
        i32::MAX
    } else {
        [12, 24, 64][index]
    };
    let longest_side = levels[index].width.max(levels[index].height) as i32;
    Effort {
        rounds,
        step,
        radius: radius.min(longest_side),
        guide_weight: GUIDE_WEIGHT,
        reuse_cost: if index >= 1 { 24 } else { 0 },
    }
}

/// How much there is to do at a level, in comparisons of patches.
fn work(levels: &[Level], index: usize, is_arranged: bool) -> u64 {
    let (level, effort) = (&levels[index], effort(levels, index));
    let hole = field::bounds(&level.hole, level.width);
    let Some(grid) = hole.and_then(|hole| Field::grid(level, effort.step, hole)) else {
        return 0;
    };
    let patches = (grid.columns * grid.rows) as u64;
    let vote = vote::work(&grid, level);
    let one_round = patches * search::work(effort.radius) + vote;
    let start = if index + 1 == levels.len() {
        patches * search::DRAWS
    } else {
        vote
    };
    let rival = if is_arranged {
        offsets::work(level) + arrange::work(level) + one_round * effort.rounds.min(ARRANGED_ROUNDS as u64)
    } else {
        0
    };
    start + one_round * effort.rounds + rival
}
