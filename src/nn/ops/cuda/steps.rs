//! What trains besides the convolution, as launches of the kernels in `steps.cu`.

use super::{
    convolution::Shape,
    job::{Job, Kernel, Launch, Launches, Module},
};

/// Threads of a block that adds; `BLOCK` in `steps.cu`.
const BLOCK: u32 = 256;
/// Values that a block adds before another one is worth it.
const VALUES_PER_BLOCK: usize = 1 << 14;
/// Blocks that add one tensor, at most.
const MAX_SUMS: usize = 512;
/// Blocks that add all channels, at most, where there are fewer channels.
const MAX_CHANNEL_BLOCKS: usize = 1024;

/// `[b, c, h, w]`
pub type Dims = (usize, usize, usize, usize);

pub(super) fn job_of((batch, channels, height, width): Dims) -> Job {
    Job {
        batch: batch as i32,
        first_channels: channels as i32,
        height: height as i32,
        width: width as i32,
        ..Job::default()
    }
}

pub(super) fn len_of((batch, channels, height, width): Dims) -> usize {
    batch * channels * height * width
}

fn len_of_channel((batch, _, height, width): Dims) -> usize {
    batch * height * width
}

pub(super) const fn kernel(name: &'static str) -> Kernel {
    Module::Training.kernel(name)
}

/// `rows` sums for each channel, times `factor`: blocks for parts of each, whose sums another launch adds.
fn per_channel(name: &'static str, dims: Dims, rows: usize, factor: f32, slope: f32) -> Launches {
    let (batch, channels, height, width) = dims;
    let most = (MAX_CHANNEL_BLOCKS / channels).max(1);
    let parts = (batch * height * width).div_ceil(VALUES_PER_BLOCK).clamp(1, most);
    let count = rows * channels;
    let job = Job {
        count: count as i32,
        splits: parts as i32,
        slope,
        factor,
        ..job_of(dims)
    };
    let first = Launch {
        kernel: kernel(name),
        grid: [channels as u32, parts as u32, 1],
        threads: BLOCK,
        job,
    };
    Launches {
        first,
        then: Some(Launch::flat(kernel("put_channel_sums"), count, job)),
        partial_bytes: parts * count * size_of::<f32>(),
    }
}

fn per_value(name: &'static str, dims: Dims, slope: f32) -> Launches {
    let job = Job {
        slope,
        ..job_of(dims)
    };
    Launch::flat(kernel(name), len_of(dims), job).into()
}

/// Means `[c]` of `first`.
pub fn channel_means(dims: Dims) -> Launches {
    per_channel("channel_sums", dims, 1, 1.0 / len_of_channel(dims) as f32, 1.0)
}

/// Biased variances `[c]` of `first` around the means in `ratio`.
pub fn channel_variances(dims: Dims) -> Launches {
    per_channel(
        "channel_deviations",
        dims,
        1,
        1.0 / len_of_channel(dims) as f32,
        1.0,
    )
}

/// `first` and, where `first_mask` is 1, the bias in `weights`.
pub fn add_bias(dims: Dims) -> Launches {
    per_value("add_bias", dims, 1.0)
}

/// The gradient of the bias, `[c]`, from `gradient` and `first_mask`.
pub fn bias_gradient(dims: Dims) -> Launches {
    per_channel("bias_gradient", dims, 1, 1.0, 1.0)
}

/// `first` normalised with the statistics in `ratio`, `weights` and `shift`, and activated.
pub fn norm(dims: Dims, slope: f32) -> Launches {
    per_value("norm_apply", dims, slope)
}

/// The gradients of weight and bias, `[2, c]`, from `gradient`, the result in `gate` and what [`norm`] was given.
pub fn norm_weight_gradients(dims: Dims, slope: f32) -> Launches {
    per_channel("norm_weight_gradients", dims, 2, 1.0, slope)
}

/// The gradient of the input, from the same and, where the statistics are those of the input, from those gradients in
/// `extra`.
pub fn norm_input_gradient(dims: Dims, slope: f32) -> Launches {
    per_value("norm_input_gradient", dims, slope)
}

/// The new mask and the ratio, `[2, b, 1, h, w]`, of the convolution, from `first_mask` and, in the decoder,
/// `second_mask`.
pub fn update_mask(shape: &Shape) -> Launches {
    let outputs = shape.batch * shape.out_height() * shape.out_width();
    Launch::flat(kernel("update_mask"), outputs, shape.job()).into()
}

/// The largest of every 2 × 2 of `first`.
pub fn max_pool(dims: Dims) -> Launches {
    let (batch, channels, height, width) = dims;
    let pooled = (batch, channels, height / 2, width / 2);
    Launch::flat(kernel("max_pool"), len_of(pooled), pool_job(dims)).into()
}

/// Its gradient, from `first`, the result in `gate`, and `gradient`.
pub fn max_pool_gradient(dims: Dims) -> Launches {
    Launch::flat(kernel("max_pool_gradient"), len_of(dims), pool_job(dims)).into()
}

fn pool_job(dims: Dims) -> Job {
    Job {
        out_height: (dims.2 / 2) as i32,
        out_width: (dims.3 / 2) as i32,
        ..job_of(dims)
    }
}

fn flat(name: &'static str, count: usize, slope: f32, factor: f32) -> Launches {
    let job = Job {
        count: count as i32,
        slope,
        factor,
        ..Job::default()
    };
    Launch::flat(kernel(name), count, job).into()
}

/// `output` moves towards `first`, of which `1 − keep` comes in.
pub fn blend(count: usize, keep: f64) -> Launches {
    flat("blend", count, keep as f32, (1.0 - keep) as f32)
}

/// `output` moves towards the squares of `first`, of which `1 − keep` come in.
pub fn blend_squared(count: usize, keep: f64) -> Launches {
    flat("blend_squared", count, keep as f32, (1.0 - keep) as f32)
}

/// `output` steps along the moments `first` and `second`.
pub fn adam(count: usize, rate: f32, correction: f32) -> Launches {
    flat("adam", count, rate, correction)
}

/// The sum of `first`'s squares is added to `output`, one number.
pub fn add_squares(count: usize) -> Launches {
    let job = Job {
        count: count as i32,
        factor: 1.0,
        ..Job::default()
    };
    sum("sum_of_squares", "add_sum_of_parts", 1, job)
}

/// `terms` sums over `count` things, in parts that `then` adds in one block.
pub(super) fn sum(name: &'static str, then: &'static str, terms: usize, job: Job) -> Launches {
    let parts = (job.count as usize).div_ceil(VALUES_PER_BLOCK).clamp(1, MAX_SUMS);
    let job = Job {
        splits: parts as i32,
        ..job
    };
    let launch = |name, blocks: usize| Launch {
        kernel: kernel(name),
        grid: [blocks as u32, 1, 1],
        threads: BLOCK,
        job,
    };
    Launches {
        first: launch(name, parts),
        then: Some(launch(then, 1)),
        partial_bytes: terms * parts * size_of::<f32>(),
    }
}

#[cfg(test)]
mod tests {
    use crate::nn::{adam, norm, ops::cuda::TRAINING};

    #[test]
    fn the_kernels_add_what_the_cpu_adds() {
        for (name, added) in [("NORM_EPS", norm::EPS), ("ADAM_EPS", adam::EPS)] {
            let line = format!("constexpr float {name} = {added:e}f;");
            assert!(TRAINING.contains(&line), "{line}");
        }
    }
}
