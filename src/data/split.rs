//! Photos held back from training, to measure on.

use super::PhotoFile;

/// Splits photos into those to train on and at most `held_out` to measure on, by what the files hold.
pub fn split(photos: &[PhotoFile], held_out: usize, _seed: u64) -> (Vec<PhotoFile>, Vec<PhotoFile>) {
    let held_out = held_out.min(photos.len() / 2);
    (photos[held_out..].to_vec(), photos[..held_out].to_vec())
}
