//! What is resumed equals what was never broken off, and what goes wrong is told.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use lacuna::{
    data::{Folder, Split},
    nn::{Convolution, DeviceChoice, Network, NetworkError, weights},
    progress::Silent,
    train::{self, Config, Control, Decay, Error, Event, Outcome, Phase, Reason, Start, library},
};
use tempfile::TempDir;

use crate::tiny_training::{self, config, features};

fn run(
    config: &Config,
    resume: bool,
    on_event: &mut dyn FnMut(&Control, &Event),
) -> Result<Outcome, Box<Error>> {
    let control = Control::default();
    train::run(
        config,
        resume,
        &control,
        &mut |event| on_event(&control, &event),
        &Silent,
    )
    .map_err(Box::new)
}

fn quietly(config: &Config, resume: bool) -> Result<Outcome, Box<Error>> {
    run(config, resume, &mut |_, _| {})
}

/// Every number in the checkpoint of a step.
fn checkpoint(out: &Path, step: u64) -> BTreeMap<String, Vec<u32>> {
    let path = out.join(format!("checkpoints/step-{step:08}.safetensors"));
    let tensors = candle_core::safetensors::load(path, &candle_core::Device::Cpu).unwrap();
    let bits = |tensor: candle_core::Tensor| {
        let values = tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        values.into_iter().map(f32::to_bits).collect()
    };
    tensors
        .into_iter()
        .map(|(name, tensor)| (name, bits(tensor)))
        .collect()
}

#[test]
fn a_resumed_run_equals_an_unbroken_one_bit_for_bit_with_any_number_of_threads() {
    let folder = TempDir::new().unwrap();
    let whole = Config {
        threads: Some(2),
        ..config(folder.path())
    };
    let outcome = quietly(&whole, false).unwrap();
    assert_eq!((outcome.reason, outcome.step), (Reason::Complete, 6));

    let broken = Config {
        out: folder.path().join("broken"),
        threads: Some(1),
        ..whole.clone()
    };
    let stopped = run(&broken, false, &mut |control, event| {
        if matches!(event, Event::HeldOut { step: 3, .. }) {
            control.stop();
        }
    });
    assert_eq!(
        (stopped.as_ref().unwrap().reason, stopped.unwrap().step),
        (Reason::Stopped, 3)
    );
    let mut start_step = None;
    let resumed = run(&broken, true, &mut |_, event| {
        if let Event::Started { start_step: step, .. } = event {
            start_step = Some(*step);
        }
    });
    assert_eq!((start_step, resumed.unwrap().step), (Some(3), 6));

    assert_ne!(
        checkpoint(&whole.out, 6),
        checkpoint(&broken.out, 3),
        "steps change something"
    );
    assert!(
        checkpoint(&whole.out, 6) == checkpoint(&broken.out, 6),
        "resumed and unbroken differ"
    );
}

#[test]
fn a_run_that_goes_on_shows_again_what_it_started_from() {
    let folder = TempDir::new().unwrap();
    let config = config(folder.path());
    let shown = |resume, stop_at| {
        let mut shown = Vec::new();
        run(&config, resume, &mut |control, event| match event {
            Event::Samples { step, pictures, .. } => shown.push((*step, pictures.clone())),
            Event::HeldOut { step, .. } if *step == stop_at => control.stop(),
            _ => {}
        })
        .unwrap();
        shown
    };
    let first = shown(false, 3);
    let again = shown(true, u64::MAX);
    let steps = again.iter().map(|(step, _)| *step).collect::<Vec<_>>();
    assert_eq!(
        steps.get(..2),
        Some(&[0, 3][..]),
        "the start, then where it goes on"
    );
    assert!(again[0] == first[0], "the start is filled as it was");
    assert!(again[0].1 != again[1].1, "steps change the fills");
}

#[test]
fn the_finished_weights_say_what_they_are_and_fill_photos() {
    let folder = TempDir::new().unwrap();
    let outcome = quietly(&config(folder.path()), false).unwrap();
    let file = weights::read(&outcome.weights).unwrap();
    let info = file.info();
    assert_eq!(
        (info.base_width, info.levels, info.steps, info.photos),
        (2, 5, Some(6), Some(6))
    );
    assert!(
        info.score.as_ref().unwrap().contains("2 held-out photos (before"),
        "{info:?}"
    );
    assert_eq!(
        info.trained_on.as_deref(),
        Some("6 photos in photos"),
        "where they lie is nobody's business"
    );
    assert_eq!(outcome.report.unwrap().buckets.len(), 6);
    let network = Network::open(Some(&outcome.weights), DeviceChoice::Cpu, &mut |_| {}).unwrap();
    let filled = network
        .inpaint(&[0.5; 3 * 64 * 64], &[1; 64 * 64], 64, 64)
        .unwrap();
    assert_eq!(filled.rgb, [0.5; 3 * 64 * 64], "nothing to fill");
    let listed = library::list(folder.path()).unwrap();
    let listed = listed.iter().find(|entry| entry.path == outcome.weights).unwrap();
    assert_eq!((listed.name.as_str(), listed.problem.clone()), ("out", None));
}

#[test]
fn weights_of_plain_convolutions_are_trained_alike_and_refused_for_photos() {
    let folder = TempDir::new().unwrap();
    let config = Config {
        convolution: Convolution::Plain,
        steps: Some(2),
        ..config(folder.path())
    };
    let outcome = quietly(&config, false).unwrap();
    let refused = Network::open(Some(&outcome.weights), DeviceChoice::Cpu, &mut |_| {});
    assert!(matches!(refused, Err(NetworkError::Plain { .. })), "{refused:?}");
    let file = weights::read(&outcome.weights).unwrap();
    let network = Network::load(&file, &candle_core::Device::Cpu).unwrap();
    assert!(
        network.inpaint(&[0.5; 12], &[1; 4], 2, 2).is_ok(),
        "to compare with"
    );
}

#[test]
fn a_loss_that_is_no_number_goes_back_and_at_last_gives_up_with_good_weights() {
    let folder = TempDir::new().unwrap();
    let config = Config {
        steps: Some(1_000_000),
        ..config(folder.path())
    };
    features(&folder.path().join("features.safetensors"), 1e18);
    let mut notices = Vec::new();
    let outcome = run(&config, false, &mut |_, event| {
        if let Event::Notice { text } = event {
            notices.push(text.clone());
        }
    });
    let outcome = outcome.unwrap();
    assert_eq!((outcome.reason, outcome.step), (Reason::Diverged, 0));
    assert_eq!(notices.len(), 6, "{notices:?}");
    assert!(
        notices.iter().all(|text| text.contains("half the learning rate")),
        "{notices:?}"
    );
    assert!(
        weights::read(&outcome.weights).is_ok(),
        "the weights before it went wrong"
    );
}

#[test]
fn a_report_names_the_stage_and_the_rate_of_the_step_that_was_made() {
    let folder = TempDir::new().unwrap();
    let config = Config {
        steps: Some(4),
        fine_tune_share: 0.25,
        decay: Decay::None,
        warm_up_steps: 0,
        evaluate_every_steps: 1,
        threads: Some(3),
        ..config(folder.path())
    };
    let (mut device_name, mut steps) = (String::new(), Vec::new());
    run(&config, false, &mut |_, event| match event {
        Event::Started { device, .. } => device_name.clone_from(device),
        Event::Step {
            step, stage, rate, ..
        } => steps.push((*step, *stage, *rate)),
        _ => {}
    })
    .unwrap();
    let one = |step| (step, Phase::One, config.learning_rate);
    assert_eq!(
        steps,
        [one(1), one(2), one(3), (4, Phase::Two, config.fine_tune_rate)],
        "each is told before it is measured"
    );
    assert_eq!(device_name, "CPU (3 threads)", "those that are used");
}

#[test]
fn a_run_that_goes_on_holds_out_what_it_did_whatever_became_of_its_photos_and_its_seed() {
    let folder = TempDir::new().unwrap();
    let begun = Config {
        photos: folder.path().join("many"),
        held_out: 8,
        steps: Some(1),
        ..config(folder.path())
    };
    tiny_training::photos(&begun.photos, 40);
    let found = || Folder::scan(&begun.photos, &Silent).unwrap().photos;
    let counts = |split: Split| {
        let (train, held_out) = split.parts(&found(), 7);
        (train.len(), held_out.len())
    };
    let split = Split::of(&found(), begun.seed);
    quietly(&begun, false).unwrap();
    // Of fewer than forty photos a new run holds out twice the share.
    for photo in 30..40 {
        fs::remove_file(begun.photos.join(format!("photo-{photo}.png"))).unwrap();
    }
    for (steps, seed) in [(2, begun.seed), (3, 5)] {
        let resumed = Config {
            steps: Some(steps),
            seed,
            ..begun.clone()
        };
        let mut told = None;
        run(&resumed, true, &mut |_, event| {
            if let Event::Started { photos, held_out, .. } = event {
                told = Some((*photos, *held_out));
            }
        })
        .unwrap();
        assert_eq!(told, Some(counts(split)), "seed {seed}");
        assert_ne!(
            told,
            Some(counts(Split::of(&found(), seed))),
            "a new split of seed {seed}"
        );
    }
}

#[test]
fn a_pause_is_told_and_what_is_asked_for_in_it_is_done() {
    let folder = TempDir::new().unwrap();
    let mut events = Vec::new();
    let outcome = run(&config(folder.path()), false, &mut |control, event| match event {
        Event::HeldOut { step: 3, .. } => control.pause(),
        Event::Paused => {
            events.push("paused");
            control.save_now();
        }
        Event::Checkpoint { step: 3, .. } => {
            events.push("saved");
            control.resume();
        }
        Event::Resumed => events.push("resumed"),
        _ => {}
    });
    assert_eq!(outcome.unwrap().step, 6);
    assert_eq!(events, ["paused", "saved", "resumed"]);
}

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
