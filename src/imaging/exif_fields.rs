//! EXIF as lists of fields, for the way from and to TIFF files.
//!
//! In a TIFF file the EXIF fields stand among those of the picture, so they cannot be carried as one block: they
//! are picked out, with their values, and written anew. Values are kept in the byte order of this machine.

use super::{
    INCHES_PER_CENTIMETRE, Resolution,
    exif::{Block, EXIF_IFD, Entry, GPS_IFD, INTEROP_IFD, MAKER_NOTE, ORIENTATION, bytes_per_value},
};

const X_RESOLUTION: u16 = 0x011A;
const Y_RESOLUTION: u16 = 0x011B;
const RESOLUTION_UNIT: u16 = 0x0128;

/// A field with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) tag: u16,
    pub(super) kind: u16,
    pub(super) value: Vec<u8>,
}

/// The directories of an EXIF block, without the thumbnail's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) main: Vec<Field>,
    pub(super) exif: Vec<Field>,
    pub(super) gps: Vec<Field>,
    pub(super) interop: Vec<Field>,
}

impl Fields {
    /// Picks the fields out of an EXIF block, or out of a whole TIFF file; those that describe how the samples
    /// of a picture are stored are left out. `None` where the first directory cannot be read.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let block = Block::new(bytes)?;
        let first = block.first_ifd()?;
        let main = fields_of(block, first)?;
        let exif_ifd = block.sub_ifd(first, EXIF_IFD);
        let sub = |parent: Option<usize>, tag| {
            parent
                .and_then(|ifd| block.sub_ifd(ifd, tag))
                .and_then(|ifd| fields_of(block, ifd))
                .unwrap_or_default()
        };
        let (exif, gps) = (sub(Some(first), EXIF_IFD), sub(Some(first), GPS_IFD));
        Some(Self::new(main, exif, gps, sub(exif_ifd, INTEROP_IFD)))
    }

    /// Of whole directories, without what describes how samples are stored, what links directories, and what an EXIF
    /// block cannot hold.
    pub(super) fn new(main: Vec<Field>, exif: Vec<Field>, gps: Vec<Field>, interop: Vec<Field>) -> Self {
        let mut fields = Self {
            main,
            exif,
            gps,
            interop,
        };
        fields.main.retain(|field| !is_structural(field.tag));
        fields.exif.retain(|field| field.tag != INTEROP_IFD);
        for directory in [
            &mut fields.main,
            &mut fields.exif,
            &mut fields.gps,
            &mut fields.interop,
        ] {
            directory.retain(|field| bytes_per_value(field.kind).is_some());
        }
        fields
    }

    /// Leaves out a resolution without a unit, which says nothing and which every TIFF file has to state.
    pub(super) fn drop_unitless_resolution(&mut self) {
        let has_unit = |field: &Field| field.tag == RESOLUTION_UNIT && field.value != 1_u16.to_ne_bytes();
        if !self.main.iter().any(has_unit) {
            self.main
                .retain(|field| !matches!(field.tag, X_RESOLUTION | Y_RESOLUTION | RESOLUTION_UNIT));
        }
    }

    /// How large to print, where the fields say so.
    pub(super) fn resolution(&self) -> Option<Resolution> {
        let value = |tag| Some(self.main.iter().find(|field| field.tag == tag)?.value.as_slice());
        let dots = |tag| {
            let &[numerator, denominator] = value(tag)?.as_chunks().0 else {
                return None;
            };
            Some(f64::from(u32::from_ne_bytes(numerator)) / f64::from(u32::from_ne_bytes(denominator)))
        };
        let inches = match u16::from_ne_bytes(*value(RESOLUTION_UNIT)?.first_chunk()?) {
            2 => 1.0,
            3 => INCHES_PER_CENTIMETRE,
            _ => return None,
        };
        Resolution::new(dots(X_RESOLUTION)?, dots(Y_RESOLUTION)?, inches)
    }

    /// States how large to print, unless the fields do.
    pub(super) fn add_resolution(&mut self, resolution: Resolution) {
        if self.main.iter().any(|field| field.tag == X_RESOLUTION) {
            return;
        }
        let field = |tag, kind, value| Field { tag, kind, value };
        let rational = |milli: u32| [milli, 1000].map(u32::to_ne_bytes).concat();
        self.main.retain(|field| field.tag != RESOLUTION_UNIT);
        self.main.extend([
            field(X_RESOLUTION, 5, rational(resolution.x_milli_dpi)),
            field(Y_RESOLUTION, 5, rational(resolution.y_milli_dpi)),
            field(RESOLUTION_UNIT, 3, 2_u16.to_ne_bytes().to_vec()),
        ]);
    }

    /// Whether there is anything that a person would miss.
    pub(super) fn is_empty(&self) -> bool {
        self.main.iter().all(|field| field.tag == ORIENTATION) && self.exif.is_empty() && self.gps.is_empty()
    }

    /// Whether a camera maker's private notes are among the fields.
    pub(super) fn has_maker_note(&self) -> bool {
        self.exif.iter().any(|field| field.tag == MAKER_NOTE)
    }

    /// Leaves out the camera maker's private notes, usually the largest part.
    pub(super) fn drop_maker_note(&mut self) {
        self.exif.retain(|field| field.tag != MAKER_NOTE);
    }

    /// The fields as an EXIF block of their own.
    pub(super) fn to_block(&self) -> Vec<u8> {
        let mut block = if cfg!(target_endian = "big") {
            b"MM\0\x2A\0\0\0\0".to_vec()
        } else {
            b"II\x2A\0\0\0\0\0".to_vec()
        };
        let mut exif = self.exif.clone();
        let interop = put_directory(&mut block, &self.interop);
        exif.extend(link(INTEROP_IFD, interop));
        let mut main = self.main.clone();
        let exif = put_directory(&mut block, &exif);
        main.extend(link(EXIF_IFD, exif));
        let gps = put_directory(&mut block, &self.gps);
        main.extend(link(GPS_IFD, gps));
        if let Some(at) = put_directory(&mut block, &main) {
            block[4..8].copy_from_slice(&at.to_ne_bytes());
        }
        block
    }
}

fn fields_of(block: Block<'_>, ifd: usize) -> Option<Vec<Field>> {
    let entries = block.entries(ifd)?;
    Some(
        entries
            .iter()
            .filter_map(|entry| field_of(block, entry))
            .collect(),
    )
}

fn field_of(block: Block<'_>, entry: &Entry) -> Option<Field> {
    let mut value = block.value(entry)?.to_vec();
    if block.is_big_endian() != cfg!(target_endian = "big") {
        // A rational is two numbers of four bytes.
        let number_bytes = match entry.kind {
            5 | 10 => 4,
            kind => bytes_per_value(kind)?,
        };
        value.chunks_exact_mut(number_bytes).for_each(<[u8]>::reverse);
    }
    Some(Field {
        tag: entry.tag,
        kind: entry.kind,
        value,
    })
}

fn link(tag: u16, at: Option<u32>) -> Option<Field> {
    Some(Field {
        tag,
        kind: 4,
        value: at?.to_ne_bytes().to_vec(),
    })
}

/// Appends a directory with its values; where it starts. `None` for no fields.
fn put_directory(block: &mut Vec<u8>, fields: &[Field]) -> Option<u32> {
    if fields.is_empty() {
        return None;
    }
    let mut fields: Vec<&Field> = fields.iter().collect();
    fields.sort_by_key(|field| field.tag);
    let mut entries = u16::try_from(fields.len()).ok()?.to_ne_bytes().to_vec();
    for field in fields {
        let count = field.value.len() / bytes_per_value(field.kind)?;
        entries.extend_from_slice(&field.tag.to_ne_bytes());
        entries.extend_from_slice(&field.kind.to_ne_bytes());
        entries.extend_from_slice(&u32::try_from(count).ok()?.to_ne_bytes());
        if field.value.len() <= 4 {
            entries.extend_from_slice(&field.value);
            entries.resize(entries.len() + 4 - field.value.len(), 0);
        } else {
            entries.extend_from_slice(&u32::try_from(block.len()).ok()?.to_ne_bytes());
            block.extend_from_slice(&field.value);
            block.resize(block.len().next_multiple_of(2), 0);
        }
    }
    let at = u32::try_from(block.len()).ok()?;
    block.extend_from_slice(&entries);
    block.extend_from_slice(&[0; 4]);
    Some(at)
}

/// Whether a field of the first directory says how the samples are stored, or is carried in another way.
const fn is_structural(tag: u16) -> bool {
    matches!(
        tag,
        0x00FE..=0x0103 // kind, size, bits, compression
            | 0x0106..=0x010A // photometric, threshold, cell, fill order
            | 0x0111 | 0x0115..=0x0119 // strips, samples per pixel, extremes
            | 0x011C | 0x0120..=0x0125 // planes, free space, gray response, fax options
            | 0x012D | 0x013D | 0x0140..=0x0147 // transfer function, predictor, palette, tiles
            | 0x014A | 0x0152..=0x0156 | 0x015B // further pictures, alpha, sample format, JPEG tables
            | 0x0200..=0x0214 // JPEG, YCbCr
            | 0x02BC | 0x83BB | 0x8649 | 0x8773 | 0x935C // XMP, IPTC, Photoshop, ICC, layers
            | EXIF_IFD | GPS_IFD
    )
}

#[cfg(test)]
mod tests {
    use super::{Field, Fields};

    #[test]
    fn fields_survive_the_way_through_a_block() {
        let text = |tag, text: &[u8]| Field {
            tag,
            kind: 2,
            value: text.to_vec(),
        };
        let fields = Fields {
            main: vec![text(0x010F, b"Maker\0"), text(0x0131, b"ab\0")],
            exif: vec![text(0x9003, b"2024:01:01 00:00:00\0")],
            gps: vec![text(0x0001, b"N\0")],
            interop: vec![text(0x0001, b"R98\0")],
        };
        let mut parsed = Fields::parse(&fields.to_block()).unwrap();
        assert_eq!(parsed, fields);
        parsed.drop_maker_note();
        assert!(!parsed.is_empty(), "a maker's name is something");
    }
}
