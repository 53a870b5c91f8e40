//! Lossless WebP with ICC profile, EXIF and XMP.

use image_webp::{ColorType, WebPEncoder};

use super::Problem;
use crate::imaging::{Channels, Format, Metadata, Pixels, Samples};

pub(super) fn encode(
    pixels: &Pixels,
    metadata: Metadata,
    notices: &mut Vec<String>,
) -> Result<Vec<u8>, Problem> {
    let Samples::U8(samples) = pixels.samples() else {
        return Err(Problem::encoder(Format::WebP, "16 bit samples"));
    };
    let color_type = match pixels.channels() {
        Channels::Gray => ColorType::L8,
        Channels::GrayAlpha => ColorType::La8,
        Channels::Rgb => ColorType::Rgb8,
        Channels::Rgba => ColorType::Rgba8,
    };
    let is_gray = pixels.channels().color_count() == 1;
    if is_gray {
        notices.push("WebP holds no grey pictures: it is written as RGB with equal channels".to_owned());
    }
    let mut bytes = Vec::new();
    let mut encoder = WebPEncoder::new(&mut bytes);
    match metadata.icc {
        Some(_) if is_gray => {
            notices.push("the colour profile is left out: it is for grey, and WebP is RGB".to_owned());
        }
        Some(icc) => encoder.set_icc_profile(icc),
        None => {}
    }
    if metadata.resolution.is_some() {
        notices.push("WebP holds no resolution for printing; it is left out".to_owned());
    }
    if let Some(exif) = metadata.exif {
        encoder.set_exif_metadata(exif);
    }
    if let Some(xmp) = metadata.xmp {
        encoder.set_xmp_metadata(xmp);
    }
    encoder
        .encode(samples, pixels.width(), pixels.height(), color_type)
        .map_err(|error| Problem::encoder(Format::WebP, error))?;
    Ok(bytes)
}
