//! Notices in the lower corner of the canvas, and a finished fill that has to be asked about.

use eframe::egui::{Align, Align2, Area, Context, Frame, Id, Label, Layout, Rect, RichText, Ui, vec2};

use super::widgets::{icon_button, main_button, show_main};
use crate::app::{
    App,
    command::Command,
    icons,
    notify::{Kind, Notice, sentence},
    theme,
};

const WIDTH: f32 = 340.0;
const MARGIN: f32 = 14.0;

pub(super) fn ui(app: &App, ctx: &Context, room: Rect, commands: &mut Vec<Command>) {
    let notices = app.notices.shown();
    if notices.is_empty() && app.state.offer.is_none() {
        return;
    }
    let width = WIDTH.min(room.width() - 2.0 * MARGIN);
    let at = room.right_bottom() - vec2(MARGIN, MARGIN);
    Area::new(Id::unique("notices"))
        .pivot(Align2::RIGHT_BOTTOM)
        .fixed_pos(at)
        .show(ctx, |ui| {
            ui.set_width(width);
            if let Some(offer) = &app.state.offer {
                card(ui, |ui| offer_ui(&offer.why.to_string(), ui, commands));
            }
            for notice in notices {
                card(ui, |ui| notice_ui(notice, ui, commands));
            }
        });
}

fn card(ui: &mut Ui, contents: impl FnOnce(&mut Ui)) {
    Frame::window(ui.style()).inner_margin(10.0).show(ui, |ui| {
        ui.set_width(ui.available_width());
        contents(ui);
    });
}

fn notice_ui(notice: &Notice, ui: &mut Ui, commands: &mut Vec<Command>) {
    let visuals = ui.visuals();
    let (icon, color) = match notice.kind {
        Kind::News => (icons::INFO, theme::good(visuals.dark_mode)),
        Kind::Warning => (icons::WARNING, visuals.warn_fg_color),
        Kind::Error => (icons::ERROR, visuals.error_fg_color),
    };
    ui.horizontal_top(|ui| {
        ui.label(RichText::new(icon).size(theme::SMALL_ICON).color(color));
        ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
            if icon_button(ui, icons::X, "Dismiss", "Dismiss").clicked() {
                commands.push(Command::Dismiss(notice.id));
            }
            ui.with_layout(Layout::top_down(Align::Min), |ui| {
                ui.spacing_mut().item_spacing.y = 3.0;
                ui.add(Label::new(RichText::new(&notice.title).strong()).wrap());
                if !notice.detail.is_empty() {
                    ui.add(Label::new(&notice.detail).wrap());
                }
            });
        });
    });
}

fn offer_ui(why: &str, ui: &mut Ui, commands: &mut Vec<Command>) {
    ui.strong("The fill is done, but things have changed");
    ui.add(Label::new(sentence(why.to_owned())).wrap());
    ui.horizontal(|ui| {
        let button = main_button(ui, "Add it anyway");
        if show_main(ui, true, button).clicked() {
            commands.push(Command::Offer { accept: true });
        }
        if ui.button("Let it go").clicked() {
            commands.push(Command::Offer { accept: false });
        }
    });
}
