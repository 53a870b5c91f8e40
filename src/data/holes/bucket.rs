//! The six hole-to-image buckets of the paper's test set.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// A range of the share of the picture that is hole: above its lower end, up to and including its upper end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ValueEnum)]
pub enum Bucket {
    /// Above 1 %, up to 10 %
    #[serde(rename = "1-10")]
    #[value(name = "1-10")]
    To10,
    /// Above 10 %, up to 20 %
    #[serde(rename = "10-20")]
    #[value(name = "10-20")]
    To20,
    /// Above 20 %, up to 30 %
    #[serde(rename = "20-30")]
    #[value(name = "20-30")]
    To30,
    /// Above 30 %, up to 40 %
    #[serde(rename = "30-40")]
    #[value(name = "30-40")]
    To40,
    /// Above 40 %, up to 50 %
    #[serde(rename = "40-50")]
    #[value(name = "40-50")]
    To50,
    /// Above 50 %, up to 60 %
    #[serde(rename = "50-60")]
    #[value(name = "50-60")]
    To60,
}

impl Bucket {
    /// From the smallest holes to the largest.
    pub const ALL: [Self; 6] = [
        Self::To10,
        Self::To20,
        Self::To30,
        Self::To40,
        Self::To50,
        Self::To60,
    ];

    /// Both ends in percent; the lower one is outside, the upper one inside.
    pub const fn percent(self) -> (u64, u64) {
        match self {
            Self::To10 => (1, 10),
            Self::To20 => (10, 20),
            Self::To30 => (20, 30),
            Self::To40 => (30, 40),
            Self::To50 => (40, 50),
            Self::To60 => (50, 60),
        }
    }

    /// The bucket into which `holes` of `pixels` fall, decided in whole numbers. `None` outside all of them.
    pub fn of_count(holes: u64, pixels: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|bucket| {
            let (low, high) = bucket.percent();
            holes * 100 > low * pixels && holes * 100 <= high * pixels
        })
    }

    /// Fewest and most hole pixels of a picture with that many pixels, both inside.
    pub(super) const fn counts(self, pixels: u64) -> (u64, u64) {
        let (low, high) = self.percent();
        (low * pixels / 100 + 1, high * pixels / 100)
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (low, high) = self.percent();
        write!(f, "{low}–{high} %")
    }
}
