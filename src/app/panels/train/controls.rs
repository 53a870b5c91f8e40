//! The left panel while a run goes on and after it: how it goes, what can be done, how it ended.

use eframe::egui::{Button, Label, ProgressBar, RichText, Ui};

use super::{
    report,
    widgets::{fact, wide_button},
    words,
};
use crate::app::{
    App,
    action::Action,
    command::Command,
    icons,
    panels::widgets::{divider, heading, main_button, note, show_main},
    theme,
    train::{
        Request,
        run::{Activity, End, Run, reason_words},
    },
};

pub(super) fn ui(app: &App, run: &Run, ui: &mut Ui, commands: &mut Vec<Command>) {
    ui.label(RichText::new(title(run)).size(15.0).strong())
        .on_hover_text(run.out.display().to_string());
    match &run.end {
        None => running_ui(app, run, ui, commands),
        Some(end) => end_ui(app, run, end, ui, commands),
    }
    divider(ui);
    heading(ui, "Details");
    facts_ui(run, ui);
}

fn title(run: &Run) -> String {
    let name = run.out.file_name().unwrap_or_default().to_string_lossy();
    if name.is_empty() {
        "New run".to_owned()
    } else {
        name.into_owned()
    }
}

fn running_ui(app: &App, run: &Run, ui: &mut Ui, commands: &mut Vec<Command>) {
    ui.label(words::activity(app, run));
    let job = app.tasks.training.as_ref().map(|training| training.job.status());
    let preparing = job.and_then(|status| status.fraction());
    let progress = match &run.now {
        Some(now) => now.progress as f32,
        None => preparing.unwrap_or(0.0),
    };
    let left = run.now.as_ref().and_then(|now| now.seconds_left);
    let bar = ProgressBar::new(progress).desired_height(8.0);
    ui.add(bar);
    ui.weak(match left {
        Some(left) => format!("{:.0} %, {} left", progress * 100.0, words::duration(left)),
        None if run.now.is_some() => "Until it is stopped".to_owned(),
        None => " ".to_owned(),
    });
    ui.add_space(theme::HEADING_GAP);
    buttons_ui(app, run, ui, commands);
}

fn buttons_ui(app: &App, run: &Run, ui: &mut Ui, commands: &mut Vec<Command>) {
    let half = (ui.available_width() - ui.spacing().item_spacing.x) / 2.0;
    let is_steerable = matches!(run.activity, Activity::Training | Activity::Paused);
    let mut act = |ui: &mut Ui, icon, name, action: Action, is_enabled| {
        if wide_button(ui, icon, name, half, is_enabled, action.tooltip()) {
            commands.push(action.into());
        }
    };
    ui.horizontal(|ui| {
        let (icon, name) = if app.is_paused() {
            (icons::PLAY, "Go on")
        } else {
            (icons::PAUSE, "Pause")
        };
        act(ui, icon, name, Action::PauseTraining, is_steerable);
        act(ui, icons::STOP, "Stop", Action::StopTraining, run.can_stop());
    });
    ui.horizontal(|ui| {
        act(ui, icons::SAVE, "Save now", Action::SaveTraining, is_steerable);
        act(
            ui,
            icons::EYE,
            "Samples now",
            Action::SampleTraining,
            is_steerable,
        );
    });
}

fn end_ui(app: &App, run: &Run, end: &End, ui: &mut Ui, commands: &mut Vec<Command>) {
    match end {
        End::Finished { reason, .. } => {
            ui.label(format!("Step {}: {}", run.step, reason_words(*reason)));
        }
        End::Failed(why) => {
            let color = ui.visuals().error_fg_color;
            ui.add(Label::new(RichText::new(why).color(color)).wrap());
        }
        End::BrokenOff => {
            ui.label("It was broken off");
        }
    }
    if let Some(report) = run.report() {
        ui.add_space(theme::HEADING_GAP);
        report::ui(report, ui);
    }
    ui.add_space(theme::SECTION_GAP);
    use_ui(app, run, ui, commands);
    let width = ui.available_width();
    let resumable = app
        .training
        .shelf
        .unfinished
        .iter()
        .any(|unfinished| unfinished.run.out == run.out && !unfinished.is_being_trained);
    let hint = "Go on from the last checkpoint";
    if resumable && wide_button(ui, icons::PLAY, "Resume", width, true, hint) {
        commands.push(Request::Resume(run.out.clone()).into());
    }
    let hint = "Back to the choice of photos and settings";
    if wide_button(ui, icons::PLUS, "New training", width, true, hint) {
        commands.push(Request::New.into());
    }
}

/// Taking the new weights into use, and going back.
fn use_ui(app: &App, run: &Run, ui: &mut Ui, commands: &mut Vec<Command>) {
    let Some(weights) = run.weights() else { return };
    if app.weights().as_ref() == Some(weights) {
        let color = theme::good(ui.visuals().dark_mode);
        ui.label(RichText::new(format!("{}  These weights are in use", icons::CHECK)).color(color));
        super::shelf::back_ui(app, ui, commands);
        return;
    }
    let size = [ui.available_width(), theme::MAIN_BUTTON_HEIGHT];
    let text = format!("{}  Use these weights", icons::CHECK);
    // What is worse can be used, but nobody is led to it.
    let is_worse = run.report().is_some_and(crate::train::Comparison::is_worse);
    let button = if is_worse {
        Button::new(text)
    } else {
        main_button(ui, text)
    };
    let button = button.min_size(size.into());
    let response = ui.vertical_centered(|ui| show_main(ui, true, button)).inner;
    response.widget_info(|| super::widgets::button_info(true, "Use these weights"));
    if response.on_hover_text(Action::UseTrained.tooltip()).clicked() {
        commands.push(Action::UseTrained.into());
    }
}

fn facts_ui(run: &Run, ui: &mut Ui) {
    ui.spacing_mut().item_spacing.y = 3.0;
    fact(ui, "Step", &run.step.to_string(), "Steps made in all");
    if let Some(now) = &run.now {
        fact(ui, "Stage", words::phase(now.phase), "");
        let speed = format!("{} images/s", words::short(now.images_per_s));
        fact(ui, "Speed", &speed, "Squares trained on per second");
        fact(
            ui,
            "Loss",
            &words::short(now.loss.total),
            "The weighted sum of all terms",
        );
        fact(ui, "Rate", &format!("{:.1e}", now.rate), "Learning rate");
    }
    if let Some(last) = run.measured.last() {
        let hint = "PSNR of a few fixed holes in photos the network never trained on, and the difference to the weights it \
             started from; at the end more holes are measured";
        fact(ui, "Held-out", &words::decibels(last.psnr, run.old_psnr), hint);
    }
    if let Some(best) = run.best() {
        fact(
            ui,
            "Best",
            &format!("step {}", best.step),
            "Where the held-out loss was lowest",
        );
    }
    if let Some(step) = run.saved_step {
        fact(ui, "Saved", &format!("step {step}"), "The last checkpoint");
    }
    if let Some(mib) = run.memory_mib {
        fact(
            ui,
            "Memory",
            &words::memory(mib),
            "Of the whole program, on the processor's side",
        );
    }
    if let Some(mib) = run.now.as_ref().and_then(|now| now.device_memory_mib) {
        fact(
            ui,
            "GPU memory",
            &words::memory(mib),
            "In use on the GPU, by all programs together",
        );
    }
    match &run.facts {
        Some(facts) => {
            let photos = format!("{}, {} held out", facts.photos, facts.held_out);
            fact(
                ui,
                "Photos",
                &photos,
                "Photos to learn from, and photos that are only measured on. A few more are kept for later \
                 measurements: what was learned from is never measured on",
            );
            fact(ui, "Device", &facts.device, "Where it runs");
            fact(
                ui,
                "Features",
                &facts.features,
                "The network that judges how natural fills look",
            );
            let millions = format!("{:.1} million weights", facts.parameters as f64 / 1e6);
            fact(ui, "Network", &millions, "Numbers that are learned");
        }
        None => {
            note(ui, "More is shown once it has begun");
        }
    }
}
