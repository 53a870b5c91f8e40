//! candle's tensors as plain values and sizes.

use candle_core::{CpuStorage, Device, Layout, Result, Tensor, bail};

use super::walk::Shape;

/// Reads a tensor's values: `[b, c, h, w]` or fewer dimensions, contiguous.
pub(in crate::nn) fn values<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let Some((start, end)) = layout.contiguous_offsets() else {
        bail!("the operations of training read contiguous tensors only");
    };
    Ok(&storage.as_slice::<f32>()?[start..end])
}

/// Calls `read` with the values of a tensor on the CPU.
pub(super) fn with_values<T>(tensor: &Tensor, read: impl FnOnce(&[f32]) -> Result<T>) -> Result<T> {
    let tensor = tensor.contiguous()?;
    let (storage, layout) = tensor.storage_and_layout();
    let candle_core::Storage::Cpu(storage) = &*storage else {
        bail!("the operations of training run on the CPU");
    };
    read(values(storage, layout)?)
}

/// Size of a tensor of four dimensions.
pub(super) fn shape(dims: &[usize]) -> Result<Shape> {
    let &[images, channels, height, width] = dims else {
        bail!("four dimensions are needed, not {dims:?}");
    };
    Ok(Shape {
        images,
        channels,
        height,
        width,
    })
}

pub(super) fn tensor(values: Vec<f32>, shape: Shape) -> Result<Tensor> {
    Tensor::from_vec(values, dims(shape), &Device::Cpu)
}

pub(super) const fn dims(shape: Shape) -> (usize, usize, usize, usize) {
    (shape.images, shape.channels, shape.height, shape.width)
}
