//! The output folder of a run: what lies where, and that nothing in it is ever half written.

use std::{
    collections::BTreeMap,
    fs::{self, File, TryLockError},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use candle_core::Tensor;
use safetensors::SafeTensors;

use super::{Config, Error, Event, checkpoint, initial::is_statistic};
use crate::{
    data::{TRAINING_CONFIG, TRAINING_LOCK, TRAINING_LOG},
    imaging::write,
    nn::{
        self,
        unet::Convolution,
        weights::{self, Stored},
    },
};

/// What a weights file calls the loss that it was kept for.
pub(super) const HELD_OUT_LOSS: &str = "held_out_loss";
/// What the folder of sample pictures is called.
pub(super) const SAMPLES: &str = "samples";

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

/// Whether a program, this or another, trains the run in `folder` at this moment.
pub fn is_being_trained(folder: &Path) -> bool {
    let lock = File::open(folder.join(TRAINING_LOCK));
    lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
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
        if is_being_trained(folder) {
            return Err(Error::BeingTrained(folder.to_owned()));
        }
        output.check(resume)?;
        Ok(output)
    }

    /// Makes the folders and the log, and gives the lock: as long as it lives, nobody else trains here.
    ///
    /// A line of the log that a crash tore off is ended: the next event gets a line of its own.
    pub(super) fn prepare(&self, resume: bool) -> Result<File, Error> {
        for part in [self.checkpoints(), self.samples()] {
            fs::create_dir_all(&part).map_err(|error| failed("the output folder", &part, &error))?;
        }
        let lock = self.lock()?;
        // Another run may have begun and ended since `open` looked.
        self.check(resume)?;
        end_line(&self.log_file()).map_err(|error| failed("the log", &self.log_file(), &error))?;
        Ok(lock)
    }

    /// The system unlocks it however the program ends, so a crash leaves no run locked.
    fn lock(&self) -> Result<File, Error> {
        let path = self.folder.join(TRAINING_LOCK);
        let lock = File::options().append(true).create(true).open(&path);
        let lock = lock.map_err(|error| failed("the lock", &path, &error))?;
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => Err(Error::BeingTrained(self.folder.clone())),
            // Some network drives know no locks; one can train there all the same.
            Ok(()) | Err(TryLockError::Error(_)) => Ok(lock),
        }
    }

    fn check(&self, resume: bool) -> Result<(), Error> {
        match (resume, self.has_checkpoint()) {
            (true, false) => Err(Error::NothingSaved(self.folder.clone())),
            (false, true) => Err(Error::OutNotEmpty(self.folder.clone())),
            (false, false) if self.is_taken() => Err(Error::OutTaken(self.folder.clone())),
            _ => Ok(()),
        }
    }

    fn has_checkpoint(&self) -> bool {
        !checkpoint::list(&self.checkpoints()).is_empty()
    }

    /// Whether a new run must not begin here although there is no checkpoint.
    ///
    /// A run that was broken off before its first checkpoint has left nothing of worth: an empty log, or a log with a
    /// configuration, and then maybe the weights that it started from as its best. Anything else may be of worth to
    /// somebody.
    fn is_taken(&self) -> bool {
        let log_bytes = fs::metadata(self.log_file()).map(|found| found.len()).ok();
        let has_config = self.config_file().exists();
        let is_foreign = matches!((log_bytes, has_config), (None, true) | (Some(1..), false));
        let is_broken_run = log_bytes.is_some() && has_config;
        let has_own_best = is_broken_run && !has_learned(&self.best());
        is_foreign || self.weights().exists() || (self.best().exists() && !has_own_best)
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
        self.folder.join(SAMPLES)
    }

    /// Where the finished weights lie.
    pub(super) fn weights(&self) -> PathBuf {
        self.folder.join("weights.safetensors")
    }

    /// Where the weights of the lowest held-out loss lie.
    pub(super) fn best(&self) -> PathBuf {
        self.folder.join("best.safetensors")
    }

    /// That loss, where the weights are there and say it.
    pub(super) fn best_loss(&self) -> Option<f64> {
        let bytes = fs::read(self.best()).ok()?;
        let (_, header) = SafeTensors::read_metadata(&bytes).ok()?;
        header.metadata().as_ref()?.get(HELD_OUT_LOSS)?.parse().ok()
    }
}

/// Whether a file holds something else than the weights that a run started from.
fn has_learned(path: &Path) -> bool {
    weights::read(path).map_or(true, |file| file.info().steps != Some(0))
}

/// Adds the line break that a file of lines lacks at its end. Makes the file where there is none.
fn end_line(path: &Path) -> io::Result<()> {
    let mut file = fs::OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .open(path)?;
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
    use std::{fs, path::Path};

    use super::{Error, Event, Output, rfc3339, weights_file};
    use crate::{
        nn::{self, unet::Convolution},
        train,
    };

    /// Writes a weights file that says of itself what `about` says.
    fn save_weights(path: &Path, about: Vec<(&'static str, String)>) {
        let size = nn::Config {
            base_width: 2,
            levels: 5,
        };
        let tensors = train::he(size, 0).unwrap().into_iter().collect();
        let bytes = weights_file(&tensors, size, Convolution::Partial, about).unwrap();
        fs::write(path, bytes).unwrap();
    }

    #[test]
    fn weights_are_written_over_only_where_a_run_that_never_saved_left_its_start() {
        let at_start = || vec![("steps", "0".to_owned())];
        let folder = tempfile::tempdir().unwrap();
        let output = Output::new(folder.path());
        let is_taken = || matches!(Output::open(folder.path(), false), Err(Error::OutTaken(_)));
        for path in [output.weights(), output.best()] {
            for about in [at_start(), Vec::new()] {
                save_weights(&path, about);
                assert!(is_taken(), "{}", path.display());
                fs::remove_file(&path).unwrap();
            }
        }
        fs::write(output.config_file(), "{}").unwrap();
        fs::write(output.log_file(), "").unwrap();
        save_weights(&output.best(), at_start());
        assert!(!is_taken(), "a run that was killed early");
        save_weights(&output.best(), Vec::new());
        assert!(is_taken(), "weights of somebody");
    }

    #[test]
    fn a_run_that_found_no_room_at_its_start_can_be_begun_again() {
        let folder = tempfile::tempdir().unwrap();
        let output = Output::open(folder.path(), false).unwrap();
        drop(output.prepare(false).unwrap());
        assert!(!output.config_file().exists(), "there was no room for it");
        drop(
            Output::open(folder.path(), false)
                .unwrap()
                .prepare(false)
                .unwrap(),
        );
        output.save_config(&train::Config::default()).unwrap();
        drop(
            Output::open(folder.path(), false)
                .unwrap()
                .prepare(false)
                .unwrap(),
        );
    }

    #[test]
    fn a_folder_is_locked_as_long_as_a_run_goes_on_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let output = Output::open(folder.path(), false).unwrap();
        let lock = output.prepare(false).unwrap();
        assert!(train::is_being_trained(folder.path()), "it is");
        let refused = [
            Output::open(folder.path(), false).map(drop),
            output.prepare(false).map(drop),
        ];
        for refused in refused {
            assert!(matches!(refused, Err(Error::BeingTrained(_))), "{refused:?}");
        }
        drop(lock);
        assert!(!train::is_being_trained(folder.path()), "no more");
        output.prepare(false).unwrap();
    }

    #[test]
    fn after_a_torn_line_a_resumed_run_begins_a_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let output = Output::new(folder.path());
        drop(output.prepare(false).unwrap());
        fs::write(output.checkpoints().join("step-00000001.safetensors"), b"").unwrap();
        for torn in ["", "{\"event\":\"resumed\"}\n", "{\"event\":\"st"] {
            fs::write(output.log_file(), torn).unwrap();
            let resumed = Output::open(folder.path(), true).unwrap();
            let _lock = resumed.prepare(true).unwrap();
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
