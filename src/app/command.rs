//! What panels, menus and keys ask the window to do. One function executes it: [`App::run_command`].
//!
//! [`App::run_command`]: super::App::run_command

use std::path::PathBuf;

use super::{
    action::Action,
    canvas::{CanvasEvent, ToolState},
    export::Plan,
    purpose::Purpose,
    state::{Dialog, Renaming},
    train::Request,
};
use crate::{
    document::{Removal, Target},
    imaging::Rect,
    inpaint,
    nn::DeviceChoice,
    settings::{Brush, Overlay, Wand},
};

/// Something to do, with all that it needs.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Command {
    /// Something from the menus.
    Act(Action),
    /// What the person did on the canvas, and with which tool.
    Canvas(ToolState, CanvasEvent),
    /// What lies over the window, as it is now that something was typed or chosen in it.
    SetDialog(Dialog),
    /// The name that is being typed.
    SetRenaming(Option<Renaming>),
    /// Bring this part of the photo into view.
    LookAt(Rect),
    /// Width of the panels on the right, in points.
    SetPanelWidth(f32),
    /// Open this photo.
    OpenPath(PathBuf),
    /// Fill what is masked, whatever is shown.
    Fill,
    /// Take one of the two masks from this file.
    OpenMaskPath(Target, PathBuf),
    /// Write one of the two masks to this file, and say whether another may be replaced.
    SaveMaskPath(Target, PathBuf, bool),
    /// Write the project to this file, and say whether another may be replaced.
    SaveProjectPath(PathBuf, bool),
    /// What to do with work that was not exported.
    Answer(Answer),
    /// Write the result like this.
    Write(Plan),
    /// Do not write after all what waits for a change of the document.
    TakeExportBack,
    /// Take the file that was typed.
    ChoosePath(Purpose, PathBuf),
    /// Choose the place of the export in the system's dialog.
    BrowseExport,
    /// Choose weights in the system's dialog.
    BrowseWeights,
    /// Change size and edge of brush and eraser.
    SetBrush(Brush),
    /// Change what the magic wand takes for similar.
    SetWand(Wand),
    /// Change how the mask shows.
    SetOverlay(Overlay),
    /// Change how fills are made.
    SetFill(inpaint::Options),
    /// Run the network there.
    SetDevice(DeviceChoice),
    /// Use these weights, or those in the binary.
    SetWeights(Option<PathBuf>),
    /// Show or hide a removal.
    SetVisible(u64, bool),
    /// Rename a removal.
    Rename(u64, String),
    /// Delete a removal.
    Delete(u64),
    /// Mask the hole of a removal again, to correct it and fill it anew.
    SelectMask(u64),
    /// Make a removal again in another way.
    TryAgain(u64),
    /// Make a removal again with the options as they are in the panel now.
    RunAgain(u64),
    /// Take this candidate of the last fill.
    Choose(usize),
    /// Go to this place in the history.
    JumpTo(usize),
    /// Add a finished fill although things have changed, or let it go.
    Offer { accept: bool },
    /// Take a notice away.
    Dismiss(u64),
    /// Close what lies over the window.
    CloseDialog,
    /// Something about training.
    Train(Request),
}

/// What to do with work that was not exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// Export first.
    Export,
    /// Save the project first.
    SaveProject,
    /// Save this one of the two masks first.
    SaveMask(Target),
    /// Go on and lose it.
    Discard,
    /// Stay.
    Stay,
}

impl From<Action> for Command {
    fn from(action: Action) -> Self {
        Self::Act(action)
    }
}

impl From<Request> for Command {
    fn from(request: Request) -> Self {
        Self::Train(request)
    }
}

impl Command {
    /// Shows what is hidden and the other way round.
    pub(super) const fn toggle(removal: &Removal) -> Self {
        Self::SetVisible(removal.id, !removal.visible)
    }

    /// Whether it reads or changes the document.
    pub(super) const fn is_about_the_document(&self) -> bool {
        match self {
            Self::Act(action) => action.is_about_the_document(),
            Self::Canvas(_, CanvasEvent::ScaleBrush(_)) => false,
            Self::Canvas(..)
            | Self::Answer(_)
            | Self::OpenPath(_)
            | Self::Fill
            | Self::SaveMaskPath(..)
            | Self::SaveProjectPath(..)
            | Self::Write(_)
            | Self::SetVisible(..)
            | Self::Rename(..)
            | Self::Delete(_)
            | Self::SelectMask(_)
            | Self::TryAgain(_)
            | Self::RunAgain(_)
            | Self::Choose(_)
            | Self::JumpTo(_)
            | Self::Offer { .. } => true,
            _ => false,
        }
    }
}
