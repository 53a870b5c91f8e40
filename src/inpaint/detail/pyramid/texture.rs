//! The fourth channel: what kind of surface this is, as the mean gradient around a pixel.

use rayon::prelude::{
    IndexedParallelIterator as _, ParallelIterator as _, ParallelSlice as _, ParallelSliceMut as _,
};

use super::{
    super::distance::{CHANNELS, WHITE},
    Level,
};
use crate::{
    inpaint::{hole::depths, push_pull},
    progress::{Cancelled, Progress},
};

/// Mean absolute difference of the luminance to the right and lower neighbour; 0 where one of them is hole.
pub(super) fn gradient(rgb: &[f32], hole: &[bool], width: usize, height: usize, x: usize, y: usize) -> f32 {
    let here = y * width + x;
    let right = if x + 1 < width { here + 1 } else { here };
    let below = if y + 1 < height { here + width } else { here };
    if hole[here] || hole[right] || hole[below] {
        return 0.0;
    }
    let grey = |at: usize| (rgb[3 * at] + 2.0 * rgb[3 * at + 1] + rgb[3 * at + 2]) / 4.0;
    ((grey(right) - grey(here)).abs() + (grey(below) - grey(here)).abs()) / 2.0
}

/// Averages the texture channel over 5 × 5 pixels: it tells what kind of surface this is, not where its edges are.
pub(super) fn average_texture(level: &mut Level, progress: &dyn Progress) -> Result<(), Cancelled> {
    let (width, height) = (level.width, level.height);
    let raw: Vec<i32> = level
        .colour
        .as_chunks::<CHANNELS>()
        .0
        .iter()
        .map(|pixel| i32::from(pixel[3]))
        .collect();
    let mut rows = vec![0i32; raw.len()];
    rows.par_chunks_mut(width)
        .zip(raw.par_chunks(width))
        .try_for_each(|(sums, row)| {
            for (x, sum) in sums.iter_mut().enumerate() {
                *sum = (0..5)
                    .map(|tap| row[(x + tap).saturating_sub(2).min(width - 1)])
                    .sum();
            }
            progress.check()
        })?;
    level
        .colour
        .par_chunks_mut(width * CHANNELS)
        .enumerate()
        .try_for_each(|(y, row)| {
            for (x, pixel) in row.as_chunks_mut::<CHANNELS>().0.iter_mut().enumerate() {
                let sum: i32 = (0..5)
                    .map(|tap| rows[(y + tap).saturating_sub(2).min(height - 1) * width + x])
                    .sum();
                pixel[3] = (sum / 25) as i16;
            }
            progress.check()
        })
}

/// Writes into every hole the texture that its surroundings have: the network's own is too soft to go by.
///
/// Levels above the coarsest get theirs from the patches voted there.
pub(super) fn continue_texture(levels: &mut [Level]) {
    let Some(coarsest) = levels.last_mut() else { return };
    let mut texture: Vec<f32> = coarsest
        .colour
        .as_chunks::<CHANNELS>()
        .0
        .iter()
        .map(|pixel| f32::from(pixel[3]))
        .collect();
    // Averages reach two pixels into the hole's neighbourhood, where gradients were not measured.
    let is_known: Vec<f32> = far_from(&coarsest.hole, coarsest.width, coarsest.height, 3);
    push_pull::fill::<1>(&mut texture, &is_known, coarsest.width, coarsest.height);
    for ((pixel, texture), known) in coarsest
        .colour
        .as_chunks_mut::<CHANNELS>()
        .0
        .iter_mut()
        .zip(texture)
        .zip(is_known)
    {
        if known == 0.0 {
            pixel[3] = texture.clamp(0.0, WHITE) as i16;
        }
    }
}

/// 1 where no hole pixel is nearer than `steps`, else 0.
fn far_from(hole: &[bool], width: usize, height: usize, steps: u16) -> Vec<f32> {
    let valid: Vec<bool> = hole.iter().map(|hole| !hole).collect();
    depths(&valid, width, height)
        .into_iter()
        .map(|depth| if depth >= steps { 1.0 } else { 0.0 })
        .collect()
}
