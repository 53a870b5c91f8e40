//! Pictures, EXIF blocks and other things to carry, made from scratch.

use std::sync::LazyLock;

use lacuna::imaging::{Channels, Metadata, Pixels, Samples};
use moxcms::ColorProfile;
use proptest::test_runner::{Config, RngSeed};

/// The same cases in every run.
pub(crate) fn config(cases: u32) -> Config {
    Config {
        cases,
        rng_seed: RngSeed::Fixed(20_240_607),
        failure_persistence: None,
        ..Config::default()
    }
}

pub(crate) const ALL_CHANNELS: [Channels; 4] =
    [Channels::Gray, Channels::GrayAlpha, Channels::Rgb, Channels::Rgba];

/// Noise, so that every mistake in place or order shows.
pub(crate) fn noise(width: u32, height: u32, channels: Channels, depth: u8, seed: u64) -> Pixels {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u16
    };
    let count = width as usize * height as usize * channels.count();
    let samples = match depth {
        8 => Samples::U8((0..count).map(|_| next() as u8).collect()),
        _ => Samples::U16((0..count).map(|_| next()).collect()),
    };
    Pixels::new(width, height, channels, samples).unwrap()
}

/// A smooth picture, for JPEG.
pub(crate) fn gradient(width: u32, height: u32) -> Pixels {
    let samples = (0..height)
        .flat_map(|y| (0..width).flat_map(move |x| [(x * 5) as u8, (y * 6) as u8, 128]))
        .collect();
    Pixels::new(width, height, Channels::Rgb, Samples::U8(samples)).unwrap()
}

/// A profile that a decoder takes for one. It states when it was made: the same one for the whole run.
pub(crate) fn icc(channels: Channels) -> Vec<u8> {
    static GRAY: LazyLock<Vec<u8>> =
        LazyLock::new(|| ColorProfile::new_gray_with_gamma(1.8).encode().unwrap());
    static DISPLAY_P3: LazyLock<Vec<u8>> = LazyLock::new(|| ColorProfile::new_display_p3().encode().unwrap());
    match channels.color_count() {
        1 => GRAY.clone(),
        _ => DISPLAY_P3.clone(),
    }
}

pub(crate) const XMP: &[u8] = br#"<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description xmp:Rating="5" exif:GPSLatitude="48,51.5N" tiff:Orientation="1"/></x:xmpmeta>"#;

/// A Photoshop resource with a caption.
pub(crate) const IPTC: &[u8] = b"8BIM\x04\x04\0\0\0\0\0\x0A\x1C\x02\x78\0\x05hello";

pub(crate) const THUMBNAIL: &[u8] = b"\xFF\xD8thumbnail of the photo as it was\xFF\xD9";

/// An EXIF block as a camera writes it: main, EXIF, GPS and thumbnail directories.
pub(crate) fn exif(is_big_endian: bool, orientation: u16) -> Vec<u8> {
    exif_with_note(is_big_endian, orientation, b"maker's private notes")
}

pub(crate) fn exif_with_note(is_big_endian: bool, orientation: u16, note: &[u8]) -> Vec<u8> {
    let mut block = Block {
        bytes: if is_big_endian {
            b"MM\0\x2A".to_vec()
        } else {
            b"II\x2A\0".to_vec()
        },
        is_big_endian,
    };
    block.u32(0);
    let gps = block.directory(
        &[
            (0x0001, 2, b"N\0".to_vec()),
            (0x0002, 5, block.rationals(&[48, 51, 30])),
        ],
        None,
    );
    let exif = block.directory(
        &[
            (0x9003, 2, b"2024:06:07 08:09:10\0".to_vec()),
            (0x927C, 7, note.to_vec()),
            (0xA002, 3, block.short(1)),
            (0xA003, 3, block.short(1)),
            (0xA434, 2, b"Lens 50mm f/1.8\0".to_vec()),
        ],
        None,
    );
    let thumbnail_at = block.bytes.len() as u32 + 2 + 2 * 12 + 4;
    let thumbnail = block.directory(
        &[
            (0x0201, 4, block.long(thumbnail_at)),
            (0x0202, 4, block.long(THUMBNAIL.len() as u32)),
        ],
        None,
    );
    block.bytes.extend_from_slice(THUMBNAIL);
    block.bytes.resize(block.bytes.len().next_multiple_of(2), 0);
    let main = block.directory(
        &[
            (0x010E, 2, b"A caption\0".to_vec()),
            (0x0112, 3, block.short(orientation)),
            (0x013B, 2, b"Ann\0".to_vec()),
            (0x8769, 4, block.long(exif)),
            (0x8825, 4, block.long(gps)),
        ],
        Some(thumbnail),
    );
    let main = block.long(main);
    block.bytes[4..8].copy_from_slice(&main);
    block.bytes
}

struct Block {
    bytes: Vec<u8>,
    is_big_endian: bool,
}

impl Block {
    fn short(&self, value: u16) -> Vec<u8> {
        if self.is_big_endian {
            value.to_be_bytes().to_vec()
        } else {
            value.to_le_bytes().to_vec()
        }
    }

    fn long(&self, value: u32) -> Vec<u8> {
        if self.is_big_endian {
            value.to_be_bytes().to_vec()
        } else {
            value.to_le_bytes().to_vec()
        }
    }

    fn rationals(&self, values: &[u32]) -> Vec<u8> {
        values
            .iter()
            .flat_map(|&value| [self.long(value), self.long(1)].concat())
            .collect()
    }

    fn u32(&mut self, value: u32) {
        let bytes = self.long(value);
        self.bytes.extend(bytes);
    }

    /// Appends the values that do not fit into entries, then the directory; returns where it is.
    fn directory(&mut self, fields: &[(u16, u16, Vec<u8>)], next: Option<u32>) -> u32 {
        let mut entries = self.short(fields.len() as u16);
        for (tag, kind, value) in fields {
            let value_bytes = match kind {
                3 => 2,
                4 => 4,
                5 => 8,
                _ => 1,
            };
            entries.extend(self.short(*tag));
            entries.extend(self.short(*kind));
            entries.extend(self.long((value.len() / value_bytes) as u32));
            if value.len() <= 4 {
                entries.extend_from_slice(value);
                entries.resize(entries.len() + 4 - value.len(), 0);
            } else {
                entries.extend(self.long(self.bytes.len() as u32));
                self.bytes.extend_from_slice(value);
                self.bytes.resize(self.bytes.len().next_multiple_of(2), 0);
            }
        }
        let at = self.bytes.len() as u32;
        self.bytes.extend(entries);
        self.u32(next.unwrap_or(0));
        at
    }
}

/// Everything that a file can carry.
pub(crate) fn full_metadata(channels: Channels, orientation: u16) -> Metadata {
    Metadata {
        icc: Some(icc(channels)),
        exif: Some(exif(orientation.is_multiple_of(2), orientation)),
        xmp: Some(XMP.to_vec()),
        iptc: Some(IPTC.to_vec()),
        ..Metadata::default()
    }
}

pub(crate) fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}
