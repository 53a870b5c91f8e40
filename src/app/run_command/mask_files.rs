//! The two masks, what should go and what is kept out, from files and to files.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use eframe::egui::Context;

use crate::{
    app::{
        App, export,
        notify::sentence,
        purpose::Purpose,
        tasks::{Failure, MaskJob, SavedMask},
    },
    document::{Document, Part, Target},
    imaging::{Format, Metadata, Pixels, read, write},
    jobs,
};

impl App {
    /// Asks for a file to take one of the masks from.
    pub(super) fn browse_mask(&mut self, target: Target) {
        if self.photo.is_none() {
            let detail = format!("A {} belongs to a photo; open that first", noun(target));
            self.notices.news("No photo is open", detail);
            return;
        }
        self.browse_to_open(Purpose::Mask(target));
    }

    /// Asks for a file to write one of the masks to. Returns whether a dialog was opened.
    pub(super) fn browse_mask_to_save(&mut self, target: Target) -> bool {
        let Some(photo) = self.photo.as_ref().filter(|photo| photo.has(target)) else {
            let how = match target {
                Target::Remove => "Paint over what should go first",
                Target::KeepOut => "Switch “Keep out” on (K) and mark what nothing should be copied from",
            };
            let title = format!("There is no {} to save", noun(target));
            self.notices.news(title, how);
            return false;
        };
        let path = photo.suggested_mask_path(target);
        self.browse_to_save(Purpose::SaveMask(target), path)
    }

    /// Reads one of the masks in the background.
    pub(super) fn open_mask(&mut self, target: Target, path: PathBuf) {
        let Some(photo) = &self.photo else { return };
        if let Some(opening) = &self.tasks.mask
            && opening.target != target
        {
            let why = format!("{} has to end first", opening.job.name());
            self.notices.news(not_opened(target), why);
            return;
        }
        let bounds = photo.document.bounds();
        let waker = self.tasks.waker.clone();
        let name = format!("Opening the {}", noun(target));
        let job = jobs::spawn(&name, waker, move |_| {
            read::mask(&path, (bounds.width, bounds.height)).map_err(|error| error.problem.to_string())
        });
        self.tasks.mask = Some(MaskJob { target, job });
    }

    pub(in crate::app) fn drain_mask(&mut self) {
        let Some(MaskJob { target, job }) = &self.tasks.mask else {
            return;
        };
        let (target, was_cancelled) = (*target, job.is_cancelled());
        let Some(outcome) = job.poll() else { return };
        self.tasks.mask = None;
        if was_cancelled {
            return;
        }
        match outcome
            .map_err(|crash| crash.to_string())
            .and_then(|outcome| outcome)
        {
            Ok((mask, notices)) => {
                let step = Purpose::Mask(target).title();
                let replace = move |document: &mut Document| Some(document.replace_mask(target, step, mask));
                self.edit_aside(step, replace, move |app, _, _| app.note_mask_opened(target));
                for notice in notices {
                    let title = sentence(format!("{} opened", noun(target)));
                    self.notices.news(title, notice);
                }
            }
            Err(why) => self.notices.error(not_opened(target), why),
        }
    }

    /// Writes one of the masks as a PNG in the background. Another file of that name is replaced only where a person has
    /// agreed to that, and the original photo never.
    pub(super) fn save_mask(&mut self, target: Target, chosen: &Path, may_replace: bool) {
        let Some(photo) = &mut self.photo else { return };
        if let Some(saving) = &self.tasks.mask_saving {
            let why = format!("{} has to end first", saving.job.name());
            self.notices.news(not_saved(target), why);
            return;
        }
        photo.document.end_stroke();
        let document = photo.document.clone();
        let path = export::with_ending(chosen, Format::Png);
        // Nobody was asked about a name that was completed here.
        let overwrite = may_replace && path == chosen;
        let options = write::Options {
            original: photo.path.clone(),
            ..write::Options::default()
        };
        let original = Arc::clone(photo.document.original());
        let state = photo.document.state_of(part(target));
        let waker = self.tasks.waker.clone();
        let name = format!("Saving the {}", noun(target));
        let job = jobs::spawn(&name, waker, move |_| {
            let pixels = document.mask_of(target).and_then(|mask| mask.to_pixels());
            // What is still shared has to be copied before it changes.
            drop(document);
            let outcome = pixels
                .ok_or_else(|| "it has no pixels".to_owned())
                .and_then(|pixels| write_mask(&pixels, path, &options, overwrite));
            SavedMask {
                original,
                state,
                outcome,
            }
        });
        self.tasks.mask_saving = Some(MaskJob { target, job });
    }

    pub(in crate::app) fn drain_mask_saving(&mut self, ctx: &Context) {
        let Some(MaskJob { target, job }) = &self.tasks.mask_saving else {
            return;
        };
        let target = *target;
        let Some(outcome) = job.poll() else { return };
        self.tasks.mask_saving = None;
        let saved = outcome.map_err(|crash| crash.to_string());
        let saved = saved.and_then(|saved| Ok((saved.outcome?, saved.original, saved.state)));
        match saved {
            Ok((path, original, state)) => {
                self.notices.settle(&not_saved(target));
                let title = sentence(format!("{} saved", noun(target)));
                self.notices.news(title, path.display().to_string());
                self.note_mask_saved(target, &original, state);
                self.go_on_if_saved(ctx);
            }
            Err(why) => {
                self.notices.error(not_saved(target), why);
                self.ask_again();
            }
        }
    }

    /// Notes with the photo, if it is still open, that one of its masks in `state` is in a file.
    fn note_mask_saved(&mut self, target: Target, original: &Arc<Pixels>, state: u64) {
        if self.is_open(original)
            && let Some(photo) = &mut self.photo
        {
            *photo.saved_mut(target) = state;
        }
    }

    /// What comes from a file is in that file.
    fn note_mask_opened(&mut self, target: Target) {
        if let Some(photo) = &mut self.photo {
            *photo.saved_mut(target) = photo.document.state_of(part(target));
        }
    }
}

/// As sentences call it.
const fn noun(target: Target) -> &'static str {
    match target {
        Target::Remove => "mask",
        Target::KeepOut => "keep-out area",
    }
}

const fn part(target: Target) -> Part {
    match target {
        Target::Remove => Part::Mask,
        Target::KeepOut => Part::KeepOut,
    }
}

/// Titles of what is said of a mask that could not be opened or saved.
fn not_opened(target: Target) -> String {
    format!("The {} could not be opened", noun(target))
}

fn not_saved(target: Target) -> String {
    format!("The {} could not be saved", noun(target))
}

fn write_mask(
    pixels: &Pixels,
    path: PathBuf,
    options: &write::Options,
    overwrite: bool,
) -> Result<PathBuf, Failure> {
    let (png, metadata) = (Format::Png, Metadata::default());
    let written = write::photo(&path, pixels, &metadata, png, options, overwrite);
    match written.map_err(|error| error.problem) {
        Ok(_) => Ok(path),
        Err(write::Problem::Exists) => Err(format!(
            "{} is there already; choose another name",
            path.display()
        )),
        Err(problem) => Err(problem.to_string()),
    }
}
