//! `lacuna batch`: which photos are done, what is passed over, what is refused, and what the report says.

use std::{
    collections::BTreeMap,
    fs,
    process::Output,
    time::{Duration, SystemTime},
};

use lacuna::imaging::{Format, Rect};
use serde_json::Value;

use crate::support::{Folder, assert_fails, assert_succeeds, interrupt, json, mask, photo, start, text};

/// A photo in its folder, four more below `photos`, and masks in several spellings below `masks`.
pub(crate) fn folder() -> Folder {
    let folder = Folder::new();
    for name in ["photos/sub", "masks/sub"] {
        fs::create_dir_all(folder.path(name)).unwrap();
    }
    for (name, (width, height)) in [
        ("photos/a.jpg", (90, 70)),
        ("photos/b.png", (80, 60)),
        ("photos/sub/a.tif", (70, 60)),
        ("photos/sub/c.webp", (60, 80)),
    ] {
        folder.save(name, &photo(width, height));
    }
    for (name, (width, height)) in [
        ("masks/a.png", (90, 70)),
        ("masks/b_mask.tif", (80, 60)),
        ("masks/sub/a-mask.png", (70, 60)),
        ("masks/sub/c.webp", (60, 80)),
    ] {
        folder.save(name, &mask(width, height, Rect::new(20, 20, 15, 12)));
    }
    folder
}

const ALL: [&str; 4] = ["a.jpg", "b.png", "sub/a.tif", "sub/c.webp"];

pub(crate) fn batch(folder: &Folder, more: &[&str]) -> Output {
    let line = [
        "batch", "photos", "--masks", "masks", "--out", "out", "--detail", "off",
    ];
    folder.run(&[&line, &NETWORK[..], more].concat())
}

pub(crate) const NETWORK: [&str; 4] = ["--weights", "tiny.safetensors", "--device", "cpu"];

/// The status of each photo of a report.
pub(crate) fn statuses(report: &Value) -> BTreeMap<&str, &str> {
    let photos = report["photos"].as_array().unwrap().iter();
    photos
        .map(|one| (one["name"].as_str().unwrap(), one["status"].as_str().unwrap()))
        .collect()
}

pub(crate) fn all_are(status: &str) -> BTreeMap<&'static str, &str> {
    ALL.map(|name| (name, status)).into()
}

/// Without reports.
fn results(folder: &Folder) -> BTreeMap<String, Vec<u8>> {
    let mut files = folder.contents("out");
    files.retain(|name, _| !name.ends_with(".json"));
    files
}

pub(crate) fn reason<'a>(report: &'a Value, name: &str) -> &'a str {
    let mut photos = report["photos"].as_array().unwrap().iter();
    let found = photos.find(|one| one["name"] == name).unwrap();
    found["reason"].as_str().unwrap_or_default()
}

/// Makes the file look as if it had been changed after everything else here.
fn touch(folder: &Folder, name: &str) {
    let file = fs::File::options().append(true).open(folder.path(name)).unwrap();
    file.set_modified(SystemTime::now() + Duration::from_secs(60))
        .unwrap();
}

#[test]
fn every_photo_with_a_mask_is_done_as_inpaint_does_it_and_no_original_changes() {
    let folder = folder();
    let originals = (folder.contents("photos"), folder.contents("masks"));
    let report = json(&batch(&folder, &["--seed", "5", "--grow", "2", "--json"]));
    assert_eq!(statuses(&report), all_are("done"));
    assert_eq!(results(&folder).keys().collect::<Vec<_>>(), ALL);
    for (name, mask) in ALL
        .iter()
        .zip(["a.png", "b_mask.tif", "sub/a-mask.png", "sub/c.webp"])
    {
        let single = format!("single.{}", name.rsplit_once('.').unwrap().1);
        let (photo, mask) = (format!("photos/{name}"), format!("masks/{mask}"));
        let more = ["--detail", "off", "--seed", "5", "--grow", "2"];
        assert_succeeds(&folder.inpaint(&photo, &mask, &single, &more));
        assert!(
            fs::read(folder.path(&single)).unwrap() == results(&folder)[*name],
            "{name} is what inpaint makes"
        );
    }
    assert_eq!(originals, (folder.contents("photos"), folder.contents("masks")));
}

#[test]
fn the_report_says_what_was_done_and_is_what_json_prints() {
    let folder = folder();
    let printed = json(&batch(&folder, &["--json", "--seed", "3"]));
    let mut saved: Value =
        serde_json::from_slice(&fs::read(folder.path("out/report.json")).unwrap()).unwrap();
    assert_eq!(printed["photos"], saved["photos"]);
    saved["totals"]["seconds"] = printed["totals"]["seconds"].clone();
    saved["peak_mib"] = printed["peak_mib"].clone();
    assert_eq!(printed, saved);
    let totals = &printed["totals"];
    assert_eq!((&totals["photos"], &totals["done"]), (&4.into(), &4.into()));
    assert_eq!(totals["changed_pixels_outside"], 0);
    assert_eq!(printed["options"]["seed"], 3);
    assert_eq!(printed["weights_sha256"].as_str().unwrap().len(), 64);
    assert_eq!(printed["was_stopped"], false);
    for one in printed["photos"].as_array().unwrap() {
        assert_eq!(
            one["hole_pixels"],
            17 * 14 - 4,
            "15 × 12 and a pixel on each side: {one}"
        );
        assert!(one["seconds"].as_f64().unwrap() > 0.0, "{one}");
        assert_eq!(one["lossless"], one["name"] != "a.jpg", "{one}");
    }
}

#[test]
fn a_second_run_passes_over_what_is_there_and_makes_what_is_missing() {
    let folder = folder();
    assert_succeeds(&batch(&folder, &[]));
    let first = results(&folder);
    let before = fs::metadata(folder.path("out/a.jpg"))
        .unwrap()
        .modified()
        .unwrap();
    fs::remove_file(folder.path("out/b.png")).unwrap();
    let report = json(&batch(&folder, &["--json"]));
    let mut expected = all_are("passed over");
    expected.insert("b.png", "done");
    assert_eq!(statuses(&report), expected);
    assert_eq!(results(&folder), first);
    let after = fs::metadata(folder.path("out/a.jpg"))
        .unwrap()
        .modified()
        .unwrap();
    assert_eq!(before, after, "not written again");
    let report = json(&batch(&folder, &["--json", "--force"]));
    assert_eq!(statuses(&report), all_are("done"));
}

#[test]
fn what_is_out_of_date_is_made_again() {
    let folder = folder();
    assert_succeeds(&batch(&folder, &[]));
    touch(&folder, "photos/a.jpg");
    folder.save("masks/b_mask.tif", &mask(80, 60, Rect::new(5, 5, 9, 9)));
    let report = json(&batch(&folder, &["--json"]));
    let mut expected = all_are("passed over");
    expected.extend([("a.jpg", "done"), ("b.png", "done")]);
    assert_eq!(statuses(&report), expected);
    assert!(reason(&report, "a.jpg").contains("photo is newer"), "{report}");
    assert!(reason(&report, "b.png").contains("mask"), "{report}");
    let report = json(&batch(&folder, &["--json", "--candidates", "2"]));
    assert_eq!(statuses(&report), all_are("done"));
    assert!(reason(&report, "sub/a.tif").contains("other options"), "{report}");
    assert!(folder.path("out/sub/a-2.tif").is_file(), "the second candidate");
}

#[test]
fn a_file_that_is_no_result_of_ours_is_not_replaced_unasked() {
    let folder = folder();
    assert_succeeds(&batch(&folder, &[]));
    folder.save("out/a.jpg", &photo(90, 70));
    let retouched = fs::read(folder.path("out/a.jpg")).unwrap();
    let report = json(&batch(&folder, &["--json"]));
    assert_eq!(statuses(&report), all_are("passed over"));
    assert!(reason(&report, "a.jpg").contains("changed"), "{report}");
    touch(&folder, "photos/a.jpg");
    let refused = batch(&folder, &["--quiet"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        text(&refused.stderr).contains("--force"),
        "{}",
        text(&refused.stderr)
    );
    assert_eq!(fs::read(folder.path("out/a.jpg")).unwrap(), retouched);
    assert_succeeds(&batch(&folder, &["--force"]));
    assert_ne!(fs::read(folder.path("out/a.jpg")).unwrap(), retouched);

    fs::write(folder.path("out/report.json"), "{\"mine\": 1}").unwrap();
    assert_fails(&batch(&folder, &[]), 1, &["report.json", "--force"]);
}

#[test]
fn the_ending_picks_the_format_as_it_does_for_one_photo() {
    let folder = Folder::new();
    fs::create_dir(folder.path("photos")).unwrap();
    folder.save("photos/a.png", &photo(120, 90));
    fs::rename(folder.path("photos/a.png"), folder.path("photos/a.jpg")).unwrap();
    let line = ["batch", "photos", "--masks", "mask.png", "--out", "out"];
    assert_succeeds(&folder.run_tiny(&line, &[]));
    assert_succeeds(&folder.inpaint("photos/a.jpg", "mask.png", "single.jpg", &[]));
    let result = fs::read(folder.path("out/a.jpg")).unwrap();
    assert_eq!(Format::from_contents(&result), Some(Format::Jpeg));
    assert!(
        result == fs::read(folder.path("single.jpg")).unwrap(),
        "the same file"
    );
}

#[test]
fn shares_together_do_everything_once_and_go_on_as_one() {
    let folder = folder();
    folder.save("photos/alone.png", &photo(64, 64));
    let mut seen = BTreeMap::new();
    for index in 1..=3 {
        let report = json(&batch(&folder, &["--json", "--shard", &format!("{index}/3")]));
        assert_eq!(report["shard"], format!("{index}/3"));
        assert!(folder.path(&format!("out/report-{index}-of-3.json")).is_file());
        for (name, status) in statuses(&report) {
            assert_eq!(
                seen.insert(name.to_owned(), status.to_owned()),
                None,
                "{name} twice"
            );
        }
    }
    let mut expected = all_are("done");
    expected.insert("alone.png", "no mask");
    let seen: BTreeMap<&str, &str> = seen.iter().map(|(name, status)| (&**name, &**status)).collect();
    assert_eq!(seen, expected);
    let report = json(&batch(&folder, &["--json"]));
    expected.extend(all_are("passed over"));
    assert_eq!(statuses(&report), expected);
    assert_eq!(
        report["photos"][0]["reason"],
        Value::Null,
        "known from the shares' reports"
    );
}

#[test]
fn shares_that_do_not_exist_are_wrong_usage() {
    let folder = folder();
    for (shard, word) in [("0/4", "1/4"), ("5/4", "4/4"), ("x", "1/4"), ("1/0", "1/4")] {
        let output = batch(&folder, &["--shard", shard]);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{shard}: {stderr}");
        assert!(stderr.contains(shard) && stderr.contains(word), "{stderr}");
    }
    assert!(!folder.path("out").exists(), "nothing was begun");
}

#[test]
fn a_bad_photo_or_mask_is_a_line_and_the_others_are_done() {
    let folder = folder();
    let jpeg = fs::read(folder.path("photos/a.jpg")).unwrap();
    fs::write(folder.path("photos/a.jpg"), &jpeg[..jpeg.len() / 3]).unwrap();
    folder.save("masks/b_mask.tif", &mask(40, 30, Rect::new(5, 5, 9, 9)));
    folder.save("masks/sub/c_mask.png", &mask(60, 80, Rect::new(5, 5, 9, 9)));
    let output = batch(&folder, &["--json", "--quiet"]);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    let lines: Vec<&str> = stderr.lines().collect();
    assert_eq!(lines.len(), 4, "{stderr}");
    for (line, words) in lines.iter().zip([
        ["a.jpg", "JPEG"],
        ["b.png", "40×30"],
        ["sub/c.webp", "two masks"],
        ["3 of 4", "report.json"],
    ]) {
        assert!(line.starts_with("error: "), "{line}");
        assert!(
            words.iter().all(|word| line.contains(word)),
            "{words:?} in {line}"
        );
    }
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut expected = all_are("failed");
    expected.insert("sub/a.tif", "done");
    assert_eq!(statuses(&report), expected);
    assert_eq!(results(&folder).keys().collect::<Vec<_>>(), ["sub/a.tif"]);

    fs::write(folder.path("photos/a.jpg"), &jpeg).unwrap();
    folder.save("masks/b_mask.tif", &mask(80, 60, Rect::new(5, 5, 9, 9)));
    fs::remove_file(folder.path("masks/sub/c_mask.png")).unwrap();
    assert_succeeds(&batch(&folder, &[]));
    assert_eq!(results(&folder).keys().collect::<Vec<_>>(), ALL);
}

#[test]
fn results_of_another_version_are_kept_and_told() {
    let folder = folder();
    assert_succeeds(&batch(&folder, &[]));
    let path = folder.path("out/report.json");
    let mut report: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(report["version"], env!("CARGO_PKG_VERSION"));
    report["photos"][0]["made"]["version"] = "0.0.1".into();
    report["photos"][1]["made"]
        .as_object_mut()
        .unwrap()
        .remove("version");
    fs::write(&path, report.to_string()).unwrap();
    let output = batch(&folder, &["--json"]);
    let report = json(&output);
    assert_eq!(statuses(&report), all_are("passed over"));
    assert!(reason(&report, "a.jpg").contains("version 0.0.1"), "{report}");
    assert!(reason(&report, "b.png").contains("earlier version"), "{report}");
    assert_eq!(reason(&report, "sub/a.tif"), "");
    let stderr = text(&output.stderr);
    assert!(
        stderr.contains("2 results are passed over although another version"),
        "{stderr}"
    );
    let report = json(&batch(&folder, &["--json", "--force"]));
    assert_eq!(report["photos"][0]["made"]["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn results_never_go_where_an_original_or_another_result_is() {
    let folder = folder();
    let originals = (folder.contents("photos"), folder.contents("masks"));
    for out in ["photos", "photos/../photos", "masks"] {
        let line = ["batch", "photos", "--masks", "masks", "--out", out, "--force"];
        assert_fails(&folder.run(&line), 1, &["never written over"]);
    }
    // Into the folder above: the result of `photos/photos/b.png` would go to `photos/b.png`.
    fs::create_dir(folder.path("photos/photos")).unwrap();
    fs::create_dir(folder.path("masks/photos")).unwrap();
    folder.save("photos/photos/b.png", &photo(80, 60));
    folder.save("masks/photos/b.png", &mask(80, 60, Rect::new(20, 20, 15, 12)));
    let line = ["batch", "photos", "--masks", "masks", "--out", ".", "--force"];
    assert_fails(&folder.run(&line), 1, &["photos/b.png", "original"]);
    for dir in ["photos/photos", "masks/photos"] {
        fs::remove_dir_all(folder.path(dir)).unwrap();
    }
    folder.save("photos/a-2.jpg", &photo(90, 70));
    folder.save("masks/a-2.png", &mask(90, 70, Rect::new(20, 20, 15, 12)));
    assert_fails(&batch(&folder, &["--candidates", "2"]), 1, &["a-2.jpg", "both"]);
    for name in ["photos/a-2.jpg", "masks/a-2.png"] {
        fs::remove_file(folder.path(name)).unwrap();
    }
    assert_eq!(originals, (folder.contents("photos"), folder.contents("masks")));
    assert!(!folder.path("out").exists());
}

#[cfg(unix)]
#[test]
fn an_interrupt_keeps_what_is_done_and_the_next_run_goes_on() {
    let folder = folder();
    for number in 0..16 {
        folder.save(&format!("photos/more-{number:02}.png"), &photo(300, 200));
        let hole = mask(300, 200, Rect::new(90, 60, 90, 70));
        folder.save(&format!("masks/more-{number:02}.png"), &hole);
    }
    let line = ["batch", "photos", "--masks", "masks", "--out", "out", "--json"];
    let line = [&line, &NETWORK[..]].concat();
    let (child, mut log) = start(&mut folder.command(&line));
    assert!(
        log.any(|line| line.starts_with("photo 3 of 20: ")),
        "some were done"
    );
    interrupt(&child);
    assert!(
        log.any(|line| line.starts_with("stopped after ") && line.contains(" of 20 photos")),
        "one clear line"
    );
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let saved: Value = serde_json::from_slice(&fs::read(folder.path("out/report.json")).unwrap()).unwrap();
    assert_eq!(
        (&told["was_stopped"], &told["photos"]),
        (&true.into(), &saved["photos"])
    );
    let done = told["totals"]["done"].as_u64().unwrap();
    assert!((3..20).contains(&done), "{done}");
    assert_eq!(results(&folder).len() as u64, done, "no half-made file");
    let report = json(&folder.run(&line));
    let totals = &report["totals"];
    assert_eq!(
        (&totals["passed_over"], &totals["done"]),
        (&done.into(), &(20 - done).into())
    );
}
