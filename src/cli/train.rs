//! `lacuna train`: a run in the terminal, with a line per event where `--json` asks for it.
//!
//! Flags, configuration file and saved run are the same struct. A file gives the values that no flag names; with
//! `--resume` the saved run does.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::{Arg, ArgMatches, Command, parser::ValueSource};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::{
    Outcome, Shared, counted,
    device::{check_file, open_device},
    error::{Kept, Usage},
    terminal::Terminal,
};
use crate::{
    imaging::read::{Problem, ReadError},
    nn::DeviceChoice,
    progress::{Cancelled, Progress as _},
    train::{self, Config, Control, Event, Reason, Start},
};

/// What `lacuna train` takes.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "With --json: one JSON object per event, each on a line of its own")]
pub(super) struct Args {
    /// Configuration (JSON) that gives the values no flag names
    #[arg(long = "config", value_name = "FILE")]
    pub(super) config_file: Option<PathBuf>,

    /// Go on with the run in OUT
    #[arg(long)]
    pub(super) resume: bool,

    #[command(flatten)]
    pub(super) given: Given,
}

/// A configuration that remembers which of its values were named on the command line.
#[derive(Debug, Clone)]
pub(super) struct Given {
    config: Config,
    named: Vec<String>,
}

impl clap::FromArgMatches for Given {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let named = matches
            .ids()
            .map(|id| id.as_str().to_owned())
            .filter(|id| matches.value_source(id) == Some(ValueSource::CommandLine));
        Ok(Self {
            config: Config::from_arg_matches(matches)?,
            named: named.collect(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl clap::Args for Given {
    fn augment_args(command: Command) -> Command {
        say_what_is_required(Config::augment_args(command))
    }

    fn augment_args_for_update(command: Command) -> Command {
        say_what_is_required(Config::augment_args_for_update(command))
    }
}

/// The parser cannot know: a configuration file or a saved run may have the folders.
fn say_what_is_required(command: Command) -> Command {
    let required = |text: &'static str| move |arg: Arg| arg.help(text);
    command
        .mut_arg(
            "photos",
            required(
                "Folder with photos to learn from; subfolders count (required unless in --config or with --resume)",
            ),
        )
        .mut_arg(
            "out",
            required(
                "Folder for checkpoints, samples and the finished weights (required unless in --config); with --resume \
                 the folder of the run to go on with",
            ),
        )
}

impl Given {
    /// The values of `file`, except those that were named.
    fn over(&self, file: Config) -> serde_json::Result<Config> {
        let named = serde_json::to_value(&self.config)?;
        let mut merged = serde_json::to_value(file)?;
        for name in &self.named {
            if let Some(value) = named.get(name) {
                merged[name] = value.clone();
            }
        }
        serde_json::from_value(merged)
    }
}

pub(super) fn run(args: &Args, shared: &Shared, terminal: &Terminal) -> anyhow::Result<Outcome> {
    let config = config(args, shared)?;
    if let Some(problem) = config.problem() {
        return Err(Usage(problem).into());
    }
    check_start(&config, args.resume, terminal)?;
    let control = Control::default();
    let mut lines = Lines {
        is_read: shared.json,
        broken: None,
    };
    let mut on_event = |event: Event| {
        if let Err(error) = lines.tell(&event, terminal) {
            lines.broken.get_or_insert(error);
            control.stop();
        }
    };
    let outcome = train::run(&config, args.resume, &control, &mut on_event, terminal)?;
    if let Some(error) = lines.broken {
        return Err(error).context("printing events");
    }
    match outcome.reason {
        Reason::Cancelled => {
            let kept = "stopped; the run is saved, go on with --resume";
            Err(anyhow::Error::new(Cancelled).context(Kept(kept.to_owned())))
        }
        Reason::Diverged => anyhow::bail!(
            "the loss was no number again and again: {} holds what was learned before; \
             try a lower --learning-rate",
            outcome.weights.display()
        ),
        Reason::Complete | Reason::Stopped => Ok(Outcome::new(summary(&outcome), Value::Null)),
    }
}

/// Refuses what the run could not start with, or would start with only in another way.
fn check_start(config: &Config, is_resumed: bool, terminal: &Terminal) -> anyhow::Result<()> {
    // A run that goes on has weights of its own.
    if let Start::File(weights) = &config.start
        && !is_resumed
    {
        check_file(weights).with_context(|| format!("the weights {} cannot be used", weights.display()))?;
    }
    if let Some(features) = &config.features {
        check_file(features)
            .with_context(|| format!("the feature network {} cannot be used", features.display()))?;
    }
    match config.device {
        DeviceChoice::Auto | DeviceChoice::Cpu => Ok(()),
        named => open_device(named, terminal).map(drop),
    }
}

/// Puts flags, file and saved run together.
fn config(args: &Args, shared: &Shared) -> anyhow::Result<Config> {
    if let Some(problem) = flags_problem(args, shared) {
        return Err(Usage(problem).into());
    }
    let out = &args.given.config.out;
    let saved = train::config_file(out);
    let file = match &args.config_file {
        Some(path) => read_written(path)?,
        None if args.resume && !train::can_resume(out) => {
            return Err(train::Error::NothingSaved(out.clone()).into());
        }
        None if args.resume && saved.exists() => read(&saved)?,
        None => Config::default(),
    };
    let mut config = args.given.over(file).context("putting flags and file together")?;
    config.device = shared.device.unwrap_or(config.device);
    config.seed = shared.seed.unwrap_or(config.seed);
    if let Some(weights) = &shared.weights {
        config.start = Start::File(weights.clone());
    }
    Ok(config)
}

/// What makes no sense whatever a file says. A number that is none would be lost where flags and file are put together.
fn flags_problem(args: &Args, shared: &Shared) -> Option<String> {
    let is_start_named = args.given.named.iter().any(|name| name == "start");
    if is_start_named && shared.weights.is_some() {
        return Some("--weights and --start: both say what to start from, name one of them".to_owned());
    }
    let has_out = !args.given.config.out.as_os_str().is_empty();
    if args.resume && args.config_file.is_none() && !has_out {
        return Some("--out: name the folder of the run to go on with".to_owned());
    }
    args.given.config.values_problem()
}

fn read(path: &Path) -> anyhow::Result<Config> {
    parse(path, &text(path)?)
}

/// Reads what a person wrote, where a key that means nothing is a slip. A saved run may be of another version.
fn read_written(path: &Path) -> anyhow::Result<Config> {
    let text = text(path)?;
    let (config, written): (Config, Map<String, Value>) = (parse(path, &text)?, parse(path, &text)?);
    let known = serde_json::to_value(&config)?;
    if let Some(key) = written.keys().find(|key| known.get(key).is_none()) {
        anyhow::bail!("reading {}: no value is called {key:?}", path.display());
    }
    Ok(config)
}

fn text(path: &Path) -> Result<Vec<u8>, ReadError> {
    check_file(path)
        .and_then(|()| fs::read(path).map_err(Problem::Io))
        .map_err(|problem| ReadError {
            name: path.display().to_string(),
            problem,
        })
}

fn parse<T: DeserializeOwned>(path: &Path, text: &[u8]) -> anyhow::Result<T> {
    serde_json::from_slice(text)
        .with_context(|| format!("reading {}: it is not a configuration", path.display()))
}

/// Where events go: a line of JSON each on stdout, or a few words on stderr.
struct Lines {
    /// Whether somebody wants the lines of JSON, and still reads them.
    is_read: bool,
    broken: Option<io::Error>,
}

impl Lines {
    fn tell(&mut self, event: &Event, terminal: &Terminal) -> io::Result<()> {
        if self.is_read {
            let mut stdout = io::stdout().lock();
            match writeln!(stdout, "{}", json!(event)).and_then(|()| stdout.flush()) {
                // A reader that has seen enough is no reason to end hours of training.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.is_read = false,
                printed => printed?,
            }
        }
        match event {
            Event::Notice { text } => terminal.notice(text),
            other => {
                if let Some(line) = words(other) {
                    terminal.say(&line);
                }
            }
        }
        Ok(())
    }
}

/// An event as a person reads it; steps are in the bar.
fn words(event: &Event) -> Option<String> {
    Some(match event {
        Event::Started {
            photos,
            held_out,
            parameters,
            device,
            features,
            start_step,
            estimate_memory_mib,
            ..
        } => format!(
            "{}, {held_out} held out; {:.2} M weights on {device}, features {features}, \
             about {estimate_memory_mib:.0} MiB; from step {start_step}",
            counted(*photos, "photo"),
            *parameters as f64 / 1e6
        ),
        Event::Step {
            step,
            images_per_s,
            seconds_left,
            loss,
            ..
        } => {
            let left = seconds_left.map_or_else(String::new, |seconds| format!(", {seconds:.0} s left"));
            format!(
                "step {step}: loss {:.4}, {images_per_s:.2} images/s{left}",
                loss.total
            )
        }
        Event::HeldOut {
            step,
            loss,
            psnr,
            old_psnr,
            is_best,
        } => format!(
            "step {step}: held-out loss {loss:.4}{}; {psnr:.2} dB (start: {:.2})",
            if *is_best { ", the lowest so far" } else { "" },
            old_psnr.unwrap_or(*psnr)
        ),
        Event::Samples { path, .. } => format!("samples in {}", path.display()),
        Event::Checkpoint { step, .. } => format!("step {step}: saved"),
        _ => return None,
    })
}

fn summary(outcome: &train::Outcome) -> String {
    let mut lines = vec![format!(
        "{}: {}",
        outcome.weights.display(),
        counted(outcome.step as usize, "step")
    )];
    for row in outcome.report.iter().flat_map(|report| &report.buckets) {
        lines.push(format!(
            "holes of {:2.0} to {:2.0} %  PSNR {:.2} → {:.2} dB  perceptual distance {:.3} → {:.3}",
            100.0 * row.above,
            100.0 * row.up_to,
            row.old.psnr,
            row.new.psnr,
            row.old.perceptual,
            row.new.perceptual
        ));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::{Args, Config};

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn flags_win_over_the_file_even_with_a_default_value() {
        let line = Line::parse_from(["train", "--batch", "4", "--photos", "p"]);
        let file = Config {
            batch: 9,
            side: 64,
            out: "o".into(),
            ..Config::default()
        };
        let merged = line.args.given.over(file).unwrap();
        assert_eq!((merged.batch, merged.side), (4, 64));
        assert_eq!((merged.photos, merged.out), ("p".into(), "o".into()));
    }
}
