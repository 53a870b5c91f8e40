//! What belongs to no command in particular: help, wrong usage, `lacuna info`.

use std::fs;

use clap::Parser as _;
use lacuna::cli::{self, Cli};
use serde_json::Value;

use crate::support::{Folder, assert_fails, assert_succeeds, closed_pipe, text};

#[test]
fn help_names_the_commands_and_their_flags() {
    let folder = Folder::new();
    let help = folder.run(&["--help"]);
    assert_succeeds(&help);
    for word in [
        "inpaint",
        "upscale",
        "batch",
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

#[cfg(target_os = "linux")]
#[test]
fn a_mistyped_command_and_a_missing_photo_are_told_apart() {
    let folder = Folder::new();
    let without_display = |name: &str| {
        let mut command = folder.command(&[name]);
        command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
        command.output().unwrap()
    };
    assert_fails(
        &without_display("inpait"),
        2,
        &["no photo inpait", "the command inpaint?"],
    );
    assert_fails(
        &without_display("missing.jpg"),
        2,
        &["no photo missing.jpg", "--help"],
    );
    assert_fails(
        &without_display("photo.jpg"),
        1,
        &["display", "lacuna inpaint photo.jpg"],
    );
}

#[test]
fn a_mistyped_command_opens_no_window_even_where_there_is_a_display() {
    let is_refused = |name: &str| {
        let cli = Cli::parse_from(["lacuna", name]);
        assert!(cli.wants_window(), "{name} is no command");
        cli::refuse_mistyped_command(&cli).is_some()
    };
    assert!(is_refused("inpait") && is_refused("trian"), "nearly commands");
    assert!(!is_refused("missing.jpg"), "the window says that it is not there");
    assert!(!is_refused("train.jpg"), "no command has an ending");
    assert!(!is_refused("."), "what exists is for the window to open");
}

#[test]
fn flags_without_an_effect_and_values_out_of_range_are_wrong_usage() {
    let folder = Folder::new();
    for (line, words) in [
        ("eval --photos . --native --size 64", "--native"),
        ("eval --photos . --force", "--report"),
        ("bench --quick --hole-side 0", "--hole-side"),
        ("bench --quick --hole-side 100000", "use 1 to 577"),
        (
            "inpaint photo.jpg --mask mask.png -o out.png --grow -1",
            "-1 is not in 0",
        ),
        ("upscale photo.jpg --factor -2 -o out.png", "it is 2, 3 or 4"),
        ("holes --out holes --count -1", "-1 is not in 1"),
    ] {
        let line: Vec<&str> = line.split(' ').collect();
        let output = folder.run(&line);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{line:?}: {stderr}");
        assert!(stderr.contains(words), "{line:?}: {stderr}");
    }
}

#[test]
fn work_goes_on_where_nobody_reads_what_is_said() {
    let folder = Folder::new();
    fs::create_dir(folder.path("photos")).unwrap();
    fs::copy(folder.path("photo.jpg"), folder.path("photos/photo.jpg")).unwrap();
    for (line, result) in [
        ("inpaint photo.jpg --mask mask.png -o out.png", "out.png"),
        ("batch photos --masks mask.png --out done", "done/photo.jpg"),
    ] {
        let line: Vec<&str> = line.split(' ').collect();
        let tiny = ["--weights", "tiny.safetensors", "--device", "cpu"];
        let mut command = folder.command(&[&line, &tiny[..]].concat());
        command.stdout(closed_pipe()).stderr(closed_pipe());
        let status = command.env("RUST_LOG", "lacuna=info").status().unwrap();
        assert_eq!(status.code(), Some(0), "{line:?}");
        assert!(folder.path(result).is_file(), "{result}");
    }
    let failed = folder.command(&["batch", "nowhere", "--masks", "mask.png", "--out", "done"]);
    assert_eq!({ failed }.stderr(closed_pipe()).status().unwrap().code(), Some(1));
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
