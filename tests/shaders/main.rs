//! Draws small pictures through the canvas on a software GPU and compares them with what the processor computes.
//!
//! The pictures are made on the spot. A Vulkan driver that needs no graphics card is required: Debian's package
//! `mesa-vulkan-drivers`. Without any adapter these tests fail and say so.

#![cfg(feature = "gui")]

mod cost;
mod pictures;
mod window;

use eframe::{
    egui::{Color32, Event, Modifiers, MouseWheelSource, MouseWheelUnit, TouchPhase, pos2, vec2},
    wgpu::naga,
};
use egui_kittest::{Harness, kittest::Queryable as _};
use lacuna::{
    app::canvas::{Canvas, CanvasEvent, Compare, Layer},
    imaging::{Channels, Pixels, Rect, Samples},
};
use pictures::{assert_close, assert_near, gradient, mixed, noise, picture, pixels_of, plain, with_block};
use window::{App, Window};

const SHADER: &str = include_str!("../../src/app/canvas/canvas.wgsl");
/// What is outside the photo.
const SURROUND: [u8; 4] = [48, 48, 48, 255];

#[test]
fn the_shader_is_valid_without_any_extension() {
    let module = naga::front::wgsl::parse_str(SHADER)
        .unwrap_or_else(|error| panic!("{}", error.emit_to_string(SHADER)));
    let mut validator = naga::valid::Validator::new(
        naga::valid::ValidationFlags::all(),
        naga::valid::Capabilities::empty(),
    );
    validator
        .validate(&module)
        .unwrap_or_else(|error| panic!("{}", error.emit_to_string(SHADER)));
    let entries: Vec<_> = module
        .entry_points
        .iter()
        .map(|entry| entry.name.as_str())
        .collect();
    assert_eq!(entries, ["vertex", "fragment", "fragment_linear"]);
}

#[test]
fn at_one_hundred_percent_the_screen_holds_the_photos_pixels() {
    for tile_side in [1024, 64] {
        let mut window = Window::open(tile_side, 1.0, noise(200, 150));
        window.zoom(1.0);
        let picture = window.picture();
        let origin = window.origin();
        for (x, y, color) in pixels_of(&window.app().original) {
            assert_eq!(
                picture.get_pixel(origin.0 + x, origin.1 + y).0,
                color,
                "({x}, {y}), tiles of {tile_side}"
            );
        }
        assert_eq!(picture.get_pixel(origin.0 - 1, origin.1).0, SURROUND);
        assert_eq!(picture.get_pixel(origin.0 + 200, origin.1 + 149).0, SURROUND);
    }
}

#[test]
fn one_hundred_percent_means_physical_pixels_on_a_fine_display() {
    let mut window = Window::open(64, 2.0, noise(120, 90));
    window.zoom(1.0);
    let picture = window.picture();
    let origin = window.origin();
    for (x, y, color) in pixels_of(&window.app().original) {
        assert_eq!(
            picture.get_pixel(origin.0 + x, origin.1 + y).0,
            color,
            "({x}, {y})"
        );
    }
}

#[test]
fn enlarged_pixels_are_crisp_squares() {
    let mut window = Window::open(32, 1.0, noise(40, 30));
    window.zoom(4.0);
    let picture = window.picture();
    let origin = window.origin();
    for (x, y, color) in pixels_of(&window.app().original) {
        for (dx, dy) in [(0, 0), (3, 0), (0, 3), (3, 3)] {
            let at = (origin.0 + 4 * x + dx, origin.1 + 4 * y + dy);
            assert_eq!(picture.get_pixel(at.0, at.1).0, color, "({x}, {y}) at {at:?}");
        }
    }
}

#[test]
fn tiles_leave_no_seams_at_any_zoom() {
    let mut one_tile = Window::open(1024, 1.0, noise(700, 500));
    let mut many_tiles = Window::open(64, 1.0, noise(700, 500));
    for zoom in [0.06, 0.11, 0.19, 0.26, 0.43, 0.5, 0.77, 1.0, 1.3, 1.9, 2.0, 3.7] {
        one_tile.zoom(zoom);
        many_tiles.zoom(zoom);
        // One level for rounding in the filter.
        assert_near(
            &one_tile.picture(),
            &many_tiles.picture(),
            1,
            &format!("at {zoom}"),
        );
    }
}

#[test]
fn a_photo_wider_than_its_textures_is_shown_whole() {
    let mut window = Window::open(64, 1.0, gradient(3000, 20));
    window.zoom(0.1);
    let picture = window.picture();
    let origin = window.origin();
    for x in [0, 1, 77, 150, 222, 298] {
        let shown = f32::from(picture.get_pixel(origin.0 + x, origin.1 + 1).0[0]);
        let expected = (x as f32 + 0.5) * 10.0 / 3000.0 * 255.0;
        assert!(
            (shown - expected).abs() < 2.0,
            "column {x}: {shown} for {expected}"
        );
    }
}

#[test]
fn scaled_down_detail_becomes_its_average_and_no_pattern() {
    let stripes = picture(640, 480, |x, y| {
        if (x + y) % 2 == 0 {
            [255, 0, 200]
        } else {
            [0, 100, 200]
        }
    });
    let mut window = Window::open(64, 1.0, stripes);
    for zoom in [0.5, 0.25, 0.2, 0.1] {
        window.zoom(zoom);
        let picture = window.picture();
        let origin = window.origin();
        let (width, height) = ((640.0 * zoom) as u32, (480.0 * zoom) as u32);
        for y in 1..height - 1 {
            for x in 1..width - 1 {
                let [r, g, b, _] = picture.get_pixel(origin.0 + x, origin.1 + y).0;
                let is_average = r.abs_diff(128) <= 2 && g.abs_diff(50) <= 2 && b.abs_diff(200) <= 1;
                assert!(is_average, "({x}, {y}) at {zoom}: {r} {g} {b}");
            }
        }
    }
}

#[test]
fn the_split_shows_before_on_the_left_and_after_on_the_right() {
    let mut window = Window::open(64, 1.0, plain(200, 150, [10, 200, 30]));
    window.app_mut().result = plain(200, 150, [200, 20, 130]);
    window.app_mut().canvas.compare = Compare::Split;
    window.app_mut().changed(Layer::Result, Rect::new(0, 0, 200, 150));
    window.zoom(1.0);
    let picture = window.picture();
    let middle = window.size.0 / 2;
    // The line and its dark edges take three pixels.
    for x in (middle - 60..middle - 3).chain(middle + 3..middle + 60) {
        let expected = if x < middle {
            [10, 200, 30, 255]
        } else {
            [200, 20, 130, 255]
        };
        assert_eq!(
            picture.get_pixel(x, window.origin().1 + 40).0,
            expected,
            "column {x}"
        );
    }
}

#[test]
fn dragging_the_split_moves_the_line_and_paints_nothing() {
    let mut window = Window::open(64, 1.0, plain(200, 150, [10, 200, 30]));
    window.app_mut().result = plain(200, 150, [200, 20, 130]);
    window.app_mut().canvas.compare = Compare::Split;
    window.app_mut().changed(Layer::Result, Rect::new(0, 0, 200, 150));
    window.zoom(1.0);
    window.settle();
    let grip = window.harness.get_by_label("Split position").rect().center();
    window.harness.hover_at(grip);
    window.harness.drag_at(grip);
    window.harness.hover_at(grip - vec2(50.0, 0.0));
    window.harness.drop_at(grip - vec2(50.0, 0.0));
    window.harness.step();
    let picture = window.picture();
    let right_of_the_line = grip.x as u32 - 30;
    assert_eq!(
        picture.get_pixel(right_of_the_line, window.origin().1 + 40).0,
        [200, 20, 130, 255]
    );
    assert_eq!(window.app().events, []);
}

#[test]
fn side_by_side_shows_the_same_part_of_both() {
    let mut window = Window::open(64, 1.0, noise(100, 80));
    let changed = Rect::new(40, 30, 20, 20);
    window.app_mut().result = with_block(&window.app().original, changed, [255, 255, 255]);
    window.app_mut().canvas.compare = Compare::SideBySide;
    window.app_mut().changed(Layer::Result, changed);
    window.zoom(1.0);
    let picture = window.picture();
    let (left, top) = (window.size.0 / 4 - 50, window.origin().1);
    let right = (0..picture.width() - 100)
        .rfind(|&x| {
            picture.get_pixel(x, top + 75).0 == picture.get_pixel(left, top + 75).0 && x > window.size.0 / 2
        })
        .unwrap();
    for (x, y, color) in pixels_of(&window.app().original) {
        let after = if changed.contains(x, y) { [255; 4] } else { color };
        if y > 30 {
            assert_eq!(
                picture.get_pixel(right + x, top + y).0,
                after,
                "after at ({x}, {y})"
            );
        }
    }
}

#[test]
fn a_held_key_shows_the_original_and_hides_the_mask() {
    let mut window = Window::open(64, 1.0, noise(100, 80));
    window.app_mut().result = plain(100, 80, [1, 2, 3]);
    window.app_mut().changed(Layer::Result, Rect::new(0, 0, 100, 80));
    window.app_mut().mark(Rect::new(10, 10, 50, 50), 255);
    window.app_mut().tool.is_before_held = true;
    window.zoom(1.0);
    let picture = window.picture();
    let origin = window.origin();
    for (x, y, color) in pixels_of(&window.app().original).filter(|&(_, y, _)| y > 30) {
        assert_eq!(
            picture.get_pixel(origin.0 + x, origin.1 + y).0,
            color,
            "({x}, {y})"
        );
    }
}

#[test]
fn only_the_changed_part_of_the_result_differs_and_undoing_brings_the_original_back() {
    let mut window = Window::open(64, 1.0, noise(200, 150));
    let changed = Rect::new(30, 40, 25, 60);
    for _ in 0..2 {
        window.app_mut().result = with_block(&window.app().original, changed, [255, 0, 0]);
        window.app_mut().changed(Layer::Result, changed);
        window.zoom(1.0);
        assert_eq!(differences(&mut window), changed.area());
        window.app_mut().result = window.app().original.clone();
        window.app_mut().changed(Layer::Result, changed);
        assert_eq!(differences(&mut window), 0);
    }
}

#[test]
fn the_mask_tints_what_goes_fainter_what_is_soft_and_outlines_the_border() {
    let color = Color32::from_rgb(255, 0, 0);
    for zoom in [1.0, 4.0] {
        let mut window = Window::open(64, 1.0, plain(80, 60, [0, 100, 200]));
        window.app_mut().canvas.overlay.color = color;
        window.app_mut().canvas.overlay.opacity = 0.5;
        window.app_mut().mark(Rect::new(20, 20, 20, 20), 255);
        window.app_mut().mark(Rect::new(40, 20, 20, 20), 100);
        window.zoom(zoom);
        let picture = window.picture();
        let origin = window.origin();
        let at = |x: f32, y: f32| {
            picture
                .get_pixel(origin.0 + (x * zoom) as u32, origin.1 + (y * zoom) as u32)
                .0
        };
        let tint = |opacity: f32| mixed([0, 100, 200], [255, 0, 0], opacity);
        assert_close(at(30.5, 30.5), tint(0.5), 1, "inside");
        assert_close(at(50.5, 30.5), tint(0.5 * 0.8 * 100.0 / 255.0), 1, "soft");
        assert_close(at(10.5, 30.5), [0, 100, 200, 255], 0, "outside");
        let light = mixed([0, 100, 200], [255; 3], 0.9);
        let dark = mixed([0, 100, 200], [0; 3], 0.8);
        let pixel = 0.5 / zoom;
        assert_close(at(20.0 + pixel, 30.0), light, 1, "the border's inner line");
        assert_close(at(20.0 - pixel, 30.0), dark, 1, "the border's outer line");
        assert_close(
            at(20.0 + 3.0 * pixel, 30.0),
            tint(0.5),
            1,
            "the line is one pixel wide",
        );
    }
}

#[test]
fn a_stroke_changes_only_where_it_went_and_survives_frames_that_are_not_drawn() {
    let mut window = Window::open(64, 1.0, plain(300, 200, [90, 90, 90]));
    window.zoom(1.0);
    let before = window.picture();
    // Across the corner of four tiles, 48 pixels each.
    let dabs = [
        Rect::new(90, 90, 9, 9),
        Rect::new(140, 50, 30, 11),
        Rect::new(0, 0, 4, 4),
    ];
    for dab in dabs {
        window.app_mut().mark(dab, 255);
        window.harness.step();
    }
    let after = window.picture();
    let origin = window.origin();
    for y in 0..200 {
        for x in 0..300 {
            let is_near = dabs
                .iter()
                .any(|dab| dab.grown_within(1, 300, 200).contains(x, y));
            let is_changed =
                before.get_pixel(origin.0 + x, origin.1 + y) != after.get_pixel(origin.0 + x, origin.1 + y);
            let is_corner = dabs.iter().all(|dab| !dab.contains(x, y)) && is_near;
            assert!(
                is_near == is_changed || is_corner,
                "({x}, {y}) changed: {is_changed}"
            );
        }
    }
    let mut at_once = Window::open(64, 1.0, plain(300, 200, [90, 90, 90]));
    for dab in dabs {
        at_once.app_mut().mark(dab, 255);
    }
    at_once.zoom(1.0);
    assert_near(&after, &at_once.picture(), 0, "painted or opened with the mask");
    for window in [&mut window, &mut at_once] {
        window.zoom(0.13);
    }
    assert_near(&window.picture(), &at_once.picture(), 1, "the same, scaled down");
}

#[test]
fn what_was_erased_is_gone() {
    let mut window = Window::open(64, 1.0, noise(200, 150));
    window.app_mut().mark(Rect::new(20, 20, 100, 100), 255);
    window.zoom(1.0);
    assert!(differences(&mut window) > 9000, "the mask shows");
    window.app_mut().mark(Rect::new(0, 0, 200, 150), 0);
    assert_eq!(differences(&mut window), 0);
}

#[test]
fn transparent_pixels_show_a_checkerboard() {
    let samples = (0..80 * 60).flat_map(|_| [255, 0, 0, 0]).collect();
    let clear = Pixels::new(80, 60, Channels::Rgba, Samples::U8(samples)).unwrap();
    let mut window = Window::open(1024, 1.0, clear);
    window.zoom(1.0);
    let picture = window.picture();
    let origin = window.origin();
    let seen: std::collections::BTreeSet<_> = (0..80)
        .map(|x| picture.get_pixel(origin.0 + x, origin.1 + 30).0)
        .collect();
    assert_eq!(
        seen.into_iter().collect::<Vec<_>>(),
        [[153, 153, 153, 255], [204, 204, 204, 255]]
    );
}

#[test]
fn the_first_frame_shows_the_whole_photo() {
    let mut window = Window::unsettled(1024, 1.0, gradient(4000, 3000));
    window.harness.step();
    assert!(
        window.app().canvas.is_loading(),
        "twelve million pixels take more than a frame"
    );
    let picture = window.harness.render().expect("the picture can be drawn");
    let middle = window.size.1 / 2;
    let row: Vec<u8> = (40..window.size.0 - 40)
        .map(|x| picture.get_pixel(x, middle).0[0])
        .collect();
    assert!(
        row.is_sorted() && row[0] < 40 && row[row.len() - 1] > 215,
        "a gradient from left to right: {row:?}"
    );
}

#[test]
fn a_drag_over_the_canvas_paints_in_photo_pixels_and_the_wheel_zooms() {
    let mut window = Window::open(1024, 1.0, noise(200, 150));
    window.zoom(1.0);
    let origin = pos2(window.origin().0 as f32, window.origin().1 as f32);
    let at = |x: f32, y: f32| origin + vec2(x, y);
    window.harness.hover_at(at(10.0, 20.0));
    window.harness.drag_at(at(10.0, 20.0));
    window.harness.hover_at(at(15.0, 20.0));
    window.harness.drop_at(at(15.0, 20.0));
    window.harness.step();
    assert_eq!(
        window.app().events,
        [
            CanvasEvent::StrokeBegin {
                at: pos2(10.0, 20.0),
                erase: false
            },
            CanvasEvent::StrokePoint { at: pos2(15.0, 20.0) },
            CanvasEvent::StrokeEnd,
        ]
    );
    window.harness.hover_at(at(15.0, 20.0));
    window.harness.event(Event::MouseWheel {
        unit: MouseWheelUnit::Line,
        delta: vec2(0.0, 1.0),
        phase: TouchPhase::Move,
        source: MouseWheelSource::Wheel,
        modifiers: Modifiers::NONE,
    });
    window.harness.run_steps(60);
    assert!(
        (window.app().canvas.view().zoom() - 1.25).abs() < 1e-3,
        "one notch: {}",
        window.app().canvas.view().zoom()
    );
}

#[test]
fn without_a_gpu_the_canvas_takes_strokes_all_the_same() {
    let mut harness = Harness::builder()
        .with_size(vec2(320.0, 240.0))
        .build_eframe(|_| App::new(Canvas::new(None), noise(200, 150)));
    harness.state_mut().canvas.view_mut().set_zoom(1.0);
    harness.run_steps(2);
    let center = harness.get_by_label("Canvas").rect().center();
    harness.hover_at(center);
    harness.drag_at(center);
    harness.drop_at(center);
    harness.step();
    let begin = CanvasEvent::StrokeBegin {
        at: pos2(100.0, 75.0),
        erase: false,
    };
    assert_eq!(harness.state().events, [begin, CanvasEvent::StrokeEnd]);
}

/// Number of pixels of the photo that are not shown as the original's.
fn differences(window: &mut Window) -> u64 {
    let picture = window.picture();
    let origin = window.origin();
    pixels_of(&window.app().original)
        .filter(|&(x, y, color)| picture.get_pixel(origin.0 + x, origin.1 + y).0 != color)
        .count() as u64
}
