//! TIFF with ICC profile, XMP, IPTC and the EXIF fields in their directories; compressed without loss.

use std::{
    io::{Cursor, Seek, Write},
    marker::PhantomData,
};

use ::tiff::{
    Directory, TiffError,
    encoder::{
        Compression, DeflateLevel, DirectoryEncoder, ImageEncoder, Predictor, TiffEncoder, TiffKind,
        TiffKindBig, TiffKindStandard, TiffValue, colortype,
    },
    tags::{ExtraSamples, PhotometricInterpretation, SampleFormat, Tag, Type},
};

use super::{Problem, UNREADABLE_EXIF};
use crate::imaging::{
    Channels, Format, Metadata, Pixels, Samples,
    exif::{EXIF_IFD, GPS_IFD, INTEROP_IFD},
    exif_fields::{Field, Fields},
};

/// From here on offsets may not fit into 32 bits.
const BIG_BYTES: u64 = 3_900_000_000;
const XMP: u16 = 700;
const PHOTOSHOP: u16 = 34377;
const ICC: u16 = 34675;
const BYTE: u16 = 1;
const UNDEFINED: u16 = 7;

pub(super) fn encode(
    pixels: &Pixels,
    metadata: &Metadata,
    notices: &mut Vec<String>,
) -> Result<Vec<u8>, Problem> {
    let mut fields = match metadata.exif.as_deref().map(Fields::parse) {
        Some(None) => {
            notices.push(UNREADABLE_EXIF.to_owned());
            Fields::default()
        }
        fields => fields.flatten().unwrap_or_default(),
    };
    if let Some(resolution) = metadata.resolution {
        fields.add_resolution(resolution);
    }
    if fields.has_maker_note() {
        notices.push(
            "TIFF moves the camera maker's notes in EXIF; not every program will find all of them".to_owned(),
        );
    }
    let sample_bytes = pixels.samples().len() as u64 * u64::from(pixels.bit_depth() / 8);
    let encoded = if sample_bytes > BIG_BYTES {
        encode_as::<TiffKindBig>(pixels, metadata, &fields)
    } else {
        encode_as::<TiffKindStandard>(pixels, metadata, &fields)
    };
    encoded.map_err(|error| Problem::encoder(Format::Tiff, error))
}

fn encode_as<K: TiffKind>(pixels: &Pixels, metadata: &Metadata, exif: &Fields) -> Result<Vec<u8>, TiffError>
where
    K::OffsetType: TiffValue,
{
    let mut file = Cursor::new(Vec::new());
    let mut tiff = TiffEncoder::<_, K>::new_generic(&mut file)?
        .with_compression(Compression::Deflate(DeflateLevel::Fast))
        .with_predictor(Predictor::Horizontal);
    let mut fields = exif.main.clone();
    let mut add = |tag, kind, value: &Option<Vec<u8>>| {
        fields.extend(value.clone().map(|value| Field { tag, kind, value }));
    };
    add(XMP, BYTE, &metadata.xmp);
    add(PHOTOSHOP, UNDEFINED, &metadata.iptc);
    add(ICC, UNDEFINED, &metadata.icc);
    let interop = put_directory(&mut tiff, &exif.interop, None)?;
    let exif_at = put_directory(&mut tiff, &exif.exif, interop.map(|at| (INTEROP_IFD, at)))?;
    let gps_at = put_directory(&mut tiff, &exif.gps, None)?;
    let links = [(EXIF_IFD, exif_at), (GPS_IFD, gps_at)];
    let alpha = if metadata.has_associated_alpha {
        ExtraSamples::AssociatedAlpha
    } else {
        ExtraSamples::UnassociatedAlpha
    };
    put_picture(&mut tiff, pixels, alpha, |directory| {
        put_fields(directory, &fields)?;
        for (tag, at) in links {
            if let Some(at) = at {
                directory.write_tag(Tag::from_u16_exhaustive(tag), at)?;
            }
        }
        Ok(())
    })?;
    Ok(file.into_inner())
}

type FileEncoder<'a, K> = TiffEncoder<&'a mut Cursor<Vec<u8>>, K>;

/// Writes a directory of its own and returns where it is. `None` for no fields.
fn put_directory<K: TiffKind>(
    tiff: &mut FileEncoder<'_, K>,
    fields: &[Field],
    link: Option<(u16, K::OffsetType)>,
) -> Result<Option<K::OffsetType>, TiffError>
where
    K::OffsetType: TiffValue,
{
    if fields.is_empty() && link.is_none() {
        return Ok(None);
    }
    let mut directory = tiff.extra_directory()?;
    put_fields(&mut directory, fields)?;
    if let Some((tag, at)) = link {
        directory.write_tag(Tag::from_u16_exhaustive(tag), at)?;
    }
    Ok(Some(directory.finish_with_offsets()?.offset))
}

fn put_fields<W: Write + Seek, K: TiffKind>(
    directory: &mut DirectoryEncoder<'_, W, K>,
    fields: &[Field],
) -> Result<(), TiffError> {
    let mut entries = Directory::empty();
    for field in fields {
        if let Some(kind) = Type::from_u16(field.kind) {
            let entry = directory.write_entry_bytes(kind, &field.value)?;
            entries.extend([(Tag::from_u16_exhaustive(field.tag), entry)]);
        }
    }
    directory.extend_from(&entries);
    Ok(())
}

fn put_picture<'a, K: TiffKind>(
    tiff: &mut FileEncoder<'a, K>,
    pixels: &Pixels,
    alpha: ExtraSamples,
    put_tags: impl FnOnce(&mut DirectoryEncoder<'_, &'a mut Cursor<Vec<u8>>, K>) -> Result<(), TiffError>,
) -> Result<(), TiffError> {
    macro_rules! put {
        ($kind:ty, $samples:expr) => {{
            let mut image: ImageEncoder<'_, _, $kind, K> = tiff.new_image(pixels.width(), pixels.height())?;
            if pixels.channels().has_alpha() {
                let kinds: &[u16] = &[alpha.to_u16()];
                image.encoder().write_tag(Tag::ExtraSamples, kinds)?;
            }
            put_tags(image.encoder())?;
            image.write_data($samples)
        }};
    }
    match (pixels.channels(), pixels.samples()) {
        (Channels::Gray, Samples::U8(samples)) => put!(colortype::Gray8, samples),
        (Channels::Gray, Samples::U16(samples)) => put!(colortype::Gray16, samples),
        (Channels::GrayAlpha, Samples::U8(samples)) => put!(GrayAlpha<u8>, samples),
        (Channels::GrayAlpha, Samples::U16(samples)) => put!(GrayAlpha<u16>, samples),
        (Channels::Rgb, Samples::U8(samples)) => put!(colortype::RGB8, samples),
        (Channels::Rgb, Samples::U16(samples)) => put!(colortype::RGB16, samples),
        (Channels::Rgba, Samples::U8(samples)) => put!(colortype::RGBA8, samples),
        (Channels::Rgba, Samples::U16(samples)) => put!(colortype::RGBA16, samples),
    }
}

/// Grey with alpha, which the encoder does not know (its extra samples do not go with a predictor).
struct GrayAlpha<T>(PhantomData<T>);

macro_rules! gray_alpha {
    ($sample:ty) => {
        impl colortype::ColorType for GrayAlpha<$sample> {
            type Inner = $sample;
            const TIFF_VALUE: PhotometricInterpretation = PhotometricInterpretation::BlackIsZero;
            const BITS_PER_SAMPLE: &'static [u16] = &[<$sample>::BITS as u16; 2];
            const SAMPLE_FORMAT: &'static [SampleFormat] = &[SampleFormat::Uint; 2];

            fn horizontal_predict(row: &[$sample], result: &mut Vec<$sample>) {
                let (first, rest) = row.split_at(2.min(row.len()));
                result.extend_from_slice(first);
                result.extend(
                    rest.iter()
                        .zip(row)
                        .map(|(sample, before)| sample.wrapping_sub(*before)),
                );
            }
        }
    };
}

gray_alpha!(u8);
gray_alpha!(u16);
