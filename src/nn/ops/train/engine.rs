//! Convolutions over whole tensors: bands of positions × groups of channels, split over threads.
//!
//! A task copies a band of its source into local planes, a block of channels at a time, and sums all of its outputs
//! over that block before it takes the next; then the finished rows go to the sink. Nothing of a window is copied
//! twice. Tasks and the order of every sum depend on sizes only, so the bits do not depend on the number of threads.

#![expect(
    unsafe_code,
    reason = "the inner loops take pointers into buffers whose sizes are asserted here"
)]

use std::ops::Range;

use rayon::prelude::{
    IndexedParallelIterator as _, IntoParallelIterator as _, ParallelIterator as _, ParallelSliceMut as _,
};

use super::{
    kernel::{Kernels, Products, Sums, TAPS},
    source::{At, Sink, Source},
    walk::{Band, Shape, Side, Walk, Window},
};

/// Weights per output that a block of channels has, about: with its inputs they stay in the first cache.
const BLOCK: usize = 288;
/// Output channels of a task, over all phases.
const GROUP: usize = 72;
/// Parts of the positions whose weight gradients are made apart and then added.
const PARTS: usize = 8;
/// Output channels of a task of the weight's gradient.
const GRADIENT_GROUP: usize = 32;

/// Channels that are summed at once.
fn block(taps: usize) -> usize {
    (BLOCK / taps.max(1)).max(4)
}

/// Buffers of a thread.
#[derive(Default)]
struct Scratch {
    xs: Vec<f32>,
    sums: Vec<f32>,
    row: Vec<f32>,
}

/// Weights in the order in which [`Sums`] reads them: per phase, panel after panel.
pub(super) struct Packed {
    phases: Vec<Vec<f32>>,
    outputs: usize,
    inputs: usize,
}

impl Packed {
    /// Packs `weight(output, input, tap)` for the taps of each phase.
    pub(super) fn new(
        walk: &Walk,
        kernels: Kernels,
        outputs: usize,
        inputs: usize,
        weight: impl Fn(usize, usize, usize) -> f32 + Sync,
    ) -> Self {
        let width = kernels.outputs;
        let pack = |phase: usize| {
            let taps: Vec<usize> = walk.weights(phase).collect();
            let panel_len = inputs * taps.len() * width;
            let mut packed = vec![0.0; outputs.div_ceil(width) * panel_len];
            if panel_len > 0 {
                let panels = packed.par_chunks_mut(panel_len).enumerate();
                panels.for_each(|(panel, packed)| {
                    for (step, to) in packed.chunks_mut(width).enumerate() {
                        for (output, to) in (panel * width..outputs).zip(to) {
                            *to = weight(output, step / taps.len(), taps[step % taps.len()]);
                        }
                    }
                });
            }
            packed
        };
        Self {
            phases: (0..walk.output_phases()).map(pack).collect(),
            outputs,
            inputs,
        }
    }
}

/// Sums the windows of `walk` over `source` into the output channels `channels` of `sink`.
pub(super) fn convolve(
    walk: &Walk,
    packed: &Packed,
    kernels: Kernels,
    source: &dyn Source,
    sink: &dyn Sink,
    channels: Range<usize>,
) {
    assert_eq!(packed.inputs, source.shape().channels, "weights for other inputs");
    assert_eq!(packed.outputs, sink.shape().channels, "weights for other outputs");
    assert!(
        walk.output.step == 1 || !sink.joins_squares(),
        "squares of strides"
    );
    let group = (GROUP / walk.output_phases() / kernels.outputs).max(1) * kernels.outputs;
    let bands = walk.bands(kernels.positions);
    let first = channels.start / kernels.outputs * kernels.outputs;
    let groups = (first..channels.end).step_by(group);
    let groups: Vec<_> = groups
        .map(|start| start..(start + group).min(channels.end))
        .collect();
    let tasks: Vec<_> = bands
        .iter()
        .flat_map(|band| groups.iter().map(move |group| (band, group.clone())))
        .collect();
    tasks
        .into_par_iter()
        .with_max_len(1)
        .for_each_init(Scratch::default, |scratch, (band, group)| {
            sum_group(walk, band, packed, kernels, source, group.clone(), scratch);
            let wanted = group.start.max(channels.start)..group.end;
            deliver(walk.output, band, group.start, wanted, sink, scratch);
        });
}

/// Sums one band for a group of outputs into `scratch.sums`: per output, per phase, the band's positions.
fn sum_group(
    walk: &Walk,
    band: &Band,
    packed: &Packed,
    kernels: Kernels,
    source: &dyn Source,
    group: Range<usize>,
    scratch: &mut Scratch,
) {
    let phases = walk.output_phases();
    let panels = group.len().div_ceil(kernels.outputs);
    let output_len = phases * band.positions;
    let block = block(band.taps.iter().map(Vec::len).sum());
    scratch
        .sums
        .resize(scratch.sums.len().max(panels * kernels.outputs * output_len), 0.0);
    for start in (0..packed.inputs).step_by(block) {
        let inputs = start..(start + block).min(packed.inputs);
        load(walk.input, band, source, inputs.clone(), scratch);
        for (phase, taps) in band.taps.iter().enumerate() {
            if taps.is_empty() {
                for output in scratch.sums.chunks_mut(output_len).take(group.len()) {
                    output[phase * band.positions..][..band.positions].fill(0.0);
                }
                continue;
            }
            let step = taps.len() * kernels.outputs;
            let first_panel = group.start / kernels.outputs;
            for tile in (0..band.positions).step_by(kernels.positions) {
                for panel in 0..panels {
                    let weights = &packed.phases[phase]
                        [((first_panel + panel) * packed.inputs + inputs.start) * step..]
                        [..inputs.len() * step];
                    let to = &mut scratch.sums
                        [panel * kernels.outputs * output_len + phase * band.positions + tile..];
                    let task = Sums {
                        xs: scratch.xs[tile..].as_ptr(),
                        channel_len: band.channel_len,
                        channels: inputs.len(),
                        taps,
                        weights: weights.as_ptr(),
                        to: to.as_mut_ptr(),
                        output_len,
                        adds: start > 0,
                    };
                    // SAFETY: `load` made room for the block's channels, and `Band` for the farthest tap of the last
                    // tile; the weights are those of the block, and `sums` holds whole panels of whole tiles.
                    unsafe { kernels.sums(group.len() - panel * kernels.outputs)(&task) };
                }
            }
        }
    }
}

/// Copies a band of some channels into `scratch.xs`, zeros around.
fn load(side: Side, band: &Band, source: &dyn Source, channels: Range<usize>, scratch: &mut Scratch) {
    let shape = source.shape();
    scratch.xs.clear();
    scratch.xs.resize(channels.len() * band.channel_len, 0.0);
    scratch.row.resize(shape.width, 0.0);
    for (planes, channel) in scratch.xs.chunks_mut(band.channel_len).zip(channels) {
        for (index, image) in band.images.clone().enumerate() {
            for local_row in 0..band.plane_rows {
                for phase in 0..side.step {
                    let Some(row) = side.place(band.first_row + local_row, phase, shape.height) else {
                        continue;
                    };
                    let at = band.position(index, local_row);
                    let from = At {
                        image,
                        channel,
                        row,
                        start: 0,
                    };
                    if side.step == 1 {
                        let at = at + side.shift - band.first_column;
                        source.read(from, &mut planes[at..][..shape.width]);
                    } else {
                        source.read(from, &mut scratch.row);
                        for column_phase in 0..side.step {
                            let plane = (phase * side.step + column_phase) * band.phase_len;
                            let to = &mut planes[plane + at..][..band.pitch];
                            part(side, band.first_column, column_phase, &scratch.row, to);
                        }
                    }
                }
            }
        }
    }
}

/// Gives the finished rows of some of a group's outputs to the sink.
fn deliver(
    side: Side,
    band: &Band,
    group_start: usize,
    channels: Range<usize>,
    sink: &dyn Sink,
    scratch: &mut Scratch,
) {
    let Shape { height, width, .. } = sink.shape();
    let phases = side.step * side.step;
    let Scratch { sums, row: whole, .. } = scratch;
    whole.resize(width.max(whole.len()), 0.0);
    for channel in channels {
        let sums = &sums[(channel - group_start) * phases * band.positions..][..phases * band.positions];
        for (index, image) in band.images.clone().enumerate() {
            for local_row in 0..band.rows {
                let at = band.position(index, local_row);
                for phase in 0..side.step {
                    let Some(row) = side.place(band.first_row + local_row, phase, height) else {
                        continue;
                    };
                    let to = At {
                        image,
                        channel,
                        row,
                        start: 0,
                    };
                    if side.step == 1 {
                        // SAFETY: no other task has the channel and these rows. The first is even, and the last odd or
                        // the map's.
                        unsafe { sink.write(to, &sums[at..][..width]) };
                        continue;
                    }
                    for column_phase in 0..side.step {
                        let plane = (phase * side.step + column_phase) * band.positions;
                        let from = &sums[plane + at..][..band.columns];
                        spread(side, band.first_column, column_phase, from, &mut whole[..width]);
                    }
                    // SAFETY: no other task has the channel and these rows, and the sink joins no squares.
                    unsafe { sink.write(to, &whole[..width]) };
                }
            }
        }
    }
}

/// Local columns before the map's first, and the column of the map that the next one is.
fn first_inside(side: Side, first: usize, phase: usize) -> (usize, usize) {
    let before = side
        .shift
        .saturating_sub(first * side.step + phase)
        .div_ceil(side.step);
    (before, (first + before) * side.step + phase - side.shift)
}

/// Takes every `step`-th value of a row.
fn part(side: Side, first: usize, phase: usize, row: &[f32], to: &mut [f32]) {
    let (before, start) = first_inside(side, first, phase);
    let values = row.iter().skip(start).step_by(side.step);
    for (to, &value) in to.iter_mut().skip(before).zip(values) {
        *to = value;
    }
}

/// Puts values to every `step`-th place of a row.
fn spread(side: Side, first: usize, phase: usize, from: &[f32], row: &mut [f32]) {
    let (before, start) = first_inside(side, first, phase);
    let places = row.iter_mut().skip(start).step_by(side.step);
    for (to, &value) in places.zip(from.iter().skip(before)) {
        *to = value;
    }
}

/// The gradient of the weight `[outputs, inputs, k, k]` from what went in and the gradient of what came out.
pub(super) fn weight_gradient(
    walk: &Walk,
    window: Window,
    kernels: Kernels,
    source: &dyn Source,
    gradient: &dyn Source,
) -> Vec<f32> {
    let outputs = gradient.shape().channels;
    let per_output = source.shape().channels * window.taps();
    let bands = walk.bands(kernels.positions);
    let parts: Vec<_> = bands.chunks(bands.len().div_ceil(PARTS)).collect();
    let starts: Vec<_> = (0..outputs).step_by(GRADIENT_GROUP).collect();
    let of_group = |start: usize| start..(start + GRADIENT_GROUP).min(outputs);
    let tasks: Vec<_> = starts
        .iter()
        .flat_map(|&start| parts.iter().map(move |&part| (of_group(start), part)))
        .collect();
    let partial: Vec<Vec<f32>> = tasks
        .into_par_iter()
        .with_max_len(1)
        .map_init(GradientScratch::default, |scratch, (group, part)| {
            let mut sums = vec![0.0; group.len() * per_output];
            for band in part {
                scratch.add_band(
                    walk,
                    band,
                    window,
                    kernels,
                    source,
                    gradient,
                    group.clone(),
                    &mut sums,
                );
            }
            sums
        })
        .collect();
    let mut total = vec![0.0; outputs * per_output];
    for (total, partial) in total
        .chunks_mut(GRADIENT_GROUP * per_output)
        .zip(partial.chunks(parts.len()))
    {
        for partial in partial {
            for (total, &value) in total.iter_mut().zip(partial) {
                *total += value;
            }
        }
    }
    total
}

/// Buffers of a thread.
#[derive(Default)]
struct GradientScratch {
    inputs: Scratch,
    gradients: Vec<f32>,
}

impl GradientScratch {
    /// Adds what the positions of one band contribute to the weights of a group of outputs.
    fn add_band(
        &mut self,
        walk: &Walk,
        band: &Band,
        window: Window,
        kernels: Kernels,
        source: &dyn Source,
        gradient: &dyn Source,
        group: Range<usize>,
        sums: &mut [f32],
    ) {
        let inputs = source.shape().channels;
        let to_step = inputs * window.taps();
        assert_eq!(sums.len(), group.len() * to_step, "sums of a whole group");
        self.load_gradients(band, kernels, gradient, group.clone());
        let taps = &band.taps[0];
        let block = block(taps.len());
        for start in (0..inputs).step_by(block) {
            let channels = start..(start + block).min(inputs);
            load(walk.input, band, source, channels.clone(), &mut self.inputs);
            for output in (0..group.len()).step_by(kernels.product_outputs) {
                let gradients =
                    &self.gradients[output * band.positions..][..kernels.product_outputs * band.positions];
                for (planes, channel) in self.inputs.xs.chunks(band.channel_len).zip(channels.clone()) {
                    for (index, some) in taps.chunks(TAPS).enumerate() {
                        let at = output * to_step + channel * taps.len() + index * TAPS;
                        let task = Products {
                            gradients: gradients.as_ptr(),
                            output_len: band.positions,
                            xs: std::array::from_fn(|tap| planes[some[tap.min(some.len() - 1)]..].as_ptr()),
                            positions: band.positions,
                            to: sums[at..].as_mut_ptr(),
                            to_step,
                            outputs: kernels.product_outputs.min(group.len() - output),
                            taps: some.len(),
                        };
                        // SAFETY: `gradients` holds whole panels of the band's positions, which are whole vectors;
                        // `Band` has room for the farthest tap of the last one; `sums` holds the group's weights.
                        unsafe { (kernels.products)(&task) };
                    }
                }
            }
        }
    }

    /// Copies the gradients of a band; zeros where no output is, and in outputs that only fill the panel.
    fn load_gradients(&mut self, band: &Band, kernels: Kernels, gradient: &dyn Source, group: Range<usize>) {
        self.gradients.clear();
        let padded = group.len().next_multiple_of(kernels.product_outputs);
        self.gradients.resize(padded * band.positions, 0.0);
        for (plane, channel) in self.gradients.chunks_mut(band.positions).zip(group) {
            for (index, image) in band.images.clone().enumerate() {
                for row in 0..band.rows {
                    let to = &mut plane[band.position(index, row)..][..band.columns];
                    let row = band.first_row + row;
                    gradient.read(
                        At {
                            image,
                            channel,
                            row,
                            start: 0,
                        },
                        to,
                    );
                }
            }
        }
    }
}
