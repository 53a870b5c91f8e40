//! The window, used by label and key as a person uses it, without a display and without a GPU.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use eframe::egui::{DroppedFile, Key, Modifiers, Pos2, Rect, accesskit::Role, vec2};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use lacuna::{
    app::{Action, App, Start},
    document::Document,
    imaging::{Channels, Format, Metadata, Pixels, Samples, read, write},
    nn::{Config, DeviceChoice},
};
use safetensors::{Dtype, tensor::TensorView};
use tempfile::TempDir;

const SIZE: (u32, u32) = (320, 240);
const CTRL_SHIFT: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);

struct Window {
    harness: Harness<'static, App>,
    folder: TempDir,
}

impl Window {
    /// A window that shows a small photo, with a small network that fills it with nonsense in no time.
    fn with_photo() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let photo = folder.path().join("Lake.png");
        save_photo(&photo);
        let mut window = Self::start(
            folder,
            Start {
                photo: Some(photo),
                ..Start::default()
            },
        );
        window.wait("the photo opens", |app| app.document().is_some());
        window
    }

    fn start(folder: TempDir, start: Start) -> Self {
        let weights = folder.path().join("tiny.safetensors");
        save_weights(&weights);
        let start = Start {
            weights: Some(weights),
            device: Some(DeviceChoice::Cpu),
            ..start
        };
        let builder = Harness::builder()
            .with_size(vec2(1280.0, 1000.0))
            .with_max_steps(16);
        let mut harness = builder.build_eframe(move |cc| App::new(cc, start));
        harness.step();
        Self { harness, folder }
    }

    fn app(&self) -> &App {
        self.harness.state()
    }

    fn document(&self) -> &Document {
        self.app().document().expect("a photo is open")
    }

    /// Lets the window run until something holds.
    fn wait(&mut self, what: &str, holds: impl Fn(&App) -> bool) {
        let start = Instant::now();
        while !holds(self.app()) {
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "waited in vain: {what}; notices: {:?}",
                self.app().notices()
            );
            thread::sleep(Duration::from_millis(3));
            self.harness.step();
        }
        self.settle();
    }

    /// Lets commands be executed and shown.
    fn settle(&mut self) {
        self.harness.run_steps(4);
    }

    fn press(&mut self, modifiers: Modifiers, key: Key) {
        self.harness.key_press_modifiers(modifiers, key);
        self.settle();
    }

    fn click(&mut self, label: &str) {
        self.harness.get_by_role_and_label(Role::Button, label).click();
        self.settle();
    }

    fn shows(&self, text: &str) -> bool {
        self.harness.query_all_by_label_contains(text).next().is_some()
    }

    fn type_text(&mut self, text: &str) {
        let focused = self
            .harness
            .query_all_by_role(Role::TextInput)
            .next()
            .expect("a text field is open");
        focused.type_text(text);
        self.settle();
    }

    /// Drags over the canvas, from one share of its size to another.
    fn drag(&mut self, from: (f32, f32), to: (f32, f32)) {
        let canvas = self.harness.get_by_label("Canvas").rect();
        let at = |(x, y): (f32, f32)| -> Pos2 { canvas.min + canvas.size() * vec2(x, y) };
        self.harness.hover_at(at(from));
        self.harness.step();
        self.harness.drag_at(at(from));
        self.harness.step();
        self.harness.hover_at(at(to));
        self.harness.step();
        self.harness.drop_at(at(to));
        self.settle();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn drop_file(&mut self, path: &Path) {
        let file = Arc::new(Dropped(path.to_owned()));
        self.harness.input_mut().dropped_files.push(file);
        self.settle();
    }

    fn fill(&mut self) {
        let before = self.document().removals().len();
        self.press(Modifiers::NONE, Key::Enter);
        self.wait("the fill ends", |app| {
            app.document()
                .is_some_and(|document| document.removals().len() > before)
        });
    }
}

#[derive(Debug)]
struct Dropped(PathBuf);

impl DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        fs::read(&self.0).map_err(|error| error.to_string())
    }
}

fn save_photo(path: &Path) {
    let (width, height) = SIZE;
    let samples = (0..width * height).flat_map(|i| [(i % width) as u8, (i / width) as u8, 90]);
    let pixels = Pixels::new(width, height, Channels::Rgb, Samples::U8(samples.collect()))
        .expect("three samples per pixel");
    save_png(path, &pixels);
}

fn save_png(path: &Path, pixels: &Pixels) {
    let options = write::Options::default();
    write::photo(path, pixels, &Metadata::default(), Format::Png, &options, false)
        .expect("the picture is written");
}

fn save_weights(path: &Path) {
    let config = Config {
        base_width: 1,
        levels: 5,
    };
    let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = config
        .tensors()
        .into_iter()
        .map(|(name, shape)| {
            let values = (0..shape.iter().product()).map(|i: usize| 0.02 + (i * 37 % 19) as f32 / 400.0);
            let bytes = values.flat_map(f32::to_le_bytes).collect();
            (name, shape, bytes)
        })
        .collect();
    let views = tensors.iter().map(|(name, shape, bytes)| {
        (
            name.clone(),
            TensorView::new(Dtype::F32, shape.clone(), bytes).expect("the bytes fill the shape"),
        )
    });
    let metadata = [
        ("format", "pconv-unet"),
        ("base_width", "1"),
        ("levels", "5"),
        ("normalization", "imagenet"),
        ("window", "full-kernel"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    safetensors::serialize_to_file(views, Some(metadata), path).expect("the weights are written");
}

#[test]
fn the_sample_opens_with_its_mask_ready_to_fill() {
    let mut window = Window::start(tempfile::tempdir().unwrap(), Start::default());
    window.wait("the sample opens", |app| app.document().is_some());
    assert!(window.document().has_mask(), "something is masked");
    assert!(
        window.shows("Press Enter to fill"),
        "the status line says what to do"
    );
}

#[test]
fn another_photo_does_not_inherit_the_hint_to_fill() {
    let mut window = Window::start(tempfile::tempdir().expect("a folder"), Start::default());
    window.wait("the sample opens", |app| app.document().is_some());
    assert!(window.shows("Press Enter to fill"), "the sample is masked");
    let other = window.path("Other.png");
    save_photo(&other);
    window.drop_file(&other);
    window.wait("the other photo opens", |app| {
        app.document().is_some_and(|document| !document.has_mask())
    });
    assert!(!window.shows("Press Enter to fill"), "the other is not");
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
    window.press(Modifiers::COMMAND, Key::Z);
    assert!(window.document().removals()[0].visible, "hiding was undone");
    window.press(Modifiers::COMMAND, Key::Z);
    assert!(window.document().has_mask(), "filling was undone");
    window.press(CTRL_SHIFT, Key::Z);
    assert_eq!(window.document().removals().len(), 1);
    window.click("Delete Removal 1");
    assert_eq!(window.document().removals().len(), 0);
    window.click("Opened");
    assert_eq!(window.document().position(), 0);
}

#[test]
fn a_mask_painted_by_hand_gives_the_same_on_the_command_line() {
    let mut window = Window::with_photo();
    window.drag((0.4, 0.45), (0.6, 0.55));
    let mask = window
        .document()
        .mask()
        .to_pixels()
        .expect("the mask is a picture");
    save_png(&window.path("mask.png"), &mask);
    window.fill();

    let output = window.path("command-line.png");
    let done = Command::new(env!("CARGO_BIN_EXE_lacuna"))
        .arg("inpaint")
        .arg(window.path("Lake.png"))
        .arg("--mask")
        .arg(window.path("mask.png"))
        .arg("--weights")
        .arg(window.path("tiny.safetensors"))
        .args(["--device", "cpu", "--quiet", "-o"])
        .arg(&output)
        .status()
        .expect("the program runs");
    assert!(done.success(), "{done}");
    let by_command = read::photo(&output).expect("what was written can be read").pixels;
    let document = window.document();
    assert!(document.result() != document.original(), "something was filled");
    assert!(
        by_command == **document.result(),
        "window and command line differ"
    );
}

#[test]
fn enter_with_nothing_masked_says_what_to_do() {
    let mut window = Window::with_photo();
    window.wait("the network is loaded", |app| !app.is_busy());
    window.press(Modifiers::NONE, Key::Enter);
    assert!(
        window.shows("Brush over what should go, then fill"),
        "{:?}",
        window.app().notices()
    );
}

#[test]
fn a_fill_asked_for_before_the_network_is_there_runs_when_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = Window::start(folder, Start::default());
    window.wait("the sample opens", |app| app.document().is_some());
    window.press(Modifiers::COMMAND, Key::D);
    window.drag((0.5, 0.5), (0.52, 0.5));
    window.fill();
    assert_eq!(window.document().removals().len(), 1);
}

#[test]
fn the_palette_finds_a_command_by_a_few_letters() {
    let mut window = Window::with_photo();
    window.press(CTRL_SHIFT, Key::P);
    window.type_text("inv");
    window.press(Modifiers::NONE, Key::Enter);
    let all = u64::from(SIZE.0) * u64::from(SIZE.1);
    assert_eq!(window.document().mask().hole_count(), all);
    assert!(
        window.harness.query_by_label("Command").is_none(),
        "the palette is closed"
    );
}

#[test]
fn the_sheet_lists_every_command() {
    let mut window = Window::with_photo();
    window.press(Modifiers::SHIFT, Key::Questionmark);
    for action in Action::ALL {
        let label = action.label().trim_end_matches('…');
        assert!(window.shows(label), "{label}");
    }
    window.press(Modifiers::NONE, Key::Escape);
    assert!(!window.shows("With the pointer"), "Esc closes it");
}

#[test]
fn the_export_dialog_writes_beside_the_original_and_never_over_it() {
    let mut window = Window::with_photo();
    window.drag((0.45, 0.45), (0.55, 0.55));
    window.fill();
    let before = fs::read(window.path("Lake.png")).unwrap();
    window.press(Modifiers::COMMAND, Key::E);
    assert!(window.shows("No pixel is lost"), "the dialog says what PNG loses");
    window.click("Export");
    window.wait("the export ends", |app| {
        app.notices().iter().any(|notice| notice.starts_with("Exported"))
    });
    let written = read::photo(&window.path("Lake-edited.png")).unwrap();
    assert_eq!(&written.pixels, window.document().result().as_ref());
    assert_eq!(fs::read(window.path("Lake.png")).unwrap(), before);

    window.press(Modifiers::COMMAND, Key::Z);
    window.press(Modifiers::COMMAND, Key::Z);
    window.press(Modifiers::COMMAND, Key::E);
    window.wait("it is written again", |app| !app.is_busy());
    let again = read::photo(&window.path("Lake-edited.png")).unwrap();
    assert_eq!(&again.pixels, window.document().original().as_ref());
}

#[test]
fn a_file_that_is_in_the_way_is_replaced_only_when_told_so() {
    let mut window = Window::with_photo();
    fs::write(window.path("Lake-edited.png"), "somebody's work").unwrap();
    window.press(CTRL_SHIFT, Key::E);
    window.click("Export");
    window.wait("the export is refused", |app| !app.is_busy());
    assert!(
        window.shows("There is a file of that name already"),
        "the dialog is back"
    );
    let kept = fs::read(window.path("Lake-edited.png")).unwrap();
    assert_eq!(kept, b"somebody's work");
    window.click("Replace");
    window.wait("it is replaced", |app| !app.is_busy());
    assert!(
        read::photo(&window.path("Lake-edited.png")).is_ok(),
        "now it is a photo"
    );
}

#[test]
fn a_damaged_photo_gives_a_notice_and_the_open_one_stays() {
    let mut window = Window::with_photo();
    let damaged = window.path("damaged.jpg");
    fs::write(&damaged, b"\xFF\xD8\xFF\xE0 no more").unwrap();
    window.drop_file(&damaged);
    window.wait("a notice appears", |app| !app.notices().is_empty());
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
    window.drop_file(&other);
    assert!(window.shows("Keep your work?"), "it asks");
    window.click("Cancel");
    assert!(window.document().has_mask(), "nothing was lost");
    window.drop_file(&other);
    window.click("Discard");
    window.wait("the other photo opens", |app| {
        app.document().is_some_and(|document| !document.has_mask())
    });
}

#[test]
fn keys_do_not_fire_while_a_name_is_typed() {
    let mut window = Window::with_photo();
    window.drag((0.45, 0.45), (0.55, 0.55));
    window.fill();
    window.click("Rename Removal 1");
    window.press(Modifiers::COMMAND, Key::A);
    window.type_text("eye");
    window.press(Modifiers::NONE, Key::E);
    window.press(Modifiers::NONE, Key::Enter);
    assert_eq!(window.document().removals()[0].name, "eye");
    assert_eq!(window.document().removals().len(), 1);
    let eraser = window.harness.get_by_label("Eraser");
    assert_ne!(
        eraser.accesskit_node().toggled(),
        Some(eframe::egui::accesskit::Toggled::True)
    );
}

#[test]
fn damaged_settings_are_kept_beside_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("settings.json");
    fs::write(&settings, "{ no").unwrap();
    let window = Window::start(
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
