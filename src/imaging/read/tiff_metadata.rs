//! What a TIFF file holds beside the picture: colour profile, XMP, IPTC and EXIF.
//!
//! The EXIF fields stand among those of the picture; they are gathered into a block of their own, as the other
//! formats have it.

use ::tiff::{
    TiffError,
    decoder::IfdDecoder,
    tags::{ByteOrder, IfdPointer, Tag, ValueBuffer},
};

use super::{Stored, tiff::TiffDecoder};
use crate::imaging::{
    exif::{EXIF_IFD, GPS_IFD, INTEROP_IFD},
    exif_fields::{Field, Fields},
    photoshop,
};

const XMP: Tag = Tag::Unknown(700);
const IPTC: Tag = Tag::Unknown(33723);
const PHOTOSHOP: Tag = Tag::Unknown(34377);

/// Adds it to the picture, with notices of what could not be read.
pub(super) fn add(decoder: &mut TiffDecoder<'_>, bytes: &[u8], stored: &mut Stored) {
    let mut take = |tag, what: &str| {
        let value = value(&mut decoder.image_ifd(), tag).unwrap_or_else(|_unreadable| {
            let notice = format!("the photo's {what} cannot be read and is left out");
            stored.notices.push(notice);
            None
        });
        value.map(|value| value.as_bytes().to_vec())
    };
    let icc = take(Tag::IccProfile, "colour profile");
    let xmp = take(XMP, "XMP data");
    let resources = take(PHOTOSHOP, "IPTC data in Photoshop's form");
    let iptc = take(IPTC, "IPTC data");
    stored.icc = icc;
    stored.xmp = xmp;
    stored.iptc = match iptc {
        Some(iptc) => Some(photoshop::with_iptc(
            resources.unwrap_or_default(),
            &iptc_in_order(iptc),
        )),
        None => resources,
    };
    let mut fields = Fields::parse(bytes).unwrap_or_else(|| fields(decoder));
    fields.drop_unitless_resolution();
    stored.resolution = fields.resolution();
    // The orientation alone is worth a block: it has to be applied.
    stored.exif = (!fields.main.is_empty() || !fields.is_empty()).then(|| fields.to_block());
}

/// The value of a tag as its bytes stand in the file. `None` without that tag.
fn value(ifd: &mut IfdDecoder<'_>, tag: Tag) -> Result<Option<ValueBuffer>, TiffError> {
    let Some(entry) = ifd.find_entry(tag) else {
        return Ok(None);
    };
    let mut value = ValueBuffer::empty(entry.field_type());
    ifd.find_tag_buf(tag, &mut value)?;
    Ok(Some(value))
}

/// Some programs store the bytes as numbers of 32 bit and turn each around.
fn iptc_in_order(mut iptc: Vec<u8>) -> Vec<u8> {
    const MARKER: u8 = 0x1C;
    if iptc.first() != Some(&MARKER) && iptc.get(3) == Some(&MARKER) {
        iptc.chunks_exact_mut(4).for_each(<[u8]>::reverse);
    }
    iptc
}

/// The EXIF fields by way of the decoder, which knows TIFF of 64 bit too. Those that cannot be read are not there.
fn fields(decoder: &mut TiffDecoder<'_>) -> Fields {
    let exif_at = pointer(&mut decoder.image_ifd(), EXIF_IFD);
    let gps_at = pointer(&mut decoder.image_ifd(), GPS_IFD);
    let main = fields_of(&mut decoder.image_ifd());
    let (exif, interop_at) = directory(decoder, exif_at);
    let (gps, _) = directory(decoder, gps_at);
    let (interop, _) = directory(decoder, interop_at);
    Fields::new(main, exif, gps, interop)
}

/// The fields of a directory, and where it says that the interoperability directory is.
fn directory(decoder: &mut TiffDecoder<'_>, at: Option<u64>) -> (Vec<Field>, Option<u64>) {
    let directory = at.and_then(|at| decoder.read_directory(IfdPointer(at)).ok());
    let Some(directory) = directory else {
        return (Vec::new(), None);
    };
    let mut ifd = decoder.read_directory_tags(&directory);
    (fields_of(&mut ifd), pointer(&mut ifd, INTEROP_IFD))
}

fn pointer(ifd: &mut IfdDecoder<'_>, tag: u16) -> Option<u64> {
    ifd.find_tag_unsigned(Tag::from_u16_exhaustive(tag))
        .ok()
        .flatten()
}

fn fields_of(ifd: &mut IfdDecoder<'_>) -> Vec<Field> {
    let tags: Vec<Tag> = ifd.directory().iter().map(|(tag, _)| tag).collect();
    let native = |tag| {
        let mut value = value(ifd, tag).ok().flatten()?;
        value.set_byte_order(ByteOrder::native());
        Some(Field {
            tag: tag.to_u16(),
            kind: value.data_type().to_u16(),
            value: value.as_bytes().to_vec(),
        })
    };
    tags.into_iter().filter_map(native).collect()
}
