//! Photos from a folder: what counts, what is skipped and why, what is held out, and batches that nothing but the seed
//! and the photos can change.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};
#[cfg(unix)]
use std::{process::Command, sync::mpsc, thread, time::Duration};

use lacuna::{
    data::{self, Batch, Folder, Loader, LoaderError, LoaderOptions, PhotoFile, ScanError, Split},
    imaging::{Channels, Format, Metadata, Pixels, Samples, random::Random, write},
    progress::{Cancelled, Progress, Silent},
};
use tempfile::TempDir;

/// A picture of noise, another for every number.
fn picture(number: u64, width: u32, height: u32) -> Pixels {
    let mut random = Random::keyed(number, [0; 4]);
    let samples = (0..width * height * 3).map(|_| random.next_u64() as u8).collect();
    Pixels::new(width, height, Channels::Rgb, Samples::U8(samples)).unwrap()
}

fn save(path: &Path, pixels: &Pixels, metadata: &Metadata) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let format = Format::from_path(path).unwrap();
    write::photo(path, pixels, metadata, format, &write::Options::default(), false).unwrap();
}

/// A folder with that many small photos.
fn folder_of(count: u64) -> TempDir {
    let folder = TempDir::new().unwrap();
    for number in 0..count {
        let name = format!("{number:03}.png");
        save(
            &folder.path().join(name),
            &picture(number, 130, 128),
            &Metadata::default(),
        );
    }
    folder
}

fn scan(dir: &Path) -> Folder {
    Folder::scan(dir, &Silent).unwrap()
}

fn names(files: &[PhotoFile]) -> Vec<String> {
    let name = |file: &PhotoFile| file.path.file_name().unwrap().to_string_lossy().into_owned();
    files.iter().map(name).collect()
}

fn options(photos: Vec<PhotoFile>) -> LoaderOptions {
    LoaderOptions {
        photos,
        side: 64,
        batch: 3,
        seed: 9,
        threads: 1,
        ..LoaderOptions::default()
    }
}

fn batches(options: LoaderOptions, count: usize) -> Vec<Batch> {
    let mut loader = Loader::new(options).unwrap();
    (0..count).map(|_| loader.next().unwrap()).collect()
}

/// An EXIF block that states nothing but an orientation.
fn turned(orientation: u8) -> Vec<u8> {
    let mut block = b"MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    block.extend([orientation, 0, 0, 0, 0, 0, 0]);
    block
}

/// A JPEG's bytes with an EXIF block put in behind its start.
fn with_exif(jpeg: &[u8], exif: &[u8]) -> Vec<u8> {
    let length = (exif.len() + 8) as u16;
    let [high, low] = length.to_be_bytes();
    let header = [0xFF, 0xE1, high, low];
    [&jpeg[..2], &header, b"Exif\0\0", exif, &jpeg[2..]].concat()
}

fn encode(pixels: &Pixels, format: Format) -> Vec<u8> {
    write::encode(pixels, &Metadata::default(), format, &write::Options::default())
        .unwrap()
        .bytes
}

#[test]
fn every_format_counts_by_contents_or_ending_in_every_subfolder() {
    let folder = TempDir::new().unwrap();
    for (number, name) in ["a.jpg", "deep/er/b.png", "c.tif", "deep/d.webp"]
        .iter()
        .enumerate()
    {
        let path = folder.path().join(name);
        save(&path, &picture(number as u64, 140, 130), &Metadata::default());
    }
    fs::write(
        folder.path().join("e.unknown"),
        encode(&picture(9, 150, 128), Format::Jpeg),
    )
    .unwrap();
    fs::write(folder.path().join("notes.txt"), b"no photo").unwrap();
    let found = scan(folder.path());
    assert_eq!(
        names(&found.photos),
        ["a.jpg", "c.tif", "d.webp", "b.png", "e.unknown"]
    );
    assert!(found.skipped.is_empty(), "{:?}", found.skipped);
    assert!(found.photos.iter().all(|photo| photo.height >= 128));
}

#[test]
fn hidden_files_and_what_our_commands_wrote_are_passed_over() {
    let folder = folder_of(1);
    for (number, name) in [".hidden.png", ".thumbs/x.png", "run/samples/s.png", "masks/m.png"]
        .iter()
        .enumerate()
    {
        let path = folder.path().join(name);
        save(
            &path,
            &picture(50 + number as u64, 128, 128),
            &Metadata::default(),
        );
    }
    fs::write(folder.path().join("run/config.json"), "{}").unwrap();
    fs::write(folder.path().join("run/log.jsonl"), "").unwrap();
    fs::write(folder.path().join("masks/holes.json"), "{}").unwrap();
    let found = scan(folder.path());
    assert_eq!(names(&found.photos), ["000.png"]);
    assert!(found.skipped.is_empty(), "{:?}", found.skipped);
}

#[cfg(unix)]
#[test]
fn links_in_a_circle_end_the_scan_like_any_other_folder() {
    let folder = folder_of(2);
    fs::create_dir(folder.path().join("sub")).unwrap();
    std::os::unix::fs::symlink(folder.path(), folder.path().join("sub/up")).unwrap();
    assert_eq!(names(&scan(folder.path()).photos), ["000.png", "001.png"]);
}

#[test]
fn a_size_is_that_of_the_upright_photo() {
    let folder = TempDir::new().unwrap();
    let jpeg = encode(&picture(1, 200, 130), Format::Jpeg);
    fs::write(folder.path().join("turned.jpg"), with_exif(&jpeg, &turned(6))).unwrap();
    let found = scan(folder.path());
    assert_eq!((found.photos[0].width, found.photos[0].height), (130, 200));
}

#[test]
fn damaged_small_and_doubled_files_are_skipped_with_the_reason() {
    let folder = folder_of(1);
    let put = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    let jpeg = encode(&picture(3, 160, 160), Format::Jpeg);
    put("cut.jpg", &jpeg[..jpeg.len() / 2]);
    let png = encode(&picture(4, 160, 160), Format::Png);
    put("cut.png", &png[..png.len() / 2]);
    let webp = encode(&picture(5, 160, 160), Format::WebP);
    put("cut.webp", &webp[..webp.len() / 2]);
    put("empty.jpg", b"");
    put("text.png", b"no picture");
    put("tiny.png", &encode(&picture(6, 300, 40), Format::Png));
    fs::copy(folder.path().join("000.png"), folder.path().join("copy.png")).unwrap();
    let found = scan(folder.path());
    assert_eq!(names(&found.photos), ["000.png"]);
    let reasons: Vec<(String, &str)> = found
        .skipped
        .iter()
        .map(|skipped| {
            let name = skipped.path.file_name().unwrap().to_string_lossy().into_owned();
            (name, skipped.why.as_str())
        })
        .collect();
    let words = [
        ("copy.png", "same photo"),
        ("cut.jpg", "cut off"),
        ("cut.png", "cut off"),
        ("cut.webp", "cut off"),
        ("empty.jpg", "empty"),
        ("text.png", "no JPEG"),
        ("tiny.png", "too small (300×40)"),
    ];
    assert_eq!(reasons.len(), words.len(), "{reasons:?}");
    for ((name, why), (expected, word)) in reasons.iter().zip(words) {
        assert_eq!(name, expected);
        assert!(why.contains(word), "{name}: {why}");
    }
}

#[test]
fn a_folder_without_photos_says_what_was_found_instead() {
    let folder = TempDir::new().unwrap();
    let empty = scan(folder.path()).require_photos().unwrap_err().to_string();
    assert!(empty.contains("there is no picture in it"), "{empty}");
    fs::write(folder.path().join("bad.jpg"), b"nonsense").unwrap();
    let bad = scan(folder.path()).require_photos().unwrap_err().to_string();
    assert!(bad.contains("1 skipped") && bad.contains("bad.jpg"), "{bad}");
    let missing = Folder::scan(&folder.path().join("nowhere"), &Silent);
    assert!(matches!(missing, Err(ScanError::NotAFolder(_))), "{missing:?}");
}

#[test]
fn a_scan_can_be_cancelled() {
    struct Stop;
    impl Progress for Stop {
        fn stage(&self, _name: &str) -> Result<(), Cancelled> {
            Ok(())
        }
        fn step(&self, _done: u64, _total: u64) -> Result<(), Cancelled> {
            Err(Cancelled)
        }
        fn notice(&self, _text: &str) {}
    }
    let folder = folder_of(2);
    let stopped = Folder::scan(folder.path(), &Stop);
    assert!(matches!(stopped, Err(ScanError::Cancelled(_))), "{stopped:?}");
}

/// Photos that exist only as entries of a list.
fn entries(numbers: std::ops::Range<u64>) -> Vec<PhotoFile> {
    numbers
        .map(|number| PhotoFile {
            path: PathBuf::from(format!("{number}.jpg")),
            width: 200,
            height: 200,
            fingerprint: Random::keyed(77, [number, 0, 0, 0]).next_u64(),
        })
        .collect()
}

/// What a new training does with photos.
fn split(photos: &[PhotoFile], held_out: usize, seed: u64) -> (Vec<PhotoFile>, Vec<PhotoFile>) {
    Split::of(photos, seed).parts(photos, held_out)
}

#[test]
fn a_photo_that_was_held_out_is_never_trained_on_when_photos_come_and_go() {
    let paths =
        |files: Vec<PhotoFile>| -> HashSet<PathBuf> { files.into_iter().map(|file| file.path).collect() };
    let (_, held) = split(&entries(0..200), 8, 3);
    let held = paths(held);
    assert!((4..=8).contains(&held.len()), "{} held out", held.len());
    for other in [entries(0..201), entries(0..3000), entries(100..260)] {
        let (train, _) = split(&other, 8, 3);
        assert!(paths(train).is_disjoint(&held), "among {} photos", other.len());
    }
}

#[test]
fn a_photo_that_was_trained_on_is_never_held_out_when_photos_are_added() {
    for (few, many) in [(30, 60), (30, 400), (100, 3000)] {
        let (train, _) = split(&entries(0..few), 8, 5);
        let (_, held) = split(&entries(0..many), 8, 5);
        assert!(held.iter().all(|photo| !train.contains(photo)), "{few} to {many}");
    }
    let (_, held) = split(&entries(0..100), 8, 5);
    assert!(held.len() >= 4, "{} of 100 photos are held out", held.len());
}

#[test]
fn a_split_shares_no_photo_and_leaves_some_to_train_on() {
    for count in 1..40 {
        let photos = entries(0..count);
        let (train, held) = split(&photos, 5, 1);
        assert!(!train.is_empty(), "{count} photos");
        assert!(
            held.len() <= 5 && (count < 2 || !held.is_empty()),
            "{count} photos"
        );
        assert!(held.iter().all(|photo| !train.contains(photo)), "{count} photos");
    }
    let photos = entries(0..30);
    let (train, held) = Split::of(&photos, 1).of_nothing().parts(&photos, 5);
    assert_eq!((train.len(), held.len()), (30, 0));
}

#[test]
fn a_training_that_goes_on_measures_on_no_photo_that_it_was_trained_on_whatever_became_of_its_folder() {
    for (before, after) in [
        (0..200, 0..100),
        (0..200, 150..180),
        (0..30, 0..400),
        (0..2, 0..50),
        (0..1, 0..9),
    ] {
        let begun = entries(before.clone());
        let split = Split::of(&begun, 5);
        let (trained, measured) = split.parts(&begun, 8);
        let (train, held) = split.parts(&entries(after.clone()), 8);
        let case = format!("{before:?} to {after:?}");
        assert!(held.iter().all(|photo| !trained.contains(photo)), "{case}");
        assert!(train.iter().all(|photo| !measured.contains(photo)), "{case}");
    }
    let (trained, _) = split(&entries(0..200), 8, 5);
    let (_, held) = split(&entries(0..100), 8, 5);
    assert!(
        held.iter().any(|photo| trained.contains(photo)),
        "a new split would"
    );
}

#[test]
fn a_batch_depends_on_neither_threads_nor_cache_nor_where_it_started() {
    let folder = folder_of(5);
    let photos = scan(folder.path()).photos;
    let plain = batches(options(photos.clone()), 6);
    let many = LoaderOptions {
        threads: 4,
        cache_bytes: 0,
        ..options(photos.clone())
    };
    assert_eq!(batches(many, 6), plain, "four threads, no cache");
    let later = LoaderOptions {
        first_step: 4,
        cache_bytes: 60_000,
        ..options(photos.clone())
    };
    assert_eq!(
        batches(later, 2),
        plain[4..],
        "from batch 4 on, room for one photo"
    );
    let other_seed = LoaderOptions {
        seed: 10,
        ..options(photos)
    };
    assert_ne!(batches(other_seed, 1)[0].rgb, plain[0].rgb, "another seed");
}

#[test]
fn a_batch_holds_crops_of_photos_and_holes_in_their_layout() {
    let folder = folder_of(2);
    let batch = &batches(options(scan(folder.path()).photos), 1)[0];
    assert_eq!((batch.step, batch.side, batch.notices.len()), (0, 64, 0));
    assert_eq!(batch.rgb.len(), 3 * 64 * 64 * 3);
    assert_eq!(batch.valid.len(), 3 * 64 * 64);
    assert!(batch.rgb.iter().all(|value| (0.0..=1.0).contains(value)));
    for valid in batch.valid.chunks_exact(64 * 64) {
        assert!(valid.iter().all(|&value| value <= 1), "0 or 1");
        let holes = valid.iter().filter(|&&value| value == 0).count();
        assert!((41..=2457).contains(&holes), "{holes} holes lie in no bucket");
    }
}

#[test]
fn a_batch_that_panics_is_an_error_and_not_the_end_of_the_program() {
    let folder = folder_of(1);
    let too_large = LoaderOptions {
        batch: usize::MAX / (64 * 64) / 4,
        ..options(scan(folder.path()).photos)
    };
    assert_eq!(too_large.side, 64, "of which so many overflow");
    let refused = Loader::new(too_large).unwrap().next();
    assert!(matches!(refused, Err(LoaderError::Threads(_))), "{refused:?}");
}

#[test]
fn a_photo_deleted_or_damaged_meanwhile_is_told_once_and_replaced() {
    let folder = folder_of(4);
    let photos = scan(folder.path()).photos;
    fs::remove_file(&photos[1].path).unwrap();
    let bytes = fs::read(&photos[2].path).unwrap();
    let damaged = [&bytes[..100], &vec![0; bytes.len() - 100]].concat();
    fs::write(&photos[2].path, damaged).unwrap();
    let run = batches(options(photos.clone()), 8);
    let notices: Vec<&String> = run.iter().flat_map(|batch| &batch.notices).collect();
    assert_eq!(notices.len(), 2, "{notices:?}");
    assert!(
        notices
            .iter()
            .any(|notice| notice.contains("001.png: there is no such file"))
    );
    assert!(
        notices
            .iter()
            .any(|notice| notice.contains("002.png: the PNG file is damaged"))
    );
    let other = LoaderOptions {
        threads: 3,
        ..options(photos)
    };
    let other = batches(other, 8);
    let same = run.iter().zip(&other).all(|(one, two)| one.rgb == two.rgb);
    assert!(same, "the photos that stand in do not depend on threads");
}

#[test]
fn when_no_photo_is_left_the_error_says_so() {
    let folder = folder_of(2);
    let photos = scan(folder.path()).photos;
    drop(folder);
    let mut loader = Loader::new(options(photos)).unwrap();
    let error = loader.next().unwrap_err();
    assert!(
        matches!(&error, LoaderError::NoPhotos(why) if why.contains("no such file")),
        "{error}"
    );
    let nothing = Loader::new(options(Vec::new()));
    assert!(matches!(nothing, Err(LoaderError::NoPhotos(_))), "an empty list");
}

#[cfg(unix)]
#[test]
fn dropping_a_loader_does_not_wait_for_the_batches_ahead() {
    let folder = TempDir::new().unwrap();
    // Whoever opens a pipe to read waits for somebody who writes: these batches are never done.
    let pipe = folder.path().join("pipe.png");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success(), "a pipe");
    let endless = PhotoFile {
        path: pipe.clone(),
        width: 256,
        height: 256,
        fingerprint: 0,
    };
    let loader = Loader::new(options(vec![endless])).unwrap();
    let (sender, dropped) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            drop(loader);
            sender.send(()).unwrap();
        });
        let is_dropped = dropped.recv_timeout(Duration::from_secs(60)).is_ok();
        if !is_dropped {
            // Ends the wait, so that the test ends.
            fs::write(&pipe, b"no picture").unwrap();
        }
        assert!(is_dropped, "it waits");
    });
}

#[test]
fn the_middle_of_a_photo_is_the_same_view_every_time() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("p.png");
    let pixels = picture(1, 140, 100);
    save(&path, &pixels, &Metadata::default());
    let middle = data::center(&path, 100).unwrap();
    let expected = pixels.rgb(lacuna::imaging::Rect::new(20, 0, 100, 100));
    assert_eq!(middle, expected);
}

#[test]
fn decoded_photos_take_the_bytes_that_are_foretold() {
    // Squares of 64: a photo is kept at up to four times that on its shorter side.
    let small = data::kept_bytes([(300, 200), (256, 256)], 64);
    assert_eq!(small, 3 * (300 * 200 + 256 * 256), "as they are");
    assert_eq!(data::kept_bytes([(6000, 4000)], 64), 3 * 384 * 256, "shrunk");
    let many = data::kept_bytes((0..10_000).map(|_| (6000, 4000)), 256);
    assert_eq!(
        many,
        LoaderOptions::default().cache_bytes as u64,
        "no more than that is kept"
    );
}
