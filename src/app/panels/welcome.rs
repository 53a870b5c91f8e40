//! What is shown without a photo, and while one is dragged over the window.

use eframe::egui::{
    Align, Align2, Context, FontId, Id, LayerId, Layout, Order, Rect, RichText, Stroke, StrokeKind, Ui, vec2,
};

use super::widgets::{main_button, show_main};
use crate::app::{App, action::Action, command::Command, icons, state::Dialog, theme, train::Tab};

const COLUMN_WIDTH: f32 = 340.0;

pub(super) fn ui(app: &App, ui: &mut Ui, commands: &mut Vec<Command>) {
    let room = ui.available_rect_before_wrap();
    ui.painter().rect_filled(room, 0.0, ui.visuals().extreme_bg_color);
    let recent = app.settings.now.recent.len() as f32;
    let height = 230.0 + 28.0 * recent;
    let column = Rect::from_center_size(room.center(), vec2(COLUMN_WIDTH, height.min(room.height())));
    ui.scope_builder(eframe::egui::UiBuilder::new().max_rect(column), |ui| {
        ui.with_layout(Layout::top_down(Align::Center), |ui| column_ui(app, ui, commands));
    });
    ui.expand_to_include_rect(room);
}

fn column_ui(app: &App, ui: &mut Ui, commands: &mut Vec<Command>) {
    ui.label(RichText::new("Lacuna").size(30.0).strong());
    ui.label(RichText::new("Brush over it, press Enter, export").weak());
    ui.add_space(theme::SECTION_GAP * 1.5);
    if app.tasks.opening.is_some() {
        // No spinner: where drawing is slow it would take from the reading what it shows.
        ui.label(format!("Opening {}…", app.state.opening_name));
        return;
    }
    let size = vec2(COLUMN_WIDTH * 0.7, theme::MAIN_BUTTON_HEIGHT);
    let open = main_button(ui, format!("{}  {}", icons::FOLDER_OPEN, Action::Open.label())).min_size(size);
    let open = show_main(ui, true, open);
    if open.on_hover_text(Action::Open.hint(ui.ctx())).clicked() {
        commands.push(Action::Open.into());
    }
    let sample = eframe::egui::Button::new(Action::OpenSample.label()).min_size(size);
    if ui
        .add(sample)
        .on_hover_text(Action::OpenSample.tooltip())
        .clicked()
    {
        commands.push(Action::OpenSample.into());
    }
    ui.add_space(HEADING);
    let keys = Action::Paste.shortcut_text(ui.ctx());
    ui.weak(format!("or drop a photo here, or paste one with {keys}"));
    recent_ui(app, ui, commands);
}

const HEADING: f32 = theme::HEADING_GAP;

fn recent_ui(app: &App, ui: &mut Ui, commands: &mut Vec<Command>) {
    if app.settings.now.recent.is_empty() {
        return;
    }
    ui.add_space(theme::SECTION_GAP);
    ui.strong("Recent");
    for path in &app.settings.now.recent {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let button = eframe::egui::Button::new(name.as_ref())
            .frame_when_inactive(false)
            .truncate();
        if ui.add(button).on_hover_text(path.display().to_string()).clicked() {
            commands.push(Command::OpenPath(path.clone()));
        }
    }
}

/// While a file is dragged over the window: says that it may be dropped.
pub(super) fn drop_hint_ui(app: &App, ctx: &Context, room: Rect) {
    if ctx.input(|input| input.raw.hovered_files.is_empty()) {
        return;
    }
    let style = ctx.global_style();
    let painter = ctx.layer_painter(LayerId::new(Order::Foreground, Id::unique("drop hint")));
    painter.rect_filled(room, 0.0, style.visuals.window_fill.gamma_multiply(0.85));
    let stroke = Stroke::new(2.0, style.visuals.selection.bg_fill);
    painter.rect_stroke(room.shrink(16.0), 8.0, stroke, StrokeKind::Inside);
    let text = match (&app.state.dialog, app.training.tab) {
        (Dialog::Path(form), _) if form.purpose.is_folder() => "Drop to choose this folder",
        (Dialog::Path(_), _) => "Drop to choose this file",
        (_, Tab::Edit) => "Drop to open",
        (_, Tab::Train) => "Drop to learn from these photos",
    };
    painter.text(
        room.center(),
        Align2::CENTER_CENTER,
        text,
        FontId::proportional(22.0),
        style.visuals.strong_text_color(),
    );
}
