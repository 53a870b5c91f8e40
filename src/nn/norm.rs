//! Batch norm with its statistics in plain sight: stored ones to fill with, those of the batch to train with.
//!
//! In training nothing is updated in silence: the statistics of a batch are handed out, and whoever trains folds
//! them into the stored ones. Statistics count every position, holes too, as the paper's own code does.

use candle_core::{Device, Result, Tensor};
use candle_nn::VarBuilder;

/// Added to variances.
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

    /// Normalises with the stored statistics, which take no gradient.
    pub fn forward_stored(&self, xs: &Tensor) -> Result<Tensor> {
        let deviation = (self.running_var.detach() + EPS)?.sqrt()?;
        let scale = (&self.weight / deviation)?;
        let shift = (&self.bias - (self.running_mean.detach() * &scale)?)?;
        xs.broadcast_mul(&per_channel(&scale)?)?
            .broadcast_add(&per_channel(&shift)?)
    }

    /// Normalises with the statistics of the batch, and gives them under `name`.
    pub fn forward_batch(&self, xs: &Tensor, name: &str) -> Result<(Tensor, Statistics)> {
        let values = xs.elem_count() / xs.dim(1)?;
        let mean = xs.mean_keepdim((0, 2, 3))?;
        let centered = xs.broadcast_sub(&mean)?;
        let variance = centered.sqr()?.mean_keepdim((0, 2, 3))?;
        let scale = (per_channel(&self.weight)? / (&variance + EPS)?.sqrt()?)?;
        let ys = centered
            .broadcast_mul(&scale)?
            .broadcast_add(&per_channel(&self.bias)?)?;
        let unbiased = values as f64 / (values.max(2) - 1) as f64;
        let statistics = Statistics {
            name: name.to_owned(),
            mean: mean.detach().flatten_all()?,
            variance: (variance.detach().flatten_all()? * unbiased)?,
        };
        Ok((ys, statistics))
    }
}

fn per_channel(values: &Tensor) -> Result<Tensor> {
    values.reshape((1, (), 1, 1))
}
