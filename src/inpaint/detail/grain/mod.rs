//! Grain: the fill gets as much of the photo's noise as it lacks.
//!
//! Noise is measured in flat blocks around the hole, its variance as a function of luminance, its spectrum and the
//! correlation of its colours from all of them. Where the fill's own residual is quieter than that, noise of the same
//! kind is added until it is not: smooth fills get all of it, patches copied from the photo hardly any, edges none.
//! In 16 bits it is also what keeps skies from banding.

mod measure;
mod spectrum;
mod window;

use rayon::prelude::{
    IndexedParallelIterator as _, IntoParallelIterator as _, ParallelIterator as _, ParallelSlice as _,
    ParallelSliceMut as _,
};

use self::{
    measure::{CLASSES, measure},
    spectrum::SIDE,
    window::Window,
};
use super::random::Random;
use crate::progress::{Cancelled, Progress};

/// Half the side of the window over which the fill's own noise is averaged.
const WINDOW: usize = 7;

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

/// What decides about every sample of the noise, together with its place in the photo.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seed {
    pub(super) seed: u64,
    /// Column and row of the plane's corner in the photo.
    pub(super) corner: [usize; 2],
}

/// Adds `amount` (0..=1) of the missing grain to the hole of `rgb`.
pub(super) fn restore(
    rgb: &mut [f32],
    hole: &[bool],
    width: usize,
    amount: f32,
    seed: Seed,
    progress: &dyn Progress,
) -> Result<(), Cancelled> {
    let Some(window) = Window::around(rgb, hole, width) else {
        return Ok(());
    };
    progress.step(0, 4)?;
    let grey = window.grey();
    progress.step(0, 4)?;
    let residual = window.residual(&grey, progress)?;
    progress.step(0, 4)?;
    let Some(grain) = measure(&window, &grey, &residual, progress)? else {
        return Ok(());
    };
    progress.step(1, 4)?;
    let lacking = lacking(&window, &grey, &residual, &grain, amount, progress)?;
    progress.step(2, 4)?;
    if lacking.iter().all(|&lacking| lacking == 0.0) {
        return Ok(());
    }
    let noise = white(&window, seed, progress)?;
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
        progress.step(4, 4)?;
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
    Ok(())
}

/// Standard deviation of the luminance residual to add per pixel; 0 outside the hole.
fn lacking(
    window: &Window,
    grey: &[f32],
    residual: &[f32],
    grain: &Grain,
    amount: f32,
    progress: &dyn Progress,
) -> Result<Vec<f32>, Cancelled> {
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
    progress.step(1, 4)?;
    let own = window_sums(&own, width, height);
    progress.step(1, 4)?;
    let inside = window_sums(&inside, width, height);
    progress.step(1, 4)?;
    Ok((0..width * height)
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
        .collect())
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
fn white(window: &Window, seed: Seed, progress: &dyn Progress) -> Result<Vec<[f32; 3]>, Cancelled> {
    let width = window.width + SIDE;
    let mut noise = vec![[0.0; 3]; width * (window.height + SIDE)];
    noise
        .par_chunks_mut(width)
        .enumerate()
        .try_for_each(|(row, noise)| {
            for (column, noise) in noise.iter_mut().enumerate() {
                let (x, y) = (window.left + column, window.top + row);
                let [left, top] = seed.corner;
                let place = [u64::MAX, 0, (left + x) as u64, (top + y) as u64];
                let mut random = Random::keyed(seed.seed, place);
                *noise = std::array::from_fn(|_| random.normal());
            }
            progress.step(2, 4)
        })?;
    Ok(noise)
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

#[cfg(test)]
mod tests {
    use super::{Seed, restore};
    use crate::{imaging::random::Random, progress::Silent};

    const SIDE: usize = 240;
    const NOISE: f32 = 0.004;

    /// Standard deviation of what is added to a hole that holds what it should but no noise, among noisy surroundings.
    fn added(colour: impl Fn(usize, usize) -> f32) -> f32 {
        let differences = differences(colour, [0, 0]);
        let squares = differences.iter().map(|difference| difference.powi(2));
        (squares.sum::<f32>() / differences.len() as f32).sqrt()
    }

    /// What is added to each sample of the hole, for a crop with this corner.
    fn differences(colour: impl Fn(usize, usize) -> f32, corner: [usize; 2]) -> Vec<f32> {
        let places = || (0..SIDE * SIDE).map(|at| (at % SIDE, at / SIDE));
        let inside = |x: usize, y: usize| (80..160).contains(&x) && (80..160).contains(&y);
        let hole: Vec<bool> = places().map(|(x, y)| inside(x, y)).collect();
        let clean = |(x, y): (usize, usize)| [colour(x, y); 3];
        let noisy = |(x, y): (usize, usize)| {
            let mut random = Random::keyed(3, [x as u64, y as u64, 0, 0]);
            clean((x, y)).map(|sample| sample + NOISE * random.normal())
        };
        let of = |(place, hole): ((usize, usize), &bool)| if *hole { clean(place) } else { noisy(place) };
        let before: Vec<f32> = places().zip(&hole).flat_map(of).collect();
        let mut after = before.clone();
        let seed = Seed { seed: 1, corner };
        restore(&mut after, &hole, SIDE, 1.0, seed, &Silent).expect("nobody cancels");
        let pixels = after.as_chunks::<3>().0.iter().zip(before.as_chunks::<3>().0);
        let in_hole = pixels.zip(&hole).filter(|(_, hole)| **hole);
        in_hole
            .flat_map(|((after, before), _)| std::array::from_fn::<f32, 3, _>(|i| after[i] - before[i]))
            .collect()
    }

    #[test]
    fn two_holes_do_not_get_the_same_noise() {
        let [one, other] = [[0, 0], [300, 500]].map(|corner| differences(|_, _| 0.5, corner));
        let same = one.iter().zip(&other).filter(|(one, other)| one == other).count();
        assert!(
            same < one.len() / 20,
            "{same} of {} samples are the same",
            one.len()
        );
    }

    #[test]
    fn a_flat_fill_gets_all_the_noise_around() {
        let added = added(|_, _| 0.5);
        assert!((0.8 * NOISE..1.2 * NOISE).contains(&added), "{added}");
    }

    #[test]
    fn ribs_are_not_taken_for_noise() {
        let rib = |at: usize| match at % 16 {
            0..4 => 0.7,
            4..9 => 0.5,
            _ => 0.6,
        };
        for (name, added) in [
            ("level", added(|_, y| rib(y))),
            ("upright", added(|x, _| rib(x))),
            ("slanting", added(|x, y| rib(x + y))),
        ] {
            assert!(added < 1.2 * NOISE, "{name}: {added}");
        }
    }
}
