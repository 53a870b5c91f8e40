//! Progress on a terminal: a bar and notices on stderr, and Ctrl+C as cancellation.
//!
//! The bar hides by itself where stderr is no terminal. The first Ctrl+C asks the work to stop at its next
//! checkpoint; the second ends the program at once, unless a file is just being put in place. The end of the terminal
//! counts as the first.

use std::{
    io::{self, Write as _},
    process,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::progress::{Cancelled, Progress};

/// A terminal that is closed sends several signals at once: so soon after the first, none of them is a second wish.
const SAME_WISH: Duration = Duration::from_millis(500);

/// The person at the terminal.
pub(super) struct Terminal {
    bar: ProgressBar,
    is_quiet: bool,
    signals: Arc<Signals>,
    notices: Mutex<Vec<String>>,
}

#[derive(Default)]
struct Signals {
    is_cancelled: AtomicBool,
    is_writing: AtomicBool,
}

impl Terminal {
    /// Listens to Ctrl+C from now on. One per program run.
    pub(super) fn new(is_quiet: bool) -> anyhow::Result<Self> {
        let target = if is_quiet {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        bar.set_style(
            ProgressStyle::with_template("{spinner} {msg:10} [{bar:40}] {percent:>3} %  {elapsed}")
                .context("drawing the progress bar")?
                .progress_chars("=> "),
        );
        bar.enable_steady_tick(Duration::from_millis(100));
        let terminal = Self {
            bar,
            is_quiet,
            signals: Arc::default(),
            notices: Mutex::default(),
        };
        terminal.listen().context("listening to Ctrl+C")?;
        Ok(terminal)
    }

    fn listen(&self) -> Result<(), ctrlc::Error> {
        let (bar, is_quiet, signals) = (self.bar.clone(), self.is_quiet, Arc::clone(&self.signals));
        let mut first: Option<Instant> = None;
        ctrlc::set_handler(move || {
            let Some(first) = first else {
                first = Some(Instant::now());
                signals.is_cancelled.store(true, Ordering::SeqCst);
                if !is_quiet {
                    bar.suspend(|| put_line("stopping; press Ctrl+C again to end at once"));
                }
                return;
            };
            if first.elapsed() >= SAME_WISH && !signals.is_writing.load(Ordering::SeqCst) {
                process::exit(130);
            }
        })
    }

    /// Runs what must not be torn apart; not begun at all after a cancellation.
    pub(super) fn uninterrupted<T>(&self, work: impl FnOnce() -> T) -> Result<T, Cancelled> {
        self.to_the_end(|| self.check().map(|()| work()))
    }

    /// Runs what must not be torn apart, also after a cancellation: it keeps what was done until then.
    pub(super) fn to_the_end<T>(&self, work: impl FnOnce() -> T) -> T {
        self.signals.is_writing.store(true, Ordering::SeqCst);
        let done = work();
        self.signals.is_writing.store(false, Ordering::SeqCst);
        done
    }

    /// An error that does not end the work: a line on stderr above the bar, also with `--quiet`.
    pub(super) fn error(&self, line: &str) {
        self.bar.suspend(|| put_line(&format!("error: {line}")));
    }

    /// A line on stderr that is no notice, above the bar; nothing with `--quiet`.
    pub(super) fn say(&self, line: &str) {
        if !self.is_quiet {
            self.bar.suspend(|| put_line(line));
        }
    }

    /// A line on stderr where the bar cannot be seen: in a log, it says how far the work is.
    pub(super) fn say_without_bar(&self, line: &str) {
        if self.bar.is_hidden() {
            self.say(line);
        }
    }

    /// All notices so far.
    pub(super) fn notices(&self) -> Vec<String> {
        self.notices
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Takes the bar away.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Terminal {
    fn stage(&self, name: &str) -> Result<(), Cancelled> {
        self.check()?;
        tracing::info!(stage = name);
        self.bar.set_message(name.to_owned());
        self.bar.set_position(0);
        self.bar.set_length(1);
        Ok(())
    }

    fn step(&self, done: u64, total: u64) -> Result<(), Cancelled> {
        self.check()?;
        self.bar.set_length(total);
        self.bar.set_position(done);
        Ok(())
    }

    fn check(&self) -> Result<(), Cancelled> {
        if self.signals.is_cancelled.load(Ordering::SeqCst) {
            Err(Cancelled)
        } else {
            Ok(())
        }
    }

    fn notice(&self, text: &str) {
        let mut notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        notices.push(text.to_owned());
        if !self.is_quiet {
            self.bar.suspend(|| put_line(&format!("note: {text}")));
        }
    }
}

/// Puts a line on stderr. Where nobody reads it any more, the work is worth going on with all the same.
pub(super) fn put_line(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
