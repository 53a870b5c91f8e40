//! The colours of a photo on an sRGB screen.
//!
//! A photo's samples are never converted, only shown: this is for the canvas. The transform is built once per
//! photo and applied to the tiles that are uploaded.

use std::sync::Arc;

use moxcms::{
    ColorProfile, DataColorSpace, Layout, Transform8BitExecutor, Transform16BitExecutor, TransformOptions,
};
use rayon::prelude::*;

use super::{Channels, Pixels, Rect, Samples, pixels::to_8_bit};

/// Pixels that a thread converts at a time.
const PIXELS_PER_BATCH: usize = 1 << 16;

/// From the samples of one photo to sRGB with alpha, 8 bit.
#[derive(Clone)]
pub struct DisplayTransform {
    channels: Channels,
    /// `None` where the samples are sRGB already.
    executors: Option<Executors>,
    notice: Option<&'static str>,
}

#[derive(Clone)]
struct Executors {
    from_8_bit: Arc<Transform8BitExecutor>,
    from_16_bit: Arc<Transform16BitExecutor>,
}

impl std::fmt::Debug for DisplayTransform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DisplayTransform")
            .field("channels", &self.channels)
            .field("is_identity", &self.is_identity())
            .finish_non_exhaustive()
    }
}

impl DisplayTransform {
    /// The transform for a photo with this ICC profile. Without a profile, samples are taken as sRGB.
    ///
    /// So they are with a profile that cannot be used; then there is a [`Self::notice`].
    pub fn new(icc: Option<&[u8]>, channels: Channels) -> Self {
        let built = icc.map(|icc| executors(icc, channels));
        let notice = matches!(built, Some(None)).then_some(
            "the photo's colour profile cannot be used for display; its colours are shown as sRGB (the export keeps the profile)",
        );
        Self {
            channels,
            executors: built
                .flatten()
                .filter(|executors| !executors.is_identity(channels)),
            notice,
        }
    }

    /// Whether samples are shown as they are.
    pub const fn is_identity(&self) -> bool {
        self.executors.is_none()
    }

    /// What a person should know about the colours they see.
    pub const fn notice(&self) -> Option<&'static str> {
        self.notice
    }

    /// Writes the pixels of `rect` as sRGB with alpha, row by row, into `out`: four bytes per pixel.
    ///
    /// `rect` must lie inside the picture, which must have the channels that the transform was made for.
    pub fn to_rgba8(&self, pixels: &Pixels, rect: Rect, out: &mut [u8]) {
        let fits = pixels.bounds().contains_rect(&rect)
            && pixels.channels() == self.channels
            && out.len() as u64 == rect.area() * 4;
        debug_assert!(fits, "{rect:?} of {:?} into {} bytes", pixels.bounds(), out.len());
        if !fits || rect.is_empty() {
            return;
        }
        let row_bytes = rect.width as usize * 4;
        let rows_per_batch = (PIXELS_PER_BATCH / rect.width as usize).max(1);
        out.par_chunks_mut(row_bytes * rows_per_batch)
            .enumerate()
            .for_each(|(batch, out)| {
                for (index, out) in out.chunks_exact_mut(row_bytes).enumerate() {
                    let y = rect.y as usize + batch * rows_per_batch + index;
                    self.convert_row(pixels, (rect.x as usize, y), out);
                }
            });
    }

    fn convert_row(&self, pixels: &Pixels, (x, y): (usize, usize), out: &mut [u8]) {
        let per_pixel = self.channels.count();
        let start = (y * pixels.width() as usize + x) * per_pixel;
        let range = start..start + out.len() / 4 * per_pixel;
        match (pixels.samples(), &self.executors) {
            (Samples::U8(samples), None) => expand(&samples[range], self.channels, out, |sample| sample),
            (Samples::U16(samples), None) => expand(&samples[range], self.channels, out, to_8_bit),
            (Samples::U8(samples), Some(executors)) => {
                if executors
                    .from_8_bit
                    .transform(&samples[range.clone()], out)
                    .is_err()
                {
                    expand(&samples[range], self.channels, out, |sample| sample);
                }
            }
            (Samples::U16(samples), Some(executors)) => {
                let mut deep = vec![0; out.len()];
                if executors
                    .from_16_bit
                    .transform(&samples[range.clone()], &mut deep)
                    .is_ok()
                {
                    out.iter_mut()
                        .zip(deep)
                        .for_each(|(out, deep)| *out = to_8_bit(deep));
                } else {
                    expand(&samples[range], self.channels, out, to_8_bit);
                }
            }
        }
    }
}

fn executors(icc: &[u8], channels: Channels) -> Option<Executors> {
    let profile = ColorProfile::new_from_slice(icc).ok()?;
    let (layout, space) = match channels {
        Channels::Gray => (Layout::Gray, DataColorSpace::Gray),
        Channels::GrayAlpha => (Layout::GrayAlpha, DataColorSpace::Gray),
        Channels::Rgb => (Layout::Rgb, DataColorSpace::Rgb),
        Channels::Rgba => (Layout::Rgba, DataColorSpace::Rgb),
    };
    if profile.color_space != space {
        return None;
    }
    let screen = ColorProfile::new_srgb();
    let options = TransformOptions::default();
    Some(Executors {
        from_8_bit: profile
            .create_transform_8bit(layout, &screen, Layout::Rgba, options)
            .ok()?,
        from_16_bit: profile
            .create_transform_16bit(layout, &screen, Layout::Rgba, options)
            .ok()?,
    })
}

impl Executors {
    /// Whether no colour of a coarse grid changes by more than rounding, as with the many versions of sRGB itself.
    fn is_identity(&self, channels: Channels) -> bool {
        let colors = channels.color_count();
        let steps: Vec<u8> = (0..=15).map(|step| step * 17).collect();
        let count = steps.len().pow(colors as u32);
        let mut samples = Vec::with_capacity(count * channels.count());
        for index in 0..count {
            for color in 0..colors {
                samples.push(steps[index / steps.len().pow(color as u32) % steps.len()]);
            }
            samples.extend(channels.has_alpha().then_some(255));
        }
        let (mut plain, mut shown) = (vec![0; count * 4], vec![0; count * 4]);
        expand(&samples, channels, &mut plain, |sample| sample);
        let is_transformed = self.from_8_bit.transform(&samples, &mut shown).is_ok();
        is_transformed
            && plain
                .iter()
                .zip(&shown)
                .all(|(plain, shown)| plain.abs_diff(*shown) <= 1)
    }
}

/// Any layout to RGBA; opaque without alpha.
fn expand<T: Copy>(samples: &[T], channels: Channels, out: &mut [u8], convert: impl Fn(T) -> u8) {
    let (out, _) = out.as_chunks_mut::<4>();
    match channels {
        Channels::Gray => {
            for (out, &gray) in out.iter_mut().zip(samples) {
                let gray = convert(gray);
                *out = [gray, gray, gray, 255];
            }
        }
        Channels::GrayAlpha => {
            for (out, [gray, alpha]) in out.iter_mut().zip(samples.as_chunks().0) {
                let gray = convert(*gray);
                *out = [gray, gray, gray, convert(*alpha)];
            }
        }
        Channels::Rgb => {
            for (out, [red, green, blue]) in out.iter_mut().zip(samples.as_chunks().0) {
                *out = [convert(*red), convert(*green), convert(*blue), 255];
            }
        }
        Channels::Rgba => {
            for (out, rgba) in out.iter_mut().zip(samples.as_chunks().0) {
                let rgba: &[T; 4] = rgba;
                *out = rgba.map(&convert);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use moxcms::ColorProfile;

    use super::DisplayTransform;
    use crate::imaging::{Channels, Pixels, Samples};

    fn shown(pixels: &Pixels, transform: &DisplayTransform) -> Vec<u8> {
        let mut out = vec![0; pixels.bounds().area() as usize * 4];
        transform.to_rgba8(pixels, pixels.bounds(), &mut out);
        out
    }

    #[test]
    fn samples_without_a_profile_are_shown_as_they_are() {
        let transform = DisplayTransform::new(None, Channels::GrayAlpha);
        let pixels = Pixels::new(
            2,
            1,
            Channels::GrayAlpha,
            Samples::U16(vec![0, 65_535, 65_535, 257]),
        )
        .unwrap();
        assert_eq!(shown(&pixels, &transform), [0, 0, 0, 255, 255, 255, 255, 1]);
    }

    #[test]
    fn srgb_is_recognised_and_a_damaged_profile_is_told() {
        let srgb = ColorProfile::new_srgb().encode().unwrap();
        assert!(
            DisplayTransform::new(Some(&srgb), Channels::Rgb).is_identity(),
            "sRGB to sRGB"
        );
        let damaged = DisplayTransform::new(Some(&srgb[..60]), Channels::Rgb);
        assert!(
            damaged.is_identity() && damaged.notice().is_some(),
            "60 bytes are no profile"
        );
    }

    #[test]
    fn a_wide_gamut_photo_is_shown_with_its_colours_at_both_depths() {
        let icc = ColorProfile::new_display_p3().encode().unwrap();
        for channels in [Channels::Rgb, Channels::Rgba] {
            let transform = DisplayTransform::new(Some(&icc), channels);
            let mut samples = vec![200_u8, 120, 90];
            samples.extend(channels.has_alpha().then_some(77));
            let deep = samples.iter().map(|&sample| u16::from(sample) * 257).collect();
            for samples in [Samples::U8(samples.clone()), Samples::U16(deep)] {
                let pixels = Pixels::new(1, 1, channels, samples).unwrap();
                let shown = shown(&pixels, &transform);
                // Display P3 (200, 120, 90) is sRGB (213, 115, 83), computed with the matrices of both spaces.
                let expected = [213_u8, 115, 83, if channels.has_alpha() { 77 } else { 255 }];
                let is_near = shown
                    .iter()
                    .zip(expected)
                    .all(|(shown, expected)| shown.abs_diff(expected) <= 2);
                assert!(is_near, "{channels:?}: {shown:?}");
            }
        }
    }
}
