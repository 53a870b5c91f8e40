//! `lacuna eval`: how good fills are, method beside method, on a folder of photos.
//!
//! Holes are made in photos, filled by every method from what is left, and compared with what was there. Two ways:
//! the paper's (square pictures of one size, irregular holes in six buckets of area, away from the border and
//! touching it), and `--native` (photos as they are, one object-shaped hole each). Nothing of the photos is changed
//! or kept, but for small pictures in a report that was asked for.

mod cases;
mod encode;
mod measure;
mod methods;
mod report;
mod run;
mod table;

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    time::Instant,
};

use super::{
    Outcome, Shared, counted,
    device::check_file,
    error::{Kept, is_cancellation},
    saving::{make_folder, refuse_file},
    terminal::Terminal,
};
use crate::{
    data::{self, PhotoFile},
    imaging::write::is_same_file,
    nn::vgg::Features,
    progress::Cancelled,
};
use anyhow::{Context as _, anyhow, bail};
use methods::{Choice, Method, Networks};
use run::{Run, Skipped};

/// What `lacuna eval` takes.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Args {
    /// Folder with the photos to measure on; folders in it count too
    #[arg(long, value_name = "DIR")]
    photos: PathBuf,

    /// Take the holes from the mask files in this folder instead of making them: twelve per photo; the hole may be white
    /// or black
    #[arg(long, value_name = "DIR", conflicts_with = "native")]
    holes: Option<PathBuf>,

    /// What to compare, separated by commas: pconv, conv, ensemble, detail, telea, ns, patchmatch; the first four also
    /// with weights of their own, as in pconv=FILE [default: pconv,ensemble,telea,ns,patchmatch; with --native
    /// pconv,ensemble,detail,patchmatch,telea,ns]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    methods: Vec<Choice>,

    /// Side of the square pictures in pixels, 64 to 2048; not with --native
    #[arg(long, value_name = "PX", default_value_t = 512, value_parser = clap::value_parser!(u32).range(64..=2048),
          conflicts_with = "native")]
    size: u32,

    /// Take at most this many photos, spread evenly over the folder
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    count: Option<u32>,

    /// Measure at the photos' own size, one object-shaped hole of 3 to 15 % in each
    ///
    /// The sharpness ratio is the mean squared gradient in the fill over that in a ring around it, both raised by
    /// that of 1.5 steps of 8 bits, which nobody sees: mostly a matter of a few strong edges. The texture ratio is that
    /// of the median gradients, both raised by half a step. The edge width ratio tells how many times as wide the edges in
    /// the fill are: 1 is as sharp as around it, however many there are. Tables show the medians of these three, of all
    /// other numbers the mean. The line "the original" has those of what was there.
    #[arg(long)]
    native: bool,

    /// Feature network of the perceptual distance (VGG in safetensors) instead of the built-in one
    #[arg(long, value_name = "FILE")]
    features: Option<PathBuf>,

    /// Write a page with the tables and the best and worst cases (report.html) and all numbers (results.json) here, in
    /// place of those of an earlier run
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,

    /// Also replace a report.html or results.json that this command did not write
    #[arg(long, requires = "report")]
    force: bool,
}

pub(super) fn run(args: &Args, shared: &Shared, terminal: &Terminal) -> anyhow::Result<Outcome> {
    let started = Instant::now();
    if let Some(folder) = &args.report {
        check_report(folder, args)?;
        make_folder(folder)?;
    }
    let methods = open_methods(args, shared, terminal)?;
    let features = open_features(args)?;
    let folder = data::Folder::scan(&args.photos, terminal)?;
    folder.require_photos()?;
    let photos = spread(&folder.photos, args.count);
    let mut run = Run::new(args, shared, &methods, features.as_ref(), terminal)?;
    run.skipped.extend(
        folder
            .skipped
            .iter()
            .map(|skipped| Skipped::new(&skipped.path, skipped.why.clone())),
    );
    let cancelled = measure_all(&mut run, &photos)?;
    let results = run.results(photos.len(), cancelled.is_some(), started);
    let (text, json) = (table::text(&results), serde_json::to_value(&results)?);
    if let Some(folder) = &args.report {
        terminal.to_the_end(|| report::write(folder, &text, &results, &json, &run.thumbnails))?;
    }
    Ok(Outcome {
        missing: cancelled.map(|cancelled| {
            let kept = format!(
                "stopped after {} of {}; these were measured",
                run.measured,
                counted(photos.len(), "photo")
            );
            anyhow::Error::new(cancelled).context(Kept(kept))
        }),
        ..Outcome::new(text, json)
    })
}

/// Refuses a folder in which a report would lie among photos or masks, or in place of something else.
fn check_report(folder: &Path, args: &Args) -> anyhow::Result<()> {
    refuse_file(folder)?;
    for (other, what) in [(Some(&args.photos), "photos"), (args.holes.as_ref(), "masks")] {
        if other.is_some_and(|other| is_same_file(folder, other)) {
            bail!(
                "writing to {}: it is the folder of the {what}; choose another one for the report",
                folder.display()
            );
        }
    }
    report::refuse_others(folder, args.force)
}

/// Measures photo by photo. A cancellation after the first photo is given back, for what was measured is worth
/// something.
fn measure_all(run: &mut Run<'_>, photos: &[PhotoFile]) -> anyhow::Result<Option<Cancelled>> {
    for (index, photo) in photos.iter().enumerate() {
        if let Err(error) = run.photo(photo, (index, photos.len())) {
            return if is_cancellation(&error) && !run.rows.is_empty() {
                Ok(Some(Cancelled))
            } else {
                Err(error)
            };
        }
    }
    if run.rows.is_empty() {
        return Err(nothing_measured(run));
    }
    Ok(None)
}

fn nothing_measured(run: &Run<'_>) -> anyhow::Error {
    let photos = run.args.photos.display();
    match (&run.args.holes, run.skipped.first()) {
        (Some(holes), _) if run.measured > 0 => anyhow!(
            "nothing was measured: no mask in {} covers 1 to 60 % of a picture; choose another folder of masks",
            holes.display()
        ),
        (_, Some(Skipped { why, .. })) => {
            anyhow!("nothing was measured in {photos}: every photo was skipped, {why}; choose another folder")
        }
        (_, None) => anyhow!("nothing was measured in {photos}; choose another folder"),
    }
}

fn open_methods(args: &Args, shared: &Shared, terminal: &Terminal) -> anyhow::Result<Vec<Method>> {
    let mut chosen = match args.methods.as_slice() {
        [] if args.native => Choice::NATIVE.map(Choice::of).to_vec(),
        [] => Choice::BUCKETS.map(Choice::of).to_vec(),
        chosen => chosen.to_vec(),
    };
    // What is named twice is measured once.
    let mut seen = HashSet::new();
    chosen.retain(|choice| seen.insert(choice.clone()));
    let mut networks = Networks::new(shared, terminal);
    chosen
        .iter()
        .map(|choice| Method::open(choice, choice.label(&chosen), &mut networks))
        .collect()
}

fn open_features(args: &Args) -> anyhow::Result<Option<Features>> {
    let Some(path) = &args.features else {
        // A program without a feature network in it measures everything else.
        return Ok(Features::embedded().ok());
    };
    check_file(path)
        .map_err(anyhow::Error::from)
        .and_then(|()| Ok(Features::read(path)?))
        .map(Some)
        .with_context(|| format!("the feature network {} cannot be used", path.display()))
}

/// At most `count` of all, evenly spaced, so that every part of a sorted folder is there.
fn spread<T: Clone>(all: &[T], count: Option<u32>) -> Vec<T> {
    let count = count.map_or(all.len(), |count| (count as usize).min(all.len()));
    (0..count)
        .map(|index| all[index * all.len() / count].clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn a_part_of_the_photos_is_spread_over_the_folder() {
        let all: Vec<u32> = (0..10).collect();
        assert_eq!(spread(&all, Some(3)), [0, 3, 6]);
        assert_eq!(spread(&all, Some(99)), all);
        assert_eq!(spread(&all, None), all);
    }
}
