//! The photo that is open: its document and all that belongs to its file.

use std::{
    cell::Cell,
    path::{Path, PathBuf},
    sync::Arc,
};

use moxcms::{ColorProfile, ProfileText};

use super::{
    canvas::Scene,
    export::Plan,
    journal::PutBack,
    project::{self, OpenProject},
    state::Source,
};
use crate::{
    document::{Document, Part, Target},
    imaging::{Format, Mask, Metadata, Photo, color::DisplayTransform},
};

/// A photo with its document.
pub(super) struct OpenPhoto {
    pub(super) document: Document,
    pub(super) metadata: Arc<Metadata>,
    pub(super) format: Format,
    /// Where it came from.
    pub(super) source: Source,
    /// Its file, if it came from one.
    pub(super) path: Option<PathBuf>,
    /// As title and status name it.
    pub(super) name: String,
    /// The project that it was opened from or saved as.
    pub(super) project: Option<OpenProject>,
    /// Where the result was written, so that it can be written there again.
    pub(super) exported: Option<Plan>,
    /// The states of the result and of the two masks that are safe in a file.
    pub(super) saved_result: u64,
    pub(super) saved_mask: u64,
    pub(super) saved_keep_out: u64,
    /// What came of work on it that an earlier window left.
    pub(super) put_back: Option<PutBack>,
    painted: Cell<Painted>,
    colors: DisplayTransform,
    profile_name: String,
}

/// Work that somebody would miss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unsaved {
    /// The project lacks the latest of it.
    Project,
    /// This is in no file.
    Part(Part),
}

/// Whether anything is painted, as of a version of the document. A look over a large area takes a millisecond or two, so
/// that it is not taken in every frame.
#[derive(Debug, Clone, Copy, Default)]
struct Painted {
    version: Option<u64>,
    has_mask: bool,
    has_keep_out: bool,
}

impl OpenPhoto {
    /// Takes a photo that was read, with a mask if one came along.
    pub(super) fn new(photo: Photo, source: Source, mask: Option<Mask>) -> Self {
        let colors = DisplayTransform::new(photo.metadata.icc.as_deref(), photo.pixels.channels());
        let profile_name = profile_name(photo.metadata.icc.as_deref());
        let pixels = Arc::new(photo.pixels);
        let masked = mask.and_then(|mask| Document::with_mask(Arc::clone(&pixels), mask));
        Self {
            document: masked.unwrap_or_else(|| Document::new(pixels)),
            metadata: Arc::new(photo.metadata),
            format: photo.format,
            path: match &source {
                Source::Path(path) => Some(path.clone()),
                _ => None,
            },
            name: source.name(),
            source,
            project: None,
            exported: None,
            saved_result: 0,
            saved_mask: 0,
            saved_keep_out: 0,
            put_back: None,
            painted: Cell::default(),
            colors,
            profile_name,
        }
    }

    /// What a person should know about how it was read and how it is shown.
    pub(super) fn notices(&self) -> impl Iterator<Item = &str> {
        let read = self.metadata.notices.iter().map(String::as_str);
        read.chain(self.colors.notice())
    }

    /// For the canvas.
    pub(super) fn scene(&self) -> Scene<'_> {
        Scene {
            original: self.document.original(),
            result: self.document.result(),
            mask: self.document.mask(),
            colors: &self.colors,
        }
    }

    /// How its samples become the colours of the screen.
    pub(super) const fn colors(&self) -> &DisplayTransform {
        &self.colors
    }

    /// Whether there is work that somebody would miss.
    pub(super) fn has_unsaved_work(&self) -> bool {
        self.unsaved().is_some()
    }

    /// What somebody would miss: of a project any change, else what matters most first: removals that were not exported,
    /// then a mask or a keep-out area that was not saved.
    pub(super) fn unsaved(&self) -> Option<Unsaved> {
        if let Some(project) = &self.project {
            let is_saved = !self.document.is_stroking() && self.document.state() == project.state;
            return (!is_saved).then_some(Unsaved::Project);
        }
        let parts = [Part::Result, Part::Mask, Part::KeepOut];
        let part = parts.into_iter().find(|part| self.is_unsaved(*part));
        part.map(Unsaved::Part)
    }

    fn is_unsaved(&self, part: Part) -> bool {
        let is_changed = |saved| self.document.state_of(part) != saved;
        match part {
            Part::Result => !self.document.removals().is_empty() && is_changed(self.saved_result),
            Part::Mask => self.document.is_stroking() || is_changed(self.saved_mask) && self.has_mask(),
            Part::KeepOut => is_changed(self.saved_keep_out) && self.has_keep_out(),
        }
    }

    /// Whether there is work that a crash must not take: a mask and a keep-out area come back even where nobody is asked
    /// about them because they are in a file.
    pub(super) fn has_work_to_keep(&self) -> bool {
        let is_new = |part| self.document.state_of(part) != 0;
        let has_mask = || is_new(Part::Mask) && self.has_mask();
        let has_keep_out = || is_new(Part::KeepOut) && self.has_keep_out();
        self.has_unsaved_work() || self.project.is_none() && (has_mask() || has_keep_out())
    }

    /// The state of one of the two masks that is safe in a file.
    pub(super) const fn saved_mut(&mut self, target: Target) -> &mut u64 {
        match target {
            Target::Remove => &mut self.saved_mask,
            Target::KeepOut => &mut self.saved_keep_out,
        }
    }

    /// Whether anything is painted on this one of the two masks.
    pub(super) fn has(&self, target: Target) -> bool {
        match target {
            Target::Remove => self.has_mask(),
            Target::KeepOut => self.has_keep_out(),
        }
    }

    /// Whether anything is masked. While a stroke is drawn, something is.
    pub(super) fn has_mask(&self) -> bool {
        self.document.is_stroking() || self.painted().has_mask
    }

    fn has_keep_out(&self) -> bool {
        self.painted().has_keep_out
    }

    fn painted(&self) -> Painted {
        let (known, document) = (self.painted.get(), &self.document);
        if known.version == Some(document.version()) {
            return known;
        }
        let painted = Painted {
            version: Some(document.version()),
            has_mask: document.has_mask(),
            has_keep_out: document.has_keep_out(),
        };
        self.painted.set(painted);
        painted
    }

    /// "6000 × 4000".
    pub(super) fn size_text(&self) -> String {
        let bounds = self.document.bounds();
        format!("{} × {}", bounds.width, bounds.height)
    }

    /// "RGB 8 bit".
    pub(super) fn kind_text(&self) -> String {
        use crate::imaging::Channels;
        let original = self.document.original();
        let channels = match original.channels() {
            Channels::Gray => "Grey",
            Channels::GrayAlpha => "Grey + alpha",
            Channels::Rgb => "RGB",
            Channels::Rgba => "RGB + alpha",
        };
        format!("{channels} {} bit", original.bit_depth())
    }

    /// What its colours mean, by the name of its ICC profile.
    pub(super) fn profile_text(&self) -> &str {
        &self.profile_name
    }

    /// Beside the photo: `stem-edited.ending`.
    ///
    /// In the person's pictures where the photo has no file.
    pub(super) fn suggested_path(&self, format: Format) -> PathBuf {
        self.beside(&format!("-edited.{}", format.extension()))
    }

    /// Where one of the two masks goes if nobody says otherwise: where `lacuna batch` looks for it.
    pub(super) fn suggested_mask_path(&self, target: Target) -> PathBuf {
        self.beside(match target {
            Target::Remove => "-mask.png",
            Target::KeepOut => "-keep-out.png",
        })
    }

    /// Where the project goes if nobody says otherwise: where it is, else beside the photo.
    pub(super) fn suggested_project_path(&self) -> PathBuf {
        let saved = self.project.as_ref().map(|project| project.path.clone());
        saved.unwrap_or_else(|| self.beside(&format!(".{}", project::ENDING)))
    }

    /// The photo's name with another ending, in the photo's folder.
    fn beside(&self, ending: &str) -> PathBuf {
        let named = self
            .path
            .clone()
            .unwrap_or_else(|| usual_folder().join(&self.name));
        let stem = named
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let stem = if stem.is_empty() { "photo".to_owned() } else { stem };
        let folder = named.parent().unwrap_or(Path::new(""));
        folder.join(format!("{stem}{ending}"))
    }
}

fn usual_folder() -> PathBuf {
    let folders = directories::UserDirs::new();
    let folder = folders.map(|folders| folders.picture_dir().unwrap_or(folders.home_dir()).to_owned());
    folder.unwrap_or_default()
}

/// "Display P3"; "No profile" where there is none, "ICC profile" where it says no name.
fn profile_name(icc: Option<&[u8]>) -> String {
    let Some(icc) = icc else {
        return "No profile".to_owned();
    };
    let description = ColorProfile::new_from_slice(icc)
        .ok()
        .and_then(|profile| profile.description);
    let name = description.and_then(|text| match text {
        ProfileText::PlainString(name) => Some(name),
        ProfileText::Localizable(names) => names.into_iter().next().map(|name| name.value),
        ProfileText::Description(names) => Some(names.ascii_string),
    });
    let name = name.map(|name| name.trim_matches(['\0', ' ']).to_owned());
    name.filter(|name| !name.is_empty())
        .unwrap_or_else(|| "ICC profile".to_owned())
}
