//! Weights files: what is read into a network, and what is refused.
//!
//! A file is a safetensors file of `float16` or `float32` tensors whose metadata says that it is a `pconv-unet`, its
//! width and its levels. Everything is checked before anything is built, so that a damaged or foreign file is one
//! clear line that names the tensor or the byte, never a panic and never a fill that is quietly wrong. A default
//! file lies in the binary.

use std::{
    collections::{BTreeSet, HashMap},
    path::Path,
};

use candle_core::{Device, Tensor};
use safetensors::{Dtype, SafeTensors, tensor::Metadata, tensor::TensorView};
use sha2::{Digest as _, Sha256};

use super::unet::{Config, Convolution};

/// The default file, as it lies in the repository.
static EMBEDDED: &[u8] = include_bytes!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/weights/pconv_unet_w32.safetensors"
));

/// What the default weights are called where others have a path.
pub const EMBEDDED_NAME: &str = "built-in";

/// Bytes before the header: its length.
const LENGTH_BYTES: usize = 8;

/// Metadata that every file must carry with exactly this value.
const REQUIRED: [(&str, &str); 3] = [
    ("format", "pconv-unet"),
    ("normalization", "imagenet"),
    ("window", "full-kernel"),
];

/// Why a weights file was refused.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The file could not be read at all.
    #[error("it cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// It ends early.
    #[error("it is cut off: it ends at byte {len}, its header needs {needed}; fetch it again")]
    Truncated {
        /// Bytes there are.
        len: usize,
        /// Bytes there must be.
        needed: u64,
    },
    /// It goes on where it should end.
    #[error("it has {len} bytes where its header needs {needed}")]
    TrailingBytes {
        /// Bytes there are.
        len: usize,
        /// Bytes there must be.
        needed: u64,
    },
    /// It is no safetensors file.
    #[error("it is not a safetensors file ({0}); other projects' checkpoints go through `lacuna convert`")]
    NotSafetensors(String),
    /// It is a safetensors file of something else.
    #[error("its metadata has {key} = {found} where {expected} is needed; is it a file of another network?")]
    Metadata {
        /// Key in the metadata.
        key: &'static str,
        /// What is there.
        found: String,
        /// What is needed.
        expected: String,
    },
    /// A tensor that the network needs is not there.
    #[error("tensor {0} is missing")]
    Missing(String),
    /// A tensor that the network does not have is there.
    #[error("tensor {0} does not belong to this network")]
    Extra(String),
    /// A tensor has the wrong size.
    #[error("tensor {name} has shape {found:?}, it should be {expected:?}")]
    Shape {
        /// Its name.
        name: String,
        /// Shape in the file.
        found: Vec<usize>,
        /// Shape that the network needs.
        expected: Vec<usize>,
    },
    /// A tensor has a type that is not supported.
    #[error("tensor {name} has type {found}, it should be F16 or F32")]
    Type {
        /// Its name.
        name: String,
        /// Type in the file.
        found: String,
    },
    /// A tensor holds a value that is no number.
    #[error("tensor {name} holds {value} at position {position}")]
    NotFinite {
        /// Its name.
        name: String,
        /// NaN or an infinity.
        value: f32,
        /// Index of the first such value.
        position: usize,
    },
    /// A variance is below zero.
    #[error("tensor {name} holds a negative variance ({value}) at position {position}")]
    NegativeVariance {
        /// Its name.
        name: String,
        /// The value.
        value: f32,
        /// Index of the first such value.
        position: usize,
    },
}

/// What a file says of itself.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Info {
    /// Checksum of the whole file, in hex.
    pub sha256: String,
    /// Channels of the first level.
    pub base_width: usize,
    /// Times that the picture is halved.
    pub levels: usize,
    /// Path it was read from, or `built-in`.
    pub source: String,
    /// What its layers do with their masks.
    pub convolution: Convolution,
    /// When it was made, RFC 3339.
    pub created: Option<String>,
    /// What it was trained on, in words.
    pub trained_on: Option<String>,
    /// Photos that it was trained on.
    pub photos: Option<u64>,
    /// Steps that it was trained for.
    pub steps: Option<u64>,
    /// How good it is on photos that it was not trained on, in words.
    pub score: Option<String>,
    /// The feature network that its losses used.
    pub features: Option<String>,
}

impl Info {
    /// What there is to say of a network of partial convolutions that comes from no file.
    pub fn without_file(config: Config) -> Self {
        Self {
            sha256: String::new(),
            base_width: config.base_width,
            levels: config.levels,
            source: "no file".to_owned(),
            convolution: Convolution::Partial,
            created: None,
            trained_on: None,
            photos: None,
            steps: None,
            score: None,
            features: None,
        }
    }

    /// Size of the network that it holds.
    pub const fn config(&self) -> Config {
        Config {
            base_width: self.base_width,
            levels: self.levels,
        }
    }

    /// Why it cannot fill photos, if so.
    pub fn problem_for_photos(&self) -> Option<String> {
        (self.convolution == Convolution::Plain).then(|| {
            "these weights are of a network with plain convolutions, made to be compared with; \
             photos are filled with partial ones"
                .to_owned()
        })
    }
}

/// A checked weights file: every tensor of [`Config::tensors`], finite, as `f32` on the CPU.
#[derive(Debug, Clone)]
pub struct File {
    info: Info,
    tensors: HashMap<String, Tensor>,
}

impl File {
    /// What it says of itself.
    pub const fn info(&self) -> &Info {
        &self.info
    }

    /// The tensors by their names.
    pub const fn tensors(&self) -> &HashMap<String, Tensor> {
        &self.tensors
    }
}

/// Reads and checks the file at `path`.
pub fn read(path: &Path) -> Result<File, WeightsError> {
    parse(&std::fs::read(path)?, path.display().to_string())
}

/// The weights that lie in the binary.
pub fn embedded() -> Result<File, WeightsError> {
    parse(EMBEDDED, EMBEDDED_NAME.to_owned())
}

/// Checks the bytes of a file. `source` is only remembered.
pub fn parse(bytes: &[u8], source: String) -> Result<File, WeightsError> {
    check_length(bytes)?;
    let not_safetensors =
        |error: safetensors::SafeTensorError| WeightsError::NotSafetensors(error.to_string());
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(not_safetensors)?;
    let config = read_config(&header)?;
    let stored = SafeTensors::deserialize(bytes).map_err(not_safetensors)?;
    let tensors = read_tensors(&stored, config)?;
    let text = |key: &str| header.metadata().as_ref()?.get(key).cloned();
    let number = |key: &str| text(key)?.parse().ok();
    let info = Info {
        sha256: hex(&Sha256::digest(bytes)),
        base_width: config.base_width,
        levels: config.levels,
        source,
        convolution: read_convolution(text("convolution").as_deref())?,
        created: text("created"),
        trained_on: text("trained_on"),
        photos: number("photos"),
        steps: number("steps"),
        score: text("score"),
        features: text("features"),
    };
    Ok(File { info, tensors })
}

/// Name of a tensor in this format for its name in naoto0804's checkpoints (`enc_1.conv.input_conv.weight`), for a
/// network of `levels`. `None` for what has no place here.
///
/// Only the name: those checkpoints divide by `sum(M)` alone, so their convolution weights are also to be divided by
/// `in·k·k`.
pub fn name_of_naoto0804(name: &str, levels: usize) -> Option<String> {
    let (layer, parameter) = name.split_once('.')?;
    let (side, level) = layer.split_once('_')?;
    let level = level
        .parse::<usize>()
        .ok()
        .filter(|level| (1..=levels).contains(level))?;
    let layer = match side {
        "enc" => format!("encoder.{}", level - 1),
        "dec" => format!("decoder.{}", levels - level),
        _ => return None,
    };
    let parameter = match parameter {
        "conv.input_conv.weight" => "conv.weight",
        "conv.input_conv.bias" => "conv.bias",
        "bn.weight" => "norm.weight",
        "bn.bias" => "norm.bias",
        "bn.running_mean" => "norm.running_mean",
        "bn.running_var" => "norm.running_var",
        _ => return None,
    };
    Some(format!("{layer}.{parameter}"))
}

/// Tells a file that was cut off from one that is damaged: the first can be mended by fetching it again.
fn check_length(bytes: &[u8]) -> Result<(), WeightsError> {
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

fn read_config(header: &Metadata) -> Result<Config, WeightsError> {
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
fn read_convolution(found: Option<&str>) -> Result<Convolution, WeightsError> {
    match found {
        None | Some("partial") => Ok(Convolution::Partial),
        Some("plain") => Ok(Convolution::Plain),
        Some(other) => Err(WeightsError::Metadata {
            key: "convolution",
            found: format!("{other:?}"),
            expected: "\"partial\" or \"plain\"".to_owned(),
        }),
    }
}

fn read_tensors(stored: &SafeTensors<'_>, config: Config) -> Result<HashMap<String, Tensor>, WeightsError> {
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

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::{embedded, name_of_naoto0804};

    #[test]
    fn the_embedded_weights_are_whole_and_known_by_their_checksum() {
        let file = embedded().unwrap();
        assert_eq!(file.info().sha256.len(), 64, "{:?}", file.info());
        assert!(file.info().config().is_supported(), "{:?}", file.info());
    }

    #[test]
    fn names_of_the_port_map_to_ours_and_back_to_front_in_the_decoder() {
        let name = |name| name_of_naoto0804(name, 7);
        assert_eq!(
            name("enc_1.conv.input_conv.weight").as_deref(),
            Some("encoder.0.conv.weight")
        );
        assert_eq!(
            name("dec_7.bn.running_var").as_deref(),
            Some("decoder.0.norm.running_var")
        );
        assert_eq!(
            name("dec_1.conv.input_conv.bias").as_deref(),
            Some("decoder.6.conv.bias")
        );
        for foreign in [
            "enc_8.bn.bias",
            "enc_0.bn.bias",
            "enc_1.conv.mask_conv.weight",
            "fc.weight",
            "",
            "enc_.x",
        ] {
            assert_eq!(name(foreign), None, "{foreign}");
        }
    }
}
