//! Masks from a folder of files, such as the published test sets.

use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::imaging::{Format, Mask, read};

/// Which colour of the mask files is the hole.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Polarity {
    /// Decided once per folder, by area.
    #[default]
    Auto,
    /// White is the hole.
    White,
    /// Black is the hole.
    Black,
}

/// Why a folder of masks cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// There is no mask in it.
    #[error("no mask in {0}: there is no picture in it that can be read; choose a folder of PNG masks")]
    NoMasks(String),
}

/// Mask files of one polarity.
#[derive(Debug, Clone)]
pub struct Folder {
    files: Vec<PathBuf>,
    /// The colour that is the hole: never [`Polarity::Auto`].
    pub polarity: Polarity,
}

impl Folder {
    /// Finds the masks in `dir` and below.
    pub fn open(dir: &Path, polarity: Polarity) -> Result<Self, FolderError> {
        let files: Vec<PathBuf> = WalkDir::new(dir)
            .sort_by_file_name()
            .into_iter()
            .filter_map(Result::ok)
            .map(walkdir::DirEntry::into_path)
            .filter(|path| path.is_file() && Format::from_path(path).is_some())
            .collect();
        if files.is_empty() {
            return Err(FolderError::NoMasks(dir.display().to_string()));
        }
        Ok(Self { files, polarity })
    }

    /// Number of masks.
    pub const fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is none; an opened folder has at least one.
    pub const fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The mask with this number at another size: 255 is hole, 0 is not, nothing between.
    pub fn mask(&self, index: usize, width: u32, height: u32) -> Result<Mask, read::ReadError> {
        let path = &self.files[index % self.files.len()];
        let (mut mask, _) = read::mask(path, (width, height))?;
        if self.polarity == Polarity::Black {
            mask.invert();
        }
        Ok(mask)
    }
}
