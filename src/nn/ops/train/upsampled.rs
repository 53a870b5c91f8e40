//! The decoder's partial convolution: over a small map seen at twice its size, and a skip behind it.
//!
//! Neither the upsampled map nor the concatenation is made, forward or backward: rows are spread and joined while
//! they are copied into the engine's planes, and the gradients of a square of four are added as they are written.

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Tensor, bail};

use super::{
    partial::Factors,
    pass,
    source::{Downsampled, Finish, Masked, MaskedOutput, Output, Scaled, Upsampled, Values},
    tensors::{shape, tensor, values, with_values},
    walk::{Shape, Window},
};

/// A masked 3 × 3 convolution over both, with a factor per output.
#[derive(Debug, Clone)]
pub(super) struct UpsampledConv {
    pub(super) small_mask: Factors,
    pub(super) skip_mask: Factors,
    pub(super) ratio: Factors,
}

impl UpsampledConv {
    pub(super) const WINDOW: Window = Window {
        kernel: 3,
        stride: 1,
        padding: 1,
    };

    fn source<'a>(&'a self, small: (&'a [f32], Shape), skip: (&'a [f32], Shape)) -> Result<Upsampled<'a>> {
        let (small, small_shape) = small;
        let (skip, skip_shape) = skip;
        let halved = (skip_shape.height.div_ceil(2), skip_shape.width.div_ceil(2));
        if small_shape.images != skip_shape.images || (small_shape.height, small_shape.width) != halved {
            bail!("{small_shape:?} is not half of {skip_shape:?}");
        }
        Ok(Upsampled {
            small: Masked {
                values: Values {
                    values: small,
                    shape: small_shape,
                },
                mask: self.small_mask.plane(small_shape)?,
            },
            skip: Masked {
                values: Values {
                    values: skip,
                    shape: skip_shape,
                },
                mask: self.skip_mask.plane(skip_shape)?,
            },
        })
    }

    /// The gradients of the small map and of the skip, each where it is tracked.
    fn input_gradients(
        &self,
        small: &Tensor,
        skip: &Tensor,
        weight: &Tensor,
        gradient: &Scaled<'_>,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (small_shape, skip_shape) = (shape(small.dims())?, shape(skip.dims())?);
        let whole = Shape {
            channels: small_shape.channels + skip_shape.channels,
            ..skip_shape
        };
        let zeros = |is_tracked: bool, shape: Shape| is_tracked.then(|| vec![0.0; shape.len()]);
        let mut of_small = zeros(small.track_op(), small_shape);
        let mut of_skip = zeros(skip.track_op(), skip_shape);
        let first = if of_small.is_some() {
            0
        } else {
            small_shape.channels
        };
        let end = if of_skip.is_some() {
            whole.channels
        } else {
            small_shape.channels
        };
        let (small_mask, skip_mask) = (
            self.small_mask.plane(small_shape)?,
            self.skip_mask.plane(skip_shape)?,
        );
        let sink = Downsampled {
            shape: whole,
            small_channels: small_shape.channels,
            small: of_small.as_mut().map(|values| MaskedOutput {
                to: Output::new(values, small_shape),
                mask: small_mask,
            }),
            skip: of_skip.as_mut().map(|values| MaskedOutput {
                to: Output::new(values, skip_shape),
                mask: skip_mask,
            }),
        };
        if first < end {
            pass::input_gradient(Self::WINDOW, weight, gradient, &sink, first..end)?;
        }
        let finish = |values: Option<Vec<f32>>, shape| values.map(|values| tensor(values, shape)).transpose();
        Ok((finish(of_small, small_shape)?, finish(of_skip, skip_shape)?))
    }
}

impl CustomOp3 for UpsampledConv {
    fn name(&self) -> &'static str {
        "partial-conv-upsampled"
    }

    fn cpu_fwd(
        &self,
        small: &CpuStorage,
        small_layout: &Layout,
        skip: &CpuStorage,
        skip_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
    ) -> Result<(CpuStorage, candle_core::Shape)> {
        let small = (values(small, small_layout)?, shape(small_layout.dims())?);
        let skip = (values(skip, skip_layout)?, shape(skip_layout.dims())?);
        let source = self.source(small, skip)?;
        pass::forward(Self::WINDOW, &source, (weight, weight_layout), |to| {
            self.ratio.plane(to).map(Finish::Ratio)
        })
    }

    fn bwd(
        &self,
        small: &Tensor,
        skip: &Tensor,
        weight: &Tensor,
        result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let to = shape(result.dims())?;
        let (small_shape, skip_shape) = (shape(small.dims())?, shape(skip.dims())?);
        with_values(gradient, |gradient| {
            let gradient = Scaled {
                values: Values {
                    values: gradient,
                    shape: to,
                },
                factors: self.ratio.plane(to)?,
            };
            let (of_small, of_skip) = self.input_gradients(small, skip, weight, &gradient)?;
            if !weight.track_op() {
                return Ok((of_small, of_skip, None));
            }
            let of_weight = with_values(small, |small| {
                with_values(skip, |skip| {
                    let source = self.source((small, small_shape), (skip, skip_shape))?;
                    pass::weight_gradient(Self::WINDOW, weight, &source, &gradient)
                })
            })?;
            Ok((of_small, of_skip, Some(of_weight)))
        })
    }
}
