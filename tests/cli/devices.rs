//! What is not there: a device that was asked for by name, or a file of weights.

use std::fs;

use lacuna::nn::DeviceChoice;

use crate::{
    support::{Folder, UNTOUCHED, assert_fails, assert_succeeds, lacuna, text},
    tiny_training,
};

/// GPUs that this program cannot use whatever the machine.
fn missing() -> impl Iterator<Item = &'static str> {
    [(DeviceChoice::Cuda, "cuda"), (DeviceChoice::Metal, "metal")]
        .into_iter()
        .filter_map(|(choice, name)| (!choice.is_built_in()).then_some(name))
}

#[test]
fn a_device_that_is_named_and_cannot_be_used_is_an_error_and_auto_goes_on() {
    let folder = Folder::new();
    for device in missing() {
        for line in [
            "inpaint photo.jpg --mask mask.png -o out.png --quiet",
            "upscale photo.jpg --factor 2 -o out.png",
            "info",
            "eval --photos . --methods pconv",
            "bench --quick --only network",
        ] {
            let line: Vec<&str> = line.split(' ').collect();
            let refused = folder.run(&[&line[..], &["--device", device]].concat());
            let words = ["cannot be used", "built without", "use --device auto"];
            assert_fails(&refused, 1, &words);
            let stderr = text(&refused.stderr);
            assert!(!stderr.contains("going on"), "{stderr}");
        }
    }
    assert_eq!(folder.files(), UNTOUCHED);
    let line = ["inpaint", "photo.jpg", "--mask", "mask.png", "-o", "out.png"];
    let tiny = ["--weights", "tiny.safetensors", "--device", "auto"];
    assert_succeeds(&folder.run(&[&line[..], &tiny].concat()));
}

#[test]
fn training_does_not_begin_on_another_device_than_the_one_named() {
    let folder = tempfile::tempdir().unwrap();
    let config = tiny_training::config(folder.path());
    fs::write(
        folder.path().join("run.json"),
        serde_json::to_string(&config).unwrap(),
    )
    .unwrap();
    for device in missing() {
        let line = [
            "train", "--config", "run.json", "--steps", "1", "--device", device,
        ];
        let refused = lacuna(folder.path(), &line).output().unwrap();
        assert_fails(&refused, 1, &["cannot be used", "use --device auto"]);
    }
    assert!(!folder.path().join("out").exists(), "nothing was begun");
}

#[test]
fn files_that_are_missing_are_told_with_what_to_do() {
    let folder = Folder::new();
    fs::create_dir(folder.path("some")).unwrap();
    let there_is_none = "there is no such file; check the name";
    for (line, words) in [
        (
            "inpaint photo.jpg --mask mask.png -o out.png --weights none",
            ["none", there_is_none],
        ),
        (
            "inpaint photo.jpg --mask mask.png -o out.png --weights some",
            ["some", "it is a folder"],
        ),
        (
            "bench --quick --only network --weights none",
            ["none", there_is_none],
        ),
        (
            "convert none.pth out.safetensors",
            ["reading none.pth", there_is_none],
        ),
        ("eval --photos . --methods conv=none", ["none", there_is_none]),
        (
            "eval --photos . --methods telea --features none",
            ["none", there_is_none],
        ),
        (
            "train --photos . --out out --weights none",
            ["none", there_is_none],
        ),
        (
            "train --photos . --out out --features none",
            ["none", there_is_none],
        ),
        ("train --config none.json", ["reading none.json", there_is_none]),
    ] {
        let line: Vec<&str> = line.split(' ').collect();
        assert_fails(&folder.run(&line), 1, &words);
    }
}
