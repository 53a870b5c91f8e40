//! Batch norm with the activation that follows it: two launches forward, two backward.

use candle_core::{Result, Tensor};

use super::{
    launch::{Op, Slot, make},
    steps,
};

/// Normalises with the statistics of the batch: the result, means and biased variances, `[c]` each, without gradients.
pub fn batch_norm(
    xs: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    slope: f32,
) -> Result<(Tensor, Tensor, Tensor)> {
    let dims = xs.dims4()?;
    let mut operands = vec![(Slot::First, xs.clone())];
    let means = make(steps::channel_means(dims), operands.clone(), dims.1)?;
    operands.push((Slot::Ratio, means.clone()));
    let variances = make(steps::channel_variances(dims), operands, dims.1)?;
    let statistics = Tensor::stack(&[&means, &variances], 0)?;
    let ys = normalize(xs, weight, bias, &statistics, slope, true)?;
    Ok((ys, means, variances))
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
    let statistics = Tensor::stack(&[mean, variance], 0)?.detach();
    normalize(xs, weight, bias, &statistics, slope, false)
}

fn normalize(
    xs: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    statistics: &Tensor,
    slope: f32,
    is_of_batch: bool,
) -> Result<Tensor> {
    let dims = xs.dims4()?;
    let held = vec![(Slot::Ratio, statistics.clone())];
    let statistics = statistics.clone();
    let op = Op {
        launches: steps::norm(dims, slope),
        slots: [Slot::First, Slot::Weights, Slot::Shift],
        held,
        dims: dims.into(),
        backward: Box::new(move |[xs, weight, _], result, gradient| {
            let mut operands = vec![
                (Slot::First, xs.clone()),
                (Slot::Weights, weight.clone()),
                (Slot::Ratio, statistics.clone()),
                (Slot::Gate, result.clone()),
                (Slot::Gradient, gradient.clone()),
            ];
            let of_weights = steps::norm_weight_gradients(dims, slope);
            let of_weights = make(of_weights, operands.clone(), (2, dims.1))?;
            if is_of_batch {
                operands.push((Slot::Extra, of_weights.clone()));
            }
            let of_input = make(steps::norm_input_gradient(dims, slope), operands, dims)?;
            Ok([Some(of_input), Some(of_weights.get(0)?), Some(of_weights.get(1)?)])
        }),
    };
    xs.contiguous()?
        .apply_op3(&weight.contiguous()?, &bias.contiguous()?, op)
}
