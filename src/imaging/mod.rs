//! Photos, masks and their files: everything about pixels that does not involve a network.
//!
//! Samples keep the bit depth and the colour space of the file they came from. Nothing here knows tensors, jobs or
//! windows.

mod mask;
mod patch;
mod pixels;
mod rect;

pub use mask::{HOLE_THRESHOLD, Mask};
pub use patch::Patch;
pub use pixels::{Channels, Pixels, Samples};
pub use rect::Rect;
