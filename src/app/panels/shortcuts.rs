//! The sheet that `?` opens: every action with its keys, and the gestures.

use eframe::egui::{Align, Context, Layout, RichText, ScrollArea, Ui};

use super::widgets::dialog;
use crate::app::{
    action::{Action, Menu},
    command::Command,
    keys, theme,
};

const WIDTH: f32 = 900.0;
const ROW_HEIGHT: f32 = 20.0;
/// The sections of each column.
const COLUMNS: [&[Menu]; 3] = [
    &[Menu::File, Menu::Edit, Menu::Train],
    &[Menu::Tool],
    &[Menu::Mask, Menu::View, Menu::Help],
];
/// The column in which the gestures follow.
const GESTURES: usize = 1;

pub(super) fn ui(ctx: &Context, commands: &mut Vec<Command>) {
    let height = ctx.content_rect().height() - 150.0;
    dialog(ctx, "Keyboard shortcuts", WIDTH, commands, |ui, _| {
        let area = ScrollArea::vertical()
            .max_height(height)
            .min_scrolled_height(height);
        area.show(ui, |ui| {
            ui.spacing_mut().item_spacing.x = theme::COLUMN_GAP;
            ui.set_max_width(ui.available_width() - theme::COLUMN_GAP / 2.0);
            ui.columns_const(|columns: &mut [Ui; COLUMNS.len()]| {
                for (ui, menus) in columns.iter_mut().zip(COLUMNS) {
                    ui.spacing_mut().item_spacing.y = 3.0;
                    for menu in menus {
                        section_ui(*menu, ui);
                    }
                }
                gestures_ui(&mut columns[GESTURES]);
            });
        });
    });
}

fn section_ui(menu: Menu, ui: &mut Ui) {
    ui.strong(menu.label());
    for action in Action::ALL.into_iter().filter(|action| action.menu() == menu) {
        let keys = action.all_shortcuts_text(ui.ctx());
        line_ui(action.label().trim_end_matches('…'), &keys, ui);
    }
    ui.add_space(theme::SECTION_GAP);
}

fn gestures_ui(ui: &mut Ui) {
    ui.strong("With the pointer");
    for (what, how) in keys::GESTURES {
        line_ui(what, how, ui);
    }
}

fn line_ui(what: &str, keys: &str, ui: &mut Ui) {
    ui.horizontal(|ui| {
        ui.spacing_mut().interact_size.y = ROW_HEIGHT;
        ui.spacing_mut().item_spacing.x = 4.0;
        ui.label(what);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.label(RichText::new(keys).weak());
        });
    });
}
