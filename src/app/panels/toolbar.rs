//! The strip on the left: tools, steps back and forth, ways to compare. In a low window it has two columns, so that
//! every button is in sight on a laptop too.

use eframe::egui::{Align, Button, Layout, RichText, Role, Separator, Ui, Vec2, WidgetInfo, vec2};

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
const BOTTOM: [Action; 3] = [Action::Settings, Action::Palette, Action::Shortcuts];

/// Columns of the strip in a window that leaves it `height`.
pub(super) fn columns(height: f32) -> usize {
    if height >= height_of(1) { 1 } else { 2 }
}

/// Width of a strip of so many columns.
pub(super) const fn width(columns: usize) -> f32 {
    let margin = theme::STRIP_MARGIN.left as f32 + theme::STRIP_MARGIN.right as f32;
    margin + side_by_side(columns)
}

pub(super) fn ui(app: &App, columns: usize, ui: &mut Ui, commands: &mut Vec<Command>) {
    ui.spacing_mut().item_spacing = Vec2::splat(theme::TOOL_GAP);
    ui.spacing_mut().button_padding = Vec2::ZERO;
    ui.with_layout(Layout::top_down(Align::Center), |ui| {
        for group in [&TOOLS[..], &STEPS, &VIEWS] {
            group_ui(app, group, columns, ui, commands);
            if group != VIEWS {
                ui.add(Separator::default().spacing(theme::TOOL_SEPARATOR));
            }
        }
        ui.add_space((ui.available_height() - rows_height(&BOTTOM, columns)).max(0.0));
        group_ui(app, &BOTTOM, columns, ui, commands);
    });
}

/// Height of a strip of so many columns without a gap above what stands at the bottom.
fn height_of(columns: usize) -> f32 {
    let margin = f32::from(theme::STRIP_MARGIN.top) + f32::from(theme::STRIP_MARGIN.bottom);
    let separators = 3.0 * (theme::TOOL_SEPARATOR + 2.0 * theme::TOOL_GAP);
    let groups = [&TOOLS[..], &STEPS, &VIEWS, &BOTTOM];
    let rows: f32 = groups.iter().map(|group| rows_height(group, columns)).sum();
    margin + separators + rows
}

fn rows_height(group: &[Action], columns: usize) -> f32 {
    side_by_side(group.len().div_ceil(columns))
}

/// Length of so many buttons with gaps between them.
const fn side_by_side(buttons: usize) -> f32 {
    (theme::TOOL_SIDE + theme::TOOL_GAP) * buttons as f32 - theme::TOOL_GAP
}

fn group_ui(app: &App, group: &[Action], columns: usize, ui: &mut Ui, commands: &mut Vec<Command>) {
    for row in group.chunks(columns) {
        let size = vec2(side_by_side(columns), theme::TOOL_SIDE);
        ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
            for action in row {
                button(app, *action, ui, commands);
            }
        });
    }
}

fn button(app: &App, action: Action, ui: &mut Ui, commands: &mut Vec<Command>) {
    let is_on = app.mark(action) == Some(true);
    let is_enabled = app.can(action);
    let button = Button::new(RichText::new(action.icon()).size(theme::TOOL_ICON))
        .selected(is_on && TOOLS.contains(&action))
        .frame_when_inactive(is_on)
        .min_size(Vec2::splat(theme::TOOL_SIDE));
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
