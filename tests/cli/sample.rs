//! What the program does on a machine without a display: the sample photo, filled.

use std::{fs, path::Path, process::Output};

use lacuna::imaging::read;

use crate::support::{Folder, assert_succeeds, text};

fn without_display(folder: &Folder) -> Output {
    let mut command = folder.command(&["--weights", "tiny.safetensors", "--device", "cpu"]);
    for display in ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"] {
        command.env_remove(display);
    }
    command.output().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn without_a_display_the_sample_is_filled_and_its_files_are_named() {
    let folder = Folder::new();
    let output = without_display(&folder);
    assert_succeeds(&output);
    let said = text(&output.stderr);
    assert!(
        said.contains("no display") && said.contains("the sample photo"),
        "{said}"
    );
    for name in ["lacuna-sample/before.jpg", "lacuna-sample/after.jpg"] {
        assert!(text(&output.stdout).contains(name), "{}", text(&output.stdout));
    }
    let written = folder.contents("lacuna-sample");
    let names: Vec<&str> = written.keys().map(String::as_str).collect();
    assert_eq!(names, ["after.jpg", "before.jpg", "mask.png"]);
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/sample");
    assert!(
        written["before.jpg"] == fs::read(sample.join("photo.jpg")).unwrap(),
        "the photo"
    );
    assert!(
        written["mask.png"] == fs::read(sample.join("mask.png")).unwrap(),
        "its mask"
    );
    let size = |name: &str| {
        let pixels = read::photo(&folder.path(&format!("lacuna-sample/{name}")))
            .unwrap()
            .pixels;
        (pixels.width(), pixels.height())
    };
    assert_eq!(size("after.jpg"), size("before.jpg"));

    let again = without_display(&folder);
    assert_succeeds(&again);
    assert!(
        text(&again.stdout).contains("lacuna-sample-2/after.jpg"),
        "{}",
        text(&again.stdout)
    );
    assert!(
        folder.contents("lacuna-sample") == written,
        "the first is as it was"
    );
    assert!(
        folder.contents("lacuna-sample-2") == written,
        "the same once more"
    );
}
