//! Starts the command line or the window, and gives the exit code.

use std::{
    env,
    io::{self, IsTerminal as _},
    process::ExitCode,
};

use lacuna::cli::{self, Cli};
use tracing_subscriber::EnvFilter;

/// What is logged unless `RUST_LOG` says otherwise. What these two have to say of a window that does not open is in the
/// error that follows.
const LOGGED: &str = "error,eframe=off,wgpu_hal=off";

fn main() -> ExitCode {
    let cli = match cli::parse() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(
            env::var("RUST_LOG").unwrap_or_else(|_| LOGGED.to_owned()),
        ))
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        // It would tell on stderr, and panic, that nothing can be written to stderr.
        .log_internal_errors(false)
        .init();
    if cli.wants_window() {
        cli::refuse_mistyped_command(&cli).unwrap_or_else(|| window(&cli))
    } else {
        cli::run(&cli)
    }
}

/// Opens the window; on a machine without a display the command line stands in for it, and nowhere else.
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
        desktop: true,
        weights: cli.shared.weights.clone(),
        device: cli.shared.device,
    };
    match app::run(start) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let RunError::NoDisplay(why) = &error else {
                return cli::fail(&error.into());
            };
            tracing::debug!("no display: {why}");
            cli::without_window(cli, &error.to_string())
        }
    }
}

#[cfg(not(feature = "gui"))]
fn window(cli: &Cli) -> ExitCode {
    cli::without_window(cli, "this program was built without it")
}
