//! The crop at every scale that the search works on, from native down by factors of two.
//!
//! A level holds what a patch comparison needs and no more: colours and local texture in 16 bits, which pixels are
//! hole, which anchors are sources, and the network's fill averaged over blocks. The finest level costs about
//! 10 bytes per pixel; native colours are read from the caller's planes at the very end only.

use rayon::prelude::{
    IndexedParallelIterator as _, ParallelIterator as _, ParallelSlice as _, ParallelSliceMut as _,
};

use super::{
    distance::{CHANNELS, PATCH, WHITE},
    membrane,
    trust::Trust,
};
use crate::progress::{Cancelled, Progress};

/// Weight of the texture channel against a colour channel: mean gradients are small numbers.
const TEXTURE_WEIGHT: f32 = 2.0;

/// One scale of the crop.
#[derive(Debug, Clone)]
pub(super) struct Level {
    pub(super) width: usize,
    pub(super) height: usize,
    /// `[height][width][4]`: red, green, blue, texture in `0..=WHITE`. In the hole: the fill so far.
    pub(super) colour: Vec<i16>,
    /// Whether a pixel is to be filled.
    pub(super) hole: Vec<bool>,
    /// Whether the patch anchored at a pixel may be copied from.
    pub(super) is_source: Vec<bool>,
    /// Steps from a hole pixel to the nearest valid one (8-neighbourhood), 0 outside.
    pub(super) depth: Vec<u16>,
    /// `[height][width][3]`: the first guess of the whole level averaged over 4 × 4 blocks; empty where the network
    /// could not resolve such a block, so that it must not steer.
    pub(super) guide: Vec<i16>,
    /// How far the guide steers a patch, by its anchor, in 16ths; empty like the guide.
    pub(super) trust: Vec<u8>,
}

/// What the pyramid is built from. All planes are of the crop, row by row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Planes<'a> {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Red, green, blue in 0..1: the photo, and in the hole the network's fill.
    pub(super) first_guess: &'a [f32],
    pub(super) hole: &'a [bool],
    pub(super) keep_out: Option<&'a [bool]>,
    pub(super) trust: &'a Trust,
}

impl Level {
    /// Number of anchors that may be copied from.
    pub(super) fn sources(&self) -> usize {
        self.is_source.iter().filter(|&&is_source| is_source).count()
    }

    /// Whether `anchor` may be copied from; false outside the level.
    pub(super) fn offers(&self, x: i32, y: i32) -> bool {
        x >= 0
            && y >= 0
            && (x as usize) < self.width
            && self
                .is_source
                .get(y as usize * self.width + x as usize)
                .copied()
                .unwrap_or(false)
    }

    /// The deepest hole pixel's distance from the valid area.
    pub(super) fn deepest(&self) -> u16 {
        self.depth.iter().copied().max().unwrap_or(0)
    }
}

/// All levels, native first. `guide_from` is the first level (in halvings) whose first guess may steer the search.
///
/// Levels are added while the hole is deeper than `deepest` pixels and enough sources remain.
pub(super) fn build(
    planes: &Planes<'_>,
    guide_from: u32,
    deepest: u16,
    progress: &dyn Progress,
) -> Result<Vec<Level>, Cancelled> {
    let mut levels = vec![native_level(planes, progress)?];
    while let Some(last) = levels.last() {
        progress.step(0, 1)?;
        let fits = last.width.min(last.height) >= 6 * PATCH;
        if last.deepest() <= deepest || !fits {
            break;
        }
        let next = halved(last, progress)?;
        if next.sources() < 4 * PATCH * PATCH {
            break;
        }
        levels.push(next);
    }
    for (halvings, level) in levels.iter_mut().enumerate() {
        if halvings as u32 >= guide_from {
            progress.step(0, 1)?;
            level.guide = block_means(level);
            level.trust = trust_of(level, planes, halvings as u32);
        }
    }
    progress.step(0, 1)?;
    continue_texture(&mut levels);
    Ok(levels)
}

fn native_level(planes: &Planes<'_>, progress: &dyn Progress) -> Result<Level, Cancelled> {
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
            progress.step(0, 1)
        })?;
    let blocked: Vec<bool> = match keep_out {
        Some(keep_out) => hole
            .iter()
            .zip(keep_out)
            .map(|(&hole, &kept)| hole || kept)
            .collect(),
        None => hole.to_vec(),
    };
    let is_source = free_anchors(&blocked, width, height);
    progress.step(0, 1)?;
    let depth = depths(hole, width, height);
    progress.step(0, 1)?;
    let mut level = Level {
        width,
        height,
        colour,
        hole: hole.to_vec(),
        is_source,
        depth,
        guide: Vec::new(),
        trust: Vec::new(),
    };
    progress.step(0, 1)?;
    average_texture(&mut level);
    progress.step(0, 1)?;
    Ok(level)
}

fn quantised(value: f32) -> i16 {
    (value * WHITE + 0.5).clamp(0.0, WHITE) as i16
}

/// Mean absolute difference of the luminance to the right and lower neighbour; 0 where one of them is hole.
fn gradient(rgb: &[f32], hole: &[bool], width: usize, height: usize, x: usize, y: usize) -> f32 {
    let here = y * width + x;
    let right = if x + 1 < width { here + 1 } else { here };
    let below = if y + 1 < height { here + width } else { here };
    if hole[here] || hole[right] || hole[below] {
        return 0.0;
    }
    let grey = |at: usize| (rgb[3 * at] + 2.0 * rgb[3 * at + 1] + rgb[3 * at + 2]) / 4.0;
    ((grey(right) - grey(here)).abs() + (grey(below) - grey(here)).abs()) / 2.0
}

/// Half the size: colours are means of four, a pixel is hole if any of its four is, and an odd last row or column
/// is dropped from the sources but not from the picture.
fn halved(fine: &Level, progress: &dyn Progress) -> Result<Level, Cancelled> {
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
    progress.step(0, 1)?;
    let is_source = halved_sources(fine, &hole, width, height);
    progress.step(0, 1)?;
    let depth = depths(&hole, width, height);
    progress.step(0, 1)?;
    let mut level = Level {
        width,
        height,
        colour,
        hole,
        is_source,
        depth,
        guide: Vec::new(),
        trust: Vec::new(),
    };
    average_texture(&mut level);
    Ok(level)
}

/// A coarse anchor is a source if the fine patch under each of its corners is one.
fn halved_sources(fine: &Level, hole: &[bool], width: usize, height: usize) -> Vec<bool> {
    let mut is_source = free_anchors(hole, width, height);
    for y in 0..height {
        for x in 0..width {
            let corners = [(0, 0), (PATCH, 0), (0, PATCH), (PATCH, PATCH)];
            is_source[y * width + x] &= corners
                .iter()
                .all(|(dx, dy)| fine.offers((2 * x + dx) as i32, (2 * y + dy) as i32));
        }
    }
    is_source
}

/// Anchors whose whole patch lies inside the plane and touches nothing blocked.
pub(super) fn free_anchors(blocked: &[bool], width: usize, height: usize) -> Vec<bool> {
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
pub(super) fn depths(hole: &[bool], width: usize, height: usize) -> Vec<u16> {
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
    let Some([left, top, right, bottom]) = super::field::bounds(hole, width) else {
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

/// Averages the texture channel over 5 × 5 pixels: it tells what kind of surface this is, not where its edges are.
fn average_texture(level: &mut Level) {
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
        .for_each(|(sums, row)| {
            for (x, sum) in sums.iter_mut().enumerate() {
                *sum = (0..5)
                    .map(|tap| row[(x + tap).saturating_sub(2).min(width - 1)])
                    .sum();
            }
        });
    level
        .colour
        .par_chunks_mut(width * CHANNELS)
        .enumerate()
        .for_each(|(y, row)| {
            for (x, pixel) in row.as_chunks_mut::<CHANNELS>().0.iter_mut().enumerate() {
                let sum: i32 = (0..5)
                    .map(|tap| rows[(y + tap).saturating_sub(2).min(height - 1) * width + x])
                    .sum();
                pixel[3] = (sum / 25) as i16;
            }
        });
}

/// Writes into every hole the texture that its surroundings have: the network's own is too soft to go by.
///
/// Levels above the coarsest get theirs from the patches voted there.
fn continue_texture(levels: &mut [Level]) {
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
    membrane::fill::<1>(&mut texture, &is_known, coarsest.width, coarsest.height);
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

/// Means over the 4 × 4 block that starts at each pixel.
fn block_means(level: &Level) -> Vec<i16> {
    let (width, height) = (level.width, level.height);
    let mut means = vec![0i16; width * height * 3];
    means.par_chunks_mut(width * 3).enumerate().for_each(|(y, row)| {
        for (x, mean) in row.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            let mut sums = [8i32; 3];
            for at in (0..16).map(|tap| (y + tap / 4).min(height - 1) * width + (x + tap % 4).min(width - 1))
            {
                for (sum, &sample) in sums.iter_mut().zip(&level.colour[at * CHANNELS..]) {
                    *sum += i32::from(sample);
                }
            }
            *mean = sums.map(|sum| (sum / 16) as i16);
        }
    });
    means
}

/// The trust in the middle of the patch anchored at each pixel.
fn trust_of(level: &Level, planes: &Planes<'_>, halvings: u32) -> Vec<u8> {
    let native = |at: usize| (at + PATCH / 2) << halvings;
    let pixels = (0..level.height).flat_map(|y| (0..level.width).map(move |x| (x, y)));
    pixels
        .map(|(x, y)| (16.0 * planes.trust.at(native(x), native(y)) + 0.5) as u8)
        .collect()
}
