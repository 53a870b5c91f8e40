#![doc = include_str!("ARCHITECTURE.md")]

pub mod progress;

pub mod imaging;

#[cfg(feature = "gui")]
pub mod app;
