//! What is written: the other side of what is checked.

use candle_core::Tensor;
use half::{f16, slice::HalfFloatSliceExt as _};
use safetensors::{Dtype, SafeTensorError, tensor::TensorView};

use super::checks::{REQUIRED, name_of_convolution};
use crate::nn::unet::{Config, Convolution};

/// Numbers as they lie in a file, little-endian.
pub fn bytes_of(values: &[f32]) -> Vec<u8> {
    if cfg!(target_endian = "little") {
        return bytemuck::cast_slice(values).to_vec();
    }
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// A tensor as it lies in a file.
#[derive(Debug, Clone)]
pub struct Stored {
    name: String,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Stored {
    /// With all bits of its `f32`.
    pub fn float32(name: &str, tensor: &Tensor) -> candle_core::Result<Self> {
        Self::of(name, tensor, Dtype::F32, bytes_of)
    }

    /// Rounded to half of them.
    pub fn float16(name: &str, tensor: &Tensor) -> candle_core::Result<Self> {
        Self::of(name, tensor, Dtype::F16, |values| {
            let mut halves = vec![f16::ZERO; values.len()];
            halves.convert_from_f32_slice(values);
            let bytes = halves.into_iter().map(f16::to_le_bytes);
            bytes.collect::<Vec<_>>().into_flattened()
        })
    }

    fn of(
        name: &str,
        tensor: &Tensor,
        dtype: Dtype,
        to_bytes: impl Fn(&[f32]) -> Vec<u8>,
    ) -> candle_core::Result<Self> {
        let values = tensor.flatten_all()?.to_vec1::<f32>()?;
        Ok(Self {
            name: name.to_owned(),
            dtype,
            shape: tensor.dims().to_vec(),
            bytes: to_bytes(&values),
        })
    }
}

/// The bytes of a file that [`parse`](super::parse) takes if `tensors` are those of `config`.
///
/// `about` goes into the metadata beside what every file must have.
pub fn serialize(
    tensors: &[Stored],
    config: Config,
    convolution: Convolution,
    about: Vec<(&'static str, String)>,
) -> Result<Vec<u8>, SafeTensorError> {
    let views = tensors.iter().map(|tensor| {
        let view = TensorView::new(tensor.dtype, tensor.shape.clone(), &tensor.bytes)?;
        Ok((tensor.name.as_str(), view))
    });
    let views = views.collect::<Result<Vec<_>, SafeTensorError>>()?;
    let network = [
        ("base_width", config.base_width.to_string()),
        ("levels", config.levels.to_string()),
        ("convolution", name_of_convolution(convolution).to_owned()),
    ];
    let required = REQUIRED.map(|(key, value)| (key, value.to_owned()));
    let metadata = required.into_iter().chain(network).chain(about);
    let metadata = metadata.map(|(key, value)| (key.to_owned(), value)).collect();
    safetensors::serialize(views, Some(metadata))
}
