//! The hole as a graph: what each choice of offsets costs, and the moves that make it cheaper.

use super::{
    super::{
        cut::{DIRECTIONS, Graph, NOBODY},
        distance::CHANNELS,
        offsets::{Course, Offset},
        pyramid::Level,
        ticker::Ticker,
    },
    MIDDLE,
};
use crate::progress::Cancelled;

/// Passes over the offsets, each only over those that the one before gained from.
const SWEEPS: usize = 3;
/// Costs more than all else together: a pixel that has nothing to be copied from.
pub(super) const IMPOSSIBLE: i32 = 1 << 24;
/// What a change of offset costs between two pixels, however well it is hidden.
const SEAM: i32 = 8;
/// Weight of a difference beyond the hole's edge against one at a seam.
const EDGE_WEIGHT: i32 = 4;
/// Weight of the network's fill, in 64ths of a difference at a seam: it counts for every pixel, a seam only along it.
const GUIDE_WEIGHT: i32 = 4;
/// What a pixel costs that is copied from beside the course: about a third of white.
const OFF_COURSE: i32 = 300;
/// In 16ths: how far a guide steers at least.
const LEAST_TRUST: u8 = 8;

/// The hole's pixels as nodes of a graph.
pub(super) struct Board<'a> {
    pub(super) level: &'a Level,
    /// Positions in the level's planes.
    pub(super) pixels: Vec<usize>,
    neighbours: Vec<[u32; DIRECTIONS]>,
    /// `[height][width]`: see [`looks`].
    looks: Vec<[i16; 2 * CHANNELS]>,
}

/// A pixel's colours and texture, and the mean colours of the patch around it: two places in the same mortar do not
/// look alike if the stones around them differ.
fn looks(level: &Level) -> Vec<[i16; 2 * CHANNELS]> {
    let (width, height) = (level.width, level.height);
    let pixels = level.colour.as_chunks::<CHANNELS>().0;
    let window = |middle: usize, limit: usize| middle.saturating_sub(MIDDLE)..(middle + MIDDLE).min(limit);
    let mut rows = vec![[0i32; 3]; pixels.len()];
    for (at, sum) in rows.iter_mut().enumerate() {
        let row = at / width * width;
        for pixel in &pixels[row..row + width][window(at % width, width)] {
            sum.iter_mut()
                .zip(pixel)
                .for_each(|(sum, sample)| *sum += i32::from(*sample));
        }
    }
    (0..pixels.len())
        .map(|at| {
            let (mut sum, mut count) = ([0i32; 3], 0);
            for row in window(at / width, height) {
                let more = rows[row * width + at % width];
                sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
                count += window(at % width, width).len() as i32;
            }
            let [red, green, blue, texture] = pixels[at];
            let [mean_red, mean_green, mean_blue] = sum.map(|sum| (sum / count.max(1)) as i16);
            [red, green, blue, texture, mean_red, mean_green, mean_blue, 0]
        })
        .collect()
}

impl<'a> Board<'a> {
    pub(super) fn new(level: &'a Level) -> Self {
        let width = level.width;
        let pixels: Vec<usize> = (0..level.hole.len()).filter(|&at| level.hole[at]).collect();
        let mut number = vec![NOBODY; level.hole.len()];
        for (node, &at) in pixels.iter().enumerate() {
            number[at] = node as u32;
        }
        let neighbours = pixels
            .iter()
            .map(|&at| {
                let there = |is: bool, to: usize| {
                    if is {
                        number.get(to).copied().unwrap_or(NOBODY)
                    } else {
                        NOBODY
                    }
                };
                [
                    there(at % width + 1 < width, at + 1),
                    there(at % width > 0, at.wrapping_sub(1)),
                    there(true, at + width),
                    there(at >= width, at.wrapping_sub(width)),
                ]
            })
            .collect();
        Self {
            looks: looks(level),
            level,
            pixels,
            neighbours,
        }
    }

    /// Where a pixel is copied from; `None` if the patch around that place is no source.
    pub(super) fn source(&self, at: usize, [right, down]: Offset) -> Option<usize> {
        let (x, y) = (
            (at % self.level.width) as i32 + right,
            (at / self.level.width) as i32 + down,
        );
        let middle = MIDDLE as i32;
        self.level
            .offers(x - middle, y - middle)
            .then(|| y as usize * self.level.width + x as usize)
    }

    /// What each pixel costs at an offset by itself: how badly the copy continues what lies beyond the hole's edge,
    /// how differently the network sees the place, and whether it leaves the course.
    pub(super) fn costs(&self, offset: Offset, course: Option<Course>) -> Vec<i32> {
        let astray = match course {
            Some(course) if !course.holds(offset) => OFF_COURSE,
            _ => 0,
        };
        self.pixels
            .iter()
            .map(|&at| match self.source(at, offset) {
                Some(from) => self.edge_cost(at, from) + self.guide_cost(at, from) + astray,
                None => IMPOSSIBLE,
            })
            .collect()
    }

    /// Differences of the known pixels around a pixel of the hole to those around its source.
    fn edge_cost(&self, at: usize, from: usize) -> i32 {
        let (width, height) = (self.level.width, self.level.height);
        if self.level.depth[at] > 1 {
            return 0;
        }
        let (x, y) = (at % width, at / width);
        let around = (y.saturating_sub(1)..(y + 2).min(height)).flat_map(|row| {
            (x.saturating_sub(1)..(x + 2).min(width)).map(move |column| row * width + column)
        });
        let known = around.filter(|&near| !self.level.hole[near]);
        EDGE_WEIGHT
            * known
                .map(|near| self.difference(near, near + from - at))
                .sum::<i32>()
            / 2
    }

    fn guide_cost(&self, at: usize, from: usize) -> i32 {
        let Some(guide) = &self.level.guide else {
            return 0;
        };
        // Where the network is not believed the guide is a smooth continuation of the edge, which is no bad hint.
        let trust = guide.trust(self.up_left(at, MIDDLE)).max(LEAST_TRUST);
        // Means are over the 4 × 4 pixels that begin at a place; this is the one around the pixel.
        let [wanted, found] = [at, from].map(|place| guide.mean(self.up_left(place, 1)));
        let difference: i32 = wanted
            .iter()
            .zip(found)
            .map(|(a, b)| i32::from(a.abs_diff(*b)))
            .sum();
        difference * GUIDE_WEIGHT * i32::from(trust) / (64 * 16)
    }

    /// The place so many pixels further up and to the left, as far as the level goes.
    fn up_left(&self, at: usize, steps: usize) -> usize {
        let (x, y) = (at % self.level.width, at / self.level.width);
        y.saturating_sub(steps) * self.level.width + x.saturating_sub(steps)
    }

    /// Sum of the absolute differences of two pixels of the level.
    fn difference(&self, one: usize, other: usize) -> i32 {
        let pixel = |at: usize| {
            self.looks
                .get(at)
                .map_or([0; CHANNELS], |looks| [looks[0], looks[1], looks[2], looks[3]])
        };
        let pairs = pixel(one).into_iter().zip(pixel(other));
        pairs.map(|(a, b)| i32::from(a.abs_diff(b))).sum()
    }

    /// The same with the patches around them.
    fn difference_around(&self, one: usize, other: usize) -> i32 {
        let looks = |at: usize| self.looks.get(at).copied().unwrap_or_default();
        let pairs = looks(one).into_iter().zip(looks(other));
        pairs.map(|(a, b)| i32::from(a.abs_diff(b))).sum()
    }

    /// What it costs that two neighbours are copied from offsets `a` and `b`: each pixel as one offset has it and as
    /// the other would.
    fn seam_cost(&self, offsets: &[Offset], here: usize, there: usize, a: u16, b: u16) -> i32 {
        if a == b {
            return 0;
        }
        let from = |at: usize, label: u16| {
            let [right, down] = offsets[usize::from(label)];
            at.wrapping_add_signed(down as isize * self.level.width as isize + right as isize)
        };
        SEAM + self.difference_around(from(here, a), from(here, b))
            + self.difference_around(from(there, a), from(there, b))
    }

    /// Expands the offsets `among`, one after the other, until nothing gains from it any more. The first time through
    /// them counts as all of `work`.
    pub(super) fn descend(
        &self,
        offsets: &[Offset],
        costs: &[Vec<i32>],
        among: &[u16],
        labels: &mut [u16],
        ticker: &Ticker<'_>,
        work: u64,
    ) -> Result<(), Cancelled> {
        let mut promising = among.to_vec();
        for sweep in 0..SWEEPS {
            let mut gained = Vec::new();
            let share = if sweep == 0 {
                work / among.len().max(1) as u64
            } else {
                0
            };
            for offset in promising {
                ticker.advance(share)?;
                if self.expand(offsets, costs, offset, labels) {
                    gained.push(offset);
                }
            }
            // What gained nothing seldom does so later.
            promising = gained;
        }
        Ok(())
    }

    /// What an arrangement costs in all.
    pub(super) fn energy(&self, offsets: &[Offset], costs: &[Vec<i32>], labels: &[u16]) -> i64 {
        let mut total = 0;
        for (node, &label) in labels.iter().enumerate() {
            total += i64::from(costs[usize::from(label)][node]);
            for direction in [0, 2] {
                let other = self.neighbours[node][direction] as usize;
                if let Some(&other_label) = labels.get(other) {
                    total += i64::from(self.seam_cost(
                        offsets,
                        self.pixels[node],
                        self.pixels[other],
                        label,
                        other_label,
                    ));
                }
            }
        }
        total
    }

    /// Lets every pixel that gains from it change to the offset `to`, all at once and at the least cost. Whether any
    /// did.
    fn expand(&self, offsets: &[Offset], costs: &[Vec<i32>], to: u16, labels: &mut [u16]) -> bool {
        let mut graph = Graph::new(&self.neighbours);
        for (node, &label) in labels.iter().enumerate() {
            graph.add_cost(
                node,
                costs[usize::from(to)][node] - costs[usize::from(label)][node],
            );
            for direction in [0, 2] {
                let other = self.neighbours[node][direction] as usize;
                let Some(&other_label) = labels.get(other) else {
                    continue;
                };
                let seam = |a, b| self.seam_cost(offsets, self.pixels[node], self.pixels[other], a, b);
                let (stay, first_goes, second_goes) =
                    (seam(label, other_label), seam(to, other_label), seam(label, to));
                graph.add_cost(node, first_goes - stay);
                graph.add_cost(other, -first_goes);
                graph.add_edge(node, direction, (first_goes + second_goes - stay).max(0));
            }
        }
        let mut has_changed = false;
        for (label, goes) in labels.iter_mut().zip(graph.cut()) {
            if goes && *label != to {
                (*label, has_changed) = (to, true);
            }
        }
        has_changed
    }
}
