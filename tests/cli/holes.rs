//! `lacuna holes`.

use std::fs;

use lacuna::imaging::read;
use serde_json::Value;

use crate::support::{Folder, assert_fails, json};
#[cfg(unix)]
use crate::support::{interrupt, start};

#[test]
fn holes_writes_masks_of_every_bucket_and_one_summary_and_replaces_nothing() {
    let folder = Folder::new();
    let line = [
        "holes", "--out", "masks", "--count", "12", "--seed", "3", "--size", "64", "--json",
    ];
    let output = folder.run(&line);
    let told = json(&output);
    let saved: Value = serde_json::from_slice(&fs::read(folder.path("masks/holes.json")).unwrap()).unwrap();
    assert_eq!(told, saved);
    let buckets = told["buckets"].as_array().unwrap();
    assert!(buckets.iter().all(|bucket| bucket["masks"] == 2), "{buckets:?}");
    let first = told["masks"][0]["file"].as_str().unwrap();
    let (mask, notices) = read::mask(&folder.path("masks").join(first), (64, 64)).unwrap();
    assert!(notices.is_empty(), "black and white: {notices:?}");
    assert_eq!(told["masks"][0]["ratio"], mask.hole_count() as f64 / 4096.0);
    assert_fails(&folder.run(&line), 1, &["--force"]);
}

#[test]
fn another_set_takes_the_place_of_the_earlier_one_and_of_nothing_else() {
    let folder = Folder::new();
    let masks = |seed: &str, count: &str, more: &[&str]| {
        let line = [
            "holes", "--out", "masks", "--count", count, "--seed", seed, "--size", "64", "--json",
        ];
        json(&folder.run(&[&line, more].concat()))
    };
    masks("3", "12", &[]);
    fs::write(folder.path("masks/mine.png"), "mine").unwrap();
    // A summary that names what lies elsewhere or is no mask.
    let path = folder.path("masks/holes.json");
    let mut summary: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    for foreign in ["../photo.jpg", "../mask.png", "notes.txt"] {
        summary["masks"]
            .as_array_mut()
            .unwrap()
            .push(serde_json::json!({ "file": foreign }));
    }
    fs::write(&path, summary.to_string()).unwrap();
    fs::write(folder.path("masks/notes.txt"), "mine").unwrap();
    let told = masks("4", "6", &["--force"]);
    let mut expected: Vec<String> = told["masks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mask| mask["file"].as_str().unwrap().to_owned())
        .collect();
    expected.extend(["holes.json", "mine.png", "notes.txt"].map(str::to_owned));
    expected.sort();
    assert_eq!(folder.contents("masks").into_keys().collect::<Vec<_>>(), expected);
    assert!(folder.path("mask.png").is_file() && folder.path("photo.jpg").is_file());
}

#[cfg(unix)]
#[test]
fn an_interrupt_keeps_and_lists_the_masks_that_were_made() {
    let folder = Folder::new();
    let line = [
        "holes", "--out", "masks", "--count", "100000", "--size", "64", "--json",
    ];
    let (child, mut log) = start(folder.command(&line).env("RUST_LOG", "lacuna=info"));
    assert!(log.any(|line| line.contains("Masks")), "it came to the masks");
    while fs::read_dir(folder.path("masks")).unwrap().count() < 3 {
        std::thread::yield_now();
    }
    interrupt(&child);
    assert!(
        log.any(|line| line.starts_with("stopped after ") && line.contains(" of 100000 masks")),
        "one clear line"
    );
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let saved: Value = serde_json::from_slice(&fs::read(folder.path("masks/holes.json")).unwrap()).unwrap();
    assert_eq!(told, saved);
    let files = folder.contents("masks").len() - 1;
    assert_eq!(told["count"], files, "none is half made");
    assert_eq!(told["masks"].as_array().unwrap().len(), files);
}
