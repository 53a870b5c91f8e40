//! Where patches fit: anchors clear of what may not be copied.

use rayon::prelude::{IndexedParallelIterator as _, ParallelIterator as _, ParallelSliceMut as _};

use super::super::distance::PATCH;

/// Anchors whose whole patch lies inside the plane and touches nothing blocked.
pub(in crate::inpaint::detail) fn free_anchors(blocked: &[bool], width: usize, height: usize) -> Vec<bool> {
    const BAND: usize = 64;
    let mut free = vec![false; width * height];
    if width == 0 {
        return free;
    }
    free.par_chunks_mut(BAND * width)
        .enumerate()
        .for_each(|(band, free)| {
            let top = band * BAND;
            let bottom = (top + free.len() / width + PATCH - 1).min(height);
            // Rows clear above and including this one, per column; then columns in a row that are clear enough.
            let mut clear_above = vec![0usize; width];
            for y in top..bottom {
                let mut clear_columns = 0;
                for (x, (clear, &blocked)) in clear_above.iter_mut().zip(&blocked[y * width..]).enumerate() {
                    *clear = if blocked { 0 } else { *clear + 1 };
                    clear_columns = if *clear >= PATCH { clear_columns + 1 } else { 0 };
                    if clear_columns >= PATCH {
                        free[(y + 1 - PATCH - top) * width + x + 1 - PATCH] = true;
                    }
                }
            }
        });
    free
}
