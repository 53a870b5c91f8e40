//! candle's tensors as plain values and sizes.

use std::cell::Cell;

use candle_core::{CpuStorage, Device, InplaceOp1, Layout, Result, Tensor, bail};

use super::walk::Shape;

/// Reads a tensor's values: `[b, c, h, w]` or fewer dimensions, contiguous.
pub(in crate::nn) fn values<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let Some((start, end)) = layout.contiguous_offsets() else {
        bail!("the operations of training read contiguous tensors only");
    };
    Ok(&storage.as_slice::<f32>()?[start..end])
}

/// Calls `read` with the values of a tensor on the CPU.
pub(in crate::nn) fn with_values<T>(tensor: &Tensor, read: impl FnOnce(&[f32]) -> Result<T>) -> Result<T> {
    let tensor = tensor.contiguous()?;
    let (storage, layout) = tensor.storage_and_layout();
    let candle_core::Storage::Cpu(storage) = &*storage else {
        bail!("the operations of training run on the CPU");
    };
    read(values(storage, layout)?)
}

/// Calls `change` with the values of a contiguous tensor on the CPU, whatever else shares its storage.
pub(in crate::nn) fn with_values_mut(
    tensor: &Tensor,
    change: impl FnOnce(&mut [f32]) -> Result<()>,
) -> Result<()> {
    tensor.inplace_op1(&Change(Cell::new(Some(change))))
}

/// What candle gives the values to, once.
struct Change<F>(Cell<Option<F>>);

impl<F: FnOnce(&mut [f32]) -> Result<()>> InplaceOp1 for Change<F> {
    fn name(&self) -> &'static str {
        "change"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        match (self.0.take(), storage, layout.contiguous_offsets()) {
            (Some(change), CpuStorage::F32(values), Some((start, end))) => change(&mut values[start..end]),
            _ => bail!("the operations of training change contiguous f32 only"),
        }
    }
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
