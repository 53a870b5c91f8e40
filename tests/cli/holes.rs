//! `lacuna holes`.

use std::fs;

use lacuna::imaging::read;
use serde_json::Value;

use crate::support::Folder;

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
