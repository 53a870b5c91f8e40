//! What to train on and how: everything that is asked before the start. Each change is sent at once and kept.

use std::path::Path;

use eframe::egui::{Align, Button, CollapsingHeader, ComboBox, DragValue, Label, Layout, RichText, Ui, vec2};

use super::{
    advanced,
    widgets::{button_info, card, choice, field},
    words,
};
use crate::{
    app::{
        App,
        action::Action,
        command::Command,
        icons,
        panels::widgets::{heading, note},
        purpose::Purpose,
        theme,
        train::{Length, Request},
    },
    data::kept_bytes,
    nn::DeviceChoice,
    train::{Config, Stage, Start, estimate},
};

const STAGES: [Stage; 3] = [Stage::Both, Stage::One, Stage::Two];

/// Whether a run could begin.
pub(super) fn can_start(app: &App) -> bool {
    let has_photos = matches!(&app.training.overview, Some(Ok(overview)) if overview.photos > 0);
    has_photos && app.tasks.training.is_none()
}

pub(super) fn ui(app: &App, ui: &mut Ui, commands: &mut Vec<Command>) {
    unfinished_ui(app, ui, commands);
    let config = &app.settings.now.train;
    let mut next = config.clone();
    ui.strong("Photos");
    ui.add_space(theme::HEADING_GAP);
    photos_ui(app, ui, commands);
    heading(ui, "Training");
    start_ui(app, &mut next, ui, commands);
    length_ui(&mut next, ui);
    let hint = "Stage 1 learns; stage 2 refines with the statistics of the first half of the network frozen";
    if let Some(stage) = choice(ui, "Stage", config.stage, &STAGES, stage_label, hint) {
        next.stage = stage;
    }
    device_ui(&mut next, ui);
    out_ui(app, &mut next, ui, commands);
    let advanced = CollapsingHeader::new("Advanced").id_salt("advanced training");
    advanced.show(ui, |ui| advanced::ui(&mut next, ui, commands));
    if next != *config {
        commands.push(Request::Configure(Box::new(next)).into());
    }
}

/// Runs that were stopped or broken off.
fn unfinished_ui(app: &App, ui: &mut Ui, commands: &mut Vec<Command>) {
    for unfinished in app.training.shelf.unfinished.iter().take(2) {
        card(ui, |ui| {
            let name = unfinished.name();
            let is_being_trained = unfinished.is_being_trained;
            let title = if is_being_trained {
                format!("“{name}” is being trained by another Lacuna")
            } else {
                format!("“{name}” can go on")
            };
            ui.add(Label::new(RichText::new(title).strong()).wrap());
            let step = unfinished.run.saved_step.unwrap_or(unfinished.run.step);
            note(ui, format!("It was saved at step {step}"))
                .on_hover_text(unfinished.run.out.display().to_string());
            if is_being_trained {
                return;
            }
            let button = ui.button(format!("{}  Resume", icons::PLAY));
            button.widget_info(|| button_info(true, "Resume"));
            if button.clicked() {
                commands.push(Request::Resume(unfinished.run.out.clone()).into());
            }
        });
        ui.add_space(theme::HEADING_GAP);
    }
}

fn photos_ui(app: &App, ui: &mut Ui, commands: &mut Vec<Command>) {
    let photos = &app.settings.now.train.photos;
    let size = vec2(ui.available_width(), ui.spacing().interact_size.y);
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
        let choose = ui.button("Choose…");
        choose.widget_info(|| button_info(true, "Choose photos…"));
        if choose.on_hover_text(Action::TrainPhotos.tooltip()).clicked() {
            commands.push(Action::TrainPhotos.into());
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let name = if photos.as_os_str().is_empty() {
                RichText::new("No folder chosen").weak()
            } else {
                RichText::new(name_of(photos))
            };
            ui.add(Label::new(name).truncate())
                .on_hover_text(photos.display().to_string());
        });
    });
    match &app.training.overview {
        Some(Ok(overview)) => note(ui, overview.headline()),
        Some(Err(_)) => note(ui, "This folder cannot be used"),
        None if app.tasks.overview.is_some() => note(ui, "Looking through the photos…"),
        None => note(ui, "About a hundred are a good start"),
    };
}

/// Which weights to start from: built-in, in use, listed, from nothing, or any file.
fn start_ui(app: &App, config: &mut Config, ui: &mut Ui, commands: &mut Vec<Command>) {
    let hint = "Training goes on from what these weights have learned already";
    field(ui, "Start from", hint, |ui, label| {
        let combo = ComboBox::from_id_salt("start from")
            .selected_text(start_label(&config.start))
            .truncate()
            .width(ui.available_width());
        let shown = combo.show_ui(ui, |ui| {
            ui.set_min_width(220.0);
            let current = app.weights();
            let mut offer = |ui: &mut Ui, start: Start, label: String| {
                if ui.selectable_label(config.start == start, label).clicked() {
                    config.start = start;
                }
            };
            offer(ui, Start::Default, "Built-in weights".to_owned());
            if let Some(path) = &current {
                offer(
                    ui,
                    Start::File(path.clone()),
                    format!("Weights in use ({})", name_of(path)),
                );
            }
            let good = app
                .training
                .shelf
                .weights
                .iter()
                .filter(|entry| entry.problem.is_none());
            for entry in good.filter(|entry| Some(&entry.path) != current.as_ref()) {
                offer(ui, Start::File(entry.path.clone()), entry.name.clone());
            }
            offer(ui, Start::HeInit, "Nothing learned yet".to_owned());
            if ui.selectable_label(false, "Choose a file…").clicked() {
                commands.push(Request::Browse(Purpose::TrainStart).into());
            }
        });
        shown.response.labelled_by(label).on_hover_text(hint);
    });
}

fn start_label(start: &Start) -> String {
    match start {
        Start::Default => "Built-in weights".to_owned(),
        Start::HeInit => "Nothing learned yet".to_owned(),
        Start::File(path) => name_of(path),
    }
}

/// Minutes, steps, or until it is stopped.
fn length_ui(config: &mut Config, ui: &mut Ui) {
    let length = Length::of(config);
    let hint = "When training ends by itself; it can be stopped and go on later at any time";
    if let Some(chosen) = choice(ui, "Train for", length, &Length::ALL, Length::label, hint) {
        chosen.set(config);
    }
    if let Some(minutes) = &mut config.minutes {
        field(ui, "", "", |ui, _| {
            let drag = DragValue::new(minutes)
                .range(0.5..=100_000.0)
                .speed(1.0)
                .suffix(" min");
            let response = ui.add(drag);
            response.widget_info(|| {
                eframe::egui::WidgetInfo::labeled(eframe::egui::Role::SpinButton, true, "Minutes")
            });
        });
    } else if let Some(steps) = &mut config.steps {
        field(ui, "", "", |ui, _| {
            let drag = DragValue::new(steps)
                .range(1..=100_000_000)
                .speed(10.0)
                .suffix(" steps");
            let response = ui.add(drag);
            response.widget_info(|| {
                eframe::egui::WidgetInfo::labeled(eframe::egui::Role::SpinButton, true, "Steps")
            });
        });
    }
}

const fn stage_label(stage: Stage) -> &'static str {
    match stage {
        Stage::Both => "Learn, then refine",
        Stage::One => "Learn (stage 1)",
        Stage::Two => "Refine (stage 2)",
    }
}

fn device_ui(config: &mut Config, ui: &mut Ui) {
    let all: Vec<DeviceChoice> = DeviceChoice::ALL
        .into_iter()
        .filter(|choice| choice.is_built_in())
        .collect();
    let hint = "Where training runs; a graphics card is many times faster than the processor";
    if let Some(device) = choice(ui, "Device", config.device, &all, DeviceChoice::label, hint) {
        config.device = device;
    }
}

/// Where the results go.
fn out_ui(app: &App, config: &mut Config, ui: &mut Ui, commands: &mut Vec<Command>) {
    let hint = "Checkpoints, samples and the finished weights; nothing is ever written to the photos' folder";
    field(ui, "Results", hint, |ui, _| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let choose = ui.button(icons::FOLDER_OPEN);
            choose.widget_info(|| button_info(true, "Choose results folder…"));
            if choose.on_hover_text("Choose a folder for the results…").clicked() {
                commands.push(Request::Browse(Purpose::TrainOut).into());
            }
            if !config.out.as_os_str().is_empty() {
                let button = ui.add(Button::new(icons::X).frame_when_inactive(false));
                button.widget_info(|| button_info(true, "New folder for the results"));
                if button.on_hover_text("Take a new folder by itself").clicked() {
                    config.out.clear();
                }
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let (text, path) = if config.out.as_os_str().is_empty() {
                    ("New folder".to_owned(), app.training.library.as_deref())
                } else {
                    (name_of(&config.out), Some(config.out.as_path()))
                };
                let label = ui.add(Label::new(text).truncate());
                if let Some(path) = path {
                    label.on_hover_text(path.display().to_string());
                }
            });
        });
    });
}

/// Time and memory before the start.
pub(super) fn estimate_ui(app: &App, ui: &mut Ui) {
    let config = &app.settings.now.train;
    let photo_bytes = match &app.training.overview {
        Some(Ok(overview)) => kept_bytes(overview.sides.iter().copied(), config.side),
        _ => 0,
    };
    let estimate = estimate(config, photo_bytes);
    let a_step = words::duration_or_less(estimate.seconds_per_step);
    let whole = match (config.minutes, config.steps) {
        (Some(minutes), _) => {
            let steps = (minutes * 60.0 / estimate.seconds_per_step).round().max(1.0);
            format!("about {steps:.0} steps in {}", words::duration(minutes * 60.0))
        }
        (None, Some(steps)) => {
            let seconds = steps as f64 * estimate.seconds_per_step;
            format!("{steps} steps in about {}", words::duration(seconds))
        }
        (None, None) => "until it is stopped".to_owned(),
    };
    note(
        ui,
        format!(
            "{a_step} a step, {whole}. Memory: about {}.",
            words::memory(estimate.memory_mib)
        ),
    )
    .on_hover_text(
        "Estimated for this computer's processor; a graphics card is many times faster. The memory is that of the \
         program with its network, one step and the photos kept for the next ones; the window's pictures come on top",
    );
}

/// The last part of a path.
pub(super) fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    let folder = path
        .parent()
        .and_then(Path::file_name)
        .map(|name| name.to_string_lossy());
    // What runs leave is all called the same; their folders tell them apart.
    match (path.file_stem().and_then(|stem| stem.to_str()), folder) {
        (Some("weights"), Some(folder)) => folder.into_owned(),
        (Some("best"), Some(folder)) => format!("{folder}, best so far"),
        _ => name.to_string_lossy().into_owned(),
    }
}
