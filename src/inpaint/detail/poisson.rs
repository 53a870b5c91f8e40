//! Solves a screened Poisson equation on any part of a grid, by multigrid.
//!
//! Every point is tied to some of its four neighbours and to zero. Coarser grids, on which two points by two are one,
//! carry what has far to go; a few sweeps of damped Jacobi on each grid do the rest, in parallel and with the same bits
//! for any number of threads.

use rayon::prelude::{
    IndexedParallelIterator as _, IntoParallelIterator as _, IntoParallelRefMutIterator as _,
    ParallelIterator as _, ParallelSliceMut as _,
};

use super::ticker::Ticker;
use crate::progress::Cancelled;

/// Points of a sweep that take as long as a comparison of patches.
const POINTS_PER_COMPARISON: u64 = 8;
/// Times that all grids are visited: each leaves about a quarter of the error.
const CYCLES: usize = 3;
/// Sweeps on a grid before and after the coarser ones.
const SWEEPS: usize = 2;
/// Sweeps on the coarsest grid, which has at most two rows or columns.
const COARSEST_SWEEPS: usize = 16;
/// A known value stays where it is while the distance between points doubles: it holds by more than half of two ties.
const KNOWN_SHARE: f32 = 0.75;
/// Share of a sweep's step that is taken: the best for this operator is 4/5.
const DAMPING: f32 = 0.8;

/// What holds the points of a grid: non-negative strengths, `[height][width]` each.
#[derive(Debug, Clone)]
pub(super) struct Ties {
    pub(super) width: usize,
    pub(super) height: usize,
    /// To the point on the right; 0 in the last column.
    pub(super) right: Vec<f32>,
    /// To the point below; 0 in the last row.
    pub(super) below: Vec<f32>,
    /// To values that are known, beyond the grid or between its points; what those values are is part of what is wanted.
    pub(super) known: Vec<f32>,
    /// To zero, for every point that has another tie.
    pub(super) zero: f32,
}

/// The values `u` for which, at every point p with neighbours q, Σ tie(p, q) · (u(p) − u(q)) + (known(p) + zero) · u(p)
/// is what is `wanted`, nearly (within about a hundredth of the largest). Points without ties stay 0.
///
/// # Panics
///
/// If `wanted` has another length than the grid.
pub(super) fn solve(
    ties: Ties,
    wanted: &[[f32; 3]],
    ticker: &Ticker<'_>,
) -> Result<Vec<[f32; 3]>, Cancelled> {
    assert_eq!(wanted.len(), ties.width * ties.height, "one wish per point");
    let mut grids = vec![ties];
    while let Some(coarser) = grids.last().and_then(Ties::coarser) {
        ticker.advance(0)?;
        grids.push(coarser);
    }
    let mut found = vec![[0.0; 3]; wanted.len()];
    for _ in 0..CYCLES {
        improve(&grids, wanted, &mut found, ticker)?;
    }
    Ok(found)
}

/// How much [`solve`] has to do on such a grid, in comparisons of patches.
pub(super) fn work(width: usize, height: usize) -> u64 {
    let row = width as u64 / POINTS_PER_COMPARISON;
    let sweeps = CYCLES
        * match is_coarsest(width, height) {
            true => COARSEST_SWEEPS,
            // With the rest, and the step, which is as much as two.
            false => 2 * SWEEPS + 3,
        };
    let coarser = match is_coarsest(width, height) {
        true => 0,
        false => work(width.div_ceil(2), height.div_ceil(2)),
    };
    (sweeps * height) as u64 * row + coarser
}

const fn is_coarsest(width: usize, height: usize) -> bool {
    width <= 2 || height <= 2
}

/// One cycle over `grids`, from the finest to the coarsest and back.
fn improve(
    grids: &[Ties],
    wanted: &[[f32; 3]],
    found: &mut Vec<[f32; 3]>,
    ticker: &Ticker<'_>,
) -> Result<(), Cancelled> {
    let Some((ties, coarser)) = grids.split_first() else {
        return Ok(());
    };
    let Some(coarse) = coarser.first() else {
        return ties.relax(wanted, found, COARSEST_SWEEPS, ticker);
    };
    ties.relax(wanted, found, SWEEPS, ticker)?;
    let rest = ties.rest(wanted, found, coarse, ticker)?;
    let mut correction = vec![[0.0; 3]; rest.len()];
    improve(coarser, &rest, &mut correction, ticker)?;
    let correction = ties.interpolated(&correction, coarse, ticker)?;
    let steps = ties.best_steps(wanted, found, &correction, ticker)?;
    found.par_iter_mut().zip(&correction).for_each(|(found, more)| {
        for (channel, found) in found.iter_mut().enumerate() {
            *found += steps[channel] * more[channel];
        }
    });
    ties.relax(wanted, found, SWEEPS, ticker)
}

impl Ties {
    /// A grid without ties.
    pub(super) fn none(width: usize, height: usize) -> Self {
        let nothing = || vec![0.0; width * height];
        Self {
            width,
            height,
            right: nothing(),
            below: nothing(),
            known: nothing(),
            zero: 0.0,
        }
    }

    /// The grid of half the size; `None` of one that is small enough.
    fn coarser(&self) -> Option<Self> {
        if is_coarsest(self.width, self.height) {
            return None;
        }
        let mut coarse = Self {
            zero: 4.0 * self.zero,
            ..Self::none(self.width.div_ceil(2), self.height.div_ceil(2))
        };
        for at in 0..self.width * self.height {
            let (x, y) = (at % self.width, at / self.width);
            let to = y / 2 * coarse.width + x / 2;
            coarse.known[to] += KNOWN_SHARE * self.known[at];
            // Two ties side by side, over twice the distance.
            if x % 2 == 1 {
                coarse.right[to] += 0.5 * self.right[at];
            }
            if y % 2 == 1 {
                coarse.below[to] += 0.5 * self.below[at];
            }
        }
        Some(coarse)
    }

    /// The values of the coarser grid at the points of this one that are held, bilinear.
    fn interpolated(
        &self,
        values: &[[f32; 3]],
        coarse: &Self,
        ticker: &Ticker<'_>,
    ) -> Result<Vec<[f32; 3]>, Cancelled> {
        // A point lies a quarter of the way from its own coarse point to the next.
        let near = |at: usize, count: usize| match at % 2 {
            0 => [(at / 2, 0.75), ((at / 2).saturating_sub(1), 0.25)],
            _ => [(at / 2, 0.75), ((at / 2 + 1).min(count - 1), 0.25)],
        };
        let mut finer = vec![[0.0; 3]; self.width * self.height];
        finer
            .par_chunks_mut(self.width)
            .enumerate()
            .try_for_each(|(y, finer)| {
                for (x, point) in finer
                    .iter_mut()
                    .enumerate()
                    .filter(|(x, _)| self.sum(*x, y) > 0.0)
                {
                    for (row, down) in near(y, coarse.height) {
                        for (column, across) in near(x, coarse.width) {
                            let value = values[row * coarse.width + column];
                            point
                                .iter_mut()
                                .zip(value)
                                .for_each(|(sum, value)| *sum += down * across * value);
                        }
                    }
                }
                ticker.advance(0)
            })?;
        Ok(finer)
    }

    /// How many times the correction brings each channel nearest to what is wanted: coarse grids know the edges of finer
    /// ones only roughly. (The minimum of the equation's energy along the correction.)
    fn best_steps(
        &self,
        wanted: &[[f32; 3]],
        found: &[[f32; 3]],
        correction: &[[f32; 3]],
        ticker: &Ticker<'_>,
    ) -> Result<[f32; 3], Cancelled> {
        let rows: Result<Vec<[[f32; 2]; 3]>, Cancelled> = (0..self.height)
            .into_par_iter()
            .map(|y| {
                let mut sums = [[0.0; 2]; 3];
                for x in 0..self.width {
                    let (at, held) = (y * self.width + x, self.sum(x, y));
                    let (pull, pulled) = (self.pull(found, x, y), self.pull(correction, x, y));
                    for (channel, [gain, cost]) in sums.iter_mut().enumerate() {
                        let more = correction[at][channel];
                        *gain += more * (wanted[at][channel] + pull[channel] - held * found[at][channel]);
                        *cost += more * (held * more - pulled[channel]);
                    }
                }
                ticker.advance(2 * (self.width as u64 / POINTS_PER_COMPARISON))?;
                Ok(sums)
            })
            .collect();
        let rows = rows?;
        Ok(std::array::from_fn(|channel| {
            let total = |which: usize| rows.iter().map(|row| f64::from(row[channel][which])).sum::<f64>();
            match (total(0), total(1)) {
                (gain, cost) if cost > 0.0 => (gain / cost) as f32,
                _ => 0.0,
            }
        }))
    }

    /// How strongly a point is held in all.
    fn sum(&self, x: usize, y: usize) -> f32 {
        let at = y * self.width + x;
        let left = if x > 0 { self.right[at - 1] } else { 0.0 };
        let above = if y > 0 { self.below[at - self.width] } else { 0.0 };
        match self.known[at] + self.right[at] + self.below[at] + left + above {
            0.0 => 0.0,
            ties => ties + self.zero,
        }
    }

    /// What the neighbours of a point add to it: their values times the ties.
    fn pull(&self, found: &[[f32; 3]], x: usize, y: usize) -> [f32; 3] {
        let (at, width) = (y * self.width + x, self.width);
        let mut sum = [0.0; 3];
        let mut add = |tie: f32, other: usize| {
            for (sum, value) in sum.iter_mut().zip(found[other]) {
                *sum += tie * value;
            }
        };
        if x + 1 < width {
            add(self.right[at], at + 1);
        }
        if x > 0 {
            add(self.right[at - 1], at - 1);
        }
        if y + 1 < self.height {
            add(self.below[at], at + width);
        }
        if y > 0 {
            add(self.below[at - width], at - width);
        }
        sum
    }

    /// Sweeps of damped Jacobi.
    fn relax(
        &self,
        wanted: &[[f32; 3]],
        found: &mut Vec<[f32; 3]>,
        sweeps: usize,
        ticker: &Ticker<'_>,
    ) -> Result<(), Cancelled> {
        let mut next = found.clone();
        for _ in 0..sweeps {
            let rows = next.par_chunks_mut(self.width).enumerate();
            rows.try_for_each(|(y, row)| {
                for (x, next) in row.iter_mut().enumerate() {
                    let held = self.sum(x, y);
                    if held > 0.0 {
                        let at = y * self.width + x;
                        let pull = self.pull(found, x, y);
                        *next = std::array::from_fn(|channel| {
                            let right = (wanted[at][channel] + pull[channel]) / held;
                            found[at][channel] + DAMPING * (right - found[at][channel])
                        });
                    }
                }
                ticker.advance(self.width as u64 / POINTS_PER_COMPARISON)
            })?;
            std::mem::swap(found, &mut next);
        }
        Ok(())
    }

    /// What is still wanted, summed over the points of the coarser grid.
    fn rest(
        &self,
        wanted: &[[f32; 3]],
        found: &[[f32; 3]],
        coarse: &Self,
        ticker: &Ticker<'_>,
    ) -> Result<Vec<[f32; 3]>, Cancelled> {
        let mut sums = vec![[0.0; 3]; coarse.width * coarse.height];
        let rows = sums.par_chunks_mut(coarse.width).enumerate();
        rows.try_for_each(|(row, sums)| {
            let rows = 2 * row..(2 * row + 2).min(self.height);
            for y in rows.clone() {
                for x in 0..self.width {
                    let at = y * self.width + x;
                    let (held, pull) = (self.sum(x, y), self.pull(found, x, y));
                    for (channel, sum) in sums[x / 2].iter_mut().enumerate() {
                        *sum += wanted[at][channel] + pull[channel] - held * found[at][channel];
                    }
                }
            }
            ticker.advance((rows.len() * self.width) as u64 / POINTS_PER_COMPARISON)
        })?;
        Ok(sums)
    }
}

#[cfg(test)]
mod tests {
    use super::{Ties, solve};
    use crate::inpaint::detail::ticker::Ticker;

    /// All points of a square tied to each other, those of the outermost ring to zeros around it too.
    fn square(side: usize) -> Ties {
        let mut ties = Ties::none(side, side);
        for at in 0..side * side {
            let (x, y) = (at % side, at / side);
            ties.right[at] = f32::from(u8::from(x + 1 < side));
            ties.below[at] = f32::from(u8::from(y + 1 < side));
            ties.known[at] = [x == 0, y == 0, x + 1 == side, y + 1 == side]
                .map(|is_edge| f32::from(u8::from(is_edge)))
                .iter()
                .sum();
        }
        ties
    }

    /// Left side of the equation for known values.
    fn applied(ties: &Ties, values: &[[f32; 3]]) -> Vec<[f32; 3]> {
        let places = (0..values.len()).map(|at| (at % ties.width, at / ties.width));
        places
            .zip(values)
            .map(|((x, y), value)| {
                let (held, pull) = (ties.sum(x, y), ties.pull(values, x, y));
                std::array::from_fn(|channel| held * value[channel] - pull[channel])
            })
            .collect()
    }

    fn furthest(found: &[[f32; 3]], wanted: &[[f32; 3]]) -> f32 {
        let pairs = found.iter().flatten().zip(wanted.iter().flatten());
        pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn a_smooth_surface_is_found_again() {
        const SIDE: usize = 150;
        let wave = |at: usize| (at as f32 / SIDE as f32 * std::f32::consts::PI).sin();
        let surface: Vec<[f32; 3]> = (0..SIDE * SIDE)
            .map(|at| [1.0, -0.5, 0.2].map(|scale| scale * wave(at % SIDE) * wave(at / SIDE)))
            .collect();
        let ties = square(SIDE);
        let wanted = applied(&ties, &surface);
        let found = solve(ties, &wanted, &Ticker::silent()).expect("nobody cancels");
        let error = furthest(&found, &surface);
        assert!(error < 0.02, "{error}");
    }

    #[test]
    fn what_is_not_tied_together_has_nothing_to_do_with_each_other() {
        const SIDE: usize = 33;
        let wall = SIDE / 2;
        let mut ties = square(SIDE);
        for at in (0..SIDE * SIDE).filter(|at| at % SIDE == wall) {
            ties.known[at] = 0.0;
            ties.below[at] = 0.0;
            ties.right[at] = 0.0;
            ties.right[at - 1] = 0.0;
        }
        let wanted: Vec<[f32; 3]> = (0..SIDE * SIDE)
            .map(|at| [if at % SIDE < wall { 0.01 } else { 0.0 }; 3])
            .collect();
        let found = solve(ties, &wanted, &Ticker::silent()).expect("nobody cancels");
        let most = |columns: std::ops::Range<usize>| {
            let values = found
                .iter()
                .enumerate()
                .filter(|(at, _)| columns.contains(&(at % SIDE)));
            values.map(|(_, value)| value[0].abs()).fold(0.0, f32::max)
        };
        assert_eq!(most(wall..wall + 1), 0.0, "no tie, no value");
        let (left, right) = (most(0..wall), most(wall + 1..SIDE));
        assert!(right < 0.06 * left, "{right} beyond the wall of {left}");
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bits() {
        const SIDE: usize = 70;
        let wanted: Vec<[f32; 3]> = (0..SIDE * SIDE)
            .map(|at| [(at * at % 17) as f32 - 8.0; 3])
            .collect();
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let solved = pool
                .expect("threads can be started")
                .install(|| solve(square(SIDE), &wanted, &Ticker::silent()));
            solved.expect("nobody cancels")
        };
        assert_eq!(with(1), with(3));
    }
}
