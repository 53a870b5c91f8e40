//! The few controls that several panels share.

use std::ops::RangeInclusive;

use eframe::egui::{
    Align, Button, Context, Frame, Id, Key, Label, Layout, Modal, Modifiers, Response, RichText, Role,
    ScrollArea, Slider, Stroke, StrokeKind, Ui, WidgetInfo, WidgetText, scroll_area::ScrollBarVisibility,
    vec2,
};

use crate::app::{action::Action, command::Command, icons, theme};

/// Contents that are scrolled where they need more height. The bar's room is always kept, so that nothing gets narrower
/// when it appears.
pub(super) fn scrolled(ui: &mut Ui, contents: impl FnOnce(&mut Ui)) {
    ScrollArea::vertical()
        .auto_shrink(false)
        .scroll_bar_visibility(ScrollBarVisibility::AlwaysVisible)
        .show(ui, contents);
}

/// The heading of a section, with room above it.
pub(super) fn heading(ui: &mut Ui, text: &str) {
    ui.add_space(theme::SECTION_GAP);
    ui.label(RichText::new(text).strong());
    ui.add_space(theme::HEADING_GAP);
}

/// A line between two sections.
pub(super) fn divider(ui: &mut Ui) {
    ui.add_space(theme::SECTION_GAP);
    ui.separator();
}

/// A label of fixed width, so that what follows lines up.
pub(super) fn label_cell(ui: &mut Ui, text: &str) -> Response {
    let size = vec2(theme::LABEL_WIDTH, ui.spacing().interact_size.y);
    ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
        ui.set_min_width(theme::LABEL_WIDTH);
        ui.add(Label::new(text).truncate())
    })
    .inner
}

/// What a slider moves: its range and how its value reads.
pub(super) struct Scale<'a> {
    pub(super) range: RangeInclusive<f32>,
    pub(super) is_logarithmic: bool,
    /// Factor from the value to what is shown.
    pub(super) shown_factor: f32,
    pub(super) unit: &'a str,
}

impl Scale<'_> {
    /// A share, shown in percent.
    pub(super) const PERCENT: Scale<'static> = Scale {
        range: 0.0..=1.0,
        is_logarithmic: false,
        shown_factor: 100.0,
        unit: " %",
    };
}

/// A labelled slider over the whole width. Returns the new value while it is moved.
pub(super) fn slider(ui: &mut Ui, label: &str, value: f32, scale: &Scale<'_>, hint: &str) -> Option<f32> {
    ui.horizontal(|ui| {
        let label = label_cell(ui, label);
        let factor = scale.shown_factor;
        let mut shown = (value * factor).round();
        let range = *scale.range.start() * factor..=*scale.range.end() * factor;
        // The value's box always ends where the panel does.
        ui.spacing_mut().interact_size.x = theme::VALUE_WIDTH;
        let beside = theme::VALUE_WIDTH + ui.spacing().item_spacing.x;
        ui.spacing_mut().slider_width = (ui.available_width() - beside).max(40.0);
        let slider = Slider::new(&mut shown, range)
            .logarithmic(scale.is_logarithmic)
            .fixed_decimals(0)
            .suffix(scale.unit);
        let response = ui.add(slider).labelled_by(label.id).on_hover_text(hint);
        response.changed().then_some(shown / factor)
    })
    .inner
}

/// A row with a label before it.
pub(super) fn row<T>(ui: &mut Ui, label: &str, contents: impl FnOnce(&mut Ui, Id) -> T) -> T {
    ui.horizontal(|ui| {
        let label = label_cell(ui, label);
        contents(ui, label.id)
    })
    .inner
}

/// A square button with an icon, named for screen readers and tests.
pub(super) fn icon_button(ui: &mut Ui, icon: &str, name: &str, hint: &str) -> Response {
    let button = Button::new(RichText::new(icon).size(theme::SMALL_ICON))
        .frame_when_inactive(false)
        .min_size(vec2(theme::SMALL_SIDE, theme::SMALL_SIDE));
    let response = ui.add(button).on_hover_text(hint);
    let enabled = ui.is_enabled();
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, name));
    response
}

/// The button that matters most in its place.
pub(super) fn main_button<'a>(ui: &Ui, text: impl Into<WidgetText>) -> Button<'a> {
    let is_dark = ui.visuals().dark_mode;
    let text = text.into().color(theme::ON_ACCENT).strong();
    Button::new(text).fill(theme::accent(is_dark))
}

/// Shows a [`main_button`], with a ring around it while it has the keyboard's focus: its own colours never change.
pub(super) fn show_main(ui: &mut Ui, is_enabled: bool, button: Button<'_>) -> Response {
    let response = ui.add_enabled(is_enabled, button);
    if response.has_focus() {
        let stroke = Stroke::new(theme::FOCUS_RING, ui.visuals().strong_text_color());
        let radius = ui.visuals().widgets.active.corner_radius;
        let around = response.rect.expand(2.0 * theme::FOCUS_RING);
        ui.painter()
            .rect_stroke(around, radius, stroke, StrokeKind::Inside);
    }
    response
}

/// A dialog's own button, the one that Enter presses too unless another button has the keyboard's focus.
pub(super) fn default_button(ui: &mut Ui, is_enabled: bool, text: &str) -> bool {
    let button = main_button(ui, text).min_size(theme::DIALOG_BUTTON.into());
    let has_clicked = show_main(ui, is_enabled, button).clicked();
    let focused = ui.memory(|memory| memory.focused());
    let takes_enter = is_enabled && (focused.is_none() || ui.ctx().text_edit_focused());
    has_clicked || takes_enter && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter))
}

/// An action as a menu entry with icon and key.
pub(super) fn menu_entry(ui: &mut Ui, action: Action, is_enabled: bool, mark: Option<bool>) -> Response {
    let icon = match mark {
        Some(true) => icons::CHECK,
        _ => action.icon(),
    };
    let keys = action.shortcut_text(ui.ctx());
    let button =
        Button::new((RichText::new(icon).size(theme::SMALL_ICON), action.label())).shortcut_text(keys);
    let response = ui.add_enabled(is_enabled, button).on_hover_text(action.tooltip());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, is_enabled, action.label()));
    response
}

/// A dialog over the window: title, contents, and closing by Esc, by a click beside it or by its cross.
pub(super) fn dialog(
    ctx: &Context,
    title: &str,
    width: f32,
    commands: &mut Vec<Command>,
    contents: impl FnOnce(&mut Ui, &mut Vec<Command>),
) {
    let frame = Frame::window(&ctx.global_style());
    let modal = Modal::new(Id::unique("dialog").with(title)).frame(frame);
    let modal = modal.show(ctx, |ui| {
        ui.set_width(width.min(ctx.content_rect().width() - 60.0));
        ui.horizontal(|ui| {
            ui.heading(title);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if icon_button(ui, icons::X, "Close", "Close (Esc)").clicked() {
                    commands.push(Command::CloseDialog);
                }
            });
        });
        ui.add_space(theme::SECTION_GAP);
        contents(ui, commands);
    });
    if modal.should_close() {
        commands.push(Command::CloseDialog);
    }
}

/// What stands in the way, in the colour of warnings, wrapped.
pub(super) fn warning(ui: &mut Ui, text: &str) {
    let color = ui.visuals().warn_fg_color;
    let text = RichText::new(format!("{}  {text}", icons::WARNING)).color(color);
    ui.add(Label::new(text).wrap());
}

/// Text that explains, in the quieter colour, wrapped.
pub(super) fn note(ui: &mut Ui, text: impl Into<String>) -> Response {
    ui.add(Label::new(RichText::new(text).weak().small()).wrap())
}
