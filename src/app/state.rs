//! What the window knows beside the photo: the tool, what is open over it, the network.

use std::{path::PathBuf, sync::Arc};

use eframe::egui::TextureHandle;
use serde::{Deserialize, Serialize};

use super::{
    canvas::Tool,
    export,
    photo::OpenPhoto,
    purpose::Purpose,
    tasks::Filled,
    train::{NameForm, OwnWeights},
};
use crate::{
    document::Stale,
    imaging::Patch,
    nn::Network,
    settings::{Place, Weights},
};

/// How the window starts.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// The photo to open. Without one the sample opens.
    pub photo: Option<PathBuf>,
    /// Opens nothing at all, not even the sample.
    pub empty: bool,
    /// The file with the preferences. Without one nothing is remembered.
    pub settings: Option<PathBuf>,
    /// Weights for this session, in place of those in the settings.
    pub weights: Option<PathBuf>,
    /// The device for this session, in place of that in the settings.
    pub device: Option<crate::nn::DeviceChoice>,
    /// Where training keeps what it makes. Without one every run needs an output folder of its own.
    pub library: Option<PathBuf>,
    /// Where work that was not exported is kept. Without one a crash loses it.
    pub journal: Option<PathBuf>,
    /// Whether the desktop's own windows may open, such as its file dialogs. Without them paths are typed.
    pub desktop: bool,
}

/// The network, which is loaded in the background.
pub(super) enum Engine {
    /// On its way.
    Loading,
    /// Ready.
    Ready(Arc<Network>),
    /// Not to be had, and why.
    Failed(String),
}

/// What a person was about to do when unsaved work stood in the way.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Intent {
    /// Open something else.
    Open(Source),
    /// Show the photo of this name, which was read while new work was done.
    Show(String),
    /// Close the window.
    Close,
}

/// Where a photo comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Source {
    Path(PathBuf),
    Clipboard,
    Sample,
    /// A pasted picture that the journal kept there.
    Kept(PathBuf),
}

/// What lies over the window.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Dialog {
    #[default]
    None,
    Palette(Palette),
    Shortcuts,
    Settings,
    Export(export::Form),
    Unsaved(Intent),
    /// The window was to close while training runs.
    CloseTraining,
    RenameWeights(NameForm),
    /// Whether these are to be deleted.
    DeleteWeights(OwnWeights),
    /// A path to type, where the system has no file dialog.
    Path(PathForm),
}

impl Dialog {
    /// Whether it is about the photo that is open, so that it closes when another takes its place.
    pub(super) const fn is_about_the_photo(&self) -> bool {
        match self {
            Self::Export(_) | Self::Unsaved(_) => true,
            Self::Path(form) => form.purpose.is_about_the_photo(),
            _ => false,
        }
    }
}

/// A path being typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PathForm {
    pub(super) purpose: Purpose,
    pub(super) text: String,
}

/// The command palette while it is open.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Palette {
    pub(super) query: String,
    pub(super) selected: usize,
}

/// A finished fill that no longer fits.
pub(super) struct Offer {
    pub(super) filled: Filled,
    pub(super) why: Stale,
}

/// Several fills of one removal, of which one is in the photo.
pub(super) struct Choice {
    /// The removal that they are candidates for.
    pub(super) removal: u64,
    /// The best first: patches, the recipe to be kept with them, and how they look.
    pub(super) candidates: Vec<Choosable>,
}

/// One of several fills.
pub(super) struct Choosable {
    pub(super) patches: Arc<[Patch]>,
    pub(super) recipe: String,
    pub(super) score: f32,
    pub(super) thumbnail: TextureHandle,
}

/// Which weights were chosen at a time.
#[derive(Debug, Clone)]
pub(super) struct WeightsThen {
    /// Those in the settings.
    pub(super) kept: Option<PathBuf>,
    /// Those before them.
    pub(super) before: Option<Weights>,
    /// In place of those in the settings, for the session.
    pub(super) session: Option<PathBuf>,
}

/// A removal whose name is being typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Renaming {
    pub(super) id: u64,
    pub(super) text: String,
    pub(super) has_begun: bool,
}

/// All of it.
pub(super) struct State {
    pub(super) tool: Tool,
    /// It marks what nothing is to be copied from, not what should go.
    pub(super) keeps_out: bool,
    /// The original is shown until this is switched off.
    pub(super) shows_before: bool,
    pub(super) dialog: Dialog,
    pub(super) engine: Engine,
    /// The weights were just chosen and have not been loaded yet: what was before, to go back to.
    pub(super) weights_then: Option<WeightsThen>,
    /// A fill was asked for while the network was loading.
    pub(super) fill_when_ready: bool,
    /// The stroke that is being drawn marks what should go.
    pub(super) is_marking: bool,
    /// Something was marked while a fill ran, and is to be filled by itself.
    pub(super) fills_again: bool,
    /// The photo's name as it is being opened.
    pub(super) opening_name: String,
    pub(super) renaming: Option<Renaming>,
    pub(super) offer: Option<Offer>,
    /// The candidates of the last fill.
    pub(super) choice: Option<Choice>,
    /// Where candidates differ is shown.
    pub(super) shows_uncertainty: bool,
    /// Where to go on after the export that was asked for.
    pub(super) after_export: Option<Intent>,
    /// The state of the document that may be lost to the photo that is being opened.
    pub(super) given_up: Option<u64>,
    /// What was opened and waits until a person has said what to do with the work on the photo before.
    pub(super) arrived: Option<Box<OpenPhoto>>,
    /// The person agreed to close.
    pub(super) may_close: bool,
    /// The window closes as soon as the files that are being written are, and the document is changed.
    pub(super) closes_when_written: bool,
    /// The window's title.
    pub(super) title: String,
    /// Where the window is, and whether it was brought there.
    pub(super) place: Option<Place>,
    pub(super) has_place: bool,
}

impl State {
    pub(super) const fn new() -> Self {
        Self {
            tool: Tool::Brush,
            keeps_out: false,
            shows_before: false,
            dialog: Dialog::None,
            engine: Engine::Loading,
            weights_then: None,
            fill_when_ready: false,
            is_marking: false,
            fills_again: false,
            opening_name: String::new(),
            renaming: None,
            offer: None,
            choice: None,
            shows_uncertainty: false,
            after_export: None,
            given_up: None,
            arrived: None,
            may_close: false,
            closes_when_written: false,
            title: String::new(),
            place: None,
            has_place: false,
        }
    }
}
