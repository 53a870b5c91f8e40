//! Between samples of any depth and layout, and the interleaved RGB of `0.0..=1.0` that a fill works on.
//!
//! The values stay as encoded in the photo: no gamma is undone and no profile applied.

use rayon::prelude::*;

use super::{Channels, Pixels, Rect, Samples};

impl Pixels {
    /// The pixels of `rect` (inside the picture) as RGB in `0.0..=1.0`, interleaved; grey three times.
    pub fn rgb(&self, rect: Rect) -> Vec<f32> {
        debug_assert!(
            self.bounds().contains_rect(&rect),
            "{rect:?} leaves {:?}",
            self.bounds()
        );
        let mut rgb = vec![0.0; rect.area() as usize * 3];
        if rect.is_empty() {
            return rgb;
        }
        match self.samples() {
            Samples::U8(samples) => self.read_rows(samples, rect, &mut rgb),
            Samples::U16(samples) => self.read_rows(samples, rect, &mut rgb),
        }
        rgb
    }

    fn read_rows<T: Sample>(&self, samples: &[T], rect: Rect, rgb: &mut [f32]) {
        let per_pixel = self.channels().count();
        let is_gray = self.channels().color_count() == 1;
        rgb.par_chunks_exact_mut(rect.width as usize * 3)
            .enumerate()
            .for_each(|(row, out)| {
                let from = self.row_range(rect, row);
                for (color, pixel) in out.chunks_exact_mut(3).zip(samples[from].chunks_exact(per_pixel)) {
                    let [red, green, blue] = if is_gray {
                        [pixel[0]; 3]
                    } else {
                        [pixel[0], pixel[1], pixel[2]]
                    };
                    color.copy_from_slice(&[red.to_unit(), green.to_unit(), blue.to_unit()]);
                }
            });
    }

    /// Writes RGB in `0.0..=1.0` into `rect`, rounded to the nearest sample; grey takes the mean of the three.
    ///
    /// `rgb` must hold three values per pixel of `rect`, which must lie inside the picture. Alpha stays.
    pub fn set_rgb(&mut self, rect: Rect, rgb: &[f32]) {
        let fits = self.bounds().contains_rect(&rect) && rgb.len() as u64 == rect.area() * 3;
        debug_assert!(fits, "{} values for {rect:?} of {:?}", rgb.len(), self.bounds());
        if !fits || rect.is_empty() {
            return;
        }
        let (width, channels) = (self.width() as usize, self.channels());
        match self.samples_mut() {
            Samples::U8(samples) => write_rows(rgb, samples, width, channels, rect),
            Samples::U16(samples) => write_rows(rgb, samples, width, channels, rect),
        }
    }

    /// The samples of one row of `rect`.
    fn row_range(&self, rect: Rect, row: usize) -> std::ops::Range<usize> {
        let per_pixel = self.channels().count();
        let start = ((rect.y as usize + row) * self.width() as usize + rect.x as usize) * per_pixel;
        start..start + rect.width as usize * per_pixel
    }
}

fn write_rows<T: Sample>(rgb: &[f32], samples: &mut [T], width: usize, channels: Channels, rect: Rect) {
    let per_pixel = channels.count();
    let is_gray = channels.color_count() == 1;
    let inside = rect.x as usize * per_pixel..rect.right() as usize * per_pixel;
    let rows = rect.y as usize * width * per_pixel..rect.bottom() as usize * width * per_pixel;
    samples[rows]
        .par_chunks_exact_mut(width * per_pixel)
        .zip(rgb.par_chunks_exact(rect.width as usize * 3))
        .for_each(|(row, from)| write_row(from, &mut row[inside.clone()], per_pixel, is_gray));
}

fn write_row<T: Sample>(rgb: &[f32], samples: &mut [T], per_pixel: usize, is_gray: bool) {
    for (color, pixel) in rgb.chunks_exact(3).zip(samples.chunks_exact_mut(per_pixel)) {
        if is_gray {
            pixel[0] = T::from_unit((color[0] + color[1] + color[2]) / 3.0);
        } else {
            for (sample, &value) in pixel.iter_mut().zip(color) {
                *sample = T::from_unit(value);
            }
        }
    }
}

trait Sample: Copy + Send + Sync {
    fn to_unit(self) -> f32;
    /// Not a number becomes 0.
    fn from_unit(value: f32) -> Self;
}

impl Sample for u8 {
    fn to_unit(self) -> f32 {
        f32::from(self) / 255.0
    }

    fn from_unit(value: f32) -> Self {
        (value * 255.0).round() as Self
    }
}

impl Sample for u16 {
    fn to_unit(self) -> f32 {
        f32::from(self) / 65_535.0
    }

    fn from_unit(value: f32) -> Self {
        (value * 65_535.0).round() as Self
    }
}

#[cfg(test)]
mod tests {
    use crate::imaging::{Channels, Pixels, Rect, Samples};

    #[test]
    fn every_sample_survives_the_way_through_rgb() {
        let all_16: Vec<u16> = (0..=u16::MAX).collect();
        let all_8: Vec<u8> = (0..=u8::MAX).collect();
        for channels in [Channels::Gray, Channels::GrayAlpha, Channels::Rgba] {
            let count = channels.count() as u32;
            for (width, samples) in [
                (256 / count, Samples::U8(all_8.clone())),
                (65_536 / count, Samples::U16(all_16.clone())),
            ] {
                let pixels = Pixels::new(width, 1, channels, samples).unwrap();
                let mut copy = pixels.clone();
                copy.set_rgb(pixels.bounds(), &pixels.rgb(pixels.bounds()));
                assert_eq!(copy, pixels, "{channels:?}");
            }
        }
    }

    #[test]
    fn only_the_rectangle_is_written() {
        let mut pixels = Pixels::new(3, 3, Channels::GrayAlpha, Samples::U8((0..18).collect())).unwrap();
        pixels.set_rgb(Rect::new(1, 1, 2, 2), &[1.0; 12]);
        let expected = [0, 1, 2, 3, 4, 5, 6, 7, 255, 9, 255, 11, 12, 13, 255, 15, 255, 17];
        assert_eq!(pixels.samples(), &Samples::U8(expected.to_vec()));
    }

    #[test]
    fn grey_takes_the_mean_and_values_are_clamped() {
        let mut pixels = Pixels::new(2, 1, Channels::GrayAlpha, Samples::U8(vec![1, 7, 1, 8])).unwrap();
        pixels.set_rgb(pixels.bounds(), &[0.0, 0.5, 1.0, 9.0, 9.0, 9.0]);
        assert_eq!(pixels.samples(), &Samples::U8(vec![128, 7, 255, 8]));
    }
}
