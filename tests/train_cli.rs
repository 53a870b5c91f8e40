//! `lacuna train` and `lacuna convert` as other programs call them: lines of JSON, exit codes, Ctrl+C and SIGKILL.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "support/golden.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod golden;
#[path = "support/tiny_training.rs"]
mod tiny_training;

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader, Lines},
    path::Path,
    process::{Child, ChildStdout, Command, Output, Stdio},
};

use golden::{Golden, assert_close};
use serde_json::Value;
use tempfile::TempDir;

fn lacuna(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lacuna"));
    command
        .current_dir(folder)
        .args(arguments)
        .env_remove("RUST_LOG")
        .stdin(Stdio::null());
    command
}

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
    let output = lacuna(
        folder.path(),
        &["train", "--config", "run.json", "--steps", "2", "--json"],
    )
    .output()
    .unwrap();
    assert!(output.status.success(), "{output:?}");
    let events = events(&output);
    assert_eq!(events[0]["event"], "started");
    let last = events.last().unwrap();
    assert_eq!(
        (&last["event"], last["step"].as_u64(), &last["reason"]),
        (&"finished".into(), Some(2), &"complete".into())
    );
    assert_eq!(last["report"]["buckets"].as_array().unwrap().len(), 6);
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
    let pid = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success(),
        "kill"
    );
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

#[test]
fn refusals_are_one_line() {
    let folder = prepared();
    fs::create_dir(folder.path().join("empty")).unwrap();
    let cases: [(&[&str], i32, &str); 4] = [
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
}

#[test]
fn a_checkpoint_of_naoto0804s_layout_becomes_the_weights_that_the_reference_expects() {
    let folder = TempDir::new().unwrap();
    let golden_folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    for name in ["naoto0804_plain.pth", "naoto0804_nested.pth"] {
        let input = golden_folder.join(name);
        let output = format!("{name}.safetensors");
        let line = ["convert", input.to_str().unwrap(), &output];
        let done = lacuna(folder.path(), &line).output().unwrap();
        assert!(done.status.success(), "{done:?}");
        let bytes = fs::read(folder.path().join(&output)).unwrap();
        let file = lacuna::nn::weights::parse(&bytes, output.clone()).unwrap();
        let golden = Golden::open("naoto0804_expected.safetensors");
        assert_eq!(file.tensors().len(), golden.tensors().len(), "{name}");
        let expected: BTreeMap<_, _> = golden.tensors().iter().collect();
        for (tensor, expected) in expected {
            assert_close(tensor, &file.tensors()[tensor], expected, 1e-7);
        }
        let again = lacuna(folder.path(), &line).output().unwrap();
        assert!(
            String::from_utf8(again.stderr)
                .unwrap()
                .contains("the file exists"),
            "not written over"
        );
    }
    let foreign = folder.path().join("foreign.pth");
    fs::write(&foreign, b"no checkpoint").unwrap();
    let refused = lacuna(folder.path(), &["convert", "foreign.pth", "x.safetensors"])
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(
        !folder.path().join("x.safetensors").exists(),
        "nothing was written"
    );
}
