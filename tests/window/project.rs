//! A photo with masks and removals is saved as one file and gone on with later.

use std::{
    fs,
    path::{Path, PathBuf},
};

use eframe::egui::{Key, Modifiers};
use lacuna::{
    app::Start,
    imaging::{Pixels, read},
};
use tempfile::TempDir;

use crate::support::{Window, save_photo};

const CTRL_SHIFT: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);

impl Window {
    /// Saves at the place that is proposed.
    fn save_project(&mut self) {
        self.press_with(Modifiers::COMMAND, Key::S);
        self.wait_to_show("Path of the file");
        self.click("Save");
        self.wait_to_show("Project saved");
    }
}

/// A photo on the disk, work on it in a project beside it, and how the result looks.
fn saved() -> (TempDir, Pixels) {
    let folder = tempfile::tempdir().unwrap();
    save_photo(&folder.path().join("Lake.png"));
    let mut window = window(Some(&folder.path().join("Lake.png")));
    window.drag((0.45, 0.45), (0.55, 0.55));
    window.fill();
    window.press(Key::K);
    window.drag((0.2, 0.7), (0.3, 0.7));
    window.press(Key::K);
    window.drag((0.3, 0.3), (0.35, 0.3));
    window.save_project();
    assert!(window.close(), "all is in the project");
    let result = (**window.document().result()).clone();
    (folder, result)
}

fn window(photo: Option<&Path>) -> Window {
    let start = Start {
        photo: photo.map(Path::to_owned),
        empty: true,
        ..Start::default()
    };
    let mut window = Window::edit(tempfile::tempdir().unwrap(), start);
    if photo.is_some() {
        window.wait("the photo opens", |window| window.app().document().is_some());
    }
    window
}

fn project(folder: &TempDir) -> PathBuf {
    folder.path().join("Lake.lacuna")
}

#[test]
fn a_project_is_opened_as_it_was_saved() {
    let (folder, result) = saved();
    let mut window = window(Some(&project(&folder)));
    let document = window.document();
    assert_eq!(document.removals().len(), 1);
    assert!(document.has_mask() && document.has_keep_out(), "both masks");
    assert!(**document.result() == result, "every pixel of the fill");
    assert_eq!(document.steps().len(), 0, "it was opened, not done");
    assert!(window.close(), "nothing was done since");

    window.click("Hide Removal 1");
    assert!(!window.close(), "that is not in the project");
    window.wait_to_show("The latest work on Lake.lacuna is not in its project yet");
    window.click_to_close("Save project");

    let window = self::window(Some(&project(&folder)));
    let document = window.document();
    assert!(!document.removals()[0].visible, "as it was left");
    assert!(document.result() == document.original());
}

#[test]
fn a_project_goes_on_without_its_photos_file_and_never_lets_an_export_replace_it() {
    let (folder, result) = saved();
    let photo = folder.path().join("Lake.png");
    let before = fs::read(&photo).unwrap();
    let mut window = window(Some(&project(&folder)));
    window.press_with(CTRL_SHIFT, Key::E);
    assert!(window.shows("No pixel is lost"), "the photo's own format");
    window.click("Export");
    window.wait_to_show("Exported");
    let exported = read::photo(&folder.path().join("Lake-edited.png")).unwrap();
    assert!(exported.pixels == result, "beside the photo");
    assert_eq!(fs::read(&photo).unwrap(), before);

    fs::remove_file(&photo).unwrap();
    let other = tempfile::tempdir().unwrap();
    let moved = other.path().join("moved.lacuna");
    fs::rename(project(&folder), &moved).unwrap();
    let mut window = self::window(Some(&moved));
    assert!(**window.document().result() == result, "the photo is in it");
    window.click("Delete Removal 1");
    window.press_with(Modifiers::COMMAND, Key::S);
    window.wait_to_show("Project saved");
    let mut window = self::window(Some(&moved));
    assert!(
        window.document().removals().is_empty(),
        "without a question where"
    );
    window.drag((0.45, 0.45), (0.55, 0.55));
    window.press_with(CTRL_SHIFT, Key::S);
    window.wait_to_show("Path of the file");
    window.click("Save");
    window.wait("it is saved", |window| !window.app().is_busy());
    assert!(window.close(), "the same name replaces it too");
    assert_eq!(
        fs::read_dir(other.path()).unwrap().count(),
        1,
        "nothing beside it"
    );
}

#[test]
fn work_on_a_project_outlives_a_crash_and_takes_the_place_of_what_is_in_it() {
    let (folder, _) = saved();
    let journal = folder.path().join("journal");
    let start = |photo: Option<PathBuf>| Start {
        photo,
        empty: true,
        journal: Some(journal.clone()),
        ..Start::default()
    };
    {
        let mut window = Window::edit(tempfile::tempdir().unwrap(), start(Some(project(&folder))));
        window.wait("it opens", |window| window.app().document().is_some());
        window.settle();
        assert!(!journal.exists(), "all is in the project");
        window.click("Hide Removal 1");
        window.wait("it is kept", |_| kept_in(&journal) == 1);
    }
    let mut window = Window::edit(tempfile::tempdir().unwrap(), start(None));
    window.wait_to_show("Work on Lake.lacuna is back");
    assert_eq!(window.document().removals().len(), 1, "not twice");
    assert!(!window.document().removals()[0].visible, "as it was");
    assert!(!window.close(), "the project does not have it yet");
    window.click_to_close("Save project");
}

#[test]
fn work_on_a_photo_that_became_a_project_is_back_on_the_project() {
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("Lake.png");
    save_photo(&lake);
    let journal = folder.path().join("journal");
    let start = |photo: Option<&Path>| Start {
        photo: photo.map(Path::to_owned),
        empty: true,
        journal: Some(journal.clone()),
        ..Start::default()
    };
    {
        let mut window = Window::edit(tempfile::tempdir().unwrap(), start(Some(&lake)));
        window.wait("it opens", |window| window.app().document().is_some());
        window.drag((0.45, 0.45), (0.55, 0.55));
        window.save_project();
        window.wait("nothing is left to keep", |_| kept_in(&journal) == 0);
        window.drag((0.3, 0.3), (0.35, 0.3));
        window.wait("it is kept", |_| kept_in(&journal) == 1);
    }
    let mut window = Window::edit(tempfile::tempdir().unwrap(), start(None));
    window.wait_to_show("Work on Lake.lacuna is back");
    assert!(!window.close(), "the project does not have it yet");
    window.click_to_close("Save project");
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        3,
        "photo, project, journal"
    );
}

/// How many documents are kept.
fn kept_in(journal: &Path) -> usize {
    let folders = fs::read_dir(journal).into_iter().flatten().flatten();
    folders
        .filter(|folder| folder.path().join("document.safetensors").is_file())
        .count()
}

#[test]
fn before_the_window_closes_work_can_be_saved_as_a_project() {
    let mut window = Window::with_photo();
    window.drag((0.45, 0.45), (0.55, 0.55));
    window.fill();
    assert!(!window.close(), "nothing is saved");
    window.click("Save project…");
    window.wait_to_show("Path of the file");
    window.click_to_close("Save");
    assert!(window.path("Lake.lacuna").is_file());
}

#[test]
fn another_file_is_not_replaced_unasked() {
    let mut window = Window::with_photo();
    window.drag((0.45, 0.45), (0.55, 0.55));
    fs::write(window.path("Lake.lacuna"), b"of somebody else").unwrap();
    window.press_with(Modifiers::COMMAND, Key::S);
    window.wait_to_show("Path of the file");
    window.click("Save");
    window.wait_to_show("is there already; choose another name");
    assert_eq!(fs::read(window.path("Lake.lacuna")).unwrap(), b"of somebody else");
    assert!(!window.close(), "nothing is saved");
}

#[test]
fn a_file_that_is_no_project_is_one_clear_line() {
    let (folder, _) = saved();
    let bytes = fs::read(project(&folder)).unwrap();
    let mut window = window(None);
    for (name, bytes, why) in [
        ("cut.lacuna", &bytes[..bytes.len() / 2], "It is damaged"),
        ("empty.lacuna", &[][..], "It is damaged"),
        (
            "photo.lacuna",
            &fs::read(folder.path().join("Lake.png")).unwrap(),
            "It is damaged",
        ),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        window.drop_path(&path);
        window.wait_to_show(&format!("{name} could not be opened"));
        assert!(window.shows(why), "{:?}", window.app().notices());
        assert!(window.app().document().is_none(), "nothing is opened");
    }
}
