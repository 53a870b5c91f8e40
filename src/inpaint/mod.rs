//! Removing things from photos: the one entry for the window and the command line.
//!
//! In the order of the data: [`plan`] decides which crops the network sees, [`fill`] gives new colours for the
//! holes, [`composite`] makes patches of them that change nothing outside the widened mask. Texture finer than the
//! network's scale has no stage yet; its place is between fill and composite. The same photo, mask, weights and
//! options give the same bytes on the same device.

pub mod composite;
pub mod detail;
mod error;
pub mod fill;
pub mod options;
pub mod plan;
mod report;

pub use composite::{apply_all, changed_outside};
pub use error::Error;
pub use options::{Detail, Options, Strategy};
pub use report::{CropReport, Report, Seconds};

use std::time::Instant;

use crate::{
    imaging::{Mask, Patch, Pixels},
    nn::Network,
    progress::Progress,
};

use fill::{Filler, NetworkFiller, Stage};
use plan::Crop;

/// What goes over the photo, and how it came about.
#[derive(Debug, Clone)]
pub struct Removal {
    /// New pixels; see [`apply_all`].
    pub patches: Vec<Patch>,
    /// The mask as it was widened: nothing outside its holes changes.
    pub widened: Mask,
    /// What was done and how long it took.
    pub report: Report,
}

/// Fills the holes of `mask` in `photo`.
///
/// The photo is not changed: [`apply_all`] puts the patches over it. Reports two phases, planning and filling, and
/// can be cancelled between and within crops, but not within a run of the network.
pub fn remove(
    photo: &Pixels,
    mask: &Mask,
    network: &Network,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Removal, Error> {
    let mut removal = remove_with(photo, mask, &mut NetworkFiller::new(network), options, progress)?;
    removal.report.weights_sha256.clone_from(&network.info.sha256);
    Ok(removal)
}

fn remove_with(
    photo: &Pixels,
    mask: &Mask,
    filler: &mut dyn Filler,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Removal, Error> {
    let started = Instant::now();
    progress.stage("Planning")?;
    let widened = widened(photo, mask, options)?;
    let crops = match options.strategy {
        Strategy::Auto => plan::crops(&widened),
        Strategy::Whole => plan::whole(&widened),
    };
    let plan_seconds = started.elapsed().as_secs_f64();

    let started = Instant::now();
    progress.stage("Filling")?;
    let (patches, scales) = fill_crops(photo, &widened, &crops, filler, options, progress)?;
    let seconds = Seconds {
        plan: plan_seconds,
        network: started.elapsed().as_secs_f64(),
        detail: 0.0,
    };
    let report = Report {
        strategy: options.strategy,
        stage: "none",
        seed: options.seed,
        mask_pixels: mask.hole_count(),
        hole_pixels: widened.hole_count(),
        grow_px: options.grow_px_for(photo.width(), photo.height()),
        feather_px: options.feather_px_for(photo.width(), photo.height()),
        device: filler.device_name(),
        weights_sha256: String::new(),
        seconds,
        crops: crops
            .iter()
            .zip(scales)
            .map(|(crop, scale)| CropReport::of(crop, scale))
            .collect(),
    };
    Ok(Removal {
        patches,
        widened,
        report,
    })
}

/// The mask, widened as the options say; an error where there is nothing to fill or nothing to fill it from.
fn widened(photo: &Pixels, mask: &Mask, options: &Options) -> Result<Mask, Error> {
    if (photo.width(), photo.height()) != (mask.width(), mask.height()) {
        return Err(Error::SizeMismatch {
            photo: (photo.width(), photo.height()),
            mask: (mask.width(), mask.height()),
        });
    }
    if mask.hole_count() == 0 {
        return Err(Error::EmptyMask);
    }
    let grow_px = options.grow_px_for(photo.width(), photo.height());
    let widened = mask.grown(grow_px as f32);
    if widened.hole_count() == photo.bounds().area() {
        return Err(Error::NothingValid { grow_px });
    }
    Ok(widened)
}

/// The patches of all crops, and the scale at which each crop was seen in the end.
fn fill_crops(
    photo: &Pixels,
    widened: &Mask,
    crops: &[Crop],
    filler: &mut dyn Filler,
    options: &Options,
    progress: &dyn Progress,
) -> Result<(Vec<Patch>, Vec<u32>), Error> {
    let feather_px = options.feather_px_for(photo.width(), photo.height());
    let total = crops.iter().map(Crop::steps).sum();
    let (mut done, mut patches, mut scales) = (0, Vec::<Patch>::new(), Vec::new());
    for crop in crops {
        progress.step(done, total)?;
        let stage = Stage {
            photo,
            holes: widened,
            side_step: match options.strategy {
                Strategy::Auto => plan::SIDE_STEP,
                Strategy::Whole => 1,
            },
            progress,
            steps: (done, total),
        };
        let earlier: Vec<&Patch> = crop.builds_on.iter().map(|&index| &patches[index]).collect();
        let filled = stage.fill(crop, &earlier, filler)?;
        scales.push(filled.scale_down);
        patches.push(composite::patch(photo, widened, crop, &filled, feather_px).ok_or(Error::WrongFill)?);
        done += crop.steps();
    }
    progress.step(total, total)?;
    Ok((patches, scales))
}
