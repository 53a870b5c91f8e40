//! Grain: the fill gets as much of the photo's noise as it lacks.
//!
//! Noise is measured in flat blocks around the hole, its variance as a function of luminance, its spectrum and the
//! correlation of its colours from all of them. Where the fill's own residual is quieter than that, noise of the same
//! kind is added until it is not: smooth fills get all of it, patches copied from the photo hardly any, edges none.
//! In 16 bits it is also what keeps skies from banding.

use rayon::prelude::{
    IndexedParallelIterator as _, IntoParallelIterator as _, IntoParallelRefIterator as _,
    ParallelIterator as _, ParallelSlice as _, ParallelSliceMut as _,
};

use super::{
    field::bounds,
    pyramid::depths,
    random::Random,
    spectrum::{Correlation, SIDE},
};
use crate::progress::{Cancelled, Progress};

/// Side of a block in which noise is measured.
const BLOCK: usize = 16;
/// Luminance classes of the noise's variance.
const CLASSES: usize = 8;
/// Half the side of the window over which the fill's own noise is averaged.
const WINDOW: usize = 7;
/// Pixels around the hole in which noise is measured.
const RING: usize = 96;

/// The noise of a photo around a hole.
#[derive(Debug, Clone)]
pub(super) struct Grain {
    /// Variance of the residual's luminance by class.
    variance: [f32; CLASSES],
    /// Turns white noise into noise of the right spectrum.
    filter: [f32; SIDE * SIDE],
    /// Lower triangle that mixes three independent noises into red, green and blue.
    mix: [[f32; 3]; 3],
}

/// A rectangle of the crop, copied out.
struct Window {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
    rgb: Vec<f32>,
    hole: Vec<bool>,
}

/// Adds `amount` (0..=1) of the missing grain to the hole of `rgb`.
pub(super) fn restore(
    rgb: &mut [f32],
    hole: &[bool],
    width: usize,
    amount: f32,
    seed: u64,
    progress: &dyn Progress,
) -> Result<(), Cancelled> {
    let Some(window) = Window::around(rgb, hole, width) else {
        return Ok(());
    };
    progress.step(0, 4)?;
    let grey = window.grey();
    progress.step(0, 4)?;
    let residual = window.residual(&grey);
    progress.step(0, 4)?;
    let Some(grain) = measure(&window, &residual, progress)? else {
        return Ok(());
    };
    progress.step(1, 4)?;
    let lacking = lacking(&window, &residual, &grain, amount);
    progress.step(2, 4)?;
    let noise = white(&window, seed);
    progress.step(3, 4)?;
    let rows: Result<Vec<Vec<[f32; 3]>>, Cancelled> = (0..window.height)
        .into_par_iter()
        .map(|y| {
            progress.step(3, 4)?;
            Ok((0..window.width)
                .map(|x| grain.at(&window, &noise, x, y, lacking[y * window.width + x]))
                .collect())
        })
        .collect();
    for (y, row) in rows?.into_iter().enumerate() {
        for (x, noise) in row
            .into_iter()
            .enumerate()
            .filter(|(x, _)| window.hole[y * window.width + x])
        {
            let at = 3 * ((window.top + y) * width + window.left + x);
            for (sample, noise) in rgb[at..at + 3].iter_mut().zip(noise) {
                *sample = (*sample + noise).clamp(0.0, 1.0);
            }
        }
    }
    progress.step(4, 4)
}

impl Window {
    fn around(rgb: &[f32], hole: &[bool], width: usize) -> Option<Self> {
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

    fn grey(&self) -> Vec<f32> {
        self.rgb
            .as_chunks::<3>()
            .0
            .par_iter()
            .map(|[red, green, blue]| (red + 2.0 * green + blue) / 4.0)
            .collect()
    }

    /// A plane less its binomial mean over 5 × 5 pixels.
    fn residual(&self, plane: &[f32]) -> Vec<f32> {
        const TAPS: [f32; 5] = [1.0 / 16.0, 4.0 / 16.0, 6.0 / 16.0, 4.0 / 16.0, 1.0 / 16.0];
        let (width, height) = (self.width, self.height);
        let near = |at: usize, tap: usize, len: usize| (at + tap).saturating_sub(2).min(len - 1);
        let mut smooth = vec![0.0; plane.len()];
        smooth
            .par_chunks_mut(width)
            .zip(plane.par_chunks(width))
            .for_each(|(out, row)| {
                for (x, out) in out.iter_mut().enumerate() {
                    *out = TAPS
                        .iter()
                        .enumerate()
                        .map(|(tap, weight)| weight * row[near(x, tap, width)])
                        .sum();
                }
            });
        let mut residual = plane.to_vec();
        residual.par_chunks_mut(width).enumerate().for_each(|(y, out)| {
            for (x, out) in out.iter_mut().enumerate() {
                let mean = |(tap, weight): (usize, &f32)| weight * smooth[near(y, tap, height) * width + x];
                *out -= TAPS.iter().enumerate().map(mean).sum::<f32>();
            }
        });
        residual
    }

    /// Top left corners of blocks without a hole pixel; their residual does not reach into it either.
    fn valid_blocks(&self) -> Vec<usize> {
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

    fn block<'a>(&self, plane: &'a [f32], corner: usize) -> impl Iterator<Item = f32> + 'a {
        let width = self.width;
        (0..BLOCK).flat_map(move |row| plane[corner + row * width..][..BLOCK].iter().copied())
    }
}

/// Measures the noise around the hole; `None` where nothing is flat enough, or nothing is noisy.
fn measure(window: &Window, residual: &[f32], progress: &dyn Progress) -> Result<Option<Grain>, Cancelled> {
    let grey = window.grey();
    progress.step(0, 4)?;
    let corners = window.valid_blocks();
    progress.step(0, 4)?;
    let mean_of = |values: &mut dyn Iterator<Item = f32>| values.sum::<f32>() / (BLOCK * BLOCK) as f32;
    // [corner, luminance, variance] of every block, quietest first.
    let mut blocks: Vec<(usize, f32, f32)> = corners
        .into_par_iter()
        .map(|corner| {
            let variance = mean_of(&mut window.block(residual, corner).map(|value| value * value));
            (corner, mean_of(&mut window.block(&grey, corner)), variance)
        })
        .filter(|(_, luminance, _)| (0.02..0.98).contains(luminance))
        .collect();
    blocks.sort_by(|a, b| a.2.total_cmp(&b.2).then(a.0.cmp(&b.0)));
    let Some(variance) = variances(&blocks) else {
        return Ok(None);
    };
    let mut flat: Vec<usize> = blocks
        .iter()
        .filter(|(_, luminance, own)| *own <= FLAT * variance[class(*luminance)].max(f32::MIN_POSITIVE))
        .map(|(corner, ..)| *corner)
        .collect();
    flat = flat
        .iter()
        .step_by(flat.len().div_ceil(ENOUGH).max(1))
        .copied()
        .collect();
    let mut correlation = Correlation::default();
    for &corner in &flat {
        correlation.add(&detrended(window.block(&grey, corner)), BLOCK);
    }
    progress.step(0, 4)?;
    let Some(filter) = correlation.filter() else {
        return Ok(None);
    };
    let mix = mixed(window, &flat, &filter);
    Ok(mix.map(|mix| Grain {
        variance,
        filter,
        mix,
    }))
}

/// Blocks from which spectrum and colours of the noise are known well enough.
const ENOUGH: usize = 512;
/// Blocks up to this many times as noisy as the quiet ones of their class count as flat.
const FLAT: f32 = 2.0;

fn class(luminance: f32) -> usize {
    ((luminance * CLASSES as f32) as usize).min(CLASSES - 1)
}

/// Variance of each class's quiet blocks; classes with few blocks take their neighbours'.
///
/// A class that only an object's texture falls into has no quiet blocks: it may not exceed the whole by more than
/// noise does that grows with luminance.
fn variances(blocks: &[(usize, f32, f32)]) -> Option<[f32; CLASSES]> {
    // The lower quartile: in an even sky it is hardly below the mean, and texture elsewhere does not raise it.
    let most = 2.0 * blocks.get(blocks.len() / 4)?.2;
    let mut found = [None; CLASSES];
    for (number, found) in found.iter_mut().enumerate() {
        let own: Vec<f32> = blocks
            .iter()
            .filter(|(_, luminance, _)| class(*luminance) == number)
            .map(|block| block.2)
            .collect();
        if 10 * own.len() >= blocks.len() {
            *found = own.get(own.len() / 4).map(|variance| variance.min(most));
        }
    }
    let nearest = |number: usize| {
        (0..CLASSES)
            .filter_map(|other| found[other].map(|value| (number.abs_diff(other), value)))
            .min_by_key(|near| near.0)
    };
    let mut all = [0.0; CLASSES];
    for (number, variance) in all.iter_mut().enumerate() {
        *variance = nearest(number)?.1;
    }
    Some(all)
}

/// A block less its mean and slope.
fn detrended(block: impl Iterator<Item = f32>) -> Vec<f32> {
    let mut values: Vec<f32> = block.collect();
    let centre = (BLOCK as f32 - 1.0) / 2.0;
    let spread = (0..BLOCK).map(|at| (at as f32 - centre).powi(2)).sum::<f32>() * BLOCK as f32;
    let place = |at: usize| ((at % BLOCK) as f32 - centre, (at / BLOCK) as f32 - centre);
    let mean = values.iter().sum::<f32>() / values.len() as f32;
    let (mut across, mut down) = (0.0, 0.0);
    for (at, value) in values.iter().enumerate() {
        across += value * place(at).0 / spread;
        down += value * place(at).1 / spread;
    }
    for (at, value) in values.iter_mut().enumerate() {
        *value -= mean + across * place(at).0 + down * place(at).1;
    }
    values
}

/// The Cholesky factor of the colours' covariance, scaled so that filtered noise mixed with it has a luminance
/// *residual* of variance 1.
fn mixed(window: &Window, flat: &[usize], filter: &[f32; SIDE * SIDE]) -> Option<[[f32; 3]; 3]> {
    let planes: [Vec<f32>; 3] = std::array::from_fn(|channel| {
        let plane: Vec<f32> = window.rgb.iter().skip(channel).step_by(3).copied().collect();
        window.residual(&plane)
    });
    let mut covariance = [[0.0f64; 3]; 3];
    for &corner in flat {
        for a in 0..3 {
            for b in 0..=a {
                let products = window
                    .block(&planes[a], corner)
                    .zip(window.block(&planes[b], corner))
                    .map(|(a, b)| a * b);
                covariance[a][b] += f64::from(products.sum::<f32>());
            }
        }
    }
    let mut lower = [[0.0f64; 3]; 3];
    for a in 0..3 {
        for b in 0..=a {
            let known: f64 = (0..b).map(|k| lower[a][k] * lower[b][k]).sum();
            let rest = covariance[a][b] - known;
            lower[a][b] = if a == b {
                rest.max(0.0).sqrt()
            } else if lower[b][b] > 0.0 {
                rest / lower[b][b]
            } else {
                0.0
            };
        }
    }
    let grey: [f64; 3] = std::array::from_fn(|k| (lower[0][k] + 2.0 * lower[1][k] + lower[2][k]) / 4.0);
    let strength = (grey.iter().map(|part| part * part).sum::<f64>() * residual_energy(filter)).sqrt();
    (strength > 0.0).then(|| lower.map(|row| row.map(|part| (part / strength) as f32)))
}

/// Variance that is left of unit white noise after the filter and the residual's high-pass.
fn residual_energy(filter: &[f32; SIDE * SIDE]) -> f64 {
    const TAPS: [f32; 5] = [1.0 / 16.0, 4.0 / 16.0, 6.0 / 16.0, 4.0 / 16.0, 1.0 / 16.0];
    const WIDE: usize = SIDE + 4;
    let mut response = [0.0f32; WIDE * WIDE];
    for (at, tap) in filter.iter().enumerate() {
        let (x, y) = (at % SIDE, at / SIDE);
        response[(y + 2) * WIDE + x + 2] += tap;
        for (down, row_weight) in TAPS.iter().enumerate() {
            for (right, weight) in TAPS.iter().enumerate() {
                response[(y + down) * WIDE + x + right] -= tap * row_weight * weight;
            }
        }
    }
    response.iter().map(|value| f64::from(value * value)).sum()
}

/// Standard deviation of the luminance residual to add per pixel; 0 outside the hole.
fn lacking(window: &Window, residual: &[f32], grain: &Grain, amount: f32) -> Vec<f32> {
    let (width, height) = (window.width, window.height);
    let own: Vec<f32> = window
        .hole
        .iter()
        .zip(residual)
        .map(|(&hole, value)| if hole { value * value } else { 0.0 })
        .collect();
    let inside: Vec<f32> = window
        .hole
        .iter()
        .map(|&hole| if hole { 1.0 } else { 0.0 })
        .collect();
    let (own, inside) = (
        window_sums(&own, width, height),
        window_sums(&inside, width, height),
    );
    let grey = window.grey();
    (0..width * height)
        .into_par_iter()
        .map(|at| {
            if !window.hole[at] {
                return 0.0;
            }
            let wanted = grain.variance_at(grey[at]);
            let present = own[at] / inside[at].max(1.0);
            // Chance makes one window quieter than the next; that is not a lack.
            if present < 0.8 * wanted {
                amount.clamp(0.0, 1.0) * (wanted - present).sqrt()
            } else {
                0.0
            }
        })
        .collect()
}

/// Sums over a square window around each pixel.
fn window_sums(plane: &[f32], width: usize, height: usize) -> Vec<f32> {
    let mut rows = vec![0.0f32; plane.len()];
    rows.par_chunks_mut(width)
        .zip(plane.par_chunks(width))
        .for_each(|(out, row)| {
            for (x, out) in out.iter_mut().enumerate() {
                *out = row[x.saturating_sub(WINDOW)..(x + WINDOW + 1).min(width)]
                    .iter()
                    .sum();
            }
        });
    let mut sums = vec![0.0f32; plane.len()];
    sums.par_chunks_mut(width).enumerate().for_each(|(y, out)| {
        for row in y.saturating_sub(WINDOW)..(y + WINDOW + 1).min(height) {
            out.iter_mut()
                .zip(&rows[row * width..])
                .for_each(|(sum, value)| *sum += value);
        }
    });
    sums
}

/// Three planes of white noise over the window and the filter's reach around it.
fn white(window: &Window, seed: u64) -> Vec<[f32; 3]> {
    let width = window.width + SIDE;
    (0..width * (window.height + SIDE))
        .into_par_iter()
        .map(|at| {
            let (x, y) = (window.left + at % width, window.top + at / width);
            let mut random = Random::keyed(seed, [u64::MAX, 0, x as u64, y as u64]);
            std::array::from_fn(|_| random.normal())
        })
        .collect()
}

impl Grain {
    /// Interpolated between the classes' middles, so that no edge shows where they change.
    fn variance_at(&self, luminance: f32) -> f32 {
        let place = (luminance * CLASSES as f32 - 0.5).clamp(0.0, (CLASSES - 1) as f32);
        let first = (place as usize).min(CLASSES - 2);
        self.variance[first] + (self.variance[first + 1] - self.variance[first]) * (place - first as f32)
    }

    /// Noise for one pixel of the window.
    fn at(&self, window: &Window, noise: &[[f32; 3]], x: usize, y: usize, strength: f32) -> [f32; 3] {
        if strength <= 0.0 {
            return [0.0; 3];
        }
        let mut filtered = [0.0f32; 3];
        for (taps, row) in self.filter.chunks_exact(SIDE).zip(y..) {
            let noise = &noise[row * (window.width + SIDE) + x..][..SIDE];
            for (tap, noise) in taps.iter().zip(noise) {
                filtered
                    .iter_mut()
                    .zip(noise)
                    .for_each(|(sum, noise)| *sum += tap * noise);
            }
        }
        self.mix.map(|row| {
            strength
                * row
                    .iter()
                    .zip(filtered)
                    .map(|(part, noise)| part * noise)
                    .sum::<f32>()
        })
    }
}
