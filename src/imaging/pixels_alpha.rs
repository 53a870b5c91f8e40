//! Alpha as a plane of its own, for work that treats it apart from the colours.

use super::{Channels, Pixels, Samples};

impl Pixels {
    /// A picture of zeros, at this bit depth (8 or 16). `None` where it is too large to be counted.
    pub fn zeros(width: u32, height: u32, channels: Channels, bit_depth: u8) -> Option<Self> {
        let pixels = (width as usize).checked_mul(height as usize)?;
        let count = pixels.checked_mul(channels.count())?;
        let samples = if bit_depth == 16 {
            Samples::U16(vec![0; count])
        } else {
            Samples::U8(vec![0; count])
        };
        Self::new(width, height, channels, samples)
    }

    /// Alpha as a grey picture of the same size and depth. `None` where there is none.
    pub fn alpha(&self) -> Option<Self> {
        if !self.channels().has_alpha() {
            return None;
        }
        let per_pixel = self.channels().count();
        let samples = match self.samples() {
            Samples::U8(samples) => Samples::U8(lasts(samples, per_pixel)),
            Samples::U16(samples) => Samples::U16(lasts(samples, per_pixel)),
        };
        Self::new(self.width(), self.height(), Channels::Gray, samples)
    }

    /// Takes alpha from a grey picture of the same size and depth; otherwise, or without alpha, nothing changes.
    pub fn set_alpha(&mut self, alpha: &Self) {
        let fits = self.bounds() == alpha.bounds()
            && alpha.channels() == Channels::Gray
            && self.channels().has_alpha();
        debug_assert!(fits, "alpha of {:?} for {:?}", alpha.bounds(), self.bounds());
        if !fits {
            return;
        }
        let per_pixel = self.channels().count();
        match (self.samples_mut(), alpha.samples()) {
            (Samples::U8(samples), Samples::U8(alpha)) => set_lasts(samples, alpha, per_pixel),
            (Samples::U16(samples), Samples::U16(alpha)) => set_lasts(samples, alpha, per_pixel),
            _ => debug_assert!(false, "the depths differ"),
        }
    }
}

fn lasts<T: Copy>(samples: &[T], per_pixel: usize) -> Vec<T> {
    samples
        .iter()
        .skip(per_pixel - 1)
        .step_by(per_pixel)
        .copied()
        .collect()
}

fn set_lasts<T: Copy>(samples: &mut [T], lasts: &[T], per_pixel: usize) {
    let places = samples.iter_mut().skip(per_pixel - 1).step_by(per_pixel);
    places.zip(lasts).for_each(|(sample, last)| *sample = *last);
}

#[cfg(test)]
mod tests {
    use crate::imaging::{Channels, Pixels, Samples};

    #[test]
    fn alpha_comes_out_and_goes_in_and_colours_stay() {
        let mut pixels = Pixels::new(2, 1, Channels::GrayAlpha, Samples::U16(vec![1, 7, 2, 8])).unwrap();
        let alpha = pixels.alpha().unwrap();
        assert_eq!(alpha.samples(), &Samples::U16(vec![7, 8]));
        let other = Pixels::new(2, 1, Channels::Gray, Samples::U16(vec![5, 6])).unwrap();
        pixels.set_alpha(&other);
        assert_eq!(pixels.samples(), &Samples::U16(vec![1, 5, 2, 6]));
        assert!(other.alpha().is_none(), "grey has no alpha");
    }

    #[test]
    fn zeros_have_the_size_and_depth_that_was_asked_for() {
        let zeros = Pixels::zeros(3, 2, Channels::Rgba, 16).unwrap();
        assert_eq!(zeros.samples(), &Samples::U16(vec![0; 24]));
        assert_eq!(Pixels::zeros(3, 2, Channels::Gray, 8).unwrap().bit_depth(), 8);
    }
}
