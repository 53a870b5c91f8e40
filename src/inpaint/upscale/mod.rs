//! Photos at two, three or four times their size.
//!
//! Lanczos and back-projection do the work (`project`). The network looks in the paper's way (`look`), and what it
//! sees differently is added with a weight that is measured on the photo itself (`calibrate`); the default weights
//! were never trained on single pixels in a grid and mostly get 0. The result, reduced again, is the photo, within a
//! step of 8 bit but at a few of the hardest edges. Tiles overlap and give way to each other, so memory grows with the
//! result alone. Nothing is drawn at random.

mod bands;
mod calibrate;
mod look;
mod project;
mod tiles;

use std::time::Instant;

use serde::Serialize;

pub use calibrate::Calibration;

use super::{
    Error,
    fill::{Filler, NetworkFiller},
};
use crate::{
    imaging::{Pixels, read::MAX_PIXELS},
    nn::Network,
    progress::Progress,
};
use bands::{Bar, Enlarging};

/// How many times as wide and as high the result is: 2, 3 or 4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Factor(u32);

impl Factor {
    /// `None` for anything but 2, 3 and 4.
    pub fn new(factor: u32) -> Option<Self> {
        (2..=4).contains(&factor).then_some(Self(factor))
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Columns and rows of a photo of this size, enlarged. `None` where that is more than can be read again.
    pub fn enlarged(self, width: u32, height: u32) -> Option<(u32, u32)> {
        let (width, height) = (width.checked_mul(self.0)?, height.checked_mul(self.0)?);
        (u64::from(width) * u64::from(height) <= MAX_PIXELS).then_some((width, height))
    }
}

/// The larger photo, and how it came about.
#[derive(Debug, Clone)]
pub struct Upscaled {
    /// In the photo's channels, at its depth.
    pub pixels: Pixels,
    /// What was done and how long it took.
    pub report: Report,
}

/// What was done and how long it took.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// How many times as wide and as high.
    pub factor: Factor,
    /// The part of the network's difference that was added, 0 to 1. With 0 it did not see the whole photo.
    pub network_weight: f32,
    /// What the weight was found from; `None` for a photo that is too small.
    pub calibration: Option<Calibration>,
    /// Where the network ran in the end.
    pub device: String,
    /// Checksum of the weights.
    pub weights_sha256: String,
    /// Time per stage.
    pub seconds: Seconds,
}

/// Wall-clock time per stage, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Seconds {
    /// Finding the weight of the network.
    pub calibrate: f64,
    /// Making the result.
    pub upscale: f64,
}

/// Enlarges `photo`.
///
/// Alpha is enlarged for itself, without the network, and not multiplied into the colours. The same photo and weights
/// give the same bytes on the same device, for any number of threads.
pub fn upscale(
    photo: &Pixels,
    factor: Factor,
    network: &Network,
    progress: &dyn Progress,
) -> Result<Upscaled, Error> {
    let mut upscaled = upscale_with(photo, factor, &mut NetworkFiller::new(network), progress)?;
    upscaled.report.weights_sha256.clone_from(&network.info.sha256);
    Ok(upscaled)
}

fn upscale_with(
    photo: &Pixels,
    factor: Factor,
    filler: &mut dyn Filler,
    progress: &dyn Progress,
) -> Result<Upscaled, Error> {
    let started = Instant::now();
    progress.stage("Measuring")?;
    let (network_weight, calibration) = calibrate::calibrate(photo, factor.0, filler, progress)?;
    let calibrated = started.elapsed().as_secs_f64();
    progress.stage("Upscaling")?;
    let alpha = photo.alpha();
    let planes = 1 + usize::from(alpha.is_some());
    let bar = Bar::new(progress, photo, factor.0, planes);
    let enlarging = Enlarging::new(photo, factor.0, &bar);
    let mut pixels = if network_weight > 0.0 {
        enlarging.mixed(network_weight, filler)?
    } else {
        enlarging.plain()?
    };
    if let Some(alpha) = alpha {
        pixels.set_alpha(&Enlarging::new(&alpha, factor.0, &bar).plain()?);
    }
    let report = Report {
        factor,
        network_weight,
        calibration,
        device: filler.device_name(),
        weights_sha256: String::new(),
        seconds: Seconds {
            calibrate: calibrated,
            upscale: started.elapsed().as_secs_f64() - calibrated,
        },
    };
    Ok(Upscaled { pixels, report })
}

#[cfg(test)]
mod tests;
