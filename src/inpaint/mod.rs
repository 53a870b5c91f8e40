//! Removing things from photos: the one entry for the window and the command line.
//!
//! In the order of the data: [`plan`] decides which crops the network sees, [`fill`] gives new colours for the
//! holes, [`detail`] brings in the photo's own texture at native scale, [`composite`] makes patches that change
//! nothing outside the widened mask. The same photo, mask, weights and options give the same bytes on the same
//! device.

pub mod composite;
pub mod detail;
mod error;
pub mod fill;
pub mod options;
pub mod plan;
mod refine;
mod report;
mod source;

pub use composite::{apply_all, changed_outside};
pub use error::Error;
pub use options::{Detail, Options, Strategy};
pub use report::{CropReport, Report, Seconds};

use std::time::{Duration, Instant};

use crate::{
    imaging::{Mask, Patch, Pixels},
    nn::Network,
    progress::Progress,
};

use fill::{Filled, Filler, NetworkFiller, Stage};
use plan::Crop;
use refine::{Stretch, refine};
use source::Source;

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
/// can be cancelled at any time, within a run of the network too.
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

    progress.stage("Filling")?;
    let mut filling = Filling {
        photo,
        widened: &widened,
        options,
        filler,
        progress,
        network: Duration::ZERO,
        detail: Duration::ZERO,
    };
    let (patches, scales) = filling.fill_all(&crops)?;
    let seconds = Seconds {
        plan: plan_seconds,
        network: filling.network.as_secs_f64(),
        detail: filling.detail.as_secs_f64(),
    };
    let report = Report {
        strategy: options.strategy,
        stage: match options.detail {
            Detail::Auto => "patches",
            Detail::Off => "none",
        },
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

/// Fills crop after crop and counts the time.
struct Filling<'a> {
    photo: &'a Pixels,
    widened: &'a Mask,
    options: &'a Options,
    filler: &'a mut dyn Filler,
    progress: &'a dyn Progress,
    network: Duration,
    detail: Duration,
}

impl Filling<'_> {
    /// The patches of all crops, and the scale at which each crop was seen in the end.
    fn fill_all(&mut self, crops: &[Crop]) -> Result<(Vec<Patch>, Vec<u32>), Error> {
        let feather_px = self
            .options
            .feather_px_for(self.photo.width(), self.photo.height());
        let total = crops.iter().map(|crop| self.steps(crop)).sum();
        let (mut done, mut patches, mut scales) = (0, Vec::<Patch>::new(), Vec::new());
        for crop in crops {
            let earlier: Vec<&Patch> = crop.builds_on.iter().map(|&index| &patches[index]).collect();
            let filled = self.fill(crop, &earlier, (done, total))?;
            scales.push(filled.scale_down);
            let patch = composite::patch(self.photo, self.widened, crop, &filled, feather_px);
            patches.push(patch.ok_or(Error::WrongFill)?);
            done += self.steps(crop);
        }
        self.progress.step(total, total)?;
        Ok((patches, scales))
    }

    /// One crop through the network and the detail stage. `steps` are where the bar stands and its end.
    fn fill(&mut self, crop: &Crop, earlier: &[&Patch], steps: (u64, u64)) -> Result<Filled, Error> {
        let (done, total) = steps;
        self.progress.step(done, total)?;
        let started = Instant::now();
        let source = Source::new(self.photo, self.widened, crop.rect, earlier);
        let stage = Stage {
            side_step: match self.options.strategy {
                Strategy::Auto => plan::SIDE_STEP,
                Strategy::Whole => 1,
            },
            progress: self.progress,
            steps,
        };
        let wanted = match self.options.detail {
            Detail::Auto => crop.rect,
            Detail::Off => crop.fills,
        };
        let filled = stage.fill(crop, &source, wanted, self.filler)?;
        self.network += started.elapsed();
        if self.options.detail == Detail::Off {
            return Ok(filled);
        }
        let started = Instant::now();
        let (start, end) = (done + crop.steps(), done + self.steps(crop));
        let stretch = Stretch::new(self.progress, start, end, total);
        let refined = refine(crop, &source, &filled, self.options, &stretch)?;
        self.detail += started.elapsed();
        Ok(refined)
    }

    /// A crop's share of the bar: the network's pixels, and those that get detail, which takes about as long.
    fn steps(&self, crop: &Crop) -> u64 {
        match self.options.detail {
            Detail::Auto => crop.steps() + crop.hole_pixels,
            Detail::Off => crop.steps(),
        }
    }
}
