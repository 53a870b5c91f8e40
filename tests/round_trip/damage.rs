//! Files that are cut off or damaged give one line, never a panic and never a picture with grey in it.

use lacuna::imaging::{
    Channels, Format,
    read::{ReadError, photo_from_bytes},
    write::{Options, encode},
};
use proptest::prelude::{any, proptest};

use crate::support::{config, full_metadata, gradient};

fn file(format: Format) -> Vec<u8> {
    let metadata = full_metadata(Channels::Rgb, 6);
    encode(&gradient(40, 24), &metadata, format, &Options::default())
        .unwrap()
        .bytes
}

fn assert_one_line(error: &ReadError) {
    let line = error.to_string();
    assert!(
        line.lines().count() == 1 && line.contains(':') && line.contains(';'),
        "{line}"
    );
}

#[test]
fn a_file_cut_off_anywhere_is_an_error() {
    for format in Format::ALL {
        let whole = file(format);
        // WebP's and TIFF's last bytes may be padding; everything before counts.
        for length in 0..whole.len() - 2 {
            match photo_from_bytes(&whole[..length]) {
                Err(error) => assert_one_line(&error),
                Ok(_) => panic!("{format} cut to {length} of {} bytes was read", whole.len()),
            }
        }
    }
}

proptest! {
    #![proptest_config(config(600))]

    #[test]
    fn a_damaged_file_is_read_or_refused_in_one_line(
        format in 0_usize..4,
        places in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = file(Format::ALL[format]);
        for (place, value) in places {
            let at = place.index(bytes.len());
            bytes[at] = value;
        }
        if let Err(error) = photo_from_bytes(&bytes) {
            assert_one_line(&error);
        }
    }
}

#[test]
fn a_header_that_lies_about_the_size_allocates_nothing() {
    let mut png = file(Format::Png);
    // Width and height in the header chunk, whose checksum then has to fit again.
    png[16..24].copy_from_slice(&[0, 0, 0x70, 0, 0, 0, 0x70, 0]);
    let checksum = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&checksum.to_be_bytes());
    let error = photo_from_bytes(&png).unwrap_err();
    assert!(error.to_string().contains("28672×28672"), "{error}");

    png[16..24].copy_from_slice(&[0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF]);
    let error = photo_from_bytes(&png).unwrap_err();
    assert!(error.to_string().contains("too large (2147483647×"), "{error}");

    let mut jpeg = file(Format::Jpeg);
    let frame = jpeg.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0x70, 0, 0x70, 0]);
    let error = photo_from_bytes(&jpeg).unwrap_err();
    assert!(error.to_string().contains("28672×28672"), "{error}");
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for &byte in bytes {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}

#[test]
fn other_files_are_named_as_such() {
    for bytes in [&b""[..], b"GIF89a.......", b"\0", b"plain text"] {
        assert_one_line(&photo_from_bytes(bytes).unwrap_err());
    }
}
