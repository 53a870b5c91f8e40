//! Photo by photo: look whether there is something to do, do it, and keep account.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context as _, anyhow};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{
    Args,
    earlier::{self, Earlier, Made, Recipe, Verdict},
    pairs::{Masks, Pair},
    report::{Entry, Report, Status},
};
use crate::{
    cli::{
        error::{is_cancellation, one_line},
        item::Item,
        removal::{self, Removal},
        saving::{format_of, make_folder},
        terminal::Terminal,
    },
    inpaint::Options,
    nn::{Network, weights},
    progress::{Cancelled, Progress as _},
};

/// The report is also written while the run goes on, so that one that was killed is known to the next. It lists all
/// photos: between two times passes so often the time that writing it takes.
const BETWEEN_REPORTS: u32 = 50;

/// A run under way.
pub(super) struct Run<'a> {
    args: &'a Args,
    options: &'a Options,
    network: &'a Network,
    earlier: &'a Earlier,
    /// Options, way of saving and weights, in short.
    settings: String,
    pub(super) report: Report<'a>,
    /// When the report was written, and how long that took.
    saved: (Instant, Duration),
    terminal: &'a Terminal,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        args: &'a Args,
        options: &'a Options,
        network: &'a Network,
        earlier: &'a Earlier,
        report: Report<'a>,
        terminal: &'a Terminal,
    ) -> Self {
        Self {
            args,
            options,
            network,
            earlier,
            settings: settings(args, options, network),
            report,
            saved: (Instant::now(), Duration::ZERO),
            terminal,
        }
    }

    /// Does all pairs and writes the report, also when somebody stops the run: then the cancellation is given back.
    pub(super) fn all(&mut self, pairs: &[Pair]) -> anyhow::Result<Option<Cancelled>> {
        self.terminal.uninterrupted(|| self.report.save())??;
        let stopped = self.pairs(pairs);
        self.report.was_stopped = stopped.is_err();
        self.terminal.to_the_end(|| self.report.save())?;
        Ok(stopped.err())
    }

    fn pairs(&mut self, pairs: &[Pair]) -> Result<(), Cancelled> {
        self.terminal.stage("Photos")?;
        let total = pairs.len();
        for (index, pair) in pairs.iter().enumerate() {
            let name = self.report.pairs[index].name.clone();
            let progress = Item::new(self.terminal, (index as u64, total as u64), Some(name));
            progress.check()?;
            let mut entry = self.report.pairs[index].clone();
            if let Err(error) = self.pair(pair, &mut entry, &progress) {
                if is_cancellation(&error) {
                    return Err(Cancelled);
                }
                entry.status = Status::Failed;
                entry.reason = Some(one_line(&error));
            }
            entry.notices = progress.into_notices();
            self.tell(&entry, (index + 1, total));
            self.report.pairs[index] = entry;
            self.save_now_and_then();
        }
        self.terminal.step(total as u64, total as u64)
    }

    /// Decides about a pair, and fills where that is to be done.
    fn pair(&self, pair: &Pair, entry: &mut Entry, progress: &Item<'_>) -> anyhow::Result<()> {
        let masks = pair.masks.as_ref().map_err(|why| anyhow!("{why}"))?;
        let photo = &pair.photo.path;
        let output = self.args.out.join(&pair.photo.name);
        let outputs = removal::outputs(&output, self.options.candidates);
        let recipe = Recipe::of(&self.settings, photo, masks).context("photo or mask cannot be read")?;
        let overwrite = match self.verdict(&outputs, pair, masks, &recipe, entry) {
            Verdict::Refuse(why) => return Err(anyhow!(why)),
            Verdict::PassOver(note) => {
                entry.status = Status::PassedOver;
                entry.reason = note;
                entry.output = Some(output.display().to_string());
                return Ok(());
            }
            Verdict::Make { overwrite, why } => {
                entry.reason = why;
                overwrite
            }
        };
        if let Some(folder) = output.parent() {
            make_folder(folder)?;
        }
        let removal = Removal {
            photo,
            mask: &masks.mask,
            keep_out: masks.keep_out.as_deref(),
            outputs: &outputs,
            format: format_of(&output)?,
            options: *self.options,
            saving: &self.args.saving,
            overwrite,
        };
        self.fill(&removal, entry, progress)?;
        entry.made = Made::now(recipe, &outputs).ok();
        Ok(())
    }

    fn verdict(
        &self,
        outputs: &[PathBuf],
        pair: &Pair,
        masks: &Masks,
        recipe: &Recipe,
        entry: &Entry,
    ) -> Verdict {
        if self.args.force {
            return Verdict::Make {
                overwrite: true,
                why: None,
            };
        }
        let earlier = self.earlier.get(&entry.name);
        earlier::verdict(outputs, &pair.photo.path, masks, recipe, earlier)
    }

    fn fill(&self, removal: &Removal<'_>, entry: &mut Entry, progress: &Item<'_>) -> anyhow::Result<()> {
        let started = Instant::now();
        removal.check()?;
        let input = removal.read(progress)?;
        let candidates = removal.fill(&input, self.network, progress)?;
        let changed = removal.write(&input, &candidates, self.terminal, progress)?;
        let best = candidates.first().context("no fill came back")?;
        entry.status = Status::Done;
        entry.output = removal.outputs.first().map(|output| output.display().to_string());
        entry.hole_pixels = Some(best.removal.report.hole_pixels);
        entry.changed_pixels_outside = Some(changed);
        entry.lossless = Some(removal.is_lossless(&input));
        entry.candidates = removal.about(&candidates);
        entry.seconds = Some(started.elapsed().as_secs_f64());
        Ok(())
    }

    fn tell(&self, entry: &Entry, (number, total): (usize, usize)) {
        let name = &entry.name;
        let line = match (entry.status, entry.seconds, &entry.reason) {
            (Status::Failed, _, reason) => {
                let reason = reason.as_deref().unwrap_or_default();
                return self.terminal.error(&format!("{name}: {reason}"));
            }
            (Status::Done, Some(seconds), Some(why)) => format!("done in {seconds:.1} s, {why}"),
            (Status::Done, Some(seconds), None) => format!("done in {seconds:.1} s"),
            (_, _, Some(why)) => format!("passed over, {why}"),
            (_, _, None) => "passed over".to_owned(),
        };
        self.terminal
            .say_without_bar(&format!("photo {number} of {total}: {name}: {line}"));
    }

    /// A report that cannot be written now is told at the end, where it is tried again.
    fn save_now_and_then(&mut self) {
        let (saved_at, took) = self.saved;
        if saved_at.elapsed() < took * BETWEEN_REPORTS {
            return;
        }
        let started = Instant::now();
        if let Err(error) = self.terminal.to_the_end(|| self.report.save()) {
            tracing::warn!("{error}");
        }
        self.saved = (Instant::now(), started.elapsed());
    }
}

/// Everything but photo and mask that a result depends on, in short.
fn settings(args: &Args, options: &Options, network: &Network) -> String {
    let all = json!([options, args.saving, network.info.sha256]);
    let digest = Sha256::digest(all.to_string());
    weights::hex(&digest[..8])
}
