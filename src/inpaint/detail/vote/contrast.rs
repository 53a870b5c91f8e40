//! The contrast that votes lose, and get back.
//!
//! Where patches disagree, their mean is blander than what any of them shows. A search that compares with it finds
//! blander sources, the next vote is blander still, and within a few rounds the fill has a smear where it should have
//! had tiles. How much a mean has lost is known: the variance of the votes around it. So the differences of each pixel
//! to the mean of its neighbourhood are enlarged until the neighbourhood varies as much as its votes do together. (For
//! textures that are mixed by weights, Heitz and Neyret, "High-Performance By-Example Noise", HPG 2018, keep the
//! variance in this way.)

use rayon::prelude::{
    IndexedParallelIterator as _, ParallelIterator as _, ParallelSlice as _, ParallelSliceMut as _,
};

use super::{
    super::{distance::PATCH, ticker::Ticker},
    level::Vote,
};
use crate::progress::Cancelled;

/// Half the side of a neighbourhood: it is about as large as a patch.
const REACH: usize = PATCH / 2 - 1;
/// Differences are enlarged so many times at most.
const MOST: f32 = 3.0;
/// A variance that says nothing, of red, green and blue together: 0.2 % of white in each.
const NOISE: f32 = 16.0;

/// Gives the means in `votes`, `width` pixels wide, the contrast of what was voted. `known` is the colour of a pixel
/// without a vote, by its place in `votes`: such pixels belong to neighbourhoods, and stay as they are.
pub(super) fn restore(
    votes: &mut [Option<Vote>],
    width: usize,
    known: impl Fn(usize) -> [f32; 3] + Sync,
    ticker: &Ticker<'_>,
) -> Result<(), Cancelled> {
    let mut along_rows = vec![Moments::NONE; votes.len()];
    let rows = along_rows.par_chunks_mut(width).zip(votes.par_chunks(width));
    rows.enumerate().try_for_each(|(y, (sums, row))| {
        let pixels: Vec<Moments> = row
            .iter()
            .enumerate()
            .map(|(x, vote)| match vote {
                Some(Vote {
                    mean: [red, green, blue, _],
                    variance,
                }) => Moments::of([*red, *green, *blue], *variance),
                None => Moments::of(known(y * width + x), 0.0),
            })
            .collect();
        for (x, sum) in sums.iter_mut().enumerate() {
            *sum = pixels[window(x, width)].iter().fold(Moments::NONE, Moments::with);
        }
        ticker.advance(0)
    })?;
    let height = votes.len() / width;
    votes.par_chunks_mut(width).enumerate().try_for_each(|(y, row)| {
        for (x, vote) in row.iter_mut().enumerate() {
            let Some(Vote { mean, .. }) = vote else { continue };
            let rows = window(y, height).map(|y| &along_rows[y * width + x]);
            let around = rows.fold(Moments::NONE, Moments::with);
            let (middle, gain) = around.mean_and_gain();
            for (sample, middle) in mean.iter_mut().zip(middle) {
                *sample = middle + gain * (*sample - middle);
            }
        }
        ticker.advance(0)
    })
}

/// What is within [`REACH`] of a place, of `length` places.
fn window(at: usize, length: usize) -> std::ops::Range<usize> {
    at.saturating_sub(REACH)..(at + REACH + 1).min(length)
}

/// Sums over pixels: red, green, blue, the squares of all three, the variances of votes, and the pixels themselves; the
/// rest makes it as wide as a register.
#[derive(Debug, Clone, Copy)]
struct Moments([f32; 8]);

impl Moments {
    const NONE: Self = Self([0.0; 8]);

    fn of([red, green, blue]: [f32; 3], variance: f32) -> Self {
        let squares = red * red + green * green + blue * blue;
        Self([red, green, blue, squares, variance, 1.0, 0.0, 0.0])
    }

    fn with(mut self, other: &Self) -> Self {
        for (sum, more) in self.0.iter_mut().zip(&other.0) {
            *sum += more;
        }
        self
    }

    /// Red, green and blue on average, and how many times as large the differences to them must be for the variance of
    /// all votes.
    fn mean_and_gain(&self) -> ([f32; 3], f32) {
        let [red, green, blue, squares, variance, count, ..] = self.0;
        let mean = [red, green, blue].map(|sum| sum / count);
        let of_mean: f32 = mean.iter().map(|mean| mean * mean).sum();
        let left = (squares / count - of_mean).max(0.0) + NOISE;
        let lost = variance / count;
        (mean, ((left + lost) / left).sqrt().min(MOST))
    }
}

#[cfg(test)]
mod tests {
    use super::{Vote, restore};
    use crate::inpaint::detail::{random::Random, ticker::Ticker};

    const SIDE: usize = 64;

    /// The variance of red where every pixel is voted on by `voters` that each show noise of their own.
    fn variance_of_the_mean_of(voters: u64) -> f32 {
        let noise =
            |at: usize, voter: u64| 500.0 + 60.0 * Random::keyed(1, [at as u64, voter, 0, 0]).normal();
        let mut votes: Vec<Option<Vote>> = (0..SIDE * SIDE)
            .map(|at| {
                let voted = || (0..voters).map(|voter| noise(at, voter));
                let mean = voted().sum::<f32>() / voters as f32;
                let variance = voted().map(|sample| (sample - mean).powi(2)).sum::<f32>() / voters as f32;
                Some(Vote {
                    mean: [mean, mean, mean, 7.0],
                    variance: 3.0 * variance,
                })
            })
            .collect();
        restore(&mut votes, SIDE, |_| [0.0; 3], &Ticker::silent()).expect("nobody cancels");
        let reds: Vec<f32> = votes.iter().flatten().map(|vote| vote.mean[0]).collect();
        assert!(
            votes.iter().flatten().all(|vote| vote.mean[3] == 7.0),
            "texture is no colour"
        );
        let mean = reds.iter().sum::<f32>() / reds.len() as f32;
        assert!((mean - 500.0).abs() < 5.0, "{mean}");
        reds.iter().map(|red| (red - mean).powi(2)).sum::<f32>() / reds.len() as f32
    }

    #[test]
    fn the_mean_of_several_varies_as_much_as_each() {
        let one = variance_of_the_mean_of(1);
        for voters in [2, 4] {
            let several = variance_of_the_mean_of(voters);
            assert!(
                (0.8..1.2).contains(&(several / one)),
                "{voters}: {several} of {one}"
            );
        }
    }

    #[test]
    fn where_all_agree_nothing_changes() {
        let colour = |at: usize| (at % 7) as f32 * 100.0;
        let vote = |at: usize| Vote {
            mean: [colour(at); 4],
            variance: 0.0,
        };
        let mut votes: Vec<Option<Vote>> = (0..SIDE * SIDE)
            .map(|at| (at % 3 > 0).then(|| vote(at)))
            .collect();
        restore(&mut votes, SIDE, |at| [colour(at); 3], &Ticker::silent()).expect("nobody cancels");
        for (at, vote) in votes.iter().enumerate() {
            let Some(vote) = vote else { continue };
            assert!((vote.mean[0] - colour(at)).abs() < 0.01, "{at}: {vote:?}");
        }
    }

    #[test]
    fn a_quarrel_over_a_flat_place_makes_no_pattern() {
        let flat = Vote {
            mean: [400.0; 4],
            variance: 3.0 * 200.0 * 200.0,
        };
        let mut votes = vec![Some(flat); SIDE * SIDE];
        restore(&mut votes, SIDE, |_| [400.0; 3], &Ticker::silent()).expect("nobody cancels");
        assert!(
            votes
                .iter()
                .flatten()
                .all(|vote| (vote.mean[0] - 400.0).abs() < 0.1)
        );
    }
}
