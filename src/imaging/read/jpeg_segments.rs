//! The segments of a JPEG file: where the metadata is, and whether the file reaches its end.
//!
//! Decoders paint grey over what is missing from a file that was cut off. So the end-of-image marker is looked for
//! here, behind the scans; one inside an embedded thumbnail does not count.

use crate::imaging::{INCHES_PER_CENTIMETRE, Resolution};

/// What the segments hold.
#[derive(Debug, Default)]
pub(super) struct Segments<'a> {
    pub(super) exif: Option<&'a [u8]>,
    pub(super) xmp: Option<&'a [u8]>,
    pub(super) icc: Option<Vec<u8>>,
    /// There are parts of a profile that do not make a whole one.
    pub(super) has_incomplete_icc: bool,
    pub(super) iptc: Option<Vec<u8>>,
    /// How large to print, from JFIF.
    pub(super) resolution: Option<Resolution>,
    pub(super) has_comment: bool,
    /// There are pictures besides the main one: previews, gain maps, depth.
    pub(super) has_more_pictures: bool,
    /// There is more XMP than fits into a segment; it is spread over several.
    pub(super) has_extended_xmp: bool,
    /// Baseline with fewer components in the first scan than in the frame, and colours at reduced resolution. The
    /// decoder gets the colours of such files wrong.
    pub(super) has_separate_scans: bool,
    /// Columns and rows, from the first frame.
    pub(super) size: Option<(u32, u32)>,
    /// Bits per sample, from the first frame.
    pub(super) bit_depth: Option<u8>,
    /// The file holds a picture with its end.
    pub(super) is_complete: bool,
}

const END_OF_IMAGE: u8 = 0xD9;
const START_OF_SCAN: u8 = 0xDA;
const BASELINE: u8 = 0xC0;
const EXTENDED: u8 = 0xC1;

/// One of the segments that a colour profile is spread over, counted from 1.
struct IccPart<'a> {
    number: u8,
    count: u8,
    bytes: &'a [u8],
}

/// What a sequential frame says of its components.
#[derive(Default)]
struct Frame {
    components: u8,
    is_subsampled: bool,
}

impl Frame {
    fn parse(payload: &[u8]) -> Self {
        let sampling = payload
            .get(6..)
            .unwrap_or_default()
            .chunks_exact(3)
            .map(|component| component[1]);
        Self {
            components: payload.get(5).copied().unwrap_or(0),
            is_subsampled: sampling.into_iter().any(|factors| factors != 0x11),
        }
    }
}

impl<'a> Segments<'a> {
    /// Walks over the whole file. What does not make sense ends the walk.
    pub(super) fn find(bytes: &'a [u8]) -> Self {
        let mut segments = Self::default();
        let mut icc_parts: Vec<IccPart<'_>> = Vec::new();
        let mut at = 2;
        let mut has_scan = false;
        let mut frame = Frame::default();
        while let Some((marker, behind)) = next_marker(bytes, at) {
            at = behind;
            match marker {
                END_OF_IMAGE => {
                    segments.is_complete = has_scan;
                    segments.has_more_pictures |= bytes[at..].starts_with(&[0xFF, 0xD8, 0xFF]);
                    break;
                }
                0x01 | 0xD0..=0xD8 => continue,
                _ => {}
            }
            let Some(payload) = payload(bytes, at) else { break };
            at += 2 + payload.len();
            segments.take(marker, payload, &mut icc_parts);
            if is_frame(marker) && segments.size.is_none() {
                segments.size = frame_size(payload);
                segments.bit_depth = payload.first().copied();
            }
            if matches!(marker, BASELINE | EXTENDED) {
                frame = Frame::parse(payload);
            }
            if marker == START_OF_SCAN && !has_scan {
                has_scan = true;
                let in_scan = payload.first().copied().unwrap_or(0);
                segments.has_separate_scans = frame.is_subsampled && in_scan < frame.components;
            }
        }
        segments.has_incomplete_icc = !icc_parts.is_empty();
        segments.icc = joined(icc_parts);
        segments.has_incomplete_icc &= segments.icc.is_none();
        segments
    }

    fn take(&mut self, marker: u8, payload: &'a [u8], icc_parts: &mut Vec<IccPart<'a>>) {
        match marker {
            0xE0 => self.resolution = self.resolution.or_else(|| jfif_resolution(payload)),
            0xFE => self.has_comment = true,
            0xE1 => {
                if let Some(exif) = payload.strip_prefix(b"Exif\0\0") {
                    self.exif.get_or_insert(exif);
                } else if let Some(xmp) = payload.strip_prefix(b"http://ns.adobe.com/xap/1.0/\0") {
                    self.xmp.get_or_insert(xmp);
                } else if payload.starts_with(b"http://ns.adobe.com/xmp/extension/\0") {
                    self.has_extended_xmp = true;
                }
            }
            0xE2 => {
                if let Some(&[number, count, ref bytes @ ..]) = payload.strip_prefix(b"ICC_PROFILE\0") {
                    icc_parts.push(IccPart { number, count, bytes });
                }
                self.has_more_pictures |= payload.starts_with(b"MPF\0");
            }
            0xED => {
                if let Some(resources) = payload.strip_prefix(b"Photoshop 3.0\0") {
                    self.iptc.get_or_insert_default().extend_from_slice(resources);
                }
            }
            _ => {}
        }
    }
}

fn jfif_resolution(payload: &[u8]) -> Option<Resolution> {
    let [_, _, unit, x_high, x_low, y_high, y_low, ..] = *payload.strip_prefix(b"JFIF\0")? else {
        return None;
    };
    let inches = match unit {
        1 => 1.0,
        2 => INCHES_PER_CENTIMETRE,
        _ => return None,
    };
    let dots = |high, low| f64::from(u16::from_be_bytes([high, low]));
    Resolution::new(dots(x_high, x_low), dots(y_high, y_low), inches)
}

/// Of the markers from 0xC0 to 0xCF three are tables, not frames.
const fn is_frame(marker: u8) -> bool {
    matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC)
}

fn frame_size(payload: &[u8]) -> Option<(u32, u32)> {
    let &[_depth, height_high, height_low, width_high, width_low, ..] = payload else {
        return None;
    };
    let side = |high, low| u32::from(u16::from_be_bytes([high, low]));
    Some((side(width_high, width_low), side(height_high, height_low)))
}

/// The next marker at or behind `at`, and where its segment starts. Data of scans is passed over.
fn next_marker(bytes: &[u8], mut at: usize) -> Option<(u8, usize)> {
    loop {
        at += bytes.get(at..)?.iter().position(|&byte| byte == 0xFF)? + 1;
        match bytes.get(at)? {
            // A stuffed or a fill byte is no marker.
            0x00 | 0xFF => {}
            &marker => return Some((marker, at + 1)),
        }
    }
}

fn payload(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let length = u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?);
    bytes.get(at + 2..at + usize::from(length).max(2))
}

/// The whole profile. `None` unless every part is there.
fn joined(mut parts: Vec<IccPart<'_>>) -> Option<Vec<u8>> {
    parts.sort_by_key(|part| part.number);
    parts.dedup_by_key(|part| part.number);
    let count = parts.first()?.count;
    let is_whole =
        parts.iter().map(|part| part.number).eq(1..=count) && parts.iter().all(|part| part.count == count);
    is_whole.then(|| parts.iter().flat_map(|part| part.bytes).copied().collect())
}
