//! What should go: one coverage value per pixel of a photo.
//!
//! A mask is painted with soft brushes and read from grey files, so it holds coverage; but a pixel is either
//! removed or kept. [`HOLE_THRESHOLD`] decides, the same for the window, the command line and the overlay.

use rayon::prelude::*;

use super::{Channels, Pixels, Rect, Samples};

/// Coverage from which on a pixel is a hole.
pub const HOLE_THRESHOLD: u8 = 128;

/// Pixels that are counted by one task, fewer than a `u32` can count.
const PIXELS_PER_TASK: usize = 1 << 18;

/// One coverage byte per pixel, row by row: 255 goes, 0 stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    width: u32,
    height: u32,
    coverage: Vec<u8>,
}

impl Mask {
    /// A mask that keeps everything.
    pub fn empty(width: u32, height: u32) -> Self {
        Self {
            width,
            height,
            coverage: vec![0; width as usize * height as usize],
        }
    }

    /// Wraps coverage. `None` unless there are `width · height` values.
    pub fn new(width: u32, height: u32, coverage: Vec<u8>) -> Option<Self> {
        (coverage.len() == width as usize * height as usize).then_some(Self {
            width,
            height,
            coverage,
        })
    }

    /// Columns.
    pub const fn width(&self) -> u32 {
        self.width
    }

    /// Rows.
    pub const fn height(&self) -> u32 {
        self.height
    }

    /// The whole mask as a rectangle.
    pub const fn bounds(&self) -> Rect {
        Rect::new(0, 0, self.width, self.height)
    }

    /// Coverage, row by row.
    pub fn coverage(&self) -> &[u8] {
        &self.coverage
    }

    /// Coverage, row by row, to change in place.
    pub fn coverage_mut(&mut self) -> &mut [u8] {
        &mut self.coverage
    }

    /// Whether the pixel goes.
    pub fn is_hole(&self, x: u32, y: u32) -> bool {
        self.coverage[y as usize * self.width as usize + x as usize] >= HOLE_THRESHOLD
    }

    /// Number of pixels that go.
    pub fn hole_count(&self) -> u64 {
        self.coverage.par_chunks(PIXELS_PER_TASK).map(holes_of).sum()
    }

    /// The smallest rectangle around all pixels that go; empty where none does.
    pub fn hole_bounds(&self) -> Rect {
        self.bounds_from(HOLE_THRESHOLD)
    }

    /// The smallest rectangle around all pixels of `rect` (inside the mask) that go; empty where none does.
    pub fn hole_bounds_within(&self, rect: Rect) -> Rect {
        let is_hole = |coverage: &u8| *coverage >= HOLE_THRESHOLD;
        let rows = (rect.y..rect.bottom()).into_par_iter();
        rows.filter_map(|y| {
            let row = self.row_of(rect, y);
            let (first, last) = (row.iter().position(is_hole)?, row.iter().rposition(is_hole)?);
            Some(Rect::new(rect.x + first as u32, y, (last - first) as u32 + 1, 1))
        })
        .reduce(Rect::default, |bounds, row| bounds.union(&row))
    }

    /// Number of pixels of `rect` (inside the mask) that go.
    pub fn hole_count_within(&self, rect: Rect) -> u64 {
        let rows = (rect.y..rect.bottom()).into_par_iter();
        rows.map(|y| holes_of(self.row_of(rect, y))).sum()
    }

    /// Which pixels of `rect` (inside the mask) go, row by row.
    pub fn holes(&self, rect: Rect) -> Vec<bool> {
        let mut holes = vec![false; rect.area() as usize];
        let rows = holes.par_chunks_mut(rect.width.max(1) as usize);
        (rect.y..rect.bottom())
            .into_par_iter()
            .zip(rows)
            .for_each(|(y, holes)| {
                for (hole, coverage) in holes.iter_mut().zip(self.row_of(rect, y)) {
                    *hole = *coverage >= HOLE_THRESHOLD;
                }
            });
        holes
    }

    fn row_of(&self, rect: Rect, y: u32) -> &[u8] {
        let start = y as usize * self.width as usize + rect.x as usize;
        &self.coverage[start..start + rect.width as usize]
    }

    /// The smallest rectangle around all pixels with at least this coverage; empty where there are none.
    pub fn bounds_from(&self, least: u8) -> Rect {
        let rows = self.coverage.par_chunks(self.width.max(1) as usize).enumerate();
        rows.filter_map(|(y, row)| {
            // A vectorised test first: most rows are empty.
            if row.iter().fold(0, |most, &coverage| coverage.max(most)) < least {
                return None;
            }
            let first = row.iter().position(|&coverage| coverage >= least)?;
            let last = row.iter().rposition(|&coverage| coverage >= least)?;
            Some(Rect::new(first as u32, y as u32, (last - first) as u32 + 1, 1))
        })
        .reduce(Rect::default, |bounds, row| bounds.union(&row))
    }

    /// Whether nothing goes.
    pub fn is_empty(&self) -> bool {
        !self.coverage.iter().any(|&coverage| coverage >= HOLE_THRESHOLD)
    }

    /// What went stays, and what stayed goes.
    pub fn invert(&mut self) {
        self.coverage
            .par_iter_mut()
            .for_each(|coverage| *coverage = 255 - *coverage);
    }

    /// Keeps everything.
    pub fn clear(&mut self) {
        self.coverage.fill(0);
    }

    /// A copy of `rect`, which must lie inside the mask.
    pub fn crop(&self, rect: Rect) -> Self {
        debug_assert!(
            self.bounds().contains_rect(&rect),
            "{rect:?} leaves {:?}",
            self.bounds()
        );
        let rows = (rect.y..rect.bottom()).flat_map(|y| {
            let start = y as usize * self.width as usize + rect.x as usize;
            self.coverage[start..start + rect.width as usize].iter().copied()
        });
        Self {
            width: rect.width,
            height: rect.height,
            coverage: rows.collect(),
        }
    }

    /// Puts `patch` over the mask with its top left corner at `x`, `y`; it must lie inside the mask.
    pub fn paste(&mut self, patch: &Self, x: u32, y: u32) {
        let rect = Rect::new(x, y, patch.width, patch.height);
        debug_assert!(
            self.bounds().contains_rect(&rect),
            "{rect:?} leaves {:?}",
            self.bounds()
        );
        if rect.is_empty() {
            return;
        }
        for (row, from) in patch.coverage.chunks_exact(patch.width as usize).enumerate() {
            let start = (y as usize + row) * self.width as usize + x as usize;
            self.coverage[start..start + from.len()].copy_from_slice(from);
        }
    }

    /// The mask as a grey picture, to be written as a file that reads as the same mask.
    pub fn to_pixels(&self) -> Option<Pixels> {
        Pixels::new(
            self.width,
            self.height,
            Channels::Gray,
            Samples::U8(self.coverage.clone()),
        )
    }
}

/// How many of these pixels go; many at a time, since the count is narrow.
fn holes_of(coverage: &[u8]) -> u64 {
    let count: u32 = coverage
        .iter()
        .map(|&coverage| u32::from(coverage >= HOLE_THRESHOLD))
        .sum();
    u64::from(count)
}

#[cfg(test)]
mod tests {
    use super::Mask;
    use crate::imaging::Rect;

    fn dots(width: u32, height: u32, holes: &[(u32, u32)]) -> Mask {
        let mut mask = Mask::empty(width, height);
        for &(x, y) in holes {
            mask.coverage_mut()[(y * width + x) as usize] = 255;
        }
        mask
    }

    #[test]
    fn bounds_hold_all_coverage_and_no_more() {
        let mut mask = Mask::empty(9, 7);
        assert!(mask.bounds_from(1).is_empty(), "nothing painted");
        mask.coverage_mut()[2 * 9 + 3] = 200;
        mask.coverage_mut()[5 * 9 + 7] = 20;
        assert_eq!(mask.bounds_from(1), Rect::new(3, 2, 5, 4));
        assert_eq!(mask.hole_bounds(), Rect::new(3, 2, 1, 1));
    }

    #[test]
    fn holes_of_a_rectangle_are_those_in_it() {
        let mask = dots(9, 7, &[(0, 0), (3, 2), (5, 4), (8, 6)]);
        let rect = Rect::new(3, 2, 4, 3);
        assert_eq!(mask.hole_bounds_within(rect), Rect::new(3, 2, 3, 3));
        assert!(mask.hole_bounds_within(Rect::new(1, 1, 2, 5)).is_empty());
        assert_eq!(mask.hole_count_within(rect), 2);
        let holes = mask.holes(rect);
        let found: Vec<usize> = (0..holes.len()).filter(|&at| holes[at]).collect();
        assert_eq!(found, [0, 10], "of 4 columns and 3 rows");
    }

    #[test]
    fn bounds_hold_exactly_the_holes() {
        assert_eq!(
            dots(9, 7, &[(2, 1), (6, 4), (3, 5)]).hole_bounds(),
            Rect::new(2, 1, 5, 5)
        );
        assert!(dots(9, 7, &[]).hole_bounds().is_empty(), "no hole, no bounds");
    }

    #[test]
    fn inverting_twice_changes_nothing() {
        let mask = dots(4, 4, &[(0, 0), (3, 2)]);
        let mut inverted = mask.clone();
        inverted.invert();
        assert_eq!(inverted.hole_count(), 14);
        inverted.invert();
        assert_eq!(inverted, mask);
    }

    #[test]
    fn a_crop_pasted_back_changes_nothing() {
        let mask = dots(6, 5, &[(1, 1), (4, 3)]);
        let mut copy = mask.clone();
        copy.paste(&mask.crop(Rect::new(1, 1, 4, 3)), 1, 1);
        assert_eq!(copy, mask);
        copy.paste(&Mask::empty(6, 5), 0, 0);
        assert!(copy.is_empty(), "all was pasted over");
    }
}
