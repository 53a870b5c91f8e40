//! How much work a change is, told before it is made, so that a window can leave much of it to a thread.
//!
//! The unit is a pixel that is gone over. What something else still reads (a fill, an export, a clone) has to be copied
//! whole before it changes, and counts whole.

use std::sync::Arc;

use super::{Basis, Document, history::Touched};
use crate::imaging::{Mask, Patch};

impl Document {
    /// Of a jump to this place in the history.
    pub fn effort_to(&self, position: usize) -> u64 {
        self.effort(self.history.touched_to(position))
    }

    /// Of showing, hiding or deleting a removal, or of putting another fill of the same hole in its place.
    pub fn effort_of(&self, id: u64) -> u64 {
        let rects = self.find(id).into_iter().flat_map(|(_, removal)| removal.rects());
        self.effort(Touched {
            result: rects.map(|rect| rect.area()).sum(),
            ..Touched::default()
        })
    }

    /// Of adding a fill.
    pub fn effort_of_fill(&self, basis: &Basis, patches: &[Patch]) -> u64 {
        let before = basis.replaces().and_then(|id| self.find(id));
        let before = before.into_iter().flat_map(|(_, removal)| removal.rects());
        let rects = patches.iter().map(Patch::rect).chain(before);
        self.effort(Touched {
            mask: basis.coverage_bounds().area(),
            result: rects.map(|rect| rect.area()).sum(),
            ..Touched::default()
        })
    }

    fn effort(&self, touched: Touched) -> u64 {
        let copied = |pixels: u64, is_shared: bool| {
            let whole = if is_shared && pixels > 0 {
                self.bounds().area()
            } else {
                0
            };
            pixels + whole
        };
        let keep_out = self.keep_out.as_ref();
        copied(touched.mask, is_shared(&self.mask))
            + copied(touched.keep_out, keep_out.is_some_and(is_shared))
            + copied(touched.result, is_shared(&self.result))
    }

    /// Goes on as `after`, a changed clone of this one. Gives what is of no more use: large buffers take a while to be
    /// freed, so it is dropped elsewhere.
    pub fn go_on_as(&mut self, after: Self) -> Self {
        let mut before = std::mem::replace(self, after);
        // What is still in use is let go of here and now, or the next change would have to copy it.
        if Arc::ptr_eq(&before.mask, &self.mask) {
            before.mask = Arc::new(Mask::empty(0, 0));
        }
        if let (Some(old), Some(new)) = (&before.keep_out, &self.keep_out)
            && Arc::ptr_eq(old, new)
        {
            before.keep_out = None;
        }
        if Arc::ptr_eq(&before.result, &self.result) {
            before.result = Arc::clone(&before.original);
        }
        before
    }
}

fn is_shared<T>(buffer: &Arc<T>) -> bool {
    Arc::strong_count(buffer) > 1
}
