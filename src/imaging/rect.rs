//! Axis-aligned rectangles of whole pixels.

use serde::{Deserialize, Serialize};

/// A rectangle of pixels: columns `x..x + width`, rows `y..y + height`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Rect {
    /// Leftmost column.
    pub x: u32,
    /// Topmost row.
    pub y: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Rect {
    /// The rectangle with this top left corner and size.
    pub const fn new(x: u32, y: u32, width: u32, height: u32) -> Self {
        Self { x, y, width, height }
    }

    /// The first column to the right of the rectangle.
    pub const fn right(&self) -> u32 {
        self.x + self.width
    }

    /// The first row below the rectangle.
    pub const fn bottom(&self) -> u32 {
        self.y + self.height
    }

    /// Number of pixels.
    pub const fn area(&self) -> u64 {
        self.width as u64 * self.height as u64
    }

    /// Whether there is no pixel in it.
    pub const fn is_empty(&self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// Whether the pixel lies in it.
    pub const fn contains(&self, x: u32, y: u32) -> bool {
        x >= self.x && x < self.right() && y >= self.y && y < self.bottom()
    }

    /// Whether every pixel of `other` lies in it. No rectangle is too large to ask.
    pub const fn contains_rect(&self, other: &Self) -> bool {
        const fn contains(start: u32, length: u32, other_start: u32, other_length: u32) -> bool {
            let (end, other_end) = (
                start as u64 + length as u64,
                other_start as u64 + other_length as u64,
            );
            other_start >= start && other_end <= end
        }
        other.is_empty()
            || (contains(self.x, self.width, other.x, other.width)
                && contains(self.y, self.height, other.y, other.height))
    }

    /// The pixels in both; empty where they do not meet.
    pub fn intersect(&self, other: &Self) -> Self {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        let right = self.right().min(other.right()).max(x);
        let bottom = self.bottom().min(other.bottom()).max(y);
        Self::new(x, y, right - x, bottom - y)
    }

    /// The smallest rectangle around both. An empty one adds nothing.
    pub fn union(&self, other: &Self) -> Self {
        if self.is_empty() {
            return *other;
        }
        if other.is_empty() {
            return *self;
        }
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        let (right, bottom) = (self.right().max(other.right()), self.bottom().max(other.bottom()));
        Self::new(x, y, right - x, bottom - y)
    }

    /// Grown by `margin_px` on every side, but kept inside a picture of `width` × `height`.
    pub fn grown_within(&self, margin_px: u32, width: u32, height: u32) -> Self {
        let (x, y) = (self.x.saturating_sub(margin_px), self.y.saturating_sub(margin_px));
        let right = self.right().saturating_add(margin_px).min(width);
        let bottom = self.bottom().saturating_add(margin_px).min(height);
        Self::new(x, y, right.saturating_sub(x), bottom.saturating_sub(y))
    }

    /// Columns and rows of a picture of it in which so many pixels per side make one.
    pub const fn size_scaled_down(&self, scale_down: u32) -> (u32, u32) {
        (self.width.div_ceil(scale_down), self.height.div_ceil(scale_down))
    }
}

#[cfg(test)]
mod tests {
    use super::Rect;

    #[test]
    fn rectangles_that_do_not_meet_share_no_pixel() {
        assert!(
            Rect::new(0, 0, 4, 4).intersect(&Rect::new(9, 0, 4, 4)).is_empty(),
            "apart in x"
        );
        assert_eq!(
            Rect::new(0, 0, 4, 4).intersect(&Rect::new(2, 3, 9, 9)),
            Rect::new(2, 3, 2, 1)
        );
    }

    #[test]
    fn growing_stops_at_the_picture() {
        assert_eq!(
            Rect::new(1, 5, 2, 2).grown_within(3, 10, 8),
            Rect::new(0, 2, 6, 6)
        );
    }

    #[test]
    fn an_empty_rectangle_adds_nothing_to_a_union() {
        assert_eq!(
            Rect::default().union(&Rect::new(3, 3, 1, 1)),
            Rect::new(3, 3, 1, 1)
        );
    }
}
