//! `lacuna batch`: a folder of photos with their masks, photo by photo as `lacuna inpaint` does it.
//!
//! A run can be stopped and started again at any time, and shared between machines: what is there and up to date is
//! passed over. A photo that fails is told, and the others go on. One report says what became of each. The originals
//! are never written over.

mod earlier;
mod pairs;
mod report;
mod run;
mod shard;

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    path::PathBuf,
    time::Instant,
};

use anyhow::anyhow;

use super::{
    Outcome, Shared, counted,
    device::open_network,
    error::Kept,
    removal,
    saving::{Saving, make_folder, refuse_file, refuse_foreign},
    terminal::Terminal,
};
use crate::{
    imaging::write::is_same_file,
    inpaint::Options,
    progress::{Cancelled, Progress as _},
};
use earlier::Earlier;
use pairs::{Found, Named, Places};
use report::{Entry, Report, Status};
use run::Run;
use shard::Shard;

/// Names of files without a partner that are told at once; the report has all of them.
const TOLD: usize = 5;

/// What `lacuna batch` takes.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Args {
    /// Folder with the photos; folders in it count too
    photos: PathBuf,

    /// Folder with the masks, white where to remove: each in the same place below it as its photo and with the photo's
    /// name, or that with _mask or -mask behind it, in any format. If it is also the folder of the photos, then only
    /// names with _mask or -mask count as masks. Or one file: the mask of all photos of its size
    #[arg(long, value_name = "DIR|FILE")]
    masks: PathBuf,

    /// Folder with keep-out masks, white where nothing may be copied from: named like the masks, but with _keep-out or
    /// -keep-out. If it is also the folder of the photos or the masks, then only such names count. Or one file: for all
    /// photos of its size. A photo without one is filled without
    #[arg(long, value_name = "DIR|FILE")]
    keep_out: Option<PathBuf>,

    /// Folder for the results, under the names of the photos, whose endings pick the formats, and for the report; it is
    /// made if it is not there. A result that is there is passed over, unless its photo or masks have changed since or it
    /// was made with other options or weights. A JPEG is compressed anew as a whole, so its pixels may change a little
    /// everywhere; other formats keep every untouched pixel exactly
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Do only the Ith of N shares, so that N machines can do one folder together
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,

    #[command(flatten)]
    options: Options,

    /// Make all results again and replace what is in their place (never a photo or a mask)
    #[arg(long)]
    force: bool,

    #[command(flatten)]
    saving: Saving,
}

pub(super) fn run(args: &Args, shared: &Shared, terminal: &Terminal) -> anyhow::Result<Outcome> {
    let started = Instant::now();
    let places = Places {
        photos: &args.photos,
        masks: &args.masks,
        keep_out: args.keep_out.as_deref(),
        out: &args.out,
    };
    let found = pairs::find(&places, terminal)?;
    check_out(args, &found)?;
    let found = shared_out(found, args.shard);
    tell_partnerless(&found, terminal);
    make_folder(&args.out)?;
    let network = open_network(shared, terminal)?;
    let earlier = Earlier::read(&args.out);
    let options = removal::seeded(args.options, shared);
    let notices = terminal.notices();
    let report = Report::new(args, &options, &network, &found, &earlier, notices, started);
    let mut run = Run::new(args, &options, &network, &earlier, report, terminal);
    let cancelled = run.all(&found.pairs)?;
    tell_other_versions(&run.report, terminal);
    Ok(Outcome {
        missing: missing(&run.report, cancelled, args),
        ..Outcome::new(run.report.text(), run.report.json())
    })
}

/// Why not everything is done: a photo failed, or somebody stopped the run.
fn missing(report: &Report<'_>, cancelled: Option<Cancelled>, args: &Args) -> Option<anyhow::Error> {
    let (all, failed) = (counted(report.pairs.len(), "photo"), report.count(Status::Failed));
    if let Some(cancelled) = cancelled {
        let reached = report.pairs.len() - report.count(Status::NotReached);
        return Some(anyhow::Error::new(cancelled).context(Kept(format!(
            "stopped after {reached} of {all}; the results are kept, and the same command goes on from there"
        ))));
    }
    (failed > 0).then(|| {
        anyhow!(
            "{failed} of {all} failed; see {}, and run the same command again when they are put right",
            report::path(args).display()
        )
    })
}

/// What another version made may look different, but nothing is wrong with it.
fn tell_other_versions(report: &Report<'_>, terminal: &Terminal) {
    let is_kept = |entry: &&Entry| {
        let made = entry.made.as_ref();
        entry.status == Status::PassedOver && made.is_some_and(|made| made.other_version().is_some())
    };
    let kept = report.pairs.iter().filter(is_kept).count();
    if kept > 0 {
        terminal.notice(&format!(
            "{} passed over although another version of Lacuna made {}; --force makes all again",
            if kept == 1 {
                "1 result is".to_owned()
            } else {
                format!("{kept} results are")
            },
            if kept == 1 { "it" } else { "them" },
        ));
    }
}

/// Refuses folders in which a result would take the place of an original, of another result, or of a report of
/// something else.
fn check_out(args: &Args, found: &Found) -> anyhow::Result<()> {
    let out = args.out.display();
    for (folder, what) in [
        (Some(&args.photos), "photos"),
        (Some(&args.masks), "masks"),
        (args.keep_out.as_ref(), "keep-out masks"),
    ] {
        if folder.is_some_and(|folder| is_same_file(&args.out, folder)) {
            return Err(anyhow!(
                "writing to {out}: it is the folder of the {what}, which are never written over; choose another one"
            ));
        }
    }
    refuse_file(&args.out)?;
    let mut originals = None;
    let mut taken = BTreeMap::new();
    for photo in found.pairs.iter().map(|pair| &pair.photo) {
        for output in removal::outputs(&args.out.join(&photo.name), args.options.candidates) {
            if let Ok(existing) = fs::canonicalize(&output)
                && originals
                    .get_or_insert_with(|| found_originals(found))
                    .contains(&existing)
            {
                return Err(anyhow!(
                    "writing {}: this is an original, which is never written over; choose another folder for the results",
                    output.display()
                ));
            }
            if let Some(other) = taken.insert(output.clone(), photo.display_name()) {
                return Err(anyhow!(
                    "writing {}: {other} and {} would both go there; rename one or take fewer candidates",
                    output.display(),
                    photo.display_name()
                ));
            }
        }
    }
    refuse_foreign(&report::path(args), args.force, earlier::is_report)
}

fn found_originals(found: &Found) -> HashSet<PathBuf> {
    let whole = found.originals.iter().map(fs::canonicalize);
    whole.filter_map(Result::ok).collect()
}

/// One share of everything: what the reports of all shares list is all, each once.
fn shared_out(found: Found, shard: Option<Shard>) -> Found {
    let Some(shard) = shard else {
        return found;
    };
    Found {
        pairs: shard.keep(found.pairs),
        without_mask: shard.keep(found.without_mask),
        without_photo: shard.keep(found.without_photo),
        ..found
    }
}

fn tell_partnerless(found: &Found, terminal: &Terminal) {
    let tell = |what: &str, names: Vec<String>| {
        if !names.is_empty() {
            let more = match names.len().saturating_sub(TOLD) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let first = names[..names.len().min(TOLD)].join(", ");
            terminal.notice(&format!("{what}: {first}{more}"));
        }
    };
    let photos = found.without_mask.iter().map(|(photo, _)| photo);
    tell("photos without a mask", photos.map(Named::display_name).collect());
    let masks = found.without_photo.iter().map(Named::display_name);
    tell("masks without a photo", masks.collect());
    for skipped in &found.skipped {
        terminal.notice(&format!(
            "{} is passed over: {}",
            skipped.path.display(),
            skipped.why
        ));
    }
    if !found.other_files.is_empty() {
        terminal.notice(&other_files(&found.other_files));
    }
    found.notices.iter().for_each(|notice| terminal.notice(notice));
}

/// RAW and HEIC photos are what somebody may have expected to be done.
fn other_files(files: &[PathBuf]) -> String {
    let mut endings: BTreeMap<String, usize> = BTreeMap::new();
    for file in files {
        let ending = file.extension().map_or_else(
            || "without an ending".to_owned(),
            |ending| format!(".{}", ending.to_string_lossy().to_lowercase()),
        );
        *endings.entry(ending).or_default() += 1;
    }
    let mut endings: Vec<(usize, String)> = endings
        .into_iter()
        .map(|(ending, count)| (count, ending))
        .collect();
    endings.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    let more = if endings.len() > TOLD { " and others" } else { "" };
    let told: Vec<String> = endings
        .iter()
        .take(TOLD)
        .map(|(count, ending)| format!("{count} {ending}"))
        .collect();
    format!(
        "{} {} passed over, being no JPEG, PNG, TIFF or WebP by name: {}{more}",
        counted(files.len(), "file"),
        if files.len() == 1 { "is" } else { "are" },
        told.join(", ")
    )
}
