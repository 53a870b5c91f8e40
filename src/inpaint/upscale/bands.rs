//! Tile by tile to the whole result: tiles give way to each other, and a band of them at a time is held.

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::{
    look::look,
    project::{Checkpoint, Picture},
    tiles::Tiles,
};
use crate::{
    imaging::{Pixels, Rect},
    inpaint::{Error, bar::Stretch, fill::Filler},
    progress::{Cancelled, Progress},
};

/// Steps of the bar per tile.
const STEPS: u64 = 1000;
/// Rows that are put into the result between two chances to cancel.
const ROWS_PER_STEP: u32 = 64;

/// Enlarges tiles of a photo.
type Maker<'a> = &'a mut dyn FnMut(&[Rect]) -> Result<Vec<Picture>, Error>;

/// One bar for all tiles of all planes.
pub(super) struct Bar<'a> {
    progress: &'a dyn Progress,
    done: AtomicU64,
    total: u64,
}

impl<'a> Bar<'a> {
    /// For `planes` pictures of the size of `photo`.
    pub(super) fn new(progress: &'a dyn Progress, photo: &Pixels, factor: u32, planes: usize) -> Self {
        let tiles = Tiles::of(photo.width(), factor).count() * Tiles::of(photo.height(), factor).count();
        Self {
            progress,
            done: AtomicU64::new(0),
            total: (tiles * planes) as u64 * STEPS,
        }
    }

    fn check(&self) -> Result<(), Cancelled> {
        self.progress.step(self.done.load(Ordering::Relaxed), self.total)
    }

    fn finish_tile(&self) -> Result<(), Cancelled> {
        self.done.fetch_add(STEPS, Ordering::Relaxed);
        self.check()
    }

    /// The steps of the next tile.
    fn stretch(&self) -> Stretch<'_> {
        let done = self.done.load(Ordering::Relaxed);
        Stretch::new(self.progress, done, done + STEPS, self.total)
    }
}

/// A photo that is being enlarged.
pub(super) struct Enlarging<'a> {
    photo: &'a Pixels,
    factor: u32,
    columns: Tiles,
    rows: Tiles,
    bar: &'a Bar<'a>,
}

impl<'a> Enlarging<'a> {
    pub(super) fn new(photo: &'a Pixels, factor: u32, bar: &'a Bar<'a>) -> Self {
        Self {
            photo,
            factor,
            columns: Tiles::of(photo.width(), factor),
            rows: Tiles::of(photo.height(), factor),
            bar,
        }
    }

    /// Without the network, several tiles at a time.
    pub(super) fn plain(&self) -> Result<Pixels, Error> {
        self.assemble(rayon::current_num_threads(), &mut |tiles| {
            tiles.par_iter().map(|&tile| self.plain_tile(tile)).collect()
        })
    }

    /// With the network's difference, of which `weight` is added.
    pub(super) fn mixed(&self, weight: f32, filler: &mut dyn Filler) -> Result<Pixels, Error> {
        self.assemble(1, &mut |tiles| {
            let mixed = tiles.iter().map(|&tile| self.mixed_tile(tile, weight, filler));
            mixed.collect()
        })
    }

    fn plain_tile(&self, tile: Rect) -> Result<Picture, Error> {
        let checkpoint: Checkpoint<'_> = &|| self.bar.check();
        let plain = self.seen(tile).enlarged(self.factor, checkpoint)?;
        self.bar.finish_tile()?;
        Ok(plain)
    }

    fn mixed_tile(&self, tile: Rect, weight: f32, filler: &mut dyn Filler) -> Result<Picture, Error> {
        let stretch = self.bar.stretch();
        let checkpoint: Checkpoint<'_> = &|| stretch.check();
        let small = self.seen(tile);
        let mut mixed = small.enlarged(self.factor, checkpoint)?;
        let network = look(&mixed, self.factor, filler, &stretch)?;
        let network = network.projected(&small, self.factor, checkpoint)?;
        for (value, network) in mixed.rgb.iter_mut().zip(&network.rgb) {
            *value += weight * (network - *value);
        }
        // A network that is far off is not brought back as near as what it is mixed with.
        let mixed = mixed.projected(&small, self.factor, checkpoint)?;
        self.bar.finish_tile()?;
        Ok(mixed)
    }

    fn seen(&self, tile: Rect) -> Picture {
        Picture {
            rgb: self.photo.rgb(tile),
            size: (tile.width, tile.height),
        }
    }

    /// Puts the tiles that `make` makes together, `batch` at a time.
    fn assemble(&self, batch: usize, make: Maker<'_>) -> Result<Pixels, Error> {
        let (photo, factor) = (self.photo, self.factor);
        let (width, height) = (photo.width() * factor, photo.height() * factor);
        let mut result =
            Pixels::zeros(width, height, photo.channels(), photo.bit_depth()).ok_or(Error::WrongFill)?;
        let row_values = 3 * width as usize;
        let mut band = vec![0.0; row_values * (self.rows.length() * factor) as usize];
        for row in 0..self.rows.count() {
            let columns: Vec<usize> = (0..self.columns.count()).collect();
            for columns in columns.chunks(batch) {
                let tiles: Vec<Rect> = columns.iter().map(|&column| self.tile(column, row)).collect();
                for (&column, picture) in columns.iter().zip(make(&tiles)?) {
                    self.add(&mut band, &picture, column, row);
                    self.bar.check()?;
                }
            }
            let top = self.rows.start(row);
            let finished = (self.rows.start(row + 1) - top) * factor;
            let finished_values = row_values * finished as usize;
            self.put(&mut result, top * factor, &band[..finished_values])?;
            // What the next band adds to comes first, and behind it there is nothing yet.
            band.copy_within(finished_values.., 0);
            self.bar.check()?;
            let kept = band.len() - finished_values;
            band[kept..]
                .par_chunks_mut(row_values)
                .for_each(|row| row.fill(0.0));
            self.bar.check()?;
        }
        Ok(result)
    }

    fn tile(&self, column: usize, row: usize) -> Rect {
        let (left, top) = (self.columns.start(column), self.rows.start(row));
        Rect::new(left, top, self.columns.length(), self.rows.length())
    }

    /// Adds a tile to the band that starts where it does, as much as it counts there.
    fn add(&self, band: &mut [f32], picture: &Picture, column: usize, row: usize) {
        let across = self.columns.weights(column, self.factor);
        let down = self.rows.weights(row, self.factor);
        let left = 3 * (self.columns.start(column) * self.factor) as usize;
        let row_values = 3 * (self.photo.width() * self.factor) as usize;
        let rows = band.par_chunks_exact_mut(row_values);
        rows.zip(picture.rgb.par_chunks_exact(3 * picture.size.0 as usize))
            .zip(&down)
            .for_each(|((sums, values), down)| {
                let sums = sums[left..].as_chunks_mut::<3>().0.iter_mut();
                for ((sum, value), across) in sums.zip(values.as_chunks::<3>().0).zip(&across) {
                    for (sum, value) in sum.iter_mut().zip(value) {
                        *sum += across * down * value;
                    }
                }
            });
    }

    /// Puts finished rows into the result, from row `top` on.
    fn put(&self, result: &mut Pixels, top: u32, rgb: &[f32]) -> Result<(), Cancelled> {
        let width = result.width();
        let step = 3 * (width * ROWS_PER_STEP) as usize;
        for (rgb, top) in rgb.chunks(step).zip((top..).step_by(ROWS_PER_STEP as usize)) {
            let height = (rgb.len() / (3 * width as usize)) as u32;
            result.set_rgb(Rect::new(0, top, width, height), rgb);
            self.bar.check()?;
        }
        Ok(())
    }
}
