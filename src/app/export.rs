//! Exports: what is to be written, what the choice loses, and the dialog's fields.

use std::path::{Path, PathBuf};

use clap::ValueEnum as _;

use super::photo::OpenPhoto;
use crate::{
    imaging::{Format, MetadataPolicy, Pixels, write},
    settings,
};

/// An export with all its choices.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    pub(super) path: PathBuf,
    pub(super) format: Format,
    pub(super) options: write::Options,
    /// Whether a file at that place may be replaced.
    pub(super) overwrite: bool,
}

/// What the export dialog holds while it is open.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Form {
    /// The file's name, as typed.
    pub(super) name: String,
    /// Its folder, as typed.
    pub(super) folder: String,
    pub(super) format: Format,
    pub(super) quality: u8,
    pub(super) bit_depth: u8,
    pub(super) metadata: MetadataPolicy,
    /// There is a file at this path already.
    pub(super) exists: bool,
    /// Why this very export failed when it was tried.
    pub(super) failure: Option<String>,
    /// The system's dialog was given this path, and asks by itself about a file that is there.
    pub(super) may_replace: bool,
    original: Option<PathBuf>,
}

impl Form {
    /// The choices of last time, for this photo.
    pub(super) fn new(photo: &OpenPhoto, saved: &settings::Export) -> Self {
        let format = photo.exported.as_ref().map_or(photo.format, |plan| plan.format);
        let path = match &photo.exported {
            Some(plan) => plan.path.clone(),
            None => photo.suggested_path(format),
        };
        Self {
            name: name_text(&path),
            folder: folder_text(&path),
            format,
            quality: saved.quality,
            bit_depth: photo.document.original().bit_depth(),
            metadata: MetadataPolicy::from_str(&saved.metadata, true).unwrap_or_default(),
            exists: false,
            failure: None,
            may_replace: false,
            original: photo.path.clone(),
        }
    }

    /// The choices of a plan that failed: for another name, place or format.
    pub(super) fn of_failed(photo: &OpenPhoto, saved: &settings::Export, plan: &Plan) -> Self {
        let mut form = Self::new(photo, saved);
        form.set_path(&plan.path);
        form.bit_depth = plan.options.bit_depth.unwrap_or(form.bit_depth);
        form
    }

    /// What was found out about a place says nothing of another.
    fn forget_place(&mut self) {
        self.exists = false;
        self.failure = None;
        self.may_replace = false;
    }

    /// Takes another format and lets the name follow.
    pub(super) fn set_format(&mut self, format: Format) {
        self.format = format;
        let name = with_ending(Path::new(self.name.trim()), format);
        self.name = name.display().to_string();
        self.forget_place();
    }

    /// Takes another name and lets the format follow its ending.
    pub(super) fn set_name(&mut self, name: String) {
        if let Some(format) = Format::from_path(Path::new(name.trim())) {
            self.format = format;
        }
        self.name = name;
        self.forget_place();
    }

    /// Takes another folder.
    pub(super) fn set_folder(&mut self, folder: String) {
        self.folder = folder;
        self.forget_place();
    }

    /// Takes another place and lets the format follow its ending.
    pub(super) fn set_path(&mut self, path: &Path) {
        self.set_folder(folder_text(path));
        self.set_name(name_text(path));
    }

    /// Where to write.
    pub(super) fn path(&self) -> PathBuf {
        Path::new(self.folder.trim()).join(self.name.trim())
    }

    /// What is wrong with the fields, if anything is.
    pub(super) fn problem(&self) -> Option<&'static str> {
        if self.name.trim().is_empty() {
            return Some("Type a file name");
        }
        if Format::from_path(Path::new(self.name.trim())) != Some(self.format) {
            return Some("The name's ending does not fit the format");
        }
        let is_original = self.original.as_deref() == Some(self.path().as_path());
        is_original.then_some("This is the original, which is never written over")
    }

    /// The export that the fields describe.
    pub(super) fn plan(&self) -> Plan {
        let deep = self.bit_depth == 16 && self.format.supports_16_bit();
        Plan {
            path: self.path(),
            format: self.format,
            options: write::Options {
                quality: self.quality,
                bit_depth: Some(if deep { 16 } else { 8 }),
                metadata: self.metadata,
                original: self.original.clone(),
            },
            overwrite: self.exists || self.may_replace,
        }
    }

    /// For the next time.
    pub(super) fn to_settings(&self) -> settings::Export {
        settings::Export {
            quality: self.quality,
            metadata: name_of(self.metadata),
        }
    }

    /// What a person loses with these choices, in plain sentences.
    pub(super) fn loss(&self, pixels: &Pixels) -> String {
        let mut losses = Vec::new();
        if !self.format.is_lossless() {
            losses.push("JPEG compresses: every pixel may change a little, outside the removals too.");
        }
        let writes_16_bit = self.bit_depth == 16 && self.format.supports_16_bit();
        if pixels.bit_depth() == 16 && !writes_16_bit {
            losses.push("Tones are rounded from 16 to 8 bit.");
        }
        if pixels.channels().has_alpha() && !self.format.supports_alpha() {
            losses.push("Transparency is lost.");
        }
        if losses.is_empty() {
            losses.push("No pixel is lost: outside the removals every sample is the original's.");
        }
        losses.join(" ")
    }

    /// What becomes of the metadata, in a plain sentence.
    pub(super) const fn metadata_text(&self) -> &'static str {
        match self.metadata {
            MetadataPolicy::Keep => "EXIF, XMP and location go along.",
            MetadataPolicy::NoLocation => "EXIF, XMP and IPTC go along, without the location.",
            MetadataPolicy::Strip => "Only the colour profile goes along.",
        }
    }
}

/// The path with the ending of this format, in place of that of another. Other dots are part of the name.
pub(super) fn with_ending(path: &Path, format: Format) -> PathBuf {
    match Format::from_path(path) {
        Some(now) if now == format => path.to_owned(),
        Some(_) => path.with_extension(format.extension()),
        None => {
            let mut name = path.as_os_str().to_owned();
            name.push(format!(".{}", format.extension()));
            name.into()
        }
    }
}

fn name_text(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn folder_text(path: &Path) -> String {
    path.parent().unwrap_or(Path::new("")).display().to_string()
}

fn name_of(policy: MetadataPolicy) -> String {
    let value = policy.to_possible_value();
    value.map(|value| value.get_name().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{Form, with_ending};
    use crate::{
        app::{photo::OpenPhoto, state::Source},
        imaging::{Channels, Format, Metadata, Photo, Pixels, Samples},
        settings,
    };

    fn form() -> (Form, OpenPhoto) {
        let samples = Samples::U16(vec![0; 16]);
        let photo = Photo {
            pixels: Pixels::new(2, 2, Channels::Rgba, samples).unwrap(),
            metadata: Metadata::default(),
            format: Format::Tiff,
        };
        let path = PathBuf::from("/photos/IMG 1.tif");
        let open = OpenPhoto::new(photo, Source::Path(path), None);
        (Form::new(&open, &settings::Export::default()), open)
    }

    #[test]
    fn the_suggestion_lies_beside_the_original_and_keeps_all_there_is() {
        let (form, open) = form();
        assert_eq!(form.path(), PathBuf::from("/photos/IMG 1-edited.tif"));
        assert_eq!(form.plan().options.bit_depth, Some(16));
        assert!(
            form.loss(open.document.original())
                .starts_with("No pixel is lost"),
            "TIFF holds it all"
        );
    }

    #[test]
    fn name_and_format_follow_each_other() {
        let (mut form, open) = form();
        form.set_format(Format::Jpeg);
        assert_eq!(form.path(), PathBuf::from("/photos/IMG 1-edited.jpg"));
        let loss = form.loss(open.document.original());
        for what in ["compresses", "16 to 8", "Transparency"] {
            assert!(loss.contains(what), "{loss}");
        }
        form.set_name("y.PNG".to_owned());
        assert_eq!((form.format, form.problem()), (Format::Png, None));
        form.set_name("y.gif".to_owned());
        assert!(form.problem().is_some(), "no such format");
    }

    #[test]
    fn a_name_with_dots_is_completed_and_not_cut() {
        let with = |name: &str, format| with_ending(Path::new(name), format).display().to_string();
        assert_eq!(with("2024.05.01 mask", Format::Png), "2024.05.01 mask.png");
        assert_eq!(with("lake.PNG", Format::Png), "lake.PNG");
        assert_eq!(with("lake.v2.tif", Format::Jpeg), "lake.v2.jpg");
        let (mut form, _) = form();
        form.set_name("2024.05.01 lake".to_owned());
        form.set_format(Format::Png);
        assert_eq!(form.name, "2024.05.01 lake.png");
    }

    #[test]
    fn a_place_that_the_systems_dialog_gave_may_be_written_over_and_no_other() {
        let (mut form, _) = form();
        form.set_path(Path::new("/photos/there.tif"));
        form.may_replace = true;
        assert!(form.plan().overwrite, "it was asked about");
        form.set_name("other.tif".to_owned());
        assert!(!form.plan().overwrite, "this one was not");
    }

    #[test]
    fn the_original_is_refused() {
        let (mut form, _) = form();
        form.set_name("IMG 1.tif".to_owned());
        assert!(
            form.problem().is_some_and(|problem| problem.contains("original")),
            "never over it"
        );
    }
}
