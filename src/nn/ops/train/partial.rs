//! Partial convolution without its bias: `conv(xs ⊙ mask, weight) · ratio` in one pass, forward and backward.
//!
//! Masks and ratio take no gradient. What stands in holes is replaced by zero before it is multiplied, and its
//! gradient is zero.

use candle_core::{CpuStorage, CustomOp2, Device, Layout, Result, Tensor, bail};

use super::{
    conv::{dims, kernels, output_shape, pack_backward, pack_forward, shape, tensor, values, with_values},
    engine::{convolve, weight_gradient},
    source::{Activated, Masked, MaskedOutput, Output, Plane, Scaled, Values},
    walk::{Shape, Walk, Window},
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
    fn input_gradient(
        &self,
        weight: &Tensor,
        from: Shape,
        gradient: &Scaled<'_>,
        outputs: usize,
    ) -> Result<Tensor> {
        let walk = Walk::backward(self.window, from.images, from.height, from.width);
        let packed = with_values(weight, |weight| {
            Ok(pack_backward(&walk, self.window, weight, outputs, from.channels))
        })?;
        let mut values = vec![0.0; from.len()];
        let sink = MaskedOutput {
            to: Output::new(&mut values, from),
            mask: self.mask.plane(from)?,
        };
        convolve(&walk, &packed, kernels(), gradient, &sink, 0..from.channels);
        tensor(values, from)
    }

    fn weight_gradient(
        &self,
        xs: &Tensor,
        from: Shape,
        gradient: &Scaled<'_>,
        to: Shape,
    ) -> Result<Vec<f32>> {
        let walk = Walk::forward(self.window, to.images, to.height, to.width);
        with_values(xs, |values| {
            let source = Masked {
                values: Values { values, shape: from },
                mask: self.mask.plane(from)?,
            };
            Ok(weight_gradient(&walk, self.window, kernels(), &source, gradient))
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
        let from = shape(xs_layout.dims())?;
        let to = output_shape(self.window, from, weight_layout.dims())?;
        let source = Masked {
            values: Values {
                values: values(xs, xs_layout)?,
                shape: from,
            },
            mask: self.mask.plane(from)?,
        };
        let walk = Walk::forward(self.window, to.images, to.height, to.width);
        let weight = values(weight, weight_layout)?;
        let packed = pack_forward(&walk, self.window, weight, to.channels, from.channels);
        let mut ys = vec![0.0; to.len()];
        let sink = Activated {
            to: Output::new(&mut ys, to),
            ratio: Some(self.ratio.plane(to)?),
            bias: None,
            slope: 1.0,
        };
        convolve(&walk, &packed, kernels(), &source, &sink, 0..to.channels);
        Ok((CpuStorage::F32(ys), dims(to).into()))
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
            let of_input = if xs.track_op() {
                Some(self.input_gradient(weight, from, &gradient, to.channels)?)
            } else {
                None
            };
            let of_weight = if weight.track_op() {
                let values = self.weight_gradient(xs, from, &gradient, to)?;
                Some(Tensor::from_vec(values, weight.shape(), &Device::Cpu)?)
            } else {
                None
            };
            Ok((of_input, of_weight))
        })
    }
}
