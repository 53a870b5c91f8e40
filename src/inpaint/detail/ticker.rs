//! The progress of the patch fill, counted in comparisons of patches.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::progress::{Cancelled, Progress, Silent};

/// Counts finished work across threads and passes it on.
pub(super) struct Ticker<'a> {
    pub(super) progress: &'a dyn Progress,
    pub(super) done: AtomicU64,
    pub(super) total: u64,
}

impl Ticker<'static> {
    /// For work that nobody waits for.
    pub(super) const fn silent() -> Self {
        Self {
            progress: &Silent,
            done: AtomicU64::new(0),
            total: u64::MAX,
        }
    }
}

impl Ticker<'_> {
    /// Adds `work` and learns whether to stop.
    pub(super) fn advance(&self, work: u64) -> Result<(), Cancelled> {
        let done = self.done.fetch_add(work, Ordering::Relaxed) + work;
        self.progress.step(done.min(self.total), self.total)
    }

    /// Counts all work up to `done` as finished: what turned out not to be needed too.
    pub(super) fn reach(&self, done: u64) -> Result<(), Cancelled> {
        self.done.fetch_max(done, Ordering::Relaxed);
        self.advance(0)
    }
}
