//! Candidates, grain and the keep-out area on the command line.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "support/tiny_network.rs"]
mod tiny_network;

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use lacuna::imaging::{Channels, Format, Mask, Metadata, Pixels, Rect, Samples, write};
use serde_json::Value;
use tempfile::TempDir;

/// A folder with a photo, a mask and tiny weights, in which commands run.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(TempDir::new().unwrap());
        let samples = (0..120 * 90 * 3u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8);
        let photo = Pixels::new(120, 90, Channels::Rgb, Samples::U8(samples.collect())).unwrap();
        folder.save("photo.png", &photo);
        folder.save("mask.png", &mask(120, 90, Rect::new(40, 30, 20, 20)));
        fs::write(folder.path("tiny.safetensors"), tiny_network::weights()).unwrap();
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn save(&self, name: &str, pixels: &Pixels) {
        let options = write::Options::default();
        let (path, metadata) = (self.path(name), Metadata::default());
        write::photo(&path, pixels, &metadata, Format::Png, &options, true).unwrap();
    }

    /// Runs `inpaint` with the tiny weights and more arguments.
    fn inpaint(&self, out: &str, more: &[&str]) -> Output {
        let line = "inpaint photo.png --mask mask.png --weights tiny.safetensors --device cpu -o";
        Command::new(env!("CARGO_BIN_EXE_lacuna"))
            .current_dir(self.0.path())
            .args(line.split(' '))
            .arg(out)
            .args(more)
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }
}

fn mask(width: u32, height: u32, hole: Rect) -> Pixels {
    let mut mask = Mask::empty(width, height);
    for y in hole.y..hole.bottom() {
        let start = (y * width + hole.x) as usize;
        mask.coverage_mut()[start..start + hole.width as usize].fill(255);
    }
    mask.to_pixels().unwrap()
}

#[test]
fn candidates_are_written_the_best_first_and_judged() {
    let folder = Folder::new();
    let out = folder.inpaint("out.png", &["--candidates", "3", "--json"]);
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
    let out = folder.inpaint("out.png", &["--candidates", "2"]);
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
        let done = folder.inpaint(out, more);
        assert!(done.status.success(), "{done:?}");
    }
    assert_ne!(
        fs::read(folder.path("free.png")).unwrap(),
        fs::read(folder.path("kept.png")).unwrap()
    );
    let refused = folder.inpaint("no.png", &["--keep-out", "small.png"]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let message = String::from_utf8_lossy(&refused.stderr);
    assert!(message.contains("small.png"), "{message}");
}

#[test]
fn grain_and_candidates_outside_their_range_are_wrong_usage() {
    let folder = Folder::new();
    for more in [["--grain", "101"], ["--candidates", "0"], ["--candidates", "9"]] {
        let out = folder.inpaint("out.png", &more);
        assert_eq!(out.status.code(), Some(2), "{more:?}");
    }
}
