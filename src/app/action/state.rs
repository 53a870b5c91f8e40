//! When an action can be chosen, what it has switched on, and what it is about.

use super::{Action, Menu};
use crate::app::{
    App,
    canvas::{Compare, Tool},
    train::{
        Tab,
        run::{Activity, Run},
    },
};

impl App {
    /// Whether an action would do anything now.
    pub(in crate::app) fn can(&self, action: Action) -> bool {
        if action == Action::Cancel {
            return self.can_cancel();
        }
        if let Some(can) = self.can_train(action) {
            return can;
        }
        let Some(photo) = &self.photo else {
            return !action.needs_photo();
        };
        let document = &photo.document;
        match action {
            Action::Undo => {
                let has_step = document.position() > 0 || document.is_stroking();
                has_step || self.canvas.is_outlining() || self.tasks.aside.is_some()
            }
            Action::Redo => document.position() < document.steps().len() || self.tasks.aside.is_some(),
            Action::Fill => self.tasks.fill.is_none(),
            Action::TryAgain => self.tasks.fill.is_none() && !document.removals().is_empty(),
            Action::NextCandidate | Action::PreviousCandidate | Action::ToggleUncertainty => {
                self.chosen().is_some()
            }
            Action::ClearKeepOut => document.keep_out().is_some(),
            Action::CopyResult => self.tasks.copying.is_none(),
            _ => true,
        }
    }

    /// Whether anything runs that can be stopped or lies over the photo.
    fn can_cancel(&self) -> bool {
        let runs = self.tasks.foremost().is_some_and(|running| running.can_cancel);
        self.is_outlining() || runs || self.state.fill_when_ready || self.state.shows_before
    }

    /// Whether something is being outlined, in sight.
    pub(in crate::app) fn is_outlining(&self) -> bool {
        self.training.tab == Tab::Edit && self.canvas.is_outlining()
    }

    /// The same for actions about training; `None` for others.
    fn can_train(&self, action: Action) -> Option<bool> {
        let run = self.training.run.as_ref();
        match action {
            Action::EditTab | Action::TrainTab | Action::TrainPhotos => Some(true),
            Action::StartTraining => Some(self.tasks.training.is_none()),
            Action::StopTraining => Some(run.is_some_and(Run::can_stop)),
            Action::PauseTraining | Action::SaveTraining | Action::SampleTraining => {
                Some(run.is_some_and(|run| matches!(run.activity, Activity::Training | Activity::Paused)))
            }
            Action::UseTrained => {
                let weights = run.and_then(Run::weights);
                Some(weights.is_some() && self.weights().as_ref() != weights)
            }
            Action::PreviousWeights => Some(self.settings.now.weights_before.is_some()),
            _ => None,
        }
    }

    /// Whether training goes on, paused or not.
    pub fn is_training(&self) -> bool {
        self.training.run.as_ref().is_some_and(Run::is_running)
    }

    /// Whether training was asked to wait.
    pub(in crate::app) fn is_paused(&self) -> bool {
        let training = self.tasks.training.as_ref();
        training.is_some_and(|training| training.control.is_paused())
    }

    /// Whether an action that switches something has switched it on. `None` for other actions.
    pub(in crate::app) fn mark(&self, action: Action) -> Option<bool> {
        match action {
            Action::Brush => Some(self.state.tool == Tool::Brush),
            Action::Eraser => Some(self.state.tool == Tool::Eraser),
            Action::KeepOut => Some(self.state.keeps_out),
            Action::Lasso => Some(self.state.tool == Tool::Lasso),
            Action::Polygon => Some(self.state.tool == Tool::Polygon),
            Action::Rectangle => Some(self.state.tool == Tool::Rectangle),
            Action::Wand => Some(self.state.tool == Tool::Wand),
            Action::Hand => Some(self.state.tool == Tool::Hand),
            Action::ToggleFillOnRelease => Some(self.settings.now.fill_on_release),
            Action::ToggleOverlay => Some(self.canvas.overlay.is_visible),
            Action::ToggleUncertainty => Some(self.state.shows_uncertainty),
            Action::Before => Some(self.state.shows_before),
            Action::Split => Some(self.canvas.compare == Compare::Split),
            Action::SideBySide => Some(self.canvas.compare == Compare::SideBySide),
            Action::EditTab => Some(self.training.tab == Tab::Edit),
            Action::TrainTab => Some(self.training.tab == Tab::Train),
            Action::PauseTraining => Some(self.is_paused()),
            Action::ToggleTheme => Some(self.settings.now.theme == crate::settings::Theme::Light),
            _ => None,
        }
    }
}

impl Action {
    /// Whether it means the photo, so that its key does nothing while the Train tab is shown.
    pub(in crate::app) const fn is_about_the_photo(self) -> bool {
        match self.menu() {
            Menu::File => !matches!(self, Self::Settings | Self::Quit),
            Menu::Edit => !matches!(self, Self::Cancel),
            Menu::Tool | Menu::Mask => true,
            Menu::View => !matches!(self, Self::EditTab | Self::TrainTab | Self::ToggleTheme),
            Menu::Train | Menu::Help => false,
        }
    }

    /// Whether it tells why where it cannot be done.
    pub(in crate::app) const fn says_why_not(self) -> bool {
        matches!(
            self,
            Self::Export
                | Self::ExportAs
                | Self::SaveProject
                | Self::SaveProjectAs
                | Self::Fill
                | Self::TryAgain
                | Self::OpenMask
                | Self::SaveMask
                | Self::OpenKeepOut
                | Self::SaveKeepOut
                | Self::StartTraining
        )
    }

    /// Whether it reads or changes the document.
    pub(in crate::app) const fn is_about_the_document(self) -> bool {
        match self.menu() {
            Menu::File => matches!(
                self,
                Self::Export | Self::ExportAs | Self::SaveProject | Self::SaveProjectAs | Self::CopyResult
            ),
            Menu::Edit => !matches!(self, Self::Cancel | Self::ToggleFillOnRelease),
            Menu::Mask => !matches!(self, Self::ToggleOverlay | Self::ToggleUncertainty),
            Menu::Tool | Menu::View | Menu::Train | Menu::Help => false,
        }
    }

    /// Whether it makes no sense without a photo.
    const fn needs_photo(self) -> bool {
        !matches!(
            self,
            Self::Open
                | Self::OpenSample
                | Self::Paste
                | Self::Quit
                | Self::Settings
                | Self::ToggleFillOnRelease
                | Self::ToggleTheme
                | Self::Palette
                | Self::Shortcuts
        )
    }
}
