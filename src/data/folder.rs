//! The photos of a folder, and what of it cannot be used.

use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::{
    imaging::{Format, read},
    progress::{Cancelled, Progress},
};

/// Photos with a shorter side below this are skipped: there is nothing to learn from an icon.
pub const MIN_SIDE: u32 = 128;

/// A photo that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhotoFile {
    /// The file.
    pub path: PathBuf,
    /// Columns, upright.
    pub width: u32,
    /// Rows, upright.
    pub height: u32,
    /// What the file holds, in short: the same for copies under other names.
    pub fingerprint: u64,
}

/// A file that is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The file.
    pub path: PathBuf,
    /// Why, and what to do, as a person reads it.
    pub why: String,
}

/// Why a folder could not be looked through.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// It is no folder.
    #[error("looking for photos in {0}: there is no such folder; check its name")]
    NotAFolder(String),
    /// Somebody asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// There is nothing to train on.
#[derive(Debug, thiserror::Error)]
#[error("no usable photo in {folder}: {why}; choose a folder with JPEG, PNG, TIFF or WebP photos")]
pub struct NoPhotos {
    /// The folder.
    pub folder: String,
    /// What was found instead.
    pub why: String,
}

/// What a folder holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Where.
    pub dir: PathBuf,
    /// The photos in the order of their names.
    pub photos: Vec<PhotoFile>,
    /// The files that look like photos and cannot be used.
    pub skipped: Vec<Skipped>,
}

impl Folder {
    /// Looks for photos in `dir` and below it.
    pub fn scan(dir: &Path, progress: &dyn Progress) -> Result<Self, ScanError> {
        if !dir.is_dir() {
            return Err(ScanError::NotAFolder(dir.display().to_string()));
        }
        progress.stage("Looking for photos")?;
        let mut folder = Self {
            dir: dir.to_owned(),
            photos: Vec::new(),
            skipped: Vec::new(),
        };
        for entry in WalkDir::new(dir).sort_by_file_name().into_iter().flatten() {
            progress.step(0, 1)?;
            let path = entry.into_path();
            if Format::from_path(&path).is_none() {
                continue;
            }
            match read::photo(&path) {
                Ok(photo) => folder.photos.push(PhotoFile {
                    fingerprint: folder.photos.len() as u64,
                    path,
                    width: photo.pixels.width(),
                    height: photo.pixels.height(),
                }),
                Err(error) => folder.skipped.push(Skipped {
                    path,
                    why: error.problem.to_string(),
                }),
            }
        }
        Ok(folder)
    }

    /// An error that says what was found instead, where there is no photo at all.
    pub fn require_photos(&self) -> Result<(), NoPhotos> {
        if !self.photos.is_empty() {
            return Ok(());
        }
        let why = match self.skipped.first() {
            None => "there is no picture in it".to_owned(),
            Some(first) => format!(
                "{} skipped, the first is {} ({})",
                self.skipped.len(),
                first.path.display(),
                first.why
            ),
        };
        let folder = self.dir.display().to_string();
        Err(NoPhotos { folder, why })
    }
}
