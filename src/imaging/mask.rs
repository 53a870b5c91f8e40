//! What should go: one coverage value per pixel of a photo.
//!
//! A mask is painted with soft brushes and read from grey files, so it holds coverage; but a pixel is either
//! removed or kept. [`HOLE_THRESHOLD`] decides, the same for the window, the command line and the overlay.

use super::Rect;

/// Coverage from which on a pixel is a hole.
pub const HOLE_THRESHOLD: u8 = 128;

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
        self.coverage
            .iter()
            .filter(|&&coverage| coverage >= HOLE_THRESHOLD)
            .count() as u64
    }
}
