//! Edits of the whole mask: clear, invert, grow, shrink.
//!
//! Growing and shrinking are the imaging module's, which looks only at the part of the photo that can change.

use super::{Changed, Document, history::Op, tile};

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
        let mut after = self.mask.clone();
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
        let tiles = tile::differing(&self.mask, &after, area);
        self.perform(change.name().to_owned(), vec![Op::Mask(tiles)])
    }
}
