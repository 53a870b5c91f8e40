//! Made holes lie in their bucket, keep to the border they were asked for and are the same everywhere; mask files of
//! either polarity and any size read as holes.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::path::Path;

use lacuna::{
    data::holes::{self, Border, Bucket, Folder, FolderError, Polarity, Source, Spec},
    imaging::{Format, Mask, Metadata, Rect, write},
};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

const BORDERS: [Border; 3] = [Border::Any, Border::Touching, Border::Away];

fn spec(bucket: Bucket, border: Border) -> Spec {
    Spec {
        bucket: Some(bucket),
        border,
    }
}

fn touches_border(mask: &Mask) -> bool {
    let inner = Rect::new(1, 1, mask.width() - 2, mask.height() - 2);
    !inner.contains_rect(&mask.hole_bounds())
}

fn save(mask: &Mask, path: &Path) {
    let pixels = mask.to_pixels().unwrap();
    let options = write::Options::default();
    write::photo(path, &pixels, &Metadata::default(), Format::Png, &options, false).unwrap();
}

#[test]
fn every_mask_lies_in_its_bucket_at_every_size_and_border() {
    for (width, height) in [(64, 64), (128, 128), (200, 96)] {
        for border in BORDERS {
            for bucket in Bucket::ALL {
                for seed in 0..8 {
                    let mask = holes::generate(&spec(bucket, border), width, height, seed);
                    let found = Bucket::of_count(mask.hole_count(), mask.bounds().area());
                    assert_eq!(found, Some(bucket), "{width}×{height}, {border:?}, seed {seed}");
                }
            }
        }
    }
}

#[test]
fn the_ends_of_a_bucket_belong_to_it_as_the_paper_says() {
    assert_eq!(Bucket::of_count(1000, 10_000), Some(Bucket::To10));
    assert_eq!(Bucket::of_count(1001, 10_000), Some(Bucket::To20));
    assert_eq!(Bucket::of_count(101, 10_000), Some(Bucket::To10));
    assert_eq!(Bucket::of_count(100, 10_000), None);
    assert_eq!(Bucket::of_count(6001, 10_000), None);
}

#[test]
fn holes_touch_the_border_or_stay_away_from_it_as_asked() {
    for bucket in Bucket::ALL {
        for seed in 0..12 {
            let touching = holes::generate(&spec(bucket, Border::Touching), 128, 128, seed);
            assert!(touches_border(&touching), "{bucket}, seed {seed}");
            let away = holes::generate(&spec(bucket, Border::Away), 128, 128, seed);
            // 50 of 512 pixels are 12.5 of 128.
            let inner = Rect::new(13, 13, 102, 102);
            assert!(inner.contains_rect(&away.hole_bounds()), "{bucket}, seed {seed}");
        }
    }
}

#[test]
fn masks_are_black_and_white_and_differ_by_seed() {
    let masks: Vec<Mask> = (0..6)
        .map(|seed| holes::generate(&Spec::default(), 96, 96, seed))
        .collect();
    for (index, mask) in masks.iter().enumerate() {
        assert!(mask.coverage().iter().all(|&value| value == 0 || value == 255));
        assert!(!masks[..index].contains(mask), "mask {index} repeats");
    }
}

/// Written down once from this generator: whoever changes the shapes changes these, and knows that masks of a given
/// seed are other ones from then on.
#[test]
fn a_seed_gives_the_same_mask_on_every_machine() {
    let hash = |bucket, border, size| {
        let mask = holes::generate(&spec(bucket, border), size, size, 42);
        Sha256::digest(mask.coverage())[..4]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let hashes = [
        hash(Bucket::To10, Border::Any, 128),
        hash(Bucket::To30, Border::Touching, 256),
        hash(Bucket::To40, Border::Away, 128),
        hash(Bucket::To60, Border::Any, 96),
    ];
    assert_eq!(hashes, ["6a5f243f", "81402f36", "0d620095", "d604427f"]);
}

#[test]
fn training_draws_every_bucket_about_as_often() {
    let mut counts = [0; 6];
    for seed in 0..600 {
        let mask = holes::generate(&Spec::default(), 64, 64, seed);
        counts[Bucket::of_count(mask.hole_count(), 64 * 64).unwrap() as usize] += 1;
    }
    // 100 each; five standard deviations of a binomial draw are 46.
    assert!(
        counts.iter().all(|count| (54..=146).contains(count)),
        "{counts:?}"
    );
}

#[test]
fn the_colour_that_covers_less_is_the_hole_of_a_folder() {
    for is_black in [false, true] {
        let folder = TempDir::new().unwrap();
        let masks: Vec<Mask> = (0..5)
            .map(|seed| holes::generate(&Spec::default(), 64, 64, seed))
            .collect();
        for (index, mask) in masks.iter().enumerate() {
            let mut written = mask.clone();
            if is_black {
                written.invert();
            }
            save(&written, &folder.path().join(format!("{index}.png")));
        }
        let read = Folder::open(folder.path(), Polarity::Auto).unwrap();
        assert_eq!(read.polarity == Polarity::Black, is_black);
        assert_eq!(read.len(), 5);
        assert_eq!(read.mask(3, 64, 64).unwrap(), masks[3]);
        let larger = read.mask(3, 160, 90).unwrap();
        assert!(larger.coverage().iter().all(|&value| value == 0 || value == 255));
        let (before, after) = (holes::ratio(&masks[3]), holes::ratio(&larger));
        assert!((before - after).abs() < 0.02, "{before} became {after}");
        let other = Folder::open(folder.path(), Polarity::White).unwrap();
        assert_eq!(
            other.mask(3, 64, 64).unwrap() == masks[3],
            !is_black,
            "overridden"
        );
    }
}

#[test]
fn a_mask_file_that_vanished_is_replaced_and_told() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("mask.png");
    save(&holes::generate(&Spec::default(), 64, 64, 1), &path);
    let source = Source::Files(Folder::open(folder.path(), Polarity::Auto).unwrap());
    assert_eq!(source.draw(64, 80, 7).1, None);
    std::fs::remove_file(&path).unwrap();
    let (mask, notice) = source.draw(64, 80, 7);
    assert_eq!((mask.width(), mask.height()), (64, 80));
    assert!(!mask.is_empty(), "other holes took its place");
    assert!(notice.unwrap().contains("mask.png"));
}

#[test]
fn hidden_files_are_no_masks() {
    let folder = TempDir::new().unwrap();
    std::fs::create_dir(folder.path().join(".thumbnails")).unwrap();
    for name in [".mask.png", ".thumbnails/mask.png", "mask.png"] {
        save(
            &holes::generate(&Spec::default(), 64, 64, 1),
            &folder.path().join(name),
        );
    }
    let read = Folder::open(folder.path(), Polarity::Auto).unwrap();
    assert_eq!((read.len(), read.path(0)), (1, &*folder.path().join("mask.png")));
}

#[cfg(unix)]
#[test]
fn a_mask_that_cannot_be_looked_at_is_told() {
    let folder = TempDir::new().unwrap();
    std::os::unix::fs::symlink("nowhere", folder.path().join("lost.png")).unwrap();
    let refused = Folder::open(folder.path(), Polarity::Auto).unwrap_err();
    assert!(refused.to_string().contains("lost.png"), "{refused}");
    save(
        &holes::generate(&Spec::default(), 64, 64, 1),
        &folder.path().join("mask.png"),
    );
    let read = Folder::open(folder.path(), Polarity::Auto).unwrap();
    assert!(
        read.notice().is_some_and(|notice| notice.contains("lost.png")),
        "told"
    );
    assert_eq!(read.len(), 1);
}

#[test]
fn a_folder_without_masks_is_refused_with_the_reason() {
    let folder = TempDir::new().unwrap();
    let refused = Folder::open(folder.path(), Polarity::Auto).unwrap_err();
    assert!(
        refused.to_string().contains("there is no picture in it"),
        "{refused}"
    );
    std::fs::write(folder.path().join("a.png"), b"no picture").unwrap();
    let refused = Folder::open(folder.path(), Polarity::Black).unwrap_err();
    assert!(refused.to_string().contains("a.png"), "{refused}");
    let refused = Folder::open(&folder.path().join("nowhere"), Polarity::Auto).unwrap_err();
    assert!(matches!(refused, FolderError::NotAFolder(_)), "{refused}");
}

#[test]
fn the_histogram_counts_every_mask_where_its_share_lies() {
    let source = Source::Generated(spec(Bucket::To20, Border::Any));
    let bins = holes::histogram(&source, 12, 3);
    assert_eq!(bins.iter().sum::<u32>(), 12);
    // 20 % itself belongs to the bucket and opens the next bin.
    assert_eq!(bins[2] + bins[3] + bins[4], 12, "{bins:?}");
}
