//! How others steer a run: pause, stop, save, sample, and hold it back while the editor fills.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

/// Steers a run from another thread. Clones steer the same run.
///
/// The run looks between two steps: nothing here waits, and no step is torn apart.
#[derive(Debug, Clone, Default)]
pub struct Control(Arc<State>);

#[derive(Debug, Default)]
struct State {
    is_paused: AtomicBool,
    is_stopped: AtomicBool,
    wants_save: AtomicBool,
    wants_sample: AtomicBool,
    holds: AtomicUsize,
}

impl Control {
    /// Lets no further step begin until [`resume`](Self::resume); the model stays loaded.
    pub fn pause(&self) {
        self.0.is_paused.store(true, Ordering::SeqCst);
    }

    /// Ends a pause.
    pub fn resume(&self) {
        self.0.is_paused.store(false, Ordering::SeqCst);
    }

    /// Whether [`pause`](Self::pause) is in force.
    pub fn is_paused(&self) -> bool {
        self.0.is_paused.load(Ordering::SeqCst)
    }

    /// Finishes the step, saves and ends the run, also out of a pause.
    pub fn stop(&self) {
        self.0.is_stopped.store(true, Ordering::SeqCst);
    }

    /// Whether [`stop`](Self::stop) was called.
    pub fn is_stopped(&self) -> bool {
        self.0.is_stopped.load(Ordering::SeqCst)
    }

    /// Writes a checkpoint after this step, also in a pause.
    pub fn save_now(&self) {
        self.0.wants_save.store(true, Ordering::SeqCst);
    }

    /// Makes sample pictures after this step, also in a pause.
    pub fn sample_now(&self) {
        self.0.wants_sample.store(true, Ordering::SeqCst);
    }

    /// Keeps the run between two steps for as long as the guard lives, so that a fill has the machine to itself.
    pub fn hold(&self) -> Hold {
        self.0.holds.fetch_add(1, Ordering::SeqCst);
        Hold(Self(Arc::clone(&self.0)))
    }

    /// Whether any [`Hold`] lives.
    pub fn is_held(&self) -> bool {
        self.0.holds.load(Ordering::SeqCst) > 0
    }

    /// Whether a checkpoint was asked for since the last call.
    pub(super) fn take_save(&self) -> bool {
        self.0.wants_save.swap(false, Ordering::SeqCst)
    }

    /// Whether samples were asked for since the last call.
    pub(super) fn take_sample(&self) -> bool {
        self.0.wants_sample.swap(false, Ordering::SeqCst)
    }
}

/// Keeps a run between two steps until it is dropped; see [`Control::hold`].
#[derive(Debug)]
#[must_use = "training goes on as soon as the guard is dropped"]
pub struct Hold(Control);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.0.holds.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::Control;

    #[test]
    fn training_is_held_until_the_last_guard_is_gone() {
        let control = Control::default();
        let (first, second) = (control.hold(), control.hold());
        drop(first);
        assert!(control.is_held(), "one guard is left");
        drop(second);
        assert!(!control.is_held(), "no guard is left");
    }

    #[test]
    fn a_save_is_asked_for_once() {
        let control = Control::default();
        control.save_now();
        assert!(control.take_save(), "asked for");
        assert!(!control.take_save(), "taken");
    }
}
