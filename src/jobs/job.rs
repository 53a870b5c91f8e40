//! One job: its thread, its result, its end.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, channel},
    },
    thread,
    time::Duration,
};

use super::{JobProgress, Status, Waker};

/// The job's code failed in a way that it did not foresee.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{job} failed unexpectedly: {message}")]
pub struct Crashed {
    /// The job's name.
    pub job: String,
    /// What the panic said.
    pub message: String,
}

/// Work that runs in the background. Dropping it cancels the work; its thread ends at the next cancel point.
pub struct Job<T> {
    name: String,
    progress: Arc<JobProgress>,
    result: Receiver<Result<T, Crashed>>,
}

/// Starts `work` on a thread called `name`.
///
/// Where no thread can be started, the result is a [`Crashed`] that says so.
pub fn spawn<T: Send + 'static>(
    name: &str,
    waker: Waker,
    work: impl FnOnce(&JobProgress) -> T + Send + 'static,
) -> Job<T> {
    let progress = Arc::new(JobProgress::new(waker));
    let (sender, result) = channel();
    let (shared, job, failed) = (Arc::clone(&progress), name.to_owned(), sender.clone());
    let started = thread::Builder::new().name(name.to_owned()).spawn(move || {
        let outcome = catch_unwind(AssertUnwindSafe(|| work(&shared)));
        let outcome = outcome.map_err(|panic| Crashed {
            job,
            message: message_of(&*panic),
        });
        // Nobody may be waiting any more; then the result goes with the channel.
        let _ = sender.send(outcome);
        shared.wake();
    });
    if let Err(error) = started {
        let _ = failed.send(Err(Crashed {
            job: name.to_owned(),
            message: format!("no thread could be started ({error})"),
        }));
        progress.wake();
    }
    Job {
        name: name.to_owned(),
        progress,
        result,
    }
}

impl<T> Job<T> {
    /// What it does, as a person would say it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How far it is.
    pub fn status(&self) -> Status {
        self.progress.status()
    }

    /// What it had to tell since the last call.
    pub fn take_notices(&self) -> Vec<String> {
        self.progress.take_notices()
    }

    /// Asks it to stop. It still gives a result: usually that it was cancelled, but it may just have finished.
    pub fn cancel(&self) {
        self.progress.cancel();
    }

    /// Whether it was asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.progress.is_cancelled()
    }

    /// The result, once. `None` while it runs and after the result was taken.
    pub fn poll(&self) -> Option<Result<T, Crashed>> {
        self.result.try_recv().ok()
    }

    /// Cancels the work and waits for its end, but no longer than `patience`. For work that must not be torn off
    /// in the middle when the process ends. Returns whether it ended.
    pub fn stop(self, patience: Duration) -> bool {
        self.cancel();
        !matches!(self.result.recv_timeout(patience), Err(RecvTimeoutError::Timeout))
    }
}

impl<T> Drop for Job<T> {
    fn drop(&mut self) {
        self.cancel();
    }
}

fn message_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no reason given".to_owned())
}

impl<T> std::fmt::Debug for Job<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{Arc, mpsc},
        thread,
        time::{Duration, Instant},
    };

    use super::{Crashed, Job, spawn};
    use crate::progress::{Cancelled, Progress as _};

    fn wait<T>(job: &Job<T>) -> Result<T, Crashed> {
        let start = Instant::now();
        loop {
            if let Some(result) = job.poll() {
                return result;
            }
            assert!(
                start.elapsed() < Duration::from_secs(20),
                "{} never ended",
                job.name()
            );
            thread::sleep(Duration::from_millis(2));
        }
    }

    #[test]
    fn a_job_gives_its_result_once_and_wakes_whoever_waits() {
        let (sender, woken) = mpsc::channel();
        let job = spawn("adding", Arc::new(move || _ = sender.send(())), |progress| {
            progress.notice("nearly there");
            20 + 22
        });
        assert_eq!(wait(&job), Ok(42));
        assert!(job.poll().is_none(), "the result was taken");
        assert_eq!(job.take_notices(), ["nearly there"]);
        assert!(
            woken.recv_timeout(Duration::from_secs(20)).is_ok(),
            "the waker was called"
        );
    }

    #[test]
    fn dropping_a_job_cancels_it() {
        let (sender, outcome) = mpsc::channel();
        let job = spawn("waiting", Arc::new(|| {}), move |progress| {
            let end = loop {
                if let Err(cancelled) = progress.check() {
                    break cancelled;
                }
                thread::sleep(Duration::from_millis(1));
            };
            let _ = sender.send(end);
        });
        drop(job);
        assert_eq!(outcome.recv_timeout(Duration::from_secs(20)), Ok(Cancelled));
    }

    #[test]
    fn a_panic_in_a_job_is_its_error() {
        let job: Job<()> = spawn("dividing", Arc::new(|| {}), |_| panic!("by zero"));
        let crashed = wait(&job).unwrap_err();
        assert_eq!(crashed.to_string(), "dividing failed unexpectedly: by zero");
    }

    #[test]
    fn threads_carry_the_name_of_their_job() {
        let job = spawn("naming", Arc::new(|| {}), |_| {
            thread::current().name().map(str::to_owned)
        });
        assert_eq!(wait(&job).unwrap().as_deref(), Some("naming"));
    }

    #[test]
    fn stopping_waits_for_the_end() {
        let job = spawn(
            "stopping",
            Arc::new(|| {}),
            |progress| while progress.check().is_ok() {},
        );
        assert!(job.stop(Duration::from_secs(20)), "it ended");
    }
}
