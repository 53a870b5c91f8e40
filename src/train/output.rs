//! The output folder of a run: what lies where, and that nothing in it is ever half written.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use candle_core::Tensor;
use safetensors::{Dtype, tensor::TensorView};

use super::{Config, Error, Event, checkpoint, initial::is_statistic};
use crate::{
    imaging::write,
    nn::{self, unet::Convolution},
};

/// The folder and its parts.
#[derive(Debug, Clone)]
pub(super) struct Output {
    folder: PathBuf,
}

impl Output {
    /// The folder of an earlier run, or a new one. An existing run is never written over.
    pub(super) fn open(folder: &Path, resume: bool) -> Result<Self, Error> {
        let output = Self {
            folder: folder.to_owned(),
        };
        let has_run = output.config_file().exists()
            || output.log_file().exists()
            || !checkpoint::list(&output.checkpoints()).is_empty();
        if resume && !has_run {
            return Err(Error::Resume {
                folder: folder.to_owned(),
                why: "there is no training run in it".to_owned(),
            });
        }
        if has_run && !resume {
            return Err(Error::OutNotEmpty(folder.to_owned()));
        }
        for part in [output.checkpoints(), output.samples()] {
            fs::create_dir_all(&part).map_err(|error| failed("the output folder", &part, &error))?;
        }
        Ok(output)
    }

    /// Writes the configuration.
    pub(super) fn save_config(&self, config: &Config) -> Result<(), Error> {
        let path = self.config_file();
        let text = serde_json::to_string_pretty(config)
            .map_err(|error| failed("the configuration", &path, &io::Error::other(error)))?;
        write(&path, text.as_bytes(), "the configuration")
    }

    /// Adds an event to the log.
    pub(super) fn log(&self, event: &Event) -> Result<(), Error> {
        let path = self.log_file();
        let mut line = serde_json::to_string(event)
            .map_err(|error| failed("the log", &path, &io::Error::other(error)))?;
        line.push('\n');
        fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .and_then(|mut file| file.write_all(line.as_bytes()))
            .map_err(|error| failed("the log", &path, &error))
    }

    /// Where the configuration lies.
    pub(super) fn config_file(&self) -> PathBuf {
        self.folder.join("config.json")
    }

    /// Where the log lies.
    pub(super) fn log_file(&self) -> PathBuf {
        self.folder.join("log.jsonl")
    }

    /// Where checkpoints lie.
    pub(super) fn checkpoints(&self) -> PathBuf {
        self.folder.join("checkpoints")
    }

    /// Where sample pictures lie.
    pub(super) fn samples(&self) -> PathBuf {
        self.folder.join("samples")
    }

    /// Where the finished weights lie.
    pub(super) fn weights(&self) -> PathBuf {
        self.folder.join("weights.safetensors")
    }

    /// Where the weights of the lowest held-out loss lie.
    pub(super) fn best(&self) -> PathBuf {
        self.folder.join("best.safetensors")
    }
}

/// Writes beside `path`, syncs and renames; replaces what is there.
pub(super) fn write(path: &Path, bytes: &[u8], what: &'static str) -> Result<(), Error> {
    write::own_file(path, bytes).map_err(|error| failed(what, path, &error))
}

fn failed(what: &'static str, path: &Path, error: &io::Error) -> Error {
    Error::Write {
        what,
        path: path.to_owned(),
        why: error.to_string(),
    }
}

/// The bytes of a weights file: what is learned as float16, what is gathered as float32.
///
/// `about` goes into the metadata beside what every file must have.
pub(super) fn weights_file(
    tensors: &BTreeMap<String, Tensor>,
    config: nn::Config,
    convolution: Convolution,
    about: Vec<(&'static str, String)>,
) -> candle_core::Result<Vec<u8>> {
    let stored = tensors.iter().map(|(name, tensor)| {
        let values = tensor.flatten_all()?.to_vec1::<f32>()?;
        let (dtype, bytes): (_, Vec<u8>) = if is_statistic(name) {
            (
                Dtype::F32,
                values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            )
        } else {
            let halves = values
                .iter()
                .flat_map(|&value| half::f16::from_f32(value).to_le_bytes());
            (Dtype::F16, halves.collect())
        };
        Ok((name, dtype, tensor.dims().to_vec(), bytes))
    });
    let stored = stored.collect::<candle_core::Result<Vec<_>>>()?;
    let views = stored.iter().map(|(name, dtype, shape, bytes)| {
        Ok((name.as_str(), TensorView::new(*dtype, shape.clone(), bytes)?))
    });
    let views = views
        .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()
        .map_err(candle_core::Error::wrap)?;
    let convolution = match convolution {
        Convolution::Partial => "partial",
        Convolution::Plain => "plain",
    };
    let mut metadata: HashMap<String, String> = [
        ("format", "pconv-unet".to_owned()),
        ("normalization", "imagenet".to_owned()),
        ("window", "full-kernel".to_owned()),
        ("base_width", config.base_width.to_string()),
        ("levels", config.levels.to_string()),
        ("convolution", convolution.to_owned()),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into();
    metadata.extend(about.into_iter().map(|(key, value)| (key.to_owned(), value)));
    safetensors::serialize(views, Some(metadata)).map_err(candle_core::Error::wrap)
}

/// Now, in UTC, as RFC 3339.
pub(super) fn now() -> String {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    rfc3339(seconds)
}

/// Days to a date after Howard Hinnant's `civil_from_days`, for days since 1970.
fn rfc3339(seconds: u64) -> String {
    let (days, time) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + 400 * era + u64::from(month <= 2);
    let (hour, minute, second) = (time / 3_600, time / 60 % 60, time % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::rfc3339;

    #[test]
    fn dates_are_right_around_leap_days() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(rfc3339(1_772_323_199), "2026-02-28T23:59:59Z");
    }
}
