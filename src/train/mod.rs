//! Training on a photographer's own photos: configuration, the trainer, the loop around it, checkpoints.
//!
//! [`run()`] is the one entry, for the window and for the command line: it takes a [`Config`], listens to a
//! [`Control`] between steps and tells what happens as [`Event`]s. The trainer itself takes one batch and makes one
//! step; it does no input or output and owns no thread. A run that is resumed equals one that was never broken, bit
//! for bit, on the CPU.

mod checkpoint;
mod config;
mod control;
mod error;
mod estimate;
mod event;
mod finish;
mod gradient_check;
mod held_out;
mod initial;
mod keep;
pub mod library;
mod meter;
mod output;
mod run;
mod schedule;
mod start;
mod threads;
pub mod trainer;

pub use config::{Config, Decay, Stage, Start};
pub use control::{Control, Hold};
pub use error::Error;
pub use estimate::{Estimate, estimate};
pub use event::{BucketScore, Comparison, Event, LossValues, Phase, Reason, Sample, Score};
pub use gradient_check::{CheckedGradients, difference as gradient_difference};
pub use initial::he;
pub use output::{can_resume, config_file, is_being_trained, log_file};
pub use run::{Outcome, run};
