//! Candidates, grain and the keep-out area of `lacuna inpaint`.

use std::{fs, process::Output};

use lacuna::imaging::Rect;
use serde_json::Value;

use crate::support::{Folder, mask};

fn inpaint(folder: &Folder, out: &str, more: &[&str]) -> Output {
    folder.inpaint("photo.jpg", "mask.png", out, more)
}

#[test]
fn candidates_are_written_the_best_first_and_judged() {
    let folder = Folder::new();
    let out = inpaint(&folder, "out.png", &["--candidates", "3", "--json"]);
    assert!(out.status.success(), "{out:?}");
    let json: Value = serde_json::from_slice(&out.stdout).unwrap();
    let candidates = json["candidates"].as_array().unwrap();
    let names: Vec<&str> = candidates
        .iter()
        .filter_map(|one| one["output"].as_str())
        .collect();
    assert_eq!(names, ["out.png", "out-2.png", "out-3.png"]);
    let scores: Vec<f64> = candidates
        .iter()
        .filter_map(|one| one["score"].as_f64())
        .collect();
    assert_eq!(scores.len(), 3);
    assert!(scores.is_sorted_by(|one, other| one >= other), "{scores:?}");
    let pictures: Vec<Vec<u8>> = names
        .iter()
        .map(|name| fs::read(folder.path(name)).unwrap())
        .collect();
    assert!(
        pictures[0] != pictures[1] && pictures[1] != pictures[2],
        "they differ"
    );
    assert_eq!(json["changed_pixels_outside"], 0);
}

#[test]
fn a_candidate_never_replaces_a_file_unasked() {
    let folder = Folder::new();
    fs::write(folder.path("out-2.png"), "somebody's work").unwrap();
    let out = inpaint(&folder, "out.png", &["--candidates", "2"]);
    assert_eq!(out.status.code(), Some(1), "{out:?}");
    assert!(!folder.path("out.png").exists(), "nothing is written");
    assert_eq!(fs::read(folder.path("out-2.png")).unwrap(), b"somebody's work");
}

#[test]
fn what_is_kept_out_changes_the_fill_and_must_fit_the_photo() {
    let folder = Folder::new();
    folder.save("keep-out.png", &mask(120, 90, Rect::new(60, 0, 60, 90)));
    folder.save("small.png", &mask(50, 40, Rect::new(0, 0, 10, 10)));
    for (out, more) in [
        ("free.png", &[][..]),
        ("kept.png", &["--keep-out", "keep-out.png"]),
    ] {
        let done = inpaint(&folder, out, more);
        assert!(done.status.success(), "{done:?}");
    }
    assert_ne!(
        fs::read(folder.path("free.png")).unwrap(),
        fs::read(folder.path("kept.png")).unwrap()
    );
    let refused = inpaint(&folder, "no.png", &["--keep-out", "small.png"]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let message = String::from_utf8_lossy(&refused.stderr);
    assert!(message.contains("small.png"), "{message}");
}

#[test]
fn grain_and_candidates_outside_their_range_are_wrong_usage() {
    let folder = Folder::new();
    for more in [["--grain", "101"], ["--candidates", "0"], ["--candidates", "9"]] {
        let out = inpaint(&folder, "out.png", &more);
        assert_eq!(out.status.code(), Some(2), "{more:?}");
    }
}
