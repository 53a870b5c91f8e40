//! How levels are made: the native one from the caller's planes, each next one from the one before.

use rayon::prelude::{IndexedParallelIterator as _, ParallelIterator as _, ParallelSliceMut as _};

use super::{
    super::distance::{CHANNELS, PATCH, WHITE},
    Level, Planes,
    anchors::free_anchors,
    texture::{average_texture, gradient},
};
use crate::{
    inpaint::hole::depths,
    progress::{Cancelled, Progress},
};

/// Weight of the texture channel against a colour channel: mean gradients are small numbers.
const TEXTURE_WEIGHT: f32 = 2.0;

pub(super) fn native_level(planes: &Planes<'_>, progress: &dyn Progress) -> Result<Level, Cancelled> {
    let Planes {
        width,
        height,
        first_guess,
        hole,
        keep_out,
        ..
    } = *planes;
    let mut colour = vec![0i16; width * height * CHANNELS];
    colour
        .par_chunks_mut(width * CHANNELS)
        .enumerate()
        .try_for_each(|(y, row)| {
            for (x, pixel) in row.as_chunks_mut::<CHANNELS>().0.iter_mut().enumerate() {
                let at = 3 * (y * width + x);
                for channel in 0..3 {
                    pixel[channel] = quantised(first_guess[at + channel]);
                }
                pixel[3] = quantised(TEXTURE_WEIGHT * gradient(first_guess, hole, width, height, x, y));
            }
            progress.check()
        })?;
    let blocked: Vec<bool> = match keep_out {
        Some(keep_out) => hole
            .iter()
            .zip(keep_out)
            .map(|(&hole, &kept)| hole || kept)
            .collect(),
        None => hole.to_vec(),
    };
    progress.check()?;
    let is_source = free_anchors(&blocked, width, height);
    progress.check()?;
    let depth = depths(hole, width, height);
    progress.check()?;
    let mut level = Level {
        halvings: 0,
        width,
        height,
        colour,
        hole: hole.to_vec(),
        is_source,
        depth,
        guide: None,
    };
    progress.check()?;
    average_texture(&mut level, progress)?;
    progress.check()?;
    Ok(level)
}

fn quantised(value: f32) -> i16 {
    (value * WHITE + 0.5).clamp(0.0, WHITE) as i16
}

/// Half the size: colours are means of four, a pixel is hole if any of its four is, and an odd last row or column
/// is dropped from the sources but not from the picture.
pub(super) fn halved(fine: &Level, progress: &dyn Progress) -> Result<Level, Cancelled> {
    let (width, height) = (fine.width.div_ceil(2), fine.height.div_ceil(2));
    let mut colour = vec![0i16; width * height * CHANNELS];
    let mut hole = vec![false; width * height];
    let rows = colour
        .par_chunks_mut(width * CHANNELS)
        .zip(hole.par_chunks_mut(width));
    rows.enumerate().for_each(|(y, (colours, holes))| {
        let rows = [2 * y, (2 * y + 1).min(fine.height - 1)];
        for (x, (mean, hole)) in colours
            .as_chunks_mut::<CHANNELS>()
            .0
            .iter_mut()
            .zip(holes)
            .enumerate()
        {
            let columns = [2 * x, (2 * x + 1).min(fine.width - 1)];
            let mut sums = [2i32; CHANNELS];
            for at in rows
                .iter()
                .flat_map(|row| columns.iter().map(move |column| row * fine.width + column))
            {
                for (sum, &sample) in sums.iter_mut().zip(&fine.colour[at * CHANNELS..]) {
                    *sum += i32::from(sample);
                }
                *hole |= fine.hole[at];
            }
            *mean = sums.map(|sum| (sum / 4) as i16);
        }
    });
    progress.check()?;
    let is_source = halved_sources(fine, &hole, width, height, progress)?;
    progress.check()?;
    let depth = depths(&hole, width, height);
    progress.check()?;
    let mut level = Level {
        halvings: fine.halvings + 1,
        width,
        height,
        colour,
        hole,
        is_source,
        depth,
        guide: None,
    };
    average_texture(&mut level, progress)?;
    Ok(level)
}

/// A coarse anchor is a source if the fine patch under each of its corners is one.
fn halved_sources(
    fine: &Level,
    hole: &[bool],
    width: usize,
    height: usize,
    progress: &dyn Progress,
) -> Result<Vec<bool>, Cancelled> {
    let mut is_source = free_anchors(hole, width, height);
    progress.check()?;
    is_source
        .par_chunks_mut(width)
        .enumerate()
        .try_for_each(|(y, row)| {
            for (x, is_source) in row.iter_mut().enumerate() {
                let corners = [(0, 0), (PATCH, 0), (0, PATCH), (PATCH, PATCH)];
                *is_source &= corners
                    .iter()
                    .all(|(dx, dy)| fine.offers((2 * x + dx) as i32, (2 * y + dy) as i32));
            }
            progress.check()
        })?;
    Ok(is_source)
}
