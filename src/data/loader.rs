//! Batches for training.

use std::path::Path;

use super::{PhotoFile, holes};
use crate::imaging::{
    Pixels, Rect,
    random::Random,
    read::{self, ReadError},
    resize::{self, Filter},
};

/// What a loader gives.
#[derive(Debug, Clone)]
pub struct LoaderOptions {
    /// The photos to train on. Their order matters: batches depend on it.
    pub photos: Vec<PhotoFile>,
    /// The holes.
    pub holes: holes::Source,
    /// Columns and rows of a crop.
    pub side: u32,
    /// Crops per batch.
    pub batch: usize,
    /// Start of every draw.
    pub seed: u64,
    /// Number of the first batch: where an interrupted training goes on.
    pub first_step: u64,
    /// At most that many bytes of decoded photos are kept.
    pub cache_bytes: usize,
    /// Threads that decode.
    pub threads: usize,
}

impl Default for LoaderOptions {
    fn default() -> Self {
        Self {
            photos: Vec::new(),
            holes: holes::Source::default(),
            side: 256,
            batch: 4,
            seed: 0,
            first_step: 0,
            cache_bytes: 512 << 20,
            threads: 2,
        }
    }
}

/// Why there is no batch.
#[derive(Debug, thiserror::Error)]
pub enum LoaderError {
    /// No photo can be read any more, or there was none.
    #[error("no usable photo is left: {0}; check the folder of photos")]
    NoPhotos(String),
    /// The system gives no threads.
    #[error("starting threads that read photos failed ({0}); close other programs")]
    Threads(String),
}

/// Crops with their holes.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// Number of the batch.
    pub step: u64,
    /// Columns and rows of a crop.
    pub side: u32,
    /// `[batch][side][side][3]`, 0 to 1 in the photo's own encoding.
    pub rgb: Vec<f32>,
    /// `[batch][side][side]`: 1 = valid, 0 = hole.
    pub valid: Vec<u8>,
    /// What a person should know: photos that could not be read.
    pub notices: Vec<String>,
}

/// Gives batch after batch, without end. Dropping it stops the work in the background.
#[derive(Debug)]
pub struct Loader {
    options: LoaderOptions,
    step: u64,
}

impl Loader {
    /// Starts to load.
    pub fn new(options: LoaderOptions) -> Result<Self, LoaderError> {
        if options.photos.is_empty() {
            return Err(LoaderError::NoPhotos("the list of photos is empty".to_owned()));
        }
        let step = options.first_step;
        Ok(Self { options, step })
    }

    /// The next batch; waits for it if it is not ready.
    #[expect(
        clippy::should_implement_trait,
        reason = "batches never end, and each may fail"
    )]
    pub fn next(&mut self) -> Result<Batch, LoaderError> {
        let options = &self.options;
        let side = options.side;
        let mut batch = Batch {
            step: self.step,
            side,
            rgb: Vec::new(),
            valid: Vec::new(),
            notices: Vec::new(),
        };
        for index in 0..options.batch {
            let mut random = Random::keyed(options.seed, [self.step, index as u64, 0, 0]);
            let photo = &options.photos[random.below(options.photos.len())];
            let rgb = center(&photo.path, side).map_err(|error| LoaderError::NoPhotos(error.to_string()))?;
            batch.rgb.extend(rgb);
            let (mask, notice) = options.holes.draw(side, side, random.next_u64());
            batch
                .valid
                .extend(mask.coverage().iter().map(|&hole| u8::from(hole == 0)));
            batch.notices.extend(notice);
        }
        self.step += 1;
        Ok(batch)
    }
}

/// The largest square in the middle of a photo, scaled to `side`: interleaved RGB, 0 to 1 in its own encoding.
///
/// The same view of a photo every time: for measuring and for samples.
pub fn center(path: &Path, side: u32) -> Result<Vec<f32>, ReadError> {
    let pixels: Pixels = read::photo(path)?.pixels;
    let square = pixels.width().min(pixels.height());
    let (x, y) = ((pixels.width() - square) / 2, (pixels.height() - square) / 2);
    let rgb = pixels.rgb(Rect::new(x, y, square, square));
    Ok(resize::rgb(&rgb, (square, square), (side, side), Filter::Area).unwrap_or_default())
}
