//! What JPEG files hold and this program does not carry, or not as it is.

use lacuna::imaging::{
    Channels, Format, Metadata,
    read::photo_from_bytes,
    write::{Options, encode},
};

use crate::support::{full_metadata, gradient};

fn file(metadata: &Metadata) -> Vec<u8> {
    encode(&gradient(24, 16), metadata, Format::Jpeg, &Options::default())
        .unwrap()
        .bytes
}

fn place(bytes: &[u8], needle: &[u8]) -> usize {
    bytes
        .windows(needle.len())
        .position(|window| window == needle)
        .unwrap()
}

#[test]
fn what_else_a_jpeg_file_holds_is_told() {
    let plain = file(&Metadata::default());
    let with_segment = |segment: &[u8]| [&plain[..2], segment, &plain[2..]].concat();
    for (bytes, words) in [
        (with_segment(b"\xFF\xFE\0\x07hello"), "comment"),
        (with_segment(b"\xFF\xE2\0\x06MPF\0"), "further pictures"),
        ([&plain[..], &plain[..]].concat(), "further pictures"),
    ] {
        let read = photo_from_bytes(&bytes).unwrap().metadata;
        assert!(read.notices[0].contains(words), "{:?}", read.notices);
    }
    assert_eq!(photo_from_bytes(&plain).unwrap().metadata.notices, [""; 0]);
}

#[test]
fn a_colour_profile_with_a_part_missing_is_left_out_and_told() {
    let icc = [full_metadata(Channels::Rgb, 1).icc.unwrap(), vec![0; 100_000]].concat();
    let whole = file(&Metadata {
        icc: Some(icc.clone()),
        ..Metadata::default()
    });
    assert_eq!(photo_from_bytes(&whole).unwrap().metadata.icc, Some(icc));
    for part in [b"ICC_PROFILE\0\x01\x02", b"ICC_PROFILE\0\x02\x02"] {
        // The segment starts with its marker and its length.
        let start = place(&whole, part) - 4;
        let length = usize::from(u16::from_be_bytes([whole[start + 2], whole[start + 3]]));
        let cut = [&whole[..start], &whole[start + 2 + length..]].concat();
        let read = photo_from_bytes(&cut).unwrap().metadata;
        assert_eq!(read.icc, None);
        assert!(read.notices[0].contains("colour profile"), "{:?}", read.notices);
    }
}

#[test]
fn xmp_whose_extension_is_left_out_does_not_point_at_it() {
    let plain = file(&Metadata {
        xmp: Some(br#"<a xmpNote:HasExtendedXMP="0123" dc:x="1"/>"#.to_vec()),
        ..Metadata::default()
    });
    let extension = b"\xFF\xE1\0\x25http://ns.adobe.com/xmp/extension/\0";
    let bytes = [&plain[..2], extension, &plain[2..]].concat();
    let read = photo_from_bytes(&bytes).unwrap().metadata;
    assert!(read.notices[0].contains("extended XMP"), "{:?}", read.notices);
    assert_eq!(read.xmp.as_deref(), Some(&br#"<a  dc:x="1"/>"#[..]));
}

#[test]
fn twelve_bits_are_unsupported_and_not_damage() {
    let mut bytes = file(&Metadata::default());
    // Marker, length, precision.
    let frame = place(&bytes, &[0xFF, 0xC0]);
    bytes[frame + 4] = 12;
    let line = photo_from_bytes(&bytes).unwrap_err().to_string();
    assert!(
        line.contains("12 bits per sample is not supported") && !line.contains("damaged"),
        "{line}"
    );
}
