//! Starts the command line or the window, and gives the exit code.

use std::{
    io::{self, IsTerminal as _},
    process::ExitCode,
};

use clap::Parser as _;
use lacuna::cli::{self, Cli};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let cli = Cli::parse();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::from_default_env())
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        // It would tell on stderr, and panic, that nothing can be written to stderr.
        .log_internal_errors(false)
        .init();
    if cli.wants_window() {
        window(&cli)
    } else {
        cli::run(&cli)
    }
}

/// Opens the window; on a machine without a display the command line stands in for it.
#[cfg(feature = "gui")]
fn window(cli: &Cli) -> ExitCode {
    use lacuna::{
        app::{self, RunError, Start},
        settings::Settings,
    };

    let start = Start {
        photo: cli.photo.clone(),
        empty: false,
        settings: Settings::usual_path(),
        library: app::usual_library(),
        journal: app::usual_journal(),
        weights: cli.shared.weights.clone(),
        device: cli.shared.device,
    };
    match app::run(start) {
        Ok(()) => ExitCode::SUCCESS,
        Err(RunError::NoDisplay(why)) => {
            tracing::debug!("no display: {why}");
            cli::without_window(cli, "this machine has no display")
        }
        Err(RunError::Failed(why)) => cli::without_window(cli, &why),
    }
}

#[cfg(not(feature = "gui"))]
fn window(cli: &Cli) -> ExitCode {
    cli::without_window(cli, "this program was built without it")
}
