//! How well a fill sits in its photo, as four numbers that need no original.

use std::convert::Infallible;

use rayon::prelude::{IntoParallelIterator as _, ParallelIterator as _};

use crate::inpaint::hole::depths;

/// Mean squared gradient that nobody sees, in 0..1 squared: that of one and a half steps of 8 bits. Added to both sides
/// of a sharpness ratio, so that the noise of a flat sky over the lesser noise of another is no ratio of 15.
const UNSEEN: f64 = (1.5 / 255.0) * (1.5 / 255.0);
/// The same for medians of gradients, in quarters of a step of 8 bits.
const UNSEEN_QUARTERS: f64 = 2.0;

/// A fill against its surroundings. 1, 1, 1 and 0 are those of a fill that cannot be told from them.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Score {
    /// Gradient energy in the fill over that in a ring around it, both raised by that of 1.5 steps of 8 bits.
    /// Below 1: soft, or without the strong edges that are around it, of which a few have most of the energy.
    pub sharpness_ratio: f32,
    /// Median gradient in the fill over that in the ring, both raised by half a step of 8 bits: of the texture, whatever
    /// edges there are. Below 1: soft.
    pub texture_ratio: f32,
    /// Mean gradient across the hole's edge over that just inside and outside. Above 1: a visible seam.
    pub seam_ratio: f32,
    /// Difference of the gradient histograms of fill and ring, 0 (the same) to 1 (nothing in common).
    pub texture_distance: f32,
}

impl Score {
    /// One number to order fills by: 1 for a fill that cannot be told from its surroundings, towards 0 the more it is
    /// softer or harsher than they are, has a visible seam, or differs in its texture's statistics.
    ///
    /// `exp(-(|ln sharpness| + max(ln seam, 0) + 2 · texture))`.
    pub fn value(&self) -> f32 {
        let too_soft_or_harsh = self.sharpness_ratio.ln().abs();
        let visible_seam = self.seam_ratio.ln().max(0.0);
        (-(too_soft_or_harsh + visible_seam + 2.0 * self.texture_distance)).exp()
    }

    /// The weighted mean of several scores; that of a perfect fill for none.
    pub fn mean(parts: &[(Self, f32)]) -> Self {
        let total: f32 = parts.iter().map(|(_, weight)| weight).sum();
        if total <= 0.0 {
            return Self {
                sharpness_ratio: 1.0,
                texture_ratio: 1.0,
                seam_ratio: 1.0,
                texture_distance: 0.0,
            };
        }
        let mean = |of: fn(&Self) -> f32| {
            let weighted = parts.iter().map(|(score, weight)| of(score) * weight);
            weighted.sum::<f32>() / total
        };
        Self {
            sharpness_ratio: mean(|score| score.sharpness_ratio),
            texture_ratio: mean(|score| score.texture_ratio),
            seam_ratio: mean(|score| score.seam_ratio),
            texture_distance: mean(|score| score.texture_distance),
        }
    }

    /// Whether the fill can stay as it is.
    pub fn is_alike(&self) -> bool {
        (0.6..1.7).contains(&self.sharpness_ratio) && self.seam_ratio < 1.5 && self.texture_distance < 0.15
    }
}

/// Measures the fill of `hole` in `rgb` (interleaved, `width` pixels wide).
pub fn score(rgb: &[f32], hole: &[bool], width: usize) -> Score {
    let Ok(score) = score_unless(rgb, hole, width, &|| Ok::<_, Infallible>(()));
    score
}

/// The same, unless `checkpoint` says otherwise: it is asked for every row.
pub(in crate::inpaint) fn score_unless<E: Send>(
    rgb: &[f32],
    hole: &[bool],
    width: usize,
    checkpoint: &(impl Fn() -> Result<(), E> + Sync),
) -> Result<Score, E> {
    let height = hole.len() / width.max(1);
    let inside = depths(hole, width, height);
    checkpoint()?;
    let outside = depths(&hole.iter().map(|hole| !hole).collect::<Vec<_>>(), width, height);
    checkpoint()?;
    let ring = ring_width(&inside);
    let grey = |at: usize| (rgb[3 * at] + 2.0 * rgb[3 * at + 1] + rgb[3 * at + 2]) / 4.0;
    let row = |y: usize| {
        let mut found = Sums::default();
        for x in 0..width {
            let here = y * width + x;
            let neighbours = [
                (x + 1 < width).then_some(here + 1),
                (y + 1 < height).then_some(here + width),
            ];
            for there in neighbours.into_iter().flatten() {
                let difference = grey(there) - grey(here);
                match (hole[here], hole[there]) {
                    (true, true) => {
                        found.fill.add(difference * difference);
                        found.histogram_of_fill.add(difference);
                    }
                    (false, false) if outside[here] <= ring => {
                        found.around.add(difference * difference);
                        found.histogram_of_ring.add(difference);
                    }
                    (false, false) => {}
                    _ => found.across.add(difference.abs()),
                }
                if hole[here] == hole[there] && inside[here] <= 4 && outside[here] <= 4 {
                    found.beside.add(difference.abs());
                }
            }
        }
        checkpoint()?;
        Ok(found)
    };
    // Rows are summed in their order: the same score for any number of threads.
    let rows: Result<Vec<Sums>, E> = (0..height).into_par_iter().map(row).collect();
    let mut sums = Sums::default();
    rows?.iter().for_each(|row| sums.add(row));
    Ok(Score {
        sharpness_ratio: sums.fill.over(&sums.around, UNSEEN),
        texture_ratio: sums.histogram_of_fill.median_over(&sums.histogram_of_ring),
        seam_ratio: sums.across.over(&sums.beside, 0.0),
        texture_distance: sums.histogram_of_fill.distance(&sums.histogram_of_ring),
    })
}

/// How far around a hole its surroundings reach, in pixels, by the depths in it: half as far as it is deep, within limits.
pub(super) fn ring_width(depths: &[u16]) -> u16 {
    (depths.iter().max().copied().unwrap_or(0) / 2).clamp(8, 128)
}

/// What is counted over a picture, or a row of it.
#[derive(Debug, Default)]
struct Sums {
    fill: Mean,
    around: Mean,
    across: Mean,
    beside: Mean,
    histogram_of_fill: Histogram,
    histogram_of_ring: Histogram,
}

impl Sums {
    fn add(&mut self, other: &Self) {
        for (mean, more) in [
            (&mut self.fill, &other.fill),
            (&mut self.around, &other.around),
            (&mut self.across, &other.across),
            (&mut self.beside, &other.beside),
        ] {
            mean.sum += more.sum;
            mean.count += more.count;
        }
        for (histogram, more) in [
            (&mut self.histogram_of_fill, &other.histogram_of_fill),
            (&mut self.histogram_of_ring, &other.histogram_of_ring),
        ] {
            histogram
                .0
                .iter_mut()
                .zip(more.0)
                .for_each(|(count, more)| *count += more);
        }
    }
}

#[derive(Debug, Default)]
struct Mean {
    sum: f64,
    count: u64,
}

impl Mean {
    fn add(&mut self, value: f32) {
        self.sum += f64::from(value);
        self.count += 1;
    }

    /// The quotient of two means, `floor` added to both; 1 where there is nothing to compare.
    fn over(&self, other: &Self, floor: f64) -> f32 {
        let mean = |of: &Self| of.sum / of.count as f64 + floor;
        if self.count == 0 || other.count == 0 || mean(other) <= 0.0 {
            return 1.0;
        }
        (mean(self) / mean(other)) as f32
    }
}

/// Counts of gradients in quarters of a step of 8 bits; the last is of all that are larger.
#[derive(Debug)]
struct Histogram([u32; QUARTERS]);

/// Up to 64 steps.
const QUARTERS: usize = 257;
/// Counts by the binary logarithm.
const OCTAVES: usize = 10;

impl Default for Histogram {
    fn default() -> Self {
        Self([0; QUARTERS])
    }
}

impl Histogram {
    fn add(&mut self, difference: f32) {
        let quarters = (difference.abs() * 255.0 * 4.0) as usize;
        self.0[quarters.min(QUARTERS - 1)] += 1;
    }

    /// Half the sum of absolute differences of the octaves' shares.
    fn distance(&self, other: &Self) -> f32 {
        let (Some(own), Some(other)) = (self.shares(), other.shares()) else {
            return 0.0;
        };
        let differences = own.iter().zip(other).map(|(own, other)| (own - other).abs());
        (differences.sum::<f64>() / 2.0) as f32
    }

    /// The quotient of two medians; 1 where there is nothing to compare.
    fn median_over(&self, other: &Self) -> f32 {
        match (self.median(), other.median()) {
            (Some(own), Some(other)) => ((own + UNSEEN_QUARTERS) / (other + UNSEEN_QUARTERS)) as f32,
            _ => 1.0,
        }
    }

    /// The shares of the octaves, nothing being one of them; `None` if nothing was counted.
    fn shares(&self) -> Option<[f64; OCTAVES]> {
        let total = self.total();
        let mut shares = [0.0; OCTAVES];
        for (quarters, &count) in self.0.iter().enumerate() {
            let octave = (usize::BITS - quarters.leading_zeros()) as usize;
            shares[octave] += f64::from(count) / total as f64;
        }
        (total > 0).then_some(shares)
    }

    fn median(&self) -> Option<f64> {
        let half = self.total().div_ceil(2);
        let mut counted = 0;
        let middle = self.0.iter().position(|&count| {
            counted += u64::from(count);
            counted >= half
        });
        middle.filter(|_| half > 0).map(|quarters| quarters as f64)
    }

    fn total(&self) -> u64 {
        self.0.iter().map(|&count| u64::from(count)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::{Score, score};
    use crate::inpaint::detail::random::Random;

    const SIDE: usize = 96;

    fn noise(x: usize, y: usize) -> f32 {
        0.5 + 0.1 * Random::keyed(3, [x as u64, y as u64, 0, 0]).normal()
    }

    /// The score of a picture of noise whose middle is as `fill` says.
    fn scored(fill: impl Fn(usize, usize) -> f32) -> Score {
        let inside = |x: usize, y: usize| (30..66).contains(&x) && (30..66).contains(&y);
        let places = || (0..SIDE * SIDE).map(|at| (at % SIDE, at / SIDE));
        let hole: Vec<bool> = places().map(|(x, y)| inside(x, y)).collect();
        let rgb: Vec<f32> = places()
            .flat_map(|(x, y)| [if inside(x, y) { fill(x, y) } else { noise(x, y) }; 3])
            .collect();
        score(&rgb, &hole, SIDE)
    }

    #[test]
    fn a_fill_of_the_same_kind_scores_near_one_and_above_every_flaw() {
        let good = scored(|x, y| noise(x + 500, y)).value();
        assert!(good > 0.8, "{good}");
        let flaws = [
            ("soft", scored(|x, y| 0.5 + 0.3 * (noise(x + 500, y) - 0.5))),
            ("harsh", scored(|x, y| 0.5 + 2.0 * (noise(x + 500, y) - 0.5))),
            ("with a seam", scored(|x, y| noise(x + 500, y) + 0.4)),
            ("flat", scored(|_, _| 0.5)),
        ];
        for (flaw, score) in flaws {
            assert!(score.value() < 0.75 * good, "{flaw}: {score:?} against {good}");
        }
    }

    #[test]
    fn noise_that_nobody_sees_is_not_sharpness() {
        let quiet = |strength: f32| {
            let rgb: Vec<f32> = (0..SIDE * SIDE)
                .flat_map(|at| {
                    let (x, y) = (at % SIDE, at / SIDE);
                    let inside = (30..66).contains(&x) && (30..66).contains(&y);
                    let own = if inside { strength } else { 0.1 };
                    [0.5 + own / 255.0 * (noise(x, y) - 0.5) / 0.1; 3]
                })
                .collect();
            let hole: Vec<bool> = (0..SIDE * SIDE)
                .map(|at| (30..66).contains(&(at % SIDE)) && (30..66).contains(&(at / SIDE)))
                .collect();
            score(&rgb, &hole, SIDE).sharpness_ratio
        };
        assert!(
            quiet(0.4) < 1.2,
            "sixteen times nothing is nothing: {}",
            quiet(0.4)
        );
        assert!(quiet(4.0) > 2.0, "what is seen counts: {}", quiet(4.0));
    }

    #[test]
    fn texture_is_measured_whatever_edges_there_are() {
        let soft = scored(|x, y| 0.5 + 0.5 * (noise(x + 500, y) - 0.5));
        assert!((0.4..0.6).contains(&soft.texture_ratio), "{soft:?}");
        let with_bars = scored(|x, y| noise(x + 500, y) + if x % 12 < 2 { 0.4 } else { 0.0 });
        assert!(with_bars.sharpness_ratio > 1.5, "{with_bars:?}");
        assert!((0.9..1.3).contains(&with_bars.texture_ratio), "{with_bars:?}");
    }

    #[test]
    fn the_mean_of_scores_is_weighted() {
        let with = |ratio| Score {
            sharpness_ratio: ratio,
            texture_ratio: 1.0,
            seam_ratio: 1.0,
            texture_distance: 0.0,
        };
        let mean = Score::mean(&[(with(1.0), 3.0), (with(2.0), 1.0)]);
        assert_eq!(mean.sharpness_ratio, 1.25);
        assert_eq!(Score::mean(&[]).value(), 1.0);
    }
}
