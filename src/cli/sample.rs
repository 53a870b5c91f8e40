//! The built-in sample photo, filled through the same pipeline: what a machine without a display can show.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow};

use super::{
    Outcome, Shared,
    error::{Kept, is_cancellation},
    inpaint,
    saving::Saving,
    terminal::Terminal,
};
use crate::inpaint::Options;

const PHOTO: &[u8] = include_bytes!("../../assets/sample/photo.jpg");
const MASK: &[u8] = include_bytes!("../../assets/sample/mask.png");

/// Writes the sample and its fill into a new folder in the current one and names both.
pub(super) fn run(shared: &Shared, terminal: &Terminal) -> anyhow::Result<Outcome> {
    let folder = new_folder(Path::new("lacuna-sample")).map_err(|error| {
        anyhow!("making a folder for the sample: {error}; start from a folder that can be written to")
    })?;
    let file = |name: &str| folder.join(name);
    let (before, mask, after) = (file("before.jpg"), file("mask.png"), file("after.jpg"));
    fs::write(&before, PHOTO).with_context(|| format!("writing {}", before.display()))?;
    fs::write(&mask, MASK).with_context(|| format!("writing {}", mask.display()))?;
    let args = inpaint::Args {
        photo: before.clone(),
        mask,
        keep_out: None,
        output: after.clone(),
        options: Options::default(),
        force: false,
        saving: Saving::default(),
    };
    let filled = inpaint::run(&args, shared, terminal);
    let mut outcome = filled.map_err(|error| {
        if is_cancellation(&error) {
            let kept = format!("cancelled; photo and mask are in {}", folder.display());
            error.context(Kept(kept))
        } else {
            error
        }
    })?;
    outcome.json["before"] = before.display().to_string().into();
    outcome.text = format!(
        "before  {}\nafter   {}\n{}",
        before.display(),
        after.display(),
        outcome.text
    );
    Ok(outcome)
}

/// `name`, or with the first free number behind it: nothing that exists is touched.
fn new_folder(name: &Path) -> io::Result<PathBuf> {
    let mut number = 1;
    loop {
        let folder = match number {
            1 => name.to_path_buf(),
            _ => PathBuf::from(format!("{}-{number}", name.display())),
        };
        match fs::create_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            made => return made.map(|()| folder),
        }
    }
}
