//! Weights from other projects' checkpoints.
//!
//! naoto0804's PyTorch port divides by `sum(M)` where the paper multiplies by `sum(1)/sum(M)`, so its convolutions are
//! `in·k·k` times as large. Its pictures are normalised as ours.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use candle_core::{DType, Tensor, pickle};

use super::{
    unet::{Config, Convolution},
    weights::{Stored, name_of_naoto0804, serialize},
};

/// Keys under which checkpoints keep their tensors; the last stands for the file itself.
const NESTS: [Option<&str>; 3] = [Some("state_dict"), Some("model"), None];

/// Why a checkpoint could not be converted.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// It is no checkpoint that can be read.
    #[error(
        "{path} cannot be read as a PyTorch checkpoint: {why}; files from before PyTorch 1.6 must be saved again"
    )]
    NotACheckpoint {
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
    /// It is a checkpoint of something else.
    #[error("{path} is not in naoto0804's layout: {why}")]
    Layout {
        /// The file.
        path: String,
        /// What is missing or too much.
        why: String,
    },
}

/// The bytes of a weights file (float32) for the checkpoint at `path`.
pub fn naoto0804(path: &Path) -> Result<Vec<u8>, ConvertError> {
    let named = path.display().to_string();
    let layout = |why: String| ConvertError::Layout {
        path: named.clone(),
        why,
    };
    let read = read(path)?;
    let levels = (1..=*Config::LEVELS.end())
        .take_while(|level| read.contains_key(&format!("enc_{level}.conv.input_conv.weight")))
        .count();
    let first = read
        .get("enc_1.conv.input_conv.weight")
        .and_then(|weight| weight.dims().first().copied());
    let Some(base_width) = first else {
        return Err(layout("enc_1.conv.input_conv.weight is missing".to_owned()));
    };
    let config = Config { base_width, levels };
    if !config.is_supported() {
        return Err(layout(format!(
            "{levels} levels of base width {base_width} are not supported"
        )));
    }
    let ours: BTreeMap<String, &Tensor> = read
        .iter()
        .filter_map(|(name, tensor)| Some((name_of_naoto0804(name, levels)?, tensor)))
        .collect();
    let mut stored = Vec::new();
    for (name, shape) in config.tensors() {
        let tensor = ours
            .get(&name)
            .ok_or_else(|| layout(format!("nothing in it becomes {name}")))?;
        if tensor.dims() != shape {
            return Err(layout(format!(
                "{name} would have shape {:?} instead of {shape:?}",
                tensor.dims()
            )));
        }
        let scale = if name.ends_with("conv.weight") {
            1.0 / shape[1..].iter().product::<usize>() as f64
        } else {
            1.0
        };
        let tensor = scaled(tensor, scale).and_then(|tensor| Stored::float32(&name, &tensor));
        stored.push(tensor.map_err(|error| layout(format!("{name}: {error}")))?);
    }
    let trained_on = "converted from a checkpoint of naoto0804's layout".to_owned();
    let about = vec![("trained_on", trained_on)];
    serialize(&stored, config, Convolution::Partial, about).map_err(|error| layout(error.to_string()))
}

/// The tensors, wherever in the checkpoint they are.
fn read(path: &Path) -> Result<HashMap<String, Tensor>, ConvertError> {
    let mut why = "there is no tensor in it".to_owned();
    for nest in NESTS {
        match pickle::read_all_with_key(path, nest) {
            Ok(tensors) if !tensors.is_empty() => return Ok(tensors.into_iter().collect()),
            Ok(_) => {}
            // Only what is wrong with the file itself is worth telling: most files lack the other keys.
            Err(error) if nest.is_none() => why = error.to_string(),
            Err(_) => {}
        }
    }
    Err(ConvertError::NotACheckpoint {
        path: path.display().to_string(),
        why: why.lines().next().unwrap_or_default().to_owned(),
    })
}

fn scaled(tensor: &Tensor, scale: f64) -> candle_core::Result<Tensor> {
    tensor
        .to_dtype(DType::F64)?
        .affine(scale, 0.0)?
        .to_dtype(DType::F32)
}
