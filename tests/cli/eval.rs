//! `lacuna eval`: what stands in its JSON, what it writes, how it fails.

use std::{collections::BTreeSet, fs, path::Path, process::Output};

use lacuna::imaging::{Channels, Pixels, Rect, Samples, read};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    support::{assert_fails, assert_succeeds, interrupt, json, lacuna, mask, save, start, text},
    tiny_network,
};

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let line = ["eval", "--photos", "photos", "--quiet"];
    lacuna(folder, &[&line, arguments].concat()).output().unwrap()
}

fn waves(step: usize) -> Pixels {
    let (width, height) = (176_usize, 150_usize);
    let samples = (0..width * height).flat_map(|at| {
        let (x, y) = (at % width, at / width);
        [x * step, y * 3, (x + y) * step / 2].map(|value| (value % 256) as u8)
    });
    let samples = Samples::U8(samples.collect());
    Pixels::new(width as u32, height as u32, Channels::Rgb, samples).unwrap()
}

/// Two photos of waves and a file that is none.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    let photos = folder.path().join("photos");
    fs::create_dir(&photos).unwrap();
    for (name, step) in [("a.png", 5), ("b.png", 9)] {
        save(&photos.join(name), &waves(step));
    }
    fs::write(photos.join("c.jpg"), b"no photo").unwrap();
    fs::write(folder.path().join("tiny.safetensors"), tiny_network::weights()).unwrap();
    folder
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
fn a_report_replaces_nothing_but_an_earlier_one() {
    let folder = folder();
    let measure = |report, more: &[&str]| {
        let line = [
            "--size",
            "64",
            "--methods",
            "telea",
            "--count",
            "1",
            "--report",
            report,
        ];
        run(folder.path(), &[&line, more].concat())
    };
    for _ in 0..2 {
        assert_succeeds(&measure("report", &[]));
    }
    for name in ["report.html", "results.json"] {
        let file = folder.path().join("report").join(name);
        fs::write(&file, "{}").unwrap();
        assert_fails(&measure("report", &[]), 1, &[name, "--force"]);
        assert_eq!(fs::read(&file).unwrap(), b"{}", "it was left alone");
        assert_succeeds(&measure("report", &["--force"]));
    }
    assert_fails(&measure("./photos", &["--force"]), 1, &["folder of the photos"]);
    assert_fails(&measure("tiny.safetensors", &[]), 1, &["it is a file"]);
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
        assert_eq!(
            picture["original_sharpness_ratio"], pictures[0]["original_sharpness_ratio"],
            "there is one original"
        );
        assert!(
            picture["edge_width_ratio"]
                .as_f64()
                .is_none_or(|ratio| ratio > 0.0),
            "{picture}"
        );
        assert!(picture.get("original_edge_width_ratio").is_some(), "{picture}");
    }
    assert_ne!(
        pictures[0]["original_sharpness_ratio"],
        pictures[0]["sharpness_ratio"]
    );
    let second = json(&run(folder.path(), &line));
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

/// The pictures of a result without the time they took.
fn without_time(found: &Value) -> Vec<Value> {
    let mut pictures = found["pictures"].as_array().unwrap().clone();
    for picture in &mut pictures {
        picture.as_object_mut().unwrap().remove("seconds");
    }
    pictures
}

#[test]
fn masks_from_a_folder_fall_into_their_buckets_whichever_colour_is_the_hole() {
    let folder = folder();
    let line = [
        "holes", "--out", "white", "--count", "12", "--seed", "3", "--size", "64", "--quiet",
    ];
    assert_succeeds(&lacuna(folder.path(), &line).output().unwrap());
    fs::create_dir(folder.path().join("black")).unwrap();
    for file in fs::read_dir(folder.path().join("white")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "png") {
            let (mut mask, _) = read::mask(&path, (64, 64)).unwrap();
            mask.invert();
            let black = folder.path().join("black").join(path.file_name().unwrap());
            save(&black, &mask.to_pixels().unwrap());
        }
    }
    let measure = |masks| {
        let line = [
            "--json",
            "--size",
            "64",
            "--methods",
            "telea,ns",
            "--holes",
            masks,
        ];
        json(&run(folder.path(), &line))
    };
    let found = measure("white");
    let pictures = without_time(&found);
    assert_eq!(pictures.len(), 48, "two photos, twelve masks, two methods");
    assert_eq!(pictures, without_time(&measure("black")));
    for picture in &pictures {
        let percent = 100.0 * picture["hole_ratio"].as_f64().unwrap();
        let bucket = picture["bucket"].as_str().unwrap();
        let (above, up_to) = bucket.split_once('-').unwrap();
        let (above, up_to): (f64, f64) = (above.parse().unwrap(), up_to.parse().unwrap());
        assert!(percent > above && percent <= up_to, "{picture}");
    }
    let first: BTreeSet<String> = pictures[..24]
        .iter()
        .map(|picture| picture["seed"].to_string())
        .collect();
    assert_eq!(first.len(), 12, "no mask twice on a photo");
}

#[test]
fn masks_outside_every_bucket_are_told_once_and_alone_measure_nothing() {
    let folder = folder();
    let masks = folder.path().join("masks");
    fs::create_dir(&masks).unwrap();
    save(&masks.join("dot.png"), &mask(64, 64, Rect::new(9, 9, 3, 3)));
    let line = [
        "eval",
        "--photos",
        "photos",
        "--methods",
        "telea",
        "--size",
        "64",
        "--holes",
        "masks",
    ];
    let output = lacuna(folder.path(), &line).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let stderr = text(&output.stderr);
    assert_eq!(stderr.matches("dot.png covers 0.2 %").count(), 1, "{stderr}");
    assert!(
        stderr.contains("error: nothing was measured: no mask in masks"),
        "{stderr}"
    );
}

#[cfg(unix)]
#[test]
fn an_interrupt_keeps_what_was_measured_and_ends_with_130() {
    let folder = folder();
    for number in 0..60 {
        save(
            &folder.path().join(format!("photos/more-{number:02}.png")),
            &waves(11 + number),
        );
    }
    let line = "eval --photos photos --methods telea,patchmatch --size 128 --json --report out";
    let line: Vec<&str> = line.split(' ').collect();
    let mut command = lacuna(folder.path(), &line);
    let (child, mut log) = start(command.env("RUST_LOG", "lacuna=info"));
    assert!(log.any(|line| line.contains("measured")), "a photo was measured");
    interrupt(&child);
    assert!(
        log.any(|line| line.starts_with("stopped after ") && line.contains(" of 62 photos")),
        "one clear line"
    );
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let measured = told["measured"].as_u64().unwrap();
    assert!(
        (1..62).contains(&measured) && told["was_stopped"] == true,
        "{measured}"
    );
    assert_eq!(told["pictures"].as_array().unwrap().len() as u64, 24 * measured);
    let saved = fs::read(folder.path().join("out/results.json")).unwrap();
    let saved: Value = serde_json::from_slice(&saved).unwrap();
    assert_eq!(saved["measured"], told["measured"]);
}
