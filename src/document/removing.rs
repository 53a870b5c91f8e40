//! Removals as they come and change: added, made again, exchanged for another candidate.

use std::sync::Arc;

use super::{Basis, Changed, Document, Removal, Target, history::Op, tile};
use crate::imaging::{Mask, Patch};

impl Document {
    /// Adds what a fill made and clears the part of the mask that it filled.
    ///
    /// Where the fill was of a removal to be made again, its outcome takes that removal's place and the mask stays; if
    /// that removal is gone by now, it is added as a new one.
    /// `recipe` says how it was made, as JSON that only its maker reads. Returns nothing if a patch does not fit
    /// into the photo. Whether it still suits the present state is for [`Self::check`] to say.
    pub fn add_removal(&mut self, basis: &Basis, patches: Arc<[Patch]>, recipe: String) -> Option<Changed> {
        if basis.mask.bounds() != self.bounds() || !patches.iter().all(|patch| self.fits(patch)) {
            return None;
        }
        let mask = basis.packed_mask();
        if let Some((index, before)) = basis.replaces().and_then(|id| self.find(id)) {
            let again = before.made_again(patches, basis.hole_bounds(), recipe, mask);
            return Some(self.replace(format!("Fill again: {}", again.name), index, again));
        }
        let id = self.next_removal;
        self.next_removal += 1;
        let removal = Removal::new(id, self.free_name(), patches, basis.hole_bounds(), recipe, mask);
        let name = format!("Fill: {}", removal.name);
        let interrupted = self.interrupt_stroke();
        let tiles = basis.without_filled(&self.mask);
        let index = self.removals.len();
        let insert = Op::Insert {
            index,
            removal: Box::new(removal),
        };
        let changed = self.perform(name, vec![Op::Paint(Target::Remove, tiles), insert]);
        self.stroke = interrupted;
        Some(changed)
    }

    /// Puts another fill of the same hole in a removal's place. Nothing if there is no such removal or a patch does
    /// not fit.
    pub fn exchange(&mut self, id: u64, patches: Arc<[Patch]>, recipe: String) -> Option<Changed> {
        let (index, before) = self.find(id)?;
        if !patches.iter().all(|patch| self.fits(patch)) {
            return None;
        }
        let other = before.with_fill(patches, recipe);
        Some(self.replace(format!("Choose another fill: {}", other.name), index, other))
    }

    /// Puts what was masked for a removal in place of the present mask and hides the removal, as one step: so its hole
    /// can be corrected and filled anew.
    pub fn mask_again(&mut self, id: u64) -> Changed {
        self.end_stroke();
        let Some((index, removal)) = self.find(id) else {
            return Changed::default();
        };
        let mut mask = Mask::empty(self.mask.width(), self.mask.height());
        removal.put_mask_into(&mut mask);
        let area = self.mask.bounds_from(1).union(&removal.mask().rect);
        let mut ops = vec![Op::Paint(
            Target::Remove,
            tile::differing(&self.mask, &mask, area),
        )];
        if removal.visible {
            ops.push(Op::Visible {
                index,
                visible: false,
            });
        }
        self.perform(format!("Mask of {}", removal.name), ops)
    }

    fn replace(&mut self, step: String, index: usize, removal: Removal) -> Changed {
        let interrupted = self.interrupt_stroke();
        let removal = Box::new(removal);
        let changed = self.perform(step, vec![Op::Replace { index, removal }]);
        self.stroke = interrupted;
        changed
    }

    fn fits(&self, patch: &Patch) -> bool {
        self.bounds().contains_rect(&patch.rect())
            && patch.pixels().channels() == self.original.channels()
            && patch.pixels().bit_depth() == self.original.bit_depth()
    }

    /// "Removal N" with the first number that is not in use.
    fn free_name(&self) -> String {
        let mut number = self.removals.len() + 1;
        loop {
            let name = format!("Removal {number}");
            if self.removals.iter().all(|removal| removal.name != name) {
                return name;
            }
            number += 1;
        }
    }
}
