//! The losses as launches of the kernels in `losses.cu`.

use super::{
    convolution::{SQUARE, THREADS},
    job::{ENOUGH_BLOCKS, Job, Launch, Launches, ProductKernels},
    steps::{Dims, job_of, kernel, len_of, sum},
};

/// `count` values against a photo's, which are repeated `times` times.
fn distance_job(count: usize, times: usize) -> Job {
    Job {
        count: count as i32,
        batch: times as i32,
        factor: 1.0 / count as f32,
        ..Job::default()
    }
}

/// The mean of `|first − second|`, one number; `second` is repeated `times` times.
pub fn mean_distance(count: usize, times: usize) -> Launches {
    sum(
        "sum_of_distances",
        "put_sum_of_parts",
        1,
        distance_job(count, times),
    )
}

/// Its gradient by `first`, from that one number's, in `gradient`.
pub fn distance_gradient(count: usize, times: usize) -> Launches {
    Launch::flat(kernel("distance_gradient"), count, distance_job(count, times)).into()
}

fn pixel_job(dims: Dims) -> Job {
    let (batch, _, height, width) = dims;
    Job {
        count: (batch * height * width) as i32,
        factor: 1.0 / len_of(dims) as f32,
        ..job_of(dims)
    }
}

/// The losses at valid pixels and in holes and the total variation, `[3]`, of `first` against `second` under
/// `first_mask`.
pub fn pixel_losses(dims: Dims) -> Launches {
    sum("pixel_losses", "put_pixel_losses", 3, pixel_job(dims))
}

/// Their gradient by `first`, from theirs in `gradient`.
pub fn pixel_losses_gradient(dims: Dims) -> Launches {
    let job = pixel_job(dims);
    Launch::flat(kernel("pixel_losses_gradient"), job.count as usize, job).into()
}

/// `second` where `first_mask` is 1, `first` where it is 0.
pub fn composite(dims: Dims) -> Launches {
    Launch::flat(kernel("composite"), len_of(dims), job_of(dims)).into()
}

/// Its gradient by `first`, from its own in `gradient`.
pub fn composite_gradient(dims: Dims) -> Launches {
    Launch::flat(kernel("composite_gradient"), len_of(dims), job_of(dims)).into()
}

/// Sums over all positions of the products of each two channels of `first`, `[b, c, c]`, times `factor`.
pub fn correlations(dims: Dims, factor: f32) -> Launches {
    let (batch, channels, height, width) = dims;
    let job = Job {
        factor,
        ..job_of(dims)
    };
    let kernels = ProductKernels {
        multiply: kernel("correlations"),
        threads: THREADS,
        tile: [SQUARE; 2],
        blocks: ENOUGH_BLOCKS,
        finish: kernel("finish_correlations"),
    };
    let rows = batch * channels.next_multiple_of(SQUARE);
    Launches::product(kernels, [rows, channels, height * width], job)
}
