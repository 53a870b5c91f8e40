//! Weights in the order in which the kernels read them, made once per model.
//!
//! Batch norm is folded first: `act(norm(conv · ratio))` becomes `act(folded conv · ratio + shift)`. A decoder layer
//! sees each value of its small map as a square of four, so its 3 × 3 window covers only 2 × 2 different ones and
//! the weights of those that coincide are added beforehand. Which ones do depends on whether the output's row and
//! column are even, odd, or the even last of an odd side, where the square is cut: five sets of window rows, and as
//! many of columns, cover every case.

use candle_core::{Result, bail};
use candle_nn::Activation;
use rayon::prelude::{IndexedParallelIterator as _, ParallelIterator as _, ParallelSliceMut as _};

use super::{
    kernel::{Kernel, PICTURE_CHANNELS},
    simd::Instructions,
};
use crate::nn::{norm, partial_conv::Geometry, unet::Block};

/// Sets of window rows (or columns) that fall onto one row of the small map; see [`set_sums`].
const SETS: usize = 5;
/// The sets of the first and the second row that an output sees: even, odd, even and last of an odd side.
const SETS_SEEN: [[usize; 2]; 3] = [[0, 1], [2, 3], [0, 4]];
/// Cases of rows times cases of columns.
pub(super) const UPSAMPLED_VARIANTS: usize = 9;

/// The case that a row (or column) of an upsampled map of `len` is in.
pub(super) const fn upsampled_case(at: usize, len: usize) -> usize {
    match at % 2 {
        1 => 1,
        _ if at + 1 == len && len % 2 == 1 && len > 0 => 2,
        _ => 0,
    }
}

/// Where a layer's windows lie in its sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Window {
    /// One source, `stride` apart.
    Strided(Geometry),
    /// A small source that is seen twice as large, and a skip, 3 × 3.
    Upsampled,
}

/// A [`Segment`](super::kernel::Segment) before the width of its map is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) source: usize,
    /// Rows below the window's first.
    pub(super) row: usize,
    /// Columns right of the window's first.
    pub(super) column: usize,
    /// Values.
    pub(super) len: usize,
    /// Weights before it in a panel.
    pub(super) weights: usize,
}

/// The sums over each set: the first row, the last two, the first two, the last, the middle one.
const fn set_sums([first, middle, last]: [f64; 3]) -> [f64; SETS] {
    [first, middle + last, first + middle, last, middle]
}

/// The sums of a 3 × 3 window over each set of rows and, within it, each set of columns.
fn window_sums(window: &[f32]) -> [f64; SETS * SETS] {
    let row = |row: usize| set_sums([0, 1, 2].map(|column| f64::from(window[3 * row + column])));
    let rows = [row(0), row(1), row(2)];
    let mut sums = [0.0; SETS * SETS];
    for column_set in 0..SETS {
        let over_rows = set_sums([rows[0][column_set], rows[1][column_set], rows[2][column_set]]);
        for (row_set, sum) in over_rows.into_iter().enumerate() {
            sums[row_set * SETS + column_set] = sum;
        }
    }
    sums
}

/// A layer without its batch norm.
pub(super) struct Folded {
    /// `[out, in, k, k]`
    pub(super) weight: Vec<f32>,
    pub(super) out_channels: usize,
    pub(super) in_channels: usize,
    pub(super) kernel: usize,
    pub(super) shift: Vec<f32>,
    pub(super) slope: f32,
    /// Whether it makes the picture: three channels and nothing after them.
    pub(super) is_picture: bool,
}

/// Memory that starts at a cache line.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Line(pub(super) [f32; 16]);

/// A layer that is ready to run.
#[derive(Debug, Clone)]
pub(super) struct Packed {
    /// Panel after panel, each of [`panel_lines`](Self::panel_lines).
    pub(super) weights: Vec<Line>,
    /// Lines of a panel.
    pub(super) panel_lines: usize,
    /// Channels of a panel.
    pub(super) panel_width: usize,
    /// Per case the window of a panel.
    pub(super) stretches: Vec<Vec<Stretch>>,
    /// Per channel what is added, with zeros up to whole panels.
    pub(super) shift: Vec<f32>,
    /// See [`Panel::slope`](super::kernel::Panel::slope).
    pub(super) slope: f32,
    /// Channels.
    pub(super) out_channels: usize,
    /// Channels of each source; the second is 0 where there is one.
    pub(super) in_channels: [usize; 2],
    /// Where its windows lie.
    pub(super) window: Window,
    /// Whether the picture loop runs it.
    pub(super) is_picture: bool,
}

impl Packed {
    /// `sum(1)`: values in a window.
    pub(super) fn window_len(&self) -> usize {
        let kernel = match self.window {
            Window::Strided(geometry) => geometry.kernel,
            Window::Upsampled => 3,
        };
        kernel * kernel * (self.in_channels[0] + self.in_channels[1])
    }

    /// Bytes of its weights.
    pub(super) fn bytes(&self) -> u64 {
        size_of_val(self.weights.as_slice()) as u64
    }

    /// Packs a layer of the encoder.
    pub(super) fn encoder(block: &Block, instructions: Instructions) -> Result<Self> {
        let folded = fold(block)?;
        let width = Kernel::new(instructions, folded.out_channels).width;
        let stretches = rows_of(0, folded.kernel, folded.in_channels, 0, width);
        Ok(folded.pack(
            vec![stretches],
            [folded.in_channels, 0],
            Window::Strided(block.conv.geometry()),
            width,
        ))
    }

    /// Packs a layer of the decoder whose small map has `up_channels`; the picture's three channels have a layout of
    /// their own.
    pub(super) fn decoder(block: &Block, up_channels: usize, instructions: Instructions) -> Result<Self> {
        let folded = fold(block)?;
        let width = match folded.is_picture {
            true => PICTURE_CHANNELS,
            false => Kernel::new(instructions, folded.out_channels).width,
        };
        let skip_channels = folded.in_channels - up_channels;
        let skip_at = SETS * SETS * up_channels * width;
        let skip = rows_of(1, 3, skip_channels, skip_at, width);
        let variants = (0..UPSAMPLED_VARIANTS).map(|variant| {
            let mut stretches = upsampled_stretches(variant, up_channels, width);
            stretches.extend(&skip);
            stretches
        });
        Ok(folded.pack(
            variants.collect(),
            [up_channels, skip_channels],
            Window::Upsampled,
            width,
        ))
    }
}

/// The rows of a `kernel` × `kernel` window over `channels`; its weights begin at `weights`.
fn rows_of(source: usize, kernel: usize, channels: usize, weights: usize, width: usize) -> Vec<Stretch> {
    let len = kernel * channels;
    let row = |row| Stretch {
        source,
        row,
        column: 0,
        len,
        weights: weights + row * len * width,
    };
    (0..kernel).map(row).collect()
}

fn upsampled_stretches(variant: usize, channels: usize, width: usize) -> Vec<Stretch> {
    let (row_sets, column_sets) = (SETS_SEEN[variant / 3], SETS_SEEN[variant % 3]);
    let position = |row: usize, column: usize| Stretch {
        source: 0,
        row,
        column,
        len: channels,
        weights: (row_sets[row] * SETS + column_sets[column]) * channels * width,
    };
    [(0, 0), (0, 1), (1, 0), (1, 1)]
        .map(|(row, column)| position(row, column))
        .into()
}

impl Folded {
    fn pack(
        &self,
        stretches: Vec<Vec<Stretch>>,
        in_channels: [usize; 2],
        window: Window,
        width: usize,
    ) -> Packed {
        let sets = if window == Window::Upsampled {
            SETS * SETS
        } else {
            0
        };
        let up_channels = if sets > 0 { in_channels[0] } else { 0 };
        let window_area = self.kernel * self.kernel;
        let panel_len = (sets * up_channels + window_area * (self.in_channels - up_channels)) * width;
        let panel_lines = panel_len.div_ceil(16);
        let panels = self.out_channels.div_ceil(width);
        let mut weights = vec![Line([0.0; 16]); panels * panel_lines];
        weights
            .par_chunks_mut(panel_lines)
            .enumerate()
            .for_each(|(panel, lines)| {
                let channels = panel * width..((panel + 1) * width).min(self.out_channels);
                let mut put = |at: usize, value: f32| lines[at / 16].0[at % 16] = value;
                let order = Order {
                    width,
                    is_picture: self.is_picture,
                };
                self.pack_upsampled(channels.clone(), up_channels, order, &mut put);
                self.pack_window(channels, up_channels, sets * up_channels * width, order, &mut put);
            });
        let mut shift = self.shift.clone();
        shift.resize(panels * width, 0.0);
        Packed {
            weights,
            panel_lines,
            panel_width: width,
            stretches,
            shift,
            slope: self.slope,
            out_channels: self.out_channels,
            in_channels,
            window,
            is_picture: self.is_picture,
        }
    }

    /// Lays down the weights of the small map: per pair of sets, per channel.
    fn pack_upsampled(
        &self,
        channels: std::ops::Range<usize>,
        up_channels: usize,
        order: Order,
        put: &mut impl FnMut(usize, f32),
    ) {
        let first = channels.start;
        for input in 0..up_channels {
            for channel in channels.clone() {
                let window = self.window(channel, input);
                let mut at = order.within(up_channels, input, channel - first);
                for sum in window_sums(window) {
                    put(at, sum as f32);
                    at += up_channels * order.width;
                }
            }
        }
    }

    /// Lays down the weights of the source that is seen as it is: per window row, column, channel.
    fn pack_window(
        &self,
        channels: std::ops::Range<usize>,
        first_input: usize,
        start: usize,
        order: Order,
        put: &mut impl FnMut(usize, f32),
    ) {
        let inputs = self.in_channels - first_input;
        let len = self.kernel * inputs;
        let first = channels.start;
        for input in 0..inputs {
            for channel in channels.clone() {
                let window = self.window(channel, first_input + input);
                for (at, &value) in window.iter().enumerate() {
                    let (row, column) = (at / self.kernel, at % self.kernel);
                    let step = column * inputs + input;
                    put(
                        start + row * len * order.width + order.within(len, step, channel - first),
                        value,
                    );
                }
            }
        }
    }

    /// The window's weights between two channels.
    fn window(&self, out_channel: usize, in_channel: usize) -> &[f32] {
        let area = self.kernel * self.kernel;
        &self.weight[(out_channel * self.in_channels + in_channel) * area..][..area]
    }
}

/// How the weights of a stretch lie: channels together, or for the picture one channel after the other.
#[derive(Clone, Copy)]
struct Order {
    width: usize,
    is_picture: bool,
}

impl Order {
    const fn within(self, len: usize, step: usize, channel: usize) -> usize {
        if self.is_picture {
            channel * len + step
        } else {
            step * self.width + channel
        }
    }
}

pub(super) fn fold(block: &Block) -> Result<Folded> {
    let weight = block.conv.weight();
    let (out_channels, in_channels, kernel, _) = weight.dims4()?;
    let mut weight: Vec<f32> = weight.flatten_all()?.to_vec1()?;
    let mut shift = match block.conv.bias() {
        Some(bias) => bias.to_vec1()?,
        None => vec![0.0; out_channels],
    };
    if let Some(norm) = &block.norm {
        let (scale, bias) = norm.weight_and_bias();
        let [scale, bias, mean, variance] =
            [scale, bias, norm.running_mean(), norm.running_var()].map(|values| values.to_vec1::<f32>());
        let (scale, bias, mean, variance) = (scale?, bias?, mean?, variance?);
        for (channel, window) in weight.chunks_mut(in_channels * kernel * kernel).enumerate() {
            let factor = f64::from(scale[channel]) / (f64::from(variance[channel]) + norm::EPS).sqrt();
            window
                .iter_mut()
                .for_each(|value| *value = (f64::from(*value) * factor) as f32);
            let offset = f64::from(shift[channel]) - f64::from(mean[channel]);
            shift[channel] = (offset * factor + f64::from(bias[channel])) as f32;
        }
    }
    let slope = match block.activation {
        Some(Activation::Relu) => 0.0,
        Some(Activation::LeakyRelu(slope)) => slope as f32,
        None => 1.0,
        Some(other) => bail!("no fused form of {other:?}"),
    };
    Ok(Folded {
        weight,
        out_channels,
        in_channels,
        kernel,
        shift,
        slope,
        is_picture: out_channels == PICTURE_CHANNELS && block.activation.is_none(),
    })
}
