#![doc = include_str!("ARCHITECTURE.md")]

pub mod progress;

pub mod imaging;

pub mod document;

pub mod jobs;
