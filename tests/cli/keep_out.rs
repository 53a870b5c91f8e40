//! `lacuna batch --keep-out`: which keep-out mask belongs to which photo, and that results follow its changes.

use std::fs;

use lacuna::imaging::Rect;
use serde_json::Value;

use crate::support::{Folder, assert_fails, assert_succeeds, json, mask, photo, text};

/// Two photos with their masks, and a keep-out mask that covers a half.
fn folder() -> Folder {
    let folder = Folder::new();
    for name in ["photos", "masks", "keep"] {
        fs::create_dir(folder.path(name)).unwrap();
    }
    for name in ["a", "b"] {
        folder.save(&format!("photos/{name}.png"), &photo(120, 90));
        fs::copy(folder.path("mask.png"), folder.path(&format!("masks/{name}.png"))).unwrap();
    }
    folder.save("half.png", &mask(120, 90, Rect::new(60, 0, 60, 90)));
    folder
}

fn batch(folder: &Folder, more: &[&str]) -> std::process::Output {
    let line = ["batch", "photos", "--masks", "masks", "--out", "out"];
    folder.run_tiny(&line, more)
}

fn photo_named<'a>(report: &'a Value, name: &str) -> &'a Value {
    let mut photos = report["photos"].as_array().unwrap().iter();
    photos.find(|photo| photo["name"] == name).unwrap()
}

#[test]
fn keep_out_masks_are_paired_by_name_and_the_fill_is_that_of_inpaint() {
    let folder = folder();
    for place in ["keep/a.png", "masks/a_keep-out.png", "photos/a-keep-out.png"] {
        fs::copy(folder.path("half.png"), folder.path(place)).unwrap();
        let dir = place.split_once('/').unwrap().0;
        let report = json(&batch(&folder, &["--keep-out", dir, "--json", "--force"]));
        assert_eq!(report["totals"]["photos"], 2, "{place}: {report}");
        assert_eq!(report["totals"]["masks_without_photo"], 0, "{place}: {report}");
        assert_eq!(photo_named(&report, "a.png")["keep_out"], place);
        assert_eq!(photo_named(&report, "b.png")["keep_out"], Value::Null);
        fs::remove_file(folder.path(place)).unwrap();
    }
    let keep_out = ["--keep-out", "half.png", "--force"];
    assert_succeeds(&folder.inpaint("photos/a.png", "masks/a.png", "kept.png", &keep_out));
    assert_succeeds(&folder.inpaint("photos/b.png", "masks/b.png", "free.png", &[]));
    let file = |name: &str| fs::read(folder.path(name)).unwrap();
    assert!(file("kept.png") != file("free.png"), "it matters here");
    assert!(file("out/a.png") == file("kept.png"), "as inpaint makes it");
    assert!(file("out/b.png") == file("free.png"), "without one");
}

#[test]
fn one_keep_out_mask_serves_all_photos_of_its_size() {
    let folder = folder();
    folder.save("photos/wide.png", &photo(130, 90));
    folder.save("masks/wide.png", &mask(130, 90, Rect::new(40, 30, 20, 20)));
    let output = batch(&folder, &["--keep-out", "half.png", "--json"]);
    let report = json(&output);
    assert_eq!(photo_named(&report, "b.png")["keep_out"], "half.png");
    assert_eq!(photo_named(&report, "wide.png")["keep_out"], Value::Null);
    let stderr = text(&output.stderr);
    assert!(
        stderr.contains("1 photo is not of the size of the keep-out mask"),
        "{stderr}"
    );
}

#[test]
fn results_are_made_again_when_the_keep_out_mask_is_another() {
    let folder = folder();
    fs::copy(folder.path("half.png"), folder.path("keep/a.png")).unwrap();
    let done = |more: &[&str]| {
        let report = json(&batch(&folder, &[more, &["--json"]].concat()));
        report["totals"]["done"].as_u64().unwrap()
    };
    assert_eq!(done(&["--keep-out", "keep"]), 2);
    assert_eq!(done(&["--keep-out", "keep"]), 0);
    folder.save("keep/a.png", &mask(120, 90, Rect::new(0, 0, 30, 90)));
    assert_eq!(done(&["--keep-out", "keep"]), 1, "another mask");
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(60);
    let file = fs::File::options()
        .append(true)
        .open(folder.path("keep/a.png"))
        .unwrap();
    file.set_modified(later).unwrap();
    assert_eq!(done(&["--keep-out", "keep"]), 1, "a newer one");
    assert_eq!(done(&[]), 1, "none any more");
}

#[test]
fn keep_out_masks_that_fit_nothing_are_refused_and_none_is_written_over() {
    let folder = folder();
    folder.save("small.png", &mask(50, 40, Rect::new(0, 0, 10, 10)));
    fs::copy(folder.path("half.png"), folder.path("keep/stray.png")).unwrap();
    for (keep_out, words) in [
        ("keep", ["no keep-out mask in keep", "_keep-out"]),
        ("small.png", ["50×40", "size of the keep-out mask"]),
        ("nowhere", ["nowhere", "no such folder or file"]),
    ] {
        assert_fails(&batch(&folder, &["--keep-out", keep_out, "--quiet"]), 1, &words);
    }
    fs::copy(folder.path("half.png"), folder.path("keep/a.png")).unwrap();
    let line = ["batch", "photos", "--masks", "masks", "--out", "keep", "--force"];
    let refused = folder.run_tiny(&line, &["--keep-out", "keep", "--quiet"]);
    assert_fails(&refused, 1, &["never written over"]);
}
