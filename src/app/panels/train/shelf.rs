//! The weights: which are in use, the way back, and all others with what is known of them and can be done with them.

use eframe::egui::{Align, Label, Layout, RichText, Ui};

use super::{
    form::name_of,
    widgets::{button_info, card, wide_button},
    words,
};
use crate::{
    app::{
        App,
        action::Action,
        command::Command,
        icons,
        panels::widgets::{icon_button, note},
        purpose::Purpose,
        state::{Dialog, Engine},
        theme,
        train::{Errand, NameForm, Request},
    },
    settings::Weights,
    train::library::Entry,
};

/// Letters of a checksum that tell weights apart.
const CHECKSUM_LETTERS: usize = 12;

pub(super) fn ui(app: &App, ui: &mut Ui, commands: &mut Vec<Command>) {
    ui.strong("Weights");
    ui.add_space(theme::HEADING_GAP);
    if let Engine::Failed(why) = &app.state.engine {
        ui.colored_label(ui.visuals().error_fg_color, "No network is loaded")
            .on_hover_text(why);
    }
    back_ui(app, ui, commands);
    built_in_ui(app, ui, commands);
    for entry in &app.training.shelf.weights {
        ui.push_id(&entry.path, |ui| entry_ui(app, entry, ui, commands));
    }
    if app.training.shelf.weights.is_empty() {
        note(ui, "Weights that you train appear here");
    }
    ui.add_space(theme::HEADING_GAP);
    let hint = "Take weights from a file; it is looked at before it is used";
    let width = ui.available_width();
    if wide_button(ui, icons::FOLDER_OPEN, "Choose a file…", width, true, hint) {
        commands.push(Request::Browse(Purpose::Weights).into());
    }
}

/// The way back to the weights from before, where there is one.
pub(super) fn back_ui(app: &App, ui: &mut Ui, commands: &mut Vec<Command>) {
    let Some(before) = &app.settings.now.weights_before else {
        return;
    };
    let name = match before {
        Weights::BuiltIn => "the built-in weights".to_owned(),
        Weights::File(path) => format!("“{}”", name_of(path)),
    };
    let text = format!("Back to {name}");
    let width = ui.available_width();
    if wide_button(
        ui,
        icons::UNDO,
        &text,
        width,
        true,
        Action::PreviousWeights.tooltip(),
    ) {
        commands.push(Action::PreviousWeights.into());
    }
}

fn built_in_ui(app: &App, ui: &mut Ui, commands: &mut Vec<Command>) {
    let is_used = app.weights().is_none();
    card(ui, |ui| {
        title_ui(
            ui,
            "Built-in",
            is_used,
            true,
            || Command::SetWeights(None),
            commands,
        );
        note(ui, "Came with Lacuna");
        if let (true, Engine::Ready(network)) = (is_used, &app.state.engine) {
            checksum_ui(ui, &network.info.sha256);
        }
    });
}

fn entry_ui(app: &App, entry: &Entry, ui: &mut Ui, commands: &mut Vec<Command>) {
    let is_used = app.weights().as_ref() == Some(&entry.path);
    card(ui, |ui| {
        let is_good = entry.problem.is_none();
        let choose = || Command::SetWeights(Some(entry.path.clone()));
        title_ui(ui, &entry.name, is_used, is_good, choose, commands);
        if let Some(why) = &entry.problem {
            let text = format!("{}  Cannot be used: {why}", icons::WARNING);
            let color = ui.visuals().warn_fg_color;
            ui.add(Label::new(RichText::new(text).small().color(color)).wrap());
        }
        for line in facts(entry) {
            note(ui, line);
        }
        foot_ui(app, entry, ui, commands);
    });
}

/// The checksum, and at its end what can be done with the file.
fn foot_ui(app: &App, entry: &Entry, ui: &mut Ui, commands: &mut Vec<Command>) {
    let name = &entry.name;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        ui.spacing_mut().button_padding.x = 4.0;
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if let (true, Some(library)) = (entry.is_own, &app.training.library) {
                if icon_button(ui, icons::TRASH, &format!("Delete {name}…"), "Delete…").clicked() {
                    commands.push(Command::SetDialog(Dialog::DeleteWeights(entry.into())));
                }
                if icon_button(ui, icons::PENCIL, &format!("Rename {name}…"), "Rename…").clicked() {
                    let form = NameForm::new(library, entry);
                    commands.push(Command::SetDialog(Dialog::RenameWeights(form)));
                }
            }
            let show = format!("Show {name} in folder");
            if icon_button(ui, icons::FOLDER_OPEN, &show, "Show in folder").clicked() {
                commands.push(Request::Errand(Errand::Show(entry.into())).into());
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                if !entry.sha256.is_empty() {
                    checksum_ui(ui, &entry.sha256);
                }
            });
        });
    });
}

/// The name, and at its end whether it is in use or the button that makes it so.
fn title_ui(
    ui: &mut Ui,
    name: &str,
    is_used: bool,
    is_good: bool,
    choose: impl FnOnce() -> Command,
    commands: &mut Vec<Command>,
) {
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if is_used {
                let color = theme::good(ui.visuals().dark_mode);
                ui.label(RichText::new(format!("{}  In use", icons::CHECK)).color(color));
            } else if is_good {
                let button = ui.button("Use");
                button.widget_info(|| button_info(true, &format!("Use {name}")));
                if button.on_hover_text("Fill with these weights").clicked() {
                    commands.push(choose());
                }
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(Label::new(RichText::new(name).strong()).truncate());
            });
        });
    });
}

/// What a file says of itself, line by line.
fn facts(entry: &Entry) -> impl Iterator<Item = String> {
    let made = entry.created.as_deref().map(words::moment);
    let steps = entry.steps.map(|steps| format!("{steps} steps"));
    let first: Vec<String> = made.into_iter().chain(steps).collect();
    let first = (!first.is_empty()).then(|| first.join(" · "));
    first
        .into_iter()
        .chain(entry.trained_on.clone())
        .chain(entry.score.clone())
}

fn checksum_ui(ui: &mut Ui, sha256: &str) {
    let short: String = sha256.chars().take(CHECKSUM_LETTERS).collect();
    let text = RichText::new(format!("Checksum {short}…")).weak().small();
    ui.add(Label::new(text).truncate()).on_hover_text(sha256);
}
