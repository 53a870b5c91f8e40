#![doc = include_str!("ARCHITECTURE.md")]

pub mod progress;

pub mod imaging;

pub mod nn;

pub mod data;

pub mod inpaint;

pub mod document;

pub mod jobs;

pub mod settings;

pub mod cli;

#[cfg(feature = "gui")]
pub mod app;
