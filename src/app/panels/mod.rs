//! What is seen: menu, tool strip, panels, status line, and whatever lies over them.
//!
//! Each panel is a function that reads the [`App`] and adds [`Command`]s. None of them changes anything but the canvas,
//! which owns its view and its textures and brings them up to date as it is shown.

mod export;
mod fill;
mod history;
mod layers;
mod menu;
mod notices;
mod palette;
mod path;
mod settings;
mod shortcuts;
mod status;
mod tabs;
mod tool;
mod toolbar;
mod train;
mod unsaved;
mod welcome;
mod widgets;

use eframe::egui::{CentralPanel, Frame, Panel, Rect, Ui};

use super::{App, canvas::ToolState, command::Command, keys, state::Dialog, theme, train::Tab};

/// Shows the whole window.
pub(super) fn show(app: &mut App, ui: &mut Ui, commands: &mut Vec<Command>) {
    Panel::top("menu")
        .resizable(false)
        .show(ui, |ui| menu::ui(app, ui, commands));
    Panel::bottom("status")
        .resizable(false)
        .exact_size(theme::STATUS_HEIGHT)
        .show(ui, |ui| status::ui(app, ui, commands));
    let center = match app.training.tab {
        Tab::Edit => edit_ui(app, ui, commands),
        Tab::Train => train::ui(app, ui, commands),
    };
    let ctx = ui.ctx().clone();
    notices::ui(app, &ctx, center, commands);
    welcome::drop_hint_ui(app, &ctx, center);
    dialog_ui(app, &ctx, commands);
}

/// The Edit tab. Returns where the photo is.
fn edit_ui(app: &mut App, ui: &mut Ui, commands: &mut Vec<Command>) -> Rect {
    let columns = toolbar::columns(ui.available_height());
    Panel::left("tools")
        .resizable(false)
        .exact_size(toolbar::width(columns))
        .frame(Frame::side_top_panel(ui.style()).inner_margin(theme::STRIP_MARGIN))
        .show(ui, |ui| toolbar::ui(app, columns, ui, commands));
    if app.photo.is_some() {
        side_panels_ui(app, ui, commands);
    }
    let center = CentralPanel::no_frame().show(ui, |ui| {
        if app.photo.is_some() {
            canvas_ui(app, ui, commands);
        } else {
            welcome::ui(app, ui, commands);
        }
        ui.min_rect()
    });
    center.inner
}

fn side_panels_ui(app: &App, ui: &mut Ui, commands: &mut Vec<Command>) {
    let width = app.settings.now.panel_width;
    let panel = Panel::right("panels")
        .default_size(width)
        .size_range(240.0..=440.0)
        .frame(Frame::side_top_panel(ui.style()).inner_margin(theme::PANEL_MARGIN));
    let shown = panel.show(ui, |ui| {
        widgets::scrolled(ui, |ui| {
            tool::ui(app, ui, commands);
            fill::ui(app, ui, commands);
            layers::ui(app, ui, commands);
            history::ui(app, ui, commands);
        });
    });
    let width_now = shown.response.rect.width().round();
    if (width_now - width).abs() >= 1.0 {
        commands.push(Command::SetPanelWidth(width_now));
    }
}

fn canvas_ui(app: &mut App, ui: &mut Ui, commands: &mut Vec<Command>) {
    let Some(photo) = &app.photo else { return };
    let tool = ToolState {
        is_before_held: app.state.shows_before || keys::is_before_held(ui.ctx()),
        ..app.tool()
    };
    let events = app.canvas.ui(ui, &photo.scene(), &tool);
    commands.extend(events.into_iter().map(|event| Command::Canvas(tool, event)));
}

fn dialog_ui(app: &App, ctx: &eframe::egui::Context, commands: &mut Vec<Command>) {
    match &app.state.dialog {
        Dialog::None => {}
        Dialog::Palette(palette) => palette::ui(app, palette, ctx, commands),
        Dialog::Shortcuts => shortcuts::ui(ctx, commands),
        Dialog::Settings => settings::ui(app, ctx, commands),
        Dialog::Export(form) => export::ui(app, form, ctx, commands),
        Dialog::Path(form) => path::ui(form, ctx, commands),
        Dialog::RenameWeights(form) => train::own_weights::rename_ui(app, form, ctx, commands),
        Dialog::DeleteWeights(weights) => train::own_weights::delete_ui(app, weights, ctx, commands),
        Dialog::CloseTraining => train::closing::ui(app, ctx, commands),
        Dialog::Unsaved(intent) => unsaved::ui(app, intent, ctx, commands),
    }
}
