//! `lacuna holes`: irregular masks as PNG files, white where the hole is, and one summary beside them.
//!
//! Without `--bucket` the six buckets take turns, so that each has the same number of masks, give or take one.

use std::{
    collections::BTreeSet,
    fs,
    path::{Component, Path, PathBuf},
};

use anyhow::{Context as _, anyhow};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Outcome, Shared, counted,
    error::Kept,
    saving::{make_folder, refuse_file},
    terminal::Terminal,
};
use crate::{
    data::holes::{self, Border, Bucket, Spec},
    imaging::{Format, Mask, Metadata, random::Random, write},
    progress::{Cancelled, Progress as _},
};

/// What `lacuna holes` takes.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Args {
    /// Folder for the masks; it is made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Number of masks, at most a million
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    count: u32,

    /// Columns and rows of a mask, 64 to 8192
    #[arg(long, value_name = "PX", default_value_t = 512,
          value_parser = clap::value_parser!(u32).range(i64::from(holes::MIN_SIDE)..=8192))]
    size: u32,

    /// How much of the picture is hole, in percent [default: all ranges in turn]
    #[arg(long, value_enum, value_name = "RANGE")]
    bucket: Option<Bucket>,

    /// Where the holes lie
    #[arg(long, value_enum, value_name = "WHERE", default_value_t = Border::default())]
    border: Border,

    /// Write into DIR although there are files in it, in place of the masks of an earlier run
    #[arg(long)]
    force: bool,
}

pub(super) fn run(args: &Args, shared: &Shared, terminal: &Terminal) -> anyhow::Result<Outcome> {
    check_folder(&args.out, args.force)?;
    make_folder(&args.out)?;
    let seed = shared.seed.unwrap_or_default();
    let mut made = Vec::new();
    let ended = make_all(args, seed, &mut made, terminal);
    let cancelled = match ended {
        Ok(()) => None,
        Err(error) => Some(error.downcast::<Cancelled>()?),
    };
    let counts = Bucket::ALL.map(|bucket| Count {
        bucket,
        masks: made.iter().filter(|mask| mask.bucket == bucket).count(),
    });
    let json = json!({
        "output": args.out.display().to_string(),
        "count": made.len(),
        "seed": seed,
        "size": args.size,
        "border": args.border,
        "white": "hole",
        "buckets": counts,
        "masks": made,
    });
    let summary = serde_json::to_string_pretty(&json)? + "\n";
    terminal.to_the_end(|| {
        if cancelled.is_none() {
            remove_earlier(&args.out, &made);
        } else if made.is_empty() {
            return Ok(());
        }
        write::file(&args.out.join(holes::SUMMARY), summary.as_bytes(), args.force)
    })?;
    Ok(Outcome {
        missing: cancelled.map(|cancelled| {
            let kept = format!(
                "stopped after {} of {}; they are in {}",
                made.len(),
                counted(args.count as usize, "mask"),
                args.out.display()
            );
            anyhow::Error::new(cancelled).context(Kept(kept))
        }),
        ..Outcome::new(text(args, &counts), json)
    })
}

/// A mask that was written.
#[derive(Serialize)]
struct Made {
    file: String,
    ratio: f64,
    bucket: Bucket,
}

/// How many masks there are of a bucket.
#[derive(Serialize)]
struct Count {
    bucket: Bucket,
    masks: usize,
}

/// What of an earlier summary says which masks belong to it.
#[derive(Deserialize)]
struct Earlier {
    masks: Vec<EarlierMask>,
}

#[derive(Deserialize)]
struct EarlierMask {
    file: PathBuf,
}

/// Takes away the masks of an earlier run in the same folder: two sets in one would be neither.
fn remove_earlier(out: &Path, made: &[Made]) {
    let Some(earlier) = fs::read(out.join(holes::SUMMARY))
        .ok()
        .and_then(|summary| serde_json::from_slice::<Earlier>(&summary).ok())
    else {
        return;
    };
    let is_new: BTreeSet<&Path> = made.iter().map(|mask| Path::new(&mask.file)).collect();
    for file in earlier.masks.iter().map(|mask| mask.file.as_path()) {
        // Nobody's summary may name what lies elsewhere, or what is no mask.
        let is_plain = matches!(file.components().collect::<Vec<_>>()[..], [Component::Normal(_)]);
        let is_mask = Format::from_path(file) == Some(Format::Png);
        if is_plain
            && is_mask
            && !is_new.contains(file)
            && let Err(error) = fs::remove_file(out.join(file))
        {
            tracing::warn!("{} is left: {error}", file.display());
        }
    }
}

fn make_all(args: &Args, seed: u64, made: &mut Vec<Made>, terminal: &Terminal) -> anyhow::Result<()> {
    terminal.stage("Masks")?;
    for index in 0..args.count {
        terminal.step(u64::from(index), u64::from(args.count))?;
        let bucket = args
            .bucket
            .unwrap_or(Bucket::ALL[index as usize % Bucket::ALL.len()]);
        let own_seed = Random::keyed(seed, [u64::from(index), 0, 0, 0]).next_u64();
        let mask = make(args, bucket, own_seed);
        let ratio = holes::ratio(&mask);
        let name = format!("{index:05}-{ratio:.3}.png");
        terminal.uninterrupted(|| write_mask(&args.out.join(&name), &mask, args.force))??;
        made.push(Made {
            file: name,
            ratio,
            bucket,
        });
    }
    Ok(())
}

/// An existing file is worth more than a new mask.
fn check_folder(out: &Path, force: bool) -> anyhow::Result<()> {
    refuse_file(out)?;
    let is_empty = fs::read_dir(out).map_or(true, |mut entries| entries.next().is_none());
    if is_empty || force {
        return Ok(());
    }
    Err(anyhow!(
        "writing masks to {}: there are files in it; choose another folder or, to replace the masks of an earlier \
         run, use --force",
        out.display()
    ))
}

fn make(args: &Args, bucket: Bucket, seed: u64) -> Mask {
    let spec = Spec {
        bucket: Some(bucket),
        border: args.border,
    };
    holes::generate(&spec, args.size, args.size, seed)
}

fn write_mask(path: &Path, mask: &Mask, overwrite: bool) -> anyhow::Result<()> {
    let pixels = mask.to_pixels().context("the mask has no pixels")?;
    let options = write::Options::default();
    write::photo(
        path,
        &pixels,
        &Metadata::default(),
        Format::Png,
        &options,
        overwrite,
    )?;
    Ok(())
}

fn text(args: &Args, counts: &[Count]) -> String {
    let all = counts.iter().map(|count| count.masks).sum();
    let mut text = format!("{} in {}", counted(all, "mask"), args.out.display());
    for Count { bucket, masks } in counts {
        text += &format!("\n{:>9}  {masks}", bucket.to_string());
    }
    text
}
