//! The middle of the tab before the start: the photos as they were found, or what to do first.

use eframe::egui::{Align, Label, Layout, ProgressBar, Rect, RichText, ScrollArea, Ui, UiBuilder, vec2};

use super::widgets::{bars, button_info};
use crate::app::{
    App,
    action::Action,
    command::Command,
    icons,
    panels::widgets::{heading, main_button, note, show_main},
    theme,
    train::{Request, overview::Overview},
};

/// Fewer photos than this are soon known by heart.
const FEW: usize = 20;
const COLUMN_WIDTH: f32 = 340.0;

pub(super) fn ui(app: &App, ui: &mut Ui, commands: &mut Vec<Command>) {
    if let Some(job) = &app.tasks.overview {
        let status = job.status();
        centered(ui, |ui| {
            ui.label("Looking through the photos…");
            let bar = ProgressBar::new(status.fraction().unwrap_or(0.0)).desired_width(COLUMN_WIDTH * 0.7);
            ui.add(bar);
            if status.total > 0 {
                ui.weak(format!("{} of {}", status.done, status.total));
            }
        });
        return;
    }
    match &app.training.overview {
        None => begin_ui(ui, commands),
        Some(Err(why)) => problem_ui(why, ui, commands),
        Some(Ok(overview)) => {
            let area = ScrollArea::vertical().auto_shrink(false);
            area.show(ui, |ui| overview_ui(app, overview, ui, commands));
        }
    }
}

/// Contents in the middle of the room.
fn centered(ui: &mut Ui, contents: impl FnOnce(&mut Ui)) {
    let room = ui.available_rect_before_wrap();
    let size = vec2(COLUMN_WIDTH.min(room.width()), 260.0_f32.min(room.height()));
    let column = Rect::from_center_size(room.center(), size);
    ui.scope_builder(UiBuilder::new().max_rect(column), |ui| {
        ui.with_layout(Layout::top_down(Align::Center), contents);
    });
    ui.expand_to_include_rect(room);
}

fn begin_ui(ui: &mut Ui, commands: &mut Vec<Command>) {
    centered(ui, |ui| {
        ui.label(RichText::new(icons::IMAGES).size(40.0).weak());
        ui.label(
            RichText::new("Choose a folder of photos to begin")
                .size(17.0)
                .strong(),
        );
        ui.add_space(theme::HEADING_GAP);
        ui.label(
            RichText::new(
                "The network learns from them what lies behind things in pictures like yours. \
                 The photos stay as they are, and nothing leaves this computer.",
            )
            .weak(),
        );
        ui.add_space(theme::SECTION_GAP);
        choose_ui(ui, commands);
        ui.add_space(theme::HEADING_GAP);
        ui.weak("or drop a folder here");
    });
}

fn problem_ui(why: &str, ui: &mut Ui, commands: &mut Vec<Command>) {
    centered(ui, |ui| {
        let color = ui.visuals().error_fg_color;
        ui.label(RichText::new(icons::ERROR).size(32.0).color(color));
        ui.label(RichText::new("These photos cannot be used").size(17.0).strong());
        ui.add(Label::new(why).wrap());
        ui.add_space(theme::SECTION_GAP);
        choose_ui(ui, commands);
    });
}

fn choose_ui(ui: &mut Ui, commands: &mut Vec<Command>) {
    let text = format!("{}  {}", icons::FOLDER_OPEN, Action::TrainPhotos.label());
    let button = main_button(ui, text).min_size(vec2(COLUMN_WIDTH * 0.7, theme::MAIN_BUTTON_HEIGHT));
    let response = show_main(ui, true, button);
    response.widget_info(|| button_info(true, Action::TrainPhotos.label()));
    if response.on_hover_text(Action::TrainPhotos.tooltip()).clicked() {
        commands.push(Action::TrainPhotos.into());
    }
}

fn overview_ui(app: &App, overview: &Overview, ui: &mut Ui, commands: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        ui.label(RichText::new(overview.headline()).size(17.0).strong());
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui
                .button("Rescan")
                .on_hover_text("Look through the folder again")
                .clicked()
            {
                commands.push(Request::Look.into());
            }
        });
    });
    note(ui, overview.folder.display().to_string());
    warnings_ui(app, overview, ui);
    ui.add_space(theme::SECTION_GAP);
    let is_wide = ui.available_width() >= 480.0;
    if is_wide {
        ui.columns_const(|[left, right]| {
            histogram_ui(left, "Sizes of the photos", &overview.sizes, 96.0);
            histogram_ui(
                right,
                "Holes, by their share of the picture",
                &overview.holes,
                72.0,
            );
        });
    } else {
        histogram_ui(ui, "Sizes of the photos", &overview.sizes, 96.0);
        ui.add_space(theme::SECTION_GAP);
        histogram_ui(ui, "Holes, by their share of the picture", &overview.holes, 96.0);
    }
    skipped_ui(overview, ui);
}

fn histogram_ui(ui: &mut Ui, title: &str, values: &[crate::app::train::overview::Bar], label_width: f32) {
    ui.strong(title);
    ui.add_space(theme::HEADING_GAP);
    bars(ui, values, label_width);
}

/// What the person should know before the start.
fn warnings_ui(app: &App, overview: &Overview, ui: &mut Ui) {
    let side = app.settings.now.train.side;
    let small = overview.smaller_than(side);
    let color = ui.visuals().warn_fg_color;
    let mut warn = |text: String| {
        ui.label(RichText::new(format!("{}  {text}", icons::WARNING)).color(color));
    };
    if overview.photos == 0 {
        warn(
            "There is nothing to learn from; choose a folder with JPEG, PNG, TIFF or WebP photos".to_owned(),
        );
    } else if overview.photos < FEW {
        warn("Few photos: the network may learn them by heart. About a hundred are a good start".to_owned());
    }
    if small > 0 {
        let (photos, are) = if small == 1 {
            ("photo", "is")
        } else {
            ("photos", "are")
        };
        warn(format!(
            "{small} {photos} {are} smaller than the squares of {side} px and {are} enlarged"
        ));
    }
}

fn skipped_ui(overview: &Overview, ui: &mut Ui) {
    heading(ui, &format!("Skipped files ({})", overview.skipped.len()));
    if overview.skipped.is_empty() {
        note(ui, "None: every picture in the folder can be read");
        return;
    }
    ui.spacing_mut().item_spacing.y = 3.0;
    for file in &overview.skipped {
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new(&file.name).small());
            ui.label(RichText::new(&file.why).small().weak());
        });
    }
}
