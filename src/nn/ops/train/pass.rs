//! The three passes of a convolution, whatever it reads and writes: forward, and the gradients of input and weight.
//!
//! Each goes the way that is fastest for its sizes: [`winograd`] or the window as it is ([`engine`]).

use std::ops::Range;

use candle_core::{CpuStorage, Device, Layout, Result, Tensor, bail};

use super::{
    engine,
    kernel::Kernels,
    source::{Finish, Output, Sink, Source, Sums},
    tensors::{dims, values, with_values},
    walk::{Shape, Walk, Window},
    winograd,
};
use crate::nn::ops::simd::Instructions;

/// The kernels for this processor.
fn kernels() -> Kernels {
    Kernels::new(Instructions::best())
}

/// A weight `[outputs, inputs, k, k]`.
#[derive(Clone, Copy)]
pub(super) struct Weight<'a> {
    pub(super) values: &'a [f32],
    pub(super) outputs: usize,
    pub(super) inputs: usize,
}

/// Size of the output, or why there is none.
fn output_shape(window: Window, xs: Shape, weight: &[usize]) -> Result<Shape> {
    let Window {
        kernel,
        stride,
        padding,
    } = window;
    let &[outputs, inputs, rows, columns] = weight else {
        bail!("a weight of four dimensions is needed, not {weight:?}");
    };
    let (Some(height), Some(width)) = (window.output_len(xs.height), window.output_len(xs.width)) else {
        bail!("a window of {kernel} × {kernel} does not fit into {xs:?}");
    };
    if (rows, columns) != (kernel, kernel)
        || inputs != xs.channels
        || !(1..=2).contains(&stride)
        || padding >= kernel
    {
        bail!("a weight {weight:?} with stride {stride} and padding {padding} does not fit {xs:?}");
    }
    if xs.len() == 0 || outputs == 0 {
        bail!("a convolution of nothing: {xs:?} with {weight:?}");
    }
    Ok(Shape {
        images: xs.images,
        channels: outputs,
        height,
        width,
    })
}

/// Convolves what `source` shows with a weight `[outputs, inputs, k, k]` into a new tensor, whose size `finish` is told.
pub(super) fn forward<'a>(
    window: Window,
    source: &dyn Source,
    weight: (&CpuStorage, &Layout),
    finish: impl FnOnce(Shape) -> Result<Finish<'a>>,
) -> Result<(CpuStorage, candle_core::Shape)> {
    let from = source.shape();
    let to = output_shape(window, from, weight.1.dims())?;
    let weight = Weight {
        values: values(weight.0, weight.1)?,
        outputs: to.channels,
        inputs: from.channels,
    };
    let mut ys = vec![0.0; to.len()];
    let sink = Sums {
        to: Output::new(&mut ys, to),
        finish: finish(to)?,
    };
    convolve(window, source, weight, &sink);
    Ok((CpuStorage::F32(ys), dims(to).into()))
}

/// Convolves what `source` shows into `sink`, whose size must be that of the output.
pub(super) fn convolve(window: Window, source: &dyn Source, weight: Weight<'_>, sink: &dyn Sink) {
    let to = sink.shape();
    let Weight { outputs, inputs, .. } = weight;
    let taps = window.taps();
    let at = |output: usize, input: usize, tap: usize| weight.values[(output * inputs + input) * taps + tap];
    if winograd::pays(window, source.shape(), outputs) {
        let packed = winograd::Packed::new(kernels(), outputs, inputs, at);
        winograd::convolve(&packed, kernels(), source, sink, 0..outputs);
    } else {
        let walk = Walk::forward(window, to.images, to.height, to.width);
        let packed = engine::Packed::new(&walk, kernels(), outputs, inputs, at);
        engine::convolve(&walk, &packed, kernels(), source, sink, 0..outputs);
    }
}

/// Gives the gradient of some channels of the input to `sink`, from that of the output.
pub(super) fn input_gradient(
    window: Window,
    weight: &Tensor,
    gradient: &dyn Source,
    sink: &dyn Sink,
    channels: Range<usize>,
) -> Result<()> {
    with_values(weight, |values| {
        let weight = Weight {
            values,
            outputs: gradient.shape().channels,
            inputs: sink.shape().channels,
        };
        convolve_back(window, weight, gradient, sink, channels);
        Ok(())
    })
}

/// As [`input_gradient`] with plain values.
pub(super) fn convolve_back(
    window: Window,
    weight: Weight<'_>,
    gradient: &dyn Source,
    sink: &dyn Sink,
    channels: Range<usize>,
) {
    let from = sink.shape();
    let Weight { outputs, inputs, .. } = weight;
    let taps = window.taps();
    // Inputs and outputs change places.
    let at = |input: usize, output: usize, tap: usize| weight.values[(output * inputs + input) * taps + tap];
    if winograd::pays(window, gradient.shape(), channels.len()) {
        let turned = |input: usize, output: usize, tap: usize| at(input, output, taps - 1 - tap);
        let packed = winograd::Packed::new(kernels(), inputs, outputs, turned);
        winograd::convolve(&packed, kernels(), gradient, sink, channels);
    } else {
        let walk = Walk::backward(window, from.images, from.height, from.width);
        let packed = engine::Packed::new(&walk, kernels(), inputs, outputs, at);
        engine::convolve(&walk, &packed, kernels(), gradient, sink, channels);
    }
}

/// The gradient of the weight from what went in and the gradient of what came out.
pub(super) fn weight_gradient(
    window: Window,
    weight: &Tensor,
    source: &dyn Source,
    gradient: &dyn Source,
) -> Result<Tensor> {
    let of = gradient.shape();
    let walk = Walk::forward(window, of.images, of.height, of.width);
    let values = engine::weight_gradient(&walk, window, kernels(), source, gradient);
    Tensor::from_vec(values, weight.shape(), &Device::Cpu)
}
