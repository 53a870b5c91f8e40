//! Commands that change only what is seen.

use eframe::egui::{Color32, Context};

use crate::{
    app::{App, action::Action, canvas::Compare, theme},
    settings::Theme,
};

impl App {
    pub(super) fn run_view_action(&mut self, ctx: &Context, action: Action) {
        let compare = self.canvas.compare;
        match action {
            Action::ToggleOverlay => self.canvas.overlay.is_visible = !self.canvas.overlay.is_visible,
            Action::Before => self.state.shows_before = !self.state.shows_before,
            Action::Split => self.canvas.compare = toggled(compare, Compare::Split),
            Action::SideBySide => self.canvas.compare = toggled(compare, Compare::SideBySide),
            Action::ZoomIn => self.canvas.view_mut().zoom_in(),
            Action::ZoomOut => self.canvas.view_mut().zoom_out(),
            Action::Fit => self.canvas.view_mut().fit(),
            Action::ActualSize => self.canvas.view_mut().set_zoom(1.0),
            Action::ToggleTheme => {
                let settings = &mut self.settings.now;
                settings.theme = match settings.theme {
                    Theme::Dark => Theme::Light,
                    Theme::Light => Theme::Dark,
                };
                theme::apply(ctx, settings.theme);
            }
            _ => {}
        }
    }

    /// Hands the overlay's colour to the canvas.
    pub(in crate::app) fn show_overlay_settings(&mut self) {
        let overlay = self.settings.now.overlay;
        let [red, green, blue] = overlay.color;
        self.canvas.overlay.color = Color32::from_rgb(red, green, blue);
        self.canvas.overlay.opacity = overlay.opacity;
    }
}

/// Choosing what is already chosen goes back to the plain view.
fn toggled(now: Compare, chosen: Compare) -> Compare {
    if now == chosen { Compare::After } else { chosen }
}
