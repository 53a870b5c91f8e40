//! A removal: one fill, kept as a layer that can be hidden, renamed or deleted.

use std::sync::Arc;

use super::tile::Tile;
use crate::imaging::{Mask, Patch, Rect};

/// Something that was removed, with the pixels that took its place. A clone shares them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// Unique in the document, and never used again.
    pub id: u64,
    /// For people: "Removal 1" until renamed.
    pub name: String,
    /// Whether it takes part in the result.
    pub visible: bool,
    /// The bounding box of what was masked.
    pub hole: Rect,
    /// How it was made, as JSON that only its maker reads.
    pub recipe: String,
    patches: Arc<[Patch]>,
    /// What was masked, so that it can be made again.
    mask: Tile,
}

impl Removal {
    pub(super) fn new(
        id: u64,
        name: String,
        patches: Arc<[Patch]>,
        hole: Rect,
        recipe: String,
        mask: Tile,
    ) -> Self {
        Self {
            id,
            name,
            visible: true,
            hole,
            recipe,
            patches,
            mask,
        }
    }

    /// This removal, made anew from `mask`; what the person calls it stays, and it is shown.
    pub(super) fn made_again(&self, patches: Arc<[Patch]>, hole: Rect, recipe: String, mask: Tile) -> Self {
        Self::new(self.id, self.name.clone(), patches, hole, recipe, mask)
    }

    /// This removal with other pixels in the same hole.
    pub(super) fn with_fill(&self, patches: Arc<[Patch]>, recipe: String) -> Self {
        Self {
            patches,
            recipe,
            ..self.clone()
        }
    }

    /// What was masked when it was made, over the whole photo.
    pub(super) fn put_mask_into(&self, mask: &mut Mask) {
        self.mask.clone().swap(mask);
    }

    /// What was masked when it was made.
    pub(super) const fn mask(&self) -> &Tile {
        &self.mask
    }

    /// The new pixels, in the order in which they go over the photo.
    pub const fn patches(&self) -> &Arc<[Patch]> {
        &self.patches
    }

    /// Where it changes the photo.
    pub(super) fn rects(&self) -> impl Iterator<Item = Rect> {
        self.patches.iter().map(Patch::rect)
    }

    /// Memory in use.
    pub(super) fn bytes(&self) -> usize {
        let pixels = |patch: &Patch| {
            let sample = usize::from(patch.pixels().bit_depth() / 8);
            patch.pixels().samples().len() * sample + patch.weights().len()
        };
        size_of::<Self>()
            + self.recipe.len()
            + self.mask.bytes()
            + self.patches.iter().map(pixels).sum::<usize>()
    }
}
