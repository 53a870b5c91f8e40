//! Filling: the one button, the device, and the options behind it.

use eframe::egui::{
    Align, Button, CollapsingHeader, ComboBox, DragValue, Image, Layout, ProgressBar, RichText, Role, Ui,
    WidgetInfo, vec2,
};

use super::widgets::{Scale, divider, heading, main_button, note, row, show_main, slider};
use crate::{
    app::{App, action::Action, command::Command, icons, state::Engine, theme},
    inpaint::{Detail, Ensemble, MAX_CANDIDATES, Options, Strategy},
    nn::DeviceChoice,
};

/// Points between two thumbnails.
const THUMBNAIL_GAP: f32 = 4.0;

pub(super) fn ui(app: &App, ui: &mut Ui, commands: &mut Vec<Command>) {
    divider(ui);
    heading(ui, "Fill");
    button_ui(app, ui, commands);
    on_release_ui(app, ui, commands);
    candidates_ui(app, ui, commands);
    device_ui(app, ui, commands);
    let options = CollapsingHeader::new("Options")
        .id_salt("fill options")
        .show(ui, |ui| {
            options_ui(app, ui, commands);
        });
    options.header_response.on_hover_text(
        "How the mask is widened, how many fills are made and how the photo reaches the network",
    );
}

fn button_ui(app: &App, ui: &mut Ui, commands: &mut Vec<Command>) {
    let size = vec2(ui.available_width(), theme::MAIN_BUTTON_HEIGHT);
    let is_waiting = app.state.fill_when_ready;
    if app.tasks.fill.is_none() && !is_waiting {
        let text = RichText::new(format!("{}  Fill", icons::SPARKLE)).size(15.0);
        // With nothing masked it is there to say what to do first.
        let has_work = app.has_mask() || app.canvas.is_outlining();
        let button = if has_work {
            main_button(ui, text).shortcut_text(RichText::new("Enter").color(theme::ON_ACCENT))
        } else {
            Button::new(text.weak()).shortcut_text("Enter")
        };
        let response = show_main(ui, app.can(Action::Fill), button.min_size(size));
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Fill"));
        if response.on_hover_text(Action::Fill.tooltip()).clicked() {
            commands.push(Action::Fill.into());
        }
        return;
    }
    let status = app.tasks.fill.as_ref().map(crate::jobs::Job::status);
    let stage = status
        .as_ref()
        .map_or("Waiting for the network", |status| status.stage.as_str());
    let fraction = status.as_ref().and_then(crate::jobs::Status::fraction);
    // As high as the button that was there: nothing below moves.
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
        let cancel = Button::new("Cancel").min_size(vec2(0.0, size.y));
        if ui.add(cancel).on_hover_text("Stop it (Esc)").clicked() {
            commands.push(Action::Cancel.into());
        }
        let bar = ProgressBar::new(fraction.unwrap_or(0.0))
            .desired_width(ui.available_width())
            .desired_height(size.y)
            .corner_radius(ui.visuals().widgets.inactive.corner_radius)
            .text(stage.to_owned());
        ui.add(bar.animate(fraction.is_none()));
    });
}

fn on_release_ui(app: &App, ui: &mut Ui, commands: &mut Vec<Command>) {
    let action = Action::ToggleFillOnRelease;
    let mut is_on = app.settings.now.fill_on_release;
    let check = ui.checkbox(&mut is_on, action.label());
    if check.on_hover_text(action.hint(ui.ctx())).changed() {
        commands.push(action.into());
    }
}

fn device_ui(app: &App, ui: &mut Ui, commands: &mut Vec<Command>) {
    ui.add_space(4.0);
    let choice = app.device_choice();
    row(ui, "Device", |ui, label| {
        let combo = ComboBox::from_id_salt("device")
            .selected_text(choice.label())
            .width(ui.available_width());
        let shown = combo.show_ui(ui, |ui| {
            for other in DeviceChoice::ALL
                .into_iter()
                .filter(|choice| choice.is_built_in())
            {
                if ui.selectable_label(other == choice, other.label()).clicked() {
                    commands.push(Command::SetDevice(other));
                }
            }
        });
        shown.response.labelled_by(label);
    });
    row(ui, "", |ui, _| match &app.state.engine {
        Engine::Loading => note(ui, "Loading the network…"),
        Engine::Ready(network) => note(ui, network.device_name()),
        Engine::Failed(why) => note(ui, "No network").on_hover_text(why),
    });
}

fn options_ui(app: &App, ui: &mut Ui, commands: &mut Vec<Command>) {
    let options = app.settings.now.fill;
    let mut changed = options;
    let (width, height) = app.photo.as_ref().map_or((0, 0), |photo| {
        let bounds = photo.document.bounds();
        (bounds.width, bounds.height)
    });
    let grow = options.grow_px_for(width, height);
    let hint = "Widen the mask by this much before filling, so that soft edges go too";
    changed.grow_px = pixels_ui(ui, "Widen", options.grow_px, grow, hint);
    let feather = options.feather_px_for(width, height);
    let hint = "Blend fill and photo within the outer part of what was widened";
    changed.feather_px = pixels_ui(ui, "Feather", options.feather_px, feather, hint);
    let mut has_detail = options.detail == Detail::Auto;
    ui.checkbox(&mut has_detail, "Texture from the photo")
        .on_hover_text("Continue the fine texture around the hole; without it large fills are smooth");
    changed.detail = if has_detail { Detail::Auto } else { Detail::Off };
    let mut is_ensemble = options.ensemble != Ensemble::Off;
    ui.checkbox(&mut is_ensemble, "Several looks").on_hover_text(
        "Let the network see each part mirrored and smaller too, and take the mean: fewer errors, more time",
    );
    if is_ensemble != (options.ensemble != Ensemble::Off) {
        changed.ensemble = if is_ensemble {
            Ensemble::Auto
        } else {
            Ensemble::Off
        };
    }
    if let Some(grain) = slider(
        ui,
        "Grain",
        f32::from(options.grain) / 100.0,
        &Scale::PERCENT,
        "How much of the surroundings' grain the fill is given",
    ) {
        changed.grain = (grain * 100.0).round() as u8;
    }
    row(ui, "Candidates", |ui, label| {
        let drag = DragValue::new(&mut changed.candidates).range(1..=MAX_CANDIDATES);
        ui.add(drag)
            .labelled_by(label)
            .on_hover_text("Make so many different fills to choose from; each takes as long as one");
    });
    let mut is_whole = options.strategy == Strategy::Whole;
    ui.checkbox(&mut is_whole, "Whole photo at once")
        .on_hover_text("Send the photo through the network without crops: slow, and only for small photos");
    changed.strategy = if is_whole { Strategy::Whole } else { Strategy::Auto };
    if changed != options {
        commands.push(Command::SetFill(changed));
    }
    if options != Options::default() && ui.button("Back to defaults").clicked() {
        commands.push(Command::SetFill(Options::default()));
    }
}

/// The candidates of the last fill, the best first. The focus chooses, so arrow keys walk through them.
fn candidates_ui(app: &App, ui: &mut Ui, commands: &mut Vec<Command>) {
    let (Some(choice), Some(chosen)) = (&app.state.choice, app.chosen()) else {
        return;
    };
    ui.add_space(4.0);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(THUMBNAIL_GAP, THUMBNAIL_GAP);
        let in_a_row = if choice.candidates.len() > 4 { 3.0 } else { 2.0 };
        let room = (ui.available_width() - (in_a_row - 1.0) * THUMBNAIL_GAP) / in_a_row;
        let side = (room - 2.0 * ui.spacing().button_padding.x).floor();
        for (number, candidate) in choice.candidates.iter().enumerate() {
            let image = Image::new(&candidate.thumbnail).fit_to_exact_size(vec2(side, side));
            let is_chosen = number == chosen;
            let response = ui.add(Button::image(image).selected(is_chosen));
            let name = format!("Candidate {}", number + 1);
            response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_chosen, &name));
            let hint = format!(
                "{name}, score {:.2}; 1 cannot be told from its surroundings  (, and .)",
                candidate.score
            );
            let response = response.on_hover_text(hint);
            if (response.clicked() || response.gained_focus()) && !is_chosen {
                commands.push(Command::Choose(number));
            }
        }
    });
    let mut shows_uncertainty = app.state.shows_uncertainty;
    let check = ui.checkbox(&mut shows_uncertainty, "Show uncertainty");
    if check
        .on_hover_text(Action::ToggleUncertainty.hint(ui.ctx()))
        .changed()
    {
        commands.push(Action::ToggleUncertainty.into());
    }
}

/// A number of pixels that may be left to the program.
fn pixels_ui(ui: &mut Ui, name: &str, value: Option<u32>, automatic: u32, hint: &str) -> Option<u32> {
    row(ui, name, |ui, label| {
        let mut pixels = value.unwrap_or(automatic);
        let drag = DragValue::new(&mut pixels).range(0..=500).suffix(" px");
        let drag = ui
            .add_enabled(value.is_some(), drag)
            .labelled_by(label)
            .on_hover_text(hint);
        let mut is_automatic = value.is_none();
        ui.checkbox(&mut is_automatic, "Auto").on_hover_text(hint);
        match (is_automatic, value) {
            (true, _) => None,
            (false, None) => Some(automatic),
            (false, Some(_)) if drag.changed() => Some(pixels),
            (false, value) => value,
        }
    })
}
