//! How a photo repeats itself: the shifts at which its patches find their like.
//!
//! He and Sun, "Statistics of Patch Offsets for Image Completion" (ECCV 2012): patches of the valid area are matched
//! to each other, near ones excluded, and the offsets counted. The few that many patches share are the pitch of
//! tiles, the direction of a kerb, the way a skyline runs on: what a fill has to continue.

use super::{
    distance::{NEVER, PATCH},
    field::{Field, Match},
    pyramid::Level,
    search::{self, Round},
    ticker::Ticker,
};
use crate::{inpaint::hole::depths, progress::Cancelled};

/// Rounds of the search for each patch's like.
const ROUNDS: u64 = 5;
/// Patches beyond this number are matched on a coarser grid.
const MOST_PATCHES: usize = 1 << 15;
/// Patches beside the hole count so many times: what they show is what has to go on.
const NEAR: u32 = 6;
/// Half the side of the window in which an offset must be the most frequent.
const WINDOW: i32 = 2;

/// Half the width of a course: offsets beside it by more are off it.
const COURSE_PX: f64 = 1.5;
/// Share of all offsets that makes a course. Gravel has 0.06 on its best line, walls, roofs and streets 0.28 to 0.44.
const COURSE_SHARE: f64 = 0.15;

/// A shift in pixels, right and down.
pub(super) type Offset = [i32; 2];

/// How a photo repeats itself.
#[derive(Debug, Default)]
pub(super) struct Repetition {
    /// The most frequent offsets, the most frequent first; each may be negated.
    pub(super) offsets: Vec<Offset>,
    /// All that were counted; see [`histogram`].
    counts: Vec<u32>,
}

impl Repetition {
    /// The line along which `level`, whose repetition this is, repeats itself most, if there is one.
    pub(super) fn course(&self, level: &Level) -> Option<Course> {
        course(&self.counts, level)
    }
}

/// A line through the origin on which offsets lie: courses of bricks, a kerb, a horizon run along it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Course {
    /// Of length 1.
    direction: [f64; 2],
}

impl Course {
    /// A line in this direction, clockwise from level.
    pub(super) fn new(degrees: u32) -> Self {
        let (sine, cosine) = f64::from(degrees).to_radians().sin_cos();
        Self {
            direction: [cosine, sine],
        }
    }

    /// Whether a copy from so far away goes on along the line.
    pub(super) fn holds(&self, [right, down]: Offset) -> bool {
        let beside = f64::from(right) * self.direction[1] - f64::from(down) * self.direction[0];
        beside.abs() <= COURSE_PX
    }
}

/// The repetition of `level`, with at most `count` offsets.
pub(super) fn dominant(
    level: &Level,
    sources: &[u32],
    count: usize,
    seed: u64,
    ticker: &Ticker<'_>,
) -> Result<Repetition, Cancelled> {
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
        return Ok(Repetition::default());
    };
    let mut field = search::begin(grid, level, sources, &round(0), ticker)?;
    for number in 1..=ROUNDS {
        search::improve(&mut field, level, &round(number), ticker)?;
    }
    let counts = histogram(&field, level);
    ticker.advance(0)?;
    Ok(Repetition {
        offsets: peaks(&smoothed(&counts, level), level, count),
        counts,
    })
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

/// Counts of offsets, `[2 * height + 1][2 * width + 1]`.
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
        let [x, y] = field.anchor(cell);
        let (right, down) = (i32::from(found.x) - x as i32, i32::from(found.y) - y as i32);
        let middle = (y + PATCH / 2) * level.width + x + PATCH / 2;
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
    counts
}

/// Counts of offsets, smoothed over 3 × 3.
fn smoothed(counts: &[u32], level: &Level) -> Vec<u32> {
    let columns = 2 * level.width + 1;
    let along = |along: usize, counts: &[u32]| -> Vec<u32> {
        let at = |place: Option<usize>| place.and_then(|at| counts.get(at)).copied().unwrap_or(0);
        (0..counts.len())
            .map(|here| 2 * counts[here] + at(here.checked_sub(along)) + at(Some(here + along)))
            .collect()
    };
    along(columns, &along(1, counts))
}

/// The line on which most offsets lie, if those are many.
fn course(counts: &[u32], level: &Level) -> Option<Course> {
    let (wide, high) = (level.width as i32, level.height as i32);
    let columns = 2 * wide + 1;
    let all: u64 = counts.iter().map(|&count| u64::from(count)).sum();
    let voted: Vec<(Offset, u64)> = (0..)
        .zip(counts)
        .filter(|(_, count)| **count > 0)
        .map(|(at, &count): (i32, _)| ([at % columns - wide, at / columns - high], u64::from(count)))
        .collect();
    let along = |course: &Course| -> u64 {
        let votes = voted.iter().filter(|(offset, _)| course.holds(*offset));
        votes.map(|(_, count)| count).sum()
    };
    // Of equals the first: level before all others.
    let (most, course) = (0..180)
        .map(|degrees| {
            let course = Course::new(degrees);
            (along(&course), course)
        })
        .reduce(|best, next| if next.0 > best.0 { next } else { best })?;
    (most as f64 >= COURSE_SHARE * all as f64 && all > 0).then_some(course)
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
            Beginning,
            pyramid::{Planes, build},
            search,
            ticker::Ticker,
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
            beginning: Beginning::Ranked(0),
        };
        let levels = build(&planes, 7, u16::MAX, &Silent).unwrap();
        let ticker = Ticker::silent();
        let sources = search::sources(&levels[0], &ticker).unwrap();
        let found = dominant(&levels[0], &sources, 8, 1, &ticker).unwrap().offsets;
        assert_eq!(found.len(), 8);
        for [right, down] in found {
            assert!(right % 16 == 0 && down % 12 == 0, "{right}, {down}");
        }
    }
}
