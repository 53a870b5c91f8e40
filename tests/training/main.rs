//! Whole runs of a tiny network.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod meanwhile;
mod refusals;
mod runs;
#[path = "../support/tiny_training.rs"]
mod tiny_training;
mod vgg;
#[path = "../support/vgg_file.rs"]
mod vgg_file;
