//! `lacuna inpaint`: photo and mask from files, through the pipeline, into a new file.
//!
//! What can be refused without work (an unknown ending, an existing file) is refused before anything is read.

use std::{path::PathBuf, time::Instant};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::{
    Outcome, Shared, counted,
    device::open_network,
    memory,
    removal::{self, Removal},
    saving::{Saving, format_of},
    terminal::Terminal,
};
use crate::{
    inpaint::{Options, Report},
    progress::Watched,
};

/// What `lacuna inpaint` takes.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Args {
    /// The photo: JPEG, PNG, TIFF or WebP
    pub(super) photo: PathBuf,

    /// The mask: an image of the photo's size, white where to remove
    #[arg(long, value_name = "MASK")]
    pub(super) mask: PathBuf,

    /// An image of the photo's size, white where nothing may be copied from
    #[arg(long, value_name = "MASK")]
    pub(super) keep_out: Option<PathBuf>,

    /// Where to write the result; the ending picks the format (jpg, png, tif, webp). A JPEG is compressed anew as a
    /// whole, so its pixels may change a little everywhere; the others keep every untouched pixel exactly. With
    /// --candidates the best goes here, the others beside it: OUT-2, OUT-3 and so on
    #[arg(short, long, value_name = "OUT")]
    pub(super) output: PathBuf,

    #[command(flatten)]
    pub(super) options: Options,

    /// Replace OUT if it exists (never the photo or a mask)
    #[arg(long)]
    pub(super) force: bool,

    #[command(flatten)]
    pub(super) saving: Saving,
}

pub(super) fn run(args: &Args, shared: &Shared, terminal: &Terminal) -> anyhow::Result<Outcome> {
    let started = Instant::now();
    let removal = Removal {
        photo: &args.photo,
        mask: &args.mask,
        keep_out: args.keep_out.as_deref(),
        outputs: &removal::outputs(&args.output, args.options.candidates),
        format: format_of(&args.output)?,
        options: removal::seeded(args.options, shared),
        saving: &args.saving,
        overwrite: args.force,
    };
    removal.check()?;
    let input = removal.read(terminal)?;
    let network = open_network(shared, terminal)?;
    let read_seconds = started.elapsed().as_secs_f64();
    let watched = Watched::new(terminal);
    let candidates = removal.fill(&input, &network, &watched)?;
    let longest_wait = watched.longest_wait();
    let write_started = Instant::now();
    let changed = removal.write(&input, &candidates, terminal, terminal)?;
    let write_seconds = write_started.elapsed().as_secs_f64();

    let best = &candidates.first().context("no fill came back")?.removal.report;
    let mut json = serde_json::to_value(best)?;
    json["output"] = json!(args.output.display().to_string());
    json["attempt"] = json!(removal::attempt(best));
    json["changed_pixels_outside"] = json!(changed);
    // That number is of the samples before they are encoded.
    json["lossless"] = json!(removal.is_lossless(&input));
    json["width"] = json!(input.photo.pixels.width());
    json["height"] = json!(input.photo.pixels.height());
    json["candidates"] = removal.about(&candidates).into();
    json["notices"] = json!(terminal.notices());
    json["peak_mib"] = json!(memory::peak_mib());
    // Between two reports of progress while filling, at each of which it can be cancelled.
    json["seconds"]["longest_wait"] = json!(longest_wait.as_secs_f64());
    json["seconds"]["read"] = json!(read_seconds);
    json["seconds"]["write"] = json!(write_seconds);
    json["seconds"]["total"] = json!(started.elapsed().as_secs_f64());
    Ok(Outcome::new(summary(args, best, &json), json))
}

fn summary(args: &Args, report: &Report, json: &Value) -> String {
    format!(
        "{}: filled {} in {} on {} in {:.1} s",
        args.output.display(),
        counted(report.hole_pixels as usize, "pixel"),
        counted(report.crops.len(), "crop"),
        report.device,
        json["seconds"]["total"].as_f64().unwrap_or_default()
    )
}
