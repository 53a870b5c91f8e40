//! Opening photos, and what to do with work that would be lost by it.

use eframe::egui::{Context, ViewportCommand};

use crate::{
    app::{
        App, OpenPhoto,
        command::Answer,
        journal::{Kept, PutBack},
        state::{Dialog, Intent, Source},
    },
    jobs,
};

impl App {
    /// Opens a photo, but asks first if work would be lost.
    pub(super) fn open_when_saved(&mut self, source: Source) {
        if self.has_unsaved_work() {
            self.state.dialog = Dialog::Unsaved(Intent::Open(source));
        } else {
            self.open(source);
        }
    }

    /// Opens a photo in the background. The one that is open stays until that has worked.
    pub(in crate::app) fn open(&mut self, source: Source) {
        self.state.given_up = self.photo.as_ref().map(|photo| photo.document.state());
        self.state.opening_name = source.name();
        let waker = self.tasks.waker.clone();
        let name = format!("Opening {}", self.state.opening_name);
        let kept = self.journal.kept();
        self.tasks.opening = Some(jobs::spawn(&name, waker, move |progress| {
            let mut photo = source.read(progress)?;
            photo.put_back = Kept::put_back(&kept, &photo.source, &mut photo.document);
            Ok(photo)
        }));
    }

    pub(in crate::app) fn drain_opening(&mut self) {
        let Some(job) = &self.tasks.opening else { return };
        let was_cancelled = job.is_cancelled();
        let Some(outcome) = job.poll() else { return };
        self.tasks.opening = None;
        match outcome
            .map_err(|crash| crash.to_string())
            .and_then(|outcome| outcome)
        {
            Ok(photo) => self.take_arrived(photo),
            Err(_) if was_cancelled => {}
            Err(why) => {
                let title = format!("{} could not be opened", self.state.opening_name);
                self.notices.error(title, why);
            }
        }
    }

    /// Shows the photo that was read, but asks first if there is work that came while it was.
    fn take_arrived(&mut self, arrived: Box<OpenPhoto>) {
        if let Some(PutBack::Failed { .. }) = arrived.put_back {
            self.journal.forget(&arrived.source);
        }
        let new_work = self.photo.as_mut().is_some_and(|photo| {
            photo.document.end_stroke();
            photo.has_unsaved_work() && Some(photo.document.state()) != self.state.given_up
        });
        if new_work {
            self.state.dialog = Dialog::Unsaved(Intent::Show(arrived.name.clone()));
            self.state.arrived = Some(arrived);
        } else {
            self.show_photo(*arrived);
        }
    }

    fn show_photo(&mut self, mut photo: OpenPhoto) {
        // A fill of the photo before has nowhere to go.
        self.tasks.fill = None;
        self.tasks.mask = None;
        self.tasks.aside = None;
        self.tasks.waiting.clear();
        self.state.fill_when_ready = false;
        self.state.fills_again = false;
        self.state.offer = None;
        self.state.renaming = None;
        self.state.shows_before = false;
        self.state.keeps_out = false;
        if self.photo.is_some() {
            self.notices.leave_photo();
        }
        if self.state.dialog.is_about_the_photo() {
            self.state.dialog = Dialog::None;
        }
        // What was to come after an export of the photo before.
        self.forget_intent();
        self.begin_to_keep(&mut photo);
        self.canvas.set_document(&photo.scene());
        let original = photo.document.original();
        let side_px = original.width().max(original.height());
        self.settings.now.brush.follow(side_px as f32);
        for notice in photo.notices() {
            self.notices.warning(photo.name.clone(), notice);
        }
        if let Source::Path(path) = &photo.source {
            self.settings.now.remember_photo(path);
        }
        self.state.choice = None;
        self.veils.clear();
        if let Some(before) = self.photo.replace(photo) {
            self.let_go(before);
        }
    }

    /// Tells what came of earlier work on the photo, and keeps what is done from now on.
    fn begin_to_keep(&mut self, photo: &mut OpenPhoto) {
        self.journal.begin(&photo.source, &self.tasks.waker);
        match photo.put_back.take() {
            Some(PutBack::Failed { why, aside }) => {
                let aside =
                    aside.map_or_else(String::new, |path| format!("; it is kept as {}", path.display()));
                let title = format!("Earlier work on {} could not be put back", photo.name);
                self.notices.error(title, format!("{why}{aside}"));
            }
            Some(PutBack::Done { has_changed: true }) => self.notices.warning(
                format!("Work on {} is back, on another photo", photo.name),
                "Its file has changed since; look whether the removals still fit",
            ),
            Some(PutBack::Done { has_changed: false }) => self.notices.news(
                format!("Work on {} is back", photo.name),
                "Lacuna ended without closing; undo takes the work away",
            ),
            None => {}
        }
    }

    /// Keeps work that was not exported.
    pub(in crate::app) fn keep_work(&mut self, ctx: &Context) {
        if let Some(why) = self.journal.take_failure() {
            self.notices
                .of_the_program()
                .warning("Work cannot be kept safe from a crash", why);
        }
        if let Some(photo) = &self.photo
            && let Some(soon) = self.journal.keep(photo, &self.tasks.waker)
        {
            ctx.request_repaint_after(soon);
        }
    }

    /// Goes on after the question what to do with unsaved work.
    pub(super) fn answer(&mut self, ctx: &Context, answer: Answer) {
        let Dialog::Unsaved(intent) = std::mem::take(&mut self.state.dialog) else {
            return;
        };
        match answer {
            Answer::Stay => self.forget_intent(),
            Answer::Discard => {
                self.state.after_export = None;
                self.go_on(ctx, intent);
            }
            Answer::Export => {
                self.export();
                self.state.after_export = Some(intent);
            }
            Answer::SaveProject => {
                let has_begun = self.save_project();
                self.go_on_after(has_begun, intent);
            }
            Answer::SaveMask(target) => {
                let has_begun = self.browse_mask_to_save(target);
                self.go_on_after(has_begun, intent);
            }
        }
    }

    /// Goes on once what is being saved is, if that was begun.
    fn go_on_after(&mut self, has_begun: bool, intent: Intent) {
        if has_begun {
            self.state.after_export = Some(intent);
        } else {
            self.forget_intent();
        }
    }

    /// Does what unsaved work stood in the way of.
    pub(in crate::app) fn go_on(&mut self, ctx: &Context, intent: Intent) {
        match intent {
            Intent::Open(source) => self.open(source),
            Intent::Show(_) => {
                if let Some(photo) = self.state.arrived.take() {
                    self.show_photo(*photo);
                }
            }
            Intent::Close => {
                self.state.may_close = true;
                ctx.send_viewport_cmd(ViewportCommand::Close);
            }
        }
    }
}
