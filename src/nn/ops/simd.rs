//! The vectors of each processor behind one small trait, so that every kernel is written once.
//!
//! A kernel is generic over [`Simd`] and always inlined into a function that enables the processor's instructions;
//! which of those functions runs is decided once per model from what the processor reports.

#![expect(
    unsafe_code,
    reason = "vector instructions and raw pointers; see the contract of `Simd`"
)]

/// Vectors of `f32`.
///
/// # Safety
///
/// Every function may only run on a processor that has the instructions of the implementing type, and pointers must
/// be good for [`LANES`](Self::LANES) values (`load_partial`: for `count` values) without any alignment (`load_aligned`:
/// aligned to a vector).
pub(super) unsafe trait Simd: Copy {
    /// Values in a vector.
    const LANES: usize;
    /// A vector.
    type Vector: Copy;

    unsafe fn splat(value: f32) -> Self::Vector;
    /// One value in every lane.
    unsafe fn broadcast(from: *const f32) -> Self::Vector;
    unsafe fn load(from: *const f32) -> Self::Vector;
    /// As `load`, from a pointer that is aligned to a vector.
    unsafe fn load_aligned(from: *const f32) -> Self::Vector;
    /// The first `count` values, then zeros; `count` is less than [`LANES`](Self::LANES).
    unsafe fn load_partial(from: *const f32, count: usize) -> Self::Vector;
    unsafe fn store(to: *mut f32, vector: Self::Vector);
    /// `a · b + c`
    unsafe fn mul_add(a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    unsafe fn mul(a: Self::Vector, b: Self::Vector) -> Self::Vector;
    unsafe fn max(a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// The sum of all values, always in the same order.
    unsafe fn sum(vector: Self::Vector) -> f32;
}

/// Which instructions a model is packed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instructions {
    /// x86 with 512-bit vectors.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// x86 with 256-bit vectors and fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 64-bit ARM.
    #[cfg(target_arch = "aarch64")]
    Neon,
    /// Whatever the compiler makes of plain code.
    Portable,
}

impl Instructions {
    /// All that this processor has, the fastest first.
    pub fn supported() -> Vec<Self> {
        let mut supported = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if std::arch::is_x86_feature_detected!("avx512f") {
                supported.push(Self::Avx512);
            }
            if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
                supported.push(Self::Avx2);
            }
        }
        #[cfg(target_arch = "aarch64")]
        supported.push(Self::Neon);
        supported.push(Self::Portable);
        supported
    }

    /// The fastest that this processor has.
    pub fn best() -> Self {
        Self::supported().first().copied().unwrap_or(Self::Portable)
    }
}

/// Copies less than a vector into zeros.
///
/// # Safety
///
/// `from` must be good for `count` values.
#[inline(always)]
unsafe fn padded<const LANES: usize>(from: *const f32, count: usize) -> [f32; LANES] {
    let mut values = [0.0; LANES];
    for (index, value) in values.iter_mut().enumerate().take(count) {
        // SAFETY: `index` is below `count`.
        *value = unsafe { *from.add(index) };
    }
    values
}

/// Plain arrays.
#[derive(Clone, Copy)]
pub(super) struct Portable;

// SAFETY: needs no special instructions.
unsafe impl Simd for Portable {
    const LANES: usize = 8;
    type Vector = [f32; 8];

    #[inline(always)]
    unsafe fn splat(value: f32) -> [f32; 8] {
        [value; 8]
    }

    #[inline(always)]
    unsafe fn broadcast(from: *const f32) -> [f32; 8] {
        // SAFETY: the caller's pointer is good for a value.
        [unsafe { *from }; 8]
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> [f32; 8] {
        // SAFETY: the caller's pointer is good for a vector.
        unsafe { from.cast::<[f32; 8]>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn load_aligned(from: *const f32) -> [f32; 8] {
        // SAFETY: the caller's pointer is good for a vector.
        unsafe { *from.cast::<[f32; 8]>() }
    }

    #[inline(always)]
    unsafe fn load_partial(from: *const f32, count: usize) -> [f32; 8] {
        // SAFETY: the caller's pointer is good for `count` values.
        unsafe { padded(from, count) }
    }

    #[inline(always)]
    unsafe fn store(to: *mut f32, vector: [f32; 8]) {
        // SAFETY: the caller's pointer is good for a vector.
        unsafe { to.cast::<[f32; 8]>().write_unaligned(vector) }
    }

    #[inline(always)]
    unsafe fn mul_add(a: [f32; 8], b: [f32; 8], c: [f32; 8]) -> [f32; 8] {
        std::array::from_fn(|lane| a[lane] * b[lane] + c[lane])
    }

    #[inline(always)]
    unsafe fn mul(a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        std::array::from_fn(|lane| a[lane] * b[lane])
    }

    #[inline(always)]
    unsafe fn max(a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        std::array::from_fn(|lane| if a[lane] > b[lane] { a[lane] } else { b[lane] })
    }

    #[inline(always)]
    unsafe fn sum(vector: [f32; 8]) -> f32 {
        vector.iter().sum()
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) mod x86 {
    //! AVX2 with FMA, and AVX-512.

    use std::arch::x86_64::{
        __m256, __m256i, __m512, _mm_add_ps, _mm_add_ss, _mm_cvtss_f32, _mm_load_ss, _mm_movehl_ps,
        _mm_shuffle_ps, _mm256_castps256_ps128, _mm256_extractf128_ps, _mm256_fmadd_ps, _mm256_load_ps,
        _mm256_loadu_ps, _mm256_loadu_si256, _mm256_maskload_ps, _mm256_max_ps, _mm256_mul_ps,
        _mm256_set1_ps, _mm256_storeu_ps, _mm512_fmadd_ps, _mm512_load_ps, _mm512_loadu_ps,
        _mm512_maskz_loadu_ps, _mm512_max_ps, _mm512_mul_ps, _mm512_reduce_add_ps, _mm512_set1_ps,
        _mm512_storeu_ps,
    };

    use super::Simd;

    /// 256-bit vectors.
    #[derive(Clone, Copy)]
    pub(in super::super) struct Avx2;

    /// Eight lanes on, then eight off: the mask for `count` lanes starts at `8 - count`.
    static LANES_ON: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];

    // SAFETY: every function uses AVX2 and FMA only.
    unsafe impl Simd for Avx2 {
        const LANES: usize = 8;
        type Vector = __m256;

        #[inline(always)]
        unsafe fn splat(value: f32) -> __m256 {
            // SAFETY: the caller runs on a processor with these instructions.
            unsafe { _mm256_set1_ps(value) }
        }

        #[inline(always)]
        unsafe fn broadcast(from: *const f32) -> __m256 {
            // SAFETY: as above, and the caller's pointer is good for a value.
            unsafe { _mm256_set1_ps(_mm_cvtss_f32(_mm_load_ss(from))) }
        }

        #[inline(always)]
        unsafe fn load(from: *const f32) -> __m256 {
            // SAFETY: as above, and the caller's pointer is good for a vector.
            unsafe { _mm256_loadu_ps(from) }
        }

        #[inline(always)]
        unsafe fn load_aligned(from: *const f32) -> __m256 {
            // SAFETY: as above, and the caller's pointer is good for a vector and aligned to it.
            unsafe { _mm256_load_ps(from) }
        }

        #[inline(always)]
        unsafe fn load_partial(from: *const f32, count: usize) -> __m256 {
            // SAFETY: as above; lanes that are off are not read, and 8 values from `8 - count` are in the table.
            unsafe {
                let mask = _mm256_loadu_si256(LANES_ON.as_ptr().add(8 - count).cast::<__m256i>());
                _mm256_maskload_ps(from, mask)
            }
        }

        #[inline(always)]
        unsafe fn store(to: *mut f32, vector: __m256) {
            // SAFETY: as above, and the caller's pointer is good for a vector.
            unsafe { _mm256_storeu_ps(to, vector) }
        }

        #[inline(always)]
        unsafe fn mul_add(a: __m256, b: __m256, c: __m256) -> __m256 {
            // SAFETY: the caller runs on a processor with these instructions.
            unsafe { _mm256_fmadd_ps(a, b, c) }
        }

        #[inline(always)]
        unsafe fn mul(a: __m256, b: __m256) -> __m256 {
            // SAFETY: the caller runs on a processor with these instructions.
            unsafe { _mm256_mul_ps(a, b) }
        }

        #[inline(always)]
        unsafe fn max(a: __m256, b: __m256) -> __m256 {
            // SAFETY: the caller runs on a processor with these instructions.
            unsafe { _mm256_max_ps(a, b) }
        }

        #[inline(always)]
        unsafe fn sum(vector: __m256) -> f32 {
            // SAFETY: the caller runs on a processor with these instructions.
            unsafe {
                let half = _mm_add_ps(_mm256_castps256_ps128(vector), _mm256_extractf128_ps::<1>(vector));
                let quarter = _mm_add_ps(half, _mm_movehl_ps(half, half));
                _mm_cvtss_f32(_mm_add_ss(quarter, _mm_shuffle_ps::<1>(quarter, quarter)))
            }
        }
    }

    /// 512-bit vectors.
    #[derive(Clone, Copy)]
    pub(in super::super) struct Avx512;

    // SAFETY: every function uses AVX-512F only.
    unsafe impl Simd for Avx512 {
        const LANES: usize = 16;
        type Vector = __m512;

        #[inline(always)]
        unsafe fn splat(value: f32) -> __m512 {
            // SAFETY: the caller runs on a processor with these instructions.
            unsafe { _mm512_set1_ps(value) }
        }

        #[inline(always)]
        unsafe fn broadcast(from: *const f32) -> __m512 {
            // SAFETY: as above, and the caller's pointer is good for a value.
            unsafe { _mm512_set1_ps(_mm_cvtss_f32(_mm_load_ss(from))) }
        }

        #[inline(always)]
        unsafe fn load(from: *const f32) -> __m512 {
            // SAFETY: as above, and the caller's pointer is good for a vector.
            unsafe { _mm512_loadu_ps(from) }
        }

        #[inline(always)]
        unsafe fn load_aligned(from: *const f32) -> __m512 {
            // SAFETY: as above, and the caller's pointer is good for a vector and aligned to it.
            unsafe { _mm512_load_ps(from) }
        }

        #[inline(always)]
        unsafe fn load_partial(from: *const f32, count: usize) -> __m512 {
            // SAFETY: as above; lanes that are off are not read.
            unsafe { _mm512_maskz_loadu_ps((1 << count) - 1, from) }
        }

        #[inline(always)]
        unsafe fn store(to: *mut f32, vector: __m512) {
            // SAFETY: as above, and the caller's pointer is good for a vector.
            unsafe { _mm512_storeu_ps(to, vector) }
        }

        #[inline(always)]
        unsafe fn mul_add(a: __m512, b: __m512, c: __m512) -> __m512 {
            // SAFETY: the caller runs on a processor with these instructions.
            unsafe { _mm512_fmadd_ps(a, b, c) }
        }

        #[inline(always)]
        unsafe fn mul(a: __m512, b: __m512) -> __m512 {
            // SAFETY: the caller runs on a processor with these instructions.
            unsafe { _mm512_mul_ps(a, b) }
        }

        #[inline(always)]
        unsafe fn max(a: __m512, b: __m512) -> __m512 {
            // SAFETY: the caller runs on a processor with these instructions.
            unsafe { _mm512_max_ps(a, b) }
        }

        #[inline(always)]
        unsafe fn sum(vector: __m512) -> f32 {
            // SAFETY: the caller runs on a processor with these instructions.
            unsafe { _mm512_reduce_add_ps(vector) }
        }
    }
}

#[cfg(target_arch = "aarch64")]
pub(super) mod arm {
    //! NEON, which every 64-bit ARM processor has.

    use std::arch::aarch64::{
        float32x4_t, vaddvq_f32, vdupq_n_f32, vfmaq_f32, vld1q_dup_f32, vld1q_f32, vmaxq_f32, vmulq_f32,
        vst1q_f32,
    };

    use super::{Simd, padded};

    /// 128-bit vectors.
    #[derive(Clone, Copy)]
    pub(in super::super) struct Neon;

    // SAFETY: every function uses NEON only.
    unsafe impl Simd for Neon {
        const LANES: usize = 4;
        type Vector = float32x4_t;

        #[inline(always)]
        unsafe fn splat(value: f32) -> float32x4_t {
            // SAFETY: NEON is always there.
            unsafe { vdupq_n_f32(value) }
        }

        #[inline(always)]
        unsafe fn broadcast(from: *const f32) -> float32x4_t {
            // SAFETY: the caller's pointer is good for a value.
            unsafe { vld1q_dup_f32(from) }
        }

        #[inline(always)]
        unsafe fn load(from: *const f32) -> float32x4_t {
            // SAFETY: the caller's pointer is good for a vector.
            unsafe { vld1q_f32(from) }
        }

        #[inline(always)]
        unsafe fn load_aligned(from: *const f32) -> float32x4_t {
            // SAFETY: the caller's pointer is good for a vector and aligned to it.
            unsafe { vld1q_f32(from) }
        }

        #[inline(always)]
        unsafe fn load_partial(from: *const f32, count: usize) -> float32x4_t {
            // SAFETY: the caller's pointer is good for `count` values.
            unsafe { vld1q_f32(padded::<4>(from, count).as_ptr()) }
        }

        #[inline(always)]
        unsafe fn store(to: *mut f32, vector: float32x4_t) {
            // SAFETY: the caller's pointer is good for a vector.
            unsafe { vst1q_f32(to, vector) }
        }

        #[inline(always)]
        unsafe fn mul_add(a: float32x4_t, b: float32x4_t, c: float32x4_t) -> float32x4_t {
            // SAFETY: NEON is always there.
            unsafe { vfmaq_f32(c, a, b) }
        }

        #[inline(always)]
        unsafe fn mul(a: float32x4_t, b: float32x4_t) -> float32x4_t {
            // SAFETY: NEON is always there.
            unsafe { vmulq_f32(a, b) }
        }

        #[inline(always)]
        unsafe fn max(a: float32x4_t, b: float32x4_t) -> float32x4_t {
            // SAFETY: NEON is always there.
            unsafe { vmaxq_f32(a, b) }
        }

        #[inline(always)]
        unsafe fn sum(vector: float32x4_t) -> f32 {
            // SAFETY: NEON is always there.
            unsafe { vaddvq_f32(vector) }
        }
    }
}
