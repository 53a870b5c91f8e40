//! The window.
//!
//! [`App::logic`](eframe::App::logic) drains jobs and executes commands, [`App::ui`](eframe::App::ui) only
//! shows: panels read the state and send commands. Nothing in a frame blocks: photos, networks, fills and exports
//! are jobs. Everything works without a GPU, only that the photo itself is not shown then.

mod action;
pub mod canvas;
mod clipboard;
mod command;
mod export;
mod icons;
mod journal;
mod keys;
mod logic;
mod notify;
mod panels;
mod photo;
mod place;
mod project;
mod purpose;
mod run;
mod run_command;
mod sources;
mod state;
mod tasks;
mod theme;
pub mod train;
mod veils;

use std::{path::PathBuf, sync::Arc};

use eframe::{CreationContext, Frame, egui};

use crate::{document::Document, settings::Settings};
use canvas::Canvas;
use command::Command;
use journal::Journal;
use notify::Notices;
use photo::OpenPhoto;
use state::State;
use tasks::Tasks;
use train::Training;
use veils::Veils;

pub use action::{Action, Menu};
pub use journal::usual_journal;
pub use run::{RunError, run};
pub use state::Start;
pub use train::usual_library;

/// The application.
pub struct App {
    photo: Option<OpenPhoto>,
    canvas: Canvas,
    veils: Veils,
    state: State,
    training: Training,
    notices: Notices,
    tasks: Tasks,
    journal: Journal,
    settings: Preferences,
    commands: Vec<Command>,
    held_keys: keys::Held,
}

/// The settings, where they are kept, and whether that is up to date.
struct Preferences {
    now: Settings,
    saved: Settings,
    path: Option<PathBuf>,
    /// In place of those that are kept, for this session.
    session: Start,
}

impl App {
    /// An application that begins as `start` says.
    pub fn new(cc: &CreationContext<'_>, start: Start) -> Self {
        theme::install(&cc.egui_ctx);
        let loaded = start.settings.as_deref().map(Settings::load);
        let (settings, notice) = loaded.unwrap_or_default();
        theme::apply(&cc.egui_ctx, settings.theme);
        let ctx = cc.egui_ctx.clone();
        let mut app = Self {
            photo: None,
            canvas: Canvas::new(cc.wgpu_render_state.as_ref()),
            veils: Veils::default(),
            state: State::new(),
            training: Training {
                library: start.library.clone(),
                ..Training::default()
            },
            notices: Notices::default(),
            tasks: Tasks::new(Arc::new(move || ctx.request_repaint())),
            journal: Journal::new(start.journal.clone()),
            settings: Preferences {
                saved: settings.clone(),
                now: settings,
                path: start.settings.clone(),
                session: start.clone(),
            },
            commands: Vec::new(),
            held_keys: keys::Held::default(),
        };
        if let Some(notice) = notice {
            app.notices
                .of_the_program()
                .warning("Settings are back to the defaults", notice);
        }
        app.show_overlay_settings();
        app.load_network();
        app.look_at_shelf();
        let left: Vec<_> = app.journal.left().collect();
        let sample = (!start.empty).then_some(state::Source::Sample);
        let whole = |path: PathBuf| std::fs::canonicalize(&path).unwrap_or(path);
        let asked_for = start.photo.map(|path| state::Source::Path(whole(path)));
        let first = asked_for.or_else(|| left.first().cloned()).or(sample);
        app.tell_of_kept(left.into_iter().filter(|source| first.as_ref() != Some(source)));
        if let Some(source) = first {
            app.open(source);
        }
        app
    }

    /// Tells of work that an earlier window left on photos that are not opened now, and puts them among the recent ones.
    fn tell_of_kept(&mut self, sources: impl DoubleEndedIterator<Item = state::Source>) {
        let mut names = Vec::new();
        for source in sources.rev() {
            if matches!(source, state::Source::Kept(_)) {
                // A pasted picture cannot be opened by name; it comes back with a start of its own.
                continue;
            }
            names.insert(0, source.name());
            if let state::Source::Path(path) = source {
                self.settings.now.remember_photo(&path);
            }
        }
        if !names.is_empty() {
            let names = names.join(", ");
            self.notices.of_the_program().warning(
                "Work on other photos is kept too",
                format!("It comes back as soon as they are opened: {names}"),
            );
        }
    }

    /// The document that is open.
    pub fn document(&self) -> Option<&Document> {
        self.photo.as_ref().map(|photo| &photo.document)
    }

    /// The training run that goes on, or the last one.
    pub const fn training_run(&self) -> Option<&train::run::Run> {
        self.training.run.as_ref()
    }

    /// The titles of the notices that are shown.
    pub fn notices(&self) -> Vec<String> {
        let shown = self.notices.shown().iter();
        shown
            .map(|notice| format!("{}: {}", notice.title, notice.detail))
            .collect()
    }

    /// Whether anything runs in the background that will change the window.
    pub fn is_busy(&self) -> bool {
        let tasks = &self.tasks;
        tasks.foremost().is_some()
            || tasks.network.is_some()
            || tasks.aside.is_some()
            || !self.commands.is_empty()
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut Frame) {
        self.think(ctx);
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut Frame) {
        let mut commands = Vec::new();
        panels::show(self, ui, &mut commands);
        if !commands.is_empty() {
            // They are executed before the next frame, which must therefore come.
            self.commands.append(&mut commands);
            ui.ctx().request_repaint();
        }
    }

    fn raw_input_hook(&mut self, ctx: &egui::Context, input: &mut egui::RawInput) {
        self.held_keys.settle(&mut input.events);
        clipboard::translate_for_text(ctx, input, &mut self.tasks);
    }

    fn on_exit(&mut self) {
        self.finish();
    }
}
