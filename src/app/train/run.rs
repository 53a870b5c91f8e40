//! A training run as the tab shows it: what is known of it. [`Run::take`] puts it together from events.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
};

use super::curves::Curves;
use crate::train::{Comparison, LossValues, Phase, Reason};

/// Lines of the log that are kept.
pub(super) const LOG_LINES: usize = 200;

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
    /// Memory of the GPU in use, where the device tells.
    pub device_memory_mib: Option<f64>,
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
        /// The weights it made, until they are deleted.
        weights: Option<PathBuf>,
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

    /// It is over.
    pub fn finish(&mut self, end: End) {
        self.activity = Activity::Ended;
        self.end = Some(end);
    }

    /// Whether it goes on, paused or not.
    pub fn is_running(&self) -> bool {
        self.activity != Activity::Ended
    }

    /// Whether it can be stopped, while it prepares too.
    pub const fn can_stop(&self) -> bool {
        !matches!(self.activity, Activity::Stopping | Activity::Ended)
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
            Some(End::Finished { weights, .. }) => weights.as_ref(),
            _ => None,
        }
    }

    /// Offers the weights that it made no more if they lie there: they are deleted.
    pub(in crate::app) fn forget_weights(&mut self, path: &Path) {
        if let Some(End::Finished { weights, .. }) = &mut self.end {
            *weights = weights.take().filter(|weights| weights != path);
        }
    }

    /// Where everything of it lies, for when that is moved.
    pub(in crate::app) fn paths_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let weights = match &mut self.end {
            Some(End::Finished { weights, .. }) => weights.as_mut(),
            _ => None,
        };
        std::iter::once(&mut self.out).chain(weights)
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
}

/// Why a run ended, as a person would say it.
pub const fn reason_words(reason: Reason) -> &'static str {
    match reason {
        Reason::Complete => "finished",
        Reason::Stopped | Reason::Cancelled => "stopped, everything is saved",
        Reason::Diverged => "ended because the loss was no number again and again",
    }
}
