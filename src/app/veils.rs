//! What lies over the photo besides the mask: the keep-out area and where candidates differ.
//!
//! The keep-out area is shown as one small picture, brought up to date where it changed, with stripes that tell it
//! from the mask without relying on colour.

use eframe::egui::{Color32, ColorImage, Context, TextureHandle, TextureOptions};

use super::{App, canvas::Veil};
use crate::{
    imaging::{HOLE_THRESHOLD, Mask, Rect},
    inpaint::{BLOCK, Disagreement},
};

/// Largest side of the picture of the keep-out area: any device has textures of this size.
const MOST_TEXELS: u32 = 2048;
/// Width of a stripe and the gap after it, in texels.
const STRIPE: u32 = 6;
/// Blue beside the mask's red.
const KEEP_OUT: [u8; 3] = [40, 140, 255];
/// Yellow: a warning, not an area.
const UNCERTAIN: [u8; 3] = [255, 210, 0];

/// The pictures, and what of them is out of date.
#[derive(Default)]
pub(super) struct Veils {
    keep_out: Option<(TextureHandle, u32)>,
    dirty: Vec<Rect>,
    uncertainty: Vec<(TextureHandle, [f32; 4])>,
}

impl Veils {
    /// Says where the keep-out area changed.
    pub(super) fn keep_out_changed(&mut self, rect: Rect) {
        self.dirty.push(rect);
    }

    /// Another photo.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Takes the candidates' disagreement over; an empty list shows nothing.
    pub(super) fn set_uncertainty(&mut self, ctx: &Context, maps: &[Disagreement]) {
        let fits = |map: &&Disagreement| {
            let rows = map.levels.len() as u32 / map.columns.max(1);
            !map.levels.is_empty() && map.columns.max(rows) <= MOST_TEXELS
        };
        let shown = maps.iter().filter(fits).map(|map| {
            let rows = map.levels.len() as u32 / map.columns;
            let pixels = map.levels.iter().map(|&level| tinted(UNCERTAIN, level));
            let image = ColorImage::new([map.columns as usize, rows as usize], pixels.collect());
            let texture = ctx.load_texture("uncertainty", image, TextureOptions::LINEAR);
            let rect = map.rect;
            let (right, bottom) = (rect.x + map.columns * BLOCK, rect.y + rows * BLOCK);
            (texture, [rect.x, rect.y, right, bottom].map(|value| value as f32))
        });
        self.uncertainty = shown.collect();
    }

    fn update_keep_out(&mut self, ctx: &Context, mask: &Mask) {
        let step = mask.width().max(mask.height()).div_ceil(MOST_TEXELS).max(1);
        let (columns, rows) = (mask.width().div_ceil(step), mask.height().div_ceil(step));
        let (texture, _) = self.keep_out.get_or_insert_with(|| {
            let image = picture(mask, step, Rect::new(0, 0, columns, rows));
            (
                ctx.load_texture("keep-out area", image, TextureOptions::LINEAR),
                step,
            )
        });
        for rect in std::mem::take(&mut self.dirty) {
            let (left, top) = (rect.x / step, rect.y / step);
            let part = Rect::new(
                left,
                top,
                rect.right().div_ceil(step).min(columns).saturating_sub(left),
                rect.bottom().div_ceil(step).min(rows).saturating_sub(top),
            );
            if !part.is_empty() {
                let place = [left as usize, top as usize];
                texture.set_partial(place, picture(mask, step, part), TextureOptions::LINEAR);
            }
        }
    }
}

impl App {
    /// Brings what lies over the photo up to date.
    pub(super) fn update_veils(&mut self, ctx: &Context) {
        self.canvas.veils.clear();
        let Some(photo) = &self.photo else {
            self.veils.clear();
            return;
        };
        // Nobody paints it blindly.
        let is_painted = self.canvas.is_painting() && self.state.keeps_out;
        if let Some(mask) = photo.document.keep_out() {
            self.veils.update_keep_out(ctx, mask);
            let shown = self
                .veils
                .keep_out
                .iter()
                .filter(|_| self.canvas.overlay.is_visible || is_painted);
            self.canvas.veils.extend(shown.map(|(texture, step)| Veil {
                texture: texture.id(),
                covers: [
                    0.0,
                    0.0,
                    (mask.width().div_ceil(*step) * step) as f32,
                    (mask.height().div_ceil(*step) * step) as f32,
                ],
            }));
        }
        if self.state.shows_uncertainty && self.chosen().is_some() {
            let shown = self.veils.uncertainty.iter();
            self.canvas.veils.extend(shown.map(|(texture, covers)| Veil {
                texture: texture.id(),
                covers: *covers,
            }));
        }
    }
}

/// A part of the keep-out area, one texel for `step` × `step` pixels of the photo.
fn picture(mask: &Mask, step: u32, part: Rect) -> ColorImage {
    let texels = (part.y..part.bottom()).flat_map(|row| {
        (part.x..part.right()).map(move |column| {
            let x = (column * step + step / 2).min(mask.width() - 1);
            let y = (row * step + step / 2).min(mask.height() - 1);
            let coverage = mask.coverage()[y as usize * mask.width() as usize + x as usize];
            let is_stripe = ((row + column) / STRIPE).is_multiple_of(2);
            match coverage {
                0..HOLE_THRESHOLD => Color32::TRANSPARENT,
                _ => tinted(KEEP_OUT, if is_stripe { 150 } else { 90 }),
            }
        })
    });
    ColorImage::new([part.width as usize, part.height as usize], texels.collect())
}

fn tinted([red, green, blue]: [u8; 3], alpha: u8) -> Color32 {
    Color32::from_rgba_unmultiplied(red, green, blue, alpha)
}
