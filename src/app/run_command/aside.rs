//! Changes of the document that take longer than a frame: they are made to a clone of it, in the background.
//!
//! One is made at a time. What a person asks for meanwhile waits, and then comes after it.

use eframe::egui::Context;

use crate::{
    app::{App, tasks::Aside},
    document::{Changed, Document},
    jobs,
};

/// So many pixels are gone over within a frame, in a millisecond or a few.
const QUICK: u64 = 1 << 20;

impl App {
    /// Changes the document, and shows what changed: at once if the effort, in pixels, allows it.
    pub(super) fn edit_within(
        &mut self,
        ctx: &Context,
        name: &str,
        effort: impl FnOnce(&Document) -> u64,
        change: impl FnOnce(&mut Document) -> Changed + Send + 'static,
    ) {
        let Some(photo) = &mut self.photo else { return };
        photo.document.end_stroke();
        let effort = effort(&photo.document);
        self.edit_then(ctx, name, effort, |document| Some(change(document)), |_, _, _| {});
    }

    /// The same, and `then` goes on with whether the change was possible.
    pub(super) fn edit_then(
        &mut self,
        ctx: &Context,
        name: &str,
        effort: u64,
        change: impl FnOnce(&mut Document) -> Option<Changed> + Send + 'static,
        then: impl FnOnce(&mut Self, &Context, bool) + 'static,
    ) {
        if effort > QUICK {
            self.edit_aside(name, change, then);
            return;
        }
        let Some(photo) = &mut self.photo else { return };
        let changed = change(&mut photo.document);
        if let Some(changed) = &changed {
            self.show(changed);
        }
        then(self, ctx, changed.is_some());
    }

    /// The same in the background, whatever the effort.
    pub(super) fn edit_aside(
        &mut self,
        name: &str,
        change: impl FnOnce(&mut Document) -> Option<Changed> + Send + 'static,
        then: impl FnOnce(&mut Self, &Context, bool) + 'static,
    ) {
        let Some(photo) = &self.photo else { return };
        let (from, mut document) = (photo.document.version(), photo.document.clone());
        let waker = self.tasks.waker.clone();
        let job = jobs::spawn(name, waker, move |_| {
            let changed = change(&mut document);
            (document, changed)
        });
        let then = Box::new(then);
        self.tasks.aside = Some(Aside { job, from, then });
    }

    /// Takes the changed document over, and then does what was asked for meanwhile.
    pub(in crate::app) fn drain_aside(&mut self, ctx: &Context) {
        let Some(aside) = &self.tasks.aside else { return };
        let Some(outcome) = aside.job.poll() else { return };
        let Some(Aside { job, from, then }) = self.tasks.aside.take() else {
            return;
        };
        match (outcome, &mut self.photo) {
            (Ok((document, changed)), Some(photo)) if photo.document.version() == from => {
                let before = photo.document.go_on_as(document);
                self.let_go(before);
                if let Some(changed) = &changed {
                    self.show(changed);
                }
                then(self, ctx, changed.is_some());
            }
            (Ok(changed), _) => {
                self.let_go(changed);
                self.notices.news(
                    format!("{}: not done", job.name()),
                    "Something was changed meanwhile; do it again",
                );
            }
            (Err(crash), _) => self
                .notices
                .error(format!("{}: not done", job.name()), crash.to_string()),
        }
        while self.tasks.aside.is_none()
            && let Some(command) = self.tasks.waiting.pop_front()
        {
            self.run_command(ctx, command);
        }
    }

    /// Frees what is of no more use in the background: for large pictures that takes a while.
    pub(super) fn let_go(&self, what: impl Send + 'static) {
        let waker = self.tasks.waker.clone();
        let _ends_by_itself = jobs::spawn("Letting go", waker, move |_| drop(what));
    }
}
