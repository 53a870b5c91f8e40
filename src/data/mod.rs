//! What the network is trained and measured on: photos from a folder, and holes.
//!
//! [`Folder`] finds the photos, a [`Split`] holds some of them back for measuring, [`holes`] makes masks or reads them,
//! and [`Loader`] decodes, crops and pairs all of it in the background. Everything here is plain numbers: no tensor,
//! no window. Every draw comes from a seed, so the same photos give the same batches again.

mod folder;
pub mod holes;
mod loader;
mod picture;
mod split;

pub use folder::{
    Folder, MIN_SIDE, NoPhotos, PhotoFile, ScanError, Skipped, TRAINING_CONFIG, TRAINING_LOCK, TRAINING_LOG,
    files, fingerprint,
};
pub use loader::{Batch, Loader, LoaderError, LoaderOptions, center, kept_bytes};
pub use split::Split;
