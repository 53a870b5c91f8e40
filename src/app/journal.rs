//! Work that was not exported, kept on the disk so that a crash or a power cut loses none of it.
//!
//! A window with such work has a folder of its own in the journal: `lock`, which it holds locked while it lives,
//! `origin.json` (which photo), `document.safetensors` (a [`Record`]) and, for a pasted picture,
//! `original.png`. The folder goes when the work is exported or given up. One whose lock is free was left by a window
//! that never came to its end: the next one that opens the photo takes the folder over and puts the work back.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use directories::ProjectDirs;
use serde::{Deserialize, Serialize};

use super::{photo::OpenPhoto, state::Source, tasks::Failure};
use crate::{
    document::Record,
    imaging::{Format, Metadata, write},
    jobs::{self, Job, Waker},
};

/// So long after a change it is kept: quick strokes are kept together.
const PAUSE: Duration = Duration::from_secs(1);
/// Between two times passes at least so often the time that keeping takes.
const BETWEEN: u32 = 5;
/// Writing ends within this time, or is left alone.
const PATIENCE: Duration = Duration::from_secs(5);
/// What was left and never asked for goes after this time.
const KEPT_FOR: Duration = Duration::from_secs(60 * 60 * 24 * 60);

const LOCK: &str = "lock";
const ORIGIN: &str = "origin.json";
const DOCUMENT: &str = "document.safetensors";
const ORIGINAL: &str = "original.png";
/// The document that could not be put back.
const SET_ASIDE: &str = "set-aside.safetensors";

/// Where work is kept if nobody says otherwise.
pub fn usual_journal() -> Option<PathBuf> {
    let folders = ProjectDirs::from("", "", "lacuna")?;
    Some(folders.data_dir().join("journal"))
}

/// Which photo the work is on.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Origin {
    source: Source,
    bytes: u64,
    modified: Option<SystemTime>,
}

impl Origin {
    fn new(source: Source) -> Self {
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
    fn is_current(&self) -> bool {
        let now = Self::new(self.source.clone());
        (now.bytes, now.modified) == (self.bytes, self.modified)
    }
}

/// A folder that is ours as long as this lives.
#[derive(Debug)]
struct Session {
    folder: PathBuf,
    lock: File,
}

impl Session {
    fn begin(root: &Path) -> io::Result<Self> {
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
    fn remove(self) {
        drop(self.lock);
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            tracing::warn!("{} stays behind: {error}", self.folder.display());
        }
    }
}

/// Work that an earlier window left.
#[derive(Debug)]
struct Left {
    session: Session,
    origin: Origin,
}

/// Work of an earlier window, to be put back.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    file: PathBuf,
    /// The photo's file is another than it was then.
    pub(super) has_changed: bool,
}

impl Kept {
    /// Reads it. It takes long where much was removed.
    pub(super) fn read(&self) -> Result<Record, Failure> {
        let bytes = fs::read(&self.file).map_err(|error| error.to_string())?;
        Record::from_bytes(&bytes).map_err(|error| error.to_string())
    }
}

/// What is kept, and when.
pub(super) struct Journal {
    root: Option<PathBuf>,
    session: Option<Session>,
    left: Vec<Left>,
    /// The document's version that is being kept or was.
    kept: Option<u64>,
    /// The version seen last, and since when.
    seen: (u64, Instant),
    pause: Duration,
    job: Option<Job<Result<Duration, Failure>>>,
    has_failed: bool,
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
            seen: (0, Instant::now()),
            pause: PAUSE,
            job: None,
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

    /// What was left of work on this photo.
    pub(super) fn find(&self, source: &Source) -> Option<Kept> {
        let left = self.left.iter().find(|left| left.is_of(source))?;
        Some(Kept {
            file: left.session.folder.join(DOCUMENT),
            has_changed: !left.origin.is_current(),
        })
    }

    /// Another photo is open. What was left of work on it is in this window's hands now.
    pub(super) fn begin(&mut self, source: &Source) {
        self.clear();
        if let Some(index) = self.left.iter().position(|left| left.is_of(source)) {
            self.session = Some(self.left.swap_remove(index).session);
            self.kept = Some(u64::MAX);
        }
    }

    /// Puts aside what was left of work on this photo and is of no use to it: nobody is asked about it again, but it
    /// stays on the disk. Returns where.
    pub(super) fn set_aside(&mut self, source: &Source) -> Option<PathBuf> {
        let index = self.left.iter().position(|left| left.is_of(source))?;
        let folder = self.left.swap_remove(index).session.folder;
        let aside = folder.join(SET_ASIDE);
        fs::rename(folder.join(DOCUMENT), &aside).ok()?;
        Some(aside)
    }

    /// Keeps the photo's work if that is due. Returns when to ask again.
    pub(super) fn keep(&mut self, photo: &OpenPhoto, waker: &Waker) -> Option<Duration> {
        self.root.as_ref()?;
        if !photo.has_unsaved_work() {
            // A job that writes has its folder until it ends.
            if self.job.is_none() {
                self.clear();
            }
            return None;
        }
        let version = photo.document.version();
        if self.seen.0 != version {
            self.seen = (version, Instant::now());
        }
        if self.kept == Some(version) || self.job.is_some() {
            return None;
        }
        let left = self.pause.saturating_sub(self.seen.1.elapsed());
        if !left.is_zero() {
            return Some(left);
        }
        self.kept = Some(version);
        self.job = self.write(photo, waker);
        None
    }

    /// Why keeping failed, once.
    pub(super) fn take_failure(&mut self) -> Option<Failure> {
        let outcome = self.job.as_ref()?.poll()?;
        self.job = None;
        match outcome.unwrap_or_else(|crash| Err(crash.to_string())) {
            Ok(took) => self.pause = PAUSE.max(took * BETWEEN),
            Err(why) => return self.fail(why),
        }
        None
    }

    /// Nothing is left to be kept: it was exported or given up.
    pub(super) fn clear(&mut self) {
        if let Some(job) = self.job.take() {
            job.stop(PATIENCE);
        }
        self.kept = None;
        if let Some(session) = self.session.take() {
            session.remove();
        }
    }

    fn fail(&mut self, why: Failure) -> Option<Failure> {
        let is_news = !std::mem::replace(&mut self.has_failed, true);
        is_news.then_some(why)
    }

    /// Writes what belongs to the photo in the background. `None` if there is no place for it.
    fn write(&mut self, photo: &OpenPhoto, waker: &Waker) -> Option<Job<Result<Duration, Failure>>> {
        if self.session.is_none() {
            let root = self.root.as_deref()?;
            match Session::begin(root) {
                Ok(session) => self.session = Some(session),
                Err(error) => {
                    let why = format!("{}: {error}", root.display());
                    // Told by the next look at the outcome.
                    return Some(jobs::spawn("Keeping", Arc::clone(waker), move |_| Err(why)));
                }
            }
        }
        let folder = self.session.as_ref()?.folder.clone();
        let (source, record) = (photo.source.clone(), photo.document.record());
        // A pasted picture that was put back is one again: the folder that it came from may be gone by now.
        let source = match source {
            Source::Kept(_) => Source::Clipboard,
            source => source,
        };
        let original = Arc::clone(photo.document.original());
        Some(jobs::spawn("Keeping", Arc::clone(waker), move |_| {
            let started = Instant::now();
            let text = |error: io::Error| format!("{}: {error}", folder.display());
            let picture = folder.join(ORIGINAL);
            if source == Source::Clipboard && !picture.exists() {
                let (options, metadata) = (write::Options::default(), Metadata::default());
                write::photo(&picture, &original, &metadata, Format::Png, &options, false)
                    .map_err(|error| error.to_string())?;
            }
            let document = record.to_bytes().map_err(|error| error.to_string())?;
            let origin = serde_json::to_vec(&Origin::new(source)).map_err(|error| error.to_string())?;
            write::own_file(&folder.join(ORIGIN), &origin).map_err(text)?;
            write::own_file(&folder.join(DOCUMENT), &document).map_err(text)?;
            Ok(started.elapsed())
        }))
    }
}

impl Left {
    fn is_of(&self, source: &Source) -> bool {
        match (&self.origin.source, source) {
            (Source::Path(left), Source::Path(path)) => {
                left == path || fs::canonicalize(path).is_ok_and(|path| path == *left)
            }
            (left, source) => left == source,
        }
    }
}

/// What windows left that live no more, the latest first.
fn left_in(root: &Path) -> Vec<Left> {
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

#[cfg(test)]
mod tests {
    use std::{
        fs,
        path::Path,
        sync::Arc,
        thread,
        time::{Duration, Instant},
    };

    use super::{DOCUMENT, Journal, ORIGINAL};
    use crate::{
        app::{photo::OpenPhoto, state::Source},
        document::MaskChange,
        imaging::{Channels, Format, Metadata, Photo, Pixels, Samples, read},
    };

    fn pasted() -> OpenPhoto {
        let samples = Samples::U8((0..60).collect());
        let photo = Photo {
            pixels: Pixels::new(5, 4, Channels::Rgb, samples).unwrap(),
            metadata: Metadata::default(),
            format: Format::Png,
        };
        OpenPhoto::new(photo, Source::Clipboard, None)
    }

    /// Lets the journal keep what there is to keep, and gives what went wrong.
    fn keep(journal: &mut Journal, photo: &OpenPhoto) -> Option<String> {
        let started = Instant::now();
        let waker: crate::jobs::Waker = Arc::new(|| {});
        while journal.kept != Some(photo.document.version()) || journal.job.is_some() {
            assert!(started.elapsed() < Duration::from_secs(60), "nothing is kept");
            journal.keep(photo, &waker);
            if let Some(why) = journal.take_failure() {
                return Some(why);
            }
            thread::sleep(Duration::from_millis(5));
        }
        None
    }

    fn folders(root: &Path) -> usize {
        fs::read_dir(root).unwrap().count()
    }

    #[test]
    fn a_pasted_picture_and_the_work_on_it_outlive_the_window() {
        let root = tempfile::tempdir().unwrap();
        let mut photo = pasted();
        let mut journal = Journal::new(Some(root.path().to_owned()));
        journal.begin(&photo.source);
        let _changed = photo.document.change_mask(MaskChange::Invert);
        assert_eq!(keep(&mut journal, &photo), None);

        let other = Journal::new(Some(root.path().to_owned()));
        assert_eq!(other.left().count(), 0, "a living window keeps its work");
        drop((journal, other));

        let mut next = Journal::new(Some(root.path().to_owned()));
        let source = next.left().next().unwrap();
        let Source::Kept(path) = &source else {
            panic!("{source:?}")
        };
        assert!(path.ends_with(ORIGINAL), "{path:?}");
        let again = read::photo(path).unwrap();
        assert!(
            again.pixels == **photo.document.original(),
            "the picture itself is kept"
        );
        let record = next.find(&source).unwrap().read().unwrap();
        let mut restored = OpenPhoto::new(again, source, None);
        next.begin(&restored.source);
        restored.document.restore(record).unwrap();
        assert!(restored.document.mask() == photo.document.mask(), "and the mask");
        assert_eq!(folders(root.path()), 1, "the folder was taken over");

        restored.saved_state = restored.document.state();
        next.keep(&restored, &(Arc::new(|| {}) as crate::jobs::Waker));
        assert_eq!(folders(root.path()), 0, "exported work needs no keeping");

        let _changed = restored.document.change_mask(MaskChange::Clear);
        assert_eq!(keep(&mut next, &restored), None);
        drop(next);
        let last = Journal::new(Some(root.path().to_owned()));
        let Some(Source::Kept(path)) = last.left().next() else {
            panic!("nothing is left")
        };
        assert!(
            read::photo(&path).is_ok(),
            "the picture is kept again with later work"
        );
    }

    #[test]
    fn a_place_that_cannot_be_written_is_told_once() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("file");
        fs::write(&file, b"in the way").unwrap();
        let mut journal = Journal::new(Some(file));
        let mut photo = pasted();
        let _changed = photo.document.change_mask(MaskChange::Invert);
        assert!(keep(&mut journal, &photo).is_some(), "it is told");
        let _changed = photo.document.change_mask(MaskChange::Clear);
        let _changed = photo.document.change_mask(MaskChange::Invert);
        assert_eq!(keep(&mut journal, &photo), None);
    }

    #[test]
    fn a_damaged_record_gives_its_reason() {
        let root = tempfile::tempdir().unwrap();
        let mut photo = pasted();
        let mut journal = Journal::new(Some(root.path().to_owned()));
        let _changed = photo.document.change_mask(MaskChange::Invert);
        keep(&mut journal, &photo);
        drop(journal);
        let folder = fs::read_dir(root.path()).unwrap().next().unwrap().unwrap().path();
        fs::write(folder.join(DOCUMENT), b"torn").unwrap();
        let mut next = Journal::new(Some(root.path().to_owned()));
        let source = next.left().next().unwrap();
        assert!(next.find(&source).unwrap().read().is_err(), "it is not believed");
        let aside = next.set_aside(&source).unwrap();
        assert_eq!(fs::read(aside).unwrap(), b"torn", "and not thrown away");
        assert!(next.find(&source).is_none(), "but nobody is told again");
        drop(next);
        assert_eq!(Journal::new(Some(root.path().to_owned())).left().count(), 0);
    }
}
