//! What belongs to no command in particular: help, wrong usage, `lacuna info`.

use serde_json::Value;

use crate::support::{Folder, assert_fails, assert_succeeds, text};

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
