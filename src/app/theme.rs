//! Colours, spacing and fonts of the window: all that more than one place shares.
//!
//! Greys are neutral, so that they tint no judgement of a photo's colours; one quiet accent marks what is chosen.

use std::sync::Arc;

use eframe::egui::{
    Color32, Context, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Shadow, Stroke,
    Style, TextStyle, Theme, Visuals, style::Selection, vec2,
};

use super::icons;
use crate::settings;

/// Between a section and the next.
pub(super) const SECTION_GAP: f32 = 14.0;
/// Between a heading and what belongs to it.
pub(super) const HEADING_GAP: f32 = 6.0;
/// Side of a button in the tool strip.
pub(super) const TOOL_SIDE: f32 = 36.0;
/// Between two buttons of the tool strip.
pub(super) const TOOL_GAP: f32 = 4.0;
/// Space that the line between two groups of the tool strip takes.
pub(super) const TOOL_SEPARATOR: f32 = 10.0;
/// Height of a row in a list.
pub(super) const ROW_HEIGHT: f32 = 26.0;
/// Side of a small button beside text.
pub(super) const SMALL_SIDE: f32 = 24.0;
/// Icon in the tool strip.
pub(super) const TOOL_ICON: f32 = 20.0;
/// Icon beside text.
pub(super) const SMALL_ICON: f32 = 16.0;
/// Height of the status line.
pub(super) const STATUS_HEIGHT: f32 = 28.0;
/// Width of the label before a slider.
pub(super) const LABEL_WIDTH: f32 = 76.0;
/// Width of the box with a slider's value.
pub(super) const VALUE_WIDTH: f32 = 68.0;
/// Between two columns of a dialog.
pub(super) const COLUMN_GAP: f32 = 32.0;
/// Between two facts in the status line.
pub(super) const FACT_GAP: f32 = 18.0;
/// Margin around the tool strip.
pub(super) const STRIP_MARGIN: Margin = Margin::symmetric(6, 8);
/// Least size of a dialog's own button.
pub(super) const DIALOG_BUTTON: [f32; 2] = [96.0, 30.0];
/// Width of the ring around a button that has the keyboard's focus and whose colours say something else.
pub(super) const FOCUS_RING: f32 = 1.5;
/// Width of dialogs.
pub(super) const DIALOG_WIDTH: f32 = 460.0;
/// Margin around the contents of side panels.
pub(super) const PANEL_MARGIN: Margin = Margin::symmetric(14, 12);
/// Least width of a tab.
pub(super) const TAB_WIDTH: f32 = 84.0;
/// Width of the Train tab's panels.
pub(super) const TRAIN_PANEL_WIDTH: f32 = 300.0;
/// Width of the label before a setting of training.
pub(super) const FIELD_LABEL_WIDTH: f32 = 122.0;
/// Between what stands in the middle of the Train tab and its edges.
pub(super) const PAGE_MARGIN: Margin = Margin::symmetric(20, 14);
/// Height of a row of a histogram.
pub(super) const BAR_HEIGHT: f32 = 18.0;
/// Space inside a card.
pub(super) const CARD_MARGIN: Margin = Margin::symmetric(10, 8);
/// Height of the one button that matters most.
pub(super) const MAIN_BUTTON_HEIGHT: f32 = 36.0;

/// The greys of one theme, from the back to the front.
struct Greys {
    panel: u8,
    window: u8,
    field: u8,
    button: u8,
    hovered: u8,
    pressed: u8,
    line: u8,
    text: u8,
    weak: u8,
    strong: u8,
}

const DARK: Greys = Greys {
    panel: 38,
    window: 46,
    field: 26,
    button: 58,
    hovered: 72,
    pressed: 86,
    line: 60,
    text: 208,
    weak: 150,
    strong: 240,
};

const LIGHT: Greys = Greys {
    panel: 236,
    window: 246,
    field: 255,
    button: 218,
    hovered: 206,
    pressed: 192,
    line: 204,
    text: 44,
    weak: 100,
    strong: 10,
};

/// What is chosen or matters most.
pub(super) const fn accent(is_dark: bool) -> Color32 {
    if is_dark {
        Color32::from_rgb(74, 122, 176)
    } else {
        Color32::from_rgb(56, 108, 168)
    }
}

/// Text on the accent colour.
pub(super) const ON_ACCENT: Color32 = Color32::WHITE;

/// Good news.
pub(super) const fn good(is_dark: bool) -> Color32 {
    if is_dark {
        Color32::from_rgb(120, 186, 128)
    } else {
        Color32::from_rgb(40, 124, 58)
    }
}

/// The terms of the loss, told apart also by those who see few colours.
pub(super) const fn curve(index: usize, is_dark: bool) -> Color32 {
    let (dark, light) = match index {
        0 => ((104, 164, 232), (30, 96, 168)),
        1 => ((236, 160, 72), (186, 104, 8)),
        2 => ((110, 190, 136), (24, 128, 72)),
        3 => ((186, 142, 224), (120, 66, 168)),
        4 => ((230, 120, 134), (178, 44, 70)),
        _ => ((160, 160, 160), (110, 110, 110)),
    };
    let (red, green, blue) = if is_dark { dark } else { light };
    Color32::from_rgb(red, green, blue)
}

/// Something is not as it was asked for.
const fn warning(is_dark: bool) -> Color32 {
    if is_dark {
        Color32::from_rgb(222, 168, 84)
    } else {
        Color32::from_rgb(150, 92, 8)
    }
}

/// Something could not be done.
const fn error(is_dark: bool) -> Color32 {
    if is_dark {
        Color32::from_rgb(228, 106, 100)
    } else {
        Color32::from_rgb(178, 42, 38)
    }
}

/// Makes the window look like this.
pub(super) fn apply(ctx: &Context, theme: settings::Theme) {
    ctx.set_theme(match theme {
        settings::Theme::Dark => Theme::Dark,
        settings::Theme::Light => Theme::Light,
    });
}

/// Sets both themes and the fonts up, once.
pub(super) fn install(ctx: &Context) {
    let mut fonts = FontDefinitions::default();
    let icons = Arc::new(FontData::from_static(icons::FONT));
    fonts.font_data.insert("icons".to_owned(), icons);
    for family in [FontFamily::Proportional, FontFamily::Monospace] {
        // Behind the text font but before the emoji, which use the same private code points.
        let names = fonts.families.entry(family).or_default();
        names.insert(1.min(names.len()), "icons".to_owned());
    }
    ctx.set_fonts(fonts);
    ctx.options_mut(|options| options.zoom_with_keyboard = false);
    ctx.style_mut_of(Theme::Dark, |style| restyle(style, Visuals::dark(), &DARK));
    ctx.style_mut_of(Theme::Light, |style| restyle(style, Visuals::light(), &LIGHT));
}

fn restyle(style: &mut Style, visuals: Visuals, greys: &Greys) {
    style.visuals = tinted(visuals, greys);
    style.text_styles = [
        (TextStyle::Heading, 17.0),
        (TextStyle::Body, 13.5),
        (TextStyle::Button, 13.5),
        (TextStyle::Small, 11.5),
    ]
    .map(|(text, size)| (text, FontId::proportional(size)))
    .into_iter()
    .chain([(TextStyle::Monospace, FontId::monospace(12.5))])
    .collect();
    let spacing = &mut style.spacing;
    spacing.item_spacing = vec2(8.0, 7.0);
    spacing.button_padding = vec2(10.0, 5.0);
    spacing.interact_size.y = 26.0;
    spacing.slider_width = 120.0;
    spacing.slider_rail_height = 4.0;
    spacing.combo_width = 60.0;
    spacing.menu_margin = Margin::same(6);
    spacing.window_margin = Margin::same(18);
    spacing.tooltip_width = 320.0;
    // Scroll bars take their own room and cover nothing.
    spacing.scroll.floating_allocated_width = 10.0;
    style.interaction.tooltip_delay = 0.4;
}

fn tinted(mut visuals: Visuals, greys: &Greys) -> Visuals {
    let grey = Color32::from_gray;
    let accent = accent(visuals.dark_mode);
    visuals.panel_fill = grey(greys.panel);
    visuals.window_fill = grey(greys.window);
    visuals.window_stroke = Stroke::new(1.0, grey(greys.line));
    visuals.window_corner_radius = CornerRadius::same(8);
    visuals.menu_corner_radius = CornerRadius::same(6);
    visuals.window_shadow = Shadow {
        offset: [0, 8],
        blur: 28,
        spread: 0,
        color: Color32::from_black_alpha(110),
    };
    visuals.popup_shadow = visuals.window_shadow;
    visuals.extreme_bg_color = grey(greys.field);
    visuals.text_edit_bg_color = Some(grey(greys.field));
    visuals.faint_bg_color = grey(greys.window);
    visuals.weak_text_color = Some(grey(greys.weak));
    visuals.warn_fg_color = warning(visuals.dark_mode);
    visuals.error_fg_color = error(visuals.dark_mode);
    visuals.hyperlink_color = accent;
    visuals.slider_trailing_fill = true;
    visuals.selection = Selection {
        bg_fill: accent,
        stroke: Stroke::new(1.0, ON_ACCENT),
    };
    let widgets = &mut visuals.widgets;
    let states = [
        (&mut widgets.noninteractive, greys.panel, greys.text),
        (&mut widgets.inactive, greys.button, greys.text),
        (&mut widgets.hovered, greys.hovered, greys.strong),
        (&mut widgets.active, greys.pressed, greys.strong),
        (&mut widgets.open, greys.hovered, greys.strong),
    ];
    for (widget, fill, text) in states {
        widget.bg_fill = grey(fill);
        widget.weak_bg_fill = grey(fill);
        widget.bg_stroke = Stroke::NONE;
        widget.fg_stroke = Stroke::new(1.0, grey(text));
        widget.corner_radius = CornerRadius::same(5);
        widget.expansion = 0.0;
    }
    widgets.noninteractive.bg_stroke = Stroke::new(1.0, grey(greys.line));
    visuals
}
