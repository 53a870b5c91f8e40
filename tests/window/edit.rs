//! Opening, painting, filling and undo, by pointer and keys.

use std::{
    thread,
    time::{Duration, Instant},
};

use eframe::egui::{Event, Key, Modifiers, Rect, accesskit::Role, vec2};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use lacuna::{
    app::{Action, App, Start},
    imaging::{Channels, Pixels, Samples},
};

use crate::support::{SIZE, Window, save_photo, save_png};

const CTRL_SHIFT: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);

#[test]
fn the_sample_opens_with_its_mask_ready_to_fill() {
    let mut window = Window::edit(tempfile::tempdir().unwrap(), Start::default());
    window.wait("the sample opens", |window| window.app().document().is_some());
    assert!(window.document().has_mask(), "something is masked");
    assert!(
        window.shows("Press Enter to fill"),
        "the status line says what to do"
    );
}

#[test]
fn another_photo_does_not_inherit_the_hint_to_fill() {
    let mut window = Window::edit(tempfile::tempdir().expect("a folder"), Start::default());
    window.wait("the sample opens", |window| window.app().document().is_some());
    assert!(window.shows("Press Enter to fill"), "the sample is masked");
    let other = window.path("Other.png");
    save_photo(&other);
    window.drop_path(&other);
    window.wait("the other photo opens", |window| {
        window
            .app()
            .document()
            .is_some_and(|document| !document.has_mask())
    });
    assert!(!window.shows("Press Enter to fill"), "the other is not");
}

#[test]
fn a_recent_photo_that_is_opened_from_the_train_tab_is_shown() {
    let mut window = Window::with_photo();
    window.press(Key::F3);
    assert!(window.harness.query_by_label("Canvas").is_none());
    window.click("File");
    window.harness.get_by_label_contains("Open recent").click();
    window.settle();
    window.click("Lake.png");
    window.wait("the photo is shown", |window| {
        window.harness.query_by_label("Canvas").is_some()
    });
}

#[test]
fn lasso_polygon_and_rectangle_mark_areas_and_enter_closes_a_polygon_before_it_fills() {
    let mut window = Window::with_photo();
    window.press(Key::M);
    window.drag((0.45, 0.45), (0.55, 0.55));
    window.wait_for_step("Area");
    assert!(window.document().mask().is_hole(SIZE.0 / 2, SIZE.1 / 2), "inside");
    window.press_with(Modifiers::COMMAND, Key::Z);

    window.press_with(Modifiers::SHIFT, Key::L);
    for corner in [(0.4, 0.4), (0.6, 0.4), (0.5, 0.6)] {
        window.drag(corner, corner);
    }
    assert!(!window.document().has_mask(), "the polygon is still open");
    window.press(Key::Enter);
    window.wait("it is marked", |window| window.document().position() == 1);
    assert!(window.document().mask().is_hole(SIZE.0 / 2, SIZE.1 / 2), "closed");
    assert!(window.document().removals().is_empty(), "not filled yet");
    window.fill();

    for corner in [(0.4, 0.4), (0.6, 0.4), (0.5, 0.6)] {
        window.drag(corner, corner);
    }
    window.press(Key::Escape);
    window.press(Key::Enter);
    assert!(!window.document().has_mask(), "Esc lets the polygon go");
}

#[test]
fn areas_and_the_wand_can_keep_out_too() {
    let mut window = Window::with_photo();
    window.press(Key::M);
    window.press(Key::K);
    assert!(window.shows("K goes back"), "the status line says how");
    window.drag((0.45, 0.45), (0.55, 0.55));
    window.wait_for_step("Keep-out area");
    window.press(Key::W);
    window.drag((0.3, 0.3), (0.3, 0.3));
    window.wait_for_step("Keep-out of similar colours");
    assert!(!window.document().has_mask(), "nothing is masked");
    let area = window.document().keep_out().expect("an area was kept out");
    assert!(area.is_hole(SIZE.0 / 2, SIZE.1 / 2), "what was marked");
    window.press(Key::K);
    window.press(Key::M);
    window.drag((0.45, 0.45), (0.55, 0.55));
    window.wait_for_step("Area");
    assert!(window.document().has_mask(), "back to what should go");
}

#[test]
fn painting_filling_hiding_and_undo_work_from_pointer_and_keys() {
    let mut window = Window::with_photo();
    window.drag((0.45, 0.45), (0.55, 0.55));
    assert!(
        window.document().mask().is_hole(SIZE.0 / 2, SIZE.1 / 2),
        "the middle of the drag"
    );
    window.fill();
    assert!(
        !window.document().has_mask(),
        "what was filled is not masked any more"
    );
    assert_ne!(window.document().result(), window.document().original());

    window.click("Hide Removal 1");
    assert_eq!(window.document().result(), window.document().original());
    window.press_with(Modifiers::COMMAND, Key::Z);
    assert!(window.document().removals()[0].visible, "hiding was undone");
    window.press_with(Modifiers::COMMAND, Key::Z);
    assert!(window.document().has_mask(), "filling was undone");
    window.press_with(CTRL_SHIFT, Key::Z);
    assert_eq!(window.document().removals().len(), 1);
    window.click("Delete Removal 1");
    assert_eq!(window.document().removals().len(), 0);
    window.click("Opened");
    assert_eq!(window.document().position(), 0);
}

#[test]
fn enter_with_nothing_masked_says_what_to_do() {
    let mut window = Window::with_photo();
    window.wait("the network is loaded", |window| !window.app().is_busy());
    window.press(Key::Enter);
    assert!(
        window.shows("Brush over what should go, then fill"),
        "{:?}",
        window.app().notices()
    );
}

#[test]
fn a_fill_asked_for_before_the_network_is_there_runs_when_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = Window::edit(folder, Start::default());
    window.wait("the sample opens", |window| window.app().document().is_some());
    window.press_with(Modifiers::COMMAND, Key::D);
    window.drag((0.5, 0.5), (0.52, 0.5));
    window.fill();
    assert_eq!(window.document().removals().len(), 1);
}

#[test]
fn the_palette_finds_a_command_by_a_few_letters() {
    let mut window = Window::with_photo();
    window.press_with(CTRL_SHIFT, Key::P);
    window.type_text("inv");
    window.press(Key::Enter);
    let all = u64::from(SIZE.0) * u64::from(SIZE.1);
    window.wait_for_step("Invert mask");
    assert_eq!(window.document().mask().hole_count(), all);
    assert!(
        window.harness.query_by_label("Command").is_none(),
        "the palette is closed"
    );
    window.press_with(CTRL_SHIFT, Key::P);
    window.harness.event(Event::Text("clear mask".to_owned()));
    window.harness.key_press(Key::Enter);
    window.wait_for_step("Clear mask");
}

#[test]
fn the_sheet_lists_every_command() {
    let mut window = Window::with_photo();
    window.press_with(Modifiers::SHIFT, Key::Questionmark);
    for action in Action::ALL {
        let label = action.label().trim_end_matches('…');
        assert!(window.shows(label), "{label}");
    }
    window.press(Key::Escape);
    assert!(!window.shows("With the pointer"), "Esc closes it");
}

#[test]
fn undo_takes_back_a_corner_of_what_is_being_outlined() {
    let mut window = Window::with_photo();
    window.press_with(Modifiers::SHIFT, Key::L);
    for corner in [(0.4, 0.4), (0.6, 0.4), (0.5, 0.6), (0.9, 0.9)] {
        window.drag(corner, corner);
    }
    assert!(window.shows("Ctrl+Z takes a corner back"), "it is told");
    window.press_with(Modifiers::COMMAND, Key::Z);
    window.press(Key::Enter);
    window.wait_for_step("Area");
    let (right, bottom) = (SIZE.0 * 9 / 10, SIZE.1 * 9 / 10);
    assert!(window.document().has_mask(), "the rest is closed");
    assert!(
        !window.document().mask().is_hole(right - 8, bottom - 8),
        "without it"
    );
}

#[test]
fn keys_do_not_fire_while_a_name_is_typed() {
    let mut window = Window::with_photo();
    window.drag((0.45, 0.45), (0.55, 0.55));
    window.fill();
    window.click("Rename Removal 1");
    window.press_with(Modifiers::COMMAND, Key::A);
    window.type_text("eye");
    window.press(Key::E);
    window.press(Key::Enter);
    assert_eq!(window.document().removals()[0].name, "eye");
    assert_eq!(window.document().removals().len(), 1);
    let eraser = window.harness.get_by_label("Eraser");
    assert_ne!(
        eraser.accesskit_node().toggled(),
        Some(eframe::egui::accesskit::Toggled::True)
    );
}

/// The one picture of the whole window, and a small one: that it is drawn at all, in the colours of the theme.
#[test]
fn the_welcome_screen_looks_as_it_should() {
    let start = Start {
        empty: true,
        ..Start::default()
    };
    let builder = Harness::builder()
        .with_size(vec2(760.0, 520.0))
        .with_max_steps(16);
    let mut harness = builder.wgpu().build_eframe(move |cc| App::new(cc, start));
    let began = Instant::now();
    while harness.state().is_busy() && began.elapsed() < Duration::from_secs(60) {
        thread::sleep(Duration::from_millis(3));
        harness.step();
    }
    harness.run_steps(3);
    // Machines differ in the number of threads that the panels name.
    let lines: Vec<Rect> = harness
        .get_all_by_label_contains("CPU")
        .map(|node| node.rect())
        .collect();
    for line in lines {
        harness.mask(Rect::from_x_y_ranges(560.0..=760.0, line.y_range()));
    }
    harness.snapshot("welcome");
}

#[test]
fn every_button_of_the_tool_strip_is_in_sight_in_any_window() {
    let mut window = Window::with_photo();
    for (size, columns) in [
        (vec2(1280.0, 1100.0), 1),
        (vec2(1280.0, 700.0), 2),
        (vec2(760.0, 520.0), 2),
    ] {
        window.harness.set_size(size);
        window.settle();
        let canvas = window.harness.get_by_label("Canvas").rect();
        let buttons = window.harness.query_all_by_role(Role::Button);
        let buttons: Vec<Rect> = buttons
            .map(|button| button.rect())
            .filter(|button| button.right() <= canvas.left() && button.bottom() > canvas.top())
            .collect();
        assert_eq!(buttons.len(), 17, "{size}");
        for (number, button) in buttons.iter().enumerate() {
            assert!(button.bottom() <= canvas.bottom(), "{size}: {button} is cut off");
            let mut others = buttons[number + 1..].iter();
            assert!(!others.any(|other| other.intersects(*button)), "{size}: {button}");
        }
        let mut lefts: Vec<i32> = buttons.iter().map(|button| button.left() as i32).collect();
        lefts.sort_unstable();
        lefts.dedup();
        assert_eq!(lefts.len(), columns, "{size}");
    }
}

#[test]
fn the_mask_is_changed_in_the_background_step_by_step() {
    let mut window = Window::with_photo();
    window.drag((0.45, 0.45), (0.55, 0.55));
    let painted = window.document().mask().clone();
    for _ in 0..3 {
        window
            .harness
            .key_press_modifiers(Modifiers::COMMAND, Key::CloseBracket);
    }
    window.wait("all three are made", |window| window.document().position() == 4);
    let grown = window.document().mask().hole_count();
    assert!(grown > painted.hole_count(), "{grown} pixels");
    window.press_with(Modifiers::COMMAND, Key::I);
    window.wait_for_step("Invert mask");
    let all = window.document().bounds().area();
    assert_eq!(window.document().mask().hole_count(), all - grown);
    for _ in 0..4 {
        window.press_with(Modifiers::COMMAND, Key::Z);
    }
    assert!(*window.document().mask() == painted, "all of it can be undone");
}

#[test]
fn what_is_done_while_the_mask_changes_comes_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let photo = folder.path().join("Wide.png");
    // So large that the mask is still being worked out when the stroke begins.
    let samples = Samples::U8(vec![90; 4000 * 3000]);
    save_png(&photo, &Pixels::new(4000, 3000, Channels::Gray, samples).unwrap());
    let start = Start {
        photo: Some(photo),
        ..Start::default()
    };
    let mut window = Window::edit(folder, start);
    window.wait("the photo opens", |window| window.app().document().is_some());
    window.press_with(Modifiers::COMMAND, Key::I);
    window.press(Key::E);
    window.drag((0.45, 0.45), (0.55, 0.55));
    window.press_with(Modifiers::COMMAND, Key::I);
    window.wait("all is done", |window| !window.app().is_busy());
    let document = window.document();
    let steps: Vec<&str> = document.steps().collect();
    assert_eq!(steps, ["Invert mask", "Eraser stroke", "Invert mask"]);
    let holes = document.mask().hole_count();
    assert!(
        0 < holes && holes < document.bounds().area() / 10,
        "{holes} pixels were erased and marked again"
    );
    // Undoing what covers the whole photo is worked out aside too.
    for _ in 0..3 {
        window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    }
    window.wait("all is undone", |window| window.document().position() == 0);
    assert!(!window.document().has_mask(), "nothing is masked again");
    window.press_with(CTRL_SHIFT, Key::Z);
    window.wait("one is redone", |window| window.document().position() == 1);
    let all = window.document().bounds().area();
    assert_eq!(window.document().mask().hole_count(), all);
}
