//! What is launched: kernels by name, with the same numbers that `common.cu` reads.
//!
//! Launches are plain values, made without any device, so that a test can hand the very ones that a GPU gets to an
//! emulator.

use super::{INFERENCE, PLAIN, TRAINING};

/// Blocks that keep a large GPU busy with products whose parts are not much work.
pub(super) const ENOUGH_BLOCKS: usize = 256;
/// Depth below which a part is not worth a block of its own.
const MIN_PART: usize = 128;
/// Parts that are added at the end, at most.
const MAX_PARTS: usize = 512;
/// Threads of a block in kernels that do one thing per thread.
const FLAT_THREADS: usize = 256;

/// The numbers of a launch; `struct Job` in `common.cu` says what they mean. Its pointers come first there.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[repr(C)]
#[expect(missing_docs, reason = "see `common.cu`")]
pub struct Job {
    pub batch: i32,
    pub height: i32,
    pub width: i32,
    pub small_height: i32,
    pub small_width: i32,
    pub first_channels: i32,
    pub second_channels: i32,
    pub out_height: i32,
    pub out_width: i32,
    pub out_channels: i32,
    pub kernel: i32,
    pub stride: i32,
    pub is_upsampled: i32,
    pub splits: i32,
    pub count: i32,
    pub slope: f32,
    pub factor: f32,
}

impl Job {
    /// The fields in order, little-endian.
    pub fn to_bytes(&self) -> Vec<u8> {
        let numbers = [
            self.batch,
            self.height,
            self.width,
            self.small_height,
            self.small_width,
            self.first_channels,
            self.second_channels,
            self.out_height,
            self.out_width,
            self.out_channels,
            self.kernel,
            self.stride,
            self.is_upsampled,
            self.splits,
            self.count,
        ];
        let numbers = numbers.into_iter().flat_map(i32::to_le_bytes);
        let factors = [self.slope, self.factor].into_iter().flat_map(f32::to_le_bytes);
        numbers.chain(factors).collect()
    }
}

/// Addresses of a launch's buffers on the device; 0 for those that it does not use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(C)]
#[expect(missing_docs, reason = "see `common.cu`")]
pub struct Addresses {
    pub first: u64,
    pub second: u64,
    pub first_mask: u64,
    pub second_mask: u64,
    pub weights: u64,
    pub shift: u64,
    pub ratio: u64,
    pub gradient: u64,
    pub gate: u64,
    pub output: u64,
    pub partial: u64,
    pub extra: u64,
}

impl Addresses {
    /// In the order of `common.cu`.
    pub const fn to_array(self) -> [u64; 12] {
        [
            self.first,
            self.second,
            self.first_mask,
            self.second_mask,
            self.weights,
            self.shift,
            self.ratio,
            self.gradient,
            self.gate,
            self.output,
            self.partial,
            self.extra,
        ]
    }
}

/// A text of kernels, compiled as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Module {
    /// [`INFERENCE`].
    Inference,
    /// [`PLAIN`].
    Plain,
    /// [`TRAINING`].
    Training,
}

impl Module {
    /// The text.
    pub const fn source(self) -> &'static str {
        match self {
            Self::Inference => INFERENCE,
            Self::Plain => PLAIN,
            Self::Training => TRAINING,
        }
    }

    /// One of its kernels.
    pub(super) const fn kernel(self, name: &'static str) -> Kernel {
        Kernel { module: self, name }
    }
}

/// A kernel by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kernel {
    /// Where it is.
    pub module: Module,
    /// Its name there.
    pub name: &'static str,
}

/// A kernel with the size of its grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Launch {
    /// Which.
    pub kernel: Kernel,
    /// Blocks in three directions.
    pub grid: [u32; 3],
    /// Threads of a block, in one direction.
    pub threads: u32,
    /// Its numbers.
    pub job: Job,
}

impl Launch {
    /// One thread for each of `count` things.
    pub fn flat(kernel: Kernel, count: usize, job: Job) -> Self {
        Self {
            kernel,
            grid: [count.div_ceil(FLAT_THREADS) as u32, 1, 1],
            threads: FLAT_THREADS as u32,
            job,
        }
    }
}

/// A launch, and another one where it leaves parts to be added.
#[derive(Debug, Clone, PartialEq)]
pub struct Launches {
    /// Makes the result, or parts of it.
    pub first: Launch,
    /// Adds the parts.
    pub then: Option<Launch>,
    /// Bytes for the parts, in [`Addresses::partial`].
    pub partial_bytes: usize,
}

/// A launch alone.
impl From<Launch> for Launches {
    fn from(launch: Launch) -> Self {
        Self {
            first: launch,
            then: None,
            partial_bytes: 0,
        }
    }
}

/// The kernels of a product of matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProductKernels {
    /// The one that multiplies.
    pub multiply: Kernel,
    /// Its threads.
    pub threads: u32,
    /// Rows and columns of the sums that a block makes.
    pub tile: [usize; 2],
    /// Blocks that are enough: where there are fewer, the depth is split.
    pub blocks: usize,
    /// The one that adds the parts.
    pub finish: Kernel,
}

impl Launches {
    /// A product of matrices: `rows` × `columns` sums over `depth`, all at least 1.
    pub fn product(kernels: ProductKernels, [rows, columns, depth]: [usize; 3], job: Job) -> Self {
        let grid = [rows.div_ceil(kernels.tile[0]), columns.div_ceil(kernels.tile[1])];
        let splits = (kernels.blocks / (grid[0] * grid[1])).clamp(1, (depth / MIN_PART).clamp(1, MAX_PARTS));
        let job = Job {
            splits: splits as i32,
            ..job
        };
        let is_split = splits > 1;
        Self {
            first: Launch {
                kernel: kernels.multiply,
                grid: [grid[0] as u32, grid[1] as u32, splits as u32],
                threads: kernels.threads,
                job,
            },
            then: is_split.then(|| Launch::flat(kernels.finish, rows * columns, job)),
            partial_bytes: if is_split {
                splits * rows * columns * size_of::<f32>()
            } else {
                0
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Job, Launches, Module, ProductKernels};

    const KERNELS: ProductKernels = ProductKernels {
        multiply: Module::Training.kernel("multiply"),
        threads: 64,
        tile: [64, 64],
        blocks: 256,
        finish: Module::Training.kernel("finish"),
    };

    #[test]
    fn only_products_with_few_sums_are_split() {
        let large = Launches::product(KERNELS, [65_536, 64, 1000], Job::default());
        assert_eq!((large.first.grid, large.then), ([1024, 1, 1], None));
        let small = Launches::product(KERNELS, [16, 512, 9216], Job::default());
        assert_eq!(small.first.grid, [1, 8, 32]);
        assert_eq!(small.partial_bytes, 32 * 16 * 512 * 4);
        let shallow = Launches::product(KERNELS, [1, 1, 27], Job::default());
        assert_eq!(shallow.then, None, "27 are not worth it");
    }

    #[test]
    fn a_job_has_as_many_bytes_as_its_fields() {
        assert_eq!(Job::default().to_bytes().len(), size_of::<Job>());
    }
}
