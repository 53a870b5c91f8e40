//! Filling in the window beyond one click: candidates, making a removal again, keeping areas out.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use eframe::egui::{Key, Modifiers, Pos2, accesskit::Role, vec2};
use egui_kittest::{Harness, kittest::Queryable as _};
use lacuna::{
    app::{App, Start},
    document::Document,
    imaging::{Channels, Format, Metadata, Pixels, Samples, write},
    nn::{Config, DeviceChoice},
};
use safetensors::{Dtype, tensor::TensorView};
use tempfile::TempDir;

const SIZE: (u32, u32) = (320, 240);

struct Window {
    harness: Harness<'static, App>,
    _folder: TempDir,
}

impl Window {
    /// A window that shows a small photo, with a small network that fills it with nonsense in no time.
    fn with_photo() -> Self {
        Self::with_candidates(1)
    }

    fn with_candidates(candidates: u32) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = folder.path().join("settings.json");
        let saved = format!("{{\"fill\": {{\"candidates\": {candidates}}}}}");
        std::fs::write(&settings, saved).expect("the settings are written");
        let photo = folder.path().join("Lake.png");
        save_photo(&photo);
        let mut window = Self::start(
            folder,
            Start {
                photo: Some(photo),
                settings: Some(settings),
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
        Self {
            harness,
            _folder: folder,
        }
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

    /// Until the latest step of the history has this name.
    fn wait_for_step(&mut self, name: &str) {
        self.wait(name, |app| {
            let steps = app
                .document()
                .map(|document| document.steps().last().map(str::to_owned));
            steps.flatten().as_deref() == Some(name)
        });
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

    fn fill(&mut self) {
        let before = self.document().removals().len();
        self.press(Modifiers::NONE, Key::Enter);
        self.wait("the fill ends", |app| {
            app.document()
                .is_some_and(|document| document.removals().len() > before)
        });
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
fn candidates_can_be_chosen_by_click_and_key_and_undone() {
    let mut window = Window::with_candidates(3);
    window.drag((0.45, 0.45), (0.55, 0.55));
    window.fill();
    let best = window.document().result().clone();
    assert_eq!(window.document().removals().len(), 1);
    window.click("Candidate 2");
    let second = window.document().result().clone();
    assert!(second != best, "the second candidate is in the photo");
    window.press(Modifiers::NONE, Key::Period);
    let third = window.document().result().clone();
    assert!(third != second && third != best, "the third follows");
    window.press(Modifiers::NONE, Key::Period);
    assert!(*window.document().result() == best, "round to the first");
    window.press(Modifiers::NONE, Key::Comma);
    assert!(*window.document().result() == third, "and back");
    window.press(Modifiers::COMMAND, Key::Z);
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
    window.press(Modifiers::COMMAND, Key::Z);
    assert!(*window.document().result() == first, "undo brings the first back");
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
fn the_keep_out_tool_paints_its_own_area_in_the_shared_history() {
    let mut window = Window::with_photo();
    window.press(Modifiers::NONE, Key::K);
    window.drag((0.3, 0.3), (0.4, 0.3));
    assert!(window.document().has_keep_out(), "something is kept out");
    assert!(!window.document().has_mask(), "nothing is masked");
    assert!(window.shows("Keep-out stroke"), "the history lists it");
    window.press(Modifiers::COMMAND, Key::Z);
    assert!(!window.document().has_keep_out(), "undone");
    window.press(Modifiers::COMMAND, Key::Y);
    assert!(window.document().has_keep_out(), "done again");

    window.press(Modifiers::NONE, Key::B);
    window.drag((0.5, 0.5), (0.55, 0.5));
    window.fill();
    assert!(
        window.document().has_keep_out(),
        "the area stays for the next fill"
    );
}
