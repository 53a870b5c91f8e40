//! `lacuna eval` as other programs call it: what stands in its JSON, what it writes, how it fails.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "support/tiny_network.rs"]
mod tiny_network;

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use lacuna::imaging::{Channels, Format, Metadata, Pixels, Samples, write};
use serde_json::Value;
use tempfile::TempDir;

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lacuna"))
        .current_dir(folder)
        .args(["eval", "--photos", "photos", "--quiet"])
        .args(arguments)
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Two photos of waves and a file that is none.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    let photos = folder.path().join("photos");
    fs::create_dir(&photos).unwrap();
    for (name, step) in [("a.png", 5), ("b.png", 9)] {
        let (width, height) = (176_usize, 150_usize);
        let samples = (0..width * height)
            .flat_map(|at| {
                let (x, y) = (at % width, at / width);
                [x * step, y * 3, (x + y) * step / 2].map(|value| (value % 256) as u8)
            })
            .collect();
        let pixels = Pixels::new(width as u32, height as u32, Channels::Rgb, Samples::U8(samples));
        write::photo(
            &photos.join(name),
            &pixels.unwrap(),
            &Metadata::default(),
            Format::Png,
            &write::Options::default(),
            false,
        )
        .unwrap();
    }
    fs::write(photos.join("c.jpg"), b"no photo").unwrap();
    fs::write(folder.path().join("tiny.safetensors"), tiny_network::weights()).unwrap();
    folder
}

fn json(output: &Output) -> Value {
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{error}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn every_method_is_measured_in_every_cell_and_the_report_needs_nothing_beside_it() {
    let folder = folder();
    let line = [
        "--json",
        "--size",
        "64",
        "--seed",
        "4",
        "--methods",
        "pconv=tiny.safetensors,telea,ns,patchmatch",
        "--report",
        "out/report",
    ];
    let found = json(&run(folder.path(), &line));
    assert_eq!(found["mode"], "buckets");
    assert_eq!(found["seed"], 4);
    assert_eq!(
        found["skipped"].as_array().unwrap().len(),
        1,
        "{}",
        found["skipped"]
    );
    // Four methods, six buckets, away from the border and touching it; two photos.
    let (means, pictures) = (&found["means"], &found["pictures"]);
    assert_eq!(means.as_array().unwrap().len(), 48);
    assert_eq!(pictures.as_array().unwrap().len(), 96);
    for mean in means.as_array().unwrap() {
        assert_eq!(mean["count"], 2, "{mean}");
        let psnr = mean["psnr_db"].as_f64().unwrap();
        let in_hole = mean["psnr_hole_db"].as_f64().unwrap();
        assert!(
            psnr > in_hole && in_hole > 0.0,
            "the hole is where it differs: {mean}"
        );
        assert!((0.0..1.0).contains(&mean["ssim"].as_f64().unwrap()), "{mean}");
        assert!(mean["l1_percent"].as_f64().unwrap() > 0.0, "{mean}");
    }
    let page = fs::read_to_string(folder.path().join("out/report/report.html")).unwrap();
    assert!(
        page.contains("data:image/jpeg;base64,/9j/"),
        "pictures lie in the page"
    );
    assert!(
        !page.contains("http:") && !page.contains("https:"),
        "nothing is fetched"
    );
    let saved = fs::read(folder.path().join("out/report/results.json")).unwrap();
    let saved: Value = serde_json::from_slice(&saved).unwrap();
    assert_eq!(saved["means"], *means);
}

#[test]
fn whole_photos_are_measured_at_their_own_size_and_the_same_seed_gives_the_same_numbers() {
    let folder = folder();
    let line = [
        "--json",
        "--native",
        "--count",
        "1",
        "--methods",
        "telea,patchmatch",
    ];
    let first = json(&run(folder.path(), &line));
    let pictures = first["pictures"].as_array().unwrap();
    assert_eq!(pictures.len(), 2, "one hole, two methods");
    for picture in pictures {
        let share = picture["hole_ratio"].as_f64().unwrap();
        assert!((0.02..0.17).contains(&share), "{picture}");
        assert!(picture["sharpness_ratio"].as_f64().unwrap() > 0.0, "{picture}");
    }
    let second = json(&run(folder.path(), &line));
    let without_time = |found: &Value| {
        let mut pictures = found["pictures"].clone();
        for picture in pictures.as_array_mut().unwrap() {
            picture.as_object_mut().unwrap().remove("seconds");
        }
        pictures
    };
    assert_eq!(without_time(&first), without_time(&second));
}

#[test]
fn a_folder_without_photos_and_an_unknown_method_are_one_clear_line() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("photos")).unwrap();
    for (line, code, word) in [
        (["--methods", "telea"], 1, "no usable photo"),
        (["--methods", "lama"], 2, "lama"),
    ] {
        let output = run(folder.path(), &line);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{error}");
        assert!(error.contains(word), "{error}");
        assert!(output.stdout.is_empty(), "nothing on stdout");
    }
}
