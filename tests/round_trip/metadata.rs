//! Colour profile, EXIF, XMP and IPTC through every format.

use exif::{Exif, In, Tag, Value};
use lacuna::imaging::{
    Channels, Format, Metadata, MetadataPolicy, Resolution,
    read::photo_from_bytes,
    write::{Options, encode},
};

use crate::support::{IPTC, THUMBNAIL, XMP, contains, exif, exif_with_note, full_metadata, gradient};

/// Written with orientation `orientation` and read again.
fn through(format: Format, orientation: u16, policy: MetadataPolicy) -> Metadata {
    let options = Options {
        metadata: policy,
        ..Options::default()
    };
    let metadata = full_metadata(Channels::Rgb, orientation);
    let bytes = encode(&gradient(24, 16), &metadata, format, &options)
        .unwrap()
        .bytes;
    photo_from_bytes(&bytes).unwrap().metadata
}

fn parsed(metadata: &Metadata) -> Exif {
    exif::Reader::new()
        .read_raw(metadata.exif.clone().unwrap())
        .unwrap()
}

fn text(exif: &Exif, tag: Tag) -> Option<String> {
    match &exif.get_field(tag, In::PRIMARY)?.value {
        Value::Ascii(lines) => Some(String::from_utf8(lines.concat()).unwrap()),
        _ => None,
    }
}

fn number(exif: &Exif, tag: Tag) -> Option<u32> {
    exif.get_field(tag, In::PRIMARY)?.value.get_uint(0)
}

#[test]
fn everything_is_carried_by_every_format() {
    for format in Format::ALL {
        for orientation in 1..=8 {
            let metadata = through(format, orientation, MetadataPolicy::Keep);
            let name = format!("{format}, orientation {orientation}");
            assert_eq!(metadata.icc, full_metadata(Channels::Rgb, 1).icc, "ICC in {name}");
            assert_eq!(metadata.xmp.as_deref(), Some(XMP), "XMP in {name}");
            let carries_iptc = matches!(format, Format::Jpeg | Format::Tiff);
            assert_eq!(
                metadata.iptc.as_deref(),
                carries_iptc.then_some(IPTC),
                "IPTC in {name}"
            );
            let exif = parsed(&metadata);
            assert_eq!(number(&exif, Tag::Orientation), Some(1), "{name}");
            assert_eq!(
                text(&exif, Tag::ImageDescription).as_deref(),
                Some("A caption"),
                "{name}"
            );
            assert_eq!(text(&exif, Tag::Artist).as_deref(), Some("Ann"), "{name}");
            assert_eq!(
                text(&exif, Tag::LensModel).as_deref(),
                Some("Lens 50mm f/1.8"),
                "{name}"
            );
            let latitude = exif.get_field(Tag::GPSLatitude, In::PRIMARY).unwrap();
            assert_eq!(
                latitude.display_value().to_string(),
                "48 deg 51 min 30 sec",
                "{name}"
            );
            let note = exif.get_field(Tag::MakerNote, In::PRIMARY).unwrap();
            assert!(
                matches!(&note.value, Value::Undefined(bytes, _) if bytes == b"maker's private notes"),
                "{name}"
            );
        }
    }
}

#[test]
fn the_size_in_exif_is_that_of_the_export() {
    for format in Format::ALL {
        let exif = parsed(&through(format, 1, MetadataPolicy::Keep));
        let size = (
            number(&exif, Tag::PixelXDimension),
            number(&exif, Tag::PixelYDimension),
        );
        assert_eq!(size, (Some(24), Some(16)), "{format}");
    }
}

#[test]
fn the_thumbnail_that_shows_the_removed_object_is_gone() {
    for format in Format::ALL {
        for orientation in [1, 2] {
            let metadata = full_metadata(Channels::Rgb, orientation);
            assert!(
                contains(metadata.exif.as_ref().unwrap(), THUMBNAIL),
                "it was there"
            );
            let bytes = encode(&gradient(24, 16), &metadata, format, &Options::default())
                .unwrap()
                .bytes;
            assert!(!contains(&bytes, b"thumbnail"), "{format}");
            let exif = parsed(&photo_from_bytes(&bytes).unwrap().metadata);
            assert_eq!(
                exif.fields()
                    .filter(|field| field.ifd_num == In::THUMBNAIL)
                    .count(),
                0,
                "{format}"
            );
        }
    }
}

#[test]
fn without_location_only_the_location_goes() {
    for format in Format::ALL {
        for orientation in [1, 2] {
            let metadata = through(format, orientation, MetadataPolicy::NoLocation);
            let exif = parsed(&metadata);
            assert!(
                exif.get_field(Tag::GPSLatitude, In::PRIMARY).is_none(),
                "{format}"
            );
            assert_eq!(
                text(&exif, Tag::LensModel).as_deref(),
                Some("Lens 50mm f/1.8"),
                "{format}"
            );
            assert_eq!(text(&exif, Tag::Artist).as_deref(), Some("Ann"), "{format}");
            let xmp = metadata.xmp.unwrap();
            assert!(
                !contains(&xmp, b"GPS") && contains(&xmp, b"xmp:Rating=\"5\""),
                "{format}"
            );
        }
    }
}

#[test]
fn without_location_the_names_of_places_go_too() {
    let place = b"\x1C\x02\x5A\0\x04Kiel";
    let size = ((IPTC.len() - 12 + place.len()) as u32).to_be_bytes();
    let padding = &[0][..place.len() % 2];
    let metadata = Metadata {
        xmp: Some(br#"<a photoshop:City="Kiel" dc:x="1"/>"#.to_vec()),
        iptc: Some([&IPTC[..8], &size, &IPTC[12..], place, padding].concat()),
        ..Metadata::default()
    };
    for (policy, has_place) in [(MetadataPolicy::Keep, true), (MetadataPolicy::NoLocation, false)] {
        let options = Options {
            metadata: policy,
            ..Options::default()
        };
        let bytes = encode(&gradient(24, 16), &metadata, Format::Tiff, &options)
            .unwrap()
            .bytes;
        assert_eq!(contains(&bytes, b"Kiel"), has_place, "{policy:?}");
        assert!(
            contains(&bytes, b"hello") && contains(&bytes, b"dc:x"),
            "{policy:?}"
        );
    }
}

/// A preview whose own thumbnail ends before it does.
const PREVIEW: &[u8] =
    b"\xFF\xD8\xFF\xE1\0\x0E\xFF\xD8small\xFF\xD9old\xFF\xDA\0\x02the photo as it was\xFF\xD9";

#[test]
fn previews_in_the_camera_makers_notes_are_blanked() {
    let note = [b"notes \xFF\xD8\xFF by chance ", PREVIEW, b" more notes"].concat();
    for is_big_endian in [false, true] {
        let metadata = Metadata {
            exif: Some(exif_with_note(is_big_endian, 1, &note)),
            ..Metadata::default()
        };
        for format in Format::ALL {
            let bytes = encode(&gradient(24, 16), &metadata, format, &Options::default())
                .unwrap()
                .bytes;
            let exif = parsed(&photo_from_bytes(&bytes).unwrap().metadata);
            let blanked = [
                b"notes \xFF\xD8\xFF by chance ",
                &vec![0; PREVIEW.len()][..],
                b" more notes",
            ]
            .concat();
            let note = exif.get_field(Tag::MakerNote, In::PRIMARY).unwrap();
            assert!(
                matches!(&note.value, Value::Undefined(bytes, _) if *bytes == blanked),
                "{format}"
            );
            assert_eq!(
                text(&exif, Tag::LensModel).as_deref(),
                Some("Lens 50mm f/1.8"),
                "{format}"
            );
        }
    }
}

#[test]
fn stripped_files_keep_the_colour_profile_only() {
    for format in Format::ALL {
        let metadata = through(format, 1, MetadataPolicy::Strip);
        let expected = Metadata {
            icc: full_metadata(Channels::Rgb, 1).icc,
            ..Metadata::default()
        };
        assert_eq!(metadata, expected, "{format}");
    }
}

#[test]
fn the_resolution_for_printing_is_carried_by_jpeg_png_and_tiff() {
    let resolution = Resolution {
        x_milli_dpi: 300_000,
        y_milli_dpi: 150_000,
    };
    let metadata = Metadata {
        resolution: Some(resolution),
        ..Metadata::default()
    };
    for format in Format::ALL {
        let encoded = encode(&gradient(24, 16), &metadata, format, &Options::default()).unwrap();
        let read = photo_from_bytes(&encoded.bytes).unwrap().metadata.resolution;
        if format == Format::WebP {
            assert!(encoded.notices[0].contains("resolution"), "{:?}", encoded.notices);
            assert_eq!(read, None);
            continue;
        }
        assert_eq!(encoded.notices, [""; 0], "{format}");
        // PNG counts whole dots per metre.
        let read = read.unwrap();
        assert!(read.x_milli_dpi.abs_diff(300_000) < 13, "{format}: {read:?}");
        assert!(read.y_milli_dpi.abs_diff(150_000) < 13, "{format}: {read:?}");
    }
}

#[test]
fn a_turned_photo_has_its_resolution_turned() {
    let metadata = Metadata {
        exif: Some(exif(true, 6)),
        resolution: Some(Resolution {
            x_milli_dpi: 300_000,
            y_milli_dpi: 150_000,
        }),
        ..Metadata::default()
    };
    let bytes = encode(&gradient(24, 16), &metadata, Format::Jpeg, &Options::default())
        .unwrap()
        .bytes;
    // Exports are upright: the camera's orientation is put back.
    let at = bytes
        .windows(8)
        .position(|entry| entry == [1, 0x12, 0, 3, 0, 0, 0, 1])
        .unwrap();
    let mut turned = bytes;
    turned[at + 9] = 6;
    let read = photo_from_bytes(&turned).unwrap();
    assert_eq!((read.pixels.width(), read.pixels.height()), (16, 24));
    let resolution = read.metadata.resolution.unwrap();
    assert_eq!(
        (resolution.x_milli_dpi, resolution.y_milli_dpi),
        (150_000, 300_000)
    );
}

/// BT.2020 with the PQ curve, full range.
const CICP: [u8; 4] = [9, 16, 0, 1];

#[test]
fn what_png_says_of_colours_is_kept_in_png_and_told_elsewhere() {
    let gamma = (*b"gAMA", 100_000_u32.to_be_bytes().to_vec());
    let metadata = Metadata {
        png_colors: vec![(*b"cICP", CICP.to_vec()), gamma],
        ..Metadata::default()
    };
    for policy in MetadataPolicy::ALL {
        let options = Options {
            metadata: policy,
            ..Options::default()
        };
        for format in Format::ALL {
            let encoded = encode(&gradient(24, 16), &metadata, format, &options).unwrap();
            let read = photo_from_bytes(&encoded.bytes).unwrap().metadata;
            if format == Format::Png {
                assert_eq!(read.png_colors, metadata.png_colors, "{policy:?}");
                assert!(read.notices[0].contains("shown as sRGB"), "{:?}", read.notices);
                assert_eq!(encoded.notices, [""; 0]);
            } else {
                assert!(
                    encoded.notices[0].contains("other colours"),
                    "{:?}",
                    encoded.notices
                );
                assert!(read.png_colors.is_empty(), "{format}");
            }
        }
    }
}

#[test]
fn srgb_needs_no_words() {
    let (gamma, srgb) = ((*b"gAMA", 45_455_u32.to_be_bytes().to_vec()), (*b"sRGB", vec![0]));
    for png_colors in [
        vec![srgb, gamma.clone()],
        vec![(*b"cICP", vec![1, 13, 0, 1]), gamma],
    ] {
        let metadata = Metadata {
            png_colors,
            ..Metadata::default()
        };
        for format in Format::ALL {
            let encoded = encode(&gradient(24, 16), &metadata, format, &Options::default()).unwrap();
            let read = photo_from_bytes(&encoded.bytes).unwrap().metadata;
            assert_eq!(
                (encoded.notices, read.notices),
                (Vec::new(), Vec::new()),
                "{format}"
            );
        }
    }
}

#[test]
fn a_stale_orientation_in_xmp_is_reset() {
    let metadata = Metadata {
        xmp: Some(br#"<a tiff:Orientation="6"/>"#.to_vec()),
        ..Metadata::default()
    };
    let bytes = encode(&gradient(24, 16), &metadata, Format::Png, &Options::default())
        .unwrap()
        .bytes;
    let read = photo_from_bytes(&bytes).unwrap().metadata;
    assert_eq!(read.xmp.as_deref(), Some(&br#"<a tiff:Orientation="1"/>"#[..]));
}

#[test]
fn damaged_exif_is_dropped_or_carried_and_never_panics() {
    let pixels = gradient(8, 8);
    for is_big_endian in [false, true] {
        let whole = exif(is_big_endian, 6);
        let cuts = (1..whole.len()).map(|length| whole[..length].to_vec());
        let flips = (0..whole.len()).flat_map(|at| {
            [0x00, 0x7F, 0xFF].map(|value| {
                let mut flipped = whole.clone();
                flipped[at] = value;
                flipped
            })
        });
        for damaged in cuts.chain(flips) {
            let metadata = Metadata {
                exif: Some(damaged),
                ..Metadata::default()
            };
            let format = Format::ALL[metadata.exif.as_ref().unwrap().len() % 2];
            for policy in MetadataPolicy::ALL {
                let options = Options {
                    metadata: policy,
                    ..Options::default()
                };
                let bytes = encode(&pixels, &metadata, format, &options).unwrap().bytes;
                let read = photo_from_bytes(&bytes).unwrap();
                encode(&read.pixels, &read.metadata, Format::Tiff, &options).unwrap();
            }
        }
    }
}

#[test]
fn exif_that_cannot_be_read_is_left_out_with_a_notice() {
    let metadata = Metadata {
        exif: Some(b"no EXIF at all".to_vec()),
        ..Metadata::default()
    };
    let bytes = encode(&gradient(8, 8), &metadata, Format::Jpeg, &Options::default())
        .unwrap()
        .bytes;
    let read = photo_from_bytes(&bytes).unwrap().metadata;
    assert_eq!(read.exif, None);
    assert!(read.notices[0].contains("EXIF"), "{:?}", read.notices);
}

#[test]
fn what_is_too_large_for_jpeg_is_told() {
    let metadata = Metadata {
        xmp: Some(vec![b' '; 70_000]),
        icc: Some([full_metadata(Channels::Rgb, 1).icc.unwrap(), vec![0; 100_000]].concat()),
        ..Metadata::default()
    };
    let encoded = encode(&gradient(8, 8), &metadata, Format::Jpeg, &Options::default()).unwrap();
    assert_eq!(encoded.notices.len(), 1, "{:?}", encoded.notices);
    let read = photo_from_bytes(&encoded.bytes).unwrap().metadata;
    assert_eq!(read.icc, metadata.icc, "a profile of several segments is joined");
    assert_eq!(read.xmp, None);
}
