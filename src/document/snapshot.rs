//! What a fill works on, and whether its outcome still fits when it is done.
//!
//! Painting while a fill runs is normal use. So a finished fill fits as long as what it was asked to do still
//! stands; the exact rule is at [`Document::check`]. One that does not fit is offered to the person instead of
//! being applied.

use std::sync::Arc;

use super::{
    Document, Removal,
    compose::recompose,
    tile::{Tile, row_of, rows_of, tiles_in},
};
use crate::imaging::{HOLE_THRESHOLD, Mask, Patch, Pixels, Rect};

/// What a fill works on.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The result at that moment: earlier removals are part of the surroundings.
    ///
    /// As long as this lives, the document has to copy the result before it changes it.
    pub pixels: Arc<Pixels>,
    /// What nothing is to be copied from.
    pub keep_out: Option<Mask>,
    /// What its outcome rests on.
    pub basis: Basis,
}

/// What a fill rests on: by this its outcome is judged and added. It holds nothing of the document's pixels.
#[derive(Debug, Clone)]
pub struct Basis {
    /// What is to go.
    pub mask: Mask,
    version: u64,
    /// The removal that the outcome is to take the place of.
    replaces: Option<u64>,
    /// The visible removals that it continues, by what they put into the photo.
    visible: Vec<Arc<[Patch]>>,
    holes: Rect,
    coverage: Rect,
    packed: Tile,
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
    ///
    /// It copies and scans the masks, which takes long on a large photo: it is taken of a clone of the document,
    /// elsewhere.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            pixels: Arc::clone(&self.result),
            keep_out: self.kept_out(),
            basis: self.basis((*self.mask).clone(), None, self.removals.len()),
        }
    }

    /// What a removal was made from, for it to be made again: its own mask, and the photo with the removals beneath it.
    ///
    /// It takes even longer, as it may compose the whole photo.
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
            pixels,
            keep_out: self.kept_out(),
            basis: self.basis(mask, Some(id), index),
        })
    }

    fn kept_out(&self) -> Option<Mask> {
        let area = self.keep_out.as_deref().filter(|_| self.has_keep_out());
        area.cloned()
    }

    /// A fill of `mask` that continues the first `beneath` removals.
    fn basis(&self, mask: Mask, replaces: Option<u64>, beneath: usize) -> Basis {
        let coverage = mask.bounds_from(1);
        Basis {
            version: self.version,
            replaces,
            visible: self.visible(beneath).cloned().collect(),
            holes: mask.hole_bounds(),
            packed: Tile::of(&mask, coverage),
            coverage,
            mask,
        }
    }

    /// Whether a fill that rests on `basis` still does what it was asked for.
    ///
    /// It does if the same removals are visible, with the same fill, and every pixel that was a hole still is one. More
    /// painting anywhere is fine: [`Document::add_removal`] clears only what was filled, and the new strokes stay for
    /// the next fill.
    pub fn check(&self, basis: &Basis) -> Result<(), Stale> {
        if basis.version == self.version {
            return Ok(());
        }
        let beneath = match basis.replaces {
            Some(id) => self.find(id).map(|(index, _)| index).ok_or(Stale::Removals)?,
            None => self.removals.len(),
        };
        let mut before = basis.visible.iter();
        let mut now = self.visible(beneath);
        let are_same = now
            .by_ref()
            .all(|now| before.next().is_some_and(|before| Arc::ptr_eq(before, now)));
        if !are_same || before.next().is_some() {
            return Err(Stale::Removals);
        }
        if basis.replaces.is_some() {
            return Ok(());
        }
        let holes = basis.holes;
        let still_masked = (holes.y..holes.bottom()).all(|y| {
            let before = row_of(&basis.mask, y, holes);
            let now = row_of(&self.mask, y, holes);
            before
                .iter()
                .zip(now)
                .all(|(&before, &now)| before < HOLE_THRESHOLD || now >= HOLE_THRESHOLD)
        });
        if still_masked { Ok(()) } else { Err(Stale::Mask) }
    }

    /// What the visible ones of the first `count` removals put into the photo.
    fn visible(&self, count: usize) -> impl Iterator<Item = &Arc<[Patch]>> {
        let visible = self.removals[..count].iter().filter(|removal| removal.visible);
        visible.map(Removal::patches)
    }
}

impl Basis {
    /// The bounding box of the pixels that go; empty when none does.
    pub const fn hole_bounds(&self) -> Rect {
        self.holes
    }

    /// The removal that the outcome is to take the place of.
    pub const fn replaces(&self) -> Option<u64> {
        self.replaces
    }

    /// The mask, as small as it can be kept.
    pub(super) fn packed_mask(&self) -> Tile {
        self.packed.clone()
    }

    /// The bounding box of everything painted, faint edges included.
    pub(super) const fn coverage_bounds(&self) -> Rect {
        self.coverage
    }

    /// The tiles of `now` that change, without what the fill has dealt with.
    ///
    /// Holes are cleared, and so is their faint edge unless it was painted over since: a pixel that became a hole
    /// afterwards has not been filled and stays.
    pub(super) fn without_filled(&self, now: &Mask) -> Vec<Tile> {
        let tiles = tiles_in(self.coverage, now.bounds());
        let changed = tiles.filter_map(|rect| {
            let before = rows_of(now, rect);
            let mut rest = before.clone();
            for (y, row) in (rect.y..).zip(rest.chunks_exact_mut(rect.width as usize)) {
                for (value, &filled) in row.iter_mut().zip(row_of(&self.mask, y, rect)) {
                    if filled >= HOLE_THRESHOLD || *value <= filled {
                        *value = 0;
                    }
                }
            }
            (rest != before).then(|| Tile::new(rect, &rest))
        });
        changed.collect()
    }
}
