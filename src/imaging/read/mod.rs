//! Reading photos and masks: JPEG, PNG, TIFF and WebP, told apart by their contents.
//!
//! A photo comes back with the samples of its file, turned upright, or with one error that says what to do.
//! Nothing is converted on the way that could not be written back: CMYK and floating point pictures are refused.

mod error;
mod jpeg;
mod jpeg_segments;
mod mask_file;
mod png;
mod size;
mod tiff;
mod tiff_metadata;
mod webp;

use std::{fs, panic, path::Path};

pub use error::{Problem, ReadError};
pub use mask_file::{mask, mask_of_any_size};
pub use size::size;

use super::{Channels, Format, Metadata, Photo, Pixels, Resolution, Samples};

/// The largest picture that is read, in pixels.
pub const MAX_PIXELS: u64 = 1_000_000_000;

/// No compression of PNG, TIFF or JPEG packs more bytes of samples into one byte of the file; a header that
/// claims more lies.
const MAX_COMPRESSION: u64 = 4096;

/// A picture as its file stores it, before it is turned upright.
struct Stored {
    pixels: Pixels,
    icc: Option<Vec<u8>>,
    exif: Option<Vec<u8>>,
    xmp: Option<Vec<u8>>,
    iptc: Option<Vec<u8>>,
    png_colors: Vec<([u8; 4], Vec<u8>)>,
    resolution: Option<Resolution>,
    has_associated_alpha: bool,
    notices: Vec<String>,
}

impl Stored {
    const fn new(pixels: Pixels) -> Self {
        Self {
            pixels,
            icc: None,
            exif: None,
            xmp: None,
            iptc: None,
            png_colors: Vec::new(),
            resolution: None,
            has_associated_alpha: false,
            notices: Vec::new(),
        }
    }
}

/// Reads the photo at `path`.
pub fn photo(path: &Path) -> Result<Photo, ReadError> {
    let name = path.display().to_string();
    let read = fs::read(path).map_err(Problem::from_io);
    read.and_then(|bytes| decode(&bytes))
        .map_err(|problem| ReadError { name, problem })
}

/// Reads a photo from the contents of a file, such as a pasted or dropped one.
pub fn photo_from_bytes(bytes: &[u8]) -> Result<Photo, ReadError> {
    decode(bytes).map_err(|problem| ReadError {
        name: "the picture".to_owned(),
        problem,
    })
}

fn decode(bytes: &[u8]) -> Result<Photo, Problem> {
    let (format, stored) = decode_stored(bytes)?;
    let (mut metadata, orientation) = Metadata::from_file(stored.icc, stored.exif, stored.xmp, stored.iptc);
    metadata.png_colors = stored.png_colors;
    metadata.has_associated_alpha = stored.has_associated_alpha;
    metadata.resolution = stored
        .resolution
        .map(|resolution| orientation.turn_resolution(resolution));
    metadata.notices.extend(stored.notices);
    if metadata.has_colors_of_png_alone() {
        metadata.notices.push(
            "the PNG file describes its colours without an ICC profile; they are shown as sRGB, and only PNG keeps \
             the description"
                .to_owned(),
        );
    }
    Ok(Photo {
        pixels: orientation.apply(stored.pixels),
        metadata,
        format,
    })
}

/// Decodes without turning. A decoder that panics on a damaged file gives an error like any other.
fn decode_stored(bytes: &[u8]) -> Result<(Format, Stored), Problem> {
    if bytes.is_empty() {
        return Err(Problem::Empty);
    }
    let format = Format::from_contents(bytes).ok_or(Problem::UnknownFormat)?;
    let decoder = match format {
        Format::Jpeg => jpeg::decode,
        Format::Png => png::decode,
        Format::Tiff => tiff::decode,
        Format::WebP => webp::decode,
    };
    panic::catch_unwind(|| decoder(bytes))
        .unwrap_or_else(|_| Err(Problem::damaged(format, "its decoder gave up")))
        .map(|stored| (format, stored))
}

/// Refuses a size that no picture has, and one that the file cannot hold.
fn check_size(
    width: u32,
    height: u32,
    bytes_per_pixel: usize,
    file_bytes: Option<usize>,
) -> Result<(), Problem> {
    let pixels = u64::from(width) * u64::from(height);
    if pixels > MAX_PIXELS {
        return Err(Problem::TooLarge { width, height });
    }
    let claimed = pixels * bytes_per_pixel as u64;
    let is_lie =
        file_bytes.is_some_and(|bytes| claimed > (bytes as u64 + 1024).saturating_mul(MAX_COMPRESSION));
    if pixels == 0 || is_lie {
        return Err(Problem::ImpossibleSize { width, height });
    }
    Ok(())
}

/// A buffer for a whole picture, or an error where memory does not suffice.
fn buffer<T: Copy + Default>(length: usize) -> Result<Vec<T>, Problem> {
    let mut buffer = Vec::new();
    buffer
        .try_reserve_exact(length)
        .map_err(|_error| Problem::OutOfMemory {
            bytes: (length * size_of::<T>()) as u64,
        })?;
    buffer.resize(length, T::default());
    Ok(buffer)
}

fn pixels(
    format: Format,
    width: u32,
    height: u32,
    channels: Channels,
    samples: Samples,
) -> Result<Pixels, Problem> {
    Pixels::new(width, height, channels, samples)
        .ok_or_else(|| Problem::damaged(format, "it holds another number of samples than its header says"))
}
