//! How `lacuna inpaint` writes its result: depth, metadata, and whether the file keeps every sample.

use std::fs;

use lacuna::imaging::{Channels, Format, Metadata, Pixels, Samples, read, write};

use crate::support::{Folder, assert_fails, json, photo};

const XMP: &str = "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF \
    xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description rdf:about=\"\" \
    xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" xmlns:exif=\"http://ns.adobe.com/exif/1.0/\" xmp:Rating=\"5\" \
    exif:GPSLatitude=\"48,8.5N\"/></rdf:RDF></x:xmpmeta>";

#[test]
fn the_result_has_the_depth_that_is_asked_for_and_says_whether_samples_are_kept() {
    let folder = Folder::new();
    let Samples::U8(samples) = photo(120, 90).samples().clone() else {
        panic!("8 bit")
    };
    let deep = samples
        .iter()
        .map(|&sample| u16::from(sample) * 257 / 2)
        .collect();
    let deep = Pixels::new(120, 90, Channels::Rgb, Samples::U16(deep)).unwrap();
    folder.save("deep.png", &deep);
    for (photo, out, more, depth, lossless) in [
        ("photo.jpg", "a.png", &[][..], 8, true),
        ("photo.jpg", "b.jpg", &[], 8, false),
        ("photo.jpg", "c.tif", &["--bit-depth", "16"], 16, true),
        ("deep.png", "d.png", &[], 16, true),
        ("deep.png", "e.png", &["--bit-depth", "8"], 8, false),
        ("deep.png", "f.webp", &[], 8, false),
    ] {
        let told = json(&folder.inpaint(photo, "mask.png", out, &[&["--json"], more].concat()));
        assert_eq!(told["lossless"], lossless, "{out}");
        let written = read::photo(&folder.path(out)).unwrap().pixels;
        assert_eq!(written.bit_depth(), depth, "{out}");
    }
    let refused = folder.inpaint("photo.jpg", "mask.png", "g.png", &["--bit-depth", "12"]);
    assert_fails(&refused, 2, &["--bit-depth", "8 or 16"]);
}

#[test]
fn the_metadata_that_is_asked_for_goes_along() {
    let folder = Folder::new();
    let metadata = Metadata {
        xmp: Some(XMP.as_bytes().to_vec()),
        ..Metadata::default()
    };
    let (path, options) = (folder.path("tagged.png"), write::Options::default());
    write::photo(&path, &photo(120, 90), &metadata, Format::Png, &options, true).unwrap();
    for (policy, has_rating, has_place) in [
        ("keep", true, true),
        ("no-location", true, false),
        ("strip", false, false),
    ] {
        let out = format!("{policy}.png");
        json(&folder.inpaint("tagged.png", "mask.png", &out, &["--metadata", policy, "--json"]));
        let bytes = fs::read(folder.path(&out)).unwrap();
        let has = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
        assert_eq!(
            (has("xmp:Rating"), has("GPSLatitude")),
            (has_rating, has_place),
            "{policy}"
        );
    }
}
