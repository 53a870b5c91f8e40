//! Which stage a step belongs to, at which rate, and when a run is over: a pure function of how far it is.

use super::{Config, Phase, Stage};

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
        let rate = match phase {
            Phase::One => config.learning_rate,
            Phase::Two => config.fine_tune_rate,
        };
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
    use crate::train::{Config, Phase};

    #[test]
    fn the_last_share_of_the_steps_is_fine_tuning_at_the_lower_rate() {
        let config = Config {
            steps: Some(100),
            fine_tune_share: 0.25,
            ..Config::default()
        };
        let at = |step| Moment::of(&config, step, 0.0);
        assert_eq!((at(74).phase, at(74).rate), (Phase::One, config.learning_rate));
        assert_eq!((at(75).phase, at(75).rate), (Phase::Two, config.fine_tune_rate));
        assert!(!at(99).is_over() && at(100).is_over(), "100 steps");
        assert_eq!(seconds_left(&config, 90, 0.0, 2.0), Some(5.0));
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
