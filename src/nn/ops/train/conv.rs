//! Convolution with what follows it, as candle operations that have a gradient.

use candle_core::{CpuStorage, CustomOp2, CustomOp3, Device, Layout, Result, Tensor, bail};

use super::{
    engine::{Packed, convolve, weight_gradient},
    kernel::Kernels,
    source::{Activated, Gated, Output, Source, Values},
    walk::{Shape, Walk, Window},
};
use crate::nn::ops::simd::Instructions;

/// Reads a tensor's values: `[b, c, h, w]` or fewer dimensions, contiguous.
pub(super) fn values<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let Some((start, end)) = layout.contiguous_offsets() else {
        bail!("the operations of training read contiguous tensors only");
    };
    Ok(&storage.as_slice::<f32>()?[start..end])
}

/// Calls `read` with the values of a tensor on the CPU.
pub(super) fn with_values<T>(tensor: &Tensor, read: impl FnOnce(&[f32]) -> Result<T>) -> Result<T> {
    let tensor = tensor.contiguous()?;
    let (storage, layout) = tensor.storage_and_layout();
    let candle_core::Storage::Cpu(storage) = &*storage else {
        bail!("the operations of training run on the CPU");
    };
    read(values(storage, layout)?)
}

/// Size of a tensor of four dimensions.
pub(super) fn shape(dims: &[usize]) -> Result<Shape> {
    let &[images, channels, height, width] = dims else {
        bail!("four dimensions are needed, not {dims:?}");
    };
    Ok(Shape {
        images,
        channels,
        height,
        width,
    })
}

pub(super) fn tensor(values: Vec<f32>, shape: Shape) -> Result<Tensor> {
    Tensor::from_vec(values, dims(shape), &Device::Cpu)
}

pub(super) const fn dims(shape: Shape) -> (usize, usize, usize, usize) {
    (shape.images, shape.channels, shape.height, shape.width)
}

/// The kernels for this processor.
pub(super) fn kernels() -> Kernels {
    Kernels::new(Instructions::best())
}

/// Size of the output, or why there is none.
pub(super) fn output_shape(window: Window, xs: Shape, weight: &[usize]) -> Result<Shape> {
    let Window {
        kernel,
        stride,
        padding,
    } = window;
    let &[outputs, inputs, rows, columns] = weight else {
        bail!("a weight of four dimensions is needed, not {weight:?}");
    };
    let (Some(height), Some(width)) = (window.output_len(xs.height), window.output_len(xs.width)) else {
        bail!("a window of {kernel} × {kernel} does not fit into {xs:?}");
    };
    if (rows, columns) != (kernel, kernel)
        || inputs != xs.channels
        || !(1..=2).contains(&stride)
        || padding >= kernel
    {
        bail!("a weight {weight:?} with stride {stride} and padding {padding} does not fit {xs:?}");
    }
    if xs.len() == 0 || outputs == 0 {
        bail!("a convolution of nothing: {xs:?} with {weight:?}");
    }
    Ok(Shape {
        images: xs.images,
        channels: outputs,
        height,
        width,
    })
}

/// The forward pass from any source: the weights as they are.
pub(super) fn pack_forward(
    walk: &Walk,
    window: Window,
    weight: &[f32],
    outputs: usize,
    inputs: usize,
) -> Packed {
    let taps = window.taps();
    Packed::new(walk, kernels(), outputs, inputs, |output, input, tap| {
        weight[(output * inputs + input) * taps + tap]
    })
}

/// The gradient of the input: the weights with inputs and outputs exchanged.
pub(super) fn pack_backward(
    walk: &Walk,
    window: Window,
    weight: &[f32],
    outputs: usize,
    inputs: usize,
) -> Packed {
    let taps = window.taps();
    Packed::new(walk, kernels(), inputs, outputs, |input, output, tap| {
        weight[(output * inputs + input) * taps + tap]
    })
}

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
        let from = Values {
            values: values(xs.0, xs.1)?,
            shape: shape(xs.1.dims())?,
        };
        let to = output_shape(self.window, from.shape, weight.1.dims())?;
        if bias.is_some_and(|bias| bias.len() != to.channels) {
            bail!("a bias for other channels than {}", to.channels);
        }
        let walk = Walk::forward(self.window, to.images, to.height, to.width);
        let weight = values(weight.0, weight.1)?;
        let packed = pack_forward(&walk, self.window, weight, to.channels, from.shape.channels);
        let mut ys = vec![0.0; to.len()];
        let sink = Activated {
            to: Output::new(&mut ys, to),
            ratio: None,
            bias,
            slope: self.slope,
        };
        convolve(&walk, &packed, kernels(), &from, &sink, 0..to.channels);
        Ok((CpuStorage::F32(ys), dims(to).into()))
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
                self.gradients(
                    xs,
                    weight,
                    from,
                    &Gated {
                        gradient,
                        result,
                        slope,
                    },
                )
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
        let of_input = if xs.track_op() {
            Some(tensor(self.input_gradient(weight, from, gradient)?, from)?)
        } else {
            None
        };
        let of_weight = if weight.track_op() {
            let values = with_values(xs, |values| {
                let Shape {
                    images,
                    height,
                    width,
                    ..
                } = gradient.shape();
                let walk = Walk::forward(self.window, images, height, width);
                let source = Values { values, shape: from };
                Ok(weight_gradient(&walk, self.window, kernels(), &source, gradient))
            })?;
            Some(Tensor::from_vec(values, weight.shape(), &Device::Cpu)?)
        } else {
            None
        };
        Ok((of_input, of_weight))
    }

    fn input_gradient(&self, weight: &Tensor, from: Shape, gradient: &dyn Source) -> Result<Vec<f32>> {
        let walk = Walk::backward(self.window, from.images, from.height, from.width);
        let outputs = gradient.shape().channels;
        let packed = with_values(weight, |weight| {
            Ok(pack_backward(&walk, self.window, weight, outputs, from.channels))
        })?;
        let mut values = vec![0.0; from.len()];
        let sink = Activated {
            to: Output::new(&mut values, from),
            ratio: None,
            bias: None,
            slope: 1.0,
        };
        convolve(&walk, &packed, kernels(), gradient, &sink, 0..from.channels);
        Ok(values)
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
