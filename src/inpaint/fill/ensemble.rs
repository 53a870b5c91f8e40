//! The network's answer as a mean over several ways to look at the same crop.
//!
//! A network answers differently when left and right, or top and bottom, are exchanged, though the photo is the same:
//! what differs is error, and averages out (self-ensemble, Timofte et al., CVPR 2016, section 3.5). The grid that
//! upsampling leaves goes first. At half and at a quarter of the scale the same hole is so much narrower that its middle
//! is nearer to what the network has seen in training; [`scales`](super::scales) joins their answers.

use super::view::{View, flip};

/// Which sides are exchanged on the way to the network and back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Look {
    /// Left and right.
    pub(super) is_mirrored: bool,
    /// Top and bottom.
    pub(super) is_upside_down: bool,
}

impl Look {
    const PLAIN: [Self; 1] = [Self::of(false, false)];
    const MIRRORED: [Self; 1] = [Self::of(true, false)];
    const ALL: [Self; 4] = [
        Self::of(false, false),
        Self::of(true, false),
        Self::of(false, true),
        Self::of(true, true),
    ];

    const fn of(is_mirrored: bool, is_upside_down: bool) -> Self {
        Self {
            is_mirrored,
            is_upside_down,
        }
    }
}

/// How often and how the network looks at a crop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::inpaint) enum Looks {
    /// Once, as it is.
    Plain,
    /// Once, mirrored.
    Mirrored,
    /// All ways, at up to three scales.
    Ensemble,
}

impl Looks {
    pub(super) const fn at_each_scale(self) -> &'static [Look] {
        match self {
            Self::Plain => &Look::PLAIN,
            Self::Mirrored => &Look::MIRRORED,
            Self::Ensemble => &Look::ALL,
        }
    }

    /// What it costs, in runs of the network at full scale; one at half the scale is a quarter of it.
    pub(in crate::inpaint) const fn runs(self) -> u64 {
        match self {
            Self::Plain | Self::Mirrored => 1,
            Self::Ensemble => 5,
        }
    }

    /// How many times coarser than planned a crop is looked at besides, each twice as coarse as the one before.
    ///
    /// Only where the longer of the sides that the network then sees is at least `MIN_SIDE`.
    pub(super) const fn coarser_scales(self, network_side: usize) -> &'static [u32] {
        match self {
            Self::Ensemble if network_side >= 4 * MIN_SIDE => &[2, 4],
            Self::Ensemble if network_side >= 2 * MIN_SIDE => &[2],
            _ => &[],
        }
    }
}

/// Below this side a crop shows too little to be looked at any smaller.
const MIN_SIDE: usize = 128;

/// A mean that is still being added up, pixel by pixel over what is known there.
pub(super) struct Mean {
    sums: Vec<f32>,
    counts: Vec<u8>,
    width: usize,
}

impl Mean {
    /// Nothing yet, for pictures of this many pixels.
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self {
            sums: vec![0.0; width * height * 3],
            counts: vec![0; width * height],
            width,
        }
    }

    /// Adds what the network made of a picture that it saw in `look`.
    pub(super) fn add(&mut self, mut rgb: Vec<f32>, mut still_hole: Vec<bool>, look: Look) {
        flip(rgb.as_chunks_mut::<3>().0, self.width, look);
        flip(&mut still_hole, self.width, look);
        let pixels = self
            .sums
            .as_chunks_mut::<3>()
            .0
            .iter_mut()
            .zip(rgb.as_chunks::<3>().0);
        for (((sum, value), count), still_hole) in pixels.zip(&mut self.counts).zip(still_hole) {
            if !still_hole {
                sum.iter_mut().zip(value).for_each(|(sum, value)| *sum += value);
                *count += 1;
            }
        }
    }

    /// The mean, and where it is one of anything.
    pub(super) fn finish(mut self) -> (Vec<f32>, Vec<bool>) {
        for (sum, &count) in self.sums.as_chunks_mut::<3>().0.iter_mut().zip(&self.counts) {
            // With a single look the value comes back as it was, bit for bit.
            if count > 1 {
                sum.iter_mut().for_each(|sum| *sum /= f32::from(count));
            }
        }
        (self.sums, self.counts.iter().map(|&count| count > 0).collect())
    }
}

impl View {
    /// The same, seen in another way; padding included.
    pub(super) fn seen_in(&self, look: Look) -> Self {
        let mut view = self.clone();
        flip(view.rgb.as_chunks_mut::<3>().0, view.width, look);
        flip(&mut view.valid, view.width, look);
        view
    }
}

#[cfg(test)]
mod tests {
    use super::{Look, Looks, Mean};

    #[test]
    fn a_mean_counts_only_what_was_seen() {
        let mut mean = Mean::new(2, 1);
        mean.add(
            vec![0.2, 0.2, 0.2, 9.0, 9.0, 9.0],
            vec![false, true],
            Look::default(),
        );
        let mirrored = Looks::Mirrored.at_each_scale()[0];
        mean.add(vec![0.5, 0.5, 0.5, 0.4, 0.4, 0.4], vec![false, false], mirrored);
        let (rgb, known) = mean.finish();
        assert_eq!(known, [true, true]);
        assert!((rgb[0] - 0.3).abs() < 1e-6, "both: {rgb:?}");
        assert!(
            (rgb[3] - 0.5).abs() < 1e-6,
            "the second only, brought back: {rgb:?}"
        );
    }

    #[test]
    fn what_nobody_saw_is_not_known() {
        let mut mean = Mean::new(1, 1);
        mean.add(vec![0.5; 3], vec![true], Look::default());
        assert_eq!(mean.finish(), (vec![0.0; 3], vec![false]));
    }

    #[test]
    fn small_crops_are_not_looked_at_any_smaller() {
        assert_eq!(Looks::Ensemble.coarser_scales(512), [2, 4]);
        assert_eq!(Looks::Ensemble.coarser_scales(511), [2]);
        assert!(Looks::Ensemble.coarser_scales(255).is_empty(), "too small");
        assert!(Looks::Plain.coarser_scales(512).is_empty(), "one look");
    }
}
