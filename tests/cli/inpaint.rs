//! `lacuna inpaint`: what it writes, what it says, and what it refuses.

use std::{fs, path::Path, process::Command, thread, time::Duration};

use lacuna::imaging::{Channels, Mask, Pixels, Rect, Samples, read};
use serde_json::Value;

use crate::support::{Folder, UNTOUCHED, assert_fails, assert_succeeds, interrupt, mask, photo, start, text};

#[test]
fn a_fill_writes_the_file_and_one_json_object() {
    let folder = Folder::new();
    let output = folder.inpaint("photo.jpg", "mask.png", "out.png", &["--json", "--detail", "off"]);
    assert_succeeds(&output);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["output"], "out.png");
    assert_eq!(json["mask_pixels"], 400);
    assert_eq!(
        json["hole_pixels"], 480,
        "a square of 20 px and a pixel on each side"
    );
    assert_eq!(json["changed_pixels_outside"], 0);
    assert_eq!(
        (&json["stage"], &json["seconds"]["detail"]),
        (&"none".into(), &0.0.into())
    );
    assert!(json["device"].as_str().unwrap().starts_with("CPU"), "{json}");
    assert_eq!(json["weights_sha256"].as_str().unwrap().len(), 64);
    for stage in ["read", "plan", "network", "detail", "write", "total"] {
        assert!(json["seconds"][stage].as_f64().unwrap() >= 0.0, "{stage}");
    }
    assert_eq!(json["crops"].as_array().unwrap().len(), 1);
    assert_eq!(json["crops"][0]["rect"]["width"], 120);
    let written = read::photo(&folder.path("out.png")).unwrap();
    assert_eq!((written.pixels.width(), written.pixels.height()), (120, 90));
}

#[test]
fn the_file_differs_from_the_photo_only_inside_the_widened_mask() {
    let folder = Folder::new();
    assert_succeeds(&folder.inpaint("photo.jpg", "mask.png", "out.png", &["--grow", "3", "--quiet"]));
    let before = read::photo(&folder.path("photo.jpg")).unwrap().pixels;
    let after = read::photo(&folder.path("out.png")).unwrap().pixels;
    let (mask, _) = read::mask(&folder.path("mask.png"), (120, 90)).unwrap();
    let widened: Mask = mask.grown(3.0);
    assert_ne!(before, after);
    assert_eq!(lacuna::inpaint::changed_outside(&before, &after, &widened), 0);
}

#[test]
fn two_runs_write_the_same_bytes_and_quiet_says_nothing() {
    let folder = Folder::new();
    for out in ["a.png", "b.png"] {
        let output = folder.inpaint("photo.jpg", "mask.png", out, &["--quiet"]);
        assert_succeeds(&output);
        assert_eq!(text(&output.stdout) + &text(&output.stderr), "");
    }
    assert_eq!(
        fs::read(folder.path("a.png")).unwrap(),
        fs::read(folder.path("b.png")).unwrap()
    );
}

#[test]
fn an_existing_file_is_replaced_only_with_force_and_the_photo_never() {
    let folder = Folder::new();
    fs::write(folder.path("out.png"), b"mine").unwrap();
    assert_fails(
        &folder.inpaint("photo.jpg", "mask.png", "out.png", &[]),
        1,
        &["out.png", "exists", "--force"],
    );
    assert_eq!(fs::read(folder.path("out.png")).unwrap(), b"mine");
    assert_succeeds(&folder.inpaint("photo.jpg", "mask.png", "out.png", &["--force"]));
    assert_ne!(fs::read(folder.path("out.png")).unwrap(), b"mine");

    let original = fs::read(folder.path("photo.jpg")).unwrap();
    let over_itself = folder.inpaint("photo.jpg", "mask.png", "./photo.jpg", &["--force"]);
    assert_fails(&over_itself, 1, &["original"]);
    assert_eq!(fs::read(folder.path("photo.jpg")).unwrap(), original);
}

#[test]
fn the_masks_are_never_written_over() {
    let folder = Folder::new();
    folder.save("keep.png", &mask(120, 90, Rect::new(0, 0, 9, 9)));
    folder.save("q-2.png", &mask(120, 90, Rect::new(40, 30, 20, 20)));
    let files: Vec<_> = folder.contents(".").into_iter().collect();
    for (mask, out, more) in [
        ("mask.png", "./mask.png", &[][..]),
        ("mask.png", "keep.png", &["--keep-out", "keep.png"]),
        ("q-2.png", "q.png", &["--candidates", "2"]),
    ] {
        let refused = folder.inpaint("photo.jpg", mask, out, &[&["--force"], more].concat());
        assert_fails(&refused, 1, &["a mask, which is never written over"]);
        let left: Vec<_> = folder.contents(".").into_iter().collect();
        assert!(left == files, "nothing was written");
    }
}

#[test]
fn a_photo_too_large_for_the_format_is_refused_before_the_fill() {
    let folder = Folder::new();
    folder.save("wide.png", &photo(16_400, 8));
    let refused = folder.inpaint("wide.png", "no-such-mask.png", "out.webp", &[]);
    assert_fails(&refused, 1, &["out.webp", "16400×8", "16384"]);
}

#[test]
fn damaged_files_are_one_line_and_leave_nothing_behind() {
    let folder = Folder::new();
    let jpeg = fs::read(folder.path("photo.jpg")).unwrap();
    fs::write(folder.path("photo.jpg"), &jpeg[..jpeg.len() / 3]).unwrap();
    assert_fails(
        &folder.inpaint("photo.jpg", "mask.png", "out.png", &[]),
        1,
        &["photo.jpg", "JPEG"],
    );
    fs::write(folder.path("photo.jpg"), &jpeg).unwrap();
    let weights = fs::read(folder.path("tiny.safetensors")).unwrap();
    fs::write(folder.path("tiny.safetensors"), &weights[..weights.len() - 9]).unwrap();
    let refused = folder.inpaint("photo.jpg", "mask.png", "out.png", &["--json"]);
    assert_fails(&refused, 1, &["tiny.safetensors", "cut off"]);
    assert_fails(
        &folder.inpaint("missing.jpg", "mask.png", "out.png", &[]),
        1,
        &["missing.jpg"],
    );
    assert_eq!(folder.files(), UNTOUCHED);
}

#[test]
fn folders_that_cannot_be_written_to_are_refused_before_any_work() {
    let folder = Folder::new();
    assert_fails(
        &folder.inpaint("photo.jpg", "mask.png", "mask.png/out.png", &[]),
        1,
        &["folder"],
    );
    assert_fails(
        &folder.inpaint("photo.jpg", "mask.png", "none/out.png", &[]),
        1,
        &["folder"],
    );
    if Path::new("/proc/self").exists() {
        let refused = folder.inpaint("photo.jpg", "mask.png", "/proc/self/out.png", &[]);
        assert_fails(&refused, 1, &["/proc/self/out.png"]);
        let stderr = text(&refused.stderr);
        assert!(!stderr.contains(".part"), "no temporary name in: {stderr}");
    }
    assert_eq!(folder.files(), UNTOUCHED);
}

#[test]
fn masks_that_do_not_work_say_what_to_do() {
    let folder = Folder::new();
    folder.save("other.png", &mask(60, 45, Rect::new(1, 1, 5, 5)));
    folder.save("empty.png", &mask(120, 90, Rect::default()));
    folder.save("full.png", &mask(120, 90, Rect::new(0, 0, 120, 90)));
    assert_fails(
        &folder.inpaint("photo.jpg", "other.png", "out.png", &[]),
        1,
        &["60×45", "120×90", "scale"],
    );
    assert_fails(
        &folder.inpaint("photo.jpg", "empty.png", "out.png", &[]),
        1,
        &["nothing to remove"],
    );
    assert_fails(
        &folder.inpaint("photo.jpg", "full.png", "out.png", &[]),
        1,
        &["covers the whole photo"],
    );
    assert!(!folder.path("out.png").exists(), "nothing was written");
}

#[test]
fn a_grey_mask_is_told_on_stderr() {
    let folder = Folder::new();
    let gray = mask(120, 90, Rect::new(40, 30, 20, 20));
    let Samples::U8(samples) = gray.samples() else {
        panic!("8 bit")
    };
    let samples = samples
        .iter()
        .map(|&sample| if sample > 0 { 180 } else { 20 })
        .collect();
    folder.save(
        "gray.png",
        &Pixels::new(120, 90, Channels::Gray, Samples::U8(samples)).unwrap(),
    );
    let output = folder.inpaint("photo.jpg", "gray.png", "out.png", &["--json"]);
    assert_succeeds(&output);
    assert!(text(&output.stderr).contains("grey"), "{}", text(&output.stderr));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (
            json["mask_pixels"].as_u64(),
            json["notices"].as_array().unwrap().len()
        ),
        (Some(400), 1)
    );
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_with_130_and_leaves_no_file() {
    let folder = Folder::new();
    // Many far holes: enough runs of the built-in network that the signal comes in between.
    folder.save("large.png", &photo(4000, 600));
    let mut dots = mask(4000, 600, Rect::default());
    let Samples::U8(samples) = dots.samples_mut() else {
        panic!("8 bit")
    };
    for x in (200..4000).step_by(700) {
        for row in 250..550 {
            samples[row * 4000 + x..row * 4000 + x + 300].fill(255);
        }
    }
    folder.save("dots.png", &dots);
    let before = folder.files();
    let line = [
        "inpaint",
        "large.png",
        "--mask",
        "dots.png",
        "-o",
        "out.png",
        "--device",
        "cpu",
    ];
    let mut command = folder.command(&line);
    let (mut child, mut log) = start(command.env("RUST_LOG", "lacuna=info"));
    assert!(log.any(|line| line.contains("Filling")), "it came to the fill");
    interrupt(&child);
    assert!(log.any(|line| line.contains("cancelled")), "it says so");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(folder.files(), before);
}

#[cfg(unix)]
#[test]
fn a_read_that_hangs_is_ended_by_the_second_interrupt_as_the_first_says() {
    let folder = Folder::new();
    let made = Command::new("mkfifo").arg(folder.path("pipe")).status().unwrap();
    assert!(made.success(), "a pipe to which nobody writes");
    let mut command = folder.command(&["inpaint", "pipe", "--mask", "mask.png", "-o", "out.png"]);
    let (mut child, mut log) = start(command.env("RUST_LOG", "lacuna=info"));
    assert!(log.any(|line| line.contains("Reading")), "it came to the photo");
    interrupt(&child);
    assert!(
        log.any(|line| line.contains("press Ctrl+C again")),
        "it says what to do"
    );
    // Sooner it would count as the same wish.
    thread::sleep(Duration::from_millis(700));
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
}
