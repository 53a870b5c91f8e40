//! The strip on the left: tools, steps back and forth, ways to compare.

use eframe::egui::{Align, Button, Layout, RichText, Role, Ui, WidgetInfo, vec2};

use crate::app::{App, action::Action, command::Command, theme};

const TOOLS: [Action; 8] = [
    Action::Brush,
    Action::Eraser,
    Action::Lasso,
    Action::Polygon,
    Action::Rectangle,
    Action::Wand,
    Action::KeepOut,
    Action::Hand,
];
const STEPS: [Action; 2] = [Action::Undo, Action::Redo];
const VIEWS: [Action; 4] = [
    Action::ToggleOverlay,
    Action::Before,
    Action::Split,
    Action::SideBySide,
];
/// From the bottom up.
const BOTTOM: [Action; 3] = [Action::Shortcuts, Action::Palette, Action::Settings];

pub(super) fn ui(app: &App, ui: &mut Ui, commands: &mut Vec<Command>) {
    ui.spacing_mut().item_spacing.y = 4.0;
    ui.with_layout(Layout::top_down(Align::Center), |ui| {
        for group in [&TOOLS[..], &STEPS, &VIEWS] {
            for action in group {
                button(app, *action, ui, commands);
            }
            ui.add_space(4.0);
            if group != VIEWS {
                ui.separator();
                ui.add_space(4.0);
            }
        }
        let room = theme::TOOL_SIDE * BOTTOM.len() as f32 + 20.0;
        if ui.available_height() >= room {
            ui.with_layout(Layout::bottom_up(Align::Center), |ui| {
                for action in BOTTOM {
                    button(app, action, ui, commands);
                }
            });
        }
    });
}

fn button(app: &App, action: Action, ui: &mut Ui, commands: &mut Vec<Command>) {
    let is_on = app.mark(action) == Some(true);
    let is_enabled = app.can(action);
    let button = Button::new(RichText::new(action.icon()).size(theme::TOOL_ICON))
        .selected(is_on && TOOLS.contains(&action))
        .frame_when_inactive(is_on)
        .min_size(vec2(theme::TOOL_SIDE, theme::TOOL_SIDE));
    // The tool is what matters; ways to look at the photo are marked more quietly.
    let button = if is_on && !TOOLS.contains(&action) {
        button.fill(ui.visuals().widgets.hovered.weak_bg_fill)
    } else {
        button
    };
    let hint = format!("{}\n{}", action.label(), action.hint(ui.ctx()));
    let response = ui
        .add_enabled(is_enabled, button)
        .on_hover_text(&hint)
        .on_disabled_hover_text(hint);
    response.widget_info(|| WidgetInfo::selected(Role::Button, is_enabled, is_on, action.label()));
    if response.clicked() {
        commands.push(action.into());
    }
}
