//! The folder of one window in the journal: whose it is, which photo it is about, and what windows left that live no
//! more.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};

use crate::app::state::Source;

/// What was left and never asked for goes after this time.
const KEPT_FOR: Duration = Duration::from_secs(60 * 60 * 24 * 60);

const LOCK: &str = "lock";
pub(super) const ORIGIN: &str = "origin.json";
pub(super) const DOCUMENT: &str = "document.safetensors";
pub(super) const ORIGINAL: &str = "original.png";

/// Which photo the work is on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Origin {
    pub(super) source: Source,
    bytes: u64,
    modified: Option<SystemTime>,
}

impl Origin {
    pub(super) fn new(source: Source) -> Self {
        let found = match &source {
            Source::Path(path) => fs::metadata(path).ok(),
            _ => None,
        };
        Self {
            bytes: found.as_ref().map_or(0, fs::Metadata::len),
            modified: found.and_then(|found| found.modified().ok()),
            source,
        }
    }

    /// Whether the photo's file is as it was.
    pub(super) fn is_current(&self) -> bool {
        let now = Self::new(self.source.clone());
        (now.bytes, now.modified) == (self.bytes, self.modified)
    }
}

/// A folder that is ours as long as this lives.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) folder: PathBuf,
    lock: File,
}

impl Session {
    pub(super) fn begin(root: &Path) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        let folder = tempfile::Builder::new().prefix("window-").tempdir_in(root)?;
        let lock = File::create(folder.path().join(LOCK))?;
        lock.try_lock()?;
        Ok(Self {
            folder: folder.keep(),
            lock,
        })
    }

    /// Takes over a folder that no living window has; `None` if one has it.
    fn take_over(folder: PathBuf) -> Option<Self> {
        let lock = File::create(folder.join(LOCK)).ok()?;
        lock.try_lock().ok()?;
        Some(Self { folder, lock })
    }

    /// Nothing of it stays.
    pub(super) fn remove(self) {
        drop(self.lock);
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            tracing::warn!("{} stays behind: {error}", self.folder.display());
        }
    }
}

/// Work that an earlier window left.
#[derive(Debug)]
pub(super) struct Left {
    pub(super) session: Session,
    pub(super) origin: Origin,
}

/// What windows left that live no more, the latest first.
pub(super) fn left_in(root: &Path) -> Vec<Left> {
    let folders = fs::read_dir(root).into_iter().flatten().flatten();
    let mut left: Vec<(SystemTime, Left)> = folders.filter_map(|entry| look_at(&entry.path())).collect();
    left.sort_by_key(|(written, _)| std::cmp::Reverse(*written));
    left.into_iter().map(|(_, left)| left).collect()
}

fn look_at(folder: &Path) -> Option<(SystemTime, Left)> {
    let document = fs::metadata(folder.join(DOCUMENT)).and_then(|found| found.modified());
    let age = |time: SystemTime| time.elapsed().unwrap_or_default();
    let Ok(written) = document else {
        // A window has just begun with it, or ended before it kept anything.
        let begun = fs::metadata(folder.join(LOCK)).and_then(|found| found.modified());
        if begun.is_ok_and(|begun| age(begun) > KEPT_FOR) {
            Session::take_over(folder.to_owned())?.remove();
        }
        return None;
    };
    let session = Session::take_over(folder.to_owned())?;
    if age(written) > KEPT_FOR {
        session.remove();
        return None;
    }
    let origin = fs::read(folder.join(ORIGIN)).ok()?;
    let mut origin: Origin = serde_json::from_slice(&origin).ok()?;
    if origin.source == Source::Clipboard {
        origin.source = Source::Kept(folder.join(ORIGINAL));
    }
    Some((written, Left { session, origin }))
}
