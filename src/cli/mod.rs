//! The command line: every command, what they share, and their exit codes.
//!
//! Results go to stdout (one JSON object with `--json`, nothing else), everything else to stderr: the progress
//! bar, notices, and errors, which are always one line of text, also with `--json`. Exit codes: 0 done, 1 failed,
//! 2 wrong usage, 130 cancelled.

mod batch;
mod bench;
mod convert;
mod error;
mod eval;
mod holes;
mod info;
mod inpaint;
mod memory;
mod removal;
mod sample;
mod saving;
mod terminal;
mod train;
mod upscale;

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::{CommandFactory as _, Parser};
use serde_json::Value;

use crate::{
    nn::{DeviceChoice, Network},
    progress::Progress as _,
};
use terminal::Terminal;

/// From this likeness on (0 to 1, Jaro-Winkler) a name may be a mistyped command.
const ALIKE: f64 = 0.8;

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
    /// Weights of the network (safetensors) instead of the built-in ones
    #[arg(long, global = true, value_name = "FILE")]
    pub weights: Option<PathBuf>,

    /// Where the network runs; auto: CUDA, then Metal, then the CPU [default: auto]
    #[arg(long, global = true, value_enum, value_name = "DEVICE")]
    pub device: Option<DeviceChoice>,

    /// Start of every random draw: same photo, mask, weights and seed, same result [default: 0]
    #[arg(long, global = true, value_name = "N")]
    pub seed: Option<u64>,

    /// Print one JSON object on stdout and nothing else there (errors stay a line on stderr)
    #[arg(long, global = true)]
    pub json: bool,

    /// Nothing on stderr but errors: no progress bar, no notices; and no text on stdout
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
    /// Make irregular masks, to train or measure with
    #[command(allow_negative_numbers = true)]
    Holes(holes::Args),
    /// Measure this machine: networks layer by layer, photos from file to file
    #[command(allow_negative_numbers = true)]
    Bench(bench::Args),
    /// Compare fills with what was there, method beside method
    #[command(allow_negative_numbers = true)]
    Eval(eval::Args),
    /// Train the network on a folder of photos
    #[command(allow_negative_numbers = true)]
    Train(Box<train::Args>),
    /// Make weights of another project's checkpoint (naoto0804's PyTorch port)
    Convert(convert::Args),
    /// Version, devices, and weights with their checksum
    Info,
}

impl Cli {
    /// Whether this call asks for the window: no command is named.
    pub const fn wants_window(&self) -> bool {
        self.command.is_none()
    }
}

/// Runs the command, or without one what stands in for the window; see [`without_window`].
pub fn run(cli: &Cli) -> ExitCode {
    match &cli.command {
        None => without_window(cli, "this program was built without it"),
        Some(_) if cli.photo.is_some() => {
            let usage = error::Usage(
                "a photo before a command has no use: put it after the command's name".to_owned(),
            );
            error::report(&usage.into())
        }
        Some(command) => finish(cli, |terminal| match command {
            Command::Inpaint(args) => inpaint::run(args, &cli.shared, terminal),
            Command::Batch(args) => batch::run(args, &cli.shared, terminal),
            Command::Upscale(args) => upscale::run(args, &cli.shared, terminal),
            Command::Holes(args) => holes::run(args, &cli.shared, terminal),
            Command::Bench(args) => bench::run(args, &cli.shared, terminal),
            Command::Eval(args) => eval::run(args, &cli.shared, terminal),
            Command::Train(args) => train::run(args, &cli.shared, terminal),
            Command::Convert(args) => convert::run(args, terminal),
            Command::Info => info::run(&cli.shared, terminal),
        }),
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

/// Refuses a photo that does not exist where its name is nearly that of a command.
///
/// Names with an ending are left to the window: no command has one.
pub fn refuse_mistyped_command(cli: &Cli) -> Option<ExitCode> {
    let photo = cli.photo.as_ref()?;
    let is_mistyped = !photo.exists() && photo.extension().is_none() && command_like(photo).is_some();
    is_mistyped.then(|| error::report(&no_such_photo(photo).into()))
}

/// A name that is neither a photo nor a command, which it may have been meant to be.
fn no_such_photo(photo: &Path) -> error::Usage {
    let advice = match command_like(photo) {
        Some(command) => format!("did you mean the command {command}?"),
        None => "check its name; lacuna --help lists the commands".to_owned(),
    };
    error::Usage(format!("there is no photo {}; {advice}", photo.display()))
}

/// The command whose name is most like that of `photo`, if it is alike at all.
fn command_like(photo: &Path) -> Option<String> {
    let (commands, name) = (Cli::command(), photo.to_string_lossy());
    let (likeness, nearest) = commands
        .get_subcommands()
        .map(|command| command.get_name())
        .map(|command| (strsim::jaro_winkler(&name, command), command))
        .max_by(|one, other| one.0.total_cmp(&other.0))?;
    (likeness > ALIKE).then(|| nearest.to_owned())
}

/// What a command has to say when it is done.
struct Outcome {
    text: String,
    /// Null where everything was printed on the way.
    json: Value,
}

fn finish(cli: &Cli, command: impl FnOnce(&Terminal) -> anyhow::Result<Outcome>) -> ExitCode {
    let done = Terminal::new(cli.shared.quiet).and_then(|terminal| {
        let outcome = command(&terminal);
        terminal.clear();
        print(&outcome?, &cli.shared)
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

/// The network that the shared flags ask for.
fn open_network(shared: &Shared, terminal: &Terminal) -> anyhow::Result<Network> {
    let choice = shared.device.unwrap_or_default();
    Ok(Network::open(shared.weights.as_deref(), choice, &mut |text| {
        terminal.notice(text);
    })?)
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
