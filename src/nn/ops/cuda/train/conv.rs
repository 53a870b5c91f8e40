//! Convolutions with what goes into them and what follows them, in one launch or two.

use candle_core::{Result, Tensor};

use super::launch::{Op, Operands, Slot, make};
use crate::nn::ops::cuda::{convolution::Shape, steps};

/// `conv(xs, weight)` with zero padding of half the kernel.
pub fn conv2d(xs: &Tensor, weight: &Tensor, stride: usize) -> Result<Tensor> {
    let shape = Shape::new(xs.dims4()?, weight.dims4()?, stride)?;
    let op = Op {
        launches: shape.forward(),
        slots: [Slot::First, Slot::Weights],
        held: Vec::new(),
        dims: output_dims(&shape),
        backward: Box::new(move |[xs, weight], _, gradient| {
            gradients(&shape, xs, weight, gradient, &Vec::new())
        }),
    };
    xs.contiguous()?.apply_op2(&weight.contiguous()?, op)
}

/// `relu(conv(xs, weight) + bias)` with stride 1; `bias` is `[o]`.
pub fn conv2d_relu(xs: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let shape = Shape {
        slope: 0.0,
        ..Shape::new(xs.dims4()?, weight.dims4()?, 1)?
    };
    let op = Op {
        launches: shape.forward(),
        slots: [Slot::First, Slot::Weights, Slot::Shift],
        held: Vec::new(),
        dims: output_dims(&shape),
        backward: Box::new(move |[xs, weight, bias], result, gradient| {
            let gradient = sums_gradient(&shape, gradient, (Slot::Gate, result))?;
            let [of_input, of_weight] = gradients(&shape, xs, weight, &gradient, &Vec::new())?;
            let of_bias = bias.track_op().then(|| gradient.sum((0, 2, 3)));
            Ok([of_input, of_weight, of_bias.transpose()?])
        }),
    };
    xs.contiguous()?
        .apply_op3(&weight.contiguous()?, &bias.contiguous()?, op)
}

/// `conv(xs ⊙ mask, weight) · ratio`; `mask` and `ratio` are `[b, 1, h, w]` and take no gradient.
pub fn partial_conv2d(
    xs: &Tensor,
    weight: &Tensor,
    mask: &Tensor,
    ratio: &Tensor,
    stride: usize,
) -> Result<Tensor> {
    let shape = Shape {
        is_masked: true,
        ..Shape::new(xs.dims4()?, weight.dims4()?, stride)?
    };
    let masks = vec![(Slot::FirstMask, mask.contiguous()?.detach())];
    let ratio = ratio.contiguous()?.detach();
    let op = Op {
        launches: shape.forward(),
        slots: [Slot::First, Slot::Weights],
        held: with(&masks, (Slot::Ratio, &ratio)),
        dims: output_dims(&shape),
        backward: Box::new(move |[xs, weight], _, gradient| {
            let gradient = sums_gradient(&shape, gradient, (Slot::Ratio, &ratio))?;
            gradients(&shape, xs, weight, &gradient, &masks)
        }),
    };
    xs.contiguous()?.apply_op2(&weight.contiguous()?, op)
}

/// As [`partial_conv2d`], 3 × 3 with stride 1, over `small` at twice its size, cut to that of `skip`, and `skip` behind
/// its channels.
pub fn partial_conv2d_upsampled(
    small: &Tensor,
    small_mask: &Tensor,
    skip: &Tensor,
    skip_mask: &Tensor,
    weight: &Tensor,
    ratio: &Tensor,
) -> Result<Tensor> {
    let shape = Shape::upsampled(small.dims4()?, skip.dims4()?, weight.dims4()?)?;
    let masks = vec![
        (Slot::FirstMask, small_mask.contiguous()?.detach()),
        (Slot::SecondMask, skip_mask.contiguous()?.detach()),
    ];
    let ratio = ratio.contiguous()?.detach();
    let op = Op {
        launches: shape.forward(),
        slots: [Slot::First, Slot::Second, Slot::Weights],
        held: with(&masks, (Slot::Ratio, &ratio)),
        dims: output_dims(&shape),
        backward: Box::new(move |[small, skip, weight], _, gradient| {
            let gradient = sums_gradient(&shape, gradient, (Slot::Ratio, &ratio))?;
            let with_skip = with(&masks, (Slot::Second, &skip.detach()));
            let [of_small, of_weight] = gradients(&shape, small, weight, &gradient, &with_skip)?;
            let of_skip = skip.track_op().then(|| {
                let operands = of_gradient(&gradient, &masks, (Slot::Weights, weight));
                make(shape.skip_gradient(), operands, skip.shape())
            });
            Ok([of_small, of_skip.transpose()?, of_weight])
        }),
    };
    small
        .contiguous()?
        .apply_op3(&skip.contiguous()?, &weight.contiguous()?, op)
}

/// `ys` `[b, c, h, w]` and, where `mask` `[b, 1, h, w]` is 1, `bias` `[c]`; `mask` takes no gradient.
pub fn add_bias(ys: &Tensor, bias: &Tensor, mask: &Tensor) -> Result<Tensor> {
    let dims = ys.dims4()?;
    let mask = mask.contiguous()?.detach();
    let op = Op {
        launches: steps::add_bias(dims),
        slots: [Slot::First, Slot::Weights],
        held: vec![(Slot::FirstMask, mask.clone())],
        dims: dims.into(),
        backward: Box::new(move |[_, bias], _, gradient| {
            let of_bias = bias.track_op().then(|| {
                let operands = vec![
                    (Slot::Gradient, gradient.clone()),
                    (Slot::FirstMask, mask.clone()),
                ];
                make(steps::bias_gradient(dims), operands, dims.1)
            });
            Ok([Some(gradient.clone()), of_bias.transpose()?])
        }),
    };
    ys.contiguous()?.apply_op2(&bias.contiguous()?, op)
}

/// The gradient of a convolution's sums from that of its output, which is the sums times a ratio or behind a gate.
fn sums_gradient(shape: &Shape, gradient: &Tensor, (slot, by): (Slot, &Tensor)) -> Result<Tensor> {
    let operands = vec![(Slot::Gradient, gradient.clone()), (slot, by.clone())];
    make(shape.sums_gradient(), operands, gradient.shape())
}

/// The gradients of input (in the decoder of the small map) and weight that are tracked, from that of the sums.
fn gradients(
    shape: &Shape,
    xs: &Tensor,
    weight: &Tensor,
    gradient: &Tensor,
    around: &Operands,
) -> Result<[Option<Tensor>; 2]> {
    let of_input = xs.track_op().then(|| {
        let operands = of_gradient(gradient, around, (Slot::Weights, weight));
        make(shape.input_gradient(), operands, xs.shape())
    });
    let of_weight = weight.track_op().then(|| {
        let operands = of_gradient(gradient, around, (Slot::First, xs));
        make(shape.weight_gradient(), operands, weight.shape())
    });
    Ok([of_input.transpose()?, of_weight.transpose()?])
}

fn of_gradient(gradient: &Tensor, around: &Operands, other: (Slot, &Tensor)) -> Operands {
    with(&with(around, (Slot::Gradient, gradient)), other)
}

fn with(operands: &Operands, (slot, tensor): (Slot, &Tensor)) -> Operands {
    let mut operands = operands.clone();
    operands.push((slot, tensor.clone()));
    operands
}

fn output_dims(shape: &Shape) -> candle_core::Shape {
    (
        shape.batch,
        shape.out_channels,
        shape.out_height(),
        shape.out_width(),
    )
        .into()
}

/// The mask and the ratio, `[b, 1, h', w']`, that follow `mask` under `weight` `[o, c, k, k]`.
pub fn update_mask(mask: &Tensor, weight: &Tensor, stride: usize) -> Result<[Tensor; 2]> {
    let (batch, _, height, width) = mask.dims4()?;
    let dims = (batch, weight.dim(1)?, height, width);
    let shape = Shape::new(dims, weight.dims4()?, stride)?;
    updated(&shape, vec![(Slot::FirstMask, mask.contiguous()?)])
}

/// As [`update_mask`] under a decoder's layer, whose small map has `small_channels`.
pub fn update_mask_upsampled(
    small_mask: &Tensor,
    small_channels: usize,
    skip_mask: &Tensor,
    weight: &Tensor,
) -> Result<[Tensor; 2]> {
    let with_channels = |mask: &Tensor, channels| {
        let (batch, _, height, width) = mask.dims4()?;
        Ok::<_, candle_core::Error>((batch, channels, height, width))
    };
    let small = with_channels(small_mask, small_channels)?;
    let skip = with_channels(skip_mask, weight.dim(1)?.saturating_sub(small_channels))?;
    let shape = Shape::upsampled(small, skip, weight.dims4()?)?;
    let masks = vec![
        (Slot::FirstMask, small_mask.contiguous()?),
        (Slot::SecondMask, skip_mask.contiguous()?),
    ];
    updated(&shape, masks)
}

fn updated(shape: &Shape, masks: Operands) -> Result<[Tensor; 2]> {
    let dims = (2, shape.batch, 1, shape.out_height(), shape.out_width());
    let both = make(steps::update_mask(shape), masks, dims)?;
    Ok([both.get(0)?, both.get(1)?])
}
