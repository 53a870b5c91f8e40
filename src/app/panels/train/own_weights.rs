//! The dialogs in which weights of one's own are renamed, and in which is asked before they are deleted.

use eframe::egui::{Align, Context, Label, Layout, TextEdit, Ui};

use crate::app::{
    App,
    command::Command,
    notify::sentence,
    panels::widgets::{default_button, dialog, main_button, note, row, show_main, warning},
    state::Dialog,
    theme,
    train::{Errand, NameForm, OwnWeights, Request},
};

pub(in crate::app::panels) fn rename_ui(
    app: &App,
    form: &NameForm,
    ctx: &Context,
    commands: &mut Vec<Command>,
) {
    let Some(library) = &app.training.library else {
        return;
    };
    let mut next = form.clone();
    let before = commands.len();
    let title = format!("Rename “{}”", form.weights.name);
    dialog(ctx, &title, theme::DIALOG_WIDTH, commands, |ui, commands| {
        name_ui(&mut next, ui);
        note(
            ui,
            "What a training run made is renamed with the run's folder and all that is in it.",
        );
        let problem = next.failure.clone().or_else(|| next.problem(library));
        let is_ready = next.problem(library).is_none();
        if let Some(problem) = problem {
            warning(ui, &sentence(problem));
        }
        ui.add_space(theme::SECTION_GAP);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            // What was typed in this very frame counts too.
            if default_button(ui, is_ready, "Rename") {
                commands.push(Request::Errand(Errand::Rename(next.clone())).into());
            }
            if ui.button("Cancel").clicked() {
                commands.push(Command::CloseDialog);
            }
        });
    });
    if next != *form {
        commands.insert(before, Command::SetDialog(Dialog::RenameWeights(next)));
    }
}

fn name_ui(form: &mut NameForm, ui: &mut Ui) {
    row(ui, "Name", |ui, label| {
        let mut text = form.text.clone();
        let field = TextEdit::singleline(&mut text).desired_width(ui.available_width());
        let field = ui.add(field).labelled_by(label);
        if ui.memory(|memory| memory.focused()).is_none() {
            field.request_focus();
        }
        if field.changed() {
            form.set_text(text);
        }
    });
}

pub(in crate::app::panels) fn delete_ui(
    app: &App,
    weights: &OwnWeights,
    ctx: &Context,
    commands: &mut Vec<Command>,
) {
    let title = format!("Delete “{}”?", weights.name);
    dialog(ctx, &title, theme::DIALOG_WIDTH, commands, |ui, commands| {
        ui.label("This file is deleted for good; what else lies in its folder stays:");
        ui.add(Label::new(weights.path.display().to_string()).wrap());
        if app.weights().as_ref() == Some(&weights.path) {
            ui.label("It is in use; the built-in weights take its place.");
        }
        ui.add_space(theme::SECTION_GAP);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            // Nothing is deleted by a key that was still on its way.
            let button = main_button(ui, "Delete").min_size(theme::DIALOG_BUTTON.into());
            if show_main(ui, true, button).clicked() {
                commands.push(Request::Errand(Errand::Delete(weights.clone())).into());
            }
            if ui.button("Cancel").clicked() {
                commands.push(Command::CloseDialog);
            }
        });
    });
}
