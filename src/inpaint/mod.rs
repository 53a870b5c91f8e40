//! Removing things from photos: the one entry for the window and the command line.
//!
//! In the order of the data: [`plan`] decides which crops the network sees, [`fill`] gives new colours for the
//! holes, [`detail`] brings in the photo's own texture at native scale, [`composite`] makes patches that change
//! nothing outside the widened mask. The same photo, mask, weights and options give the same bytes on the same
//! device. [`upscale`] is an entry of its own: it enlarges.

mod bar;
mod candidates;
pub mod classic;
pub mod composite;
pub mod detail;
mod error;
pub mod fill;
mod hole;
pub mod options;
pub mod plan;
mod push_pull;
mod refine;
mod report;
mod source;
pub mod upscale;

pub use candidates::{BLOCK, Candidate, Candidates, Disagreement, Variation, remove_candidates};
pub use composite::{apply_all, changed_outside};
pub use detail::Score;
pub use error::Error;
pub use options::{Detail, Ensemble, MAX_CANDIDATES, Options, Strategy};
pub use report::{CropReport, Report, Seconds};

use std::{
    borrow::Cow,
    time::{Duration, Instant},
};

use crate::{
    imaging::{Mask, Patch, Pixels},
    nn::Network,
    progress::Progress,
};

use bar::Stretch;
use detail::Beginning;
use fill::{Filled, Filler, Looks, NetworkFiller, Stage};
use plan::Crop;
use refine::refine;
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

/// What to fill and from what.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The photo.
    pub photo: &'a Pixels,
    /// What is to go: white, of the photo's size.
    pub mask: &'a Mask,
    /// What nothing is to be continued or copied from: white, of the photo's size.
    pub keep_out: Option<&'a Mask>,
}

/// Fills the holes of `mask` in `photo`, once, whatever number of candidates the options want.
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
    let request = Request {
        photo,
        mask,
        keep_out: None,
    };
    let prepared = prepare(&request, options, progress)?;
    progress.stage("Filling")?;
    remove_prepared(
        &request,
        &prepared,
        filler,
        options,
        options.variation(0),
        progress,
    )
}

/// What all fills of one request share.
struct Prepared<'a> {
    widened: Mask,
    /// What nothing is to be continued from.
    keep_out: Option<Cow<'a, Mask>>,
    crops: Vec<Crop>,
    seconds: f64,
}

fn prepare<'a>(
    request: &Request<'a>,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Prepared<'a>, Error> {
    let started = Instant::now();
    progress.stage("Planning")?;
    let widened = widened(request, options, progress)?;
    progress.check()?;
    let keep_out = source::keep_out(request.photo, &widened, request.keep_out);
    progress.check()?;
    let crops = match options.strategy {
        Strategy::Auto => plan::crops(&widened, keep_out.as_deref()),
        Strategy::Whole => plan::whole(&widened),
    };
    progress.check()?;
    let largest = crops.iter().map(Crop::hole_share).fold(0.0, f64::max);
    if largest > plan::TRAINED_HOLE_SHARE {
        progress.notice(&format!(
            "{:.0} % of what the network sees is to be filled, and it has learned to fill up to {:.0} %: expect little \
             structure; mask less if you can",
            100.0 * largest,
            100.0 * plan::TRAINED_HOLE_SHARE
        ));
    }
    Ok(Prepared {
        widened,
        keep_out,
        crops,
        seconds: started.elapsed().as_secs_f64(),
    })
}

fn remove_prepared(
    request: &Request<'_>,
    prepared: &Prepared<'_>,
    filler: &mut dyn Filler,
    options: &Options,
    variation: Variation,
    progress: &dyn Progress,
) -> Result<Removal, Error> {
    let (photo, widened) = (request.photo, &prepared.widened);
    let crops = match options.strategy {
        Strategy::Auto => candidates::varied(&prepared.crops, photo.bounds(), widened, variation),
        Strategy::Whole => prepared.crops.clone(),
    };
    let options = Options {
        seed: options.seed.wrapping_add(variation.seed_offset),
        ..*options
    };
    let looks = options.looks(variation);
    let mut filling = Filling {
        photo,
        widened,
        keep_out: prepared.keep_out.as_deref(),
        looks,
        beginning: variation.beginning,
        options: &options,
        filler,
        progress,
        network: Duration::ZERO,
        detail: Duration::ZERO,
    };
    let (patches, scales) = filling.fill_all(&crops)?;
    let (mask_pixels, hole_pixels) = (request.mask.hole_count(), widened.hole_count());
    progress.step(1, 1)?;
    let report = Report {
        strategy: options.strategy,
        stage: match options.detail {
            Detail::Auto => "patches",
            Detail::Off => "none",
        },
        is_ensemble: looks == Looks::Ensemble,
        seed: options.seed,
        variation,
        mask_pixels,
        hole_pixels,
        grow_px: options.grow_px_for(photo.width(), photo.height()),
        feather_px: options.feather_px_for(photo.width(), photo.height()),
        device: filling.filler.device_name(),
        weights_sha256: String::new(),
        seconds: Seconds {
            plan: prepared.seconds,
            network: filling.network.as_secs_f64(),
            detail: filling.detail.as_secs_f64(),
        },
        crops: crops
            .iter()
            .zip(scales)
            .map(|(crop, scale)| CropReport::of(crop, scale))
            .collect(),
    };
    Ok(Removal {
        patches,
        widened: widened.clone(),
        report,
    })
}

/// The mask, widened as the options say; an error where there is nothing to fill or nothing to fill it from.
fn widened(request: &Request<'_>, options: &Options, progress: &dyn Progress) -> Result<Mask, Error> {
    let Request {
        photo,
        mask,
        keep_out,
    } = *request;
    for mask in [Some(mask), keep_out].into_iter().flatten() {
        if (photo.width(), photo.height()) != (mask.width(), mask.height()) {
            return Err(Error::SizeMismatch {
                photo: (photo.width(), photo.height()),
                mask: (mask.width(), mask.height()),
            });
        }
    }
    if mask.hole_count() == 0 {
        return Err(Error::EmptyMask);
    }
    progress.check()?;
    let grow_px = options.grow_px_for(photo.width(), photo.height());
    let mut widened = mask.clone();
    progress.check()?;
    widened.grow(grow_px as f32);
    progress.check()?;
    if widened.hole_count() == photo.bounds().area() {
        return Err(Error::NothingValid { grow_px });
    }
    if keep_out.is_some_and(|keep_out| !source::leaves_any(&widened, keep_out)) {
        return Err(Error::AllKeptOut);
    }
    Ok(widened)
}

/// Fills crop after crop and counts the time.
struct Filling<'a> {
    photo: &'a Pixels,
    widened: &'a Mask,
    keep_out: Option<&'a Mask>,
    looks: Looks,
    beginning: Beginning,
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
            self.progress.step(done + self.steps(crop), total)?;
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
        let source = Source::new(self.photo, self.widened, crop.rect, earlier).keeping_out(self.keep_out);
        let network_end = done + self.network_steps(crop);
        let stage = Stage {
            side_step: match self.options.strategy {
                Strategy::Auto => plan::SIDE_STEP,
                Strategy::Whole => 1,
            },
            looks: self.looks,
            progress: &Stretch::new(self.progress, done, network_end, total),
        };
        let wanted = match self.options.detail {
            Detail::Auto => source.hole_bounds(crop.rect),
            Detail::Off => crop.fills,
        };
        let filled = stage.fill(crop, &source, wanted, self.filler)?;
        self.network += started.elapsed();
        if self.options.detail == Detail::Off {
            return Ok(filled);
        }
        let started = Instant::now();
        let stretch = Stretch::new(self.progress, network_end, done + self.steps(crop), total);
        let refined = refine(crop, &source, &filled, self.options, self.beginning, &stretch)?;
        self.detail += started.elapsed();
        Ok(refined)
    }

    /// A crop's share of the bar: the network's pixels, and those that get detail, each of which takes about as long
    /// as five.
    fn steps(&self, crop: &Crop) -> u64 {
        let detail = match self.options.detail {
            Detail::Auto => 5 * crop.hole_pixels,
            Detail::Off => 0,
        };
        self.network_steps(crop) + detail
    }

    fn network_steps(&self, crop: &Crop) -> u64 {
        crop.steps() * self.looks.runs()
    }
}
