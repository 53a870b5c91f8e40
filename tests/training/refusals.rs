//! Runs that cannot begin, or that end early: one clear line, and nothing lost.

use std::{fs, path::PathBuf};

use lacuna::train::{Config, Error, Event, Start};
use tempfile::TempDir;

use crate::{
    runs::{quietly, run},
    tiny_training::config,
};

#[test]
fn runs_that_cannot_begin_say_why_and_touch_nothing() {
    let folder = TempDir::new().unwrap();
    let good = Config {
        steps: Some(1),
        ..config(folder.path())
    };
    let empty: PathBuf = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let refusal = |config: &Config, resume| quietly(config, resume).unwrap_err().to_string();

    let no_photos = Config {
        photos: empty.clone(),
        ..good.clone()
    };
    assert!(
        refusal(&no_photos, false).contains("no usable photo"),
        "no photos"
    );
    assert!(
        refusal(&good, true).contains("no training run"),
        "nothing to resume"
    );
    let no_features = Config {
        features: Some(empty.join("none.safetensors")),
        ..good.clone()
    };
    assert!(
        refusal(&no_features, false).contains("feature network"),
        "no features"
    );

    quietly(&good, false).unwrap();
    assert!(
        refusal(&good, false).contains("already holds a training run"),
        "not resumed"
    );
    let wider = Config {
        base_width: 3,
        ..good.clone()
    };
    assert!(
        refusal(&wider, true).contains("another network"),
        "other architecture"
    );
    let longer = Config {
        steps: Some(2),
        ..good
    };
    assert_eq!(quietly(&longer, true).unwrap().step, 2, "the run is still whole");
}

#[test]
fn a_run_that_was_killed_before_its_first_checkpoint_can_be_begun_again() {
    let folder = TempDir::new().unwrap();
    let config = Config {
        steps: Some(1),
        ..config(folder.path())
    };
    let killed = std::panic::catch_unwind(|| {
        run(&config, false, &mut |_, event| {
            assert!(!matches!(event, Event::HeldOut { .. }), "killed as it was told");
        })
    });
    assert!(
        killed.is_err() && config.out.join("best.safetensors").exists(),
        "late"
    );
    let refused = quietly(&config, true).unwrap_err().to_string();
    assert!(
        refused.contains("no training run"),
        "nothing was saved: {refused}"
    );
    assert_eq!(quietly(&config, false).unwrap().step, 1, "begun again");

    fs::remove_dir_all(config.out.join("checkpoints")).unwrap();
    let refused = quietly(&config, false).unwrap_err().to_string();
    assert!(refused.contains("already holds"), "finished weights: {refused}");
    fs::remove_file(config.out.join("weights.safetensors")).unwrap();
    fs::remove_file(config.out.join("best.safetensors")).unwrap();
    fs::remove_file(config.out.join("log.jsonl")).unwrap();
    let refused = quietly(&config, false).unwrap_err().to_string();
    assert!(
        refused.contains("already holds"),
        "a configuration of anything: {refused}"
    );
}

#[test]
fn a_folder_that_is_taken_is_refused_before_the_photos_are_looked_through() {
    let folder = TempDir::new().unwrap();
    let config = Config {
        steps: Some(1),
        ..config(folder.path())
    };
    quietly(&config, false).unwrap();
    let elsewhere = Config {
        photos: folder.path().join("none"),
        ..config
    };
    for (resume, words) in [(false, "already holds"), (true, "photos")] {
        let refused = quietly(&elsewhere, resume).unwrap_err().to_string();
        assert!(refused.contains(words), "{refused}");
    }
}

#[test]
fn a_run_that_is_being_trained_is_refused_to_everybody_else() {
    let folder = TempDir::new().unwrap();
    let config = config(folder.path());
    let mut refused = Vec::new();
    let outcome = run(&config, false, &mut |_, event| {
        if matches!(event, Event::HeldOut { step: 0 | 3, .. }) {
            refused.extend([false, true].map(|resume| quietly(&config, resume).unwrap_err().to_string()));
        }
    });
    assert_eq!(
        outcome.unwrap().step,
        6,
        "the first goes on as if nothing had been"
    );
    assert_eq!(refused.len(), 4);
    assert!(
        refused
            .iter()
            .all(|why| why.contains("trained by another Lacuna")),
        "{refused:?}"
    );
    let longer = Config {
        steps: Some(7),
        ..config
    };
    assert_eq!(quietly(&longer, true).unwrap().step, 7, "then it is free");
}

#[test]
fn what_cannot_be_read_is_refused_before_a_folder_is_made() {
    let folder = TempDir::new().unwrap();
    let good = config(folder.path());
    let none = folder.path().join("none");
    let bad = [
        Config {
            holes: Some(none.clone()),
            ..good.clone()
        },
        Config {
            features: Some(none.clone()),
            ..good.clone()
        },
        Config {
            start: Start::File(none),
            ..good
        },
    ];
    for config in bad {
        let refused = quietly(&config, false).unwrap_err().to_string();
        assert!(refused.contains("none"), "{refused}");
        assert!(!config.out.exists(), "{refused}");
    }
}

#[test]
fn nobody_learns_from_the_samples_of_the_own_run() {
    let folder = TempDir::new().unwrap();
    let good = Config {
        steps: Some(1),
        ..config(folder.path())
    };
    let into_photos = Config {
        out: folder.path().join("out/../photos"),
        ..good.clone()
    };
    fs::create_dir(&good.out).unwrap();
    let refused = quietly(&into_photos, false).unwrap_err();
    assert!(matches!(*refused, Error::OwnSamples { .. }), "{refused}");
    assert!(!good.photos.join("samples").exists(), "nothing is made");

    let below = Config {
        out: good.photos.join("run"),
        ..good
    };
    let longer = Config {
        steps: Some(2),
        ..below.clone()
    };
    let photos = |config: &Config, resume| {
        let mut found = None;
        let outcome = run(config, resume, &mut |_, event| {
            if let Event::Started { photos, skipped, .. } = event {
                found = Some((*photos, *skipped));
            }
        });
        outcome.unwrap();
        found
    };
    assert_eq!(
        photos(&below, false),
        photos(&longer, true),
        "no sample is among them"
    );
    let of_samples = Config {
        photos: below.out.join("samples"),
        ..longer
    };
    let refused = quietly(&of_samples, true).unwrap_err();
    assert!(matches!(*refused, Error::OwnSamples { .. }), "{refused}");
}

#[cfg(target_os = "linux")]
#[test]
fn where_the_disk_was_full_at_the_start_the_same_run_can_be_begun_again() {
    let folder = TempDir::new().unwrap();
    let config = Config {
        steps: Some(1),
        ..config(folder.path())
    };
    fs::create_dir(&config.out).unwrap();
    let log = config.out.join("log.jsonl");
    std::os::unix::fs::symlink("/dev/full", &log).unwrap();
    let refused = quietly(&config, false).unwrap_err().to_string();
    assert!(
        refused.contains("No space left") && refused.contains("begin again"),
        "{refused}"
    );
    fs::remove_file(&log).unwrap();
    fs::write(&log, "").unwrap();
    let refused = quietly(&config, true).unwrap_err().to_string();
    assert!(refused.contains("without --resume"), "what to do: {refused}");
    assert_eq!(quietly(&config, false).unwrap().step, 1);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_the_run_with_one_clear_line_and_loses_nothing() {
    let folder = TempDir::new().unwrap();
    let config = Config {
        steps: Some(1),
        ..config(folder.path())
    };
    quietly(&config, false).unwrap();
    let log = config.out.join("log.jsonl");
    fs::remove_file(&log).unwrap();
    std::os::unix::fs::symlink("/dev/full", &log).unwrap();
    let longer = Config {
        steps: Some(2),
        ..config
    };
    let refused = quietly(&longer, true).unwrap_err().to_string();
    assert!(
        refused.contains("No space left") && refused.contains("--resume"),
        "{refused}"
    );
    fs::remove_file(&log).unwrap();
    assert_eq!(quietly(&longer, true).unwrap().step, 2, "the run is still whole");
}
