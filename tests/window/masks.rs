//! The mask and the keep-out area, from files and to files.

use std::{fs, path::Path};

use eframe::egui::{Key, Modifiers};
use lacuna::{
    document::{Document, Target},
    imaging::{Channels, Pixels, Samples, read},
};

use crate::support::{SIZE, Window, save_png};

/// A mask whose left half is white.
fn save_left_half(path: &Path, (width, height): (u32, u32)) {
    let samples = (0..width * height).map(|i| if i % width < width / 2 { 255 } else { 0 });
    let pixels = Pixels::new(width, height, Channels::Gray, Samples::U8(samples.collect()));
    save_png(path, &pixels.unwrap());
}

fn hole_count(document: &Document, target: Target) -> u64 {
    document.mask_of(target).map_or(0, |mask| mask.hole_count())
}

impl Window {
    /// Chooses a command by its words, and types the file that it asks for.
    fn choose_with_file(&mut self, words: &str, path: &Path) {
        self.choose(words);
        self.wait_to_show("This system has no file dialog");
        self.type_text(&path.display().to_string());
        self.press(Key::Enter);
    }

    /// Drags a stroke of the brush that keeps out.
    fn keep_out(&mut self) {
        self.press(Key::K);
        self.drag((0.45, 0.45), (0.55, 0.55));
        self.press(Key::K);
        assert!(self.document().has_keep_out(), "something is kept out");
    }
}

#[test]
fn mask_and_keep_out_area_are_opened_from_files_and_undo_takes_them_back() {
    let half = u64::from(SIZE.0 / 2 * SIZE.1);
    for (words, step, target, other) in [
        ("open mask", "Open mask", Target::Remove, Target::KeepOut),
        (
            "open keep-out",
            "Open keep-out area",
            Target::KeepOut,
            Target::Remove,
        ),
    ] {
        let mut window = Window::with_photo();
        let file = window.path("left half.png");
        save_left_half(&file, SIZE);
        window.choose_with_file(words, &file);
        window.wait_for_step(step);
        assert_eq!(hole_count(window.document(), target), half, "{words}");
        assert_eq!(hole_count(window.document(), other), 0, "{words}");
        assert!(window.close(), "{words}: it is in that file");
        window.press_with(Modifiers::COMMAND, Key::Z);
        window.wait("it is undone", |window| window.document().position() == 0);
        assert_eq!(hole_count(window.document(), target), 0, "{words}");
    }
}

#[test]
fn a_mask_that_was_changed_after_it_was_opened_is_asked_about() {
    let mut window = Window::with_photo();
    let file = window.path("left half.png");
    save_left_half(&file, SIZE);
    window.choose_with_file("open mask", &file);
    window.wait_for_step("Open mask");
    window.drag((0.7, 0.45), (0.8, 0.55));
    assert!(!window.close(), "the stroke is in no file");
    window.wait_to_show("The mask on Lake.png was not saved");
}

#[test]
fn a_keep_out_file_that_does_not_fit_changes_nothing_and_says_why() {
    let mut window = Window::with_photo();
    let file = window.path("small.png");
    save_left_half(&file, (32, 24));
    window.choose_with_file("open keep-out", &file);
    window.wait_to_show("The keep-out area could not be opened");
    assert!(
        window.shows("The mask has 32×24 pixels but the photo has 320×240"),
        "{:?}",
        window.app().notices()
    );
    assert_eq!(window.document().steps().len(), 0, "nothing changed");
}

#[test]
fn a_keep_out_area_is_asked_about_until_it_is_saved() {
    let mut window = Window::with_photo();
    window.keep_out();
    assert!(!window.close(), "it is in no file");
    window.wait_to_show("The keep-out area on Lake.png was not saved");
    window.click("Save keep-out area…");
    window.wait_to_show("This system has no file dialog");
    window.click_to_close("Save");
    let saved = window.path("Lake-keep-out.png");
    let (read, _) = read::mask(&saved, SIZE).expect("a mask of the photo's size");
    let painted = hole_count(window.document(), Target::KeepOut);
    assert_eq!(read.hole_count(), painted, "the area");
    assert!(window.close(), "nothing is left to ask about");
}

#[test]
fn a_saved_keep_out_area_does_not_write_over_a_file_that_is_there() {
    let mut window = Window::with_photo();
    window.keep_out();
    let there = window.path("Lake-keep-out.png");
    fs::write(&there, "somebody's work").unwrap();
    window.choose("save keep-out");
    window.wait_to_show("This system has no file dialog");
    window.click("Save");
    window.wait_to_show("The keep-out area could not be saved");
    assert!(window.shows("is there already"), "{:?}", window.app().notices());
    assert_eq!(fs::read(&there).unwrap(), b"somebody's work");
}

#[test]
fn without_a_keep_out_area_saving_says_how_to_get_one() {
    let mut window = Window::with_photo();
    window.choose("save keep-out");
    assert!(
        window.shows("There is no keep-out area to save"),
        "{:?}",
        window.app().notices()
    );
}

#[test]
fn a_keep_out_area_that_served_an_export_is_not_asked_about() {
    let mut window = Window::with_photo();
    window.keep_out();
    window.drag((0.2, 0.2), (0.3, 0.3));
    window.fill();
    window.export();
    assert!(window.close(), "the result is in a file");
    window.press(Key::K);
    window.drag((0.6, 0.6), (0.7, 0.7));
    assert!(!window.close(), "this came after it");
}
