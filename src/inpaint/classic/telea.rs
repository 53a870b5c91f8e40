//! Telea's weights: known pixels count by their direction against the front, their distance and their level set, and
//! each predicts the colour with its own gradient.

use super::{Neighbour, Picture, Taps, for_each_neighbour, march::Front};

/// The colour of the unknown pixel at `at`.
pub(super) fn color(front: &Front, picture: &Picture, at: usize) -> [f32; 3] {
    let [above, left, below, right] = front.neighbours(at);
    let normal = [slope(front, left, at, right), slope(front, above, at, below)];
    let (mut colors, mut total) = ([0.0f32; 3], 1e-20f32);
    let (mut along_x, mut along_y) = ([0.0f32; 3], [0.0f32; 3]);
    for_each_neighbour(front, picture, at, |near| {
        let weight = weight(front, at, near, normal);
        let own = picture.color(near.rows.own, near.columns.own);
        let x = gradient(&near.columns, |column| picture.color(near.rows.low, column));
        let y = gradient(&near.rows, |row| picture.color(row, near.columns.low));
        for channel in 0..3 {
            colors[channel] += weight * own[channel];
            // From the neighbour to the pixel.
            along_x[channel] -= weight * (x[channel] * -near.right);
            along_y[channel] -= weight * (y[channel] * -near.down);
        }
        total += weight;
    });
    std::array::from_fn(|channel| {
        let (x, y) = (along_x[channel], along_y[channel]);
        colors[channel] / total + (x + y) / ((x * x + y * y).sqrt() + 1e-20) + 0.5
    })
}

/// Change of the distance over a pixel, from its known sides.
fn slope(front: &Front, before: usize, at: usize, after: usize) -> f32 {
    let distance = |at| front.distance(at);
    match (front.is_unknown(before), front.is_unknown(after)) {
        (false, false) => (distance(after) - distance(before)) * 0.5,
        (true, false) => distance(after) - distance(at),
        (false, true) => distance(at) - distance(before),
        (true, true) => 0.0,
    }
}

fn weight(front: &Front, at: usize, near: &Neighbour, normal: [f32; 2]) -> f32 {
    let square = f64::from(near.right * near.right + near.down * near.down);
    let by_distance = (1.0 / (square * square.sqrt())) as f32;
    let levels = f64::from((front.distance(near.at) - front.distance(at)).abs());
    let by_level = (1.0 / (1.0 + levels)) as f32;
    let direction = -near.right * normal[0] - near.down * normal[1];
    let direction = if direction.abs() <= 0.01 { 1e-6 } else { direction };
    (by_distance * by_level * direction).abs()
}

/// Twice the central difference, or a one-sided one, of what is known.
fn gradient(taps: &Taps, color: impl Fn(usize) -> [f32; 3]) -> [f32; 3] {
    let (to, from, factor) = match (taps.knows_before, taps.knows_after) {
        (true, true) => (taps.after, taps.before, 2.0),
        (false, true) => (taps.after, taps.low, 1.0),
        (true, false) => (taps.high, taps.before, 1.0),
        (false, false) => return [0.0; 3],
    };
    let (to, from) = (color(to), color(from));
    std::array::from_fn(|channel| (to[channel] - from[channel]) * factor)
}
