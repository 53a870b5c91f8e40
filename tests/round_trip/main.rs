//! What is read, written and read again is the same: samples, colour profile, EXIF, XMP and IPTC.
//!
//! All pictures are made here, from seeds. Oracles are independent of the code under test: the `image` crate for
//! samples and orientation, `kamadak-exif` for EXIF, and brute force for masks.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod damage;
mod files;
mod formats;
mod jpeg;
mod masks;
mod metadata;
mod support;
mod tiff;
