//! The system's file dialogs: what they are asked, and what is done with their answers.
//!
//! Each waits in a job, so the window goes on, and there is one at a time. Where the system has none to offer a field is
//! shown to type a path into.

use std::{
    path::PathBuf,
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use rfd::FileDialog;

use crate::{
    app::{
        App,
        command::Command,
        purpose::Purpose,
        state::{Dialog, PathForm},
        tasks::Asked,
    },
    imaging::Pixels,
    jobs,
};

/// A file dialog that ends within this time never was on the screen; a busy machine takes a while to find that out.
const INSTANT: Duration = Duration::from_secs(1);
/// One that stays for this time surely was.
const SEEN: Duration = Duration::from_secs(3);

/// The dialog for this, with the endings that it offers.
fn dialog_for(purpose: Purpose) -> FileDialog {
    let dialog = FileDialog::new().set_title(purpose.title());
    let filters = purpose.endings().into_iter();
    filters.fold(dialog, |dialog, (name, endings)| {
        dialog.add_filter(name, &endings)
    })
}

impl App {
    /// Asks for a file to read. Pictures are looked for where the last one was.
    pub(super) fn browse_to_open(&mut self, purpose: Purpose) {
        let folder = self.settings.now.last_folder.clone();
        let folder = folder.filter(|_| purpose.is_picture());
        self.browse(purpose, move || {
            let dialog = dialog_for(purpose);
            let dialog = folder.into_iter().fold(dialog, FileDialog::set_directory);
            dialog.pick_file()
        });
    }

    /// Asks for a file to write, and proposes `path`. Returns whether a dialog was opened.
    pub(super) fn browse_to_save(&mut self, purpose: Purpose, path: PathBuf) -> bool {
        self.browse(purpose, move || {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let folder = path.parent().into_iter();
            let dialog = folder.fold(dialog_for(purpose), FileDialog::set_directory);
            dialog.set_file_name(name).save_file()
        })
    }

    pub(super) fn browse_folder(&mut self, purpose: Purpose) {
        self.browse(purpose, move || dialog_for(purpose).pick_folder());
    }

    pub(super) fn browse_export(&mut self) {
        if let Dialog::Export(form) = &self.state.dialog {
            let path = form.path();
            self.browse_to_save(Purpose::Export, path);
        }
    }

    /// Shows one of the system's dialogs. Returns whether it was opened.
    fn browse(&mut self, purpose: Purpose, ask: impl FnOnce() -> Option<PathBuf> + Send + 'static) -> bool {
        if let Some(asked) = &self.tasks.dialog {
            let detail = format!("“{}” has to be answered first", asked.purpose.title());
            self.notices
                .of_the_program()
                .news("A file dialog is open already", detail);
            return false;
        }
        let waker = self.tasks.waker.clone();
        let has_desktop = self.settings.session.desktop;
        let job = jobs::spawn("Choosing a file", waker, move |_| {
            let started = Instant::now();
            (has_desktop.then(ask).flatten(), started.elapsed())
        });
        let photo = self.photo.as_ref().map(|photo| photo.document.original());
        self.tasks.dialog = Some(Asked {
            purpose,
            photo: photo.map(Arc::downgrade),
            job,
        });
        true
    }

    pub(in crate::app) fn drain_dialog(&mut self) {
        let asked = self.tasks.dialog.as_ref();
        let Some(outcome) = asked.and_then(|asked| asked.job.poll()) else {
            return;
        };
        let Some(Asked { purpose, photo, .. }) = self.tasks.dialog.take() else {
            return;
        };
        let (path, took) = outcome.unwrap_or((None, Duration::ZERO));
        self.tasks.has_dialogs |= path.is_some() || took > SEEN;
        let is_of_another = purpose.is_about_the_photo() && !self.is_still_open(photo.as_ref());
        match path {
            Some(_) if is_of_another => self.notices.news(
                format!("{}: not done", purpose.title()),
                "Another photo is open by now; choose again",
            ),
            None if is_of_another => {}
            Some(path) => self.take_path(purpose, path, true),
            // Nobody cancels that fast: there is no dialog to be had on this system.
            None if took < INSTANT && !self.tasks.has_dialogs && purpose != Purpose::Export => {
                let text = match (purpose, &self.photo) {
                    (Purpose::SaveMask(target), Some(photo)) => {
                        photo.suggested_mask_path(target).display().to_string()
                    }
                    (Purpose::SaveProject, Some(photo)) => {
                        photo.suggested_project_path().display().to_string()
                    }
                    _ => String::new(),
                };
                self.state.dialog = Dialog::Path(PathForm { purpose, text });
            }
            None if purpose.is_to_save() => self.forget_intent(),
            None => {}
        }
    }

    fn is_still_open(&self, photo: Option<&Weak<Pixels>>) -> bool {
        let then = photo.and_then(Weak::upgrade);
        then.is_some_and(|then| self.is_open(&then))
    }

    /// Goes on with a file that was chosen; `may_replace` says whether the person agreed to replace what is there.
    pub(super) fn take_path(&mut self, purpose: Purpose, path: PathBuf, may_replace: bool) {
        match purpose {
            Purpose::Photo => self.commands.push(Command::OpenPath(path)),
            Purpose::Mask(target) => self.commands.push(Command::OpenMaskPath(target, path)),
            Purpose::SaveMask(target) => {
                self.commands
                    .push(Command::SaveMaskPath(target, path, may_replace));
            }
            Purpose::SaveProject => self.commands.push(Command::SaveProjectPath(path, may_replace)),
            Purpose::Export => {
                if let Dialog::Export(form) = &mut self.state.dialog {
                    form.set_path(&path);
                    form.may_replace = may_replace;
                }
            }
            _ => self.take_training_path(purpose, path),
        }
    }
}
