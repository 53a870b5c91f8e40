//! Masks from files: white goes, black stays.
//!
//! A mask may come from any program: as grey, as colours, or as a layer that is transparent where the photo stays.
//! What was understood, when it is not plain black and white, is told.

use std::{fs, path::Path};

use super::{Problem, ReadError, Stored, decode_stored};
use crate::imaging::{HOLE_THRESHOLD, Mask, Metadata, Pixels, Samples};

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
    let coverage = coverage(pixels, notices);
    if coverage.iter().any(|&value| value != 0 && value != 255) {
        notices.push("the mask is grey: pixels from 50 % on are removed".to_owned());
    }
    let binary = coverage
        .iter()
        .map(|&value| if value >= HOLE_THRESHOLD { 255 } else { 0 })
        .collect();
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

/// How much of each pixel goes, `0..=255`.
fn coverage(pixels: &Pixels, notices: &mut Vec<String>) -> Vec<u8> {
    let per_pixel = pixels.channels().count();
    let colors = pixels.channels().color_count();
    let samples = samples_8_bit(pixels);
    let luma: Vec<u8> = samples
        .chunks_exact(per_pixel)
        .map(|pixel| luma(&pixel[..colors]))
        .collect();
    if !pixels.channels().has_alpha() {
        return luma;
    }
    let alpha: Vec<u8> = samples
        .chunks_exact(per_pixel)
        .map(|pixel| pixel[colors])
        .collect();
    if is_constant(&alpha) && alpha.first() == Some(&255) {
        return luma;
    }
    let visible = luma
        .iter()
        .zip(&alpha)
        .filter(|(_, alpha)| **alpha > 0)
        .map(|(luma, _)| *luma);
    let visible: Vec<u8> = visible.collect();
    if is_constant(&visible) && !is_constant(&alpha) {
        notices.push("the mask has one colour: what is not transparent is removed".to_owned());
        return alpha;
    }
    notices.push("the mask has transparency: what is white and not transparent is removed".to_owned());
    luma.iter()
        .zip(&alpha)
        .map(|(&luma, &alpha)| ((u16::from(luma) * u16::from(alpha) + 127) / 255) as u8)
        .collect()
}

fn samples_8_bit(pixels: &Pixels) -> Vec<u8> {
    match pixels.samples() {
        Samples::U8(samples) => samples.clone(),
        Samples::U16(samples) => samples
            .iter()
            .map(|&sample| ((u32::from(sample) + 128) / 257) as u8)
            .collect(),
    }
}

/// Rec. 709 weights, in whole numbers, so that white is exactly white.
fn luma(color: &[u8]) -> u8 {
    match color {
        [red, green, blue] => {
            ((u32::from(*red) * 2126 + u32::from(*green) * 7152 + u32::from(*blue) * 722 + 5000) / 10_000)
                as u8
        }
        [gray, ..] => *gray,
        [] => 0,
    }
}

fn is_constant(values: &[u8]) -> bool {
    values.windows(2).all(|pair| pair[0] == pair[1])
}
