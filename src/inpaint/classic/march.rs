//! Fast marching (Sethian 1996): visits the pixels of a hole in the order of their distance from its edge.
//!
//! The grid has one known pixel of padding on all sides. Pixels at the same distance are visited in the order in
//! which they were reached.

use std::{
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
};

use crate::progress::{Cancelled, Progress};

/// Distance of what no front has reached.
const FAR: f32 = 1e6;
/// Pixels between two chances to cancel.
const PIXELS_PER_STEP: u64 = 4096;

/// The edge of what is known, moving into the hole.
pub(super) struct Front {
    width: usize,
    height: usize,
    is_unknown: Vec<bool>,
    /// Distance from the edge of the hole; negative outside, where it was measured.
    distance: Vec<f32>,
    /// Known pixels beside the hole.
    edge: Vec<usize>,
}

impl Front {
    /// The front at the edge of `hole`.
    pub(super) fn around(hole: &[bool], width: usize, height: usize) -> Self {
        let (padded_width, padded_height) = (width + 2, height + 2);
        let mut front = Self {
            width: padded_width,
            height: padded_height,
            is_unknown: vec![false; padded_width * padded_height],
            distance: vec![FAR; padded_width * padded_height],
            edge: Vec::new(),
        };
        for (at, _) in hole.iter().enumerate().filter(|(_, hole)| **hole) {
            let padded = front.at(at / width + 1, at % width + 1);
            front.is_unknown[padded] = true;
        }
        front.edge = (0..front.is_unknown.len())
            .filter(|&at| front.is_in_picture(at) && !front.is_unknown[at])
            .filter(|&at| {
                front
                    .neighbours(at)
                    .into_iter()
                    .any(|beside| front.is_unknown[beside])
            })
            .collect();
        for &at in &front.edge {
            front.distance[at] = 0.0;
        }
        front
    }

    pub(super) const fn at(&self, row: usize, column: usize) -> usize {
        row * self.width + column
    }

    /// Row and column, padding included.
    pub(super) const fn place(&self, at: usize) -> (usize, usize) {
        (at / self.width, at % self.width)
    }

    pub(super) fn is_unknown(&self, at: usize) -> bool {
        self.is_unknown[at]
    }

    pub(super) fn distance(&self, at: usize) -> f32 {
        self.distance[at]
    }

    /// Above, left, below, right: the order in which they are visited.
    pub(super) const fn neighbours(&self, at: usize) -> [usize; 4] {
        [at - self.width, at - 1, at + self.width, at + 1]
    }

    /// Gives the pixels within `radius` outside the hole their distance to it, as negative numbers.
    pub(super) fn measure_outside(&mut self, radius: usize) {
        let hole = std::mem::take(&mut self.is_unknown);
        let mut ring = self.within(&hole, radius);
        for (at, is_ring) in ring.iter_mut().enumerate() {
            *is_ring &= !hole[at] && self.distance[at] != 0.0 && self.is_in_picture(at);
        }
        self.is_unknown = ring;
        let mut queue = Queue::of(&self.edge);
        let mut reached = Vec::new();
        while let Some(at) = queue.pop() {
            self.is_unknown[at] = false;
            reached.push(at);
            for beside in self.neighbours(at) {
                if self.is_unknown[beside] {
                    self.distance[beside] = self.arrival(beside);
                    self.is_unknown[beside] = false;
                    queue.push(beside, self.distance[beside]);
                }
            }
        }
        for at in reached {
            self.distance[at] = -self.distance[at];
        }
        self.is_unknown = hole;
    }

    /// Moves through the hole. `paint` gets every pixel in its turn, while it still counts as unknown.
    pub(super) fn march(
        &mut self,
        progress: &dyn Progress,
        mut paint: impl FnMut(&Self, usize),
    ) -> Result<(), Cancelled> {
        let total = self.is_unknown.iter().filter(|unknown| **unknown).count() as u64;
        let (mut queue, mut painted) = (Queue::of(&self.edge), 0u64);
        while let Some(at) = queue.pop() {
            for beside in self.neighbours(at) {
                if !self.is_unknown[beside] {
                    continue;
                }
                self.distance[beside] = self.arrival(beside);
                paint(self, beside);
                self.is_unknown[beside] = false;
                queue.push(beside, self.distance[beside]);
                painted += 1;
                if painted.is_multiple_of(PIXELS_PER_STEP) {
                    progress.step(painted, total)?;
                }
            }
        }
        Ok(())
    }

    /// When the front reaches a pixel: the earliest solution over its four corners.
    fn arrival(&self, at: usize) -> f32 {
        let [above, left, below, right] = self.neighbours(at);
        let earlier = self.solution(above, left).min(self.solution(below, left));
        earlier.min(self.solution(above, right).min(self.solution(below, right)))
    }

    /// The eikonal equation between a vertical and a horizontal neighbour.
    fn solution(&self, vertical: usize, horizontal: usize) -> f32 {
        let (a, b) = (
            f64::from(self.distance[vertical]),
            f64::from(self.distance[horizontal]),
        );
        let solved = match (self.is_unknown[vertical], self.is_unknown[horizontal]) {
            (false, false) if (a - b).abs() < 1.0 => (a + b + (2.0 - (a - b) * (a - b)).sqrt()) * 0.5,
            (false, true) => 1.0 + a,
            (true, false) => 1.0 + b,
            _ => 1.0 + a.min(b),
        };
        solved as f32
    }

    const fn is_in_picture(&self, at: usize) -> bool {
        let (row, column) = self.place(at);
        row > 0 && column > 0 && row + 1 < self.height && column + 1 < self.width
    }

    /// Everything at most `radius` rows and columns from a marked pixel.
    fn within(&self, marked: &[bool], radius: usize) -> Vec<bool> {
        let mut found = vec![false; marked.len()];
        for (at, _) in marked.iter().enumerate().filter(|(_, marked)| **marked) {
            let (row, column) = self.place(at);
            if self.neighbours(at).into_iter().all(|beside| marked[beside]) {
                found[at] = true;
                continue;
            }
            for y in row.saturating_sub(radius)..(row + radius + 1).min(self.height) {
                let start = self.at(y, column.saturating_sub(radius));
                let end = self.at(y, (column + radius + 1).min(self.width));
                found[start..end].fill(true);
            }
        }
        found
    }
}

/// Pixels by distance, then by the order in which they came.
#[derive(Default)]
struct Queue {
    heap: BinaryHeap<Reverse<Entry>>,
    pushed: u64,
}

impl Queue {
    fn of(edge: &[usize]) -> Self {
        let mut queue = Self::default();
        edge.iter().for_each(|&at| queue.push(at, 0.0));
        queue
    }

    fn push(&mut self, at: usize, distance: f32) {
        self.heap.push(Reverse(Entry {
            distance,
            order: self.pushed,
            at,
        }));
        self.pushed += 1;
    }

    fn pop(&mut self) -> Option<usize> {
        self.heap.pop().map(|Reverse(entry)| entry.at)
    }
}

struct Entry {
    distance: f32,
    order: u64,
    at: usize,
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.distance
            .total_cmp(&other.distance)
            .then(self.order.cmp(&other.order))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Entry {}
