//! `lacuna man`: the manual, a page for the program and one for each command.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::CommandFactory as _;
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
    program.build();
    let mut pages = vec![page(&program, folder)?];
    for command in program.get_subcommands().filter(|command| !command.is_hide_set()) {
        pages.push(page(command, folder)?);
    }
    let text = format!("{} in {}", counted(pages.len(), "page"), folder.display());
    Ok(Outcome::new(text, json!({ "pages": pages })))
}

/// Writes the page of the program or of a command, and names it.
fn page(command: &clap::Command, folder: &Path) -> anyhow::Result<PathBuf> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    let path = folder.join(format!("{name}.1"));
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    fs::write(&path, page).with_context(|| format!("writing {}", path.display()))?;
    Ok(path)
}
