//! Gestures on a photo at 100 %, where photo pixels are points of the screen.

use super::{Gestures, Pinch, Surroundings};
use crate::{
    app::canvas::{Canvas, CanvasEvent, Tool, ToolState, View, Viewport},
    settings::Wand,
};
use eframe::egui::{
    Event, Modifiers, MouseWheelSource, MouseWheelUnit, PointerButton, Pos2, Rect, TouchPhase, Vec2, pos2,
    vec2,
};

/// What is masked at once: outlines, and what the magic wand is pointed at.
mod areas;

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
    takes_keys: true,
    modifiers: Modifiers::NONE,
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

/// With another tool.
fn around(tool: Tool) -> Surroundings<'static> {
    Surroundings { tool, ..AROUND }
}

#[test]
fn a_stroke_is_seen_while_it_is_drawn_whatever_else_is_shown() {
    let mut canvas = Canvas::new(None);
    canvas.overlay.is_visible = false;
    let tool = ToolState {
        tool: Tool::Brush,
        size_px: 9.0,
        hardness: 1.0,
        wand: Wand::default(),
        keeps_out: false,
        is_before_held: true,
    };
    assert!(!canvas.shows_mask(&tool), "it is switched off");
    let press = [press(10.0, 10.0, Modifiers::NONE)];
    taken(&mut canvas.gestures, &press, AROUND, &mut one_to_one());
    assert!(canvas.shows_mask(&tool), "nobody paints blindly");
    let keep_out = ToolState {
        keeps_out: true,
        ..tool
    };
    assert!(!canvas.shows_mask(&keep_out), "that paints something else");
    let release = [release(10.0, 10.0)];
    taken(&mut canvas.gestures, &release, AROUND, &mut one_to_one());
    assert!(!canvas.shows_mask(&tool), "switched off again");
}
