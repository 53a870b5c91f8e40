//! The holes of a mask as horizontal runs that can be counted.
//!
//! A photo has many pixels and few runs, so what the plan asks most (how much of a rectangle is hole) costs a
//! search per row, also at 100 megapixels.

use rayon::prelude::{IndexedParallelIterator as _, IntoParallelRefMutIterator as _, ParallelIterator as _};

use super::frame::AREA_PER_HOLE;
use crate::imaging::{HOLE_THRESHOLD, Mask, Rect, Run};

/// What a crop cannot be filled from.
#[derive(Debug, Clone)]
pub(super) struct Blocked {
    pub(super) holes: HoleRuns,
    /// What the person does not want to see continued, beside the holes.
    kept_out: Option<HoleRuns>,
    /// Pixels of the photo that are not kept out.
    free: u64,
}

impl Blocked {
    pub(super) fn new(holes: &Mask, keep_out: Option<&Mask>) -> Self {
        let kept_out = keep_out.map(|keep_out| HoleRuns::of(&beside(keep_out, holes)));
        let photo = holes.bounds();
        Self {
            free: photo.area() - kept_out.as_ref().map_or(0, |runs| runs.count(photo)),
            holes: HoleRuns::of(holes),
            kept_out,
        }
    }

    /// The area that `rect` must have to show enough: so many times that of its holes, but no more than there is in the
    /// photo. What is kept out does not count.
    pub(super) fn area_wanted(&self, rect: Rect) -> u64 {
        let kept_out = self.kept_out.as_ref().map_or(0, |runs| runs.count(rect));
        (AREA_PER_HOLE * self.holes.count(rect)).min(self.free) + kept_out
    }
}

/// What is kept out and no hole.
fn beside(keep_out: &Mask, holes: &Mask) -> Mask {
    let mut beside = keep_out.clone();
    beside
        .coverage_mut()
        .par_iter_mut()
        .zip(holes.coverage())
        .filter(|(_, hole)| **hole >= HOLE_THRESHOLD)
        .for_each(|(kept_out, _)| *kept_out = 0);
    beside
}

/// All holes of a mask, row by row.
#[derive(Debug, Clone)]
pub(super) struct HoleRuns {
    photo: Rect,
    runs: Vec<Run>,
    /// Index of the first run of each row, and one entry behind the last.
    row_starts: Vec<usize>,
    /// Hole pixels before each run, over the whole mask.
    before: Vec<u64>,
}

impl HoleRuns {
    /// Reads the holes of a mask.
    pub(super) fn of(mask: &Mask) -> Self {
        let runs = mask.runs();
        let row_starts = (0..=mask.height())
            .map(|y| runs.partition_point(|run| run.y < y))
            .collect();
        let before = runs
            .iter()
            .scan(0, |sum, run| {
                let before = *sum;
                *sum += u64::from(run.len());
                Some(before)
            })
            .collect();
        Self {
            photo: mask.bounds(),
            runs,
            row_starts,
            before,
        }
    }

    /// The mask as a rectangle.
    pub(super) const fn photo(&self) -> Rect {
        self.photo
    }

    /// Hole pixels inside `rect`.
    pub(super) fn count(&self, rect: Rect) -> u64 {
        (rect.y..rect.bottom())
            .map(|y| self.count_left_of(y, rect.right()) - self.count_left_of(y, rect.x))
            .sum()
    }

    /// Hole pixels of row `y` left of column `x`.
    fn count_left_of(&self, y: u32, x: u32) -> u64 {
        let (first, last) = (self.row_starts[y as usize], self.row_starts[y as usize + 1]);
        let row = &self.runs[first..last];
        match row.partition_point(|run| run.start < x) {
            0 => 0,
            begun => {
                let run = row[begun - 1];
                let whole_runs = self.before[first + begun - 1] - self.before[first];
                whole_runs + u64::from(run.end.min(x) - run.start)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Just, Strategy as _, any, prop_assert_eq, proptest};

    use super::HoleRuns;
    use crate::imaging::{Mask, Rect};

    proptest! {
        #[test]
        fn counting_by_runs_equals_counting_pixels(
            (width, height, bits) in (1u32..20, 1u32..12).prop_flat_map(|(w, h)| (
                Just(w), Just(h), proptest::collection::vec(any::<bool>(), (w * h) as usize),
            )),
            (x0, x1, y0, y1) in (0u32..20, 0u32..20, 0u32..12, 0u32..12),
        ) {
            let coverage = bits.iter().map(|&hole| if hole { 200 } else { 100 }).collect();
            let mask = Mask::new(width, height, coverage).unwrap();
            let rect = Rect::new(x0.min(x1), y0.min(y1), x0.abs_diff(x1), y0.abs_diff(y1))
                .intersect(&mask.bounds());
            let expected = (rect.y..rect.bottom())
                .flat_map(|y| (rect.x..rect.right()).map(move |x| (x, y)))
                .filter(|&(x, y)| mask.is_hole(x, y))
                .count() as u64;
            prop_assert_eq!(HoleRuns::of(&mask).count(rect), expected);
        }
    }
}
