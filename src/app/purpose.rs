//! What a path is asked for, in a dialog of the system or a field to type it into: its title, the files that it offers,
//! and what follows from the answer.

use super::project;
use crate::document::Target;

/// The endings of pictures that can be read.
const PICTURES: &[&str] = &["jpg", "jpeg", "png", "tif", "tiff", "webp"];

/// What a path is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Photo,
    /// To take one of the two masks from.
    Mask(Target),
    /// To write one of the two masks to.
    SaveMask(Target),
    /// To write the photo with the work on it to.
    SaveProject,
    Export,
    Weights,
    /// The photos to learn from.
    TrainPhotos,
    /// Where training puts its results.
    TrainOut,
    /// What training starts from.
    TrainStart,
    /// Mask files to take holes from.
    TrainHoles,
    /// The feature network of the losses.
    TrainFeatures,
}

impl Purpose {
    /// As the dialog's title.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Photo => "Open photo",
            Self::Mask(Target::Remove) => "Open mask",
            Self::Mask(Target::KeepOut) => "Open keep-out area",
            Self::SaveMask(Target::Remove) => "Save mask",
            Self::SaveMask(Target::KeepOut) => "Save keep-out area",
            Self::SaveProject => "Save project",
            Self::Export => "Export",
            Self::Weights => "Weights",
            Self::TrainPhotos => "Folder with photos to learn from",
            Self::TrainOut => "Folder for the results",
            Self::TrainStart => "Weights to start from",
            Self::TrainHoles => "Folder with masks",
            Self::TrainFeatures => "Feature network",
        }
    }

    /// As the button that goes on.
    pub(super) const fn verb(self) -> &'static str {
        match self {
            Self::SaveMask(_) | Self::SaveProject | Self::Export => "Save",
            Self::Photo | Self::Mask(_) | Self::Weights => "Open",
            _ => "Choose",
        }
    }

    /// The endings that files for it have, and what those are called. None where any file may do.
    pub(super) fn endings(self) -> Option<(&'static str, Vec<&'static str>)> {
        match self {
            Self::Photo => Some(("Photos and projects", [PICTURES, &[project::ENDING]].concat())),
            Self::Mask(_) => Some(("Pictures", PICTURES.to_vec())),
            Self::SaveMask(_) => Some(("PNG", vec!["png"])),
            Self::SaveProject => Some(("Lacuna projects", vec![project::ENDING])),
            Self::Weights | Self::TrainStart | Self::TrainFeatures => Some(("Weights", vec!["safetensors"])),
            Self::Export | Self::TrainPhotos | Self::TrainOut | Self::TrainHoles => None,
        }
    }

    /// Whether a picture is read.
    pub(super) const fn is_picture(self) -> bool {
        matches!(self, Self::Photo | Self::Mask(_))
    }

    /// Whether the answer says nothing of another photo.
    pub(super) const fn is_about_the_photo(self) -> bool {
        matches!(
            self,
            Self::Mask(_) | Self::SaveMask(_) | Self::SaveProject | Self::Export
        )
    }

    /// Whether one of the two masks or a project is written.
    pub(super) const fn is_to_save(self) -> bool {
        matches!(self, Self::SaveMask(_) | Self::SaveProject)
    }

    /// Whether a folder is wanted.
    pub(super) const fn is_folder(self) -> bool {
        matches!(self, Self::TrainPhotos | Self::TrainOut | Self::TrainHoles)
    }
}
