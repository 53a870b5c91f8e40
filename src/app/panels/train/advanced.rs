//! The settings that hardly anyone changes.

use std::path::PathBuf;

use eframe::egui::{Align, Label, Layout, Ui};

use super::{
    form::name_of,
    widgets::{button_info, choice, field, number},
};
use crate::{
    app::{
        command::Command,
        icons,
        panels::widgets::{icon_button, note},
        purpose::Purpose,
        train::Request,
    },
    train::{Config, Decay, Stage, Start},
};

pub(super) fn ui(config: &mut Config, ui: &mut Ui, commands: &mut Vec<Command>) {
    batch_ui(config, ui);
    rates_ui(config, ui);
    losses_ui(config, ui);
    rhythm_ui(config, ui);
    let hint = "Holes are made up unless you have masks of your own";
    file_ui(
        ui,
        "Holes",
        &mut config.holes,
        "Made up",
        Purpose::TrainHoles,
        hint,
        commands,
    );
    let hint =
        "The network that judges how natural fills look: a VGG-16 or VGG-19 in place of the built-in one";
    file_ui(
        ui,
        "Features",
        &mut config.features,
        "Built-in",
        Purpose::TrainFeatures,
        hint,
        commands,
    );
    if config.start == Start::HeInit {
        size_ui(config, ui);
    }
    let defaults = Config {
        photos: config.photos.clone(),
        out: config.out.clone(),
        start: config.start.clone(),
        minutes: config.minutes,
        steps: config.steps,
        stage: config.stage,
        device: config.device,
        ..Config::default()
    };
    if *config != defaults && ui.button("Back to defaults").clicked() {
        *config = defaults;
    }
}

fn batch_ui(config: &mut Config, ui: &mut Ui) {
    let hint = "Side of the squares cut from the photos; larger ones show more and take longer";
    number(ui, "Square side", &mut config.side, Config::SIDES, " px", hint);
    let hint = "Squares per step; more are steadier and need more memory";
    number(
        ui,
        "Squares per step",
        &mut config.batch,
        Config::BATCHES,
        "",
        hint,
    );
    let hint = "Photos that are only measured on, never learned from";
    number(ui, "Held-out photos", &mut config.held_out, 0..=200, "", hint);
    note(
        ui,
        "A quarter of the photos at most; those kept for later measurements are not learned from either",
    );
    let hint = "The same seed, photos and settings give the same weights on the processor";
    number(ui, "Seed", &mut config.seed, 0..=u64::MAX, "", hint);
}

fn rates_ui(config: &mut Config, ui: &mut Ui) {
    if config.stage != Stage::Two {
        let hint = "How far a step goes while learning";
        number(
            ui,
            "Learning rate",
            &mut config.learning_rate,
            1e-7..=1.0,
            "",
            hint,
        );
    }
    if config.stage != Stage::One {
        let hint = "How far a step goes while refining";
        number(
            ui,
            "Refining rate",
            &mut config.fine_tune_rate,
            1e-7..=1.0,
            "",
            hint,
        );
    }
    let hint = "Steps over which the rate grows to its full size; the first gradients say little about how far to go";
    number(
        ui,
        "Warm-up",
        &mut config.warm_up_steps,
        0..=100_000,
        " steps",
        hint,
    );
    let hint = "Smaller steps towards the end of the run settle what was learned; the paper's rates stay";
    let label_of = |decay| match decay {
        Decay::Cosine => "Fall towards the end",
        Decay::None => "Stay as they are",
    };
    if let Some(decay) = choice(
        ui,
        "Rates",
        config.decay,
        &[Decay::Cosine, Decay::None],
        label_of,
        hint,
    ) {
        config.decay = decay;
    }
    if config.stage == Stage::Both {
        let hint = "Part of the time that is spent on refining";
        let mut percent = (config.fine_tune_share * 100.0).round();
        if number(ui, "Refining share", &mut percent, 0.0..=99.0, " %", hint) {
            config.fine_tune_share = percent / 100.0;
        }
    }
    let hint = "How much of the averaged weights stays per step; 0 takes the latest weights as they are";
    number(ui, "Averaging", &mut config.ema, 0.0..=0.99999, "", hint);
    let hint = "Longest gradient; longer ones are cut. 0 cuts none";
    number(
        ui,
        "Gradient limit",
        &mut config.clip_norm,
        0.0..=1000.0,
        "",
        hint,
    );
}

fn losses_ui(config: &mut Config, ui: &mut Ui) {
    let hint = "How much it counts that fills look natural, judged by the feature network; 0.05 in the paper";
    let weight = &mut config.perceptual_weight;
    number(ui, "Natural look", weight, 0.0..=1000.0, "", hint);
    let hint = "How much it counts that the network makes texture of its own; 120 in the paper. Removals take their \
                texture from the photo, and a network that makes none knows shapes and colours better";
    let weight = &mut config.style_weight;
    number(ui, "Own texture", weight, 0.0..=10_000.0, "", hint);
}

fn rhythm_ui(config: &mut Config, ui: &mut Ui) {
    let hint = "Time between checkpoints: what a power cut can cost";
    number(
        ui,
        "Save every",
        &mut config.checkpoint_every_s,
        5.0..=36_000.0,
        " s",
        hint,
    );
    let hint = "Checkpoints to keep besides the best";
    number(ui, "Keep", &mut config.keep_checkpoints, 1..=100, "", hint);
    let hint = "Steps between measurements on the held-out photos";
    let every = &mut config.evaluate_every_steps;
    number(ui, "Measure every", every, 1..=1_000_000, " steps", hint);
    let hint = "Time between sample pictures";
    number(
        ui,
        "Samples every",
        &mut config.sample_every_s,
        1.0..=36_000.0,
        " s",
        hint,
    );
    let hint = "Processor threads; 0 takes all of them";
    let mut threads = config.threads.unwrap_or(0);
    if number(ui, "Threads", &mut threads, 0..=256, "", hint) {
        config.threads = (threads > 0).then_some(threads);
    }
}

fn size_ui(config: &mut Config, ui: &mut Ui) {
    let hint = "Channels of the first level; the built-in weights have 32";
    number(ui, "Base width", &mut config.base_width, 1..=64, "", hint);
    let hint = "How many times the picture is halved";
    number(ui, "Levels", &mut config.levels, 5..=8, "", hint);
}

/// A folder or file that may be left to the program.
fn file_ui(
    ui: &mut Ui,
    name: &str,
    path: &mut Option<PathBuf>,
    otherwise: &str,
    purpose: Purpose,
    hint: &str,
    commands: &mut Vec<Command>,
) {
    field(ui, name, hint, |ui, _| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let choose = ui.button("Choose…");
            choose.widget_info(|| button_info(true, &format!("Choose {}…", name.to_lowercase())));
            if choose.on_hover_text(hint).clicked() {
                commands.push(Request::Browse(purpose).into());
            }
            let back = format!("{name}: back to {}", otherwise.to_lowercase());
            if path.is_some() && icon_button(ui, icons::X, &back, &back).clicked() {
                *path = None;
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let text = path.as_deref().map_or_else(|| otherwise.to_owned(), name_of);
                ui.add(Label::new(text).truncate());
            });
        });
    });
}
