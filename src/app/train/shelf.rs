//! What earlier training has left: weights to choose from, and runs that can go on.
//!
//! Everything is read in a job. Weights that are damaged or of something else stay on the shelf with the reason, so
//! that nobody wonders where they went.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::run::{End, Run};
use crate::train::{self, Config, Event, Reason, library};

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    /// Weights, the newest first.
    pub weights: Vec<library::Entry>,
    /// Runs that can go on, the newest first.
    pub unfinished: Vec<Unfinished>,
}

/// A run that was stopped or broken off.
#[derive(Debug, Clone)]
pub struct Unfinished {
    /// How it was configured.
    pub config: Config,
    /// As far as its log tells.
    pub run: Run,
    /// Whether it is being trained, here or by another window or terminal.
    pub is_being_trained: bool,
}

impl Unfinished {
    /// Name of its folder.
    pub fn name(&self) -> String {
        let name = self.run.out.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }
}

/// Looks through the `library`, and at files and output folders that lie elsewhere.
pub(in crate::app) fn look(
    library: Option<&Path>,
    files: Vec<PathBuf>,
    outs: &[PathBuf],
) -> Result<Shelf, String> {
    let mut weights = match library {
        Some(library) => library::list(library)
            .map_err(|error| format!("{} cannot be listed: {error}", library.display()))?,
        None => Vec::new(),
    };
    for file in files {
        if weights.iter().all(|entry| entry.path != file) {
            weights.push(library::entry(file));
        }
    }
    for entry in &mut weights {
        name_after_folder(entry);
    }
    weights.sort_by(|a, b| b.created.cmp(&a.created).then_with(|| a.name.cmp(&b.name)));
    let mut folders = outs.to_vec();
    folders.extend(library.map(children).unwrap_or_default());
    folders.sort();
    folders.dedup();
    let mut unfinished: Vec<_> = folders.iter().filter_map(|folder| unfinished(folder)).collect();
    unfinished.sort_by_key(|(age, _)| std::cmp::Reverse(*age));
    Ok(Shelf {
        weights,
        unfinished: unfinished.into_iter().map(|(_, run)| run).collect(),
    })
}

/// Every run calls its best weights the same; the run's name tells them apart.
fn name_after_folder(entry: &mut library::Entry) {
    let is_best = entry.path.file_stem().is_some_and(|stem| stem == "best");
    let folder = entry.path.parent().and_then(Path::file_name);
    if let (true, Some(folder)) = (is_best, folder) {
        entry.name = format!("{}, best so far", folder.to_string_lossy());
    }
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    paths.filter(|path| path.is_dir()).collect()
}

/// The run in `out` if it can go on, with the time of its last word.
fn unfinished(out: &Path) -> Option<(std::time::SystemTime, Unfinished)> {
    if !train::can_resume(out) {
        return None;
    }
    let config: Config = serde_json::from_slice(&fs::read(train::config_file(out)).ok()?).ok()?;
    let log = train::log_file(out);
    let run = told(out, &fs::read_to_string(&log).unwrap_or_default());
    let is_complete = matches!(
        run.end,
        Some(End::Finished {
            reason: Reason::Complete,
            ..
        })
    );
    let age = fs::metadata(&log).and_then(|meta| meta.modified());
    let config = Config {
        out: out.to_owned(),
        ..config
    };
    let unfinished = Unfinished {
        config,
        run,
        is_being_trained: train::is_being_trained(out),
    };
    (!is_complete).then(|| (age.unwrap_or(std::time::UNIX_EPOCH), unfinished))
}

/// The run that the lines of a log tell of. A last line that was torn off is passed over.
pub(super) fn told(out: &Path, log: &str) -> Run {
    let mut run = Run::new(out.to_owned());
    let events = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Event>(line).ok());
    for event in events {
        run.take(event);
    }
    if run.is_running() {
        run.finish(End::BrokenOff);
    }
    run
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::look;
    use crate::{app::train::curves::Term, train::Config};

    const CHECKPOINT: &str = "checkpoints/step-00000004.safetensors";
    const LOG: &str = r#"{"event":"step","step":4,"stage":"one","images_per_s":2.0,"seconds_left":null,"progress":0.0,"loss":{"total":3.5,"valid":1.0,"hole":1.0,"perceptual":1.0,"style":1.0,"tv":1.0},"rate":0.0002}
{"event":"checkpoint","step":4,"path":"checkpoints/step-00000004.safetensors","is_best":true}
{"event":"step","step":8,"sta"#;

    fn broken_run(out: &Path) {
        fs::create_dir_all(out.join("checkpoints")).unwrap();
        fs::write(out.join(CHECKPOINT), b"").unwrap();
        let config = serde_json::to_vec(&Config::default()).unwrap();
        fs::write(out.join("config.json"), config).unwrap();
        fs::write(out.join("log.jsonl"), LOG).unwrap();
    }

    #[test]
    fn a_run_that_was_broken_off_is_found_with_its_curves() {
        let library = tempfile::tempdir().unwrap();
        broken_run(&library.path().join("Norway"));
        let shelf = look(Some(library.path()), Vec::new(), &[]).unwrap();
        let [found] = &shelf.unfinished[..] else {
            panic!("one run: {:?}", shelf.unfinished)
        };
        assert_eq!(found.name(), "Norway");
        assert_eq!(found.run.curves.points(Term::Total), [[4.0, 3.5]]);
        assert_eq!(found.run.saved_step, Some(4));
        assert_eq!(found.config.out, library.path().join("Norway"));
    }

    #[test]
    fn a_run_that_finished_or_never_saved_is_not_offered() {
        let library = tempfile::tempdir().unwrap();
        let (done, bare) = (library.path().join("done"), library.path().join("bare"));
        broken_run(&done);
        let end = r#"{"event":"finished","reason":"complete","step":8,"weights":"w","report":null}"#;
        fs::write(done.join("log.jsonl"), end).unwrap();
        broken_run(&bare);
        fs::rename(bare.join(CHECKPOINT), bare.join("checkpoints/other")).unwrap();
        let shelf = look(Some(library.path()), Vec::new(), &[]).unwrap();
        assert!(shelf.unfinished.is_empty(), "{:?}", shelf.unfinished);
    }

    #[test]
    fn a_foreign_file_is_on_the_shelf_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("other.safetensors");
        fs::write(&file, b"not weights at all").unwrap();
        let shelf = look(None, vec![file.clone()], &[]).unwrap();
        assert_eq!(shelf.weights[0].path, file);
        assert!(shelf.weights[0].problem.is_some(), "{:?}", shelf.weights);
    }
}
