//! What earlier runs left in the folder of the results, and what becomes of it.
//!
//! The reports of earlier runs say from what each result was made. A result is passed over while its photo, its mask
//! and the settings are the same; otherwise it is made again. A file that no report knows, or that somebody has
//! changed since, is never replaced unasked.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use serde::{Deserialize, Serialize};

use super::{pairs::Masks, report::MADE_BY};
use crate::data::fingerprint;

/// Of this program: what another made may come out differently here.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What a result is made from, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Recipe {
    /// Options, way of saving and weights.
    settings: String,
    photo: String,
    mask: String,
    #[serde(default)]
    keep_out: Option<String>,
}

impl Recipe {
    pub(super) fn of(settings: &str, photo: &Path, masks: &Masks) -> io::Result<Self> {
        Ok(Self {
            settings: settings.to_owned(),
            photo: short(photo)?,
            mask: short(&masks.mask)?,
            keep_out: masks.keep_out.as_deref().map(short).transpose()?,
        })
    }

    /// What is another than in `earlier`.
    fn difference(&self, earlier: &Self) -> Option<&'static str> {
        if self.settings != earlier.settings {
            Some("it was made with other options or weights")
        } else if self.photo != earlier.photo {
            Some("the photo has changed")
        } else if self.mask != earlier.mask {
            Some("the mask is another")
        } else if self.keep_out != earlier.keep_out {
            Some("the keep-out mask is another")
        } else {
            None
        }
    }
}

/// A result as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Made {
    from: Recipe,
    /// What each of its files held, the best candidate first.
    results: Vec<String>,
    /// Of the program that made it; the first ones did not say.
    #[serde(default)]
    version: Option<String>,
}

impl Made {
    pub(super) fn now(from: Recipe, outputs: &[PathBuf]) -> io::Result<Self> {
        let results = outputs
            .iter()
            .map(|output| short(output))
            .collect::<io::Result<_>>()?;
        Ok(Self {
            from,
            results,
            version: Some(VERSION.to_owned()),
        })
    }

    /// In words, which other version made it, if it was another.
    pub(super) fn other_version(&self) -> Option<String> {
        match self.version.as_deref() {
            Some(VERSION) => None,
            Some(version) => Some(format!("version {version}")),
            None => Some("an earlier version".to_owned()),
        }
    }

    /// Whether all of `outputs` that are there still are what was written.
    fn is_untouched(&self, outputs: &[PathBuf]) -> bool {
        outputs.iter().enumerate().all(|(index, output)| {
            let now = short(output).ok();
            output.symlink_metadata().is_err() || (now.is_some() && now.as_ref() == self.results.get(index))
        })
    }
}

fn short(file: &Path) -> io::Result<String> {
    fingerprint(file).map(|print| format!("{print:016x}"))
}

/// The part of a report that a later run reads.
#[derive(Deserialize)]
struct Report {
    made_by: String,
    photos: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    made: Option<Made>,
}

/// Results by the names of their photos.
#[derive(Debug, Default)]
pub(super) struct Earlier(HashMap<String, Made>);

impl Earlier {
    /// Reads all reports in `out`, of every share; the newest has the last word.
    pub(super) fn read(out: &Path) -> Self {
        let mut reports: Vec<(SystemTime, PathBuf)> = fs::read_dir(out)
            .into_iter()
            .flatten()
            .filter_map(Result::ok)
            .filter(|file| is_report_name(&file.file_name().to_string_lossy()))
            .filter_map(|file| Some((file.metadata().ok()?.modified().ok()?, file.path())))
            .collect();
        reports.sort();
        let read = |(_, path): &(SystemTime, PathBuf)| entries(&fs::read(path).ok()?);
        let entries = reports.iter().filter_map(read).flatten();
        let made = entries.filter_map(|entry| Some((entry.name, entry.made?)));
        Self(made.collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&Made> {
        self.0.get(name)
    }
}

/// Whether a file with these contents is a report of ours.
pub(super) fn is_report(contents: &[u8]) -> bool {
    entries(contents).is_some()
}

fn is_report_name(name: &str) -> bool {
    name == "report.json" || (name.starts_with("report-") && name.contains("-of-") && name.ends_with(".json"))
}

fn entries(contents: &[u8]) -> Option<Vec<Entry>> {
    let report: Report = serde_json::from_slice(contents).ok()?;
    (report.made_by == MADE_BY).then_some(report.photos)
}

/// What to do about a pair.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Make {
        overwrite: bool,
        /// Why again, where there is a result.
        why: Option<String>,
    },
    /// With what a person should know about it.
    PassOver(Option<String>),
    /// Neither is right, for this reason.
    Refuse(String),
}

/// Whether the results at `outputs` can stay. `earlier` is what the reports know of them.
pub(super) fn verdict(
    outputs: &[PathBuf],
    photo: &Path,
    masks: &Masks,
    wanted: &Recipe,
    earlier: Option<&Made>,
) -> Verdict {
    if outputs.iter().all(|output| output.symlink_metadata().is_err()) {
        return Verdict::Make {
            overwrite: false,
            why: None,
        };
    }
    let ours = earlier.filter(|made| made.is_untouched(outputs));
    let difference = ours.and_then(|made| wanted.difference(&made.from));
    if difference.is_none() && !outputs.iter().all(|output| output.is_file()) {
        return Verdict::Make {
            overwrite: ours.is_some(),
            why: None,
        };
    }
    match (difference.or_else(|| newer(outputs, photo, masks)), ours, earlier) {
        (None, Some(made), _) => Verdict::PassOver(
            made.other_version()
                .map(|version| format!("{version} of Lacuna made it; --force makes all again")),
        ),
        (Some(why), Some(_), _) => Verdict::Make {
            overwrite: true,
            why: Some(format!("made again: {why}")),
        },
        (None, None, Some(_)) => {
            Verdict::PassOver(Some("the result was changed after it was made".to_owned()))
        }
        (None, None, None) => Verdict::PassOver(Some(
            "there is such a file, and no report here says how it was made".to_owned(),
        )),
        (Some(why), None, _) => Verdict::Refuse(format!(
            "{why}, and {} is not as a run of this kind left it; move it away or replace it with --force",
            outputs[0].display()
        )),
    }
}

/// Which of photo and masks is newer than the oldest output.
fn newer(outputs: &[PathBuf], photo: &Path, masks: &Masks) -> Option<&'static str> {
    let modified = |path: &Path| path.metadata().and_then(|file| file.modified()).ok();
    let made = outputs.iter().filter_map(|output| modified(output)).min()?;
    let is_newer = |path| modified(path).is_some_and(|changed| changed > made);
    if is_newer(photo) {
        Some("the photo is newer than the result")
    } else if masks.all().any(is_newer) {
        Some("the mask is newer than the result")
    } else {
        None
    }
}
