//! What is written: the other side of what is checked.

use candle_core::Tensor;
use safetensors::{Dtype, SafeTensorError, tensor::TensorView};

use super::checks::{REQUIRED, name_of_convolution};
use crate::nn::unet::{Config, Convolution};

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
        Self::of(name, tensor, Dtype::F32, f32::to_le_bytes)
    }

    /// Rounded to half of them.
    pub fn float16(name: &str, tensor: &Tensor) -> candle_core::Result<Self> {
        let round = |value| half::f16::from_f32(value).to_le_bytes();
        Self::of(name, tensor, Dtype::F16, round)
    }

    fn of<const N: usize>(
        name: &str,
        tensor: &Tensor,
        dtype: Dtype,
        to_bytes: impl Fn(f32) -> [u8; N],
    ) -> candle_core::Result<Self> {
        let values = tensor.flatten_all()?.to_vec1::<f32>()?;
        Ok(Self {
            name: name.to_owned(),
            dtype,
            shape: tensor.dims().to_vec(),
            bytes: values.into_iter().flat_map(to_bytes).collect(),
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
