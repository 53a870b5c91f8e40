//! A smooth surface through known values: for what even the network could not reach, and for colours known in part.
//!
//! Push-pull (Gortler et al., "The Lumigraph", SIGGRAPH 1996, section 3.4): weighted means go down a pyramid, gaps are filled
//! on the way back up. It costs a fixed number of operations per pixel, however wide the hole, where an iterative
//! Poisson solve slows down with it; the surface is as smooth as a correction needs to be.

use rayon::prelude::{
    IndexedParallelIterator as _, ParallelIterator as _, ParallelSlice as _, ParallelSliceMut as _,
};

/// Fills `values` (`[height][width][C]`) where `weight` (`[height][width]`, 0..=1) is below 1.
///
/// A weight between 0 and 1 blends; a value without weight may be anything. With no weight anywhere the values become 0.
pub(super) fn fill<const C: usize>(values: &mut [f32], weight: &[f32], width: usize, height: usize) {
    if width == 1 && height == 1 {
        if weight.first().is_none_or(|&weight| weight <= 0.0) {
            values.fill(0.0);
        }
        return;
    }
    let (coarse_width, coarse_height) = (width.div_ceil(2), height.div_ceil(2));
    let (mut coarse, coarse_weight) = pushed::<C>(values, weight, width, height);
    fill::<C>(&mut coarse, &coarse_weight, coarse_width, coarse_height);
    let rows = values.par_chunks_mut(C * width).zip(weight.par_chunks(width));
    rows.enumerate().for_each(|(y, (values, weight))| {
        for (x, (value, known)) in values.as_chunks_mut::<C>().0.iter_mut().zip(weight).enumerate() {
            let known = known.clamp(0.0, 1.0);
            if known < 1.0 {
                let spread = pulled::<C>(&coarse, coarse_width, coarse_height, x, y);
                for (value, spread) in value.iter_mut().zip(spread) {
                    *value = if known > 0.0 {
                        *value * known + spread * (1.0 - known)
                    } else {
                        spread
                    };
                }
            }
        }
    });
}

/// Replaces the pixels of `rgb` (interleaved) that are not `known` by a smooth continuation of those that are. If
/// nothing is known, everything becomes mid-grey.
pub(super) fn fill_unknown(rgb: &mut [f32], known: &[bool], width: usize, height: usize) {
    if !known.contains(&true) {
        rgb.fill(0.5);
    } else if known.contains(&false) {
        let weight: Vec<f32> = known.iter().map(|&known| f32::from(known)).collect();
        fill::<3>(rgb, &weight, width, height);
    }
}

/// A surface of three channels known per block of `block` pixels, at pixel `(x, y)`: bilinear between block centres.
pub(super) fn sample(
    surface: &[f32],
    [columns, rows]: [usize; 2],
    block: usize,
    x: usize,
    y: usize,
) -> [f32; 3] {
    let between = |at: usize, count: usize| {
        let place = ((at as f32 + 0.5) / block as f32 - 0.5).clamp(0.0, (count - 1) as f32);
        let first = (place as usize).min(count - 1);
        (first, (first + 1).min(count - 1), place - first as f32)
    };
    let (left, right, across) = between(x, columns);
    let (above, below, down) = between(y, rows);
    std::array::from_fn(|channel| {
        let at = |column: usize, row: usize| surface[3 * (row * columns + column) + channel];
        let upper = at(left, above) * (1.0 - across) + at(right, above) * across;
        let lower = at(left, below) * (1.0 - across) + at(right, below) * across;
        upper * (1.0 - down) + lower * down
    })
}

/// Weighted means of 2 × 2 pixels and their weights, saturated at 1.
fn pushed<const C: usize>(
    values: &[f32],
    weight: &[f32],
    width: usize,
    height: usize,
) -> (Vec<f32>, Vec<f32>) {
    let (coarse_width, coarse_height) = (width.div_ceil(2), height.div_ceil(2));
    let mut coarse = vec![0.0; coarse_width * coarse_height * C];
    let mut coarse_weight = vec![0.0; coarse_width * coarse_height];
    for y in 0..height {
        for x in 0..width {
            let (from, to) = (y * width + x, y / 2 * coarse_width + x / 2);
            let share = weight[from].max(0.0);
            if share > 0.0 {
                coarse_weight[to] += share;
                for (sum, value) in coarse[C * to..C * to + C].iter_mut().zip(&values[C * from..]) {
                    *sum += share * value;
                }
            }
        }
    }
    for (mean, weight) in coarse.chunks_exact_mut(C).zip(&mut coarse_weight) {
        if *weight > 0.0 {
            mean.iter_mut().for_each(|sum| *sum /= *weight);
        }
        *weight = weight.min(1.0);
    }
    (coarse, coarse_weight)
}

/// The coarse surface at a fine pixel, bilinear between pixel centres.
fn pulled<const C: usize>(coarse: &[f32], width: usize, height: usize, x: usize, y: usize) -> [f32; C] {
    let (columns, rows) = (taps(x, width), taps(y, height));
    let mut sum = [0.0; C];
    for (row, row_weight) in rows {
        for (column, column_weight) in columns {
            let at = C * (row * width + column);
            for (sum, value) in sum.iter_mut().zip(&coarse[at..]) {
                *sum += row_weight * column_weight * value;
            }
        }
    }
    sum
}

/// The two coarse positions that a fine one lies between, with their weights.
fn taps(fine: usize, coarse_len: usize) -> [(usize, f32); 2] {
    let near = fine / 2;
    let far = if fine.is_multiple_of(2) {
        near.saturating_sub(1)
    } else {
        (near + 1).min(coarse_len - 1)
    };
    [(near, 0.75), (far, 0.25)]
}

#[cfg(test)]
mod tests {
    use super::{fill, fill_unknown};

    #[test]
    fn known_values_stay_and_a_constant_is_continued() {
        let weight: Vec<f32> = (0..9 * 7).map(|at| if at % 5 == 0 { 1.0 } else { 0.0 }).collect();
        let mut values: Vec<f32> = weight.iter().map(|known| 0.25 * known).collect();
        fill::<1>(&mut values, &weight, 9, 7);
        assert!(
            values.iter().all(|value| (value - 0.25).abs() < 1e-6),
            "{values:?}"
        );
    }

    #[test]
    fn the_surface_stays_between_its_known_values() {
        let (width, height) = (64, 16);
        let mut weight = vec![0.0; width * height];
        let mut values = vec![9.0; width * height];
        for y in 0..height {
            (weight[y * width], values[y * width]) = (1.0, 0.0);
            (weight[y * width + width - 1], values[y * width + width - 1]) = (1.0, 1.0);
        }
        fill::<1>(&mut values, &weight, width, height);
        let row = &values[8 * width..9 * width];
        assert!(row.iter().all(|value| (0.0..=1.0).contains(value)), "{row:?}");
        assert!(
            row[width / 4] < 0.5 && row[3 * width / 4] > 0.5,
            "the nearer side must win: {row:?}"
        );
    }

    #[test]
    fn nothing_known_gives_zero() {
        let mut values = vec![3.0; 2 * 5 * 4];
        fill::<2>(&mut values, &[0.0; 20], 5, 4);
        assert!(values.iter().all(|&value| value == 0.0));
    }

    #[test]
    fn known_pixels_stay_and_unknown_ones_lie_between_them() {
        let mut rgb: Vec<f32> = (0..9 * 5 * 3).map(|i| (i / 3 % 9) as f32 / 8.0).collect();
        let known: Vec<bool> = (0..45).map(|i| i % 9 < 2 || i % 9 > 6).collect();
        for at in (0..45).filter(|&at| !known[at]) {
            rgb[3 * at..3 * at + 3].fill(f32::NAN);
        }
        let before = rgb.clone();
        fill_unknown(&mut rgb, &known, 9, 5);
        for at in 0..45 {
            if known[at] {
                assert_eq!(rgb[3 * at], before[3 * at]);
            } else {
                assert!((0.0..=1.0).contains(&rgb[3 * at]), "{}", rgb[3 * at]);
            }
        }
        assert!(rgb[3 * 20] < rgb[3 * 24], "the slope goes on");
    }

    #[test]
    fn one_known_pixel_colours_everything() {
        let mut rgb = vec![0.0; 7 * 6 * 3];
        let mut known = vec![false; 42];
        known[17] = true;
        rgb[51..54].copy_from_slice(&[0.2, 0.4, 0.6]);
        fill_unknown(&mut rgb, &known, 7, 6);
        for pixel in rgb.chunks_exact(3) {
            assert!((pixel[1] - 0.4).abs() < 1e-5, "{pixel:?}");
        }
    }
}
