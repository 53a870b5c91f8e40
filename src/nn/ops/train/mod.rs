//! The operations of training, forward and backward.
//!
//! On the CPU they are our own, on CUDA our kernels where they fit, elsewhere candle's. Tensors are candle's usual `[b, c, h, w]` of `f32`.

mod conv;
mod engine;
mod kernel;
mod source;
mod walk;

use candle_core::{Result, Tensor};

use conv::Conv;
use walk::Window;

/// Convolution of `xs` `[b, c, h, w]` with `weight` `[o, c, k, k]`: `[b, o, (h + 2·padding − k)/stride + 1, …]`.
///
/// Differentiable in both arguments; a gradient that nobody tracks is not computed.
pub fn conv2d(xs: &Tensor, weight: &Tensor, padding: usize, stride: usize) -> Result<Tensor> {
    if !xs.device().is_cpu() {
        return on_device(xs, weight, padding, stride);
    }
    let window = Window {
        kernel: weight.dim(3)?,
        stride,
        padding,
    };
    xs.contiguous()?
        .apply_op2(&weight.contiguous()?, Conv { window, slope: 1.0 })
}

/// `relu(conv2d(xs, weight) + bias)` with stride 1 in one pass; `bias` is `[o]`.
///
/// Differentiable in all arguments; a gradient that nobody tracks is not computed.
pub fn conv2d_relu(xs: &Tensor, weight: &Tensor, bias: &Tensor, padding: usize) -> Result<Tensor> {
    if !xs.device().is_cpu() {
        let ys = on_device(xs, weight, padding, 1)?;
        return ys.broadcast_add(&bias.reshape((1, (), 1, 1))?)?.relu();
    }
    let window = Window {
        kernel: weight.dim(3)?,
        stride: 1,
        padding,
    };
    xs.contiguous()?.apply_op3(
        &weight.contiguous()?,
        &bias.contiguous()?,
        Conv { window, slope: 0.0 },
    )
}

/// A convolution on a GPU: our kernels on CUDA, which pad by half the window and take `f32`; else candle's.
fn on_device(xs: &Tensor, weight: &Tensor, padding: usize, stride: usize) -> Result<Tensor> {
    #[cfg(feature = "cuda")]
    if xs.device().is_cuda()
        && (xs.dtype(), weight.dtype()) == (candle_core::DType::F32, candle_core::DType::F32)
        && weight.dim(3)? == 2 * padding + 1
        && super::cuda::has_training_kernels(xs.device())
    {
        return super::cuda::conv2d(xs, weight, stride);
    }
    xs.conv2d(weight, padding, stride, 1, 1)
}
