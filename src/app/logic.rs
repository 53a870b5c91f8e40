//! What happens between frames: keys become commands, commands are executed, finished jobs are taken in.

use std::{path::PathBuf, sync::Arc, time::Duration};

use eframe::egui::{Context, Key, Popup, ViewportCommand};

use crate::{
    imaging::Format,
    jobs::{self, Job},
};

use super::{
    App,
    command::Command,
    keys,
    photo::OpenPhoto,
    purpose::Purpose,
    state::{Dialog, Engine, Intent, PathForm, WeightsThen},
    train::Tab,
};

/// How long the end waits for a file that is being written.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the end waits for a step and its checkpoint, where nobody could be asked.
const PATIENCE_WITH_TRAINING: Duration = Duration::from_secs(30);

impl App {
    pub(super) fn think(&mut self, ctx: &Context) {
        self.take_dropped_files(ctx);
        self.take_keys(ctx);
        let commands = std::mem::take(&mut self.commands);
        if !commands.is_empty() {
            // A dialog that opens needs a second frame to find its place.
            ctx.request_repaint();
        }
        for command in commands {
            self.run_command(ctx, command);
        }
        self.drain_jobs(ctx);
        self.update_veils(ctx);
        self.guard_closing(ctx);
        self.save_settings(ctx);
        self.keep_work(ctx);
        self.set_title(ctx);
        self.keep_place(ctx);
        if let Some(soon) = self.notices.age() {
            ctx.request_repaint_after(soon);
        }
        if self.tasks.foremost().is_some() || self.tasks.aside.is_some() {
            // Elapsed time and the estimate go on between reports.
            ctx.request_repaint_after(Duration::from_millis(200));
        }
    }

    /// Before the process ends: nothing is left half written.
    pub(super) fn finish(&mut self) {
        self.settings.now.place = self.state.place.or(self.settings.now.place);
        if let Some(path) = &self.settings.path
            && let Err(error) = self.settings.now.save(path)
        {
            tracing::warn!("the settings could not be saved: {error}");
        }
        self.tasks.end_writing(PATIENCE);
        if self.state.may_close || !self.has_unsaved_work() {
            self.journal.clear();
        }
        if let Some(training) = self.tasks.training.take() {
            training.control.stop();
            training.job.stop(PATIENCE_WITH_TRAINING);
        }
    }

    pub(super) fn has_unsaved_work(&self) -> bool {
        self.photo.as_ref().is_some_and(OpenPhoto::has_unsaved_work)
    }

    /// Whether anything is masked.
    pub(super) fn has_mask(&self) -> bool {
        self.photo.as_ref().is_some_and(OpenPhoto::has_mask)
    }

    fn take_keys(&mut self, ctx: &Context) {
        if self.state.dialog != Dialog::None {
            // Dialogs have their own Enter and Esc; text fields in them their own keys, and lists that are open too.
            if !Popup::is_any_open(ctx)
                && ctx.input_mut(|input| input.consume_key(Default::default(), Key::Escape))
            {
                self.commands.push(Command::CloseDialog);
            }
            return;
        }
        if Popup::is_any_open(ctx) {
            // An open menu has its own Esc and Enter.
            return;
        }
        let mut actions = keys::take_actions(ctx, self.canvas.id());
        if self.training.tab == Tab::Train {
            actions.retain(|action| !action.is_about_the_photo());
        }
        self.commands.extend(actions.into_iter().map(Command::Act));
    }

    fn take_dropped_files(&mut self, ctx: &Context) {
        let dropped = ctx.input(|input| input.raw.dropped_files.clone());
        // The first is the one under the pointer.
        let Some(path) = dropped.first().map(|file| file.path().to_owned()) else {
            return;
        };
        match &self.state.dialog {
            // The name of a file that is to be written is only begun with it.
            Dialog::Path(form) if form.purpose.is_to_save() => {
                let form = PathForm {
                    text: path.display().to_string(),
                    ..form.clone()
                };
                self.commands.push(Command::SetDialog(Dialog::Path(form)));
            }
            Dialog::Path(form) => self.commands.push(chosen(form.purpose, path)),
            _ if self.training.tab == Tab::Train => {
                let is_weights = path.extension().is_some_and(|ending| ending == "safetensors");
                let purpose = if is_weights {
                    Purpose::Weights
                } else {
                    Purpose::TrainPhotos
                };
                self.commands.push(chosen(purpose, path));
            }
            _ => {
                self.commands.push(Command::OpenPath(path));
                if dropped.len() > 1 {
                    self.notices
                        .news("Opening the first photo", "Lacuna shows one photo at a time");
                }
            }
        }
    }

    fn drain_jobs(&mut self, ctx: &Context) {
        self.drain_aside(ctx);
        self.drain_network();
        // These change the document, or ask whether anything of it would be lost: not while a clone of it is changed.
        let steps: [fn(&mut Self, &Context); 7] = [
            |app, _| app.drain_opening(),
            |app, _| {
                // It would cut off a stroke.
                if !app.is_stroking() {
                    app.drain_mask();
                }
            },
            Self::drain_fill,
            Self::drain_mask_saving,
            Self::drain_project_saving,
            Self::drain_writing,
            |app, _| app.fill_when_possible(),
        ];
        for drain in steps {
            if self.tasks.aside.is_none() {
                drain(self, ctx);
            }
        }
        self.drain_copying();
        self.drain_dialog();
        self.drain_training(ctx);
        self.drain_overview();
        self.drain_errand();
        self.drain_shelf();
    }

    /// Goes back to what was before weights that could not be loaded: to the weights then, and to the way back.
    fn take_weights_back(&mut self, then: WeightsThen) {
        self.settings.now.weights = then.kept;
        self.settings.now.weights_before = then.before;
        self.settings.session.weights = then.session;
        self.load_network();
    }

    fn drain_network(&mut self) {
        let Some(job) = &self.tasks.network else { return };
        for notice in job.take_notices() {
            self.notices
                .of_the_program()
                .warning("Another device is used", notice);
        }
        let Some(outcome) = job.poll() else { return };
        self.tasks.network = None;
        let outcome = outcome
            .map_err(|crash| crash.to_string())
            .and_then(|outcome| outcome);
        self.state.engine = match (outcome, self.state.weights_then.take()) {
            (Ok(network), _) => Engine::Ready(network),
            (Err(why), Some(then)) => {
                self.notices
                    .of_the_program()
                    .error("These weights cannot be used; the earlier ones are", why);
                self.take_weights_back(then);
                return;
            }
            (Err(why), None) => {
                self.notices
                    .of_the_program()
                    .error("The network could not be loaded", why.clone());
                self.state.fill_when_ready = false;
                Engine::Failed(why)
            }
        };
    }

    /// Makes the fill that waited for the network, but cuts off no stroke for it.
    fn fill_when_possible(&mut self) {
        let is_ready = matches!(self.state.engine, Engine::Ready(_));
        if self.state.fill_when_ready && is_ready && !self.is_stroking() {
            self.state.fill_when_ready = false;
            self.commands.push(Command::Fill);
        }
    }

    /// Whether a stroke is being drawn.
    pub(super) fn is_stroking(&self) -> bool {
        self.photo
            .as_ref()
            .is_some_and(|photo| photo.document.is_stroking())
    }

    /// Asks before work is lost with the window.
    fn guard_closing(&mut self, ctx: &Context) {
        let has_to_end = self.tasks.has_to_end();
        if has_to_end.is_none() && std::mem::take(&mut self.state.closes_when_written) {
            ctx.send_viewport_cmd(ViewportCommand::Close);
        }
        let wants_to_close = ctx.input(|input| input.viewport().close_requested());
        if !wants_to_close {
            return;
        }
        if let Some(job) = has_to_end {
            ctx.send_viewport_cmd(ViewportCommand::CancelClose);
            let what = format!("{} has to end first", job.name);
            self.notices.of_the_program().news("Closing in a moment", what);
            self.state.closes_when_written = true;
        } else if self.has_unsaved_work() && !self.state.may_close {
            ctx.send_viewport_cmd(ViewportCommand::CancelClose);
            self.state.dialog = Dialog::Unsaved(Intent::Close);
        } else if self.tasks.training.is_some() {
            ctx.send_viewport_cmd(ViewportCommand::CancelClose);
            self.state.dialog = Dialog::CloseTraining;
        }
    }

    fn set_title(&mut self, ctx: &Context) {
        let title = self.photo.as_ref().map_or_else(
            || "Lacuna".to_owned(),
            |photo| {
                let mark = if photo.has_unsaved_work() { "• " } else { "" };
                format!("{mark}{} – Lacuna", photo.name)
            },
        );
        if self.state.title != title {
            self.state.title.clone_from(&title);
            ctx.send_viewport_cmd(ViewportCommand::Title(title));
        }
    }

    /// Writes the settings in the background when they have changed, but not in the middle of a drag.
    fn save_settings(&mut self, ctx: &Context) {
        if let Some(outcome) = self.tasks.saving.as_ref().and_then(Job::poll) {
            self.tasks.saving = None;
            if let Ok(Err(why)) = outcome {
                self.notices
                    .of_the_program()
                    .warning("The settings could not be saved", why);
            }
        }
        let settings = &mut self.settings;
        let is_dragging = ctx.input(|input| input.pointer.any_down());
        if settings.now == settings.saved || is_dragging || self.tasks.saving.is_some() {
            return;
        }
        settings.saved = settings.now.clone();
        let Some(path) = settings.path.clone() else { return };
        let now = settings.now.clone();
        let waker = Arc::clone(&self.tasks.waker);
        self.tasks.saving = Some(jobs::spawn("Saving the settings", waker, move |_| {
            now.save(&path).map_err(|error| error.to_string())
        }));
    }
}

/// What was dropped, as the choice of a file or folder. With a photo its folder is meant.
fn chosen(purpose: Purpose, path: PathBuf) -> Command {
    let folder = path.parent().map(ToOwned::to_owned);
    let is_photo = Format::from_path(&path).is_some();
    let path = folder.filter(|_| purpose.is_folder() && is_photo).unwrap_or(path);
    Command::ChoosePath(purpose, path)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::chosen;
    use crate::{
        app::{command::Command, purpose::Purpose},
        document::Target,
    };

    #[test]
    fn a_dropped_photo_stands_for_its_folder_where_one_is_wanted() {
        let photo = PathBuf::from("/photos/2024.05.01/a.jpg");
        let folder = PathBuf::from("/photos/2024.05.01");
        for (purpose, dropped, taken) in [
            (Purpose::TrainPhotos, &photo, &folder),
            (Purpose::TrainPhotos, &folder, &folder),
            (Purpose::Mask(Target::Remove), &photo, &photo),
        ] {
            let command = Command::ChoosePath(purpose, taken.clone());
            assert_eq!(chosen(purpose, dropped.clone()), command);
        }
    }
}
