//! The losses that are no convolutions, each a launch or two, with their gradients.

use candle_core::{Result, Tensor, bail};

use super::launch::{Op, Operands, Slot, make};
use crate::nn::ops::cuda::losses;

/// The mean of `|xs − ys|`, without dimensions; `ys` is repeated along the first dimension where `xs` is a multiple of
/// it. Only `xs` takes a gradient, 0 where both are equal.
pub fn mean_distance(xs: &Tensor, ys: &Tensor) -> Result<Tensor> {
    let (count, period) = (xs.elem_count(), ys.elem_count());
    if period == 0 || count % period != 0 {
        bail!("{count} values against {period}");
    }
    let times = count / period;
    let ys = ys.detach().contiguous()?;
    let op = Op {
        launches: losses::mean_distance(count, times),
        slots: [Slot::First],
        held: vec![(Slot::Second, ys.clone())],
        dims: ().into(),
        backward: Box::new(move |[xs], _, gradient| {
            let operands = vec![
                (Slot::First, xs.clone()),
                (Slot::Second, ys.clone()),
                (Slot::Gradient, gradient.clone()),
            ];
            let of_xs = make(losses::distance_gradient(count, times), operands, xs.shape())?;
            Ok([Some(of_xs)])
        }),
    };
    xs.contiguous()?.apply_op1(op)
}

/// The mean distances at valid pixels and in holes and the total variation near holes of `out` `[b, 3, h, w]` against
/// `gt` under `mask` `[b, 1, h, w]`: `[3]`. Only `out` takes a gradient.
pub fn pixel_losses(out: &Tensor, gt: &Tensor, mask: &Tensor) -> Result<Tensor> {
    let dims = out.dims4()?;
    let around = photo_and_mask(gt, mask)?;
    let op = Op {
        launches: losses::pixel_losses(dims),
        slots: [Slot::First],
        held: around.clone(),
        dims: 3.into(),
        backward: Box::new(move |[out], _, gradient| {
            let mut operands = vec![(Slot::First, out.clone()), (Slot::Gradient, gradient.clone())];
            operands.extend(around.iter().cloned());
            Ok([Some(make(losses::pixel_losses_gradient(dims), operands, dims)?)])
        }),
    };
    out.contiguous()?.apply_op1(op)
}

/// The photo at valid pixels, the output in holes. Only `out` takes a gradient.
pub fn composite(out: &Tensor, gt: &Tensor, mask: &Tensor) -> Result<Tensor> {
    let dims = out.dims4()?;
    let around = photo_and_mask(gt, mask)?;
    let op = Op {
        launches: losses::composite(dims),
        slots: [Slot::First],
        held: around.clone(),
        dims: dims.into(),
        backward: Box::new(move |_, _, gradient| {
            let mut operands = vec![(Slot::Gradient, gradient.clone())];
            operands.extend(around.iter().cloned());
            Ok([Some(make(losses::composite_gradient(dims), operands, dims)?)])
        }),
    };
    out.contiguous()?.apply_op1(op)
}

fn photo_and_mask(gt: &Tensor, mask: &Tensor) -> Result<Operands> {
    Ok(vec![
        (Slot::Second, gt.detach().contiguous()?),
        (Slot::FirstMask, mask.detach().contiguous()?),
    ])
}

/// Correlations of the channels of `[b, c, h, w]` over all positions, `[b, c, c]`, divided by `c·h·w`.
pub fn correlations(xs: &Tensor) -> Result<Tensor> {
    let dims = xs.dims4()?;
    let (batch, channels, height, width) = dims;
    let factor = 1.0 / (channels * height * width) as f64;
    let op = Op {
        launches: losses::correlations(dims, factor as f32),
        slots: [Slot::First],
        held: Vec::new(),
        dims: (batch, channels, channels).into(),
        backward: Box::new(move |[xs], _, gradient| {
            let rows = xs.detach().reshape((batch, channels, height * width))?;
            let both = ((gradient + gradient.transpose(1, 2)?)? * factor)?;
            Ok([Some(both.matmul(&rows)?.reshape(dims)?)])
        }),
    };
    xs.contiguous()?.apply_op1(op)
}
