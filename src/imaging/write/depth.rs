//! Samples in the depth and channels that a format holds.

use std::{
    borrow::Cow,
    sync::atomic::{AtomicBool, Ordering},
};

use rayon::prelude::*;

use crate::imaging::{Channels, Format, Pixels, Samples, pixels::to_8_bit};

/// Pixels or samples that a thread converts at a time.
const BATCH: usize = 1 << 16;

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
        (Samples::U8(samples), true) => Samples::U16(mapped(samples, |sample| u16::from(sample) * 257)),
        (Samples::U16(samples), false) => Samples::U8(mapped(samples, to_8_bit)),
        _ => return Cow::Borrowed(pixels),
    };
    Pixels::new(pixels.width(), pixels.height(), pixels.channels(), samples)
        .map_or(Cow::Borrowed(pixels), Cow::Owned)
}

/// Samples without alpha, laid over white; whether anything was transparent.
///
/// Colours that are already multiplied by alpha are not multiplied again.
pub(super) fn over_white(samples: &[u8], channels: Channels, is_multiplied: bool) -> (Vec<u8>, bool) {
    let (per_pixel, colors) = (channels.count(), channels.color_count());
    let mut flat = vec![0; samples.len() / per_pixel * colors];
    let was_transparent = AtomicBool::new(false);
    flat.par_chunks_mut(BATCH * colors)
        .zip(samples.par_chunks(BATCH * per_pixel))
        .for_each(|(flat, samples)| {
            let mut least_alpha = 255;
            let pixels = samples.chunks_exact(per_pixel);
            for (flat, pixel) in flat.chunks_exact_mut(colors).zip(pixels) {
                let alpha = pixel[colors];
                least_alpha = alpha.min(least_alpha);
                for (flat, &color) in flat.iter_mut().zip(pixel) {
                    *flat = if is_multiplied {
                        color.saturating_add(255 - alpha)
                    } else {
                        let (color, alpha) = (u32::from(color), u32::from(alpha));
                        ((color * alpha + 255 * (255 - alpha) + 127) / 255) as u8
                    };
                }
            }
            if least_alpha < 255 {
                was_transparent.store(true, Ordering::Relaxed);
            }
        });
    (flat, was_transparent.into_inner())
}

/// 16 bit samples as bytes, each converted by `to_bytes`.
pub(super) fn bytes_of(samples: &[u16], to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    mapped(samples, to_bytes).into_flattened()
}

fn mapped<T: Copy + Sync, U: Copy + Default + Send>(samples: &[T], map: impl Fn(T) -> U + Sync) -> Vec<U> {
    let mut mapped = vec![U::default(); samples.len()];
    mapped
        .par_chunks_mut(BATCH)
        .zip(samples.par_chunks(BATCH))
        .for_each(|(mapped, samples)| {
            for (mapped, &sample) in mapped.iter_mut().zip(samples) {
                *mapped = map(sample);
            }
        });
    mapped
}

#[cfg(test)]
mod tests {
    use super::{BATCH, bytes_of, converted, over_white};
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
        let (flat, was_transparent) = over_white(&[10, 255, 10, 0], Channels::GrayAlpha, false);
        assert_eq!(flat, [10, 255]);
        assert!(was_transparent, "the second pixel is");
        assert!(!over_white(&[10, 255], Channels::GrayAlpha, false).1, "opaque");
    }

    #[test]
    fn multiplied_colours_are_not_multiplied_again() {
        let plain = over_white(&[200, 51], Channels::GrayAlpha, false).0;
        // 200 · 51 / 255
        let multiplied = over_white(&[40, 51], Channels::GrayAlpha, true).0;
        assert_eq!((plain, multiplied), (vec![244], vec![244]));
    }

    #[test]
    fn what_is_spread_over_threads_keeps_its_order() {
        let count = BATCH * 2 + 7;
        let samples: Vec<u16> = (0..count).map(|index| (index * 31) as u16).collect();
        let bytes = bytes_of(&samples, u16::to_be_bytes);
        let expected: Vec<u8> = samples.iter().flat_map(|sample| sample.to_be_bytes()).collect();
        assert!(bytes == expected, "as one after the other");
        let mut alpha = vec![255_u8; count * 2];
        alpha[count * 2 - 1] = 254;
        let (flat, was_transparent) = over_white(&alpha, Channels::GrayAlpha, false);
        assert_eq!((flat.len(), was_transparent), (count, true));
    }
}
