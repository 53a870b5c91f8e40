//! `lacuna completions`: what a shell needs to complete commands, flags and their values.

use clap::CommandFactory as _;
use serde_json::json;

use super::{Cli, Outcome};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell that is to complete
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

/// The completions as the text that the shell reads.
pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "lacuna", &mut script);
    let script = String::from_utf8(script)?.trim_end().to_owned();
    let json = json!({ "shell": args.shell.to_string(), "script": script });
    Ok(Outcome::new(script, json))
}
