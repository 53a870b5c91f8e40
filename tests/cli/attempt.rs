//! `--attempt`: that what the window makes again is made again here, and that an attempt is always the same fill.

use std::fs;

use lacuna::{
    imaging::read,
    inpaint::{self, Options, Request, apply_all},
    nn::{DeviceChoice, Network},
    progress::Silent,
};
use serde_json::Value;

use crate::support::{Folder, assert_fails, json};

/// Fills the photo and gives the candidates' attempts with the pictures that were written.
fn attempts(folder: &Folder, out: &str, more: &[&str]) -> Vec<(u64, Vec<u8>, Value)> {
    let report = json(&folder.inpaint(
        "photo.jpg",
        "mask.png",
        out,
        &[more, &["--json", "--force"]].concat(),
    ));
    let candidates = report["candidates"].as_array().unwrap();
    assert_eq!(candidates[0]["attempt"], report["attempt"], "the best");
    let about = candidates.iter().map(|candidate| {
        let picture = fs::read(folder.path(candidate["output"].as_str().unwrap())).unwrap();
        (candidate["attempt"].as_u64().unwrap(), picture, candidate.clone())
    });
    about.collect()
}

#[test]
fn an_attempt_is_what_the_window_makes_when_a_removal_is_made_again() {
    let folder = Folder::new();
    let weights = folder.path("tiny.safetensors");
    let network = Network::open(Some(&weights), DeviceChoice::Cpu, &mut |_| {}).unwrap();
    let photo = read::photo(&folder.path("photo.jpg")).unwrap().pixels;
    let (mask, _) = read::mask(&folder.path("mask.png"), (120, 90)).unwrap();
    // R begins as many candidates later as it made before.
    for (pressed, candidates) in [(0, 1), (1, 1), (5, 1), (1, 3)] {
        let options = Options {
            candidates,
            first_candidate: pressed * candidates,
            ..Options::default()
        };
        let request = Request {
            photo: &photo,
            mask: &mask,
            keep_out: None,
        };
        let expected = inpaint::remove_candidates(&request, &network, &options, &Silent).unwrap();
        let attempt = (1 + pressed * candidates).to_string();
        let more = ["--attempt", &attempt, "--candidates", &candidates.to_string()];
        let made = attempts(&folder, "out.png", &more);
        for (number, expected) in expected.all.iter().enumerate() {
            let file = made[number].2["output"].as_str().unwrap();
            let pixels = read::photo(&folder.path(file)).unwrap().pixels;
            assert!(
                pixels == apply_all(&photo, &expected.removal.patches),
                "pressed {pressed} times, candidate {number} of {candidates}"
            );
        }
    }
}

#[test]
fn a_candidate_is_made_again_by_its_attempt_with_several_looks_and_with_one() {
    let folder = Folder::new();
    for ensemble in ["auto", "off"] {
        let all = ["--candidates", "5", "--ensemble", ensemble, "--detail", "off"];
        for (attempt, picture, about) in attempts(&folder, "all.png", &all) {
            let number = attempt.to_string();
            // In a set that begins with it.
            if [2, 5].contains(&attempt) {
                let set = ["--attempt", &number, "--candidates", "2", "--ensemble", ensemble];
                let set = attempts(&folder, "set.png", &[&set[..], &["--detail", "off"]].concat());
                let again = set.iter().find(|(other, ..)| *other == attempt).unwrap();
                assert!(again.1 == picture, "{ensemble}, attempt {attempt} in a set");
            }
            // Alone: what the network looked at once, it looks at once again.
            let looks = if about["is_ensemble"] == true { "on" } else { "off" };
            if looks == "off" || attempt == 1 {
                let alone = ["--attempt", &number, "--ensemble", looks, "--detail", "off"];
                let alone = attempts(&folder, "alone.png", &alone);
                assert!(alone[0].1 == picture, "{ensemble}, attempt {attempt} alone");
            }
        }
    }
}

#[test]
fn attempts_count_from_one() {
    let folder = Folder::new();
    for wrong in ["0", "-1", "x", "1000001"] {
        let refused = folder.inpaint("photo.jpg", "mask.png", "out.png", &["--attempt", wrong]);
        assert_fails(&refused, 2, &["--attempt", "from 1 to 1000000"]);
    }
}
