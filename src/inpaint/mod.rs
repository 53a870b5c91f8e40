//! Removing things from photos.

pub mod options;
pub mod plan;

pub use options::{Detail, Options, Strategy};
