//! The Train tab: choosing photos, starting, steering and ending a run, and which weights are in use.

use std::path::PathBuf;

use eframe::egui::{Context, ViewportCommand};

use crate::{
    app::{
        App,
        action::Action,
        purpose::Purpose,
        state::Dialog,
        train::{
            Request, Tab, TrainingJob,
            overview::Overview,
            run::{Activity, Run},
            shelf,
        },
    },
    jobs,
    train::{Config, Start},
};

impl App {
    pub(super) fn run_request(&mut self, ctx: &Context, request: Request) {
        match request {
            Request::Configure(config) => self.configure(*config),
            Request::Browse(purpose) if purpose.is_folder() => self.browse_folder(purpose),
            Request::Browse(purpose) => self.browse_to_open(purpose),
            Request::Look => self.look_at_photos(),
            Request::Resume(out) => self.resume_run(&out),
            Request::New => (self.training.run, self.training.strip) = (None, None),
            Request::SetView(view) => self.training.view = view,
            Request::Errand(errand) => self.run_errand(errand),
            Request::CloseAfterSaving => self.close_after_saving(ctx),
        }
    }

    pub(super) fn run_training_action(&mut self, action: Action) {
        match action {
            Action::EditTab => self.show_tab(Tab::Edit),
            Action::TrainTab => self.show_tab(Tab::Train),
            Action::TrainPhotos => {
                self.show_tab(Tab::Train);
                self.browse_folder(Purpose::TrainPhotos);
            }
            Action::StartTraining => self.start_training(),
            Action::PauseTraining => self.pause_training(),
            Action::StopTraining => self.stop_training(),
            Action::SaveTraining => self.steer(|control| control.save_now()),
            Action::SampleTraining => self.steer(|control| control.sample_now()),
            Action::UseTrained => {
                if let Some(weights) = self.training.run.as_ref().and_then(Run::weights).cloned() {
                    self.set_weights(Some(weights));
                }
            }
            Action::PreviousWeights => {
                if let Some(before) = self.settings.now.weights_before.clone() {
                    self.set_weights(before.path().map(ToOwned::to_owned));
                }
            }
            _ => {}
        }
    }

    /// Reads in the background what earlier training has left.
    pub(in crate::app) fn look_at_shelf(&mut self) {
        let library = self.training.library.clone();
        let mut files = self.training.elsewhere.clone();
        files.extend(self.weights());
        files.extend(self.training.run.as_ref().and_then(Run::weights).cloned());
        let ended = self.training.run.as_ref().map(|run| run.out.clone());
        let outs = [Some(self.settings.now.train.out.clone()), ended];
        let mut outs: Vec<_> = outs.into_iter().flatten().collect();
        outs.retain(|out| !out.as_os_str().is_empty());
        let waker = self.tasks.waker.clone();
        self.tasks.shelf = Some(jobs::spawn("Looking for weights", waker, move |_| {
            shelf::look(library.as_deref(), files, &outs)
        }));
    }

    fn show_tab(&mut self, tab: Tab) {
        self.training.tab = tab;
        if tab == Tab::Train && self.tasks.shelf.is_none() {
            // Another window may have begun or ended a run.
            self.look_at_shelf();
        }
        let is_new = self.training.overview.is_none() && self.tasks.overview.is_none();
        if tab == Tab::Train && is_new {
            self.look_at_photos();
        }
    }

    fn change_config(&mut self, change: impl FnOnce(&mut Config)) {
        let mut config = self.settings.now.train.clone();
        change(&mut config);
        self.configure(config);
    }

    fn configure(&mut self, config: Config) {
        let old = std::mem::replace(&mut self.settings.now.train, config);
        let new = &self.settings.now.train;
        if old.photos != new.photos || old.holes != new.holes {
            self.look_at_photos();
        }
    }

    /// Looks through the photos in the background.
    fn look_at_photos(&mut self) {
        self.training.overview = None;
        self.tasks.overview = None;
        let config = self.settings.now.train.clone();
        if config.photos.as_os_str().is_empty() {
            return;
        }
        let waker = self.tasks.waker.clone();
        self.tasks.overview = Some(jobs::spawn(
            "Looking through the photos",
            waker,
            move |progress| Overview::of(&config, progress),
        ));
    }

    fn start_training(&mut self) {
        self.training.tab = Tab::Train;
        if self.tasks.training.is_some() {
            self.notices
                .news("Training is running", "Stop it first to begin another");
            return;
        }
        let config = self.settings.now.train.clone();
        if config.photos.as_os_str().is_empty() {
            self.notices
                .news("No photos are chosen", "Choose a folder of photos to learn from");
            return;
        }
        let run = Run::new(config.out.clone());
        self.launch(config, run, false);
    }

    fn resume_run(&mut self, out: &std::path::Path) {
        let runs = &self.training.shelf.unfinished;
        let found = runs.iter().find(|unfinished| unfinished.run.out == out);
        let (Some(found), None) = (found.cloned(), &self.tasks.training) else {
            return;
        };
        let run = Run {
            activity: Activity::Preparing,
            end: None,
            // Those of the run before; this one tells its own as soon as everything is loaded.
            facts: None,
            now: None,
            ..found.run
        };
        self.launch(found.config, run, true);
    }

    fn launch(&mut self, config: Config, run: Run, resume: bool) {
        let is_same = self.training.run.as_ref().is_some_and(|last| last.out == run.out);
        if !(resume && is_same) {
            self.training.strip = None;
        }
        self.training.run = Some(run);
        self.training.view.refits += 1;
        let library = self.training.library.clone();
        let waker = self.tasks.waker.clone();
        self.tasks.training = Some(TrainingJob::start(config, resume, library, waker));
    }

    fn steer(&self, act: impl FnOnce(&crate::train::Control)) {
        if let Some(training) = &self.tasks.training {
            act(&training.control);
        }
    }

    fn pause_training(&self) {
        self.steer(|control| {
            if control.is_paused() {
                control.resume();
            } else {
                control.pause();
            }
        });
    }

    /// Ends the run after its step, with everything saved.
    fn stop_training(&mut self) {
        let (Some(training), Some(run)) = (&self.tasks.training, &mut self.training.run) else {
            return;
        };
        if run.activity == Activity::Preparing {
            training.job.cancel();
        }
        training.control.stop();
        run.activity = Activity::Stopping;
    }

    fn close_after_saving(&mut self, ctx: &Context) {
        self.stop_training();
        self.training.closes_after = true;
        if self.tasks.training.is_none() {
            // It has come to its end while the question was read.
            self.close_if_asked(ctx);
        }
    }

    /// Looks at a weights file before it is used, so that a bad one changes nothing.
    fn try_weights(&mut self, path: PathBuf) {
        if !self.training.elsewhere.contains(&path) {
            self.training.elsewhere.push(path.clone());
        }
        self.training.candidate = Some(path);
        self.look_at_shelf();
    }

    pub(in crate::app) fn drain_shelf(&mut self) {
        let Some(outcome) = self.tasks.shelf.as_ref().and_then(jobs::Job::poll) else {
            return;
        };
        self.tasks.shelf = None;
        match outcome.map_err(|crash| crash.to_string()).and_then(|found| found) {
            Ok(shelf) => self.training.shelf = shelf,
            Err(why) => self
                .notices
                .of_the_program()
                .error("The weights could not be listed", why),
        }
        if let Some(path) = self.training.candidate.take() {
            self.use_if_good(path);
        }
    }

    fn use_if_good(&mut self, path: PathBuf) {
        let mut weights = self.training.shelf.weights.iter();
        match weights
            .find(|entry| entry.path == path)
            .map(|entry| &entry.problem)
        {
            Some(None) => self.set_weights(Some(path)),
            // Why is told already: the shelf could not be read.
            None => {}
            Some(Some(why)) => {
                let why = format!("{why} ({})", path.display());
                self.notices
                    .of_the_program()
                    .error("These weights cannot be used", why);
            }
        }
    }

    pub(in crate::app) fn drain_overview(&mut self) {
        let Some(outcome) = self.tasks.overview.as_ref().and_then(jobs::Job::poll) else {
            return;
        };
        self.tasks.overview = None;
        let found = outcome.map_err(|crash| crash.to_string()).and_then(|found| found);
        self.training.overview = Some(found);
    }

    /// Goes on with closing, now that the run has saved. There is nothing left to ask about.
    pub(super) fn close_if_asked(&mut self, ctx: &Context) {
        if self.state.dialog == Dialog::CloseTraining {
            self.state.dialog = Dialog::None;
        }
        if std::mem::take(&mut self.training.closes_after) {
            ctx.send_viewport_cmd(ViewportCommand::Close);
        }
    }

    /// Goes on with something that was chosen for training.
    pub(super) fn take_training_path(&mut self, purpose: Purpose, path: PathBuf) {
        match purpose {
            Purpose::TrainPhotos => self.change_config(|config| config.photos = path),
            Purpose::TrainOut => {
                self.change_config(|config| config.out = path);
                self.look_at_shelf();
            }
            Purpose::TrainStart => self.change_config(|config| config.start = Start::File(path)),
            Purpose::TrainHoles => self.change_config(|config| config.holes = Some(path)),
            Purpose::TrainFeatures => self.change_config(|config| config.features = Some(path)),
            _ => self.try_weights(path),
        }
    }
}
