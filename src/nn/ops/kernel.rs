//! The two inner loops: outputs of many channels, and the picture's three.
//!
//! Both sum over *segments*: stretches of values that lie together in a source map, which is a whole row of the
//! window where the layout allows it. Nothing is copied out of the maps first. The many-channel loop holds six
//! outputs × one panel of channels in registers: per step one value of each pixel is broadcast against one row of
//! the panel. The picture loop has too few channels for that and runs its vectors along the segment instead.
//! Every output is summed by one thread in one order, so its bits do not depend on how the work is split.

#![expect(
    unsafe_code,
    reason = "vector instructions and raw pointers; every contract is written at its function"
)]

#[cfg(target_arch = "aarch64")]
use super::simd::arm::Neon;
#[cfg(target_arch = "x86_64")]
use super::simd::x86::{Avx2, Avx512};
use super::simd::{Instructions, Portable, Simd};

/// Outputs that the many-channel loop makes at once.
pub(super) const TILE: usize = 6;
/// Outputs that the picture loop makes at once.
pub(super) const PICTURE_TILE: usize = 4;
/// Channels of the picture.
pub(super) const PICTURE_CHANNELS: usize = 3;

/// A stretch of a window's values and the weights that belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Segment {
    /// Which source map: 0 or 1.
    pub(super) source: usize,
    /// Values from the window's first to the stretch's first.
    pub(super) shift: usize,
    /// Values in the stretch.
    pub(super) len: usize,
    /// Weights from the panel's first to the stretch's first.
    pub(super) weights: usize,
}

/// Where some outputs come from and go to. Only the first `count` are stored; the others repeat one of them.
pub(super) struct Tile<const PIXELS: usize> {
    /// Per source map the first value of each output's window.
    pub(super) sources: [[*const f32; PIXELS]; 2],
    /// Where each output's first channel goes.
    pub(super) outputs: [*mut f32; PIXELS],
    /// `sum(1)/sum(M)` of each output.
    pub(super) ratios: [f32; PIXELS],
    /// Outputs to store.
    pub(super) count: usize,
}

/// Some channels of a layer.
pub(super) struct Panel<'a> {
    /// Packed weights: per step of a segment one value for each of the panel's channels; at a cache line.
    pub(super) weights: *const f32,
    /// The window.
    pub(super) segments: &'a [Segment],
    /// What is added after the ratio, per channel, as many as the panel is wide.
    pub(super) shift: *const f32,
    /// First channel.
    pub(super) first: usize,
    /// Channels to store; the others of the panel are padding.
    pub(super) channels: usize,
    /// Slope below zero: 0 is `ReLU`, 1 nothing.
    pub(super) slope: f32,
}

/// Repeats a block with the constant index that is named first.
macro_rules! unrolled {
    ($index:ident in [$($value:literal)*] $body:block) => {
        $({
            const $index: usize = $value;
            $body
        })*
    };
}
pub(super) use unrolled;

/// Sums, scales, shifts, activates and stores a tile of outputs for a panel of `VECTORS` vectors.
///
/// # Safety
///
/// The processor must have the instructions of `S`. No segment may be empty. For each of them every source pointer
/// plus the segment's shift must be good for the segment's length, and the panel's weights plus the segment's offset
/// for that many rows of the panel's width; both at multiples of a vector from a cache line. `shift` must be good for
/// the panel's width. The first `count` output pointers plus `first` must be good to write `channels`, and nobody
/// else may touch what is written. `count` ≤ 6.
#[inline(always)]
unsafe fn convolve<S: Simd, const VECTORS: usize>(tile: &Tile<TILE>, panel: &Panel<'_>) {
    // SAFETY: all pointers stay in what the caller vouches for: `step` is below the segment's length, `V` below the
    // panel's vectors, `P` below the tile's size.
    unsafe {
        let mut sums = [[S::splat(0.0); VECTORS]; TILE];
        for segment in panel.segments {
            let mut xs = tile.sources[segment.source];
            unrolled!(P in [0 1 2 3 4 5] { xs[P] = xs[P].wrapping_add(segment.shift); });
            let mut weights = panel.weights.wrapping_add(segment.weights);
            // A segment is never empty. Asking at the end only keeps the sums in their registers from one segment to
            // the next.
            let mut step = 0;
            loop {
                let mut row = [S::splat(0.0); VECTORS];
                unrolled!(V in [0 1 2 3] { if V < VECTORS { row[V] = S::load_aligned(weights.wrapping_add(V * S::LANES)); } });
                weights = weights.wrapping_add(VECTORS * S::LANES);
                unrolled!(P in [0 1 2 3 4 5] {
                    let x = S::broadcast(xs[P].wrapping_add(step));
                    unrolled!(V in [0 1 2 3] {
                        if V < VECTORS { sums[P][V] = S::mul_add(x, row[V], sums[P][V]); }
                    });
                });
                step += 1;
                if step == segment.len {
                    break;
                }
            }
        }
        let slope = S::splat(panel.slope);
        unrolled!(P in [0 1 2 3 4 5] {
            if P < tile.count {
                let ratio = S::splat(tile.ratios[P]);
                unrolled!(V in [0 1 2 3] {
                    if V < VECTORS {
                        let sum = S::mul_add(sums[P][V], ratio, S::load(panel.shift.wrapping_add(V * S::LANES)));
                        sums[P][V] = S::max(sum, S::mul(sum, slope));
                    }
                });
                store::<S, VECTORS>(&sums[P], tile.outputs[P].wrapping_add(panel.first), panel.channels);
            }
        });
    }
}

/// Stores the first `channels` values.
///
/// # Safety
///
/// The processor must have the instructions of `S`, and `to` must be good to write `channels`.
#[inline(always)]
unsafe fn store<S: Simd, const VECTORS: usize>(values: &[S::Vector; VECTORS], to: *mut f32, channels: usize) {
    // SAFETY: whole vectors are only stored where all their channels are asked for; else they go through `spare`,
    // which is as wide as the widest panel.
    unsafe {
        if channels == VECTORS * S::LANES {
            unrolled!(V in [0 1 2 3] { if V < VECTORS { S::store(to.wrapping_add(V * S::LANES), values[V]); } });
        } else {
            let mut spare = [0.0f32; 64];
            unrolled!(V in [0 1 2 3] { if V < VECTORS { S::store(spare.as_mut_ptr().wrapping_add(V * S::LANES), values[V]); } });
            std::ptr::copy_nonoverlapping(spare.as_ptr(), to, channels);
        }
    }
}

/// As [`convolve`] for the three channels of the picture, four outputs at once, without activation.
///
/// The weights of a segment are its values for the first channel, then for the second and the third.
///
/// # Safety
///
/// As for [`convolve`], with weights good for three times the segment's length and `count` ≤ 4.
#[inline(always)]
unsafe fn convolve_picture<S: Simd>(tile: &Tile<PICTURE_TILE>, panel: &Panel<'_>) {
    // SAFETY: `at + LANES` is at most the segment's length in the loop over whole vectors, the rest is loaded by its
    // count; the weights are read by the same amounts, and only the caller's outputs are written.
    unsafe {
        let mut sums = [[S::splat(0.0); PICTURE_CHANNELS]; PICTURE_TILE];
        for segment in panel.segments {
            let mut xs = tile.sources[segment.source];
            unrolled!(P in [0 1 2 3] { xs[P] = xs[P].wrapping_add(segment.shift); });
            let weights = panel.weights.wrapping_add(segment.weights);
            let mut at = 0;
            while at + S::LANES <= segment.len {
                let row: [S::Vector; PICTURE_CHANNELS] = [
                    S::load(weights.wrapping_add(at)),
                    S::load(weights.wrapping_add(segment.len + at)),
                    S::load(weights.wrapping_add(2 * segment.len + at)),
                ];
                unrolled!(P in [0 1 2 3] {
                    let x = S::load(xs[P].wrapping_add(at));
                    unrolled!(C in [0 1 2] { sums[P][C] = S::mul_add(x, row[C], sums[P][C]); });
                });
                at += S::LANES;
            }
            let rest = segment.len - at;
            if rest > 0 {
                let row: [S::Vector; PICTURE_CHANNELS] = [
                    S::load_partial(weights.wrapping_add(at), rest),
                    S::load_partial(weights.wrapping_add(segment.len + at), rest),
                    S::load_partial(weights.wrapping_add(2 * segment.len + at), rest),
                ];
                unrolled!(P in [0 1 2 3] {
                    let x = S::load_partial(xs[P].wrapping_add(at), rest);
                    unrolled!(C in [0 1 2] { sums[P][C] = S::mul_add(x, row[C], sums[P][C]); });
                });
            }
        }
        unrolled!(P in [0 1 2 3] {
            if P < tile.count {
                unrolled!(C in [0 1 2] {
                    *tile.outputs[P].wrapping_add(C) = S::sum(sums[P][C]) * tile.ratios[P] + *panel.shift.wrapping_add(C);
                });
            }
        });
    }
}

/// The many-channel loop for one processor.
#[derive(Clone, Copy)]
pub(super) struct Kernel {
    /// Channels of a panel.
    pub(super) width: usize,
    /// [`convolve`] with the processor's instructions, and its contract.
    pub(super) run: unsafe fn(&Tile<TILE>, &Panel<'_>),
}

/// The picture loop for one processor: [`convolve_picture`] and its contract.
pub(super) type PictureKernel = unsafe fn(&Tile<PICTURE_TILE>, &Panel<'_>);

impl std::fmt::Debug for Kernel {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Kernel {{ width: {} }}", self.width)
    }
}

/// Defines a function that runs a generic kernel with the instructions it names.
macro_rules! with_instructions {
    ($(#[$attribute:meta])* $name:ident, $pixels:ident, $kernel:expr) => {
        $(#[$attribute])*
        unsafe fn $name(tile: &Tile<$pixels>, panel: &Panel<'_>) {
            // SAFETY: the caller keeps the kernel's contract.
            unsafe { $kernel(tile, panel) }
        }
    };
}

with_instructions!(portable, TILE, convolve::<Portable, 1>);
with_instructions!(portable_picture, PICTURE_TILE, convolve_picture::<Portable>);
#[cfg(target_arch = "x86_64")]
with_instructions!(
    #[target_feature(enable = "avx2,fma")]
    avx2,
    TILE,
    convolve::<Avx2, 2>
);
#[cfg(target_arch = "x86_64")]
with_instructions!(
    #[target_feature(enable = "avx2,fma")]
    avx2_picture,
    PICTURE_TILE,
    convolve_picture::<Avx2>
);
#[cfg(target_arch = "x86_64")]
with_instructions!(
    #[target_feature(enable = "avx512f")]
    avx512_narrow,
    TILE,
    convolve::<Avx512, 2>
);
#[cfg(target_arch = "x86_64")]
with_instructions!(
    #[target_feature(enable = "avx512f")]
    avx512,
    TILE,
    convolve::<Avx512, 4>
);
#[cfg(target_arch = "x86_64")]
with_instructions!(
    #[target_feature(enable = "avx512f")]
    avx512_picture,
    PICTURE_TILE,
    convolve_picture::<Avx512>
);
#[cfg(target_arch = "aarch64")]
with_instructions!(neon, TILE, convolve::<Neon, 4>);
#[cfg(target_arch = "aarch64")]
with_instructions!(neon_narrow, TILE, convolve::<Neon, 2>);
#[cfg(target_arch = "aarch64")]
with_instructions!(neon_picture, PICTURE_TILE, convolve_picture::<Neon>);

impl Kernel {
    /// The loop for a layer of `channels` outputs.
    pub(super) fn new(instructions: Instructions, channels: usize) -> Self {
        match instructions {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 if channels.is_multiple_of(64) => Self {
                width: 64,
                run: avx512,
            },
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => Self {
                width: 32,
                run: avx512_narrow,
            },
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => Self { width: 16, run: avx2 },
            #[cfg(target_arch = "aarch64")]
            Instructions::Neon if channels.is_multiple_of(16) => Self { width: 16, run: neon },
            #[cfg(target_arch = "aarch64")]
            Instructions::Neon => Self {
                width: 8,
                run: neon_narrow,
            },
            Instructions::Portable => Self {
                width: 8,
                run: portable,
            },
        }
    }
}

/// The picture loop.
pub(super) fn picture_kernel(instructions: Instructions) -> PictureKernel {
    match instructions {
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512 => avx512_picture,
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2 => avx2_picture,
        #[cfg(target_arch = "aarch64")]
        Instructions::Neon => neon_picture,
        Instructions::Portable => portable_picture,
    }
}
