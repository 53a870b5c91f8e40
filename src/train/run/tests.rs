//! What only happens where numbers go wrong, which no photo brings about at a given step.

#[path = "../../../tests/support/tiny_training.rs"]
mod tiny_training;

use candle_core::Tensor;
use tempfile::TempDir;

use super::{Config, Control, Event, MOST_RETREATS, Reason, Run};
use crate::progress::Silent;

/// Does `work` with a run that has begun, and gives what the run told.
fn with_run(config: &Config, resume: bool, work: impl FnOnce(&mut Run<'_>)) -> Vec<Event> {
    let control = Control::default();
    let mut events = Vec::new();
    let mut on_event = |event| events.push(event);
    let (mut run, saved) = Run::open(config, resume, &control, &mut on_event, &Silent).unwrap();
    run.begin(saved).unwrap();
    work(&mut run);
    drop(run);
    events
}

fn make_steps(run: &mut Run<'_>, count: u64) {
    for _ in 0..count {
        run.step(run.moment()).unwrap();
        assert!(run.report().unwrap(), "a good loss");
    }
}

/// Makes a weight no number.
fn spoil(run: &mut Run<'_>) {
    let mut state = run.trainer.state().unwrap();
    for tensor in state.tensors.values_mut().take(1) {
        *tensor = Tensor::full(f32::NAN, tensor.shape(), tensor.device()).unwrap();
    }
    run.trainer.restore(&state).unwrap();
}

#[test]
fn weights_that_go_wrong_again_and_again_end_the_run_and_those_that_get_further_do_not() {
    let folder = TempDir::new().unwrap();
    let config = Config {
        steps: None,
        ..tiny_training::config(folder.path())
    };
    with_run(&config, false, |run| {
        for round in 1..=MOST_RETREATS {
            make_steps(run, 3);
            let elapsed_s = run.position.elapsed_s;
            spoil(run);
            run.settle().unwrap();
            assert_eq!((run.retreats, run.position.step), (round, 0));
            assert!(run.position.elapsed_s >= elapsed_s, "time that was lost is time");
        }
        make_steps(run, 2);
        run.settle().unwrap();
        assert_eq!(
            (run.retreats, run.saved_step),
            (MOST_RETREATS, Some(2)),
            "so far it came every time"
        );
        make_steps(run, 1);
        run.settle().unwrap();
        assert_eq!((run.retreats, run.saved_step), (0, Some(3)), "past it");
    });
    let begun = Config {
        out: folder.path().join("again"),
        ..config
    };
    with_run(&begun, false, |run| {
        run.retreats = MOST_RETREATS;
        make_steps(run, 1);
        spoil(run);
        run.settle().unwrap();
        assert_eq!(run.train().unwrap(), Reason::Diverged);
    });
}

#[test]
fn a_run_whose_last_weights_are_no_numbers_goes_back_and_makes_its_steps() {
    let folder = TempDir::new().unwrap();
    let config = Config {
        steps: Some(3),
        ..tiny_training::config(folder.path())
    };
    let events = with_run(&config, false, |run| {
        make_steps(run, 3);
        spoil(run);
        assert_eq!(run.train().unwrap(), Reason::Complete);
        assert_eq!((run.position.step, run.retreats), (3, 0));
        assert_eq!(run.finish(Reason::Complete).unwrap().step, 3);
    });
    let went_back = events
        .iter()
        .filter(|event| matches!(event, Event::Notice { text } if text.contains("half the learning rate")));
    assert_eq!(went_back.count(), 1, "{events:?}");
}

#[test]
fn the_best_weights_stay_the_best_for_a_run_that_goes_back_or_goes_on() {
    let folder = TempDir::new().unwrap();
    let config = tiny_training::config(folder.path());
    let low = Some(1e-9);
    with_run(&config, false, |run| {
        assert!(run.position.best_loss > low, "{:?}", run.position.best_loss);
        // As a measurement after the last checkpoint does.
        run.position.best_loss = low;
        run.write_weights(&run.output.best(), "good".to_owned(), low)
            .unwrap();
        run.retreat().unwrap();
        assert_eq!(run.position.best_loss, low, "gone back");
    });
    with_run(&config, true, |run| {
        assert_eq!(run.position.best_loss, low, "gone on after a crash");
        run.evaluate().unwrap();
        assert!(!run.is_best, "worse weights");
    });
}
