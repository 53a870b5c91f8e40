//! A decoded photo as the loader keeps it: bytes of RGB, no larger than crops need.

use std::path::Path;

use crate::imaging::{
    Pixels, Rect, Samples,
    read::{self, ReadError},
    resize::{self, Filter},
};

/// Interleaved RGB bytes in the photo's own encoding, upright.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    pub(super) width: u32,
    pub(super) height: u32,
    rgb: Vec<u8>,
}

impl Picture {
    /// Reads a photo and shrinks it until its shorter side is at most `short_side`.
    pub(super) fn read(path: &Path, short_side: u32) -> Result<Self, ReadError> {
        let pixels = read::photo(path)?.pixels;
        let picture = Self {
            width: pixels.width(),
            height: pixels.height(),
            rgb: bytes(&pixels),
        };
        Ok(picture.shrunk(short_side))
    }

    /// Bytes of memory.
    pub(super) const fn len(&self) -> usize {
        self.rgb.len()
    }

    /// The shorter side.
    pub(super) fn short_side(&self) -> u32 {
        self.width.min(self.height)
    }

    /// A square part, scaled to `side`.
    pub(super) fn square(&self, x: u32, y: u32, square: u32, side: u32) -> Vec<u8> {
        let filter = if square >= side {
            Filter::Area
        } else {
            Filter::CatmullRom
        };
        let part = Rect::new(x, y, square, square);
        let size = (self.width, self.height);
        resize::rgb8(&self.rgb, size, part, (side, side), filter).unwrap_or_default()
    }

    fn shrunk(self, short_side: u32) -> Self {
        let short = self.short_side();
        if short <= short_side {
            return self;
        }
        let scaled = |side: u32| {
            let scaled = (u64::from(side) * u64::from(short_side) + u64::from(short) / 2) / u64::from(short);
            scaled as u32
        };
        let (width, height) = (scaled(self.width), scaled(self.height));
        let whole = Rect::new(0, 0, self.width, self.height);
        let size = (self.width, self.height);
        match resize::rgb8(&self.rgb, size, whole, (width, height), Filter::Area) {
            Some(rgb) => Self { width, height, rgb },
            None => self,
        }
    }
}

/// Eight bits of red, green and blue per pixel; grey three times, alpha left out.
fn bytes(pixels: &Pixels) -> Vec<u8> {
    let channels = pixels.channels();
    let samples = match pixels.samples() {
        Samples::U8(samples) => samples,
        Samples::U16(samples) => {
            let samples = samples
                .iter()
                .map(|&sample| ((u32::from(sample) + 128) / 257) as u8);
            &samples.collect()
        }
    };
    match channels.color_count() {
        1 => samples
            .chunks_exact(channels.count())
            .flat_map(|pixel| [pixel[0]; 3])
            .collect(),
        _ if channels.has_alpha() => samples
            .as_chunks::<4>()
            .0
            .iter()
            .flat_map(|&[red, green, blue, _]| [red, green, blue])
            .collect(),
        _ => samples.clone(),
    }
}
