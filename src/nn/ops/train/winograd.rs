//! 3 × 3 convolutions with less than half of the multiplications: Winograd's F(2 × 2, 3 × 3).
//!
//! ([Lavin and Gray, 2016](https://arxiv.org/abs/1509.09308).) Squares of 4 × 4 inputs that overlap by two become
//! sixteen sums and differences, their *parts*; per part the sums over all channels are one matrix product; sixteen
//! results become 2 × 2 outputs. 16 multiplications do the work of 36. Only additions come on top, all along rows, so
//! vectors stay full and nothing is transposed but even and odd columns. Rounding stays within what the tests allow the
//! window as it is (1e-5 of the largest value).
//!
//! Squares are numbered through all images, row by row, and a task takes a number of them that lets their parts stay
//! in a core's own cache, whatever the size of a map. Tasks and the order of every sum depend on sizes only.

#![expect(
    unsafe_code,
    reason = "the inner loop takes pointers into buffers whose sizes are asserted here"
)]

use std::ops::Range;

use rayon::prelude::{
    IndexedParallelIterator as _, IntoParallelIterator as _, ParallelIterator as _, ParallelSliceMut as _,
};

use super::{
    kernel::{Kernels, Sums},
    source::{At, Sink, Source},
    squares::{Input, Output, PARTS, transformed_weight},
    walk::{Shape, Window},
};

/// The window that it is made for.
pub(super) const WINDOW: Window = Window {
    kernel: 3,
    stride: 1,
    padding: 1,
};

/// Values of one part of all channels and squares of a task, about: they stay in the first cache.
const PART_LEN: usize = 4096;
/// Channels that are summed at once.
const BLOCK: usize = 256;
/// Output channels that are made at once.
const GROUP: usize = 36;
/// Tasks to make, at least, where there are outputs enough.
const TASKS: usize = 16;
/// Channels and squares below which it does not pay.
const FEWEST_CHANNELS: usize = 16;
const FEWEST_SQUARES: usize = 128;

/// Whether it pays for a convolution of such a tensor into so many channels.
pub(super) fn pays(window: Window, from: Shape, outputs: usize) -> bool {
    window == WINDOW
        && from.channels.min(outputs) >= FEWEST_CHANNELS
        && Squares::of(from).count() >= FEWEST_SQUARES
}

/// The squares of 2 × 2 outputs of a tensor.
#[derive(Debug, Clone, Copy)]
struct Squares {
    images: usize,
    rows: usize,
    columns: usize,
}

/// Some squares side by side.
#[derive(Debug, Clone, Copy)]
struct Run {
    image: usize,
    row: usize,
    column: usize,
    count: usize,
    /// Squares of the task before it.
    before: usize,
}

impl Squares {
    const fn of(shape: Shape) -> Self {
        Self {
            images: shape.images,
            rows: shape.height.div_ceil(2),
            columns: shape.width.div_ceil(2),
        }
    }

    const fn count(self) -> usize {
        self.images * self.rows * self.columns
    }

    /// The runs that some squares fall into.
    fn runs(self, squares: Range<usize>) -> Vec<Run> {
        let mut runs = Vec::new();
        let mut at = squares.start;
        while at < squares.end {
            let (line, column) = (at / self.columns, at % self.columns);
            let count = (self.columns - column).min(squares.end - at);
            runs.push(Run {
                image: line / self.rows,
                row: line % self.rows,
                column,
                count,
                before: at - squares.start,
            });
            at += count;
        }
        runs
    }
}

/// Transformed weights: panel after panel, part after part, per input one value for each output of the panel.
pub(super) struct Packed {
    values: Vec<f32>,
    outputs: usize,
    inputs: usize,
}

impl Packed {
    /// Transforms `weight(output, input, tap)`.
    pub(super) fn new(
        kernels: Kernels,
        outputs: usize,
        inputs: usize,
        weight: impl Fn(usize, usize, usize) -> f32 + Sync,
    ) -> Self {
        let width = kernels.outputs;
        let mut values = vec![0.0; outputs.div_ceil(width) * PARTS * inputs * width];
        let panels = values.par_chunks_mut(PARTS * inputs * width).enumerate();
        panels.for_each(|(panel, values)| {
            for (lane, output) in (panel * width..outputs).take(width).enumerate() {
                for input in 0..inputs {
                    let parts = transformed_weight(|tap| weight(output, input, tap));
                    for (part, value) in parts.into_iter().enumerate() {
                        values[(part * inputs + input) * width + lane] = value;
                    }
                }
            }
        });
        Self {
            values,
            outputs,
            inputs,
        }
    }
}

/// Sums the windows over `source` into the output channels `channels` of `sink`.
pub(super) fn convolve(
    packed: &Packed,
    kernels: Kernels,
    source: &dyn Source,
    sink: &dyn Sink,
    channels: Range<usize>,
) {
    assert_eq!(packed.inputs, source.shape().channels, "weights for other inputs");
    assert_eq!(packed.outputs, sink.shape().channels, "weights for other outputs");
    let squares = Squares::of(sink.shape());
    let count = squares.count();
    let per_task = (PART_LEN / packed.inputs.min(BLOCK) / kernels.positions).max(1) * kernels.positions;
    let per_task = per_task.min(count.next_multiple_of(kernels.positions));
    let starts: Vec<_> = (0..count).step_by(per_task).collect();
    let first = channels.start / kernels.outputs * kernels.outputs;
    let group = (GROUP / kernels.outputs).max(1) * kernels.outputs;
    let groups: Vec<_> = (first..channels.end).step_by(group).collect();
    let at_once = groups.len().div_ceil(TASKS.div_ceil(starts.len()));
    let tasks: Vec<_> = starts
        .iter()
        .flat_map(|&start| groups.chunks(at_once).map(move |groups| (start, groups)))
        .collect();
    tasks
        .into_par_iter()
        .with_max_len(1)
        .for_each_init(Scratch::default, |scratch, (start, groups)| {
            let task = Task {
                packed,
                kernels,
                runs: squares.runs(start..(start + per_task).min(count)),
                squares: per_task,
            };
            for (index, &start) in groups.iter().enumerate() {
                let group = start..(start + group).min(channels.end);
                task.sum(source, group.clone(), index == 0, scratch);
                task.deliver(
                    group.start,
                    group.start.max(channels.start)..group.end,
                    sink,
                    scratch,
                );
            }
        });
}

/// Buffers of a thread.
#[derive(Default)]
struct Scratch {
    /// Rows of one run, then their even and their odd columns.
    rows: Vec<f32>,
    /// Per part, per channel, the squares.
    xs: Vec<f32>,
    /// Per output, per part, the squares.
    sums: Vec<f32>,
}

fn grow(values: &mut Vec<f32>, len: usize) {
    values.resize(values.len().max(len), 0.0);
}

/// Some squares to make.
struct Task<'a> {
    packed: &'a Packed,
    kernels: Kernels,
    runs: Vec<Run>,
    /// Squares with those that only fill a vector.
    squares: usize,
}

impl Task<'_> {
    /// Values from one part to the next. Whole pages would put all parts into the same few lines of the cache.
    const fn part_len(&self, channels: usize) -> usize {
        channels * self.squares + 16
    }

    /// Sums the parts of a group of outputs into `scratch.sums`.
    fn sum(&self, source: &dyn Source, group: Range<usize>, is_first: bool, scratch: &mut Scratch) {
        let inputs = self.packed.inputs;
        let panels = group.len().div_ceil(self.kernels.outputs);
        grow(
            &mut scratch.sums,
            panels * self.kernels.outputs * PARTS * self.squares,
        );
        for start in (0..inputs).step_by(BLOCK) {
            let block = start..(start + BLOCK).min(inputs);
            // The parts of the only block are there from the first group on.
            if is_first || inputs > BLOCK {
                self.load(source, block.clone(), scratch);
            }
            for part in 0..PARTS {
                for first in group.clone().step_by(self.kernels.outputs) {
                    self.multiply(block.clone(), part, group.start, first..group.end, scratch);
                }
            }
        }
    }

    /// One part of the panel that `outputs` begins with, of the group from `group` on, summed over a block of inputs.
    fn multiply(
        &self,
        block: Range<usize>,
        part: usize,
        group: usize,
        outputs: Range<usize>,
        scratch: &mut Scratch,
    ) {
        let width = self.kernels.outputs;
        let inputs = self.packed.inputs;
        let panel = outputs.start / width;
        let xs = &scratch.xs[part * self.part_len(block.len())..][..block.len() * self.squares];
        let weights = &self.packed.values[((panel * PARTS + part) * inputs + block.start) * width..]
            [..block.len() * width];
        let output_len = PARTS * self.squares;
        let to = &mut scratch.sums[(outputs.start - group) * output_len..][..width * output_len];
        let to = &mut to[part * self.squares..];
        for tile in (0..self.squares).step_by(self.kernels.positions) {
            let task = Sums {
                xs: xs[tile..].as_ptr(),
                channel_len: self.squares,
                channels: block.len(),
                taps: &[0],
                weights: weights.as_ptr(),
                to: to[tile..].as_mut_ptr(),
                output_len,
                adds: block.start > 0,
            };
            // SAFETY: `squares` is a whole number of tiles, and `xs`, `weights` and `to` were just cut to as many
            // channels, weights and outputs as are read and written.
            unsafe { self.kernels.sums(outputs.len())(&task) };
        }
    }

    /// Transforms the inputs of some channels into `scratch.xs`.
    fn load(&self, source: &dyn Source, channels: Range<usize>, scratch: &mut Scratch) {
        let part_len = self.part_len(channels.len());
        grow(&mut scratch.xs, PARTS * part_len);
        for (index, channel) in channels.enumerate() {
            for run in &self.runs {
                let row_len = 2 * run.count + 2;
                grow(&mut scratch.rows, 8 * row_len);
                let (rows, halves) = scratch.rows[..8 * row_len].split_at_mut(4 * row_len);
                run.read(source, channel, rows);
                let input = Input {
                    rows,
                    halves,
                    count: run.count,
                    to: &mut scratch.xs[index * self.squares + run.before..],
                    part_len,
                };
                // SAFETY: only the processor's instructions are asked for, which `kernels` were chosen by.
                unsafe { (self.kernels.spread)(input) };
            }
        }
    }

    /// Gives the outputs of some of a group's channels to the sink.
    fn deliver(&self, group: usize, channels: Range<usize>, sink: &dyn Sink, scratch: &mut Scratch) {
        let Shape { height, width, .. } = sink.shape();
        for channel in channels {
            let sums = &scratch.sums[(channel - group) * PARTS * self.squares..][..PARTS * self.squares];
            for run in &self.runs {
                grow(&mut scratch.rows, 4 * run.count);
                let (upper, lower) = scratch.rows[..4 * run.count].split_at_mut(2 * run.count);
                let output = Output {
                    parts: &sums[run.before..],
                    part_len: self.squares,
                    upper: &mut *upper,
                    lower: &mut *lower,
                };
                // SAFETY: only the processor's instructions are asked for, which `kernels` were chosen by.
                unsafe { (self.kernels.gather)(output) };
                let (row, start) = (2 * run.row, 2 * run.column);
                let inside = (2 * run.count).min(width - start);
                for (row, values) in (row..height).zip([&*upper, &*lower]) {
                    let to = At {
                        image: run.image,
                        channel,
                        row,
                        start,
                    };
                    // SAFETY: no other task has these squares of the channel.
                    unsafe { sink.write(to, &values[..inside]) };
                }
            }
        }
    }
}

impl Run {
    /// Copies the four rows that the run's windows see, zeros around.
    fn read(&self, source: &dyn Source, channel: usize, rows: &mut [f32]) {
        let Shape { height, width, .. } = source.shape();
        let row_len = 2 * self.count + 2;
        let before = usize::from(self.column == 0);
        let start = 2 * self.column + before - 1;
        let inside = (width - start).min(row_len - before);
        for (index, to) in rows.chunks_exact_mut(row_len).enumerate() {
            let row = (2 * self.row + index).checked_sub(1).filter(|&row| row < height);
            let Some(row) = row else {
                to.fill(0.0);
                continue;
            };
            to[..before].fill(0.0);
            to[before + inside..].fill(0.0);
            let from = At {
                image: self.image,
                channel,
                row,
                start,
            };
            source.read(from, &mut to[before..][..inside]);
        }
    }
}
