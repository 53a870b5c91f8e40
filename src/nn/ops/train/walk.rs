//! Where the outputs of a convolution, or of its input's gradient, find their inputs: geometry only.
//!
//! Both are walked alike. Positions form a grid; a band of it is copied, row by row, into local planes with zeros
//! around, in which every tap of every position lies at one fixed distance. Rows and columns that a stride skips go to
//! planes of their own (*phases*): forward the inputs have phases, backward the outputs. Small maps of several
//! images share one band, so that vectors are full even where a map is two pixels wide.

use std::ops::Range;

/// Positions of a band, at least, where there are as many: its planes stay in a core's own cache.
const BAND: usize = 1024;

/// A square convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) kernel: usize,
    pub(super) stride: usize,
    /// Zeros around; less than the kernel.
    pub(super) padding: usize,
}

impl Window {
    /// Side of the output, where the window fits into the input at all.
    pub(super) const fn output_len(self, input_len: usize) -> Option<usize> {
        match (input_len + 2 * self.padding).checked_sub(self.kernel) {
            Some(room) => Some(room / self.stride + 1),
            None => None,
        }
    }

    /// Weights per pair of channels.
    pub(super) const fn taps(self) -> usize {
        self.kernel * self.kernel
    }
}

/// Size of a tensor `[images, channels, height, width]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) images: usize,
    pub(super) channels: usize,
    pub(super) height: usize,
    pub(super) width: usize,
}

impl Shape {
    pub(super) const fn plane(self) -> usize {
        self.height * self.width
    }

    pub(super) const fn len(self) -> usize {
        self.images * self.channels * self.plane()
    }

    /// Index of a row's first value.
    pub(super) const fn row(self, image: usize, channel: usize, row: usize) -> usize {
        ((image * self.channels + channel) * self.height + row) * self.width
    }
}

/// How a local index belongs to a row or column of a map: `index · step + phase − shift`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Side {
    pub(super) step: usize,
    pub(super) shift: usize,
}

impl Side {
    /// The row or column, if it is inside `len`.
    pub(super) fn place(self, index: usize, phase: usize, len: usize) -> Option<usize> {
        (index * self.step + phase)
            .checked_sub(self.shift)
            .filter(|&place| place < len)
    }
}

/// Where a position finds one weight's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tap {
    phase: usize,
    row: usize,
    column: usize,
    weight: usize,
}

/// A grid of positions and where they read and write.
#[derive(Debug, Clone)]
pub(super) struct Walk {
    images: usize,
    rows: usize,
    columns: usize,
    /// Index of the first row and column of the grid.
    first: usize,
    /// Local rows and columns that are read after the last position's own.
    halo: usize,
    pub(super) input: Side,
    pub(super) output: Side,
    /// Per phase of the output.
    taps: Vec<Vec<Tap>>,
}

impl Walk {
    /// The convolution itself, for an output of `height` × `width`.
    pub(super) fn forward(window: Window, images: usize, height: usize, width: usize) -> Self {
        let Window {
            kernel,
            stride,
            padding,
        } = window;
        let taps = (0..kernel * kernel).map(|weight| {
            let (row, column) = (weight / kernel, weight % kernel);
            Tap {
                phase: row % stride * stride + column % stride,
                row: row / stride,
                column: column / stride,
                weight,
            }
        });
        Self {
            images,
            rows: height,
            columns: width,
            first: 0,
            halo: (kernel - 1) / stride,
            input: Side {
                step: stride,
                shift: padding,
            },
            output: Side { step: 1, shift: 0 },
            taps: vec![taps.collect()],
        }
    }

    /// The gradient of its input of `height` × `width`.
    pub(super) fn backward(window: Window, images: usize, height: usize, width: usize) -> Self {
        let Window {
            kernel,
            stride,
            padding,
        } = window;
        let halo = kernel.div_ceil(stride) - 1;
        let first = padding / stride;
        let count = |len: usize| (len - 1 + padding) / stride + 1 - first;
        let taps_of = |phase: usize| {
            let (phase_row, phase_column) = (phase / stride, phase % stride);
            let weights = (0..kernel * kernel).map(|weight| (weight / kernel, weight % kernel, weight));
            weights
                .filter(|(row, column, _)| row % stride == phase_row && column % stride == phase_column)
                .map(|(row, column, weight)| Tap {
                    phase: 0,
                    row: halo - row / stride,
                    column: halo - column / stride,
                    weight,
                })
                .collect()
        };
        Self {
            images,
            rows: count(height),
            columns: count(width),
            first,
            halo,
            input: Side { step: 1, shift: halo },
            output: Side {
                step: stride,
                shift: padding,
            },
            taps: (0..stride * stride).map(taps_of).collect(),
        }
    }

    /// Phases of the output.
    pub(super) const fn output_phases(&self) -> usize {
        self.output.step * self.output.step
    }

    /// For each tap of an output phase, which weight it is.
    pub(super) fn weights(&self, phase: usize) -> impl Iterator<Item = usize> {
        self.taps[phase].iter().map(|tap| tap.weight)
    }

    /// The grid in bands, which do not depend on the number of threads; tiles have `tile` positions.
    ///
    /// A band starts at an even row of the grid, unless it holds whole images.
    pub(super) fn bands(&self, tile: usize) -> Vec<Band> {
        let pitch = self.columns + self.halo;
        let rows = (BAND.div_ceil(pitch).next_multiple_of(2)).min(self.rows);
        if rows < self.rows {
            let rows = self.rows.div_ceil(self.rows.div_ceil(rows)).next_multiple_of(2);
            let starts =
                (0..self.images).flat_map(|image| (0..self.rows).step_by(rows).map(move |row| (image, row)));
            return starts
                .map(|(image, row)| self.band(image..image + 1, row..(row + rows).min(self.rows), tile))
                .collect();
        }
        let images = (BAND / ((self.rows + self.halo) * pitch)).clamp(1, self.images);
        (0..self.images)
            .step_by(images)
            .map(|image| self.band(image..(image + images).min(self.images), 0..self.rows, tile))
            .collect()
    }

    fn band(&self, images: Range<usize>, rows: Range<usize>, tile: usize) -> Band {
        let pitch = self.columns + self.halo;
        let plane_rows = rows.len() + self.halo;
        let positions = ((images.len() - 1) * plane_rows + rows.len()) * pitch;
        let positions = positions.next_multiple_of(tile);
        let phases = self.input.step * self.input.step;
        let phase_len = images.len() * plane_rows * pitch;
        // The last tap of the last tile reads this far. A distance of whole pages would put the same place of all
        // channels into the same few lines of the cache.
        let reach = (phases - 1) * phase_len + positions + self.halo * (pitch + 1);
        let channel_len = reach.next_multiple_of(16);
        Band {
            taps: self.offsets(phase_len, pitch),
            first_row: self.first + rows.start,
            first_column: self.first,
            images,
            rows: rows.len(),
            columns: self.columns,
            plane_rows,
            pitch,
            positions,
            phase_len,
            channel_len: if channel_len.is_multiple_of(512) {
                channel_len + 16
            } else {
                channel_len
            },
        }
    }

    fn offsets(&self, phase_len: usize, pitch: usize) -> Vec<Vec<usize>> {
        let offset = |tap: &Tap| tap.phase * phase_len + tap.row * pitch + tap.column;
        self.taps
            .iter()
            .map(|taps| taps.iter().map(offset).collect())
            .collect()
    }
}

/// Some rows of the grid, or some images.
#[derive(Debug, Clone)]
pub(super) struct Band {
    pub(super) images: Range<usize>,
    /// Index of its first row, to be placed by a [`Side`].
    pub(super) first_row: usize,
    pub(super) first_column: usize,
    /// Rows of each image.
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Local rows of each image.
    pub(super) plane_rows: usize,
    /// Local columns.
    pub(super) pitch: usize,
    /// Local positions, those between rows and images included; whole tiles.
    pub(super) positions: usize,
    /// Values of one phase of a channel.
    pub(super) phase_len: usize,
    /// Values of a channel: of all phases, and as far as the last tile reads.
    pub(super) channel_len: usize,
    /// Per phase of the output, per tap its distance from a position.
    pub(super) taps: Vec<Vec<usize>>,
}

impl Band {
    /// Index of the first position of a row.
    pub(super) const fn position(&self, image: usize, row: usize) -> usize {
        (image * self.plane_rows + row) * self.pitch
    }
}
