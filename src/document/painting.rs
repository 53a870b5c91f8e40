//! Painting: strokes on what should go, and on what nothing is to be copied from.
//!
//! Both masks take the same brush and share the one history. The second one costs nothing until it is painted on.

use std::sync::Arc;

use super::{Brush, Changed, Document, history::Op, stroke::Stroke, tile, tile::Tile};
use crate::imaging::{HOLE_THRESHOLD, Mask, Rect};

/// Which mask a stroke paints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Target {
    /// What should go.
    #[default]
    Remove,
    /// What nothing is to be copied from.
    KeepOut,
}

impl Target {
    pub(super) const fn op(self, tiles: Vec<Tile>) -> Op {
        match self {
            Self::Remove => Op::Mask(tiles),
            Self::KeepOut => Op::KeepOut(tiles),
        }
    }
}

impl Document {
    /// Whether anything is kept out. Looks at the whole area if nothing is.
    pub fn has_keep_out(&self) -> bool {
        let covered = |mask: &Mask| mask.coverage().iter().any(|&coverage| coverage >= HOLE_THRESHOLD);
        self.keep_out.as_ref().is_some_and(covered)
    }

    /// Keeps nothing out any more.
    pub fn clear_keep_out(&mut self) -> Changed {
        self.end_stroke();
        let Some(now) = &self.keep_out else {
            return Changed::default();
        };
        let empty = Mask::empty(now.width(), now.height());
        let tiles = tile::differing(now, &empty, now.bounds());
        self.perform("Clear keep-out area".to_owned(), vec![Op::KeepOut(tiles)])
    }

    /// Starts a stroke with a dab at `point`, in pixels of the photo. Returns where the mask changed.
    pub fn begin_stroke(&mut self, brush: Brush, point: [f32; 2]) -> Rect {
        self.begin_stroke_on(Target::Remove, brush, point)
    }

    /// The same on either of the two masks.
    pub fn begin_stroke_on(&mut self, target: Target, brush: Brush, point: [f32; 2]) -> Rect {
        self.commit_stroke();
        self.stroke = Some(Stroke::new(target, brush, point));
        self.extend_stroke(point)
    }

    /// Draws on to `point`. Returns where the mask changed; empty without a stroke.
    pub fn extend_stroke(&mut self, point: [f32; 2]) -> Rect {
        let Some(mut stroke) = self.stroke.take() else {
            return Rect::default();
        };
        self.version += 1;
        let rect = stroke.extend_to(point, self.painted_mut(stroke.target()));
        self.stroke = Some(stroke);
        rect
    }

    /// Ends the stroke and makes it one step of the history. A stroke that changed nothing leaves no step.
    pub fn end_stroke(&mut self) {
        self.commit_stroke();
    }

    /// Takes the stroke being drawn back, as if it had never begun.
    pub fn cancel_stroke(&mut self) -> Changed {
        let mut changed = Changed::default();
        if let Some(stroke) = self.stroke.take() {
            let target = stroke.target();
            for tile in stroke.into_tiles(self.painted_mut(target)) {
                match target {
                    Target::Remove => changed.mask.push(tile.rect),
                    Target::KeepOut => changed.keep_out.push(tile.rect),
                }
                tile.swap(self.painted_mut(target));
            }
            self.version += 1;
        }
        changed
    }

    /// A whole stroke through `points`.
    pub fn paint_stroke(&mut self, brush: Brush, points: &[[f32; 2]]) -> Rect {
        let Some((first, rest)) = points.split_first() else {
            return Rect::default();
        };
        let mut dirty = self.begin_stroke(brush, *first);
        for point in rest {
            dirty = dirty.union(&self.extend_stroke(*point));
        }
        self.end_stroke();
        dirty
    }

    /// Whether a stroke is being drawn.
    pub const fn is_stroking(&self) -> bool {
        self.stroke.is_some()
    }

    pub(super) fn commit_stroke(&mut self) {
        let Some(stroke) = self.stroke.take() else {
            return;
        };
        let name = stroke.name().to_owned();
        let target = stroke.target();
        let tiles = stroke.into_tiles(self.painted_mut(target));
        if !tiles.is_empty() {
            self.history.push(name, vec![target.op(tiles)]);
        }
    }

    /// Makes a step of what was drawn so far and gives a stroke that goes on from there.
    pub(super) fn interrupt_stroke(&mut self) -> Option<Stroke> {
        let rest = self.stroke.as_ref().map(Stroke::continued);
        self.commit_stroke();
        rest
    }

    pub(super) fn painted_mut(&mut self, target: Target) -> &mut Mask {
        let (width, height) = (self.mask.width(), self.mask.height());
        match target {
            Target::Remove => Arc::make_mut(&mut self.mask),
            Target::KeepOut => self.keep_out.get_or_insert_with(|| Mask::empty(width, height)),
        }
    }
}
