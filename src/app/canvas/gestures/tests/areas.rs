use eframe::egui::{Event, Key, Modifiers, PointerButton, Vec2, pos2};

use super::{VIEWPORT, around, button, moved, one_to_one, press, release, taken};
use crate::app::canvas::{
    CanvasEvent, Tool,
    gestures::{Gestures, Outline, Pinch, Surroundings},
};

fn area(corners: &[(f32, f32)], erase: bool) -> CanvasEvent {
    CanvasEvent::Area {
        outline: corners.iter().map(|&(x, y)| pos2(x, y)).collect(),
        erase,
    }
}

/// A press and a release without a move between them.
fn click(x: f32, y: f32) -> [Event; 2] {
    [press(x, y, Modifiers::NONE), release(x, y)]
}

fn backspace() -> Event {
    Event::Key {
        key: Key::Backspace,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: Modifiers::NONE,
    }
}

#[test]
fn a_lasso_surrounds_what_the_pointer_went_round_and_alt_erases() {
    let drag = |modifiers| {
        [
            press(10.0, 10.0, modifiers),
            moved(50.0, 10.0),
            moved(50.0, 40.0),
            release(10.0, 40.0),
        ]
    };
    let corners = [(10.0, 10.0), (50.0, 10.0), (50.0, 40.0), (10.0, 40.0)];
    for (modifiers, erase) in [(Modifiers::NONE, false), (Modifiers::ALT, true)] {
        let mut gestures = Gestures::default();
        let found = taken(
            &mut gestures,
            &drag(modifiers),
            around(Tool::Lasso),
            &mut one_to_one(),
        );
        assert_eq!(found, [area(&corners, erase)]);
        assert_eq!(gestures.outline(), None);
    }
    let mut gestures = Gestures::default();
    let found = taken(
        &mut gestures,
        &click(10.0, 10.0),
        around(Tool::Lasso),
        &mut one_to_one(),
    );
    assert_eq!(found, [], "a click surrounds nothing");
}

#[test]
fn shift_makes_a_rectangle_a_square_in_the_direction_of_the_drag() {
    let drag = [press(100.0, 100.0, Modifiers::NONE), release(60.0, 130.0)];
    let found = taken(
        &mut Gestures::default(),
        &drag,
        around(Tool::Rectangle),
        &mut one_to_one(),
    );
    let corners = [(100.0, 100.0), (60.0, 100.0), (60.0, 130.0), (100.0, 130.0)];
    assert_eq!(found, [area(&corners, false)]);

    let mut gestures = Gestures::default();
    let square = [
        press(100.0, 100.0, Modifiers::NONE),
        button(pos2(60.0, 130.0), PointerButton::Primary, false, Modifiers::SHIFT),
    ];
    let found = taken(&mut gestures, &square, around(Tool::Rectangle), &mut one_to_one());
    let corners = [(100.0, 100.0), (60.0, 100.0), (60.0, 140.0), (100.0, 140.0)];
    assert_eq!(found, [area(&corners, false)]);
}

#[test]
fn a_polygon_stays_open_until_a_click_on_its_first_corner_or_a_second_on_its_last() {
    let corners = [(10.0, 10.0), (60.0, 10.0), (60.0, 50.0)];
    for last in [(12.0, 12.0), (60.0, 51.0)] {
        let mut gestures = Gestures::default();
        let mut view = one_to_one();
        let polygon = around(Tool::Polygon);
        for (x, y) in corners {
            assert_eq!(taken(&mut gestures, &click(x, y), polygon, &mut view), []);
        }
        let found = taken(&mut gestures, &click(last.0, last.1), polygon, &mut view);
        assert_eq!(found, [area(&corners, false)], "closed at {last:?}");
    }
}

#[test]
fn backspace_takes_corners_back_and_another_tool_lets_the_polygon_go() {
    let mut gestures = Gestures::default();
    let mut view = one_to_one();
    let polygon = around(Tool::Polygon);
    for (x, y) in [(10.0, 10.0), (60.0, 10.0), (60.0, 50.0), (0.0, 70.0)] {
        taken(&mut gestures, &click(x, y), polygon, &mut view);
    }
    taken(&mut gestures, &[backspace()], polygon, &mut view);
    let closed = gestures.take_outline().and_then(Outline::close);
    assert_eq!(
        closed,
        Some(area(&[(10.0, 10.0), (60.0, 10.0), (60.0, 50.0)], false))
    );

    taken(&mut gestures, &click(10.0, 10.0), polygon, &mut view);
    taken(&mut gestures, &[backspace()], polygon, &mut view);
    assert_eq!(gestures.outline(), None, "its only corner was taken back");

    taken(&mut gestures, &click(10.0, 10.0), polygon, &mut view);
    taken(&mut gestures, &[], around(Tool::Brush), &mut view);
    assert_eq!(gestures.outline(), None);
}

#[test]
fn an_open_polygon_keeps_its_place_in_the_photo_while_the_photo_is_moved() {
    let mut gestures = Gestures::default();
    let mut view = one_to_one();
    let polygon = around(Tool::Polygon);
    for (x, y) in [(100.0, 100.0), (160.0, 100.0)] {
        taken(&mut gestures, &click(x, y), polygon, &mut view);
    }
    let pan = [
        button(pos2(200.0, 200.0), PointerButton::Middle, true, Modifiers::NONE),
        button(pos2(230.0, 190.0), PointerButton::Middle, false, Modifiers::NONE),
    ];
    view.set_zoom(2.0);
    view.advance(0.0, VIEWPORT);
    taken(&mut gestures, &pan, polygon, &mut view);
    let transform = view.transform(VIEWPORT);
    let third = transform.to_screen(pos2(160.0, 150.0));
    taken(&mut gestures, &click(third.x, third.y), polygon, &mut view);
    let Some(CanvasEvent::Area { outline, .. }) = gestures.take_outline().and_then(Outline::close) else {
        panic!("three corners surround something");
    };
    for (corner, expected) in outline
        .iter()
        .zip([pos2(100.0, 100.0), pos2(160.0, 100.0), pos2(160.0, 150.0)])
    {
        assert!(
            corner.distance(expected) < 0.01,
            "{corner:?}, expected {expected:?}"
        );
    }
}

#[test]
fn the_wand_points_where_the_button_goes_down_and_alt_or_the_right_button_erases() {
    let wand = around(Tool::Wand);
    let primary = PointerButton::Primary;
    let secondary = PointerButton::Secondary;
    for (used, modifiers, erase) in [
        (primary, Modifiers::NONE, false),
        (primary, Modifiers::ALT, true),
        (secondary, Modifiers::NONE, true),
    ] {
        let mut gestures = Gestures::default();
        let down = button(pos2(40.0, 30.0), used, true, modifiers);
        assert_eq!(taken(&mut gestures, &[down], wand, &mut one_to_one()), []);
        let up = [
            moved(60.0, 30.0),
            button(pos2(60.0, 30.0), used, false, modifiers),
        ];
        let at = pos2(40.0, 30.0);
        let found = taken(&mut gestures, &up, wand, &mut one_to_one());
        assert_eq!(found, [CanvasEvent::Pick { at, erase }]);
    }
}

#[test]
fn two_fingers_pick_nothing() {
    let mut gestures = Gestures::default();
    let mut view = one_to_one();
    let wand = around(Tool::Wand);
    let down = [press(40.0, 30.0, Modifiers::NONE)];
    assert_eq!(taken(&mut gestures, &down, wand, &mut view), []);
    let pinched = Surroundings {
        pinch: Some(Pinch {
            zoom: 1.1,
            translation: Vec2::ZERO,
            center: pos2(60.0, 30.0),
        }),
        ..wand
    };
    assert_eq!(taken(&mut gestures, &[], pinched, &mut view), []);
    assert_eq!(taken(&mut gestures, &[release(40.0, 30.0)], wand, &mut view), []);
}
