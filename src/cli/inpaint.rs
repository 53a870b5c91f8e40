//! `lacuna inpaint`: photo and mask from files, through the pipeline, into a new file.
//!
//! What can be refused without work (an unknown ending, an existing file) is refused before anything is read.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context as _, anyhow};
use serde_json::{Value, json};

use super::{Outcome, Shared, error::Usage, memory, open_network, terminal::Terminal};
use crate::{
    imaging::{Format, Mask, MetadataPolicy, Photo, read, write},
    inpaint::{self, Candidate, Options, Removal, Request},
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

    /// What not to copy from: a picture of the photo's size, white where nothing is to be continued
    #[arg(long, value_name = "MASK")]
    pub(super) keep_out: Option<PathBuf>,

    /// Where to write the result; the ending picks the format (jpg, png, tif, webp). With --candidates the best goes
    /// here, the others beside it: OUT-2, OUT-3 and so on
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
    let outputs = outputs(&args.output, args.options.candidates);
    for output in &outputs {
        write::check(output, &write_options, args.force).map_err(hint_force)?;
    }

    let input = read(args, terminal)?;
    let network = open_network(shared, terminal)?;
    let read_seconds = started.elapsed().as_secs_f64();

    let options = Options {
        seed: shared.seed.unwrap_or(args.options.seed),
        ..args.options
    };
    let photo = &input.photo;
    let request = Request {
        photo: &photo.pixels,
        mask: &input.mask,
        keep_out: input.keep_out.as_ref(),
    };
    let candidates = inpaint::remove_candidates(&request, &network, &options, terminal)?.all;

    terminal.stage("Writing")?;
    let write_started = Instant::now();
    let mut changed = Vec::with_capacity(candidates.len());
    for (candidate, output) in candidates.iter().zip(&outputs) {
        let result = inpaint::apply_all(&photo.pixels, &candidate.removal.patches);
        let widened = &candidate.removal.widened;
        changed.push(inpaint::changed_outside(&photo.pixels, &result, widened));
        let write = || {
            let metadata = &photo.metadata;
            write::photo(output, &result, metadata, format, &write_options, args.force).map_err(hint_force)
        };
        let notices = terminal.uninterrupted(write)??;
        if changed.len() == 1 {
            notices.iter().for_each(|notice| terminal.notice(notice));
        }
    }
    let write_seconds = write_started.elapsed().as_secs_f64();

    let best = candidates.first().context("no fill came back")?;
    let mut json = serde_json::to_value(&best.removal.report)?;
    json["output"] = json!(args.output.display().to_string());
    json["changed_pixels_outside"] = json!(changed.iter().sum::<u64>());
    json["width"] = json!(photo.pixels.width());
    json["height"] = json!(photo.pixels.height());
    json["candidates"] = candidates.iter().zip(&outputs).map(about).collect();
    json["notices"] = json!(terminal.notices());
    json["peak_mib"] = json!(memory::peak_mib());
    json["seconds"]["read"] = json!(read_seconds);
    json["seconds"]["write"] = json!(write_seconds);
    json["seconds"]["total"] = json!(started.elapsed().as_secs_f64());
    Ok(Outcome {
        text: summary(args, &best.removal, &json),
        json,
    })
}

/// Where candidates go, the best first: OUT itself, then `OUT-2` and so on with the same ending.
fn outputs(output: &Path, candidates: u32) -> Vec<PathBuf> {
    let numbered = |number: u32| {
        let stem = output.file_stem().unwrap_or_default().to_string_lossy();
        let ending = output.extension().unwrap_or_default().to_string_lossy();
        output.with_file_name(format!("{stem}-{number}.{ending}"))
    };
    std::iter::once(output.to_owned())
        .chain((2..=candidates).map(numbered))
        .collect()
}

/// A candidate as JSON: where it is, how it was made and how it was judged.
fn about((candidate, output): (&Candidate, &PathBuf)) -> Value {
    let report = &candidate.removal.report;
    json!({
        "output": output.display().to_string(),
        "seed": report.seed,
        "variation": report.variation,
        "score": candidate.score.value(),
        "sharpness_ratio": candidate.score.sharpness_ratio,
        "seam_ratio": candidate.score.seam_ratio,
        "texture_distance": candidate.score.texture_distance,
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

/// What is read from files.
struct Input {
    photo: Photo,
    mask: Mask,
    keep_out: Option<Mask>,
}

fn read(args: &Args, terminal: &Terminal) -> anyhow::Result<Input> {
    terminal.stage("Reading")?;
    let photo = read::photo(&args.photo)?;
    terminal.step(1, 2)?;
    let size = (photo.pixels.width(), photo.pixels.height());
    let (mask, mut notices) = read::mask(&args.mask, size)?;
    let keep_out = match &args.keep_out {
        Some(path) => {
            let (keep_out, more) = read::mask(path, size)?;
            notices.extend(more);
            Some(keep_out)
        }
        None => None,
    };
    terminal.step(2, 2)?;
    for notice in photo.metadata.notices.iter().chain(&notices) {
        terminal.notice(notice);
    }
    Ok(Input {
        photo,
        mask,
        keep_out,
    })
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
