//! What is resumed equals what was never broken off, and what goes wrong is told.

use std::{collections::BTreeMap, fs, path::Path};

use lacuna::{
    data::{Folder, Split},
    nn::{Convolution, DeviceChoice, Network, NetworkError, weights},
    progress::Silent,
    train::{self, Config, Control, Decay, Error, Event, Outcome, Phase, Reason, library},
};
use tempfile::TempDir;

use crate::tiny_training::{self, config, features};

pub(super) fn run(
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

pub(super) fn quietly(config: &Config, resume: bool) -> Result<Outcome, Box<Error>> {
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
