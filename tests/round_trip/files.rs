//! Files on disk: refusals, and masks as a person has them.

use std::{fs, path::Path};

use lacuna::imaging::{
    Channels, Format, Mask, Metadata, Pixels, Samples, read,
    write::{self, Options},
};

use crate::support::{exif, gradient, noise};

fn write_png(path: &Path, pixels: &Pixels) {
    write::photo(
        path,
        pixels,
        &Metadata::default(),
        Format::Png,
        &Options::default(),
        false,
    )
    .unwrap();
}

#[test]
fn a_photo_is_written_read_and_never_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("photo.png");
    let pixels = gradient(9, 7);
    write_png(&path, &pixels);
    assert_eq!(read::photo(&path).unwrap().pixels, pixels);
    let options = Options {
        original: Some(path.clone()),
        ..Options::default()
    };
    let refused = write::photo(&path, &pixels, &Metadata::default(), Format::Png, &options, true);
    let line = refused.unwrap_err().to_string();
    assert!(line.contains("original") && line.lines().count() == 1, "{line}");
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "no part of a file is left");
}

#[test]
fn a_missing_file_is_one_clear_line() {
    let error = read::photo(Path::new("no/such/photo.jpg")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "reading no/such/photo.jpg: there is no such file; check the name"
    );
}

#[test]
fn a_folder_is_called_one() {
    let folder = tempfile::tempdir().unwrap();
    for error in [
        read::photo(folder.path()).unwrap_err(),
        read::size(folder.path()).unwrap_err(),
    ] {
        assert!(error.to_string().contains("it is a folder"), "{error}");
    }
}

#[test]
fn a_mask_that_was_written_is_read_without_notices() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mask.png");
    let mask = Mask::new(3, 2, vec![0, 255, 0, 255, 255, 0]).unwrap();
    write_png(&path, &mask.to_pixels().unwrap());
    assert_eq!(read::mask(&path, (3, 2)).unwrap(), (mask, Vec::new()));
}

fn mask_of(channels: Channels, samples: Vec<u8>) -> (Vec<u8>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mask.png");
    let width = (samples.len() / channels.count()) as u32;
    write_png(
        &path,
        &Pixels::new(width, 1, channels, Samples::U8(samples)).unwrap(),
    );
    let (mask, notices) = read::mask(&path, (width, 1)).unwrap();
    (mask.coverage().to_vec(), notices)
}

#[test]
fn grey_masks_are_cut_at_half_and_it_is_told() {
    let (coverage, notices) = mask_of(Channels::Gray, vec![0, 127, 128, 255]);
    assert_eq!(coverage, [0, 0, 255, 255]);
    assert!(notices[0].contains("50 %"), "{notices:?}");
}

#[test]
fn a_layer_of_one_colour_is_a_mask_by_its_transparency() {
    let (coverage, notices) = mask_of(Channels::Rgba, vec![255, 0, 0, 255, 0, 0, 0, 0, 255, 0, 0, 255]);
    assert_eq!(coverage, [255, 0, 255]);
    assert!(notices[0].contains("one colour"), "{notices:?}");
}

#[test]
fn transparent_parts_of_a_black_and_white_layer_stay() {
    let (coverage, notices) = mask_of(Channels::GrayAlpha, vec![255, 255, 0, 255, 255, 0]);
    assert_eq!(coverage, [255, 0, 0]);
    assert!(notices[0].contains("white and not transparent"), "{notices:?}");
}

#[test]
fn an_opaque_colour_mask_counts_by_its_brightness() {
    let (coverage, _) = mask_of(Channels::Rgba, vec![255, 255, 255, 255, 0, 0, 0, 255]);
    assert_eq!(coverage, [255, 0]);
}

/// Larger than what a thread looks at in a row, so that parts in a wrong order would show.
#[test]
fn a_large_deep_mask_is_read_pixel_by_pixel() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mask.png");
    let pixels = noise(500, 300, Channels::GrayAlpha, 16, 11);
    write_png(&path, &pixels);
    let Samples::U16(samples) = pixels.samples() else {
        panic!("noise of 16 bit");
    };
    let eight = |sample: u16| (f64::from(sample) / 257.0).round();
    let expected = samples.as_chunks().0.iter().map(|&[gray, alpha]| {
        let coverage = (eight(gray) * eight(alpha) / 255.0).round();
        if coverage >= 128.0 { 255 } else { 0 }
    });
    let (mask, notices) = read::mask(&path, (500, 300)).unwrap();
    assert!(mask.coverage().iter().copied().eq(expected), "luma times alpha");
    assert_eq!(notices.len(), 2, "of transparency and of grey: {notices:?}");
}

#[test]
fn a_mask_of_another_size_says_both_sizes_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mask.png");
    write_png(&path, &Mask::empty(40, 30).to_pixels().unwrap());
    for (photo, advice) in [
        ((400, 300), "scale"),
        ((30, 40), "turn the mask by 90°"),
        ((41, 77), "another photo"),
    ] {
        let line = read::mask(&path, photo).unwrap_err().to_string();
        let sizes = line.contains("40×30") && line.contains(&format!("{}×{}", photo.0, photo.1));
        assert!(
            sizes && line.contains(advice) && line.lines().count() == 1,
            "{line}"
        );
    }
}

#[test]
fn a_mask_with_its_own_orientation_is_turned_like_a_photo() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mask.png");
    let stored = Mask::new(2, 1, vec![255, 0]).unwrap().to_pixels().unwrap();
    let metadata = Metadata {
        exif: Some(exif(true, 6)),
        ..Metadata::default()
    };
    write::photo(&path, &stored, &metadata, Format::Png, &Options::default(), false).unwrap();
    let (mask, _) = read::mask(&path, (1, 2)).unwrap();
    assert_eq!(mask.coverage(), [255, 0]);
}
