//! How a photo repeats itself: the shifts at which its patches find their like.
//!
//! He and Sun, "Statistics of Patch Offsets for Image Completion" (ECCV 2012): patches of the valid area are matched
//! to each other, near ones excluded, and the offsets counted. The few that many patches share are the pitch of
//! tiles, the direction of a kerb, the way a skyline runs on: what a fill has to continue.

use super::{
    distance::{NEVER, PATCH},
    field::{Field, Match},
    pyramid::{Level, depths},
    search::{self, Round, Ticker},
};
use crate::progress::Cancelled;

/// Rounds of the search for each patch's like.
const ROUNDS: u64 = 5;
/// Patches beyond this number are matched on a coarser grid.
const MOST_PATCHES: usize = 1 << 15;
/// Patches beside the hole count so many times: what they show is what has to go on.
const NEAR: u32 = 6;
/// Half the side of the window in which an offset must be the most frequent.
const WINDOW: i32 = 2;

/// A shift in pixels, right and down.
pub(super) type Offset = [i32; 2];

/// The most frequent offsets of `level`, at most `count`, the most frequent first; each may be negated.
pub(super) fn dominant(
    level: &Level,
    sources: &[u32],
    count: usize,
    seed: u64,
    ticker: &Ticker<'_>,
) -> Result<Vec<Offset>, Cancelled> {
    let nearest = (PATCH / 2 + 1).max(level.width.max(level.height) / 15) as i32;
    let round = |round| Round {
        seed,
        level: u64::MAX,
        round,
        guide_weight: 0,
        radius: level.width.max(level.height) as i32,
        reuse_cost: 0,
        nearest,
    };
    let step = step(sources.len());
    let Some(grid) = Field::over_sources(level, step, |_, _| Match::UNMEASURED) else {
        return Ok(Vec::new());
    };
    let mut field = search::begin(grid, level, sources, &round(0), ticker)?;
    for number in 1..=ROUNDS {
        search::improve(&mut field, level, &round(number), ticker)?;
    }
    let histogram = histogram(&field, level);
    ticker.advance(0)?;
    Ok(peaks(&histogram, level, count))
}

/// How much [`dominant`] has to do, in comparisons of patches.
pub(super) fn work(level: &Level) -> u64 {
    let patches = (level.width * level.height / step(level.sources()).pow(2)) as u64;
    patches * (search::DRAWS + ROUNDS * search::work(level.width.max(level.height) as i32))
}

/// Every so many pixels a patch is matched.
const fn step(sources: usize) -> usize {
    if sources > MOST_PATCHES { 2 } else { 1 }
}

/// Counts of offsets, `[2 * height + 1][2 * width + 1]`, smoothed over 3 × 3.
///
/// An offset and its opposite are the same repetition seen from both ends.
fn histogram(field: &Field, level: &Level) -> Vec<u32> {
    let from_hole = depths(
        &level.hole.iter().map(|hole| !hole).collect::<Vec<_>>(),
        level.width,
        level.height,
    );
    let (wide, high) = (level.width as i32, level.height as i32);
    let columns = (2 * wide + 1) as usize;
    let mut counts = vec![0u32; columns * (2 * high + 1) as usize];
    for (cell, found) in field.matches.iter().enumerate() {
        let Some(found) = found.filter(|found| found.cost != NEVER) else {
            continue;
        };
        let right = i32::from(found.x) - field.anchor_x(cell % field.columns) as i32;
        let down = i32::from(found.y) - field.anchor_y(cell / field.columns) as i32;
        let middle = field.anchor_y(cell / field.columns) * level.width
            + field.anchor_x(cell % field.columns)
            + (level.width + 1) * PATCH / 2;
        let weight = if from_hole[middle] <= 2 * PATCH as u16 {
            NEAR
        } else {
            1
        };
        for sign in [1, -1] {
            let at = (high + sign * down) as usize * columns + (wide + sign * right) as usize;
            counts[at] += weight;
        }
    }
    let smoothed = |along: usize, counts: &[u32]| -> Vec<u32> {
        let at = |place: Option<usize>| place.and_then(|at| counts.get(at)).copied().unwrap_or(0);
        (0..counts.len())
            .map(|here| 2 * counts[here] + at(here.checked_sub(along)) + at(Some(here + along)))
            .collect()
    };
    smoothed(columns, &smoothed(1, &counts))
}

/// The local maxima of a histogram, largest first.
fn peaks(histogram: &[u32], level: &Level, count: usize) -> Vec<Offset> {
    let (wide, high) = (level.width as i32, level.height as i32);
    let columns = 2 * wide + 1;
    let mut found: Vec<(u32, Offset)> = Vec::new();
    for (at, &own) in histogram.iter().enumerate().filter(|(_, own)| **own > 0) {
        let (x, y) = (at as i32 % columns, at as i32 / columns);
        let mut neighbours =
            (-WINDOW..=WINDOW).flat_map(|down| (-WINDOW..=WINDOW).map(move |right| (x + right, y + down)));
        let is_peak = neighbours.all(|(x, y)| {
            let other = usize::try_from(y * columns + x).unwrap_or(usize::MAX);
            let inside = (0..columns).contains(&x);
            // Of equals the first stands for all.
            !inside
                || histogram
                    .get(other)
                    .is_none_or(|&count| count < own || (count == own && other >= at))
        });
        if is_peak {
            found.push((own, [x - wide, y - high]));
        }
    }
    found.sort_by_key(|&(count, offset)| (std::cmp::Reverse(count), offset));
    found.into_iter().take(count).map(|(_, offset)| offset).collect()
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            pyramid::{Planes, build},
            search,
            trust::Trust,
        },
        dominant,
    };
    use crate::{imaging::random::Random, progress::Silent};

    #[test]
    fn the_most_frequent_offsets_are_multiples_of_the_pitch() {
        const SIDE: usize = 120;
        let brick = |x: usize, y: usize| {
            let own = Random::keyed(1, [(x % 16) as u64, (y % 12) as u64, 0, 0]).unit() as f32;
            [0.3 + 0.4 * own; 3]
        };
        let rgb: Vec<f32> = (0..SIDE * SIDE)
            .flat_map(|at| brick(at % SIDE, at / SIDE))
            .collect();
        let hole: Vec<bool> = (0..SIDE * SIDE)
            .map(|at| (50..70).contains(&(at % SIDE)) && (50..70).contains(&(at / SIDE)))
            .collect();
        let planes = Planes {
            width: SIDE,
            height: SIDE,
            first_guess: &rgb,
            hole: &hole,
            keep_out: None,
            trust: &Trust::none(),
            may_arrange: true,
        };
        let levels = build(&planes, 7, u16::MAX, &Silent).unwrap();
        let ticker = search::Ticker {
            progress: &Silent,
            done: 0.into(),
            total: u64::MAX,
        };
        let sources = search::sources(&levels[0]);
        let found = dominant(&levels[0], &sources, 8, 1, &ticker).unwrap();
        assert_eq!(found.len(), 8);
        for [right, down] in found {
            assert!(right % 16 == 0 && down % 12 == 0, "{right}, {down}");
        }
    }
}
