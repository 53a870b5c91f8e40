//! Work that was not exported outlives a window that ends without closing.

use std::{fs, path::Path};

use eframe::egui::{Key, Modifiers};
use lacuna::{app::Start, imaging::Pixels};
use tempfile::TempDir;

use crate::support::{Window, save_photo, save_png};

/// A photo and a journal that windows share.
struct Desk {
    folder: TempDir,
    name: &'static str,
}

impl Desk {
    fn new() -> Self {
        let desk = Self {
            folder: tempfile::tempdir().unwrap(),
            name: "Lake.png",
        };
        save_photo(&desk.photo());
        desk
    }

    fn photo(&self) -> std::path::PathBuf {
        self.folder.path().join(self.name)
    }

    fn journal(&self) -> std::path::PathBuf {
        self.folder.path().join("journal")
    }

    fn window(&self, photo: Option<&Path>) -> Window {
        let start = Start {
            photo: photo.map(Path::to_owned),
            empty: true,
            journal: Some(self.journal()),
            ..Start::default()
        };
        Window::edit(tempfile::tempdir().unwrap(), start)
    }

    /// A window with the photo.
    fn open(&self) -> Window {
        let mut window = self.window(Some(&self.photo()));
        window.wait("the photo opens", |window| window.app().document().is_some());
        window
    }

    /// When the work of a window was kept last.
    fn kept(&self) -> Option<std::time::SystemTime> {
        let folders = fs::read_dir(self.journal()).ok()?;
        let written = folders.flatten().filter_map(|folder| {
            let document = fs::metadata(folder.path().join("document.safetensors"));
            document.ok()?.modified().ok()
        });
        written.max()
    }

    /// A window with a removal, a mask and both kept, gone without closing.
    fn crash(&self) -> Pixels {
        let mut window = self.open();
        window.drag((0.45, 0.45), (0.55, 0.55));
        window.fill();
        window.wait("the fill is kept", |_| self.kept().is_some());
        let before = self.kept();
        window.drag((0.3, 0.3), (0.35, 0.3));
        window.wait("the stroke is kept", |_| self.kept() > before);
        (**window.document().result()).clone()
    }
}

#[test]
fn after_a_crash_the_photo_reopens_with_mask_and_removals() {
    let desk = Desk::new();
    let result = desk.crash();
    let mut window = desk.window(None);
    window.wait_to_show("Work on Lake.png is back");
    assert_eq!(window.document().removals().len(), 1);
    assert!(window.document().has_mask(), "the last stroke is there too");
    assert!(
        **window.document().result() == result,
        "and every pixel of the fill"
    );
    window.press_with(Modifiers::COMMAND, Key::Z);
    assert!(window.document().removals().is_empty(), "undo takes it away");
    window.wait("nothing needs to be kept", |_| desk.kept().is_none());
}

#[test]
fn work_on_a_photo_that_changed_comes_back_with_a_warning() {
    let desk = Desk::new();
    desk.crash();
    let photo = fs::read(desk.photo()).unwrap();
    fs::write(desk.photo(), [&photo[..], b"tail"].concat()).unwrap();
    let mut window = desk.window(None);
    window.wait_to_show("Its file has changed since");
    assert_eq!(window.document().removals().len(), 1);
}

#[test]
fn exported_and_discarded_work_is_not_kept() {
    let desk = Desk::new();
    desk.crash();
    let mut window = desk.window(Some(&desk.photo()));
    window.wait_to_show("Work on Lake.png is back");
    window.press_with(Modifiers::COMMAND, Key::E);
    window.click("Export");
    window.wait_to_show("Lake-edited.png");
    assert!(desk.kept().is_some(), "an export does not hold the last stroke");
    window.press_with(Modifiers::COMMAND, Key::D);
    window.wait("what is in a file needs no keeping", |_| desk.kept().is_none());
    let mut next = desk.window(None);
    next.wait("the network is there", |window| !window.app().is_busy());
    assert!(next.app().document().is_none(), "nothing is opened");
}

#[test]
fn a_keep_out_area_is_kept_although_nobody_is_asked_about_it() {
    let desk = Desk::new();
    {
        let mut window = desk.open();
        window.press(Key::K);
        window.drag((0.3, 0.3), (0.4, 0.3));
        window.press(Key::K);
        window.drag((0.45, 0.45), (0.55, 0.55));
        window.fill();
        window.export();
        assert!(window.close(), "nobody is asked");
        window.wait("it is kept", |_| desk.kept().is_some());
    }
    let mut window = desk.window(None);
    window.wait_to_show("Work on Lake.png is back");
    assert!(window.document().has_keep_out(), "it is back");
}

#[test]
fn a_mask_from_a_file_is_back_after_a_crash_too() {
    let desk = Desk::new();
    let mask = desk.folder.path().join("mask.png");
    let mask = {
        let mut window = desk.open();
        window.drag((0.3, 0.3), (0.4, 0.3));
        save_png(&mask, &window.document().mask().to_pixels().unwrap());
        window.press_with(Modifiers::COMMAND, Key::Z);
        window.choose("open mask");
        window.wait_to_show("Path of the file");
        window.drop_path(&mask);
        window.wait_for_step("Open mask");
        window.wait("it is kept", |_| desk.kept().is_some());
        window.document().mask().clone()
    };
    let mut window = desk.window(None);
    window.wait_to_show("Work on Lake.png is back");
    assert!(*window.document().mask() == mask, "every value of it");
}

#[test]
fn work_on_other_photos_is_told_after_a_crash() {
    let mut desk = Desk::new();
    desk.crash();
    desk.name = "Ice.png";
    save_photo(&desk.photo());
    desk.crash();
    let mut window = desk.window(None);
    window.wait_to_show("Work on Ice.png is back");
    assert!(
        window.shows("Work on other photos is kept too") && window.shows("opened: Lake.png"),
        "{:?}",
        window.app().notices()
    );
    desk.name = "Lake.png";
    window.press_with(Modifiers::COMMAND, Key::Z);
    window.drop_path(&desk.photo());
    window.wait_to_show("Work on Lake.png is back");
}

#[test]
fn what_the_wand_masked_comes_back_to_the_last_value() {
    let desk = Desk::new();
    let mask = {
        let mut window = desk.open();
        window.press(Key::W);
        window.drag((0.5, 0.5), (0.5, 0.5));
        window.wait_for_step("Similar colours");
        window.wait("it is kept", |_| desk.kept().is_some());
        window.document().mask().clone()
    };
    let mut window = desk.window(None);
    window.wait_to_show("Work on Lake.png is back");
    assert!(*window.document().mask() == mask, "another mask");
}
