//! What is in a batch: which photos, which part of each, which holes.

use std::sync::atomic::Ordering;

use super::{Batch, LoaderError, Shared, unit};
use crate::{data::picture::Picture, imaging::random::Random};

/// Photos are kept at up to this many times the side of a crop, which lets crops be nearly as sharp as the photo.
pub(super) const SIDES_KEPT: u32 = 4;

impl Shared {
    /// Makes the batch with this number.
    pub(super) fn batch(&self, step: u64) -> Result<Batch, LoaderError> {
        let options = &self.options;
        let pixels = options.batch * options.side as usize * options.side as usize;
        let mut batch = Batch {
            step,
            side: options.side,
            rgb: Vec::with_capacity(pixels * 3),
            valid: Vec::with_capacity(pixels),
            notices: Vec::new(),
        };
        for index in 0..options.batch {
            if self.is_stopped.load(Ordering::Relaxed) {
                break;
            }
            self.add_crop(&mut batch, index as u64)?;
        }
        Ok(batch)
    }

    /// Adds a photo's crop and its holes.
    fn add_crop(&self, batch: &mut Batch, index: u64) -> Result<(), LoaderError> {
        let options = &self.options;
        let (side, photos) = (options.side, options.photos.len());
        let number = batch.step * options.batch as u64 + index;
        let turn = Turn {
            seed: options.seed,
            round: number / photos as u64,
        };
        let first = turn.photo((number % photos as u64) as usize, photos);
        let picture = (0..photos).find_map(|offset| {
            let photo = (first + offset) % photos;
            let path = &options.photos[photo].path;
            self.cache
                .picture(photo, path, side * SIDES_KEPT, &mut batch.notices)
        });
        let picture = picture.ok_or_else(|| self.no_photos())?;
        let mut random = Random::keyed(options.seed, [batch.step, index, 1, 0]);
        batch
            .rgb
            .extend(crop(&picture, side, &mut random).into_iter().map(unit));
        let (mask, notice) = options.holes.draw(side, side, random.next_u64());
        batch
            .valid
            .extend(mask.coverage().iter().map(|&hole| u8::from(hole == 0)));
        batch.notices.extend(notice);
        Ok(())
    }

    /// Which photo failed is told whatever thread came upon it.
    fn no_photos(&self) -> LoaderError {
        let first = self.cache.first_failure();
        LoaderError::NoPhotos(first.unwrap_or_else(|| "there was none".to_owned()))
    }
}

/// A square of random size and place, mirrored every other time. Small ones are as sharp as the photo, the largest
/// shows all of its shorter side.
fn crop(picture: &Picture, side: u32, random: &mut Random) -> Vec<u8> {
    let largest = picture.short_side();
    let smallest = largest.min(side);
    let square = smallest + random.below((largest - smallest) as usize + 1) as u32;
    let x = random.below((picture.width - square) as usize + 1) as u32;
    let y = random.below((picture.height - square) as usize + 1) as u32;
    let mut rgb = picture.square(x, y, square, side);
    if random.chance(0.5) {
        for row in rgb.chunks_exact_mut(side as usize * 3) {
            row.as_chunks_mut::<3>().0.reverse();
        }
    }
    rgb
}

/// One round through all photos, in an order of its own.
struct Turn {
    seed: u64,
    round: u64,
}

impl Turn {
    /// The photo at this place of the round: over all places, each photo once.
    ///
    /// A Feistel network over the next power of four, walked until the number is one of a photo (Black and Rogaway,
    /// CT-RSA 2002): no list has to be kept, and any place can be asked for.
    fn photo(&self, place: usize, photos: usize) -> usize {
        let half_bits = (usize::BITS - photos.saturating_sub(1).leading_zeros()).div_ceil(2);
        let mask = (1_u64 << half_bits) - 1;
        let mut number = place as u64;
        loop {
            let (mut left, mut right) = (number >> half_bits, number & mask);
            for pass in 0..4 {
                let mixed = Random::keyed(self.seed, [self.round, pass, right, 2]).next_u64();
                (left, right) = (right, left ^ (mixed & mask));
            }
            number = left << half_bits | right;
            if number < photos as u64 {
                return number as usize;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Turn;

    #[test]
    fn a_round_visits_every_photo_once_and_each_round_in_another_order() {
        for photos in [1, 2, 3, 17, 64, 100] {
            let order = |round| -> Vec<usize> {
                let turn = Turn { seed: 5, round };
                (0..photos).map(|place| turn.photo(place, photos)).collect()
            };
            let mut sorted = order(0);
            sorted.sort_unstable();
            assert_eq!(sorted, (0..photos).collect::<Vec<_>>(), "{photos} photos");
            assert!(photos < 17 || order(0) != order(1), "{photos} photos");
        }
    }
}
