//! Why a file could not be written, in one line that says what to do.

use std::{fmt, io};

use crate::imaging::Format;

/// Writing failed: which file, and why.
#[derive(Debug, thiserror::Error)]
#[error("writing {name}: {problem}")]
pub struct WriteError {
    /// The path.
    pub name: String,
    /// What happened and what to do.
    pub problem: Problem,
}

/// What happened, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// There is such a file, and replacing it was not asked for.
    #[error("the file exists; choose another name or allow overwriting")]
    Exists,
    /// The photo itself would be lost.
    #[error("this is the original photo, which is never written over; choose another name")]
    IsOriginal,
    /// The existing file is protected.
    #[error("the existing file is read-only; choose another name")]
    ReadOnlyFile,
    /// A folder has that name.
    #[error("this is a folder; give a file name in it")]
    IsFolder,
    /// Nowhere to write to.
    #[error("there is no folder {folder}; create it or choose another")]
    NoFolder {
        /// The folder that is missing.
        folder: String,
    },
    /// The system refused to make a file in the folder.
    #[error("the folder cannot be written to ({0}); choose another folder")]
    ReadOnlyFolder(io::Error),
    /// The system failed while writing.
    #[error("the file could not be written ({0}); check the disk and its free space")]
    Io(io::Error),
    /// The format ends at a smaller size.
    #[error("{format} holds from 1 to {longest} pixels a side, not {width}×{height}; choose another format")]
    Size {
        /// The format.
        format: Format,
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
        /// The longest side that the format holds.
        longest: u32,
    },
    /// The encoder failed.
    #[error("{format} could not be encoded ({why}); choose another format")]
    Encoder {
        /// The format.
        format: Format,
        /// What the encoder says.
        why: String,
    },
}

impl Problem {
    /// An encoder's words become part of one line.
    pub(super) fn encoder(format: Format, why: impl fmt::Display) -> Self {
        Self::Encoder {
            format,
            why: why.to_string().replace(['\n', '\r'], " "),
        }
    }
}
