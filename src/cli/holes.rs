//! `lacuna holes`: irregular masks as PNG files, white where the hole is, and one summary beside them.
//!
//! Without `--bucket` the six buckets take turns, so that each has the same number of masks, give or take one.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow};
use serde_json::{Value, json};

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
    make_folder(&args.out)?;
    let seed = shared.seed.unwrap_or_default();
    let mut made = Made::default();
    let ended = make_all(args, seed, &mut made, terminal);
    let cancelled = match ended {
        Ok(()) => None,
        Err(error) => Some(error.downcast::<Cancelled>()?),
    };
    let counts = made.counts();
    let json = json!({
        "output": args.out.display().to_string(),
        "count": made.masks.len(),
        "seed": seed,
        "size": args.size,
        "border": args.border,
        "white": "hole",
        "buckets": counts,
        "masks": made.masks,
    });
    let summary = serde_json::to_string_pretty(&json)? + "\n";
    terminal.to_the_end(|| write::file(&args.out.join(holes::SUMMARY), summary.as_bytes(), args.force))?;
    let count = made.masks.len();
    if let Some(cancelled) = cancelled {
        let kept = format!(
            "stopped after {count} of {}; they are in {}",
            counted(args.count as usize, "mask"),
            args.out.display()
        );
        return Err(anyhow::Error::new(cancelled).context(Kept(kept)));
    }
    Ok(Outcome {
        text: text(args, count, &counts),
        json,
    })
}

/// The masks that were written.
#[derive(Default)]
struct Made {
    masks: Vec<Value>,
    per_bucket: [u32; Bucket::ALL.len()],
}

impl Made {
    fn counts(&self) -> Vec<Value> {
        let counted = Bucket::ALL.iter().zip(self.per_bucket);
        counted
            .map(|(bucket, count)| json!({"bucket": bucket, "masks": count}))
            .collect()
    }
}

fn make_all(args: &Args, seed: u64, made: &mut Made, terminal: &Terminal) -> anyhow::Result<()> {
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
        made.per_bucket[bucket as usize] += 1;
        made.masks
            .push(json!({"file": name, "ratio": ratio, "bucket": bucket}));
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

fn text(args: &Args, count: usize, counts: &[Value]) -> String {
    let mut text = format!("{} in {}", counted(count, "mask"), args.out.display());
    for (bucket, count) in Bucket::ALL.iter().zip(counts) {
        text += &format!("\n{:>9}  {}", bucket.to_string(), count["masks"]);
    }
    text
}
