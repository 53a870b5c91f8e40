//! Which crops the network sees, and which holes each of them fills: geometry only, no photo.
//!
//! Every hole pixel belongs to exactly one [`Crop`]. A crop shows enough surroundings (at least four times the
//! area of the holes in it, wherever the photo has that much), at native scale where it fits the network. Long
//! thin holes are cut into pieces that do, and neighbours share a crop. The same masks always give the same plan. They
//! are read once; all else costs as much as the outline of the holes is long.

mod frame;
mod piece;
mod runs;

use serde::Serialize;

use crate::imaging::{Mask, Rect, Run};

pub(super) use frame::SIDE_STEP;

/// The largest share of its crop that a hole had when the network learned.
pub const TRAINED_HOLE_SHARE: f64 = 0.6;

use frame::Frame;
use runs::Blocked;

/// One run of the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Crop {
    /// What the network sees, in photo pixels.
    pub rect: Rect,
    /// So many photo pixels per side make one of the network's; 1 is native scale.
    pub scale_down: u32,
    /// Around the holes that this crop fills.
    pub fills: Rect,
    /// Number of pixels that this crop fills.
    pub hole_pixels: u64,
    /// Hole pixels in the crop, also those that other crops fill.
    pub holes_in_view: u64,
    /// Earlier crops that filled another part of one of these holes: their result counts as valid here, so that
    /// the parts continue each other.
    pub builds_on: Vec<usize>,
    /// The holes of which it fills all or a part.
    #[serde(skip)]
    pub(super) parts_of: Vec<usize>,
    /// Exactly the pixels that this crop fills.
    #[serde(skip)]
    pub runs: Vec<Run>,
}

impl Crop {
    /// Columns and rows that the network sees, before padding.
    pub const fn network_size(&self) -> (u32, u32) {
        self.rect.size_scaled_down(self.scale_down)
    }

    /// Which part of the crop is hole.
    pub fn hole_share(&self) -> f64 {
        self.holes_in_view as f64 / self.rect.area().max(1) as f64
    }

    /// Its share of a progress bar: the network's pixels.
    pub(super) fn steps(&self) -> u64 {
        let (width, height) = self.network_size();
        u64::from(width) * u64::from(height)
    }
}

/// The crops for all holes of a mask, in the order in which they must be filled. None for an empty mask.
///
/// What is kept out is no surroundings: crops are larger where it takes the place of what can be continued.
pub fn crops(mask: &Mask, keep_out: Option<&Mask>) -> Vec<Crop> {
    let blocked = Blocked::new(mask, keep_out);
    let holes = &blocked.holes;
    let cut = |(number, hole): (usize, Vec<Run>)| piece::cut(hole, number, &blocked);
    let pieces = mask.components().into_iter().enumerate().flat_map(cut).collect();
    let mut pieces = piece::gather(pieces, holes.photo());
    pieces.sort_by_key(|piece| (piece.bounds.y, piece.bounds.x, piece.runs.first().copied()));
    let mut crops: Vec<Crop> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let frame = Frame::around(piece.bounds, holes.photo(), |rect| blocked.area_wanted(rect));
        let builds_on = seen_parts(&crops, frame.rect, &piece.parts_of);
        crops.push(Crop {
            rect: frame.rect,
            scale_down: frame.scale_down,
            fills: piece.bounds,
            hole_pixels: piece.hole_pixels,
            holes_in_view: holes.count(frame.rect),
            builds_on,
            parts_of: piece.parts_of,
            runs: piece.runs,
        });
    }
    crops
}

/// Which of the `earlier` crops filled a part of one of `holes` that is seen in `rect`.
pub(super) fn seen_parts(earlier: &[Crop], rect: Rect, holes: &[usize]) -> Vec<usize> {
    let is_seen = |crop: &Crop| {
        crop.parts_of.iter().any(|hole| holes.contains(hole)) && !crop.fills.intersect(&rect).is_empty()
    };
    let numbered = earlier.iter().enumerate();
    numbered
        .filter_map(|(number, crop)| is_seen(crop).then_some(number))
        .collect()
}

/// The crop's rectangle with an eighth more on every side, in whole pixels of the network, as far as `photo` and the
/// network's largest side allow.
pub(super) fn wider(crop: &Crop, photo: Rect) -> Rect {
    let along = |start: u32, length: u32, limit: u32| {
        let largest = (frame::MAX_SIDE * crop.scale_down).min(limit);
        let more = (length / 8).next_multiple_of(crop.scale_down);
        let wanted = (length + 2 * more).min(largest).max(length);
        let from = start.saturating_sub((wanted - length) / 2).min(limit - wanted);
        (from, wanted)
    };
    let (x, width) = along(crop.rect.x, crop.rect.width, photo.width);
    let (y, height) = along(crop.rect.y, crop.rect.height, photo.height);
    Rect::new(x, y, width, height)
}

/// One crop of the whole photo at native scale.
pub fn whole(mask: &Mask) -> Vec<Crop> {
    let runs = mask.runs();
    if runs.is_empty() {
        return Vec::new();
    }
    let hole_pixels = mask.hole_count();
    vec![Crop {
        rect: mask.bounds(),
        scale_down: 1,
        fills: runs
            .iter()
            .fold(Rect::default(), |bounds, run| bounds.union(&run.rect())),
        hole_pixels,
        holes_in_view: hole_pixels,
        builds_on: Vec::new(),
        parts_of: Vec::new(),
        runs,
    }]
}

#[cfg(test)]
mod tests;
