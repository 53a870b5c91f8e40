//! PNG: every colour type and depth; palettes and depths below 8 bit become 8 bit.

use std::io::Cursor;

use ::png::{
    BitDepth, ColorType, Decoder, DecodingError, Info, Limits, PixelDimensions, Transformations, Unit,
};

use super::{Problem, Stored, buffer, check_size, pixels};
use crate::imaging::{Channels, Format, INCHES_PER_METRE, Resolution, Samples};

const XMP_KEYWORD: &str = "XML:com.adobe.xmp";

/// For metadata and rows, not for the picture, whose buffer is ours.
const MAX_INTERNAL_BYTES: usize = 512 << 20;

/// Bytes behind the data of a chunk.
const CHECKSUM: usize = 4;

/// Where columns and rows stand in a file.
pub(super) const SIZE_AT: usize = 16;

pub(super) fn decode(bytes: &[u8]) -> Result<Stored, Problem> {
    if let Some(&[columns, rows]) = bytes
        .get(SIZE_AT..)
        .and_then(|rest| rest.as_chunks().0.first_chunk())
    {
        check_claim(columns, rows)?;
    }
    let mut decoder = Decoder::new_with_limits(
        Cursor::new(bytes),
        Limits {
            bytes: MAX_INTERNAL_BYTES,
        },
    );
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(problem)?;
    let (color_type, depth) = reader.output_color_type();
    let channels = match color_type {
        ColorType::Grayscale => Channels::Gray,
        ColorType::GrayscaleAlpha => Channels::GrayAlpha,
        ColorType::Rgb | ColorType::Indexed => Channels::Rgb,
        ColorType::Rgba => Channels::Rgba,
    };
    let (width, height) = reader.info().size();
    let bytes_per_sample = if depth == BitDepth::Sixteen { 2 } else { 1 };
    check_size(
        width,
        height,
        channels.count() * bytes_per_sample,
        Some(bytes.len()),
    )?;
    let length = reader
        .output_buffer_size()
        .ok_or(Problem::TooLarge { width, height })?;
    let mut raw = buffer(length)?;
    reader.next_frame(&mut raw).map_err(problem)?;
    // What stands behind the picture: often text, sometimes EXIF.
    reader.finish().map_err(problem)?;
    let samples = match depth {
        BitDepth::Sixteen => Samples::U16(
            raw.as_chunks()
                .0
                .iter()
                .map(|pair| u16::from_be_bytes(*pair))
                .collect(),
        ),
        _ => Samples::U8(raw),
    };
    let info = reader.info();
    Ok(Stored {
        icc: info.icc_profile.as_ref().map(|icc| icc.to_vec()),
        exif: info.exif_metadata.as_ref().map(|exif| exif.to_vec()),
        xmp: xmp(info),
        png_colors: colors(bytes),
        resolution: info.pixel_dims.and_then(resolution),
        notices: notices(info),
        ..Stored::new(pixels(Format::Png, width, height, channels, samples)?)
    })
}

/// Refuses what the decoder would call damaged: more than it can count.
pub(super) fn check_claim(columns: [u8; 4], rows: [u8; 4]) -> Result<(), Problem> {
    let (width, height) = (u32::from_be_bytes(columns), u32::from_be_bytes(rows));
    check_size(width.max(1), height.max(1), 1, None)
}

fn xmp(info: &Info<'_>) -> Option<Vec<u8>> {
    let chunk = info.utf8_text.iter().find(|chunk| chunk.keyword == XMP_KEYWORD)?;
    chunk.get_text().ok().map(String::into_bytes)
}

fn notices(info: &Info<'_>) -> Vec<String> {
    let mut notices = Vec::new();
    if info
        .animation_control
        .is_some_and(|animation| animation.num_frames > 1)
    {
        notices.push("the PNG file is animated; only its still picture is read".to_owned());
    }
    let texts = info.uncompressed_latin1_text.len()
        + info.compressed_latin1_text.len()
        + info
            .utf8_text
            .iter()
            .filter(|chunk| chunk.keyword != XMP_KEYWORD)
            .count();
    match texts {
        0 => {}
        1 => notices.push("a text note of the PNG file is left out".to_owned()),
        _ => notices.push(format!("{texts} text notes of the PNG file are left out")),
    }
    notices
}

/// The chunks that say what the samples mean as colours, as they stand in the file. They come before the picture.
fn colors(file: &[u8]) -> Vec<([u8; 4], Vec<u8>)> {
    const NAMES: [&[u8; 4]; 6] = [b"cICP", b"mDCV", b"cLLI", b"sRGB", b"gAMA", b"cHRM"];
    let mut colors = Vec::new();
    let mut rest = file.get(8..).unwrap_or_default();
    while let Some((&length, chunk)) = rest.split_first_chunk()
        && let Some((&name, chunk)) = chunk.split_first_chunk()
        && let Some((data, behind)) = chunk.split_at_checked(u32::from_be_bytes(length) as usize)
        && name != *b"IDAT"
    {
        if NAMES.contains(&&name) {
            colors.push((name, data.to_vec()));
        }
        rest = behind.get(CHECKSUM..).unwrap_or_default();
    }
    colors
}

fn resolution(dimensions: PixelDimensions) -> Option<Resolution> {
    match dimensions.unit {
        Unit::Meter => Resolution::new(dimensions.xppu.into(), dimensions.yppu.into(), INCHES_PER_METRE),
        Unit::Unspecified => None,
    }
}

fn problem(error: DecodingError) -> Problem {
    match error {
        DecodingError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            Problem::CutOff { format: Format::Png }
        }
        error => Problem::damaged(Format::Png, error),
    }
}
