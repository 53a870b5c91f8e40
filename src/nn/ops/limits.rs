//! What the machine can do at best: the ceilings that measurements of the engine are held against.
//!
//! Multiplying matrices with the `gemm` crate stands for arithmetic, copying memory for bandwidth, both on the threads
//! of the current rayon pool. Each is the best of several goes: other programs only ever make it slower.

#![expect(unsafe_code, reason = "the `gemm` crate takes pointers")]

use std::time::Instant;

use gemm::Parallelism;
use rayon::prelude::ParallelIterator as _;
use rayon::prelude::{IndexedParallelIterator as _, ParallelSlice as _, ParallelSliceMut as _};

/// Side of the matrices: large enough that what is done once per matrix does not count.
const SIDE: usize = 1536;
/// Values that are copied: 256 MiB, more than any cache holds.
const COPIED: usize = 64 << 20;
/// Values that one thread copies at a time.
const CHUNK: usize = 1 << 18;

/// Billions of floating-point operations per second of a large matrix product; a multiply-add counts as two.
pub fn gemm_gflops(goes: usize) -> f64 {
    let (a, b) = (vec![0.5f32; SIDE * SIDE], vec![0.25f32; SIDE * SIDE]);
    let mut product = vec![0.0f32; SIDE * SIDE];
    let seconds = best_of(goes, || multiply(&a, &b, &mut product));
    2.0 * (SIDE as f64).powi(3) / seconds / 1e9
}

/// Billions of bytes per second that a large copy reads and writes, both counted.
pub fn copy_gb_s(goes: usize) -> f64 {
    let from = vec![1.0f32; COPIED];
    let mut to = vec![0.0f32; COPIED];
    let seconds = best_of(goes, || {
        to.par_chunks_mut(CHUNK)
            .zip(from.par_chunks(CHUNK))
            .for_each(|(to, from)| to.copy_from_slice(from));
    });
    2.0 * 4.0 * COPIED as f64 / seconds / 1e9
}

/// Seconds of the fastest of `goes` runs, after one that does not count.
fn best_of(goes: usize, mut work: impl FnMut()) -> f64 {
    work();
    let times = (0..goes.max(1)).map(|_| {
        let started = Instant::now();
        work();
        started.elapsed().as_secs_f64()
    });
    times.fold(f64::INFINITY, f64::min)
}

/// `product = a · b`, all of them `SIDE` × `SIDE`, row by row.
fn multiply(a: &[f32], b: &[f32], product: &mut [f32]) {
    assert!(
        [a.len(), b.len(), product.len()] == [SIDE * SIDE; 3],
        "square matrices of one size"
    );
    let rows = SIDE as isize;
    // SAFETY: the three matrices have `SIDE` rows and columns, as asserted, one value after the other and row after
    // row, as the strides say; the product is borrowed by nobody else.
    unsafe {
        gemm::gemm(
            SIDE,
            SIDE,
            SIDE,
            product.as_mut_ptr(),
            1,
            rows,
            false,
            a.as_ptr(),
            1,
            rows,
            b.as_ptr(),
            1,
            rows,
            0.0,
            1.0,
            false,
            false,
            false,
            Parallelism::Rayon(rayon::current_num_threads()),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::{SIDE, multiply};

    #[test]
    fn the_timed_product_is_the_product() {
        let a: Vec<f32> = (0..SIDE * SIDE).map(|at| ((at % 7) as f32) - 3.0).collect();
        let b: Vec<f32> = (0..SIDE * SIDE).map(|at| ((at % 5) as f32) - 2.0).collect();
        let mut product = vec![9.0; SIDE * SIDE];
        multiply(&a, &b, &mut product);
        for (row, column) in [(0, 0), (3, SIDE - 1), (SIDE - 1, 17)] {
            // Whole numbers far below 2^24: exact in any order.
            let expected: f32 = (0..SIDE)
                .map(|at| a[row * SIDE + at] * b[at * SIDE + column])
                .sum();
            assert_eq!(product[row * SIDE + column], expected, "{row}, {column}");
        }
    }
}
