//! A start from the photo alone: the coarsest hole is filled inwards, pixel after pixel, with what best continues
//! what is known by then.
//!
//! The layers of the onion of Newson et al. ("Video Inpainting of Complex Scenes", SIAM J. Imaging Sci. 2014): a start
//! from a smooth continuation is bland all over, and a search from there finds bland patches. Here every pixel is a
//! copy from the first, and only known pixels are compared. The network's guide counts as far as it is trusted.

use rayon::prelude::{IntoParallelRefIterator as _, ParallelIterator as _};

use super::{
    distance::{CHANNELS, PATCH},
    field::{Field, Match},
    pyramid::Level,
    ticker::Ticker,
};
use crate::progress::Cancelled;

/// The anchor of a patch is so far left of and above its middle.
const MIDDLE: usize = PATCH / 2;
/// Sources that every pixel is compared with, at most: those on a grid, and then those around the best of them.
const MOST_TRIED: usize = 4096;
/// Most are given up early.
const TRIED_PER_COMPARISON: u64 = 4;
/// Weight of the network's fill, in units of one pixel's colours.
const GUIDE_WEIGHT: u32 = 4;

/// Fills the hole of `level` with copies. Gives back where each pixel of it came from.
pub(super) fn fill(
    level: &mut Level,
    sources: &[u32],
    ticker: &Ticker<'_>,
) -> Result<Vec<Option<usize>>, Cancelled> {
    let grid = Grid::over(sources, level.width);
    let mut is_known: Vec<bool> = level.hole.iter().map(|hole| !hole).collect();
    let mut from = vec![None; level.hole.len()];
    for depth in 1..=level.deepest() {
        let layer: Vec<usize> = (0..level.hole.len())
            .filter(|&at| level.depth[at] == depth)
            .collect();
        let found: Result<Vec<Option<usize>>, Cancelled> = layer
            .par_iter()
            .map(|&at| {
                ticker.advance(grid.sources.len() as u64 / TRIED_PER_COMPARISON)?;
                Ok(Target::around(level, &is_known, at).and_then(|target| grid.best(&target)))
            })
            .collect();
        for (&at, source) in layer.iter().zip(found?) {
            if let Some(source) = source {
                level
                    .colour
                    .copy_within(source * CHANNELS..(source + 1) * CHANNELS, at * CHANNELS);
                is_known[at] = true;
            }
            from[at] = source;
        }
    }
    Ok(from)
}

/// How much [`fill`] has to do, in comparisons of patches.
pub(super) fn work(level: &Level) -> u64 {
    let pixels = level.hole.iter().filter(|hole| **hole).count() as u64;
    pixels * ((level.sources() / 4).min(MOST_TRIED) as u64 / TRIED_PER_COMPARISON)
}

/// A field whose matches are the copies that [`fill`] made; `otherwise` where there are none.
pub(super) fn field(
    level: &Level,
    step: usize,
    from: &[Option<usize>],
    otherwise: impl Fn(usize, usize) -> Match + Sync,
) -> Option<Field> {
    let middle = |at: usize| (2 * at + 1).abs_diff(PATCH);
    let mut nearest: Vec<(usize, usize)> = (0..PATCH * PATCH).map(|at| (at % PATCH, at / PATCH)).collect();
    nearest.sort_by_key(|&(right, down)| middle(right) + middle(down));
    let width = level.width;
    let copied = |x: usize, y: usize, (right, down): (usize, usize)| {
        let source = from[(y + down) * width + x + right]?;
        let (source_x, source_y) = (
            (source % width).checked_sub(right)?,
            (source / width).checked_sub(down)?,
        );
        level.offers(source_x as i32, source_y as i32).then_some(Match {
            x: source_x as u16,
            y: source_y as u16,
            ..Match::UNMEASURED
        })
    };
    Field::over(level, step, |x, y| {
        let mut copies = nearest.iter().filter_map(|&place| copied(x, y, place));
        copies.next().unwrap_or_else(|| otherwise(x, y))
    })
}

/// Sources to try, thinned out.
struct Grid {
    sources: Vec<usize>,
    pitch: usize,
}

impl Grid {
    fn over(sources: &[u32], width: usize) -> Self {
        let on_grid = |pitch: usize| {
            let is_on_grid =
                move |at: &usize| (at % width).is_multiple_of(pitch) && (at / width).is_multiple_of(pitch);
            sources.iter().map(|&at| at as usize).filter(is_on_grid)
        };
        let mut pitch = 2;
        while on_grid(pitch).count() > MOST_TRIED {
            pitch += 1;
        }
        Self {
            sources: on_grid(pitch).collect(),
            pitch,
        }
    }

    /// The pixel that continues the target best: on the grid, then ever nearer around what was found.
    fn best(&self, target: &Target<'_>) -> Option<usize> {
        let (mut least, mut best) = (u64::MAX, None);
        let mut challenge = |source: usize, best: &mut Option<usize>| {
            let cost = target.cost(source, least);
            if cost < least {
                (least, *best) = (cost, Some(source));
            }
        };
        for &source in &self.sources {
            challenge(source, &mut best);
        }
        let mut reach = self.pitch / 2;
        while let (Some(centre), true) = (best, reach > 0) {
            for source in target.level.sources_around(centre, reach) {
                challenge(source, &mut best);
            }
            reach /= 2;
        }
        best.map(|anchor| anchor + target.at - target.anchor)
    }
}

impl Level {
    /// The up to eight sources at `reach` pixels from an anchor, right, down or both.
    fn sources_around(&self, anchor: usize, reach: usize) -> impl Iterator<Item = usize> {
        let (x, y, reach) = (
            (anchor % self.width) as i32,
            (anchor / self.width) as i32,
            reach as i32,
        );
        let steps = (0..9).map(move |place| (x + (place % 3 - 1) * reach, y + (place / 3 - 1) * reach));
        let offered = steps.filter(|&(x, y)| self.offers(x, y));
        offered.map(|(x, y)| y as usize * self.width + x as usize)
    }
}

/// The patch around a pixel, and which of its pixels are known.
struct Target<'a> {
    level: &'a Level,
    at: usize,
    anchor: usize,
    /// Known pixels, relative to the anchor.
    known: Vec<usize>,
}

impl<'a> Target<'a> {
    /// `None` where the level is smaller than a patch.
    fn around(level: &'a Level, is_known: &[bool], at: usize) -> Option<Self> {
        let within =
            |middle: usize, limit: usize| Some(middle.saturating_sub(MIDDLE).min(limit.checked_sub(PATCH)?));
        let (x, y) = (
            within(at % level.width, level.width)?,
            within(at / level.width, level.height)?,
        );
        let anchor = y * level.width + x;
        let patch = (0..PATCH * PATCH).map(|place| place / PATCH * level.width + place % PATCH);
        Some(Self {
            level,
            at,
            anchor,
            known: patch.filter(|place| is_known[anchor + place]).collect(),
        })
    }

    /// Sum of the squared differences of the known pixels to those of the patch anchored at `source`; anything from
    /// `most` on if it is no less.
    fn cost(&self, source: usize, most: u64) -> u64 {
        let colour = |at: usize| &self.level.colour[at * CHANNELS..(at + 1) * CHANNELS];
        let mut cost = self.guide_cost(source);
        for place in &self.known {
            cost += u64::from(difference(colour(self.anchor + place), colour(source + place)));
            if cost >= most {
                break;
            }
        }
        cost
    }

    /// How differently the network sees the middles of the two places.
    fn guide_cost(&self, source: usize) -> u64 {
        let Some(guide) = &self.level.guide else {
            return 0;
        };
        // Means are over the 4 × 4 pixels that begin at a place.
        let middle = |anchor: usize| guide.mean(anchor + (MIDDLE - 2) * (self.level.width + 1));
        let trust = u64::from(guide.trust(self.anchor));
        u64::from(difference(middle(self.anchor), middle(source)) * GUIDE_WEIGHT) * trust / 16
    }
}

fn difference(one: &[i16], other: &[i16]) -> u32 {
    let squares = one
        .iter()
        .zip(other)
        .map(|(a, b)| u32::from(a.abs_diff(*b)).pow(2));
    squares.sum()
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            Beginning,
            pyramid::{Level, Planes, build},
            search,
            ticker::Ticker,
            trust::Trust,
        },
        fill,
    };
    use crate::{imaging::random::Random, progress::Silent};

    const SIDE: usize = 96;

    /// A picture with a hole in its middle, in which it is grey.
    fn level(colour: impl Fn(usize, usize) -> f32, keep_out: Option<&[bool]>) -> Level {
        let inside = |at: usize| (38..58).contains(&at);
        let places = || (0..SIDE * SIDE).map(|at| (at % SIDE, at / SIDE));
        let hole: Vec<bool> = places().map(|(x, y)| inside(x) && inside(y)).collect();
        let grey_in_hole = |(x, y)| if inside(x) && inside(y) { 0.5 } else { colour(x, y) };
        let planes = Planes {
            width: SIDE,
            height: SIDE,
            first_guess: &places()
                .flat_map(|place| [grey_in_hole(place); 3])
                .collect::<Vec<_>>(),
            hole: &hole,
            keep_out,
            trust: &Trust::none(),
            beginning: Beginning::Ranked(0),
        };
        build(&planes, 7, u16::MAX, &Silent).unwrap().remove(0)
    }

    fn filled(mut level: Level) -> (Level, Vec<Option<usize>>) {
        let ticker = Ticker::silent();
        let sources = search::sources(&level, &ticker).unwrap();
        let from = fill(&mut level, &sources, &ticker).unwrap();
        (level, from)
    }

    #[test]
    fn a_texture_goes_on_inwards_as_strong_as_it_is_around() {
        let noise =
            |x: usize, y: usize| 0.5 + 0.1 * Random::keyed(1, [x as u64 / 2, y as u64 / 2, 0, 0]).normal();
        let before = level(noise, None);
        let (after, _) = filled(before.clone());
        let variance = |is_hole: bool| {
            let own = (0..after.hole.len()).filter(|&at| after.hole[at] == is_hole);
            let values: Vec<f64> = own.map(|at| f64::from(after.colour[4 * at])).collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64
        };
        let ratio = variance(true) / variance(false);
        assert!((0.7..1.3).contains(&ratio), "{ratio} of the variance around");
        for at in (0..after.hole.len()).filter(|&at| !after.hole[at]) {
            assert_eq!(
                after.colour[4 * at..4 * at + 4],
                before.colour[4 * at..4 * at + 4],
                "{at}"
            );
        }
    }

    #[test]
    fn an_edge_is_carried_through_the_hole() {
        let slanted = |x: usize, y: usize| if x + y / 2 < 72 { 0.2 } else { 0.8 };
        let (after, _) = filled(level(slanted, None));
        let hole: Vec<usize> = (0..after.hole.len()).filter(|&at| after.hole[at]).collect();
        let is_right =
            |at: &&usize| (after.colour[4 * **at] > 512) == (slanted(**at % SIDE, **at / SIDE) > 0.5);
        let right = hole.iter().filter(is_right).count();
        assert!(20 * right > 19 * hole.len(), "{right} of {}", hole.len());
    }

    #[test]
    fn every_copy_is_of_what_may_be_copied() {
        let keep_out: Vec<bool> = (0..SIDE * SIDE).map(|at| at % SIDE < 30).collect();
        let (after, from) = filled(level(|x, y| ((x * y) % 7) as f32 / 7.0, Some(&keep_out)));
        for at in (0..from.len()).filter(|&at| after.hole[at]) {
            let source = from[at].unwrap();
            assert!(!after.hole[source] && !keep_out[source], "{at} from {source}");
        }
    }
}
