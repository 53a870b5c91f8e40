//! Exports, and what happens to work, files and settings that somebody would miss.

use std::{fs, process::Command};

use eframe::egui::{Event, Key, Modifiers, OutputCommand, accesskit::Role};
use egui_kittest::kittest::Queryable as _;
use lacuna::{app::Start, imaging::read};

use crate::support::{SIZE, Window, save_photo, save_png};

const CTRL_SHIFT: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);

#[test]
fn the_export_dialog_writes_beside_the_original_and_never_over_it() {
    let mut window = Window::with_photo();
    window.drag((0.45, 0.45), (0.55, 0.55));
    window.fill();
    let before = fs::read(window.path("Lake.png")).unwrap();
    window.press_with(Modifiers::COMMAND, Key::E);
    assert!(window.shows("No pixel is lost"), "the dialog says what PNG loses");
    window.click("Export");
    window.wait("the export ends", |window| {
        window
            .app()
            .notices()
            .iter()
            .any(|notice| notice.starts_with("Exported"))
    });
    let written = read::photo(&window.path("Lake-edited.png")).unwrap();
    assert_eq!(&written.pixels, window.document().result().as_ref());
    assert_eq!(fs::read(window.path("Lake.png")).unwrap(), before);

    window.press_with(Modifiers::COMMAND, Key::Z);
    window.press_with(Modifiers::COMMAND, Key::Z);
    window.press_with(Modifiers::COMMAND, Key::E);
    window.wait("it is written again", |window| !window.app().is_busy());
    let again = read::photo(&window.path("Lake-edited.png")).unwrap();
    assert_eq!(&again.pixels, window.document().original().as_ref());
}

#[test]
fn an_export_is_byte_for_byte_the_file_that_the_command_line_writes() {
    for ending in ["png", "jpg"] {
        let mut window = Window::open(&format!("Bay.{ending}"), 1);
        let photo = window.path(&format!("Bay.{ending}"));
        window.drag((0.4, 0.45), (0.6, 0.55));
        let mask = window.document().mask().to_pixels();
        save_png(&window.path("mask.png"), &mask.expect("the mask is a picture"));
        window.fill();
        window.press_with(Modifiers::COMMAND, Key::E);
        window.click("Export");
        window.wait("the export ends", |window| !window.app().is_busy());

        let by_command = window.path(&format!("command-line.{ending}"));
        let done = Command::new(env!("CARGO_BIN_EXE_lacuna"))
            .args(["inpaint".as_ref(), photo.as_os_str()])
            .args(["--mask".as_ref(), window.path("mask.png").as_os_str()])
            .args(["--weights".as_ref(), window.path("tiny.safetensors").as_os_str()])
            .args(["--device", "cpu", "--quiet", "-o"])
            .arg(&by_command)
            .status()
            .expect("the program runs");
        assert!(done.success(), "{done}");
        let document = window.document();
        assert!(document.result() != document.original(), "something was filled");
        let by_window = fs::read(window.path(&format!("Bay-edited.{ending}"))).unwrap();
        assert!(
            fs::read(&by_command).unwrap() == by_window,
            "window and command line differ in {ending}"
        );
    }
}

/// How often the mask is inverted beside the export dialog: each time takes a frame at least.
const CHANGES: usize = 41;

impl Window {
    /// The export dialog, opened between changes of the mask that go on for a while.
    fn export_among_changes() -> Self {
        let mut window = Self::with_photo();
        let mut keys = vec![(Modifiers::COMMAND, Key::I); CHANGES];
        keys.insert(1, (CTRL_SHIFT, Key::E));
        let events = keys.into_iter().flat_map(|(modifiers, key)| {
            [true, false].map(|pressed| Event::Key {
                key,
                physical_key: None,
                pressed,
                repeat: false,
                modifiers,
            })
        });
        // All of them in one frame: later ones would be the dialog's.
        window.harness.input_mut().events.extend(events);
        window.wait_to_show("No pixel is lost");
        window.click("Export");
        window
    }
}

#[test]
fn an_export_says_which_change_it_waits_for_and_comes_as_soon_as_that_is_done() {
    let mut window = Window::export_among_changes();
    assert!(window.shows("Waiting for “Invert mask”"), "it says so");
    assert!(!window.can_click("Export"), "it is asked for already");
    window.click("Stop waiting");
    assert!(!window.shows("Waiting for"), "it does not wait any more");
    assert!(window.can_click("Export"), "the dialog is still there");
    window.click("Export");
    assert!(window.shows("Waiting for “Invert mask”"), "it waits again");
    window.wait_to_show("Exported");
    assert_eq!(window.document().position(), CHANGES, "after all changes");
    assert!(read::photo(&window.path("Lake-edited.png")).is_ok());
    assert!(!window.shows("No pixel is lost"), "the dialog is closed");
}

#[test]
fn an_export_that_waits_is_taken_back_with_its_dialog() {
    let mut window = Window::export_among_changes();
    assert!(window.shows("Waiting for “Invert mask”"), "it waits");
    window.press(Key::Escape);
    assert!(!window.shows("No pixel is lost"), "the dialog is closed");
    window.wait("all changes are made", |window| {
        window.document().position() == CHANGES && !window.app().is_busy()
    });
    assert!(!window.path("Lake-edited.png").exists(), "nothing is written");
}

#[test]
fn a_file_that_is_in_the_way_is_replaced_only_when_told_so() {
    let mut window = Window::with_photo();
    fs::write(window.path("Lake-edited.png"), "somebody's work").unwrap();
    window.press_with(CTRL_SHIFT, Key::E);
    window.click("Export");
    window.wait("the export is refused", |window| !window.app().is_busy());
    assert!(
        window.shows("There is a file of that name already"),
        "the dialog is back"
    );
    let kept = fs::read(window.path("Lake-edited.png")).unwrap();
    assert_eq!(kept, b"somebody's work");
    window.click("Replace");
    window.wait("it is replaced", |window| !window.app().is_busy());
    assert!(
        read::photo(&window.path("Lake-edited.png")).is_ok(),
        "now it is a photo"
    );
}

#[test]
fn a_name_typed_in_the_very_frame_of_enter_is_the_one_that_is_written() {
    let mut window = Window::with_photo();
    window.press_with(CTRL_SHIFT, Key::E);
    let name = window.harness.get_by_role_and_label(Role::TextInput, "Name");
    name.focus();
    window.settle();
    window.press_with(Modifiers::COMMAND, Key::A);
    window.harness.event(Event::Text("slow.png".to_owned()));
    window.harness.key_press(Key::Enter);
    window.settle();
    window.wait("the export ends", |window| window.path("slow.png").exists());
    assert!(!window.path("Lake-edited.png").exists(), "not the name before");
    assert!(!window.shows("No pixel is lost"), "the dialog is closed");
}

#[test]
fn esc_closes_a_list_in_a_dialog_before_the_dialog() {
    let mut window = Window::with_photo();
    window.press_with(CTRL_SHIFT, Key::E);
    let list = window.harness.get_by_role_and_label(Role::ComboBox, "Metadata");
    list.click();
    window.settle();
    window.press(Key::Escape);
    assert!(window.shows("No pixel is lost"), "the dialog is still there");
    window.press(Key::Escape);
    assert!(!window.shows("No pixel is lost"), "now it is closed");
}

#[test]
fn copying_takes_selected_text_before_the_photo() {
    let mut window = Window::with_photo();
    window.wait("the network is there", |window| !window.app().is_busy());
    window.press(Key::Enter);
    let detail = window
        .harness
        .get_by_label_contains("Brush over what should go, then fill");
    let (from, to) = (detail.rect().left_center(), detail.rect().right_center());
    window.harness.drag_at(from);
    window.harness.step();
    window.harness.hover_at(to);
    window.harness.step();
    window.harness.drop_at(to);
    window.harness.step();
    window.harness.event(Event::Copy);
    window.harness.step();
    let commands = &window.harness.output().platform_output.commands;
    let copied = commands.iter().any(|command| match command {
        OutputCommand::CopyText(text) => text.contains("Brush over"),
        _ => false,
    });
    assert!(copied, "the text is copied: {commands:?}");
    window.settle();
    assert!(
        !window.shows("copied") && !window.shows("Copied"),
        "the photo is not"
    );
}

#[test]
fn a_damaged_photo_gives_a_notice_and_the_open_one_stays() {
    let mut window = Window::with_photo();
    let damaged = window.path("damaged.jpg");
    fs::write(&damaged, b"\xFF\xD8\xFF\xE0 no more").unwrap();
    window.drop_path(&damaged);
    window.wait("a notice appears", |window| !window.app().notices().is_empty());
    assert!(
        window.shows("damaged.jpg could not be opened"),
        "{:?}",
        window.app().notices()
    );
    assert_eq!(window.document().bounds().width, SIZE.0);
}

#[test]
fn unsaved_work_is_not_lost_without_a_question() {
    let mut window = Window::with_photo();
    window.drag((0.4, 0.4), (0.6, 0.6));
    let other = window.path("Other.png");
    save_photo(&other);
    window.drop_path(&other);
    assert!(window.shows("Keep your work?"), "it asks");
    window.click("Cancel");
    assert!(window.document().has_mask(), "nothing was lost");
    window.drop_path(&other);
    window.click("Discard");
    window.wait("the other photo opens", |window| {
        window
            .app()
            .document()
            .is_some_and(|document| !document.has_mask())
    });
}

#[test]
fn work_done_while_another_photo_is_read_is_not_lost_without_a_question() {
    let mut window = Window::with_photo();
    let other = window.path("Other.png");
    save_photo(&other);
    let pointer = window.begin_drag((0.45, 0.45), (0.55, 0.55));
    window.queue_drop(&other);
    window.wait_to_show("Before Other.png opens");
    window.harness.drop_at(pointer);
    window.settle();
    assert!(window.document().has_mask(), "the work is still there");
    window.click("Cancel");
    assert!(!window.shows("Before Other.png opens"), "nothing happens");
    assert!(window.document().has_mask(), "and nothing is lost");
    window.drop_path(&other);
    window.click("Discard");
    window.wait("the other photo opens", |window| !window.document().has_mask());
}

#[test]
fn enter_presses_the_button_that_has_the_focus() {
    let mut window = Window::with_photo();
    window.drag((0.45, 0.45), (0.55, 0.55));
    window.fill();
    window.drop_path(&window.path("Lake.png"));
    window.wait_to_show("Keep your work?");
    let cancel = window.harness.get_by_role_and_label(Role::Button, "Cancel");
    cancel.focus();
    window.settle();
    window.press(Key::Enter);
    assert!(!window.shows("Keep your work?"), "cancelled");
    assert!(
        window
            .harness
            .query_by_role_and_label(Role::Button, "Export")
            .is_none(),
        "and nothing else"
    );
}

#[test]
fn work_that_is_a_mask_alone_is_offered_to_be_saved_as_one() {
    let mut window = Window::with_photo();
    window.drag((0.45, 0.45), (0.55, 0.55));
    let other = window.path("Other.png");
    save_photo(&other);
    window.drop_path(&other);
    window.wait_to_show("the mask on Lake.png was not saved");
    assert!(window.can_click("Save mask…"), "an export would not hold it");
    window.click("Cancel");
    window.fill();
    window.drop_path(&other);
    window.wait_to_show("the work on Lake.png was not exported");
    assert!(window.can_click("Export…"), "now there is a result");
}

#[test]
fn an_export_says_nothing_of_the_photo_that_was_opened_meanwhile() {
    let mut window = Window::with_photo();
    window.drag((0.45, 0.45), (0.55, 0.55));
    window.fill();
    window.press_with(CTRL_SHIFT, Key::E);
    let other = window.path("Other.png");
    save_photo(&other);
    window.queue_drop(&other);
    window.settle();
    window.click("Discard");
    window.wait("the other photo opens", |window| {
        window.document().removals().is_empty()
    });
    assert!(
        window
            .harness
            .query_by_role_and_label(Role::Button, "Export")
            .is_none(),
        "the dialog was about the photo before"
    );
    window.drag((0.45, 0.45), (0.55, 0.55));
    window.fill();
    window.press_with(Modifiers::COMMAND, Key::E);
    window.click("Export");
    window.wait_to_show("Other-edited.png");
}

#[test]
fn damaged_settings_are_kept_beside_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("settings.json");
    fs::write(&settings, "{ no").unwrap();
    let window = Window::edit(
        folder,
        Start {
            settings: Some(settings),
            empty: true,
            ..Start::default()
        },
    );
    assert!(
        window.shows("Settings are back to the defaults"),
        "{:?}",
        window.app().notices()
    );
    assert!(
        window.path("settings.damaged.json").exists(),
        "the damaged file is kept"
    );
    assert!(window.shows("Open photo…"), "the window works");
}
