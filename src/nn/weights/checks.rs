//! What is looked at before anything is built: length, metadata, and every tensor's name, shape and values.

use std::collections::{BTreeSet, HashMap};

use candle_core::{Device, Tensor};
use safetensors::{Dtype, SafeTensors, tensor::Metadata, tensor::TensorView};

use super::{
    super::unet::{Config, Convolution},
    error::WeightsError,
};

/// Bytes before the header: its length.
const LENGTH_BYTES: usize = 8;

/// Metadata that every file must carry with exactly this value.
pub(super) const REQUIRED: [(&str, &str); 3] = [
    ("format", "pconv-unet"),
    ("normalization", "imagenet"),
    ("window", "full-kernel"),
];

/// Tells a file that was cut off from one that is damaged: the first can be mended by fetching it again.
pub(super) fn check_length(bytes: &[u8]) -> Result<(), WeightsError> {
    let len = bytes.len();
    let Some(length) = bytes.first_chunk::<LENGTH_BYTES>() else {
        return Err(WeightsError::Truncated {
            len,
            needed: LENGTH_BYTES as u64,
        });
    };
    let header_end = u64::from_le_bytes(*length).saturating_add(LENGTH_BYTES as u64);
    if bytes.get(LENGTH_BYTES) != Some(&b'{') && len > LENGTH_BYTES {
        return Err(WeightsError::NotSafetensors("it has no header".to_owned()));
    }
    let header = usize::try_from(header_end)
        .ok()
        .and_then(|end| bytes.get(LENGTH_BYTES..end));
    let Some(header) = header else {
        return Err(WeightsError::Truncated {
            len,
            needed: header_end,
        });
    };
    let header: Metadata =
        serde_json::from_slice(header).map_err(|error| WeightsError::NotSafetensors(error.to_string()))?;
    let data_end = header
        .tensors()
        .values()
        .map(|tensor| tensor.data_offsets.1)
        .max()
        .unwrap_or(0);
    let needed = header_end.saturating_add(data_end as u64);
    match (len as u64).cmp(&needed) {
        std::cmp::Ordering::Less => Err(WeightsError::Truncated { len, needed }),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(WeightsError::TrailingBytes { len, needed }),
    }
}

pub(super) fn read_config(header: &Metadata) -> Result<Config, WeightsError> {
    let value = |key: &str| header.metadata().as_ref().and_then(|metadata| metadata.get(key));
    let wrong = |key, expected: String| WeightsError::Metadata {
        key,
        found: value(key).map_or_else(|| "nothing".to_owned(), |found| format!("{found:?}")),
        expected,
    };
    for (key, expected) in REQUIRED {
        if value(key).is_none_or(|found| found != expected) {
            return Err(wrong(key, format!("{expected:?}")));
        }
    }
    let number = |key, range: std::ops::RangeInclusive<usize>| {
        let number = value(key).and_then(|text| text.parse().ok());
        number
            .filter(|number| range.contains(number))
            .ok_or_else(|| wrong(key, format!("{} to {}", range.start(), range.end())))
    };
    Ok(Config {
        base_width: number("base_width", Config::BASE_WIDTHS)?,
        levels: number("levels", Config::LEVELS)?,
    })
}

/// Files that do not say hold partial convolutions.
pub(super) fn read_convolution(found: Option<&str>) -> Result<Convolution, WeightsError> {
    let Some(found) = found else {
        return Ok(Convolution::Partial);
    };
    [Convolution::Partial, Convolution::Plain]
        .into_iter()
        .find(|convolution| name_of_convolution(*convolution) == found)
        .ok_or_else(|| WeightsError::Metadata {
            key: "convolution",
            found: format!("{found:?}"),
            expected: "\"partial\" or \"plain\"".to_owned(),
        })
}

pub(super) const fn name_of_convolution(convolution: Convolution) -> &'static str {
    match convolution {
        Convolution::Partial => "partial",
        Convolution::Plain => "plain",
    }
}

pub(super) fn read_tensors(
    stored: &SafeTensors<'_>,
    config: Config,
) -> Result<HashMap<String, Tensor>, WeightsError> {
    let expected = config.tensors();
    let known: BTreeSet<&str> = expected.iter().map(|(name, _)| name.as_str()).collect();
    let mut names = stored.names();
    names.sort_unstable();
    if let Some(extra) = names.into_iter().find(|name| !known.contains(name)) {
        return Err(WeightsError::Extra(extra.to_owned()));
    }
    let mut tensors = HashMap::with_capacity(expected.len());
    for (name, shape) in expected {
        let view = match stored.tensor(&name) {
            Ok(view) if view.shape() == shape => view,
            Ok(view) => {
                return Err(WeightsError::Shape {
                    name,
                    found: view.shape().to_vec(),
                    expected: shape,
                });
            }
            Err(_) => return Err(WeightsError::Missing(name)),
        };
        let values = read_values(&name, &view)?;
        let tensor = Tensor::from_vec(values, shape.as_slice(), &Device::Cpu)
            .map_err(|error| WeightsError::NotSafetensors(format!("tensor {name}: {error}")))?;
        tensors.insert(name, tensor);
    }
    Ok(tensors)
}

fn read_values(name: &str, view: &TensorView<'_>) -> Result<Vec<f32>, WeightsError> {
    let values: Vec<f32> = match view.dtype() {
        Dtype::F16 => {
            let (pairs, _) = view.data().as_chunks::<2>();
            pairs
                .iter()
                .map(|pair| half::f16::from_le_bytes(*pair).to_f32())
                .collect()
        }
        Dtype::F32 => {
            let (quads, _) = view.data().as_chunks::<4>();
            quads.iter().map(|quad| f32::from_le_bytes(*quad)).collect()
        }
        other => {
            return Err(WeightsError::Type {
                name: name.to_owned(),
                found: format!("{other:?}"),
            });
        }
    };
    let first = |is_bad: fn(f32) -> bool| {
        let position = values.iter().position(|&value| is_bad(value))?;
        Some((name.to_owned(), values[position], position))
    };
    if let Some((name, value, position)) = first(|value| !value.is_finite()) {
        return Err(WeightsError::NotFinite {
            name,
            value,
            position,
        });
    }
    if name.ends_with("running_var")
        && let Some((name, value, position)) = first(|value| value < 0.0)
    {
        return Err(WeightsError::NegativeVariance {
            name,
            value,
            position,
        });
    }
    Ok(values)
}
