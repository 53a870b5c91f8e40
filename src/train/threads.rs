//! Which threads a run uses, and how many.

use std::thread;

use candle_core::Device;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::{Config, Error};

/// Threads that decode photos.
const LOADER_THREADS: usize = 2;
/// The same beside a GPU, at most.
const MAX_LOADER_THREADS: usize = 12;

/// The threads that steps are made on, where their number is chosen.
///
/// Only on the CPU: on CUDA each thread has a stream of its own, and nothing makes one wait for another.
pub(super) fn pool(config: &Config, device: &Device) -> Result<Option<ThreadPool>, Error> {
    let Some(threads) = config.threads.filter(|_| device.is_cpu()) else {
        return Ok(None);
    };
    let pool = ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|index| format!("train-{index}"))
        .build();
    pool.map(Some)
        .map_err(|error| Error::Config(format!("--threads: {threads} cannot be started: {error}")))
}

/// Threads that make batches: few where the processor trains, almost all where it waits for a GPU; never more than
/// there may be.
pub(super) fn loader_threads(config: &Config, device: &Device) -> usize {
    let wanted = if device.is_cpu() {
        LOADER_THREADS
    } else {
        let all = thread::available_parallelism().map_or(1, usize::from);
        all.saturating_sub(1).clamp(LOADER_THREADS, MAX_LOADER_THREADS)
    };
    config.threads.map_or(wanted, |threads| wanted.min(threads))
}

/// Does `work` on the threads of `pool`, or on whichever there are.
pub(super) fn in_pool<T: Send>(pool: Option<&ThreadPool>, work: impl FnOnce() -> T + Send) -> T {
    match pool {
        None => work(),
        Some(pool) => pool.install(work),
    }
}
