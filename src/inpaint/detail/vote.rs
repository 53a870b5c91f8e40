//! The vote: every pixel of the hole gets its colour from the source patches of all patches that cover it.
//!
//! A patch's say falls with its distance, relative to the best patch over the same pixel, and with its depth in the
//! hole, so that what is known spreads inwards (Wexler et al., PAMI 2007; Newson et al., SIAM J. Imaging Sci. 2014).
//! A steep fall lets the best few win: a mean over all of them is what makes patch fills soft.

use rayon::prelude::{
    IndexedParallelIterator as _, IntoParallelIterator as _, ParallelIterator as _, ParallelSliceMut as _,
};

use super::{
    distance::{CHANNELS, PATCH, WHITE},
    field::{Field, Match},
    pyramid::{Level, Planes},
    ticker::Ticker,
};
use crate::progress::Cancelled;

/// Distances below this are noise: patches that near to each other have the same say (about 0.4 % per sample).
const NOISE_FLOOR: u32 = (PATCH * PATCH * 3 * 16) as u32;

/// A position in a level's planes and what was voted for it.
type PlacedColour = (usize, [i16; CHANNELS]);

/// A rectangle of voted pixels. Colours are 0..1 and may leave that range a little through a bias.
pub(super) struct Votes {
    pub(super) left: usize,
    pub(super) top: usize,
    pub(super) width: usize,
    pub(super) height: usize,
    /// `[height][width]`: red, green, blue; `None` where no patch of the hole reaches.
    pub(super) colour: Vec<Option<[f32; 3]>>,
    /// `[height][width]`: how much the colour right of a pixel and the one below differ from it in its sources.
    pub(super) steps: Vec<[[f32; 3]; 2]>,
}

impl Votes {
    /// Writes the colours into the hole of `rgb`, `width` pixels wide.
    pub(super) fn write_into(&self, rgb: &mut [f32], hole: &[bool], width: usize) {
        for (at, vote) in self.colour.iter().enumerate() {
            let in_photo = (self.top + at / self.width) * width + self.left + at % self.width;
            if let (Some(vote), true) = (vote, hole[in_photo]) {
                rgb[3 * in_photo..3 * in_photo + 3]
                    .copy_from_slice(&vote.map(|sample| sample.clamp(0.0, 1.0)));
            }
        }
    }
}

/// Writes the vote into the hole of `level`.
pub(super) fn into_level(
    level: &mut Level,
    field: &Field,
    steepness: u32,
    ticker: &Ticker<'_>,
) -> Result<(), Cancelled> {
    let says = says(field, level);
    let voted: Result<Vec<Vec<PlacedColour>>, Cancelled> = pixel_rows(field, level)
        .into_par_iter()
        .map(|y| {
            let mut row = Vec::new();
            for x in pixel_columns(field, level) {
                let at = y * level.width + x;
                if level.hole[at] {
                    let colour = pixel(field, &says, steepness, x, y, |source_x, source_y, bias| {
                        let sample =
                            &level.colour[(source_y * level.width + source_x) * CHANNELS..][..CHANNELS];
                        std::array::from_fn(|channel| {
                            f32::from(sample[channel])
                                + bias.get(channel).map_or(0.0, |&bias| f32::from(bias))
                        })
                    });
                    if let Some(colour) = colour {
                        row.push((
                            at,
                            colour.map(|sample: f32| (sample + 0.5).clamp(0.0, WHITE) as i16),
                        ));
                    }
                }
            }
            ticker.advance(work_of_row(field))?;
            Ok(row)
        })
        .collect();
    for row in voted? {
        for (at, colour) in row {
            level.colour[at * CHANNELS..(at + 1) * CHANNELS].copy_from_slice(&colour);
        }
        ticker.advance(0)?;
    }
    Ok(())
}

/// The vote with native colours (those of the `planes` that `level` is made from) and on their differences, for the hole
/// and the pixels that its patches share with the valid area.
pub(super) fn native(
    planes: &Planes<'_>,
    level: &Level,
    field: &Field,
    steepness: u32,
    ticker: &Ticker<'_>,
) -> Result<Votes, Cancelled> {
    let says = says(field, level);
    let (columns, rows) = (pixel_columns(field, level), pixel_rows(field, level));
    let width = columns.len();
    let mut votes = Votes {
        left: columns.start,
        top: rows.start,
        width,
        height: rows.len(),
        colour: vec![None; width * rows.len()],
        steps: vec![[[0.0; 3]; 2]; width * rows.len()],
    };
    let source = NativeSource { planes };
    let filled = votes
        .colour
        .par_chunks_mut(width)
        .zip(votes.steps.par_chunks_mut(width));
    rows.into_par_iter()
        .zip(filled)
        .try_for_each(|(y, (colours, steps))| {
            let mut candidates = Vec::with_capacity(PATCH * PATCH);
            for (at, (colour, step)) in colours.iter_mut().zip(steps).enumerate() {
                let x = field.left + at;
                let vote = native_pixel(field, &says, steepness, x, y, &source, &mut candidates);
                if let Some(vote) = vote {
                    let of = |first: usize| std::array::from_fn(|channel| vote[first + channel]);
                    (*colour, *step) = (Some(of(0)), [of(3), of(6)]);
                }
            }
            ticker.advance(NATIVE_WORK * work_of_row(field))
        })?;
    Ok(votes)
}

/// The photo as votes on native colours see it.
struct NativeSource<'a> {
    planes: &'a Planes<'a>,
}

impl NativeSource<'_> {
    /// A colour, and how much the ones on the right and below differ from it: not at all where they are unknown or not to
    /// be copied from.
    fn sample(&self, x: usize, y: usize) -> [f32; 9] {
        let Planes {
            width,
            height,
            first_guess,
            hole,
            keep_out,
            ..
        } = *self.planes;
        let at = y * width + x;
        let known = |other: usize, is_there: bool| {
            let is_usable = || !hole[other] && keep_out.is_none_or(|keep_out| !keep_out[other]);
            if is_there && is_usable() { other } else { at }
        };
        let right = known(at + 1, x + 1 < width);
        let below = known(at + width, y + 1 < height);
        let colour = |at: usize| &first_guess[3 * at..][..3];
        let (here, right, below) = (colour(at), colour(right), colour(below));
        std::array::from_fn(|channel| match channel {
            0..3 => here[channel],
            3..6 => right[channel - 3] - here[channel - 3],
            _ => below[channel - 6] - here[channel - 6],
        })
    }
}

/// Work for all pixels that a field's patches cover, in comparisons of the search.
pub(super) fn work(field: &Field, level: &Level) -> u64 {
    pixel_rows(field, level).len() as u64 * work_of_row(field)
}

/// Width and height of what a field's patches cover.
pub(super) fn size(field: &Field, level: &Level) -> (usize, usize) {
    (pixel_columns(field, level).len(), pixel_rows(field, level).len())
}

/// How much more work [`native`] is than [`into_level`].
pub(super) fn native_extra(field: &Field, level: &Level) -> u64 {
    (NATIVE_WORK - 1) * work(field, level)
}

/// A vote on differences too costs so many times as much.
const NATIVE_WORK: u64 = 3;

/// A patch's say costs about a sixteenth of a comparison.
const fn work_of_row(field: &Field) -> u64 {
    let patches = field.columns * PATCH / field.step * PATCH;
    patches as u64 / 16
}

/// Columns of pixels that a field's patches cover.
fn pixel_columns(field: &Field, level: &Level) -> std::ops::Range<usize> {
    field.left..(field.anchor_x(field.columns - 1) + PATCH).min(level.width)
}

/// Rows of pixels that a field's patches cover.
pub(super) fn pixel_rows(field: &Field, level: &Level) -> std::ops::Range<usize> {
    field.top..(field.anchor_y(field.rows - 1) + PATCH).min(level.height)
}

/// How much each patch has to say for its depth in the hole: 1.3 times less per pixel inwards, down to a floor.
fn says(field: &Field, level: &Level) -> Vec<f32> {
    const DEEP: usize = 48;
    let mut by_depth = [1.0f32; DEEP + 1];
    for depth in 1..=DEEP {
        by_depth[depth] = by_depth[depth - 1] / 1.3;
    }
    (0..field.matches.len())
        .map(|cell| {
            let x = field.anchor_x(cell % field.columns) + PATCH / 2;
            let y = field.anchor_y(cell / field.columns) + PATCH / 2;
            by_depth[usize::from(level.depth[y * level.width + x]).min(DEEP)]
        })
        .collect()
}

/// The weighted mean of one pixel. `sample` reads the source pixel at (x, y) and adds the bias.
fn pixel<const C: usize>(
    field: &Field,
    says: &[f32],
    steepness: u32,
    x: usize,
    y: usize,
    sample: impl Fn(usize, usize, &[i16; 3]) -> [f32; C],
) -> Option<[f32; C]> {
    let mut sum = [0.0f32; C];
    let mut total = 0.0;
    each_vote(field, says, steepness, x, y, |weight, from, bias| {
        for (sum, sample) in sum.iter_mut().zip(sample(from.0, from.1, bias)) {
            *sum += weight * sample;
        }
        total += weight;
    });
    (total > 0.0).then(|| sum.map(|sum| sum / total))
}

/// What was voted for one source pixel.
struct Candidate {
    from: (usize, usize),
    weight: f32,
    /// The sum of weighted biases.
    bias: [f32; 3],
}

/// As [`pixel`] for native colours and differences. Neighbouring patches mostly agree on the source pixel: each is read
/// once, with the weight of all that want it. `candidates` is memory that the next pixel uses again.
fn native_pixel(
    field: &Field,
    says: &[f32],
    steepness: u32,
    x: usize,
    y: usize,
    source: &NativeSource<'_>,
    candidates: &mut Vec<Candidate>,
) -> Option<[f32; 9]> {
    candidates.clear();
    each_vote(field, says, steepness, x, y, |weight, from, bias| {
        let bias = bias.map(|bias| weight * f32::from(bias));
        match candidates.iter_mut().find(|candidate| candidate.from == from) {
            Some(candidate) => {
                candidate.weight += weight;
                for (sum, bias) in candidate.bias.iter_mut().zip(bias) {
                    *sum += bias;
                }
            }
            None => candidates.push(Candidate { from, weight, bias }),
        }
    });
    let total: f32 = candidates.iter().map(|candidate| candidate.weight).sum();
    let mut sum = [0.0; 9];
    for &Candidate { from, weight, bias } in &*candidates {
        for (sum, sample) in sum.iter_mut().zip(source.sample(from.0, from.1)) {
            *sum += weight * sample;
        }
        for (sum, bias) in sum.iter_mut().zip(bias) {
            *sum += bias / WHITE;
        }
    }
    (total > 0.0).then(|| sum.map(|sum| sum / total))
}

/// Calls `vote` for every patch over a pixel: its weight, the source pixel that it puts there, and its bias.
fn each_vote(
    field: &Field,
    says: &[f32],
    steepness: u32,
    x: usize,
    y: usize,
    mut vote: impl FnMut(f32, (usize, usize), &[i16; 3]),
) {
    let (rows, columns) = (field.rows_over(y), field.columns_over(x));
    let cells = || {
        rows.clone()
            .flat_map(|row| columns.clone().map(move |column| (row, column)))
    };
    let covering = |(row, column): (usize, usize)| -> Option<(usize, Match)> {
        let cell = row * field.columns + column;
        field.matches[cell].map(|found| (cell, found))
    };
    let Some(best) = cells().filter_map(covering).map(|(_, found)| found.cost).min() else {
        return;
    };
    for (row, column) in cells() {
        let Some((cell, found)) = covering((row, column)) else {
            continue;
        };
        let nearness =
            best.saturating_add(NOISE_FLOOR) as f32 / found.cost.saturating_add(NOISE_FLOOR) as f32;
        let weight = says[cell] * (0..steepness).fold(nearness, |power, _| power * power);
        let from_x = usize::from(found.x) + x - field.anchor_x(column);
        let from_y = usize::from(found.y) + y - field.anchor_y(row);
        vote(weight, (from_x, from_y), &found.bias);
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Beginning, trust::Trust},
        NativeSource, Planes,
    };

    #[test]
    fn differences_are_not_taken_from_what_is_kept_out_or_unknown() {
        // Three by one pixels, each brighter than the one before.
        let rgb: Vec<f32> = [0.1, 0.3, 0.7].iter().flat_map(|grey| [*grey; 3]).collect();
        let right_of_the_first = |hole: &[bool], keep_out: Option<&[bool]>| {
            let planes = Planes {
                width: 3,
                height: 1,
                first_guess: &rgb,
                hole,
                keep_out,
                trust: &Trust::none(),
                beginning: Beginning::Network,
            };
            NativeSource { planes: &planes }.sample(0, 0)[3]
        };
        let (nowhere, there) = ([false; 3], [false, true, false]);
        assert!((right_of_the_first(&nowhere, None) - 0.2).abs() < 1e-6);
        assert!((right_of_the_first(&nowhere, Some(&nowhere)) - 0.2).abs() < 1e-6);
        assert_eq!(right_of_the_first(&nowhere, Some(&there)), 0.0);
        assert_eq!(right_of_the_first(&there, None), 0.0);
    }
}
