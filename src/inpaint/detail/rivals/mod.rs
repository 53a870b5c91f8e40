//! Several fills of one coarse level, and the choice between them.
//!
//! Four ways to begin: from the network's fill, from an arrangement of the hole as a whole, from one that keeps to the
//! photo's course where there is one, and inwards from the edge. One is brought to native scale: the best, or another
//! where a person wants to see another. The network leads the search in all of them; which is best is judged by colour.

mod order;

use self::order::{Rival, in_order};
use super::{
    arrange,
    field::{self, Match},
    inward,
    offsets::{self, Course, Repetition},
    patches::{Ascent, Fill, climb_work, mending_work},
    pyramid::Level,
    random::Random,
    search,
};
use crate::progress::Cancelled;

/// Deepest and largest hole at which the rivals meet, in pixels of its level: as much as is arranged at once.
const DEEPEST: u16 = 28;
const MOST_PIXELS: usize = 6000;
/// Rounds that mend the seams of copies: these are nearly final.
const MENDING: usize = 4;
/// Offsets to arrange a hole from, before what is added so that all of it is reached.
const OFFSETS: usize = 100;

/// Whether the hole of `level` is small enough for the rivals to meet.
pub(super) fn can_meet(level: &Level) -> bool {
    level.deepest() <= DEEPEST && level.hole.iter().filter(|hole| **hole).count() <= MOST_PIXELS
}

/// The fill of the first of `levels`, the coarsest ones, that is `place` places below the best; after the last comes
/// the best again. `None` if they cannot be filled.
pub(super) fn ranked(levels: &[Level], place: usize, ascent: &Ascent<'_>) -> Result<Option<Fill>, Cancelled> {
    let Some(meeting) = levels.first() else {
        return Ok(None);
    };
    // Each is the same on any thread, so the order is too.
    let (led, (arrangements, inward)) = rayon::join(
        || ascent.climb(levels.to_vec(), None),
        || {
            rayon::join(
                || arrangements(meeting, ascent),
                || inward(levels.to_vec(), ascent),
            )
        },
    );
    let (led, [free, course], inward) = (led?, arrangements?, inward?);
    let Some(led) = led else { return Ok(None) };
    let [free, inward, course] = [free, inward, course].map(|fill| fill.map(Rival::of));
    let mut fills = in_order(meeting, Rival::of(led), free, inward, course);
    let place = place % fills.len();
    Ok(Some(fills.swap_remove(place)))
}

/// How much [`ranked`] has to do, in comparisons of patches; `count` is the number of all levels.
pub(super) fn work(levels: &[Level], count: usize) -> u64 {
    let (Some(meeting), Some((coarsest, rest))) = (levels.first(), levels.split_last()) else {
        return 0;
    };
    let arranged =
        offsets::work(meeting) + 2 * (arrange::work(meeting) + mending_work(meeting, count, MENDING));
    let inward =
        inward::work(coarsest) + mending_work(coarsest, count, MENDING) + climb_work(rest, count, false);
    climb_work(levels, count, true) + arranged + inward
}

/// The level filled from the offsets at which the photo repeats itself: from all as fits, and along its course if
/// there is one.
fn arrangements(level: &Level, ascent: &Ascent<'_>) -> Result<[Option<Fill>; 2], Cancelled> {
    let repeated = Repeated::of(level, ascent)?;
    let course = repeated.course();
    let (free, course) = rayon::join(
        || repeated.arranged(None, ascent),
        || course.map(|course| repeated.arranged(Some(course), ascent)),
    );
    Ok([free?, course.transpose()?.flatten()])
}

/// A level and how it repeats itself.
struct Repeated<'a> {
    level: &'a Level,
    sources: Vec<u32>,
    repetition: Repetition,
}

impl<'a> Repeated<'a> {
    fn of(level: &'a Level, ascent: &Ascent<'_>) -> Result<Self, Cancelled> {
        let sources = search::sources(level, ascent.ticker)?;
        let repetition = offsets::dominant(level, &sources, OFFSETS, ascent.seed, ascent.ticker)?;
        Ok(Self {
            level,
            sources,
            repetition,
        })
    }

    fn course(&self) -> Option<Course> {
        self.repetition.course(self.level)
    }

    /// The level filled from its offsets, along a course where one is given.
    fn arranged(&self, course: Option<Course>, ascent: &Ascent<'_>) -> Result<Option<Fill>, Cancelled> {
        let level = self.level;
        let offsets = &self.repetition.offsets;
        let Some(arrangement) = arrange::arrange(level, offsets, course, &self.sources, ascent.ticker)?
        else {
            return Ok(None);
        };
        let mut arranged = level.clone();
        arrangement.write_into(&mut arranged);
        let field = arrangement.field(level, ascent.step(level), |x, y| {
            drawn(level, &self.sources, ascent, x, y)
        });
        field
            .map(|field| ascent.mended((arranged, field), MENDING))
            .transpose()
    }
}

/// The first of the levels, begun at the coarsest from its edge inwards.
fn inward(mut levels: Vec<Level>, ascent: &Ascent<'_>) -> Result<Option<Fill>, Cancelled> {
    let Some(mut coarsest) = levels.pop() else {
        return Ok(None);
    };
    let sources = search::sources(&coarsest, ascent.ticker)?;
    let from = inward::fill(&mut coarsest, &sources, ascent.ticker)?;
    let otherwise = |x, y| drawn(&coarsest, &sources, ascent, x, y);
    let Some(field) = inward::field(&coarsest, ascent.step(&coarsest), &from, otherwise) else {
        return Ok(None);
    };
    let fill = ascent.mended((coarsest, field), MENDING)?;
    ascent.climb(levels, Some(fill))
}

fn drawn(level: &Level, sources: &[u32], ascent: &Ascent<'_>, x: usize, y: usize) -> Match {
    let mut random = Random::keyed(ascent.seed, [level.width as u64, 0, x as u64, y as u64]);
    field::drawn(sources, level.width, &mut random)
}
