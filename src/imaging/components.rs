//! The separate holes of a mask.
//!
//! A component is kept as runs of pixels in rows, so that a hundred small holes in a large photo take little memory.

use rayon::prelude::*;

use super::{HOLE_THRESHOLD, Mask, Rect};

/// Hole pixels side by side: columns `start..end` of row `y`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Run {
    /// Row.
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

    /// Whether there is no pixel in it.
    pub const fn is_empty(&self) -> bool {
        self.end <= self.start
    }

    /// The run as a rectangle of one row.
    pub const fn rect(&self) -> Rect {
        Rect::new(self.start, self.y, self.end - self.start, 1)
    }
}

impl Mask {
    /// The separate holes: pixels that hang together, also over corners, as runs in reading order. In the order of their
    /// topmost, then leftmost run.
    pub fn components(&self) -> Vec<Vec<Run>> {
        let runs = self.runs();
        let mut sets = Sets::new(runs.len());
        let mut above = 0;
        for (index, run) in runs.iter().enumerate() {
            // Runs are sorted: those that end before this one begins in the row above are done with.
            while runs[above].y + 1 < run.y || (runs[above].y + 1 == run.y && runs[above].end < run.start) {
                above += 1;
            }
            let touching =
                (above..index).take_while(|&other| runs[other].y < run.y && runs[other].start <= run.end);
            touching.for_each(|other| sets.join(other, index));
        }
        sets.components(&runs)
    }

    /// All holes as runs, in reading order.
    pub fn runs(&self) -> Vec<Run> {
        let width = (self.width() as usize).max(1);
        let rows = self.coverage().par_chunks(width).enumerate();
        rows.flat_map_iter(|(y, row)| runs_of_row(y as u32, row))
            .collect()
    }
}

fn runs_of_row(y: u32, row: &[u8]) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut at = 0;
    while let Some(gap) = row[at..].iter().position(|&coverage| coverage >= HOLE_THRESHOLD) {
        let start = at + gap;
        let rest = row[start..]
            .iter()
            .position(|&coverage| coverage < HOLE_THRESHOLD);
        at = rest.map_or(row.len(), |length| start + length);
        runs.push(Run {
            y,
            start: start as u32,
            end: at as u32,
        });
    }
    runs
}

/// Disjoint sets of runs; the smallest index of a set is its root.
struct Sets {
    parents: Vec<usize>,
}

impl Sets {
    fn new(count: usize) -> Self {
        Self {
            parents: (0..count).collect(),
        }
    }

    fn root(&mut self, mut index: usize) -> usize {
        while self.parents[index] != index {
            self.parents[index] = self.parents[self.parents[index]];
            index = self.parents[index];
        }
        index
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.parents[a.max(b)] = a.min(b);
    }

    fn components(mut self, runs: &[Run]) -> Vec<Vec<Run>> {
        let mut components: Vec<Vec<Run>> = Vec::new();
        let mut numbers = vec![usize::MAX; runs.len()];
        for (index, run) in runs.iter().enumerate() {
            let root = self.root(index);
            if numbers[root] == usize::MAX {
                numbers[root] = components.len();
                components.push(Vec::new());
            }
            components[numbers[root]].push(*run);
        }
        components
    }
}

#[cfg(test)]
mod tests {
    use crate::imaging::Mask;

    fn mask(rows: &[&str]) -> Mask {
        let coverage = rows
            .concat()
            .bytes()
            .map(|byte| if byte == b'#' { 255 } else { 0 })
            .collect();
        Mask::new(rows[0].len() as u32, rows.len() as u32, coverage).unwrap()
    }

    #[test]
    fn corners_connect_and_gaps_separate() {
        let components = mask(&["#..##", ".#..#", "....#", "##..."]).components();
        let found: Vec<Vec<_>> = components
            .iter()
            .map(|runs| runs.iter().map(|run| (run.y, run.start, run.end)).collect())
            .collect();
        assert_eq!(
            found,
            [
                vec![(0, 0, 1), (1, 1, 2)],
                vec![(0, 3, 5), (1, 4, 5), (2, 4, 5)],
                vec![(3, 0, 2)]
            ]
        );
    }

    #[test]
    fn a_u_shape_is_one_component() {
        assert_eq!(mask(&["#.#.#", "#.#.#", "###.#"]).components().len(), 2);
    }
}
