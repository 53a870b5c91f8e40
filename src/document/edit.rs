//! Edits of the whole mask: clear, invert, grow, shrink, put another in its place.
//!
//! Growing and shrinking are the imaging module's, which looks only at the part of the photo that can change. All of
//! it takes long on a large photo, and uses all threads: it is made for a clone of the document, elsewhere.

use std::sync::Arc;

use super::{Changed, Document, Target, history::Op, tile};
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

impl Document {
    /// Changes the whole mask as one step. A change without effect leaves no step.
    pub fn change_mask(&mut self, change: MaskChange) -> Changed {
        self.end_stroke();
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
        self.put(Target::Remove, change.name(), after, area)
    }

    /// Puts another mask in place of one of the two present ones, as one step called `name`.
    ///
    /// A mask of another size changes nothing.
    pub fn replace_mask(&mut self, target: Target, name: &str, mask: Mask) -> Changed {
        if mask.bounds() != self.mask.bounds() {
            return Changed::default();
        }
        self.put(target, name, mask, self.bounds())
    }

    /// Puts `after`, which differs in `area` at most, in place of what is painted there, as one step.
    pub(super) fn put(&mut self, target: Target, name: &str, after: Mask, area: Rect) -> Changed {
        self.end_stroke();
        let mut changed = Changed::default();
        // What takes it back.
        let tiles = tile::differing(&after, &self.painted(target), area);
        if !tiles.is_empty() {
            changed.of(target).extend(tiles.iter().map(|tile| tile.rect));
            let after = Arc::new(after);
            match target {
                Target::Remove => self.mask = after,
                Target::KeepOut => self.keep_out = Some(after),
            }
            self.record_step(name.to_owned(), vec![Op::Paint(target, tiles)], &mut changed);
        }
        changed
    }
}
