//! The magic wand: a click masks what is similar, in the background, with the options of its panel.

use eframe::egui::{Key, Modifiers, accesskit::Role};
use egui_kittest::kittest::Queryable as _;

use crate::support::{SIZE, Window};

/// The middle of the canvas, which is that of the photo.
const MIDDLE: (f32, f32) = (0.5, 0.5);

impl Window {
    fn pick(&mut self) {
        self.drag(MIDDLE, MIDDLE);
    }

    /// Number of pixels that go.
    fn masked(&self) -> u64 {
        self.document().mask().hole_count()
    }
}

#[test]
fn a_click_masks_what_is_similar_and_one_undo_takes_it_back() {
    let mut window = Window::with_photo();
    window.press(Key::W);
    assert!(
        window.shows("Click on what should go"),
        "the status line says what to do"
    );
    window.pick();
    window.wait_for_step("Similar colours");
    let mask = window.document().mask();
    assert!(mask.is_hole(SIZE.0 / 2, SIZE.1 / 2), "what was pointed at");
    assert!(!mask.is_hole(5, 5), "another colour");
    window.press_with(Modifiers::COMMAND, Key::Z);
    assert_eq!(window.masked(), 0);
    window.press_with(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::Z);
    // The fill that is asked for at once comes after the wand.
    window.pick();
    window.fill();
    assert_eq!(window.masked(), 0, "all of it was filled");
}

#[test]
fn the_panel_and_the_size_keys_set_the_tolerance_and_it_is_remembered() {
    let mut window = Window::with_photo();
    assert!(window.shows("Hardness") && !window.shows("Tolerance"));
    window.press(Key::W);
    assert!(
        window.shows("Tolerance") && !window.shows("Hardness"),
        "its own options"
    );
    window.pick();
    window.wait_for_step("Similar colours");
    let before = window.masked();
    for _ in 0..5 {
        window.press(Key::CloseBracket);
    }
    window.pick();
    window.wait("more is masked", |window| window.masked() > before);
    let contiguous = window.harness.get_by_role_and_label(Role::CheckBox, "Contiguous");
    contiguous.click();
    window.wait("the choice is saved", |window| {
        let wand = window.settings().wand;
        !wand.is_contiguous && wand.tolerance > 0.15
    });
    // 60 px on a photo of 1920 px, and as wide on the screen on this one.
    let usual = 60.0 * SIZE.0 as f32 / 1920.0;
    let brush = window.settings().brush;
    assert_eq!(brush.diameter_px, usual, "the brush is as it was");
}
