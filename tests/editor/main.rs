//! The document, driven by verbs as the window drives it. What can be undone must come back bit for bit.

mod again;
mod fills;
mod history;
mod painting;
mod support;
