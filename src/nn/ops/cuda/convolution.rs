//! The convolution that trains, forward and backward, as launches.
//!
//! Maps are `[b, c, h, w]` in single precision, zero padding is half the kernel, and the output has `ceil(h/stride)`
//! rows. The gradients are products like the convolution itself and make no copy of any map. In the decoder a small map
//! is seen at twice its size, and a skip stands behind its channels; neither is made.

use candle_core::{Result, bail};

use super::job::{ENOUGH_BLOCKS, Job, Launch, Launches, Module, ProductKernels};

/// Threads of the kernels here.
pub(super) const THREADS: u32 = 128;
/// Blocks for the gradient of the weights: few sums, each over all positions of all pictures, so that what a GPU can run
/// at a time decides.
const BLOCKS_OF_WEIGHTS: usize = 1024;
/// Sides of the tiles of sums that a block makes; `Square`, `Narrow` and `Flat` in `tf32.cu`.
pub(super) const SQUARE: usize = 64;
const THIN: usize = 32;
const LONG: usize = 128;

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
    /// Whether the input has a mask; in the decoder both have.
    pub is_masked: bool,
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
            is_masked: false,
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
            is_masked: true,
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
        let kernels = if self.is_upsampled() {
            ["decoder_forward", "decoder_forward_narrow"]
        } else if self.is_masked {
            ["masked_forward", "masked_forward_narrow"]
        } else {
            ["conv_forward", "conv_forward_narrow"]
        };
        let rows = self.batch * self.out_height() * self.out_width();
        let depth = (self.in_channels + self.skip_channels) * self.area();
        let sizes = [rows, self.out_channels, depth];
        self.product(
            tiles_for_columns(kernels, sizes),
            "finish_forward",
            sizes,
            ENOUGH_BLOCKS,
        )
    }

    /// `gradient` and `weights` to `output`, the input's gradient; in the decoder that of the small map.
    pub fn input_gradient(&self) -> Launches {
        let depth = self.out_channels * self.area();
        if self.is_upsampled() {
            let kernels = ["conv_small_gradient", "conv_small_gradient_narrow"];
            let rows = self.batch * self.small_height() * self.small_width();
            let sizes = [rows, self.in_channels, 4 * depth];
            return self.product(
                tiles_for_columns(kernels, sizes),
                "finish_small_gradient",
                sizes,
                ENOUGH_BLOCKS,
            );
        }
        if self.stride == 2 {
            return self.strided_input_gradient();
        }
        let kernels = ["conv_input_gradient", "conv_input_gradient_narrow"];
        let rows = self.batch * self.height * self.width;
        let sizes = [rows, self.in_channels, depth];
        self.product(
            tiles_for_columns(kernels, sizes),
            "finish_input_gradient",
            sizes,
            ENOUGH_BLOCKS,
        )
    }

    /// Four kinds of positions, by whether row and column are even, each as many rows as fill whole tiles.
    fn strided_input_gradient(&self) -> Launches {
        let kernels = ["strided_input_gradient", "strided_input_gradient_narrow"];
        let columns = self.in_channels;
        let tiles = tiles_for_columns(kernels, [0, columns, 0]);
        let finish = if columns <= THIN {
            "finish_strided_gradient_narrow"
        } else {
            "finish_strided_gradient"
        };
        let of_one = self.batch * self.height.div_ceil(2) * self.width.div_ceil(2);
        let rows = 4 * of_one.next_multiple_of(tiles.1[0]);
        // The least depth of the four.
        let places = (self.kernel / 2).pow(2).max(1);
        let sizes = [rows, columns, self.out_channels * places];
        self.product(tiles, finish, sizes, ENOUGH_BLOCKS)
    }

    /// `gradient` and `weights` to `output`, the skip's gradient.
    pub fn skip_gradient(&self) -> Launches {
        let kernels = ["conv_skip_gradient", "conv_skip_gradient_narrow"];
        let rows = self.batch * self.height * self.width;
        let sizes = [rows, self.skip_channels, self.out_channels * self.area()];
        self.product(
            tiles_for_columns(kernels, sizes),
            "finish_skip_gradient",
            sizes,
            ENOUGH_BLOCKS,
        )
    }

    /// `first`, in the decoder with `second`, and `gradient` to `output`, the weights' gradient.
    pub fn weight_gradient(&self) -> Launches {
        let kernels = if self.is_upsampled() {
            ["decoder_weight_gradient", "decoder_weight_gradient_flat"]
        } else if self.is_masked {
            ["masked_weight_gradient", "masked_weight_gradient_flat"]
        } else {
            ["conv_weight_gradient", "conv_weight_gradient_flat"]
        };
        let depth = self.batch * self.out_height() * self.out_width();
        let columns = (self.in_channels + self.skip_channels) * self.area();
        let sizes = [self.out_channels, columns, depth];
        self.product(
            tiles_for_rows(kernels, sizes),
            "finish_weight_gradient",
            sizes,
            BLOCKS_OF_WEIGHTS,
        )
    }

    /// The gradient of the sums from `gradient`, that of the output, `ratio` and `gate`.
    pub fn sums_gradient(&self) -> Launches {
        let count = self.batch * self.out_channels * self.out_height() * self.out_width();
        Launch::flat(Module::Training.kernel("sums_gradient"), count, self.job()).into()
    }

    fn product(
        &self,
        (multiply, tile): (&'static str, [usize; 2]),
        finish: &'static str,
        sizes: [usize; 3],
        blocks: usize,
    ) -> Launches {
        let kernels = ProductKernels {
            multiply: Module::Training.kernel(multiply),
            threads: THREADS,
            tile,
            blocks,
            finish: Module::Training.kernel(finish),
        };
        Launches::product(kernels, sizes, self.job())
    }
}

/// The kernel, of one with square and one with narrow tiles, that `columns` of sums fill best, and its tiles.
const fn tiles_for_columns(
    [square, narrow]: [&'static str; 2],
    [_, columns, _]: [usize; 3],
) -> (&'static str, [usize; 2]) {
    if columns <= THIN {
        (narrow, [LONG, THIN])
    } else {
        (square, [SQUARE; 2])
    }
}

/// As [`tiles_for_columns`], of square and flat tiles for `rows`.
const fn tiles_for_rows(
    [square, flat]: [&'static str; 2],
    [rows, _, _]: [usize; 3],
) -> (&'static str, [usize; 2]) {
    if rows <= THIN {
        (flat, [THIN, LONG])
    } else {
        (square, [SQUARE; 2])
    }
}
