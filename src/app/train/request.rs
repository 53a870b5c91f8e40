//! What the Train tab's panels ask for.

use std::path::PathBuf;

use super::{Errand, View};
use crate::{app::purpose::Purpose, train::Config};

/// Something to do, with all that it needs.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::app) enum Request {
    /// Train like this.
    Configure(Box<Config>),
    /// Choose a folder or file in the system's dialog.
    Browse(Purpose),
    /// Look through the photos again.
    Look,
    /// Go on with the run in this folder.
    Resume(PathBuf),
    /// Back to the form, away from a run that has ended.
    New,
    /// Draw the curves like this.
    SetView(View),
    /// Show weights in their folder, rename or delete them.
    Errand(Errand),
    /// Stop training and close the window.
    CloseAfterSaving,
}

/// How long to train.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::app) enum Length {
    Minutes,
    Steps,
    Open,
}

impl Length {
    pub(in crate::app) const ALL: [Self; 3] = [Self::Minutes, Self::Steps, Self::Open];

    /// As a person reads it.
    pub(in crate::app) const fn label(self) -> &'static str {
        match self {
            Self::Minutes => "Minutes",
            Self::Steps => "Steps",
            Self::Open => "Until stopped",
        }
    }

    /// What a configuration says.
    pub(in crate::app) const fn of(config: &Config) -> Self {
        match (config.minutes, config.steps) {
            (Some(_), _) => Self::Minutes,
            (None, Some(_)) => Self::Steps,
            (None, None) => Self::Open,
        }
    }

    /// The configuration with this kind of length.
    pub(in crate::app) fn set(self, config: &mut Config) {
        (config.minutes, config.steps) = match self {
            Self::Minutes => (Some(30.0), None),
            Self::Steps => (None, Some(1000)),
            Self::Open => (None, None),
        };
    }
}
