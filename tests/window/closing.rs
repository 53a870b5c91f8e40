//! Closing the window: what is asked first, what it waits for, and what is not worth a question.

use std::cell::Cell;

use eframe::egui::{Key, Modifiers, accesskit::Role};
use egui_kittest::kittest::Queryable as _;
use lacuna::imaging::read;

use crate::{
    support::Window,
    train::{save_photos, tiny_config},
};

impl Window {
    pub(crate) fn export(&mut self) {
        self.press_with(Modifiers::COMMAND, Key::E);
        self.click("Export");
        self.wait_to_show("Exported");
    }
}

#[test]
fn a_mask_that_an_export_does_not_hold_is_asked_about() {
    let mut window = Window::with_photo();
    window.drag((0.45, 0.45), (0.55, 0.55));
    window.fill();
    window.drag((0.2, 0.2), (0.3, 0.3));
    assert!(!window.close(), "nothing is saved");
    window.wait_to_show("The work on Lake.png was not exported");
    window.click("Cancel");
    window.export();
    assert!(!window.close(), "the next mask is in no file");
    window.wait_to_show("The mask on Lake.png was not saved");
    assert!(window.can_click("Save mask…"), "it can be saved");
    window.click("Cancel");
    window.press_with(Modifiers::COMMAND, Key::D);
    window.wait("the mask is gone", |window| !window.document().has_mask());
    assert!(window.close(), "all that is left is in a file");
}

#[test]
fn nothing_is_asked_where_nothing_would_be_missed() {
    let mut window = Window::with_photo();
    assert!(window.close(), "nothing was done");
    window.drag((0.45, 0.45), (0.55, 0.55));
    window.press_with(Modifiers::COMMAND, Key::D);
    window.wait("the mask is gone", |window| !window.document().has_mask());
    assert!(window.close(), "an empty mask is not worth a question");
    window.drag((0.45, 0.45), (0.55, 0.55));
    window.fill();
    window.click("Delete Removal 1");
    assert!(window.close(), "what was removed is back");
}

#[test]
fn the_window_waits_for_an_export_and_then_closes() {
    let mut window = Window::with_photo();
    window.drag((0.45, 0.45), (0.55, 0.55));
    window.fill();
    window.press_with(Modifiers::COMMAND, Key::E);
    let export = window.harness.get_by_role_and_label(Role::Button, "Export");
    export.click();
    window.harness.step();
    assert!(!window.ask_to_close(), "the export has just begun");
    window.wait("it closes by itself", Window::wants_to_close);
    assert!(!window.shows("Keep your work?"), "nothing is asked");
    assert!(read::photo(&window.path("Lake-edited.png")).is_ok());
    assert!(window.close(), "all is in a file");
}

#[test]
fn the_question_about_training_goes_with_the_run() {
    let mut window = Window::train(|folder, settings| {
        settings.train = tiny_config(save_photos(folder, 4), Some(3));
    });
    window.wait("the photos are there", |window| {
        window.can_click("Start training")
    });
    window.press(Key::F5);
    assert!(!window.close(), "training runs");
    window.settle();
    assert!(window.shows("Stop training?"), "it asks");
    window.wait("it ends by itself", |window| !window.app().is_training());
    assert!(!window.shows("Stop training?"), "nothing is left to ask");
    assert!(window.close(), "and to wait for");
}

#[test]
fn whoever_takes_the_closing_back_keeps_the_window() {
    let mut window = Window::train(|folder, settings| {
        settings.train = tiny_config(save_photos(folder, 4), None);
    });
    window.wait("the photos are there", |window| {
        window.can_click("Start training")
    });
    window.press(Key::F5);
    window.wait("steps are made", |window| window.run().step >= 1);
    assert!(!window.close(), "training runs");
    window.settle();
    let save = window
        .harness
        .get_by_role_and_label(Role::Button, "Save and close");
    save.click();
    window.harness.step();
    window.harness.key_press(Key::Escape);
    window.harness.step();
    let closes = Cell::new(false);
    window.wait("the run ends", |window| {
        closes.set(closes.get() || window.wants_to_close());
        !window.app().is_training()
    });
    window.settle();
    assert!(!closes.get(), "nobody wants it to close any more");
    window.wait("it can go on", |window| window.can_click("Resume"));
}
