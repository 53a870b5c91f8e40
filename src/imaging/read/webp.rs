//! WebP, lossy and lossless; of an animation the first picture.

use std::io::{Cursor, ErrorKind};

use image_webp::{DecodingError, WebPDecoder};

use super::{Problem, Stored, buffer, check_size, pixels};
use crate::imaging::{Channels, Format, Samples};

/// For metadata and intermediate buffers.
const MAX_INTERNAL_BYTES: usize = 2 << 30;

pub(super) fn decode(bytes: &[u8]) -> Result<Stored, Problem> {
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(problem)?;
    decoder.set_memory_limit(MAX_INTERNAL_BYTES);
    let (width, height) = decoder.dimensions();
    let channels = if decoder.has_alpha() {
        Channels::Rgba
    } else {
        Channels::Rgb
    };
    // A lossless WebP of one colour takes next to no bytes; the format itself ends at 16,384 × 16,384.
    check_size(width, height, channels.count(), None)?;
    let length = decoder
        .output_buffer_size()
        .ok_or(Problem::TooLarge { width, height })?;
    let mut samples = buffer(length)?;
    decoder.read_image(&mut samples).map_err(problem)?;
    let mut notices = Vec::new();
    if decoder.is_animated() {
        notices.push("the WebP file is animated; only its first picture is read".to_owned());
    }
    Ok(Stored {
        icc: decoder.icc_profile().map_err(problem)?,
        exif: decoder.exif_metadata().map_err(problem)?,
        xmp: decoder.xmp_metadata().map_err(problem)?,
        notices,
        ..Stored::new(pixels(
            Format::WebP,
            width,
            height,
            channels,
            Samples::U8(samples),
        )?)
    })
}

fn problem(error: DecodingError) -> Problem {
    match error {
        DecodingError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            Problem::CutOff { format: Format::WebP }
        }
        error => Problem::damaged(Format::WebP, error),
    }
}
