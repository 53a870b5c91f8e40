//! One photo from file to file: what `inpaint` and `batch` do in the same way.

use std::path::{Path, PathBuf};

use anyhow::bail;
use serde_json::{Value, json};

use super::{
    Shared,
    saving::{Saving, hint_force, write_all},
    terminal::Terminal,
};
use crate::{
    imaging::{Format, Mask, Photo, read, write},
    inpaint::{self, Candidate, Options, Report, Request},
    nn::Network,
    progress::Progress,
};

/// The options of a fill with the seed that all commands share.
pub(super) fn seeded(options: Options, shared: &Shared) -> Options {
    Options {
        seed: shared.seed.unwrap_or(options.seed),
        ..options
    }
}

/// Where candidates go, the best first: `output` itself, then `OUT-2` and so on with the same ending.
pub(super) fn outputs(output: &Path, candidates: u32) -> Vec<PathBuf> {
    let numbered = |number: u32| {
        let mut name = output.file_stem().unwrap_or_default().to_owned();
        name.push(format!("-{number}."));
        name.push(output.extension().unwrap_or_default());
        output.with_file_name(name)
    };
    std::iter::once(output.to_owned())
        .chain((2..=candidates).map(numbered))
        .collect()
}

/// Which attempt a fill is, from 1: with it and otherwise the same flags it is made again.
pub(super) const fn attempt(report: &Report) -> u64 {
    report.variation.seed_offset + 1
}

/// A photo, what goes from it, and where the results go.
pub(super) struct Removal<'a> {
    pub(super) photo: &'a Path,
    pub(super) mask: &'a Path,
    pub(super) keep_out: Option<&'a Path>,
    /// One per candidate; see [`outputs`].
    pub(super) outputs: &'a [PathBuf],
    pub(super) format: Format,
    pub(super) options: Options,
    pub(super) saving: &'a Saving,
    /// Whether existing files are replaced. Photo and masks never are.
    pub(super) overwrite: bool,
}

/// What is read from files.
pub(super) struct Input {
    pub(super) photo: Photo,
    mask: Mask,
    keep_out: Option<Mask>,
}

impl Removal<'_> {
    /// Refuses without work what could not be written in the end.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let options = self.write_options();
        for output in self.outputs {
            let mut masks = [Some(self.mask), self.keep_out].into_iter().flatten();
            if masks.any(|mask| write::is_same_file(output, mask)) {
                bail!(
                    "writing {}: this is a mask, which is never written over; choose another name",
                    output.display()
                );
            }
            write::check(output, &options, self.overwrite).map_err(hint_force)?;
        }
        Ok(())
    }

    /// Reads photo and masks, and refuses a photo that the format of the outputs cannot hold.
    pub(super) fn read(&self, progress: &dyn Progress) -> anyhow::Result<Input> {
        progress.stage("Reading")?;
        let photo = read::photo(self.photo)?;
        progress.step(1, 2)?;
        let size = (photo.pixels.width(), photo.pixels.height());
        for output in self.outputs {
            write::check_fits(output, self.format, size.0, size.1)?;
        }
        let (mask, mut notices) = read::mask(self.mask, size)?;
        let keep_out = match self.keep_out {
            Some(path) => {
                let (keep_out, more) = read::mask(path, size)?;
                notices.extend(more);
                Some(keep_out)
            }
            None => None,
        };
        progress.step(2, 2)?;
        for notice in photo.metadata.notices.iter().chain(&notices) {
            progress.notice(notice);
        }
        Ok(Input {
            photo,
            mask,
            keep_out,
        })
    }

    /// The fills, the best first: one per output.
    pub(super) fn fill(
        &self,
        input: &Input,
        network: &Network,
        progress: &dyn Progress,
    ) -> Result<Vec<Candidate>, inpaint::Error> {
        let request = Request {
            photo: &input.photo.pixels,
            mask: &input.mask,
            keep_out: input.keep_out.as_ref(),
        };
        Ok(inpaint::remove_candidates(&request, network, &self.options, progress)?.all)
    }

    /// Writes all candidates, or after a cancellation or a failure none. Returns how many pixels changed outside the
    /// widened masks.
    pub(super) fn write(
        &self,
        input: &Input,
        candidates: &[Candidate],
        terminal: &Terminal,
        progress: &dyn Progress,
    ) -> anyhow::Result<u64> {
        progress.stage("Writing")?;
        let (options, photo) = (self.write_options(), &input.photo);
        let (mut changed, mut files, mut notices) = (0, Vec::new(), None);
        for (candidate, output) in candidates.iter().zip(self.outputs) {
            progress.check()?;
            let result = inpaint::apply_all(&photo.pixels, &candidate.removal.patches);
            changed += inpaint::changed_outside(&photo.pixels, &result, &candidate.removal.widened);
            let encoded = write::encode(&result, &photo.metadata, self.format, &options);
            let encoded = encoded.map_err(|problem| write::WriteError {
                name: output.display().to_string(),
                problem,
            })?;
            // All are of one format and say the same.
            notices.get_or_insert(encoded.notices);
            files.push((output.as_path(), encoded.bytes));
        }
        // Somebody may have put something there since.
        self.check()?;
        terminal
            .uninterrupted(|| write_all(&files, self.overwrite))?
            .map_err(hint_force)?;
        notices
            .iter()
            .flatten()
            .for_each(|notice| progress.notice(notice));
        Ok(changed)
    }

    /// Whether the file holds every sample of the result as it is: not what is compressed with losses, nor what has
    /// fewer bits.
    pub(super) fn is_lossless(&self, input: &Input) -> bool {
        self.format.is_lossless() && !self.saving.drops_bits(&input.photo, self.format)
    }

    /// The candidates as JSON: where each is, how it was made and how it was judged.
    pub(super) fn about(&self, candidates: &[Candidate]) -> Vec<Value> {
        let about = |(candidate, output): (&Candidate, &PathBuf)| {
            let report = &candidate.removal.report;
            json!({
                "output": output.display().to_string(),
                "attempt": attempt(report),
                "is_ensemble": report.is_ensemble,
                "seed": report.seed,
                "variation": report.variation,
                "score": candidate.score.value(),
                "sharpness_ratio": candidate.score.sharpness_ratio,
                "texture_ratio": candidate.score.texture_ratio,
                "seam_ratio": candidate.score.seam_ratio,
                "texture_distance": candidate.score.texture_distance,
            })
        };
        candidates.iter().zip(self.outputs).map(about).collect()
    }

    fn write_options(&self) -> write::Options {
        self.saving.options(self.photo)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _, path::Path};

    use super::outputs;

    #[test]
    fn candidates_keep_a_name_that_is_no_text() {
        let path = |name: &[u8]| Path::new("out").join(OsStr::from_bytes(name));
        assert_eq!(
            outputs(&path(b"\xFF.png"), 2),
            [path(b"\xFF.png"), path(b"\xFF-2.png")]
        );
    }
}
