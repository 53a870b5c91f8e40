//! Size and edge of the brush, and how the mask shows.

use eframe::egui::Ui;

use super::widgets::{Scale, row, slider};
use crate::{
    app::{App, action::Action, command::Command},
    settings::{Brush, Overlay},
};

pub(super) fn ui(app: &App, ui: &mut Ui, commands: &mut Vec<Command>) {
    let brush = app.settings.now.brush;
    ui.strong("Brush");
    ui.add_space(crate::app::theme::HEADING_GAP);
    let sizes = Scale {
        range: Brush::DIAMETERS_PX,
        is_logarithmic: true,
        shown_factor: 1.0,
        unit: " px",
    };
    if let Some(diameter_px) = slider(
        ui,
        "Size",
        brush.diameter_px,
        &sizes,
        "Diameter in pixels of the photo  ([ and ])",
    ) {
        commands.push(Command::SetBrush(Brush { diameter_px, ..brush }));
    }
    let hint = "100 % has a sharp edge  (Shift+[ and Shift+])";
    if let Some(hardness) = slider(ui, "Hardness", brush.hardness, &Scale::PERCENT, hint) {
        commands.push(Command::SetBrush(Brush { hardness, ..brush }));
    }
    overlay_ui(app, ui, commands);
}

fn overlay_ui(app: &App, ui: &mut Ui, commands: &mut Vec<Command>) {
    let overlay = app.settings.now.overlay;
    let hint = "How strongly the mask's colour covers the photo";
    if let Some(opacity) = slider(ui, "Overlay", overlay.opacity, &Scale::PERCENT, hint) {
        commands.push(Command::SetOverlay(Overlay { opacity, ..overlay }));
    }
    row(ui, "", |ui, _| {
        let mut color = overlay.color;
        let response = ui
            .color_edit_button_srgb(&mut color)
            .on_hover_text("Colour of the mask");
        response.widget_info(|| {
            eframe::egui::WidgetInfo::labeled(eframe::egui::Role::ColorWell, true, "Overlay colour")
        });
        if response.changed() || color != overlay.color {
            commands.push(Command::SetOverlay(Overlay { color, ..overlay }));
        }
        let mut is_shown = app.canvas.overlay.is_visible;
        let check = ui.checkbox(&mut is_shown, "Show");
        if check
            .on_hover_text(Action::ToggleOverlay.hint(ui.ctx()))
            .changed()
        {
            commands.push(Action::ToggleOverlay.into());
        }
    });
}
