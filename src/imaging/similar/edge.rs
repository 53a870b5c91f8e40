//! The edge of a selection.
//!
//! Pixels in which two things mix have the colour of neither, so the selection reaches one pixel farther than the
//! colour; and its edge is smooth within a pixel, without steps where it slants.

use rayon::prelude::*;

/// Grows what is 1 by a pixel to all sides, and softens it: coverage from 0 to 255.
///
/// What lies beyond the edge is taken to be like the edge, so nothing fades at the border of a photo.
pub(super) fn soften(inside: &[u8], width: usize) -> Vec<u8> {
    let grown = in_threes(inside, width, |[before, here, after]| before | here | after);
    let mut coverage = in_threes(&grown, width, |[before, here, after]| before + 2 * here + after);
    coverage.par_iter_mut().for_each(|sixteenths| {
        *sixteenths = ((u16::from(*sixteenths) * 255 + 8) / 16) as u8;
    });
    coverage
}

/// Joins every value with those above and below it, and then with what came of that to the left and to the right.
fn in_threes(values: &[u8], width: usize, join: impl Fn([u8; 3]) -> u8 + Sync) -> Vec<u8> {
    let height = values.len() / width.max(1);
    let row = |y: usize| &values[y * width..(y + 1) * width];
    let mut joined = vec![0; values.len()];
    let rows = joined.par_chunks_exact_mut(width.max(1)).enumerate();
    rows.for_each_init(
        || vec![0; width + 2],
        |columns, (y, out)| {
            let (above, here, below) = (row(y.saturating_sub(1)), row(y), row((y + 1).min(height - 1)));
            for (x, column) in columns[1..=width].iter_mut().enumerate() {
                *column = join([above[x], here[x], below[x]]);
            }
            columns[0] = columns[1];
            columns[width + 1] = columns[width];
            for (out, &three) in out.iter_mut().zip(columns.array_windows()) {
                *out = join(three);
            }
        },
    );
    joined
}

#[cfg(test)]
mod tests {
    use super::soften;

    #[test]
    fn a_straight_edge_moves_by_a_pixel_and_is_soft_there() {
        let inside: Vec<u8> = (0..9 * 8).map(|index| u8::from(index % 9 < 4)).collect();
        let coverage = soften(&inside, 9);
        for row in coverage.chunks_exact(9) {
            assert_eq!(row, [255, 255, 255, 255, 191, 64, 0, 0, 0]);
        }
    }

    #[test]
    fn a_line_of_one_pixel_goes_whole() {
        let inside: Vec<u8> = (0..81).map(|index| u8::from(index % 9 == index / 9)).collect();
        let coverage = soften(&inside, 9);
        for at in 0..9 {
            assert!(coverage[at * 10] > 191, "at {at}");
        }
    }
}
