//! What a job tells about itself while it runs.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use crate::progress::{Cancelled, Progress};

/// Called from the job's thread whenever there is something new to see: at once where a phase begins, a notice comes or
/// the job ends, for steps at most about thirty times a second.
pub type Waker = Arc<dyn Fn() + Send + Sync>;

const WAKE_INTERVAL: Duration = Duration::from_millis(33);

/// How far a job is.
#[derive(Debug, Clone)]
pub struct Status {
    /// The phase it is in, as a person would read it; empty before the first.
    pub stage: String,
    /// Steps done in this phase.
    pub done: u64,
    /// Steps in this phase; 0 if it cannot tell.
    pub total: u64,
    /// When the job started.
    pub started: Instant,
    /// When this phase started.
    pub stage_started: Instant,
}

impl Status {
    /// The finished part of this phase, if it can tell.
    pub fn fraction(&self) -> Option<f32> {
        (self.total > 0).then(|| (self.done as f32 / self.total as f32).clamp(0.0, 1.0))
    }

    /// Time that this phase will still take, judged by its pace so far.
    pub fn remaining(&self) -> Option<Duration> {
        let elapsed = self.stage_started.elapsed();
        if self.done == 0 || self.total == 0 || elapsed < Duration::from_millis(500) {
            return None;
        }
        let left = self.total.saturating_sub(self.done) as f64 / self.done as f64;
        Duration::try_from_secs_f64(elapsed.as_secs_f64() * left).ok()
    }
}

#[derive(Debug)]
struct Told {
    status: Status,
    notices: Vec<String>,
    woken: Instant,
}

/// A job's end of the line: it reports here and learns whether to stop.
pub struct JobProgress {
    told: Mutex<Told>,
    cancelled: AtomicBool,
    waker: Waker,
}

impl JobProgress {
    pub(super) fn new(waker: Waker) -> Self {
        let now = Instant::now();
        let status = Status {
            stage: String::new(),
            done: 0,
            total: 0,
            started: now,
            stage_started: now,
        };
        Self {
            told: Mutex::new(Told {
                status,
                notices: Vec::new(),
                woken: now,
            }),
            cancelled: AtomicBool::new(false),
            waker,
        }
    }

    pub(super) fn status(&self) -> Status {
        self.with(|told| told.status.clone())
    }

    pub(super) fn take_notices(&self) -> Vec<String> {
        self.with(|told| std::mem::take(&mut told.notices))
    }

    pub(super) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked the job to stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    pub(super) fn wake(&self) {
        (self.waker)();
    }

    fn with<T>(&self, act: impl FnOnce(&mut Told) -> T) -> T {
        act(&mut self.told.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Wakes the waiting side, but not so often that it does nothing else.
    fn wake_at_times(&self) {
        let due = self.with(|told| {
            let due = told.woken.elapsed() >= WAKE_INTERVAL;
            if due {
                told.woken = Instant::now();
            }
            due
        });
        if due {
            self.wake();
        }
    }

    fn cancel_point(&self) -> Result<(), Cancelled> {
        if self.is_cancelled() {
            Err(Cancelled)
        } else {
            Ok(())
        }
    }
}

impl Progress for JobProgress {
    fn stage(&self, name: &str) -> Result<(), Cancelled> {
        self.with(|told| {
            name.clone_into(&mut told.status.stage);
            told.status.done = 0;
            told.status.total = 0;
            told.status.stage_started = Instant::now();
        });
        self.wake();
        self.cancel_point()
    }

    fn step(&self, done: u64, total: u64) -> Result<(), Cancelled> {
        self.with(|told| {
            told.status.done = done;
            told.status.total = total;
        });
        self.check()
    }

    fn check(&self) -> Result<(), Cancelled> {
        self.wake_at_times();
        self.cancel_point()
    }

    fn notice(&self, text: &str) {
        self.with(|told| told.notices.push(text.to_owned()));
        self.wake();
    }
}
