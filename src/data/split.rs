//! Photos held back from training, to measure on.
//!
//! Which ones depends on each photo alone: on what its file holds, not on its name, its place or its neighbours. Of a
//! large folder a smaller share is kept back, but always out of what a smaller folder would keep back. So photos can be
//! added and renamed between trainings, and none that was trained on is ever measured on.

use super::PhotoFile;
use crate::imaging::random::Random;

/// One photo out of so many is kept back: few photos give up more of themselves, or there is nothing to measure on.
const fn share(photos: usize) -> u64 {
    match photos {
        0..40 => 4,
        40..150 => 8,
        _ => 16,
    }
}

/// Splits photos into those to train on, in their order, and at most `held_out` to measure on.
///
/// With `held_out` above 0 about one photo in sixteen is kept back (one in eight of fewer than 150, one in four of fewer
/// than 40), whatever `held_out` is; what is beyond it is used for neither. Only where that keeps back none of at least two photos, one is taken after all, and then another
/// may take its place when photos are added. 0 trains on everything.
pub fn split(photos: &[PhotoFile], held_out: usize, seed: u64) -> (Vec<PhotoFile>, Vec<PhotoFile>) {
    if held_out == 0 {
        return (photos.to_vec(), Vec::new());
    }
    let rank = |photo: &PhotoFile| Random::keyed(seed, [photo.fingerprint, 0, 0, 0]).next_u64();
    let lowest = photos.iter().map(rank).min().unwrap_or(0);
    let limit = match photos.len() {
        0 | 1 => 0,
        _ => (u64::MAX / share(photos.len())).max(lowest.saturating_add(1)),
    };
    let (mut held, train): (Vec<_>, Vec<_>) = photos.iter().cloned().partition(|photo| rank(photo) < limit);
    if train.is_empty() {
        // Every one of very few photos: the last is needed to train on.
        let last = held.pop();
        return (last.into_iter().collect(), held);
    }
    held.sort_by_key(rank);
    held.truncate(held_out);
    (train, held)
}
