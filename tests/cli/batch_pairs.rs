//! `lacuna batch`: which mask belongs to which photo, and what is said of files without a partner.

use std::fs;

use lacuna::imaging::{Rect, read};

use crate::{
    batch::{NETWORK, all_are, batch, folder, reason, statuses},
    support::{Folder, assert_fails, json, mask, photo, text},
};

#[test]
fn files_without_a_partner_are_told_and_no_pair_at_all_is_an_error() {
    let folder = folder();
    folder.save("photos/alone.png", &photo(64, 64));
    folder.save("masks/stray.png", &mask(64, 64, Rect::new(5, 5, 9, 9)));
    let output = batch(&folder, &["--json"]);
    let report = json(&output);
    assert_eq!(statuses(&report)["alone.png"], "no mask");
    let totals = &report["totals"];
    assert_eq!(
        (&totals["no_mask"], &totals["masks_without_photo"]),
        (&1.into(), &1.into())
    );
    let stderr = text(&output.stderr);
    assert!(stderr.contains("without a mask: alone.png"), "{stderr}");
    assert!(stderr.contains("without a photo: stray.png"), "{stderr}");

    fs::create_dir(folder.path("empty")).unwrap();
    for (photos, masks, words) in [
        ("photos", "empty", ["no mask", "a_mask.png"]),
        ("empty", "masks", ["no photo", "empty"]),
        ("nowhere", "masks", ["no such folder", "nowhere"]),
        (
            "photo.jpg",
            "masks",
            ["it is a file; name its folder", "`lacuna inpaint`"],
        ),
        ("photos", "nowhere", ["no such folder", "nowhere"]),
        ("photos", "mask.png", ["size of the mask", "120×90"]),
    ] {
        let line = ["batch", photos, "--masks", masks, "--out", "none"];
        assert_fails(&folder.run(&line), 1, &words);
        assert!(!folder.path("none").exists());
    }
}

#[test]
fn files_of_other_formats_are_told_once_and_are_in_the_report() {
    let folder = folder();
    for name in [
        "photos/IMG_1.CR2",
        "photos/sub/IMG_2.cr2",
        "photos/x.heic",
        "masks/notes",
    ] {
        fs::write(folder.path(name), "no picture").unwrap();
    }
    let output = batch(&folder, &["--json"]);
    let (report, stderr) = (json(&output), text(&output.stderr));
    assert_eq!(statuses(&report), all_are("done"));
    assert!(stderr.contains("note: 4 files are passed over"), "{stderr}");
    assert!(
        stderr.contains("2 .cr2, 1 .heic, 1 without an ending"),
        "{stderr}"
    );
    let skipped = report["skipped"].as_array().unwrap();
    let paths: Vec<&str> = skipped.iter().map(|one| one["path"].as_str().unwrap()).collect();
    assert_eq!(
        paths,
        [
            "masks/notes",
            "photos/IMG_1.CR2",
            "photos/sub/IMG_2.cr2",
            "photos/x.heic"
        ]
    );
    assert!(
        skipped[0]["why"].as_str().unwrap().contains("convert it"),
        "{report}"
    );
}

#[test]
fn photos_and_masks_may_share_a_folder_and_results_may_lie_in_it() {
    let folder = Folder::new();
    fs::create_dir(folder.path("shoot")).unwrap();
    for name in ["one", "two"] {
        folder.save(&format!("shoot/{name}.jpg"), &photo(80, 60));
        let hole = mask(80, 60, Rect::new(20, 20, 15, 12));
        folder.save(&format!("shoot/{name}_mask.png"), &hole);
    }
    let line = [
        "batch",
        "shoot",
        "--masks",
        "shoot",
        "--out",
        "shoot/done",
        "--json",
    ];
    for status in ["done", "passed over"] {
        let report = json(&folder.run(&[&line, &NETWORK[..]].concat()));
        let expected = [("one.jpg", status), ("two.jpg", status)];
        assert_eq!(statuses(&report), expected.into(), "results are no photos");
    }
}

#[test]
fn one_mask_serves_all_photos_of_its_size() {
    let folder = Folder::new();
    fs::create_dir(folder.path("photos")).unwrap();
    for (name, width) in [("one.png", 120), ("two.png", 120), ("wide.png", 130)] {
        folder.save(&format!("photos/{name}"), &photo(width, 90));
    }
    let line = ["batch", "photos", "--masks", "mask.png", "--out", "out", "--json"];
    let report = json(&folder.run(&[&line, &NETWORK[..]].concat()));
    let expected = [("one.png", "done"), ("two.png", "done"), ("wide.png", "no mask")];
    assert_eq!(statuses(&report), expected.into());
    assert!(reason(&report, "wide.png").contains("130×90"), "{report}");
    let hole = read::mask(&folder.path("mask.png"), (120, 90)).unwrap().0;
    for name in ["one.png", "two.png"] {
        let [before, after] = ["photos", "out"].map(|dir| {
            read::photo(&folder.path(&format!("{dir}/{name}")))
                .unwrap()
                .pixels
        });
        assert_ne!(before, after);
        assert_eq!(
            lacuna::inpaint::changed_outside(&before, &after, &hole.grown(1.0)),
            0
        );
    }
}
