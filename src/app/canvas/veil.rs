//! Small pictures over part of the photo, such as a map of what is uncertain.
//!
//! They are drawn by egui and scaled smoothly: for what tells areas apart, not for what has to be exact to the pixel.

use eframe::egui::{Color32, Painter, Rect, TextureId, pos2};

use super::{compare::Pane, view::View};

/// A picture over a rectangle of the photo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Veil {
    /// What is drawn.
    pub texture: TextureId,
    /// Left, top, right and bottom in pixels of the photo. It may reach over the photo's edge.
    pub covers: [f32; 4],
}

/// Draws the veils in every pane, inside the photo.
pub(super) fn paint(painter: &Painter, view: &View, panes: &[Pane], veils: &[Veil]) {
    for pane in panes {
        let transform = view.transform(pane.viewport);
        let painter = painter.with_clip_rect(pane.viewport.rect);
        for veil in veils {
            let [left, top, right, bottom] = veil.covers;
            let corners = [pos2(left, top), pos2(right, bottom)].map(|corner| transform.to_screen(corner));
            let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
            let on_screen = Rect::from_min_max(corners[0], corners[1]);
            painter.image(veil.texture, on_screen, whole, Color32::WHITE);
        }
    }
}
