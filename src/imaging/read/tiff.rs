//! TIFF: grey and RGB with or without alpha, in 8 and 16 bit; grey of 1, 2 and 4 bit becomes 8 bit.
//!
//! Camera raw files are TIFF files too, with a preview as their first picture: they are refused. Further channels,
//! such as saved selections, are left out, and it is told.

use std::io::{Cursor, ErrorKind, Read, Seek, SeekFrom};

use ::tiff::{
    ColorType, TiffError,
    decoder::{ChunkType, Decoder, DecodingResult, Limits},
    tags::Tag,
};

use super::{Problem, Stored, check_size, pixels, tiff_metadata};
use crate::imaging::{Channels, Format, Samples, exif::Block};

const NEW_SUBFILE_TYPE: u16 = 0x00FE;
const PHOTOMETRIC: u16 = 0x0106;
const SAMPLES_PER_PIXEL: u16 = 0x0115;
const SUB_IFDS: u16 = 0x014A;
const EXTRA_SAMPLES: u16 = 0x0152;
const DNG_VERSION: u16 = 0xC612;
const LAYERS: Tag = Tag::Unknown(37724);

/// Kinds of extra samples. Others are no transparency.
const ASSOCIATED_ALPHA: u16 = 1;
const ALPHAS: [u16; 2] = [ASSOCIATED_ALPHA, 2];

const MAX_METADATA_BYTES: usize = 256 << 20;
/// A directory longer than this many bytes belongs to no camera.
const MAX_DIRECTORY_BYTES: u64 = 1 << 14;

const CHANNELS_LEFT_OUT: &str = "the TIFF file has channels besides colours and transparency, such as saved selections; they are left out";

pub(super) type TiffDecoder<'a> = Decoder<Cursor<&'a [u8]>>;

pub(super) fn decode(bytes: &[u8]) -> Result<Stored, Problem> {
    refuse_camera_raw(Cursor::new(bytes))?;
    match with_selection_as_alpha(bytes) {
        Some(renamed) => decode_picture(&renamed, true),
        None => decode_picture(bytes, false),
    }
}

fn decode_picture(bytes: &[u8], is_alpha_selection: bool) -> Result<Stored, Problem> {
    let mut decoder = Decoder::new(Cursor::new(bytes)).map_err(problem)?;
    let (width, height) = decoder.dimensions().map_err(problem)?;
    let kind = decoder.colortype().map_err(problem)?;
    let (mut channels, bits) = layout(kind)?;
    let extra = extra_samples(&mut decoder);
    let drops_channels = drops_channels(&mut decoder, kind)?;
    let bytes_per_pixel = channels.count() * usize::from(bits.div_ceil(8));
    check_size(width, height, bytes_per_pixel, Some(bytes.len()))?;
    let picture_bytes = width as usize * height as usize * bytes_per_pixel;
    let mut limits = Limits::default();
    limits.decoding_buffer_size = picture_bytes.max(1 << 20);
    limits.intermediate_buffer_size = picture_bytes.max(1 << 20) * 2;
    limits.ifd_value_size = MAX_METADATA_BYTES;
    decoder = decoder.with_limits(limits);
    let mut samples = samples(&mut decoder, width, channels, bits)?;
    let is_gray_with_selection =
        channels == Channels::GrayAlpha && extra.first().is_some_and(|kind| !ALPHAS.contains(kind));
    if is_alpha_selection || is_gray_with_selection {
        (channels, samples) = without_last(channels, samples);
    }
    let mut stored = Stored::new(pixels(Format::Tiff, width, height, channels, samples)?);
    stored.has_associated_alpha = channels.has_alpha() && extra.first() == Some(&ASSOCIATED_ALPHA);
    if drops_channels || is_alpha_selection || is_gray_with_selection {
        stored.notices.push(CHANNELS_LEFT_OUT.to_owned());
    }
    add_notices(&mut decoder, &mut stored);
    tiff_metadata::add(&mut decoder, bytes, &mut stored);
    Ok(stored)
}

/// Refuses a camera raw file, whose first picture is a small preview of what the camera has taken.
pub(super) fn refuse_camera_raw(file: impl Read + Seek) -> Result<(), Problem> {
    if is_camera_raw(file).unwrap_or(false) {
        let instead = "TIFF with a raw converter first";
        return Err(Problem::unsupported(
            "a camera raw file, or one whose first picture is only a preview,",
            instead,
        ));
    }
    Ok(())
}

/// `None` where the first directory cannot be read, which a decoder will say better.
fn is_camera_raw(mut file: impl Read + Seek) -> Option<bool> {
    const HEADER: usize = 16;
    /// Stands behind the header proper, where else there would be samples.
    const CANON: &[u8] = b"CR\x02\0";
    let mut start = vec![0; HEADER];
    file.read_exact(&mut start).ok()?;
    let first_ifd = Block::new(&start)?.first_ifd()?;
    if first_ifd == HEADER && start[8..].starts_with(CANON) {
        return Some(true);
    }
    file.seek(SeekFrom::Start(first_ifd as u64)).ok()?;
    file.take(MAX_DIRECTORY_BYTES).read_to_end(&mut start).ok()?;
    // The header with the directory right behind it.
    let block = Block::new(&start)?;
    let has = |tag| block.find(HEADER, tag).is_some();
    let kind = block.find(HEADER, NEW_SUBFILE_TYPE);
    let is_preview = kind.and_then(|entry| block.number(&entry)).unwrap_or(0) & 1 == 1;
    Some(is_preview || (has(DNG_VERSION) && has(SUB_IFDS)))
}

/// The file of an RGB picture whose fourth channel is no transparency, as if it was.
///
/// The decoder would leave the channel out, but before it undoes the predictor, and in tiles over their edges.
fn with_selection_as_alpha(bytes: &[u8]) -> Option<Vec<u8>> {
    const RGB: u32 = 2;
    let block = Block::new(bytes)?;
    let ifd = block.first_ifd()?;
    let number = |tag| block.find(ifd, tag).and_then(|entry| block.number(&entry));
    let extra = block.find(ifd, EXTRA_SAMPLES)?;
    let kind = u16::try_from(block.number(&extra)?).ok()?;
    if number(PHOTOMETRIC) != Some(RGB) || number(SAMPLES_PER_PIXEL) != Some(4) || ALPHAS.contains(&kind) {
        return None;
    }
    let value = block.value_range(&extra)?;
    let mut renamed = bytes.to_vec();
    let lowest = if block.is_big_endian() {
        value.end - 1
    } else {
        value.start
    };
    renamed[value].fill(0);
    renamed[lowest] = 2;
    Some(renamed)
}

fn extra_samples(decoder: &mut TiffDecoder<'_>) -> Vec<u16> {
    let kinds = decoder.find_tag_unsigned_vec(Tag::ExtraSamples);
    kinds.ok().flatten().unwrap_or_default()
}

/// Whether the decoder leaves out channels. Where it would do so wrongly, the file is refused.
fn drops_channels(decoder: &mut TiffDecoder<'_>, kind: ColorType) -> Result<bool, Problem> {
    const CHUNKY: u16 = 1;
    const NO_PREDICTOR: u16 = 1;
    let mut number = |tag| decoder.find_tag_unsigned::<u16>(tag).ok().flatten().unwrap_or(1);
    if number(Tag::SamplesPerPixel) <= kind.num_samples() {
        return Ok(false);
    }
    let is_chunky = number(Tag::PlanarConfiguration) == CHUNKY;
    let has_predictor = number(Tag::Predictor) != NO_PREDICTOR;
    if is_chunky && (has_predictor || decoder.get_chunk_type() == ChunkType::Tile) {
        return Err(Problem::unsupported(
            "TIFF with several further channels in tiles or with a predictor",
            "TIFF without compression or without the further channels",
        ));
    }
    Ok(true)
}

fn layout(kind: ColorType) -> Result<(Channels, u8), Problem> {
    Ok(match kind {
        ColorType::Gray(bits @ (1 | 2 | 4 | 8 | 16)) => (Channels::Gray, bits),
        ColorType::GrayA(bits @ (8 | 16))
        | ColorType::Multiband {
            bit_depth: bits @ (8 | 16),
            num_samples: 2,
        } => (Channels::GrayAlpha, bits),
        ColorType::RGB(bits @ (8 | 16)) => (Channels::Rgb, bits),
        ColorType::RGBA(bits @ (8 | 16)) => (Channels::Rgba, bits),
        ColorType::CMYK(_) | ColorType::CMYKA(_) => return Err(Problem::unsupported("CMYK TIFF", "RGB")),
        ColorType::YCbCr(_) => return Err(Problem::unsupported("YCbCr TIFF", "RGB")),
        ColorType::Lab(_) => return Err(Problem::unsupported("Lab TIFF", "RGB")),
        other => {
            let what = format!("TIFF with samples of {} bit ({other:?})", other.bit_depth());
            return Err(Problem::unsupported(what, "grey or RGB TIFF with 8 or 16 bit"));
        }
    })
}

fn samples(
    decoder: &mut TiffDecoder<'_>,
    width: u32,
    channels: Channels,
    bits: u8,
) -> Result<Samples, Problem> {
    let mut result = DecodingResult::U8(Vec::new());
    let layout = decoder.read_image_to_buffer(&mut result).map_err(problem)?;
    let planes = layout.planes;
    match result {
        DecodingResult::U8(packed) if bits < 8 => Ok(Samples::U8(unpacked(&packed, width, bits))),
        DecodingResult::U8(samples) => Ok(Samples::U8(interleaved(samples, planes, channels))),
        DecodingResult::U16(samples) => Ok(Samples::U16(interleaved(samples, planes, channels))),
        _ => Err(Problem::unsupported(
            "TIFF with signed or floating point samples",
            "TIFF with 8 or 16 bit",
        )),
    }
}

/// Spreads samples of less than a byte over the full range of a byte. Rows start at whole bytes.
fn unpacked(packed: &[u8], width: u32, bits: u8) -> Vec<u8> {
    let per_byte = 8 / bits;
    let highest = (1_u16 << bits) - 1;
    let row_bytes = (width as usize).div_ceil(usize::from(per_byte));
    let unpack = |byte: u8| {
        (0..per_byte).map(move |index| {
            let value = u16::from(byte >> (8 - bits * (index + 1))) & highest;
            (value * 255 / highest) as u8
        })
    };
    packed
        .chunks_exact(row_bytes)
        .flat_map(|row| row.iter().flat_map(|&byte| unpack(byte)).take(width as usize))
        .collect()
}

/// One plane after the other becomes pixel after pixel.
fn interleaved<T: Copy>(samples: Vec<T>, planes: usize, channels: Channels) -> Vec<T> {
    if planes <= 1 || planes != channels.count() {
        return samples;
    }
    let plane = samples.len() / planes;
    (0..plane * planes)
        .map(|index| samples[index % planes * plane + index / planes])
        .collect()
}

/// The colours without the channel behind them.
fn without_last(channels: Channels, samples: Samples) -> (Channels, Samples) {
    fn colors<T: Copy>(samples: &[T], count: usize) -> Vec<T> {
        let pixels = samples.chunks_exact(count + 1);
        pixels.flat_map(|pixel| pixel[..count].iter().copied()).collect()
    }
    let count = channels.color_count();
    let samples = match samples {
        Samples::U8(samples) => Samples::U8(colors(&samples, count)),
        Samples::U16(samples) => Samples::U16(colors(&samples, count)),
    };
    let channels = if count == 1 { Channels::Gray } else { Channels::Rgb };
    (channels, samples)
}

fn add_notices(decoder: &mut TiffDecoder<'_>, stored: &mut Stored) {
    let mut add = |notice: &str| stored.notices.push(notice.to_owned());
    if decoder.more_images() {
        add("the TIFF file holds several pictures; only the first is read");
    }
    if matches!(decoder.find_tag(LAYERS), Ok(Some(_))) {
        add("the layers of the TIFF file are left out; its flat picture is read");
    }
    if stored.has_associated_alpha {
        add(
            "the TIFF file's colours are multiplied by alpha; they are taken, and written as TIFF, as they are",
        );
    }
}

fn problem(error: TiffError) -> Problem {
    match error {
        TiffError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            Problem::CutOff { format: Format::Tiff }
        }
        TiffError::UnsupportedError(what) => Problem::unsupported(
            format!("this kind of TIFF ({what})").replace('\n', " "),
            "grey or RGB TIFF with 8 or 16 bit",
        ),
        error => Problem::damaged(Format::Tiff, error),
    }
}
