//! A photo as it was read: pixels, metadata and the format of its file.

use std::{fmt, path::Path};

use super::{Metadata, Pixels};

/// A photo, upright: the EXIF orientation is already applied to the pixels and reset in the metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Photo {
    /// The samples at the depth and in the channels of the file.
    pub pixels: Pixels,
    /// What the file held beside the pixels.
    pub metadata: Metadata,
    /// The format that the contents (not the name) of the file are in.
    pub format: Format,
}

/// A file format that photos are read from and written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// JPEG: 8 bit, lossy, no alpha.
    Jpeg,
    /// PNG: 8 or 16 bit, lossless.
    Png,
    /// TIFF: 8 or 16 bit, lossless.
    Tiff,
    /// WebP, written lossless: 8 bit.
    WebP,
}

impl Format {
    /// Every format, in the order in which a person is offered them.
    pub const ALL: [Self; 4] = [Self::Jpeg, Self::Png, Self::Tiff, Self::WebP];

    /// The format that the ending of `path` stands for.
    pub fn from_path(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        match ending.as_str() {
            "jpg" | "jpeg" | "jpe" | "jfif" => Some(Self::Jpeg),
            "png" => Some(Self::Png),
            "tif" | "tiff" => Some(Self::Tiff),
            "webp" => Some(Self::WebP),
            _ => None,
        }
    }

    /// The format that these contents of a file start like.
    pub fn from_contents(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xFF, 0xD8, 0xFF, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => Some(Self::Png),
            [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Some(Self::Tiff),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::WebP),
            _ => None,
        }
    }

    /// The usual ending of a file name, without the dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Tiff => "tif",
            Self::WebP => "webp",
        }
    }

    /// Whether 16 bits per sample can be written.
    pub const fn supports_16_bit(self) -> bool {
        matches!(self, Self::Png | Self::Tiff)
    }

    /// Whether transparency can be written.
    pub const fn supports_alpha(self) -> bool {
        !matches!(self, Self::Jpeg)
    }

    /// Whether what is written is read back with every sample the same.
    pub const fn is_lossless(self) -> bool {
        !matches!(self, Self::Jpeg)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Tiff => "TIFF",
            Self::WebP => "WebP",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Format;

    #[test]
    fn the_ending_names_the_format_in_any_case() {
        assert_eq!(Format::from_path(Path::new("a/b.JPEG")), Some(Format::Jpeg));
        assert_eq!(Format::from_path(Path::new("b.tif")), Some(Format::Tiff));
        assert_eq!(Format::from_path(Path::new("b.heic")), None);
        for format in Format::ALL {
            let path = format!("x.{}", format.extension());
            assert_eq!(Format::from_path(Path::new(&path)), Some(format));
        }
    }
}
