//! A whole run.

use std::path::PathBuf;

use super::{Comparison, Config, Control, Error, Event, Reason};
use crate::progress::Progress;

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Why.
    pub reason: Reason,
    /// Steps made in all.
    pub step: u64,
    /// The finished weights.
    pub weights: PathBuf,
    /// Old against new weights, where there are held-out photos.
    pub report: Option<Comparison>,
}

/// Trains as `config` says, or goes on with the run in `config.out`.
///
/// Everything before the first step is reported to `progress`, which can cancel it; a cancellation later finishes
/// the step and saves, as [`Control::stop`] does. `on_event` is called on this thread.
pub fn run(
    config: &Config,
    _resume: bool,
    _control: &Control,
    _on_event: &mut dyn FnMut(Event),
    progress: &dyn Progress,
) -> Result<Outcome, Error> {
    if let Some(problem) = config.problem() {
        return Err(Error::Config(problem));
    }
    progress.stage("Reading photos")?;
    Err(Error::Photos {
        folder: config.photos.clone(),
        why: "this build cannot read them yet".to_owned(),
    })
}
