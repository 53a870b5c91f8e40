//! Pointer, pen, touch and wheel over the canvas, turned into strokes, pan and zoom.
//!
//! Every pointer move between two frames is looked at, so a quick stroke has no gaps; what lies between two points
//! is the document's to fill in. One finger paints, two pan and zoom. Pressure is deliberately absent: egui reports
//! it unreliably.

use eframe::egui::{
    Event, Key, Modifiers, MouseWheelSource, MouseWheelUnit, PointerButton, Pos2, Vec2, vec2,
};

use super::{
    outline::Outline,
    tools::{CanvasEvent, Tool},
    view::{View, Viewport},
};

/// Zoom for one notch of the wheel.
const ZOOM_PER_NOTCH: f32 = 1.25;
/// Brush size for one notch of the wheel.
const SIZE_PER_NOTCH: f32 = 1.1;
/// What a notch is for platforms that report points.
const POINTS_PER_NOTCH: f32 = 40.0;
/// How far a notch pans, in points.
const PAN_PER_NOTCH: f32 = 60.0;

/// What holds during a frame, as far as gestures depend on it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surroundings<'a> {
    /// The parts of the canvas that show the photo; at least one.
    pub(super) viewports: &'a [Viewport],
    pub(super) tool: Tool,
    /// Whether a press now belongs to the canvas and not to something above it.
    pub(super) takes_presses: bool,
    /// Whether the wheel turns over the canvas.
    pub(super) takes_wheel: bool,
    /// Whether keys are meant for the canvas and not for a field of text.
    pub(super) takes_keys: bool,
    pub(super) modifiers: Modifiers,
    pub(super) is_space_down: bool,
    pub(super) is_any_button_down: bool,
    pub(super) pointer: Option<Pos2>,
    pub(super) pinch: Option<Pinch>,
}

/// Two fingers on the screen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pinch {
    pub(super) zoom: f32,
    pub(super) translation: Vec2,
    pub(super) center: Pos2,
}

/// The gesture under way, from frame to frame.
#[derive(Debug, Default)]
pub(super) struct Gestures {
    drag: Option<Drag>,
    outline: Option<Outline>,
    last_point_in_photo: Option<Pos2>,
}

#[derive(Debug, Clone, Copy)]
enum Drag {
    Stroke {
        button: PointerButton,
        viewport: Viewport,
    },
    Outline {
        button: PointerButton,
        viewport: Viewport,
    },
    /// Where the button goes down counts, once it goes up.
    Pick {
        button: PointerButton,
        at: Pos2,
        erase: bool,
    },
    Pan {
        button: PointerButton,
        viewport: Viewport,
        at: Pos2,
    },
}

impl Gestures {
    /// Whether a stroke is being painted.
    pub(super) const fn is_painting(&self) -> bool {
        matches!(self.drag, Some(Drag::Stroke { .. }))
    }

    /// Whether the photo is being moved.
    pub(super) const fn is_panning(&self) -> bool {
        matches!(self.drag, Some(Drag::Pan { .. }))
    }

    /// What is being outlined.
    pub(super) const fn outline(&self) -> Option<&Outline> {
        self.outline.as_ref()
    }

    /// Lets go of what is being outlined and gives it, as far as it came.
    pub(super) fn take_outline(&mut self) -> Option<Outline> {
        if let Some(Drag::Outline { .. }) = self.drag {
            self.drag = None;
        }
        self.outline.take()
    }

    /// Takes the events of a frame, moves the view and adds to `found` what the document must know.
    pub(super) fn take(
        &mut self,
        events: &[Event],
        around: Surroundings<'_>,
        view: &mut View,
        found: &mut Vec<CanvasEvent>,
    ) {
        if let Some(pinch) = around.pinch {
            self.pinch(pinch, around, view, found);
            return;
        }
        if self
            .outline
            .as_ref()
            .is_some_and(|outline| outline.tool() != around.tool)
        {
            self.take_outline();
        }
        for event in events {
            self.take_one(event, around, view, found);
        }
        if !around.is_any_button_down && self.drag.is_some() {
            self.end(found);
        }
    }

    fn take_one(
        &mut self,
        event: &Event,
        around: Surroundings<'_>,
        view: &mut View,
        found: &mut Vec<CanvasEvent>,
    ) {
        match *event {
            Event::PointerButton {
                pos,
                button,
                pressed: true,
                modifiers,
            } if around.takes_presses => {
                self.press(pos, button, modifiers, around, view, found);
            }
            Event::PointerButton {
                pos,
                button,
                pressed: false,
                modifiers,
            } if self.button() == Some(button) => {
                self.follow(pos, modifiers, view, found);
                self.end(found);
            }
            Event::PointerMoved(pos) => self.follow(pos, around.modifiers, view, found),
            Event::Key {
                key: Key::Backspace,
                pressed: true,
                ..
            } if around.takes_keys => self.step_back(),
            Event::MouseWheel {
                unit,
                delta,
                source,
                modifiers,
                ..
            } if around.takes_wheel => {
                let notches = notches(unit, delta);
                wheel(notches, source, modifiers, around, view, found);
            }
            Event::Zoom(factor) if around.takes_wheel => {
                if let Some((viewport, at)) = around.viewport_at_pointer() {
                    view.zoom_at(factor, at, viewport);
                }
            }
            _ => {}
        }
    }

    fn press(
        &mut self,
        at: Pos2,
        button: PointerButton,
        modifiers: Modifiers,
        around: Surroundings<'_>,
        view: &View,
        found: &mut Vec<CanvasEvent>,
    ) {
        let Some(viewport) = around.viewport_at(at) else {
            return;
        };
        if self.drag.is_some() {
            return;
        }
        let is_primary = button == PointerButton::Primary;
        let moves_photo = around.is_space_down || around.tool == Tool::Hand;
        if button == PointerButton::Middle || is_primary && moves_photo {
            self.drag = Some(Drag::Pan { button, viewport, at });
        } else if (is_primary || button == PointerButton::Secondary) && !moves_photo {
            let in_photo = view.transform(viewport).to_photo(at);
            let erase = around.tool == Tool::Eraser || modifiers.alt || !is_primary;
            if around.tool == Tool::Wand {
                let at = in_photo;
                self.drag = Some(Drag::Pick { button, at, erase });
            } else if around.tool.outlines() {
                self.press_outline(in_photo, erase, button, viewport, around.tool, view, found);
            } else {
                self.drag = Some(Drag::Stroke { button, viewport });
                self.begin_stroke(in_photo, erase, modifiers.shift, found);
            }
        }
    }

    /// Takes the last corner of an open polygon back.
    pub(super) fn step_back(&mut self) {
        let is_gone = self.outline.as_mut().is_some_and(|outline| !outline.step_back());
        if is_gone {
            self.take_outline();
        }
    }

    /// Begins an outline, or sets the next corner of an open polygon.
    fn press_outline(
        &mut self,
        at: Pos2,
        erase: bool,
        button: PointerButton,
        viewport: Viewport,
        tool: Tool,
        view: &View,
        found: &mut Vec<CanvasEvent>,
    ) {
        if tool != Tool::Polygon {
            self.drag = Some(Drag::Outline { button, viewport });
        } else if let Some(outline) = &mut self.outline {
            if outline.click(at, view.transform(viewport).scale) {
                found.extend(self.take_outline().and_then(Outline::close));
            }
            return;
        }
        self.outline = Outline::begin(tool, at, erase);
    }

    fn begin_stroke(&mut self, at: Pos2, erase: bool, is_straight: bool, found: &mut Vec<CanvasEvent>) {
        match self.last_point_in_photo.filter(|_| is_straight) {
            Some(from) => {
                found.push(CanvasEvent::StrokeBegin { at: from, erase });
                found.push(CanvasEvent::StrokePoint { at });
            }
            None => found.push(CanvasEvent::StrokeBegin { at, erase }),
        }
        self.last_point_in_photo = Some(at);
    }

    fn follow(&mut self, to: Pos2, modifiers: Modifiers, view: &mut View, found: &mut Vec<CanvasEvent>) {
        match &mut self.drag {
            Some(Drag::Stroke { viewport, .. }) => {
                let at = view.transform(*viewport).to_photo(to);
                if self.last_point_in_photo != Some(at) {
                    found.push(CanvasEvent::StrokePoint { at });
                    self.last_point_in_photo = Some(at);
                }
            }
            Some(Drag::Outline { viewport, .. }) => {
                let at = view.transform(*viewport).to_photo(to);
                if let Some(outline) = &mut self.outline {
                    outline.drag(at, modifiers.shift);
                }
            }
            Some(Drag::Pan { viewport, at, .. }) => {
                view.pan(to - *at, *viewport);
                *at = to;
            }
            Some(Drag::Pick { .. }) | None => {}
        }
    }

    fn end(&mut self, found: &mut Vec<CanvasEvent>) {
        match self.drag.take() {
            Some(Drag::Stroke { .. }) => found.push(CanvasEvent::StrokeEnd),
            Some(Drag::Outline { .. }) => found.extend(self.take_outline().and_then(Outline::close)),
            Some(Drag::Pick { at, erase, .. }) => found.push(CanvasEvent::Pick { at, erase }),
            Some(Drag::Pan { .. }) | None => {}
        }
    }

    fn pinch(
        &mut self,
        pinch: Pinch,
        around: Surroundings<'_>,
        view: &mut View,
        found: &mut Vec<CanvasEvent>,
    ) {
        match self.drag.take() {
            Some(Drag::Stroke { .. }) => {
                found.push(CanvasEvent::StrokeCancel);
                self.last_point_in_photo = None;
            }
            Some(Drag::Outline { .. }) => self.outline = None,
            Some(Drag::Pick { .. } | Drag::Pan { .. }) | None => {}
        }
        if let Some(viewport) = around.viewport_at(pinch.center) {
            view.zoom_at(pinch.zoom, pinch.center, viewport);
            view.pan(pinch.translation, viewport);
        }
    }

    fn button(&self) -> Option<PointerButton> {
        match self.drag? {
            Drag::Stroke { button, .. }
            | Drag::Outline { button, .. }
            | Drag::Pick { button, .. }
            | Drag::Pan { button, .. } => Some(button),
        }
    }
}

impl Surroundings<'_> {
    fn viewport_at(&self, at: Pos2) -> Option<Viewport> {
        self.viewports
            .iter()
            .find(|viewport| viewport.rect.contains(at))
            .copied()
    }

    fn viewport_at_pointer(&self) -> Option<(Viewport, Pos2)> {
        let at = self.pointer?;
        Some((self.viewport_at(at)?, at))
    }
}

/// The wheel's turn in notches, whatever the platform counts.
fn notches(unit: MouseWheelUnit, delta: Vec2) -> Vec2 {
    match unit {
        MouseWheelUnit::Point => delta / POINTS_PER_NOTCH,
        MouseWheelUnit::Line => delta,
        MouseWheelUnit::Page => delta * 8.0,
    }
}

/// Alt sizes the brush or the wand's tolerance, Shift and a trackpad's two fingers pan, anything else zooms at the pointer.
fn wheel(
    notches: Vec2,
    source: MouseWheelSource,
    modifiers: Modifiers,
    around: Surroundings<'_>,
    view: &mut View,
    found: &mut Vec<CanvasEvent>,
) {
    let Some((viewport, at)) = around.viewport_at_pointer() else {
        return;
    };
    let is_trackpad = matches!(source, MouseWheelSource::Trackpad | MouseWheelSource::Momentum);
    let turn = notches.x + notches.y;
    if modifiers.alt {
        found.push(CanvasEvent::ScaleBrush(SIZE_PER_NOTCH.powf(turn)));
    } else if modifiers.ctrl || modifiers.command {
        view.glide_at(ZOOM_PER_NOTCH.powf(turn), at);
    } else if is_trackpad {
        view.pan(notches * POINTS_PER_NOTCH, viewport);
    } else if modifiers.shift {
        view.pan(vec2(turn * PAN_PER_NOTCH, 0.0), viewport);
    } else {
        view.glide_at(ZOOM_PER_NOTCH.powf(notches.y), at);
    }
}

#[cfg(test)]
mod tests;
