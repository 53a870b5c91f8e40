//! `lacuna train`: lines of JSON, exit codes, Ctrl+C and SIGKILL.

use std::{
    fs,
    io::{BufRead as _, BufReader, Lines},
    path::Path,
    process::{Child, ChildStdout, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    support::{closed_pipe, interrupt, lacuna, signal},
    tiny_training,
};

/// A folder with photos and a configuration file.
fn prepared() -> TempDir {
    let folder = TempDir::new().unwrap();
    let config = tiny_training::config(folder.path());
    fs::write(
        folder.path().join("run.json"),
        serde_json::to_string(&config).unwrap(),
    )
    .unwrap();
    folder
}

/// A run that goes on until somebody ends it, with its lines.
fn endless(folder: &Path) -> (Child, Lines<BufReader<ChildStdout>>) {
    let line = [
        "train",
        "--config",
        "run.json",
        "--steps",
        "1000000",
        "--checkpoint-every-s",
        "0.1",
        "--json",
    ];
    let mut child = lacuna(folder, &line)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, lines)
}

/// The step of the first checkpoint after the start.
fn wait_for_checkpoint(lines: &mut Lines<BufReader<ChildStdout>>) -> u64 {
    let events = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    let steps = events
        .filter(|event| event["event"] == "checkpoint")
        .map(|event| event["step"].as_u64().unwrap());
    steps.into_iter().find(|&step| step > 0).unwrap()
}

fn resume(folder: &Path, steps: u64) -> Vec<Value> {
    let steps = steps.to_string();
    let output = lacuna(
        folder,
        &["train", "--out", "out", "--resume", "--steps", &steps, "--json"],
    )
    .output()
    .unwrap();
    assert!(output.status.success(), "{output:?}");
    events(&output)
}

fn events(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn every_line_is_an_event_and_the_last_is_the_end() {
    let folder = prepared();
    fs::write(folder.path().join("photos/broken.jpg"), b"no picture").unwrap();
    let output = lacuna(
        folder.path(),
        &["train", "--config", "run.json", "--steps", "2", "--json"],
    )
    .output()
    .unwrap();
    assert!(output.status.success(), "{output:?}");
    let notices = String::from_utf8_lossy(&output.stderr);
    assert!(notices.contains("one file is passed over"), "{notices}");
    let events = events(&output);
    assert_eq!(events[0]["event"], "started");
    let last = events.last().unwrap();
    assert_eq!(
        (&last["event"], last["step"].as_u64(), &last["reason"]),
        (&"finished".into(), Some(2), &"complete".into())
    );
    let buckets = last["report"]["buckets"].as_array().unwrap();
    assert_eq!(buckets.len(), 6);
    let distance = |bucket: usize| buckets[bucket]["new"]["perceptual"].as_f64().unwrap();
    assert!(
        distance(0) > 0.0 && distance(5) > distance(0),
        "larger holes are farther off: {last}"
    );
}

#[test]
fn a_killed_run_goes_on_from_its_last_checkpoint() {
    let folder = prepared();
    let (mut child, mut lines) = endless(folder.path());
    wait_for_checkpoint(&mut lines);
    child.kill().unwrap();
    child.wait().unwrap();
    let saved = fs::read_dir(folder.path().join("out/checkpoints")).unwrap();
    let saved = saved.filter_map(|file| {
        let name = file.unwrap().file_name().into_string().unwrap();
        name.strip_prefix("step-")?
            .strip_suffix(".safetensors")?
            .parse::<u64>()
            .ok()
    });
    let step = saved.max().unwrap();
    let events = resume(folder.path(), step + 1);
    assert_eq!(
        events[0]["start_step"].as_u64(),
        Some(step),
        "the last checkpoint"
    );
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_saves_its_last_step_and_exits_with_130() {
    let folder = prepared();
    let (mut child, mut lines) = endless(folder.path());
    wait_for_checkpoint(&mut lines);
    interrupt(&child);
    let last: Value = serde_json::from_str(&lines.last().unwrap().unwrap()).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(
        (&last["event"], &last["reason"]),
        (&"finished".into(), &"cancelled".into())
    );
    let step = last["step"].as_u64().unwrap();
    let events = resume(folder.path(), step + 1);
    assert_eq!(
        events[0]["start_step"].as_u64(),
        Some(step),
        "not one step is lost"
    );
}

#[cfg(unix)]
#[test]
fn a_terminal_that_is_closed_ends_a_run_like_an_interrupt() {
    let folder = prepared();
    let (mut child, mut lines) = endless(folder.path());
    wait_for_checkpoint(&mut lines);
    // The terminal and its shell both say so.
    signal(&child, "-HUP");
    signal(&child, "-HUP");
    let last: Value = serde_json::from_str(&lines.last().unwrap().unwrap()).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(
        (&last["event"], &last["reason"]),
        (&"finished".into(), &"cancelled".into())
    );
}

#[test]
fn a_run_goes_on_where_nobody_reads_what_it_says() {
    for more in [&[][..], &["--json"]] {
        let folder = prepared();
        let line = ["train", "--config", "run.json", "--steps", "2"];
        let mut command = lacuna(folder.path(), &[&line, more].concat());
        command.stdout(closed_pipe()).stderr(closed_pipe());
        assert_eq!(command.status().unwrap().code(), Some(0), "{more:?}");
        assert!(
            folder.path().join("out/weights.safetensors").is_file(),
            "it was trained: {more:?}"
        );
    }
}

#[test]
fn the_help_says_that_json_is_a_line_per_event() {
    let output = lacuna(Path::new("."), &["train", "--help"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("one JSON object per event"), "{text}");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("required unless in --config or with --resume"),
        "{text}"
    );
}

#[test]
fn refusals_are_one_line() {
    let folder = prepared();
    fs::create_dir(folder.path().join("empty")).unwrap();
    fs::write(folder.path().join("slip.json"), r#"{"batcch": 2}"#).unwrap();
    let cases: [(&[&str], i32, &str); 12] = [
        (&["train", "--out", "o"], 2, "--photos: name a folder"),
        (
            &["train", "--config", "run.json", "--batch", "0"],
            2,
            "--batch: 0",
        ),
        (
            &["train", "--photos", "empty", "--out", "o"],
            1,
            "no usable photo in empty",
        ),
        (&["train", "--config", "none.json"], 1, "none.json"),
        (&["train", "--config", "slip.json"], 1, "\"batcch\""),
        (
            &["train", "--config", "run.json", "--minutes", "nan"],
            2,
            "--minutes",
        ),
        (
            &["train", "--config", "run.json", "--minutes", "inf"],
            2,
            "--minutes",
        ),
        (
            &["train", "--config", "run.json", "--learning-rate", "nan"],
            2,
            "--learning-rate",
        ),
        (
            &["train", "--config", "run.json", "--learning-rate", "0"],
            2,
            "--learning-rate: it must be above 0",
        ),
        (
            &["train", "--resume", "--out", "nowhere"],
            1,
            "there is no training run in nowhere",
        ),
        (&["train", "--resume"], 2, "--out: name the folder"),
        (
            &[
                "train",
                "--config",
                "run.json",
                "--weights",
                "w",
                "--start",
                "default",
            ],
            2,
            "--weights and --start",
        ),
    ];
    for (line, code, words) in cases {
        let output = lacuna(folder.path(), line).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{line:?}: {text}");
        assert!(
            text.starts_with("error: ") && text.lines().count() == 1,
            "{line:?}: {text}"
        );
        assert!(text.contains(words), "{line:?}: {text}");
    }
    assert!(!folder.path().join("out").exists(), "nothing was begun");
}

#[test]
fn a_second_program_is_refused_while_the_first_trains_and_not_after_it_crashed() {
    let folder = prepared();
    let (mut child, mut lines) = endless(folder.path());
    wait_for_checkpoint(&mut lines);
    let second = ["train", "--out", "out", "--resume", "--json"];
    let output = lacuna(folder.path(), &second).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("being trained by another Lacuna"), "{text}");
    child.kill().unwrap();
    child.wait().unwrap();
    resume(folder.path(), 1);
}

#[test]
fn a_saved_run_of_another_version_goes_on_although_it_says_more() {
    let folder = prepared();
    let line = ["train", "--config", "run.json", "--steps", "1"];
    assert!(lacuna(folder.path(), &line).output().unwrap().status.success());
    let path = folder.path().join("out/config.json");
    let mut saved: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    saved["later"] = 1.into();
    fs::write(&path, saved.to_string()).unwrap();
    resume(folder.path(), 2);
}

/// The most resident memory of a process so far, in MiB, as Linux counts it.
#[cfg(target_os = "linux")]
fn peak_mib(pid: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}

#[cfg(target_os = "linux")]
#[test]
fn the_memory_told_at_the_start_is_within_a_third_of_the_peak() {
    let folder = TempDir::new().unwrap();
    tiny_training::photos(&folder.path().join("photos"), 8);
    let line = "train --photos photos --out out --side 128 --batch 2 --steps 2 --held-out 1 --device cpu --json --quiet";
    let line: Vec<&str> = line.split(' ').collect();
    let mut child = lacuna(folder.path(), &line)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (mut told, mut peak) = (0.0, 0.0);
    for line in lines {
        let event: Value = serde_json::from_str(&line.unwrap()).unwrap();
        if event["event"] == "started" {
            told = event["estimate_memory_mib"].as_f64().unwrap();
        }
        peak = peak_mib(child.id()).unwrap_or(peak);
    }
    assert!(child.wait().unwrap().success(), "it ends well");
    // As in `memory_is_within_a_third_of_what_runs_took`: allocators differ. The last event comes after the peak.
    let ratio = told / peak;
    assert!(
        (0.7..1.3).contains(&ratio),
        "{told:.0} MiB told, {peak:.0} MiB taken"
    );
}
