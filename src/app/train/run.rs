//! A training run as the tab shows it, put together from its events alone.
//!
//! The same events come from a run that goes on and from the log of one that was broken off, so curves and numbers
//! are there again after a restart.

use std::{collections::VecDeque, path::PathBuf};

use super::curves::Curves;
use crate::train::{Comparison, Event, LossValues, Phase, Reason};

/// Lines of the log that are kept.
const LOG_LINES: usize = 200;

/// What a run is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// Photos are read and networks loaded.
    Preparing,
    /// Steps are made.
    Training,
    /// Nothing happens until it is resumed; the model stays loaded.
    Paused,
    /// It was asked to stop and saves.
    Stopping,
    /// It is over, or was broken off.
    Ended,
}

/// What is known once everything is loaded.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// Photos that are trained on.
    pub photos: usize,
    /// Photos that are measured on.
    pub held_out: usize,
    /// Numbers that are learned.
    pub parameters: usize,
    /// Name of the device.
    pub device: String,
    /// Name of the feature network.
    pub features: String,
}

/// The latest steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Now {
    /// The stage of training.
    pub phase: Phase,
    /// Squares per second.
    pub images_per_s: f64,
    /// Seconds until the end, where there is one.
    pub seconds_left: Option<f64>,
    /// How much is done, 0 to 1; 0 where there is no end.
    pub progress: f64,
    /// The losses.
    pub loss: LossValues,
    /// The learning rate.
    pub rate: f64,
}

/// A measurement on the held-out photos.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// After this step.
    pub step: u64,
    /// The loss.
    pub loss: f64,
    /// Decibels.
    pub psnr: f64,
    /// Whether no earlier loss was lower.
    pub is_best: bool,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// As it should.
    Finished {
        /// Why.
        reason: Reason,
        /// The weights it made.
        weights: PathBuf,
        /// Old against new weights.
        report: Option<Comparison>,
    },
    /// It failed, and why.
    Failed(String),
    /// The program ended before it did.
    BrokenOff,
}

/// A run.
#[derive(Debug, Clone)]
pub struct Run {
    /// Where its results lie; empty until that is decided.
    pub out: PathBuf,
    /// What it is doing.
    pub activity: Activity,
    /// Steps made in all.
    pub step: u64,
    /// What is known once everything is loaded.
    pub facts: Option<Facts>,
    /// The latest steps.
    pub now: Option<Now>,
    /// Memory of the whole program, where the system tells.
    pub memory_mib: Option<f64>,
    /// The losses over the steps.
    pub curves: Curves,
    /// Measurements, oldest first.
    pub measured: Vec<Measured>,
    /// What the weights that it started from reach.
    pub old_psnr: Option<f64>,
    /// The step of the last checkpoint.
    pub saved_step: Option<u64>,
    /// What happened, oldest first.
    pub log: VecDeque<String>,
    /// How it ended.
    pub end: Option<End>,
}

impl Run {
    /// A run that has told nothing yet.
    pub fn new(out: PathBuf) -> Self {
        Self {
            out,
            activity: Activity::Preparing,
            step: 0,
            facts: None,
            now: None,
            memory_mib: None,
            curves: Curves::default(),
            measured: Vec::new(),
            old_psnr: None,
            saved_step: None,
            log: VecDeque::new(),
            end: None,
        }
    }

    /// Takes in what the run told.
    pub fn take(&mut self, event: Event) {
        match event {
            Event::Started {
                photos,
                held_out,
                skipped,
                parameters,
                device,
                features,
                start_step,
                ..
            } => {
                self.begin(start_step);
                self.note(started_line(photos, held_out, skipped, start_step));
                self.facts = Some(Facts {
                    photos,
                    held_out,
                    parameters,
                    device,
                    features,
                });
            }
            Event::Step {
                step,
                stage,
                images_per_s,
                seconds_left,
                progress,
                loss,
                rate,
            } => {
                if step <= self.step {
                    // It went back to a checkpoint.
                    self.curves.truncate(step.saturating_sub(1));
                }
                self.step = step;
                self.curves.push(step, &loss);
                self.now = Some(Now {
                    phase: stage,
                    images_per_s,
                    seconds_left,
                    progress,
                    loss,
                    rate,
                });
            }
            Event::HeldOut {
                step,
                loss,
                psnr,
                old_psnr,
                is_best,
            } => {
                self.old_psnr = old_psnr.or(self.old_psnr);
                self.measured.push(Measured {
                    step,
                    loss,
                    psnr,
                    is_best,
                });
                let best = if is_best { ", the best so far" } else { "" };
                self.note(format!("Step {step}: held-out photos {psnr:.2} dB{best}"));
            }
            Event::Samples { step, .. } => self.note(format!("Step {step}: samples refreshed")),
            Event::Checkpoint { step, .. } => {
                self.saved_step = Some(step);
                self.note(format!("Step {step}: checkpoint saved"));
            }
            Event::Notice { text } => self.note(text),
            Event::Paused => {
                self.switch(Activity::Paused);
                self.note(format!("Step {}: paused", self.step));
            }
            Event::Resumed => {
                self.switch(Activity::Training);
                self.note(format!("Step {}: going on", self.step));
            }
            Event::Finished {
                reason,
                step,
                weights,
                report,
            } => {
                self.step = step;
                self.note(format!("Step {step}: {}", reason_words(reason)));
                self.finish(End::Finished {
                    reason,
                    weights,
                    report,
                });
            }
        }
    }

    /// It is over.
    pub fn finish(&mut self, end: End) {
        self.activity = Activity::Ended;
        self.end = Some(end);
    }

    /// Whether it goes on, paused or not.
    pub fn is_running(&self) -> bool {
        self.activity != Activity::Ended
    }

    /// The best measurement so far.
    pub fn best(&self) -> Option<Measured> {
        self.measured
            .iter()
            .rev()
            .find(|measured| measured.is_best)
            .copied()
    }

    /// The weights that it made, once it has ended.
    pub fn weights(&self) -> Option<&PathBuf> {
        match &self.end {
            Some(End::Finished { weights, .. }) => Some(weights),
            _ => None,
        }
    }

    /// Old against new weights, once it has ended.
    pub fn report(&self) -> Option<&Comparison> {
        match &self.end {
            Some(End::Finished { report, .. }) => report.as_ref(),
            _ => None,
        }
    }

    /// Adds a line to the log.
    pub fn note(&mut self, line: String) {
        if self.log.len() >= LOG_LINES {
            self.log.pop_front();
        }
        self.log.push_back(line);
    }

    /// Steps begin. What a broken run did after its last checkpoint is done again, so it is forgotten here.
    fn begin(&mut self, start_step: u64) {
        self.switch(Activity::Training);
        self.end = None;
        self.step = start_step;
        self.curves.truncate(start_step);
        self.measured.retain(|measured| measured.step <= start_step);
    }

    /// What was asked for last counts: a run that is to stop does nothing else any more.
    fn switch(&mut self, activity: Activity) {
        if self.activity != Activity::Stopping {
            self.activity = activity;
        }
    }
}

fn started_line(photos: usize, held_out: usize, skipped: usize, start_step: u64) -> String {
    let begin = if start_step == 0 {
        "Started".to_owned()
    } else {
        format!("Going on at step {start_step}")
    };
    let skipped = if skipped == 0 {
        String::new()
    } else {
        format!(", {skipped} files skipped")
    };
    format!("{begin}: {photos} photos to learn from, {held_out} held out{skipped}")
}

/// Why a run ended, as a person would say it.
pub const fn reason_words(reason: Reason) -> &'static str {
    match reason {
        Reason::Complete => "finished",
        Reason::Stopped | Reason::Cancelled => "stopped, everything is saved",
        Reason::Diverged => "ended because the loss was no number again and again",
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{Activity, End, Run};
    use crate::{
        app::train::curves::Term,
        train::{Event, LossValues, Phase, Reason},
    };

    fn started(start_step: u64) -> Event {
        Event::Started {
            photos: 90,
            held_out: 10,
            skipped: 2,
            parameters: 8_000_000,
            device: "CPU (2 threads)".to_owned(),
            features: "built-in".to_owned(),
            start_step,
            estimate_memory_mib: 900.0,
        }
    }

    fn step(step: u64, total: f64) -> Event {
        Event::Step {
            step,
            stage: Phase::One,
            images_per_s: 3.0,
            seconds_left: Some(60.0),
            progress: 0.25,
            loss: LossValues {
                total,
                ..LossValues::default()
            },
            rate: 2e-4,
        }
    }

    #[test]
    fn events_move_curves_numbers_and_activity() {
        let mut run = Run::new(PathBuf::from("out"));
        assert_eq!(run.activity, Activity::Preparing);
        run.take(started(0));
        run.take(step(5, 3.0));
        run.take(step(10, 2.0));
        assert_eq!(run.activity, Activity::Training);
        assert_eq!(run.curves.points(Term::Total), [[5.0, 3.0], [10.0, 2.0]]);
        assert_eq!(run.now.as_ref().map(|now| now.images_per_s), Some(3.0));
        run.take(Event::Paused);
        assert_eq!(run.activity, Activity::Paused);
        run.take(Event::Resumed);
        assert_eq!(run.activity, Activity::Training);
        run.take(Event::Finished {
            reason: Reason::Complete,
            step: 10,
            weights: PathBuf::from("w"),
            report: None,
        });
        assert!(!run.is_running(), "it has ended");
        assert_eq!(run.weights(), Some(&PathBuf::from("w")));
    }

    #[test]
    fn steps_after_the_last_checkpoint_are_forgotten_when_a_broken_run_goes_on() {
        let mut run = Run::new(PathBuf::from("out"));
        run.take(started(0));
        for (number, total) in [(1, 5.0), (2, 4.0), (3, 3.0)] {
            run.take(step(number, total));
        }
        run.finish(End::BrokenOff);
        run.take(started(2));
        assert_eq!(run.curves.points(Term::Total), [[1.0, 5.0], [2.0, 4.0]]);
        assert!(run.is_running() && run.end.is_none(), "it goes on");
    }

    #[test]
    fn a_run_that_goes_back_to_a_checkpoint_draws_no_zigzag() {
        let mut run = Run::new(PathBuf::from("out"));
        run.take(started(0));
        for (number, total) in [(1, 5.0), (2, 4.0), (3, 9.0), (2, 3.5)] {
            run.take(step(number, total));
        }
        assert_eq!(run.curves.points(Term::Total), [[1.0, 5.0], [2.0, 3.5]]);
    }

    #[test]
    fn the_log_never_grows_without_end() {
        let mut run = Run::new(PathBuf::new());
        for number in 0..1000 {
            run.take(Event::Notice {
                text: format!("notice {number}"),
            });
        }
        assert!(run.log.len() <= super::LOG_LINES, "{}", run.log.len());
        assert_eq!(run.log.back().map(String::as_str), Some("notice 999"));
    }
}
