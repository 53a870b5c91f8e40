//! The tools, and what the person does with them on the canvas.

use eframe::egui::Pos2;

use crate::settings::Wand;

/// What the primary button does. What it marks is what should go, or what nothing is to be copied from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tool {
    /// Marks what it goes over.
    #[default]
    Brush,
    /// Takes marks away.
    Eraser,
    /// Marks what a line drawn around it surrounds.
    Lasso,
    /// Marks what straight lines from corner to corner surround.
    Polygon,
    /// Marks a rectangle.
    Rectangle,
    /// Marks what has the colour of a place.
    Wand,
    /// Moves the photo.
    Hand,
}

impl Tool {
    /// Whether it marks what an outline surrounds.
    pub const fn outlines(self) -> bool {
        matches!(self, Self::Lasso | Self::Polygon | Self::Rectangle)
    }
}

/// The tool and what the canvas must know to show it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ToolState {
    /// The chosen tool.
    pub tool: Tool,
    /// Whether it marks what nothing is to be copied from, not what should go.
    pub keeps_out: bool,
    /// Diameter of brush and eraser, in photo pixels.
    pub size_px: f32,
    /// Share of the radius that is fully covered, `0.0..=1.0`.
    pub hardness: f32,
    /// What the magic wand takes for similar.
    pub wand: Wand,
    /// Whether the original shows for as long as a key is held.
    pub is_before_held: bool,
}

/// What the person did on the canvas. Positions are in photo pixels and may lie outside the photo.
///
/// A pixel in column `x` covers `x..x + 1`.
#[derive(Debug, Clone, PartialEq)]
pub enum CanvasEvent {
    /// A stroke begins. A straight line begins where the stroke before ended and gets its other end as a point.
    StrokeBegin {
        /// The first dab.
        at: Pos2,
        /// Whether the stroke takes marks away.
        erase: bool,
    },
    /// The stroke goes on, straight from its last point to this one.
    StrokePoint {
        /// The new end.
        at: Pos2,
    },
    /// The stroke is complete.
    StrokeEnd,
    /// The stroke was none: a second finger came down. Undo it without a trace.
    StrokeCancel,
    /// Something was outlined.
    Area {
        /// The corners of what is surrounded, at least three.
        outline: Vec<Pos2>,
        /// Whether marks are taken away there.
        erase: bool,
    },
    /// A place was pointed at, to be marked with all that is similar.
    Pick {
        /// The place.
        at: Pos2,
        /// Whether marks are taken away there.
        erase: bool,
    },
    /// The size of brush and eraser, or the tolerance of the wand, is to be multiplied.
    ScaleBrush(f32),
}
