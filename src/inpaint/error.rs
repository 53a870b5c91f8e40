//! Why a removal did not happen.

use crate::{nn::NetworkError, progress::Cancelled};

/// One clear line each: what happened, why, what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No pixel is marked.
    #[error("there is nothing to remove: the mask marks no pixel; paint what should go in white")]
    EmptyMask,
    /// Nothing is left to fill from.
    #[error(
        "nothing is left to fill from: the mask, widened by {grow_px} px, covers the whole photo; leave something unmasked"
    )]
    NothingValid {
        /// By how much it was widened.
        grow_px: u32,
    },
    /// Nothing may be copied from.
    #[error(
        "nothing is left to fill from: mask and keep-out area together cover the whole photo; leave something to copy from"
    )]
    AllKeptOut,
    /// Photo and mask are not the same size.
    #[error(
        "the mask does not fit: it has {}×{} pixels and the photo {}×{}; use a mask made for this photo",
        mask.0, mask.1, photo.0, photo.1
    )]
    SizeMismatch {
        /// Columns and rows of the photo.
        photo: (u32, u32),
        /// Columns and rows of the mask.
        mask: (u32, u32),
    },
    /// Somebody asked to stop.
    #[error("cancelled")]
    Cancelled(#[from] Cancelled),
    /// The network failed: on the CPU, or on another device for another reason than a lack of memory.
    #[error("filling failed: {error}{hint}", error = .0, hint = hint(.0))]
    Network(#[from] NetworkError),
    /// A fill of another size than its crop: a fault of this program.
    #[error("filling failed: a part came back in the wrong size; please report this as a bug")]
    WrongFill,
}

/// What to try after a failure of the network.
fn hint(error: &NetworkError) -> &'static str {
    match error {
        NetworkError::Compute { device, .. } if !device.starts_with("CPU") => {
            "; choose the CPU as the device"
        }
        _ => "",
    }
}
