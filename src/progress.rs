//! All that long computations know of whoever waits for them.
//!
//! A computation takes a `&dyn Progress`, reports through it and learns from the same call whether it should
//! stop. It knows neither threads nor windows: the job that runs it in the background and the terminal that draws
//! a bar are both implementations of this trait.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Somebody asked the computation to stop. It leaves nothing half done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cancelled")]
pub struct Cancelled;

/// The receiver of progress reports, and the source of cancellation.
pub trait Progress: Sync {
    /// Begins a phase, named as a person would read it ("Filling"). Its steps count from zero.
    fn stage(&self, name: &str) -> Result<(), Cancelled>;

    /// Reports that `done` of `total` steps of the current phase are finished.
    ///
    /// This is also a cancel point: call it or [`check`](Self::check) at least every 100 ms of work and pass the error
    /// on with `?`.
    fn step(&self, done: u64, total: u64) -> Result<(), Cancelled>;

    /// A cancel point where no step is finished. Receivers that show how far the work is leave it where it was.
    fn check(&self) -> Result<(), Cancelled> {
        self.step(0, 1)
    }

    /// Tells the person something they should know although the work goes on ("the GPU ran out of memory; went
    /// on with the CPU").
    fn notice(&self, text: &str);
}

/// Reports to nobody and never cancels.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn stage(&self, _name: &str) -> Result<(), Cancelled> {
        Ok(())
    }

    fn step(&self, _done: u64, _total: u64) -> Result<(), Cancelled> {
        Ok(())
    }

    fn notice(&self, _text: &str) {}
}

/// Passes everything on and notes the longest wait between two reports: so long a cancellation may take to be noticed.
pub struct Watched<'a> {
    whole: &'a dyn Progress,
    waits: Mutex<Waits>,
}

struct Waits {
    last: Instant,
    longest: Duration,
}

impl<'a> Watched<'a> {
    /// Begins to watch.
    pub fn new(whole: &'a dyn Progress) -> Self {
        let waits = Waits {
            last: Instant::now(),
            longest: Duration::ZERO,
        };
        Self {
            whole,
            waits: Mutex::new(waits),
        }
    }

    /// The longest wait between two reports so far, whichever threads made them, up to now.
    pub fn longest_wait(&self) -> Duration {
        self.note();
        self.waits.lock().unwrap_or_else(PoisonError::into_inner).longest
    }

    fn note(&self) {
        let mut waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        waits.longest = waits.longest.max(waits.last.elapsed());
        waits.last = Instant::now();
    }
}

impl Progress for Watched<'_> {
    fn stage(&self, name: &str) -> Result<(), Cancelled> {
        self.note();
        self.whole.stage(name)
    }

    fn step(&self, done: u64, total: u64) -> Result<(), Cancelled> {
        self.note();
        self.whole.step(done, total)
    }

    fn check(&self) -> Result<(), Cancelled> {
        self.note();
        self.whole.check()
    }

    fn notice(&self, text: &str) {
        self.whole.notice(text);
    }
}

#[cfg(test)]
mod tests {
    use std::{thread::sleep, time::Duration};

    use super::{Progress as _, Silent, Watched};

    #[test]
    fn the_longest_wait_counts_wherever_it_was() {
        let watched = Watched::new(&Silent);
        let report = |wait: u64| {
            sleep(Duration::from_millis(wait));
            watched.check().unwrap();
        };
        [2, 40, 2].into_iter().for_each(report);
        let reported = watched.longest_wait();
        assert!(reported >= Duration::from_millis(40), "{reported:?}");
        sleep(reported + Duration::from_millis(20));
        assert!(
            watched.longest_wait() > reported,
            "what comes after the last report is a wait too"
        );
    }
}
