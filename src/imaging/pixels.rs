//! A raster at the bit depth and channel layout of the file it came from.

use super::Rect;

/// What the interleaved samples of a pixel mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channels {
    /// One luminance sample.
    Gray,
    /// Luminance, alpha.
    GrayAlpha,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue, alpha.
    Rgba,
}

impl Channels {
    /// Samples per pixel.
    pub const fn count(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::GrayAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }

    /// Samples per pixel without alpha.
    pub const fn color_count(self) -> usize {
        match self {
            Self::Gray | Self::GrayAlpha => 1,
            Self::Rgb | Self::Rgba => 3,
        }
    }

    /// Whether the last sample is alpha.
    pub const fn has_alpha(self) -> bool {
        matches!(self, Self::GrayAlpha | Self::Rgba)
    }
}

/// Samples, interleaved by pixel, rows from top to bottom without padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Samples {
    /// Full range `0..=255`.
    U8(Vec<u8>),
    /// Full range `0..=65535`.
    U16(Vec<u16>),
}

impl Samples {
    /// Number of samples.
    pub fn len(&self) -> usize {
        match self {
            Self::U8(samples) => samples.len(),
            Self::U16(samples) => samples.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A picture: `width` × `height` pixels of `channels`.
///
/// The samples are encoded as in the file (usually with a gamma) and say nothing of their colour space: that is
/// the photo's metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pixels {
    width: u32,
    height: u32,
    channels: Channels,
    samples: Samples,
}

impl Pixels {
    /// Wraps samples. `None` unless their number is `width · height · channels`.
    pub fn new(width: u32, height: u32, channels: Channels, samples: Samples) -> Option<Self> {
        let expected = (width as usize)
            .checked_mul(height as usize)?
            .checked_mul(channels.count())?;
        (samples.len() == expected).then_some(Self {
            width,
            height,
            channels,
            samples,
        })
    }

    /// Columns.
    pub const fn width(&self) -> u32 {
        self.width
    }

    /// Rows.
    pub const fn height(&self) -> u32 {
        self.height
    }

    /// The whole picture as a rectangle.
    pub const fn bounds(&self) -> Rect {
        Rect::new(0, 0, self.width, self.height)
    }

    /// The meaning of a pixel's samples.
    pub const fn channels(&self) -> Channels {
        self.channels
    }

    /// The samples, interleaved.
    pub const fn samples(&self) -> &Samples {
        &self.samples
    }

    /// The samples, interleaved, to change in place.
    pub const fn samples_mut(&mut self) -> &mut Samples {
        &mut self.samples
    }

    /// Bits per sample, 8 or 16.
    pub const fn bit_depth(&self) -> u8 {
        match self.samples {
            Samples::U8(_) => 8,
            Samples::U16(_) => 16,
        }
    }

    /// A copy of the pixels in `rect`, which must lie inside the picture.
    pub fn crop(&self, rect: Rect) -> Self {
        debug_assert!(
            self.bounds().contains_rect(&rect),
            "{rect:?} leaves {:?}",
            self.bounds()
        );
        let samples = match &self.samples {
            Samples::U8(samples) => Samples::U8(crop_rows(samples, self.width, self.channels, rect)),
            Samples::U16(samples) => Samples::U16(crop_rows(samples, self.width, self.channels, rect)),
        };
        Self {
            width: rect.width,
            height: rect.height,
            channels: self.channels,
            samples,
        }
    }

    /// Puts `patch` over the picture with its top left corner at `x`, `y`.
    ///
    /// It must lie inside the picture and have its depth and channels; otherwise nothing changes.
    pub fn paste(&mut self, patch: &Self, x: u32, y: u32) {
        let rect = Rect::new(x, y, patch.width, patch.height);
        let fits = self.bounds().contains_rect(&rect) && self.channels == patch.channels;
        debug_assert!(
            fits,
            "{rect:?} leaves {:?}, or the channels differ",
            self.bounds()
        );
        if !fits || rect.is_empty() {
            return;
        }
        let (width, channels) = (self.width, self.channels);
        match (&mut self.samples, &patch.samples) {
            (Samples::U8(under), Samples::U8(over)) => paste_rows(under, over, width, channels, rect),
            (Samples::U16(under), Samples::U16(over)) => paste_rows(under, over, width, channels, rect),
            _ => debug_assert!(false, "the depths differ"),
        }
    }
}

/// The nearest sample of 8 bit: 65535 is 255.
pub(super) const fn to_8_bit(sample: u16) -> u8 {
    ((sample as u32 + 128) / 257) as u8
}

fn paste_rows<T: Copy>(under: &mut [T], over: &[T], width: u32, channels: Channels, rect: Rect) {
    let per_pixel = channels.count();
    for (row, from) in over.chunks_exact(rect.width as usize * per_pixel).enumerate() {
        let start = ((rect.y as usize + row) * width as usize + rect.x as usize) * per_pixel;
        under[start..start + from.len()].copy_from_slice(from);
    }
}

fn crop_rows<T: Copy>(samples: &[T], width: u32, channels: Channels, rect: Rect) -> Vec<T> {
    let per_pixel = channels.count();
    let mut cropped = Vec::with_capacity(rect.area() as usize * per_pixel);
    for y in rect.y..rect.bottom() {
        let start = (y as usize * width as usize + rect.x as usize) * per_pixel;
        cropped.extend_from_slice(&samples[start..start + rect.width as usize * per_pixel]);
    }
    cropped
}

#[cfg(test)]
mod tests {
    use super::{Channels, Pixels, Samples};
    use crate::imaging::Rect;

    #[test]
    fn a_wrong_number_of_samples_is_refused() {
        assert!(
            Pixels::new(2, 2, Channels::Rgb, Samples::U8(vec![0; 11])).is_none(),
            "11 of 12 samples"
        );
    }

    #[test]
    fn a_crop_holds_the_pixels_of_its_rectangle() {
        let pixels = Pixels::new(3, 2, Channels::Gray, Samples::U16(vec![0, 1, 2, 3, 4, 5])).unwrap();
        let crop = pixels.crop(Rect::new(1, 0, 2, 2));
        assert_eq!(crop.samples(), &Samples::U16(vec![1, 2, 4, 5]));
    }

    #[test]
    fn a_pasted_patch_replaces_its_rectangle_only() {
        let mut pixels = Pixels::new(3, 2, Channels::Gray, Samples::U8(vec![0, 1, 2, 3, 4, 5])).unwrap();
        let patch = Pixels::new(1, 2, Channels::Gray, Samples::U8(vec![8, 9])).unwrap();
        pixels.paste(&patch, 1, 0);
        assert_eq!(pixels.samples(), &Samples::U8(vec![0, 8, 2, 3, 9, 5]));
    }
}
