//! TIFF files as other programs and cameras write them.

use std::{fs, io::Cursor};

use lacuna::imaging::{
    Channels, Format, Metadata, Pixels, Samples,
    read::{self, photo_from_bytes},
    write::{Options, encode},
};
use tiff::{
    encoder::{
        Compression, DeflateLevel, DirectoryEncoder, Predictor, TiffEncoder, TiffKind, TiffKindBig,
        TiffKindStandard, TiffValue, colortype,
    },
    tags::Tag,
};

use crate::support::{IPTC, contains, full_metadata, gradient, noise};

const NEW_SUBFILE_TYPE: u16 = 0x00FE;
const ORIENTATION: u16 = 0x0112;
const SUB_IFDS: u16 = 0x014A;
const EXTRA_SAMPLES: u16 = 0x0152;
const XMP: u16 = 0x02BC;
const IPTC_IN_TIFF: u16 = 0x83BB;
const EXIF_IFD: u16 = 0x8769;
const ICC: u16 = 0x8773;
const LENS_MODEL: u16 = 0xA434;
const DNG_VERSION: u16 = 0xC612;

type Tags<'a, 'b, K> = DirectoryEncoder<'a, &'b mut Cursor<Vec<u8>>, K>;

fn put<K: TiffKind>(tags: &mut Tags<'_, '_, K>, tag: u16, value: impl TiffValue) {
    tags.write_tag(Tag::from_u16_exhaustive(tag), value).unwrap();
}

/// A gradient of 6 × 4 pixels with more tags, and an EXIF directory with a lens.
fn file<K: TiffKind>(put_tags: impl FnOnce(&mut Tags<'_, '_, K>)) -> Vec<u8>
where
    K::OffsetType: TiffValue,
{
    let pixels = gradient(6, 4);
    let Samples::U8(samples) = pixels.samples() else {
        panic!("gradients are 8 bit");
    };
    let mut bytes = Cursor::new(Vec::new());
    let mut tiff = TiffEncoder::<_, K>::new_generic(&mut bytes).unwrap();
    let mut exif = tiff.extra_directory().unwrap();
    put(&mut exif, LENS_MODEL, "50mm f/1.8");
    let exif = exif.finish_with_offsets().unwrap().offset;
    let mut image = tiff.new_image::<colortype::RGB8>(6, 4).unwrap();
    put(image.encoder(), EXIF_IFD, exif);
    put_tags(image.encoder());
    image.write_data(samples).unwrap();
    bytes.into_inner()
}

fn plain_file(put_tags: impl FnOnce(&mut Tags<'_, '_, TiffKindStandard>)) -> Vec<u8> {
    file(put_tags)
}

#[test]
fn a_camera_raw_file_is_refused_and_its_preview_not_taken_for_the_photo() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("raw.tif");
    let preview = plain_file(|tags| put(tags, NEW_SUBFILE_TYPE, 1_u32));
    let dng = plain_file(|tags| {
        put(tags, DNG_VERSION, [1_u8, 4, 0, 0]);
        put(tags, SUB_IFDS, 8_u32);
    });
    let mut canon = plain_file(|_| {});
    canon[4..8].copy_from_slice(&16_u32.to_ne_bytes());
    canon[8..12].copy_from_slice(b"CR\x02\0");
    for raw in [preview, dng, canon] {
        fs::write(&path, &raw).unwrap();
        for error in [
            photo_from_bytes(&raw).unwrap_err(),
            read::size(&path).unwrap_err(),
        ] {
            let line = error.to_string();
            assert!(
                line.contains("camera raw") && line.contains("raw converter"),
                "{line}"
            );
        }
    }
}

#[test]
fn pages_and_smaller_copies_make_no_camera_raw_file() {
    let page = plain_file(|tags| put(tags, NEW_SUBFILE_TYPE, 2_u32));
    let pyramid = plain_file(|tags| put(tags, SUB_IFDS, 8_u32));
    let mut by_chance = plain_file(|_| {});
    by_chance[8..12].copy_from_slice(b"CR\x02\0");
    for bytes in [page, pyramid, by_chance] {
        assert_eq!(photo_from_bytes(&bytes).unwrap().pixels, gradient(6, 4));
    }
}

fn assert_exif(read: &Metadata) {
    let exif = exif::Reader::new().read_raw(read.exif.clone().unwrap()).unwrap();
    for (tag, text) in [
        (exif::Tag::ImageDescription, "\"Dunes\""),
        (exif::Tag::LensModel, "\"50mm f/1.8\""),
    ] {
        let field = exif.get_field(tag, exif::In::PRIMARY).unwrap();
        assert_eq!(field.display_value().to_string(), text, "{tag}");
    }
}

#[test]
fn a_big_tiff_is_turned_upright_and_keeps_its_exif() {
    let bytes = file::<TiffKindBig>(|tags| {
        put(tags, ORIENTATION, 6_u16);
        put(tags, 0x010E, "Dunes");
    });
    let read = photo_from_bytes(&bytes).unwrap();
    assert_eq!((read.pixels.width(), read.pixels.height()), (4, 6));
    assert_eq!(read.metadata.notices, [""; 0]);
    assert_exif(&read.metadata);
    let again = encode(&read.pixels, &read.metadata, Format::Tiff, &Options::default()).unwrap();
    let again = photo_from_bytes(&again.bytes).unwrap();
    assert_eq!(again.pixels, read.pixels, "turned once");
    assert_exif(&again.metadata);
}

#[test]
fn iptc_is_read_from_its_own_tag_too() {
    let caption = &IPTC[12..];
    let bytes = plain_file(|tags| put(tags, IPTC_IN_TIFF, caption));
    let read = photo_from_bytes(&bytes).unwrap().metadata;
    assert_eq!(read.iptc.as_deref(), Some(IPTC));

    // As numbers of 32 bit, turned around.
    let padded = [caption, &[0; 2]].concat();
    let words: Vec<u32> = padded
        .as_chunks()
        .0
        .iter()
        .map(|word| u32::from_ne_bytes(*word).swap_bytes())
        .collect();
    let bytes = plain_file(|tags| put(tags, IPTC_IN_TIFF, words.as_slice()));
    let read = photo_from_bytes(&bytes).unwrap().metadata;
    assert!(contains(&read.iptc.unwrap(), caption), "in order again");
}

#[test]
fn what_cannot_be_read_is_told_and_not_taken_for_absent() {
    let metadata = full_metadata(Channels::Rgb, 1);
    let whole = encode(&gradient(6, 4), &metadata, Format::Tiff, &Options::default())
        .unwrap()
        .bytes;
    for (tag, words) in [(XMP, "XMP"), (ICC, "colour profile"), (0x8649, "IPTC")] {
        let entry = whole
            .windows(2)
            .rposition(|pair| pair == tag.to_ne_bytes())
            .unwrap();
        let mut bytes = whole.clone();
        bytes[entry + 8..entry + 12].copy_from_slice(&0x7FFF_FFF0_u32.to_ne_bytes());
        let read = photo_from_bytes(&bytes).unwrap();
        assert_eq!(read.pixels, gradient(6, 4), "the picture is whole");
        let notices = &read.metadata.notices;
        assert!(notices.len() == 1 && notices[0].contains(words), "{notices:?}");
    }
}

/// A file of colours and one more channel of this kind.
fn with_fourth(pixels: &Pixels, kind: u16, has_predictor: bool) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut tiff = TiffEncoder::new(&mut bytes)
        .unwrap()
        .with_compression(Compression::Deflate(DeflateLevel::Fast));
    if has_predictor {
        tiff = tiff.with_predictor(Predictor::Horizontal);
    }
    macro_rules! write {
        ($kind:ty, $samples:expr) => {{
            let mut image = tiff.new_image::<$kind>(pixels.width(), pixels.height()).unwrap();
            put(image.encoder(), EXTRA_SAMPLES, [kind].as_slice());
            image.write_data($samples).unwrap();
        }};
    }
    match pixels.samples() {
        Samples::U8(samples) => write!(colortype::RGBA8, samples),
        Samples::U16(samples) => write!(colortype::RGBA16, samples),
    }
    bytes.into_inner()
}

fn colors<T: Copy>(samples: &[T]) -> Vec<T> {
    samples
        .chunks_exact(4)
        .flat_map(|pixel| pixel[..3].to_vec())
        .collect()
}

#[test]
fn a_channel_that_is_no_transparency_is_left_out_and_told() {
    for depth in [8, 16] {
        for has_predictor in [false, true] {
            let pixels = noise(13, 9, Channels::Rgba, depth, 5);
            let read = photo_from_bytes(&with_fourth(&pixels, 0, has_predictor)).unwrap();
            let samples = match pixels.samples() {
                Samples::U8(samples) => Samples::U8(colors(samples)),
                Samples::U16(samples) => Samples::U16(colors(samples)),
            };
            let expected = Pixels::new(13, 9, Channels::Rgb, samples).unwrap();
            assert!(
                read.pixels == expected,
                "{depth} bit, with predictor: {has_predictor}"
            );
            let notices = read.metadata.notices;
            assert!(
                notices.len() == 1 && notices[0].contains("channels"),
                "{notices:?}"
            );
        }
    }
}

#[test]
fn a_grey_picture_with_a_selection_is_grey() {
    let mut bytes = Cursor::new(Vec::new());
    let mut tiff = TiffEncoder::new(&mut bytes).unwrap();
    let mut image = tiff.new_image::<colortype::Gray8>(3, 1).unwrap();
    image
        .extra_samples(&[tiff::tags::ExtraSamples::Unspecified])
        .unwrap();
    image.write_data(&[1, 0, 2, 0, 3, 255]).unwrap();
    let read = photo_from_bytes(&bytes.into_inner()).unwrap();
    let expected = Pixels::new(3, 1, Channels::Gray, Samples::U8(vec![1, 2, 3])).unwrap();
    assert_eq!(read.pixels, expected);
    assert!(
        read.metadata.notices[0].contains("channels"),
        "{:?}",
        read.metadata.notices
    );
}

#[test]
fn colours_multiplied_by_alpha_are_written_as_such() {
    let pixels = Pixels::new(
        2,
        1,
        Channels::Rgba,
        Samples::U8(vec![40, 0, 51, 51, 9, 8, 7, 255]),
    )
    .unwrap();
    let read = photo_from_bytes(&with_fourth(&pixels, 1, false)).unwrap();
    assert_eq!(read.pixels, pixels, "taken as they are");
    assert!(read.metadata.has_associated_alpha, "and it is remembered");
    let through = |format| encode(&read.pixels, &read.metadata, format, &Options::default()).unwrap();
    let tiff = through(Format::Tiff);
    let again = photo_from_bytes(&tiff.bytes).unwrap();
    assert!(
        tiff.notices.is_empty() && again.metadata.has_associated_alpha,
        "TIFF says so"
    );
    assert_eq!(again.pixels, pixels);
    for format in [Format::Png, Format::WebP] {
        let notices = through(format).notices;
        assert!(
            notices[0].contains("multiplied by alpha"),
            "{format}: {notices:?}"
        );
    }
    let plain = encode(&pixels, &Metadata::default(), Format::Tiff, &Options::default()).unwrap();
    let plain = photo_from_bytes(&plain.bytes).unwrap().metadata;
    assert!(!plain.has_associated_alpha, "elsewhere they are not");
}
