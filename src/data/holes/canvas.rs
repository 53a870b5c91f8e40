//! A mask under construction: shapes are added, counted, and taken back where they take too much.
//!
//! Only sums, products, quotients and square roots decide which pixels a shape covers; these are exact to the last bit
//! on every machine.

use crate::imaging::{Mask, Rect};

/// A place or a direction in pixels, columns to the right, rows down.
pub(super) type Point = [f64; 2];

pub(super) struct Canvas {
    pub(super) mask: Mask,
    /// Where holes may lie.
    pub(super) area: Rect,
    /// Hole pixels so far.
    pub(super) count: u64,
    /// What was covered since the last [`Self::keep`].
    fresh: Vec<usize>,
}

impl Canvas {
    pub(super) fn new(width: u32, height: u32, area: Rect) -> Self {
        Self {
            mask: Mask::empty(width, height),
            area,
            count: 0,
            fresh: Vec::new(),
        }
    }

    /// What was added stays.
    pub(super) fn keep(&mut self) {
        self.fresh.clear();
    }

    /// Takes back what was added since the last [`Self::keep`].
    pub(super) fn undo(&mut self) {
        self.count -= self.fresh.len() as u64;
        for pixel in self.fresh.drain(..) {
            self.mask.coverage_mut()[pixel] = 0;
        }
    }

    /// Covers the pixels whose centre lies within `radius` of `center`, at least one.
    pub(super) fn disc(&mut self, center: Point, radius: f64) {
        // The farthest that a point can be from the nearest centre of a pixel is 0.71.
        let radius = radius.max(0.75);
        for y in self.rows(center[1] - radius, center[1] + radius) {
            let above = f64::from(y) + 0.5 - center[1];
            let half = (radius * radius - above * above).max(0.0).sqrt();
            self.span(y, center[0] - half, center[0] + half);
        }
    }

    /// Covers the pixels whose centre lies inside the outline, which is closed by itself.
    pub(super) fn polygon(&mut self, outline: &[Point]) {
        let heights = || outline.iter().map(|point| point[1]);
        let top = heights().fold(f64::INFINITY, f64::min);
        let bottom = heights().fold(f64::NEG_INFINITY, f64::max);
        let mut crossings = Vec::new();
        for y in self.rows(top, bottom) {
            crossings.clear();
            let middle = f64::from(y) + 0.5;
            let ends = outline.iter().skip(1).chain(outline.first());
            crossings.extend(
                outline
                    .iter()
                    .zip(ends)
                    .filter(|(from, to)| (from[1] <= middle) != (to[1] <= middle))
                    .map(|(from, to)| from[0] + (middle - from[1]) / (to[1] - from[1]) * (to[0] - from[0])),
            );
            crossings.sort_by(f64::total_cmp);
            for pair in crossings.as_chunks::<2>().0 {
                self.span(y, pair[0], pair[1]);
            }
        }
    }

    /// Widens all holes by `radius_px`, unless more than `most` pixels would be holes.
    pub(super) fn grow(&mut self, radius_px: u32, most: u64) {
        let mut grown = Mask::empty(self.mask.width(), self.mask.height());
        let inside = self.mask.grown(radius_px as f32).crop(self.area);
        grown.paste(&inside, self.area.x, self.area.y);
        let count = grown.hole_count();
        if count <= most {
            (self.mask, self.count) = (grown, count);
        }
    }

    /// The rows of the area with a centre between `top` and `bottom`.
    fn rows(&self, top: f64, bottom: f64) -> std::ops::Range<u32> {
        range(top, bottom, self.area.y, self.area.bottom())
    }

    /// Covers the pixels of a row with a centre between `left` and `right`.
    fn span(&mut self, y: u32, left: f64, right: f64) {
        let columns = range(left, right, self.area.x, self.area.right());
        let start = y as usize * self.mask.width() as usize;
        let row = start + columns.start as usize..start + columns.end as usize;
        for (pixel, coverage) in row.clone().zip(&mut self.mask.coverage_mut()[row]) {
            if *coverage == 0 {
                *coverage = 255;
                self.fresh.push(pixel);
                self.count += 1;
            }
        }
    }
}

/// The whole numbers in `first..end` whose centre (half a pixel on) lies between `low` and `high`.
fn range(low: f64, high: f64, first: u32, end: u32) -> std::ops::Range<u32> {
    let start = ((low - 0.5).ceil().max(0.0) as u32).clamp(first, end);
    let stop = ((high - 0.5).floor().max(-1.0) + 1.0) as u32;
    start..stop.clamp(start, end)
}

#[cfg(test)]
mod tests {
    use super::Canvas;
    use crate::imaging::Rect;

    #[test]
    fn what_is_taken_back_leaves_nothing() {
        let mut canvas = Canvas::new(20, 20, Rect::new(0, 0, 20, 20));
        canvas.disc([5.0, 5.0], 3.0);
        canvas.keep();
        let before = canvas.mask.clone();
        canvas.polygon(&[[2.0, 2.0], [18.0, 3.0], [9.0, 17.0]]);
        assert!(
            canvas.count > before.hole_count(),
            "the triangle covered something"
        );
        canvas.undo();
        assert_eq!(canvas.mask, before);
        assert_eq!(canvas.count, before.hole_count());
    }

    #[test]
    fn a_square_covers_the_pixels_whose_centres_lie_in_it_and_nothing_leaves_the_area() {
        let mut canvas = Canvas::new(10, 10, Rect::new(2, 2, 6, 6));
        canvas.polygon(&[[3.0, 3.0], [6.0, 3.0], [6.0, 5.0], [3.0, 5.0]]);
        assert_eq!(canvas.mask.hole_bounds(), Rect::new(3, 3, 3, 2));
        canvas.disc([5.0, 5.0], 30.0);
        assert_eq!(canvas.mask.hole_bounds(), Rect::new(2, 2, 6, 6));
        assert_eq!(canvas.count, 36);
    }
}
