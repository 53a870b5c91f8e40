//! What is being edited: a photo, the mask over it, the removals made so far and how to get back.
//!
//! Strokes and removals share one undo history. The result is kept current as things change, and every change
//! names the rectangles it touched, so that a window uploads nothing else. Undoing anything restores the very
//! bytes that were there. What takes too long for a frame is done to a clone, which is cheap; `effort` tells which
//! changes that are. A fill works on a [`Snapshot`]; [`Document::check`] says whether its outcome still fits,
//! and the rule is written there. Nothing here knows tensors, files or windows.

mod area;
mod compose;
mod edit;
mod effort;
mod history;
mod layer;
mod painting;
mod record;
mod removing;
mod similar;
mod snapshot;
mod stroke;
mod tile;

use std::sync::Arc;

use crate::imaging::{HOLE_THRESHOLD, Mask, Pixels, Rect};

use compose::recompose;
use history::{HISTORY_BYTES, History, Op, Touched};
use stroke::Stroke;

pub use edit::MaskChange;
pub use history::Part;
pub use layer::Removal;
pub use painting::Target;
pub use record::{Project, Record, RecordError};
pub use snapshot::{Basis, Snapshot, Stale};
pub use stroke::Brush;

/// The rectangles that a change touched. They may overlap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changed {
    /// Where mask coverage differs.
    pub mask: Vec<Rect>,
    /// Where coverage of the keep-out area differs.
    pub keep_out: Vec<Rect>,
    /// Where the result's pixels may differ.
    pub result: Vec<Rect>,
}

impl Changed {
    fn of(&mut self, target: Target) -> &mut Vec<Rect> {
        match target {
            Target::Remove => &mut self.mask,
            Target::KeepOut => &mut self.keep_out,
        }
    }
}

/// A photo under work.
///
/// A clone is cheap: it shares all pixels until one of the two changes them. So what takes long is done to a clone,
/// elsewhere, and [`Document::go_on_as`] takes it over.
#[derive(Debug, Clone)]
pub struct Document {
    original: Arc<Pixels>,
    result: Arc<Pixels>,
    mask: Arc<Mask>,
    /// What nothing is to be copied from. None until something was painted there.
    keep_out: Option<Arc<Mask>>,
    removals: Vec<Removal>,
    history: History,
    stroke: Option<Stroke>,
    version: u64,
    next_removal: u64,
}

impl Document {
    /// A photo with nothing masked.
    pub fn new(original: Arc<Pixels>) -> Self {
        Self {
            result: Arc::clone(&original),
            mask: Arc::new(Mask::empty(original.width(), original.height())),
            keep_out: None,
            original,
            removals: Vec::new(),
            history: History::new(HISTORY_BYTES),
            stroke: None,
            version: 0,
            next_removal: 1,
        }
    }

    /// A photo that comes with a mask. The mask is the starting point and cannot be undone.
    ///
    /// `None` if the mask has another size.
    pub fn with_mask(original: Arc<Pixels>, mask: Mask) -> Option<Self> {
        (mask.bounds() == original.bounds()).then(|| Self {
            mask: Arc::new(mask),
            ..Self::new(original)
        })
    }

    /// Keeps at most `bytes` of history from now on; the oldest steps go first.
    pub fn limit_history(&mut self, bytes: usize) {
        self.history.limit(bytes);
    }

    /// The photo as it was opened.
    pub const fn original(&self) -> &Arc<Pixels> {
        &self.original
    }

    /// The photo with all visible removals.
    pub const fn result(&self) -> &Arc<Pixels> {
        &self.result
    }

    /// What should go next.
    pub fn mask(&self) -> &Mask {
        &self.mask
    }

    /// What nothing is to be copied from; none before anything was painted there.
    pub fn keep_out(&self) -> Option<&Mask> {
        self.keep_out.as_deref()
    }

    /// The removals, the oldest first.
    pub fn removals(&self) -> &[Removal] {
        &self.removals
    }

    /// Grows with every change, undo included.
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// Whether any pixel is masked. Looks at the whole mask if nothing is.
    pub fn has_mask(&self) -> bool {
        has_any(&self.mask)
    }

    /// Names the present state: the same number means the same mask and removals. 0 is the state at opening.
    pub fn state(&self) -> u64 {
        self.history.state()
    }

    /// Names the present state of one part: the same number means that nothing in it differs.
    pub fn state_of(&self, part: Part) -> u64 {
        self.history.state_of(part)
    }

    /// Whether all of [`Self::steps`] can be taken back to the photo as it was opened: the oldest may be forgotten.
    pub fn goes_back_to_the_opening(&self) -> bool {
        !self.history.has_forgotten()
    }

    /// The whole photo as a rectangle.
    pub fn bounds(&self) -> Rect {
        self.original.bounds()
    }

    /// The names of all steps, the oldest first, those that were undone included.
    pub fn steps(&self) -> impl ExactSizeIterator<Item = &str> + DoubleEndedIterator {
        self.history.names()
    }

    /// How many of [`Self::steps`] are in effect.
    pub fn position(&self) -> usize {
        self.history.position()
    }

    /// Shows or hides a removal.
    pub fn set_visible(&mut self, id: u64, visible: bool) -> Changed {
        let Some((index, removal)) = self.find(id) else {
            return Changed::default();
        };
        if removal.visible == visible {
            return Changed::default();
        }
        let name = format!("{} {}", if visible { "Show" } else { "Hide" }, removal.name);
        self.perform(name, vec![Op::Visible { index, visible }])
    }

    /// Renames a removal. An empty name or the same one changes nothing.
    pub fn rename(&mut self, id: u64, name: &str) {
        let name = name.trim();
        let Some((index, removal)) = self.find(id) else {
            return;
        };
        if name.is_empty() || removal.name == name {
            return;
        }
        let step = format!("Rename {}", removal.name);
        let op = Op::Rename {
            index,
            name: name.to_owned(),
        };
        let _changes_no_pixel = self.perform(step, vec![op]);
    }

    /// Deletes a removal; undo brings it back.
    pub fn delete(&mut self, id: u64) -> Changed {
        let Some((index, removal)) = self.find(id) else {
            return Changed::default();
        };
        let name = format!("Delete {}", removal.name);
        self.perform(name, vec![Op::Take { index }])
    }

    /// Takes the last step back. A stroke being drawn counts as the last step.
    pub fn undo(&mut self) -> Changed {
        self.end_stroke();
        self.move_to(self.position().saturating_sub(1))
    }

    /// Brings back what was undone last.
    pub fn redo(&mut self) -> Changed {
        self.end_stroke();
        self.move_to(self.position() + 1)
    }

    /// Undoes or redoes until `position` of [`Self::steps`] are in effect.
    pub fn jump_to(&mut self, position: usize) -> Changed {
        self.end_stroke();
        self.move_to(position)
    }

    fn find(&self, id: u64) -> Option<(usize, &Removal)> {
        self.removals
            .iter()
            .enumerate()
            .find(|(_, removal)| removal.id == id)
    }

    /// Does something new and records its inverse.
    fn perform(&mut self, name: String, ops: Vec<Op>) -> Changed {
        self.end_stroke();
        let mut changed = Changed::default();
        let ops = self.apply(ops, &mut changed);
        if !ops.is_empty() {
            self.record_step(name, ops, &mut changed);
        }
        changed
    }

    /// Makes a step of what was just `changed`; `ops` take it back.
    fn record_step(&mut self, name: String, ops: Vec<Op>, changed: &mut Changed) {
        self.settle(changed);
        self.history.push(name, ops, Touched::by(changed));
    }

    fn move_to(&mut self, position: usize) -> Changed {
        let mut changed = Changed::default();
        let before = self.position();
        while self.position() > position {
            let Some((index, ops)) = self.history.step_back() else {
                break;
            };
            let ops = self.apply(ops, &mut changed);
            self.history.put_back(index, ops);
        }
        while self.position() < position {
            let Some((index, ops)) = self.history.step_forward() else {
                break;
            };
            let ops = self.apply(ops, &mut changed);
            self.history.put_back(index, ops);
        }
        if self.position() != before {
            self.settle(&mut changed);
        }
        changed
    }

    /// Carries out `ops` and returns what takes them back, in the order to be carried out.
    fn apply(&mut self, ops: Vec<Op>, changed: &mut Changed) -> Vec<Op> {
        let mut inverse: Vec<Op> = ops.into_iter().filter_map(|op| op.apply(self, changed)).collect();
        inverse.reverse();
        inverse
    }

    /// Brings result and version in line with what changed.
    fn settle(&mut self, changed: &mut Changed) {
        self.version += 1;
        for rects in [&mut changed.mask, &mut changed.keep_out, &mut changed.result] {
            rects.sort_unstable_by_key(|rect| (rect.y, rect.x, rect.width, rect.height));
            rects.dedup();
        }
        if !changed.result.is_empty() {
            recompose(&self.original, &self.removals, &changed.result, &mut self.result);
        }
    }
}

/// Whether any pixel is covered. The largest of a row is found many pixels at a time.
fn has_any(mask: &Mask) -> bool {
    let mut rows = mask.coverage().chunks_exact(mask.width().max(1) as usize);
    rows.any(|row| row.iter().fold(0, |most, &value| value.max(most)) >= HOLE_THRESHOLD)
}
