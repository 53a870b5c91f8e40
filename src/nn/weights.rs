//! Weights files: how they are written, what is read into a network, and what is refused.
//!
//! A file is a safetensors file of `float16` or `float32` tensors whose metadata says that it is a `pconv-unet`, its
//! width and its levels. Everything is checked before anything is built, so that a damaged or foreign file is one
//! clear line that names the tensor or the byte, never a panic and never a fill that is quietly wrong. A default
//! file lies in the binary.

mod checks;
mod error;
mod serialize;

use std::{collections::HashMap, path::Path};

use candle_core::Tensor;
use safetensors::SafeTensors;
use sha2::{Digest as _, Sha256};

use self::checks::{check_length, read_config, read_convolution, read_tensors};
pub use self::error::WeightsError;
pub use self::serialize::{Stored, bytes_of, serialize};
use super::unet::{Config, Convolution};

/// The default file, as it lies in the repository.
static EMBEDDED: &[u8] = include_bytes!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/weights/pconv_unet_w32.safetensors"
));

/// What the default weights are called where others have a path.
pub const EMBEDDED_NAME: &str = "built-in";

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

/// Bytes of a checksum in hex.
pub fn hex(bytes: &[u8]) -> String {
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
