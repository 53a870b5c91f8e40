//! The Train tab. The runs are real ones, of a tiny network on tiny pictures.

use std::{
    fs,
    path::{Path, PathBuf},
};

use eframe::egui::Key;
use lacuna::{
    app::train::{
        curves::Term,
        run::{Activity, End},
    },
    settings::Weights,
    train::{Config, Reason},
};

use crate::{support::Window, tiny_network, tiny_training, vgg_file};

/// Some pictures and a file that only pretends to be one.
pub(crate) fn save_photos(folder: &Path, count: u32) -> PathBuf {
    let photos = folder.join("Lake");
    tiny_training::photos(&photos, count);
    fs::write(photos.join("broken.jpg"), b"no picture").expect("a file");
    photos
}

/// A run that takes a moment, into a new folder.
pub(crate) fn tiny_config(photos: PathBuf, steps: Option<u64>) -> Config {
    let base = tiny_training::config(photos.parent().unwrap());
    Config {
        photos,
        out: PathBuf::new(),
        side: 32,
        batch: 1,
        held_out: 1,
        steps,
        evaluate_every_steps: 2,
        sample_every_s: 0.5,
        ..base
    }
}

const LOG: &str = r#"{"event":"step","step":4,"stage":"one","images_per_s":2.0,"seconds_left":null,"progress":0.0,"loss":{"total":3.5,"valid":1.0,"hole":1.0,"perceptual":1.0,"style":1.0,"tv":1.0},"rate":0.0002}
{"event":"held_out","step":4,"loss":2.0,"psnr":21.5,"old_psnr":20.0,"is_best":true}
{"event":"checkpoint","step":4,"path":"checkpoints/step-00000004.safetensors","is_best":true}
"#;

/// The traces of a run that was killed.
fn save_broken_run(folder: &Path) {
    let out = folder.join("library/Norway");
    fs::create_dir_all(out.join("checkpoints")).expect("a folder");
    fs::write(out.join("checkpoints/step-00000004.safetensors"), b"").expect("a file");
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
    let window = Window::train(|_, _| {});
    assert!(window.shows("Choose a folder of photos to begin"), "what to do");
    assert!(!window.can_click("Start training"), "there is nothing to start");
}

#[test]
fn a_dropped_folder_is_looked_through_and_what_was_found_is_shown() {
    let mut window = Window::train(|folder, _| {
        save_photos(folder, 4);
    });
    window.drop_path(&window.path("Lake"));
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
fn a_dropped_photo_stands_for_its_folder() {
    let mut window = Window::train(|folder, _| {
        save_photos(folder, 4);
    });
    window.drop_path(&window.path("Lake/broken.jpg"));
    window.wait_to_show("4 photos, 160 × 160");
    assert!(!window.shows("could not be opened"), "it is not opened");
    window.wait("the folder is remembered", |window| {
        window.settings().train.photos == window.path("Lake")
    });
}

#[test]
fn esc_stops_a_fill_from_the_train_tab_and_stays_there() {
    let mut window = Window::with_candidates(8);
    window.wait("the network is there", |window| !window.app().is_busy());
    window.drag((0.45, 0.45), (0.55, 0.55));
    window.harness.key_press(Key::Enter);
    window.harness.key_press(Key::F3);
    window.harness.step();
    window.harness.key_press(Key::Escape);
    window.harness.step();
    window.wait_to_show("Fill cancelled");
    assert!(
        window.shows("Choose a folder of photos to begin"),
        "the tab stays"
    );
    assert!(window.document().removals().is_empty(), "nothing was filled");
}

#[test]
fn a_folder_that_is_not_there_is_told_with_the_reason() {
    let mut window = Window::train(|folder, settings| {
        settings.train.photos = folder.join("nowhere");
    });
    window.wait_to_show("These photos cannot be used");
    assert!(window.shows("nowhere"), "which folder");
    assert!(
        !window.shows("Start when you like") && window.shows("Choose other photos"),
        "what to do"
    );
    assert!(!window.can_click("Start training"), "it cannot begin");
}

#[test]
fn keys_of_the_editor_do_nothing_while_training_is_shown() {
    let mut window = Window::train(|_, _| {});
    window.press(Key::Enter);
    assert_eq!(window.app().notices(), Vec::<String>::new());
    window.press(Key::F2);
    window.press(Key::Enter);
    assert!(!window.app().notices().is_empty(), "in the Edit tab Enter fills");
}

#[test]
fn a_run_that_was_broken_off_is_offered_after_a_restart() {
    let mut window = Window::train(|folder, _| save_broken_run(folder));
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
        window.run().now.is_none() && window.run().facts.is_none(),
        "it made no step of its own"
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
fn the_form_says_how_many_photos_are_held_out_at_most() {
    let mut window = Window::train(|_, _| {});
    window.unfold("Advanced");
    window.wait_to_show("A quarter of the photos at most");
}

#[test]
fn a_run_that_another_program_trains_is_shown_and_not_offered() {
    let mut window = Window::train(|folder, _| save_broken_run(folder));
    window.wait_to_show("“Norway” can go on");
    let lock = fs::File::create(window.path("library/Norway/lock")).expect("a file");
    lock.try_lock().expect("nobody has it");
    window.press(Key::F3);
    window.wait_to_show("“Norway” is being trained by another Lacuna");
    assert!(!window.can_click("Resume"), "it would be refused");
    drop(lock);
    window.press(Key::F2);
    window.press(Key::F3);
    window.wait_to_show("“Norway” can go on");
    assert!(window.can_click("Resume"), "it is free again");
}

#[test]
fn a_foreign_weights_file_is_shown_with_the_reason_and_cannot_be_chosen() {
    let mut window = Window::train(|folder, _| {
        fs::create_dir_all(folder.join("library/Ice")).expect("a folder");
        fs::write(folder.join("library/Ice/weights.safetensors"), b"not weights").expect("a file");
        fs::write(folder.join("other.safetensors"), b"{}").expect("a file");
    });
    window.wait_to_show("Cannot be used");
    assert!(window.shows("Ice"), "its name");
    assert!(!window.can_click("Use Ice"), "it has no button");
    window.drop_path(&window.path("other.safetensors"));
    window.wait_to_show("These weights cannot be used");
    assert_eq!(
        window.settings().weights,
        Some(window.path("tiny.safetensors")),
        "nothing changed"
    );
}

#[test]
fn weights_are_taken_into_use_and_back_with_one_click_each() {
    let mut window = Window::train(|folder, _| {
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
    window.click("Back to “tiny.safetensors”");
    window.wait("the old ones are back", |window| {
        window.settings().weights.as_deref() == Some(&*tiny)
    });
    assert!(window.can_click("Use Snow"), "and forth again");
}

#[test]
fn weights_that_cannot_be_loaded_leave_the_way_back_as_it_was() {
    let mut window = Window::train(|folder, settings| {
        fs::create_dir_all(folder.join("library/Snow")).expect("a folder");
        let path = folder.join("library/Snow/weights.safetensors");
        fs::write(path, tiny_network::weights()).expect("the weights are written");
        settings.weights_before = Some(Weights::File(folder.join("older.safetensors")));
    });
    window.wait("the list is there", |window| window.can_click("Use Snow"));
    fs::remove_file(window.path("library/Snow/weights.safetensors")).expect("it was there");
    window.click("Use Snow");
    window.wait_to_show("These weights cannot be used");
    assert!(
        window.can_click("Back to “older.safetensors”"),
        "and still offered"
    );
    // The file follows in the background.
    let (tiny, older) = (window.path("tiny.safetensors"), window.path("older.safetensors"));
    window.wait("the earlier ones are back", |window| {
        let settings = window.settings();
        settings.weights.as_ref() == Some(&tiny)
            && settings.weights_before == Some(Weights::File(older.clone()))
    });
}

#[test]
fn a_run_is_paused_steered_stopped_resumed_and_its_weights_are_used() {
    let mut window = Window::train(|folder, settings| {
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
fn a_run_whose_weights_are_deleted_offers_them_no_more() {
    let mut window = Window::train(|folder, settings| {
        settings.train = tiny_config(save_photos(folder, 4), Some(1));
    });
    window.wait("the photos are there", |window| {
        window.can_click("Start training")
    });
    window.click("Start training");
    window.wait("it ends", |window| window.can_click("Use these weights"));
    window.wait("they are in the list", |window| window.can_click("Delete Lake…"));
    window.click("Delete Lake…");
    window.click("Delete");
    window.wait("they are gone", |window| !window.can_click("Delete Lake…"));
    assert!(!window.can_click("Use these weights"), "nor here");
    assert!(
        !window.path("library/Lake/weights.safetensors").exists(),
        "the file"
    );
    assert!(window.path("library/Lake/log.jsonl").exists(), "and no other");
}

#[test]
fn a_run_ends_by_itself_and_shows_old_against_new() {
    let mut window = Window::train(|folder, settings| {
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
    assert!(window.shows("natural"), "how the fills look");
    assert!(window.shows("finished"), "why it ended");
    window.click("New training");
    assert!(
        window.app().training_run().is_none() && window.can_click("Start training"),
        "the form is back"
    );
}

#[test]
#[ignore = "needs VGG-19's features: LACUNA_VGG=FILE"]
fn a_vgg_file_that_was_chosen_judges_the_fills_and_is_named() {
    let mut window = Window::train(|folder, settings| {
        settings.train = Config {
            features: Some(vgg_file::path()),
            ..tiny_config(save_photos(folder, 4), Some(1))
        };
    });
    window.wait("the photos are there", |window| {
        window.can_click("Start training")
    });
    window.click("Start training");
    window.wait("it ends", |window| !window.run().is_running());
    assert_eq!(window.run().step, 1, "{:?}", window.run().end);
    assert!(window.shows("VGG-19 (vgg19_pool3.safetensors)"), "it is named");
}
