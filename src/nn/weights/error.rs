//! Why a weights file can be refused: one line each, that names the tensor or the byte.

/// Why a weights file was refused.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The file could not be read at all.
    #[error("it cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// It ends early.
    #[error("it is cut off: it ends at byte {len}, its header needs {needed}; fetch it again")]
    Truncated {
        /// Bytes there are.
        len: usize,
        /// Bytes there must be.
        needed: u64,
    },
    /// It goes on where it should end.
    #[error("it has {len} bytes where its header needs {needed}")]
    TrailingBytes {
        /// Bytes there are.
        len: usize,
        /// Bytes there must be.
        needed: u64,
    },
    /// It is no safetensors file.
    #[error("it is not a safetensors file ({0}); other projects' checkpoints go through `lacuna convert`")]
    NotSafetensors(String),
    /// It is a safetensors file of something else.
    #[error("its metadata has {key} = {found} where {expected} is needed; is it a file of another network?")]
    Metadata {
        /// Key in the metadata.
        key: &'static str,
        /// What is there.
        found: String,
        /// What is needed.
        expected: String,
    },
    /// A tensor that the network needs is not there.
    #[error("tensor {0} is missing")]
    Missing(String),
    /// A tensor that the network does not have is there.
    #[error("tensor {0} does not belong to this network")]
    Extra(String),
    /// A tensor has the wrong size.
    #[error("tensor {name} has shape {found:?}, it should be {expected:?}")]
    Shape {
        /// Its name.
        name: String,
        /// Shape in the file.
        found: Vec<usize>,
        /// Shape that the network needs.
        expected: Vec<usize>,
    },
    /// A tensor has a type that is not supported.
    #[error("tensor {name} has type {found}, it should be F16 or F32")]
    Type {
        /// Its name.
        name: String,
        /// Type in the file.
        found: String,
    },
    /// A tensor holds a value that is no number.
    #[error("tensor {name} holds {value} at position {position}")]
    NotFinite {
        /// Its name.
        name: String,
        /// NaN or an infinity.
        value: f32,
        /// Index of the first such value.
        position: usize,
    },
    /// A variance is below zero.
    #[error("tensor {name} holds a negative variance ({value}) at position {position}")]
    NegativeVariance {
        /// Its name.
        name: String,
        /// The value.
        value: f32,
        /// Index of the first such value.
        position: usize,
    },
}
