//! What is read, written and read again is the same: samples, colour profile, EXIF, XMP and IPTC.
//!
//! All pictures are made here, from seeds. Oracles are independent of the code under test: the `image` crate for
//! samples and orientation, `kamadak-exif` for EXIF, and brute force for masks.

#![expect(clippy::tests_outside_test_module, reason = "this whole crate is tests")]

mod damage;
mod files;
mod formats;
mod masks;
mod metadata;
mod support;
