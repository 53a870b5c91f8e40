//! Work in the background: named threads that report progress, can be cancelled and give one result.
//!
//! This is the only place that starts threads. A job belongs to whoever holds its [`Job`]; dropping that cancels
//! the work. Whoever waits asks with [`Job::poll`] and is told by the [`Waker`] when asking is worth while; jobs
//! know of no window. A panic in a job becomes an error of that job.

mod job;
mod progress;

pub use job::{Crashed, Job, spawn};
pub use progress::{JobProgress, Status, Waker};
