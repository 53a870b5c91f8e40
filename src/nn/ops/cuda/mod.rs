//! The fused layers as CUDA kernels, compiled by nvrtc when they are first needed: no nvcc, no headers, no CUDA SDK.
//!
//! The kernels are text in the `.cu` files beside this one. What is launched, with which numbers, is decided here
//! without naming CUDA: [`GpuUNet`] runs a picture through any [`Gpu`]; [`convolution::Shape`] and [`steps`] give the
//! launches of training. `device` (feature `cuda`) is the one that runs them on a GPU, after comparing a test picture
//! with the CPU. `tests/kernels.rs` and `tests/training_on_cuda.rs` run the same launches of the same text on the CPU,
//! against the golden numbers and the CPU's own operations.
//!
//! # What is done
//!
//! A layer is a product of matrices that are never made (`gemm.cu`): the values come straight from the maps, in the
//! decoder from the small map and from the skip, without up-sampling or concatenation. Ratio, folded batch norm and
//! activation are applied to the sums before they are written. Where a map is too small for enough blocks, the depth is
//! split, and the parts are added in a fixed order: the same input gives the same bits. In half precision the products
//! run on tensor cores (`tensor_cores.cu`) with sums in single precision; the picture's layer has no tiles
//! (`picture.cu`). Blocks that no hole needs multiply nothing.
//!
//! # Training
//!
//! [`train`] has the operations, each a launch or two forward and backward. Products are rounded to TF32 on tensor
//! cores (`tf32.cu`), as PyTorch's convolutions are by default. Masks, ratio, bias and activation are read and applied
//! where a product reads and writes its values, and so are the decoder's two maps (`training.cu`, `input_gradient.cu`);
//! norms, pools and the steps of the weights are in `steps.cu`, the losses in `losses.cu`.
//!
//! What a product costs is finding its values, not multiplying them. So everything that a row or a position in the
//! depth has for itself (where its picture begins, its corner, its channel's start) is worked out once and kept; a
//! value is two additions, a comparison and a read that no branch guards. Where there are at most 32 columns or rows,
//! the tile of sums is as thin. The gradient of a strided convolution's input is four products, one for each kind of
//! position, none of which meets the zeros between the strides. The gradients of sums are multiplied by ratio and gate
//! once, not at each of their readings. Losses of pixels, the composite, correlations of features, sums over channels
//! and the bias each are operations of their own, because candle adds up a whole tensor in one block.
//!
//! # Between the program and the GPU
//!
//! A picture goes there and comes back through page-locked memory that is kept (`staging`), and what is around a run
//! (normalising, putting the picture together) is split over the threads. With fresh memory for every picture the
//! system spent more time on finding pages than the GPU on the network.
//!
//! # What was measured
//!
//! On H200s (driver 580, 16 cores), the card otherwise idle; medians of `lacuna bench`, which include bringing the
//! picture there and back. PyTorch 2.11 on another machine of the same kind. All of `tests/gpu.rs` passed; the sample's
//! fill differs from the CPU's in 0.01 % of its samples, by 1 of 255.
//!
//! | | here, two rounds | before memory was kept, the same two | PyTorch: eager, channels last with TF32, half |
//! |---|---:|---:|---:|
//! | width 32, 512² | 1.6 and 1.8 ms | 3.4 and 2.8 ms | 6.2, 6.3, 8.2 ms |
//! | width 64, 512² | 2.5 and 2.5 ms | 3.6 and 3.8 ms | 8.2, 7.4, 9.0 ms |
//! | width 32, 1024² | 4.4 ms | 26 ms | (on an H100) 11.1, 15.9, 12.3 ms |
//! | width 64, 1024² | 6.7 ms | 11.8 ms | (on an H100, eager) 17.2 ms |
//! | the built-in weights, 512² | 1.7 and 1.7 ms | 3.2 and 3.0 ms | |
//! | a training step (width 32, batch 4, 256², all losses on VGG-16) | 21.0 ms | | 31.5, 26.3, 28.7 ms |
//!
//! So the 29 ms of the paper (512², on a V100) are 11.5 times as long as a picture takes here. Kept memory alone gives
//! 2.0 and 2.9 to 3.0 ms at 512², the threads the rest. The kernels of a picture of width 64 took 0.8 ms on an H100.
//! Keeping the device's memory and the kernels' handles in the program too changes nothing (1.7 and 2.6 ms).
//!
//! Training: a step of the table took 42.6 ms before its products were written as above (and 161 to 188 on an H100
//! with candle's own operations). `lacuna train` (width 32, built-in features) went from 102 to 243 crops of 384² a
//! second (batch 24), and with more parts for the gradients of weights to 158 crops of 512² (batch 12), as many pixels
//! as 281 of the smaller ones. In the backward pass of a step of 99 ms, before these parts, the gradients of weights
//! took 26 ms, those of inputs 17, candle's additions of gradients 6.
//!
//! What is left: the decoder adds 9 taps of the small map where the CPU's engine adds 4 (and 36 for 16 in its
//! gradient); candle's backward pass makes zeros for every gradient and adds to them; the kernels are compiled anew at
//! each start.

pub mod convolution;
#[cfg(feature = "cuda")]
mod device;
pub mod job;
pub mod losses;
#[cfg(feature = "cuda")]
mod staging;
pub mod steps;
pub mod train;
mod unet;

use candle_core::Result;

#[cfg(feature = "cuda")]
pub use device::{CudaGpu, compile, keep_memory, memory_in_use, missing_library, open_unet};
pub use job::{Addresses, Job, Kernel, Launch, Launches, Module};
pub use unet::GpuUNet;

/// The kernels of inference but [`PLAIN`]; all of one text.
pub const INFERENCE: &str = concat!(
    include_str!("common.cu"),
    include_str!("mask.cu"),
    include_str!("gemm.cu"),
    include_str!("partial_conv.cu"),
    include_str!("tensor_cores.cu"),
    include_str!("picture.cu"),
);

/// The layer without tensor cores; all of one text.
pub const PLAIN: &str = concat!(
    include_str!("common.cu"),
    include_str!("gemm.cu"),
    include_str!("partial_conv.cu"),
    include_str!("plain.cu"),
);

/// The kernels of training; all of one text.
pub const TRAINING: &str = concat!(
    include_str!("common.cu"),
    include_str!("gemm.cu"),
    include_str!("tf32.cu"),
    include_str!("training.cu"),
    include_str!("input_gradient.cu"),
    include_str!("steps.cu"),
    include_str!("losses.cu"),
);

/// What maps and weights are made of on a GPU; sums are in single precision always.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// 32 bits.
    Single,
    /// 16 bits (IEEE half precision), on tensor cores.
    Half,
}

impl Precision {
    /// Bytes of a value.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Single => 4,
            Self::Half => 2,
        }
    }

    /// What [`GpuUNet::deviation_from`] is at most where the kernels are right.
    pub const fn tolerance(self) -> f32 {
        match self {
            Self::Single => 1e-4,
            Self::Half => 3e-2,
        }
    }

    /// As a person reads it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Single => "single precision",
            Self::Half => "half precision",
        }
    }
}

/// What runs launches: a GPU, or what stands for one.
pub trait Gpu {
    /// Memory on the device; dropping it gives it back once the launches before are done.
    type Buffer;

    /// Memory that holds anything.
    fn empty(&self, bytes: usize) -> Result<Self::Buffer>;
    /// Memory with a copy of `bytes`.
    fn upload(&self, bytes: &[u8]) -> Result<Self::Buffer>;
    /// Memory with the bytes that `write` puts into what it is lent, which holds anything.
    ///
    /// Faster than [`upload`](Self::upload) for what is sent again and again.
    fn upload_with(&self, bytes: usize, write: impl FnOnce(&mut [u8])) -> Result<Self::Buffer>;
    /// Waits for everything that was launched, and lends `read` what is in the buffers, aligned for 32 bits.
    fn download<T, const N: usize>(
        &self,
        buffers: [&Self::Buffer; N],
        read: impl FnOnce([&[u8]; N]) -> T,
    ) -> Result<T>;
    /// Where a kernel finds it.
    fn address(&self, buffer: &Self::Buffer) -> u64;
    /// Runs a kernel after those that were launched before.
    fn launch(&self, launch: &Launch, addresses: Addresses) -> Result<()>;

    /// Runs launches with memory for their parts.
    fn run(&self, launches: &Launches, addresses: Addresses) -> Result<()> {
        let Some(then) = &launches.then else {
            return self.launch(&launches.first, addresses);
        };
        let parts = self.empty(launches.partial_bytes)?;
        let addresses = Addresses {
            partial: self.address(&parts),
            ..addresses
        };
        self.launch(&launches.first, addresses)?;
        self.launch(then, addresses)
    }
}
