//! The operations of training, forward and backward: on CUDA those of [`gpu`], on the CPU those that follow,
//! elsewhere candle's own.
//!
//! Tensors are candle's usual `[b, c, h, w]` of `f32`, and stay so: nothing is transposed and no window is copied out.
//! A gradient that nobody tracks is not computed: the weights of a feature network, or the first layer's
//! picture, cost nothing backward.
//!
//! # How a convolution runs
//!
//! `pass` chooses the way by the sizes. 3 × 3 windows of stride 1 with channels and positions enough go through
//! `winograd`: squares of 4 × 4 inputs become sixteen parts (`squares`), parts are summed over the channels, and each
//! sixteen sums become 2 × 2 outputs. The gradient of the input is the same with the weights turned around.
//!
//! Everything else goes through `engine`. `walk` lays a band of some thousand positions, with zeros around, into planes
//! in which every tap of every position lies at one fixed distance; the columns between two rows are computed too and
//! thrown away. Strides go to planes of their own, small maps of several images share a band. The gradient of the input
//! is the same over the gradient; stride 2 makes its four kinds of pixels apart. The gradient of the weight multiplies
//! the same planes position by position, in at most eight parts that are added in order.
//!
//! Both sum a few output channels × 16 positions (with AVX2) in registers (`kernel`), over a block of channels that the
//! first cache holds. Bands, blocks and parts depend on sizes only: the same bits for any number of threads.
//!
//! `source` is what happens while rows are copied: holes become zero, the decoder's small map is spread and its skip
//! joined, a gradient is scaled by the ratio or stopped by a `ReLU`. None of these makes a tensor.
//!
//! # The losses on features
//!
//! Nine tenths of a step's multiplications are the feature network's. [`feature_losses()`] is one operation: `features`
//! runs the network with its own memory, which the next step uses again; a pool is made while its convolution's rows
//! are written, and one byte per square says which value goes on (`pooled`). Nothing but the pools stays of the photo.
//! The gradient is written down, not recorded: signs of differences, and one matrix product per image and stage.
//!
//! # What it gave
//!
//! A whole step (batch 4, 256², width 32, VGG-16 to pool3), processor time on a very busy machine with AVX2, where
//! PyTorch's took 13.2 s:
//!
//! | what | processor time after it |
//! |---|---|
//! | Winograd for 3 × 3 of stride 1: 16 multiplications for 36 | 12.2 s |
//! | 6 outputs × 2 vectors instead of 4 × 3, for which the compiler spilled a register in every step | 9.7 to 11 s |
//! | the losses on features as one operation | 5.9 to 6.9 s |
//!
//! `lacuna bench --only training` and PyTorch in turn on an idle machine: 2.87 and 2.70 s against 5.32 and 5.03 s, a ratio
//! of 0.54; 1,206 MiB against 2,002. It was 1.64 before these three. The sums reach some 80 %
//! of the core's rate in the feature network (from cycles spent in them). Weights of the feature network transformed
//! once and kept gave nothing that could be measured. A fifth of what the U-Net itself takes is fresh memory and
//! candle's sums of gradients.

mod conv;
mod engine;
mod feature_losses;
mod features;
mod kernel;
mod norm;
mod partial;
mod pass;
mod pool;
mod pooled;
mod source;
mod squares;
mod tensors;
mod upsampled;
mod walk;
mod winograd;

use candle_core::{DType, Device, Result, Tensor};
use rayon::prelude::{ParallelIterator as _, ParallelSlice as _};

use conv::Conv;
pub use feature_losses::feature_losses;
pub use features::FeatureNetwork;
use norm::{Norm, Statistics};
use partial::{Factors, PartialConv};
pub(in crate::nn) use tensors::{values, with_values, with_values_mut};
use upsampled::UpsampledConv;
use walk::Window;

use super::cuda::train as gpu;

/// Numbers that one thread squares at a time.
const SQUARES_AT_ONCE: usize = 1 << 14;

/// Whether the operations of this module are our own for `xs`: in single precision, on the CPU or on a CUDA device that
/// can run the kernels.
pub fn are_ours(xs: &Tensor) -> bool {
    is_on_cpu(xs) || gpu::runs(xs)
}

/// Whether [`feature_losses()`] runs on `xs`: in single precision, on the CPU.
pub fn is_on_cpu(xs: &Tensor) -> bool {
    xs.device().is_cpu() && xs.dtype() == DType::F32 && !gpu::runs(xs)
}

/// Convolution of `xs` `[b, c, h, w]` with `weight` `[o, c, k, k]`: `[b, o, (h + 2·padding − k)/stride + 1, …]`.
///
/// Differentiable in both arguments; a gradient that nobody tracks is not computed.
pub fn conv2d(xs: &Tensor, weight: &Tensor, padding: usize, stride: usize) -> Result<Tensor> {
    if gpu::runs(xs) && weight.dim(3)? == 2 * padding + 1 {
        return gpu::conv2d(xs, weight, stride);
    }
    if !is_on_cpu(xs) {
        return xs.conv2d(weight, padding, stride, 1, 1);
    }
    let window = Window {
        kernel: weight.dim(3)?,
        stride,
        padding,
    };
    xs.contiguous()?
        .apply_op2(&weight.contiguous()?, Conv { window, slope: 1.0 })
}

/// `relu(conv2d(xs, weight) + bias)` with stride 1 in one pass; `bias` is `[o]`.
///
/// Differentiable in all arguments; a gradient that nobody tracks is not computed.
pub fn conv2d_relu(xs: &Tensor, weight: &Tensor, bias: &Tensor, padding: usize) -> Result<Tensor> {
    if gpu::runs(xs) && weight.dim(3)? == 2 * padding + 1 {
        return gpu::conv2d_relu(xs, weight, bias);
    }
    if !is_on_cpu(xs) {
        let ys = xs.conv2d(weight, padding, 1, 1, 1)?;
        return ys.broadcast_add(&bias.reshape((1, (), 1, 1))?)?.relu();
    }
    let window = Window {
        kernel: weight.dim(3)?,
        stride: 1,
        padding,
    };
    xs.contiguous()?.apply_op3(
        &weight.contiguous()?,
        &bias.contiguous()?,
        Conv { window, slope: 0.0 },
    )
}

/// `conv2d(xs, weight) · ratio` with stride 1 or 2 and half the kernel as padding, holes of `xs` counting as zero.
///
/// `mask` belongs to `xs` and is 0 in holes, `ratio` belongs to the output; both are `[b, 1, h, w]` and take no
/// gradient. Anything may stand in holes. Only where [`are_ours`]. A gradient that nobody tracks is not computed.
pub fn partial_conv2d(
    xs: &Tensor,
    weight: &Tensor,
    mask: &Tensor,
    ratio: &Tensor,
    stride: usize,
) -> Result<Tensor> {
    if gpu::runs(xs) {
        return gpu::partial_conv2d(xs, weight, mask, ratio, stride);
    }
    let kernel = weight.dim(3)?;
    let op = PartialConv {
        window: Window {
            kernel,
            stride,
            padding: kernel / 2,
        },
        mask: Factors::new(mask)?,
        ratio: Factors::new(ratio)?,
    };
    xs.contiguous()?.apply_op2(&weight.contiguous()?, op)
}

/// As [`partial_conv2d`], 3 × 3 with stride 1, over `small` at twice its size, cut to that of `skip`, and `skip`
/// behind its channels. Neither is copied together.
///
/// Sides of `small` must be half of those of `skip`, rounded up. Only where [`are_ours`].
pub fn partial_conv2d_upsampled(
    small: &Tensor,
    small_mask: &Tensor,
    skip: &Tensor,
    skip_mask: &Tensor,
    weight: &Tensor,
    ratio: &Tensor,
) -> Result<Tensor> {
    if gpu::runs(small) {
        return gpu::partial_conv2d_upsampled(small, small_mask, skip, skip_mask, weight, ratio);
    }
    let op = UpsampledConv {
        small_mask: Factors::new(small_mask)?,
        skip_mask: Factors::new(skip_mask)?,
        ratio: Factors::new(ratio)?,
    };
    small
        .contiguous()?
        .apply_op3(&skip.contiguous()?, &weight.contiguous()?, op)
}

/// The largest of every 2 × 2 of `[b, c, h, w]`; what is left over at odd sides is cut off. Differentiable.
///
/// Of equals the first takes the gradient, row by row, as in PyTorch; with candle's own operations all of them do.
pub fn max_pool2(xs: &Tensor) -> Result<Tensor> {
    if gpu::runs(xs) {
        return gpu::max_pool2(xs);
    }
    if !is_on_cpu(xs) {
        // candle's own `max_pool2d` gives a quarter of the gradient back (0.11.1).
        let (images, channels, height, width) = xs.dims4()?;
        let (rows, columns) = (height / 2, width / 2);
        return xs
            .narrow(2, 0, 2 * rows)?
            .narrow(3, 0, 2 * columns)?
            .reshape((images, channels, rows, 2, columns, 2))?
            .max(5)?
            .max(3);
    }
    xs.contiguous()?.apply_op1(pool::MaxPool)
}

/// Batch norm on the statistics of the batch, then an activation of `slope` below zero: 0 is `ReLU`, 1 nothing.
///
/// Gives the result, the mean and the *biased* variance, `[c]` each, without gradients. Differentiable in `xs`
/// `[b, c, h, w]`, `weight` `[c]` and `bias` `[c]`, through the statistics too. Only where [`are_ours`].
pub fn batch_norm(
    xs: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    slope: f32,
) -> Result<(Tensor, Tensor, Tensor)> {
    if gpu::runs(xs) {
        return gpu::batch_norm(xs, weight, bias, slope);
    }
    let xs = xs.contiguous()?;
    let shape = tensors::shape(xs.dims())?;
    let statistics = with_values(&xs, |values| Ok(norm::statistics(values, shape)))?;
    let per_channel = |values: &[f32]| Tensor::from_slice(values, shape.channels, xs.device());
    let (mean, variance) = (per_channel(&statistics.mean)?, per_channel(&statistics.variance)?);
    let op = Norm {
        statistics,
        slope,
        is_of_batch: true,
    };
    Ok((
        xs.apply_op3(&weight.contiguous()?, &bias.contiguous()?, op)?,
        mean,
        variance,
    ))
}

/// As [`batch_norm`] on given statistics, `[c]` each, which take no gradient.
pub fn frozen_norm(
    xs: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    mean: &Tensor,
    variance: &Tensor,
    slope: f32,
) -> Result<Tensor> {
    if gpu::runs(xs) {
        return gpu::frozen_norm(xs, weight, bias, mean, variance, slope);
    }
    let op = Norm {
        statistics: Statistics {
            mean: mean.to_vec1()?,
            variance: variance.to_vec1()?,
        },
        slope,
        is_of_batch: false,
    };
    xs.contiguous()?
        .apply_op3(&weight.contiguous()?, &bias.contiguous()?, op)
}

/// `ys` `[b, c, h, w]` and, where `mask` `[b, 1, h, w]` is 1, `bias` `[c]`.
pub fn add_bias(ys: Tensor, bias: &Tensor, mask: &Tensor) -> Result<Tensor> {
    if gpu::runs(&ys) {
        return gpu::add_bias(&ys, bias, mask);
    }
    ys + bias.reshape((1, (), 1, 1))?.broadcast_mul(mask)?
}

/// The mean of `|xs − ys|`, without dimensions; `ys` is repeated along the first dimension until it is as long as `xs`.
/// Only `xs` takes a gradient, 0 where both are equal.
pub fn mean_distance(xs: &Tensor, ys: &Tensor) -> Result<Tensor> {
    if gpu::runs(xs) {
        return gpu::mean_distance(xs, ys);
    }
    let period = ys.elem_count();
    let xs = xs.reshape(((), period))?;
    let difference = xs.broadcast_sub(&ys.detach().reshape((1, period))?)?;
    (&difference * difference.detach().sign()?)?.mean_all()
}

/// The sum of all squares of all tensors, without dimensions or gradient. There is at least one tensor.
pub fn sum_of_squares<'a>(tensors: impl IntoIterator<Item = &'a Tensor>) -> Result<Tensor> {
    let tensors: Vec<_> = tensors.into_iter().collect();
    if tensors.iter().all(|tensor| gpu::runs(tensor)) {
        return gpu::sum_of_squares(tensors);
    }
    if tensors.iter().all(|tensor| is_on_cpu(tensor)) {
        let squares = tensors
            .iter()
            .map(|tensor| with_values(tensor, |values| Ok(squares_of(values))));
        let total: f64 = squares.sum::<Result<_>>()?;
        return Tensor::new(total as f32, &Device::Cpu);
    }
    let squares = tensors
        .into_iter()
        .map(|tensor| tensor.detach().sqr()?.sum_all())
        .collect::<Result<Vec<_>>>()?;
    Tensor::stack(&squares, 0)?.sum_all()
}

/// The sum of all squares, the same bits for any number of threads.
fn squares_of(values: &[f32]) -> f64 {
    let of_part = |values: &[f32]| {
        let (eights, rest) = values.as_chunks::<8>();
        let mut sums = [0.0; 8];
        for eight in eights {
            for (sum, &value) in sums.iter_mut().zip(eight) {
                *sum += f64::from(value).powi(2);
            }
        }
        sums.iter().sum::<f64>() + rest.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>()
    };
    let parts: Vec<f64> = values.par_chunks(SQUARES_AT_ONCE).map(of_part).collect();
    parts.iter().sum()
}

/// The mask that follows `mask`, `[b, 1, h, w]`, under `weight` `[o, c, k, k]` of a partial convolution, and its ratio.
///
/// `None` where that is up to candle's own operations.
pub fn update_mask(mask: &Tensor, weight: &Tensor, stride: usize) -> Result<Option<[Tensor; 2]>> {
    gpu::runs(mask)
        .then(|| gpu::update_mask(mask, weight, stride))
        .transpose()
}

/// As [`update_mask`] under a decoder's layer of 3 × 3, whose small map has `small_channels`.
pub fn update_mask_upsampled(
    small_mask: &Tensor,
    small_channels: usize,
    skip_mask: &Tensor,
    weight: &Tensor,
) -> Result<Option<[Tensor; 2]>> {
    gpu::runs(skip_mask)
        .then(|| gpu::update_mask_upsampled(small_mask, small_channels, skip_mask, weight))
        .transpose()
}
