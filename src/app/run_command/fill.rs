//! Filling, and the network that does it.

use std::{path::PathBuf, sync::Arc};

use clap::ValueEnum as _;
use eframe::egui::Context;

use super::again::thumbnails;

use crate::{
    app::{
        App,
        command::Command,
        state::{Engine, Offer, WeightsThen},
        tasks::Filled,
    },
    document::Document,
    imaging::Patch,
    inpaint::{self, Options, Request},
    jobs::{self, JobProgress},
    nn::{DeviceChoice, Network},
    progress::Progress as _,
};

/// Titles of notices that are over as soon as a fill goes well.
const NOTHING_MASKED: &str = "Nothing is masked";
const FAILED: &str = "The fill failed";

impl App {
    /// Starts filling what is masked, as soon as the network is there.
    pub(in crate::app) fn fill(&mut self) {
        if self.tasks.fill.is_some() {
            self.notices.news(
                "A fill is running",
                "Go on painting; the next fill takes the new strokes",
            );
            return;
        }
        let Some(photo) = &mut self.photo else {
            self.notices.news("No photo is open", "Open one first");
            return;
        };
        photo.document.end_stroke();
        if matches!(self.state.engine, Engine::Loading) {
            self.state.fill_when_ready = true;
        }
        let Some(network) = self.network() else {
            return;
        };
        self.state.fill_when_ready = false;
        if !self.has_mask() {
            self.notices
                .news(NOTHING_MASKED, "Brush over what should go, then fill");
            return;
        }
        self.notices.settle(NOTHING_MASKED);
        self.start_fill(None, self.settings.now.fill, network);
    }

    /// Where that was chosen, fills as soon as something is marked: now, or after the fill that runs.
    pub(super) fn fill_on_release(&mut self, is_marked: bool) {
        if !is_marked || !self.settings.now.fill_on_release {
            return;
        }
        if self.tasks.fill.is_some() {
            self.state.fills_again = true;
        } else if self.tasks.aside.is_some() {
            self.tasks.waiting.push_back(Command::Fill);
        } else if self.has_mask() {
            self.fill();
        }
    }

    /// The network, if it is there. Tells why it will not be.
    pub(super) fn network(&mut self) -> Option<Arc<Network>> {
        match &self.state.engine {
            Engine::Ready(network) => Some(Arc::clone(network)),
            Engine::Loading => None,
            Engine::Failed(why) => {
                let why = why.clone();
                self.notices
                    .of_the_program()
                    .error("There is no network to fill with", why);
                None
            }
        }
    }

    /// Fills what is masked in the background, or makes the removal `again` once more.
    pub(super) fn start_fill(&mut self, again: Option<u64>, options: Options, network: Arc<Network>) {
        let Some(photo) = &self.photo else { return };
        let document = photo.document.clone();
        // A fill that no longer fits is not asked about for ever.
        self.state.offer = None;
        let waker = self.tasks.waker.clone();
        // Training waits between two steps until the fill is done.
        let hold = self
            .tasks
            .training
            .as_ref()
            .map(|training| training.control.hold());
        self.tasks.fill = Some(jobs::spawn("Filling", waker, move |progress| {
            let snapshot = match again {
                Some(id) => document.snapshot_of(id)?,
                None => document.snapshot(),
            };
            // What is still shared has to be copied before it changes.
            drop(document);
            let request = Request {
                photo: &snapshot.pixels,
                mask: &snapshot.basis.mask,
                keep_out: snapshot.keep_out.as_ref(),
            };
            let outcome = inpaint::remove_candidates(&request, &network, &options, progress);
            drop(hold);
            let thumbnails = outcome.as_ref().map_or_else(
                |_| Vec::new(),
                |candidates| thumbnails(&snapshot.pixels, snapshot.basis.hole_bounds(), candidates),
            );
            Some(Filled {
                outcome,
                thumbnails,
                options,
                basis: snapshot.basis,
            })
        }));
    }

    /// Stops what runs, or, with nothing running, what is shown over the photo.
    pub(super) fn cancel(&mut self) {
        if std::mem::take(&mut self.state.fill_when_ready) || self.tasks.cancel_foremost() {
            return;
        }
        self.state.shows_before = false;
        self.state.renaming = None;
    }

    pub(in crate::app) fn drain_fill(&mut self, ctx: &Context) {
        let Some(job) = &self.tasks.fill else { return };
        for notice in job.take_notices() {
            self.notices.warning("Filling", notice);
        }
        let was_cancelled = job.is_cancelled();
        let Some(outcome) = job.poll() else { return };
        self.tasks.fill = None;
        // A stroke that is being drawn is not cut off: its end comes to it.
        let fills_again = !self.is_stroking() && std::mem::take(&mut self.state.fills_again);
        match outcome {
            Err(crash) => {
                self.state.fills_again = false;
                self.notices.error(FAILED, crash.to_string());
            }
            // The removal to be made again is gone.
            Ok(None) => self.fill_on_release(fills_again),
            Ok(Some(filled)) => match &filled.outcome {
                Err(error) => {
                    self.state.fills_again = false;
                    if was_cancelled {
                        self.notices.news("Fill cancelled", "The mask is as it was");
                    } else {
                        self.notices.error(FAILED, error.to_string());
                    }
                }
                Ok(_) => {
                    self.notices.settle(FAILED);
                    self.take_removal(ctx, filled);
                    self.fill_on_release(fills_again && self.state.offer.is_none());
                }
            },
        }
    }

    /// Adds a finished fill, or offers it if it no longer fits.
    fn take_removal(&mut self, ctx: &Context, filled: Filled) {
        let Some(photo) = &self.photo else { return };
        match photo.document.check(&filled.basis) {
            Ok(()) => self.add_removal(ctx, filled),
            Err(why) => self.state.offer = Some(Offer { filled, why }),
        }
    }

    pub(super) fn settle_offer(&mut self, ctx: &Context, accept: bool) {
        let Some(offer) = self.state.offer.take() else {
            return;
        };
        if accept {
            self.add_removal(ctx, offer.filled);
        }
    }

    fn add_removal(&mut self, ctx: &Context, filled: Filled) {
        let Filled {
            basis,
            options,
            outcome,
            thumbnails,
        } = filled;
        let (Some(photo), Ok(found)) = (&self.photo, outcome) else {
            return;
        };
        let fills = found.all.into_iter().map(|candidate| {
            let report = &candidate.removal.report;
            let recipe = serde_json::json!({ "options": options, "report": report });
            let patches: Arc<[Patch]> = candidate.removal.patches.into();
            (patches, recipe.to_string(), candidate.score.value())
        });
        let fills: Vec<_> = fills.collect();
        let Some((patches, recipe, _)) = fills.first().cloned() else {
            return;
        };
        let (replaces, disagreement) = (basis.replaces(), found.disagreement);
        let effort = photo.document.effort_of_fill(&basis, &patches);
        let add = move |document: &mut Document| document.add_removal(&basis, patches, recipe);
        self.edit_then(ctx, "Adding the fill", effort, add, move |app, ctx, fits| {
            if fits {
                let removals = app
                    .photo
                    .as_ref()
                    .map_or(&[][..], |photo| photo.document.removals());
                let is_there = |id: &u64| removals.iter().any(|removal| removal.id == *id);
                let latest = removals.last().map(|removal| removal.id);
                let removal = replaces.filter(is_there).or(latest);
                app.offer_choice(ctx, removal, fills, &thumbnails, &disagreement);
            } else {
                app.notices.error(
                    "The fill does not fit",
                    "It was made for another photo; fill again",
                );
            }
        });
    }

    pub(super) fn set_device(&mut self, choice: DeviceChoice) {
        if let Some(value) = choice.to_possible_value() {
            value.get_name().clone_into(&mut self.settings.now.device);
        }
        self.settings.session.device = None;
        self.load_network();
    }

    /// Fills with other weights from now on. Those from before are remembered, for one step back.
    pub(super) fn set_weights(&mut self, path: Option<PathBuf>) {
        let before = self.weights();
        if before == path {
            return;
        }
        let (settings, session) = (&mut self.settings.now, &mut self.settings.session);
        // Of several that were chosen in a row only those that were loaded can be gone back to.
        let then = self.state.weights_then.get_or_insert_with(|| WeightsThen {
            kept: settings.weights.clone(),
            before: settings.weights_before.clone(),
            session: session.weights.clone(),
        });
        let loaded = then.session.clone().or_else(|| then.kept.clone());
        settings.weights_before = Some(loaded.into());
        settings.weights = path;
        session.weights = None;
        self.load_network();
    }

    /// The device that was asked for.
    pub(in crate::app) fn device_choice(&self) -> DeviceChoice {
        let kept = DeviceChoice::from_str(&self.settings.now.device, true).ok();
        self.settings.session.device.or(kept).unwrap_or_default()
    }

    /// The weights that were asked for; `None` means those in the binary.
    pub(in crate::app) fn weights(&self) -> Option<PathBuf> {
        self.settings
            .session
            .weights
            .clone()
            .or_else(|| self.settings.now.weights.clone())
    }

    /// Loads the network in the background. A fill that runs keeps the one it has.
    pub(in crate::app) fn load_network(&mut self) {
        let (weights, choice) = (self.weights(), self.device_choice());
        self.state.engine = Engine::Loading;
        let waker = self.tasks.waker.clone();
        self.tasks.network = Some(jobs::spawn(
            "Loading the network",
            waker,
            move |progress: &JobProgress| {
                let opened = Network::open(weights.as_deref(), choice, &mut |notice| progress.notice(notice));
                opened.map(Arc::new).map_err(|error| error.to_string())
            },
        ));
    }
}
