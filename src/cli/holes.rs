//! `lacuna holes`: irregular masks as PNG files, white where the hole is, and one summary beside them.
//!
//! Without `--bucket` the six buckets take turns, so that each has the same number of masks, give or take one.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow};
use serde_json::{Value, json};

use super::{Outcome, Shared, terminal::Terminal};
use crate::{
    data::holes::{self, Border, Bucket, Spec},
    imaging::{Format, Mask, Metadata, random::Random, write},
    progress::Progress as _,
};

/// Name of the summary in the folder of the masks.
const SUMMARY: &str = "holes.json";

/// What `lacuna holes` takes.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Args {
    /// Folder for the masks; it is made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Number of masks
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    count: u32,

    /// Columns and rows of a mask
    #[arg(long, value_name = "PX", default_value_t = 512,
          value_parser = clap::value_parser!(u32).range(i64::from(holes::MIN_SIDE)..=8192))]
    size: u32,

    /// Share of the picture that is hole, in percent [default: all of them in turn]
    #[arg(long, value_enum, value_name = "RANGE")]
    bucket: Option<Bucket>,

    /// Where holes lie
    #[arg(long, value_enum, value_name = "WHERE", default_value_t = Border::default())]
    border: Border,

    /// Write into DIR although there are files in it; those of the same name are replaced
    #[arg(long)]
    force: bool,
}

pub(super) fn run(args: &Args, shared: &Shared, terminal: &Terminal) -> anyhow::Result<Outcome> {
    check_folder(&args.out, args.force)?;
    fs::create_dir_all(&args.out)
        .with_context(|| format!("making the folder {}; choose another place", args.out.display()))?;
    let seed = shared.seed.unwrap_or_default();
    terminal.stage("Masks")?;
    let mut counts = [0_u32; Bucket::ALL.len()];
    let mut masks = Vec::new();
    for index in 0..args.count {
        terminal.step(u64::from(index), u64::from(args.count))?;
        let bucket = args
            .bucket
            .unwrap_or(Bucket::ALL[index as usize % Bucket::ALL.len()]);
        let mask = make(
            args,
            bucket,
            Random::keyed(seed, [u64::from(index), 0, 0, 0]).next_u64(),
        );
        let ratio = holes::ratio(&mask);
        let name = format!("{index:05}-{ratio:.3}.png");
        terminal.uninterrupted(|| write_mask(&args.out.join(&name), &mask, args.force))??;
        counts[bucket as usize] += 1;
        masks.push(json!({"file": name, "ratio": ratio, "bucket": bucket}));
    }
    let counts: Vec<Value> = Bucket::ALL
        .iter()
        .zip(counts)
        .map(|(bucket, count)| json!({"bucket": bucket, "masks": count}))
        .collect();
    let json = json!({
        "output": args.out.display().to_string(),
        "count": args.count,
        "seed": seed,
        "size": args.size,
        "border": args.border,
        "white": "hole",
        "buckets": counts,
        "masks": masks,
    });
    let summary = serde_json::to_string_pretty(&json)? + "\n";
    terminal.uninterrupted(|| write::file(&args.out.join(SUMMARY), summary.as_bytes(), args.force))??;
    Ok(Outcome {
        text: text(args, &counts),
        json,
    })
}

/// An existing file is worth more than a new mask.
fn check_folder(out: &Path, force: bool) -> anyhow::Result<()> {
    if out.exists() && !out.is_dir() {
        return Err(anyhow!(
            "writing masks to {}: it is a file; name a folder",
            out.display()
        ));
    }
    let is_empty = fs::read_dir(out).map_or(true, |mut entries| entries.next().is_none());
    if is_empty || force {
        return Ok(());
    }
    Err(anyhow!(
        "writing masks to {}: there are files in it; choose another folder or add to this one with --force",
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

fn text(args: &Args, counts: &[Value]) -> String {
    let mut text = format!("{} masks in {}", args.count, args.out.display());
    for (bucket, count) in Bucket::ALL.iter().zip(counts) {
        text += &format!("\n{:>9}  {}", bucket.to_string(), count["masks"]);
    }
    text
}
