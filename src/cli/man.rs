//! `lacuna man`: the manual, a page for the program and one for each command.

use std::{fs, io, iter, path::PathBuf};

use anyhow::Context as _;
use clap::CommandFactory as _;
use clap_mangen::Man;
use serde_json::json;

use super::{Cli, Outcome, counted};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder for the pages, such as /usr/local/share/man/man1; older pages of Lacuna there are replaced
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let folder = args.out.as_path();
    fs::create_dir_all(folder).with_context(|| format!("making the folder {}", folder.display()))?;
    let mut program = Cli::command().disable_help_subcommand(true);
    // Gives commands their full names and the flags of all commands.
    program.build();
    let commands = iter::once(&program).chain(program.get_subcommands());
    let pages: io::Result<Vec<PathBuf>> = commands
        .map(|command| Man::new(command.clone()).generate_to(folder))
        .collect();
    let pages = pages.with_context(|| format!("writing the pages into {}", folder.display()))?;
    let text = format!("{} in {}", counted(pages.len(), "page"), folder.display());
    Ok(Outcome::new(text, json!({ "pages": pages })))
}
