//! Noise around a hole: how much of it there is at which luminance, its spectrum, and how its colours go together.

use rayon::prelude::{IntoParallelIterator as _, ParallelIterator as _};

use super::{
    Grain,
    spectrum::{Correlation, SIDE},
    window::{BLOCK, Window},
};
use crate::progress::{Cancelled, Progress};

/// Luminance classes of the noise's variance.
pub(super) const CLASSES: usize = 8;

/// Measures the noise around the hole; `None` where nothing is flat enough, or nothing is noisy.
pub(super) fn measure(
    window: &Window,
    grey: &[f32],
    residual: &[f32],
    progress: &dyn Progress,
) -> Result<Option<Grain>, Cancelled> {
    let corners = window.valid_blocks();
    progress.step(0, 4)?;
    let mean_of = |values: &mut dyn Iterator<Item = f32>| values.sum::<f32>() / (BLOCK * BLOCK) as f32;
    // [corner, luminance, variance] of every block of noise, quietest first.
    let mut blocks: Vec<(usize, f32, f32)> = corners
        .into_par_iter()
        .filter_map(|corner| {
            let luminance = mean_of(&mut window.block(grey, corner));
            if !(0.02..0.98).contains(&luminance) {
                return None;
            }
            let own: Vec<f32> = window.block(residual, corner).collect();
            let variance = mean_of(&mut own.iter().map(|value| value * value));
            is_noise(&own, variance).then_some((corner, luminance, variance))
        })
        .collect();
    blocks.sort_by(|a, b| a.2.total_cmp(&b.2).then(a.0.cmp(&b.0)));
    if blocks.len() < FEWEST {
        return Ok(None);
    }
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
        correlation.add(&detrended(window.block(grey, corner)), BLOCK);
    }
    progress.step(0, 4)?;
    let Some(filter) = correlation.filter() else {
        return Ok(None);
    };
    let mut planes = Vec::with_capacity(3);
    for channel in 0..3 {
        let plane: Vec<f32> = window.rgb.iter().skip(channel).step_by(3).copied().collect();
        planes.push(window.residual(&plane, progress)?);
    }
    let mix = mixed(window, &planes, &flat, &filter);
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

/// Fewer blocks say nothing about noise.
const FEWEST: usize = 8;
/// Side of the parts of a block that noise is compared between.
const PART: usize = 4;
/// A block of noise has at least this share of its variance in its quieter parts (the lower quartile): white noise has
/// 0.75, the grain of cameras 0.45 and more, the flanks of ribs and edges hardly any.
const EVEN: f32 = 0.4;
/// Noise four pixels away is other noise: its correlation in no direction exceeds this. That of ribs, rows and stripes
/// is near 1 along them.
const CORRELATED: f32 = 0.3;

/// Whether a block's residual is noise, not structure: as strong everywhere, and without direction.
fn is_noise(residual: &[f32], variance: f32) -> bool {
    is_even(residual, variance) && strongest_correlation(residual, variance) <= CORRELATED
}

fn is_even(residual: &[f32], variance: f32) -> bool {
    const PARTS: usize = BLOCK / PART;
    let mut parts = [0.0f32; PARTS * PARTS];
    for (at, value) in residual.iter().enumerate() {
        let (x, y) = (at % BLOCK / PART, at / BLOCK / PART);
        parts[y * PARTS + x] += value * value / (PART * PART) as f32;
    }
    let quieter = *parts.select_nth_unstable_by(PARTS * PARTS / 4, f32::total_cmp).1;
    quieter >= EVEN * variance
}

/// The highest correlation of a block with itself about four pixels away, over eight directions.
fn strongest_correlation(residual: &[f32], variance: f32) -> f32 {
    const SHIFTS: [(usize, usize); 5] = [(4, 0), (4, 2), (3, 3), (2, 4), (0, 4)];
    let correlation = |right: usize, down: usize, is_rising: bool| {
        let mut sum = 0.0;
        for y in 0..BLOCK - down {
            let (upper, lower) = (
                &residual[y * BLOCK..][..BLOCK],
                &residual[(y + down) * BLOCK..][..BLOCK],
            );
            let (from, to) = if is_rising { (lower, upper) } else { (upper, lower) };
            sum += from.iter().zip(&to[right..]).map(|(a, b)| a * b).sum::<f32>();
        }
        sum / ((BLOCK - right) * (BLOCK - down)) as f32 / variance.max(f32::MIN_POSITIVE)
    };
    let directions = SHIFTS
        .iter()
        .flat_map(|&(right, down)| [correlation(right, down, false), correlation(right, down, true)]);
    directions.fold(0.0, f32::max)
}

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
/// `planes` are the residuals of red, green and blue.
fn mixed(
    window: &Window,
    planes: &[Vec<f32>],
    flat: &[usize],
    filter: &[f32; SIDE * SIDE],
) -> Option<[[f32; 3]; 3]> {
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
