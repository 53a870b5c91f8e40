//! The output folder of a run: what lies where, and that nothing in it is ever half written.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use candle_core::Tensor;

use super::{Config, Error, Event, checkpoint, initial::is_statistic};
use crate::{
    data::{TRAINING_CONFIG, TRAINING_LOG},
    imaging::write,
    nn::{
        self,
        unet::Convolution,
        weights::{self, Stored},
    },
};

/// The folder and its parts.
#[derive(Debug, Clone)]
pub(super) struct Output {
    folder: PathBuf,
}

/// Where the configuration of a run in `folder` lies.
pub fn config_file(folder: &Path) -> PathBuf {
    folder.join(TRAINING_CONFIG)
}

/// Where the log of a run in `folder` lies.
pub fn log_file(folder: &Path) -> PathBuf {
    folder.join(TRAINING_LOG)
}

/// Whether a run in `folder` has saved something to go on with.
pub fn can_resume(folder: &Path) -> bool {
    Output::new(folder).has_checkpoint()
}

impl Output {
    fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// The folder of an earlier run, or one for a new run. An existing run is never written over.
    ///
    /// Only looks; [`Self::prepare`] makes what is missing.
    pub(super) fn open(folder: &Path, resume: bool) -> Result<Self, Error> {
        let output = Self::new(folder);
        if resume && !output.has_checkpoint() {
            return Err(Error::Resume {
                folder: folder.to_owned(),
                why: "there is no training run in it that was saved".to_owned(),
            });
        }
        if !resume && output.is_taken() {
            return Err(Error::OutNotEmpty(folder.to_owned()));
        }
        Ok(output)
    }

    /// Makes the folders, and ends a line of the log that a crash tore off: the next event gets a line of its own.
    pub(super) fn prepare(&self) -> Result<(), Error> {
        for part in [self.checkpoints(), self.samples()] {
            fs::create_dir_all(&part).map_err(|error| failed("the output folder", &part, &error))?;
        }
        end_line(&self.log_file()).map_err(|error| failed("the log", &self.log_file(), &error))
    }

    fn has_checkpoint(&self) -> bool {
        !checkpoint::list(&self.checkpoints()).is_empty()
    }

    /// Whether a new run must not begin here.
    ///
    /// A run that was broken off before its first checkpoint has left nothing of worth. A configuration without a log,
    /// or a log without one, may well be another program's.
    fn is_taken(&self) -> bool {
        let is_foreign = self.config_file().exists() != self.log_file().exists();
        is_foreign || self.has_checkpoint() || has_learned(&self.weights()) || has_learned(&self.best())
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
        config_file(&self.folder)
    }

    /// Where the log lies.
    pub(super) fn log_file(&self) -> PathBuf {
        log_file(&self.folder)
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

/// Whether there is a file that holds more than the weights that a run started from.
fn has_learned(path: &Path) -> bool {
    path.exists() && weights::read(path).map_or(true, |file| file.info().steps != Some(0))
}

/// Adds the line break that a file of lines lacks at its end. Nothing where there is no file.
fn end_line(path: &Path) -> io::Result<()> {
    let mut file = match fs::OpenOptions::new().read(true).append(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        file => file?,
    };
    let mut last = *b"\n";
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    if last == *b"\n" {
        return Ok(());
    }
    file.write_all(b"\n")
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
        if is_statistic(name) {
            Stored::float32(name, tensor)
        } else {
            Stored::float16(name, tensor)
        }
    });
    let stored = stored.collect::<candle_core::Result<Vec<_>>>()?;
    weights::serialize(&stored, config, convolution, about).map_err(candle_core::Error::wrap)
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Event, Output, rfc3339};

    #[test]
    fn after_a_torn_line_a_resumed_run_begins_a_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let output = Output::new(folder.path());
        output.prepare().unwrap();
        fs::write(output.checkpoints().join("step-00000001.safetensors"), b"").unwrap();
        for torn in ["", "{\"event\":\"resumed\"}\n", "{\"event\":\"st"] {
            fs::write(output.log_file(), torn).unwrap();
            let resumed = Output::open(folder.path(), true).unwrap();
            resumed.prepare().unwrap();
            resumed.log(&Event::Paused).unwrap();
            let log = fs::read_to_string(output.log_file()).unwrap();
            assert_eq!(
                log.lines().last(),
                Some(r#"{"event":"paused"}"#),
                "after {torn:?}"
            );
            assert_eq!(log.lines().count(), 1 + torn.lines().count(), "after {torn:?}");
        }
    }

    #[test]
    fn dates_are_right_around_leap_days() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(rfc3339(1_772_323_199), "2026-02-28T23:59:59Z");
    }
}
