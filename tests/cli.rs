//! The command line as other programs call it: exit codes, what stands on stdout, one line per error, and that a
//! refused or cancelled run leaves no file.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "support/tiny_network.rs"]
mod tiny_network;

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use lacuna::imaging::{Channels, Format, Mask, Metadata, Pixels, Rect, Samples, read, write};
use serde_json::Value;
use tempfile::TempDir;

/// A folder with a photo, a mask and tiny weights, in which commands run.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(TempDir::new().unwrap());
        folder.save("photo.jpg", &photo(120, 90));
        folder.save("mask.png", &mask(120, 90, Rect::new(40, 30, 20, 20)));
        fs::write(folder.path("tiny.safetensors"), tiny_network::weights()).unwrap();
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn save(&self, name: &str, pixels: &Pixels) {
        let path = self.path(name);
        let format = Format::from_path(&path).unwrap();
        write::photo(
            &path,
            pixels,
            &Metadata::default(),
            format,
            &write::Options::default(),
            true,
        )
        .unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lacuna"));
        command
            .current_dir(self.0.path())
            .args(arguments)
            .env_remove("RUST_LOG")
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs `inpaint` with the tiny weights and more arguments.
    fn inpaint(&self, photo: &str, mask: &str, out: &str, more: &[&str]) -> Output {
        let line = [
            "inpaint",
            photo,
            "--mask",
            mask,
            "-o",
            out,
            "--weights",
            "tiny.safetensors",
            "--device",
            "cpu",
        ];
        self.run(&[&line, more].concat())
    }

    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

const UNTOUCHED: [&str; 3] = ["mask.png", "photo.jpg", "tiny.safetensors"];

fn photo(width: u32, height: u32) -> Pixels {
    let samples = (0..width * height * 3)
        .map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    Pixels::new(width, height, Channels::Rgb, Samples::U8(samples)).unwrap()
}

fn mask(width: u32, height: u32, hole: Rect) -> Pixels {
    let samples = (0..width * height).map(|index| {
        if hole.contains(index % width, index / width) {
            255
        } else {
            0
        }
    });
    Pixels::new(width, height, Channels::Gray, Samples::U8(samples.collect())).unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The run failed with this code, one line on stderr that has all the words, and nothing on stdout.
fn assert_fails(output: &Output, code: i32, words: &[&str]) {
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert_eq!(stderr.trim_end().lines().count(), 1, "{stderr}");
    assert!(stderr.starts_with("error: "), "{stderr}");
    for word in words {
        assert!(stderr.contains(word), "`{word}` in: {stderr}");
    }
    assert!(output.stdout.is_empty(), "stdout: {}", text(&output.stdout));
}

fn assert_succeeds(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[test]
fn help_names_the_commands_and_their_flags() {
    let folder = Folder::new();
    let help = folder.run(&["--help"]);
    assert_succeeds(&help);
    for word in [
        "inpaint",
        "bench",
        "info",
        "--weights",
        "--device",
        "--seed",
        "--json",
        "--quiet",
    ] {
        assert!(text(&help.stdout).contains(word), "{word}");
    }
    let help = folder.run(&["inpaint", "--help"]);
    for word in [
        "--mask",
        "--output",
        "--strategy",
        "--detail",
        "--grow",
        "--feather",
        "--force",
        "--quality",
    ] {
        assert!(text(&help.stdout).contains(word), "{word}");
    }
}

#[test]
fn wrong_usage_is_exit_code_two() {
    let folder = Folder::new();
    assert_eq!(folder.run(&["inpaint", "photo.jpg"]).status.code(), Some(2));
    assert_eq!(folder.run(&["--no-such-flag"]).status.code(), Some(2));
    assert_eq!(folder.run(&["photo.jpg", "info"]).status.code(), Some(2));
    let unknown = folder.inpaint("missing.jpg", "missing.png", "out.gif", &[]);
    assert_fails(&unknown, 2, &["out.gif", ".png"]);
}

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
        assert_fails(
            &folder.inpaint("photo.jpg", "mask.png", "/proc/self/out.png", &[]),
            1,
            &["/proc/self/out.png"],
        );
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

#[test]
fn bench_measures_network_pipeline_and_training_in_the_documented_form() {
    let folder = Folder::new();
    let line = [
        "bench",
        "--quick",
        "--sizes",
        "64",
        "--megapixels",
        "0.05",
        "--weights",
        "tiny.safetensors",
        "--device",
        "cpu",
        "--threads",
        "1",
        "--json",
    ];
    let output = folder.run(&line);
    assert_succeeds(&output);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let is_positive = |value: &Value| value.as_f64().is_some_and(|value| value > 0.0);
    assert_eq!(json["machine"]["threads"], 1);
    for ceiling in ["gemm_gflops", "copy_gb_s"] {
        assert!(
            is_positive(&json["machine"][ceiling]),
            "{ceiling}: {}",
            json["machine"]
        );
    }
    let network = &json["network"][0];
    assert_eq!(
        (&network["base_width"], &network["levels"]),
        (&2.into(), &7.into())
    );
    assert_eq!((&network["size"], &network["runs"]), (&64.into(), &3.into()));
    assert_eq!(network["hole_fraction"], 0.2);
    assert!(
        network["device"].as_str().unwrap().starts_with("CPU"),
        "{network}"
    );
    assert!(
        is_positive(&network["median_ms"]) && is_positive(&network["min_ms"]),
        "{network}"
    );
    let layers = network["layers"].as_array().unwrap();
    assert_eq!(layers.len(), 14);
    for rate in ["ms", "gflops", "gemm_fraction", "copy_fraction"] {
        assert!(
            layers.iter().all(|layer| is_positive(&layer[rate])),
            "{rate}: {layers:?}"
        );
    }
    let photo = &json["pipeline"][0];
    assert_eq!(photo["hole_side_px"], 91, "half of the shorter side at most");
    assert!(
        is_positive(&photo["total_s"]) && is_positive(&photo["megapixels"]),
        "{photo}"
    );
    assert!(
        cfg!(not(target_os = "linux")) || is_positive(&photo["peak_mib"]),
        "{photo}"
    );
    let step = &json["training"][0];
    assert!(
        is_positive(&step["median_ms"]) && is_positive(&step["images_per_s"]),
        "{step}"
    );
    assert_eq!(folder.files(), UNTOUCHED);
    assert_fails(&folder.run(&["bench", "--hole-fraction", "1.5"]), 2, &["1.5"]);
    assert_fails(
        &folder.run(&["bench", "--weights", "mask.png", "--only", "network", "--quick"]),
        1,
        &["mask.png"],
    );
}

#[test]
fn info_names_version_devices_and_weights() {
    let folder = Folder::new();
    let output = folder.run(&["info", "--json", "--device", "cpu"]);
    assert_succeeds(&output);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(json["weights"]["source"], "built-in");
    assert_eq!(json["devices"][0]["kind"], "cpu");
    let sha256 = json["weights"]["sha256"].as_str().unwrap();
    let text_output = folder.run(&["info", "--device", "cpu"]);
    assert!(
        text(&text_output.stdout).contains(sha256),
        "{}",
        text(&text_output.stdout)
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
    let mut child = command
        .env("RUST_LOG", "lacuna=info")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap())
        .lines()
        .map(Result::unwrap);
    assert!(log.any(|line| line.contains("Filling")), "it came to the fill");
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success(), "the program was still running");
    assert!(log.any(|line| line.contains("cancelled")), "it says so");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(folder.files(), before);
}

#[test]
fn holes_writes_masks_of_every_bucket_and_one_summary_and_replaces_nothing() {
    let folder = Folder::new();
    let line = [
        "holes", "--out", "masks", "--count", "12", "--seed", "3", "--size", "64", "--json",
    ];
    let output = folder.run(&line);
    assert!(output.status.success(), "{output:?}");
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let saved: Value = serde_json::from_slice(&fs::read(folder.path("masks/holes.json")).unwrap()).unwrap();
    assert_eq!(json, saved);
    let buckets = json["buckets"].as_array().unwrap();
    assert!(buckets.iter().all(|bucket| bucket["masks"] == 2), "{buckets:?}");
    let first = json["masks"][0]["file"].as_str().unwrap();
    let (mask, notices) = read::mask(&folder.path("masks").join(first), (64, 64)).unwrap();
    assert!(notices.is_empty(), "black and white: {notices:?}");
    assert_eq!(json["masks"][0]["ratio"], mask.hole_count() as f64 / 4096.0);

    let again = folder.run(&line);
    assert_eq!(again.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&again.stderr).contains("--force"),
        "{again:?}"
    );
    assert!(
        folder.run(&[&line[..], &["--force"]].concat()).status.success(),
        "forced"
    );
}
