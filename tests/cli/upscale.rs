//! `lacuna upscale`: what it writes, what it says, and what it refuses.

use std::{fs, process::Output};

use exif::{In, Tag};
use lacuna::imaging::{Channels, Format, Metadata, Pixels, Samples, read, write};

use crate::support::{Folder, UNTOUCHED, assert_fails, assert_succeeds, interrupt, json, photo, start, text};

fn upscale(folder: &Folder, photo: &str, factor: &str, out: &str, more: &[&str]) -> Output {
    folder.run_tiny(&["upscale", photo, "--factor", factor, "-o", out], more)
}

#[test]
fn it_writes_the_larger_photo_and_one_json_object() {
    let folder = Folder::new();
    let json = json(&upscale(&folder, "photo.jpg", "3", "out.png", &["--json"]));
    assert_eq!((&json["output"], &json["factor"]), (&"out.png".into(), &3.into()));
    assert_eq!((&json["width"], &json["height"]), (&360.into(), &270.into()));
    // The tiny network paints nonsense.
    assert_eq!(json["network_weight"], 0.0);
    let measured = &json["calibration"];
    assert_eq!(measured["pixels"], 120 * 90);
    for key in ["lanczos_psnr", "plain_psnr", "network_psnr", "mixed_psnr"] {
        assert!(measured[key].as_f64().unwrap() > 0.0, "{key}: {json}");
    }
    assert_eq!(measured["plain_psnr"], measured["mixed_psnr"]);
    for stage in ["read", "calibrate", "upscale", "write", "longest_wait", "total"] {
        assert!(json["seconds"][stage].as_f64().unwrap() >= 0.0, "{stage}");
    }
    assert!(json["device"].as_str().unwrap().starts_with("CPU"), "{json}");
    assert_eq!(json["weights_sha256"].as_str().unwrap().len(), 64);
    assert_eq!(json["notices"].as_array().unwrap().len(), 0);
    let written = read::photo(&folder.path("out.png")).unwrap();
    assert_eq!((written.pixels.width(), written.pixels.height()), (360, 270));
}

#[test]
fn the_text_says_what_the_network_did() {
    let folder = Folder::new();
    let output = upscale(&folder, "photo.jpg", "2", "out.png", &[]);
    assert_succeeds(&output);
    let said = text(&output.stdout);
    for words in ["out.png", "240 × 180", "Lanczos", "network adds nothing"] {
        assert!(said.contains(words), "`{words}` in: {said}");
    }
    let quiet = upscale(&folder, "photo.jpg", "2", "again.png", &["--quiet"]);
    assert_succeeds(&quiet);
    assert_eq!(text(&quiet.stdout) + &text(&quiet.stderr), "");
    assert_eq!(
        fs::read(folder.path("out.png")).unwrap(),
        fs::read(folder.path("again.png")).unwrap()
    );
}

#[test]
fn every_format_keeps_the_layout_and_the_depth_that_it_can() {
    let folder = Folder::new();
    let layouts = [
        (Channels::Gray, 1),
        (Channels::GrayAlpha, 2),
        (Channels::Rgb, 3),
        (Channels::Rgba, 4),
    ];
    for (channels, count) in layouts {
        let samples = (0..50 * 40 * count).map(|at: u32| (at * 977) as u16).collect();
        let deep = Pixels::new(50, 40, channels, Samples::U16(samples)).unwrap();
        folder.save("deep.png", &deep);
        for format in Format::ALL {
            let out = format!("{count}.{}", format.extension());
            assert_succeeds(&upscale(&folder, "deep.png", "2", &out, &[]));
            let written = read::photo(&folder.path(&out)).unwrap();
            assert_eq!(written.format, format);
            assert_eq!((written.pixels.width(), written.pixels.height()), (100, 80));
            let depth = if format.supports_16_bit() { 16 } else { 8 };
            assert_eq!(written.pixels.bit_depth(), depth, "{out}");
            if matches!(format, Format::Png | Format::Tiff) {
                assert_eq!(written.pixels.channels(), channels, "{out}");
            }
        }
    }
    let eight = upscale(&folder, "deep.png", "2", "eight.tif", &["--bit-depth", "8"]);
    assert_succeeds(&eight);
    assert_eq!(
        read::photo(&folder.path("eight.tif")).unwrap().pixels.bit_depth(),
        8
    );
}

/// An EXIF block that states a size of 120 × 90 and nothing else.
fn exif_with_size() -> Vec<u8> {
    let mut block = b"II\x2A\0\x08\0\0\0".to_vec();
    // One field: where the other directory is.
    block.extend_from_slice(&[1, 0, 0x69, 0x87, 4, 0, 1, 0, 0, 0, 26, 0, 0, 0, 0, 0, 0, 0]);
    block.extend_from_slice(&[2, 0]);
    block.extend_from_slice(&[0x02, 0xA0, 3, 0, 1, 0, 0, 0, 120, 0, 0, 0]);
    block.extend_from_slice(&[0x03, 0xA0, 3, 0, 1, 0, 0, 0, 90, 0, 0, 0]);
    block.extend_from_slice(&[0; 4]);
    block
}

#[test]
fn profile_and_exif_go_along_with_the_new_size_unless_they_are_to_go() {
    let folder = Folder::new();
    let metadata = Metadata {
        icc: Some(b"a profile".repeat(20)),
        exif: Some(exif_with_size()),
        xmp: Some(br#"<x:xmpmeta tiff:ImageWidth="120" dc:title="a lamp"/>"#.to_vec()),
        ..Metadata::default()
    };
    let path = folder.path("tagged.jpg");
    let options = write::Options::default();
    write::photo(&path, &photo(120, 90), &metadata, Format::Jpeg, &options, true).unwrap();
    for out in ["out.jpg", "out.png", "out.tif", "out.webp"] {
        assert_succeeds(&upscale(&folder, "tagged.jpg", "2", out, &[]));
        let written = read::photo(&folder.path(out)).unwrap().metadata;
        assert_eq!(written.icc, metadata.icc, "{out}");
        let xmp = text(&written.xmp.unwrap());
        assert!(xmp.contains("a lamp") && !xmp.contains("120"), "{out}: {xmp}");
        let exif = exif::Reader::new().read_raw(written.exif.unwrap()).unwrap();
        for (tag, side) in [(Tag::PixelXDimension, 240), (Tag::PixelYDimension, 180)] {
            let stated = exif.get_field(tag, In::PRIMARY).unwrap().value.get_uint(0);
            assert_eq!(stated, Some(side), "{out} {tag}");
        }
    }
    let more = ["--metadata", "strip", "--quality", "50"];
    assert_succeeds(&upscale(&folder, "tagged.jpg", "2", "small.jpg", &more));
    let written = read::photo(&folder.path("small.jpg")).unwrap().metadata;
    assert_eq!((written.icc, written.exif), (metadata.icc, None));
    let size = |name: &str| fs::metadata(folder.path(name)).unwrap().len();
    assert!(size("small.jpg") < size("out.jpg"), "the quality counts");
}

#[test]
fn wrong_usage_ends_with_2() {
    let folder = Folder::new();
    for factor in ["0", "1", "5", "2.5", "two"] {
        let output = upscale(&folder, "photo.jpg", factor, "out.png", &[]);
        assert_eq!(output.status.code(), Some(2), "{factor}");
        assert!(
            text(&output.stderr).contains("2, 3 or 4"),
            "{}",
            text(&output.stderr)
        );
    }
    let ending = upscale(&folder, "photo.jpg", "2", "out.heic", &[]);
    assert_fails(&ending, 2, &["out.heic", ".jpg"]);
    assert_eq!(folder.files(), UNTOUCHED);
}

#[test]
fn an_existing_file_is_replaced_only_with_force_and_the_photo_never() {
    let folder = Folder::new();
    fs::write(folder.path("out.png"), b"mine").unwrap();
    let refused = upscale(&folder, "photo.jpg", "2", "out.png", &[]);
    assert_fails(&refused, 1, &["out.png", "exists", "--force"]);
    assert_eq!(fs::read(folder.path("out.png")).unwrap(), b"mine");
    assert_succeeds(&upscale(&folder, "photo.jpg", "2", "out.png", &["--force"]));
    assert_ne!(fs::read(folder.path("out.png")).unwrap(), b"mine");

    let original = fs::read(folder.path("photo.jpg")).unwrap();
    let over_itself = upscale(&folder, "photo.jpg", "2", "./photo.jpg", &["--force"]);
    assert_fails(&over_itself, 1, &["original"]);
    assert_eq!(fs::read(folder.path("photo.jpg")).unwrap(), original);
}

#[test]
fn a_result_too_large_is_refused_before_the_photo_is_decoded() {
    let folder = Folder::new();
    folder.save("long.png", &photo(8200, 2));
    let webp = upscale(&folder, "long.png", "2", "out.webp", &[]);
    assert_fails(&webp, 1, &["out.webp", "WebP", "16384", "16400×4"]);

    let many = Pixels::new(8000, 8000, Channels::Gray, Samples::U8(vec![9; 64_000_000])).unwrap();
    folder.save("many.png", &many);
    // Damage in the middle shows only where it is decoded.
    let mut bytes = fs::read(folder.path("many.png")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 64].fill(0xAA);
    fs::write(folder.path("many.png"), &bytes).unwrap();
    let refused = upscale(&folder, "many.png", "4", "out.png", &[]);
    assert_fails(
        &refused,
        1,
        &["many.png", "1000 million pixels", "smaller factor"],
    );
    assert!(!folder.path("out.png").exists(), "nothing was written");
}

#[test]
fn damaged_files_are_one_line_and_leave_nothing_behind() {
    let folder = Folder::new();
    let jpeg = fs::read(folder.path("photo.jpg")).unwrap();
    fs::write(folder.path("photo.jpg"), &jpeg[..jpeg.len() / 3]).unwrap();
    let cut = upscale(&folder, "photo.jpg", "2", "out.png", &["--json"]);
    assert_fails(&cut, 1, &["photo.jpg", "JPEG"]);
    let missing = upscale(&folder, "missing.jpg", "2", "out.png", &[]);
    assert_fails(&missing, 1, &["missing.jpg"]);
    assert_eq!(folder.files(), UNTOUCHED);
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_with_130_and_leaves_no_file() {
    for stage in ["Measuring", "Upscaling"] {
        let folder = Folder::new();
        folder.save("large.png", &photo(3000, 1500));
        let before = folder.files();
        let line = [
            "upscale",
            "large.png",
            "--factor",
            "4",
            "-o",
            "out.png",
            "--device",
            "cpu",
        ];
        let mut command = folder.command(&line);
        let (mut child, mut log) = start(command.env("RUST_LOG", "lacuna=info"));
        assert!(log.any(|line| line.contains(stage)), "it came to {stage}");
        interrupt(&child);
        assert!(log.any(|line| line.contains("cancelled")), "it says so");
        assert_eq!(child.wait().unwrap().code(), Some(130));
        assert_eq!(folder.files(), before);
    }
}
