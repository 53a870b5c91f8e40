//! The holes of a mask as horizontal runs, and the connected components among them.
//!
//! A photo has many pixels and few runs, so everything the plan asks (how much of a rectangle is hole, what hangs
//! together) costs no more than the outline of the holes, also at 100 megapixels.

use rayon::prelude::*;

use crate::imaging::{HOLE_THRESHOLD, Mask, Rect};

/// Hole pixels `start..end` of row `y`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Run {
    /// Row in the photo.
    pub y: u32,
    /// First column.
    pub start: u32,
    /// First column behind it.
    pub end: u32,
}

impl Run {
    /// Number of pixels.
    pub const fn len(&self) -> u32 {
        self.end - self.start
    }

    /// The run as a rectangle of one row.
    pub const fn rect(&self) -> Rect {
        Rect::new(self.start, self.y, self.end - self.start, 1)
    }
}

/// All holes of a mask, row by row.
#[derive(Debug, Clone)]
pub(super) struct HoleRuns {
    width: u32,
    height: u32,
    runs: Vec<Run>,
    /// Index of the first run of each row, and one entry behind the last.
    row_starts: Vec<usize>,
    /// Hole pixels before each run, over the whole mask.
    before: Vec<u64>,
}

impl HoleRuns {
    /// Reads the holes of a mask.
    pub(super) fn of(mask: &Mask) -> Self {
        let (width, height) = (mask.width(), mask.height());
        let rows: Vec<Vec<Run>> = mask
            .coverage()
            .par_chunks(width.max(1) as usize)
            .enumerate()
            .map(|(y, row)| runs_of_row(y as u32, row))
            .collect();
        let mut row_starts = Vec::with_capacity(height as usize + 1);
        let mut runs = Vec::new();
        for row in rows {
            row_starts.push(runs.len());
            runs.extend(row);
        }
        row_starts.resize(height as usize + 1, runs.len());
        let before = runs
            .iter()
            .scan(0, |sum, run| {
                let before = *sum;
                *sum += u64::from(run.len());
                Some(before)
            })
            .collect();
        Self {
            width,
            height,
            runs,
            row_starts,
            before,
        }
    }

    /// The mask as a rectangle.
    pub(super) const fn photo(&self) -> Rect {
        Rect::new(0, 0, self.width, self.height)
    }

    /// Hole pixels inside `rect`.
    pub(super) fn count(&self, rect: Rect) -> u64 {
        (rect.y..rect.bottom())
            .map(|y| self.count_left_of(y, rect.right()) - self.count_left_of(y, rect.x))
            .sum()
    }

    /// Hole pixels of row `y` left of column `x`.
    fn count_left_of(&self, y: u32, x: u32) -> u64 {
        let (first, last) = (self.row_starts[y as usize], self.row_starts[y as usize + 1]);
        let row = &self.runs[first..last];
        match row.partition_point(|run| run.start < x) {
            0 => 0,
            begun => {
                let run = row[begun - 1];
                let whole_runs = self.before[first + begun - 1] - self.before[first];
                whole_runs + u64::from(run.end.min(x) - run.start)
            }
        }
    }

    /// The holes that hang together (corners count), in the order of their first pixel. Runs are in reading order.
    pub(super) fn components(&self) -> Vec<Vec<Run>> {
        let mut roots = Roots::new(self.runs.len());
        for y in 1..self.height as usize {
            self.join_rows(y, &mut roots);
        }
        let mut component_of = vec![usize::MAX; self.runs.len()];
        let mut components: Vec<Vec<Run>> = Vec::new();
        for (index, run) in self.runs.iter().enumerate() {
            let root = roots.find(index);
            if component_of[root] == usize::MAX {
                component_of[root] = components.len();
                components.push(Vec::new());
            }
            components[component_of[root]].push(*run);
        }
        components
    }

    /// Joins the runs of row `y` with those of the row above that touch them.
    fn join_rows(&self, y: usize, roots: &mut Roots) {
        let mut above = self.row_starts[y - 1];
        for below in self.row_starts[y]..self.row_starts[y + 1] {
            let run = self.runs[below];
            while above < self.row_starts[y] && self.runs[above].end < run.start {
                above += 1;
            }
            let mut touching = above;
            while touching < self.row_starts[y] && self.runs[touching].start <= run.end {
                roots.join(touching, below);
                touching += 1;
            }
        }
    }
}

fn runs_of_row(y: u32, row: &[u8]) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut x = 0;
    while let Some(skipped) = row[x..].iter().position(|&coverage| coverage >= HOLE_THRESHOLD) {
        let start = x + skipped;
        let length = row[start..]
            .iter()
            .position(|&coverage| coverage < HOLE_THRESHOLD);
        x = length.map_or(row.len(), |length| start + length);
        runs.push(Run {
            y,
            start: start as u32,
            end: x as u32,
        });
    }
    runs
}

/// Disjoint sets; the smallest index of a set is its root.
struct Roots(Vec<usize>);

impl Roots {
    fn new(count: usize) -> Self {
        Self((0..count).collect())
    }

    fn find(&mut self, mut index: usize) -> usize {
        while self.0[index] != index {
            self.0[index] = self.0[self.0[index]];
            index = self.0[index];
        }
        index
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.find(a), self.find(b));
        self.0[a.max(b)] = a.min(b);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Just, Strategy as _, any, prop_assert_eq, proptest};

    use super::HoleRuns;
    use crate::imaging::{Mask, Rect};

    fn mask(rows: &[&str]) -> Mask {
        let coverage = rows
            .iter()
            .flat_map(|row| row.bytes())
            .map(|b| if b == b'#' { 255 } else { 0 });
        Mask::new(rows[0].len() as u32, rows.len() as u32, coverage.collect()).unwrap()
    }

    #[test]
    fn holes_that_touch_at_a_corner_hang_together() {
        let runs = HoleRuns::of(&mask(&["#...#", ".#..#", "....."]));
        let components = runs.components();
        assert_eq!(components.len(), 2);
        assert_eq!(components[0].len(), 2);
    }

    #[test]
    fn a_hole_that_joins_further_down_is_one_component() {
        let runs = HoleRuns::of(&mask(&["#.#.#", "#.#.#", "#####"]));
        assert_eq!(runs.components().len(), 1);
    }

    proptest! {
        #[test]
        fn counting_by_runs_equals_counting_pixels(
            (width, height, bits) in (1u32..20, 1u32..12).prop_flat_map(|(w, h)| (
                Just(w), Just(h), proptest::collection::vec(any::<bool>(), (w * h) as usize),
            )),
            (x0, x1, y0, y1) in (0u32..20, 0u32..20, 0u32..12, 0u32..12),
        ) {
            let coverage = bits.iter().map(|&hole| if hole { 200 } else { 100 }).collect();
            let mask = Mask::new(width, height, coverage).unwrap();
            let rect = Rect::new(x0.min(x1), y0.min(y1), x0.abs_diff(x1), y0.abs_diff(y1))
                .intersect(&mask.bounds());
            let expected = (rect.y..rect.bottom())
                .flat_map(|y| (rect.x..rect.right()).map(move |x| (x, y)))
                .filter(|&(x, y)| mask.is_hole(x, y))
                .count() as u64;
            prop_assert_eq!(HoleRuns::of(&mask).count(rect), expected);
        }
    }
}
