//! The held-out photos as the network fills them: always the same ones, so that progress can be seen.

use eframe::egui::{Image, Label, RichText, ScrollArea, TextureHandle, Ui, load::SizedTexture, vec2};

use crate::app::{
    App,
    action::Action,
    command::Command,
    panels::widgets::{heading, icon_button, note},
    theme,
    train::{
        Picture, Strip,
        run::{Activity, Run},
    },
};

/// Width of the names of the rows.
const NAME_WIDTH: f32 = 52.0;
const GAP: f32 = 6.0;
/// Side of a picture in points, in the strip and under the pointer.
const SIDES: std::ops::RangeInclusive<f32> = 72.0..=150.0;
const LARGE: f32 = 320.0;

pub(super) fn ui(app: &App, run: &Run, ui: &mut Ui, commands: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        let title = match &app.training.strip {
            Some(strip) => format!("Samples at step {}", strip.step),
            None => "Samples".to_owned(),
        };
        ui.vertical(|ui| heading(ui, &title));
        let can_refresh = matches!(run.activity, Activity::Training | Activity::Paused);
        if can_refresh {
            let hint = Action::SampleTraining.hint(ui.ctx());
            if icon_button(
                ui,
                Action::SampleTraining.icon(),
                Action::SampleTraining.label(),
                &hint,
            )
            .clicked()
            {
                commands.push(Action::SampleTraining.into());
            }
        }
    });
    match &app.training.strip {
        Some(strip) if !strip.pictures.is_empty() => strip_ui(strip, ui),
        _ => {
            note(
                ui,
                "A few photos that are never trained on are filled from time to time and shown here",
            );
        }
    }
}

type Row = (&'static str, fn(&Picture) -> Option<&TextureHandle>);

fn strip_ui(strip: &Strip, ui: &mut Ui) {
    let rows: [Row; 4] = [
        ("Photo", |picture| Some(&picture.photo)),
        ("Hole", |picture| Some(&picture.holed)),
        ("Before", |picture| picture.before.as_ref()),
        ("Now", |picture| Some(&picture.fill)),
    ];
    let is_known = |(_, texture): &Row| strip.pictures.iter().any(|picture| texture(picture).is_some());
    let rows: Vec<Row> = rows.into_iter().filter(is_known).collect();
    let side = side(ui, strip.pictures.len(), rows.len());
    ScrollArea::horizontal()
        .auto_shrink([false, true])
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing = vec2(GAP, GAP);
            for (name, texture) in rows {
                row_ui(strip, name, texture, side, ui);
            }
        });
    ui.add_space(theme::HEADING_GAP);
}

/// Side of a picture with which all of them are seen at once, where there is room for that.
fn side(ui: &Ui, columns: usize, rows: usize) -> f32 {
    let wide = (ui.available_width() - NAME_WIDTH) / columns as f32 - GAP;
    let height = ui.clip_rect().bottom() - ui.cursor().top() - theme::HEADING_GAP;
    let high = height / rows.max(1) as f32 - GAP;
    wide.min(high).clamp(*SIDES.start(), *SIDES.end())
}

fn row_ui(
    strip: &Strip,
    name: &str,
    texture: fn(&Picture) -> Option<&TextureHandle>,
    side: f32,
    ui: &mut Ui,
) {
    ui.horizontal(|ui| {
        ui.add_sized([NAME_WIDTH, side], Label::new(RichText::new(name).weak().small()));
        for (index, picture) in strip.pictures.iter().enumerate() {
            let Some(texture) = texture(picture) else {
                ui.allocate_space(vec2(side, side));
                continue;
            };
            let image = Image::from_texture(SizedTexture::new(texture.id(), vec2(side, side)))
                .corner_radius(3.0)
                .alt_text(format!("{name} {}", index + 1));
            ui.add(image).on_hover_ui(|ui| {
                ui.image(SizedTexture::new(texture.id(), vec2(LARGE, LARGE)));
            });
        }
    });
}
