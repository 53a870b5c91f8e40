//! Projects are saved: a photo with the work on it in one file.

use std::{path::Path, sync::Arc};

use eframe::egui::Context;

use crate::{
    app::{
        App,
        project::{self, Draft, OpenProject},
        purpose::Purpose,
        tasks::SavedProject,
    },
    imaging::Pixels,
    jobs::{self, Job},
};

/// The title of what is said of a project that could not be saved.
const FAILED: &str = "The project could not be saved";

impl App {
    /// Saves where it was saved before; the first time a dialog asks. Returns whether that was begun.
    pub(super) fn save_project(&mut self) -> bool {
        let project = self.photo.as_ref().and_then(|photo| photo.project.clone());
        match project {
            Some(OpenProject { path, .. }) => self.write_project(&path, false),
            None => self.browse_project(),
        }
    }

    /// Asks where to save. Returns whether a dialog was opened.
    pub(super) fn browse_project(&mut self) -> bool {
        let Some(photo) = &self.photo else {
            self.notices.news("No photo is open", "Open one first");
            return false;
        };
        let path = photo.suggested_project_path();
        self.browse_to_save(Purpose::SaveProject, path)
    }

    /// Writes the project in the background. Another file of that name is replaced only where a person has agreed to
    /// that. Returns whether that was begun.
    pub(super) fn write_project(&mut self, chosen: &Path, may_replace: bool) -> bool {
        let Some(photo) = &mut self.photo else {
            return false;
        };
        if let Some(job) = &self.tasks.project_saving {
            self.notices
                .news("Not saved yet", format!("{} has to end first", job.name()));
            return false;
        }
        photo.document.end_stroke();
        let path = project::with_ending(chosen);
        let is_its_own = photo.project.as_ref().is_some_and(|project| project.path == path);
        // Nobody was asked about a name that was completed here.
        let overwrite = is_its_own || may_replace && path == chosen;
        let draft = Draft::of(photo);
        let file = draft.file.clone();
        let original = Arc::clone(photo.document.original());
        let state = photo.document.state();
        let waker = self.tasks.waker.clone();
        self.tasks.project_saving = Some(jobs::spawn("Saving the project", waker, move |_| {
            let outcome = draft.write(&path, overwrite);
            // Relative paths stop being right when the folder changes.
            let path = std::fs::canonicalize(&path).unwrap_or(path);
            SavedProject {
                original,
                outcome: outcome.map(|()| OpenProject {
                    path,
                    original: file,
                    state,
                }),
            }
        }));
        true
    }

    pub(in crate::app) fn drain_project_saving(&mut self, ctx: &Context) {
        let Some(outcome) = self.tasks.project_saving.as_ref().and_then(Job::poll) else {
            return;
        };
        self.tasks.project_saving = None;
        let saved = outcome.map_err(|crash| crash.to_string());
        let saved = saved.and_then(|saved| Ok((saved.outcome?, saved.original)));
        match saved {
            Ok((project, original)) => {
                self.notices.settle(FAILED);
                self.notices
                    .news("Project saved", project.path.display().to_string());
                self.note_project_saved(project, &original);
                self.go_on_if_saved(ctx);
            }
            Err(why) => {
                self.notices.error(FAILED, why);
                self.ask_again();
            }
        }
    }

    /// Notes with the photo, if it is still open, that it is in that file.
    fn note_project_saved(&mut self, project: OpenProject, original: &Arc<Pixels>) {
        self.settings.now.remember_photo(&project.path);
        if self.is_open(original)
            && let Some(photo) = &mut self.photo
        {
            photo.project = Some(project);
        }
    }
}
