//! Growing, shrinking and feathering a mask, by exact distances.
//!
//! Distances are worked out square by square, and only in squares that the edge of a hole lies in or near: the middle
//! of a large hole and the photo between two small ones cost no more than a look. The border of the photo is no edge
//! of a hole: nothing shrinks or fades there.

use rayon::prelude::*;

use super::{HOLE_THRESHOLD, Mask, Rect, distance::squared_distances};

/// Side of the squares, where distances do not reach farther than an eighth of it.
const TILE_PX: u32 = 256;

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
        let limit = squared(radius_px);
        self.update(region, radius_px, Sources::Holes, |coverage, distance| {
            if coverage < HOLE_THRESHOLD && distance <= limit {
                255
            } else {
                coverage
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
        let limit = squared(radius_px);
        self.update(region, radius_px, Sources::Kept, |coverage, distance| {
            if coverage >= HOLE_THRESHOLD && distance <= limit {
                0
            } else {
                coverage
            }
        });
        region
    }

    /// Blend weights for the pixels of `rect`, row by row: 0 outside the holes, at least 1 inside.
    ///
    /// Within `feather_px` of the kept pixels the weight falls smoothly; farther inside it is 255. So for a mask that
    /// was grown by at least `feather_px`, everything that was a hole before has 255.
    pub fn feather_weights(&self, feather_px: f32, rect: Rect) -> Vec<u8> {
        let mut weights = vec![0; rect.area() as usize];
        if rect.is_empty() {
            return weights;
        }
        let feather_px = feather_px.max(0.0);
        let limit = squared(feather_px);
        let weight = |distance| match distance {
            0 => 0,
            near if near <= limit => feather_weight((near as f32).sqrt(), feather_px),
            _ => 255,
        };
        let side = tile_side(feather_px);
        let width = rect.width as usize;
        let bands = weights.par_chunks_mut(side as usize * width).enumerate();
        bands.for_each(|(band, weights)| {
            let top = rect.y + band as u32 * side;
            for (left, columns) in steps(rect.x, rect.width, side) {
                let tile = Rect::new(left, top, columns, (weights.len() / width) as u32);
                let distances = self.distances(tile, self.bounds(), feather_px, Sources::Kept);
                for (row, weights) in weights.chunks_exact_mut(width).enumerate() {
                    let weights = &mut weights[(left - rect.x) as usize..][..columns as usize];
                    match &distances {
                        Distances::Same(distance) => weights.fill(weight(*distance)),
                        Distances::Each(distances) => weights
                            .iter_mut()
                            .zip(&distances[row * columns as usize..])
                            .for_each(|(out, &distance)| *out = weight(distance)),
                    }
                }
            }
        });
        weights
    }

    /// Replaces the coverage of every pixel of `region` by what becomes of it at its squared distance from `sources`.
    ///
    /// Distances above `reach_px` may be given as larger; where they are all 0 or all larger, nothing must change.
    fn update(
        &mut self,
        region: Rect,
        reach_px: f32,
        sources: Sources,
        changed: impl Fn(u8, u64) -> u8 + Sync,
    ) {
        let side = tile_side(reach_px);
        let tiles: Vec<Rect> = steps(region.y, region.height, side)
            .flat_map(|(y, height)| {
                steps(region.x, region.width, side).map(move |(x, width)| Rect::new(x, y, width, height))
            })
            .collect();
        let changed_tile = |tile: &Rect| {
            let Distances::Each(distances) = self.distances(*tile, region, reach_px, sources) else {
                return None;
            };
            let coverage = self.rows(*tile).flatten().zip(distances);
            let coverage = coverage.map(|(&coverage, distance)| changed(coverage, distance));
            let patch = Self::new(tile.width, tile.height, coverage.collect())?;
            Some((tile.x, tile.y, patch))
        };
        let patches: Vec<_> = tiles.par_iter().filter_map(changed_tile).collect();
        for (x, y, patch) in patches {
            self.paste(&patch, x, y);
        }
    }

    /// Squared distances of the pixels of `tile` to the nearest of the `sources` inside `region`, exact where they
    /// are at most `reach_px`.
    fn distances(&self, tile: Rect, region: Rect, reach_px: f32, sources: Sources) -> Distances {
        let is_source = |coverage: u8| (coverage >= HOLE_THRESHOLD) == matches!(sources, Sources::Holes);
        if self.range(tile).iter().all(|&coverage| is_source(coverage)) {
            return Distances::Same(0);
        }
        let view = tile
            .grown_within(reach_px.ceil() as u32, self.width(), self.height())
            .intersect(&region);
        if !self.range(view).iter().any(|&coverage| is_source(coverage)) {
            return Distances::Same(u64::MAX);
        }
        if reach_px < 1.0 {
            let distance = |&coverage: &u8| if is_source(coverage) { 0 } else { u64::MAX };
            return Distances::Each(self.rows(tile).flatten().map(distance).collect());
        }
        let in_view: Vec<bool> = self
            .rows(view)
            .flatten()
            .map(|&coverage| is_source(coverage))
            .collect();
        let distances = squared_distances(&in_view, view.width as usize);
        let rows = distances
            .chunks_exact(view.width as usize)
            .skip((tile.y - view.y) as usize)
            .take(tile.height as usize);
        let left = (tile.x - view.x) as usize;
        let in_tile = rows.flat_map(|row| &row[left..left + tile.width as usize]);
        Distances::Each(in_tile.copied().collect())
    }

    /// The least and the most coverage in `rect`, which must not be empty.
    fn range(&self, rect: Rect) -> [u8; 2] {
        self.rows(rect).fold([u8::MAX, 0], |[least, most], row| {
            let least = row.iter().fold(least, |least, &coverage| coverage.min(least));
            [least, row.iter().fold(most, |most, &coverage| coverage.max(most))]
        })
    }

    fn rows(&self, rect: Rect) -> impl Iterator<Item = &[u8]> {
        let width = self.width() as usize;
        (rect.y..rect.bottom()).map(move |y| {
            let start = y as usize * width + rect.x as usize;
            &self.coverage()[start..start + rect.width as usize]
        })
    }
}

/// What distances are measured from.
#[derive(Clone, Copy)]
enum Sources {
    Holes,
    Kept,
}

/// Squared distances of the pixels of a square, row by row.
enum Distances {
    Same(u64),
    Each(Vec<u64>),
}

/// A longer reach needs larger squares, lest most of the work is done for their surroundings.
fn tile_side(reach_px: f32) -> u32 {
    (reach_px.ceil() as u32).saturating_mul(8).max(TILE_PX)
}

/// Start and length of the parts of a side.
fn steps(start: u32, length: u32, step: u32) -> impl Iterator<Item = (u32, u32)> {
    (0..length)
        .step_by(step as usize)
        .map(move |from| (start + from, step.min(length - from)))
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
    use super::{TILE_PX, feather_weight, squared};
    use crate::imaging::{HOLE_THRESHOLD, Mask, Rect, distance::squared_distances};

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

    /// Specks and a block over the edges of squares, soft and hard.
    fn larger_than_a_square() -> Mask {
        let side = 3 * TILE_PX - 11;
        let mut mask = Mask::empty(side, side);
        let block = Mask::new(300, 270, vec![255; 300 * 270]).unwrap();
        mask.paste(&block, TILE_PX - 40, TILE_PX - 1);
        let mut state = 7_u32;
        for _ in 0..60 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let at = (state >> 8) as usize % mask.coverage().len();
            mask.coverage_mut()[at] = (state >> 3) as u8;
        }
        mask
    }

    fn distances(mask: &Mask, to_holes: bool) -> Vec<u64> {
        let is_source = |&coverage: &u8| (coverage >= HOLE_THRESHOLD) == to_holes;
        let is_source: Vec<bool> = mask.coverage().iter().map(is_source).collect();
        squared_distances(&is_source, mask.width() as usize)
    }

    #[test]
    fn squares_give_what_the_whole_would_give() {
        let mask = larger_than_a_square();
        let (to_holes, to_kept) = (distances(&mask, true), distances(&mask, false));
        for radius_px in [1.0, 3.7, 40.0, 90.0] {
            let limit = squared(radius_px);
            let (mut grown, mut shrunk) = (mask.clone(), mask.clone());
            grown.grow(radius_px);
            shrunk.shrink(radius_px);
            let weights = mask.feather_weights(radius_px, mask.bounds());
            for (at, &coverage) in mask.coverage().iter().enumerate() {
                let is_hole = coverage >= HOLE_THRESHOLD;
                let grows = !is_hole && to_holes[at] <= limit;
                let shrinks = is_hole && to_kept[at] <= limit;
                let weight = match to_kept[at] {
                    0 => 0,
                    near if near <= limit => feather_weight((near as f32).sqrt(), radius_px),
                    _ => 255,
                };
                assert_eq!(
                    grown.coverage()[at],
                    if grows { 255 } else { coverage },
                    "{at}, {radius_px}"
                );
                assert_eq!(
                    shrunk.coverage()[at],
                    if shrinks { 0 } else { coverage },
                    "{at}, {radius_px}"
                );
                assert_eq!(weights[at], weight, "{at}, {radius_px}");
            }
        }
    }

    #[test]
    fn without_feather_every_hole_has_full_weight() {
        let mask = larger_than_a_square();
        let rect = Rect::new(100, 90, 500, 400);
        let weights = mask.feather_weights(0.0, rect);
        let holes = mask.crop(rect);
        let expected = holes
            .coverage()
            .iter()
            .map(|&coverage| if coverage >= HOLE_THRESHOLD { 255 } else { 0 });
        assert!(weights.iter().copied().eq(expected), "0 or 255");
    }
}
