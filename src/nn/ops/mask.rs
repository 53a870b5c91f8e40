//! Masks as the engine sees them: one byte per position, whole sums, and which outputs anybody needs.

use rayon::prelude::{IndexedParallelIterator as _, ParallelIterator as _, ParallelSliceMut as _};

/// Rows of sums that one task makes.
const ROWS_PER_TASK: usize = 32;

/// One byte per position, row by row: 0 = hole, or not needed; 1 = valid, or needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plane {
    height: usize,
    width: usize,
    values: Vec<u8>,
}

impl Plane {
    /// Wraps values, of which all but 0 count as 1. `None` unless there are `height · width`.
    pub fn new(height: usize, width: usize, values: &[u8]) -> Option<Self> {
        let values: Vec<u8> = values.iter().map(|&value| u8::from(value != 0)).collect();
        (values.len() == height * width).then_some(Self {
            height,
            width,
            values,
        })
    }

    /// Rows.
    pub const fn height(&self) -> usize {
        self.height
    }

    /// Columns.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// The values, row by row.
    pub fn values(&self) -> &[u8] {
        &self.values
    }

    /// The values, row by row, without the rest.
    pub fn into_values(self) -> Vec<u8> {
        self.values
    }

    /// Whether both have the same rows and columns.
    pub const fn has_size_of(&self, other: &Self) -> bool {
        self.height == other.height && self.width == other.width
    }

    /// Whether the position is 1.
    pub fn is_set(&self, y: usize, x: usize) -> bool {
        self.values[y * self.width + x] != 0
    }

    /// The mask after a partial convolution: 1 where the sum is not 0.
    pub(super) fn of_sums(sums: &Sums) -> Self {
        Self {
            height: sums.height,
            width: sums.width,
            values: sums.values.iter().map(|&sum| u8::from(sum != 0)).collect(),
        }
    }

    /// Each value four times, cut to `height` × `width`.
    pub(super) fn upsampled_to(&self, height: usize, width: usize) -> Self {
        let mut values = vec![0; height * width];
        for (y, row) in values.chunks_mut(width).enumerate() {
            let small = &self.values[y / 2 * self.width..][..self.width];
            for (pair, &value) in row.chunks_mut(2).zip(small) {
                pair.fill(value);
            }
        }
        Self {
            height,
            width,
            values,
        }
    }

    /// What a decoder layer needs of its small map of `height` × `width` to make what this plane needs: an output
    /// sees the upsampled positions around it.
    pub(super) fn needed_below(&self, height: usize, width: usize) -> Self {
        let seen_by = |small: usize, len: usize| (2 * small).saturating_sub(1)..(2 * small + 3).min(len);
        let mut values = Vec::with_capacity(height * width);
        let mut any_row = vec![0; self.width];
        for row in 0..height {
            any_row.fill(0);
            for y in seen_by(row, self.height) {
                add(&mut any_row, &self.values[y * self.width..][..self.width]);
            }
            let is_needed = |column| {
                any_row[seen_by(column, self.width)]
                    .iter()
                    .any(|&count| count != 0)
            };
            values.extend((0..width).map(|column| u8::from(is_needed(column))));
        }
        Self {
            height,
            width,
            values,
        }
    }

    /// Number of valid values in each window of `kernel`, `stride` apart, times `channels`; what is outside counts
    /// as hole.
    pub(super) fn window_sums(&self, kernel: usize, stride: usize, channels: usize) -> Sums {
        let (height, width) = (self.height.div_ceil(stride), self.width.div_ceil(stride));
        let reach = kernel / 2;
        let mut values = vec![0u32; height * width];
        // Counts of at most 7 × 7 fit bytes, which add up many at a time.
        let bands = values.par_chunks_mut(width * ROWS_PER_TASK).enumerate();
        bands.for_each(|(band, values)| {
            let mut down = vec![0u8; self.width + 2 * reach];
            let mut across = vec![0u8; self.width];
            for (row, sums) in values.chunks_mut(width).enumerate() {
                let y = (band * ROWS_PER_TASK + row) * stride;
                down.fill(0);
                for y in y.saturating_sub(reach)..(y + reach + 1).min(self.height) {
                    add(
                        &mut down[reach..][..self.width],
                        &self.values[y * self.width..][..self.width],
                    );
                }
                across.fill(0);
                for shift in 0..kernel {
                    add(&mut across, &down[shift..][..self.width]);
                }
                for (sum, &count) in sums.iter_mut().zip(across.iter().step_by(stride)) {
                    *sum = u32::from(count) * channels as u32;
                }
            }
        });
        Sums {
            height,
            width,
            values,
        }
    }
}

fn add(sums: &mut [u8], values: &[u8]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += value;
    }
}

/// `sum(M)` of every window of a layer, over all channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) values: Vec<u32>,
}

impl Sums {
    /// Adds another part's sums.
    pub(super) fn plus(mut self, other: &Self) -> Self {
        for (sum, other) in self.values.iter_mut().zip(&other.values) {
            *sum += other;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::Plane;

    fn striped(height: usize, width: usize) -> Plane {
        let values: Vec<u8> = (0..height * width).map(|index| u8::from(index % 5 < 2)).collect();
        Plane::new(height, width, &values).unwrap()
    }

    #[test]
    fn window_sums_are_those_of_counting() {
        for (height, width) in [(1, 1), (5, 8), (7, 3)] {
            let plane = striped(height, width);
            for (kernel, stride) in [(3, 1), (3, 2), (5, 2), (7, 2)] {
                let sums = plane.window_sums(kernel, stride, 1);
                for (index, &sum) in sums.values.iter().enumerate() {
                    let (y, x) = (index / sums.width * stride, index % sums.width * stride);
                    let is_near = |at: usize, center: usize| at.abs_diff(center) <= kernel / 2;
                    let inside =
                        (0..height * width).filter(|at| is_near(at / width, y) && is_near(at % width, x));
                    let counted = inside.filter(|&at| plane.values[at] == 1).count();
                    assert_eq!(
                        sum as usize, counted,
                        "{height} × {width}, {kernel}, {stride}, {index}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_small_position_is_needed_exactly_if_an_output_that_sees_it_is() {
        for (height, width) in [(6, 9), (1, 2), (5, 5)] {
            for only in 0..height * width {
                let mut values = vec![0; height * width];
                values[only] = 1;
                let small = (height.div_ceil(2), width.div_ceil(2));
                let needed = Plane::new(height, width, &values)
                    .unwrap()
                    .needed_below(small.0, small.1);
                let (y, x) = (only / width, only % width);
                for (index, &is_needed) in needed.values.iter().enumerate() {
                    let (row, column) = (index / small.1, index % small.1);
                    let sees = |at: usize, len: usize, small: usize| {
                        (at.saturating_sub(1)..(at + 2).min(len)).any(|position| position / 2 == small)
                    };
                    let expected = sees(y, height, row) && sees(x, width, column);
                    assert_eq!(is_needed == 1, expected, "{height} × {width}, {only}, {index}");
                }
            }
        }
    }
}
