//! Photos, masks and their files: everything about pixels that does not involve a network.
//!
//! Samples keep the bit depth and the colour space of the file they came from. Nothing here knows tensors, jobs or
//! windows.

pub mod color;
pub mod components;
mod distance;
mod exif;
mod exif_fields;
mod mask;
mod metadata;
mod morphology;
mod orientation;
mod patch;
mod photo;
mod photoshop;
mod pixels;
mod pixels_alpha;
mod pixels_rgb;
pub mod random;
pub mod read;
mod rect;
pub mod resize;
mod resolution;
pub mod similar;
pub mod write;
mod xmp;

pub use components::Run;
pub use mask::{HOLE_THRESHOLD, Mask};
pub use metadata::{Metadata, MetadataPolicy};
pub use orientation::Orientation;
pub use patch::Patch;
pub use photo::{Format, Photo};
pub use pixels::{Channels, Pixels, Samples};
pub use rect::Rect;
pub use resolution::Resolution;
use resolution::{INCHES_PER_CENTIMETRE, INCHES_PER_METRE};
