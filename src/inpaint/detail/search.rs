//! The search: every patch of the hole looks for the source patch that resembles it most.
//!
//! `PatchMatch` (Barnes et al., SIGGRAPH 2009) in bands: within a band of rows good matches propagate in scan order
//! as in the paper; across bands they are read from the round before. The bands are the same however many threads
//! there are, so is the result.

use rayon::prelude::{
    IndexedParallelIterator as _, IntoParallelRefIterator as _, ParallelExtend as _, ParallelIterator as _,
    ParallelSliceMut as _,
};

use super::{
    distance::{CHANNELS, PATCH, compare},
    field::{Field, Match, drawn},
    pyramid::Level,
    random::Random,
    ranking::Ranking,
    ticker::Ticker,
};
use crate::progress::Cancelled;

/// Rows of patches that one thread searches at a time.
const BAND: usize = 16;

/// What one round of the search goes by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Round {
    pub(super) seed: u64,
    /// Keys of the random numbers.
    pub(super) level: u64,
    pub(super) round: u64,
    /// Weight of the network's fill against the colours, in 16ths.
    pub(super) guide_weight: u32,
    /// How far from the present match the random search starts.
    pub(super) radius: i32,
    /// What a second use of the same source costs, in 256ths of the distance.
    pub(super) reuse_cost: u32,
    /// Sources nearer than this to the patch itself, right, down or both, are none.
    pub(super) nearest: i32,
}

/// Random sources that a search begins with, and so the comparisons per patch that it takes.
pub(super) const DRAWS: u64 = 24;

/// Comparisons per patch of a round: its match, two neighbours, and the random search.
pub(super) fn work(radius: i32) -> u64 {
    4 + u64::from(radius.max(1).ilog2())
}

/// Improves every match of `field` once. The colours of `level` are only read.
pub(super) fn improve(
    field: &mut Field,
    level: &Level,
    round: &Round,
    ticker: &Ticker<'_>,
) -> Result<(), Cancelled> {
    let search = Search {
        level,
        round,
        ranking: Ranking::of(level, field, round.reuse_cost),
    };
    let before = field.clone();
    let row_length = field.columns;
    field
        .matches
        .par_chunks_mut(BAND * row_length)
        .enumerate()
        .try_for_each(|(band, matches)| {
            search.band(&before, matches, band * BAND);
            ticker.advance(matches.len() as u64 * work(round.radius))
        })
}

/// Gives each match of `field` the best of a few random sources.
pub(super) fn begin(
    mut field: Field,
    level: &Level,
    sources: &[u32],
    round: &Round,
    ticker: &Ticker<'_>,
) -> Result<Field, Cancelled> {
    let grid = field.clone();
    let search = Search {
        level,
        round,
        ranking: Ranking::of(level, &field, 0),
    };
    field
        .matches
        .par_chunks_mut(grid.columns)
        .enumerate()
        .try_for_each(|(row, matches)| {
            let y = grid.anchor_y(row);
            for (column, found) in matches.iter_mut().enumerate() {
                let Some(best) = found else { continue };
                let x = grid.anchor_x(column);
                let mut random = Random::keyed(round.seed, [round.level, round.round, x as u64, y as u64]);
                for _ in 0..DRAWS {
                    let candidate = drawn(sources, level.width, &mut random);
                    if !search.is_far([x, y], i32::from(candidate.x), i32::from(candidate.y)) {
                        continue;
                    }
                    let measured = search.measured(x, y, candidate.x, candidate.y);
                    let rank = |found| search.ranking.rank(found, [x, y]);
                    if rank(&measured) <= rank(best) {
                        *best = measured;
                    }
                }
            }
            ticker.advance(matches.len() as u64 * DRAWS)
        })?;
    Ok(field)
}

struct Search<'a> {
    level: &'a Level,
    round: &'a Round,
    ranking: Ranking,
}

impl Search<'_> {
    /// Searches a band of rows that begins at `first_row`; `before` is the whole field after the last round.
    fn band(&self, before: &Field, matches: &mut [Option<Match>], first_row: usize) {
        let columns = before.columns;
        let backward = self.round.round % 2 == 1;
        let cells = matches.len();
        for step in 0..cells {
            let cell = if backward { cells - 1 - step } else { step };
            let Some(found) = matches[cell] else { continue };
            let (row, column) = (first_row + cell / columns, cell % columns);
            let here = [before.anchor_x(column), before.anchor_y(row)];
            let mut best = self.measured(here[0], here[1], found.x, found.y);
            let mut best_rank = self.ranking.rank(&best, here);
            for (right, down) in [(1isize, 0isize), (0, 1)] {
                let (right, down) = if backward { (right, down) } else { (-right, -down) };
                let Some(column) = column
                    .checked_add_signed(right)
                    .filter(|&column| column < columns)
                else {
                    continue;
                };
                let Some(row) = row.checked_add_signed(down).filter(|&row| row < before.rows) else {
                    continue;
                };
                let in_band = (row * columns + column)
                    .checked_sub(first_row * columns)
                    .filter(|&at| at < cells);
                let neighbour = in_band.map_or(before.matches[row * columns + column], |at| matches[at]);
                if let Some(neighbour) = neighbour {
                    let x = i32::from(neighbour.x) + here[0] as i32 - before.anchor_x(column) as i32;
                    let y = i32::from(neighbour.y) + here[1] as i32 - before.anchor_y(row) as i32;
                    self.challenge(&mut best, &mut best_rank, here, x, y);
                }
            }
            self.random_search(&mut best, &mut best_rank, here);
            matches[cell] = Some(best);
        }
    }

    /// Tries sources at random distances that halve from the round's radius down to one pixel.
    fn random_search(&self, best: &mut Match, best_rank: &mut u32, here: [usize; 2]) {
        let Round {
            seed, level, round, ..
        } = *self.round;
        let mut random = Random::keyed(seed, [level, round, here[0] as u64, here[1] as u64]);
        let mut radius = self.round.radius;
        while radius >= 1 {
            let x = i32::from(best.x) + random.within(radius);
            let y = i32::from(best.y) + random.within(radius);
            self.challenge(best, best_rank, here, x, y);
            radius /= 2;
        }
    }

    /// Replaces `best` if the source at `(x, y)` is one and beats it.
    fn challenge(&self, best: &mut Match, best_rank: &mut u32, here: [usize; 2], x: i32, y: i32) {
        let is_best = x == i32::from(best.x) && y == i32::from(best.y);
        if is_best || !self.level.offers(x, y) || !self.is_far(here, x, y) {
            return;
        }
        let candidate = self.measured(here[0], here[1], x as u16, y as u16);
        let rank = self.ranking.rank(&candidate, here);
        if rank < *best_rank {
            (*best, *best_rank) = (candidate, rank);
        }
    }

    fn is_far(&self, here: [usize; 2], x: i32, y: i32) -> bool {
        let away = (x - here[0] as i32).abs().max((y - here[1] as i32).abs());
        away >= self.round.nearest
    }

    /// The match of the target patch at `(x, y)` with the source at `(source_x, source_y)`, with its cost.
    fn measured(&self, x: usize, y: usize, source_x: u16, source_y: u16) -> Match {
        let width = self.level.width;
        let (target, source) = (
            y * width + x,
            usize::from(source_y) * width + usize::from(source_x),
        );
        let difference = compare(
            &self.level.colour,
            width * CHANNELS,
            target * CHANNELS,
            source * CHANNELS,
        );
        let guided = self.guide_cost(target, source);
        Match {
            cost: difference.cost.saturating_add(guided),
            x: source_x,
            y: source_y,
            bias: difference.bias,
        }
    }

    /// How differently the network sees the two places: block means over the four quarters of the patch.
    fn guide_cost(&self, target: usize, source: usize) -> u32 {
        let (Some(guide), 1..) = (&self.level.guide, self.round.guide_weight) else {
            return 0;
        };
        let half = PATCH / 2;
        let mut squares = 0u32;
        for offset in [0, half, half * self.level.width, half * self.level.width + half] {
            let (wanted, found) = (guide.mean(target + offset), guide.mean(source + offset));
            for (wanted, found) in wanted.iter().zip(found) {
                squares += u32::from(wanted.abs_diff(*found)).pow(2);
            }
        }
        // A block stands for 16 pixels; the weight and the trust are in 16ths.
        squares.saturating_mul(self.round.guide_weight) / 16 * u32::from(guide.trust(target))
    }
}

/// All source anchors of a level, as positions in its planes.
pub(super) fn sources(level: &Level, ticker: &Ticker<'_>) -> Result<Vec<u32>, Cancelled> {
    /// Positions between two chances to cancel.
    const BLOCK: usize = 1 << 22;
    let mut sources = Vec::new();
    for (block, is_source) in level.is_source.chunks(BLOCK).enumerate() {
        let found = is_source
            .par_iter()
            .enumerate()
            .filter(|(_, is_source)| **is_source);
        sources.par_extend(found.map(|(at, _)| (block * BLOCK + at) as u32));
        ticker.advance(0)?;
    }
    Ok(sources)
}
