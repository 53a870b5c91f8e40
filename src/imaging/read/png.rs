//! PNG: every colour type and depth; palettes and depths below 8 bit become 8 bit.

use std::io::Cursor;

use ::png::{BitDepth, ColorType, Decoder, DecodingError, Info, Limits, Transformations};

use super::{Problem, Stored, buffer, check_size, pixels};
use crate::imaging::{Channels, Format, Samples};

const XMP_KEYWORD: &str = "XML:com.adobe.xmp";

/// For metadata and rows, not for the picture, whose buffer is ours.
const MAX_INTERNAL_BYTES: usize = 512 << 20;

pub(super) fn decode(bytes: &[u8]) -> Result<Stored, Problem> {
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
        notices: notices(info),
        ..Stored::new(pixels(Format::Png, width, height, channels, samples)?)
    })
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
    if texts > 0 {
        notices.push(format!("{texts} text notes of the PNG file are left out"));
    }
    let has_gamma = info.gama_chunk.is_some() || info.chrm_chunk.is_some();
    if info.icc_profile.is_none() && info.srgb.is_none() && has_gamma {
        notices.push(
            "the PNG file describes its colours without an ICC profile; they are taken as sRGB".to_owned(),
        );
    }
    notices
}

fn problem(error: DecodingError) -> Problem {
    match error {
        DecodingError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            Problem::CutOff { format: Format::Png }
        }
        error => Problem::damaged(Format::Png, error),
    }
}
