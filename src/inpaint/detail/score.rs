//! How well a fill sits in its photo, as three numbers that need no original.

use super::pyramid::depths;

/// A fill against its surroundings. 1, 1 and 0 are those of a fill that cannot be told from them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// Gradient energy in the fill over that in a ring around it. Below 1: soft.
    pub sharpness_ratio: f32,
    /// Mean gradient across the hole's edge over that just inside and outside. Above 1: a visible seam.
    pub seam_ratio: f32,
    /// Difference of the gradient histograms of fill and ring, 0 (the same) to 1 (nothing in common).
    pub texture_distance: f32,
}

impl Score {
    /// Whether the fill can stay as it is.
    pub fn is_alike(&self) -> bool {
        (0.6..1.7).contains(&self.sharpness_ratio) && self.seam_ratio < 1.5 && self.texture_distance < 0.15
    }
}

/// Measures the fill of `hole` in `rgb` (interleaved, `width` pixels wide).
pub fn score(rgb: &[f32], hole: &[bool], width: usize) -> Score {
    let height = hole.len() / width.max(1);
    let inside = depths(hole, width, height);
    let outside = depths(&hole.iter().map(|hole| !hole).collect::<Vec<_>>(), width, height);
    let ring = (inside.iter().max().copied().unwrap_or(0) / 2).clamp(8, 128);
    let mut fill = Mean::default();
    let mut around = Mean::default();
    let (mut histogram_of_fill, mut histogram_of_ring) = (Histogram::default(), Histogram::default());
    let mut across = Mean::default();
    let mut beside = Mean::default();
    let grey = |at: usize| (rgb[3 * at] + 2.0 * rgb[3 * at + 1] + rgb[3 * at + 2]) / 4.0;
    for y in 0..height {
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
                        fill.add(difference * difference);
                        histogram_of_fill.add(difference);
                    }
                    (false, false) if outside[here] <= ring => {
                        around.add(difference * difference);
                        histogram_of_ring.add(difference);
                    }
                    (false, false) => {}
                    _ => across.add(difference.abs()),
                }
                if hole[here] == hole[there] && inside[here] <= 4 && outside[here] <= 4 {
                    beside.add(difference.abs());
                }
            }
        }
    }
    Score {
        sharpness_ratio: fill.over(&around),
        seam_ratio: across.over(&beside),
        texture_distance: histogram_of_fill.distance(&histogram_of_ring),
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

    /// The quotient of two means; 1 where there is nothing to compare.
    fn over(&self, other: &Self) -> f32 {
        if self.count == 0 || other.count == 0 || other.sum <= 0.0 {
            return 1.0;
        }
        ((self.sum / self.count as f64) / (other.sum / other.count as f64)) as f32
    }
}

/// Counts of gradients by their binary logarithm, from a quarter of an 8-bit step upwards.
#[derive(Debug, Default)]
struct Histogram([u64; 10]);

impl Histogram {
    fn add(&mut self, difference: f32) {
        let quarters = (difference.abs() * 255.0 * 4.0) as u32;
        let bin = (u32::BITS - quarters.leading_zeros()) as usize;
        self.0[bin.min(9)] += 1;
    }

    /// Half the sum of absolute differences of the shares.
    fn distance(&self, other: &Self) -> f32 {
        let (total, other_total) = (self.0.iter().sum::<u64>(), other.0.iter().sum::<u64>());
        if total == 0 || other_total == 0 {
            return 0.0;
        }
        let share = |count: u64, total: u64| count as f64 / total as f64;
        let shares = self
            .0
            .iter()
            .zip(other.0)
            .map(|(a, b)| (share(*a, total) - share(b, other_total)).abs());
        (shares.sum::<f64>() / 2.0) as f32
    }
}
