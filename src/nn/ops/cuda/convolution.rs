//! The convolution that trains, forward and backward, as launches.
//!
//! Maps are `[b, c, h, w]` in single precision, zero padding is half the kernel, and the output has `ceil(h/stride)`
//! rows. The gradients are products like the convolution itself and make no copy of any map. In the decoder a small map
//! is seen at twice its size, and a skip stands behind its channels; neither is made.

use candle_core::{Result, bail};

use super::job::{Job, Launches, Module, ProductKernels};

/// Threads of the kernels here.
const THREADS: u32 = 128;

/// The sizes of a convolution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// Pictures.
    pub batch: usize,
    /// Channels of the input; in the decoder of the small map.
    pub in_channels: usize,
    /// Channels of the skip; 0 is no decoder.
    pub skip_channels: usize,
    /// Rows of the input; in the decoder of the skip.
    pub height: usize,
    /// Columns of the input; in the decoder of the skip.
    pub width: usize,
    /// Channels of the output.
    pub out_channels: usize,
    /// Side of the window; odd.
    pub kernel: usize,
    /// Distance between outputs: 1 or 2.
    pub stride: usize,
    /// What a result below zero counts, as does its gradient: 0 is `ReLU`, 1 no activation.
    pub slope: f32,
}

impl Shape {
    /// Of `xs` `[b, c, h, w]` and `weight` `[o, c, k, k]`, without activation; an error where they do not fit, or where
    /// there is nothing.
    pub fn new(
        (batch, in_channels, height, width): (usize, usize, usize, usize),
        weight: (usize, usize, usize, usize),
        stride: usize,
    ) -> Result<Self> {
        let shape = Self {
            batch,
            in_channels,
            skip_channels: 0,
            height,
            width,
            out_channels: weight.0,
            kernel: weight.2,
            stride,
            slope: 1.0,
        };
        let is_window = weight.2 == weight.3 && weight.2 % 2 == 1 && (1..=2).contains(&stride);
        if !is_window || weight.1 != in_channels || shape.is_empty() {
            bail!("a window of {weight:?}, stride {stride}, does not fit {shape:?}");
        }
        Ok(shape)
    }

    /// Of the decoder's `small`, seen at twice its size and cut to that of `skip`, and `skip`, with stride 1.
    pub fn upsampled(
        small: (usize, usize, usize, usize),
        skip: (usize, usize, usize, usize),
        weight: (usize, usize, usize, usize),
    ) -> Result<Self> {
        let shape = Self {
            in_channels: small.1,
            skip_channels: skip.1,
            ..Self::new((skip.0, small.1 + skip.1, skip.2, skip.3), weight, 1)?
        };
        if (small.0, small.2, small.3) != (skip.0, shape.small_height(), shape.small_width())
            || shape.is_empty()
        {
            bail!("{small:?} is not half of {skip:?}");
        }
        Ok(shape)
    }

    const fn is_empty(&self) -> bool {
        self.batch * self.height * self.width * self.in_channels * self.out_channels == 0
    }

    /// Rows of the output.
    pub const fn out_height(&self) -> usize {
        self.height.div_ceil(self.stride)
    }

    /// Columns of the output.
    pub const fn out_width(&self) -> usize {
        self.width.div_ceil(self.stride)
    }

    const fn small_height(&self) -> usize {
        self.height.div_ceil(2)
    }

    const fn small_width(&self) -> usize {
        self.width.div_ceil(2)
    }

    const fn area(&self) -> usize {
        self.kernel * self.kernel
    }

    const fn is_upsampled(&self) -> bool {
        self.skip_channels > 0
    }

    /// The numbers of its launches.
    pub(super) const fn job(&self) -> Job {
        Job {
            batch: self.batch as i32,
            height: self.height as i32,
            width: self.width as i32,
            small_height: self.small_height() as i32,
            small_width: self.small_width() as i32,
            first_channels: self.in_channels as i32,
            second_channels: self.skip_channels as i32,
            out_height: self.out_height() as i32,
            out_width: self.out_width() as i32,
            out_channels: self.out_channels as i32,
            kernel: self.kernel as i32,
            stride: self.stride as i32,
            is_upsampled: self.is_upsampled() as i32,
            splits: 1,
            count: 0,
            slope: self.slope,
            factor: 1.0,
        }
    }

    /// `first`, in the decoder with `second`, and `weights` to `output`.
    pub fn forward(&self) -> Launches {
        let kernel = if self.is_upsampled() {
            "conv_forward_upsampled"
        } else {
            "conv_forward"
        };
        let rows = self.batch * self.out_height() * self.out_width();
        let depth = (self.in_channels + self.skip_channels) * self.area();
        self.product(kernel, "finish_forward", [rows, self.out_channels, depth])
    }

    /// `gradient` and `weights` to `output`, the input's gradient; in the decoder that of the small map.
    pub fn input_gradient(&self) -> Launches {
        let depth = self.out_channels * self.area();
        if self.is_upsampled() {
            let rows = self.batch * self.small_height() * self.small_width();
            let sizes = [rows, self.in_channels, 4 * depth];
            return self.product("conv_small_gradient", "finish_small_gradient", sizes);
        }
        let rows = self.batch * self.height * self.width;
        let sizes = [rows, self.in_channels, depth];
        self.product("conv_input_gradient", "finish_input_gradient", sizes)
    }

    /// `gradient` and `weights` to `output`, the skip's gradient.
    pub fn skip_gradient(&self) -> Launches {
        let rows = self.batch * self.height * self.width;
        let sizes = [rows, self.skip_channels, self.out_channels * self.area()];
        self.product("conv_skip_gradient", "finish_skip_gradient", sizes)
    }

    /// `first`, in the decoder with `second`, and `gradient` to `output`, the weights' gradient.
    pub fn weight_gradient(&self) -> Launches {
        let kernel = if self.is_upsampled() {
            "conv_weight_gradient_upsampled"
        } else {
            "conv_weight_gradient"
        };
        let depth = self.batch * self.out_height() * self.out_width();
        let columns = (self.in_channels + self.skip_channels) * self.area();
        self.product(
            kernel,
            "finish_weight_gradient",
            [self.out_channels, columns, depth],
        )
    }

    fn product(&self, multiply: &'static str, finish: &'static str, sizes: [usize; 3]) -> Launches {
        let kernels = ProductKernels {
            multiply: Module::Training.kernel(multiply),
            threads: THREADS,
            finish: Module::Training.kernel(finish),
        };
        Launches::product(kernels, sizes, self.job())
    }
}
