//! The question before work is lost.

use eframe::egui::{Align, Context, Label, Layout};

use super::widgets::{default_button, dialog};
use crate::{
    app::{
        App,
        action::Action,
        command::{Answer, Command},
        notify::sentence,
        photo::{OpenPhoto, Unsaved},
        state::Intent,
        theme,
    },
    document::{Part, Target},
};

/// Saving a project for the first time asks where.
const SAVE_PROJECT: &str = "Save project…";

pub(super) fn ui(app: &App, intent: &Intent, ctx: &Context, commands: &mut Vec<Command>) {
    let name = app.photo.as_ref().map_or("", |photo| photo.name.as_str());
    // An export would hold neither of the masks: each is asked about by itself, after what an export holds.
    let unsaved = app.photo.as_ref().and_then(OpenPhoto::unsaved);
    let (what, verb, answer) = match unsaved {
        Some(Unsaved::Project) => (
            format!("the latest work on {name} is not in its project yet."),
            Action::SaveProject.label(),
            Answer::SaveProject,
        ),
        Some(Unsaved::Part(Part::Result)) => (
            format!("the work on {name} was not exported."),
            "Export…",
            Answer::Export,
        ),
        Some(Unsaved::Part(Part::KeepOut)) => (
            format!("the keep-out area on {name} was not saved."),
            Action::SaveKeepOut.label(),
            Answer::SaveMask(Target::KeepOut),
        ),
        Some(Unsaved::Part(Part::Mask)) | None => (
            format!("the mask on {name} was not saved."),
            Action::SaveMask.label(),
            Answer::SaveMask(Target::Remove),
        ),
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
                if default_button(ui, true, verb) {
                    commands.push(Command::Answer(answer));
                }
                if answer != Answer::SaveProject && ui.button(SAVE_PROJECT).clicked() {
                    commands.push(Command::Answer(Answer::SaveProject));
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
