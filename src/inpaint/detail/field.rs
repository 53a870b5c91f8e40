//! Which source patch each patch of the hole is copied from (a nearest-neighbour field).

use rayon::prelude::{IntoParallelIterator as _, ParallelIterator as _};

use super::{
    distance::{NEVER, PATCH},
    pyramid::{Level, free_anchors},
    random::Random,
};
use crate::inpaint::hole::bounds;

/// The source of one target patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Match {
    /// Distance, [`NEVER`] before it was measured.
    pub(super) cost: u32,
    /// The source patch's anchor.
    pub(super) x: u16,
    pub(super) y: u16,
    /// What to add to its red, green and blue.
    pub(super) bias: [i16; 3],
}

impl Match {
    /// A source that nothing is known of yet.
    pub(super) const UNMEASURED: Self = Self {
        cost: NEVER,
        x: 0,
        y: 0,
        bias: [0; 3],
    };
}

/// Matches of the patches that touch the hole, on a grid of anchors `step` pixels apart.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) left: usize,
    pub(super) top: usize,
    pub(super) step: usize,
    pub(super) columns: usize,
    pub(super) rows: usize,
    /// `[rows][columns]`; `None` where the patch touches no hole.
    pub(super) matches: Vec<Option<Match>>,
    right: usize,
    bottom: usize,
}

impl Field {
    /// A grid over the hole of `level`, every match at `source`'s choice: it gets the anchor of the target patch.
    /// `None` if nothing is hole or the level is smaller than a patch.
    pub(super) fn over(
        level: &Level,
        step: usize,
        source: impl Fn(usize, usize) -> Match + Sync,
    ) -> Option<Self> {
        let is_free = free_anchors(&level.hole, level.width, level.height);
        let hole = bounds(&level.hole, level.width)?;
        Self::on_grid(level, step, hole, |at| !is_free[at], source)
    }

    /// A grid over all that `level` offers to copy from.
    pub(super) fn over_sources(
        level: &Level,
        step: usize,
        source: impl Fn(usize, usize) -> Match + Sync,
    ) -> Option<Self> {
        let all = [0, 0, level.width.checked_sub(1)?, level.height.checked_sub(1)?];
        Self::on_grid(level, step, all, |at| level.is_source[at], source)
    }

    /// A grid over the patches that touch a rectangle, with a match where `is_wanted` says so of the anchor.
    fn on_grid(
        level: &Level,
        step: usize,
        [first_x, first_y, last_x, last_y]: [usize; 4],
        is_wanted: impl Fn(usize) -> bool + Sync,
        source: impl Fn(usize, usize) -> Match + Sync,
    ) -> Option<Self> {
        let mut field = Self::grid(level, step, [first_x, first_y, last_x, last_y])?;
        field.matches = (0..field.rows * field.columns)
            .into_par_iter()
            .map(|cell| {
                let [x, y] = field.anchor(cell);
                is_wanted(y * level.width + x).then(|| source(x, y))
            })
            .collect();
        Some(field)
    }

    /// The grid of the patches that touch a rectangle, still without matches.
    pub(super) fn grid(
        level: &Level,
        step: usize,
        [first_x, first_y, last_x, last_y]: [usize; 4],
    ) -> Option<Self> {
        let right = level.width.checked_sub(PATCH)?;
        let bottom = level.height.checked_sub(PATCH)?;
        let left = (first_x.saturating_sub(PATCH - 1) / step * step).min(right);
        let top = (first_y.saturating_sub(PATCH - 1) / step * step).min(bottom);
        let columns = (last_x.min(right) - left).div_ceil(step) + 1;
        let rows = (last_y.min(bottom) - top).div_ceil(step) + 1;
        Some(Self {
            left,
            top,
            step,
            columns,
            rows,
            matches: Vec::new(),
            right,
            bottom,
        })
    }

    /// Horizontal anchor of a column. The last one may be nearer than `step`, so that the grid reaches the edge.
    pub(super) fn anchor_x(&self, column: usize) -> usize {
        (self.left + column * self.step).min(self.right)
    }

    /// Vertical anchor of a row.
    pub(super) fn anchor_y(&self, row: usize) -> usize {
        (self.top + row * self.step).min(self.bottom)
    }

    /// Column and row of pixels where the patch with this place in `matches` is anchored.
    pub(super) fn anchor(&self, cell: usize) -> [usize; 2] {
        [
            self.anchor_x(cell % self.columns),
            self.anchor_y(cell / self.columns),
        ]
    }

    /// The columns whose patches cover pixel column `x`.
    pub(super) fn columns_over(&self, x: usize) -> std::ops::Range<usize> {
        covering(x, self.left, self.step, self.columns, self.right)
    }

    /// The rows whose patches cover pixel row `y`.
    pub(super) fn rows_over(&self, y: usize) -> std::ops::Range<usize> {
        covering(y, self.top, self.step, self.rows, self.bottom)
    }

    /// The match of the patch nearest to the anchor, moved so that it belongs to the anchor itself.
    pub(super) fn nearest(&self, x: usize, y: usize) -> Option<(Match, [i32; 2])> {
        let column = (x.saturating_sub(self.left) / self.step).min(self.columns - 1);
        let row = (y.saturating_sub(self.top) / self.step).min(self.rows - 1);
        let offsets = [
            (0, 0),
            (1, 0),
            (0, 1),
            (1, 1),
            (-1, 0),
            (0, -1),
            (-1, -1),
            (1, -1),
            (-1, 1),
        ];
        offsets.iter().find_map(|(right, down)| {
            let column = column
                .checked_add_signed(*right)
                .filter(|&column| column < self.columns)?;
            let row = row.checked_add_signed(*down).filter(|&row| row < self.rows)?;
            let found = self.matches[row * self.columns + column]?;
            let shift_x = x as i32 - self.anchor_x(column) as i32;
            let shift_y = y as i32 - self.anchor_y(row) as i32;
            Some((
                found,
                [i32::from(found.x) + shift_x, i32::from(found.y) + shift_y],
            ))
        })
    }

    /// The field of the next finer level, each match at twice its coarse position.
    pub(super) fn refined(&self, level: &Level, step: usize, sources: &[u32], seed: u64) -> Option<Self> {
        Self::over(level, step, |x, y| {
            let inherited = self
                .nearest(x / 2, y / 2)
                .and_then(|(found, [source_x, source_y])| {
                    let (source_x, source_y) = (2 * source_x + (x % 2) as i32, 2 * source_y + (y % 2) as i32);
                    let source = [(0, 0), (-1, 0), (0, -1), (-1, -1), (1, 0), (0, 1), (1, 1)]
                        .iter()
                        .map(|(dx, dy)| (source_x + dx, source_y + dy))
                        .find(|&(x, y)| level.offers(x, y))?;
                    Some(Match {
                        x: source.0 as u16,
                        y: source.1 as u16,
                        ..found
                    })
                });
            inherited.unwrap_or_else(|| {
                let mut random = Random::keyed(seed, [level.width as u64, 0, x as u64, y as u64]);
                drawn(sources, level.width, &mut random)
            })
        })
    }
}

/// A random source, not yet measured.
pub(super) fn drawn(sources: &[u32], width: usize, random: &mut Random) -> Match {
    let at = sources.get(random.below(sources.len())).copied().unwrap_or(0) as usize;
    Match {
        x: (at % width) as u16,
        y: (at / width) as u16,
        ..Match::UNMEASURED
    }
}

fn covering(at: usize, first: usize, step: usize, count: usize, limit: usize) -> std::ops::Range<usize> {
    let anchor = |index: usize| (first + index * step).min(limit);
    let mut start = at
        .saturating_sub(PATCH - 1)
        .saturating_sub(first)
        .div_ceil(step)
        .min(count - 1);
    if anchor(start) > at {
        return 0..0;
    }
    let mut end = start;
    while end < count && anchor(end) <= at {
        end += 1;
    }
    while start < end && anchor(start) + PATCH <= at {
        start += 1;
    }
    start..end
}
