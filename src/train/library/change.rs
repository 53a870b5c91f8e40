//! Renaming and deleting weights that lie in the library.
//!
//! A run calls its weights always the same, and its folder has the name: renaming them renames the folder, with all that
//! the run saved. Deleting takes one file and never what lies beside it. Nothing is ever written over.

use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use super::{BEST, WEIGHTS, holds, is_of_run};
use crate::train::is_being_trained;

/// Longer names do not fit into all file systems, with the ending.
const LONGEST_NAME_BYTES: usize = 200;

/// What no file system that people exchange files between takes in a name.
const NO_LETTERS: &str = "/\\:*?\"<>|";

/// Why weights are left as they are.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// Nothing was typed.
    #[error("type a name")]
    NoName,
    /// A letter that a file's name cannot have.
    #[error("a name cannot hold {}; leave it out", shown(*.0))]
    Letter(char),
    /// Hidden, or another name on some systems.
    #[error("a name cannot begin or end with a full stop; leave it out")]
    FullStop,
    /// Too long for a file's name.
    #[error("this name is too long; take a shorter one")]
    TooLong,
    /// A name that would be taken for a run's.
    #[error("“{0}” is what training calls its own files; choose another name")]
    Reserved(String),
    /// Something has the name already.
    #[error("there is a “{0}” already; choose another name")]
    Exists(String),
    /// Its run is being trained.
    #[error("it is being trained; stop that first")]
    BeingTrained,
    /// It is not the library's.
    #[error("it does not lie in Lacuna's own folder; change it there")]
    Foreign,
    /// The system refused.
    #[error("{0}")]
    Io(#[from] io::Error),
}

fn shown(letter: char) -> String {
    if letter.is_control() {
        "tabs and the like".to_owned()
    } else {
        format!("“{letter}”")
    }
}

/// A file or folder that has another path now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Where it was.
    pub from: PathBuf,
    /// Where it is.
    pub to: PathBuf,
}

impl Moved {
    /// Brings a path up to date that leads to it or into it.
    pub fn follow(&self, path: &mut PathBuf) {
        if let Ok(rest) = path.strip_prefix(&self.from) {
            *path = self.to.components().chain(rest.components()).collect();
        }
    }
}

/// What weights in the `library` are called: as their run or, without one, as their file.
pub fn own_name(library: &Path, path: &Path) -> String {
    let named = named(library, path);
    let name = if named == path {
        path.file_stem()
    } else {
        named.file_name()
    };
    name.unwrap_or_default().to_string_lossy().into_owned()
}

/// Whether a name can be given to the weights at `path`, without a look at the disk.
pub fn check_name(library: &Path, path: &Path, name: &str) -> Result<(), ChangeError> {
    let name = name.trim();
    if name.is_empty() {
        return Err(ChangeError::NoName);
    }
    let cannot = |letter: char| letter.is_control() || NO_LETTERS.contains(letter);
    if let Some(letter) = name.chars().find(|letter| cannot(*letter)) {
        return Err(ChangeError::Letter(letter));
    }
    if name.starts_with('.') || name.ends_with('.') {
        return Err(ChangeError::FullStop);
    }
    if name.len() > LONGEST_NAME_BYTES {
        return Err(ChangeError::TooLong);
    }
    let is_file = named(library, path) == path;
    if is_file && [WEIGHTS, BEST].contains(&name.to_lowercase().as_str()) {
        return Err(ChangeError::Reserved(name.to_owned()));
    }
    Ok(())
}

/// Gives weights in the `library` another name: their file or, where a run made them, its folder.
pub fn rename(library: &Path, path: &Path, name: &str) -> Result<Moved, ChangeError> {
    check_name(library, path, name)?;
    check_free(library, path)?;
    let (name, from) = (name.trim(), named(library, path));
    let to = if from == path {
        path.with_file_name(format!("{name}.safetensors"))
    } else {
        from.with_file_name(name)
    };
    if to != from {
        move_to(from, &to).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => ChangeError::Exists(name.to_owned()),
            _ => error.into(),
        })?;
    }
    Ok(Moved {
        from: from.to_owned(),
        to,
    })
}

/// Deletes one weights file of the `library`, and its folder if nothing else lies in there.
pub fn delete(library: &Path, path: &Path) -> Result<(), ChangeError> {
    check_free(library, path)?;
    fs::remove_file(path)?;
    let folder = path.parent().filter(|folder| *folder != library);
    // Only an empty folder can be removed like this; any other stays.
    let _ = folder.map(fs::remove_dir);
    Ok(())
}

/// Refuses what is not the library's, and what a run may write at any time.
fn check_free(library: &Path, path: &Path) -> Result<(), ChangeError> {
    // A file that is gone says so by itself.
    fs::symlink_metadata(path)?;
    if !holds(library, path) {
        return Err(ChangeError::Foreign);
    }
    if path.parent().is_some_and(is_being_trained) {
        return Err(ChangeError::BeingTrained);
    }
    Ok(())
}

/// What has the name that the list shows: the file, or the folder of the run that made it.
fn named<'a>(library: &Path, path: &'a Path) -> &'a Path {
    let folder = path.parent().filter(|folder| *folder != library);
    folder.filter(|_| is_of_run(path)).unwrap_or(path)
}

fn move_to(from: &Path, to: &Path) -> io::Result<()> {
    if from.is_dir() {
        if fs::symlink_metadata(to).is_ok() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        // What comes there in this very moment is safe: a folder takes the place of an empty one at most.
        return fs::rename(from, to);
    }
    // The name is taken first: a file takes the place of any other.
    File::create_new(to)?;
    fs::rename(from, to).inspect_err(|_| {
        let _ = fs::remove_file(to);
    })
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, File},
        path::{Path, PathBuf},
    };

    use super::{ChangeError, Moved, check_name, delete, own_name, rename};

    fn library(files: &[&str]) -> tempfile::TempDir {
        let library = tempfile::tempdir().unwrap();
        for file in files {
            let path = library.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        library
    }

    #[test]
    fn the_weights_of_a_run_take_its_folder_along_and_others_go_alone() {
        let folder = library(&[
            "Snow/weights.safetensors",
            "Snow/log.jsonl",
            "Snow/old.safetensors",
        ]);
        let library = folder.path();
        let weights = library.join("Snow/weights.safetensors");
        assert_eq!(own_name(library, &weights), "Snow");
        let moved = rename(library, &weights, " Ice ").unwrap();
        assert!(library.join("Ice/log.jsonl").exists(), "{moved:?}");
        assert!(!library.join("Snow").exists(), "{moved:?}");
        let old = library.join("Ice/old.safetensors");
        assert_eq!(own_name(library, &old), "old");
        rename(library, &old, "older").unwrap();
        assert!(library.join("Ice/older.safetensors").exists());
    }

    #[test]
    fn nothing_is_written_over_by_a_name() {
        let files = [
            "a.safetensors",
            "b.safetensors",
            "A/weights.safetensors",
            "B/notes",
        ];
        let folder = library(&files);
        let library = folder.path();
        for (file, name) in [("a.safetensors", "b"), ("A/weights.safetensors", "B")] {
            let outcome = rename(library, &library.join(file), name);
            assert!(matches!(outcome, Err(ChangeError::Exists(_))), "{outcome:?}");
        }
        for file in files {
            assert_eq!(fs::read_to_string(library.join(file)).unwrap(), file);
        }
    }

    #[test]
    fn the_name_it_has_already_changes_nothing() {
        let folder = library(&["a.safetensors"]);
        let path = folder.path().join("a.safetensors");
        let moved = rename(folder.path(), &path, "a").unwrap();
        assert_eq!(moved.from, moved.to);
        assert!(path.exists(), "it is still there");
    }

    #[test]
    fn a_bad_name_is_one_line() {
        let (library, path) = (Path::new("l"), Path::new("l/a.safetensors"));
        let long = "x".repeat(300);
        for name in [
            "", "  ", "a/b", "..", ".a", "a.", "a\tb", "weights", "Best", &long, "a:b",
        ] {
            let error = check_name(library, path, name).expect_err(name).to_string();
            assert!(!error.contains('\n') && error.chars().count() < 100, "{error}");
        }
        for name in ["Norway 2", "2024.05.01", "Größe", "best of"] {
            assert!(check_name(library, path, name).is_ok(), "{name}");
        }
        let of_run = Path::new("l/Snow/weights.safetensors");
        assert!(
            check_name(library, of_run, "weights").is_ok(),
            "a folder may be called so"
        );
    }

    #[test]
    fn deleting_takes_one_file_and_a_folder_that_is_left_empty() {
        let files = [
            "Snow/weights.safetensors",
            "Ice/weights.safetensors",
            "Ice/log.jsonl",
        ];
        let folder = library(&files);
        let library = folder.path();
        for file in &files[..2] {
            delete(library, &library.join(file)).unwrap();
            assert!(!library.join(file).exists(), "{file}");
        }
        assert!(!library.join("Snow").exists(), "it was empty");
        assert!(library.join("Ice/log.jsonl").exists(), "it was not");
    }

    #[test]
    fn what_lies_elsewhere_or_is_being_trained_is_left_alone() {
        let (folder, other) = (
            library(&["Snow/weights.safetensors"]),
            library(&["a.safetensors"]),
        );
        let foreign = other.path().join("a.safetensors");
        let climbing = folder.path().join("..").join(other.path().file_name().unwrap());
        for path in [foreign.clone(), climbing.join("a.safetensors")] {
            let outcome = delete(folder.path(), &path);
            assert!(matches!(outcome, Err(ChangeError::Foreign)), "{outcome:?}");
        }
        assert!(foreign.exists(), "it is not ours");
        let lock = File::create(folder.path().join("Snow/lock")).unwrap();
        lock.try_lock().unwrap();
        let weights = folder.path().join("Snow/weights.safetensors");
        let outcome = rename(folder.path(), &weights, "Ice").map(|_| ());
        for outcome in [outcome, delete(folder.path(), &weights)] {
            assert!(matches!(outcome, Err(ChangeError::BeingTrained)), "{outcome:?}");
        }
        assert!(weights.exists(), "nothing happened");
    }

    #[test]
    fn paths_follow_what_was_moved_and_others_stay() {
        let moved = Moved {
            from: PathBuf::from("/l/Snow"),
            to: PathBuf::from("/l/Ice"),
        };
        for (before, after) in [
            ("/l/Snow/weights.safetensors", "/l/Ice/weights.safetensors"),
            ("/l/Snow", "/l/Ice"),
            ("/l/Snowdon/weights.safetensors", "/l/Snowdon/weights.safetensors"),
        ] {
            let mut path = PathBuf::from(before);
            moved.follow(&mut path);
            assert_eq!(path.to_str(), Some(after));
        }
    }
}
