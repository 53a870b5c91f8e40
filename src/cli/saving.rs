//! How results become files: what `inpaint`, `batch` and `upscale` say and refuse in the same way.

use std::{fs, path::Path};

use anyhow::{anyhow, bail};
use serde::Serialize;

use super::error::Usage;
use crate::imaging::{Format, MetadataPolicy, Photo, write};

/// How results are written.
#[derive(Debug, Clone, clap::Args, Serialize)]
pub(super) struct Saving {
    /// Quality of the result where it is a JPEG, 1 to 100
    #[arg(long, value_name = "N", default_value_t = Self::default().quality,
          value_parser = clap::value_parser!(u8).range(1..=100))]
    quality: u8,

    /// Bits per sample of the result, 8 or 16 [default: the photo's, where the format can hold them]
    #[arg(long, value_name = "BITS", value_parser = bit_depth)]
    bit_depth: Option<u8>,

    /// Which metadata to keep
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = Self::default().metadata)]
    metadata: MetadataPolicy,
}

impl Default for Saving {
    fn default() -> Self {
        let write::Options {
            quality,
            bit_depth,
            metadata,
            original: _,
        } = write::Options::default();
        Self {
            quality,
            bit_depth,
            metadata,
        }
    }
}

fn bit_depth(text: &str) -> Result<u8, String> {
    match text {
        "8" => Ok(8),
        "16" => Ok(16),
        _ => Err("it is 8 or 16".to_owned()),
    }
}

impl Saving {
    /// For a result that comes from the file `original`.
    pub(super) fn options(&self, original: &Path) -> write::Options {
        write::Options {
            quality: self.quality,
            bit_depth: self.bit_depth,
            metadata: self.metadata,
            original: Some(original.to_owned()),
        }
    }

    /// Whether a file of `format` has fewer bits per sample than the photo.
    pub(super) fn drops_bits(&self, photo: &Photo, format: Format) -> bool {
        let depth = photo.pixels.bit_depth();
        let most = if format.supports_16_bit() { 16 } else { 8 };
        self.bit_depth.unwrap_or(depth).min(most) < depth
    }
}

/// The format that the ending of `output` names.
pub(super) fn format_of(output: &Path) -> Result<Format, Usage> {
    Format::from_path(output).ok_or_else(|| {
        Usage(format!(
            "{} has no ending that names a format: use .jpg, .png, .tif or .webp",
            output.display()
        ))
    })
}

/// Refuses a file where a folder for results was to be named.
pub(super) fn refuse_file(folder: &Path) -> anyhow::Result<()> {
    if folder.exists() && !folder.is_dir() {
        bail!("writing to {}: it is a file; name a folder", folder.display());
    }
    Ok(())
}

/// Makes a folder for results, where it is not there.
pub(super) fn make_folder(folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).map_err(|error| {
        anyhow!(
            "making the folder {}: {error}; choose another place",
            folder.display()
        )
    })
}

/// Refuses to replace a file that none of this program's commands wrote, as `is_ours` knows by its contents.
pub(super) fn refuse_foreign(
    file: &Path,
    force: bool,
    is_ours: impl FnOnce(&[u8]) -> bool,
) -> anyhow::Result<()> {
    if force || file.symlink_metadata().is_err() || fs::read(file).is_ok_and(|bytes| is_ours(&bytes)) {
        return Ok(());
    }
    bail!(
        "writing {}: there is such a file, and this command did not write it; choose another folder or replace it with \
         --force",
        file.display()
    )
}

/// Writes all files or, where one cannot be written, none: those that were new are taken away again.
pub(super) fn write_all(files: &[(&Path, Vec<u8>)], overwrite: bool) -> Result<(), write::WriteError> {
    let mut new = Vec::new();
    for (path, bytes) in files {
        let is_new = path.symlink_metadata().is_err();
        if let Err(error) = write::file(path, bytes, overwrite) {
            for path in new {
                if let Err(why) = fs::remove_file(path) {
                    tracing::warn!("{} is left: {why}", Path::display(path));
                }
            }
            return Err(error);
        }
        if is_new {
            new.push(*path);
        }
    }
    Ok(())
}

/// On the command line there is a flag for replacing a file.
pub(super) fn hint_force(error: write::WriteError) -> anyhow::Error {
    match error.problem {
        write::Problem::Exists => anyhow!(
            "writing {}: the file exists; choose another name or replace it with --force",
            error.name
        ),
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::write_all;

    #[test]
    fn where_one_of_several_files_cannot_be_written_no_new_one_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let [first, second, third] = ["a.png", "a-2.png", "a-3.png"].map(|name| folder.path().join(name));
        fs::write(&second, b"somebody's").unwrap();
        let files = [&first, &second, &third].map(|path| (path.as_path(), b"ours".to_vec()));
        let refused = write_all(&files, false).unwrap_err();
        assert!(refused.name.ends_with("a-2.png"), "{refused}");
        assert!(!first.exists() && !third.exists(), "nothing new is left");
        assert_eq!(fs::read(&second).unwrap(), b"somebody's");
        write_all(&files, true).unwrap();
        assert_eq!(fs::read(&second).unwrap(), b"ours");
    }
}
