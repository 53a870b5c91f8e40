//! A window that tests drive by verbs, and the files it works on.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use eframe::egui::{
    DroppedFile, Key, Modifiers, Pos2, ViewportCommand, ViewportEvent, ViewportId, accesskit::Role, vec2,
};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use lacuna::{
    app::{App, Start, train::run::Run},
    document::Document,
    imaging::{Channels, Format, Metadata, Pixels, Samples, write},
    nn::DeviceChoice,
    settings::Settings,
};
use tempfile::TempDir;

use crate::tiny_network;

/// Columns and rows of the photo that is edited.
pub(crate) const SIZE: (u32, u32) = (320, 240);

/// How long something may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct Window {
    pub(crate) harness: Harness<'static, App>,
    folder: TempDir,
}

impl Window {
    /// A window whose small network fills with nonsense in no time.
    pub(crate) fn start(folder: TempDir, start: Start) -> Self {
        let start = Start {
            device: Some(DeviceChoice::Cpu),
            ..start
        };
        let builder = Harness::builder()
            .with_size(vec2(1280.0, 1100.0))
            .with_max_steps(16);
        let mut harness = builder.build_eframe(move |cc| App::new(cc, start));
        harness.step();
        Self { harness, folder }
    }

    /// On the Edit tab, with weights from the command line.
    pub(crate) fn edit(folder: TempDir, start: Start) -> Self {
        let weights = save_weights(folder.path());
        let start = Start {
            weights: Some(weights),
            ..start
        };
        Self::start(folder, start)
    }

    /// On the Edit tab with a small photo.
    pub(crate) fn with_photo() -> Self {
        Self::with_candidates(1)
    }

    /// The same, with several fills to choose from.
    pub(crate) fn with_candidates(candidates: u32) -> Self {
        Self::open("Lake.png", candidates)
    }

    /// On the Edit tab with a small photo of this name, in the format of its ending.
    pub(crate) fn open(name: &str, candidates: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = folder.path().join("settings.json");
        let saved = format!("{{\"fill\": {{\"candidates\": {candidates}}}}}");
        fs::write(&settings, saved).unwrap();
        let photo = folder.path().join(name);
        save_photo(&photo);
        let start = Start {
            photo: Some(photo),
            settings: Some(settings),
            ..Start::default()
        };
        let mut window = Self::edit(folder, start);
        window.wait("the photo opens", |window| window.app().document().is_some());
        window
    }

    /// On the Train tab, with what `prepare` puts into its folder and settings.
    pub(crate) fn train(prepare: impl FnOnce(&Path, &mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings {
            weights: Some(save_weights(folder.path())),
            ..Settings::default()
        };
        prepare(folder.path(), &mut settings);
        let path = folder.path().join("settings.json");
        settings.save(&path).unwrap();
        let start = Start {
            empty: true,
            settings: Some(path),
            library: Some(folder.path().join("library")),
            ..Start::default()
        };
        let mut window = Self::start(folder, start);
        window.press(Key::F3);
        window
    }

    pub(crate) fn app(&self) -> &App {
        self.harness.state()
    }

    pub(crate) fn document(&self) -> &Document {
        self.app().document().expect("a photo is open")
    }

    pub(crate) fn run(&self) -> &Run {
        self.app().training_run().expect("there is a run")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What is remembered on the disk.
    pub(crate) fn settings(&self) -> Settings {
        Settings::load(&self.path("settings.json")).0
    }

    /// Lets the window run until something holds.
    pub(crate) fn wait(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !holds(self) {
            let run = self.app().training_run();
            assert!(
                start.elapsed() < PATIENCE,
                "waited in vain: {what}; notices: {:?}; run: {:?}",
                self.app().notices(),
                run.map(|run| (run.activity, run.step, &run.log))
            );
            thread::sleep(Duration::from_millis(3));
            self.harness.step();
        }
        self.settle();
    }

    pub(crate) fn wait_to_show(&mut self, text: &str) {
        self.wait(text, |window| window.shows(text));
    }

    /// Until the latest step of the history has this name.
    pub(crate) fn wait_for_step(&mut self, name: &str) {
        self.wait(name, |window| window.document().steps().last() == Some(name));
    }

    /// Lets commands be executed and shown.
    pub(crate) fn settle(&mut self) {
        self.harness.run_steps(4);
    }

    pub(crate) fn press(&mut self, key: Key) {
        self.press_with(Modifiers::NONE, key);
    }

    pub(crate) fn press_with(&mut self, modifiers: Modifiers, key: Key) {
        self.harness.key_press_modifiers(modifiers, key);
        self.settle();
    }

    pub(crate) fn click(&mut self, label: &str) {
        self.harness.get_by_role_and_label(Role::Button, label).click();
        self.settle();
    }

    /// Opens what is folded under this heading.
    pub(crate) fn unfold(&mut self, heading: &str) {
        self.harness
            .get_by_role_and_label(Role::DisclosureTriangle, heading)
            .click();
        self.settle();
    }

    pub(crate) fn can_click(&self, label: &str) -> bool {
        let button = self.harness.query_by_role_and_label(Role::Button, label);
        button.is_some_and(|button| !button.accesskit_node().is_disabled())
    }

    pub(crate) fn shows(&self, text: &str) -> bool {
        self.harness.query_all_by_label_contains(text).next().is_some()
    }

    pub(crate) fn type_text(&mut self, text: &str) {
        let focused = self
            .harness
            .query_all_by_role(Role::TextInput)
            .next()
            .expect("a text field is open");
        focused.type_text(text);
        self.settle();
    }

    /// What the cross in the title bar does. Returns whether the window would be gone.
    pub(crate) fn close(&mut self) -> bool {
        let closes = self.ask_to_close();
        self.settle();
        closes
    }

    /// The same, and not a frame more: what the window asks for next is seen.
    pub(crate) fn ask_to_close(&mut self) -> bool {
        let viewports = &mut self.harness.input_mut().viewports;
        let viewport = viewports.entry(ViewportId::ROOT).or_default();
        viewport.events.push(ViewportEvent::Close);
        self.harness.step();
        !self.has_sent(&ViewportCommand::CancelClose)
    }

    /// Whether the window asked in the last frame to be closed.
    pub(crate) fn wants_to_close(&self) -> bool {
        self.has_sent(&ViewportCommand::Close)
    }

    /// Clicks, and lets the window run until it asks to be closed. Not a frame more: it asks once.
    pub(crate) fn click_to_close(&mut self, label: &str) {
        self.harness.get_by_role_and_label(Role::Button, label).click();
        self.harness.step();
        self.wait("it closes by itself", Self::wants_to_close);
    }

    fn has_sent(&self, command: &ViewportCommand) -> bool {
        let output = self.harness.output().viewport_output.get(&ViewportId::ROOT);
        output.is_some_and(|output| output.commands.contains(command))
    }

    /// Drags over the canvas, from one share of its size to another.
    pub(crate) fn drag(&mut self, from: (f32, f32), to: (f32, f32)) {
        let to = self.begin_drag(from, to);
        self.harness.drop_at(to);
        self.settle();
    }

    /// The same with the button still down. Returns where the pointer is.
    pub(crate) fn begin_drag(&mut self, from: (f32, f32), to: (f32, f32)) -> Pos2 {
        let canvas = self.harness.get_by_label("Canvas").rect();
        let at = |(x, y): (f32, f32)| -> Pos2 { canvas.min + canvas.size() * vec2(x, y) };
        self.harness.hover_at(at(from));
        self.harness.step();
        self.harness.drag_at(at(from));
        self.harness.step();
        self.harness.hover_at(at(to));
        self.harness.step();
        at(to)
    }

    /// Drops a file or folder on the window.
    pub(crate) fn drop_path(&mut self, path: &Path) {
        self.queue_drop(path);
        self.settle();
    }

    /// The same, for the next frame.
    pub(crate) fn queue_drop(&mut self, path: &Path) {
        let dropped = Arc::new(Dropped(path.to_owned()));
        self.harness.input_mut().dropped_files.push(dropped);
    }

    /// Does what the palette finds first by these words.
    pub(crate) fn choose(&mut self, words: &str) {
        self.press_with(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::P);
        self.type_text(words);
        self.press(Key::Enter);
    }

    pub(crate) fn fill(&mut self) {
        let before = self.document().removals().len();
        self.press(Key::Enter);
        self.wait("the fill ends", |window| {
            let document = window.app().document();
            document.is_some_and(|document| document.removals().len() > before)
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

/// A photo of [`SIZE`], in the format of its name.
pub(crate) fn save_photo(path: &Path) {
    let (width, height) = SIZE;
    let samples = (0..width * height).flat_map(|i| [(i % width) as u8, (i / width) as u8, 90]);
    let pixels = Pixels::new(width, height, Channels::Rgb, Samples::U8(samples.collect()));
    save(path, &pixels.unwrap(), Format::from_path(path).unwrap());
}

pub(crate) fn save_png(path: &Path, pixels: &Pixels) {
    save(path, pixels, Format::Png);
}

fn save(path: &Path, pixels: &Pixels, format: Format) {
    let options = write::Options::default();
    write::photo(path, pixels, &Metadata::default(), format, &options, false).unwrap();
}

fn save_weights(folder: &Path) -> PathBuf {
    let path = folder.join("tiny.safetensors");
    fs::write(&path, tiny_network::weights()).unwrap();
    path
}
