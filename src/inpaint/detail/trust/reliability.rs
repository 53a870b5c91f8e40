//! How well the network's fill goes on where it meets the photo.
//!
//! A network that cannot continue what it meets knows less of the middle. Blocks just inside the hole are compared with
//! the photo two blocks away, and the photo with itself as far apart: a good fill differs no more than the photo does.
//!
//! That is asked of the edge as a whole and of every place on it, and where either is content the fill is believed. A
//! hole that is half sky and half house fails as a whole, and yet its sky is right; where the whole is right, one
//! place that is not is chance.

use rayon::prelude::{IntoParallelRefIterator as _, ParallelIterator as _};

use super::blocks::{Block, Blocks};
use crate::{
    inpaint::push_pull,
    progress::{Cancelled, Progress},
};

/// The photo's own differences over the fill's across the edge, from which on the network is believed, and below which
/// it is not.
const RELIABLE: f32 = 0.8;
const UNRELIABLE: f32 = 0.2;
/// Squared difference in RGB that says nothing.
const NOTHING: f32 = 1e-4;
/// Fewer comparisons say nothing either, of the whole edge or of a place.
const FEWEST: usize = 12;
const FEWEST_NEAR: usize = 4;
/// Blocks from one to the other that is compared with it.
const APART: usize = 2;
/// Blocks around a place on the edge that speak for it.
const NEAR: usize = 8;

/// How far the fill is to be believed in every block for what it does at the edge, 0..1. Inside the hole it goes over
/// smoothly from what one place says to the next.
pub(super) fn reliability(blocks: &Blocks, progress: &dyn Progress) -> Result<Vec<f32>, Cancelled> {
    let pairs: Vec<Pair> = (0..blocks.all.len())
        .flat_map(|block| pairs_from(blocks, block))
        .collect();
    let mut whole = Differences::of(pairs.iter().copied());
    if whole.across.len() < FEWEST || whole.around.len() < FEWEST {
        return Ok(vec![1.0; blocks.all.len()]);
    }
    let (across, around) = (median(&mut whole.across), median(&mut whole.around));
    let as_a_whole = believed(across, around);
    if as_a_whole >= 1.0 {
        return Ok(vec![1.0; blocks.all.len()]);
    }
    let said: Result<Vec<(usize, f32)>, Cancelled> = pairs
        .par_iter()
        .filter_map(|place| Some((place, place.inside?)))
        .map(|(place, inside)| {
            progress.check()?;
            let mut near = Differences::near(blocks, place);
            let across = median_of_enough(&mut near.across).unwrap_or(across);
            let around = median_of_enough(&mut near.around).unwrap_or(around);
            Ok((inside, believed(across, around)))
        })
        .collect();
    let (mut values, mut weights) = (vec![0.0; blocks.all.len()], vec![0.0; blocks.all.len()]);
    for (inside, said) in said? {
        weights[inside] += 1.0;
        values[inside] += (said - values[inside]) / weights[inside];
    }
    weights.iter_mut().for_each(|weight| *weight = weight.min(1.0));
    push_pull::fill::<1>(&mut values, &weights, blocks.columns, blocks.rows);
    Ok(values.into_iter().map(|there| there.max(as_a_whole)).collect())
}

/// From the typical squared differences across the edge and within the photo.
fn believed(across: f32, around: f32) -> f32 {
    let ratio = (around + NOTHING) / (across + NOTHING);
    ((ratio - UNRELIABLE) / (RELIABLE - UNRELIABLE)).clamp(0.0, 1.0)
}

/// Two blocks that are compared.
#[derive(Debug, Clone, Copy)]
struct Pair {
    /// Column and row halfway between them.
    middle: [usize; 2],
    /// Squared, in RGB.
    difference: f32,
    /// The one that is hole; `None` if both are photo.
    inside: Option<usize>,
}

/// The pairs of a block with the ones to its right and below it.
fn pairs_from(blocks: &Blocks, block: usize) -> impl Iterator<Item = Pair> {
    let [column, row] = [block % blocks.columns, block / blocks.columns];
    let right = (column + APART < blocks.columns).then_some((APART, 0));
    let below = (row + APART < blocks.rows).then_some((0, APART));
    [right, below]
        .into_iter()
        .flatten()
        .filter_map(move |(across, down)| {
            let other = block + down * blocks.columns + across;
            let (first, second) = (&blocks.all[block], &blocks.all[other]);
            let is_inside = |block: &Block| block.hole >= 1.0;
            let inside = match (first.is_photo(), second.is_photo()) {
                (true, true) => None,
                (true, false) if is_inside(second) => Some(other),
                (false, true) if is_inside(first) => Some(block),
                _ => return None,
            };
            Some(Pair {
                middle: [column + across / 2, row + down / 2],
                difference: first.difference(second),
                inside,
            })
        })
}

/// Squared differences across the hole's edge, and within the photo around it.
#[derive(Debug, Default)]
struct Differences {
    across: Vec<f32>,
    around: Vec<f32>,
}

impl Differences {
    fn of(pairs: impl Iterator<Item = Pair>) -> Self {
        let mut differences = Self::default();
        for pair in pairs {
            let kind = match pair.inside {
                Some(_) => &mut differences.across,
                None => &mut differences.around,
            };
            kind.push(pair.difference);
        }
        differences
    }

    /// What is compared near the middle of `place`.
    fn near(blocks: &Blocks, place: &Pair) -> Self {
        let within = |at: usize, count: usize| at.saturating_sub(NEAR + 1)..(at + NEAR + 1).min(count);
        let [column, row] = place.middle;
        let cells = within(row, blocks.rows)
            .flat_map(|row| within(column, blocks.columns).map(move |column| row * blocks.columns + column));
        let is_near = |pair: &Pair| {
            let squares = pair.middle.iter().zip(place.middle);
            let squared: usize = squares.map(|(one, other)| one.abs_diff(other).pow(2)).sum();
            squared <= NEAR * NEAR
        };
        Self::of(cells.flat_map(|cell| pairs_from(blocks, cell)).filter(is_near))
    }
}

fn median_of_enough(values: &mut [f32]) -> Option<f32> {
    (values.len() >= FEWEST_NEAR).then(|| median(values))
}

/// The middle one of some values.
fn median(values: &mut [f32]) -> f32 {
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f32::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::{super::super::Beginning, Blocks, reliability};
    use crate::{imaging::random::Random, inpaint::detail::Input, progress::Silent};

    const WIDTH: usize = 480;
    const HEIGHT: usize = 320;

    /// Reliability at three places in the hole of a mottled grey photo: near its left edge, in its middle and near its
    /// right edge. Where it `is_wrong` the fill is much too bright.
    fn said(is_wrong: impl Fn(usize, usize) -> bool) -> [f32; 3] {
        let places = || (0..WIDTH * HEIGHT).map(|at| (at % WIDTH, at / WIDTH));
        let hole: Vec<bool> = places()
            .map(|(x, y)| (120..360).contains(&x) && (80..240).contains(&y))
            .collect();
        let filled: Vec<f32> = places()
            .zip(&hole)
            .flat_map(|((x, y), &hole)| {
                let mottle = Random::keyed(5, [x as u64 / 6, y as u64 / 6, 0, 0]).unit() as f32;
                let wrong = if hole && is_wrong(x, y) { 0.4 } else { 0.0 };
                [0.3 + 0.05 * mottle + wrong; 3]
            })
            .collect();
        let input = Input {
            width: WIDTH,
            height: HEIGHT,
            hole: &hole,
            scale: 1.0,
            keep_out: None,
            beginning: Beginning::Network,
            corner: [0, 0],
            seed: 1,
        };
        let blocks = Blocks::of(&filled, &input);
        let values = reliability(&blocks, &Silent).unwrap();
        [126, 240, 354].map(|x| values[160 / blocks.side * blocks.columns + x / blocks.side])
    }

    #[test]
    fn a_fill_that_goes_on_as_the_photo_does_is_believed_everywhere() {
        assert_eq!(said(|_, _| false), [1.0; 3]);
    }

    #[test]
    fn a_fill_that_breaks_off_is_believed_nowhere() {
        assert_eq!(said(|_, _| true), [0.0; 3]);
    }

    #[test]
    fn what_goes_on_at_one_side_is_believed_there() {
        let [left, middle, right] = said(|x, _| x >= 190);
        assert!(left > 0.9, "{left}");
        assert!(middle < left, "{middle}");
        assert_eq!(right, 0.0);
    }

    #[test]
    fn one_place_that_breaks_off_is_chance() {
        let [left, _, right] = said(|x, y| x >= 348 && (130..190).contains(&y));
        assert!(left > 0.9 && right > 0.7, "{left}, {right}");
    }
}
