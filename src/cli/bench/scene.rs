//! Pictures and holes to measure with, made from a seed.

use crate::imaging::{Channels, Mask, Pixels, Rect, Samples, random::Random};

/// Irregular strokes that take at least `fraction` of the picture, and hardly more.
pub(super) fn strokes(side: u32, fraction: f64, seed: u64) -> Mask {
    let mut random = Random::keyed(seed, [u64::from(side), 0, 0, 0]);
    let mut mask = Mask::empty(side, side);
    let wanted = (fraction.clamp(0.0, 1.0) * f64::from(side) * f64::from(side)) as u64;
    let mut holes = 0;
    while holes < wanted {
        let length = f64::from(side) * random.between(0.2, 0.8);
        let radius = f64::from(side) * random.between(0.008, 0.03);
        let mut at = [0, 1].map(|_| random.between(0.0, f64::from(side)));
        let mut direction = [0, 1].map(|_| random.between(-1.0, 1.0));
        let step = radius.max(1.0) / 2.0;
        for _ in 0..(length / step) as usize {
            if holes >= wanted {
                break;
            }
            holes += dab(&mut mask, at, radius.max(1.0));
            direction = direction.map(|part| (part + random.between(-0.2, 0.2)).clamp(-1.0, 1.0));
            at = [0, 1].map(|axis| at[axis] + step * direction[axis]);
        }
    }
    mask
}

/// Makes a disc a hole; gives the number of pixels that were not before.
fn dab(mask: &mut Mask, [x, y]: [f64; 2], radius: f64) -> u64 {
    let (width, height) = (mask.width(), mask.height());
    let span = |center: f64, len: u32| {
        let end = (center + radius).ceil().clamp(0.0, f64::from(len)) as u32;
        (center - radius).floor().clamp(0.0, f64::from(len)) as u32..end
    };
    let mut added = 0;
    for row in span(y, height) {
        for column in span(x, width) {
            let coverage = &mut mask.coverage_mut()[(row * width + column) as usize];
            let (dx, dy) = (f64::from(column) - x, f64::from(row) - y);
            if dx * dx + dy * dy <= radius * radius && *coverage == 0 {
                *coverage = 255;
                added += 1;
            }
        }
    }
    added
}

/// A photo of about so many megapixels, 3:2: a gradient, edges of several directions and noise as of a sensor.
pub(super) fn photo(megapixels: f64, seed: u64) -> Option<Pixels> {
    let (width, height) = size(megapixels);
    let mut random = Random::keyed(seed, [u64::from(width), 1, 0, 0]);
    let mut samples = Vec::with_capacity(width as usize * height as usize * 3);
    for y in 0..height {
        for x in 0..width {
            let bits = random.next_u64();
            let sky = 190 - (100 * u64::from(y) / u64::from(height)) as i32;
            let is_wall = (x + y / 3) % 700 < 300;
            let is_brick = y % 60 < 54 && (x + 40 * (y / 60 % 2)) % 90 < 84;
            let base = match (is_wall, is_brick) {
                (true, true) => [150, 96, 80],
                (true, false) => [120, 116, 110],
                (false, _) => [sky - 40, sky - 10, sky + 30],
            };
            samples.extend([0, 1, 2].map(|channel| {
                let noise =
                    ((bits >> (8 * channel)) & 15) as i32 + ((bits >> (8 * channel + 32)) & 15) as i32 - 15;
                (base[channel] + noise / 2).clamp(0, 255) as u8
            }));
        }
    }
    Pixels::new(width, height, Channels::Rgb, Samples::U8(samples))
}

fn size(megapixels: f64) -> (u32, u32) {
    let width = (megapixels * 1e6 * 1.5).sqrt().max(16.0) as u32;
    (width, (f64::from(width) / 1.5) as u32)
}

/// The longest side of a [`square`] in a photo of so many megapixels.
pub(super) fn largest_hole_px(megapixels: f64) -> u32 {
    let (width, height) = size(megapixels);
    width.min(height) / 2
}

/// A square hole with two corners cut off, a little off the centre of a photo of this size; smaller where it must be.
pub(super) fn square(width: u32, height: u32, side_px: u32) -> Mask {
    let side = side_px.min(width / 2).min(height / 2);
    let rect = Rect::new((width - side) * 2 / 5, (height - side) / 2, side, side);
    let mut mask = Mask::empty(width, height);
    for y in rect.y..rect.bottom() {
        let cut = (side / 6).saturating_sub(y - rect.y);
        let start = (y as usize * width as usize) + (rect.x + cut) as usize;
        mask.coverage_mut()[start..start + (side - 2 * cut) as usize].fill(255);
    }
    mask
}

#[cfg(test)]
mod tests {
    use super::{photo, square, strokes};

    #[test]
    fn strokes_take_what_was_asked_for_and_are_the_same_for_a_seed() {
        for fraction in [0.05, 0.2, 0.6] {
            let mask = strokes(128, fraction, 1);
            let found = mask.hole_count() as f64 / (128.0 * 128.0);
            assert!(
                (fraction - 1e-3..fraction + 0.01).contains(&found),
                "{found} for {fraction}"
            );
        }
        assert_eq!(strokes(64, 0.2, 3), strokes(64, 0.2, 3));
        assert_ne!(strokes(64, 0.2, 3), strokes(64, 0.2, 4));
    }

    #[test]
    fn a_photo_has_the_megapixels_and_the_hole_lies_inside() {
        let photo = photo(0.5, 0).unwrap();
        let pixels = f64::from(photo.width()) * f64::from(photo.height());
        assert!((pixels / 0.5e6 - 1.0).abs() < 0.01, "{pixels}");
        let mask = square(photo.width(), photo.height(), 100);
        assert_eq!((mask.hole_bounds().width, mask.hole_bounds().height), (100, 100));
        let small = square(30, 20, 600);
        assert!((1..300).contains(&small.hole_count()), "half a side at most");
    }
}
