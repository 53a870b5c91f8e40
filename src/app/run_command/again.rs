//! Choosing among candidates, and making a removal again.

use std::sync::Arc;

use eframe::egui::{Color32, ColorImage, Context, TextureOptions};
use serde::Deserialize;

use crate::{
    app::{
        App,
        state::{Choice, Choosable, Engine},
    },
    document::Document,
    imaging::{Patch, Pixels, Rect, resize},
    inpaint::{Candidates, Disagreement, Options},
};

/// Side of a thumbnail, in pixels.
const THUMBNAIL: u32 = 240;

/// What a removal's recipe says of how it was made.
#[derive(Deserialize)]
struct Recipe {
    options: Options,
}

/// A fill to choose: its patches, its recipe and its score.
type Fill = (Arc<[Patch]>, String, f32);

impl App {
    /// Lets the person choose among `fills`, the first of which is in the photo. One alone is no choice.
    pub(super) fn offer_choice(
        &mut self,
        ctx: &Context,
        removal: Option<u64>,
        fills: Vec<Fill>,
        thumbnails: &[Pixels],
        disagreement: &[Disagreement],
    ) {
        self.state.choice = None;
        self.veils.set_uncertainty(ctx, disagreement);
        let (Some(photo), Some(removal)) = (&self.photo, removal) else {
            return;
        };
        if fills.len() < 2 {
            return;
        }
        let colors = photo.colors();
        let candidates = fills
            .into_iter()
            .zip(thumbnails)
            .map(|((patches, recipe, score), small)| {
                let mut rgba = vec![0; small.bounds().area() as usize * 4];
                colors.to_rgba8(small, small.bounds(), &mut rgba);
                let pixels = rgba.as_chunks::<4>().0.iter();
                let pixels = pixels.map(|[red, green, blue, _]| Color32::from_rgb(*red, *green, *blue));
                let size = [small.width() as usize, small.height() as usize];
                let image = ColorImage::new(size, pixels.collect());
                Choosable {
                    patches,
                    recipe,
                    score,
                    thumbnail: ctx.load_texture("candidate", image, TextureOptions::LINEAR),
                }
            });
        self.state.choice = Some(Choice {
            removal,
            candidates: candidates.collect(),
        });
    }

    /// Puts another candidate of the last fill into the photo.
    pub(super) fn choose(&mut self, ctx: &Context, number: usize) {
        let chosen = self.chosen();
        let (Some(photo), Some(choice)) = (&self.photo, &self.state.choice) else {
            return;
        };
        let Some(candidate) = choice.candidates.get(number).filter(|_| chosen != Some(number)) else {
            return;
        };
        let (patches, recipe) = (Arc::clone(&candidate.patches), candidate.recipe.clone());
        let id = choice.removal;
        let effort = photo.document.effort_of(id);
        let exchange = move |document: &mut Document| document.exchange(id, patches, recipe);
        self.edit_then(ctx, "Choosing another fill", effort, exchange, |_, _, _| {});
    }

    /// Which candidate is in the photo: undo and redo change that too. None where the removal is gone.
    pub(in crate::app) fn chosen(&self) -> Option<usize> {
        let choice = self.state.choice.as_ref()?;
        let removals = self.photo.as_ref()?.document.removals();
        let removal = removals.iter().find(|removal| removal.id == choice.removal)?;
        let is_in_photo = |candidate: &Choosable| candidate.recipe == removal.recipe;
        choice.candidates.iter().position(is_in_photo)
    }

    /// The candidate `by` places further, round and round.
    pub(super) fn choose_beside(&mut self, ctx: &Context, by: isize) {
        if let (Some(choice), Some(chosen)) = (&self.state.choice, self.chosen()) {
            let count = choice.candidates.len() as isize;
            let number = (chosen as isize + by).rem_euclid(count.max(1));
            self.choose(ctx, number as usize);
        }
    }

    pub(super) fn try_latest_again(&mut self) {
        let removals = self.photo.as_ref().map(|photo| photo.document.removals());
        match removals.and_then(<[_]>::last).map(|removal| removal.id) {
            Some(id) => self.try_again(id),
            None => self
                .notices
                .news("Nothing was removed yet", "Fill something first"),
        }
    }

    /// Makes a removal again as it was made, with the next candidates.
    pub(super) fn try_again(&mut self, id: u64) {
        let removals = self
            .photo
            .as_ref()
            .map_or(&[][..], |photo| photo.document.removals());
        let recipe = removals
            .iter()
            .find(|removal| removal.id == id)
            .map(|removal| &removal.recipe);
        let options = recipe.and_then(|recipe| serde_json::from_str::<Recipe>(recipe).ok());
        let options = options.map_or(self.settings.now.fill, |recipe| recipe.options);
        let next = Options {
            first_candidate: options.first_candidate.wrapping_add(options.candidates.max(1)),
            ..options
        };
        self.make_again(id, next);
    }

    /// Makes a removal again with the options of the panel.
    pub(super) fn run_again(&mut self, id: u64) {
        self.make_again(id, self.settings.now.fill);
    }

    fn make_again(&mut self, id: u64, options: Options) {
        if self.tasks.fill.is_some() {
            self.notices
                .news("A fill is running", "Wait for it or cancel it first");
            return;
        }
        if matches!(self.state.engine, Engine::Loading) {
            self.notices
                .news("The network is not ready", "Try again in a moment");
        }
        let Some(network) = self.network() else {
            return;
        };
        self.start_fill(Some(id), options, network);
    }
}

/// A small picture of every candidate with some of its surroundings; none where there is no choice.
pub(super) fn thumbnails(photo: &Pixels, hole: Rect, candidates: &Candidates) -> Vec<Pixels> {
    if candidates.all.len() < 2 {
        return Vec::new();
    }
    let margin = (hole.width.max(hole.height) / 4).max(16);
    let rect = squared(&hole.grown_within(margin, photo.width(), photo.height()), photo);
    let longest = rect.width.max(rect.height);
    let scaled = |side: u32| (side * THUMBNAIL.min(longest) / longest).max(1);
    let size = (scaled(rect.width), scaled(rect.height));
    let pictures = candidates.all.iter().filter_map(|candidate| {
        let mut part = photo.crop(rect);
        for patch in &candidate.removal.patches {
            if let Some(patch) = patch.seen_in(rect) {
                patch.apply(&mut part);
            }
        }
        let rgb = part.rgb(part.bounds());
        let small = resize::rgb(&rgb, (rect.width, rect.height), size, resize::Filter::Area)?;
        let mut picture = part.crop(Rect::new(0, 0, size.0, size.1));
        picture.set_rgb(Rect::new(0, 0, size.0, size.1), &small);
        Some(picture)
    });
    pictures.collect()
}

/// As wide as it is high, as far as the photo allows.
fn squared(rect: &Rect, photo: &Pixels) -> Rect {
    let side = rect.width.max(rect.height);
    let along = |start: u32, length: u32, limit: u32| {
        let wanted = side.min(limit);
        let from = (start + length / 2).saturating_sub(wanted / 2);
        (from.min(limit - wanted), wanted)
    };
    let (x, width) = along(rect.x, rect.width, photo.width());
    let (y, height) = along(rect.y, rect.height, photo.height());
    Rect::new(x, y, width, height)
}
