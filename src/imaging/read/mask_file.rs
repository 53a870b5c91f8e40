//! Masks from files: white goes, black stays.
//!
//! A mask may come from any program: as grey, as colours, or as a layer that is transparent where the photo stays.
//! What was understood, when it is not plain black and white, is told.

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use rayon::prelude::*;

use super::{Problem, ReadError, Stored, decode_stored};
use crate::imaging::{Channels, HOLE_THRESHOLD, Mask, Metadata, Pixels, Samples, pixels::to_8_bit};

/// Pixels that a thread looks at in a row.
const BATCH: usize = 1 << 16;

/// Reads the mask at `path` for a photo of `photo_size` (columns, rows, upright).
///
/// The mask is black and white afterwards: 255 or 0. Returns what a person should know about how it was read.
pub fn mask(path: &Path, photo_size: (u32, u32)) -> Result<(Mask, Vec<String>), ReadError> {
    let read = fs::read(path).map_err(Problem::from_io);
    read.and_then(|bytes| mask_from_bytes(&bytes, photo_size))
        .map_err(|problem| ReadError {
            name: path.display().to_string(),
            problem,
        })
}

/// Reads the mask at `path` as large as it is: 255 or 0, grey decided at 50 %.
pub fn mask_of_any_size(path: &Path) -> Result<Mask, ReadError> {
    let read = fs::read(path).map_err(Problem::from_io);
    read.and_then(|bytes| {
        let pixels = upright(&bytes)?;
        binary(&pixels, &mut Vec::new())
    })
    .map_err(|problem| ReadError {
        name: path.display().to_string(),
        problem,
    })
}

fn mask_from_bytes(bytes: &[u8], photo_size: (u32, u32)) -> Result<(Mask, Vec<String>), Problem> {
    let pixels = upright(bytes)?;
    check_mask_size((pixels.width(), pixels.height()), photo_size)?;
    let mut notices = Vec::new();
    let mask = binary(&pixels, &mut notices)?;
    Ok((mask, notices))
}

/// The picture turned upright.
fn upright(bytes: &[u8]) -> Result<Pixels, Problem> {
    let (_, stored) = decode_stored(bytes)?;
    let Stored { pixels, exif, .. } = stored;
    let (_, orientation) = Metadata::from_file(None, exif, None, None);
    Ok(orientation.apply(pixels))
}

fn binary(pixels: &Pixels, notices: &mut Vec<String>) -> Result<Mask, Problem> {
    let channels = pixels.channels();
    let (binary, is_grey) = match pixels.samples() {
        Samples::U8(samples) => Reading::of(samples, channels, |sample| sample, notices).binary(),
        Samples::U16(samples) => Reading::of(samples, channels, to_8_bit, notices).binary(),
    };
    if is_grey {
        notices.push("the mask is grey: pixels from 50 % on count as white".to_owned());
    }
    let (width, height) = (pixels.width(), pixels.height());
    Mask::new(width, height, binary).ok_or(Problem::ImpossibleSize { width, height })
}

fn check_mask_size(mask: (u32, u32), photo: (u32, u32)) -> Result<(), Problem> {
    if mask == photo {
        return Ok(());
    }
    let ratios = [mask.0 as f32 / photo.0 as f32, mask.1 as f32 / photo.1 as f32];
    let advice = if (mask.1, mask.0) == photo {
        "width and height are swapped: turn the mask by 90° if it was made for this photo"
    } else if (ratios[0] / ratios[1] - 1.0).abs() < 0.01 {
        "scale the mask to the photo's size without smoothing, or paint it on the photo at full size"
    } else {
        "it belongs to another photo or to a crop: use a mask painted on this photo at full size"
    };
    Err(Problem::MaskSize {
        mask_width: mask.0,
        mask_height: mask.1,
        photo_width: photo.0,
        photo_height: photo.1,
        advice,
    })
}

/// What of a pixel says how much of it goes.
#[derive(Clone, Copy)]
enum Meaning {
    Luma,
    Alpha,
    Both,
}

/// Samples with what they mean as a mask.
struct Reading<'a, T> {
    samples: &'a [T],
    channels: Channels,
    to_8_bit: fn(T) -> u8,
    meaning: Meaning,
}

impl<'a, T: Copy + Sync> Reading<'a, T> {
    fn of(samples: &'a [T], channels: Channels, to_8_bit: fn(T) -> u8, notices: &mut Vec<String>) -> Self {
        let mut reading = Self {
            samples,
            channels,
            to_8_bit,
            meaning: Meaning::Luma,
        };
        if !channels.has_alpha() {
            return reading;
        }
        let (alpha, visible) = reading.spans();
        if alpha.least == 255 {
            return reading;
        }
        if visible.is_constant() && !alpha.is_constant() {
            notices.push("the mask has one colour: what is not transparent counts as white".to_owned());
            reading.meaning = Meaning::Alpha;
        } else {
            notices.push(
                "the mask has transparency: what is white and not transparent counts as white".to_owned(),
            );
            reading.meaning = Meaning::Both;
        }
        reading
    }

    /// What there is of alpha, and of luma where something is to be seen.
    fn spans(&self) -> (Span, Span) {
        let batches = self.samples.par_chunks(BATCH * self.channels.count());
        let spans = batches.map(|samples| {
            let (mut alpha, mut visible) = (Span::NOTHING, Span::NOTHING);
            for pixel in samples.chunks_exact(self.channels.count()) {
                let opacity = self.alpha(pixel);
                alpha = alpha.with(opacity);
                if opacity > 0 {
                    visible = visible.with(self.luma(pixel));
                }
            }
            (alpha, visible)
        });
        spans.reduce(
            || (Span::NOTHING, Span::NOTHING),
            |a, b| (a.0.union(b.0), a.1.union(b.1)),
        )
    }

    /// 255 or 0 for every pixel, decided at 50 %, and whether there was anything to decide.
    fn binary(&self) -> (Vec<u8>, bool) {
        let per_pixel = self.channels.count();
        let mut binary = vec![0; self.samples.len() / per_pixel];
        let is_grey = AtomicBool::new(false);
        binary
            .par_chunks_mut(BATCH)
            .zip(self.samples.par_chunks(BATCH * per_pixel))
            .for_each(|(binary, samples)| {
                let mut is_batch_grey = false;
                for (binary, pixel) in binary.iter_mut().zip(samples.chunks_exact(per_pixel)) {
                    let coverage = self.coverage(pixel);
                    is_batch_grey |= !matches!(coverage, 0 | 255);
                    *binary = if coverage >= HOLE_THRESHOLD { 255 } else { 0 };
                }
                is_grey.fetch_or(is_batch_grey, Ordering::Relaxed);
            });
        (binary, is_grey.into_inner())
    }

    /// How much of the pixel goes, `0..=255`.
    fn coverage(&self, pixel: &[T]) -> u8 {
        match self.meaning {
            Meaning::Luma => self.luma(pixel),
            Meaning::Alpha => self.alpha(pixel),
            Meaning::Both => {
                let (luma, alpha) = (u16::from(self.luma(pixel)), u16::from(self.alpha(pixel)));
                ((luma * alpha + 127) / 255) as u8
            }
        }
    }

    fn alpha(&self, pixel: &[T]) -> u8 {
        (self.to_8_bit)(pixel[self.channels.color_count()])
    }

    fn luma(&self, pixel: &[T]) -> u8 {
        match *pixel {
            [red, green, blue, ..] => luma([red, green, blue].map(self.to_8_bit)),
            [gray, ..] => (self.to_8_bit)(gray),
            [] => 0,
        }
    }
}

/// From the least to the most of some values.
#[derive(Clone, Copy)]
struct Span {
    least: u8,
    most: u8,
}

impl Span {
    const NOTHING: Self = Self {
        least: u8::MAX,
        most: 0,
    };

    fn with(self, value: u8) -> Self {
        Self {
            least: self.least.min(value),
            most: self.most.max(value),
        }
    }

    fn union(self, other: Self) -> Self {
        Self {
            least: self.least.min(other.least),
            most: self.most.max(other.most),
        }
    }

    /// Also of no value at all.
    const fn is_constant(self) -> bool {
        self.least >= self.most
    }
}

/// Rec. 709 weights, in whole numbers, so that white is exactly white.
fn luma([red, green, blue]: [u8; 3]) -> u8 {
    ((u32::from(red) * 2126 + u32::from(green) * 7152 + u32::from(blue) * 722 + 5000) / 10_000) as u8
}
