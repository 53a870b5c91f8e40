//! The window, used by label and key as a person uses it, without a display and without a GPU.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod closing;
mod edit;
mod fill;
mod journal;
mod masks;
mod own_weights;
mod project;
mod saving;
mod support;
#[path = "../support/tiny_network.rs"]
mod tiny_network;
#[path = "../support/tiny_training.rs"]
mod tiny_training;
mod train;
#[path = "../support/vgg_file.rs"]
mod vgg_file;
mod wand;
