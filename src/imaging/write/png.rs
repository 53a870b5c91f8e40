//! PNG with ICC profile, EXIF, XMP, and the chunks for colours that came from a PNG.

use std::borrow::Cow;

use ::png::{
    BitDepth, ColorType, Compression, Encoder, EncodingError, Info, PixelDimensions, Unit, chunk::ChunkType,
};

use super::{Problem, depth::bytes_of};
use crate::imaging::{Channels, Format, INCHES_PER_METRE, Metadata, Pixels, Samples};

pub(super) fn encode(
    pixels: &Pixels,
    metadata: Metadata,
    notices: &mut Vec<String>,
) -> Result<Vec<u8>, Problem> {
    let mut info = Info::with_size(pixels.width(), pixels.height());
    info.icc_profile = metadata.icc.map(Cow::Owned);
    info.pixel_dims = metadata.resolution.map(|resolution| {
        let [xppu, yppu] = resolution.dots_per(INCHES_PER_METRE);
        let unit = Unit::Meter;
        PixelDimensions { xppu, yppu, unit }
    });
    info.exif_metadata = metadata.exif.map(Cow::Owned);
    info.color_type = match pixels.channels() {
        Channels::Gray => ColorType::Grayscale,
        Channels::GrayAlpha => ColorType::GrayscaleAlpha,
        Channels::Rgb => ColorType::Rgb,
        Channels::Rgba => ColorType::Rgba,
    };
    let (depth, samples) = match pixels.samples() {
        Samples::U8(samples) => (BitDepth::Eight, Cow::Borrowed(samples.as_slice())),
        Samples::U16(samples) => (BitDepth::Sixteen, Cow::Owned(bytes_of(samples, u16::to_be_bytes))),
    };
    info.bit_depth = depth;
    let mut bytes = Vec::new();
    let mut encoder = Encoder::with_info(&mut bytes, info).map_err(problem)?;
    // Ten times faster than the default for files a few percent larger.
    encoder.set_compression(Compression::Fast);
    if let Some(xmp) = metadata.xmp {
        match String::from_utf8(xmp) {
            Ok(xmp) => encoder
                .add_itxt_chunk("XML:com.adobe.xmp".to_owned(), xmp)
                .map_err(problem)?,
            Err(_) => notices.push("XMP is left out: it is not UTF-8, which PNG asks for".to_owned()),
        }
    }
    let mut writer = encoder.write_header().map_err(problem)?;
    for (name, data) in metadata.png_colors {
        writer.write_chunk(ChunkType(name), &data).map_err(problem)?;
    }
    writer.write_image_data(&samples).map_err(problem)?;
    writer.finish().map_err(problem)?;
    Ok(bytes)
}

fn problem(error: EncodingError) -> Problem {
    Problem::encoder(Format::Png, error)
}
