//! The menu bar, made of the actions.

use eframe::egui::{MenuBar, RichText, Ui};

use super::{tabs, widgets::menu_entry};
use crate::app::{
    App,
    action::{Action, Menu},
    canvas::{Compare, Tool},
    command::Command,
    icons, theme,
    train::{
        Tab,
        run::{Activity, Run},
    },
};

pub(super) fn ui(app: &App, ui: &mut Ui, commands: &mut Vec<Command>) {
    MenuBar::new().ui(ui, |ui| {
        for menu in Menu::ALL {
            ui.menu_button(menu.label(), |ui| menu_ui(app, menu, ui, commands));
        }
        tabs::ui(app, ui, commands);
    });
}

fn menu_ui(app: &App, menu: Menu, ui: &mut Ui, commands: &mut Vec<Command>) {
    ui.set_min_width(250.0);
    for action in Action::ALL.into_iter().filter(|action| action.menu() == menu) {
        if action.begins_group() {
            ui.separator();
        }
        if menu_entry(ui, action, app.can(action), app.mark(action)).clicked() {
            commands.push(action.into());
            ui.close();
        }
        if action == Action::Open {
            recent_ui(app, ui, commands);
        }
    }
}

/// The photos that were open lately, the latest first.
fn recent_ui(app: &App, ui: &mut Ui, commands: &mut Vec<Command>) {
    let recent = &app.settings.now.recent;
    let title = (
        RichText::new(icons::HISTORY).size(theme::SMALL_ICON),
        "Open recent",
    );
    ui.add_enabled_ui(!recent.is_empty(), |ui| {
        ui.menu_button(title, |ui| {
            for path in recent {
                let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
                if ui
                    .button(name)
                    .on_hover_text(path.display().to_string())
                    .clicked()
                {
                    commands.push(Command::OpenPath(path.clone()));
                    ui.close();
                }
            }
        });
    });
}

impl App {
    /// Whether an action would do anything now.
    pub(super) fn can(&self, action: Action) -> bool {
        if let Some(can) = self.can_train(action) {
            return can;
        }
        let Some(photo) = &self.photo else {
            return !action.needs_photo();
        };
        let document = &photo.document;
        match action {
            Action::Undo => document.position() > 0 || document.is_stroking() || self.canvas.is_outlining(),
            Action::Redo => document.position() < document.steps().len(),
            Action::Fill => self.tasks.fill.is_none(),
            Action::TryAgain => self.tasks.fill.is_none() && !document.removals().is_empty(),
            Action::NextCandidate | Action::PreviousCandidate | Action::ToggleUncertainty => {
                self.chosen().is_some()
            }
            Action::ClearKeepOut => document.keep_out().is_some(),
            Action::Cancel => {
                let runs = self.tasks.foremost().is_some_and(|running| running.can_cancel);
                self.canvas.is_outlining() || runs || self.state.fill_when_ready
            }
            _ => true,
        }
    }

    /// The same for actions about training; `None` for others.
    fn can_train(&self, action: Action) -> Option<bool> {
        let run = self.training.run.as_ref();
        match action {
            Action::EditTab | Action::TrainTab | Action::TrainPhotos => Some(true),
            Action::StartTraining => Some(self.tasks.training.is_none()),
            Action::PauseTraining | Action::StopTraining | Action::SaveTraining | Action::SampleTraining => {
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

    /// Whether training was asked to wait.
    pub(super) fn is_paused(&self) -> bool {
        let training = self.tasks.training.as_ref();
        training.is_some_and(|training| training.control.is_paused())
    }

    /// Whether an action that switches something has switched it on. `None` for other actions.
    pub(super) fn mark(&self, action: Action) -> Option<bool> {
        match action {
            Action::Brush => Some(self.state.tool == Tool::Brush),
            Action::Eraser => Some(self.state.tool == Tool::Eraser),
            Action::KeepOut => Some(self.state.keeps_out),
            Action::Lasso => Some(self.state.tool == Tool::Lasso),
            Action::Polygon => Some(self.state.tool == Tool::Polygon),
            Action::Rectangle => Some(self.state.tool == Tool::Rectangle),
            Action::Wand => Some(self.state.tool == Tool::Wand),
            Action::Hand => Some(self.state.tool == Tool::Hand),
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
    /// Whether it makes no sense without a photo.
    const fn needs_photo(self) -> bool {
        !matches!(
            self,
            Self::Open
                | Self::OpenSample
                | Self::Paste
                | Self::Quit
                | Self::Settings
                | Self::ToggleTheme
                | Self::Palette
                | Self::Shortcuts
        )
    }
}
