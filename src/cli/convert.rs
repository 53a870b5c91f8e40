//! `lacuna convert`: weights from a checkpoint of naoto0804's PyTorch port, or one in its layout.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use serde_json::json;

use super::{Outcome, device::check_file, terminal::Terminal};
use crate::{
    imaging::{
        read::{Problem, ReadError},
        write,
    },
    nn::{convert, weights},
    progress::Progress as _,
};

/// What `lacuna convert` takes.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Args {
    /// The checkpoint (.pth)
    pub(super) input: PathBuf,

    /// Where to write the weights (.safetensors)
    pub(super) output: PathBuf,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> anyhow::Result<Outcome> {
    check_output(&args.output)?;
    check_input(&args.input).map_err(|problem| ReadError {
        name: args.input.display().to_string(),
        problem,
    })?;
    terminal.stage("Converting")?;
    let bytes = convert::naoto0804(&args.input)?;
    let file = weights::parse(&bytes, args.output.display().to_string())?;
    terminal.uninterrupted(|| write::file(&args.output, &bytes, false))??;
    let info = file.info();
    Ok(Outcome::new(
        format!(
            "{}: base width {}, {} levels",
            args.output.display(),
            info.base_width,
            info.levels
        ),
        json!({ "output": args.output.display().to_string(), "weights": info }),
    ))
}

/// Refuses what could not be written in the end.
fn check_output(output: &Path) -> anyhow::Result<()> {
    let checked = write::check(output, &write::Options::default(), false);
    checked.map_err(|error| match error.problem {
        // There is no flag that would allow it.
        write::Problem::Exists => {
            anyhow::anyhow!("writing {}: the file exists; choose another name", error.name)
        }
        _ => error.into(),
    })
}

/// What can be read is taken for a checkpoint, perhaps one of an old kind.
fn check_input(input: &Path) -> Result<(), Problem> {
    check_file(input)?;
    let read = File::open(input).and_then(|mut file| file.read_exact(&mut [0]));
    read.map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => Problem::Empty,
        _ => Problem::Io(error),
    })
}
