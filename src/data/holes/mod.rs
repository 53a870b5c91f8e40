//! Irregular holes: made from a seed, or read from a folder of mask files.
//!
//! Masks look like what a person brushes over: strokes, outlines of objects, scratches, mixtures. How much of the
//! picture they take falls into one of six [`Bucket`]s, those of the paper's test set. As everywhere in files, white
//! (255) is a hole.

mod bucket;
mod files;
mod generate;

pub use bucket::Bucket;
pub use files::{Folder, FolderError, Polarity};
pub use generate::generate;

use crate::imaging::{Mask, random::Random};

/// Smallest side of a mask for which every bucket can be reached with every [`Border`].
pub const MIN_SIDE: u32 = 64;

/// Where holes lie relative to the border of the picture.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Border {
    /// Anywhere.
    #[default]
    Any,
    /// At least one hole pixel lies on the border.
    Touching,
    /// Every hole is at least 50 px away from it, scaled with the picture: 50/512 of its shorter side.
    Away,
}

/// What holes to make. The default: every bucket as often as the others, anywhere in the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Spec {
    /// How much of the picture they take; `None` draws a bucket, each as often as the others.
    pub bucket: Option<Bucket>,
    /// Where they lie.
    pub border: Border,
}

/// Where holes come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// Made, to this specification.
    Generated(Spec),
    /// Drawn from mask files, each turned and mirrored at random.
    Files(Folder),
}

impl Default for Source {
    fn default() -> Self {
        Self::Generated(Spec::default())
    }
}

impl Source {
    /// A mask of `width` × `height`, the same for the same seed.
    ///
    /// A mask file that cannot be read is replaced by made holes; the second value says so.
    pub fn draw(&self, width: u32, height: u32, seed: u64) -> (Mask, Option<String>) {
        match self {
            Self::Generated(spec) => (generate(spec, width, height, seed), None),
            Self::Files(folder) => {
                let index = Random::keyed(seed, [0; 4]).below(folder.len());
                match folder.mask(index, width, height) {
                    Ok(mask) => (mask, None),
                    Err(error) => (
                        generate(&Spec::default(), width, height, seed),
                        Some(format!("{error}; other holes took its place")),
                    ),
                }
            }
        }
    }
}

/// Share of the picture that is hole, 0 to 1.
pub fn ratio(mask: &Mask) -> f64 {
    mask.hole_count() as f64 / mask.bounds().area().max(1) as f64
}
