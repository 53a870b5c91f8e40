//! The command line: every command, what they share, and their exit codes.
//!
//! Results go to stdout (one JSON object with `--json`, nothing else), everything else to stderr: the progress
//! bar, notices, and errors, which are always one line of text, also with `--json`. Exit codes: 0 done, 1 failed,
//! 2 wrong usage, 130 cancelled.

mod batch;
mod bench;
mod completions;
mod convert;
mod device;
mod error;
mod eval;
mod holes;
mod info;
mod inpaint;
mod item;
mod man;
mod median;
mod memory;
mod removal;
mod sample;
mod saving;
mod terminal;
mod train;
mod upscale;
mod usage;

pub use usage::parse;

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::Parser;
use serde_json::Value;

use crate::{nn::DeviceChoice, progress::Progress as _};
use terminal::Terminal;

/// Removes things from photos: brush over it, press Enter, export.
#[derive(Debug, Parser)]
#[command(
    version,
    about = "Removes things from photos: brush over it, press Enter, export",
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong usage, 130 cancelled"
)]
pub struct Cli {
    /// Photo to open in the window
    pub photo: Option<PathBuf>,

    /// What all commands share.
    #[command(flatten, next_help_heading = "Options of all commands, where they apply")]
    pub shared: Shared,

    #[command(subcommand)]
    command: Option<Command>,
}

/// Flags that every command takes, before or after its name.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Shared {
    /// Weights of the network (safetensors) to use instead of the built-in ones
    #[arg(long, global = true, value_name = "FILE")]
    pub weights: Option<PathBuf>,

    /// Where the network runs. With auto the CPU steps in where no GPU can be used; a GPU that is named and cannot be used
    /// is an error [default: auto]
    #[arg(long, global = true, value_enum, value_name = "DEVICE")]
    pub device: Option<DeviceChoice>,

    /// Where every random draw starts: the same photo, mask, weights and seed give the same result [default: 0]
    #[arg(long, global = true, value_name = "N")]
    pub seed: Option<u64>,

    /// Print one JSON object on stdout and nothing else there (errors stay a line on stderr)
    #[arg(long, global = true)]
    pub json: bool,

    /// Print only errors on stderr, no progress bar and no notices, and no text on stdout
    #[arg(long, global = true)]
    pub quiet: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Remove what a mask marks from a photo
    #[command(allow_negative_numbers = true)]
    Inpaint(inpaint::Args),
    /// Remove what masks mark from all photos of a folder
    #[command(allow_negative_numbers = true)]
    Batch(Box<batch::Args>),
    /// Make a photo two, three or four times as large
    #[command(allow_negative_numbers = true)]
    Upscale(upscale::Args),
    /// Make irregular masks to train or measure with
    #[command(allow_negative_numbers = true)]
    Holes(holes::Args),
    /// Measure this machine: networks layer by layer, photos from file to file
    #[command(allow_negative_numbers = true)]
    Bench(bench::Args),
    /// Measure how close fills come to what was there, method by method
    #[command(allow_negative_numbers = true)]
    Eval(eval::Args),
    /// Train the network on a folder of photos
    #[command(allow_negative_numbers = true)]
    Train(Box<train::Args>),
    /// Turn another project's checkpoint (naoto0804's PyTorch port) into weights
    Convert(convert::Args),
    /// Show version, devices, and weights with their checksum
    Info,
    /// Print what a shell needs to complete commands and flags
    Completions(completions::Args),
    /// Write manual pages, one for each command
    Man(man::Args),
}

impl Cli {
    /// Whether this call asks for the window: no command is named.
    pub const fn wants_window(&self) -> bool {
        self.command.is_none()
    }
}

impl Command {
    /// A flag of [`Shared`] that was named and means nothing to this command.
    fn flag_without_effect(&self, shared: &Shared) -> Option<&'static str> {
        let (weights, device, seed) = match self {
            Self::Inpaint(_) | Self::Batch(_) | Self::Bench(_) | Self::Eval(_) | Self::Train(_) => {
                (true, true, true)
            }
            Self::Upscale(_) | Self::Info => (true, true, false),
            Self::Holes(_) => (false, false, true),
            Self::Convert(_) | Self::Completions(_) | Self::Man(_) => (false, false, false),
        };
        [
            (shared.weights.is_some() && !weights, "--weights"),
            (shared.device.is_some() && !device, "--device"),
            (shared.seed.is_some() && !seed, "--seed"),
        ]
        .into_iter()
        .find_map(|(is_idle, flag)| is_idle.then_some(flag))
    }
}

/// Runs the command, or without one what stands in for the window; see [`without_window`].
pub fn run(cli: &Cli) -> ExitCode {
    let Some(command) = &cli.command else {
        return without_window(cli, "this program was built without it");
    };
    let idle = command.flag_without_effect(&cli.shared);
    let problem = match (&cli.photo, idle) {
        (Some(_), _) => "a photo before a command has no use: put it after the command's name".to_owned(),
        (None, Some(flag)) => format!("{flag} has no effect on this command: leave it out"),
        (None, None) => return finish(cli, |terminal| command.run(&cli.shared, terminal)),
    };
    error::report(&error::Usage(problem).into())
}

impl Command {
    fn run(&self, shared: &Shared, terminal: &Terminal) -> anyhow::Result<Outcome> {
        match self {
            Self::Inpaint(args) => inpaint::run(args, shared, terminal),
            Self::Batch(args) => batch::run(args, shared, terminal),
            Self::Upscale(args) => upscale::run(args, shared, terminal),
            Self::Holes(args) => holes::run(args, shared, terminal),
            Self::Bench(args) => bench::run(args, shared, terminal),
            Self::Eval(args) => eval::run(args, shared, terminal),
            Self::Train(args) => train::run(args, shared, terminal),
            Self::Convert(args) => convert::run(args, terminal),
            Self::Info => info::run(shared, terminal),
            Self::Completions(args) => completions::run(args),
            Self::Man(args) => man::run(args),
        }
    }
}

/// Stands in for the window where there is none, for the reason `why` ("there is no display").
///
/// Says so and fills the built-in sample photo through the same pipeline, into a new folder. With a photo of one's
/// own there is nothing to fill without a mask, so that is an error that names the command to use.
pub fn without_window(cli: &Cli, why: &str) -> ExitCode {
    if let Some(photo) = &cli.photo {
        if !photo.exists() {
            return error::report(&no_such_photo(photo).into());
        }
        if photo
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("lacuna"))
        {
            return error::report(&anyhow::anyhow!(
                "the window cannot open: {why}; a project opens nowhere else"
            ));
        }
        return error::report(&anyhow::anyhow!(
            "the window cannot open: {why}; use `lacuna inpaint {} --mask MASK -o OUT`",
            photo.display()
        ));
    }
    finish(cli, |terminal| {
        terminal.notice(&format!(
            "the window cannot open: {why}; filling the sample photo instead"
        ));
        sample::run(&cli.shared, terminal)
    })
}

/// Prints an error of the window as those of the commands are, and gives its exit code.
pub fn fail(error: &anyhow::Error) -> ExitCode {
    error::report(error)
}

/// Refuses a word alone that is no file and may be a mistyped command, before a window opens for it: prints the line
/// and gives the exit code.
pub fn refuse_mistyped_command(cli: &Cli) -> Option<ExitCode> {
    let photo = cli.photo.as_deref()?;
    usage::likely_command(photo.as_os_str())?;
    Some(error::report(&no_such_photo(photo).into()))
}

/// A name that is neither a photo nor a command, which it may have been meant to be.
fn no_such_photo(photo: &Path) -> error::Usage {
    let advice = usage::likely_command(photo.as_os_str()).map_or_else(
        || "check its name; lacuna --help lists the commands".to_owned(),
        |command| format!("did you mean the command {command}?"),
    );
    error::Usage(format!("there is no photo {}; {advice}", photo.display()))
}

/// What a command has to say when it is done.
struct Outcome {
    text: String,
    /// Null where everything was printed on the way.
    json: Value,
    /// Why this is not all that was asked for: told once the rest is printed.
    missing: Option<anyhow::Error>,
}

impl Outcome {
    /// Of a command that did all it was asked for.
    const fn new(text: String, json: Value) -> Self {
        Self {
            text,
            json,
            missing: None,
        }
    }
}

fn finish(cli: &Cli, command: impl FnOnce(&Terminal) -> anyhow::Result<Outcome>) -> ExitCode {
    let done = Terminal::new(cli.shared.quiet).and_then(|terminal| {
        let outcome = command(&terminal);
        terminal.clear();
        let outcome = outcome?;
        print(&outcome, &cli.shared)?;
        outcome.missing.map_or(Ok(()), Err)
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error::report(&error),
    }
}

/// Prints the result. A reader that has seen enough is no error: the work is done.
fn print(outcome: &Outcome, shared: &Shared) -> anyhow::Result<()> {
    let text = match shared {
        Shared { json: true, .. } if outcome.json.is_null() => return Ok(()),
        Shared { json: true, .. } => outcome.json.to_string(),
        Shared { quiet: true, .. } => return Ok(()),
        _ => outcome.text.clone(),
    };
    let mut stdout = io::stdout().lock();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed.context("printing the result"),
    }
}

/// So many of something: "1 photo", "2 photos".
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::Cli;

    #[test]
    fn the_definition_of_the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn shared_flags_go_before_and_after_the_command() {
        for line in [["lacuna", "--json", "info"], ["lacuna", "info", "--json"]] {
            assert!(Cli::parse_from(line).shared.json, "{line:?}");
        }
    }

    #[test]
    fn a_photo_alone_asks_for_the_window() {
        assert!(Cli::parse_from(["lacuna", "a.jpg"]).wants_window(), "no command");
        assert!(!Cli::parse_from(["lacuna", "info"]).wants_window(), "a command");
    }
}
