//! Writing photos: JPEG, PNG, TIFF and lossless WebP, with their metadata, and never half a file.
//!
//! What a format cannot hold is told, not lost in silence. The file appears under its name only when it is complete,
//! and never over the photo that it was made from.

mod atomic;
mod depth;
mod error;
mod jpeg;
mod png;
mod tiff;
mod webp;

use std::{
    io,
    path::{Path, PathBuf},
};

pub use atomic::is_same_file;
pub use error::{Problem, WriteError};

use super::{Format, Metadata, MetadataPolicy, Pixels};

/// The notice for EXIF of which only the orientation can be made out.
const UNREADABLE_EXIF: &str = "EXIF is left out: its fields cannot be read";

/// How to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// JPEG quality, `1..=100`. From 90 on colours keep their full resolution.
    pub quality: u8,
    /// Bits per sample, 8 or 16; `None` keeps those of the photo where the format can.
    pub bit_depth: Option<u8>,
    /// What of the metadata goes along.
    pub metadata: MetadataPolicy,
    /// The file that the photo was read from, which is never written over.
    pub original: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            quality: 95,
            bit_depth: None,
            metadata: MetadataPolicy::default(),
            original: None,
        }
    }
}

/// The contents of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// What the format could not hold.
    pub notices: Vec<String>,
}

/// Writes a photo to `path`. Returns what the format could not hold.
///
/// The file is written beside its place, synced, and renamed. An existing one is replaced only with `overwrite`, and
/// `options.original` never.
pub fn photo(
    path: &Path,
    pixels: &Pixels,
    metadata: &Metadata,
    format: Format,
    options: &Options,
    overwrite: bool,
) -> Result<Vec<String>, WriteError> {
    let written = atomic::check_target(path, options.original.as_deref(), overwrite).and_then(|()| {
        let encoded = encode(pixels, metadata, format, options)?;
        atomic::write(path, &encoded.bytes, overwrite)?;
        Ok(encoded.notices)
    });
    written.map_err(|problem| WriteError {
        name: path.display().to_string(),
        problem,
    })
}

/// Writes a file that is no photo the same way: beside its place, synced, and renamed.
pub fn file(path: &Path, bytes: &[u8], overwrite: bool) -> Result<(), WriteError> {
    let written =
        atomic::check_target(path, None, overwrite).and_then(|()| atomic::write(path, bytes, overwrite));
    written.map_err(|problem| WriteError {
        name: path.display().to_string(),
        problem,
    })
}

/// Writes a file of the program's own the same way, in place of what is there. The error is the system's.
pub fn own_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    atomic::write(path, bytes, true).map_err(|problem| match problem {
        Problem::ReadOnlyFolder(error) | Problem::Io(error) => error,
        other => io::Error::other(other),
    })
}

/// Refuses before any work what [`photo`] would refuse for `path` in the end: an existing file without `overwrite`,
/// the original, a folder that is missing or cannot be written to.
pub fn check(path: &Path, options: &Options, overwrite: bool) -> Result<(), WriteError> {
    atomic::check_target(path, options.original.as_deref(), overwrite).map_err(|problem| WriteError {
        name: path.display().to_string(),
        problem,
    })
}

/// Refuses before any work a size that [`photo`] would refuse for `format` in the end.
pub fn check_fits(path: &Path, format: Format, width: u32, height: u32) -> Result<(), WriteError> {
    check_size(width, height, format).map_err(|problem| WriteError {
        name: path.display().to_string(),
        problem,
    })
}

/// Encodes a photo into memory.
pub fn encode(
    pixels: &Pixels,
    metadata: &Metadata,
    format: Format,
    options: &Options,
) -> Result<Encoded, Problem> {
    check_size(pixels.width(), pixels.height(), format)?;
    let (mut metadata, mut notices) = metadata.for_export(options.metadata, pixels.width(), pixels.height());
    if metadata.iptc.is_some() && !matches!(format, Format::Jpeg | Format::Tiff) {
        metadata.iptc = None;
        notices.push(format!("{format} holds no IPTC data; it is left out"));
    }
    if format != Format::Png && metadata.has_colors_of_png_alone() {
        notices.push(format!(
            "{format} holds no description of colours as PNG has it: other programs will show other colours"
        ));
    }
    if pixels.channels().has_alpha()
        && metadata.has_associated_alpha
        && format.supports_alpha()
        && format != Format::Tiff
    {
        notices.push(format!(
            "the colours stay multiplied by alpha, which {format} cannot say: other programs will show what is half \
             transparent too dark"
        ));
    }
    let pixels = depth::converted(pixels, format, options.bit_depth, &mut notices);
    let bytes = match format {
        Format::Jpeg => jpeg::encode(&pixels, metadata, options.quality, &mut notices),
        Format::Png => png::encode(&pixels, metadata, &mut notices),
        Format::Tiff => tiff::encode(&pixels, &metadata, &mut notices),
        Format::WebP => webp::encode(&pixels, metadata, &mut notices),
    }?;
    Ok(Encoded { bytes, notices })
}

fn check_size(width: u32, height: u32, format: Format) -> Result<(), Problem> {
    let longest = match format {
        Format::Jpeg => u32::from(u16::MAX),
        Format::WebP => 1 << 14,
        Format::Png => i32::MAX as u32,
        Format::Tiff => u32::MAX,
    };
    if width == 0 || height == 0 || width.max(height) > longest {
        return Err(Problem::Size {
            format,
            width,
            height,
            longest,
        });
    }
    Ok(())
}
