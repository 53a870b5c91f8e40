//! A path to type: for systems that have no file dialog to offer.

use std::path::PathBuf;

use eframe::egui::{Align, Context, Layout, Role, TextEdit, WidgetInfo};

use super::widgets::{default_button, dialog, note};
use crate::app::{
    command::Command,
    state::{Dialog, PathForm},
    theme,
};

pub(super) fn ui(form: &PathForm, ctx: &Context, commands: &mut Vec<Command>) {
    let title = form.purpose.title();
    let (mut next, mut is_over) = (form.clone(), false);
    dialog(ctx, title, theme::DIALOG_WIDTH, commands, |ui, commands| {
        let name = if form.purpose.is_folder() {
            "Path of the folder"
        } else {
            "Path of the file"
        };
        let field = TextEdit::singleline(&mut next.text).hint_text(name);
        let field = ui.add(field.desired_width(f32::INFINITY));
        field.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, name));
        if ui.memory(|memory| memory.focused()).is_none() {
            field.request_focus();
        }
        note(
            ui,
            match form.purpose {
                purpose if purpose.is_folder() => {
                    "This system has no file dialog. Type or paste a path, or drop the folder on the window."
                }
                purpose if purpose.is_to_save() => "This system has no file dialog. Type or paste a path.",
                _ => "This system has no file dialog. Type or paste a path, or drop the file on the window.",
            },
        );
        ui.add_space(theme::SECTION_GAP);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            // What was typed in this very frame counts too.
            let path = next.text.trim();
            if default_button(ui, !path.is_empty(), form.purpose.verb()) {
                commands.push(Command::ChoosePath(form.purpose, PathBuf::from(path)));
                is_over = true;
            }
            if ui.button("Cancel").clicked() {
                commands.push(Command::CloseDialog);
                is_over = true;
            }
        });
    });
    if next != *form && !is_over {
        commands.push(Command::SetDialog(Dialog::Path(next)));
    }
}
