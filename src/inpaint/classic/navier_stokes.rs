//! OpenCV's reading of Navier-Stokes inpainting: known pixels count by their distance, and by how far they lie along
//! the isophote through them.

use super::{Picture, Taps, for_each_neighbour, march::Front};

/// The colour of the unknown pixel at `at`.
pub(super) fn color(front: &Front, picture: &Picture, at: usize) -> [f32; 3] {
    let (mut colors, mut totals) = ([0.0f32; 3], [1e-20f32; 3]);
    for_each_neighbour(front, picture, at, |near| {
        let square = near.right * near.right + near.down * near.down;
        let by_distance = 1.0 / (square * square + 1.0);
        let own = picture.color(near.rows.own, near.columns.own);
        let vertical = variation(&near.rows, near.rows.high, |row| {
            picture.color(row, near.columns.low)
        });
        let horizontal = variation(&near.columns, near.columns.low, |column| {
            picture.color(near.rows.low, column)
        });
        for channel in 0..3 {
            // The isophote is perpendicular to the gradient.
            let isophote = [-vertical[channel], horizontal[channel]];
            let along = near.right * isophote[0] + near.down * isophote[1];
            let by_direction = if along.abs() <= 0.01 {
                1e-6
            } else {
                let length = isophote[0] * isophote[0] + isophote[1] * isophote[1];
                (along / (square * length).sqrt()).abs()
            };
            let weight = by_distance * by_direction;
            colors[channel] += weight * own[channel];
            totals[channel] += weight;
        }
    });
    std::array::from_fn(|channel| colors[channel] / totals[channel])
}

/// Sum of the absolute differences to both sides of `middle`; one known side counts twice.
fn variation(taps: &Taps, middle: usize, color: impl Fn(usize) -> [f32; 3]) -> [f32; 3] {
    let own = color(middle);
    let apart = |other: usize| {
        let other = color(other);
        std::array::from_fn::<f32, 3, _>(|channel| (other[channel] - own[channel]).abs())
    };
    match (taps.knows_before, taps.knows_after) {
        (true, true) => {
            let (before, after) = (apart(taps.before), apart(taps.after));
            std::array::from_fn(|channel| before[channel] + after[channel])
        }
        (false, true) => apart(taps.after).map(|difference| 2.0 * difference),
        (true, false) => apart(taps.before).map(|difference| 2.0 * difference),
        (false, false) => [0.0; 3],
    }
}
