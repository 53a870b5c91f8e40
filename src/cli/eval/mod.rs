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

use std::{path::PathBuf, time::Instant};

use anyhow::{Context as _, anyhow};
use serde_json::json;

use super::{Outcome, Shared, terminal::Terminal};
use crate::{data, nn::vgg::Features};
use methods::{Choice, Method};
use run::Run;

/// What `lacuna eval` takes.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Args {
    /// Folder with the photos to measure on; folders in it count too
    #[arg(long, value_name = "DIR")]
    photos: PathBuf,

    /// Take the holes from the mask files in this folder instead of making them
    #[arg(long, value_name = "DIR", conflicts_with = "native")]
    holes: Option<PathBuf>,

    /// What to compare, with commas between: pconv, conv, detail, telea, ns, patchmatch; the first three also with
    /// weights of their own, as in pconv=FILE [default: pconv,telea,ns,patchmatch; with --native
    /// pconv,detail,patchmatch,telea,ns]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    methods: Vec<Choice>,

    /// Side of the square pictures, without --native
    #[arg(long, value_name = "PX", default_value_t = 512, value_parser = clap::value_parser!(u32).range(64..=2048))]
    size: u32,

    /// Take at most so many photos, spread evenly over the folder
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    count: Option<u32>,

    /// Measure at the photos' own size, one object-shaped hole of 3 to 15 % in each
    ///
    /// The sharpness ratio is the mean squared gradient in the fill over that in a ring around it, both raised by
    /// that of 1.5 steps of 8 bits, which nobody sees; tables show its median, of all other numbers the mean.
    #[arg(long)]
    native: bool,

    /// Feature network of the perceptual distance (VGG in safetensors) instead of the built-in one
    #[arg(long, value_name = "FILE")]
    features: Option<PathBuf>,

    /// Write a page with tables and the best and worst cases (report.html) and all numbers (results.json) here
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
}

pub(super) fn run(args: &Args, shared: &Shared, terminal: &Terminal) -> anyhow::Result<Outcome> {
    let started = Instant::now();
    if let Some(folder) = &args.report {
        std::fs::create_dir_all(folder).with_context(|| {
            format!(
                "making the folder {} for the report failed; choose another one",
                folder.display()
            )
        })?;
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
            .map(|skipped| (skipped.path.display().to_string(), skipped.why.clone())),
    );
    for (index, photo) in photos.iter().enumerate() {
        run.photo(photo, (index, photos.len()))?;
    }
    if run.rows.is_empty() {
        return Err(anyhow!(
            "nothing was measured in {}: every photo was skipped, {}; choose another folder",
            args.photos.display(),
            run.skipped.first().map_or("", |(_, why)| why)
        ));
    }
    let means = table::means(&run.rows, &methods);
    let skipped = |(path, why): &(String, String)| json!({ "path": path, "why": why });
    let json = json!({
        "mode": if args.native { "native" } else { "buckets" },
        "photos": photos.len(),
        "skipped": run.skipped.iter().map(skipped).collect::<Vec<_>>(),
        "size": (!args.native).then_some(args.size),
        "seed": shared.seed.unwrap_or_default(),
        "holes": args.holes.as_ref().map(|folder| folder.display().to_string()),
        "features": features.as_ref().map(Features::name),
        "methods": methods.iter().map(Method::json).collect::<Vec<_>>(),
        "means": means,
        "pictures": run.rows,
        "seconds": started.elapsed().as_secs_f64(),
    });
    let text = table::text(&means, &json);
    if let Some(folder) = &args.report {
        terminal.uninterrupted(|| report::write(folder, &text, &json, &run.thumbnails))??;
    }
    Ok(Outcome { text, json })
}

fn open_methods(args: &Args, shared: &Shared, terminal: &Terminal) -> anyhow::Result<Vec<Method>> {
    let chosen = match args.methods.as_slice() {
        [] if args.native => Choice::NATIVE.map(Choice::of).to_vec(),
        [] => Choice::BUCKETS.map(Choice::of).to_vec(),
        chosen => chosen.to_vec(),
    };
    chosen
        .iter()
        .map(|choice| Method::open(choice, shared, terminal))
        .collect()
}

fn open_features(args: &Args) -> anyhow::Result<Option<Features>> {
    let Some(path) = &args.features else {
        // A program without a feature network in it measures everything else.
        return Ok(Features::embedded().ok());
    };
    Features::read(path)
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
