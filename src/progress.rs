//! All that long computations know of whoever waits for them.
//!
//! A computation takes a `&dyn Progress`, reports through it and learns from the same call whether it should
//! stop. It knows neither threads nor windows: the job that runs it in the background and the terminal that draws
//! a bar are both implementations of this trait.

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
    /// This is also the cancel point: call it at least every 100 ms of work and pass the error on with `?`.
    fn step(&self, done: u64, total: u64) -> Result<(), Cancelled>;

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
