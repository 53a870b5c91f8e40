//! Weights of the person's own that are looked for, renamed or deleted, and where else their paths are remembered.

use std::path::{Path, PathBuf};

use crate::train::library::{self, Entry, Moved};

/// A weights file and what it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::app) struct OwnWeights {
    pub(in crate::app) path: PathBuf,
    pub(in crate::app) name: String,
}

impl From<&Entry> for OwnWeights {
    fn from(entry: &Entry) -> Self {
        Self {
            path: entry.path.clone(),
            name: entry.name.clone(),
        }
    }
}

/// Weights whose other name is being typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::app) struct NameForm {
    pub(in crate::app) weights: OwnWeights,
    /// As typed.
    pub(in crate::app) text: String,
    /// Why this very name could not be given when it was tried.
    pub(in crate::app) failure: Option<String>,
}

impl NameForm {
    /// For weights in the `library`, with the name that they have.
    pub(in crate::app) fn new(library: &Path, entry: &Entry) -> Self {
        Self {
            weights: entry.into(),
            text: library::own_name(library, &entry.path),
            failure: None,
        }
    }

    /// What was found out about a name says nothing of another.
    pub(in crate::app) fn set_text(&mut self, text: String) {
        self.text = text;
        self.failure = None;
    }

    /// What is wrong with the name, as far as that can be seen without the disk.
    pub(in crate::app) fn problem(&self, library: &Path) -> Option<String> {
        let checked = library::check_name(library, &self.weights.path, &self.text);
        checked.err().map(|error| error.to_string())
    }
}

/// What is asked for of weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::app) enum Errand {
    /// Show the folder that they lie in.
    Show(OwnWeights),
    /// Give them the name that was typed.
    Rename(NameForm),
    /// Delete the file.
    Delete(OwnWeights),
}

impl Errand {
    pub(in crate::app) const fn weights(&self) -> &OwnWeights {
        match self {
            Self::Show(weights) | Self::Delete(weights) => weights,
            Self::Rename(form) => &form.weights,
        }
    }

    /// Whether anything is different on the disk afterwards.
    pub(in crate::app) const fn is_a_change(&self) -> bool {
        !matches!(self, Self::Show(_))
    }

    /// As a job's name.
    pub(in crate::app) fn job_name(&self) -> String {
        let name = &self.weights().name;
        match self {
            Self::Show(_) => format!("Showing “{name}” in its folder"),
            Self::Rename(_) => format!("Renaming “{name}”"),
            Self::Delete(_) => format!("Deleting “{name}”"),
        }
    }

    /// The title of what is said where it fails.
    pub(in crate::app) fn failed(&self) -> String {
        let name = &self.weights().name;
        match self {
            Self::Show(_) => format!("“{name}” could not be shown"),
            Self::Rename(_) => format!("“{name}” could not be renamed"),
            Self::Delete(_) => format!("“{name}” could not be deleted"),
        }
    }

    /// Does it. Gives what has another path then.
    pub(in crate::app) fn run(
        &self,
        library: Option<&Path>,
        has_desktop: bool,
    ) -> Result<Option<Moved>, String> {
        let no_library = || "this system names no place for weights".to_owned();
        let path = &self.weights().path;
        match self {
            Self::Show(_) => show_folder_of(path, has_desktop).map(|()| None),
            Self::Rename(form) => {
                let renamed = library::rename(library.ok_or_else(no_library)?, path, &form.text);
                renamed.map(Some).map_err(|error| error.to_string())
            }
            Self::Delete(_) => {
                let deleted = library::delete(library.ok_or_else(no_library)?, path);
                deleted.map(|()| None).map_err(|error| error.to_string())
            }
        }
    }
}

/// Opens the folder of a file in the system's file manager.
fn show_folder_of(path: &Path, has_desktop: bool) -> Result<(), String> {
    let folder = path.parent().unwrap_or(path);
    let failed = |why: String| format!("{why}; it lies in {}", folder.display());
    if !has_desktop {
        return Err(failed("this system has no file manager".to_owned()));
    }
    if !folder.is_dir() {
        return Err(failed("its folder is not there any more".to_owned()));
    }
    open::that_detached(folder).map_err(|error| failed(error.to_string()))
}
