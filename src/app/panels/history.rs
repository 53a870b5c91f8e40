//! The history: every step by name; a click goes there.

use eframe::egui::{Atom, Button, RichText, Role, Ui, WidgetInfo, vec2};

use super::widgets::{divider, heading};
use crate::app::{App, command::Command};

pub(super) fn ui(app: &App, ui: &mut Ui, commands: &mut Vec<Command>) {
    let Some(photo) = &app.photo else { return };
    divider(ui);
    heading(ui, "History");
    let position = photo.document.position();
    ui.spacing_mut().item_spacing.y = 1.0;
    let names = std::iter::once("Opened").chain(photo.document.steps());
    let names: Vec<_> = names.enumerate().collect();
    // The latest first, so that it is seen without scrolling.
    for (index, name) in names.into_iter().rev() {
        ui.push_id(index, |ui| {
            let text = RichText::new(name);
            let text = if index > position { text.weak() } else { text };
            let is_here = index == position;
            let button =
                Button::selectable(is_here, (text, Atom::grow())).min_size(vec2(ui.available_width(), 0.0));
            let response = ui.add(button.truncate());
            response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_here, name));
            if response.clicked() && !is_here {
                commands.push(Command::JumpTo(index));
            }
        });
    }
}
