//! The line below: what runs and how long it will take, what to do next, and what the photo is.

use std::{borrow::Cow, time::Duration};

use eframe::egui::{Align, Button, Context, Layout, ProgressBar, RichText, Ui};

use crate::app::{
    App, OpenPhoto,
    action::Action,
    canvas::Tool,
    command::Command,
    icons,
    state::Engine,
    tasks::{Aside, Running},
    theme,
    train::Tab,
};

/// A change of the document that takes no longer is seen at once and needs no words.
const UNNOTICED: Duration = Duration::from_millis(300);

pub(super) fn ui(app: &App, ui: &mut Ui, commands: &mut Vec<Command>) {
    ui.horizontal_centered(|ui| {
        ui.add_space(4.0);
        training_ui(app, ui, commands);
        match app.tasks.foremost() {
            Some(running) => running_ui(&running, ui, commands),
            None => {
                ui.weak(hint(app, ui.ctx()));
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = theme::FACT_GAP;
            ui.spacing_mut().button_padding.x = 0.0;
            device_ui(app, ui, commands);
            if let (Some(photo), Tab::Edit) = (&app.photo, app.training.tab) {
                photo_ui(app, photo, ui, commands);
            }
        });
    });
}

/// That training runs, in both tabs; a click shows it.
fn training_ui(app: &App, ui: &mut Ui, commands: &mut Vec<Command>) {
    let Some(text) = super::train::status_line(app) else {
        return;
    };
    let text = RichText::new(format!("{}  {text}", icons::CHART));
    let button = Button::new(text).small().frame_when_inactive(false);
    if ui
        .add(button)
        .on_hover_text(Action::TrainTab.hint(ui.ctx()))
        .clicked()
    {
        commands.push(Action::TrainTab.into());
    }
    ui.separator();
}

fn running_ui(running: &Running, ui: &mut Ui, commands: &mut Vec<Command>) {
    let status = &running.status;
    let stage = &status.stage;
    let name = if stage.is_empty() || *running.name == **stage {
        running.name.to_string()
    } else {
        format!("{} · {stage}", running.name)
    };
    ui.label(if running.is_cancelled {
        "Cancelling…".to_owned()
    } else {
        name
    });
    match status.fraction() {
        Some(fraction) => ui.add(
            ProgressBar::new(fraction)
                .desired_width(140.0)
                .desired_height(6.0),
        ),
        None => {
            ui.ctx().request_repaint_after(Duration::from_millis(250));
            ui.weak("…")
        }
    };
    ui.weak(match status.remaining() {
        Some(left) => format!("{} left", rough(left)),
        None => rough(status.started.elapsed()),
    });
    if !running.can_cancel {
        return;
    }
    let button = Button::new("Cancel").small();
    if ui
        .add_enabled(!running.is_cancelled, button)
        .on_hover_text("Stop it (Esc)")
        .clicked()
    {
        commands.push(Action::Cancel.into());
    }
}

/// What to do next.
fn hint(app: &App, ctx: &Context) -> Cow<'static, str> {
    if app.training.tab == Tab::Train {
        return Cow::Borrowed(training_hint(app));
    }
    let Some(photo) = &app.photo else {
        return Cow::Borrowed("Open a photo to begin");
    };
    let document = &photo.document;
    let is_changing = |aside: &Aside| aside.job.status().started.elapsed() > UNNOTICED;
    Cow::Borrowed(if app.canvas.is_outlining() {
        let undo = Action::Undo.shortcut_text(ctx);
        return Cow::Owned(format!(
            "Enter closes the outline · {undo} takes a corner back · Esc lets it go"
        ));
    } else if let Some(aside) = app.tasks.aside.as_ref().filter(|aside| is_changing(aside)) {
        return Cow::Owned(format!("Working it out: {}…", aside.job.name()));
    } else if app.state.fill_when_ready {
        "Waiting for the network…"
    } else if app.state.keeps_out {
        "Mark what nothing should be copied from · K goes back to what should go"
    } else if photo.has_mask() {
        "Press Enter to fill what is masked"
    } else if app.state.tool == Tool::Wand {
        "Click on what should go, then press Enter"
    } else if document.removals().is_empty() {
        "Brush over what should go, then press Enter"
    } else {
        let export = Action::Export.shortcut_text(ctx);
        return Cow::Owned(format!("Hold \\ to see the original · {export} exports"));
    })
}

fn training_hint(app: &App) -> &'static str {
    match (&app.training.run, &app.training.overview) {
        (Some(run), _) if run.is_running() => "Editing goes on in the Edit tab",
        (Some(_), _) => "",
        (None, Some(Ok(overview))) if overview.photos > 0 => "Start when you like; editing goes on meanwhile",
        (None, Some(_)) => "Choose other photos to learn from",
        (None, None) => "Choose photos to learn from",
    }
}

fn photo_ui(app: &App, photo: &OpenPhoto, ui: &mut Ui, commands: &mut Vec<Command>) {
    let zoom = format!("{:.0} %", app.canvas.view().zoom() * 100.0);
    ui.weak(photo.profile_text())
        .on_hover_text("Colour profile; it goes along on export");
    ui.weak(photo.kind_text())
        .on_hover_text("Channels and bits per sample");
    ui.weak(photo.size_text())
        .on_hover_text("Columns and rows of the photo");
    let button = Button::new(RichText::new(zoom).weak())
        .small()
        .frame_when_inactive(false);
    if ui
        .add(button)
        .on_hover_text(format!(
            "Click to fit the photo in the window ({})",
            Action::Fit.shortcut_text(ui.ctx())
        ))
        .clicked()
    {
        commands.push(Action::Fit.into());
    }
}

fn device_ui(app: &App, ui: &mut Ui, commands: &mut Vec<Command>) {
    let text = match &app.state.engine {
        Engine::Loading => "Loading…".to_owned(),
        Engine::Ready(network) => network.device_name(),
        Engine::Failed(_) => "No network".to_owned(),
    };
    let text = RichText::new(format!("{}  {text}", icons::CPU)).weak();
    let button = Button::new(text).small().frame_when_inactive(false);
    if ui
        .add(button)
        .on_hover_text("Where the network runs; click to change")
        .clicked()
    {
        commands.push(Action::Settings.into());
    }
}

/// "8 s", "2 min".
fn rough(time: Duration) -> String {
    let secs = time.as_secs_f32().round().max(1.0) as u64;
    if secs < 90 {
        format!("{secs} s")
    } else {
        format!("{} min", (secs + 30) / 60)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::rough;

    #[test]
    fn times_are_told_in_the_unit_that_people_use() {
        assert_eq!(rough(Duration::from_millis(200)), "1 s");
        assert_eq!(rough(Duration::from_secs(75)), "75 s");
        assert_eq!(rough(Duration::from_secs(170)), "3 min");
    }
}
