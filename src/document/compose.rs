//! Keeps the result current: the original with all visible removals, in order, wherever something changed.
//!
//! A rectangle is always composed anew from the original. That makes hiding, deleting and undo exact: no removal
//! has to be subtracted.

use std::sync::Arc;

use super::Removal;
use crate::imaging::{Patch, Pixels, Rect, Samples};

/// Composes `rects` of the result again.
pub(super) fn recompose(original: &Pixels, removals: &[Removal], rects: &[Rect], result: &mut Arc<Pixels>) {
    let result = Arc::make_mut(result);
    let visible = removals.iter().filter(|removal| removal.visible);
    let patches: Vec<&Patch> = visible.flat_map(|removal| removal.patches().iter()).collect();
    for &rect in rects {
        copy(original, rect, result);
        for patch in &patches {
            if let Some(part) = patch.part(rect) {
                part.apply(result);
            }
        }
    }
}

fn copy(from: &Pixels, rect: Rect, to: &mut Pixels) {
    let (width, per_pixel) = (from.width() as usize, from.channels().count());
    let rows = (rect.y as usize..rect.bottom() as usize).map(|y| {
        let start = (y * width + rect.x as usize) * per_pixel;
        start..start + rect.width as usize * per_pixel
    });
    match (from.samples(), to.samples_mut()) {
        (Samples::U8(from), Samples::U8(to)) => {
            rows.for_each(|row| to[row.clone()].copy_from_slice(&from[row]));
        }
        (Samples::U16(from), Samples::U16(to)) => {
            rows.for_each(|row| to[row.clone()].copy_from_slice(&from[row]));
        }
        _ => debug_assert!(false, "the result has the original's bit depth"),
    }
}
