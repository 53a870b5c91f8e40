//! The menu bar, made of the actions.

use eframe::egui::{MenuBar, RichText, Ui};

use super::{tabs, widgets::menu_entry};
use crate::app::{
    App,
    action::{Action, Menu},
    command::Command,
    icons, theme,
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
