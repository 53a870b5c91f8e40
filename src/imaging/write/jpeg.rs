//! JPEG with everything that its segments hold.
//!
//! Plain baseline with all components in one scan, which every decoder reads. The encoder's optimised tables would
//! save a few percent, but it then writes a scan per component, which some decoders get wrong.

use jpeg_encoder::{ColorType, Encoder, EncodingError, PixelDensity, PixelDensityUnit, SamplingFactor};

use super::{Problem, UNREADABLE_EXIF, depth::over_white};
use crate::imaging::{Format, Metadata, Pixels, Samples, exif_fields::Fields};

const XMP_PREFIX: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const PHOTOSHOP_PREFIX: &[u8] = b"Photoshop 3.0\0";
/// What a segment holds behind its length.
const SEGMENT_BYTES: usize = 65_533;
const EXIF_BYTES: usize = SEGMENT_BYTES - 6;
/// The highest resolution that JFIF holds.
const MAX_DOTS: u32 = u16::MAX as u32;
/// Below this quality colours are stored at half resolution, which then shows less than the saved bytes.
const FULL_COLOR_QUALITY: u8 = 90;

pub(super) fn encode(
    pixels: &Pixels,
    metadata: Metadata,
    quality: u8,
    notices: &mut Vec<String>,
) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, quality.clamp(1, 100));
    encoder.set_sampling_factor(if quality >= FULL_COLOR_QUALITY {
        SamplingFactor::F_1_1
    } else {
        SamplingFactor::F_2_2
    });
    if let Some([x, y]) = metadata.resolution.map(|resolution| resolution.dots_per(1.0)) {
        let density = (x.clamp(1, MAX_DOTS) as u16, y.clamp(1, MAX_DOTS) as u16);
        let unit = PixelDensityUnit::Inches;
        encoder.set_density(PixelDensity { density, unit });
    }
    let is_multiplied = metadata.has_associated_alpha;
    add_metadata(&mut encoder, metadata, notices).map_err(problem)?;
    let color_type = match pixels.channels().color_count() {
        1 => ColorType::Luma,
        _ => ColorType::Rgb,
    };
    let flat = without_alpha(pixels, is_multiplied, notices)?;
    let (width, height) = (pixels.width() as u16, pixels.height() as u16);
    encoder
        .encode(&flat, width, height, color_type)
        .map_err(problem)?;
    Ok(bytes)
}

fn without_alpha<'a>(
    pixels: &'a Pixels,
    is_multiplied: bool,
    notices: &mut Vec<String>,
) -> Result<std::borrow::Cow<'a, [u8]>, Problem> {
    let Samples::U8(samples) = pixels.samples() else {
        return Err(Problem::encoder(Format::Jpeg, "16 bit samples"));
    };
    if !pixels.channels().has_alpha() {
        return Ok(samples.into());
    }
    let (flat, was_transparent) = over_white(samples, pixels.channels(), is_multiplied);
    if was_transparent {
        notices.push("JPEG holds no transparency: the picture was laid over white".to_owned());
    }
    Ok(flat.into())
}

fn add_metadata<W: jpeg_encoder::JfifWrite>(
    encoder: &mut Encoder<W>,
    metadata: Metadata,
    notices: &mut Vec<String>,
) -> Result<(), EncodingError> {
    if let Some(exif) = metadata.exif.and_then(|exif| fitting_exif(exif, notices)) {
        encoder.add_exif_metadata(&exif)?;
    }
    if let Some(xmp) = metadata.xmp {
        if xmp.len() + XMP_PREFIX.len() > SEGMENT_BYTES {
            notices.push(format!(
                "XMP is left out: JPEG holds 64 KiB of it, not {} bytes",
                xmp.len()
            ));
        } else {
            encoder.add_app_segment(1, [XMP_PREFIX, &xmp].concat())?;
        }
    }
    if let Some(icc) = metadata.icc
        && encoder.add_icc_profile(&icc).is_err()
    {
        notices.push(format!(
            "the colour profile is left out: {} bytes do not fit into JPEG",
            icc.len()
        ));
    }
    for part in metadata
        .iptc
        .iter()
        .flat_map(|iptc| iptc.chunks(SEGMENT_BYTES - PHOTOSHOP_PREFIX.len()))
    {
        encoder.add_app_segment(13, [PHOTOSHOP_PREFIX, part].concat())?;
    }
    Ok(())
}

/// EXIF of at most a segment: as it is, or without the camera maker's notes, or not at all.
fn fitting_exif(exif: Vec<u8>, notices: &mut Vec<String>) -> Option<Vec<u8>> {
    if exif.len() <= EXIF_BYTES {
        return Some(exif);
    }
    let Some(mut fields) = Fields::parse(&exif) else {
        notices.push(UNREADABLE_EXIF.to_owned());
        return None;
    };
    fields.drop_maker_note();
    let smaller = fields.to_block();
    if smaller.len() <= EXIF_BYTES {
        notices.push("the camera maker's notes in EXIF are left out: they do not fit into JPEG".to_owned());
        return Some(smaller);
    }
    notices.push(format!(
        "EXIF is left out: JPEG holds 64 KiB of it, not {} bytes",
        exif.len()
    ));
    None
}

fn problem(error: EncodingError) -> Problem {
    Problem::encoder(Format::Jpeg, error)
}
