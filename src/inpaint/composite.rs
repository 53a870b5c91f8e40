//! New colours into the photo: at its depth, in its channels, only inside the widened mask.
//!
//! Patches carry the blend weights, so whoever shows, hides or exports them needs nothing else. The fade lies in
//! the ring by which the mask was widened: what was marked is replaced entirely, what was not in the widened mask
//! has no weight at all.

use rayon::prelude::*;

use crate::imaging::{Mask, Patch, Pixels, Samples};

use super::{fill::Filled, plan::Crop};

/// The patch for a crop: its new colours where it fills, fading within the outer `feather_px` of the widened mask.
///
/// `None` only if `filled` is not of the rectangle that the crop fills.
pub fn patch(photo: &Pixels, holes: &Mask, crop: &Crop, filled: &Filled, feather_px: u32) -> Option<Patch> {
    let rect = crop.fills;
    let weights = holes.feather_weights(feather_px as f32, rect);
    let mut own_weights = vec![0; weights.len()];
    for run in &crop.runs {
        let start = (run.y - rect.y) as usize * rect.width as usize + (run.start - rect.x) as usize;
        let end = start + run.len() as usize;
        own_weights[start..end].copy_from_slice(&weights[start..end]);
    }
    if filled.rect != rect {
        return None;
    }
    let mut pixels = Pixels::zeros(rect.width, rect.height, photo.channels(), photo.bit_depth())?;
    pixels.set_rgb(pixels.bounds(), &filled.rgb);
    Patch::new(rect, pixels, own_weights)
}

/// The photo with all patches applied, in order.
pub fn apply_all(photo: &Pixels, patches: &[Patch]) -> Pixels {
    let mut result = photo.clone();
    for patch in patches {
        patch.apply(&mut result);
    }
    result
}

/// How many pixels outside the holes of the widened mask differ between two pictures of its size: 0, always, if
/// `result` is `original` with patches of this mask.
pub fn changed_outside(original: &Pixels, result: &Pixels, widened: &Mask) -> u64 {
    let per_pixel = original.channels().count();
    match (original.samples(), result.samples()) {
        (Samples::U8(before), Samples::U8(after)) => count_changed(before, after, per_pixel, widened),
        (Samples::U16(before), Samples::U16(after)) => count_changed(before, after, per_pixel, widened),
        _ => original.bounds().area(),
    }
}

fn count_changed<T: PartialEq + Sync>(before: &[T], after: &[T], per_pixel: usize, widened: &Mask) -> u64 {
    before
        .par_chunks_exact(per_pixel)
        .zip(after.par_chunks_exact(per_pixel))
        .zip(widened.coverage())
        .filter(|((before, after), coverage)| **coverage < crate::imaging::HOLE_THRESHOLD && before != after)
        .count() as u64
}

#[cfg(test)]
mod tests {
    use super::{apply_all, changed_outside, patch};
    use crate::{
        imaging::{Channels, Mask, Pixels, Rect, Samples},
        inpaint::{fill::Filled, plan},
    };

    fn filled(rect: Rect, value: f32) -> Filled {
        Filled {
            rect,
            rgb: vec![value; rect.area() as usize * 3],
            scale_down: 1,
        }
    }

    fn dot(grow_px: f32) -> Mask {
        let mut mask = Mask::empty(16, 16);
        mask.coverage_mut()[8 * 16 + 8] = 255;
        mask.grown(grow_px)
    }

    #[test]
    fn what_was_marked_is_replaced_and_the_ring_fades() {
        let photo = Pixels::new(16, 16, Channels::Gray, Samples::U16(vec![0; 256])).unwrap();
        let mask = dot(3.0);
        let crop = &plan::crops(&mask, None)[0];
        let patch = patch(&photo, &mask, crop, &filled(crop.fills, 1.0), 3).unwrap();
        let result = apply_all(&photo, &[patch]);
        let Samples::U16(samples) = result.samples() else {
            panic!("16 bit stays 16 bit")
        };
        let row = &samples[8 * 16 + 4..8 * 16 + 9];
        assert_eq!((row[0], row[4]), (0, 65535));
        assert!(row[1] > 0 && row[1] < row[2] && row[2] < row[3], "{row:?}");
    }

    #[test]
    fn a_change_outside_is_counted_and_one_inside_is_not() {
        let photo = Pixels::new(16, 16, Channels::GrayAlpha, Samples::U8(vec![9; 512])).unwrap();
        let mut result = photo.clone();
        let Samples::U8(samples) = result.samples_mut() else {
            panic!("8 bit stays 8 bit")
        };
        samples[2 * (8 * 16 + 8)] = 1;
        samples[1] = 1;
        assert_eq!(changed_outside(&photo, &result, &dot(0.0)), 1);
    }
}
