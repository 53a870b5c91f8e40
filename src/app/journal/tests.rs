use std::{
    fs,
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use super::{
    Change, Journal, Kept, LATEST, PAUSE, PutBack,
    session::{DOCUMENT, ORIGINAL},
};
use crate::{
    app::{photo::OpenPhoto, state::Source},
    document::{Brush, MaskChange, Part},
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

fn waker() -> crate::jobs::Waker {
    Arc::new(|| {})
}

/// Lets the journal keep what there is to keep, and gives what went wrong.
fn keep(journal: &mut Journal, photo: &OpenPhoto) -> Option<String> {
    let started = Instant::now();
    let waker = waker();
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
    journal.begin(&photo.source, &waker());
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
    let mut restored = OpenPhoto::new(again, source, None);
    let done = Kept::put_back(&next.kept(), &restored.source, &mut restored.document);
    assert_eq!(done, Some(PutBack::Done { has_changed: false }));
    next.begin(&restored.source, &waker());
    assert!(restored.document.mask() == photo.document.mask(), "and the mask");
    assert_eq!(folders(root.path()), 1, "the folder was taken over");

    restored.saved_mask = restored.document.state_of(Part::Mask);
    assert!(
        restored.has_work_to_keep(),
        "a mask that is in a file is kept as well"
    );
    let _changed = restored.document.undo();
    next.keep(&restored, &waker());
    let ending = next.ending.take().expect("where nothing is left nothing is kept");
    assert!(ending.stop(Duration::from_secs(60)), "it ends");
    assert_eq!(folders(root.path()), 0, "its folder is gone");

    let rubber = Brush {
        diameter_px: 2.0,
        hardness: 1.0,
        erase: true,
    };
    let _changed = restored.document.redo();
    restored.document.paint_stroke(rubber, &[[2.5, 2.5]]);
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

/// One attempt to keep, without the wait before another. Gives what went wrong, if that is news.
fn attempt(journal: &mut Journal, photo: &OpenPhoto) -> Option<String> {
    let started = Instant::now();
    let waker = waker();
    journal.not_before = None;
    let mut has_begun = false;
    while !has_begun || journal.job.is_some() {
        assert!(started.elapsed() < Duration::from_secs(60), "nothing is tried");
        if !has_begun {
            journal.keep(photo, &waker);
            has_begun = journal.job.is_some();
        }
        if let Some(why) = journal.take_failure() {
            return Some(why);
        }
        thread::sleep(Duration::from_millis(5));
    }
    None
}

#[test]
fn a_place_that_cannot_be_written_is_told_once_and_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("journal");
    fs::write(&root, b"in the way").unwrap();
    let mut journal = Journal::new(Some(root.clone()));
    let mut photo = pasted();
    let _changed = photo.document.change_mask(MaskChange::Invert);
    assert!(attempt(&mut journal, &photo).is_some(), "it is told");
    let wait = journal.keep(&photo, &waker());
    assert!(wait.is_some(), "it is tried again without another change");
    assert_eq!(attempt(&mut journal, &photo), None, "told already");
    fs::remove_file(&root).unwrap();
    assert_eq!(attempt(&mut journal, &photo), None);
    assert_eq!(folders(&root), 1, "kept as soon as it can be");
    journal.clear();
    fs::remove_dir_all(&root).unwrap();
    fs::write(&root, b"in the way").unwrap();
    assert!(
        attempt(&mut journal, &photo).is_some(),
        "after a success it is news"
    );
}

#[test]
fn somebody_who_paints_on_and_on_is_not_left_without() {
    let start = Instant::now();
    let mut change = None;
    for half_seconds in 0..40 {
        let now = start + Duration::from_millis(500 * half_seconds);
        change = Some(Change::seen(change, half_seconds, now));
    }
    let due = change.map(|change| change.due() - start);
    assert_eq!(due, Some(LATEST));
    let quiet = Change::seen(None, 1, start);
    assert_eq!(Change::seen(Some(quiet), 1, start + PAUSE).due(), start + PAUSE);
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
    let failed = Kept::put_back(&next.kept(), &source, &mut photo.document);
    let Some(PutBack::Failed {
        aside: Some(aside), ..
    }) = failed
    else {
        panic!("it is not believed: {failed:?}")
    };
    assert_eq!(fs::read(aside).unwrap(), b"torn", "and not thrown away");
    next.forget(&source);
    let again = Kept::put_back(&next.kept(), &source, &mut photo.document);
    assert_eq!(again, None, "but nobody is told again");
    drop(next);
    assert_eq!(Journal::new(Some(root.path().to_owned())).left().count(), 0);
}
