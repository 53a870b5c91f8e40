//! Partial convolution without its bias: `conv(xs ⊙ mask, weight) · ratio` in one pass, forward and backward.
//!
//! Masks and ratio take no gradient. What stands in holes is replaced by zero before it is multiplied, and its
//! gradient is zero.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Tensor, bail};

use super::{
    pass,
    source::{Finish, Masked, MaskedOutput, Output, Plane, Scaled, Values},
    tensors::{shape, tensor, values, with_values},
    walk::{Shape, Window},
};

/// One factor or mask value per position, `[b, 1, h, w]`.
#[derive(Debug, Clone)]
pub(super) struct Factors {
    values: Vec<f32>,
    images: usize,
    height: usize,
    width: usize,
}

impl Factors {
    pub(super) fn new(tensor: &Tensor) -> Result<Self> {
        let (images, channels, height, width) = tensor.dims4()?;
        if channels != 1 {
            bail!("a mask of one channel is needed, not {:?}", tensor.shape());
        }
        let values = with_values(tensor, |values| Ok(values.to_vec()))?;
        Ok(Self {
            values,
            images,
            height,
            width,
        })
    }

    pub(super) fn plane(&self, of: Shape) -> Result<Plane<'_>> {
        if (self.images, self.height, self.width) != (of.images, of.height, of.width) {
            bail!(
                "a mask of {} × {} × {} does not fit {of:?}",
                self.images,
                self.height,
                self.width
            );
        }
        Ok(Plane {
            values: &self.values,
            height: self.height,
            width: self.width,
        })
    }
}

/// A masked convolution with a factor per output.
#[derive(Debug, Clone)]
pub(super) struct PartialConv {
    pub(super) window: Window,
    pub(super) mask: Factors,
    pub(super) ratio: Factors,
}

impl PartialConv {
    fn input_gradient(&self, weight: &Tensor, from: Shape, gradient: &Scaled<'_>) -> Result<Tensor> {
        let mut values = vec![0.0; from.len()];
        let sink = MaskedOutput {
            to: Output::new(&mut values, from),
            mask: self.mask.plane(from)?,
        };
        pass::input_gradient(self.window, weight, gradient, &sink, 0..from.channels)?;
        tensor(values, from)
    }

    fn source<'a>(&'a self, values: &'a [f32], from: Shape) -> Result<Masked<'a>> {
        Ok(Masked {
            values: Values { values, shape: from },
            mask: self.mask.plane(from)?,
        })
    }
}

impl CustomOp2 for PartialConv {
    fn name(&self) -> &'static str {
        "partial-conv"
    }

    fn cpu_fwd(
        &self,
        xs: &CpuStorage,
        xs_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
    ) -> Result<(CpuStorage, candle_core::Shape)> {
        let source = self.source(values(xs, xs_layout)?, shape(xs_layout.dims())?)?;
        pass::forward(self.window, &source, (weight, weight_layout), |to| {
            self.ratio.plane(to).map(Finish::Ratio)
        })
    }

    fn bwd(
        &self,
        xs: &Tensor,
        weight: &Tensor,
        result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (from, to) = (shape(xs.dims())?, shape(result.dims())?);
        with_values(gradient, |gradient| {
            let gradient = Scaled {
                values: Values {
                    values: gradient,
                    shape: to,
                },
                factors: self.ratio.plane(to)?,
            };
            let of_input = xs
                .track_op()
                .then(|| self.input_gradient(weight, from, &gradient));
            let of_weight = weight.track_op().then(|| {
                with_values(xs, |xs| {
                    pass::weight_gradient(self.window, weight, &self.source(xs, from)?, &gradient)
                })
            });
            Ok((of_input.transpose()?, of_weight.transpose()?))
        })
    }
}
