//! The jobs of the window and what each of them gives.
//!
//! At most one of a kind runs. Nothing here shows anything: results are taken in by the `drain_…` functions, most of
//! them beside the command that starts the job, in `run_command`.

use std::{
    borrow::Cow,
    collections::VecDeque,
    path::PathBuf,
    sync::{Arc, Weak},
    time::Duration,
};

use eframe::egui::Context;

use super::{
    App,
    command::Command,
    export::Plan,
    photo::OpenPhoto,
    project::OpenProject,
    purpose::Purpose,
    train::{Errand, TrainingJob, overview::Overview, shelf::Shelf},
};
use crate::{
    document::{Basis, Changed, Document, Target},
    imaging::{Mask, Pixels},
    inpaint,
    jobs::{Job, Status, Waker},
    nn::Network,
    train::library::Moved,
};

/// Why something failed, for people.
pub(super) type Failure = String;

/// A mask file that was read, with what its reader has to tell.
pub(super) type ReadMask = (Mask, Vec<String>);

/// A job for one of the two masks.
pub(super) struct MaskJob<T> {
    pub(super) target: Target,
    pub(super) job: Job<T>,
}

/// Goes on when the document was changed, or could not be.
type Then = Box<dyn FnOnce(&mut App, &Context, bool)>;

/// A change of the document that is made to a clone of it.
pub(super) struct Aside {
    /// Gives the changed clone and what changed; nothing changed where it was not possible.
    pub(super) job: Job<(Document, Option<Changed>)>,
    /// The document's version that it began with.
    pub(super) from: u64,
    /// How to go on, knowing whether it was possible.
    pub(super) then: Then,
}

/// What a finished fill gives: what it rests on and what came of it.
pub(super) struct Filled {
    pub(super) basis: Basis,
    pub(super) options: inpaint::Options,
    pub(super) outcome: Result<inpaint::Candidates, inpaint::Error>,
    /// A small picture of each candidate; none for a single one.
    pub(super) thumbnails: Vec<Pixels>,
}

/// What an export gives: the plan and what the format could not hold.
pub(super) struct Written {
    pub(super) plan: Plan,
    /// Of the photo whose result was written; another may be open by now.
    pub(super) original: Arc<Pixels>,
    /// The states then of the result and of the keep-out area.
    pub(super) state: u64,
    pub(super) keep_out: u64,
    pub(super) outcome: Result<Vec<String>, WriteFailure>,
}

/// What saving a mask gives.
pub(super) struct SavedMask {
    /// Of the photo whose mask it is.
    pub(super) original: Arc<Pixels>,
    /// The mask's state then.
    pub(super) state: u64,
    pub(super) outcome: Result<PathBuf, Failure>,
}

/// What saving a project gives.
pub(super) struct SavedProject {
    /// Of the photo whose project it is.
    pub(super) original: Arc<Pixels>,
    pub(super) outcome: Result<OpenProject, Failure>,
}

/// Why an export failed.
pub(super) enum WriteFailure {
    /// Another file is there.
    Exists,
    /// Something else.
    Other(Failure),
}

/// Something that is done with weights; it gives what has another path then.
pub(super) struct ErrandJob {
    pub(super) errand: Errand,
    pub(super) job: Job<Result<Option<Moved>, Failure>>,
}

/// What was chosen in a system dialog, and how long that took.
pub(super) type Chosen = (Option<PathBuf>, Duration);

/// A system dialog that is open.
pub(super) struct Asked {
    pub(super) purpose: Purpose,
    /// The photo that was open then, without keeping it.
    pub(super) photo: Option<Weak<Pixels>>,
    pub(super) job: Job<Chosen>,
}

/// Everything that may be running.
pub(super) struct Tasks {
    pub(super) waker: Waker,
    pub(super) opening: Option<Job<Result<Box<OpenPhoto>, Failure>>>,
    pub(super) mask: Option<MaskJob<Result<ReadMask, Failure>>>,
    pub(super) mask_saving: Option<MaskJob<SavedMask>>,
    pub(super) project_saving: Option<Job<SavedProject>>,
    pub(super) aside: Option<Aside>,
    /// What was asked for while the document is changed aside and has to come after it.
    pub(super) waiting: VecDeque<Command>,
    pub(super) network: Option<Job<Result<Arc<Network>, Failure>>>,
    /// Nothing comes of a removal to be made again that is gone.
    pub(super) fill: Option<Job<Option<Filled>>>,
    pub(super) writing: Option<Job<Written>>,
    pub(super) copying: Option<Job<Result<(), Failure>>>,
    /// Text for the field that is typed in.
    pub(super) pasting: Option<Job<Option<String>>>,
    pub(super) saving: Option<Job<Result<(), Failure>>>,
    pub(super) dialog: Option<Asked>,
    /// This system has file dialogs: one was answered or stayed for a while.
    pub(super) has_dialogs: bool,
    pub(super) training: Option<TrainingJob>,
    pub(super) overview: Option<Job<Result<Overview, Failure>>>,
    pub(super) shelf: Option<Job<Result<Shelf, Failure>>>,
    pub(super) errand: Option<ErrandJob>,
}

/// What the status line shows of a job.
pub(super) struct Running {
    pub(super) name: Cow<'static, str>,
    pub(super) status: Status,
    pub(super) is_cancelled: bool,
    /// Files are written to their end.
    pub(super) can_cancel: bool,
}

/// A job, whatever it gives.
trait Work {
    fn running(&self, can_cancel: bool) -> Running;
    fn cancel(&self);
}

impl<T> Work for Job<T> {
    fn running(&self, can_cancel: bool) -> Running {
        Running {
            name: Cow::Owned(self.name().to_owned()),
            status: self.status(),
            is_cancelled: self.is_cancelled(),
            can_cancel,
        }
    }

    fn cancel(&self) {
        Self::cancel(self);
    }
}

fn work<T>(job: Option<&Job<T>>) -> Option<&dyn Work> {
    job.map(|job| job as &dyn Work)
}

const fn is_export(command: &Command) -> bool {
    matches!(command, Command::Write(_))
}

fn mask_work<T>(job: Option<&MaskJob<T>>) -> Option<&dyn Work> {
    work(job.map(|of_mask| &of_mask.job))
}

impl Tasks {
    pub(super) const fn new(waker: Waker) -> Self {
        Self {
            waker,
            opening: None,
            mask: None,
            network: None,
            fill: None,
            writing: None,
            copying: None,
            mask_saving: None,
            project_saving: None,
            aside: None,
            waiting: VecDeque::new(),
            pasting: None,
            saving: None,
            dialog: None,
            has_dialogs: false,
            training: None,
            overview: None,
            shelf: None,
            errand: None,
        }
    }

    /// The job that a person waits for most.
    pub(super) fn foremost(&self) -> Option<Running> {
        let stoppable = self.stoppable().map(|job| job.running(true));
        stoppable.or_else(|| self.written())
    }

    /// Cancels the job that [`Self::foremost`] shows if that can be done. Returns whether there was one.
    pub(super) fn cancel_foremost(&self) -> bool {
        self.stoppable().map(Work::cancel).is_some()
    }

    /// Whether one of the two masks or a project is being written.
    pub(super) const fn saves(&self) -> bool {
        self.mask_saving.is_some() || self.project_saving.is_some()
    }

    /// What writes now.
    fn written(&self) -> Option<Running> {
        self.unstoppable().map(|job| job.running(false))
    }

    /// What has to end before the window closes: what writes now, changes the document, or moves weights whose new place
    /// has to be remembered.
    pub(super) fn has_to_end(&self) -> Option<Running> {
        let changing = self.aside.as_ref().map(|aside| aside.job.running(false));
        let moving = self.errand.as_ref().filter(|moving| moving.errand.is_a_change());
        let moving = moving.map(|moving| moving.job.running(false));
        self.written().or(changing).or(moving)
    }

    /// The change of the document that an export waits for, by its name.
    pub(super) fn export_waits_for(&self) -> Option<&str> {
        let aside = self.aside.as_ref().filter(|_| self.waiting.iter().any(is_export));
        aside.map(|aside| aside.job.name())
    }

    /// Lets an export that waits for a change be.
    pub(super) fn take_export_back(&mut self) {
        self.waiting.retain(|command| !is_export(command));
    }

    /// Waits for what writes, where the process ends without having asked.
    pub(super) fn end_writing(&mut self, patience: Duration) {
        if let Some(job) = self.writing.take() {
            job.stop(patience);
        }
        if let Some(saving) = self.mask_saving.take() {
            saving.job.stop(patience);
        }
        if let Some(job) = self.project_saving.take() {
            job.stop(patience);
        }
        if let Some(job) = self.copying.take() {
            job.stop(patience);
        }
    }

    fn stoppable(&self) -> Option<&dyn Work> {
        work(self.fill.as_ref())
            .or_else(|| work(self.opening.as_ref()))
            .or_else(|| mask_work(self.mask.as_ref()))
    }

    /// What writes, which goes to its end.
    fn unstoppable(&self) -> Option<&dyn Work> {
        work(self.writing.as_ref())
            .or_else(|| mask_work(self.mask_saving.as_ref()))
            .or_else(|| work(self.project_saving.as_ref()))
            .or_else(|| work(self.copying.as_ref()))
    }
}
