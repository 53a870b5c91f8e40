//! The one report of a run: photo by photo, and in all.

use std::{path::PathBuf, time::Instant};

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Args,
    earlier::{Earlier, Made, VERSION},
    pairs::{Found, Named, Pair},
};
use crate::{
    cli::memory,
    imaging::write::{self, WriteError},
    inpaint::Options,
    nn::Network,
};

/// By this a report is known as one of ours.
pub(super) const MADE_BY: &str = "lacuna batch";

/// What became of a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    Done,
    #[serde(rename = "passed over")]
    PassedOver,
    Failed,
    #[serde(rename = "no mask")]
    NoMask,
    #[serde(rename = "not reached")]
    NotReached,
}

/// A photo in the report.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Entry {
    /// Its path below the folder of the photos.
    pub(super) name: String,
    photo: String,
    mask: Option<String>,
    keep_out: Option<String>,
    pub(super) status: Status,
    /// Why it has this status, where that says more.
    pub(super) reason: Option<String>,
    /// Where the result is, the best of its candidates.
    pub(super) output: Option<String>,
    pub(super) hole_pixels: Option<u64>,
    pub(super) changed_pixels_outside: Option<u64>,
    /// Whether the file keeps every sample as it is; see [`Removal::is_lossless`].
    ///
    /// [`Removal::is_lossless`]: crate::cli::removal::Removal::is_lossless
    pub(super) lossless: Option<bool>,
    pub(super) seconds: Option<f64>,
    pub(super) candidates: Vec<Value>,
    pub(super) notices: Vec<String>,
    /// For later runs: what the result that is there was made from.
    pub(super) made: Option<Made>,
}

impl Entry {
    fn new(photo: &Named, status: Status, earlier: &Earlier) -> Self {
        let name = photo.display_name();
        Self {
            made: earlier.get(&name).cloned(),
            name,
            photo: photo.path.display().to_string(),
            mask: None,
            keep_out: None,
            status,
            reason: None,
            output: None,
            hole_pixels: None,
            changed_pixels_outside: None,
            lossless: None,
            seconds: None,
            candidates: Vec::new(),
            notices: Vec::new(),
        }
    }

    fn of(pair: &Pair, earlier: &Earlier) -> Self {
        let masks = pair.masks.as_ref().ok();
        let keep_out = masks.and_then(|masks| masks.keep_out.as_ref());
        Self {
            mask: masks.map(|masks| masks.mask.display().to_string()),
            keep_out: keep_out.map(|mask| mask.display().to_string()),
            ..Self::new(&pair.photo, Status::NotReached, earlier)
        }
    }
}

/// A run as it stands.
pub(super) struct Report<'a> {
    args: &'a Args,
    options: &'a Options,
    network: &'a Network,
    started: Instant,
    /// One per pair, in their order.
    pub(super) pairs: Vec<Entry>,
    without_mask: Vec<Entry>,
    without_photo: Vec<String>,
    skipped: Vec<Value>,
    notices: Vec<String>,
    /// Until all pairs are done.
    pub(super) was_stopped: bool,
}

impl<'a> Report<'a> {
    pub(super) fn new(
        args: &'a Args,
        options: &'a Options,
        network: &'a Network,
        found: &Found,
        earlier: &Earlier,
        notices: Vec<String>,
        started: Instant,
    ) -> Self {
        let without_mask = found.without_mask.iter().map(|(photo, why)| Entry {
            reason: Some(why.clone()),
            ..Entry::new(photo, Status::NoMask, earlier)
        });
        let other_ending =
            "its ending names no format that can be read; convert it to JPEG, PNG, TIFF or WebP";
        let unlisted = found.skipped.iter().map(|file| (&file.path, file.why.as_str()));
        let skipped = unlisted
            .chain(found.other_files.iter().map(|path| (path, other_ending)))
            .map(|(path, why)| json!({ "path": path.display().to_string(), "why": why }));
        Self {
            args,
            options,
            network,
            started,
            pairs: found.pairs.iter().map(|pair| Entry::of(pair, earlier)).collect(),
            without_mask: without_mask.collect(),
            without_photo: found
                .without_photo
                .iter()
                .map(|mask| mask.path.display().to_string())
                .collect(),
            skipped: skipped.collect(),
            notices,
            was_stopped: true,
        }
    }

    pub(super) fn count(&self, status: Status) -> usize {
        self.pairs.iter().filter(|entry| entry.status == status).count()
    }

    pub(super) fn json(&self) -> Value {
        let hole_pixels: u64 = self.pairs.iter().filter_map(|entry| entry.hole_pixels).sum();
        let changed: u64 = self
            .pairs
            .iter()
            .filter_map(|entry| entry.changed_pixels_outside)
            .sum();
        let photos: Vec<&Entry> = self.pairs.iter().chain(&self.without_mask).collect();
        json!({
            "made_by": MADE_BY,
            "version": VERSION,
            "photos_in": self.args.photos.display().to_string(),
            "masks_in": self.args.masks.display().to_string(),
            "keep_out_in": self.args.keep_out.as_ref().map(|place| place.display().to_string()),
            "out": self.args.out.display().to_string(),
            "report": path(self.args).display().to_string(),
            "shard": self.args.shard.map(|shard| shard.to_string()),
            "was_stopped": self.was_stopped,
            "device": self.network.device_name(),
            "weights_sha256": self.network.info.sha256,
            "options": self.options,
            "saving": self.args.saving,
            "totals": {
                "photos": photos.len(),
                "done": self.count(Status::Done),
                "passed_over": self.count(Status::PassedOver),
                "failed": self.count(Status::Failed),
                "no_mask": self.without_mask.len(),
                "not_reached": self.count(Status::NotReached),
                "masks_without_photo": self.without_photo.len(),
                "hole_pixels": hole_pixels,
                "changed_pixels_outside": changed,
                "seconds": self.started.elapsed().as_secs_f64(),
            },
            "photos": photos,
            "masks_without_photo": self.without_photo,
            "skipped": self.skipped,
            "notices": self.notices,
            "peak_mib": memory::peak_mib(),
        })
    }

    /// Writes the report in place of that of an earlier run.
    pub(super) fn save(&self) -> Result<(), WriteError> {
        let text = format!("{:#}\n", self.json());
        write::file(&path(self.args), text.as_bytes(), true)
    }

    pub(super) fn text(&self) -> String {
        let mut parts = vec![format!("{} done", self.count(Status::Done))];
        for (count, what) in [
            (self.count(Status::PassedOver), "passed over"),
            (self.count(Status::Failed), "failed"),
            (self.count(Status::NotReached), "not reached"),
            (self.without_mask.len(), "without a mask"),
        ] {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        }
        format!(
            "{} in {:.1} s on {}; report in {}",
            parts.join(", "),
            self.started.elapsed().as_secs_f64(),
            self.network.device_name(),
            path(self.args).display()
        )
    }
}

/// Where the report goes.
pub(super) fn path(args: &Args) -> PathBuf {
    match args.shard {
        Some(shard) => args.out.join(shard.report_name()),
        None => args.out.join("report.json"),
    }
}
