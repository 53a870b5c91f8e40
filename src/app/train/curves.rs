//! The loss curves: what a run has told so far, kept small enough that a week of it draws as fast as a minute.
//!
//! A `Series` holds at most [`MOST_POINTS`] points. When it is full, neighbours are averaged in pairs and each
//! point stands for twice as many from then on; nothing is thrown away, only drawn more coarsely. [`smoothed`] and
//! [`thinned`] make of it what is drawn.

use crate::train::LossValues;

/// Points that a series keeps.
pub const MOST_POINTS: usize = 8192;

/// A term of the loss, as a curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Term {
    /// The weighted sum.
    Total,
    /// L1 at valid pixels.
    Valid,
    /// L1 in holes.
    Hole,
    /// Features.
    Perceptual,
    /// Correlations of features.
    Style,
    /// Total variation.
    Variation,
}

impl Term {
    /// All of them, the most telling first.
    pub const ALL: [Self; 6] = [
        Self::Total,
        Self::Hole,
        Self::Valid,
        Self::Perceptual,
        Self::Style,
        Self::Variation,
    ];

    /// As the legend names it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Total => "Total",
            Self::Valid => "Valid",
            Self::Hole => "Hole",
            Self::Perceptual => "Perceptual",
            Self::Style => "Style",
            Self::Variation => "Variation",
        }
    }

    /// One sentence more.
    pub const fn tooltip(self) -> &'static str {
        match self {
            Self::Total => "The weighted sum of all terms: what training makes smaller",
            Self::Valid => "How far the network is off outside the holes",
            Self::Hole => "How far the network is off inside the holes",
            Self::Perceptual => "How different fill and photo look to a network that knows pictures",
            Self::Style => "How different their textures are",
            Self::Variation => "How rough the fill is along the edges of the holes",
        }
    }

    /// Its value.
    const fn of(self, loss: &LossValues) -> f64 {
        match self {
            Self::Total => loss.total,
            Self::Valid => loss.valid,
            Self::Hole => loss.hole,
            Self::Perceptual => loss.perceptual,
            Self::Style => loss.style,
            Self::Variation => loss.tv,
        }
    }
}

/// All terms of one run.
#[derive(Debug, Clone, Default)]
pub struct Curves {
    terms: [Series; Term::ALL.len()],
}

impl Curves {
    /// Adds the losses at a step. Values that are no number are left out.
    pub fn push(&mut self, step: u64, loss: &LossValues) {
        for (series, term) in self.terms.iter_mut().zip(Term::ALL) {
            series.push(step as f64, term.of(loss));
        }
    }

    /// Forgets what came after a step.
    pub fn truncate(&mut self, step: u64) {
        for series in &mut self.terms {
            series.points.retain(|point| point[0] <= step as f64);
            series.waiting = Default::default();
        }
    }

    /// One term, as step and value, oldest first.
    pub fn points(&self, term: Term) -> &[[f64; 2]] {
        let place = Term::ALL.iter().position(|other| *other == term).unwrap_or(0);
        &self.terms[place].points
    }

    /// Whether there is nothing to draw yet.
    pub fn is_empty(&self) -> bool {
        self.terms[0].points.is_empty()
    }
}

/// Values over steps, averaged where there are too many.
#[derive(Debug, Clone)]
struct Series {
    points: Vec<[f64; 2]>,
    /// Values that a point stands for.
    per_point: u32,
    /// Sum of those that are waiting to become a point, and how many there are.
    waiting: ([f64; 2], u32),
}

impl Default for Series {
    fn default() -> Self {
        Self {
            points: Vec::new(),
            per_point: 1,
            waiting: ([0.0; 2], 0),
        }
    }
}

impl Series {
    fn push(&mut self, step: f64, value: f64) {
        if !value.is_finite() {
            return;
        }
        let ([steps, values], count) = self.waiting;
        self.waiting = ([steps + step, values + value], count + 1);
        if self.waiting.1 < self.per_point {
            return;
        }
        let ([steps, values], count) = std::mem::take(&mut self.waiting);
        let count = f64::from(count);
        self.points.push([steps / count, values / count]);
        if self.points.len() >= MOST_POINTS {
            self.halve();
        }
    }

    /// Averages neighbours in pairs.
    fn halve(&mut self) {
        let (pairs, _) = self.points.as_chunks::<2>();
        let halved = pairs
            .iter()
            .map(|[a, b]| [f64::midpoint(a[0], b[0]), f64::midpoint(a[1], b[1])]);
        self.points = halved.collect();
        self.per_point *= 2;
    }
}

/// A running mean that forgets: `amount` from 0 (the values themselves) to below 1 (nearly flat).
///
/// The first values are weighted so that the mean does not begin at zero.
pub fn smoothed(points: &[[f64; 2]], amount: f64) -> Vec<[f64; 2]> {
    let amount = amount.clamp(0.0, 0.999);
    let (mut mean, mut weight) = (0.0, 0.0);
    let smooth = points.iter().map(|&[step, value]| {
        mean = amount * mean + (1.0 - amount) * value;
        weight = amount * weight + (1.0 - amount);
        [step, mean / weight]
    });
    smooth.collect()
}

/// The least and the greatest of each of `columns` equal parts of the steps, in order: draws like all of them.
pub fn thinned(points: &[[f64; 2]], columns: usize) -> Vec<[f64; 2]> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return Vec::new();
    };
    let (start, width) = (first[0], (last[0] - first[0]) / columns.max(1) as f64);
    if points.len() <= 2 * columns || width <= 0.0 {
        return points.to_vec();
    }
    let column = |point: &[f64; 2]| ((point[0] - start) / width) as usize;
    let mut thin = Vec::with_capacity(2 * columns + 2);
    for part in points.chunk_by(|a, b| column(a) == column(b)) {
        let least = part.iter().min_by(|a, b| a[1].total_cmp(&b[1]));
        let greatest = part.iter().max_by(|a, b| a[1].total_cmp(&b[1]));
        if let (Some(least), Some(greatest)) = (least, greatest) {
            let (early, late) = if least[0] <= greatest[0] {
                (least, greatest)
            } else {
                (greatest, least)
            };
            thin.push(*early);
            if early[0] < late[0] {
                thin.push(*late);
            }
        }
    }
    thin
}

#[cfg(test)]
mod tests {
    use super::{Curves, MOST_POINTS, Term, smoothed, thinned};
    use crate::train::LossValues;

    fn loss(total: f64) -> LossValues {
        LossValues {
            total,
            ..LossValues::default()
        }
    }

    #[test]
    fn a_day_of_steps_stays_small_and_keeps_its_mean_and_its_span() {
        let mut curves = Curves::default();
        let steps = 300_000;
        for step in 1..=steps {
            curves.push(step, &loss(if step % 2 == 0 { 1.0 } else { 3.0 }));
        }
        let points = curves.points(Term::Total);
        assert!(points.len() < MOST_POINTS, "{}", points.len());
        assert!(points.len() > MOST_POINTS / 4, "{}", points.len());
        assert!(
            points.iter().all(|point| (point[1] - 2.0).abs() < 1e-9),
            "the mean"
        );
        let ends = (points[0][0], points[points.len() - 1][0]);
        assert!(ends.0 < 100.0 && ends.1 > steps as f64 - 200.0, "{ends:?}");
    }

    #[test]
    fn a_loss_that_is_no_number_leaves_a_gap_and_no_damage() {
        let mut curves = Curves::default();
        curves.push(1, &loss(2.0));
        curves.push(2, &loss(f64::NAN));
        curves.push(3, &loss(1.0));
        assert_eq!(curves.points(Term::Total), [[1.0, 2.0], [3.0, 1.0]]);
    }

    #[test]
    fn smoothing_keeps_a_flat_curve_flat_from_its_first_point() {
        let flat: Vec<_> = (0..50).map(|step| [f64::from(step), 4.0]).collect();
        for amount in [0.0, 0.6, 0.99] {
            let smooth = smoothed(&flat, amount);
            assert!(
                smooth.iter().all(|point| (point[1] - 4.0).abs() < 1e-9),
                "{amount}"
            );
        }
        let steps = [[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]];
        assert_eq!(smoothed(&steps, 0.0), steps);
    }

    #[test]
    fn thinning_keeps_every_peak() {
        let mut points: Vec<_> = (0..10_000).map(|step| [f64::from(step), 1.0]).collect();
        points[7_003][1] = 9.0;
        points[1_234][1] = -5.0;
        let thin = thinned(&points, 200);
        assert!(thin.len() <= 402, "{}", thin.len());
        assert!(
            thin.contains(&[7_003.0, 9.0]) && thin.contains(&[1_234.0, -5.0]),
            "peaks"
        );
        assert!(thin.is_sorted_by(|a, b| a[0] <= b[0]), "in order");
    }
}
