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

/// Makes the sums for `OUT` outputs × `VECTORS` vectors of positions.
///
/// # Safety
///
/// The processor must have the instructions of `S`. For each channel and tap, `xs + channel · channel_len + tap` must
/// be good for the tile's positions; `weights` for channels × taps × `OUT` values; `to + output · output_len` must be
/// good to read and write the tile's positions, by nobody else meanwhile.
#[inline(always)]
unsafe fn sums<S: Simd, const OUT: usize, const VECTORS: usize>(task: &Sums<'_>) {
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
        for _ in 0..task.channels {
            for &tap in task.taps {
                let at = xs.wrapping_add(tap);
                let mut row = [S::splat(0.0); VECTORS];
                unrolled!(V in [0 1 2] { if V < VECTORS { row[V] = S::load(at.wrapping_add(V * S::LANES)); } });
                unrolled!(O in [0 1 2 3 4 5 6 7] { if O < OUT {
                    let weight = S::broadcast(weights.wrapping_add(O));
                    unrolled!(V in [0 1 2] { if V < VECTORS { sums[O][V] = S::mul_add(weight, row[V], sums[O][V]); } });
                } });
                weights = weights.wrapping_add(OUT);
            }
            xs = xs.wrapping_add(task.channel_len);
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

/// The loops for one processor.
#[derive(Clone, Copy)]
pub(super) struct Kernels {
    /// Output channels of a panel.
    pub(super) outputs: usize,
    /// Positions of a tile.
    pub(super) positions: usize,
    /// [`sums`] with the processor's instructions, and its contract.
    pub(super) sums: unsafe fn(&Sums<'_>),
    /// [`products`] with the processor's instructions, and its contract.
    pub(super) products: unsafe fn(&Products),
}

/// Defines both loops with the instructions they name.
macro_rules! with_instructions {
    ($(#[$attribute:meta])* $name:ident, $simd:ty, $outputs:literal, $vectors:literal) => {
        mod $name {
            use super::{Kernels, Products, Simd as _, Sums};

            $(#[$attribute])*
            unsafe fn sums(task: &Sums<'_>) {
                // SAFETY: the caller keeps the kernel's contract.
                unsafe { super::sums::<$simd, $outputs, $vectors>(task) }
            }

            $(#[$attribute])*
            unsafe fn products(task: &Products) {
                // SAFETY: the caller keeps the kernel's contract.
                unsafe { super::products::<$simd, $outputs>(task) }
            }

            pub(super) const KERNELS: Kernels = Kernels {
                outputs: $outputs,
                positions: $vectors * <$simd>::LANES,
                sums,
                products,
            };
        }
    };
}

with_instructions!(portable, super::Portable, 4, 1);
#[cfg(target_arch = "x86_64")]
with_instructions!(
    #[target_feature(enable = "avx2,fma")]
    avx2,
    super::Avx2,
    4,
    3
);
#[cfg(target_arch = "x86_64")]
with_instructions!(
    #[target_feature(enable = "avx512f")]
    avx512,
    super::Avx512,
    8,
    3
);
#[cfg(target_arch = "aarch64")]
with_instructions!(neon, super::Neon, 8, 3);

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
}
