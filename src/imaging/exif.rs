//! Small edits of an EXIF block, in place.
//!
//! An EXIF block is a TIFF file without a picture. Makers' notes inside it point at absolute places, so nothing is
//! ever moved: orientation and size are overwritten where they stand, the thumbnail and the GPS directory are
//! unlinked and blanked, previews blanked. Every access is checked; what does not make sense is left alone.

use std::ops::Range;

use super::Orientation;

pub(super) const ORIENTATION: u16 = 0x0112;
pub(super) const EXIF_IFD: u16 = 0x8769;
pub(super) const GPS_IFD: u16 = 0x8825;
pub(super) const INTEROP_IFD: u16 = 0xA005;
pub(super) const MAKER_NOTE: u16 = 0x927C;
const IMAGE_WIDTH: u16 = 0x0100;
const IMAGE_HEIGHT: u16 = 0x0101;
const PIXEL_X_DIMENSION: u16 = 0xA002;
const PIXEL_Y_DIMENSION: u16 = 0xA003;
const THUMBNAIL_OFFSET: u16 = 0x0201;
const THUMBNAIL_LENGTH: u16 = 0x0202;
const SHORT: u16 = 3;
const LONG: u16 = 4;
const ENTRY_BYTES: usize = 12;
/// More entries than any camera writes; a directory that claims more is damaged.
const MAX_ENTRIES: usize = 1000;

/// Read access to TIFF-structured bytes.
#[derive(Clone, Copy)]
pub(super) struct Block<'a> {
    bytes: &'a [u8],
    is_big_endian: bool,
}

/// One entry of a directory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// Where the entry's 12 bytes start.
    at: usize,
    pub(super) tag: u16,
    pub(super) kind: u16,
    pub(super) count: u32,
}

impl<'a> Block<'a> {
    /// `None` unless the bytes start like a TIFF file.
    pub(super) fn new(bytes: &'a [u8]) -> Option<Self> {
        let is_big_endian = match bytes.get(..4)? {
            [b'I', b'I', 42, 0] => false,
            [b'M', b'M', 0, 42] => true,
            _ => return None,
        };
        Some(Self { bytes, is_big_endian })
    }

    pub(super) const fn is_big_endian(&self) -> bool {
        self.is_big_endian
    }

    pub(super) fn u16_at(&self, at: usize) -> Option<u16> {
        let bytes = self.bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if self.is_big_endian {
            u16::from_be_bytes(bytes)
        } else {
            u16::from_le_bytes(bytes)
        })
    }

    pub(super) fn u32_at(&self, at: usize) -> Option<u32> {
        let bytes = self.bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if self.is_big_endian {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        })
    }

    /// Where the first directory starts.
    pub(super) fn first_ifd(&self) -> Option<usize> {
        self.u32_at(4).map(|at| at as usize)
    }

    /// The entries of the directory at `ifd`. `None` where it does not fit into the block.
    pub(super) fn entries(&self, ifd: usize) -> Option<Vec<Entry>> {
        let count = usize::from(self.u16_at(ifd)?);
        let start = ifd + 2;
        self.bytes.get(start..start + count * ENTRY_BYTES)?;
        if count > MAX_ENTRIES {
            return None;
        }
        (0..count)
            .map(|index| self.entry(start + index * ENTRY_BYTES))
            .collect()
    }

    fn entry(&self, at: usize) -> Option<Entry> {
        Some(Entry {
            at,
            tag: self.u16_at(at)?,
            kind: self.u16_at(at + 2)?,
            count: self.u32_at(at + 4)?,
        })
    }

    pub(super) fn find(&self, ifd: usize, tag: u16) -> Option<Entry> {
        self.entries(ifd)?.into_iter().find(|entry| entry.tag == tag)
    }

    /// The bytes of an entry's value, in the entry itself or where it points. `None` where they do not fit.
    pub(super) fn value_range(&self, entry: &Entry) -> Option<Range<usize>> {
        let length = bytes_per_value(entry.kind)?.checked_mul(entry.count as usize)?;
        let start = if length <= 4 {
            entry.at + 8
        } else {
            self.u32_at(entry.at + 8)? as usize
        };
        let end = start.checked_add(length)?;
        (end <= self.bytes.len()).then_some(start..end)
    }

    pub(super) fn value(&self, entry: &Entry) -> Option<&'a [u8]> {
        self.bytes.get(self.value_range(entry)?)
    }

    /// A single SHORT or LONG.
    pub(super) fn number(&self, entry: &Entry) -> Option<u32> {
        match (entry.kind, entry.count) {
            (SHORT, 1) => self.u16_at(entry.at + 8).map(u32::from),
            (LONG | 13, 1) => self.u32_at(entry.at + 8),
            _ => None,
        }
    }

    /// The directory that the entry `tag` of `ifd` points at.
    pub(super) fn sub_ifd(&self, ifd: usize, tag: u16) -> Option<usize> {
        let entry = self.find(ifd, tag)?;
        self.number(&entry).map(|at| at as usize)
    }

    /// The bytes that a directory and its values take.
    fn extent(&self, ifd: usize) -> Vec<Range<usize>> {
        let Some(entries) = self.entries(ifd) else {
            return Vec::new();
        };
        let end = ifd + 2 + entries.len() * ENTRY_BYTES;
        let directory = ifd..(end + 4).min(self.bytes.len());
        let values = entries.iter().filter_map(|entry| self.value_range(entry));
        values.chain([directory]).collect()
    }

    /// The bytes of everything but the thumbnail and the directory `except`.
    fn kept_extent(&self, except: Option<u16>) -> Vec<Range<usize>> {
        let header = 0..8;
        let mut ranges = Ranges::new();
        ranges.push(header);
        let Some(first) = self.first_ifd() else {
            return ranges;
        };
        ranges.extend(self.extent(first));
        for tag in [EXIF_IFD, GPS_IFD] {
            if let Some(ifd) = self.sub_ifd(first, tag).filter(|_| except != Some(tag)) {
                ranges.extend(self.extent(ifd));
                ranges.extend(
                    self.sub_ifd(ifd, INTEROP_IFD)
                        .into_iter()
                        .flat_map(|at| self.extent(at)),
                );
            }
        }
        ranges
    }
}

/// Bytes per value of a TIFF field type.
pub(super) const fn bytes_per_value(kind: u16) -> Option<usize> {
    match kind {
        1 | 2 | 6 | 7 => Some(1),
        3 | 8 => Some(2),
        4 | 9 | 11 | 13 => Some(4),
        5 | 10 | 12 => Some(8),
        _ => None,
    }
}

/// Whether the block has a header and a first directory that can be read.
pub(super) fn is_readable(exif: &[u8]) -> bool {
    Block::new(exif)
        .and_then(|block| block.entries(block.first_ifd()?))
        .is_some()
}

/// The orientation that the block states. `None` where it states none, or none that exists.
pub(super) fn orientation(exif: &[u8]) -> Option<Orientation> {
    let block = Block::new(exif)?;
    let entry = block.find(block.first_ifd()?, ORIENTATION)?;
    Orientation::from_exif(block.number(&entry)?.try_into().ok()?)
}

/// States that the picture is upright, if the block states an orientation at all.
pub(super) fn reset_orientation(exif: &mut [u8]) {
    let found = Block::new(exif).and_then(|block| block.find(block.first_ifd()?, ORIENTATION));
    if let Some(entry) = found {
        put_number(exif, &entry, 1);
    }
}

/// States the size of the picture, where the block states one.
pub(super) fn set_size(exif: &mut [u8], width: u32, height: u32) {
    let Some(block) = Block::new(exif) else { return };
    let Some(first) = block.first_ifd() else { return };
    let mut found: Vec<_> = [(IMAGE_WIDTH, width), (IMAGE_HEIGHT, height)]
        .into_iter()
        .filter_map(|(tag, side)| Some((block.find(first, tag)?, side)))
        .collect();
    if let Some(ifd) = block.sub_ifd(first, EXIF_IFD) {
        let sides = [(PIXEL_X_DIMENSION, width), (PIXEL_Y_DIMENSION, height)];
        found.extend(
            sides
                .into_iter()
                .filter_map(|(tag, side)| Some((block.find(ifd, tag)?, side))),
        );
    }
    for (entry, side) in found {
        put_number(exif, &entry, side);
    }
}

/// Overwrites a single SHORT or LONG. A SHORT that is too narrow becomes a LONG: both have four bytes of room.
fn put_number(exif: &mut [u8], entry: &Entry, value: u32) {
    if entry.count != 1 || !matches!(entry.kind, SHORT | LONG) {
        return;
    }
    let Some(block) = Block::new(exif) else { return };
    let is_big_endian = block.is_big_endian;
    let short = u16::try_from(value).ok().filter(|_| entry.kind == SHORT);
    let Some(room) = exif.get_mut(entry.at + 2..entry.at + ENTRY_BYTES) else {
        return;
    };
    room[6..].fill(0);
    match (short, is_big_endian) {
        (Some(value), true) => room[6..8].copy_from_slice(&value.to_be_bytes()),
        (Some(value), false) => room[6..8].copy_from_slice(&value.to_le_bytes()),
        (None, true) => {
            room[..2].copy_from_slice(&LONG.to_be_bytes());
            room[6..].copy_from_slice(&value.to_be_bytes());
        }
        (None, false) => {
            room[..2].copy_from_slice(&LONG.to_le_bytes());
            room[6..].copy_from_slice(&value.to_le_bytes());
        }
    }
}

/// Unlinks and blanks the embedded thumbnail, which still shows what was removed from the photo.
///
/// Returns whether there was one. A thumbnail at the end of the block is cut off.
pub(super) fn remove_thumbnail(exif: &mut Vec<u8>) -> bool {
    let Some((link, doomed, kept)) = find_thumbnail(exif) else {
        return false;
    };
    exif[link].fill(0);
    blank(exif, &doomed, &kept);
    let needed = kept.iter().map(|range| range.end).max().unwrap_or(0);
    let tail = doomed
        .iter()
        .filter(|range| range.end >= exif.len())
        .map(|range| range.start)
        .min();
    if let Some(start) = tail {
        exif.truncate(needed.max(start));
    }
    true
}

type Ranges = Vec<Range<usize>>;

/// The link to the thumbnail's directory, the thumbnail's bytes, and everybody else's.
fn find_thumbnail(exif: &[u8]) -> Option<(Range<usize>, Ranges, Ranges)> {
    let block = Block::new(exif)?;
    let first = block.first_ifd()?;
    let link = first + 2 + block.entries(first)?.len() * ENTRY_BYTES;
    let ifd = block.u32_at(link).filter(|&at| at != 0)? as usize;
    let mut doomed = block.extent(ifd);
    let number = |tag| block.find(ifd, tag).and_then(|entry| block.number(&entry));
    if let (Some(start), Some(length)) = (number(THUMBNAIL_OFFSET), number(THUMBNAIL_LENGTH)) {
        let end = (start as usize).saturating_add(length as usize).min(exif.len());
        doomed.push((start as usize).min(end)..end);
    }
    Some((link..link + 4, doomed, block.kept_extent(None)))
}

/// Blanks the previews that camera makers keep in their notes, or beside them where no field says what it is.
///
/// Directories and all other values stay as they are.
pub(super) fn remove_previews(exif: &mut [u8]) {
    let Some(block) = Block::new(exif) else { return };
    let previews = jpeg_files(exif);
    if previews.is_empty() {
        return;
    }
    let mut kept = block.kept_extent(None);
    if let Some(notes) = maker_note(block) {
        kept.retain(|range| *range != notes);
    }
    blank(exif, &previews, &kept);
}

fn maker_note(block: Block<'_>) -> Option<Range<usize>> {
    let ifd = block.sub_ifd(block.first_ifd()?, EXIF_IFD)?;
    block.value_range(&block.find(ifd, MAKER_NOTE)?)
}

/// Where whole JPEG files stand in the bytes, or their beginnings.
fn jpeg_files(bytes: &[u8]) -> Ranges {
    const START: [u8; 3] = [0xFF, 0xD8, 0xFF];
    let mut files = Ranges::new();
    let mut from = 0;
    while let Some(found) = bytes[from..].windows(3).position(|window| window == START) {
        let start = from + found;
        from = match jpeg_length(&bytes[start..]) {
            Some(length) => {
                files.push(start..start + length);
                start + length
            }
            None => start + START.len(),
        };
    }
    files
}

/// How long the JPEG file is that `bytes` start with, thumbnails in its segments included: to its end marker, or all
/// there is of it. `None` where no segments follow.
fn jpeg_length(bytes: &[u8]) -> Option<usize> {
    const END_OF_IMAGE: u8 = 0xD9;
    const START_OF_SCAN: u8 = 0xDA;
    let (mut at, mut segments) = (2, 0);
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        match *rest {
            [0xFF, END_OF_IMAGE, ..] => return Some(at + 2),
            [0xFF, marker @ 0xC0..=0xFE, high, low, ..] => {
                at += 2 + usize::from(u16::from_be_bytes([high, low]));
                segments += 1;
                if marker == START_OF_SCAN {
                    break;
                }
            }
            // Three bytes alone may stand there by chance.
            _ if segments < 2 => return None,
            [] => return Some(bytes.len()),
            _ => break,
        }
    }
    let rest = bytes.get(at..).unwrap_or_default();
    let end = rest.windows(2).position(|pair| pair == [0xFF, END_OF_IMAGE]);
    Some(end.map_or(bytes.len(), |end| at + end + 2))
}

/// Unlinks and blanks the GPS directory. Returns whether there was one.
pub(super) fn remove_location(exif: &mut [u8]) -> bool {
    let Some((first, entry, doomed, kept)) = find_location(exif) else {
        return false;
    };
    blank(exif, &doomed, &kept);
    // The entries behind it, and the link after them, move up by one place.
    let Some(block) = Block::new(exif) else {
        return false;
    };
    let Some(count) = block.u16_at(first) else {
        return false;
    };
    let is_big_endian = block.is_big_endian;
    let end = (first + 2 + usize::from(count) * ENTRY_BYTES + 4).min(exif.len());
    exif.copy_within(entry.at + ENTRY_BYTES..end, entry.at);
    exif[end.saturating_sub(ENTRY_BYTES)..end].fill(0);
    let fewer = count.saturating_sub(1);
    let bytes = if is_big_endian {
        fewer.to_be_bytes()
    } else {
        fewer.to_le_bytes()
    };
    exif[first..first + 2].copy_from_slice(&bytes);
    true
}

fn find_location(exif: &[u8]) -> Option<(usize, Entry, Ranges, Ranges)> {
    let block = Block::new(exif)?;
    let first = block.first_ifd()?;
    let entry = block.find(first, GPS_IFD)?;
    let ifd = block.number(&entry)? as usize;
    Some((first, entry, block.extent(ifd), block.kept_extent(Some(GPS_IFD))))
}

/// Zeroes `doomed`, except where it lies over `kept`.
fn blank(exif: &mut [u8], doomed: &[Range<usize>], kept: &[Range<usize>]) {
    let kept = merged(kept);
    for range in merged(doomed) {
        let mut at = range.start;
        for kept in kept
            .iter()
            .filter(|kept| kept.end > range.start && kept.start < range.end)
        {
            exif[at..kept.start.max(at)].fill(0);
            at = kept.end;
        }
        exif[at.min(range.end)..range.end].fill(0);
    }
}

/// The same bytes as sorted ranges that do not touch.
fn merged(ranges: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut sorted = ranges.to_vec();
    sorted.sort_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in sorted {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}
