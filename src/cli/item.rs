//! One of many photos under way.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use super::terminal::Terminal;
use crate::progress::{Cancelled, Progress};

/// The bar belongs to the whole of the work: what the work on one photo reports only asks whether to go on.
///
/// Its notices go to the terminal with the photo's name before them, where it has one, and are kept.
pub(super) struct Item<'a> {
    terminal: &'a Terminal,
    done: AtomicU64,
    total: u64,
    name: Option<String>,
    notices: Mutex<Vec<String>>,
}

impl<'a> Item<'a> {
    /// Where the bar stands at `done` of `total`.
    pub(super) fn new(terminal: &'a Terminal, (done, total): (u64, u64), name: Option<String>) -> Self {
        Self {
            terminal,
            done: AtomicU64::new(done),
            total,
            name,
            notices: Mutex::default(),
        }
    }

    /// Moves the bar by one.
    pub(super) fn advance(&self) {
        self.done.fetch_add(1, Relaxed);
    }

    pub(super) fn into_notices(self) -> Vec<String> {
        self.notices.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress for Item<'_> {
    fn stage(&self, _name: &str) -> Result<(), Cancelled> {
        self.check()
    }

    fn step(&self, _done: u64, _total: u64) -> Result<(), Cancelled> {
        self.check()
    }

    fn check(&self) -> Result<(), Cancelled> {
        self.terminal.step(self.done.load(Relaxed), self.total)
    }

    fn notice(&self, text: &str) {
        let mut notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        notices.push(text.to_owned());
        match &self.name {
            Some(name) => self.terminal.notice(&format!("{name}: {text}")),
            None => self.terminal.notice(text),
        }
    }
}
