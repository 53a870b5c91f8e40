//! The few controls that only the Train tab needs.

use std::ops::RangeInclusive;

use eframe::egui::{
    Align, Button, ComboBox, DragValue, Frame, Id, Label, Layout, Rect, RichText, Role, Sense, Ui,
    WidgetInfo, emath::Numeric, pos2, vec2,
};

use crate::app::{theme, train::overview::Bar};

/// A card: something that belongs together, set off from the panel.
pub(super) fn card<T>(ui: &mut Ui, contents: impl FnOnce(&mut Ui) -> T) -> T {
    let frame = Frame::group(ui.style())
        .fill(ui.visuals().faint_bg_color)
        .inner_margin(theme::CARD_MARGIN);
    let shown = frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 4.0;
        contents(ui)
    });
    shown.inner
}

/// A setting: its name, then what changes it, which begins in the same place in every row.
pub(super) fn field<T>(ui: &mut Ui, name: &str, hint: &str, contents: impl FnOnce(&mut Ui, Id) -> T) -> T {
    ui.horizontal(|ui| {
        let size = vec2(theme::FIELD_LABEL_WIDTH, ui.spacing().interact_size.y);
        let label = ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
            ui.set_min_width(theme::FIELD_LABEL_WIDTH);
            let label = ui.add(Label::new(name).truncate());
            if hint.is_empty() {
                label
            } else {
                label.on_hover_text(hint)
            }
        });
        contents(ui, label.inner.id)
    })
    .inner
}

/// A number in a row of its own. Returns whether it was changed.
pub(super) fn number<N: Numeric>(
    ui: &mut Ui,
    name: &str,
    value: &mut N,
    range: RangeInclusive<N>,
    unit: &str,
    hint: &str,
) -> bool {
    field(ui, name, hint, |ui, label| {
        let speed = speed(value.to_f64());
        let drag = DragValue::new(value).range(range).suffix(unit).speed(speed);
        let response = ui.add(drag).labelled_by(label).on_hover_text(hint);
        response.changed()
    })
}

/// What a pixel of dragging changes: in proportion, so that small rates can be set as well as large counts.
fn speed(value: f64) -> f64 {
    (value.abs() * 0.01).max(if value.fract() == 0.0 { 0.1 } else { 1e-6 })
}

/// A choice in a row of its own. Returns the new one when it was changed.
pub(super) fn choice<T: Copy + PartialEq>(
    ui: &mut Ui,
    name: &str,
    value: T,
    all: &[T],
    label_of: impl Fn(T) -> &'static str,
    hint: &str,
) -> Option<T> {
    field(ui, name, hint, |ui, label| {
        let combo = ComboBox::from_id_salt(name)
            .selected_text(label_of(value))
            .width(ui.available_width());
        let shown = combo.show_ui(ui, |ui| {
            let mut chosen = None;
            for other in all {
                if ui.selectable_label(*other == value, label_of(*other)).clicked() && *other != value {
                    chosen = Some(*other);
                }
            }
            chosen
        });
        shown.response.labelled_by(label).on_hover_text(hint);
        shown.inner.flatten()
    })
}

/// A fact: its name in the quieter colour and its value.
pub(super) fn fact(ui: &mut Ui, name: &str, value: &str, hint: &str) {
    ui.horizontal(|ui| {
        ui.spacing_mut().interact_size.y = theme::BAR_HEIGHT;
        let size = vec2(theme::LABEL_WIDTH, theme::BAR_HEIGHT);
        ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
            ui.set_min_width(theme::LABEL_WIDTH);
            ui.weak(name);
        });
        let value = ui.add(Label::new(value).truncate());
        if !hint.is_empty() {
            value.on_hover_text(hint);
        }
    });
}

/// A button as wide as `width`, by a name that tests and screen readers know.
pub(super) fn wide_button(
    ui: &mut Ui,
    icon: &str,
    name: &str,
    width: f32,
    is_enabled: bool,
    hint: &str,
) -> bool {
    let button = Button::new(format!("{icon}  {name}"));
    let response = ui.add_enabled_ui(is_enabled, |ui| {
        ui.add_sized([width, ui.spacing().interact_size.y], button)
    });
    let response = response.inner;
    response.widget_info(|| button_info(is_enabled, name));
    response.on_hover_text(hint).clicked()
}

/// What a screen reader says of a button.
pub(super) fn button_info(is_enabled: bool, name: &str) -> WidgetInfo {
    WidgetInfo::labeled(Role::Button, is_enabled, name)
}

/// Bars with their names and counts.
pub(super) fn bars(ui: &mut Ui, bars: &[Bar], label_width: f32) {
    let most = bars.iter().map(|bar| bar.count).max().unwrap_or(0).max(1);
    ui.spacing_mut().item_spacing.y = 3.0;
    for bar in bars {
        ui.horizontal(|ui| {
            ui.spacing_mut().interact_size.y = theme::BAR_HEIGHT;
            let size = vec2(label_width, theme::BAR_HEIGHT);
            ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
                ui.set_min_width(label_width);
                ui.label(RichText::new(&bar.label).weak().small());
            });
            if bar.count > 0 {
                bar_ui(ui, bar.count as f32 / most as f32);
            }
            ui.label(RichText::new(bar.count.to_string()).weak().small());
        });
    }
}

/// One bar, over a share of the room that leaves space for its count.
fn bar_ui(ui: &mut Ui, share: f32) {
    let room = (ui.available_width() - 44.0).max(20.0);
    let (rect, _) = ui.allocate_exact_size(vec2((room * share).max(1.0), theme::BAR_HEIGHT), Sense::hover());
    let bar = Rect::from_min_max(
        pos2(rect.left(), rect.top() + 4.0),
        pos2(rect.right(), rect.bottom() - 4.0),
    );
    ui.painter().rect_filled(bar, 2.0, ui.visuals().selection.bg_fill);
}
