//! The size of a photo without decoding it: for looking through large folders.

use std::{
    fs::File,
    io::{BufReader, Read as _, Seek as _, SeekFrom},
    path::Path,
};

use ::tiff::{decoder::Decoder as TiffDecoder, tags::Tag};
use image_webp::WebPDecoder;

use super::{
    Problem, ReadError,
    jpeg_segments::Segments,
    png::{SIZE_AT, check_claim},
    tiff::refuse_camera_raw,
};
use crate::imaging::{Format, Metadata, Orientation};

/// Bytes that tell the format.
const SIGNATURE: usize = 16;
/// Ends of files are searched for their last marker in steps of this.
const TAIL: u64 = 64 << 10;

/// Columns and rows of the photo at `path` when it is upright, from its headers.
///
/// A file that was cut off is refused where that shows without decoding; other damage shows when it is read.
pub fn size(path: &Path) -> Result<(u32, u32), ReadError> {
    open(path).map_err(|problem| ReadError {
        name: path.display().to_string(),
        problem,
    })
}

fn open(path: &Path) -> Result<(u32, u32), Problem> {
    let mut file = BufReader::new(File::open(path).map_err(Problem::from_io)?);
    let mut start = Vec::new();
    (&mut file)
        .take(SIGNATURE as u64)
        .read_to_end(&mut start)
        .map_err(Problem::from_io)?;
    if start.is_empty() {
        return Err(Problem::Empty);
    }
    let format = Format::from_contents(&start).ok_or(Problem::UnknownFormat)?;
    file.rewind().map_err(Problem::from_io)?;
    let (width, height, orientation) = match format {
        Format::Jpeg => jpeg(file)?,
        Format::Png => png(file)?,
        Format::Tiff => tiff(file)?,
        Format::WebP => webp(file)?,
    };
    super::check_size(width, height, 1, None)?;
    Ok(if orientation.swaps_sides() {
        (height, width)
    } else {
        (width, height)
    })
}

type Header = (u32, u32, Orientation);

fn orientation(exif: Option<Vec<u8>>) -> Orientation {
    Metadata::from_file(None, exif, None, None).1
}

fn jpeg(mut file: BufReader<File>) -> Result<Header, Problem> {
    let mut bytes = Vec::new();
    // Headers with a preview and a profile fit into this; the rest is read where they do not.
    (&mut file)
        .take(1 << 18)
        .read_to_end(&mut bytes)
        .map_err(Problem::from_io)?;
    let mut segments = Segments::find(&bytes);
    let is_cut = !segments.is_complete && !tail_holds(&mut file, &[0xFF, 0xD9])?;
    if segments.size.is_none() || is_cut {
        file.rewind()
            .and_then(|()| {
                bytes.clear();
                file.read_to_end(&mut bytes)
            })
            .map_err(Problem::from_io)?;
        segments = Segments::find(&bytes);
        if !segments.is_complete {
            return Err(Problem::CutOff { format: Format::Jpeg });
        }
    }
    let (width, height) = segments
        .size
        .ok_or_else(|| Problem::damaged(Format::Jpeg, "it has no header"))?;
    Ok((width, height, orientation(segments.exif.map(<[u8]>::to_vec))))
}

fn png(mut file: BufReader<File>) -> Result<Header, Problem> {
    if !tail_holds(&mut file, b"IEND")? {
        return Err(Problem::CutOff { format: Format::Png });
    }
    file.rewind().map_err(Problem::from_io)?;
    let mut start = [0; SIZE_AT + 8];
    file.read_exact(&mut start).map_err(Problem::from_io)?;
    let &[.., columns, rows] = start.as_chunks().0 else {
        return Err(Problem::damaged(Format::Png, "it has no header"));
    };
    check_claim(columns, rows)?;
    file.rewind().map_err(Problem::from_io)?;
    let decoder = ::png::Decoder::new(file);
    let reader = decoder
        .read_info()
        .map_err(|error| Problem::damaged(Format::Png, error))?;
    let info = reader.info();
    let exif = info.exif_metadata.as_ref().map(|exif| exif.to_vec());
    Ok((info.width, info.height, orientation(exif)))
}

fn webp(mut file: BufReader<File>) -> Result<Header, Problem> {
    let damaged = |error| Problem::damaged(Format::WebP, error);
    let mut riff = [0; 8];
    file.read_exact(&mut riff).map_err(Problem::from_io)?;
    let claimed = u32::from_le_bytes([riff[4], riff[5], riff[6], riff[7]]);
    let length = file.seek(SeekFrom::End(0)).map_err(Problem::from_io)?;
    if length < u64::from(claimed) + 8 {
        return Err(Problem::CutOff { format: Format::WebP });
    }
    file.rewind().map_err(Problem::from_io)?;
    let mut decoder = WebPDecoder::new(file).map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    let exif = decoder.exif_metadata().map_err(damaged)?;
    Ok((width, height, orientation(exif)))
}

fn tiff(mut file: BufReader<File>) -> Result<Header, Problem> {
    refuse_camera_raw(&mut file)?;
    file.rewind().map_err(Problem::from_io)?;
    let damaged = |error| Problem::damaged(Format::Tiff, error);
    let mut decoder = TiffDecoder::new(file).map_err(damaged)?;
    let (width, height) = decoder.dimensions().map_err(damaged)?;
    let stated = decoder.find_tag_unsigned::<u16>(Tag::Orientation).ok().flatten();
    let orientation = stated.and_then(Orientation::from_exif);
    Ok((width, height, orientation.unwrap_or(Orientation::UPRIGHT)))
}

/// Whether the last part of the file holds `marker`.
fn tail_holds(file: &mut BufReader<File>, marker: &[u8]) -> Result<bool, Problem> {
    let mut tail = Vec::new();
    let length = file.seek(SeekFrom::End(0)).map_err(Problem::from_io)?;
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))
        .and_then(|_| file.read_to_end(&mut tail))
        .map_err(Problem::from_io)?;
    Ok(tail.windows(marker.len()).any(|window| window == marker))
}
