//! How far the network can be believed on this photo, measured on the photo itself.
//!
//! Parts of the photo are reduced and enlarged again, so that the right answer is known. The weight of the network is
//! the one that brings the result nearest to it (least squares), from 0 to 1. Where that gains next to nothing the weight
//! is 0, and the network need not look at the whole photo.

use serde::Serialize;

use crate::{
    imaging::{Pixels, Rect},
    inpaint::{Error, bar::Stretch, fill::Filler},
    nn::metrics,
    progress::Progress,
};

use super::{
    look::look,
    project::{Checkpoint, Picture},
};

/// Side of the parts, in the photo's pixels.
const PART_SIDE_PX: u32 = 512;
/// A photo with a shorter side says nothing about enlarging.
const MIN_SIDE_PX: u32 = 32;
/// What the network must gain to be used, in dB: less than this nobody sees.
const MIN_GAIN_DB: f64 = 0.02;

/// What enlarging does to this photo, reduced: distances from the photo in dB (PSNR).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Calibration {
    /// So many pixels were compared.
    pub pixels: u64,
    /// Lanczos alone.
    pub lanczos_psnr: f64,
    /// Lanczos and back-projection.
    pub plain_psnr: f64,
    /// The network's answer, back-projected too.
    pub network_psnr: f64,
    /// Both with the weight that was found.
    pub mixed_psnr: f64,
}

/// The weight of the network, and what it was found from; `None` for a photo that is too small.
pub(super) fn calibrate(
    photo: &Pixels,
    factor: u32,
    filler: &mut dyn Filler,
    progress: &dyn Progress,
) -> Result<(f32, Option<Calibration>), Error> {
    let parts = parts(photo, factor);
    let mut errors = Errors::default();
    let total = parts.len() as u64 * 1000;
    for (index, part) in parts.into_iter().enumerate() {
        let start = index as u64 * 1000;
        let stretch = Stretch::new(progress, start, start + 1000, total);
        let checkpoint: Checkpoint<'_> = &|| stretch.check();
        let truth = Picture {
            rgb: photo.rgb(part),
            size: (part.width, part.height),
        };
        checkpoint()?;
        let small = truth.reduced(factor)?;
        let lanczos = small.lanczos(factor)?;
        checkpoint()?;
        let plain = lanczos.clone().projected(&small, factor, checkpoint)?;
        let seen = look(&plain, factor, filler, &stretch)?.projected(&small, factor, checkpoint)?;
        errors.add(&truth, &lanczos, &plain, &seen);
        checkpoint()?;
    }
    Ok(errors.weigh())
}

/// Up to four parts, spread evenly, with sides that `factor` divides.
fn parts(photo: &Pixels, factor: u32) -> Vec<Rect> {
    if photo.width().min(photo.height()) < MIN_SIDE_PX {
        return Vec::new();
    }
    let along = |side: u32| {
        let length = PART_SIDE_PX.min(side) / factor * factor;
        let free = side - length;
        let starts = if free >= length {
            vec![free / 4, free - free / 4]
        } else {
            vec![free / 2]
        };
        (starts, length)
    };
    let ((columns, width), (rows, height)) = (along(photo.width()), along(photo.height()));
    rows.iter()
        .flat_map(|&y| columns.iter().map(move |&x| Rect::new(x, y, width, height)))
        .collect()
}

/// Sums of squares over everything that was compared.
#[derive(Debug, Default)]
struct Errors {
    values: u64,
    lanczos: f64,
    plain: f64,
    network: f64,
    /// Network less plain, squared.
    difference: f64,
    /// Network less plain, times what plain is off.
    agreement: f64,
}

impl Errors {
    fn add(&mut self, truth: &Picture, lanczos: &Picture, plain: &Picture, network: &Picture) {
        self.values += truth.rgb.len() as u64;
        self.lanczos += metrics::squared_error(&lanczos.rgb, &truth.rgb);
        self.plain += metrics::squared_error(&plain.rgb, &truth.rgb);
        self.network += metrics::squared_error(&network.rgb, &truth.rgb);
        self.difference += metrics::squared_error(&network.rgb, &plain.rgb);
        let all = truth.rgb.iter().zip(&plain.rgb).zip(&network.rgb);
        self.agreement += all
            .map(|((truth, plain), network)| f64::from(network - plain) * f64::from(truth - plain))
            .sum::<f64>();
    }

    fn weigh(&self) -> (f32, Option<Calibration>) {
        if self.values == 0 {
            return (0.0, None);
        }
        let best = if self.difference > 0.0 {
            self.agreement / self.difference
        } else {
            0.0
        };
        let mut weight = best.clamp(0.0, 1.0);
        let psnr = |error| metrics::psnr_of(error, self.values);
        let mixed = |weight: f64| {
            psnr(self.plain - 2.0 * weight * self.agreement + weight * weight * self.difference)
        };
        if mixed(weight) < psnr(self.plain) + MIN_GAIN_DB {
            weight = 0.0;
        }
        let calibration = Calibration {
            pixels: self.values / 3,
            lanczos_psnr: psnr(self.lanczos),
            plain_psnr: psnr(self.plain),
            network_psnr: psnr(self.network),
            mixed_psnr: mixed(weight),
        };
        (weight as f32, Some(calibration))
    }
}
