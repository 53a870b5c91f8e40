//! Preferences that have no place in the panels: theme, device, weights.

use eframe::egui::{Align, Context, Label, Layout, RichText, Ui};

use super::widgets::{dialog, note, row};
use crate::{
    app::{App, action::Action, command::Command, state::Engine, theme},
    nn::DeviceChoice,
    settings::Theme,
};

pub(super) fn ui(app: &App, ctx: &Context, commands: &mut Vec<Command>) {
    dialog(ctx, "Settings", theme::DIALOG_WIDTH, commands, |ui, commands| {
        let theme = app.settings.now.theme;
        row(ui, "Theme", |ui, _| {
            for (other, name) in [(Theme::Dark, "Dark"), (Theme::Light, "Light")] {
                if ui.selectable_label(theme == other, name).clicked() && theme != other {
                    commands.push(Action::ToggleTheme.into());
                }
            }
        });
        device_ui(app, ui, commands);
        weights_ui(app, ui, commands);
        if let Some(path) = &app.settings.path {
            ui.add_space(theme::SECTION_GAP);
            note(ui, format!("Settings are kept in {}", path.display()));
        }
    });
}

fn device_ui(app: &App, ui: &mut Ui, commands: &mut Vec<Command>) {
    let choice = app.device_choice();
    row(ui, "Device", |ui, _| {
        for other in DeviceChoice::ALL
            .into_iter()
            .filter(|choice| choice.is_built_in())
        {
            if ui.selectable_label(choice == other, other.label()).clicked() {
                commands.push(Command::SetDevice(other));
            }
        }
    });
    row(ui, "", |ui, _| match &app.state.engine {
        Engine::Loading => note(ui, "Loading the network…"),
        Engine::Ready(network) => note(ui, format!("The network runs on {}", network.device_name())),
        Engine::Failed(why) => note(ui, why.as_str()),
    });
}

fn weights_ui(app: &App, ui: &mut Ui, commands: &mut Vec<Command>) {
    let weights = app.weights();
    row(ui, "Weights", |ui, _| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui.button("Choose…").clicked() {
                commands.push(Command::BrowseWeights);
            }
            if weights.is_some() && ui.button("Use built-in").clicked() {
                commands.push(Command::SetWeights(None));
            }
            let text = weights
                .as_ref()
                .map_or("Built-in".to_owned(), |path| path.display().to_string());
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(Label::new(RichText::new(&text)).truncate())
                    .on_hover_text(&text);
            });
        });
    });
    if let Engine::Ready(network) = &app.state.engine {
        let sum: String = network.info.sha256.chars().take(12).collect();
        row(ui, "", |ui, _| {
            note(
                ui,
                format!("Checksum {sum}…, base width {}", network.info.base_width),
            )
        });
    }
}
