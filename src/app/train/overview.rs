//! What a folder of photos is worth for training: how many, how large, what was skipped and why, and which holes
//! the network will learn to fill. Made in a job; shown before the start.

use std::path::{Path, PathBuf};

use crate::{
    data::{Folder, ScanError, holes},
    progress::Progress,
    train::Config,
};

/// Holes that are drawn to see how large they are.
const HOLES: u64 = 96;
/// Side of the squares they are drawn in, in pixels.
const HOLE_SIDE: u32 = 128;

/// Classes of photo sizes, by the megapixels that they begin at.
const SIZES: [(f64, &str); 5] = [
    (0.0, "below 1 MP"),
    (1.0, "1–4 MP"),
    (4.0, "4–12 MP"),
    (12.0, "12–30 MP"),
    (30.0, "30 MP and more"),
];

/// A bar of a histogram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// What is counted.
    pub label: String,
    /// How many there are.
    pub count: usize,
}

/// A file that is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its name, below the folder.
    pub name: String,
    /// Why.
    pub why: String,
}

/// A folder of photos.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// The folder.
    pub folder: PathBuf,
    /// Photos that can be used.
    pub photos: usize,
    /// Their sides in pixels, by the shorter one, the smallest first.
    pub sides: Vec<(u32, u32)>,
    /// The smallest and the largest, by their pixels.
    pub span: Option<[(u32, u32); 2]>,
    /// How large they are.
    pub sizes: Vec<Bar>,
    /// How much of a picture the holes take.
    pub holes: Vec<Bar>,
    /// Files that are not used.
    pub skipped: Vec<Skipped>,
}

impl Overview {
    /// Looks through the folder that `config` names. An error is one line for people.
    pub fn of(config: &Config, progress: &dyn Progress) -> Result<Self, String> {
        let folder = Folder::scan(&config.photos, progress).map_err(|error| match error {
            ScanError::NotAFolder(name) => format!("there is no folder {name}; choose another"),
            other => other.to_string(),
        })?;
        let holes = hole_bars(config.holes.as_deref(), progress)?;
        Ok(Self::new(&folder, holes))
    }

    fn new(folder: &Folder, holes: Vec<Bar>) -> Self {
        let mut photos: Vec<(u32, u32)> = folder
            .photos
            .iter()
            .map(|photo| (photo.width, photo.height))
            .collect();
        photos.sort_by_key(|&(width, height)| u64::from(width) * u64::from(height));
        let mut sides = photos.clone();
        sides.sort_by_key(|&(width, height)| width.min(height));
        let skipped = folder.skipped.iter().map(|file| Skipped {
            name: below(&folder.dir, &file.path),
            why: file.why.clone(),
        });
        Self {
            folder: folder.dir.clone(),
            photos: photos.len(),
            sides,
            span: photos.first().zip(photos.last()).map(|(a, b)| [*a, *b]),
            sizes: size_bars(&photos),
            holes,
            skipped: skipped.collect(),
        }
    }

    /// Photos that are smaller than squares of this side.
    pub fn smaller_than(&self, side: u32) -> usize {
        self.sides
            .partition_point(|(width, height)| *width.min(height) < side)
    }

    /// "128 photos, 1200 × 800 to 6000 × 4000".
    pub fn headline(&self) -> String {
        let count = match self.photos {
            0 => return "No usable photo".to_owned(),
            1 => "1 photo".to_owned(),
            photos => format!("{photos} photos"),
        };
        match self.span {
            Some([least, most]) if least != most => {
                format!("{count}, {} × {} to {} × {}", least.0, least.1, most.0, most.1)
            }
            Some([size, _]) => format!("{count}, {} × {}", size.0, size.1),
            None => count,
        }
    }
}

fn below(folder: &Path, path: &Path) -> String {
    path.strip_prefix(folder).unwrap_or(path).display().to_string()
}

fn size_bars(photos: &[(u32, u32)]) -> Vec<Bar> {
    let class = |&(width, height): &(u32, u32)| {
        let megapixels = f64::from(width) * f64::from(height) / 1e6;
        SIZES.iter().rposition(|(from, _)| megapixels >= *from)
    };
    let bars = SIZES.iter().enumerate().map(|(index, (_, label))| Bar {
        label: (*label).to_owned(),
        count: photos.iter().filter(|photo| class(photo) == Some(index)).count(),
    });
    bars.collect()
}

/// Draws some holes as training will and counts them by their share of the picture.
fn hole_bars(masks: Option<&Path>, progress: &dyn Progress) -> Result<Vec<Bar>, String> {
    let stop = |error: crate::progress::Cancelled| error.to_string();
    progress.stage("Looking at holes").map_err(stop)?;
    let source = match masks {
        None => holes::Source::default(),
        Some(dir) => holes::Folder::open(dir, holes::Polarity::default())
            .map(holes::Source::Files)
            .map_err(|error| error.to_string())?,
    };
    let mut counts = [0usize; 7];
    for seed in 0..HOLES {
        progress.step(seed, HOLES).map_err(stop)?;
        let (mask, _) = source.draw(HOLE_SIDE, HOLE_SIDE, seed);
        counts[hole_class(holes::ratio(&mask))] += 1;
    }
    let bars = counts.into_iter().enumerate().map(|(class, count)| Bar {
        label: match class {
            0 => "1–10 %".to_owned(),
            6 => "above 60 %".to_owned(),
            class => format!("{class}0–{}0 %", class + 1),
        },
        count,
    });
    Ok(bars
        .filter(|bar| bar.count > 0 || bar.label != "above 60 %")
        .collect())
}

/// 0 for up to a tenth of the picture, 6 for more than six tenths.
fn hole_class(ratio: f64) -> usize {
    ((ratio * 10.0).ceil().max(1.0) as usize - 1).min(6)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{Overview, hole_bars, hole_class};
    use crate::{
        data::{Folder, PhotoFile, Skipped},
        progress::Silent,
        train::Config,
    };

    fn photo(width: u32, height: u32) -> PhotoFile {
        PhotoFile {
            path: PathBuf::from("/photos/a.jpg"),
            width,
            height,
            fingerprint: 1,
        }
    }

    #[test]
    fn photos_are_counted_by_size_and_skipped_files_keep_their_reason() {
        let folder = Folder {
            dir: PathBuf::from("/photos"),
            photos: vec![photo(6000, 4000), photo(200, 900), photo(1200, 1000)],
            skipped: vec![Skipped {
                path: PathBuf::from("/photos/2024/b.jpg"),
                why: "it is damaged".to_owned(),
            }],
        };
        let overview = Overview::new(&folder, Vec::new());
        assert_eq!(overview.headline(), "3 photos, 200 × 900 to 6000 × 4000");
        let counts: Vec<_> = overview.sizes.iter().map(|bar| bar.count).collect();
        assert_eq!(counts, [1, 1, 0, 1, 0]);
        assert_eq!(overview.smaller_than(256), 1);
        assert_eq!(
            overview.skipped[0].name,
            PathBuf::from("2024/b.jpg").display().to_string()
        );
        assert_eq!(overview.skipped[0].why, "it is damaged");
    }

    #[test]
    fn holes_are_drawn_as_training_draws_them() {
        let bars = hole_bars(None, &Silent).unwrap();
        assert_eq!(
            bars.iter().map(|bar| bar.count).sum::<usize>() as u64,
            super::HOLES
        );
        assert!(bars.iter().filter(|bar| bar.count > 0).count() >= 3, "{bars:?}");
        assert_eq!((hole_class(0.1), hole_class(0.101), hole_class(0.95)), (0, 1, 6));
    }

    #[test]
    fn a_folder_that_is_not_there_is_one_clear_line() {
        let config = Config {
            photos: PathBuf::from("/no/such/folder"),
            ..Config::default()
        };
        let why = Overview::of(&config, &Silent).unwrap_err();
        assert!(
            why.contains("/no/such/folder") && why.contains("choose another"),
            "{why}"
        );
    }
}
