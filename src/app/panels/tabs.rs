//! The two halves of the program, at the right end of the menu bar: Edit and Train.

use eframe::egui::{Align, Button, Layout, RichText, Role, Ui, WidgetInfo, vec2};

use crate::app::{App, action::Action, command::Command, theme, train::Tab};

/// From right to left.
const TABS: [(Tab, &str, Action); 2] = [
    (Tab::Train, "Train", Action::TrainTab),
    (Tab::Edit, "Edit", Action::EditTab),
];

pub(super) fn ui(app: &App, ui: &mut Ui, commands: &mut Vec<Command>) {
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        ui.spacing_mut().button_padding = vec2(12.0, 3.0);
        for (tab, name, action) in TABS {
            let is_shown = app.training.tab == tab;
            let text = RichText::new(format!("{}  {name}", action.icon()));
            let button = Button::new(text)
                .selected(is_shown)
                .min_size(vec2(theme::TAB_WIDTH, 0.0));
            let response = ui.add(button).on_hover_text(action.hint(ui.ctx()));
            response.widget_info(|| WidgetInfo::selected(Role::Tab, true, is_shown, format!("{name} tab")));
            if response.clicked() && !is_shown {
                commands.push(action.into());
            }
        }
    });
}
