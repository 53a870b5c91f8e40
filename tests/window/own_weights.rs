//! Weights of the person's own: found, renamed and deleted from the list in the Train tab.

use std::{fs, path::PathBuf};

use eframe::egui::{Key, Modifiers, accesskit::Role};
use egui_kittest::kittest::Queryable as _;
use lacuna::settings::Weights;

use crate::{support::Window, tiny_network};

impl Window {
    /// On the Train tab, with weights of these names in Lacuna's own folder.
    fn with_weights(names: &[&str]) -> Self {
        let mut window = Self::train(|folder, _| {
            for name in names {
                let run = folder.join("library").join(name);
                fs::create_dir_all(&run).unwrap();
                fs::write(run.join("weights.safetensors"), tiny_network::weights()).unwrap();
                fs::write(run.join("log.jsonl"), "").unwrap();
            }
        });
        let last = format!("Use {}", names[names.len() - 1]);
        window.wait("the list is there", |window| window.can_click(&last));
        window
    }

    fn weights_of(&self, name: &str) -> PathBuf {
        self.path(&format!("library/{name}/weights.safetensors"))
    }

    /// Takes these weights into use.
    fn use_weights(&mut self, name: &str) {
        self.click(&format!("Use {name}"));
        let path = Some(self.weights_of(name));
        self.wait("they are in use", |window| {
            window.settings().weights == path && !window.app().is_busy()
        });
    }

    /// Puts another name into the dialog that renames.
    fn type_name(&mut self, name: &str) {
        let field = self.harness.get_by_role_and_label(Role::TextInput, "Name");
        field.focus();
        self.settle();
        self.press_with(Modifiers::COMMAND, Key::A);
        let field = self.harness.get_by_role_and_label(Role::TextInput, "Name");
        field.type_text(name);
        self.settle();
    }
}

#[test]
fn weights_are_renamed_with_their_run_and_stay_in_use() {
    let mut window = Window::with_weights(&["Snow"]);
    window.use_weights("Snow");
    window.click("Rename Snow…");
    window.type_name("Ice");
    window.press(Key::Enter);
    let renamed = window.weights_of("Ice");
    window.wait("the settings follow", |window| {
        window.settings().weights.as_ref() == Some(&renamed)
    });
    window.wait("the list follows", |window| window.can_click("Rename Ice…"));
    assert!(!window.can_click("Use Ice"), "it is still in use");
    assert!(!window.path("library/Snow").exists(), "nothing is left behind");
    assert!(
        window.path("library/Ice/log.jsonl").exists(),
        "all of the run goes along"
    );
}

#[test]
fn a_name_that_cannot_be_given_is_told_where_it_was_typed() {
    let mut window = Window::with_weights(&["Lake", "Snow"]);
    window.click("Rename Snow…");
    window.type_name("a/b");
    assert!(window.shows("A name cannot hold “/”"), "the reason");
    assert!(!window.can_click("Rename"), "it cannot be chosen");
    window.type_name("Lake");
    window.click("Rename");
    window.wait_to_show("There is a “Lake” already");
    for name in ["Lake", "Snow"] {
        assert!(window.weights_of(name).exists(), "{name} is untouched");
    }
    window.type_name("Ice");
    assert!(!window.shows("There is a “Lake” already"), "another name");
    window.click("Rename");
    window.wait("the list follows", |window| window.can_click("Use Ice"));
}

#[test]
fn deleting_asks_once_and_weights_in_use_give_way_to_the_built_in_ones() {
    let mut window = Window::with_weights(&["Ice", "Snow"]);
    window.use_weights("Ice");
    window.use_weights("Snow");
    let snow = window.weights_of("Snow");
    window.click("Delete Snow…");
    assert!(
        window.shows(&snow.display().to_string()),
        "the question names the file"
    );
    assert!(
        window.shows("the built-in weights take its place"),
        "what follows"
    );
    window.press(Key::Enter);
    window.click("Cancel");
    assert!(snow.exists(), "nothing happened");
    window.click("Delete Snow…");
    window.click("Delete");
    window.wait_to_show("“Snow” is deleted");
    assert!(
        window.shows("the built-in weights are now"),
        "{:?}",
        window.app().notices()
    );
    assert!(!snow.exists(), "the file is gone");
    window.wait("the settings say so", |window| {
        window.settings().weights.is_none()
    });
    assert!(
        !window.shows("Back to “weights.safetensors”"),
        "no way back to it"
    );
    window.wait("it is not in the list", |window| {
        !window.can_click("Delete Snow…")
    });

    window.click("Delete Ice…");
    assert!(!window.shows("It is in use"), "this one is not");
    window.click("Delete");
    window.wait_to_show("“Ice” is deleted");
    assert_eq!(window.settings().weights, None);
}

#[test]
fn the_way_back_follows_weights_that_are_renamed_and_goes_with_those_that_are_deleted() {
    let mut window = Window::with_weights(&["Ice", "Snow"]);
    window.use_weights("Ice");
    window.use_weights("Snow");
    window.click("Rename Ice…");
    window.type_name("Frost");
    window.press(Key::Enter);
    let before = Weights::File(window.weights_of("Frost"));
    window.wait("the way back follows", |window| {
        window.settings().weights_before.as_ref() == Some(&before)
    });
    window.wait("the list follows", |window| window.can_click("Delete Frost…"));
    window.click("Delete Frost…");
    window.click("Delete");
    window.wait("there is no way back", |window| {
        window.settings().weights_before.is_none()
    });
    assert_eq!(window.settings().weights, Some(window.weights_of("Snow")));
}

#[test]
fn files_from_elsewhere_are_shown_in_their_folder_and_nothing_else() {
    let mut window = Window::with_weights(&["Snow"]);
    assert!(window.can_click("Rename Snow…") && window.can_click("Delete Snow…"));
    assert!(
        !window.can_click("Rename tiny…") && !window.can_click("Delete tiny…"),
        "it is somebody else's"
    );
    for built_in in ["Show Built-in in folder", "Rename Built-in…", "Delete Built-in…"] {
        assert!(!window.can_click(built_in), "{built_in}");
    }
    // A window without a desktop can only say where the folder is.
    window.click("Show tiny in folder");
    window.wait_to_show("“tiny” could not be shown");
    let folder = window.path("tiny.safetensors");
    let folder = folder.parent().unwrap().display().to_string();
    assert!(
        window.app().notices()[0].ends_with(&folder),
        "{:?}",
        window.app().notices()
    );
}
