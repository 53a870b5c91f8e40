//! The convolution that trains, forward and backward, as launches.
//!
//! Maps are `[b, c, h, w]` in single precision, zero padding is half the kernel, and the output has `ceil(h/stride)`
//! rows. `dX` and `dW` are products like the convolution itself and make no copy of any map.

use candle_core::{Result, bail};

use super::job::{Job, Kernels, Product};

/// Threads of the kernels here.
const THREADS: u32 = 128;

/// The sizes of a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Pictures.
    pub batch: usize,
    /// Channels of the input.
    pub in_channels: usize,
    /// Rows of the input.
    pub height: usize,
    /// Columns of the input.
    pub width: usize,
    /// Channels of the output.
    pub out_channels: usize,
    /// Side of the window; odd.
    pub kernel: usize,
    /// Distance between outputs.
    pub stride: usize,
}

impl Shape {
    /// Of `xs` `[b, c, h, w]` and `weight` `[o, c, k, k]`; an error where they do not fit, or where there is nothing.
    pub fn new(
        (batch, in_channels, height, width): (usize, usize, usize, usize),
        weight: (usize, usize, usize, usize),
        stride: usize,
    ) -> Result<Self> {
        let shape = Self {
            batch,
            in_channels,
            height,
            width,
            out_channels: weight.0,
            kernel: weight.2,
            stride,
        };
        let is_window = weight.2 == weight.3 && weight.2 % 2 == 1 && stride > 0;
        if !is_window || weight.1 != in_channels || shape.output_len() * shape.input_len() == 0 {
            bail!("a window of {weight:?}, stride {stride}, does not fit {shape:?}");
        }
        Ok(shape)
    }

    /// Rows of the output.
    pub const fn out_height(&self) -> usize {
        self.height.div_ceil(self.stride)
    }

    /// Columns of the output.
    pub const fn out_width(&self) -> usize {
        self.width.div_ceil(self.stride)
    }

    /// Values of the input.
    pub const fn input_len(&self) -> usize {
        self.batch * self.in_channels * self.height * self.width
    }

    /// Values of the output.
    pub const fn output_len(&self) -> usize {
        self.batch * self.out_channels * self.out_height() * self.out_width()
    }

    /// Values of the weights.
    pub const fn weight_len(&self) -> usize {
        self.out_channels * self.in_channels * self.area()
    }

    const fn area(&self) -> usize {
        self.kernel * self.kernel
    }

    const fn job(&self) -> Job {
        Job {
            batch: self.batch as i32,
            height: self.height as i32,
            width: self.width as i32,
            small_height: 0,
            small_width: 0,
            first_channels: self.in_channels as i32,
            second_channels: 0,
            out_height: self.out_height() as i32,
            out_width: self.out_width() as i32,
            out_channels: self.out_channels as i32,
            kernel: self.kernel as i32,
            stride: self.stride as i32,
            is_upsampled: 0,
            splits: 1,
            slope: 1.0,
        }
    }

    /// `first` (the input) and `weights` to `output`.
    pub fn forward(&self) -> Product {
        let rows = self.batch * self.out_height() * self.out_width();
        let sizes = [rows, self.out_channels, self.in_channels * self.area()];
        Product::new(kernels("conv_forward", "finish_forward"), sizes, self.job())
    }

    /// `second` (the output's gradient) and `weights` to `output`, the input's gradient.
    pub fn input_gradient(&self) -> Product {
        let rows = self.batch * self.height * self.width;
        let sizes = [rows, self.in_channels, self.out_channels * self.area()];
        Product::new(
            kernels("conv_input_gradient", "finish_input_gradient"),
            sizes,
            self.job(),
        )
    }

    /// `first` (the input) and `second` (the output's gradient) to `output`, the weights' gradient.
    pub fn weight_gradient(&self) -> Product {
        let depth = self.batch * self.out_height() * self.out_width();
        let sizes = [self.out_channels, self.in_channels * self.area(), depth];
        Product::new(
            kernels("conv_weight_gradient", "finish_weight_gradient"),
            sizes,
            self.job(),
        )
    }
}

const fn kernels(multiply: &'static str, finish: &'static str) -> Kernels {
    Kernels {
        multiply,
        threads: THREADS,
        finish,
    }
}
