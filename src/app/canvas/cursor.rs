//! The outline of the brush under the pointer, in its true size.
//!
//! A light line inside a dark one can be seen on any photo. A brush too small to see becomes a crosshair.

use eframe::egui::{Color32, CursorIcon, Painter, Pos2, Stroke, Vec2, vec2};

use super::tools::{Tool, ToolState};

/// Below this radius, in points, the outline hides what it surrounds.
const SMALLEST_OUTLINE: f32 = 3.0;
/// Half the length of the crosshair, in points.
const CROSSHAIR: f32 = 7.0;

pub(super) const LIGHT: Color32 = Color32::from_rgba_premultiplied(230, 230, 230, 230);
pub(super) const DARK: Color32 = Color32::from_black_alpha(170);

/// What the pointer looks like over the canvas, and whether the brush's outline goes with it.
pub(super) fn icon(tool: Tool, is_panning: bool, is_hand: bool) -> CursorIcon {
    if is_panning {
        CursorIcon::Grabbing
    } else if is_hand || tool == Tool::Hand {
        CursorIcon::Grab
    } else if tool.outlines() || tool == Tool::Wand {
        CursorIcon::Crosshair
    } else {
        CursorIcon::None
    }
}

/// Draws the outline of brush or eraser; `scale` is points per photo pixel.
pub(super) fn paint(painter: &Painter, at: Pos2, scale: f32, tool: &ToolState) {
    let radius = tool.size_px * scale / 2.0;
    if radius < SMALLEST_OUTLINE {
        crosshair(painter, at, radius.max(0.5));
        return;
    }
    painter.circle_stroke(at, radius + 0.5, Stroke::new(1.0, DARK));
    painter.circle_stroke(at, radius - 0.5, Stroke::new(1.0, LIGHT));
    let core = radius * tool.hardness;
    if tool.hardness < 0.98 && core >= 1.0 {
        painter.circle_stroke(at, core + 0.5, Stroke::new(0.75, DARK.gamma_multiply(0.5)));
        painter.circle_stroke(at, core - 0.25, Stroke::new(0.75, LIGHT.gamma_multiply(0.5)));
    }
    if tool.tool == Tool::Eraser {
        let half = vec2(3.0, 0.0);
        painter.line_segment([at - half, at + half], Stroke::new(1.0, LIGHT));
    }
}

/// Four lines that leave the point itself free.
fn crosshair(painter: &Painter, at: Pos2, radius: f32) {
    for direction in [Vec2::RIGHT, Vec2::LEFT, Vec2::UP, Vec2::DOWN] {
        let line = [at + direction * (radius + 1.5), at + direction * CROSSHAIR];
        painter.line_segment(line, Stroke::new(3.0, DARK));
        painter.line_segment(line, Stroke::new(1.0, LIGHT));
    }
}
