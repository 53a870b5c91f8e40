//! The separate holes of a mask.
//!
//! A component is kept as runs of pixels in rows, so that a hundred small holes in a large photo take little memory
//! and each can be had as a mask of its own.

use rayon::prelude::*;

use super::{HOLE_THRESHOLD, Mask, Rect};

/// Pixels of a mask that hang together, also over corners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    bounds: Rect,
    runs: Vec<Run>,
}

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

impl Component {
    /// The smallest rectangle around it.
    pub const fn bounds(&self) -> Rect {
        self.bounds
    }

    /// Its pixels, in reading order.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// Its number of pixels.
    pub fn area(&self) -> u64 {
        self.runs.iter().map(|run| u64::from(run.end - run.start)).sum()
    }

    /// It alone, as a mask of the size of its bounds: 255 or 0.
    pub fn mask(&self) -> Mask {
        let mut mask = Mask::empty(self.bounds.width, self.bounds.height);
        self.draw(&mut mask, self.bounds.x, self.bounds.y);
        mask
    }

    /// Adds it to a mask whose top left corner is at `left`, `top` of the photo and that contains it.
    pub fn draw(&self, mask: &mut Mask, left: u32, top: u32) {
        let width = mask.width() as usize;
        for run in &self.runs {
            let row = (run.y - top) as usize * width;
            mask.coverage_mut()[row + (run.start - left) as usize..row + (run.end - left) as usize].fill(255);
        }
    }
}

impl Mask {
    /// The separate holes, in the order of their topmost, then leftmost run.
    pub fn components(&self) -> Vec<Component> {
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

    fn components(mut self, runs: &[Run]) -> Vec<Component> {
        let mut components: Vec<Component> = Vec::new();
        let mut numbers = vec![usize::MAX; runs.len()];
        for (index, run) in runs.iter().enumerate() {
            let root = self.root(index);
            if numbers[root] == usize::MAX {
                numbers[root] = components.len();
                components.push(Component {
                    bounds: Rect::default(),
                    runs: Vec::new(),
                });
            }
            let component = &mut components[numbers[root]];
            component.bounds = component.bounds.union(&run.rect());
            component.runs.push(*run);
        }
        components
    }
}

#[cfg(test)]
mod tests {
    use crate::imaging::{Mask, Rect};

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
        let found: Vec<_> = components
            .iter()
            .map(|component| (component.bounds(), component.area()))
            .collect();
        assert_eq!(
            found,
            [
                (Rect::new(0, 0, 2, 2), 2),
                (Rect::new(3, 0, 2, 3), 4),
                (Rect::new(0, 3, 2, 1), 2)
            ]
        );
        assert_eq!(components[0].mask(), mask(&["#.", ".#"]));
    }

    #[test]
    fn a_u_shape_is_one_component() {
        assert_eq!(mask(&["#.#.#", "#.#.#", "###.#"]).components().len(), 2);
    }
}
