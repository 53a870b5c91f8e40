//! Edits of the whole mask: clear, invert, grow, shrink.
//!
//! Growing and shrinking are the imaging module's, which looks only at the part of the photo that can change.

use std::sync::Arc;

use super::{
    Changed, Document,
    history::Op,
    tile::{self, Tile},
};
use crate::imaging::{Mask, Rect};

/// A change to the whole mask.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MaskChange {
    /// Nothing is masked.
    Clear,
    /// What was kept goes and the other way round.
    Invert,
    /// The masked area gets wider by so many pixels, at least 1.
    Grow(f32),
    /// The masked area gets narrower by so many pixels, at least 1.
    Shrink(f32),
}

impl MaskChange {
    /// As the history lists it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clear => "Clear mask",
            Self::Invert => "Invert mask",
            Self::Grow(_) => "Grow mask",
            Self::Shrink(_) => "Shrink mask",
        }
    }
}

/// The mask as a change is to begin with. It is cheap to have, and does not change when the document does.
#[derive(Debug, Clone)]
pub struct MaskBefore {
    version: u64,
    pub(super) mask: Arc<Mask>,
}

/// A change of the whole mask that is worked out but not made. On a large photo that takes long: no document is needed.
#[derive(Debug)]
pub struct MaskAfter {
    /// As the history lists it.
    pub name: &'static str,
    version: u64,
    mask: Arc<Mask>,
    /// What takes it back.
    tiles: Vec<Tile>,
}

impl MaskBefore {
    /// Works out a change.
    pub fn changed(&self, change: MaskChange) -> MaskAfter {
        let mut after = (*self.mask).clone();
        let area = match change {
            MaskChange::Clear => {
                after.clear();
                after.bounds()
            }
            MaskChange::Invert => {
                after.invert();
                after.bounds()
            }
            MaskChange::Grow(radius_px) => after.grow(radius_px),
            MaskChange::Shrink(radius_px) => after.shrink(radius_px),
        };
        self.after(change.name(), after, area)
    }

    /// A change to `after`, which differs in `area` at most.
    pub(super) fn after(&self, name: &'static str, after: Mask, area: Rect) -> MaskAfter {
        MaskAfter {
            name,
            version: self.version,
            tiles: tile::differing(&after, &self.mask, area),
            mask: Arc::new(after),
        }
    }
}

impl Document {
    /// Changes the whole mask as one step. A change without effect leaves no step.
    pub fn change_mask(&mut self, change: MaskChange) -> Changed {
        let after = self.mask_before().changed(change);
        self.take_mask(after).unwrap_or_default()
    }

    /// The present mask, for a change to be worked out elsewhere. Ends the stroke.
    pub fn mask_before(&mut self) -> MaskBefore {
        self.end_stroke();
        MaskBefore {
            version: self.version,
            mask: Arc::clone(&self.mask),
        }
    }

    /// Makes a change that was worked out, as one step; this takes no time. `None`, and nothing is changed, if the
    /// document is no longer the one that it began with.
    pub fn take_mask(&mut self, after: MaskAfter) -> Option<Changed> {
        if after.version != self.version {
            return None;
        }
        let mut changed = Changed::default();
        if !after.tiles.is_empty() {
            changed.mask = after.tiles.iter().map(|tile| tile.rect).collect();
            self.mask = after.mask;
            self.history
                .push(after.name.to_owned(), vec![Op::Mask(after.tiles)]);
            self.settle(&mut changed);
        }
        Some(changed)
    }
}
