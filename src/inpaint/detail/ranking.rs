//! Which of two matches is better: not only the one that differs less.
//!
//! A source that many patches copy from already is dearer, else a fill repeats itself. So is a distant one: what is near
//! is more likely to be what was there. Without that, where the network says little, whatever in the photo has its bland
//! colour is copied: clouds into a street.

use rayon::prelude::{IntoParallelRefIterator as _, ParallelIterator as _};

use super::{
    distance::NEVER,
    field::{Field, Match},
    pyramid::Level,
};

/// Side of the cells in which uses of a source are counted.
const CELL: usize = 4;
/// One use of each pixel of a cell.
const ONCE: u16 = 16;
/// More uses than so many times once cost no more.
const MOST_USES: u16 = 4;
/// How much dearer a source is that is as far away as the hole is large (the root of its area; distances right and down
/// are added), in 256ths.
const DISTANCE_COST: u64 = 128;
/// How much dearer the farthest are, in 256ths.
const FARTHEST_COST: u64 = 768;
/// Parts of a 256th that the cost per pixel is counted in.
const FRACTIONS: u64 = 1 << 16;

/// What matches are ranked by during one round.
pub(super) struct Ranking {
    /// Patches per cell that copy from it; each counts as the share of [`ONCE`] that it is of the cell.
    uses: Vec<u16>,
    /// Width of the level.
    width: usize,
    /// What a second use of the same source costs, in 256ths of the difference.
    reuse_cost: u64,
    /// What a pixel of distance costs, in [`FRACTIONS`] of a 256th.
    pixel_cost: u64,
}

impl Ranking {
    /// By how often the matches of `field` use each source, and how large the hole of `level` is.
    pub(super) fn of(level: &Level, field: &Field, reuse_cost: u32) -> Self {
        let area = level.hole.par_iter().filter(|hole| **hole).count();
        Self {
            uses: if reuse_cost > 0 {
                uses(field, level)
            } else {
                Vec::new()
            },
            width: level.width,
            reuse_cost: reuse_cost.into(),
            pixel_cost: FRACTIONS * DISTANCE_COST / (area as u64).isqrt().max(1),
        }
    }

    /// The cost by which matches of the patch at `here` are compared.
    pub(super) fn rank(&self, found: &Match, here: [usize; 2]) -> u32 {
        let away = [(found.x, here[0]), (found.y, here[1])].map(|(to, from)| usize::from(to).abs_diff(from));
        let distance = away.iter().sum::<usize>() as u64 * self.pixel_cost / FRACTIONS;
        let cost = u64::from(found.cost);
        let cost = cost + cost * distance.min(FARTHEST_COST) / 256;
        let reuse = self.reuse_cost * self.excess(found);
        (cost + cost * reuse / (u64::from(ONCE) * 256)).min(u64::from(NEVER)) as u32
    }

    /// How often a match's source is copied already, beyond once.
    fn excess(&self, found: &Match) -> u64 {
        let uses = self.uses.get(cell_of(found, self.width));
        uses.map_or(0, |uses| {
            u64::from(uses.saturating_sub(ONCE).min(MOST_USES * ONCE))
        })
    }
}

fn cell_of(found: &Match, width: usize) -> usize {
    usize::from(found.y) / CELL * width.div_ceil(CELL) + usize::from(found.x) / CELL
}

fn uses(field: &Field, level: &Level) -> Vec<u16> {
    let mut uses = vec![0u16; level.width.div_ceil(CELL) * level.height.div_ceil(CELL)];
    let share = (usize::from(ONCE) * field.step * field.step / (CELL * CELL)) as u16;
    for found in field.matches.iter().flatten() {
        if let Some(count) = uses.get_mut(cell_of(found, level.width)) {
            *count = count.saturating_add(share);
        }
    }
    uses
}

#[cfg(test)]
mod tests {
    use super::{Field, Match, Ranking};
    use crate::{
        inpaint::detail::{
            Beginning,
            pyramid::{Level, Planes, build},
            trust::Trust,
        },
        progress::Silent,
    };

    const SIDE: usize = 96;
    /// Side of the hole, and where it begins.
    const HOLE: usize = 16;
    const START: usize = 40;

    fn level() -> Level {
        let inside = |at: usize| (START..START + HOLE).contains(&at);
        let hole: Vec<bool> = (0..SIDE * SIDE)
            .map(|at| inside(at % SIDE) && inside(at / SIDE))
            .collect();
        let planes = Planes {
            width: SIDE,
            height: SIDE,
            first_guess: &vec![0.5; 3 * SIDE * SIDE],
            hole: &hole,
            keep_out: None,
            trust: &Trust::none(),
            beginning: Beginning::Network,
        };
        build(&planes, 7, u16::MAX, &Silent).unwrap().remove(0)
    }

    fn at(x: u16, y: u16, cost: u32) -> Match {
        Match {
            cost,
            x,
            y,
            ..Match::UNMEASURED
        }
    }

    /// A ranking where every patch copies from the corner.
    fn ranking(reuse_cost: u32) -> Ranking {
        let level = level();
        let field = Field::over(&level, 1, |_, _| at(0, 0, 0)).unwrap();
        Ranking::of(&level, &field, reuse_cost)
    }

    #[test]
    fn a_source_as_far_as_the_hole_is_large_is_half_as_dear_again() {
        let rank = |x, y| ranking(0).rank(&at(x, y, 1000), [30, 30]);
        assert_eq!(rank(30, 30), 1000);
        assert_eq!(rank(30 + HOLE as u16, 30), 1500);
        assert_eq!(rank(30, 30 - HOLE as u16), 1500, "up as well as right");
        assert_eq!(rank(30 + HOLE as u16, 30 + HOLE as u16), 2000);
        assert_eq!(
            ranking(0).rank(&at(30 + 64 * HOLE as u16, 30, 1000), [30, 30]),
            4000,
            "but no more"
        );
    }

    #[test]
    fn what_is_no_match_stays_none() {
        assert_eq!(ranking(24).rank(&Match::UNMEASURED, [30, 30]), u32::MAX);
    }

    #[test]
    fn a_source_that_all_copy_is_dearer_than_one_that_none_does() {
        let rank =
            |x, y, reuse_cost| ranking(reuse_cost).rank(&at(x, y, 1000), [usize::from(x), usize::from(y)]);
        assert_eq!(rank(0, 0, 24), 1000 + 1000 * 4 * 24 / 256);
        assert_eq!(rank(80, 80, 24), 1000);
        assert_eq!(rank(0, 0, 0), 1000);
    }
}
