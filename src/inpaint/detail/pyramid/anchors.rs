//! Where patches fit: anchors clear of what may not be copied, and how deep in a hole a pixel lies.

use rayon::prelude::{IndexedParallelIterator as _, ParallelIterator as _, ParallelSliceMut as _};

use super::super::{distance::PATCH, field::bounds};

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

/// Chessboard distance of every hole pixel to the valid area, in two passes. The crop's edge is no valid area.
pub(in crate::inpaint::detail) fn depths(hole: &[bool], width: usize, height: usize) -> Vec<u16> {
    const FAR: u16 = u16::MAX - 1;
    let mut depth: Vec<u16> = hole.iter().map(|&hole| if hole { FAR } else { 0 }).collect();
    let relax = |depth: &mut [u16], at: usize, toward: [Option<usize>; 4]| {
        let nearest = toward
            .into_iter()
            .flatten()
            .map(|other| depth[other] + 1)
            .min()
            .unwrap_or(FAR);
        depth[at] = depth[at].min(nearest).min(FAR);
    };
    // Only the part around the holes can be anything but 0.
    let Some([left, top, right, bottom]) = bounds(hole, width) else {
        return depth;
    };
    for y in top..=bottom {
        for x in left..=right {
            let at = y * width + x;
            let up = y.checked_sub(1).map(|_| at - width);
            let left = x.checked_sub(1).map(|_| at - 1);
            let up_left = up.filter(|_| x > 0).map(|up| up - 1);
            let up_right = up.filter(|_| x + 1 < width).map(|up| up + 1);
            relax(&mut depth, at, [up, left, up_left, up_right]);
        }
    }
    for y in (top..=bottom).rev() {
        for x in (left..=right).rev() {
            let at = y * width + x;
            let down = (y + 1 < height).then_some(at + width);
            let right = (x + 1 < width).then_some(at + 1);
            let down_left = down.filter(|_| x > 0).map(|down| down - 1);
            let down_right = down.filter(|_| x + 1 < width).map(|down| down + 1);
            relax(&mut depth, at, [down, right, down_left, down_right]);
        }
    }
    depth
}
