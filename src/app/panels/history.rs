//! The history: every step by name; a click goes there.

use eframe::egui::{Atom, Button, RichText, Role, ScrollArea, Ui, WidgetInfo, vec2};

use super::widgets::{divider, heading};
use crate::app::{App, OpenPhoto, command::Command, theme};

/// So many steps are seen at once; the others by scrolling.
const VISIBLE_STEPS: f32 = 10.0;

pub(super) fn ui(app: &App, ui: &mut Ui, commands: &mut Vec<Command>) {
    let Some(photo) = &app.photo else { return };
    divider(ui);
    heading(ui, "History");
    ui.spacing_mut().item_spacing.y = 1.0;
    let height = theme::ROW_HEIGHT;
    let area = ScrollArea::vertical()
        .id_salt("history")
        .auto_shrink([false, true]);
    let rows = photo.document.steps().len() + 1;
    area.max_height(height * VISIBLE_STEPS)
        .show_rows(ui, height, rows, |ui, visible| {
            for row in visible {
                // The latest first, so that it is seen without scrolling.
                step_ui(photo, rows - 1 - row, ui, commands);
            }
        });
}

/// The step after which `index` steps are in effect.
fn step_ui(photo: &OpenPhoto, index: usize, ui: &mut Ui, commands: &mut Vec<Command>) {
    let position = photo.document.position();
    let name = match index.checked_sub(1) {
        None if photo.document.goes_back_to_the_opening() => "Opened",
        None => "Earlier",
        Some(step) => photo.document.steps().nth(step).unwrap_or_default(),
    };
    ui.push_id(index, |ui| {
        let text = RichText::new(name);
        let text = if index > position { text.weak() } else { text };
        let is_here = index == position;
        let size = vec2(ui.available_width(), theme::ROW_HEIGHT);
        let button = Button::new((text, Atom::grow()))
            .min_size(size)
            .frame_when_inactive(is_here);
        let response = ui.add(button.truncate());
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_here, name));
        if response.clicked() && !is_here {
            commands.push(Command::JumpTo(index));
        }
    });
}
