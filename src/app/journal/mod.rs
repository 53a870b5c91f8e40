//! Work that was not exported, kept on the disk so that a crash or a power cut loses none of it.
//!
//! A window with such work has a folder of its own in the journal: `lock`, which it holds locked while it lives,
//! `origin.json` (which photo), `document.safetensors` (a [`Record`]) and, for a pasted picture,
//! `original.png`. The folder goes when the work is exported or given up. One whose lock is free was left by a window
//! that never came to its end: the next one that opens the photo takes the folder over and puts the work back.

mod session;

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use directories::ProjectDirs;

use super::{photo::OpenPhoto, state::Source, tasks::Failure};
use crate::{
    document::{Document, Record},
    imaging::{Format, Metadata, write},
    jobs::{self, Job, Waker},
};
use session::{DOCUMENT, Left, ORIGIN, ORIGINAL, Origin, Session, left_in};

/// So long after a change it is kept: quick strokes are kept together.
const PAUSE: Duration = Duration::from_secs(1);
/// But no longer after the first of them.
const LATEST: Duration = Duration::from_secs(10);
/// Between two times passes at least so often the time that keeping takes.
const BETWEEN: u32 = 5;
/// What could not be kept is tried again after this time.
const RETRY: Duration = Duration::from_secs(30);
/// Writing ends within this time, or is left alone.
const PATIENCE: Duration = Duration::from_secs(5);

/// The document that could not be put back.
const SET_ASIDE: &str = "set-aside.safetensors";

/// Where work is kept if nobody says otherwise.
pub fn usual_journal() -> Option<PathBuf> {
    let folders = ProjectDirs::from("", "", "lacuna")?;
    Some(folders.data_dir().join("journal"))
}

/// Work of an earlier window, to be put back by a job.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    folder: PathBuf,
    origin: Origin,
}

/// What came of putting it back.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PutBack {
    Done {
        /// The photo's file is another than it was then.
        has_changed: bool,
    },
    /// It is of no use to the photo. It was put aside: nobody is asked about it again, but it stays on the disk.
    Failed { why: Failure, aside: Option<PathBuf> },
}

impl Kept {
    /// Puts the work on the photo from `source` back into its document; `None` where there is none.
    pub(super) fn put_back(all: &[Self], source: &Source, document: &mut Document) -> Option<PutBack> {
        let kept = all.iter().find(|kept| kept.origin.source == *source)?;
        let restored = kept.read().and_then(|record| {
            let changed = document.restore(record);
            changed.ok_or_else(|| "the photo has another size or depth now".to_owned())
        });
        Some(match restored {
            Ok(_) => PutBack::Done {
                has_changed: !kept.origin.is_current(),
            },
            Err(why) => PutBack::Failed {
                why,
                aside: kept.set_aside(),
            },
        })
    }

    fn read(&self) -> Result<Record, Failure> {
        let bytes = fs::read(self.folder.join(DOCUMENT)).map_err(|error| error.to_string())?;
        Record::from_bytes(&bytes).map_err(|error| error.to_string())
    }

    fn set_aside(&self) -> Option<PathBuf> {
        let aside = self.folder.join(SET_ASIDE);
        fs::rename(self.folder.join(DOCUMENT), &aside).ok()?;
        Some(aside)
    }
}

/// The folder of this window, which the first job that keeps something begins.
type Place = Arc<Mutex<Option<Session>>>;

/// What is kept, and when.
pub(super) struct Journal {
    root: Option<PathBuf>,
    session: Option<Place>,
    left: Vec<Left>,
    /// The document's version that is being kept or was.
    kept: Option<u64>,
    /// What is to be kept.
    change: Option<Change>,
    /// Nothing is kept before.
    not_before: Option<Instant>,
    job: Option<Job<Result<Duration, Failure>>>,
    /// What is still being taken away.
    ending: Option<Job<()>>,
    has_failed: bool,
}

/// What has to end when nothing is to be kept any more.
struct End {
    job: Option<Job<Result<Duration, Failure>>>,
    session: Option<Place>,
}

impl End {
    fn come(self) {
        if let Some(job) = self.job {
            job.stop(PATIENCE);
        }
        let session = self
            .session
            .and_then(|place| place.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Some(session) = session {
            session.remove();
        }
    }
}

impl Journal {
    /// The journal in the folder `root`, and what earlier windows left in it. Nothing is kept without a folder.
    pub(super) fn new(root: Option<PathBuf>) -> Self {
        let left = root.as_deref().map(left_in).unwrap_or_default();
        Self {
            root,
            session: None,
            left,
            kept: None,
            change: None,
            not_before: None,
            job: None,
            ending: None,
            has_failed: false,
        }
    }

    /// The photos that work was left on and that are there, the latest first.
    pub(super) fn left(&self) -> impl Iterator<Item = Source> {
        let origins = self.left.iter().map(|left| &left.origin.source);
        origins
            .filter(|source| !matches!(source, Source::Path(path) if !path.exists()))
            .cloned()
    }

    /// All that was left, for the job that opens a photo to find what is of that.
    pub(super) fn kept(&self) -> Vec<Kept> {
        let kept = self.left.iter().map(|left| Kept {
            folder: left.session.folder.clone(),
            origin: left.origin.clone(),
        });
        kept.collect()
    }

    /// Another photo is open. What was left of work on it is in this window's hands now.
    pub(super) fn begin(&mut self, source: &Source, waker: &Waker) {
        self.leave(waker);
        if let Some(left) = self.take_left(source) {
            self.session = Some(Arc::new(Mutex::new(Some(left.session))));
            self.kept = Some(u64::MAX);
        }
    }

    /// Asks nobody any more about what was left of work on this photo.
    pub(super) fn forget(&mut self, source: &Source) {
        let _lock_is_free = self.take_left(source);
    }

    fn take_left(&mut self, source: &Source) -> Option<Left> {
        let index = self.left.iter().position(|left| left.origin.source == *source)?;
        Some(self.left.remove(index))
    }

    /// Keeps the photo's work if that is due. Returns when to ask again.
    pub(super) fn keep(&mut self, photo: &OpenPhoto, waker: &Waker) -> Option<Duration> {
        self.root.as_ref()?;
        if !photo.has_work_to_keep() {
            // A job that writes has its folder until it ends.
            if self.job.is_none() {
                self.leave(waker);
            }
            return None;
        }
        let version = photo.document.version();
        if self.kept == Some(version) {
            return None;
        }
        let now = Instant::now();
        let change = Change::seen(self.change, version, now);
        self.change = Some(change);
        if self.job.is_some() {
            return None;
        }
        let due = self
            .not_before
            .map_or(change.due(), |rest| rest.max(change.due()));
        let left = due.saturating_duration_since(now);
        if !left.is_zero() {
            return Some(left);
        }
        self.kept = Some(version);
        self.change = None;
        self.job = self.write(photo, waker);
        None
    }

    /// Why keeping failed, once.
    pub(super) fn take_failure(&mut self) -> Option<Failure> {
        let outcome = self.job.as_ref()?.poll()?;
        self.job = None;
        match outcome.unwrap_or_else(|crash| Err(crash.to_string())) {
            Ok(took) => {
                self.not_before = Instant::now().checked_add(took * BETWEEN);
                self.has_failed = false;
                None
            }
            Err(why) => {
                self.kept = None;
                self.not_before = Instant::now().checked_add(RETRY);
                let is_news = !std::mem::replace(&mut self.has_failed, true);
                is_news.then_some(why)
            }
        }
    }

    /// Nothing is left to be kept: it was exported or given up. Before the process ends.
    pub(super) fn clear(&mut self) {
        if let Some(ending) = self.ending.take() {
            ending.stop(PATIENCE);
        }
        self.end().come();
    }

    /// The same while the window goes on: nobody waits for the disk.
    fn leave(&mut self, waker: &Waker) {
        let end = self.end();
        if end.job.is_some() || end.session.is_some() {
            self.ending = Some(jobs::spawn("Leaving", Arc::clone(waker), move |_| end.come()));
        }
    }

    fn end(&mut self) -> End {
        self.kept = None;
        self.change = None;
        End {
            job: self.job.take(),
            session: self.session.take(),
        }
    }

    /// Writes what belongs to the photo in the background. `None` if there is no place for it.
    fn write(&mut self, photo: &OpenPhoto, waker: &Waker) -> Option<Job<Result<Duration, Failure>>> {
        let root = self.root.clone()?;
        let place = Arc::clone(self.session.get_or_insert_default());
        let record = photo.document.record();
        let source = match (&photo.project, &photo.source) {
            (Some(project), _) => Source::Path(project.path.clone()),
            // A pasted picture that was put back is one again: the folder that it came from may be gone by now.
            (None, Source::Kept(_)) => Source::Clipboard,
            (None, source) => source.clone(),
        };
        let original = Arc::clone(photo.document.original());
        Some(jobs::spawn("Keeping", Arc::clone(waker), move |_| {
            let started = Instant::now();
            let folder = folder_of(&place, &root).map_err(|error| format!("{}: {error}", root.display()))?;
            // The folder is free as soon as the window is gone, whatever is still being written.
            drop(place);
            let text = |error: io::Error| format!("{}: {error}", folder.display());
            let picture = folder.join(ORIGINAL);
            if source == Source::Clipboard && !picture.exists() {
                let (options, metadata) = (write::Options::default(), Metadata::default());
                write::photo(&picture, &original, &metadata, Format::Png, &options, false)
                    .map_err(|error| error.to_string())?;
            }
            let document = record.into_bytes().map_err(|error| error.to_string())?;
            let origin = serde_json::to_vec(&Origin::new(source)).map_err(|error| error.to_string())?;
            write::own_file(&folder.join(ORIGIN), &origin).map_err(text)?;
            write::own_file(&folder.join(DOCUMENT), &document).map_err(text)?;
            Ok(started.elapsed())
        }))
    }
}

/// The window's folder, which is begun in `root` if it has none yet.
fn folder_of(place: &Place, root: &Path) -> io::Result<PathBuf> {
    let mut session = place.lock().unwrap_or_else(PoisonError::into_inner);
    if session.is_none() {
        *session = Some(Session::begin(root)?);
    }
    let folder = session.as_ref().map(|session| session.folder.clone());
    drop(session);
    folder.ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// Changes that are not kept yet.
#[derive(Debug, Clone, Copy)]
struct Change {
    /// The document's version after the last of them.
    version: u64,
    first: Instant,
    last: Instant,
}

impl Change {
    /// Those `before`, and what led to `version`.
    fn seen(before: Option<Self>, version: u64, now: Instant) -> Self {
        match before {
            Some(before) if before.version == version => before,
            Some(before) => Self {
                version,
                last: now,
                ..before
            },
            None => Self {
                version,
                first: now,
                last: now,
            },
        }
    }

    /// When they are to be kept.
    fn due(self) -> Instant {
        (self.last + PAUSE).min(self.first + LATEST)
    }
}

#[cfg(test)]
mod tests;
