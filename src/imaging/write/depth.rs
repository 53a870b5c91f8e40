//! Samples in the depth and channels that a format holds.

use std::borrow::Cow;

use crate::imaging::{Channels, Format, Pixels, Samples};

/// The pixels at the depth that was asked for, or that the format can hold.
pub(super) fn converted<'a>(
    pixels: &'a Pixels,
    format: Format,
    wanted: Option<u8>,
    notices: &mut Vec<String>,
) -> Cow<'a, Pixels> {
    let wants_16 = wanted.map_or(pixels.bit_depth() == 16, |depth| depth == 16);
    if wants_16 && !format.supports_16_bit() {
        notices.push(format!("16 bit became 8 bit: {format} holds no more"));
    }
    let samples = match (pixels.samples(), wants_16 && format.supports_16_bit()) {
        (Samples::U8(samples), true) => {
            Samples::U16(samples.iter().map(|&sample| u16::from(sample) * 257).collect())
        }
        (Samples::U16(samples), false) => Samples::U8(
            samples
                .iter()
                .map(|&sample| ((u32::from(sample) + 128) / 257) as u8)
                .collect(),
        ),
        _ => return Cow::Borrowed(pixels),
    };
    Pixels::new(pixels.width(), pixels.height(), pixels.channels(), samples)
        .map_or(Cow::Borrowed(pixels), Cow::Owned)
}

/// Samples without alpha, laid over white; whether anything was transparent.
pub(super) fn over_white(samples: &[u8], channels: Channels) -> (Vec<u8>, bool) {
    let per_pixel = channels.count();
    let mut flat = Vec::with_capacity(samples.len() / per_pixel * channels.color_count());
    let mut was_transparent = false;
    for pixel in samples.chunks_exact(per_pixel) {
        let (alpha, colors) = pixel.split_last().unwrap_or((&255, &[]));
        was_transparent |= *alpha < 255;
        let alpha = u32::from(*alpha);
        flat.extend(
            colors
                .iter()
                .map(|&color| ((u32::from(color) * alpha + 255 * (255 - alpha) + 127) / 255) as u8),
        );
    }
    (flat, was_transparent)
}

/// 16 bit samples as bytes, each converted by `to_bytes`.
pub(super) fn bytes_of(samples: &[u16], to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    let mut bytes = vec![0; samples.len() * 2];
    for (out, &sample) in bytes.as_chunks_mut().0.iter_mut().zip(samples) {
        *out = to_bytes(sample);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::{converted, over_white};
    use crate::imaging::{Channels, Format, Pixels, Samples};

    #[test]
    fn eight_bits_survive_sixteen() {
        let pixels = Pixels::new(256, 1, Channels::Gray, Samples::U8((0..=255).collect())).unwrap();
        let deep = converted(&pixels, Format::Png, Some(16), &mut Vec::new()).into_owned();
        let mut notices = Vec::new();
        assert_eq!(*converted(&deep, Format::Jpeg, None, &mut notices), pixels);
        assert_eq!(notices.len(), 1, "the loss is told");
    }

    #[test]
    fn transparent_is_white_and_opaque_is_unchanged() {
        let (flat, was_transparent) = over_white(&[10, 255, 10, 0], Channels::GrayAlpha);
        assert_eq!(flat, [10, 255]);
        assert!(was_transparent, "the second pixel is");
        assert!(!over_white(&[10, 255], Channels::GrayAlpha).1, "opaque");
    }
}
