//! The vote: every pixel of the hole gets its colour from the source patches of all patches that cover it.
//!
//! A patch's say falls with its distance, relative to the best patch over the same pixel, and with its depth in the
//! hole, so that what is known spreads inwards (Wexler et al., PAMI 2007; Newson et al., SIAM J. Imaging Sci. 2014).
//! A steep fall lets the best few win: a mean over all of them is what makes patch fills soft. Between rounds the mean
//! is what patches agree by, and gets its [`contrast`] back.

mod contrast;
mod level;
mod native;

pub(super) use self::{
    level::into_level,
    native::{Votes, native},
};
use super::{
    distance::PATCH,
    field::{Field, Match},
    pyramid::Level,
};

/// Distances below this are noise: patches that near to each other have the same say (about 0.4 % per sample).
const NOISE_FLOOR: u32 = (PATCH * PATCH * 3 * 16) as u32;

/// Work for all pixels that a field's patches cover, in comparisons of the search.
pub(super) fn work(field: &Field, level: &Level) -> u64 {
    pixel_rows(field, level).len() as u64 * work_of_row(field)
}

/// Width and height of what a field's patches cover.
pub(super) fn size(field: &Field, level: &Level) -> (usize, usize) {
    (pixel_columns(field, level).len(), pixel_rows(field, level).len())
}

/// How much more work [`native()`] is than [`into_level`].
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
            let [x, y] = field.anchor(cell).map(|at| at + PATCH / 2);
            by_depth[usize::from(level.depth[y * level.width + x]).min(DEEP)]
        })
        .collect()
}

/// Calls `vote` for every patch over a pixel: its weight, the source pixel that it puts there, and its bias.
#[expect(
    clippy::inline_always,
    reason = "else unrelated changes decide whether it is, and with it over a sixth of the stage's time"
)]
#[inline(always)]
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
