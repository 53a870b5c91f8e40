//! Convolution with what follows it, as candle operations that have a gradient.

use candle_core::{CpuStorage, CustomOp2, CustomOp3, Layout, Result, Tensor, bail};

use super::{
    pass,
    source::{Finish, Gated, Output, Source, Sums, Values},
    tensors::{shape, tensor, values, with_values},
    walk::{Shape, Window},
};

/// `act(conv(xs, weight) + bias)`
#[derive(Debug, Clone, Copy)]
pub(super) struct Conv {
    pub(super) window: Window,
    /// Slope below zero of the activation: 0 is `ReLU`, 1 none.
    pub(super) slope: f32,
}

impl Conv {
    fn forward(
        &self,
        xs: (&CpuStorage, &Layout),
        weight: (&CpuStorage, &Layout),
        bias: Option<&[f32]>,
    ) -> Result<(CpuStorage, candle_core::Shape)> {
        let source = Values {
            values: values(xs.0, xs.1)?,
            shape: shape(xs.1.dims())?,
        };
        let slope = self.slope;
        pass::forward(self.window, &source, weight, |to| {
            if bias.is_some_and(|bias| bias.len() != to.channels) {
                bail!("a bias for other channels than {}", to.channels);
            }
            Ok(Finish::Activation { bias, slope })
        })
    }

    /// The gradients of input and weight that are tracked.
    fn backward(
        &self,
        xs: &Tensor,
        weight: &Tensor,
        result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (from, to) = (shape(xs.dims())?, shape(result.dims())?);
        with_values(gradient, |gradient| {
            with_values(result, |result| {
                let gradient = Values {
                    values: gradient,
                    shape: to,
                };
                if self.slope == 1.0 {
                    return self.gradients(xs, weight, from, &gradient);
                }
                let result = Values {
                    values: result,
                    shape: to,
                };
                let slope = self.slope;
                let gated = Gated {
                    gradient,
                    result,
                    slope,
                };
                self.gradients(xs, weight, from, &gated)
            })
        })
    }

    fn gradients(
        &self,
        xs: &Tensor,
        weight: &Tensor,
        from: Shape,
        gradient: &dyn Source,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let of_input = xs.track_op().then(|| {
            let mut values = vec![0.0; from.len()];
            let sink = Sums {
                to: Output::new(&mut values, from),
                finish: Finish::NONE,
            };
            pass::input_gradient(self.window, weight, gradient, &sink, 0..from.channels)?;
            tensor(values, from)
        });
        let of_weight = weight.track_op().then(|| {
            with_values(xs, |values| {
                let source = Values { values, shape: from };
                pass::weight_gradient(self.window, weight, &source, gradient)
            })
        });
        Ok((of_input.transpose()?, of_weight.transpose()?))
    }
}

impl CustomOp2 for Conv {
    fn name(&self) -> &'static str {
        "conv"
    }

    fn cpu_fwd(
        &self,
        xs: &CpuStorage,
        xs_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
    ) -> Result<(CpuStorage, candle_core::Shape)> {
        self.forward((xs, xs_layout), (weight, weight_layout), None)
    }

    fn bwd(
        &self,
        xs: &Tensor,
        weight: &Tensor,
        result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        self.backward(xs, weight, result, gradient)
    }
}

impl CustomOp3 for Conv {
    fn name(&self) -> &'static str {
        "conv-bias-activation"
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
        let bias = values(bias, bias_layout)?;
        self.forward((xs, xs_layout), (weight, weight_layout), Some(bias))
    }

    fn bwd(
        &self,
        xs: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let of_bias = if bias.track_op() {
            let is_open = result.gt(0f64)?.to_dtype(gradient.dtype())?;
            let gate = is_open.affine(1.0 - f64::from(self.slope), f64::from(self.slope))?;
            Some((gradient * gate)?.sum((0, 2, 3))?)
        } else {
            None
        };
        let (of_input, of_weight) = self.backward(xs, weight, result, gradient)?;
        Ok((of_input, of_weight, of_bias))
    }
}
