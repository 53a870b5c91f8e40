use std::{
    fs,
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use super::{
    Journal,
    session::{DOCUMENT, ORIGINAL},
};
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
