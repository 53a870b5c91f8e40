//! What the canvas is given each frame: borrowed pixels, and how they become colours of the screen.
//!
//! The canvas keeps nothing of the document. It reads what it needs from a [`Scene`] while it fills its textures,
//! so the document stays the only owner of pixels and the canvas can be tested with pictures made on the spot.

use crate::imaging::{Mask, Pixels, Rect, color::DisplayTransform};

/// The document as the canvas sees it, for one frame.
///
/// All three have the same size. Passing the same picture as original and result is the cheapest way to say that
/// nothing has been removed yet.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// The photo as it was opened.
    pub original: &'a Pixels,
    /// The photo with all visible removals.
    pub result: &'a Pixels,
    /// What the person has painted.
    pub mask: &'a Mask,
    /// How samples become colours of the screen.
    pub colors: &'a dyn DisplayColors,
}

/// Turns a photo's samples into sRGB for the screen.
pub trait DisplayColors {
    /// Writes the pixels of `rect`, row by row, as sRGB with straight alpha, four bytes each.
    ///
    /// `rect` lies inside `pixels` and `rgba` has `4 · rect.area()` bytes. Called with single rows, many times.
    fn fill_rgba(&self, pixels: &Pixels, rect: Rect, rgba: &mut [u8]);
}

impl DisplayColors for DisplayTransform {
    fn fill_rgba(&self, pixels: &Pixels, rect: Rect, rgba: &mut [u8]) {
        self.to_rgba8(pixels, rect, rgba);
    }
}
