//! The Train tab, used by label and key as a person uses it, without a display and without a GPU. The runs are real
//! ones, of a tiny network on tiny pictures.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use eframe::egui::{DroppedFile, Key, Modifiers, accesskit::Role, vec2};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use lacuna::{
    app::{
        App, Start,
        train::{
            curves::Term,
            run::{Activity, End, Run},
        },
    },
    imaging::{Channels, Format, Metadata, Pixels, Samples, write},
    nn::DeviceChoice,
    settings::{Settings, Weights},
    train::{Config, Reason, Start as From},
};
use tempfile::TempDir;

#[path = "support/tiny_network.rs"]
mod tiny_network;
#[path = "support/tiny_training.rs"]
#[expect(dead_code, reason = "the window makes its own pictures and settings")]
mod tiny_training;

const SIDE: u32 = 160;

struct Window {
    harness: Harness<'static, App>,
    folder: TempDir,
}

impl Window {
    /// A window on the Train tab, with what `prepare` puts into its folder and settings.
    fn open(prepare: impl FnOnce(&Path, &mut Settings)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let tiny = folder.path().join("tiny.safetensors");
        fs::write(&tiny, tiny_network::weights()).expect("the weights are written");
        let mut settings = Settings {
            weights: Some(tiny),
            ..Settings::default()
        };
        prepare(folder.path(), &mut settings);
        let mut window = Self::start(folder, &settings);
        window.press(Key::F3);
        window
    }

    fn start(folder: TempDir, settings: &Settings) -> Self {
        let path = folder.path().join("settings.json");
        settings.save(&path).expect("the settings are written");
        let start = Start {
            empty: true,
            settings: Some(path),
            device: Some(DeviceChoice::Cpu),
            library: Some(folder.path().join("library")),
            ..Start::default()
        };
        let builder = Harness::builder()
            .with_size(vec2(1280.0, 1100.0))
            .with_max_steps(16);
        let mut harness = builder.build_eframe(move |cc| App::new(cc, start));
        harness.step();
        Self { harness, folder }
    }

    fn app(&self) -> &App {
        self.harness.state()
    }

    fn run(&self) -> &Run {
        self.app().training_run().expect("there is a run")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What is remembered on the disk.
    fn settings(&self) -> Settings {
        Settings::load(&self.path("settings.json")).0
    }

    fn wait(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !holds(self) {
            assert!(
                start.elapsed() < Duration::from_secs(120),
                "waited in vain: {what}; notices: {:?}; run: {:?}",
                self.app().notices(),
                self.app()
                    .training_run()
                    .map(|run| (run.activity, run.step, run.log.clone()))
            );
            thread::sleep(Duration::from_millis(3));
            self.harness.step();
        }
        self.harness.run_steps(4);
    }

    fn wait_to_show(&mut self, text: &str) {
        self.wait(text, |window| window.shows(text));
    }

    fn shows(&self, text: &str) -> bool {
        self.harness.query_all_by_label_contains(text).next().is_some()
    }

    fn press(&mut self, key: Key) {
        self.harness.key_press_modifiers(Modifiers::NONE, key);
        self.harness.run_steps(4);
    }

    fn click(&mut self, label: &str) {
        self.harness.get_by_role_and_label(Role::Button, label).click();
        self.harness.run_steps(4);
    }

    fn can_click(&self, label: &str) -> bool {
        let button = self.harness.query_by_role_and_label(Role::Button, label);
        button.is_some_and(|button| !button.accesskit_node().is_disabled())
    }

    fn drop_path(&mut self, path: PathBuf) {
        self.harness
            .input_mut()
            .dropped_files
            .push(Arc::new(Dropped(path)));
        self.harness.run_steps(4);
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

/// Some pictures and a file that only pretends to be one.
fn save_photos(folder: &Path, count: u32) -> PathBuf {
    let photos = folder.join("Lake");
    fs::create_dir_all(&photos).expect("a folder");
    for number in 0..count {
        let samples = (0..SIDE * SIDE).flat_map(|i| {
            let (x, y) = (i % SIDE, i / SIDE);
            [x + 20 * number, y, (x / 8 + y / 8) % 2 * 90 + 40].map(|value| value as u8)
        });
        let pixels = Pixels::new(SIDE, SIDE, Channels::Rgb, Samples::U8(samples.collect()))
            .expect("three samples per pixel");
        let path = photos.join(format!("{number}.png"));
        let options = write::Options::default();
        write::photo(&path, &pixels, &Metadata::default(), Format::Png, &options, false)
            .expect("the picture is written");
    }
    fs::write(photos.join("broken.jpg"), b"no picture").expect("a file");
    photos
}

/// A run that takes a moment.
fn tiny_config(photos: PathBuf, steps: Option<u64>) -> Config {
    let features = photos.with_file_name("features.safetensors");
    tiny_training::features(&features, 0.3);
    Config {
        photos,
        features: Some(features),
        start: From::HeInit,
        base_width: 2,
        levels: 5,
        side: 32,
        batch: 1,
        held_out: 1,
        steps,
        evaluate_every_steps: 2,
        sample_every_s: 0.5,
        device: DeviceChoice::Cpu,
        ..Config::default()
    }
}

const LOG: &str = r#"{"event":"step","step":4,"stage":"one","images_per_s":2.0,"seconds_left":null,"progress":0.0,"loss":{"total":3.5,"valid":1.0,"hole":1.0,"perceptual":1.0,"style":1.0,"tv":1.0},"rate":0.0002}
{"event":"held_out","step":4,"loss":2.0,"psnr":21.5,"old_psnr":20.0,"is_best":true}
{"event":"checkpoint","step":4,"path":"checkpoints/step-000004","is_best":true}
"#;

/// The traces of a run that was killed.
fn save_broken_run(folder: &Path) {
    let out = folder.join("library/Norway");
    fs::create_dir_all(out.join("checkpoints/step-000004")).expect("a folder");
    let config = tiny_config(folder.join("gone"), None);
    fs::write(
        out.join("config.json"),
        serde_json::to_vec(&config).expect("JSON"),
    )
    .expect("a file");
    fs::write(out.join("log.jsonl"), LOG).expect("a file");
}

#[test]
fn without_photos_the_tab_says_how_to_begin() {
    let window = Window::open(|_, _| {});
    assert!(window.shows("Choose a folder of photos to begin"), "what to do");
    assert!(!window.can_click("Start training"), "there is nothing to start");
}

#[test]
fn a_dropped_folder_is_looked_through_and_what_was_found_is_shown() {
    let mut window = Window::open(|folder, _| {
        save_photos(folder, 4);
    });
    window.drop_path(window.path("Lake"));
    window.wait_to_show("4 photos, 160 × 160");
    assert!(
        window.shows("Skipped files (1)") && window.shows("broken.jpg"),
        "the skipped file"
    );
    assert!(
        window.shows("below 1 MP") && window.shows("10–20 %"),
        "both histograms"
    );
    assert!(
        window.shows("smaller than the squares of 256 px"),
        "they are small"
    );
    assert!(window.shows("a step,"), "the estimate");
    assert!(window.can_click("Start training"), "it can begin");
    window.wait("the settings are saved", |window| {
        window.settings().train.photos == window.path("Lake")
    });
}

#[test]
fn a_folder_that_is_not_there_is_told_with_the_reason() {
    let mut window = Window::open(|folder, settings| {
        settings.train.photos = folder.join("nowhere");
    });
    window.wait_to_show("These photos cannot be used");
    assert!(window.shows("nowhere"), "which folder");
    assert!(!window.can_click("Start training"), "it cannot begin");
}

#[test]
fn keys_of_the_editor_do_nothing_while_training_is_shown() {
    let mut window = Window::open(|_, _| {});
    window.press(Key::Enter);
    assert_eq!(window.app().notices(), Vec::<String>::new());
    window.press(Key::F2);
    window.press(Key::Enter);
    assert!(!window.app().notices().is_empty(), "in the Edit tab Enter fills");
}

#[test]
fn a_run_that_was_broken_off_is_offered_after_a_restart() {
    let mut window = Window::open(|folder, _| save_broken_run(folder));
    window.wait_to_show("“Norway” can go on");
    assert!(window.shows("It was saved at step 4"), "where it is");
    window.click("Resume");
    let out = window.path("library/Norway");
    window.wait("it ends because its photos are gone", |window| {
        !window.app().is_training()
    });
    assert_eq!(window.run().out, out);
    assert_eq!(
        window.run().curves.points(Term::Total),
        [[4.0, 3.5]],
        "its curves are back"
    );
    assert!(
        matches!(window.run().end, Some(End::Failed(_))),
        "{:?}",
        window.run().end
    );
    assert!(window.shows("21.50 dB, +1.50"), "the measurement");
    assert!(
        window.shows("Training ended early"),
        "{:?}",
        window.app().notices()
    );
}

#[test]
fn a_foreign_weights_file_is_shown_with_the_reason_and_cannot_be_chosen() {
    let mut window = Window::open(|folder, _| {
        fs::create_dir_all(folder.join("library/Ice")).expect("a folder");
        fs::write(folder.join("library/Ice/weights.safetensors"), b"not weights").expect("a file");
        fs::write(folder.join("other.safetensors"), b"{}").expect("a file");
    });
    window.wait_to_show("Cannot be used");
    assert!(window.shows("Ice"), "its name");
    assert!(!window.can_click("Use Ice"), "it has no button");
    window.drop_path(window.path("other.safetensors"));
    window.wait_to_show("These weights cannot be used");
    assert_eq!(
        window.settings().weights,
        Some(window.path("tiny.safetensors")),
        "nothing changed"
    );
}

#[test]
fn weights_are_taken_into_use_and_back_with_one_click_each() {
    let mut window = Window::open(|folder, _| {
        fs::create_dir_all(folder.join("library/Snow")).expect("a folder");
        let path = folder.join("library/Snow/weights.safetensors");
        fs::write(path, tiny_network::weights()).expect("the weights are written");
    });
    window.wait("the list is there", |window| window.can_click("Use Snow"));
    window.click("Use Snow");
    let snow = Some(window.path("library/Snow/weights.safetensors"));
    window.wait("they are in use", |window| window.settings().weights == snow);
    let tiny = window.path("tiny.safetensors");
    assert_eq!(
        window.settings().weights_before,
        Some(Weights::File(tiny.clone()))
    );
    window.click("Back to tiny.safetensors");
    window.wait("the old ones are back", |window| {
        window.settings().weights.as_deref() == Some(&*tiny)
    });
    assert!(window.can_click("Use Snow"), "and forth again");
}

#[test]
fn a_run_is_paused_steered_stopped_resumed_and_its_weights_are_used() {
    let mut window = Window::open(|folder, settings| {
        settings.train = tiny_config(save_photos(folder, 4), None);
    });
    window.wait("the photos are there", |window| {
        window.can_click("Start training")
    });
    window.press(Key::F5);
    window.wait("steps are made", |window| window.run().step >= 2);
    assert!(!window.run().curves.is_empty(), "curves move");
    window.click("Pause");
    window.wait("it pauses", |window| window.run().activity == Activity::Paused);
    assert!(window.shows("Paused"), "the status line says so");
    let paused = window.run().step;
    window.click("Samples now");
    window.wait_to_show("Samples at step");
    window.click("Save now");
    window.wait("it is saved", |window| window.run().saved_step == Some(paused));
    assert_eq!(window.run().step, paused, "no step is made in a pause");
    window.click("Go on");
    window.wait("it goes on", |window| window.run().step > paused);
    window.press(Key::F2);
    assert!(window.shows("Training · step"), "the Edit tab shows it too");
    window.press(Key::F3);

    window.click("Stop");
    window.wait("it stops", |window| !window.app().is_training());
    let stopped = window.run().step;
    assert!(
        matches!(
            &window.run().end,
            Some(End::Finished {
                reason: Reason::Stopped,
                ..
            })
        ),
        "{:?}",
        window.run().end
    );
    window.wait("it can go on", |window| window.can_click("Resume"));
    window.click("Resume");
    window.wait("more steps are made", |window| window.run().step > stopped);
    window.click("Stop");
    window.wait("it stops again", |window| !window.app().is_training());

    window.click("Use these weights");
    let made = window.run().weights().cloned();
    window.wait("they are in use", |window| window.settings().weights == made);
    window.wait_to_show("These weights are in use");
    assert_eq!(made, Some(window.path("library/Lake/weights.safetensors")));
}

#[test]
fn a_run_ends_by_itself_and_shows_old_against_new() {
    let mut window = Window::open(|folder, settings| {
        settings.train = tiny_config(save_photos(folder, 4), Some(3));
    });
    window.wait("the photos are there", |window| {
        window.can_click("Start training")
    });
    window.click("Start training");
    window.wait("it ends", |window| {
        window.app().training_run().is_some_and(|run| !run.is_running())
    });
    assert_eq!(window.run().step, 3, "{:?}", window.run().end);
    assert!(window.run().report().is_some(), "{:?}", window.run().end);
    assert!(window.shows("held-out photo"), "the verdict");
    assert!(window.shows("finished"), "why it ended");
    window.click("New training");
    assert!(
        window.app().training_run().is_none() && window.can_click("Start training"),
        "the form is back"
    );
}
