//! Batch norm with the activation that follows it, in one pass forward and two backward.
//!
//! Channels are split over threads; each is summed in double precision by one thread in one order. The statistics
//! come from [`statistics`] and are given to the operation, which either differentiates through them (those of the
//! batch) or not (stored ones).

use candle_core::{CpuStorage, CustomOp3, Device, Layout, Result, Tensor, bail};
use rayon::prelude::{
    IndexedParallelIterator as _, IntoParallelIterator as _, ParallelIterator as _, ParallelSliceMut as _,
};

use super::{
    tensors::{dims, shape, tensor, values, with_values},
    walk::Shape,
};
use crate::nn::norm::EPS;

/// Mean and variance per channel, divided by the number of values.
#[derive(Debug, Clone)]
pub(super) struct Statistics {
    pub(super) mean: Vec<f32>,
    pub(super) variance: Vec<f32>,
}

/// The planes of one channel, image by image.
fn channel(values: &[f32], shape: Shape, channel: usize) -> impl Iterator<Item = &[f32]> {
    values.chunks(shape.plane()).skip(channel).step_by(shape.channels)
}

/// Sums `value` over a plane, in lanes that the compiler can keep in vectors.
pub(super) fn sum(plane: &[f32], other: &[f32], value: impl Fn(f32, f32) -> f32) -> f64 {
    const LANES: usize = 16;
    let mut total = 0.0;
    // Single precision within a few hundred values, double precision over all of them.
    for (xs, ys) in plane.chunks(32 * LANES).zip(other.chunks(32 * LANES)) {
        let mut lanes = [0.0f32; LANES];
        let (xs, rest) = xs.as_chunks::<LANES>();
        let (ys, other_rest) = ys.as_chunks::<LANES>();
        for (xs, ys) in xs.iter().zip(ys) {
            for lane in 0..LANES {
                lanes[lane] += value(xs[lane], ys[lane]);
            }
        }
        let rest: f32 = rest.iter().zip(other_rest).map(|(&x, &y)| value(x, y)).sum();
        total += lanes.iter().map(|&lane| f64::from(lane)).sum::<f64>() + f64::from(rest);
    }
    total
}

/// Statistics over all positions of all images.
pub(super) fn statistics(values: &[f32], shape: Shape) -> Statistics {
    let count = (shape.images * shape.plane()) as f64;
    let of_channel = |index: usize| {
        let mean = channel(values, shape, index)
            .map(|plane| sum(plane, plane, |x, _| x))
            .sum::<f64>()
            / count;
        let center = mean as f32;
        let squares =
            channel(values, shape, index).map(|plane| sum(plane, plane, |x, _| (x - center) * (x - center)));
        (center, (squares.sum::<f64>() / count) as f32)
    };
    let (mean, variance) = (0..shape.channels).into_par_iter().map(of_channel).unzip();
    Statistics { mean, variance }
}

/// `act((xs − mean) / √(variance + EPS) · weight + bias)`
#[derive(Debug, Clone)]
pub(super) struct Norm {
    pub(super) statistics: Statistics,
    /// Slope below zero: 0 is `ReLU`, 1 nothing.
    pub(super) slope: f32,
    /// Whether the statistics are those of `xs` and take part in the gradient.
    pub(super) is_of_batch: bool,
}

impl Norm {
    fn inverse_deviation(&self, channel: usize) -> f32 {
        (1.0 / (f64::from(self.statistics.variance[channel]) + EPS).sqrt()) as f32
    }
}

/// `f(image, channel, plane of the output)` for all planes at once.
fn each_plane(values: &mut [f32], shape: Shape, run: impl Fn(usize, usize, &mut [f32]) + Sync) {
    let planes = values.par_chunks_mut(shape.plane()).enumerate();
    planes.for_each(|(index, plane)| run(index, index % shape.channels, plane));
}

/// Sums per channel over the gradient before the activation: of itself, and times the normalised values.
struct GradientSums {
    plain: f32,
    weighted: f32,
}

impl CustomOp3 for Norm {
    fn name(&self) -> &'static str {
        "batch-norm-activation"
    }

    fn cpu_fwd(
        &self,
        xs: &CpuStorage,
        xs_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, candle_core::Shape)> {
        let (xs, of) = (values(xs, xs_layout)?, shape(xs_layout.dims())?);
        let (weight, bias) = (values(weight, weight_layout)?, values(bias, bias_layout)?);
        if weight.len() != of.channels
            || bias.len() != of.channels
            || self.statistics.mean.len() != of.channels
        {
            bail!("a batch norm of {} channels for {of:?}", weight.len());
        }
        let mut ys = vec![0.0; of.len()];
        each_plane(&mut ys, of, |index, channel, ys| {
            let scale = weight[channel] * self.inverse_deviation(channel);
            let (mean, bias) = (self.statistics.mean[channel], bias[channel]);
            for (y, &x) in ys.iter_mut().zip(&xs[index * of.plane()..]) {
                let value = (x - mean) * scale + bias;
                *y = if value > 0.0 { value } else { value * self.slope };
            }
        });
        Ok((CpuStorage::F32(ys), dims(of).into()))
    }

    fn bwd(
        &self,
        xs: &Tensor,
        weight: &Tensor,
        _bias: &Tensor,
        result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let of = shape(xs.dims())?;
        let weights = weight.to_vec1::<f32>()?;
        let (of_input, sums) = with_values(xs, |xs| {
            with_values(result, |result| {
                with_values(gradient, |gradient| {
                    Ok(self.gradients(xs, &weights, result, gradient, of))
                })
            })
        })?;
        let (of_bias, of_weight): (Vec<_>, Vec<_>) =
            sums.iter().map(|sums| (sums.plain, sums.weighted)).unzip();
        Ok((
            Some(tensor(of_input, of)?),
            Some(Tensor::from_vec(of_weight, of.channels, &Device::Cpu)?),
            Some(Tensor::from_vec(of_bias, of.channels, &Device::Cpu)?),
        ))
    }
}

impl Norm {
    /// The gradient of the input, and per channel those of bias and weight.
    fn gradients(
        &self,
        xs: &[f32],
        weight: &[f32],
        result: &[f32],
        gradient: &[f32],
        of: Shape,
    ) -> (Vec<f32>, Vec<GradientSums>) {
        // The gradient before the activation.
        let mut open = vec![0.0; of.len()];
        each_plane(&mut open, of, |index, _, open| {
            let at = index * of.plane();
            for ((open, &gradient), &result) in open.iter_mut().zip(&gradient[at..]).zip(&result[at..]) {
                *open = if result > 0.0 {
                    gradient
                } else {
                    gradient * self.slope
                };
            }
        });
        let sums = |index: usize| {
            let (mean, inverse) = (self.statistics.mean[index], self.inverse_deviation(index));
            let plain = channel(&open, of, index)
                .map(|plane| sum(plane, plane, |g, _| g))
                .sum::<f64>();
            let planes = channel(&open, of, index).zip(channel(xs, of, index));
            let weighted = planes
                .map(|(open, xs)| sum(open, xs, |g, x| g * (x - mean) * inverse))
                .sum::<f64>();
            GradientSums {
                plain: plain as f32,
                weighted: weighted as f32,
            }
        };
        let sums: Vec<_> = (0..of.channels).into_par_iter().map(sums).collect();
        let count = if self.is_of_batch {
            (of.images * of.plane()) as f32
        } else {
            f32::INFINITY
        };
        each_plane(&mut open, of, |index, channel, open| {
            let (mean, inverse) = (self.statistics.mean[channel], self.inverse_deviation(channel));
            let (plain, weighted) = (sums[channel].plain / count, sums[channel].weighted / count);
            for (open, &x) in open.iter_mut().zip(&xs[index * of.plane()..]) {
                *open = (*open - plain - (x - mean) * inverse * weighted) * weight[channel] * inverse;
            }
        });
        (open, sums)
    }
}
