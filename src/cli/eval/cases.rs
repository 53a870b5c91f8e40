//! The pictures with holes: squares with irregular holes in buckets, or whole photos with an object-shaped one.

use serde::Serialize;

use crate::{
    data::holes::{self, Border, Bucket, Spec},
    imaging::{Channels, HOLE_THRESHOLD, Mask, Pixels, Rect, Samples, random::Random, resize},
    inpaint::Strategy,
};

/// Share of a photo that an object takes.
const OBJECT_SHARE: (f64, f64) = (0.03, 0.15);

/// Which mean of the table a picture belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Cell {
    pub(super) bucket: Bucket,
    pub(super) border: Side,
}

/// Where the holes lie, as the paper has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) enum Side {
    /// Away from the border.
    N,
    /// Touching it.
    B,
}

/// A picture with a hole to fill.
#[derive(Debug, Clone)]
pub(super) struct Case {
    /// `None` for holes of whole photos.
    pub(super) cell: Option<Cell>,
    pub(super) mask: Mask,
    pub(super) seed: u64,
    /// The part that is compared closely.
    pub(super) view: Rect,
    pub(super) strategy: Strategy,
}

impl Case {
    /// Of a square picture, which is compared as a whole.
    fn square(cell: Cell, mask: Mask, seed: u64) -> Self {
        Self {
            cell: Some(cell),
            view: mask.bounds(),
            mask,
            seed,
            strategy: Strategy::Whole,
        }
    }
}

/// The square in the middle of a photo at another size, 8 bit, as the training kit makes it.
pub(super) fn square(photo: &Pixels, side: u32) -> Option<Pixels> {
    let least = photo.width().min(photo.height());
    let middle = Rect::new(
        (photo.width() - least) / 2,
        (photo.height() - least) / 2,
        least,
        least,
    );
    let filter = if least > side {
        resize::Filter::Area
    } else {
        resize::Filter::CatmullRom
    };
    let rgb = resize::rgb(&photo.rgb(middle), (least, least), (side, side), filter)?;
    let samples = rgb
        .iter()
        .map(|value| (value * 255.0).round().clamp(0.0, 255.0) as u8);
    Pixels::new(side, side, Channels::Rgb, Samples::U8(samples.collect()))
}

/// One hole per bucket, away from the border and touching it.
pub(super) fn in_buckets(side: u32, seed: u64, photo: usize) -> Vec<Case> {
    let mut cases = Vec::new();
    for (number, bucket) in Bucket::ALL.into_iter().enumerate() {
        for (border, own) in [(Border::Away, Side::N), (Border::Touching, Side::B)] {
            let seed = Random::keyed(seed, [photo as u64, number as u64, own as u64, 0]).next_u64();
            let spec = Spec {
                bucket: Some(bucket),
                border,
            };
            let mask = holes::generate(&spec, side, side, seed);
            cases.push(Case::square(Cell { bucket, border: own }, mask, seed));
        }
    }
    cases
}

/// As many holes from a folder of masks, no mask twice, in the cells where they belong by what they cover.
///
/// The second value lists masks that could not be used.
pub(super) fn from_folder(
    folder: &holes::Folder,
    side: u32,
    seed: u64,
    photo: usize,
) -> (Vec<Case>, Vec<String>) {
    let mut random = Random::keyed(seed, [photo as u64, 0, 0, 2]);
    let mut masks: Vec<usize> = (0..folder.len()).collect();
    let (mut cases, mut unusable) = (Vec::new(), Vec::new());
    for place in 0..masks.len().min(2 * Bucket::ALL.len()) {
        let left = masks.len() - place;
        masks.swap(place, place + random.below(left));
        match of_file(folder, masks[place], side) {
            Ok((cell, mask)) => cases.push(Case::square(cell, mask, random.next_u64())),
            Err(why) => unusable.push(why),
        }
    }
    (cases, unusable)
}

fn of_file(folder: &holes::Folder, index: usize, side: u32) -> Result<(Cell, Mask), String> {
    let mask = folder
        .mask(index, side, side)
        .map_err(|error| format!("a mask is left out: {error}"))?;
    let bucket = Bucket::of_count(mask.hole_count(), mask.bounds().area());
    let bucket = bucket.ok_or_else(|| {
        format!(
            "a mask is left out: {} covers {:.1} % of the picture, outside the buckets from 1 to 60 %",
            folder.path(index).display(),
            100.0 * holes::ratio(&mask)
        )
    })?;
    let bounds = mask.hole_bounds();
    let touches = bounds.x == 0 || bounds.y == 0 || bounds.right() == side || bounds.bottom() == side;
    let border = if touches { Side::B } else { Side::N };
    Ok((Cell { bucket, border }, mask))
}

/// One hole like an object in a whole photo.
pub(super) fn object(photo: &Pixels, seed: u64, index: usize) -> Case {
    let seed = Random::keyed(seed, [index as u64, 0, 0, 1]).next_u64();
    let mask = outline(
        photo.width(),
        photo.height(),
        &mut Random::keyed(seed, [1, 0, 0, 0]),
    );
    let bounds = mask.hole_bounds();
    let margin = (bounds.width.max(bounds.height) / 4).max(32);
    Case {
        cell: None,
        view: bounds.grown_within(margin, photo.width(), photo.height()),
        mask,
        seed,
        strategy: Strategy::Auto,
    }
}

/// A rounded outline: a circle whose radius is bent by low frequencies, stretched and turned, inside the picture.
fn outline(width: u32, height: u32, random: &mut Random) -> Mask {
    let share = random.between(OBJECT_SHARE.0, OBJECT_SHARE.1);
    let waves: [(f64, f64); 5] = std::array::from_fn(|wave| {
        let strength = 0.35 / (wave + 1) as f64;
        (
            random.between(-strength, strength),
            random.between(0.0, std::f64::consts::TAU),
        )
    });
    let radius = |angle: f64| {
        let bend = |(wave, (strength, phase)): (usize, &(f64, f64))| {
            strength * ((wave + 1) as f64 * angle + phase).cos()
        };
        (1.0 + waves.iter().enumerate().map(bend).sum::<f64>()).max(0.25)
    };
    let (flat, turn) = (
        random.between(0.5, 1.0),
        random.between(0.0, std::f64::consts::PI),
    );
    const CORNERS: usize = 360;
    let angles = (0..CORNERS).map(|corner| corner as f64 / CORNERS as f64 * std::f64::consts::TAU);
    let area: f64 =
        flat * 0.5 * angles.map(|angle| radius(angle).powi(2)).sum::<f64>() * std::f64::consts::TAU
            / CORNERS as f64;
    let (width_px, height_px) = (f64::from(width), f64::from(height));
    let scale = (share * width_px * height_px / area).sqrt();
    // Objects stay in the picture where they fit; a wide panorama cuts them.
    let reach = 1.3 * scale;
    let center = [width_px, height_px].map(|side| {
        let room = (side - 2.0 * reach).max(0.0);
        side / 2.0 + random.between(-0.5, 0.5) * room
    });
    let (sin, cos) = turn.sin_cos();
    let mut mask = Mask::empty(width, height);
    for (at, coverage) in mask.coverage_mut().iter_mut().enumerate() {
        let x = (at % width as usize) as f64 + 0.5 - center[0];
        let y = (at / width as usize) as f64 + 0.5 - center[1];
        if x.abs().max(y.abs()) > 2.0 * scale {
            continue;
        }
        let (along, across) = (x * cos + y * sin, (y * cos - x * sin) / flat);
        if along.hypot(across) < scale * radius(across.atan2(along)) {
            *coverage = 255;
        }
    }
    mask
}

/// The picture without what is in its holes: they are mid-grey, so that no method can look.
pub(super) fn holed(photo: &Pixels, mask: &Mask) -> Pixels {
    let mut result = photo.clone();
    let per_pixel = photo.channels().count();
    match result.samples_mut() {
        Samples::U8(samples) => blank(samples, mask, per_pixel, 127),
        Samples::U16(samples) => blank(samples, mask, per_pixel, 32767),
    }
    result
}

fn blank<T: Copy>(samples: &mut [T], mask: &Mask, per_pixel: usize, grey: T) {
    for (pixel, &coverage) in samples.chunks_exact_mut(per_pixel).zip(mask.coverage()) {
        if coverage >= HOLE_THRESHOLD {
            pixel.fill(grey);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Side, in_buckets, object};
    use crate::imaging::{Channels, Pixels, Samples};

    #[test]
    fn every_cell_has_a_hole_of_its_size_and_place() {
        let cases = in_buckets(96, 3, 0);
        assert_eq!(cases.len(), 12);
        for case in cases {
            let cell = case.cell.unwrap();
            let (low, high) = cell.bucket.percent();
            let share = 100 * case.mask.hole_count();
            assert!(share > low * 96 * 96 && share <= high * 96 * 96, "{cell:?}");
            let bounds = case.mask.hole_bounds();
            let touches = bounds.x == 0 || bounds.y == 0 || bounds.right() == 96 || bounds.bottom() == 96;
            assert_eq!(touches, cell.border == Side::B, "{cell:?}");
        }
    }

    #[test]
    fn objects_take_three_to_fifteen_percent_and_differ_by_seed() {
        let photo = Pixels::new(240, 180, Channels::Gray, Samples::U8(vec![0; 240 * 180])).unwrap();
        let shares: Vec<f64> = (0..12)
            .map(|seed| object(&photo, seed, 0).mask.hole_count() as f64 / (240.0 * 180.0))
            .collect();
        assert!(
            shares.iter().all(|share| (0.025..0.16).contains(share)),
            "{shares:?}"
        );
        assert_eq!(object(&photo, 5, 1).mask, object(&photo, 5, 1).mask);
        assert_ne!(object(&photo, 5, 1).mask, object(&photo, 6, 1).mask);
    }
}
