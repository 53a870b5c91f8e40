//! A path to type: for systems that have no file dialog to offer.

use std::path::PathBuf;

use eframe::egui::{Align, Context, Key, Layout, Modifiers, Role, TextEdit, WidgetInfo};

use super::widgets::{dialog, main_button, note};
use crate::app::{
    command::Command,
    state::{Dialog, PathForm},
    tasks::Purpose,
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
        field.request_focus();
        note(
            ui,
            match form.purpose {
                purpose if purpose.is_folder() => "This system has no file dialog. Type or paste a path.",
                Purpose::SaveMask => "This system has no file dialog. Type or paste a path.",
                _ => "This system has no file dialog. Type or paste a path, or drop the file on the window.",
            },
        );
        ui.add_space(theme::SECTION_GAP);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            // What was typed in this very frame counts too.
            let path = next.text.trim();
            let open = main_button(ui, form.purpose.verb()).min_size([96.0, 30.0].into());
            let clicked = ui.add_enabled(!path.is_empty(), open).clicked();
            let enter = ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
            if clicked || enter && !path.is_empty() {
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
