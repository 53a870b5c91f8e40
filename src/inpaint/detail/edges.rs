//! How wide the edges in a fill are against those around it: what makes a picture look soft, however many edges it has.
//!
//! A blurred edge needs more pixels for its rise. In a run of pixels along a row or column the rise over the steepest
//! step is that width, as in edge-width measures of blur (Marziliano et al., ICIP 2002); a run instead of a single
//! monotone rise, because grain breaks those. Gradient energy, in contrast, also falls where there is less to see.

use rayon::prelude::{IntoParallelIterator as _, ParallelIterator as _};

use super::score::ring_width;
use crate::inpaint::hole::depths;

/// Pixels in a run.
const RUN: usize = 16;
/// A run with a smaller rise, in 0..1, has no edge.
const LEAST_RISE: f32 = 40.0 / 255.0;
/// Fewer runs with an edge say nothing.
const FEWEST_RUNS: u64 = 200;
/// Parts of a pixel that widths are counted in.
const PARTS: f32 = 32.0;
/// The widest edge that a run can show is a ramp all along it.
const COUNTS: usize = RUN * PARTS as usize;

/// Median width of the edges in the fill of `hole` over that in a ring around it (as wide as that of [`score`]). 1: as
/// sharp as the surroundings, 2: edges twice as wide. `None` where one of them has too few edges.
///
/// `rgb` is interleaved, `width` pixels wide, 0 to 1.
///
/// [`score`]: super::score()
pub fn edge_width_ratio(rgb: &[f32], hole: &[bool], width: usize) -> Option<f32> {
    let height = hole.len() / width.max(1);
    let inside = depths(hole, width, height);
    let outside = depths(&hole.iter().map(|hole| !hole).collect::<Vec<_>>(), width, height);
    let ring = ring_width(&inside);
    let grey: Vec<f32> = rgb
        .as_chunks::<3>()
        .0
        .iter()
        .map(|[red, green, blue]| (red + 2.0 * green + blue) / 4.0)
        .collect();
    let around: Vec<bool> = outside.iter().map(|&away| away > 0 && away <= ring).collect();
    let median = |area: &[bool]| Widths::of(&grey, area, width).median();
    Some(median(hole)? / median(&around)?)
}

/// Widths of edges, counted.
struct Widths(Vec<u64>);

impl Widths {
    /// Those of all runs, along rows and columns, that lie in `area` from end to end.
    fn of(grey: &[f32], area: &[bool], width: usize) -> Self {
        let height = grey.len() / width.max(1);
        let along = |first: usize, step: usize, length: usize| {
            let mut counts = vec![0; COUNTS];
            let mut in_area = 0;
            for place in 0..length {
                let at = first + place * step;
                in_area = if area[at] { in_area + 1 } else { 0 };
                if in_area >= RUN
                    && let Some(width) = edge_width(grey, at + step - RUN * step, step)
                {
                    counts[((width * PARTS) as usize).min(COUNTS - 1)] += 1;
                }
            }
            counts
        };
        let sum = |mut counts: Vec<u64>, more: Vec<u64>| {
            counts
                .iter_mut()
                .zip(more)
                .for_each(|(count, more)| *count += more);
            counts
        };
        let none = || vec![0; COUNTS];
        let rows = (0..height).into_par_iter().map(|y| along(y * width, 1, width));
        let columns = (0..width).into_par_iter().map(|x| along(x, width, height));
        Self(rows.chain(columns).reduce(none, sum))
    }

    /// In pixels; `None` if there are too few.
    fn median(&self) -> Option<f32> {
        let total: u64 = self.0.iter().sum();
        let mut counted = 0;
        let middle = self.0.iter().position(|&count| {
            counted += count;
            2 * counted >= total
        });
        let middle = middle.filter(|_| total >= FEWEST_RUNS)?;
        Some((middle as f32 + 0.5) / PARTS)
    }
}

/// The rise in the run that begins at `first` over its steepest step, in pixels; `None` where there is no edge.
fn edge_width(grey: &[f32], first: usize, step: usize) -> Option<f32> {
    let mut before = grey[first];
    let (mut least, mut most, mut steepest) = (before, before, 0.0_f32);
    for place in 1..RUN {
        let here = grey[first + place * step];
        (least, most) = (least.min(here), most.max(here));
        steepest = steepest.max((here - before).abs());
        before = here;
    }
    let rise = most - least;
    (rise > LEAST_RISE).then(|| rise / steepest)
}

#[cfg(test)]
mod tests {
    use super::edge_width_ratio;
    use crate::imaging::random::Random;

    const SIDE: usize = 96;

    /// Grainy bars 12 pixels wide, whose edges are ramps over `fill_px` pixels in the hole and over 2 around it. In the
    /// hole only every `share`-th is there.
    fn ratio(fill_px: f32, share: usize) -> Option<f32> {
        let places = || (0..SIDE * SIDE).map(|at| (at % SIDE, at / SIDE));
        let inside = |x: usize, y: usize| (24..72).contains(&x) && (24..72).contains(&y);
        let hole: Vec<bool> = places().map(|(x, y)| inside(x, y)).collect();
        let rgb: Vec<f32> = places()
            .flat_map(|(x, y)| {
                let (px, is_bar) = if inside(x, y) {
                    (fill_px, (x / 24).is_multiple_of(share))
                } else {
                    (2.0, true)
                };
                let from_edge = ((x % 24) as f32 - 11.5).abs() - 6.0;
                let bar = (0.5 - from_edge / px).clamp(0.0, 1.0);
                let grain = 0.004 * Random::keyed(5, [x as u64, y as u64, 0, 0]).normal();
                [if is_bar { 0.2 + 0.6 * bar } else { 0.2 } + grain; 3]
            })
            .collect();
        edge_width_ratio(&rgb, &hole, SIDE)
    }

    #[test]
    fn wide_edges_are_told_and_few_ones_are_not_held_against_a_fill() {
        let same = ratio(2.0, 1).unwrap();
        assert!((0.9..1.1).contains(&same), "{same}");
        let soft = ratio(6.0, 1).unwrap();
        assert!((2.5..3.5).contains(&soft), "{soft}");
        let few = ratio(2.0, 2).unwrap();
        assert!((0.9..1.1).contains(&few), "{few}");
    }

    #[test]
    fn nothing_is_said_of_a_fill_without_edges() {
        assert_eq!(ratio(2.0, 1000), None);
    }
}
