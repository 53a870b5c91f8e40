//! Brush strokes: the exact area that a round brush sweeps along a path.
//!
//! Each segment of the path is a capsule and coverage is a function of the distance to its axis, so there are no
//! gaps between dabs however fast the pointer moves. Segments combine by the larger coverage (the smaller when
//! erasing): going over a place again adds nothing. A segment costs its own area, not that of its bounding box.

use std::{collections::BTreeMap, ops::Range};

use super::{
    painting::Target,
    tile::{Tile, row_of, rows_of, tiles_in},
};
use crate::imaging::{Mask, Rect};

/// A round brush or eraser.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Brush {
    /// Diameter in pixels of the photo, at least 1.
    pub diameter_px: f32,
    /// 1 has a sharp edge, 0 falls off from the centre.
    pub hardness: f32,
    /// Takes coverage away instead of adding it.
    pub erase: bool,
}

impl Brush {
    /// Coverage at `distance_px` from the axis of the stroke, `0.0..=1.0`.
    ///
    /// The hardest edge still falls off over one pixel, so that it looks smooth.
    pub fn coverage_at(&self, distance_px: f32) -> f32 {
        let (inner, outer) = self.edge();
        let t = ((outer - distance_px) / (outer - inner)).clamp(0.0, 1.0);
        t * t * (3.0 - 2.0 * t)
    }

    /// Where the coverage begins to fall and where it reaches zero.
    fn edge(&self) -> (f32, f32) {
        let radius = self.diameter_px.max(1.0) / 2.0;
        let inner = (self.hardness.clamp(0.0, 1.0) * radius - 0.5).max(0.0);
        (inner, radius + 0.5)
    }
}

/// A stroke being drawn, with the tiles it has touched as they were before.
#[derive(Debug, Clone)]
pub(super) struct Stroke {
    target: Target,
    brush: Brush,
    last: [f32; 2],
    before: BTreeMap<(u32, u32), Vec<u8>>,
}

impl Stroke {
    pub(super) const fn new(target: Target, brush: Brush, start: [f32; 2]) -> Self {
        Self {
            target,
            brush,
            last: start,
            before: BTreeMap::new(),
        }
    }

    /// A stroke that goes on where this one is, with nothing to take back yet.
    pub(super) const fn continued(&self) -> Self {
        Self::new(self.target, self.brush, self.last)
    }

    pub(super) const fn name(&self) -> &'static str {
        match (self.target, self.brush.erase) {
            (Target::Remove, false) => "Brush stroke",
            (Target::Remove, true) => "Eraser stroke",
            (Target::KeepOut, false) => "Keep-out stroke",
            (Target::KeepOut, true) => "Keep-out eraser stroke",
        }
    }

    pub(super) const fn target(&self) -> Target {
        self.target
    }

    /// Paints the segment from the last point to `point`; returns what it may have changed.
    pub(super) fn extend_to(&mut self, point: [f32; 2], mask: &mut Mask) -> Rect {
        let point = if point.iter().all(|value| value.is_finite()) {
            point
        } else {
            self.last
        };
        let capsule = Capsule::new(self.last, point);
        self.last = point;
        let dirty = capsule.bounds(self.brush.edge().1, mask.bounds());
        for tile in tiles_in(dirty, mask.bounds()) {
            self.before
                .entry((tile.y, tile.x))
                .or_insert_with(|| rows_of(mask, tile));
        }
        self.paint(&capsule, dirty, mask);
        dirty
    }

    /// What takes the stroke back: the former content of the tiles that it changed.
    pub(super) fn into_tiles(self, mask: &Mask) -> Vec<Tile> {
        let tile_of = |(y, x): (u32, u32)| tiles_in(Rect::new(x, y, 1, 1), mask.bounds()).next();
        self.before
            .into_iter()
            .filter_map(|(corner, before)| Some((tile_of(corner)?, before)))
            .filter(|(rect, before)| {
                let rows = before.chunks_exact(rect.width as usize);
                (rect.y..).zip(rows).any(|(y, row)| row != row_of(mask, y, *rect))
            })
            .map(|(rect, before)| Tile::new(rect, &before))
            .collect()
    }

    fn paint(&self, capsule: &Capsule, dirty: Rect, mask: &mut Mask) {
        let (inner, outer) = self.brush.edge();
        let width = mask.width() as usize;
        for y in dirty.y..dirty.bottom() {
            let columns = capsule.columns(y as f32 + 0.5, outer, dirty);
            let start = y as usize * width;
            let row = &mut mask.coverage_mut()[start + columns.start..start + columns.end];
            for (x, value) in columns.zip(row) {
                let distance_squared = capsule.distance_squared([x as f32 + 0.5, y as f32 + 0.5]);
                let coverage = if distance_squared <= inner * inner {
                    255
                } else {
                    (self.brush.coverage_at(distance_squared.sqrt()) * 255.0).round() as u8
                };
                *value = if self.brush.erase {
                    (*value).min(255 - coverage)
                } else {
                    (*value).max(coverage)
                };
            }
        }
    }
}

/// A segment from `start` along the unit vector `direction`.
struct Capsule {
    start: [f32; 2],
    direction: [f32; 2],
    length: f32,
}

impl Capsule {
    fn new(start: [f32; 2], end: [f32; 2]) -> Self {
        let (dx, dy) = (end[0] - start[0], end[1] - start[1]);
        let length = dx.hypot(dy);
        let direction = if length > 0.0 {
            [dx / length, dy / length]
        } else {
            [1.0, 0.0]
        };
        Self {
            start,
            direction,
            length,
        }
    }

    fn end(&self) -> [f32; 2] {
        [0, 1].map(|axis| self.start[axis] + self.direction[axis] * self.length)
    }

    fn distance_squared(&self, point: [f32; 2]) -> f32 {
        let (dx, dy) = (point[0] - self.start[0], point[1] - self.start[1]);
        let along = (dx * self.direction[0] + dy * self.direction[1]).clamp(0.0, self.length);
        let (rx, ry) = (dx - along * self.direction[0], dy - along * self.direction[1]);
        rx * rx + ry * ry
    }

    /// The pixels within `radius` that lie in `bounds`.
    fn bounds(&self, radius: f32, bounds: Rect) -> Rect {
        let (start, end) = (self.start, self.end());
        let low = [0, 1].map(|axis| (start[axis].min(end[axis]) - radius).floor().max(0.0) as u32);
        let high = [0, 1].map(|axis| (start[axis].max(end[axis]) + radius).ceil().max(0.0) as u32);
        let (right, bottom) = (high[0].min(bounds.width), high[1].min(bounds.height));
        let (x, y) = (low[0].min(right), low[1].min(bottom));
        Rect::new(x, y, right - x, bottom - y)
    }

    /// The columns of the row at height `y` that can lie within `radius`: the hull of what the two end discs and
    /// the strip between them cover.
    fn columns(&self, y: f32, radius: f32, dirty: Rect) -> Range<usize> {
        let ends = [self.start, self.end()].map(|[cx, cy]| {
            let half = (radius * radius - (y - cy) * (y - cy)).max(-1.0).sqrt();
            (half >= 0.0).then_some((cx - half, cx + half))
        });
        let spans = ends.into_iter().chain([self.strip(y, radius)]).flatten();
        let (low, high) = spans.fold((f32::MAX, f32::MIN), |(low, high), span| {
            (low.min(span.0), high.max(span.1))
        });
        let (left, right) = (dirty.x as f32, dirty.right() as f32);
        let first = low.floor().clamp(left, right) as usize;
        let last = high.ceil().clamp(left, right) as usize;
        first..last.max(first)
    }

    /// Where the row at height `y` crosses the strip of half width `radius` beside the axis.
    fn strip(&self, y: f32, radius: f32) -> Option<(f32, f32)> {
        let ([ux, uy], dy) = (self.direction, y - self.start[1]);
        // |offset · uy − dy · ux| ≤ radius and 0 ≤ offset · ux + dy · uy ≤ length, solved for the offset in x.
        let across = solve(uy, -radius + dy * ux, radius + dy * ux)?;
        let along = solve(ux, -dy * uy, self.length - dy * uy)?;
        let (low, high) = (across.0.max(along.0), across.1.min(along.1));
        (low <= high).then_some((self.start[0] + low, self.start[0] + high))
    }
}

/// The `x` with `low ≤ factor · x ≤ high`.
fn solve(factor: f32, low: f32, high: f32) -> Option<(f32, f32)> {
    if factor.abs() < 1e-6 {
        return (low <= 0.0 && high >= 0.0).then_some((f32::MIN, f32::MAX));
    }
    let (a, b) = (low / factor, high / factor);
    Some((a.min(b), a.max(b)))
}

#[cfg(test)]
mod tests {
    use super::{Brush, Stroke, Target};
    use crate::imaging::Mask;

    fn swept(brush: Brush, points: &[[f32; 2]], size: u32) -> Mask {
        let mut mask = Mask::empty(size, size);
        let mut stroke = Stroke::new(Target::Remove, brush, points[0]);
        for point in points {
            stroke.extend_to(*point, &mut mask);
        }
        mask
    }

    /// Distance to the polyline, the slow and obvious way.
    fn expected(brush: Brush, points: &[[f32; 2]], x: u32, y: u32) -> f32 {
        let (px, py) = (x as f32 + 0.5, y as f32 + 0.5);
        points.windows(2).fold(0.0_f32, |coverage, pair| {
            let ([ax, ay], [bx, by]) = (pair[0], pair[1]);
            let (dx, dy) = (bx - ax, by - ay);
            let t = (((px - ax) * dx + (py - ay) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
            let distance = (px - ax - t * dx).hypot(py - ay - t * dy);
            coverage.max(brush.coverage_at(distance))
        })
    }

    #[test]
    fn a_stroke_covers_exactly_what_the_brush_sweeps() {
        let paths = [
            vec![[10.0, 12.0], [90.3, 12.0]],
            vec![[50.0, 5.0], [50.0, 99.0], [3.0, 40.0]],
            vec![[-30.0, 80.0], [130.0, -20.0]],
        ];
        for (hardness, diameter_px) in [(1.0, 1.0), (1.0, 17.0), (0.0, 30.0), (0.6, 44.0)] {
            let brush = Brush {
                diameter_px,
                hardness,
                erase: false,
            };
            for path in &paths {
                let mask = swept(brush, path, 100);
                for y in 0..100 {
                    for x in 0..100 {
                        let got = f32::from(mask.coverage()[(y * 100 + x) as usize]);
                        let want = expected(brush, path, x, y) * 255.0;
                        // One level for rounding, one for the two ways to compute a distance.
                        assert!((got - want).abs() <= 2.0, "{got} for {want} at {x}, {y}");
                    }
                }
            }
        }
    }

    #[test]
    fn going_over_a_place_again_adds_nothing() {
        let brush = Brush {
            diameter_px: 30.0,
            hardness: 0.2,
            erase: false,
        };
        let once = swept(brush, &[[20.0, 20.0], [60.0, 50.0]], 100);
        let thrice = swept(
            brush,
            &[[20.0, 20.0], [60.0, 50.0], [20.0, 20.0], [60.0, 50.0]],
            100,
        );
        let farthest = once
            .coverage()
            .iter()
            .zip(thrice.coverage())
            .map(|(a, b)| a.abs_diff(*b))
            .max();
        // The way back computes the same distances from the other end.
        assert!(farthest <= Some(1), "{farthest:?}");
    }

    #[test]
    fn a_one_pixel_brush_marks_the_pixel_under_it() {
        let brush = Brush {
            diameter_px: 1.0,
            hardness: 1.0,
            erase: false,
        };
        let mask = swept(brush, &[[3.5, 4.5]], 8);
        assert!(mask.is_hole(3, 4), "the pixel under the pointer");
        assert_eq!(mask.hole_count(), 1);
    }
}
