//! JPEG, decoded strictly: a picture with grey where data is missing is not what the person has photographed.

use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::{JpegDecoder, errors::DecodeErrors};

use super::{Problem, Stored, buffer, check_size, jpeg_segments::Segments, pixels};
use crate::imaging::{Channels, Format, Samples};

pub(super) fn decode(bytes: &[u8]) -> Result<Stored, Problem> {
    let segments = Segments::find(bytes);
    if segments.has_separate_scans {
        return Err(Problem::unsupported(
            "JPEG with a scan per colour and colours at reduced resolution",
            "PNG, or save it as an ordinary JPEG",
        ));
    }
    if let Some(bits @ 9..=16) = segments.bit_depth {
        return Err(Problem::unsupported(
            format!("JPEG with {bits} bits per sample"),
            "JPEG with 8 bits, or to PNG or TIFF",
        ));
    }
    let mut notices = Vec::new();
    let decoded = match decode_samples(bytes, true) {
        Err(Failure::StrayBytes) => {
            notices.push("the JPEG file has stray bytes between its headers; check the picture".to_owned());
            decode_samples(bytes, false)
        }
        decoded => decoded,
    };
    let (width, height, channels, samples) = match decoded {
        Ok(decoded) if segments.is_complete => decoded,
        Err(Failure::Problem(problem @ (Problem::Unsupported { .. } | Problem::TooLarge { .. }))) => {
            return Err(problem);
        }
        Ok(_) => return Err(Problem::CutOff { format: Format::Jpeg }),
        Err(_) if !segments.is_complete => return Err(Problem::CutOff { format: Format::Jpeg }),
        Err(Failure::Problem(problem)) => return Err(problem),
        Err(Failure::StrayBytes) => {
            return Err(Problem::damaged(Format::Jpeg, "stray bytes between headers"));
        }
    };
    if segments.has_incomplete_icc {
        notices.push(
            "a part of the photo's colour profile is missing; it is left out, and the colours are shown as sRGB"
                .to_owned(),
        );
    }
    if segments.has_extended_xmp {
        notices.push("the photo's extended XMP data is left out; its main XMP data is carried".to_owned());
    }
    if segments.has_comment {
        notices.push("the comment in the JPEG file is left out".to_owned());
    }
    if segments.has_more_pictures {
        notices.push(
            "the JPEG file holds further pictures, such as a preview or a gain map; only the main one is read".to_owned(),
        );
    }
    Ok(Stored {
        icc: segments.icc,
        exif: segments.exif.map(<[u8]>::to_vec),
        xmp: segments.xmp.map(<[u8]>::to_vec),
        iptc: segments.iptc,
        resolution: segments.resolution,
        notices,
        ..Stored::new(pixels(
            Format::Jpeg,
            width,
            height,
            channels,
            Samples::U8(samples),
        )?)
    })
}

enum Failure {
    /// Harmless bytes between headers, which only the strict decoder minds.
    StrayBytes,
    Problem(Problem),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<DecodeErrors> for Failure {
    fn from(error: DecodeErrors) -> Self {
        if matches!(error, DecodeErrors::FormatStatic(text) if text.starts_with("[strict-mode]: Extra bytes"))
        {
            return Self::StrayBytes;
        }
        Self::Problem(match error {
            DecodeErrors::Unsupported(scheme) => {
                Problem::unsupported(format!("this kind of JPEG ({scheme:?})"), "baseline JPEG or PNG")
            }
            DecodeErrors::ExhaustedData => Problem::CutOff { format: Format::Jpeg },
            error => Problem::damaged(Format::Jpeg, format!("{error:?}").replace('"', "")),
        })
    }
}

fn decode_samples(bytes: &[u8], is_strict: bool) -> Result<(u32, u32, Channels, Vec<u8>), Failure> {
    let options = DecoderOptions::default()
        .set_strict_mode(is_strict)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX));
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers()?;
    let header = decoder
        .info()
        .ok_or_else(|| Problem::damaged(Format::Jpeg, "it has no header"))?;
    let (channels, color_space) = match decoder.input_colorspace() {
        Some(ColorSpace::Luma) => (Channels::Gray, ColorSpace::Luma),
        Some(ColorSpace::RGB | ColorSpace::YCbCr) => (Channels::Rgb, ColorSpace::RGB),
        Some(ColorSpace::CMYK | ColorSpace::YCCK) => {
            return Err(Problem::unsupported("CMYK JPEG", "RGB").into());
        }
        other => {
            let what = format!("JPEG in the colour space {other:?}");
            return Err(Problem::unsupported(what, "RGB").into());
        }
    };
    let (width, height) = (u32::from(header.width), u32::from(header.height));
    check_size(width, height, channels.count(), Some(bytes.len()))?;
    decoder.set_options(options.jpeg_set_out_colorspace(color_space));
    let mut samples = buffer(width as usize * height as usize * channels.count())?;
    decoder.decode_into(&mut samples)?;
    Ok((width, height, channels, samples))
}
