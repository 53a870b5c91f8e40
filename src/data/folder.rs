//! The photos of a folder, and what of it cannot be used.
//!
//! Only headers are read, so thousands of photos take seconds. Damage behind the header shows when a photo is decoded;
//! the loader goes on without it then.

use std::{
    collections::{HashMap, hash_map::Entry},
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};
use walkdir::{DirEntry, WalkDir};

use super::holes;
use crate::{
    imaging::{Format, read},
    progress::{Cancelled, Progress},
};

/// Photos with a shorter side below this are skipped: there is nothing to learn from an icon.
pub const MIN_SIDE: u32 = 128;

/// What a training calls its configuration in the folder that it writes into.
pub const TRAINING_CONFIG: &str = "config.json";
/// What it calls its log there.
pub const TRAINING_LOG: &str = "log.jsonl";
/// What it calls the file there that is locked while it goes on.
pub const TRAINING_LOCK: &str = "lock";

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
    #[error("looking for photos in {0}: {why}; check its name", why = no_folder(.0))]
    NotAFolder(String),
    /// Somebody asked to stop.
    #[error("cancelled")]
    Cancelled(#[from] Cancelled),
}

fn no_folder(name: &str) -> &'static str {
    if Path::new(name).exists() {
        "it is a file"
    } else {
        "there is no such folder"
    }
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
    /// Looks for photos in `dir` and below it, through links too, by reading the headers of files.
    ///
    /// A file counts by its contents or by its ending. Hidden files and folders are passed over, and so is what our
    /// own commands write: trainings and masks. A photo that is there twice counts once.
    pub fn scan(dir: &Path, progress: &dyn Progress) -> Result<Self, ScanError> {
        if !dir.is_dir() {
            return Err(ScanError::NotAFolder(dir.display().to_string()));
        }
        let mut folder = Self {
            dir: dir.to_owned(),
            photos: Vec::new(),
            skipped: Vec::new(),
        };
        progress.stage("Looking for photos")?;
        let (files, unlisted) = files(dir, &is_own_output, progress)?;
        folder.skipped = unlisted;
        progress.stage("Reading photos")?;
        let mut seen = HashMap::new();
        for (index, path) in files.iter().enumerate() {
            progress.step(index as u64, files.len() as u64)?;
            match examine(path) {
                None => {}
                Some(Ok(photo)) => match seen.entry(photo.fingerprint) {
                    Entry::Vacant(place) => {
                        place.insert(path);
                        folder.photos.push(photo);
                    }
                    Entry::Occupied(first) => {
                        folder.skip(path, format!("it is the same photo as {}", first.get().display()));
                    }
                },
                Some(Err(why)) => folder.skip(path, why),
            }
        }
        progress.step(files.len() as u64, files.len() as u64)?;
        Ok(folder)
    }

    fn skip(&mut self, path: &Path, why: String) {
        let path = path.to_owned();
        self.skipped.push(Skipped { path, why });
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

/// Every file in `dir` and below it, through links too, in the order of the names; and what cannot be listed, with a
/// reason.
///
/// Hidden files and folders are passed over, and so is what `is_left_out` says of a path below `dir`.
pub fn files(
    dir: &Path,
    is_left_out: &dyn Fn(&Path) -> bool,
    progress: &dyn Progress,
) -> Result<(Vec<PathBuf>, Vec<Skipped>), Cancelled> {
    let (mut files, mut skipped) = (Vec::new(), Vec::new());
    let entries = WalkDir::new(dir)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || !(is_hidden(entry) || is_left_out(entry.path())));
    for entry in entries {
        progress.check()?;
        match entry {
            Ok(entry) if entry.file_type().is_file() => files.push(entry.into_path()),
            Ok(_) => {}
            // A link back to a folder above it leads to nothing new.
            Err(error) if error.loop_ancestor().is_some() => {}
            Err(error) => {
                let path = error.path().unwrap_or(dir).to_owned();
                let why = error
                    .io_error()
                    .map_or_else(|| error.to_string(), ToString::to_string);
                skipped.push(Skipped {
                    path,
                    why: format!("{why}; check its permissions"),
                });
            }
        }
    }
    Ok((files, skipped))
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().to_string_lossy().starts_with('.')
}

/// Whether it is a folder into which a training or `lacuna holes` has written.
fn is_own_output(path: &Path) -> bool {
    let holds = |name: &str| path.join(name).is_file();
    holds(holes::SUMMARY) || (holds(TRAINING_CONFIG) && holds(TRAINING_LOG))
}

/// The photo, or why it is none that can be used; `None` where neither contents nor name claim that it is one.
fn examine(path: &Path) -> Option<Result<PhotoFile, String>> {
    let (width, height) = match read::size(path) {
        Ok(size) => size,
        Err(error) => {
            use read::Problem::{Empty, Io, NotFound, UnknownFormat};
            let claims_nothing = matches!(error.problem, UnknownFormat | Empty | Io(_) | NotFound);
            let is_other_file = claims_nothing && Format::from_path(path).is_none();
            return (!is_other_file).then(|| Err(error.problem.to_string()));
        }
    };
    if width.min(height) < MIN_SIDE {
        return Some(Err(format!(
            "it is too small ({width}×{height}); photos need at least {MIN_SIDE} pixels on each side"
        )));
    }
    let photo = fingerprint(path).map(|fingerprint| PhotoFile {
        path: path.to_owned(),
        width,
        height,
        fingerprint,
    });
    Some(photo.map_err(|error| format!("the file cannot be read ({error}); check its permissions")))
}

/// What a file holds, in short.
///
/// From the length of the file and its first and last 16 KiB: quick, and in practice no two photos share it.
pub fn fingerprint(path: &Path) -> io::Result<u64> {
    const PART: u64 = 16 << 10;
    let mut file = File::open(path)?;
    let length = file.seek(SeekFrom::End(0))?;
    let mut bytes = length.to_le_bytes().to_vec();
    for start in [0, length.saturating_sub(PART)] {
        file.seek(SeekFrom::Start(start))?;
        (&mut file).take(PART).read_to_end(&mut bytes)?;
    }
    let digest: [u8; 32] = Sha256::digest(&bytes).into();
    let (first, _) = digest.as_chunks();
    Ok(u64::from_le_bytes(first[0]))
}
