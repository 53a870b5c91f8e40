//! The weights that training has made, as a list to choose from, to rename and to delete.

mod change;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::nn::weights;

pub use change::{ChangeError, Moved, check_name, delete, own_name, rename};

/// What a run calls its finished weights, and the best so far, without the ending.
const WEIGHTS: &str = "weights";
const BEST: &str = "best";

/// One weights file, good or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it lies.
    pub path: PathBuf,
    /// Its name: the file's, or that of its folder where the file is called `weights`.
    pub name: String,
    /// When it was made, RFC 3339.
    pub created: Option<String>,
    /// What it was trained on.
    pub trained_on: Option<String>,
    /// Steps that it was trained for.
    pub steps: Option<u64>,
    /// How good it is, in words.
    pub score: Option<String>,
    /// Checksum of the file, in hex; empty where it could not be read.
    pub sha256: String,
    /// Why it cannot be used, if so.
    pub problem: Option<String>,
    /// Whether it lies in the library, where it can be renamed and deleted.
    pub is_own: bool,
}

/// All weights files in `dir` and in its direct subfolders, sorted by path. A folder that does not exist is empty.
///
/// Files that are corrupt or of something else are listed with the reason; checkpoints are not weights and lie deeper.
pub fn list(dir: &Path) -> io::Result<Vec<Entry>> {
    let mut paths = Vec::new();
    for path in children(dir)? {
        if path.is_dir() {
            paths.extend(children(&path)?.into_iter().filter(|path| is_weights(path)));
        } else if is_weights(&path) {
            paths.push(path);
        }
    }
    paths.sort();
    let own = |path: PathBuf| Entry {
        is_own: holds(dir, &path),
        ..entry(path)
    };
    Ok(paths.into_iter().map(own).collect())
}

/// Whether `path` lies where [`list`] looks, and is no link that leads elsewhere.
fn holds(dir: &Path, path: &Path) -> bool {
    let (Ok(dir), Ok(path)) = (fs::canonicalize(dir), fs::canonicalize(path)) else {
        return false;
    };
    let inside = path.strip_prefix(dir).map(|rest| rest.components().count());
    inside.is_ok_and(|depth| (1..=2).contains(&depth))
}

/// Reads and checks one file, wherever it lies.
pub fn entry(path: PathBuf) -> Entry {
    let name = name_of(&path);
    match weights::read(&path) {
        Ok(file) => {
            let info = file.info();
            Entry {
                path,
                name,
                created: info.created.clone(),
                trained_on: info.trained_on.clone(),
                steps: info.steps,
                score: info.score.clone(),
                sha256: info.sha256.clone(),
                problem: info.problem_for_photos(),
                is_own: false,
            }
        }
        Err(error) => Entry {
            path,
            name,
            created: None,
            trained_on: None,
            steps: None,
            score: None,
            sha256: String::new(),
            problem: Some(error.to_string()),
            is_own: false,
        },
    }
}

fn children(dir: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(dir) {
        Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn is_weights(path: &Path) -> bool {
    path.is_file()
        && path
            .extension()
            .is_some_and(|extension| extension == "safetensors")
}

/// Whether a run made it, so that its folder tells it from those of others.
fn is_of_run(path: &Path) -> bool {
    path.file_stem()
        .is_some_and(|stem| stem == WEIGHTS || stem == BEST)
}

fn name_of(path: &Path) -> String {
    let named = if path.file_stem().is_some_and(|stem| stem == WEIGHTS) {
        path.parent().and_then(Path::file_name)
    } else {
        path.file_stem()
    };
    named.unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::list;

    #[test]
    fn a_damaged_file_is_listed_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("cats")).unwrap();
        fs::write(folder.path().join("cats/weights.safetensors"), b"{}").unwrap();
        fs::write(folder.path().join("notes.txt"), b"no weights").unwrap();
        let entries = list(folder.path()).unwrap();
        assert_eq!(entries.len(), 1, "{entries:?}");
        assert_eq!(entries[0].name, "cats");
        assert!(entries[0].problem.is_some(), "{entries:?}");
    }

    #[test]
    fn a_folder_that_does_not_exist_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(list(&folder.path().join("none")).unwrap(), []);
    }
}
