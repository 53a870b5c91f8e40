//! The result goes out: to a file or to the clipboard.

use std::sync::Arc;

use eframe::egui::Context;

use crate::{
    app::{
        App, clipboard,
        export::{Form, Plan},
        notify::sentence,
        state::{Dialog, Intent},
        tasks::{WriteFailure, Written},
    },
    document::Part,
    imaging::{Pixels, write},
    jobs::{self, Job},
};

/// The title of what is said of an export that failed.
const FAILED: &str = "The export failed";

impl App {
    /// Writes again where it was written before; the first time the dialog asks.
    pub(super) fn export(&mut self) {
        match self.photo.as_ref().and_then(|photo| photo.exported.clone()) {
            Some(plan) => self.write(plan),
            None => self.export_as(),
        }
    }

    pub(super) fn export_as(&mut self) {
        match &self.photo {
            Some(photo) => self.state.dialog = Dialog::Export(Form::new(photo, &self.settings.now.export)),
            None => self.notices.news("No photo is open", "Open one first"),
        }
    }

    /// Writes the result in the background, one file at a time.
    pub(super) fn write(&mut self, plan: Plan) {
        let Some(photo) = &mut self.photo else { return };
        if let Some(job) = &self.tasks.writing {
            self.notices
                .news("Not exported yet", format!("{} has to end first", job.name()));
            return;
        }
        if let Dialog::Export(form) = &self.state.dialog {
            self.settings.now.export = form.to_settings();
            self.state.dialog = Dialog::None;
        }
        photo.document.end_stroke();
        let (pixels, metadata) = (Arc::clone(photo.document.result()), Arc::clone(&photo.metadata));
        let original = Arc::clone(photo.document.original());
        let state = photo.document.state_of(Part::Result);
        let keep_out = photo.document.state_of(Part::KeepOut);
        let name = plan
            .path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let waker = self.tasks.waker.clone();
        self.tasks.writing = Some(jobs::spawn(&format!("Exporting {name}"), waker, move |_| {
            let Plan {
                path,
                format,
                options,
                overwrite,
            } = &plan;
            let outcome = write::photo(path, &pixels, &metadata, *format, options, *overwrite);
            let outcome = outcome.map_err(|error| match error.problem {
                write::Problem::Exists => WriteFailure::Exists,
                problem => WriteFailure::Other(problem.to_string()),
            });
            Written {
                plan,
                original,
                state,
                keep_out,
                outcome,
            }
        }));
    }

    pub(in crate::app) fn drain_writing(&mut self, ctx: &Context) {
        let Some(outcome) = self.tasks.writing.as_ref().and_then(Job::poll) else {
            return;
        };
        self.tasks.writing = None;
        match outcome {
            Ok(Written {
                plan,
                original,
                state,
                keep_out,
                outcome: Ok(notices),
            }) => {
                self.notices.settle(FAILED);
                self.notices.news("Exported", plan.path.display().to_string());
                for notice in notices {
                    self.notices.warning("Not all could be kept", notice);
                }
                self.note_written(plan, &original, state, keep_out);
                self.go_on_if_saved(ctx);
            }
            Ok(Written {
                plan,
                original,
                outcome: Err(failure),
                ..
            }) => self.ask_for_another_place(&plan, &original, failure),
            Err(crash) => {
                self.notices.error(FAILED, crash.to_string());
                self.ask_again();
            }
        }
    }

    /// Notes with the photo, if it is still open, that its result in `state` is in a file.
    fn note_written(&mut self, plan: Plan, original: &Arc<Pixels>, state: u64, keep_out: u64) {
        if !self.is_open(original) {
            return;
        }
        if let Some(photo) = &mut self.photo {
            photo.saved_result = state;
            // It has served what is in the file now, so nobody is asked about it as well.
            photo.saved_keep_out = keep_out;
            // From now on the file is this program's own, and may be replaced.
            photo.exported = Some(Plan {
                overwrite: true,
                ..plan
            });
        }
    }

    pub(super) fn is_open(&self, original: &Arc<Pixels>) -> bool {
        let open = self.photo.as_ref().map(|photo| photo.document.original());
        open.is_some_and(|open| Arc::ptr_eq(open, original))
    }

    /// Goes on with what the export was asked for, unless there is new work by now.
    pub(super) fn go_on_if_saved(&mut self, ctx: &Context) {
        let Some(intent) = self.state.after_export.take() else {
            return;
        };
        if self.has_unsaved_work() {
            self.state.dialog = Dialog::Unsaved(intent);
        } else {
            self.go_on(ctx, intent);
        }
    }

    /// After a failure nothing goes on that was to come after it: the question what to do with the work is back.
    pub(super) fn ask_again(&mut self) {
        self.state.closes_when_written = false;
        self.state.may_close = false;
        match self.state.after_export.take() {
            Some(intent) if self.state.dialog == Dialog::None => self.state.dialog = Dialog::Unsaved(intent),
            Some(Intent::Show(_)) => self.state.arrived = None,
            _ => {}
        }
    }

    /// Opens the dialog again, which now says why or offers to replace the file. Where another photo is open or another
    /// dialog, a notice has to do.
    fn ask_for_another_place(&mut self, plan: &Plan, original: &Arc<Pixels>, failure: WriteFailure) {
        let is_free = self.state.dialog == Dialog::None && self.is_open(original);
        if let (true, Some(photo)) = (is_free, &self.photo) {
            let mut form = Form::of_failed(photo, &self.settings.now.export, plan);
            match failure {
                WriteFailure::Exists => form.exists = true,
                WriteFailure::Other(why) => form.failure = Some(sentence(why)),
            }
            self.state.dialog = Dialog::Export(form);
            self.state.closes_when_written = false;
            return;
        }
        let why = match failure {
            WriteFailure::Exists => "there is a file of that name already".to_owned(),
            WriteFailure::Other(why) => why,
        };
        let why = format!("{why} ({})", plan.path.display());
        self.notices.error(FAILED, why);
        self.ask_again();
    }

    pub(super) fn copy_result(&mut self) {
        let Some(photo) = &self.photo else { return };
        let (pixels, metadata) = (Arc::clone(photo.document.result()), Arc::clone(&photo.metadata));
        let waker = self.tasks.waker.clone();
        self.tasks.copying = Some(jobs::spawn("Copying", waker, move |_| {
            clipboard::put(&pixels, metadata.icc.as_deref())
        }));
    }

    pub(in crate::app) fn drain_copying(&mut self) {
        let Some(outcome) = self.tasks.copying.as_ref().and_then(Job::poll) else {
            return;
        };
        self.tasks.copying = None;
        match outcome
            .map_err(|crash| crash.to_string())
            .and_then(|outcome| outcome)
        {
            Ok(()) => self.notices.news("Copied", "The result is on the clipboard"),
            Err(why) => {
                self.notices.error("The result could not be copied", why);
                self.state.closes_when_written = false;
            }
        }
    }
}
