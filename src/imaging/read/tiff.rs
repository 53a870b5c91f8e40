//! TIFF: grey and RGB with or without alpha, in 8 and 16 bit; grey of 1, 2 and 4 bit becomes 8 bit.
//!
//! The EXIF fields stand among those of the picture; they are gathered into a block of their own, as the other
//! formats have it.

use std::io::{Cursor, ErrorKind};

use ::tiff::{
    ColorType, TiffError,
    decoder::{Decoder, DecodingResult, Limits},
    tags::Tag,
};

use super::{Problem, Stored, check_size, pixels};
use crate::imaging::{Channels, Format, Resolution, Samples, exif_fields::Fields};

const XMP: Tag = Tag::Unknown(700);
const PHOTOSHOP: Tag = Tag::Unknown(34377);
const LAYERS: Tag = Tag::Unknown(37724);
const MAX_METADATA_BYTES: usize = 256 << 20;

type TiffDecoder<'a> = Decoder<Cursor<&'a [u8]>>;

pub(super) fn decode(bytes: &[u8]) -> Result<Stored, Problem> {
    let mut decoder = Decoder::new(Cursor::new(bytes)).map_err(problem)?;
    let (width, height) = decoder.dimensions().map_err(problem)?;
    let kind = decoder.colortype().map_err(problem)?;
    let (channels, bits) = layout(kind)?;
    let bytes_per_pixel = channels.count() * usize::from(bits.div_ceil(8));
    check_size(width, height, bytes_per_pixel, Some(bytes.len()))?;
    let picture_bytes = width as usize * height as usize * bytes_per_pixel;
    let mut limits = Limits::default();
    limits.decoding_buffer_size = picture_bytes.max(1 << 20);
    limits.intermediate_buffer_size = picture_bytes.max(1 << 20) * 2;
    limits.ifd_value_size = MAX_METADATA_BYTES;
    decoder = decoder.with_limits(limits);
    let samples = samples(&mut decoder, width, channels, bits)?;
    let mut notices = notices(&mut decoder);
    let (exif, resolution) = exif(bytes, &mut notices);
    Ok(Stored {
        icc: decoder.get_tag_u8_vec(Tag::IccProfile).ok(),
        exif,
        xmp: decoder.get_tag_u8_vec(XMP).ok(),
        iptc: decoder.get_tag_u8_vec(PHOTOSHOP).ok(),
        resolution,
        notices,
        ..Stored::new(pixels(Format::Tiff, width, height, channels, samples)?)
    })
}

fn layout(kind: ColorType) -> Result<(Channels, u8), Problem> {
    Ok(match kind {
        ColorType::Gray(bits @ (1 | 2 | 4 | 8 | 16)) => (Channels::Gray, bits),
        ColorType::GrayA(bits @ (8 | 16))
        | ColorType::Multiband {
            bit_depth: bits @ (8 | 16),
            num_samples: 2,
        } => (Channels::GrayAlpha, bits),
        ColorType::RGB(bits @ (8 | 16)) => (Channels::Rgb, bits),
        ColorType::RGBA(bits @ (8 | 16)) => (Channels::Rgba, bits),
        ColorType::CMYK(_) | ColorType::CMYKA(_) => return Err(Problem::unsupported("CMYK TIFF", "RGB")),
        ColorType::YCbCr(_) => return Err(Problem::unsupported("YCbCr TIFF", "RGB")),
        ColorType::Lab(_) => return Err(Problem::unsupported("Lab TIFF", "RGB")),
        other => {
            let what = format!("TIFF with samples of {} bit ({other:?})", other.bit_depth());
            return Err(Problem::unsupported(what, "grey or RGB TIFF with 8 or 16 bit"));
        }
    })
}

fn samples(
    decoder: &mut TiffDecoder<'_>,
    width: u32,
    channels: Channels,
    bits: u8,
) -> Result<Samples, Problem> {
    let mut result = DecodingResult::U8(Vec::new());
    let layout = decoder.read_image_to_buffer(&mut result).map_err(problem)?;
    let planes = layout.planes;
    match result {
        DecodingResult::U8(packed) if bits < 8 => Ok(Samples::U8(unpacked(&packed, width, bits))),
        DecodingResult::U8(samples) => Ok(Samples::U8(interleaved(samples, planes, channels))),
        DecodingResult::U16(samples) => Ok(Samples::U16(interleaved(samples, planes, channels))),
        _ => Err(Problem::unsupported(
            "TIFF with signed or floating point samples",
            "TIFF with 8 or 16 bit",
        )),
    }
}

/// Spreads samples of less than a byte over the full range of a byte. Rows start at whole bytes.
fn unpacked(packed: &[u8], width: u32, bits: u8) -> Vec<u8> {
    let per_byte = 8 / bits;
    let highest = (1_u16 << bits) - 1;
    let row_bytes = (width as usize).div_ceil(usize::from(per_byte));
    let unpack = |byte: u8| {
        (0..per_byte).map(move |index| {
            let value = u16::from(byte >> (8 - bits * (index + 1))) & highest;
            (value * 255 / highest) as u8
        })
    };
    packed
        .chunks_exact(row_bytes)
        .flat_map(|row| row.iter().flat_map(|&byte| unpack(byte)).take(width as usize))
        .collect()
}

/// One plane after the other becomes pixel after pixel.
fn interleaved<T: Copy>(samples: Vec<T>, planes: usize, channels: Channels) -> Vec<T> {
    if planes <= 1 || planes != channels.count() {
        return samples;
    }
    let plane = samples.len() / planes;
    (0..plane * planes)
        .map(|index| samples[index % planes * plane + index / planes])
        .collect()
}

/// The EXIF block, and the resolution that stands in it too.
fn exif(bytes: &[u8], notices: &mut Vec<String>) -> (Option<Vec<u8>>, Option<Resolution>) {
    let Some(mut fields) = Fields::parse(bytes) else {
        notices.push("EXIF data is not read from BigTIFF files and is left out".to_owned());
        return (None, None);
    };
    fields.drop_unitless_resolution();
    // The orientation alone is worth a block: it has to be applied.
    let block = (!fields.main.is_empty() || !fields.is_empty()).then(|| fields.to_block());
    (block, fields.resolution())
}

fn notices(decoder: &mut TiffDecoder<'_>) -> Vec<String> {
    let mut notices = Vec::new();
    if decoder.more_images() {
        notices.push("the TIFF file holds several pictures; only the first is read".to_owned());
    }
    if matches!(decoder.find_tag(LAYERS), Ok(Some(_))) {
        notices.push("the layers of the TIFF file are left out; its flat picture is read".to_owned());
    }
    let extra = decoder.find_tag_unsigned_vec::<u16>(Tag::ExtraSamples);
    if extra.is_ok_and(|extra| extra.is_some_and(|kinds| kinds.first() == Some(&1))) {
        notices
            .push("the TIFF file's colours are multiplied by alpha; they are taken as they are".to_owned());
    }
    notices
}

fn problem(error: TiffError) -> Problem {
    match error {
        TiffError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            Problem::CutOff { format: Format::Tiff }
        }
        TiffError::UnsupportedError(what) => Problem::unsupported(
            format!("this kind of TIFF ({what})").replace('\n', " "),
            "grey or RGB TIFF with 8 or 16 bit",
        ),
        error => Problem::damaged(Format::Tiff, error),
    }
}
