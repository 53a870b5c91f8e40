//! The Train tab: on the left what to do and how it goes, in the middle photos or curves and samples, on the right
//! the weights.

mod advanced;
pub(super) mod closing;
mod controls;
mod curves;
mod form;
mod log;
mod overview;
pub(super) mod own_weights;
mod report;
mod samples;
mod shelf;
mod widgets;
mod words;

use eframe::egui::{CentralPanel, Frame, Panel, Rect, Ui};

use crate::app::panels::widgets::{main_button, scrolled, show_main};
use crate::app::{App, action::Action, command::Command, theme, train::run::Run};

pub(super) use words::status_line;

/// Shows the tab. Returns the room in the middle.
pub(super) fn ui(app: &App, ui: &mut Ui, commands: &mut Vec<Command>) -> Rect {
    let frame = Frame::side_top_panel(ui.style()).inner_margin(theme::PANEL_MARGIN);
    Panel::left("training")
        .default_size(theme::TRAIN_PANEL_WIDTH)
        .size_range(270.0..=420.0)
        .frame(frame)
        .show(ui, |ui| match &app.training.run {
            Some(run) => scrolled(ui, |ui| controls::ui(app, run, ui, commands)),
            None => form_ui(app, ui, commands),
        });
    Panel::right("weights")
        .default_size(theme::TRAIN_PANEL_WIDTH - 40.0)
        .size_range(220.0..=420.0)
        .frame(frame)
        .show(ui, |ui| scrolled(ui, |ui| shelf::ui(app, ui, commands)));
    let page = Frame::central_panel(ui.style())
        .fill(ui.visuals().extreme_bg_color)
        .inner_margin(theme::PAGE_MARGIN);
    let center = CentralPanel::default()
        .frame(page)
        .show(ui, |ui| match &app.training.run {
            Some(run) => run_ui(app, run, ui, commands),
            None => overview::ui(app, ui, commands),
        });
    center.response.rect
}

/// The form, above the button that begins.
fn form_ui(app: &App, ui: &mut Ui, commands: &mut Vec<Command>) {
    Panel::bottom("begin training")
        .resizable(false)
        .show_separator_line(false)
        .frame(Frame::NONE)
        .show(ui, |ui| {
            ui.add_space(theme::HEADING_GAP);
            form::estimate_ui(app, ui);
            let text = format!(
                "{}  {}",
                Action::StartTraining.icon(),
                Action::StartTraining.label()
            );
            let size = [ui.available_width(), theme::MAIN_BUTTON_HEIGHT];
            let button = main_button(ui, text).min_size(size.into());
            let shown = ui.vertical_centered(|ui| show_main(ui, form::can_start(app), button));
            let response = shown.inner;
            let is_enabled = response.enabled();
            response.widget_info(|| widgets::button_info(is_enabled, Action::StartTraining.label()));
            let hint = Action::StartTraining.hint(ui.ctx());
            if response
                .on_hover_text(&hint)
                .on_disabled_hover_text("Choose a folder with photos first")
                .clicked()
            {
                commands.push(Action::StartTraining.into());
            }
        });
    scrolled(ui, |ui| form::ui(app, ui, commands));
}

fn run_ui(app: &App, run: &Run, ui: &mut Ui, commands: &mut Vec<Command>) {
    let log_height = if ui.available_height() > 560.0 {
        110.0
    } else {
        74.0
    };
    Panel::bottom("training log")
        .resizable(true)
        .default_size(log_height)
        .size_range(48.0..=300.0)
        .frame(Frame::NONE)
        .show(ui, |ui| log::ui(run, ui));
    scrolled(ui, |ui| {
        curves::ui(app, run, ui, commands);
        samples::ui(app, run, ui, commands);
    });
}
