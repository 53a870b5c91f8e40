//! Filling beyond one click: candidates, making a removal again, keeping areas out.

use eframe::egui::{Key, Modifiers, accesskit::Role};
use egui_kittest::kittest::Queryable as _;
use lacuna::{imaging::Samples, inpaint::Ensemble};
use serde_json::Value;

use crate::support::{SIZE, Window};

#[test]
fn candidates_can_be_chosen_by_click_and_key_and_undone() {
    let mut window = Window::with_candidates(3);
    window.drag((0.45, 0.45), (0.55, 0.55));
    window.fill();
    let best = window.document().result().clone();
    assert_eq!(window.document().removals().len(), 1);
    window.click("Candidate 2");
    let second = window.document().result().clone();
    assert!(second != best, "the second candidate is in the photo");
    window.press(Key::Period);
    let third = window.document().result().clone();
    assert!(third != second && third != best, "the third follows");
    window.press(Key::Period);
    assert!(*window.document().result() == best, "round to the first");
    window.press(Key::Comma);
    assert!(*window.document().result() == third, "and back");
    window.press_with(Modifiers::COMMAND, Key::Z);
    assert!(*window.document().result() == best, "a choice can be undone");
    assert_eq!(window.document().removals().len(), 1);
}

#[test]
fn the_next_fill_brings_its_own_candidates() {
    let mut window = Window::with_candidates(2);
    window.drag((0.4, 0.4), (0.45, 0.45));
    window.fill();
    window.drag((0.6, 0.6), (0.65, 0.65));
    window.fill();
    let before = window.document().removals().to_vec();
    window.click("Candidate 2");
    let after = window.document().removals();
    assert_eq!(after[0], before[0], "the first removal is settled");
    assert_ne!(after[1].patches(), before[1].patches());
}

#[test]
fn try_again_takes_the_removals_place_with_another_fill() {
    let mut window = Window::with_photo();
    window.drag((0.45, 0.45), (0.55, 0.55));
    window.fill();
    let first = window.document().result().clone();
    window.click("Try Removal 1 again");
    window.wait_for_step("Fill again: Removal 1");
    let again = window.document().result().clone();
    assert_eq!(window.document().removals().len(), 1, "it takes the place");
    assert!(again != first, "it is another fill");
    window.press_with(Modifiers::COMMAND, Key::Z);
    assert!(*window.document().result() == first, "undo brings the first back");
}

#[test]
fn a_fill_for_a_removal_that_was_deleted_meanwhile_can_be_added_all_the_same() {
    let mut window = Window::with_candidates(8);
    window.drag((0.45, 0.45), (0.55, 0.55));
    window.fill();
    for label in ["Try Removal 1 again", "Delete Removal 1"] {
        let button = window.harness.get_by_role_and_label(Role::Button, label);
        button.click();
        window.harness.step();
    }
    window.wait_to_show("The fill is done, but things have changed");
    assert!(window.document().removals().is_empty(), "it was deleted");
    window.click("Add it anyway");
    assert_eq!(window.document().removals().len(), 1);
    assert!(window.can_click("Candidate 2"), "with its candidates");
}

#[test]
fn several_looks_change_the_fill_are_remembered_and_kept_by_another_try() {
    let mut window = Window::with_photo();
    let is_ensemble = |window: &Window| -> bool {
        let recipe = &window.document().removals()[0].recipe;
        let recipe: Value = serde_json::from_str(recipe).unwrap();
        recipe["report"]["is_ensemble"].as_bool().unwrap()
    };
    let toggle = |window: &mut Window, label: &str| {
        window
            .harness
            .get_by_role_and_label(Role::CheckBox, label)
            .click();
        window.settle();
    };
    window.harness.get_by_label("Options").click();
    window.settle();
    // What the network itself fills is to be seen.
    toggle(&mut window, "Texture from the photo");
    // Deep enough for the smaller scales to count.
    window.press(Key::M);
    window.drag((0.3, 0.3), (0.7, 0.7));
    window.fill();
    let several = window.document().result().clone();
    assert!(is_ensemble(&window), "several looks are the default");
    window.click("Try Removal 1 again");
    window.wait_for_step("Fill again: Removal 1");
    assert!(is_ensemble(&window), "another try keeps them");
    window.press_with(Modifiers::COMMAND, Key::Z);
    assert!(*window.document().result() == several, "undone");
    window.press_with(Modifiers::COMMAND, Key::Z);

    toggle(&mut window, "Several looks");
    window.wait("it is remembered", |window| {
        window.settings().fill.ensemble == Ensemble::Off
    });
    window.fill();
    assert!(!is_ensemble(&window), "one look is enough now");
    assert!(*window.document().result() != several, "and gives something else");
}

#[test]
fn where_that_is_chosen_a_stroke_is_filled_as_soon_as_it_ends() {
    let mut window = Window::with_photo();
    window.wait("the network is there", |window| !window.app().is_busy());
    window.drag((0.2, 0.2), (0.3, 0.3));
    window.wait("nothing happens", |window| !window.app().is_busy());
    assert!(window.document().removals().is_empty(), "only when asked");
    let toggle = window
        .harness
        .get_by_role_and_label(Role::CheckBox, "Fill on release");
    toggle.click();
    window.settle();
    window.press(Key::E);
    window.drag((0.2, 0.2), (0.25, 0.25));
    window.press(Key::B);
    window.wait("nothing happens", |window| !window.app().is_busy());
    assert!(
        window.document().removals().is_empty(),
        "the eraser marks nothing"
    );
    window.drag((0.45, 0.45), (0.55, 0.55));
    window.wait("it is filled", |window| window.document().removals().len() == 1);
    assert!(!window.document().has_mask(), "with what was marked before");
    window.press(Key::W);
    window.drag((0.5, 0.5), (0.5, 0.5));
    window.wait("the pick is filled", |window| {
        window.document().removals().len() == 2
    });
    window.press(Key::M);
    window.drag((0.1, 0.1), (0.2, 0.2));
    window.drag((0.7, 0.7), (0.8, 0.8));
    window.wait("both areas are filled", |window| {
        window.document().removals().len() >= 3 && !window.document().has_mask()
    });
    window.wait("it is remembered", |window| window.settings().fill_on_release);
}

#[test]
fn the_mask_of_a_removal_can_be_selected_corrected_and_filled() {
    let mut window = Window::with_photo();
    window.drag((0.45, 0.45), (0.55, 0.55));
    let mask = window.document().mask().clone();
    window.fill();
    let removal = window.harness.get_by_role_and_label(Role::Button, "Removal 1");
    removal.click_secondary();
    window.settle();
    window.click("Select its mask");
    window.wait("its hole is masked", |window| *window.document().mask() == mask);
    assert!(window.can_click("Show Removal 1"), "and the photo seen beneath");
    window.drag((0.55, 0.55), (0.6, 0.6));
    window.fill();
    assert_eq!(window.document().removals().len(), 2);
}

#[test]
fn painting_over_a_removal_fills_from_the_result_with_it() {
    let mut window = Window::with_photo();
    window.drag((0.4, 0.45), (0.6, 0.55));
    window.fill();
    let first = window.document().result().clone();
    window.drag((0.5, 0.5), (0.52, 0.5));
    window.fill();
    let document = window.document();
    assert_eq!(document.removals().len(), 2);
    let patches = document.removals()[1].patches();
    let is_near = |x: u32, y: u32| {
        let inside = |rect: lacuna::imaging::Rect| {
            (rect.x..rect.right()).contains(&x) && (rect.y..rect.bottom()).contains(&y)
        };
        patches.iter().any(|patch| inside(patch.rect()))
    };
    let (Samples::U8(before), Samples::U8(after)) = (first.samples(), document.result().samples()) else {
        panic!("eight bits");
    };
    for (at, (before, after)) in before.iter().zip(after).enumerate() {
        let at = at as u32 / 3;
        assert!(
            before == after || is_near(at % SIZE.0, at / SIZE.0),
            "pixel {at} lost the first removal"
        );
    }
}

#[test]
fn what_is_kept_out_is_painted_into_its_own_area_in_the_shared_history() {
    let mut window = Window::with_photo();
    window.press(Key::K);
    window.drag((0.3, 0.3), (0.4, 0.3));
    assert!(window.document().has_keep_out(), "something is kept out");
    assert!(!window.document().has_mask(), "nothing is masked");
    assert!(window.shows("Keep-out stroke"), "the history lists it");
    window.press_with(Modifiers::COMMAND, Key::Z);
    assert!(!window.document().has_keep_out(), "undone");
    window.press_with(Modifiers::COMMAND, Key::Y);
    assert!(window.document().has_keep_out(), "done again");

    window.press(Key::K);
    window.drag((0.5, 0.5), (0.55, 0.5));
    window.fill();
    assert!(
        window.document().has_keep_out(),
        "the area stays for the next fill"
    );
}
