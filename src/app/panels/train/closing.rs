//! The question before the window closes while training runs.

use eframe::egui::{Align, Context, Label, Layout};

use crate::app::{
    App,
    command::Command,
    panels::widgets::{default_button, dialog},
    theme,
    train::Request,
};

pub(in crate::app::panels) fn ui(app: &App, ctx: &Context, commands: &mut Vec<Command>) {
    let is_saving = app.training.closes_after;
    let title = "Stop training?";
    dialog(ctx, title, theme::DIALOG_WIDTH, commands, |ui, commands| {
        let what = if is_saving {
            "Training finishes its step and saves. Then the window closes."
        } else {
            "Training is running. It can be saved now and go on from there another time."
        };
        ui.add(Label::new(what).wrap());
        ui.add_space(theme::SECTION_GAP);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let text = if is_saving { "Saving…" } else { "Save and close" };
            if default_button(ui, !is_saving, text) {
                commands.push(Request::CloseAfterSaving.into());
            }
            if !is_saving && ui.button("Keep training").clicked() {
                commands.push(Command::CloseDialog);
            }
        });
    });
}
