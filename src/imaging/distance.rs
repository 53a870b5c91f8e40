//! Exact Euclidean distances on the pixel grid, in time proportional to the pixels.
//!
//! Columns first, then rows as lower envelopes of parabolas: Felzenszwalb and Huttenlocher, "Distance Transforms of
//! Sampled Functions" (2012), in the whole-number form of Meijster et al. (2000), so that a comparison with a
//! squared radius is exact.

use std::ops::Range;

use rayon::prelude::*;

/// Farther than any pixel of a picture.
const FAR: u32 = 1 << 20;

/// Columns that a thread works on together.
const STRIP: usize = 64;

/// For every pixel the squared distance from its centre to that of the nearest source; `u64::MAX` without any.
///
/// `is_source` holds one value per pixel, row by row.
pub(super) fn squared_distances(is_source: &[bool], width: usize) -> Vec<u64> {
    if width == 0 || is_source.is_empty() {
        return Vec::new();
    }
    let strips: Vec<Vec<u32>> = (0..width.div_ceil(STRIP))
        .into_par_iter()
        .map(|strip| vertical_distances(is_source, width, strip * STRIP..width.min((strip + 1) * STRIP)))
        .collect();
    let mut squared = vec![0; is_source.len()];
    squared.par_chunks_exact_mut(width).enumerate().for_each_init(
        || (Envelope::default(), vec![0; width]),
        |(envelope, column_distances), (y, out)| {
            for (strip, columns) in strips.iter().zip(column_distances.chunks_mut(STRIP)) {
                let start = y * columns.len();
                columns.copy_from_slice(&strip[start..start + columns.len()]);
            }
            envelope.build(column_distances);
            envelope.write(out);
        },
    );
    squared
}

/// Within each of the `columns` the distance to the nearest source, or at least [`FAR`].
fn vertical_distances(is_source: &[bool], width: usize, columns: Range<usize>) -> Vec<u32> {
    let mut distances: Vec<u32> = is_source
        .chunks_exact(width)
        .flat_map(|row| &row[columns.clone()])
        .map(|&source| if source { 0 } else { FAR })
        .collect();
    let width = columns.len();
    let height = distances.len() / width;
    for y in 1..height {
        let (above, row) = distances[(y - 1) * width..(y + 1) * width].split_at_mut(width);
        nearer_by_neighbor(row, above);
    }
    for y in (1..height).rev() {
        let (row, below) = distances[(y - 1) * width..(y + 1) * width].split_at_mut(width);
        nearer_by_neighbor(row, below);
    }
    distances
}

fn nearer_by_neighbor(row: &mut [u32], neighbor: &[u32]) {
    for (distance, &neighbor) in row.iter_mut().zip(neighbor) {
        *distance = (*distance).min(neighbor + 1);
    }
}

/// The lowest parabola over each column of a row: apex column, height of the apex, first column where it is lowest.
#[derive(Default)]
struct Envelope {
    parabolas: Vec<(i64, i64, i64)>,
}

impl Envelope {
    fn build(&mut self, column_distances: &[u32]) {
        self.parabolas.clear();
        for (column, &distance) in column_distances.iter().enumerate() {
            if distance >= FAR {
                continue;
            }
            let (apex, height) = (column as i64, i64::from(distance).pow(2));
            let mut start = 0;
            while let Some(&(last_apex, last_height, last_start)) = self.parabolas.last() {
                // The first whole column where the new one is lower than the last.
                let numerator = apex * apex - last_apex * last_apex + height - last_height;
                start = numerator.div_euclid(2 * (apex - last_apex)) + 1;
                if start > last_start {
                    break;
                }
                self.parabolas.pop();
                start = 0;
            }
            if start < column_distances.len() as i64 {
                self.parabolas.push((apex, height, start));
            }
        }
    }

    fn write(&self, out: &mut [u64]) {
        if self.parabolas.is_empty() {
            out.fill(u64::MAX);
            return;
        }
        let mut index = 0;
        for (column, squared) in out.iter_mut().enumerate() {
            let column = column as i64;
            while self.parabolas.get(index + 1).is_some_and(|next| next.2 <= column) {
                index += 1;
            }
            let (apex, height, _) = self.parabolas[index];
            *squared = ((column - apex).pow(2) + height) as u64;
        }
    }
}
