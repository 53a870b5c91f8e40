//! Joins the pieces of a patch fill to each other and to the photo.
//!
//! Where the votes of one source give way to those of another, or end at the photo, colours jump though neither has an
//! edge there. But patches know the differences between neighbours too, and vote on them. The colours that follow these
//! differences best and meet the photo at the hole's edge are the solution of a screened Poisson equation (Bhat et al.,
//! ECCV 2008; Darabi et al., "Image Melding", SIGGRAPH 2012): a step between two pieces becomes a slope, texture stays.

use super::{
    poisson::{self, Ties},
    ticker::Ticker,
    vote::Votes,
};
use crate::progress::Cancelled;

/// Distance in pixels over which a step is spread.
const REACH: f32 = 128.0;
/// From this on a mismatch with the photo is a wrong structure, not a wrong tone: spreading it would only stain the
/// fill.
const STRUCTURE: f32 = 0.09;
/// From this on what two neighbours lack of the voted difference is an edge that two pieces have made: without it one
/// would shine into the other.
const EDGE: f32 = 0.17;

/// Adds to the votes what joins them to each other and to the photo (`rgb`, `width` pixels wide) around the hole.
pub(super) fn join(
    votes: &mut Votes,
    rgb: &[f32],
    hole: &[bool],
    width: usize,
    ticker: &Ticker<'_>,
) -> Result<(), Cancelled> {
    let Equation { ties, wanted } = equation(votes, rgb, hole, width, ticker)?;
    votes.steps = Vec::new();
    let corrections = poisson::solve(ties, &wanted, ticker)?;
    ticker.advance(0)?;
    for (vote, correction) in votes.colour.iter_mut().zip(corrections) {
        if let Some(vote) = vote {
            vote.iter_mut()
                .zip(correction)
                .for_each(|(sample, correction)| *sample += correction);
        }
    }
    Ok(())
}

/// How much [`join`] has to do for such a rectangle of votes, in comparisons of patches.
pub(super) fn work(width: usize, height: usize) -> u64 {
    poisson::work(width, height)
}

/// A pixel of the votes.
#[derive(Clone, Copy)]
enum Pixel {
    /// In the hole, with this vote.
    Free { vote: [f32; 3] },
    /// In the photo, with this vote, which misses the photo by so much.
    Known { vote: [f32; 3], missed: [f32; 3] },
    /// Without a vote.
    Apart,
}

impl Pixel {
    fn of(votes: &Votes, at: usize, rgb: &[f32], hole: &[bool], width: usize) -> Self {
        let in_photo = (votes.top + at / votes.width) * width + votes.left + at % votes.width;
        let Some(vote) = votes.colour[at] else {
            return Self::Apart;
        };
        if hole[in_photo] {
            return Self::Free { vote };
        }
        let missed: [f32; 3] = std::array::from_fn(|channel| rgb[3 * in_photo + channel] - vote[channel]);
        Self::Known { vote, missed }
    }
}

/// The equation for the corrections of all votes.
fn equation(
    votes: &Votes,
    rgb: &[f32],
    hole: &[bool],
    width: usize,
    ticker: &Ticker<'_>,
) -> Result<Equation, Cancelled> {
    let count = votes.width * votes.height;
    let mut equation = Equation {
        ties: Ties {
            zero: 1.0 / (REACH * REACH),
            ..Ties::none(votes.width, votes.height)
        },
        wanted: vec![[0.0; 3]; count],
    };
    let pixel = |at: usize| Pixel::of(votes, at, rgb, hole, width);
    for at in 0..count {
        if at % votes.width == 0 {
            ticker.advance(0)?;
        }
        let [right, below] = votes.steps[at];
        if at % votes.width + 1 < votes.width {
            let tie = equation.tie([at, at + 1], [pixel(at), pixel(at + 1)], right);
            equation.ties.right[at] = tie;
        }
        if at + votes.width < count {
            let other = at + votes.width;
            let tie = equation.tie([at, other], [pixel(at), pixel(other)], below);
            equation.ties.below[at] = tie;
        }
    }
    Ok(equation)
}

struct Equation {
    ties: Ties,
    wanted: Vec<[f32; 3]>,
}

impl Equation {
    /// Takes up that the second pixel should differ from the first by `step`. Returns how strongly the two are tied.
    fn tie(&mut self, [first, second]: [usize; 2], pixels: [Pixel; 2], step: [f32; 3]) -> f32 {
        // What the difference of the two votes lacks of the voted difference.
        let lack = |vote: [f32; 3], beside: [f32; 3]| -> [f32; 3] {
            std::array::from_fn(|channel| step[channel] - (beside[channel] - vote[channel]))
        };
        match pixels {
            [Pixel::Free { vote }, Pixel::Free { vote: beside }] => {
                let lack = lack(vote, beside);
                let tie = biweight(lack, EDGE);
                self.want(first, lack.map(|lack| -tie * lack));
                self.want(second, lack.map(|lack| tie * lack));
                tie
            }
            [Pixel::Free { vote }, Pixel::Known { vote: beside, missed }] => {
                let lack = lack(vote, beside);
                let tie = biweight(missed, STRUCTURE).min(biweight(lack, EDGE));
                self.hold(
                    first,
                    tie,
                    std::array::from_fn(|channel| missed[channel] - lack[channel]),
                );
                0.0
            }
            [Pixel::Known { vote, missed }, Pixel::Free { vote: beside }] => {
                let lack = lack(vote, beside);
                let tie = biweight(missed, STRUCTURE).min(biweight(lack, EDGE));
                self.hold(
                    second,
                    tie,
                    std::array::from_fn(|channel| missed[channel] + lack[channel]),
                );
                0.0
            }
            _ => 0.0,
        }
    }

    /// Ties a pixel to a known correction.
    fn hold(&mut self, at: usize, tie: f32, to: [f32; 3]) {
        self.ties.known[at] += tie;
        self.want(at, to.map(|to| tie * to));
    }

    fn want(&mut self, at: usize, more: [f32; 3]) {
        self.wanted[at]
            .iter_mut()
            .zip(more)
            .for_each(|(wanted, more)| *wanted += more);
    }
}

/// Tukey's weight of an error: 1 for none, 0 from `limit` on.
fn biweight(error: [f32; 3], limit: f32) -> f32 {
    let largest = error
        .iter()
        .fold(0.0f32, |largest, error| largest.max(error.abs()));
    (1.0 - (largest / limit).powi(2)).max(0.0).powi(2)
}

#[cfg(test)]
mod tests {
    use super::join;
    use crate::inpaint::detail::{ticker::Ticker, vote::Votes};

    const SIDE: usize = 60;
    const HOLE: std::ops::Range<usize> = 20..40;

    /// Votes over all of a picture with a square hole, each with its voted differences.
    fn votes(colour: impl Fn(usize, usize) -> f32, step: impl Fn(usize, usize) -> [f32; 2]) -> Votes {
        let places = || (0..SIDE * SIDE).map(|at| (at % SIDE, at / SIDE));
        Votes {
            left: 0,
            top: 0,
            width: SIDE,
            height: SIDE,
            colour: places().map(|(x, y)| Some([colour(x, y); 3])).collect(),
            steps: places().map(|(x, y)| step(x, y).map(|step| [step; 3])).collect(),
        }
    }

    /// The hole of a grey photo after joining.
    fn joined(mut votes: Votes) -> Vec<f32> {
        let inside = |at: usize| HOLE.contains(&(at % SIDE)) && HOLE.contains(&(at / SIDE));
        let hole: Vec<bool> = (0..SIDE * SIDE).map(inside).collect();
        let mut rgb = vec![0.5; 3 * hole.len()];
        join(&mut votes, &rgb.clone(), &hole, SIDE, &Ticker::silent()).expect("nobody cancels");
        votes.write_into(&mut rgb, &hole, SIDE);
        (0..hole.len())
            .filter(|&at| hole[at])
            .map(|at| rgb[3 * at])
            .collect()
    }

    fn furthest(values: &[f32], from: f32) -> f32 {
        values
            .iter()
            .map(|value| (value - from).abs())
            .fold(0.0, f32::max)
    }

    #[test]
    fn a_tone_that_is_off_meets_the_photo() {
        let fill = joined(votes(|_, _| 0.53, |_, _| [0.0; 2]));
        assert!(furthest(&fill, 0.5) < 0.001, "{}", furthest(&fill, 0.5));
    }

    #[test]
    fn a_step_between_two_pieces_vanishes_and_an_edge_that_was_voted_stays() {
        let halves = |x: usize, _: usize| if x < 30 { 0.47 } else { 0.55 };
        let seam = joined(votes(halves, |_, _| [0.0; 2]));
        assert!(furthest(&seam, 0.5) < 0.01, "{}", furthest(&seam, 0.5));
        let edge = joined(votes(halves, |x, _| [if x == 29 { 0.08 } else { 0.0 }, 0.0]));
        let middle = &edge[10 * HOLE.len()..][8..12];
        assert!(middle[2] - middle[1] > 0.06, "{middle:?}");
    }

    #[test]
    fn what_was_cut_off_does_not_shine_into_its_surroundings() {
        let halves = |x: usize, _: usize| if x < 30 { 0.5 } else { 0.8 };
        let fill = joined(votes(halves, |_, _| [0.0; 2]));
        let middle = &fill[10 * HOLE.len()..][..HOLE.len()];
        assert!(furthest(&middle[..10], 0.5) < 0.001, "{middle:?}");
        assert!(furthest(&middle[10..], 0.8) < 0.001, "{middle:?}");
    }

    #[test]
    fn a_wrong_structure_stains_nothing() {
        let fill = joined(votes(|_, _| 0.7, |_, _| [0.0; 2]));
        assert!(furthest(&fill, 0.7) < 1e-6, "{}", furthest(&fill, 0.7));
    }
}
