//! The Train tab's state: what is known of the photos, the run, and the weights.
//!
//! [`run::Run`] is made of events alone, [`shelf`] of what lies on the disk; panels read both. What the person chose
//! is one [`Config`](crate::train::Config), kept in the settings. Nothing here draws.

pub mod curves;
mod job;
mod memory;
pub mod overview;
mod own;
mod request;
pub mod run;
pub mod shelf;
mod strip;
mod take;

use std::path::PathBuf;

use directories::ProjectDirs;

use curves::Term;
use overview::Overview;
use run::Run;
use shelf::Shelf;

pub(super) use job::{Message, TrainingJob};
pub(super) use own::{Errand, NameForm, OwnWeights};
pub(super) use request::{Length, Request};
pub(super) use strip::{Picture, Strip};

/// Which of the two halves of the program is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tab {
    /// Photos.
    #[default]
    Edit,
    /// The network.
    Train,
}

/// How the curves are drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct View {
    /// 0 (as they are) to 0.99 (nearly flat).
    pub(super) smoothing: f32,
    pub(super) is_logarithmic: bool,
    /// By the place of the term in [`Term::ALL`].
    pub(super) shown: [bool; Term::ALL.len()],
    /// Counts up when everything is to be seen again.
    pub(super) refits: u32,
}

impl Default for View {
    fn default() -> Self {
        Self {
            smoothing: 0.6,
            is_logarithmic: true,
            shown: Term::ALL.map(|term| matches!(term, Term::Total | Term::Hole | Term::Valid)),
            refits: 0,
        }
    }
}

/// All of it.
#[derive(Default)]
pub(super) struct Training {
    pub(super) tab: Tab,
    pub(super) view: View,
    /// The folder of photos as it was found, or why not.
    pub(super) overview: Option<Result<Overview, String>>,
    /// The run that goes on, or the last one.
    pub(super) run: Option<Run>,
    /// Its samples.
    pub(super) strip: Option<Strip>,
    pub(super) shelf: Shelf,
    /// Where weights are kept. `None` where the system names no such place.
    pub(super) library: Option<PathBuf>,
    /// Weights files that were chosen from elsewhere.
    pub(super) elsewhere: Vec<PathBuf>,
    /// A file that is used as soon as it has been looked at.
    pub(super) candidate: Option<PathBuf>,
    /// The window closes as soon as the run has saved.
    pub(super) closes_after: bool,
}

/// Where weights are kept if nobody says otherwise.
pub fn usual_library() -> Option<PathBuf> {
    let folders = ProjectDirs::from("", "", "lacuna")?;
    Some(folders.data_dir().join("training"))
}
