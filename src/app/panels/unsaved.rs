//! The question before work is lost.

use eframe::egui::{Align, Context, Label, Layout};

use super::widgets::{default_button, dialog};
use crate::app::{
    App,
    command::{Answer, Command},
    notify::sentence,
    state::Intent,
    theme,
};

pub(super) fn ui(app: &App, intent: &Intent, ctx: &Context, commands: &mut Vec<Command>) {
    let name = app.photo.as_ref().map_or("", |photo| photo.name.as_str());
    let has_only_mask = app.has_only_mask();
    let what = if has_only_mask {
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
                let (verb, answer) = if has_only_mask {
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
