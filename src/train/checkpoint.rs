//! Checkpoints: all that a run needs to go on as if it had never been broken off.
//!
//! One safetensors file each, written beside its place and renamed, with a checksum of its numbers, so that a file
//! that a crash or a bad disk has damaged is known as such and the one before is taken.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use candle_core::{Device, Tensor};
use safetensors::{Dtype, SafeTensors, View};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Error, output, trainer::State};
use crate::{
    data::Split,
    nn::{
        Config,
        unet::Convolution,
        weights::{bytes_of, hex},
    },
};

const FORMAT: &str = "lacuna-checkpoint-1";
const ENDING: &str = "safetensors";

/// Where a run is, besides its tensors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Position {
    /// Batches taken, and updates made. The next batch has this number.
    pub step: u64,
    /// Seconds of training, those before the run had to go back included.
    pub elapsed_s: f64,
    /// What the rates are multiplied by: halved each time that the run had to go back.
    pub rate_factor: f64,
    /// The lowest held-out loss.
    pub best_loss: Option<f64>,
    /// PSNR of the weights that the run started from.
    pub old_psnr: Option<f64>,
    /// Which photos are never trained on; older checkpoints do not say.
    #[serde(default)]
    pub split: Option<Split>,
    /// Which network it is; see [`architecture`].
    pub architecture: String,
}

/// Checksum of what must be the same for a run to go on.
pub(super) fn architecture(config: Config, convolution: Convolution) -> String {
    let text = format!("{config:?} {convolution:?} {:?}", config.tensors());
    hex(&Sha256::digest(text.as_bytes()))
}

/// Where the checkpoint of a step lies in `folder`.
pub(super) fn path(folder: &Path, step: u64) -> PathBuf {
    folder.join(format!("step-{step:08}.{ENDING}"))
}

/// All checkpoints in `folder`, the latest first.
pub(super) fn list(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| is_checkpoint(path))
        .collect();
    paths.sort_unstable_by(|a, b| b.cmp(a));
    paths
}

fn is_checkpoint(path: &Path) -> bool {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    stem.starts_with("step-") && path.extension().is_some_and(|extension| extension == ENDING)
}

/// Writes a checkpoint and removes the oldest beyond `keep`.
///
/// Those of later steps, which the run could not go on from, are left to whoever wants to know why.
pub(super) fn write(
    folder: &Path,
    position: &Position,
    state: &State,
    keep: usize,
) -> Result<PathBuf, Error> {
    let path = path(folder, position.step);
    let failed = |why: String| Error::Write {
        what: "a checkpoint",
        path: path.clone(),
        why,
    };
    let stored = stored(&state.tensors).map_err(|error| failed(error.to_string()))?;
    let metadata = [
        ("format", FORMAT.to_owned()),
        (
            "position",
            serde_json::to_string(position).map_err(|error| failed(error.to_string()))?,
        ),
        (
            "sha256",
            checksum(
                stored
                    .iter()
                    .map(|(name, stored)| (name.as_str(), stored.bytes.as_slice())),
            ),
        ),
    ];
    let metadata = metadata.map(|(key, value)| (key.to_owned(), value)).into();
    let bytes = safetensors::serialize(stored, Some(metadata)).map_err(|error| failed(error.to_string()))?;
    output::write(&path, &bytes, "a checkpoint")?;
    let up_to_here = list(folder).into_iter().filter(|other| *other <= path);
    for old in up_to_here.skip(keep) {
        // One that cannot be removed takes space and does no other harm.
        let _ = fs::remove_file(old);
    }
    Ok(path)
}

/// Reads a checkpoint whole, or says why it cannot be used.
pub(super) fn read(path: &Path) -> Result<(Position, State), String> {
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    let damaged = |error: safetensors::SafeTensorError| format!("it is damaged ({error})");
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(damaged)?;
    let stored = SafeTensors::deserialize(&bytes).map_err(damaged)?;
    let value = |key: &str| {
        header
            .metadata()
            .as_ref()
            .and_then(|metadata| metadata.get(key))
            .map(String::as_str)
    };
    if value("format") != Some(FORMAT) {
        return Err("it is no checkpoint of this program".to_owned());
    }
    let views: BTreeMap<_, _> = stored.tensors().into_iter().collect();
    let found = checksum(views.iter().map(|(name, view)| (name.as_str(), view.data())));
    if value("sha256") != Some(&found) {
        return Err("it is damaged (its checksum differs)".to_owned());
    }
    let position: Position = value("position")
        .and_then(|text| serde_json::from_str(text).ok())
        .ok_or("it does not say where the run was")?;
    let tensors = views.into_iter().map(|(name, view)| {
        let (quads, _) = view.data().as_chunks::<4>();
        let values = quads
            .iter()
            .map(|quad| f32::from_le_bytes(*quad))
            .collect::<Vec<_>>();
        Ok((name, Tensor::from_vec(values, view.shape(), &Device::Cpu)?))
    });
    let tensors = tensors
        .collect::<candle_core::Result<_>>()
        .map_err(|error| error.to_string())?;
    let updates = position.step;
    Ok((position, State { updates, tensors }))
}

/// The latest checkpoint that is whole. Those after it that are not are told to `notice`.
pub(super) fn read_latest(
    folder: &Path,
    notice: &mut dyn FnMut(String),
) -> Result<(Position, State), String> {
    let paths = list(folder);
    let mut last = "there is no checkpoint in it".to_owned();
    for path in paths {
        match read(&path) {
            Ok(found) => return Ok(found),
            Err(why) => {
                notice(format!(
                    "{} cannot be used: {why}; trying the one before",
                    path.display()
                ));
                last = format!("no checkpoint can be used, the last one tried: {why}");
            }
        }
    }
    Err(last)
}

/// A tensor's numbers as they lie in the file.
struct Stored {
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl View for Stored {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

fn stored(tensors: &BTreeMap<String, Tensor>) -> candle_core::Result<Vec<(String, Stored)>> {
    let tensors = tensors.iter().map(|(name, tensor)| {
        let values = tensor.flatten_all()?.to_vec1::<f32>()?;
        let bytes = bytes_of(&values);
        let shape = tensor.dims().to_vec();
        Ok((name.clone(), Stored { shape, bytes }))
    });
    tensors.collect()
}

/// Checksum of names and numbers, which come sorted by name.
fn checksum<'a>(tensors: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut sha256 = Sha256::new();
    for (name, bytes) in tensors {
        sha256.update(name.as_bytes());
        sha256.update(bytes);
    }
    hex(&sha256.finalize())
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, fs};

    use candle_core::{Device, Tensor};

    use super::{Position, State, list, path, read_latest, write};

    fn position(step: u64) -> Position {
        Position {
            step,
            elapsed_s: 1.5,
            rate_factor: 0.5,
            best_loss: None,
            old_psnr: Some(20.0),
            split: None,
            architecture: "a".to_owned(),
        }
    }

    fn state(value: f32) -> State {
        let tensor = Tensor::full(value, (2, 3), &Device::Cpu).unwrap();
        State {
            updates: 0,
            tensors: BTreeMap::from([("w".to_owned(), tensor.clone()), ("a".to_owned(), tensor)]),
        }
    }

    #[test]
    fn the_last_few_are_kept_and_the_latest_is_read() {
        let folder = tempfile::tempdir().unwrap();
        for step in [3, 20, 100] {
            write(folder.path(), &position(step), &state(step as f32), 2).unwrap();
        }
        assert_eq!(list(folder.path()).len(), 2);
        let (found, state) = read_latest(folder.path(), &mut |text| panic!("{text}")).unwrap();
        assert_eq!(found, position(100));
        assert_eq!(state.updates, 100);
        assert_eq!(state.tensors["w"].to_vec2::<f32>().unwrap(), [[100.0; 3]; 2]);
    }

    #[test]
    fn one_that_was_just_written_is_kept_beside_a_damaged_one_of_a_later_step() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(path(folder.path(), 9), b"damaged").unwrap();
        for step in [3, 5] {
            write(folder.path(), &position(step), &state(1.0), 1).unwrap();
        }
        let expected = [9, 5].map(|step| path(folder.path(), step));
        assert_eq!(list(folder.path()), expected);
        let (found, _) = read_latest(folder.path(), &mut |_| {}).unwrap();
        assert_eq!(found.step, 5);
    }

    #[test]
    fn a_position_that_an_older_version_wrote_is_read() {
        let text = r#"{"step":7,"updates":7,"elapsed_s":1.5,"rate_factor":0.5,"best_loss":null,"old_psnr":20.0,"architecture":"a"}"#;
        assert_eq!(serde_json::from_str::<Position>(text).unwrap(), position(7));
    }

    #[test]
    fn a_damaged_latest_falls_back_to_the_one_before_with_a_notice() {
        let damages: [fn(&mut Vec<u8>); 2] = [
            |bytes| bytes.truncate(bytes.len() / 2),
            |bytes| {
                if let Some(last) = bytes.last_mut() {
                    *last ^= 1;
                }
            },
        ];
        for damage in damages {
            let folder = tempfile::tempdir().unwrap();
            write(folder.path(), &position(1), &state(1.0), 3).unwrap();
            let latest = write(folder.path(), &position(2), &state(2.0), 3).unwrap();
            let mut bytes = fs::read(&latest).unwrap();
            damage(&mut bytes);
            fs::write(&latest, bytes).unwrap();
            let mut notices = Vec::new();
            let (found, _) = read_latest(folder.path(), &mut |text| notices.push(text)).unwrap();
            assert_eq!(found.step, 1);
            assert_eq!(notices.len(), 1, "{notices:?}");
            assert!(notices[0].contains("damaged"), "{notices:?}");
        }
    }
}
