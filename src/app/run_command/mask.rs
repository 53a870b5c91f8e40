//! Commands that change the mask or the tool.

use std::ops::RangeInclusive;

use crate::{
    app::{
        App,
        action::Action,
        canvas::{CanvasEvent, Layer, Tool, ToolState},
    },
    document::{Brush, Changed, Document, MaskChange, Target},
    settings::{self, Settings},
};

/// A press of a size key changes the brush or the tolerance by this factor.
const SIZE_STEP: f32 = 1.15;
/// A press of a hardness key.
const HARDNESS_STEP: f32 = 0.1;

impl App {
    /// Has the canvas read again what changed.
    pub(super) fn show(&mut self, changed: &Changed) {
        for rect in &changed.mask {
            self.canvas.invalidate(Layer::Mask, *rect);
        }
        for rect in &changed.keep_out {
            self.veils.keep_out_changed(*rect);
        }
        for rect in &changed.result {
            self.canvas.invalidate(Layer::Result, *rect);
        }
    }

    pub(super) fn run_tool_action(&mut self, action: Action) {
        let settings = &mut self.settings.now;
        match action {
            Action::Brush => self.state.tool = Tool::Brush,
            Action::Eraser => self.state.tool = Tool::Eraser,
            Action::KeepOut => self.toggle_keep_out(),
            Action::Lasso => self.state.tool = Tool::Lasso,
            Action::Polygon => self.state.tool = Tool::Polygon,
            Action::Rectangle => self.state.tool = Tool::Rectangle,
            Action::Wand => self.state.tool = Tool::Wand,
            Action::Hand => self.state.tool = Tool::Hand,
            Action::Larger => scale(settings, self.state.tool, SIZE_STEP),
            Action::Smaller => scale(settings, self.state.tool, 1.0 / SIZE_STEP),
            Action::Harder => settings.brush.hardness = step(settings.brush.hardness, HARDNESS_STEP),
            Action::Softer => settings.brush.hardness = step(settings.brush.hardness, -HARDNESS_STEP),
            _ => {}
        }
    }

    /// Marks the other of the two masks from now on. The hand marks none, so the brush is taken.
    fn toggle_keep_out(&mut self) {
        self.state.keeps_out = !self.state.keeps_out || self.state.tool == Tool::Hand;
        if self.state.tool == Tool::Hand {
            self.state.tool = Tool::Brush;
        }
    }

    pub(super) fn run_mask_action(&mut self, action: Action) {
        let Some(photo) = &mut self.photo else { return };
        let bounds = photo.document.bounds();
        // Visible at any size of photo: a five-hundredth of its long side.
        let step_px = (bounds.width.max(bounds.height) as f32 / 500.0).round().max(1.0);
        let change = match action {
            Action::InvertMask => MaskChange::Invert,
            Action::GrowMask => MaskChange::Grow(step_px),
            Action::ShrinkMask => MaskChange::Shrink(step_px),
            _ => MaskChange::Clear,
        };
        photo.document.end_stroke();
        let change_mask = move |document: &mut Document| Some(document.change_mask(change));
        self.edit_aside(change.name(), change_mask, |_, _, _| {});
    }

    pub(super) fn clear_keep_out(&mut self) {
        let clear = |document: &mut Document| Some(document.clear_keep_out());
        self.edit_aside("Clear keep-out area", clear, |_, _, _| {});
    }

    /// The tool as it is now, where no key changes what the canvas shows.
    pub(in crate::app) const fn tool(&self) -> ToolState {
        let brush = &self.settings.now.brush;
        ToolState {
            tool: self.state.tool,
            keeps_out: self.state.keeps_out,
            size_px: brush.diameter_px,
            hardness: brush.hardness,
            wand: self.settings.now.wand,
            is_before_held: false,
        }
    }

    /// Does what the person did on the canvas with `tool`.
    pub(in crate::app) fn paint(&mut self, tool: &ToolState, event: CanvasEvent) {
        let target = target(tool);
        if let CanvasEvent::ScaleBrush(factor) = event {
            scale(&mut self.settings.now, tool.tool, factor);
            return;
        }
        if let CanvasEvent::Pick { at, erase } = event {
            self.pick(tool, at, erase);
            return;
        }
        let Some(photo) = &mut self.photo else { return };
        let document = &mut photo.document;
        let dirty = match event {
            CanvasEvent::StrokeBegin { at, erase } => {
                self.state.is_marking = target == Target::Remove && !erase;
                let brush = Brush {
                    diameter_px: tool.size_px,
                    hardness: tool.hardness,
                    erase,
                };
                document.begin_stroke_on(target, brush, [at.x, at.y])
            }
            CanvasEvent::StrokePoint { at } => document.extend_stroke([at.x, at.y]),
            CanvasEvent::StrokeEnd => {
                document.end_stroke();
                let state = &mut self.state;
                let is_marked =
                    std::mem::take(&mut state.is_marking) | std::mem::take(&mut state.fills_again);
                self.fill_on_release(is_marked);
                return;
            }
            CanvasEvent::StrokeCancel => {
                self.state.is_marking = false;
                let changed = document.cancel_stroke();
                self.show(&changed);
                let fills_again = std::mem::take(&mut self.state.fills_again);
                self.fill_on_release(fills_again);
                return;
            }
            CanvasEvent::Area { outline, erase } => {
                let outline: Vec<[f32; 2]> = outline.into_iter().map(Into::into).collect();
                let paint = move |document: &mut Document| Some(document.paint_area(target, &outline, erase));
                let is_marked = target == Target::Remove && !erase;
                self.edit_aside("Marking an area", paint, move |app, _, _| {
                    app.fill_on_release(is_marked);
                });
                return;
            }
            CanvasEvent::Pick { .. } | CanvasEvent::ScaleBrush(_) => return,
        };
        match target {
            _ if dirty.is_empty() => {}
            Target::Remove => self.canvas.invalidate(Layer::Mask, dirty),
            Target::KeepOut => self.veils.keep_out_changed(dirty),
        }
    }

    /// Marks what was outlined until now.
    pub(super) fn close_outline(&mut self) {
        if let Some(area) = self.canvas.close_outline() {
            self.paint(&self.tool(), area);
        }
    }
}

/// What the tool marks.
pub(super) const fn target(tool: &ToolState) -> Target {
    if tool.keeps_out {
        Target::KeepOut
    } else {
        Target::Remove
    }
}

/// Multiplies the brush's diameter, or with the magic wand its tolerance, but changes it by one at least.
fn scale(settings: &mut Settings, tool: Tool, factor: f32) {
    if tool == Tool::Wand {
        let percent = scaled(settings.wand.tolerance * 100.0, factor, &(0.0..=100.0));
        settings.wand.tolerance = percent / 100.0;
    } else {
        settings.brush.diameter_px =
            scaled(settings.brush.diameter_px, factor, &settings::Brush::DIAMETERS_PX);
    }
}

fn scaled(before: f32, factor: f32, range: &RangeInclusive<f32>) -> f32 {
    let scaled = before * factor;
    let at_least = before + (factor - 1.0).signum();
    let after = if factor > 1.0 {
        scaled.max(at_least)
    } else {
        scaled.min(at_least)
    };
    after.round().clamp(*range.start(), *range.end())
}

fn step(hardness: f32, by: f32) -> f32 {
    (((hardness + by) * 10.0).round() / 10.0).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::{scale, scaled, step};
    use crate::{app::canvas::Tool, settings::Settings};

    #[test]
    fn size_keys_always_change_the_size_and_stay_in_range() {
        let range = 1.0..=2000.0;
        assert_eq!(scaled(1.0, 1.15, &range), 2.0);
        let smallest = (0..5).fold(2.0, |size, _| scaled(size, 1.0 / 1.15, &range));
        assert_eq!(smallest, 1.0);
        let largest = (0..100).fold(1.0, |size, _| scaled(size, 1.15, &range));
        assert_eq!(largest, 2000.0);
    }

    #[test]
    fn size_keys_change_the_tolerance_with_the_wand_and_the_brush_with_any_other_tool() {
        let mut settings = Settings::default();
        let before = settings.clone();
        scale(&mut settings, Tool::Wand, 1.15);
        assert_eq!(settings.brush, before.brush);
        assert!(
            (settings.wand.tolerance - 0.12).abs() < 1e-6,
            "{:?}",
            settings.wand
        );
        scale(&mut settings, Tool::Lasso, 1.15);
        assert_eq!(settings.brush.diameter_px, 69.0);
    }

    #[test]
    fn hardness_keys_move_by_tenths() {
        assert_eq!(step(0.85, 0.1), 1.0);
        assert_eq!(step(0.3, -0.1), 0.2);
        assert_eq!(step(0.0, -0.1), 0.0);
    }
}
