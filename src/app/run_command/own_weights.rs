//! Weights of the person's own: shown in their folder, renamed, deleted.

use std::path::{Path, PathBuf};

use crate::{
    app::{
        App,
        notify::sentence,
        state::Dialog,
        tasks::ErrandJob,
        train::{Errand, OwnWeights, run::Run},
    },
    jobs,
    settings::Weights,
    train::{
        Start,
        library::{ChangeError, Moved},
    },
};

impl App {
    /// Does what was asked for in the background, one thing at a time.
    pub(super) fn run_errand(&mut self, errand: Errand) {
        if matches!(
            self.state.dialog,
            Dialog::RenameWeights(_) | Dialog::DeleteWeights(_)
        ) {
            self.state.dialog = Dialog::None;
        }
        if let Some(running) = &self.tasks.errand {
            let why = format!("{} has to end first", running.job.name());
            self.notices.of_the_program().news(errand.failed(), why);
            return;
        }
        if errand.is_a_change() && self.trains_beside(&errand.weights().path) {
            let why = ChangeError::BeingTrained.to_string();
            self.notices.of_the_program().error(errand.failed(), why);
            return;
        }
        let library = self.training.library.clone();
        let has_desktop = self.settings.session.desktop;
        let waker = self.tasks.waker.clone();
        let asked = errand.clone();
        let job = jobs::spawn(&errand.job_name(), waker, move |_| {
            asked.run(library.as_deref(), has_desktop)
        });
        self.tasks.errand = Some(ErrandJob { errand, job });
    }

    /// Whether training, which may only have begun to load, writes into the folder of this file.
    fn trains_beside(&self, path: &Path) -> bool {
        let run = self.training.run.as_ref().filter(|run| run.is_running());
        run.is_some_and(|run| path.parent() == Some(&run.out))
    }

    pub(in crate::app) fn drain_errand(&mut self) {
        let Some(outcome) = self.tasks.errand.as_ref().and_then(|running| running.job.poll()) else {
            return;
        };
        let Some(ErrandJob { errand, .. }) = self.tasks.errand.take() else {
            return;
        };
        let outcome = outcome.map_err(|crash| crash.to_string()).and_then(|done| done);
        match (errand, outcome) {
            (errand, Err(why)) => self.tell_failed(errand, why),
            (Errand::Show(_), Ok(_)) => {}
            (Errand::Rename(_), Ok(moved)) => {
                if let Some(moved) = moved {
                    self.follow(&moved);
                }
                self.look_at_shelf();
            }
            (Errand::Delete(weights), Ok(_)) => {
                self.let_weights_go(&weights);
                self.look_at_shelf();
            }
        }
    }

    /// A name that could not be given can be corrected; where another dialog is open, a notice has to do.
    fn tell_failed(&mut self, errand: Errand, why: String) {
        match errand {
            Errand::Rename(mut form) if self.state.dialog == Dialog::None => {
                form.failure = Some(sentence(why));
                self.state.dialog = Dialog::RenameWeights(form);
            }
            errand => self.notices.of_the_program().error(errand.failed(), why),
        }
        // What is not as it was thought to be is seen in the list.
        self.look_at_shelf();
    }

    /// Finds what has another path again, wherever it is remembered.
    fn follow(&mut self, moved: &Moved) {
        let (settings, training) = (&mut self.settings.now, &mut self.training);
        let mut paths: Vec<&mut PathBuf> = Vec::new();
        paths.extend(&mut settings.weights);
        paths.extend(settings.weights_before.as_mut().and_then(Weights::path_mut));
        paths.extend(&mut self.settings.session.weights);
        if let Some(then) = &mut self.state.weights_then {
            paths.extend(&mut then.kept);
            paths.extend(then.before.as_mut().and_then(Weights::path_mut));
            paths.extend(&mut then.session);
        }
        paths.push(&mut settings.train.out);
        if let Start::File(path) = &mut settings.train.start {
            paths.push(path);
        }
        paths.extend(&mut training.elsewhere);
        paths.extend(&mut training.candidate);
        paths.extend(training.run.iter_mut().flat_map(Run::paths_mut));
        for path in paths {
            moved.follow(path);
        }
        if self.tasks.network.is_some() {
            // It may be read from where nothing is any more.
            self.load_network();
        }
    }

    /// Forgets weights that are deleted. Where they were in use, those in the binary take their place.
    fn let_weights_go(&mut self, weights: &OwnWeights) {
        let path = weights.path.as_path();
        let title = format!("“{}” is deleted", weights.name);
        let detail = if self.weights().as_deref() == Some(path) {
            self.set_weights(None);
            "It was in use; the built-in weights are now"
        } else {
            ""
        };
        self.forget_path(path);
        self.notices.of_the_program().news(title, detail);
    }

    /// Offers no way back to a file that is deleted.
    fn forget_path(&mut self, path: &Path) {
        let (settings, session) = (&mut self.settings.now, &mut self.settings.session);
        let forget = |kept: &mut Option<PathBuf>| *kept = kept.take().filter(|kept| kept != path);
        let forget_before = |before: &mut Option<Weights>| {
            *before = before.take().filter(|before| before.path() != Some(path));
        };
        forget(&mut settings.weights);
        forget(&mut session.weights);
        forget_before(&mut settings.weights_before);
        if let Some(then) = &mut self.state.weights_then {
            forget(&mut then.kept);
            forget(&mut then.session);
            forget_before(&mut then.before);
        }
        self.training.elsewhere.retain(|other| other != path);
        if let Some(run) = &mut self.training.run {
            run.forget_weights(path);
        }
    }
}
