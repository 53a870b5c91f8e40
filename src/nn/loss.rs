//! The six losses of the paper (Liu et al., ECCV 2018, equations 3 to 7), differentiable in the output.
//!
//! All are means over every element of the batch, not over holes or valid pixels alone. The composite is the output
//! with the photo put back at valid pixels.

use candle_core::{Result, Tensor};

use super::{
    ops::{self, cuda::train as gpu},
    vgg::{Features, STAGES},
};

/// What the terms count in the total, beside the one at valid pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    /// L1 in holes.
    pub hole: f64,
    /// L1 of features.
    pub perceptual: f64,
    /// L1 of the features' correlations, of output and composite.
    pub style: f64,
    /// Total variation.
    pub tv: f64,
}

impl Weights {
    /// Those of the paper (equation 7).
    pub const PAPER: Self = Self {
        hole: 6.0,
        perceptual: 0.05,
        style: 120.0,
        tv: 0.1,
    };
}

/// The terms, unweighted, each a scalar.
#[derive(Debug, Clone)]
pub struct Terms {
    /// L1 at valid pixels.
    pub valid: Tensor,
    /// L1 in holes.
    pub hole: Tensor,
    /// L1 of features, of output and composite.
    pub perceptual: Tensor,
    /// L1 of the features' correlations, of the output.
    pub style_out: Tensor,
    /// L1 of the features' correlations, of the composite.
    pub style_comp: Tensor,
    /// Total variation where both neighbours lie in the hole or next to it.
    pub tv: Tensor,
}

impl Terms {
    /// The loss that is trained on.
    pub fn total(&self, weights: &Weights) -> Result<Tensor> {
        let style = ((&self.style_out + &self.style_comp)? * weights.style)?;
        let pixels = (&self.valid + (&self.hole * weights.hole)?)?;
        let perceptual = (&self.perceptual * weights.perceptual)?;
        ((pixels + perceptual)? + (style + (&self.tv * weights.tv)?)?)?.contiguous()
    }
}

/// The losses of `out` against the photo `gt`, both `[b, 3, h, w]`; `mask` is `[b, 1, h, w]`, 1 = valid.
///
/// Only `out` takes gradients.
pub fn terms(out: &Tensor, gt: &Tensor, mask: &Tensor, features: &Features) -> Result<Terms> {
    let composite = composite(out, gt, mask)?;
    let [perceptual, style_out, style_comp] = feature_terms(out, &composite, gt, features)?;
    let [valid, hole, tv] = pixel_terms(out, &composite, gt, mask)?;
    Ok(Terms {
        valid,
        hole,
        perceptual,
        style_out,
        style_comp,
        tv,
    })
}

/// The losses at valid pixels and in holes, and total variation.
fn pixel_terms(out: &Tensor, composite: &Tensor, gt: &Tensor, mask: &Tensor) -> Result<[Tensor; 3]> {
    if gpu::runs(out) {
        let terms = gpu::pixel_losses(out, gt, mask)?;
        return Ok([terms.get(0)?, terms.get(1)?, terms.get(2)?]);
    }
    let hole = mask.affine(-1.0, 1.0)?;
    let difference = absolute(&(out - gt)?)?;
    Ok([
        difference.broadcast_mul(mask)?.mean_all()?,
        difference.broadcast_mul(&hole)?.mean_all()?,
        total_variation(composite, &hole)?,
    ])
}

/// The photo at valid pixels, the output in holes.
pub fn composite(out: &Tensor, gt: &Tensor, mask: &Tensor) -> Result<Tensor> {
    if gpu::runs(out) {
        return gpu::composite(out, gt, mask);
    }
    gt.broadcast_mul(mask)? + out.broadcast_mul(&mask.affine(-1.0, 1.0)?)?
}

/// Perceptual loss, and style loss of output and composite.
fn feature_terms(out: &Tensor, composite: &Tensor, gt: &Tensor, features: &Features) -> Result<[Tensor; 3]> {
    let both = Tensor::cat(&[out, composite], 0)?;
    if ops::is_on_cpu(out) {
        let terms = features.losses(&both, gt)?;
        return Ok([terms.get(0)?, terms.get(1)?, terms.get(2)?]);
    }
    let batch = out.dim(0)?;
    let of_both = features.pools(&both)?;
    let of_photo = features.pools(&gt.detach())?;
    let mut terms = Vec::with_capacity(STAGES);
    for (both, photo) in of_both.iter().zip(&of_photo) {
        let (of_both, of_photo) = (correlations(both)?, correlations(photo)?);
        let style = |start| ops::mean_distance(&of_both.narrow(0, start, batch)?, &of_photo);
        // Twice the mean of both is the sum of two means.
        terms.push([
            (ops::mean_distance(both, photo)? * 2.0)?,
            style(0)?,
            style(batch)?,
        ]);
    }
    let total = |term: usize| {
        Tensor::stack(&terms.iter().map(|terms| &terms[term]).collect::<Vec<_>>(), 0)?.sum_all()
    };
    Ok([total(0)?, total(1)?, total(2)?])
}

/// Correlations of the channels over all positions, `[b, c, c]`, divided by `c·h·w`.
fn correlations(xs: &Tensor) -> Result<Tensor> {
    if gpu::runs(xs) {
        return gpu::correlations(xs);
    }
    let (batch, channels, height, width) = xs.dims4()?;
    let rows = xs.reshape((batch, channels, height * width))?;
    let scale = 1.0 / (channels * height * width) as f64;
    rows.matmul(&rows.transpose(1, 2)?)? * scale
}

/// Sum over neighbours in a row and in a column, both within one pixel of the hole, divided by all elements.
fn total_variation(composite: &Tensor, hole: &Tensor) -> Result<Tensor> {
    let region = dilate(hole)?;
    let along = |dim: usize| {
        let pair = |xs: &Tensor| {
            let len = xs.dim(dim)? - 1;
            Ok::<_, candle_core::Error>((xs.narrow(dim, 1, len)?, xs.narrow(dim, 0, len)?))
        };
        let ((next, this), (next_inside, this_inside)) = (pair(composite)?, pair(&region)?);
        absolute(&(next - this)?)?
            .broadcast_mul(&(next_inside * this_inside)?)?
            .sum_all()
    };
    (along(2)? + along(3)?)? / composite.elem_count() as f64
}

/// 1 within one pixel of a 1, diagonals too.
fn dilate(hole: &Tensor) -> Result<Tensor> {
    let hole = hole.detach();
    let window = Tensor::ones((1, 1, 3, 3), hole.dtype(), hole.device())?;
    hole.conv2d(&window, 1, 1, 1, 1)?.ne(0f64)?.to_dtype(hole.dtype())
}

/// The absolute value, whose gradient is 0 at 0. (candle's own takes 1 there.)
fn absolute(xs: &Tensor) -> Result<Tensor> {
    xs * xs.detach().sign()?
}
