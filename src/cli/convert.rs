//! `lacuna convert`: weights from a checkpoint of naoto0804's PyTorch port, or one in its layout.

use std::{fs::File, io::Read as _, path::PathBuf};

use anyhow::{Context as _, bail};
use serde_json::json;

use super::{Outcome, terminal::Terminal};
use crate::{
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
    if args.output.exists() {
        bail!(
            "writing {}: the file exists; choose another name",
            args.output.display()
        );
    }
    // What can be read is taken for a checkpoint, perhaps one of an old kind.
    File::open(&args.input)
        .and_then(|mut file| file.read_exact(&mut [0]))
        .with_context(|| format!("reading {}", args.input.display()))?;
    terminal.stage("Converting")?;
    let bytes = convert::naoto0804(&args.input)?;
    let file = weights::parse(&bytes, args.output.display().to_string())?;
    terminal.uninterrupted(|| convert::write_new(&args.output, &bytes))??;
    let info = file.info();
    Ok(Outcome {
        text: format!(
            "{}: base width {}, {} levels",
            args.output.display(),
            info.base_width,
            info.levels
        ),
        json: json!({ "output": args.output.display().to_string(), "weights": info }),
    })
}
