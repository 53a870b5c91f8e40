//! Growing, shrinking and feathering a mask, by exact distances.
//!
//! All of it happens inside the bounding box of the holes, so that a small hole in a large photo costs little. The
//! border of the photo is no edge of a hole: nothing shrinks or fades there.

use rayon::prelude::*;

use super::{HOLE_THRESHOLD, Mask, Rect, distance::squared_distances};

impl Mask {
    /// Grows the mask by `radius_px`, so that soft edges of the object are replaced too.
    ///
    /// Every pixel whose centre is at most that far from a hole's becomes a hole; `0.0` leaves the mask as it is.
    /// Returns the rectangle within which it may have changed.
    pub fn grow(&mut self, radius_px: f32) -> Rect {
        let bounds = self.hole_bounds();
        if bounds.is_empty() || radius_px.is_nan() || radius_px < 1.0 {
            return Rect::default();
        }
        let region = bounds.grown_within(radius_px.ceil() as u32, self.width(), self.height());
        let distances = self.distances_in(region, true);
        let limit = squared(radius_px);
        self.update_rows(region, &distances, |coverage, distance| {
            if *coverage < HOLE_THRESHOLD && distance <= limit {
                *coverage = 255;
            }
        });
        region
    }

    /// A copy, grown. See [`Self::grow`].
    pub fn grown(&self, radius_px: f32) -> Self {
        let mut grown = self.clone();
        grown.grow(radius_px);
        grown
    }

    /// Shrinks the mask: every hole whose centre is at most `radius_px` from that of a kept pixel stays.
    ///
    /// Returns the rectangle within which it may have changed.
    pub fn shrink(&mut self, radius_px: f32) -> Rect {
        let bounds = self.hole_bounds();
        if bounds.is_empty() || radius_px.is_nan() || radius_px < 1.0 {
            return Rect::default();
        }
        // One ring of kept pixels around the holes is nearer than any beyond it.
        let region = bounds.grown_within(1, self.width(), self.height());
        let distances = self.distances_in(region, false);
        let limit = squared(radius_px);
        self.update_rows(region, &distances, |coverage, distance| {
            if *coverage >= HOLE_THRESHOLD && distance <= limit {
                *coverage = 0;
            }
        });
        region
    }

    /// Blend weights for the pixels of `rect`, row by row: 0 outside the holes, at least 1 inside.
    ///
    /// Within `feather_px` of the kept pixels the weight falls smoothly; farther inside it is 255. So for a mask that
    /// was grown by at least `feather_px`, everything that was a hole before has 255.
    pub fn feather_weights(&self, feather_px: f32, rect: Rect) -> Vec<u8> {
        let feather_px = feather_px.max(0.0);
        let region = rect.grown_within(feather_px.ceil() as u32 + 1, self.width(), self.height());
        let distances = self.distances_in(region, false);
        let limit = squared(feather_px);
        let mut weights = Vec::with_capacity(rect.area() as usize);
        for y in rect.y..rect.bottom() {
            let start = (y - region.y) as usize * region.width as usize + (rect.x - region.x) as usize;
            weights.extend(distances[start..start + rect.width as usize].iter().map(
                |&distance| match distance {
                    0 => 0,
                    near if near <= limit => feather_weight((near as f32).sqrt(), feather_px),
                    _ => 255,
                },
            ));
        }
        weights
    }

    /// Squared distances inside `region` to the nearest pixel that is, or is not, a hole.
    fn distances_in(&self, region: Rect, to_holes: bool) -> Vec<u64> {
        let mut is_source = vec![false; region.area() as usize];
        let width = self.width() as usize;
        is_source
            .par_chunks_exact_mut((region.width as usize).max(1))
            .enumerate()
            .for_each(|(row, out)| {
                let start = (region.y as usize + row) * width + region.x as usize;
                for (source, &coverage) in out.iter_mut().zip(&self.coverage()[start..]) {
                    *source = (coverage >= HOLE_THRESHOLD) == to_holes;
                }
            });
        squared_distances(&is_source, region.width as usize)
    }

    fn update_rows(&mut self, region: Rect, distances: &[u64], update: impl Fn(&mut u8, u64)) {
        let width = self.width() as usize;
        for (row, distances) in distances.chunks_exact(region.width as usize).enumerate() {
            let start = (region.y as usize + row) * width + region.x as usize;
            let coverage = &mut self.coverage_mut()[start..start + distances.len()];
            coverage
                .iter_mut()
                .zip(distances)
                .for_each(|(coverage, &distance)| update(coverage, distance));
        }
    }
}

/// The largest squared distance within the radius.
fn squared(radius_px: f32) -> u64 {
    (f64::from(radius_px) * f64::from(radius_px)) as u64
}

/// Smoothstep from the edge of the holes, half a pixel before the first of them, to `feather_px` inside.
fn feather_weight(distance_px: f32, feather_px: f32) -> u8 {
    let inside = ((distance_px - 0.5) / feather_px).clamp(0.0, 1.0);
    let smooth = inside * inside * (3.0 - 2.0 * inside);
    ((smooth * 255.0).round() as u8).max(1)
}

#[cfg(test)]
mod tests {
    use crate::imaging::{Mask, Rect};

    fn square_hole(side: u32, hole: Rect) -> Mask {
        let mut mask = Mask::empty(side, side);
        let full = Mask::new(hole.width, hole.height, vec![255; hole.area() as usize]).unwrap();
        mask.paste(&full, hole.x, hole.y);
        mask
    }

    #[test]
    fn a_dot_grows_to_a_disc() {
        let mut mask = square_hole(9, Rect::new(4, 4, 1, 1));
        let changed = mask.grow(2.0);
        assert_eq!(changed, Rect::new(2, 2, 5, 5));
        assert_eq!(mask.hole_count(), 13, "pixels at most 2 from the centre");
    }

    #[test]
    fn a_hole_at_the_border_does_not_shrink_away_from_it() {
        let mut mask = square_hole(9, Rect::new(0, 0, 4, 9));
        mask.shrink(1.0);
        assert_eq!(mask.hole_bounds(), Rect::new(0, 0, 3, 9));
    }

    #[test]
    fn the_core_of_a_grown_mask_keeps_full_weight_and_the_rim_fades() {
        let core = square_hole(32, Rect::new(12, 12, 6, 6));
        let grown = core.grown(4.0);
        let weights = grown.feather_weights(4.0, grown.bounds());
        let row = &weights[14 * 32..15 * 32];
        assert_eq!(&row[12..18], &[255; 6]);
        assert!(
            row[8] > 0 && row[8] < row[9] && row[9] < row[10] && row[10] < row[11],
            "{row:?}"
        );
        assert_eq!(row[7], 0);
    }
}
