//! How a side of the photo is cut into overlapping tiles, and how much each counts where they overlap.

use super::project::REACH_PX;

/// What the network sees of the result at once, in pixels a side.
const TILE_SIDE_PX: u32 = 768;
/// Pixels of the photo over which one tile gives way to the next, at least.
const RAMP_PX: u32 = 12;

/// A side of the photo in tiles of one length, in the photo's pixels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tiles {
    starts: Vec<u32>,
    length: u32,
}

impl Tiles {
    /// Cuts a side of `side` pixels for a result that is `factor` times as large.
    pub(super) fn of(side: u32, factor: u32) -> Self {
        let length = (TILE_SIDE_PX / factor).min(side);
        let free = side - length;
        let step = (length + 1).saturating_sub(2 * REACH_PX + RAMP_PX).max(1);
        let count = free.div_ceil(step);
        let starts = match count {
            0 => vec![0],
            _ => (0..=count)
                .map(|index| (u64::from(free) * u64::from(index) / u64::from(count)) as u32)
                .collect(),
        };
        Self { starts, length }
    }

    /// How many there are.
    pub(super) const fn count(&self) -> usize {
        self.starts.len()
    }

    /// How long each is.
    pub(super) const fn length(&self) -> u32 {
        self.length
    }

    /// Where tile `index` starts; after the last, where the side ends.
    pub(super) fn start(&self, index: usize) -> u32 {
        let end = self.starts.last().map_or(0, |last| last + self.length);
        self.starts.get(index).copied().unwrap_or(end)
    }

    /// How much each pixel of the result counts in tile `index`. Over all tiles, every pixel of the result counts 1.
    pub(super) fn weights(&self, index: usize, factor: u32) -> Vec<f32> {
        let first = self.start(index) * factor;
        (first..first + self.length * factor)
            .map(|place| self.arrived(index, place, factor) * (1.0 - self.arrived(index + 1, place, factor)))
            .collect()
    }

    /// From 0 where tile `index` has not begun to count to 1 where it counts alone, at pixel `place` of the result.
    fn arrived(&self, index: usize, place: u32, factor: u32) -> f32 {
        if index == 0 {
            return 1.0;
        }
        if index >= self.count() {
            return 0.0;
        }
        // Near its cut edges a tile knows less than its neighbour.
        let from = (self.start(index) + REACH_PX) as f32;
        let to = (self.start(index - 1) + self.length - REACH_PX) as f32;
        let place = (place as f32 + 0.5) / factor as f32;
        ((place - from) / (to - from)).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{RAMP_PX, REACH_PX, Tiles};

    #[test]
    fn every_pixel_counts_once_and_no_cut_edge_does() {
        for factor in 2..=4 {
            for side in [1, 40, 192, 193, 256, 257, 384, 385, 1000, 4000] {
                let tiles = Tiles::of(side, factor);
                let mut sums = vec![0.0; (side * factor) as usize];
                for index in 0..tiles.count() {
                    let (first, weights) = (tiles.start(index) * factor, tiles.weights(index, factor));
                    for (sum, weight) in sums[first as usize..].iter_mut().zip(&weights) {
                        *sum += weight;
                    }
                    if index > 0 {
                        let cut = &weights[..(REACH_PX * factor) as usize];
                        assert!(cut.iter().all(|&weight| weight == 0.0), "{factor} {side} {index}");
                        let overlap = tiles.start(index - 1) + tiles.length() - tiles.start(index);
                        assert!(overlap >= 2 * REACH_PX + RAMP_PX, "{factor} {side}: {overlap}");
                    }
                }
                // Sums of two weights that round in 32 bits.
                let is_whole = sums.iter().all(|sum: &f32| (sum - 1.0).abs() < 1e-5);
                assert!(is_whole, "{factor} {side}");
            }
        }
    }
}
