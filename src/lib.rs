#![doc = include_str!("ARCHITECTURE.md")]
// It panics where stderr was closed, and the work in progress is lost.
#![warn(clippy::print_stderr)]

// What tests share names this library as tests do.
#[cfg(test)]
extern crate self as lacuna;

pub mod progress;

pub mod imaging;

pub mod nn;

pub mod data;

pub mod train;

pub mod inpaint;

pub mod document;

pub mod jobs;

pub mod settings;

pub mod cli;

#[cfg(feature = "gui")]
pub mod app;
