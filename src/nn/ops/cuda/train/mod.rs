//! The operations of training on a CUDA device, each a launch or two, with their gradients.
//!
//! They do what those of [`ops`](crate::nn::ops) do on the CPU; where the kernels cannot be used, candle's own
//! operations run. All of this is tested without a GPU too: the operations, with candle's own backward pass around them,
//! launch on an emulator that runs the kernels' text.

mod conv;
mod launch;
mod losses;
mod norm;

use std::sync::atomic::{AtomicBool, Ordering};

use candle_core::{Device, Result, Tensor, bail};

use super::steps;
pub use conv::{
    add_bias, conv2d, conv2d_relu, partial_conv2d, partial_conv2d_upsampled, update_mask,
    update_mask_upsampled,
};
pub use launch::{Emulate, Slot, with_emulator};
use launch::{InPlace, Op, make};
pub use losses::{composite, correlations, mean_distance, pixel_losses};
pub use norm::{batch_norm, frozen_norm};

/// Set where the kernels gave other gradients than the CPU.
static IS_OFF: AtomicBool = AtomicBool::new(false);

/// Whether these operations are those of `xs`: single precision, on a GPU that can run the kernels.
pub fn runs(xs: &Tensor) -> bool {
    launch::is_single(xs) && runs_on(xs.device())
}

/// Whether these operations run on a device.
pub fn runs_on(device: &Device) -> bool {
    launch::is_emulated() && device.is_cpu() || !IS_OFF.load(Ordering::Relaxed) && has_kernels(device)
}

/// From now on candle's own operations run in place of these, in the whole process.
pub fn turn_off() {
    IS_OFF.store(true, Ordering::Relaxed);
}

/// Why these operations do not run on a CUDA device, if so.
pub fn problem(device: &Device) -> Option<String> {
    if !device.is_cuda() || runs_on(device) {
        return None;
    }
    let of_the_kernels = kernels(device).err().map(|error| error.to_string());
    Some(of_the_kernels.unwrap_or_else(|| "they gave other gradients than the CPU".to_owned()))
}

fn has_kernels(device: &Device) -> bool {
    device.is_cuda()
        && kernels(device)
            .inspect_err(|error| {
                tracing::warn!("training uses candle's operations: {error}");
                turn_off();
            })
            .is_ok()
}

/// Makes sure that the kernels can be launched on a CUDA device.
#[cfg(feature = "cuda")]
fn kernels(device: &Device) -> Result<()> {
    super::device::CudaGpu::with(device.as_cuda_device()?, super::Module::Training).map(drop)
}

#[cfg(not(feature = "cuda"))]
fn kernels(_: &Device) -> Result<()> {
    bail!("this program was built without them")
}

/// The largest of every 2 × 2 of `[b, c, h, w]`; what is left over at odd sides is cut off. Of equals the first takes
/// the gradient, row by row.
pub fn max_pool2(xs: &Tensor) -> Result<Tensor> {
    let dims = xs.dims4()?;
    let (batch, channels, height, width) = dims;
    let op = Op {
        launches: steps::max_pool(dims),
        slots: [Slot::First],
        held: Vec::new(),
        dims: (batch, channels, height / 2, width / 2).into(),
        backward: Box::new(move |[xs], result, gradient| {
            let operands = vec![
                (Slot::First, xs.clone()),
                (Slot::Gate, result.clone()),
                (Slot::Gradient, gradient.clone()),
            ];
            Ok([Some(make(steps::max_pool_gradient(dims), operands, dims)?)])
        }),
    };
    xs.contiguous()?.apply_op1(op)
}

/// `average` moves towards `value`, in place: of it `keep` stays.
pub fn blend(average: &Tensor, value: &Tensor, keep: f64) -> Result<()> {
    let op = InPlace {
        launches: steps::blend(average.elem_count(), keep),
        slots: [Slot::First],
    };
    average.inplace_op2(&value.detach().contiguous()?, &op)
}

/// As [`blend`] towards the squares of `value`.
pub fn blend_squared(average: &Tensor, value: &Tensor, keep: f64) -> Result<()> {
    let op = InPlace {
        launches: steps::blend_squared(average.elem_count(), keep),
        slots: [Slot::First],
    };
    average.inplace_op2(&value.detach().contiguous()?, &op)
}

/// A step of Adam, in place: `rate` along `first`, over the root of `second` times `correction`.
pub fn adam(weights: &Tensor, first: &Tensor, second: &Tensor, rate: f32, correction: f32) -> Result<()> {
    let op = InPlace {
        launches: steps::adam(weights.elem_count(), rate, correction),
        slots: [Slot::First, Slot::Second],
    };
    weights.inplace_op3(first, second, &op)
}

/// The sum of all squares of all tensors, without dimensions. There is at least one tensor.
pub fn sum_of_squares<'a>(tensors: impl IntoIterator<Item = &'a Tensor>) -> Result<Tensor> {
    let mut tensors = tensors.into_iter().peekable();
    let Some(first) = tensors.peek() else {
        bail!("the squares of nothing");
    };
    let total = Tensor::zeros((), first.dtype(), first.device())?;
    for tensor in tensors {
        let op = InPlace {
            launches: steps::add_squares(tensor.elem_count()),
            slots: [Slot::First],
        };
        total.inplace_op2(&tensor.detach().contiguous()?, &op)?;
    }
    Ok(total)
}
