//! A project: a photo with the work on it in one file, so that it can be moved, kept and gone on with.

use std::path::{Path, PathBuf};

use super::{
    Record, RecordError,
    file::{Draft, File},
};

/// Names the kind of file and its layout.
const FORMAT: &str = "lacuna-project-1";
/// The tensor with the photo's file.
const PHOTO: &str = "photo";
/// The key in the metadata of the path that the photo's file had, null where it had none that is Unicode.
const ORIGINAL: &str = "original";

/// A photo with the work on it.
#[derive(Debug, Clone)]
pub struct Project {
    /// What was done to the photo.
    pub record: Record,
    /// The photo's file, byte for byte.
    pub photo: Vec<u8>,
    /// Where that file was, if it was one. Exports must not replace it.
    pub original: Option<PathBuf>,
}

impl Project {
    /// As a file. It takes long where much was removed.
    pub fn into_bytes(self) -> Result<Vec<u8>, RecordError> {
        let mut draft = Draft::of(self.record)?;
        draft.note(ORIGINAL, &self.original.as_deref().and_then(Path::to_str))?;
        draft.add(PHOTO, self.photo);
        draft.into_bytes(FORMAT)
    }

    /// From a file, with all that it says checked, but for the photo, which has its own reader.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        let file = open(bytes)?;
        Ok(Self {
            record: file.record()?,
            photo: file.bytes(PHOTO)?.to_vec(),
            original: file.noted::<Option<PathBuf>>(ORIGINAL)?,
        })
    }

    /// The photo's file alone.
    pub fn photo_in(bytes: &[u8]) -> Result<Vec<u8>, RecordError> {
        Ok(open(bytes)?.bytes(PHOTO)?.to_vec())
    }
}

fn open(bytes: &[u8]) -> Result<File<'_>, RecordError> {
    File::read(bytes, FORMAT, "it is no project of this program")
}
