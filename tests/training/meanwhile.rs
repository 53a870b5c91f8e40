//! What happens to the photos and in the editor while a whole run of a tiny network goes on.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::Duration,
};

use lacuna::{
    progress::Silent,
    train::{self, Config, Control, Error, Event, Outcome, Reason},
};
use tempfile::TempDir;

use crate::tiny_training::{self, config};

fn run(config: &Config, resume: bool, on_event: &mut dyn FnMut(&Event)) -> Result<Outcome, Box<Error>> {
    let control = Control::default();
    train::run(config, resume, &control, &mut |event| on_event(&event), &Silent).map_err(Box::new)
}

/// A run over a few rounds of forty photos, of which a loader holds a third when the third step is done.
fn over_many_photos(folder: &Path) -> Config {
    let config = Config {
        photos: folder.join("many"),
        steps: Some(60),
        ..config(folder)
    };
    tiny_training::photos(&config.photos, 40);
    config
}

/// Deletes photos whose numbers are at least `first`, and gives their names.
fn delete_photos(photos: &Path, first: u32) -> BTreeSet<String> {
    let gone: BTreeSet<String> = (first..40).map(|photo| format!("photo-{photo}.png")).collect();
    for name in &gone {
        fs::remove_file(photos.join(name)).unwrap();
    }
    gone
}

fn names_of(texts: &[String]) -> Vec<String> {
    let words = texts.iter().flat_map(|text| text.split([' ', ':', '/', '\\']));
    let names = words.filter(|word| word.starts_with("photo-"));
    names.map(ToOwned::to_owned).collect()
}

#[test]
fn photos_deleted_in_the_middle_of_a_run_are_named_once_each_and_the_run_goes_on_to_its_end() {
    let folder = TempDir::new().unwrap();
    let config = over_many_photos(folder.path());
    let (mut gone, mut notices) = (BTreeSet::new(), Vec::new());
    let outcome = run(&config, false, &mut |event| match event {
        Event::HeldOut { step: 3, .. } => gone = delete_photos(&config.photos, 20),
        Event::Notice { text } => notices.push(text.clone()),
        _ => {}
    });
    let outcome = outcome.unwrap();
    assert_eq!((outcome.reason, outcome.step), (Reason::Complete, 60));
    let named = names_of(&notices);
    assert_eq!(named.len(), notices.len(), "each names one photo: {notices:?}");
    assert!(!named.is_empty(), "some were not read yet");
    assert!(named.iter().all(|name| gone.contains(name)), "{named:?}");
    let once: BTreeSet<_> = named.iter().collect();
    assert_eq!(once.len(), named.len(), "{named:?}");
    assert!(
        outcome.report.is_some() && outcome.weights.is_file(),
        "it ends as always"
    );
}

#[test]
fn a_run_whose_photos_are_all_deleted_goes_on_with_those_it_holds() {
    let folder = TempDir::new().unwrap();
    let config = over_many_photos(folder.path());
    let mut notices = 0;
    let outcome = run(&config, false, &mut |event| match event {
        Event::HeldOut { step: 3, .. } => fs::remove_dir_all(&config.photos).unwrap(),
        Event::Notice { .. } => notices += 1,
        _ => {}
    });
    assert_eq!(outcome.unwrap().reason, Reason::Complete);
    assert!(notices >= 10, "a third was read at most: {notices}");
}

#[test]
fn a_run_that_holds_no_photo_when_they_go_away_saves_and_goes_on_when_they_are_back() {
    let folder = TempDir::new().unwrap();
    let config = config(folder.path());
    let begun = Config {
        steps: Some(2),
        ..config.clone()
    };
    run(&begun, false, &mut |_| {}).unwrap();
    let away: PathBuf = folder.path().join("unplugged");
    let refused = run(&config, true, &mut |event| {
        if matches!(event, Event::Started { .. }) {
            fs::rename(&config.photos, &away).unwrap();
        }
    });
    let refused = refused.unwrap_err().to_string();
    assert!(
        refused.contains("photo-") && refused.contains("saved at step 2") && refused.contains("--resume"),
        "{refused}"
    );
    let without = run(&config, true, &mut |_| {}).unwrap_err().to_string();
    assert!(without.contains("photos"), "still away: {without}");
    fs::rename(&away, &config.photos).unwrap();
    let mut start_step = None;
    let outcome = run(&config, true, &mut |event| {
        if let Event::Started { start_step: step, .. } = event {
            start_step = Some(*step);
        }
    });
    assert_eq!((start_step, outcome.unwrap().step), (Some(2), 6));
}

#[test]
fn no_step_is_made_while_a_fill_holds_the_run_and_it_goes_on_after_it() {
    let folder = TempDir::new().unwrap();
    let config = Config {
        steps: None,
        sample_every_s: 1e6,
        ..config(folder.path())
    };
    let control = Control::default();
    let (told, events) = mpsc::channel();
    let steered = control.clone();
    let running = thread::Builder::new().name("run".to_owned()).spawn(move || {
        let mut tell = |event| drop(told.send(event));
        train::run(&config, false, &steered, &mut tell, &Silent).map_err(|error| error.to_string())
    });
    let running = running.unwrap();
    let next = |wanted: fn(&Event) -> Option<u64>| events.iter().find_map(|event| wanted(&event)).unwrap();
    let sampled = |event: &Event| match event {
        Event::Samples { step, .. } => Some(*step),
        _ => None,
    };
    let measured = |event: &Event| match event {
        Event::HeldOut { step, .. } if *step >= 3 => Some(*step),
        _ => None,
    };

    next(measured);
    let hold = control.hold();
    // The first sample may still be of the step that was under way; then it stands.
    control.sample_now();
    let held_at = next(sampled);
    thread::sleep(Duration::from_millis(700));
    control.sample_now();
    assert_eq!(
        next(sampled),
        held_at,
        "seconds are hundreds of steps of this network"
    );
    drop(hold);
    assert!(next(measured) > held_at, "it goes on");
    control.stop();
    let outcome = running.join().unwrap().unwrap();
    assert_eq!(outcome.reason, Reason::Stopped);
}
