//! The operations of training, forward and backward.
//!
//! On the CPU they are our own, elsewhere candle's. Tensors are candle's usual `[b, c, h, w]` of `f32`.

use candle_core::{Result, Tensor};

/// Convolution of `xs` `[b, c, h, w]` with `weight` `[o, c, k, k]`: `[b, o, (h + 2·padding − k)/stride + 1, …]`.
///
/// Differentiable in both arguments; a gradient that nobody tracks is not computed.
pub fn conv2d(xs: &Tensor, weight: &Tensor, padding: usize, stride: usize) -> Result<Tensor> {
    xs.conv2d(weight, padding, stride, 1, 1)
}
