//! `lacuna inpaint`: photo and mask from files, through the pipeline, into a new file.
//!
//! What can be refused without work (an unknown ending, an existing file) is refused before anything is read.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::anyhow;
use serde_json::{Value, json};

use super::{Outcome, Shared, error::Usage, memory, open_network, terminal::Terminal};
use crate::{
    imaging::{Format, Mask, MetadataPolicy, Photo, read, write},
    inpaint::{self, Options, Removal},
    progress::Progress as _,
};

/// What `lacuna inpaint` takes.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Args {
    /// The photo: JPEG, PNG, TIFF or WebP
    pub(super) photo: PathBuf,

    /// What goes: a picture of the photo's size, white where to remove
    #[arg(long, value_name = "MASK")]
    pub(super) mask: PathBuf,

    /// Where to write the result; the ending picks the format (jpg, png, tif, webp)
    #[arg(short, long, value_name = "OUT")]
    pub(super) output: PathBuf,

    #[command(flatten)]
    pub(super) options: Options,

    /// Replace OUT if it exists (never the photo itself)
    #[arg(long)]
    pub(super) force: bool,

    /// Quality of a JPEG, 1 to 100
    #[arg(long, value_name = "N", default_value_t = write::Options::default().quality,
          value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(super) quality: u8,

    /// Bits per sample of the result, 8 or 16 [default: the photo's, where the format can]
    #[arg(long, value_name = "BITS", value_parser = bit_depth)]
    pub(super) bit_depth: Option<u8>,

    /// What of the metadata goes along
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = MetadataPolicy::default())]
    pub(super) metadata: MetadataPolicy,
}

fn bit_depth(text: &str) -> Result<u8, String> {
    match text {
        "8" => Ok(8),
        "16" => Ok(16),
        _ => Err("it is 8 or 16".to_owned()),
    }
}

pub(super) fn run(args: &Args, shared: &Shared, terminal: &Terminal) -> anyhow::Result<Outcome> {
    let started = Instant::now();
    let format = format_of(&args.output)?;
    let write_options = write::Options {
        quality: args.quality,
        bit_depth: args.bit_depth,
        metadata: args.metadata,
        original: Some(args.photo.clone()),
    };
    write::check(&args.output, &write_options, args.force).map_err(hint_force)?;

    let (photo, mask) = read(args, terminal)?;
    let network = open_network(shared, terminal)?;
    let read_seconds = started.elapsed().as_secs_f64();

    let options = Options {
        seed: shared.seed.unwrap_or(args.options.seed),
        ..args.options
    };
    let removal = inpaint::remove(&photo.pixels, &mask, &network, &options, terminal)?;
    let result = inpaint::apply_all(&photo.pixels, &removal.patches);
    let changed = inpaint::changed_outside(&photo.pixels, &result, &removal.widened);

    terminal.stage("Writing")?;
    let write_started = Instant::now();
    let notices = terminal.uninterrupted(|| {
        write::photo(
            &args.output,
            &result,
            &photo.metadata,
            format,
            &write_options,
            args.force,
        )
        .map_err(hint_force)
    })??;
    notices.iter().for_each(|notice| terminal.notice(notice));
    let write_seconds = write_started.elapsed().as_secs_f64();

    let mut json = serde_json::to_value(&removal.report)?;
    json["output"] = json!(args.output.display().to_string());
    json["changed_pixels_outside"] = json!(changed);
    json["width"] = json!(photo.pixels.width());
    json["height"] = json!(photo.pixels.height());
    json["notices"] = json!(terminal.notices());
    json["peak_mib"] = json!(memory::peak_mib());
    json["seconds"]["read"] = json!(read_seconds);
    json["seconds"]["write"] = json!(write_seconds);
    json["seconds"]["total"] = json!(started.elapsed().as_secs_f64());
    Ok(Outcome {
        text: summary(args, &removal, &json),
        json,
    })
}

fn format_of(output: &Path) -> Result<Format, Usage> {
    Format::from_path(output).ok_or_else(|| {
        Usage(format!(
            "{} has no ending that names a format: use .jpg, .png, .tif or .webp",
            output.display()
        ))
    })
}

fn read(args: &Args, terminal: &Terminal) -> anyhow::Result<(Photo, Mask)> {
    terminal.stage("Reading")?;
    let photo = read::photo(&args.photo)?;
    terminal.step(1, 2)?;
    let size = (photo.pixels.width(), photo.pixels.height());
    let (mask, notices) = read::mask(&args.mask, size)?;
    terminal.step(2, 2)?;
    for notice in photo.metadata.notices.iter().chain(&notices) {
        terminal.notice(notice);
    }
    Ok((photo, mask))
}

/// On the command line there is a flag for replacing a file.
fn hint_force(error: write::WriteError) -> anyhow::Error {
    match error.problem {
        write::Problem::Exists => anyhow!(
            "writing {}: the file exists; choose another name or replace it with --force",
            error.name
        ),
        _ => error.into(),
    }
}

fn summary(args: &Args, removal: &Removal, json: &Value) -> String {
    let report = &removal.report;
    format!(
        "{}: filled {} pixels in {} {} on {} in {:.1} s",
        args.output.display(),
        report.hole_pixels,
        report.crops.len(),
        if report.crops.len() == 1 { "crop" } else { "crops" },
        report.device,
        json["seconds"]["total"].as_f64().unwrap_or_default()
    )
}
