//! Irregular holes: made from a seed, or read from a folder of mask files.
//!
//! Masks look like what a person brushes over: strokes, outlines of objects, scratches, mixtures. How much of the
//! picture they take falls into one of six [`Bucket`]s, those of the paper's test set. As everywhere in files, white
//! (255) is a hole.

mod bucket;
mod canvas;
mod files;
mod generate;
mod shapes;

pub use bucket::Bucket;
pub use files::{Folder, FolderError, Polarity};
pub use generate::generate;

use crate::imaging::{Mask, Orientation, Samples, random::Random};

/// Smallest side of a mask for which every bucket can be reached with every [`Border`].
pub const MIN_SIDE: u32 = 64;

/// What `lacuna holes` calls the summary that it writes beside its masks.
pub const SUMMARY: &str = "holes.json";

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
        let folder = match self {
            Self::Generated(spec) => return (generate(spec, width, height, seed), None),
            Self::Files(folder) => folder,
        };
        let mut random = Random::keyed(seed, [0; 4]);
        // Turned by quarters and mirrored as well, one file gives eight masks.
        let view = Orientation::from_exif(1 + random.below(8) as u16).unwrap_or(Orientation::UPRIGHT);
        let (columns, rows) = if view.swaps_sides() {
            (height, width)
        } else {
            (width, height)
        };
        match folder.mask(random.below(folder.len()), columns, rows) {
            Ok(mask) => (turned(mask, view), None),
            Err(error) => (
                generate(&Spec::default(), width, height, seed),
                Some(format!("{error}; made holes took its place")),
            ),
        }
    }
}

fn turned(mask: Mask, view: Orientation) -> Mask {
    let seen = mask.to_pixels().map(|pixels| view.apply(pixels));
    let turned = seen.and_then(|pixels| match pixels.samples() {
        Samples::U8(samples) => Mask::new(pixels.width(), pixels.height(), samples.clone()),
        Samples::U16(_) => None,
    });
    turned.unwrap_or(mask)
}

/// How often each share of hole comes up: bins of 5 %, from 0 to 100 %, for `count` masks drawn from the source.
pub fn histogram(source: &Source, count: u64, seed: u64) -> [u32; 20] {
    const SIDE: u32 = 128;
    let mut bins = [0; 20];
    for index in 0..count {
        let (mask, _) = source.draw(SIDE, SIDE, Random::keyed(seed, [index, 0, 0, 0]).next_u64());
        let bin = mask.hole_count() * 20 / u64::from(SIDE * SIDE);
        bins[(bin as usize).min(19)] += 1;
    }
    bins
}

/// Share of the picture that is hole, 0 to 1.
pub fn ratio(mask: &Mask) -> f64 {
    mask.hole_count() as f64 / mask.bounds().area().max(1) as f64
}
