//! The command line as other programs call it: exit codes, what stands on stdout, one line per error, and that a
//! refused or cancelled run leaves no half-made file.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod attempt;
mod batch;
mod batch_pairs;
mod bench;
mod candidates;
mod convert;
mod devices;
mod eval;
mod general;
#[path = "../support/golden.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod golden;
mod holes;
mod inpaint;
mod install;
mod keep_out;
mod sample;
mod saving;
mod support;
#[path = "../support/tiny_network.rs"]
mod tiny_network;
#[path = "../support/tiny_training.rs"]
mod tiny_training;
mod train;
mod upscale;
