//! The question before work is lost.

use eframe::egui::{Align, Context, Label, Layout};

use super::widgets::{default_button, dialog};
use crate::app::{
    App, OpenPhoto,
    command::{Answer, Command},
    notify::sentence,
    state::Intent,
    theme,
};

pub(super) fn ui(app: &App, intent: &Intent, ctx: &Context, commands: &mut Vec<Command>) {
    let name = app.photo.as_ref().map_or("", |photo| photo.name.as_str());
    // An export would not hold the mask: that is asked about by itself, after what an export holds.
    let is_about_the_mask = !app.photo.as_ref().is_some_and(OpenPhoto::has_unsaved_removals);
    let what = if is_about_the_mask {
        format!("the mask on {name} was not saved.")
    } else {
        format!("the work on {name} was not exported.")
    };
    let what = match intent {
        Intent::Open(source) => format!("Before {} opens: {what}", source.name()),
        Intent::Show(arrived) => format!("Before {arrived} opens: {what}"),
        Intent::Close => sentence(what),
    };
    dialog(
        ctx,
        "Keep your work?",
        theme::DIALOG_WIDTH,
        commands,
        |ui, commands| {
            ui.add(Label::new(what).wrap());
            ui.add_space(theme::SECTION_GAP);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let (verb, answer) = if is_about_the_mask {
                    ("Save mask…", Answer::SaveMask)
                } else {
                    ("Export…", Answer::Export)
                };
                if default_button(ui, true, verb) {
                    commands.push(Command::Answer(answer));
                }
                if ui.button("Discard").clicked() {
                    commands.push(Command::Answer(Answer::Discard));
                }
                if ui.button("Cancel").clicked() {
                    commands.push(Command::Answer(Answer::Stay));
                }
            });
        },
    );
}
