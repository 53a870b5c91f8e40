//! Opening photos: from files, from bytes, from the clipboard, and the sample. All of it happens in jobs.

use std::{fs, path::Path};

use super::{photo::OpenPhoto, project, state::Source, tasks::Failure};
use crate::{
    imaging::{Format, Mask, Metadata, Photo, Samples, read},
    jobs::JobProgress,
    progress::Progress as _,
};

const SAMPLE_PHOTO: &[u8] = include_bytes!("../../assets/sample/photo.jpg");
const SAMPLE_MASK: &[u8] = include_bytes!("../../assets/sample/mask.png");

impl Source {
    /// As a person would name it.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Path(path) => name_of(path),
            Self::Clipboard | Self::Kept(_) => "Pasted picture".to_owned(),
            Self::Sample => "Sample".to_owned(),
        }
    }

    /// The file that it comes from, if that can be read.
    pub(super) fn file(&self) -> Option<Vec<u8>> {
        match self {
            Self::Path(path) | Self::Kept(path) => fs::read(path).ok(),
            Self::Clipboard => None,
            Self::Sample => Some(SAMPLE_PHOTO.to_vec()),
        }
    }

    /// Reads the photo.
    pub(super) fn read(self, progress: &JobProgress) -> Result<Box<OpenPhoto>, Failure> {
        let stop = |_| "cancelled".to_owned();
        progress.stage("Reading").map_err(stop)?;
        let read = |path: &Path| read::photo(path).map_err(|error| error.problem.to_string());
        let open = match self {
            Self::Path(path) => {
                // Relative paths stop being right when the folder changes.
                let path = fs::canonicalize(&path).unwrap_or(path);
                if project::is_project(&path) {
                    project::open(path)?
                } else {
                    OpenPhoto::new(read(&path)?, Self::Path(path), None)
                }
            }
            Self::Clipboard => {
                let photo = Photo {
                    pixels: super::clipboard::picture()?,
                    metadata: Metadata::default(),
                    format: Format::Png,
                };
                OpenPhoto::new(photo, Self::Clipboard, None)
            }
            Self::Kept(path) => OpenPhoto::new(read(&path)?, Self::Kept(path), None),
            Self::Sample => sample()?,
        };
        progress.step(1, 1).map_err(stop)?;
        Ok(Box::new(open))
    }
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

fn from_bytes(bytes: &[u8]) -> Result<Photo, Failure> {
    read::photo_from_bytes(bytes).map_err(|error| error.problem.to_string())
}

fn sample() -> Result<OpenPhoto, Failure> {
    let (photo, mask) = (from_bytes(SAMPLE_PHOTO)?, from_bytes(SAMPLE_MASK)?.pixels);
    let per_pixel = mask.channels().count();
    let coverage = match mask.samples() {
        Samples::U8(samples) => samples.iter().step_by(per_pixel).copied().collect(),
        Samples::U16(samples) => samples
            .iter()
            .step_by(per_pixel)
            .map(|sample| (sample >> 8) as u8)
            .collect(),
    };
    let mask = Mask::new(mask.width(), mask.height(), coverage);
    Ok(OpenPhoto::new(photo, Source::Sample, mask))
}
