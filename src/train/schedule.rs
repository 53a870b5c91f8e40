//! Which stage a step belongs to, at which rate, and when a run is over: a pure function of how far it is.

use std::f64::consts::PI;

use super::{Config, Decay, Phase, Stage};

/// Share of its rate that the last stage ends with.
const LAST_SHARE: f64 = 0.05;

/// Where a run is in its schedule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moment {
    /// The stage.
    pub phase: Phase,
    /// Learning rate.
    pub rate: f64,
    /// How much is done, 0 to 1; 0 where the run has no end.
    pub progress: f64,
}

impl Moment {
    /// Where a run is after `step` steps and `elapsed_s` seconds of training.
    pub(super) fn of(config: &Config, step: u64, elapsed_s: f64) -> Self {
        let of_steps = config
            .steps
            .map_or(0.0, |steps| step as f64 / steps.max(1) as f64);
        let of_time = config.minutes.map_or(0.0, |minutes| elapsed_s / (60.0 * minutes));
        let progress = of_steps.max(of_time).min(1.0);
        let phase = match config.stage {
            Stage::One => Phase::One,
            Stage::Two => Phase::Two,
            Stage::Both if progress >= 1.0 - config.fine_tune_share => Phase::Two,
            Stage::Both => Phase::One,
        };
        let warm_up = (step + 1) as f64 / config.warm_up_steps.max(1) as f64;
        let rate = stage_rate(config, phase, progress) * warm_up.min(1.0);
        Self {
            phase,
            rate,
            progress,
        }
    }

    /// Whether the run is over.
    pub(super) fn is_over(&self) -> bool {
        self.progress >= 1.0
    }
}

/// The rate of a stage after `progress` of the run, warm-up aside.
fn stage_rate(config: &Config, phase: Phase, progress: f64) -> f64 {
    let from = match phase {
        Phase::One => config.learning_rate,
        Phase::Two => config.fine_tune_rate,
    };
    if config.decay == Decay::None {
        return from;
    }
    let tuned_from = 1.0 - config.fine_tune_share;
    let (in_stage, to) = match (config.stage, phase) {
        (Stage::Both, Phase::One) => (progress / tuned_from, config.fine_tune_rate),
        (Stage::Both, Phase::Two) => (
            (progress - tuned_from) / config.fine_tune_share.max(1e-9),
            LAST_SHARE * from,
        ),
        (Stage::One | Stage::Two, _) => (progress, LAST_SHARE * from),
    };
    to + (from - to) * 0.5 * (1.0 + (PI * in_stage).cos())
}

/// Seconds until the end at `steps_per_s`, where there is one: whichever of steps and minutes is over first.
pub(super) fn seconds_left(config: &Config, step: u64, elapsed_s: f64, steps_per_s: f64) -> Option<f64> {
    let by_steps = config
        .steps
        .map(|steps| steps.saturating_sub(step) as f64 / steps_per_s.max(1e-9));
    let by_time = config
        .minutes
        .map(|minutes| (60.0 * minutes - elapsed_s).max(0.0));
    match (by_steps, by_time) {
        (Some(steps), Some(time)) => Some(steps.min(time)),
        (steps, time) => steps.or(time),
    }
}

#[cfg(test)]
mod tests {
    use super::{Moment, seconds_left};
    use crate::train::{Config, Decay, Phase, Stage};

    /// A hundred steps of both stages, the second from 75 on, without warm-up.
    fn both() -> Config {
        Config {
            steps: Some(100),
            fine_tune_share: 0.25,
            warm_up_steps: 0,
            ..Config::default()
        }
    }

    #[test]
    fn the_last_share_of_the_steps_is_fine_tuning_at_the_papers_rates_without_decay() {
        let config = Config {
            decay: Decay::None,
            ..both()
        };
        let at = |step| Moment::of(&config, step, 0.0);
        assert_eq!((at(74).phase, at(74).rate), (Phase::One, config.learning_rate));
        assert_eq!((at(75).phase, at(75).rate), (Phase::Two, config.fine_tune_rate));
        assert!(!at(99).is_over() && at(100).is_over(), "100 steps");
        assert_eq!(seconds_left(&config, 90, 0.0, 2.0), Some(5.0));
    }

    #[test]
    fn rates_fall_from_one_stage_to_the_next_without_a_jump() {
        let config = both();
        let rate = |step| Moment::of(&config, step, 0.0).rate;
        assert_eq!(rate(0), config.learning_rate);
        assert!((rate(75) - config.fine_tune_rate).abs() < 1e-12, "{}", rate(75));
        assert!(
            (rate(100) - 0.05 * config.fine_tune_rate).abs() < 1e-12,
            "{}",
            rate(100)
        );
        let rates = (0..=100).map(rate).collect::<Vec<_>>();
        assert!(rates.is_sorted_by(|before, after| before > after), "{rates:?}");
        let alone = Config {
            stage: Stage::Two,
            ..both()
        };
        assert_eq!(Moment::of(&alone, 0, 0.0).rate, alone.fine_tune_rate);
    }

    #[test]
    fn the_first_steps_are_small_ones_and_a_run_without_end_keeps_its_rate() {
        let config = Config {
            warm_up_steps: 10,
            ..Config::default()
        };
        let share = |step| Moment::of(&config, step, 0.0).rate / config.learning_rate;
        assert!((share(0) - 0.1).abs() < 1e-12, "{}", share(0));
        assert!((share(4) - 0.5).abs() < 1e-12, "{}", share(4));
        assert_eq!((share(9), share(100_000)), (1.0, 1.0));
    }

    #[test]
    fn whichever_of_steps_and_minutes_ends_first_ends_the_run() {
        let config = Config {
            steps: Some(100),
            minutes: Some(1.0),
            ..Config::default()
        };
        assert!(Moment::of(&config, 3, 60.0).is_over(), "a minute");
        assert_eq!(seconds_left(&config, 0, 50.0, 1.0), Some(10.0));
        assert_eq!(seconds_left(&Config::default(), 5, 5.0, 1.0), None, "no end");
    }
}
