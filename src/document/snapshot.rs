//! What a fill works on, and whether its outcome still fits when it is done.
//!
//! Painting while a fill runs is normal use. So a finished fill fits as long as what it was asked to do still
//! stands; the exact rule is at [`Document::check`]. One that does not fit is offered to the person instead of
//! being applied.

use std::sync::Arc;

use super::{
    Document, Removal,
    compose::recompose,
    tile::{Tile, row_of},
};
use crate::imaging::{HOLE_THRESHOLD, Mask, Pixels, Rect};

/// The state that a fill starts from.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The document's version at that moment.
    pub version: u64,
    /// The result at that moment: earlier removals are part of the surroundings.
    pub pixels: Arc<Pixels>,
    /// What is to go.
    pub mask: Mask,
    /// What nothing is to be copied from.
    pub keep_out: Option<Mask>,
    /// The removal that the outcome is to take the place of.
    replaces: Option<u64>,
    visible: Vec<u64>,
    holes: Rect,
    coverage: Rect,
}

/// Why a finished fill no longer fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Stale {
    /// Other removals are visible now: the fill continued pixels that are not there any more.
    #[error("removals were added, hidden or deleted while it was being filled")]
    Removals,
    /// Some of what was to go is not masked any more.
    #[error("part of the mask was taken back while it was being filled")]
    Mask,
}

impl Document {
    /// The present state, for a fill to work on. It does not change when the document does.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            version: self.version,
            pixels: Arc::clone(&self.result),
            mask: (*self.mask).clone(),
            keep_out: self.keep_out.clone().filter(|_| self.has_keep_out()),
            replaces: None,
            visible: self.visible_ids(self.removals.len()).collect(),
            holes: self.mask.hole_bounds(),
            coverage: self.mask.bounds_from(1),
        }
    }

    /// What a removal was made from, for it to be made again: its own mask, and the photo with the removals beneath it.
    pub fn snapshot_of(&self, id: u64) -> Option<Snapshot> {
        let (index, removal) = self.find(id)?;
        let mut mask = Mask::empty(self.mask.width(), self.mask.height());
        removal.put_mask_into(&mut mask);
        let mut pixels = Arc::clone(&self.original);
        let beneath = &self.removals[..index];
        let rects: Vec<Rect> = beneath.iter().flat_map(Removal::rects).collect();
        if !rects.is_empty() {
            recompose(&self.original, beneath, &rects, &mut pixels);
        }
        Some(Snapshot {
            version: self.version,
            pixels,
            keep_out: self.keep_out.clone().filter(|_| self.has_keep_out()),
            replaces: Some(id),
            visible: self.visible_ids(index).collect(),
            holes: mask.hole_bounds(),
            coverage: mask.bounds_from(1),
            mask,
        })
    }

    /// Whether a fill of `snapshot` still does what it was asked for.
    ///
    /// It does if the same removals are visible and every pixel that was a hole still is one. More painting
    /// anywhere is fine: [`Document::add_removal`] clears only what was filled, and the new strokes stay for the
    /// next fill.
    pub fn check(&self, snapshot: &Snapshot) -> Result<(), Stale> {
        if snapshot.version == self.version {
            return Ok(());
        }
        let beneath = match snapshot.replaces {
            Some(id) => self.find(id).map(|(index, _)| index).ok_or(Stale::Removals)?,
            None => self.removals.len(),
        };
        if !self.visible_ids(beneath).eq(snapshot.visible.iter().copied()) {
            return Err(Stale::Removals);
        }
        if snapshot.replaces.is_some() {
            return Ok(());
        }
        let holes = snapshot.holes;
        let still_masked = (holes.y..holes.bottom()).all(|y| {
            let before = row_of(&snapshot.mask, y, holes);
            let now = row_of(&self.mask, y, holes);
            before
                .iter()
                .zip(now)
                .all(|(&before, &now)| before < HOLE_THRESHOLD || now >= HOLE_THRESHOLD)
        });
        if still_masked { Ok(()) } else { Err(Stale::Mask) }
    }

    /// The visible ones of the first `count` removals.
    fn visible_ids(&self, count: usize) -> impl Iterator<Item = u64> {
        let visible = self.removals[..count].iter().filter(|removal| removal.visible);
        visible.map(|removal| removal.id)
    }
}

impl Snapshot {
    /// The bounding box of the pixels that go; empty when none does.
    pub const fn hole_bounds(&self) -> Rect {
        self.holes
    }

    /// The removal that its outcome is to take the place of.
    pub const fn replaces(&self) -> Option<u64> {
        self.replaces
    }

    /// The mask, as small as it can be kept.
    pub(super) fn packed_mask(&self) -> Tile {
        Tile::of(&self.mask, self.coverage)
    }

    /// The bounding box of everything painted, faint edges included.
    pub(super) const fn coverage_bounds(&self) -> Rect {
        self.coverage
    }

    /// `now` without what this snapshot's fill has dealt with.
    ///
    /// Holes are cleared, and so is their faint edge unless it was painted over since: a pixel that became a hole
    /// afterwards has not been filled and stays.
    pub(super) fn without_filled(&self, now: &Mask) -> Mask {
        let mut rest = now.clone();
        let (width, area) = (now.width() as usize, self.coverage);
        for y in area.y..area.bottom() {
            let start = y as usize * width + area.x as usize;
            let row = &mut rest.coverage_mut()[start..start + area.width as usize];
            for (value, &filled) in row.iter_mut().zip(row_of(&self.mask, y, area)) {
                if filled >= HOLE_THRESHOLD || *value <= filled {
                    *value = 0;
                }
            }
        }
        rest
    }
}
