//! The engine on the CPU, and in [`cuda`] on NVIDIA's GPUs: to fill, every layer of the U-Net as one fused operation; to
//! train, operations with gradients, which `train` explains. What follows is about the CPU.
//!
//! One pass per layer does the masked convolution, the renormalisation, the bias, the batch norm (folded into the
//! weights) and the activation. No map is copied to be convolved, no mask has more than one channel, and the decoder
//! neither upsamples nor concatenates: it reads both of its sources in place. The work is split over the current rayon pool; install a smaller one to limit it.
//!
//! # Layout
//!
//! A map is `[h + 2·border, w + 2·border, c]`: all channels of a position together, so that a row of a window is one
//! stretch of memory, and zeros all around as far as the next window reaches, so that no window asks where the edge
//! is. Holes hold zeros as well, because a layer writes nothing but its valid outputs into a map that was cleared
//! there. Weights lie in panels of as many channels as two vectors hold (four where there are 32 registers), each at a
//! cache line: one row of a panel per step of the window.
//!
//! # What is done, and what it gave
//!
//! Measured with AVX2 on two idle cores at 512 × 512, 20 % of it holes (strokes), 8 levels, medians of `lacuna bench`
//! and of PyTorch's plain form in turn: width 32, 58 ms for what the holes need, 90 ms for everything, PyTorch 298 ms;
//! width 64, 208, 332 and 765 ms. The layers that carry the work reach 90 to 103 % of the machine's rate of matrix
//! products (177 GFLOP/s); those near the bottleneck read more weights than they multiply, at 50 to 92 % of its rate of
//! copying (22 GB/s). candle's own operations take some fifteen times the processor time at width 32. With AVX-512, on
//! another machine (452 GFLOP/s): 24, 37 and 143 ms, and 82, 129 and 364 ms; the layers that carry the work reach 88 to
//! 109 % of its rate.
//!
//! | what | where | gain |
//! |---|---|---|
//! | six outputs × one panel stay in registers over the whole window, values are broadcast straight from the map | `kernel` | 50 of about 50 G multiply-adds/s a core; no copy of windows at all |
//! | the sums keep their registers from one stretch to the next (the loop asks at its end) | `kernel` | 0 instead of 4 moves a step with AVX2; without it AVX-512 spills |
//! | up-sampling by adding weights: 4 taps of the small map for 9 of the large one, for every parity and for the cut edge of odd sides | `pack` | 37.97 → 27.9 G multiply-adds (width 64) |
//! | outputs with nothing in their window are not computed | `layer` | 1 % at this mask, more for large holes |
//! | the decoder makes only what the holes need, down through all levels, by the pixel and not by the tile | `mask` | 7.09 → 4.40 G (width 32), 27.6 → 17.1 G (width 64) |
//! | the picture's layer runs its vectors along the window, four outputs × three channels | `kernel` | does not pad three channels to a panel of sixteen |
//! | mask sums in bytes, many at a time | `mask` | all masks and lists of outputs: under 5 ms a fill |
//! | maps lie in the memory of earlier maps; only borders and holes are cleared | `pool` | no page faults from the second fill on |
//!
//! Winograd (which training uses) and int8 are not done. `lacuna bench` measures every layer against the machine's ceilings ([`limits`]).

pub mod cuda;
mod forward;
mod fused;
mod kernel;
mod layer;
pub mod limits;
mod mask;
mod pack;
mod pool;
mod simd;
mod train;

pub use fused::{FillError, FusedUNet, LayerRun};
pub use mask::Plane;
pub use simd::Instructions;
pub use train::{
    FeatureNetwork, add_bias, are_ours, batch_norm, conv2d, conv2d_relu, feature_losses, frozen_norm,
    is_on_cpu, max_pool2, mean_distance, partial_conv2d, partial_conv2d_upsampled, sum_of_squares,
    update_mask, update_mask_upsampled,
};
pub(in crate::nn) use train::{values, with_values, with_values_mut};
