//! Edits of the whole mask: clear, invert, grow, shrink.
//!
//! Growing and shrinking are the imaging module's; only the part of the photo that can change is looked at.

use super::{
    Changed, Document,
    snapshot::bounds_from,
    tile::{row_of, rows_of},
};
use crate::imaging::{Mask, Rect};

/// A change to the whole mask.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MaskChange {
    /// Nothing is masked.
    Clear,
    /// What was kept goes and the other way round.
    Invert,
    /// The masked area gets wider by so many pixels.
    Grow(f32),
    /// The masked area gets narrower by so many pixels.
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
        let mask = reshape(&self.mask, change);
        self.replace_mask(change.name(), &mask)
    }
}

/// The changed mask.
fn reshape(mask: &Mask, change: MaskChange) -> Mask {
    match change {
        MaskChange::Clear => Mask::empty(mask.width(), mask.height()),
        MaskChange::Invert => {
            let mut inverted = mask.clone();
            inverted.invert();
            inverted
        }
        MaskChange::Grow(radius_px) => near_coverage(mask, radius_px, |part| part.grow(radius_px)),
        MaskChange::Shrink(radius_px) => near_coverage(mask, radius_px, |part| part.shrink(radius_px)),
    }
}

/// Applies `morph` to the masked area and `margin_px` around it; the rest is empty and stays so.
fn near_coverage(mask: &Mask, margin_px: f32, morph: impl Fn(&Mask) -> Mask) -> Mask {
    let margin = margin_px.max(0.0).ceil() as u32 + 2;
    let area = bounds_from(mask, 1).grown_within(margin, mask.width(), mask.height());
    let Some(part) = Mask::new(area.width, area.height, rows_of(mask, area)) else {
        return mask.clone();
    };
    if area.is_empty() {
        return mask.clone();
    }
    let changed = morph(&part);
    let mut whole = Mask::empty(mask.width(), mask.height());
    for y in 0..area.height {
        let start = (area.y + y) as usize * mask.width() as usize + area.x as usize;
        let row = row_of(&changed, y, Rect::new(0, 0, area.width, area.height));
        whole.coverage_mut()[start..start + row.len()].copy_from_slice(row);
    }
    whole
}
