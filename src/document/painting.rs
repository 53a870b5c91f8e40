//! Painting: strokes on what should go, and on what nothing is to be copied from.
//!
//! Both masks take the same brush and share the one history. The second one costs nothing until it is painted on.

use std::sync::Arc;

use super::{
    Brush, Changed, Document,
    history::{Op, Touched},
    stroke::Stroke,
};
use crate::imaging::{Mask, Rect};

/// Which mask a stroke paints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Target {
    /// What should go.
    #[default]
    Remove,
    /// What nothing is to be copied from.
    KeepOut,
}

impl Document {
    /// Whether anything is kept out. Looks at the whole area if nothing is.
    pub fn has_keep_out(&self) -> bool {
        self.keep_out.as_deref().is_some_and(super::has_any)
    }

    /// Keeps nothing out any more. On a large photo that takes long.
    pub fn clear_keep_out(&mut self) -> Changed {
        self.end_stroke();
        if self.keep_out.is_none() {
            return Changed::default();
        }
        let empty = Mask::empty(self.mask.width(), self.mask.height());
        self.put(Target::KeepOut, "Clear keep-out area", empty, self.bounds())
    }

    /// One of the two masks; none where nothing was ever kept out.
    pub fn mask_of(&self, target: Target) -> Option<&Mask> {
        match target {
            Target::Remove => Some(self.mask()),
            Target::KeepOut => self.keep_out(),
        }
    }

    /// Starts a stroke with a dab at `point`, in pixels of the photo. Returns where the mask changed.
    pub fn begin_stroke(&mut self, brush: Brush, point: [f32; 2]) -> Rect {
        self.begin_stroke_on(Target::Remove, brush, point)
    }

    /// The same on either of the two masks.
    pub fn begin_stroke_on(&mut self, target: Target, brush: Brush, point: [f32; 2]) -> Rect {
        self.end_stroke();
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
        let Some(stroke) = self.stroke.take() else {
            return;
        };
        let name = stroke.name().to_owned();
        let target = stroke.target();
        let tiles = stroke.into_tiles(self.painted_mut(target));
        if !tiles.is_empty() {
            let mut changed = Changed::default();
            changed.of(target).extend(tiles.iter().map(|tile| tile.rect));
            let touched = Touched::by(&changed);
            self.history.push(name, vec![Op::Paint(target, tiles)], touched);
        }
    }

    /// Takes the stroke being drawn back, as if it had never begun.
    pub fn cancel_stroke(&mut self) -> Changed {
        let mut changed = Changed::default();
        if let Some(stroke) = self.stroke.take() {
            let target = stroke.target();
            for tile in stroke.into_tiles(self.painted_mut(target)) {
                changed.of(target).push(tile.rect);
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

    /// Makes a step of what was drawn so far and gives a stroke that goes on from there.
    pub(super) fn interrupt_stroke(&mut self) -> Option<Stroke> {
        let rest = self.stroke.as_ref().map(Stroke::continued);
        self.end_stroke();
        rest
    }

    /// One of the two masks, as it is now.
    pub(super) fn painted(&self, target: Target) -> Arc<Mask> {
        let empty = || Arc::new(Mask::empty(self.mask.width(), self.mask.height()));
        match target {
            Target::Remove => Arc::clone(&self.mask),
            Target::KeepOut => self.keep_out.clone().unwrap_or_else(empty),
        }
    }

    pub(super) fn painted_mut(&mut self, target: Target) -> &mut Mask {
        let (width, height) = (self.mask.width(), self.mask.height());
        match target {
            Target::Remove => Arc::make_mut(&mut self.mask),
            Target::KeepOut => {
                let empty = || Arc::new(Mask::empty(width, height));
                Arc::make_mut(self.keep_out.get_or_insert_with(empty))
            }
        }
    }
}
