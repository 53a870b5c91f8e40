//! Parts of one progress bar, for work that knows only its own steps.

use std::sync::{Mutex, PoisonError};

use crate::progress::{Cancelled, Progress};

/// One of `count` equal parts of a bar, the first with `index` 0.
pub(super) struct Part<'a> {
    pub(super) whole: &'a dyn Progress,
    pub(super) index: u64,
    pub(super) count: u64,
}

impl Progress for Part<'_> {
    fn stage(&self, _name: &str) -> Result<(), Cancelled> {
        self.whole.step(self.index, self.count)
    }

    fn step(&self, done: u64, total: u64) -> Result<(), Cancelled> {
        let total = total.max(1);
        self.whole
            .step(self.index * total + done.min(total), self.count * total)
    }

    fn check(&self) -> Result<(), Cancelled> {
        self.whole.check()
    }

    fn notice(&self, text: &str) {
        self.whole.notice(text);
    }
}

/// A stretch of a longer progress bar. Whatever runs in it counts in its own phases and steps, and how many phases
/// there are is not known: each takes most of what is left. What it passes on never goes back, whichever thread reports.
pub(super) struct Stretch<'a> {
    whole: &'a dyn Progress,
    /// Where the stretch ends, and the whole bar.
    end: u64,
    total: u64,
    place: Mutex<Place>,
}

/// Where the present phase began, and what was passed on last.
struct Place {
    phase_start: u64,
    reached: u64,
}

impl<'a> Stretch<'a> {
    /// The steps `start..end` of `total`.
    pub(super) const fn new(whole: &'a dyn Progress, start: u64, end: u64, total: u64) -> Self {
        Self {
            whole,
            end,
            total,
            place: Mutex::new(Place {
                phase_start: start,
                reached: start,
            }),
        }
    }

    fn move_on(&self, act: impl FnOnce(&mut Place)) -> Result<(), Cancelled> {
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut place);
        self.whole.step(place.reached, self.total)
    }
}

impl Progress for Stretch<'_> {
    fn stage(&self, _name: &str) -> Result<(), Cancelled> {
        self.move_on(|place| place.phase_start = place.reached)
    }

    fn step(&self, done: u64, total: u64) -> Result<(), Cancelled> {
        let share = 0.8 * done.min(total) as f64 / total.max(1) as f64;
        self.move_on(|place| {
            let left = self.end.saturating_sub(place.phase_start) as f64;
            place.reached = place.reached.max(place.phase_start + (left * share) as u64);
        })
    }

    fn check(&self) -> Result<(), Cancelled> {
        self.whole.check()
    }

    fn notice(&self, text: &str) {
        self.whole.notice(text);
    }
}
