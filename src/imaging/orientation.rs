//! The eight ways in which a camera can have been held, and how to turn the pixels upright.

use rayon::prelude::*;

use super::{Pixels, Resolution, Samples};

/// Rows that are turned together, so that a column of the source is read in short runs.
const BAND_ROWS: usize = 16;

/// An EXIF orientation, `1..=8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Orientation(u8);

impl Orientation {
    /// Nothing to turn.
    pub const UPRIGHT: Self = Self(1);

    /// The orientation with this number. `None` outside `1..=8`.
    pub const fn from_exif(value: u16) -> Option<Self> {
        match value {
            1..=8 => Some(Self(value as u8)),
            _ => None,
        }
    }

    /// Whether width and height change places.
    pub const fn swaps_sides(self) -> bool {
        self.0 >= 5
    }

    /// Turns stored pixels upright.
    pub fn apply(self, pixels: Pixels) -> Pixels {
        if self == Self::UPRIGHT {
            return pixels;
        }
        let (width, height, channels) = (pixels.width(), pixels.height(), pixels.channels());
        let samples = match pixels.samples() {
            Samples::U8(samples) => Samples::U8(self.turn_samples(samples, width, height, channels.count())),
            Samples::U16(samples) => {
                Samples::U16(self.turn_samples(samples, width, height, channels.count()))
            }
        };
        let (width, height) = self.turned_size(width, height);
        Pixels::new(width, height, channels, samples).unwrap_or(pixels)
    }

    /// Turns what was stated for stored pixels.
    pub(super) const fn turn_resolution(self, resolution: Resolution) -> Resolution {
        let (x_milli_dpi, y_milli_dpi) = self.turned_size(resolution.x_milli_dpi, resolution.y_milli_dpi);
        Resolution {
            x_milli_dpi,
            y_milli_dpi,
        }
    }

    const fn turned_size(self, width: u32, height: u32) -> (u32, u32) {
        if self.swaps_sides() {
            (height, width)
        } else {
            (width, height)
        }
    }

    fn turn_samples<T>(self, samples: &[T], width: u32, height: u32, per_pixel: usize) -> Vec<T>
    where
        T: Copy + Default + Send + Sync,
    {
        match per_pixel {
            1 => self.turn::<T, 1>(samples, width, height),
            2 => self.turn::<T, 2>(samples, width, height),
            3 => self.turn::<T, 3>(samples, width, height),
            _ => self.turn::<T, 4>(samples, width, height),
        }
    }

    fn turn<T, const N: usize>(self, samples: &[T], width: u32, height: u32) -> Vec<T>
    where
        T: Copy + Default + Send + Sync,
    {
        let (source, _) = samples.as_chunks::<N>();
        let (turned_width, _) = self.turned_size(width, height);
        let turned_width = turned_width as usize;
        let walk = self.walk(width as usize, height as usize);
        let mut turned = vec![T::default(); samples.len()];
        turned
            .par_chunks_mut((BAND_ROWS * turned_width * N).max(1))
            .enumerate()
            .for_each(|(band, out)| {
                let (out, _) = out.as_chunks_mut::<N>();
                let rows = out.len() / turned_width;
                for x in 0..turned_width {
                    for row in 0..rows {
                        out[row * turned_width + x] = source[walk.index(x, band * BAND_ROWS + row)];
                    }
                }
            });
        turned
    }

    /// Where in the stored picture (`width` × `height`) an upright pixel comes from.
    const fn walk(self, width: usize, height: usize) -> Walk {
        let (w, h) = (width as isize, height as isize);
        let (start, per_column, per_row) = match self.0 {
            2 => (w - 1, -1, w),
            3 => (w * h - 1, -1, -w),
            4 => (w * (h - 1), 1, -w),
            5 => (0, w, 1),
            6 => (w * (h - 1), -w, 1),
            7 => (w * h - 1, -w, -1),
            8 => (w - 1, w, -1),
            _ => (0, 1, w),
        };
        Walk {
            start,
            per_column,
            per_row,
        }
    }
}

#[derive(Clone, Copy)]
struct Walk {
    start: isize,
    per_column: isize,
    per_row: isize,
}

impl Walk {
    const fn index(self, x: usize, y: usize) -> usize {
        (self.start + self.per_column * x as isize + self.per_row * y as isize) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::Orientation;
    use crate::imaging::{Channels, Pixels, Samples};

    /// The stored picture is `1 2 3 / 4 5 6`; the upright ones follow from the words of the EXIF standard
    /// (6: "row 0 is the right side, column 0 the top").
    #[test]
    fn every_orientation_turns_as_the_standard_says() {
        let upright: [(u16, u32, [u16; 6]); 8] = [
            (1, 3, [1, 2, 3, 4, 5, 6]),
            (2, 3, [3, 2, 1, 6, 5, 4]),
            (3, 3, [6, 5, 4, 3, 2, 1]),
            (4, 3, [4, 5, 6, 1, 2, 3]),
            (5, 2, [1, 4, 2, 5, 3, 6]),
            (6, 2, [4, 1, 5, 2, 6, 3]),
            (7, 2, [6, 3, 5, 2, 4, 1]),
            (8, 2, [3, 6, 2, 5, 1, 4]),
        ];
        for (number, width, samples) in upright {
            let stored = Pixels::new(3, 2, Channels::Gray, Samples::U16(vec![1, 2, 3, 4, 5, 6])).unwrap();
            let turned = Orientation::from_exif(number).unwrap().apply(stored);
            assert_eq!(turned.width(), width, "width of orientation {number}");
            assert_eq!(
                turned.samples(),
                &Samples::U16(samples.to_vec()),
                "orientation {number}"
            );
        }
    }

    #[test]
    fn the_channels_of_a_pixel_stay_together() {
        let stored = Pixels::new(2, 1, Channels::Rgb, Samples::U8(vec![1, 2, 3, 4, 5, 6])).unwrap();
        let turned = Orientation::from_exif(3).unwrap().apply(stored);
        assert_eq!(turned.samples(), &Samples::U8(vec![4, 5, 6, 1, 2, 3]));
    }
}
