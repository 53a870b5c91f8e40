//! Batch norm with its statistics in plain sight: stored ones to fill with, those of the batch to train with.
//!
//! In training nothing is updated in silence: the statistics of a batch are handed out, and whoever trains folds
//! them into the stored ones. Statistics count every position, holes too, as the paper's own code does.

use candle_core::{Device, Result, Tensor};
use candle_nn::VarBuilder;

use super::ops;

/// Added to variances; `NORM_EPS` in `steps.cu`.
pub const EPS: f64 = 1e-5;

/// A batch norm over `[b, c, h, w]`.
#[derive(Debug, Clone)]
pub struct Norm {
    weight: Tensor,
    bias: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
}

/// Mean and unbiased variance per channel of one batch, `[c]` each, without gradients.
#[derive(Debug, Clone)]
pub struct Statistics {
    /// Name of the layer: `encoder.1.norm`.
    pub name: String,
    /// Mean.
    pub mean: Tensor,
    /// Variance, divided by one less than the number of values.
    pub variance: Tensor,
}

impl Norm {
    /// Takes `weight`, `bias`, `running_mean` and `running_var`, each `[c]`, from `vb`.
    pub fn new(channels: usize, vb: &VarBuilder<'_>) -> Result<Self> {
        Ok(Self {
            weight: vb.get(channels, "weight")?,
            bias: vb.get(channels, "bias")?,
            running_mean: vb.get(channels, "running_mean")?,
            running_var: vb.get(channels, "running_var")?,
        })
    }

    /// The same layer on another device.
    pub fn to_device(&self, device: &Device) -> Result<Self> {
        Ok(Self {
            weight: self.weight.to_device(device)?,
            bias: self.bias.to_device(device)?,
            running_mean: self.running_mean.to_device(device)?,
            running_var: self.running_var.to_device(device)?,
        })
    }

    /// Scale and shift that are learned.
    pub const fn weight_and_bias(&self) -> (&Tensor, &Tensor) {
        (&self.weight, &self.bias)
    }

    /// The stored mean.
    pub const fn running_mean(&self) -> &Tensor {
        &self.running_mean
    }

    /// The stored variance.
    pub const fn running_var(&self) -> &Tensor {
        &self.running_var
    }

    /// Normalises with the stored statistics, which take no gradient; then activates with `slope` below zero.
    pub fn forward_stored(&self, xs: &Tensor, slope: f64) -> Result<Tensor> {
        let (mean, variance) = (self.running_mean.detach(), self.running_var.detach());
        if ops::are_ours(xs) {
            return ops::frozen_norm(xs, &self.weight, &self.bias, &mean, &variance, slope as f32);
        }
        let scale = (&self.weight / (variance + EPS)?.sqrt()?)?;
        let shift = (&self.bias - (mean * &scale)?)?;
        let ys = xs
            .broadcast_mul(&per_channel(&scale)?)?
            .broadcast_add(&per_channel(&shift)?)?;
        activate(&ys, slope)
    }

    /// Normalises with the statistics of the batch, and gives them under `name`; then activates as above.
    pub fn forward_batch(&self, xs: &Tensor, slope: f64, name: &str) -> Result<(Tensor, Statistics)> {
        let (ys, mean, variance) = if ops::are_ours(xs) {
            ops::batch_norm(xs, &self.weight, &self.bias, slope as f32)?
        } else {
            self.normalize_elsewhere(xs, slope)?
        };
        let values = xs.elem_count() / xs.dim(1)?;
        let unbiased = values as f64 / (values.max(2) - 1) as f64;
        let statistics = Statistics {
            name: name.to_owned(),
            mean,
            variance: (variance * unbiased)?,
        };
        Ok((ys, statistics))
    }

    /// The result with mean and biased variance, by candle's own operations.
    fn normalize_elsewhere(&self, xs: &Tensor, slope: f64) -> Result<(Tensor, Tensor, Tensor)> {
        let mean = xs.mean_keepdim((0, 2, 3))?;
        let centered = xs.broadcast_sub(&mean)?;
        let variance = centered.sqr()?.mean_keepdim((0, 2, 3))?;
        let scale = (per_channel(&self.weight)? / (&variance + EPS)?.sqrt()?)?;
        let ys = centered
            .broadcast_mul(&scale)?
            .broadcast_add(&per_channel(&self.bias)?)?;
        let flat = |values: &Tensor| values.detach().flatten_all();
        Ok((activate(&ys, slope)?, flat(&mean)?, flat(&variance)?))
    }
}

/// `slope` times what is negative: 0 is `ReLU`, 1 nothing.
fn activate(xs: &Tensor, slope: f64) -> Result<Tensor> {
    match slope {
        1.0 => Ok(xs.clone()),
        0.0 => xs.relu(),
        _ => candle_nn::ops::leaky_relu(xs, slope),
    }
}

fn per_channel(values: &Tensor) -> Result<Tensor> {
    values.reshape((1, (), 1, 1))
}
