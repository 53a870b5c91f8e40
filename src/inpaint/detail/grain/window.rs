//! The part of a crop that grain is measured in and added to.

use rayon::prelude::{
    IndexedParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _, ParallelSlice as _,
    ParallelSliceMut as _,
};

use crate::{
    inpaint::hole::{bounds, depths},
    progress::{Cancelled, Progress},
};

/// Side of a block in which noise is measured.
pub(super) const BLOCK: usize = 16;
/// Pixels around the hole in which noise is measured.
const RING: usize = 96;

/// A rectangle of the crop, copied out.
pub(super) struct Window {
    pub(super) left: usize,
    pub(super) top: usize,
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) rgb: Vec<f32>,
    pub(super) hole: Vec<bool>,
}

impl Window {
    pub(super) fn around(rgb: &[f32], hole: &[bool], width: usize) -> Option<Self> {
        let height = hole.len() / width.max(1);
        let [first_x, first_y, last_x, last_y] = bounds(hole, width)?;
        let (left, top) = (first_x.saturating_sub(RING), first_y.saturating_sub(RING));
        let (right, bottom) = ((last_x + RING + 1).min(width), (last_y + RING + 1).min(height));
        let rows = || (top..bottom).map(|y| y * width + left..y * width + right);
        Some(Self {
            left,
            top,
            width: right - left,
            height: bottom - top,
            rgb: rows()
                .flat_map(|row| rgb[3 * row.start..3 * row.end].iter().copied())
                .collect(),
            hole: rows().flat_map(|row| hole[row].iter().copied()).collect(),
        })
    }

    pub(super) fn grey(&self) -> Vec<f32> {
        self.rgb
            .as_chunks::<3>()
            .0
            .par_iter()
            .map(|[red, green, blue]| (red + 2.0 * green + blue) / 4.0)
            .collect()
    }

    /// A plane less its binomial mean over 5 × 5 pixels.
    pub(super) fn residual(&self, plane: &[f32], progress: &dyn Progress) -> Result<Vec<f32>, Cancelled> {
        const TAPS: [f32; 5] = [1.0 / 16.0, 4.0 / 16.0, 6.0 / 16.0, 4.0 / 16.0, 1.0 / 16.0];
        let (width, height) = (self.width, self.height);
        let near = |at: usize, tap: usize, len: usize| (at + tap).saturating_sub(2).min(len - 1);
        let mut smooth = vec![0.0; plane.len()];
        smooth
            .par_chunks_mut(width)
            .zip(plane.par_chunks(width))
            .try_for_each(|(out, row)| {
                for (x, out) in out.iter_mut().enumerate() {
                    *out = TAPS
                        .iter()
                        .enumerate()
                        .map(|(tap, weight)| weight * row[near(x, tap, width)])
                        .sum();
                }
                progress.check()
            })?;
        let mut residual = plane.to_vec();
        residual
            .par_chunks_mut(width)
            .enumerate()
            .try_for_each(|(y, out)| {
                for (x, out) in out.iter_mut().enumerate() {
                    let mean =
                        |(tap, weight): (usize, &f32)| weight * smooth[near(y, tap, height) * width + x];
                    *out -= TAPS.iter().enumerate().map(mean).sum::<f32>();
                }
                progress.check()
            })?;
        Ok(residual)
    }

    /// Top left corners of blocks without a hole pixel; their residual does not reach into it either.
    pub(super) fn valid_blocks(&self) -> Vec<usize> {
        let outside = depths(
            &self.hole.iter().map(|hole| !hole).collect::<Vec<_>>(),
            self.width,
            self.height,
        );
        let (columns, rows) = (self.width / (BLOCK / 2), self.height / (BLOCK / 2));
        let corner = |at: usize| (at / columns * (BLOCK / 2), at % columns * (BLOCK / 2));
        (0..columns * rows)
            .map(corner)
            .filter(|(y, x)| y + BLOCK <= self.height && x + BLOCK <= self.width)
            .filter(|(y, x)| outside[(y + BLOCK / 2) * self.width + x + BLOCK / 2] as usize > BLOCK / 2 + 3)
            .map(|(y, x)| y * self.width + x)
            .collect()
    }

    pub(super) fn block<'a>(&self, plane: &'a [f32], corner: usize) -> impl Iterator<Item = f32> + 'a {
        let width = self.width;
        (0..BLOCK).flat_map(move |row| plane[corner + row * width..][..BLOCK].iter().copied())
    }
}
