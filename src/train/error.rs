//! Why a run could not begin or had to end. Each is one line: what happened, why, what to do.

use std::path::PathBuf;

use crate::{
    data::{LoaderError, holes::FolderError},
    nn::{NetworkError, WeightsError},
    progress::Cancelled,
};

/// Why a run could not begin or had to end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A value of the configuration makes no sense.
    #[error("{0}")]
    Config(String),
    /// The folder of photos cannot be used.
    #[error("the photos in {folder} cannot be used: {why}")]
    Photos {
        /// The folder.
        folder: PathBuf,
        /// Why, and what to do.
        why: String,
    },
    /// There is no photo that can be used, in words of the folder's own.
    #[error("{0}")]
    NoPhotos(String),
    /// A batch could not be made.
    #[error(transparent)]
    Loader(#[from] LoaderError),
    /// The photos went away while the run went on.
    #[error(
        "{why}; what was learned is saved at step {step}: bring the photos back, then go on with --resume"
    )]
    PhotosGone {
        /// Steps made in all.
        step: u64,
        /// Which, in words of the loader's.
        why: String,
    },
    /// The folder of masks cannot be used.
    #[error(transparent)]
    Masks(#[from] FolderError),
    /// The output folder already holds a run.
    #[error("{0} already holds a training run: go on with it (--resume) or choose another folder")]
    OutNotEmpty(PathBuf),
    /// The output folder already holds something else.
    #[error("{0} already holds weights or files of another program: choose another folder")]
    OutTaken(PathBuf),
    /// Two programs would write over each other's work.
    #[error("the run in {0} is being trained by another Lacuna: wait until it ends, or stop it")]
    BeingTrained(PathBuf),
    /// Pictures that training makes would be among those it learns from.
    #[error("with results in {out} training would learn from its own sample pictures: choose another folder")]
    OwnSamples {
        /// The output folder.
        out: PathBuf,
    },
    /// There is no run to go on with.
    #[error("there is no training run in {0} that was saved: begin one without --resume")]
    NothingSaved(PathBuf),
    /// The run cannot go on.
    #[error("{folder} cannot be resumed: {why}; start a new run in another folder")]
    Resume {
        /// The output folder.
        folder: PathBuf,
        /// Why.
        why: String,
    },
    /// Something could not be written.
    #[error(
        "{what} cannot be written to {path}: {why}; free some space or mend the folder, then go on with --resume, or begin \
         again where nothing was saved yet"
    )]
    Write {
        /// What.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The weights to start from were refused.
    #[error("the weights {source_name} cannot be used: {error}")]
    Weights {
        /// The path, or `built-in`.
        source_name: String,
        /// Why.
        #[source]
        error: Box<WeightsError>,
    },
    /// The feature network was refused.
    #[error("the feature network {source_name} cannot be used: {why}")]
    Features {
        /// The path, or `built-in`.
        source_name: String,
        /// Why.
        why: String,
    },
    /// The device computes other gradients than the CPU.
    #[error("{device} computes wrong gradients ({why}): train on the CPU (--device cpu)")]
    WrongGradients {
        /// Name of the device.
        device: String,
        /// Which, and how far off.
        why: String,
    },
    /// The network could not be run.
    #[error(transparent)]
    Network(Box<NetworkError>),
    /// A tensor operation failed.
    #[error("training failed on {device}: {error}")]
    Compute {
        /// Name of the device.
        device: String,
        /// Why.
        #[source]
        error: candle_core::Error,
    },
    /// Somebody asked to stop before the first step.
    #[error("cancelled")]
    Cancelled(#[from] Cancelled),
}

impl From<NetworkError> for Error {
    fn from(error: NetworkError) -> Self {
        Self::Network(Box::new(error))
    }
}
