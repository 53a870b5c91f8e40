//! Enlarging without a network: Lanczos, then back-projection.
//!
//! A pixel of the photo is taken for the mean of the `factor`² pixels that it becomes, as a sensor would see it. What
//! Lanczos makes does not quite have these means; back-projection (Irani and Peleg, "Improving resolution by image
//! registration", 1991) enlarges what is missing and adds it, again and again. Values stay as encoded in the photo,
//! as everywhere in a fill.

use crate::{
    imaging::resize::{self, Filter},
    inpaint::Error,
    progress::Cancelled,
};

/// Rounds of back-projection: afterwards all but a few pixels at the hardest edges have their mean within a step.
const ROUNDS: usize = 5;
/// How much of what is missing is added: more than all of it, because smooth enlarging spreads it.
const GAIN: f32 = 1.5;
/// As far as a pixel of the photo reaches, in its pixels: three lobes of Lanczos, and two pixels a round.
pub(super) const REACH_PX: u32 = 3 + 2 * ROUNDS as u32;

/// Called now and then; an error ends the work.
pub(super) type Checkpoint<'a> = &'a (dyn Fn() -> Result<(), Cancelled> + Sync);

/// A part of a picture, RGB interleaved, 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Picture {
    pub(super) rgb: Vec<f32>,
    /// Columns and rows.
    pub(super) size: (u32, u32),
}

impl Picture {
    fn resized(&self, size: (u32, u32), filter: Filter) -> Result<Self, Error> {
        let rgb = resize::rgb(&self.rgb, self.size, size, filter).ok_or(Error::WrongFill)?;
        Ok(Self { rgb, size })
    }

    /// Every pixel the mean of `factor`²; the sides must be multiples of it.
    pub(super) fn reduced(&self, factor: u32) -> Result<Self, Error> {
        self.resized((self.size.0 / factor, self.size.1 / factor), Filter::Area)
    }

    /// `factor` times as large, by Lanczos alone; what overshoots black and white is cut.
    pub(super) fn lanczos(&self, factor: u32) -> Result<Self, Error> {
        let mut large = self.resized((self.size.0 * factor, self.size.1 * factor), Filter::Lanczos3)?;
        large
            .rgb
            .iter_mut()
            .for_each(|value| *value = value.clamp(0.0, 1.0));
        Ok(large)
    }

    /// `factor` times as large, by Lanczos and back-projection.
    pub(super) fn enlarged(&self, factor: u32, checkpoint: Checkpoint<'_>) -> Result<Self, Error> {
        let large = self.lanczos(factor)?;
        checkpoint()?;
        large.projected(self, factor, checkpoint)
    }

    /// Changed as little as it takes to become `small` again when it is reduced by `factor`.
    pub(super) fn projected(
        mut self,
        small: &Self,
        factor: u32,
        checkpoint: Checkpoint<'_>,
    ) -> Result<Self, Error> {
        for _ in 0..ROUNDS {
            let mut missing = self.reduced(factor)?;
            for (missing, wanted) in missing.rgb.iter_mut().zip(&small.rgb) {
                *missing = wanted - *missing;
            }
            checkpoint()?;
            let missing = missing.resized(self.size, Filter::CatmullRom)?;
            for (value, missing) in self.rgb.iter_mut().zip(&missing.rgb) {
                *value = (*value + GAIN * missing).clamp(0.0, 1.0);
            }
            checkpoint()?;
        }
        Ok(self)
    }
}
