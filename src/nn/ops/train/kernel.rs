//! The two inner loops of training: sums over windows, and sums over positions.
//!
//! Vectors run along positions, which lie together in every tensor of candle's layout, so nothing is transposed.
//! [`Sums`] makes some output channels at some positions: per tap of the window a few vectors of positions are loaded
//! once and multiplied by one weight per output. It is both the forward pass and the gradient of the input.
//! [`Products`] is the gradient of the weight: the same vectors for three taps times those of some outputs' gradients.
//! Every sum is made by one thread in one order.

#![expect(
    unsafe_code,
    reason = "vector instructions and raw pointers; every contract is written at its function"
)]

use super::squares::{self, Input, Output};
#[cfg(target_arch = "aarch64")]
use crate::nn::ops::simd::arm::Neon;
#[cfg(target_arch = "x86_64")]
use crate::nn::ops::simd::x86::{Avx2, Avx512};
use crate::nn::ops::{
    kernel::unrolled,
    simd::{Instructions, Portable, Simd},
};

/// Taps that [`Products`] makes at once.
pub(super) const TAPS: usize = 3;

/// Sums over the channels and taps of windows, for a panel of output channels and a tile of positions.
pub(super) struct Sums<'a> {
    /// The first channel's value at the tile's first position, before any tap.
    pub(super) xs: *const f32,
    /// Values from one channel to the next.
    pub(super) channel_len: usize,
    /// Channels to sum over.
    pub(super) channels: usize,
    /// Values from a position to each of its taps.
    pub(super) taps: &'a [usize],
    /// Per channel, per tap, one weight for each output of the panel.
    pub(super) weights: *const f32,
    /// The first output at the tile's first position.
    pub(super) to: *mut f32,
    /// Values from one output to the next.
    pub(super) output_len: usize,
    /// Whether to add to what is there.
    pub(super) adds: bool,
}

/// Makes the sums for the first `OUT` outputs of a panel of `PANEL` × `VECTORS` vectors of positions.
///
/// # Safety
///
/// The processor must have the instructions of `S`. There must be a channel and a tap. For each of them,
/// `xs + channel · channel_len + tap` must be good for the tile's positions; `weights` for channels × taps × `PANEL`
/// values; `to + output · output_len` must be good to read and write the tile's positions, by nobody else meanwhile.
#[inline(always)]
unsafe fn sums<S: Simd, const PANEL: usize, const OUT: usize, const VECTORS: usize>(task: &Sums<'_>) {
    // SAFETY: all pointers stay in what the caller vouches for: `O` is below `OUT`, `V` below `VECTORS`.
    unsafe {
        let mut sums = [[S::splat(0.0); VECTORS]; OUT];
        if task.adds {
            unrolled!(O in [0 1 2 3 4 5 6 7] { if O < OUT {
                let from = task.to.wrapping_add(O * task.output_len);
                unrolled!(V in [0 1 2] { if V < VECTORS { sums[O][V] = S::load(from.wrapping_add(V * S::LANES)); } });
            } });
        }
        let mut xs = task.xs;
        let mut weights = task.weights;
        let taps = task.taps.as_ptr_range();
        // There is a channel and a tap: asking at the end only keeps the sums in their registers.
        let mut channel = 0;
        loop {
            let mut tap = taps.start;
            loop {
                let at = xs.wrapping_add(*tap);
                let mut row = [S::splat(0.0); VECTORS];
                unrolled!(V in [0 1 2] { if V < VECTORS { row[V] = S::load(at.wrapping_add(V * S::LANES)); } });
                unrolled!(O in [0 1 2 3 4 5 6 7] { if O < OUT {
                    let weight = S::broadcast(weights.wrapping_add(O));
                    unrolled!(V in [0 1 2] { if V < VECTORS { sums[O][V] = S::mul_add(weight, row[V], sums[O][V]); } });
                } });
                weights = weights.wrapping_add(PANEL);
                tap = tap.wrapping_add(1);
                if tap == taps.end {
                    break;
                }
            }
            xs = xs.wrapping_add(task.channel_len);
            channel += 1;
            if channel == task.channels {
                break;
            }
        }
        unrolled!(O in [0 1 2 3 4 5 6 7] { if O < OUT {
            let to = task.to.wrapping_add(O * task.output_len);
            unrolled!(V in [0 1 2] { if V < VECTORS { S::store(to.wrapping_add(V * S::LANES), sums[O][V]); } });
        } });
    }
}

/// Sums over positions of some outputs' gradients times three taps of one channel.
pub(super) struct Products {
    /// The first output's gradients.
    pub(super) gradients: *const f32,
    /// Values from one output to the next.
    pub(super) output_len: usize,
    /// The channel's values as each tap sees the first position.
    pub(super) xs: [*const f32; TAPS],
    /// Positions; whole vectors.
    pub(super) positions: usize,
    /// Where the sums are added: the first output's first tap.
    pub(super) to: *mut f32,
    /// Values from one output to the next.
    pub(super) to_step: usize,
    /// Outputs to store; the others are padding.
    pub(super) outputs: usize,
    /// Taps to store; the others repeat one of them.
    pub(super) taps: usize,
}

/// Adds the sums for `OUT` outputs × three taps.
///
/// # Safety
///
/// The processor must have the instructions of `S`. `gradients + output · output_len` and all `xs` must be good for
/// the positions; `to + output · to_step` must be good to read and write `taps` values for the first `outputs`, by
/// nobody else meanwhile.
#[inline(always)]
unsafe fn products<S: Simd, const OUT: usize>(task: &Products) {
    // SAFETY: all pointers stay in what the caller vouches for: `O` is below `OUT`, `at + LANES` at most `positions`.
    unsafe {
        let mut sums = [[S::splat(0.0); TAPS]; OUT];
        let mut at = 0;
        while at < task.positions {
            let row: [S::Vector; TAPS] = [
                S::load(task.xs[0].wrapping_add(at)),
                S::load(task.xs[1].wrapping_add(at)),
                S::load(task.xs[2].wrapping_add(at)),
            ];
            unrolled!(O in [0 1 2 3 4 5 6 7] { if O < OUT {
                let gradient = S::load(task.gradients.wrapping_add(O * task.output_len + at));
                unrolled!(T in [0 1 2] { sums[O][T] = S::mul_add(gradient, row[T], sums[O][T]); });
            } });
            at += S::LANES;
        }
        unrolled!(O in [0 1 2 3 4 5 6 7] { if O < OUT && O < task.outputs {
            unrolled!(T in [0 1 2] { if T < task.taps {
                *task.to.wrapping_add(O * task.to_step + T) += S::sum(sums[O][T]);
            } });
        } });
    }
}

/// Makes the sums of a panel, or of its first outputs.
pub(super) type SumsKernel = unsafe fn(&Sums<'_>);

/// The loops for one processor.
#[derive(Clone, Copy)]
pub(super) struct Kernels {
    /// Output channels of a panel.
    pub(super) outputs: usize,
    /// Positions of a tile.
    pub(super) positions: usize,
    /// [`sums`] with the processor's instructions, and its contract, for one output, for two, up to a panel.
    pub(super) sums: &'static [SumsKernel],
    /// Output channels that [`products`] makes at once.
    pub(super) product_outputs: usize,
    /// [`products`] with the processor's instructions, and its contract.
    pub(super) products: unsafe fn(&Products),
    /// [`squares::spread`] with the processor's instructions.
    pub(super) spread: unsafe fn(Input<'_>),
    /// [`squares::gather`] with the processor's instructions.
    pub(super) gather: unsafe fn(Output<'_>),
}

/// Defines all loops with the instructions they name: outputs of a panel and vectors of a tile for [`sums`], outputs
/// for [`products`].
macro_rules! with_instructions {
    (
        $(#[$attribute:meta])* $name:ident, $simd:ty, [$($outputs:literal)*] of $panel:literal, $vectors:literal,
        $product_outputs:literal
    ) => {
        mod $name {
            use super::{Input, Kernels, Output, Products, Simd as _, Sums, squares};

            $(#[$attribute])*
            unsafe fn sums<const OUT: usize>(task: &Sums<'_>) {
                // SAFETY: the caller keeps the kernel's contract.
                unsafe { super::sums::<$simd, $panel, OUT, $vectors>(task) }
            }

            $(#[$attribute])*
            unsafe fn products(task: &Products) {
                // SAFETY: the caller keeps the kernel's contract.
                unsafe { super::products::<$simd, $product_outputs>(task) }
            }

            $(#[$attribute])*
            unsafe fn spread(input: Input<'_>) {
                squares::spread(input);
            }

            $(#[$attribute])*
            unsafe fn gather(output: Output<'_>) {
                squares::gather(output);
            }

            pub(super) const KERNELS: Kernels = Kernels {
                outputs: $panel,
                positions: $vectors * <$simd>::LANES,
                sums: &[$(sums::<$outputs>),*],
                product_outputs: $product_outputs,
                products,
                spread,
                gather,
            };
        }
    };
}

with_instructions!(portable, super::Portable, [1 2 3 4] of 4, 1, 4);
// With 16 registers 6 × 2 vectors leave one to spare; 4 × 3 would need the last, and the compiler spills it.
#[cfg(target_arch = "x86_64")]
with_instructions!(
    #[target_feature(enable = "avx2,fma")]
    avx2, super::Avx2, [1 2 3 4 5 6] of 6, 2, 4
);
#[cfg(target_arch = "x86_64")]
with_instructions!(
    #[target_feature(enable = "avx512f")]
    avx512, super::Avx512, [1 2 3 4 5 6 7 8] of 8, 3, 8
);
#[cfg(target_arch = "aarch64")]
with_instructions!(neon, super::Neon, [1 2 3 4 5 6 7 8] of 8, 3, 8);

impl Kernels {
    /// The loops for a processor that has `instructions`.
    pub(super) const fn new(instructions: Instructions) -> Self {
        match instructions {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => avx512::KERNELS,
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => avx2::KERNELS,
            #[cfg(target_arch = "aarch64")]
            Instructions::Neon => neon::KERNELS,
            Instructions::Portable => portable::KERNELS,
        }
    }

    /// [`sums`] for a panel of which `outputs` are left, at least one.
    pub(super) fn sums(&self, outputs: usize) -> SumsKernel {
        self.sums[outputs.min(self.outputs) - 1]
    }
}
