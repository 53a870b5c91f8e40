//! Batches for training, made in the background by a few named threads.
//!
//! Batch N depends on the seed, on N and on the list of photos, and on nothing else: not on threads, not on what the
//! cache holds, not on where the training started. So a training that was interrupted goes on as if it had not been.
//! A photo that vanishes or turns out to be damaged is told once, and the next one in the list stands in for it.

mod cache;
mod draw;

use std::{
    collections::VecDeque,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver},
    },
};

use rayon::{ThreadPool, ThreadPoolBuilder};

use super::{PhotoFile, holes, picture::Picture};
use crate::imaging::read::ReadError;
use cache::Cache;

/// Bytes of decoded photos that are kept unless somebody chooses otherwise.
const CACHE_BYTES: usize = 512 << 20;

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
    /// Threads that decode, and batches that are made ahead.
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
            cache_bytes: CACHE_BYTES,
            threads: 2,
        }
    }
}

/// Why there is no batch.
#[derive(Debug, thiserror::Error)]
pub enum LoaderError {
    /// No photo can be read any more, or there was none.
    #[error("no usable photo is left: {0}")]
    NoPhotos(String),
    /// The system gives no threads, or one panicked.
    #[error(
        "reading photos in the background failed ({0}); close other programs and go on from the last save"
    )]
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
    /// What a person should know: files that could not be read.
    pub notices: Vec<String>,
}

/// Gives batch after batch, without end. Dropping it stops the work in the background.
#[derive(Debug)]
pub struct Loader {
    shared: Arc<Shared>,
    pool: ThreadPool,
    /// The batches under way, the next one first.
    ahead: VecDeque<Receiver<Result<Batch, LoaderError>>>,
    /// Number of the first batch that is not under way.
    next_step: u64,
}

/// What the threads work with.
#[derive(Debug)]
struct Shared {
    options: LoaderOptions,
    cache: Cache,
    is_stopped: AtomicBool,
}

impl Loader {
    /// Starts to load.
    pub fn new(options: LoaderOptions) -> Result<Self, LoaderError> {
        if options.photos.is_empty() {
            return Err(LoaderError::NoPhotos("the list of photos is empty".to_owned()));
        }
        let pool = ThreadPoolBuilder::new()
            .num_threads(options.threads.max(1))
            .thread_name(|index| format!("lacuna-data-{index}"))
            // A panic would end the program. Its batch is missing all the same, and `next` says so.
            .panic_handler(|_| {})
            .build()
            .map_err(|error| LoaderError::Threads(error.to_string()))?;
        let mut loader = Self {
            next_step: options.first_step,
            shared: Arc::new(Shared {
                cache: Cache::new(options.cache_bytes),
                is_stopped: AtomicBool::new(false),
                options,
            }),
            pool,
            ahead: VecDeque::new(),
        };
        loader.look_ahead();
        Ok(loader)
    }

    /// The next batch; waits for it if it is not ready. An error does not go away by asking again.
    #[expect(
        clippy::should_implement_trait,
        reason = "batches never end, and each may fail"
    )]
    pub fn next(&mut self) -> Result<Batch, LoaderError> {
        let next = self.ahead.pop_front();
        self.look_ahead();
        next.and_then(|next| next.recv().ok())
            .unwrap_or_else(|| Err(LoaderError::Threads("a batch was given up half made".to_owned())))
    }

    /// Keeps one batch more under way than there are threads.
    fn look_ahead(&mut self) {
        while self.ahead.len() <= self.pool.current_num_threads() {
            let (sender, receiver) = mpsc::channel();
            let (shared, step) = (Arc::clone(&self.shared), self.next_step);
            self.pool.spawn_fifo(move || {
                if !shared.is_stopped.load(Ordering::Relaxed) {
                    // Nobody listens any more when the loader was dropped.
                    let _ = sender.send(shared.batch(step));
                }
            });
            self.ahead.push_back(receiver);
            self.next_step += 1;
        }
    }
}

impl Drop for Loader {
    fn drop(&mut self) {
        self.shared.is_stopped.store(true, Ordering::Relaxed);
    }
}

/// The largest square in the middle of a photo, scaled to `side`: interleaved RGB, 0 to 1 in its own encoding.
///
/// The same view of a photo every time: for measuring and for samples.
pub fn center(path: &Path, side: u32) -> Result<Vec<f32>, ReadError> {
    let picture = Picture::read(path, u32::MAX)?;
    let square = picture.short_side();
    let (x, y) = ((picture.width - square) / 2, (picture.height - square) / 2);
    Ok(picture.square(x, y, square, side).into_iter().map(unit).collect())
}

/// Bytes that decoded photos of these sizes come to take in a [`Loader`] for crops of this side.
pub fn kept_bytes(sizes: impl IntoIterator<Item = (u32, u32)>, side: u32) -> u64 {
    let bytes = |(width, height): (u32, u32)| {
        let shrunk = (f64::from(side * draw::SIDES_KEPT) / f64::from(width.min(height))).min(1.0);
        3.0 * f64::from(width) * f64::from(height) * shrunk.powi(2)
    };
    let all: f64 = sizes.into_iter().map(bytes).sum();
    all.min(CACHE_BYTES as f64) as u64
}

fn unit(byte: u8) -> f32 {
    f32::from(byte) / 255.0
}
