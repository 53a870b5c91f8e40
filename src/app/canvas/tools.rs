//! Pointer, pen, touch and wheel over the canvas, turned into strokes, pan and zoom.
//!
//! Every pointer move between two frames is looked at, so a quick stroke has no gaps; what lies between two points
//! is the document's to fill in. One finger paints, two pan and zoom. Pressure is deliberately absent: egui reports
//! it unreliably.

use eframe::egui::{Event, Modifiers, MouseWheelSource, MouseWheelUnit, PointerButton, Pos2, Vec2, vec2};

use super::view::{View, Viewport};

/// What the primary button does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tool {
    /// Marks what should go.
    #[default]
    Brush,
    /// Takes marks away.
    Eraser,
    /// Moves the photo.
    Hand,
}

/// The tool and what the canvas must know to show it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ToolState {
    /// The chosen tool.
    pub tool: Tool,
    /// Diameter of brush and eraser, in photo pixels.
    pub size_px: f32,
    /// Share of the radius that is fully covered, `0.0..=1.0`.
    pub hardness: f32,
    /// Whether the original shows for as long as a key is held.
    pub is_before_held: bool,
}

/// What the person did on the canvas. Positions are in photo pixels and may lie outside the photo.
///
/// A pixel in column `x` covers `x..x + 1`.
#[derive(Debug, Clone, Copy, PartialEq)]
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
    /// The size of brush and eraser is to be multiplied.
    ScaleBrush(f32),
}

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
    last_point_in_photo: Option<Pos2>,
}

#[derive(Debug, Clone, Copy)]
enum Drag {
    Stroke {
        button: PointerButton,
        viewport: Viewport,
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
                ..
            } if self.button() == Some(button) => {
                self.follow(pos, view, found);
                self.end(found);
            }
            Event::PointerMoved(pos) => self.follow(pos, view, found),
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
            self.drag = Some(Drag::Stroke { button, viewport });
            self.begin_stroke(in_photo, erase, modifiers.shift, found);
        }
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

    fn follow(&mut self, to: Pos2, view: &mut View, found: &mut Vec<CanvasEvent>) {
        match &mut self.drag {
            Some(Drag::Stroke { viewport, .. }) => {
                let at = view.transform(*viewport).to_photo(to);
                if self.last_point_in_photo != Some(at) {
                    found.push(CanvasEvent::StrokePoint { at });
                    self.last_point_in_photo = Some(at);
                }
            }
            Some(Drag::Pan { viewport, at, .. }) => {
                view.pan(to - *at, *viewport);
                *at = to;
            }
            None => {}
        }
    }

    fn end(&mut self, found: &mut Vec<CanvasEvent>) {
        if let Some(Drag::Stroke { .. }) = self.drag.take() {
            found.push(CanvasEvent::StrokeEnd);
        }
    }

    fn pinch(
        &mut self,
        pinch: Pinch,
        around: Surroundings<'_>,
        view: &mut View,
        found: &mut Vec<CanvasEvent>,
    ) {
        if let Some(Drag::Stroke { .. }) = self.drag.take() {
            found.push(CanvasEvent::StrokeCancel);
            self.last_point_in_photo = None;
        }
        if let Some(viewport) = around.viewport_at(pinch.center) {
            view.zoom_at(pinch.zoom, pinch.center, viewport);
            view.pan(pinch.translation, viewport);
        }
    }

    fn button(&self) -> Option<PointerButton> {
        match self.drag? {
            Drag::Stroke { button, .. } | Drag::Pan { button, .. } => Some(button),
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

/// Alt sizes the brush, Shift and a trackpad's two fingers pan, anything else zooms at the pointer.
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
mod tests {
    use super::{CanvasEvent, Gestures, Pinch, Surroundings, Tool};
    use crate::app::canvas::view::{View, Viewport};
    use eframe::egui::{
        Event, Modifiers, MouseWheelSource, MouseWheelUnit, PointerButton, Pos2, Rect, TouchPhase, Vec2,
        pos2, vec2,
    };

    const VIEWPORT: Viewport = Viewport {
        rect: Rect {
            min: Pos2::ZERO,
            max: pos2(400.0, 300.0),
        },
        pixels_per_point: 1.0,
    };

    const AROUND: Surroundings<'_> = Surroundings {
        viewports: &[VIEWPORT],
        tool: Tool::Brush,
        takes_presses: true,
        takes_wheel: true,
        is_space_down: false,
        is_any_button_down: true,
        pointer: Some(pos2(100.0, 100.0)),
        pinch: None,
    };

    /// A photo of the viewport's size at 100 %, so that photo pixels are points.
    fn one_to_one() -> View {
        let mut view = View::fitted(400, 300);
        view.set_zoom(1.0);
        view.advance(0.0, VIEWPORT);
        view
    }

    fn button(at: Pos2, button: PointerButton, pressed: bool, modifiers: Modifiers) -> Event {
        Event::PointerButton {
            pos: at,
            button,
            pressed,
            modifiers,
        }
    }

    fn press(x: f32, y: f32, modifiers: Modifiers) -> Event {
        button(pos2(x, y), PointerButton::Primary, true, modifiers)
    }

    fn release(x: f32, y: f32) -> Event {
        button(pos2(x, y), PointerButton::Primary, false, Modifiers::NONE)
    }

    fn moved(x: f32, y: f32) -> Event {
        Event::PointerMoved(pos2(x, y))
    }

    fn begin(x: f32, y: f32, erase: bool) -> CanvasEvent {
        CanvasEvent::StrokeBegin {
            at: pos2(x, y),
            erase,
        }
    }

    fn point(x: f32, y: f32) -> CanvasEvent {
        CanvasEvent::StrokePoint { at: pos2(x, y) }
    }

    fn wheel(delta: f32, source: MouseWheelSource, modifiers: Modifiers) -> Event {
        Event::MouseWheel {
            unit: MouseWheelUnit::Line,
            delta: vec2(0.0, delta),
            phase: TouchPhase::Move,
            source,
            modifiers,
        }
    }

    fn taken(
        gestures: &mut Gestures,
        events: &[Event],
        around: Surroundings<'_>,
        view: &mut View,
    ) -> Vec<CanvasEvent> {
        let mut found = vec![];
        gestures.take(events, around, view, &mut found);
        found
    }

    #[test]
    fn every_move_between_two_frames_is_a_point() {
        let events = [
            press(10.0, 10.0, Modifiers::NONE),
            moved(20.0, 10.0),
            moved(30.0, 15.0),
            release(31.0, 15.0),
        ];
        let found = taken(&mut Gestures::default(), &events, AROUND, &mut one_to_one());
        let expected = [
            begin(10.0, 10.0, false),
            point(20.0, 10.0),
            point(30.0, 15.0),
            point(31.0, 15.0),
            CanvasEvent::StrokeEnd,
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_stroke_goes_on_outside_the_canvas() {
        let mut gestures = Gestures::default();
        let mut view = one_to_one();
        taken(
            &mut gestures,
            &[press(10.0, 10.0, Modifiers::NONE)],
            AROUND,
            &mut view,
        );
        let outside = Surroundings {
            takes_presses: false,
            takes_wheel: false,
            ..AROUND
        };
        let found = taken(
            &mut gestures,
            &[moved(-50.0, 10.0), Event::PointerGone, moved(9.0, 10.0)],
            outside,
            &mut view,
        );
        assert_eq!(found, [point(-50.0, 10.0), point(9.0, 10.0)]);
    }

    #[test]
    fn a_lost_release_ends_the_stroke_all_the_same() {
        let mut gestures = Gestures::default();
        let mut view = one_to_one();
        taken(
            &mut gestures,
            &[press(10.0, 10.0, Modifiers::NONE)],
            AROUND,
            &mut view,
        );
        let released = Surroundings {
            is_any_button_down: false,
            ..AROUND
        };
        assert_eq!(
            taken(&mut gestures, &[], released, &mut view),
            [CanvasEvent::StrokeEnd]
        );
        assert!(!gestures.is_painting(), "the stroke is over");
    }

    #[test]
    fn shift_draws_straight_from_the_last_point() {
        let mut gestures = Gestures::default();
        let mut view = one_to_one();
        taken(
            &mut gestures,
            &[press(10.0, 10.0, Modifiers::NONE), release(12.0, 10.0)],
            AROUND,
            &mut view,
        );
        let found = taken(
            &mut gestures,
            &[press(200.0, 90.0, Modifiers::SHIFT)],
            AROUND,
            &mut view,
        );
        assert_eq!(found, [begin(12.0, 10.0, false), point(200.0, 90.0)]);
    }

    #[test]
    fn alt_right_button_and_eraser_take_marks_away() {
        let right = button(pos2(5.0, 5.0), PointerButton::Secondary, true, Modifiers::NONE);
        let eraser = Surroundings {
            tool: Tool::Eraser,
            ..AROUND
        };
        for (event, around) in [
            (press(5.0, 5.0, Modifiers::ALT), AROUND),
            (right, AROUND),
            (press(5.0, 5.0, Modifiers::NONE), eraser),
        ] {
            let found = taken(&mut Gestures::default(), &[event], around, &mut one_to_one());
            assert_eq!(found, [begin(5.0, 5.0, true)]);
        }
    }

    #[test]
    fn space_and_the_middle_button_move_the_photo_and_paint_nothing() {
        let space = Surroundings {
            is_space_down: true,
            ..AROUND
        };
        let middle = button(pos2(50.0, 50.0), PointerButton::Middle, true, Modifiers::NONE);
        for (event, around) in [(press(50.0, 50.0, Modifiers::NONE), space), (middle, AROUND)] {
            let mut view = one_to_one();
            let before = view.transform(VIEWPORT).origin;
            let found = taken(
                &mut Gestures::default(),
                &[event, moved(70.0, 45.0)],
                around,
                &mut view,
            );
            assert_eq!(found, []);
            assert_eq!(view.transform(VIEWPORT).origin - before, vec2(20.0, -5.0));
        }
    }

    #[test]
    fn a_press_on_something_above_the_canvas_paints_nothing() {
        let covered = Surroundings {
            takes_presses: false,
            ..AROUND
        };
        let found = taken(
            &mut Gestures::default(),
            &[press(5.0, 5.0, Modifiers::NONE), moved(9.0, 9.0)],
            covered,
            &mut one_to_one(),
        );
        assert_eq!(found, []);
    }

    #[test]
    fn the_wheel_zooms_alt_sizes_the_brush_and_a_trackpad_pans() {
        let mut view = one_to_one();
        let mut gestures = Gestures::default();
        let found = taken(
            &mut gestures,
            &[wheel(1.0, MouseWheelSource::Wheel, Modifiers::ALT)],
            AROUND,
            &mut view,
        );
        assert_eq!(found, [CanvasEvent::ScaleBrush(1.1)]);
        taken(
            &mut gestures,
            &[wheel(-1.0, MouseWheelSource::Trackpad, Modifiers::NONE)],
            AROUND,
            &mut view,
        );
        assert_eq!(
            (view.zoom(), view.transform(VIEWPORT).origin),
            (1.0, pos2(0.0, -40.0))
        );
        taken(
            &mut gestures,
            &[wheel(2.0, MouseWheelSource::Wheel, Modifiers::NONE)],
            AROUND,
            &mut view,
        );
        while view.advance(0.02, VIEWPORT) {}
        assert!(
            (view.zoom() - 1.25 * 1.25).abs() < 1e-3,
            "two notches: {}",
            view.zoom()
        );
    }

    #[test]
    fn a_second_finger_cancels_the_stroke_and_pinches() {
        let mut gestures = Gestures::default();
        let mut view = one_to_one();
        taken(
            &mut gestures,
            &[press(10.0, 10.0, Modifiers::NONE)],
            AROUND,
            &mut view,
        );
        let pinch = Pinch {
            zoom: 2.0,
            translation: Vec2::ZERO,
            center: pos2(100.0, 100.0),
        };
        let found = taken(
            &mut gestures,
            &[moved(20.0, 20.0)],
            Surroundings {
                pinch: Some(pinch),
                ..AROUND
            },
            &mut view,
        );
        assert_eq!(found, [CanvasEvent::StrokeCancel]);
        assert_eq!(view.zoom(), 2.0);
    }
}
