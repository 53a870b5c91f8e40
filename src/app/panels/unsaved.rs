//! The question before work is lost.

use eframe::egui::{Align, Context, Key, Label, Layout, Modifiers};

use super::widgets::{dialog, main_button};
use crate::app::{
    App,
    command::{Answer, Command},
    state::Intent,
    theme,
};

pub(super) fn ui(app: &App, intent: &Intent, ctx: &Context, commands: &mut Vec<Command>) {
    let name = app.photo.as_ref().map_or("", |photo| photo.name.as_str());
    let what = match intent {
        Intent::Open(source) => before_opening(&source.name(), name),
        Intent::Show(arrived) => before_opening(arrived, name),
        Intent::Close => format!("The work on {name} was not exported."),
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
                let export = main_button(ui, "Export…").min_size([96.0, 30.0].into());
                let enter = ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
                if ui.add(export).clicked() || enter {
                    commands.push(Command::Answer(Answer::Export));
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

fn before_opening(next: &str, open: &str) -> String {
    format!("Before {next} opens: the work on {open} was not exported.")
}
