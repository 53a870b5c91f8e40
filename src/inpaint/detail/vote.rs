//! The vote: every pixel of the hole gets its colour from the source patches of all patches that cover it.
//!
//! A patch's say falls with its distance, relative to the best patch over the same pixel, and with its depth in the
//! hole, so that what is known spreads inwards (Wexler et al., PAMI 2007; Newson et al., SIAM J. Imaging Sci. 2014).
//! A steep fall lets the best few win: a mean over all of them is what makes patch fills soft.

use rayon::prelude::{IntoParallelIterator as _, ParallelIterator as _};

use super::{
    distance::{CHANNELS, PATCH, WHITE},
    field::{Field, Match},
    pyramid::Level,
    search::Ticker,
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
            for x in field.left..(field.left + field.columns * field.step + PATCH).min(level.width) {
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

/// The vote with native colours (`rgb` is the whole crop), for the hole and the pixels that its patches share with
/// the valid area.
pub(super) fn native(
    rgb: &[f32],
    level: &Level,
    field: &Field,
    steepness: u32,
    ticker: &Ticker<'_>,
) -> Result<Votes, Cancelled> {
    let says = says(field, level);
    let right = (field.anchor_x(field.columns - 1) + PATCH).min(level.width);
    let rows = pixel_rows(field, level);
    let (top, height) = (rows.start, rows.len());
    let voted: Result<Vec<Vec<Option<[f32; 3]>>>, Cancelled> = rows
        .into_par_iter()
        .map(|y| {
            let row = (field.left..right)
                .map(|x| {
                    pixel(field, &says, steepness, x, y, |source_x, source_y, bias| {
                        let sample = &rgb[(source_y * level.width + source_x) * 3..][..3];
                        std::array::from_fn(|channel| sample[channel] + f32::from(bias[channel]) / WHITE)
                    })
                })
                .collect();
            ticker.advance(work_of_row(field))?;
            Ok(row)
        })
        .collect();
    let mut colour = Vec::with_capacity(height * (right - field.left));
    for row in voted? {
        colour.extend(row);
        ticker.advance(0)?;
    }
    Ok(Votes {
        left: field.left,
        top,
        width: right - field.left,
        height,
        colour,
    })
}

/// Work for all pixels that a field's patches cover, in comparisons of the search.
pub(super) fn work(field: &Field, level: &Level) -> u64 {
    pixel_rows(field, level).len() as u64 * work_of_row(field)
}

/// A patch's say costs about a sixteenth of a comparison.
const fn work_of_row(field: &Field) -> u64 {
    let patches = field.columns * PATCH / field.step * PATCH;
    patches as u64 / 16
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
    let (rows, columns) = (field.rows_over(y), field.columns_over(x));
    let cells = || {
        rows.clone()
            .flat_map(|row| columns.clone().map(move |column| (row, column)))
    };
    let covering = |(row, column): (usize, usize)| -> Option<(usize, Match)> {
        let cell = row * field.columns + column;
        field.matches[cell].map(|found| (cell, found))
    };
    let best = cells().filter_map(covering).map(|(_, found)| found.cost).min()?;
    let mut sum = [0.0f32; C];
    let mut total = 0.0;
    for (row, column) in cells() {
        let Some((cell, found)) = covering((row, column)) else {
            continue;
        };
        let nearness =
            best.saturating_add(NOISE_FLOOR) as f32 / found.cost.saturating_add(NOISE_FLOOR) as f32;
        let weight = says[cell] * (0..steepness).fold(nearness, |power, _| power * power);
        let source_x = usize::from(found.x) + x - field.anchor_x(column);
        let source_y = usize::from(found.y) + y - field.anchor_y(row);
        let colour = sample(source_x, source_y, &found.bias);
        for (sum, sample) in sum.iter_mut().zip(colour) {
            *sum += weight * sample;
        }
        total += weight;
    }
    (total > 0.0).then(|| sum.map(|sum| sum / total))
}
