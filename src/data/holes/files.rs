//! Masks from a folder of files, such as the published test sets.
//!
//! Sets differ in which colour is the hole. It is decided once per folder, from some of its files: holes take at most
//! 60 % of a picture in all published sets and a third on average, so a file votes for the colour that covers less
//! than 40 % of it; the majority decides, and without one white is the hole, as in our own files.

use std::path::{Path, PathBuf};

use crate::{
    data::{Skipped, files},
    imaging::{Format, Mask, read},
    progress::Silent,
};

/// Files that are asked for the polarity of a folder.
const VOTERS: usize = 24;

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
    /// It is no folder.
    #[error("reading masks from {0}: there is no such folder; check its name")]
    NotAFolder(String),
    /// There is no mask in it.
    #[error("reading masks from {folder}: {why}; choose a folder of PNG masks")]
    NoMasks {
        /// The folder.
        folder: String,
        /// What was found instead.
        why: String,
    },
}

/// Mask files of one polarity.
#[derive(Debug, Clone)]
pub struct Folder {
    files: Vec<PathBuf>,
    /// What could not be looked through.
    unlisted: Vec<Skipped>,
    /// The colour that is the hole: never [`Polarity::Auto`].
    pub polarity: Polarity,
}

impl Folder {
    /// Finds the masks in `dir` and below, in the order of their names. Hidden files and folders are passed over.
    pub fn open(dir: &Path, polarity: Polarity) -> Result<Self, FolderError> {
        if !dir.is_dir() {
            return Err(FolderError::NotAFolder(dir.display().to_string()));
        }
        // Nobody is there to cancel.
        let (mut files, unlisted) = files(dir, &|_| false, &Silent).unwrap_or_default();
        files.retain(|path| Format::from_path(path).is_some());
        let mut folder = Self {
            files,
            unlisted,
            polarity,
        };
        folder.polarity = vote(&folder.files, polarity).map_err(|why| FolderError::NoMasks {
            folder: dir.display().to_string(),
            why: why
                .or_else(|| folder.notice())
                .unwrap_or_else(|| "there is no picture in it".to_owned()),
        })?;
        Ok(folder)
    }

    /// What a person should know: that some of it could not be looked through.
    pub fn notice(&self) -> Option<String> {
        let first = self.unlisted.first()?;
        let (path, why) = (first.path.display(), &first.why);
        Some(match self.unlisted.len() {
            1 => format!("one folder or file of masks is passed over, {path}: {why}"),
            count => {
                format!(
                    "{count} of the folders and files of masks are passed over, the first is {path}: {why}"
                )
            }
        })
    }

    /// Number of masks, at least one.
    #[expect(clippy::len_without_is_empty, reason = "an opened folder is never empty")]
    pub const fn len(&self) -> usize {
        self.files.len()
    }

    /// The file of the mask with this number, below [`Self::len`].
    pub fn path(&self, index: usize) -> &Path {
        &self.files[index]
    }

    /// The mask with this number at another size, by its nearest pixels: 255 is hole, 0 is not, nothing between.
    pub fn mask(&self, index: usize, width: u32, height: u32) -> Result<Mask, read::ReadError> {
        let mut mask = read::mask_of_any_size(self.path(index))?;
        if self.polarity == Polarity::Black {
            mask.invert();
        }
        Ok(nearest(&mask, width, height))
    }
}

/// The polarity of the files; `asked` where it is not left open. An error says why no file could be read, if there is
/// one.
fn vote(files: &[PathBuf], asked: Polarity) -> Result<Polarity, Option<String>> {
    let mut first_error = None;
    let (mut readable, mut for_black) = (0, 0);
    for file in files.iter().step_by(files.len().div_ceil(VOTERS).max(1)) {
        match read::mask_of_any_size(file) {
            Ok(mask) => {
                readable += 1;
                let white = super::ratio(&mask);
                for_black += i32::from(white > 0.6) - i32::from(white < 0.4);
            }
            Err(error) => first_error = first_error.or(Some(error.to_string())),
        }
    }
    match asked {
        _ if readable == 0 => Err(first_error),
        Polarity::Auto if for_black > 0 => Ok(Polarity::Black),
        Polarity::Auto => Ok(Polarity::White),
        asked => Ok(asked),
    }
}

/// Every pixel takes the old pixel under its centre.
fn nearest(mask: &Mask, width: u32, height: u32) -> Mask {
    if (mask.width(), mask.height()) == (width, height) {
        return mask.clone();
    }
    let old = |index: u32, side: u32, old_side: u32| {
        ((2 * u64::from(index) + 1) * u64::from(old_side) / (2 * u64::from(side))) as usize
    };
    let columns: Vec<usize> = (0..width).map(|x| old(x, width, mask.width())).collect();
    let mut resized = Mask::empty(width, height);
    let rows = resized.coverage_mut().chunks_exact_mut((width as usize).max(1));
    for (y, row) in (0..height).zip(rows) {
        let start = old(y, height, mask.height()) * mask.width() as usize;
        for (coverage, column) in row.iter_mut().zip(&columns) {
            *coverage = mask.coverage()[start + column];
        }
    }
    resized
}
