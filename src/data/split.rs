//! Photos held back from training, to measure on.
//!
//! Which ones depends on each photo alone: on what its file holds, not on its name, its place or its neighbours. Of a
//! large folder a smaller share is kept back, but always out of what a smaller folder would keep back. So photos can be
//! added and renamed between trainings, and none that was trained on is ever measured on. A training that goes on keeps
//! its [`Split`], whatever became of its folder.

use serde::{Deserialize, Serialize};

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

/// Which photos are kept back: those whose rank is below a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// Where ranks are drawn from, each from this and what the photo holds.
    seed: u64,
    /// 0 keeps back nothing.
    limit: u64,
}

impl Split {
    /// The one that suits `photos`.
    ///
    /// About one photo in sixteen is kept back (one in eight of fewer than 150, one in four of fewer than 40). Only
    /// where that would be none or all of at least two photos, one of them changes sides, and then another may take its
    /// place when photos are added.
    pub fn of(photos: &[PhotoFile], seed: u64) -> Self {
        let all = Self {
            seed,
            limit: u64::MAX,
        };
        let ranks = photos.iter().map(|photo| all.rank(photo));
        let limit = match (ranks.clone().min(), ranks.max()) {
            (Some(lowest), Some(highest)) if lowest < highest => {
                (u64::MAX / share(photos.len())).clamp(lowest + 1, highest)
            }
            _ => 0,
        };
        Self { seed, limit }
    }

    /// The same where every photo is trained on from now on.
    pub const fn of_nothing(self) -> Self {
        Self { limit: 0, ..self }
    }

    /// Where ranks are drawn from.
    pub const fn seed(self) -> u64 {
        self.seed
    }

    /// Photos to train on, in their order, and at most `held_out` to measure on; what is kept back beyond that is used
    /// for neither.
    pub fn parts(self, photos: &[PhotoFile], held_out: usize) -> (Vec<PhotoFile>, Vec<PhotoFile>) {
        let photos = photos.iter().cloned();
        let (mut held, train): (Vec<_>, Vec<_>) = photos.partition(|photo| self.rank(photo) < self.limit);
        held.sort_by_key(|photo| self.rank(photo));
        held.truncate(held_out);
        (train, held)
    }

    fn rank(self, photo: &PhotoFile) -> u64 {
        Random::keyed(self.seed, [photo.fingerprint, 0, 0, 0]).next_u64()
    }
}
