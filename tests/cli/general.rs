//! What belongs to no command in particular: help, wrong usage, `lacuna info`.

use std::fs;

use clap::{CommandFactory as _, Parser as _};
use lacuna::cli::{self, Cli};
use serde_json::Value;

use crate::support::{Folder, assert_fails, assert_succeeds, closed_pipe, text};

const README: &str = include_str!("../../README.md");

/// The flags that the help of a command must have besides those of all commands.
fn flags(command: &str) -> &'static str {
    match command {
        "inpaint" => {
            "--mask --keep-out --output --strategy --detail --ensemble --grow --feather --grain --candidates \
             --attempt --force --quality --bit-depth --metadata"
        }
        "batch" => "--masks --keep-out --out --shard --attempt --candidates --force --quality",
        "upscale" => "--factor --output --force --quality --bit-depth --metadata",
        "holes" => "--out --count --size --bucket --border --force",
        "bench" => "--widths --sizes --megapixels --only --threads --quick",
        "eval" => "--photos --holes --methods --size --count --native --features --report --force",
        "train" => "--photos --out --config --resume --start --minutes --steps --threads",
        "convert" => "<INPUT> <OUTPUT>",
        "info" => "",
        "completions" => "<SHELL>",
        "man" => "--out",
        _ => panic!("{command}: what must its help have?"),
    }
}

#[test]
fn help_names_every_command_and_its_flags() {
    let folder = Folder::new();
    let help = folder.run(&["--help"]);
    assert_succeeds(&help);
    let all = text(&help.stdout);
    let shared = "--weights --device --seed --json --quiet";
    for command in Cli::command().get_subcommands() {
        let name = command.get_name();
        let about = command.get_about().unwrap().to_string();
        assert!(
            all.contains(&format!("{name} ")) && all.contains(&about),
            "{name}"
        );
        let help = folder.run(&[name, "--help"]);
        assert_succeeds(&help);
        for word in flags(name).split(' ').chain(shared.split(' ')) {
            assert!(text(&help.stdout).contains(word), "{name}: {word}");
        }
    }
}

#[test]
fn every_command_in_the_readme_can_be_given() {
    let blocks = README.split("```").skip(1).step_by(2);
    let lines = blocks
        .flat_map(str::lines)
        .filter(|line| line.starts_with("lacuna "));
    let mut count = 0;
    for line in lines {
        let words = line.split('#').next().unwrap().split_whitespace();
        if let Err(error) = Cli::try_parse_from(words) {
            panic!("{line}: {error}");
        }
        count += 1;
    }
    assert!(count > 5, "{count} lines were found");
}

#[test]
fn wrong_usage_is_one_line_and_exit_code_two() {
    let folder = Folder::new();
    for (line, words) in [
        (
            "inpaint photo.jpg",
            ["--mask <MASK> --output <OUT>", "; see `lacuna inpaint --help`"],
        ),
        ("--no-such-flag", ["'--no-such-flag'", "; see `lacuna --help`"]),
        (
            "info --device gpu",
            [
                "[possible values: auto, cpu, cuda, metal]",
                "; see `lacuna info --help`",
            ],
        ),
        ("photo.jpg info", ["photo before a command", "put it after"]),
        (
            "inpaint missing.jpg --mask missing.png -o out.gif",
            ["out.gif", ".png"],
        ),
        (
            "inpait photo.jpg --mask mask.png -o out.png",
            [
                "no command inpait, perhaps inpaint",
                "; see `lacuna inpaint --help`",
            ],
        ),
        (
            "convert a.pth b.safetensors --weights none",
            ["--weights has no effect", "leave it out"],
        ),
        (
            "holes --out holes --count 1 --device cpu",
            ["--device has no effect", "leave it out"],
        ),
        ("info --seed 3", ["--seed has no effect", "leave it out"]),
    ] {
        let line: Vec<&str> = line.split(' ').collect();
        assert_fails(&folder.run(&line), 2, &words);
    }
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
        assert_fails(&folder.run(&line), 2, &[words]);
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

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_printed_is_an_error_with_the_work_done() {
    let folder = Folder::new();
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    for (line, result) in [
        ("inpaint photo.jpg --mask mask.png -o out.png --json", "out.png"),
        ("holes --out holes --count 6 --size 64", "holes/holes.json"),
    ] {
        let line: Vec<&str> = line.split(' ').collect();
        let output = folder.command(&line).stdout(full()).output().unwrap();
        assert_fails(&output, 1, &["printing the result"]);
        assert!(folder.path(result).is_file(), "{result}");
    }
}

#[test]
fn names_with_spaces_and_other_letters_are_names() {
    let folder = Folder::new();
    let dir = folder.path("Fotos – Ñandú");
    fs::create_dir(&dir).unwrap();
    for (from, to) in [("photo.jpg", "写真 1.jpg"), ("mask.png", "写真 1_mask.png")] {
        fs::copy(folder.path(from), dir.join(to)).unwrap();
    }
    let (photo, mask) = ("Fotos – Ñandú/写真 1.jpg", "Fotos – Ñandú/写真 1_mask.png");
    let out = "Fotos – Ñandú/ohne Kegel.png";
    let more = ["--json", "--candidates", "2"];
    let done = folder.inpaint(photo, mask, out, &more);
    let json: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(json["output"], out);
    assert!(dir.join("ohne Kegel-2.png").is_file(), "the second candidate");
    let line = [
        "batch",
        "Fotos – Ñandú",
        "--masks",
        "Fotos – Ñandú",
        "--out",
        "fertig ✓",
        "--json",
    ];
    let done = folder.run_tiny(&line, &[]);
    let json: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(json["totals"]["done"], 1, "{json}");
    assert!(
        folder.path("fertig ✓/写真 1.jpg").is_file(),
        "under the name of the photo"
    );
}
