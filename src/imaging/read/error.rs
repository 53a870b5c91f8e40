//! Why a file could not be read, in one line that says what to do.

use std::{fmt, io};

use crate::imaging::Format;

/// Reading failed: which file, and why.
#[derive(Debug, thiserror::Error)]
#[error("reading {name}: {problem}")]
pub struct ReadError {
    /// The path, or a word for contents without one.
    pub name: String,
    /// What happened and what to do.
    pub problem: Problem,
}

/// What happened, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// No file of that name.
    #[error("there is no such file; check the name")]
    NotFound,
    /// A folder has that name.
    #[error("it is a folder; name a file in it")]
    IsFolder,
    /// The system refused.
    #[error("the file cannot be read ({0}); check its permissions and the disk")]
    Io(io::Error),
    /// No bytes at all.
    #[error("the file is empty; get a new copy of it")]
    Empty,
    /// Not one of the four formats.
    #[error("this is no JPEG, PNG, TIFF or WebP picture; convert it to one of these")]
    UnknownFormat,
    /// The contents make no sense.
    #[error("the {format} file is damaged ({why}); get a new copy of it")]
    Damaged {
        /// What the file claims to be.
        format: Format,
        /// What the decoder says.
        why: String,
    },
    /// The contents end too early.
    #[error("the {format} file is cut off before its end; get a new copy of it")]
    CutOff {
        /// What the file claims to be.
        format: Format,
    },
    /// A kind of picture that could not be given back as it was.
    #[error("{what} is not supported; convert it to {instead}")]
    Unsupported {
        /// The kind.
        what: String,
        /// What to convert it to.
        instead: &'static str,
    },
    /// Larger than any photo.
    #[error("the picture is too large ({width}×{height}); scale it down to at most 1,000 megapixels")]
    TooLarge {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// A size that the file cannot hold.
    #[error("the header claims {width}×{height} pixels, which the file does not hold; get a new copy of it")]
    ImpossibleSize {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// The samples do not fit into memory.
    #[error("the picture needs {} MiB of memory, which are not free; close other programs or scale it down", bytes >> 20)]
    OutOfMemory {
        /// What was asked for.
        bytes: u64,
    },
    /// A mask that does not lie over the photo.
    #[error(
        "the mask has {mask_width}×{mask_height} pixels but the photo has {photo_width}×{photo_height}; {advice}"
    )]
    MaskSize {
        /// Columns of the mask.
        mask_width: u32,
        /// Rows of the mask.
        mask_height: u32,
        /// Columns of the photo.
        photo_width: u32,
        /// Rows of the photo.
        photo_height: u32,
        /// What to do about it.
        advice: &'static str,
    },
}

impl Problem {
    pub(super) fn from_io(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::NotFound,
            io::ErrorKind::IsADirectory => Self::IsFolder,
            _ => Self::Io(error),
        }
    }

    /// A decoder's words become part of one line.
    pub(super) fn damaged(format: Format, why: impl fmt::Display) -> Self {
        let words: Vec<String> = why
            .to_string()
            .split(|character: char| character.is_whitespace() || character.is_control())
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect();
        let mut why = words.join(" ");
        if let Some((cut, _)) = why.char_indices().nth(160) {
            why.truncate(cut);
        }
        Self::Damaged { format, why }
    }

    pub(super) fn unsupported(what: impl Into<String>, instead: &'static str) -> Self {
        Self::Unsupported {
            what: what.into(),
            instead,
        }
    }
}
