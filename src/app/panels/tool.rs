//! Size and edge of the brush or tolerance of the wand, and how the mask shows.

use eframe::egui::Ui;

use super::widgets::{Scale, note, row, slider};
use crate::{
    app::{App, action::Action, canvas::Tool, command::Command, theme},
    settings::{Brush, Overlay, Wand},
};

pub(super) fn ui(app: &App, ui: &mut Ui, commands: &mut Vec<Command>) {
    let tool = app.tool().tool;
    ui.strong(action_of(tool).label());
    ui.add_space(theme::HEADING_GAP);
    match tool {
        Tool::Brush | Tool::Eraser => brush_ui(app.settings.now.brush, ui, commands),
        Tool::Wand => wand_ui(app.settings.now.wand, ui, commands),
        Tool::Lasso | Tool::Polygon | Tool::Rectangle | Tool::Hand => {
            let action = if app.state.keeps_out && tool != Tool::Hand {
                Action::KeepOut
            } else {
                action_of(tool)
            };
            note(ui, action.tooltip());
        }
    }
    if tool != Tool::Hand {
        keep_out_ui(app, ui, commands);
    }
    overlay_ui(app, ui, commands);
}

/// The action that takes the tool.
const fn action_of(tool: Tool) -> Action {
    match tool {
        Tool::Brush => Action::Brush,
        Tool::Eraser => Action::Eraser,
        Tool::Lasso => Action::Lasso,
        Tool::Polygon => Action::Polygon,
        Tool::Rectangle => Action::Rectangle,
        Tool::Wand => Action::Wand,
        Tool::Hand => Action::Hand,
    }
}

fn brush_ui(brush: Brush, ui: &mut Ui, commands: &mut Vec<Command>) {
    let sizes = Scale {
        range: Brush::DIAMETERS_PX,
        is_logarithmic: true,
        shown_factor: 1.0,
        unit: " px",
    };
    let hint = "Diameter in pixels of the photo  ([ and ])";
    if let Some(diameter_px) = slider(ui, "Size", brush.diameter_px, &sizes, hint) {
        commands.push(Command::SetBrush(Brush { diameter_px, ..brush }));
    }
    let hint = "100 % has a sharp edge  (Shift+[ and Shift+])";
    if let Some(hardness) = slider(ui, "Hardness", brush.hardness, &Scale::PERCENT, hint) {
        commands.push(Command::SetBrush(Brush { hardness, ..brush }));
    }
}

fn wand_ui(wand: Wand, ui: &mut Ui, commands: &mut Vec<Command>) {
    let hint = "How different a colour may look; 100 % is the step from black to white  ([ and ])";
    if let Some(tolerance) = slider(ui, "Tolerance", wand.tolerance, &Scale::PERCENT, hint) {
        commands.push(Command::SetWand(Wand { tolerance, ..wand }));
    }
    row(ui, "", |ui, _| {
        let mut is_contiguous = wand.is_contiguous;
        let check = ui.checkbox(&mut is_contiguous, "Contiguous");
        let hint = "Only what hangs together with the place you click on; off takes the colour everywhere in the photo";
        if check.on_hover_text(hint).changed() {
            commands.push(Command::SetWand(Wand {
                is_contiguous,
                ..wand
            }));
        }
    });
}

/// Which of the two masks the tool marks.
fn keep_out_ui(app: &App, ui: &mut Ui, commands: &mut Vec<Command>) {
    row(ui, "", |ui, _| {
        let mut keeps_out = app.state.keeps_out;
        let check = ui.checkbox(&mut keeps_out, Action::KeepOut.label());
        if check.on_hover_text(Action::KeepOut.hint(ui.ctx())).changed() {
            commands.push(Action::KeepOut.into());
        }
    });
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
