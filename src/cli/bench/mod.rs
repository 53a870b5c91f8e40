//! `lacuna bench`: how fast this machine is, network by network, photo by photo and in training, against its own
//! ceilings.
//!
//! Every measurement runs in a process of its own, so that none hides the peak memory of another and none profits from
//! what another warmed up; all of them get the same number of threads. The parent only plans, waits and prints.

mod network;
mod pipeline;
mod scene;
mod table;
mod training;

use std::process::{Command, Stdio};

use anyhow::{Context as _, anyhow};
use clap::ValueEnum as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Outcome, Shared, error::Usage, terminal::Terminal};
use crate::{
    nn::{Config, ops::limits},
    progress::Progress as _,
};

/// Runs of a pipeline at most: each is seconds.
const PIPELINE_RUNS: usize = 3;
/// Steps of training at most: each is seconds.
const TRAINING_RUNS: usize = 8;
/// Goes at a ceiling, of which the best counts.
const CEILING_GOES: usize = 7;

/// A part of the measurements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Section {
    /// Networks, layer by layer.
    Network,
    /// Photos, from file to file.
    Pipeline,
    /// One step of training.
    Training,
}

/// What `lacuna bench` takes.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Args {
    /// Base widths of the networks, each with 8 levels as in the paper; the network of the weights is measured besides
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_values_t = [32, 64])]
    widths: Vec<usize>,

    /// Sides of the square pictures that the networks fill, 16 to 8192 pixels
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_values_t = [512],
          value_parser = clap::value_parser!(u32).range(16..=8192))]
    sizes: Vec<u32>,

    /// How much of those pictures is hole, between 0 and 1
    #[arg(long, value_name = "PART", default_value_t = 0.2)]
    hole_fraction: f64,

    /// How often each network runs
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    runs: u32,

    /// Sizes of the photos in megapixels, 0.01 to 500
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_values_t = [2.0, 12.0, 24.0])]
    megapixels: Vec<f64>,

    /// Side of the hole in the photos, at most half of the photo's shorter side [default: 600, and 2000 from 50
    /// megapixels on]
    #[arg(long, value_name = "PX", value_parser = clap::value_parser!(u32).range(1..))]
    hole_side: Option<u32>,

    /// Measure only this part
    #[arg(long, value_enum, value_name = "PART")]
    only: Option<Section>,

    /// Processor threads [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: Option<u32>,

    /// A quick check that all is in order: few runs, only the smallest photo and the network of the weights
    #[arg(long)]
    quick: bool,

    /// One measurement in this process: what the command starts itself with
    #[arg(long, hide = true)]
    measure: Option<String>,
}

/// One measurement that a process of its own makes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Entry {
    Machine { goes: usize },
    Network(network::Entry),
    Training(training::Entry),
}

/// What all measurements share.
struct Setting<'a> {
    shared: &'a Shared,
    terminal: &'a Terminal,
    threads: usize,
}

pub(super) fn run(args: &Args, shared: &Shared, terminal: &Terminal) -> anyhow::Result<Outcome> {
    if let Some(entry) = &args.measure {
        let json = measure(entry, shared, terminal)?;
        return Ok(Outcome::new(json.to_string(), json));
    }
    check(args)?;
    let threads = args
        .threads
        .map_or_else(rayon::current_num_threads, |threads| threads as usize);
    let setting = Setting {
        shared,
        terminal,
        threads,
    };
    terminal.stage("Machine")?;
    let goes = if args.quick { 1 } else { CEILING_GOES };
    let machine = setting.measure(&Entry::Machine { goes })?;
    let mut json = json!({ "machine": machine, "network": [], "pipeline": [], "training": [] });
    let wants = |section| args.only.is_none_or(|only| only == section);
    if wants(Section::Network) {
        terminal.stage("Network")?;
        json["network"] = networks(args, &setting, &json["machine"])?;
    }
    if wants(Section::Pipeline) {
        terminal.stage("Pipeline")?;
        json["pipeline"] = pipelines(args, &setting)?;
    }
    if wants(Section::Training) {
        terminal.stage("Training")?;
        json["training"] = json!([setting.measure(&Entry::Training(training_entry(args)))?]);
    }
    json["notices"] = json!(terminal.notices());
    Ok(Outcome::new(table::text(&json), json))
}

/// Refuses what makes no sense before anything is measured.
fn check(args: &Args) -> Result<(), Usage> {
    if !(0.0..1.0).contains(&args.hole_fraction) || args.hole_fraction == 0.0 {
        return Err(Usage(format!(
            "a hole fraction of {} leaves nothing to do: it lies between 0 and 1",
            args.hole_fraction
        )));
    }
    if let Some(width) = args
        .widths
        .iter()
        .find(|width| !Config::BASE_WIDTHS.contains(width))
    {
        return Err(Usage(format!(
            "a network of width {width} cannot be built: use 1 to 512"
        )));
    }
    let is_sensible = |megapixels: &f64| (0.01..=500.0).contains(megapixels);
    if let Some(megapixels) = args.megapixels.iter().find(|megapixels| !is_sensible(megapixels)) {
        return Err(Usage(format!(
            "a photo of {megapixels} megapixels cannot be made: use 0.01 to 500"
        )));
    }
    let largest = photos(args).into_iter().map(scene::largest_hole_px).min();
    if let (Some(side), Some(largest)) = (args.hole_side, largest)
        && side > largest
    {
        return Err(Usage(format!(
            "a hole of {side} pixels a side does not fit into the smallest photo: use 1 to {largest}"
        )));
    }
    Ok(())
}

/// The sizes of the photos to measure, in megapixels.
fn photos(args: &Args) -> Vec<f64> {
    let mut all = args.megapixels.clone();
    if args.quick {
        all.sort_by(f64::total_cmp);
        all.truncate(1);
    }
    all
}

/// Measures the networks one after another.
fn networks(args: &Args, setting: &Setting<'_>, machine: &Value) -> anyhow::Result<Value> {
    let entries = network_entries(args, network::weights_file(setting.shared)?.info().config());
    let mut found = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        setting.terminal.step(index as u64, entries.len() as u64)?;
        let mut json = setting.measure(&Entry::Network(*entry))?;
        table::add_rates(&mut json, machine);
        found.push(json);
    }
    Ok(found.into())
}

/// The networks of the paper's depth, and that of the weights.
fn network_entries(args: &Args, own: Config) -> Vec<network::Entry> {
    let widths = if args.quick { &[] } else { args.widths.as_slice() };
    let mut configs: Vec<Config> = widths
        .iter()
        .map(|&base_width| Config {
            base_width,
            levels: 8,
        })
        .collect();
    if !configs.contains(&own) {
        configs.push(own);
    }
    let runs = if args.quick { 3 } else { args.runs as usize };
    let sizes = args.sizes.iter();
    let entries = sizes.flat_map(|&size| {
        configs.iter().map(move |&config| network::Entry {
            config,
            size,
            hole_fraction: args.hole_fraction,
            runs,
        })
    });
    entries.collect()
}

/// Measures photos one after another.
fn pipelines(args: &Args, setting: &Setting<'_>) -> anyhow::Result<Value> {
    let entries = photos(args).into_iter().map(|megapixels| pipeline::Entry {
        megapixels,
        hole_side_px: args
            .hole_side
            .unwrap_or(if megapixels >= 50.0 { 2000 } else { 600 }),
        runs: if args.quick {
            1
        } else {
            PIPELINE_RUNS.min(args.runs as usize)
        },
    });
    entries.map(|entry| pipeline::measure(&entry, setting)).collect()
}

/// The step that PyTorch is compared with: batch 4 at 256², width 32.
fn training_entry(args: &Args) -> training::Entry {
    let (size, batch) = if args.quick { (64, 1) } else { (256, 4) };
    training::Entry {
        config: Config {
            base_width: 32,
            levels: 8,
        },
        size,
        batch,
        hole_fraction: args.hole_fraction,
        runs: if args.quick {
            1
        } else {
            TRAINING_RUNS.min(args.runs as usize)
        },
    }
}

/// Makes one measurement in this process.
fn measure(entry: &str, shared: &Shared, terminal: &Terminal) -> anyhow::Result<Value> {
    match serde_json::from_str(entry).context("reading what to measure")? {
        Entry::Machine { goes } => Ok(json!({
            "threads": rayon::current_num_threads(),
            "gemm_gflops": limits::gemm_gflops(goes),
            "copy_gb_s": limits::copy_gb_s(goes),
        })),
        Entry::Network(entry) => network::measure(&entry, shared, terminal),
        Entry::Training(entry) => training::measure(&entry, shared, terminal),
    }
}

impl Setting<'_> {
    /// This program again, with the flags that all commands share.
    fn command(&self, name: &str) -> anyhow::Result<Command> {
        let program = std::env::current_exe().context("finding this program's own file")?;
        let mut command = Command::new(program);
        // Both rayon's pool and candle's operations go by it.
        command.env("RAYON_NUM_THREADS", self.threads.to_string());
        command.args([
            name,
            "--json",
            "--seed",
            &self.shared.seed.unwrap_or_default().to_string(),
        ]);
        if let Some(weights) = &self.shared.weights {
            command.arg("--weights").arg(weights);
        }
        if let Some(device) = self.shared.device.and_then(|device| device.to_possible_value()) {
            command.args(["--device", device.get_name()]);
        }
        Ok(command)
    }

    fn measure(&self, entry: &Entry) -> anyhow::Result<Value> {
        let mut command = self.command("bench")?;
        command.arg("--measure").arg(serde_json::to_string(entry)?);
        child(command, self.terminal)
    }
}

/// Runs a process to its end and reads the JSON that it prints; what it says beside is told too.
fn child(mut command: Command, terminal: &Terminal) -> anyhow::Result<Value> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .context("starting a measurement")?;
    // An interrupt reaches the child as well; the person then asked this program to stop.
    terminal.check()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        let last = said.lines().last().unwrap_or("it said nothing");
        let why = last.strip_prefix("error: ").unwrap_or(last);
        return Err(anyhow!("a measurement failed: {why}"));
    }
    let notices = said.lines().filter_map(|line| line.strip_prefix("note: "));
    let told = terminal.notices();
    notices
        .filter(|notice| !told.iter().any(|told| told == notice))
        .for_each(|notice| terminal.notice(notice));
    serde_json::from_slice(&output.stdout).context("reading what a measurement printed")
}
