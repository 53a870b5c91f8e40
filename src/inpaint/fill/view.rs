//! What the network sees of a crop: f32 RGB, scaled down, holes marked.
//!
//! Scaling down takes the mean of the valid photo pixels of each cell only, so that no colour of a hole bleeds
//! into its surroundings, and a cell with any hole in it is a hole itself.

use rayon::prelude::*;

use super::ensemble::Look;
use crate::{
    imaging::{HOLE_THRESHOLD, Rect, Samples},
    inpaint::source::Source,
    progress::Cancelled,
};

/// Rows of the network's picture that are made between two chances to cancel.
const ROWS_PER_STEP: usize = 32;

/// A picture as the network takes it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct View {
    /// Columns, padding included.
    pub(super) width: usize,
    /// Rows, padding included.
    pub(super) height: usize,
    /// RGB interleaved, 0 to 1 in the photo's encoding.
    pub(super) rgb: Vec<f32>,
    /// 1 where valid, 0 where a hole or padding.
    pub(super) valid: Vec<u8>,
}

impl View {
    /// Sees `rect` of the photo, `scale_down` photo pixels per side to one, padded with holes at the right and at
    /// the bottom to sides of a multiple of `side_step`. `checkpoint` is called now and then.
    ///
    /// What is kept out is a hole too, so that nothing of it is continued, unless nothing else is left.
    pub(super) fn of(
        source: &Source<'_>,
        rect: Rect,
        scale_down: u32,
        side_step: u32,
        checkpoint: &mut dyn FnMut() -> Result<(), Cancelled>,
    ) -> Result<Self, Cancelled> {
        let mut scene = Scene {
            source,
            rect: source.local(rect),
            scale_down,
            keeps_out: true,
        };
        let view = Self::seen(&scene, side_step, checkpoint)?;
        if source.has_keep_out() && !view.valid.contains(&1) {
            scene.keeps_out = false;
            return Self::seen(&scene, side_step, checkpoint);
        }
        Ok(view)
    }

    fn seen(
        scene: &Scene<'_>,
        side_step: u32,
        checkpoint: &mut dyn FnMut() -> Result<(), Cancelled>,
    ) -> Result<Self, Cancelled> {
        let (width, height) = scene.rect.size_scaled_down(scene.scale_down);
        let width = width.next_multiple_of(side_step) as usize;
        let height = height.next_multiple_of(side_step) as usize;
        let mut rgb = vec![0.0; width * height * 3];
        let mut cells = vec![Cell::Hole; width * height];
        let bands = rgb
            .chunks_mut(ROWS_PER_STEP * width * 3)
            .zip(cells.chunks_mut(ROWS_PER_STEP * width));
        for (band, (rgb, cells)) in bands.enumerate() {
            rgb.par_chunks_mut(width * 3)
                .zip(cells.par_chunks_mut(width))
                .enumerate()
                .for_each(|(row, (rgb, cells))| {
                    let row = (band * ROWS_PER_STEP + row) as u32;
                    match scene.source.pixels.samples() {
                        Samples::U8(samples) => scene.scale_row(samples, 255.0, row, rgb, cells),
                        Samples::U16(samples) => scene.scale_row(samples, 65535.0, row, rgb, cells),
                    }
                });
            checkpoint()?;
        }
        Ok(Self {
            width,
            height,
            rgb,
            valid: valid_cells(&cells),
        })
    }
}

/// What is looked at, and how closely.
struct Scene<'a> {
    source: &'a Source<'a>,
    /// Within the source's pixels.
    rect: Rect,
    scale_down: u32,
    /// Whether what is kept out is a hole.
    keeps_out: bool,
}

impl Scene<'_> {
    /// One row of cells: the mean of what is valid in each, and what each is. `full` is the sample of white.
    fn scale_row<T: Copy + Into<f32>>(
        &self,
        samples: &[T],
        full: f32,
        row: u32,
        rgb: &mut [f32],
        cells: &mut [Cell],
    ) {
        let Self {
            source,
            rect,
            scale_down,
            ..
        } = *self;
        let top = (rect.y + row * scale_down).min(rect.bottom());
        let bottom = (top + scale_down).min(rect.bottom());
        let channels = source.pixels.channels();
        for (column, (pixel, cell)) in rgb.as_chunks_mut::<3>().0.iter_mut().zip(cells).enumerate() {
            let left = (rect.x + column as u32 * scale_down).min(rect.right());
            let right = (left + scale_down).min(rect.right());
            let (mut sums, mut valid) = ([0.0f32; 3], 0u32);
            for y in top..bottom {
                let start = y as usize * source.pixels.width() as usize;
                let kept_out = source.keep_out_row(y).filter(|_| self.keeps_out);
                for x in left as usize..right as usize {
                    let at = start + x;
                    if source.mask.coverage()[at] >= HOLE_THRESHOLD
                        || kept_out.is_some_and(|row| row[x] >= HOLE_THRESHOLD)
                    {
                        continue;
                    }
                    valid += 1;
                    for (channel, sum) in sums.iter_mut().enumerate() {
                        let color = channel.min(channels.color_count() - 1);
                        *sum += samples[at * channels.count() + color].into();
                    }
                }
            }
            *cell = match valid {
                0 => Cell::Hole,
                all if all == (right - left) * (bottom - top) => Cell::Valid,
                _ => Cell::Mixed,
            };
            if valid > 0 {
                *pixel = sums.map(|sum| sum / (valid as f32 * full));
            }
        }
    }
}

/// Exchanges the sides that `look` says.
pub(super) fn flip<T>(values: &mut [T], width: usize, look: Look) {
    match look {
        Look {
            is_mirrored: false,
            is_upside_down: false,
        } => {}
        Look {
            is_mirrored: true,
            is_upside_down: false,
        } => {
            values.chunks_exact_mut(width).for_each(<[T]>::reverse);
        }
        Look {
            is_mirrored: true,
            is_upside_down: true,
        } => values.reverse(),
        Look {
            is_mirrored: false,
            is_upside_down: true,
        } => {
            values.reverse();
            values.chunks_exact_mut(width).for_each(<[T]>::reverse);
        }
    }
}

/// What the photo pixels under a pixel of the network's picture are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cell {
    Hole,
    Mixed,
    Valid,
}

/// Only all-valid cells count, unless holes are so dense that there is none: then those with any valid pixel must do.
fn valid_cells(cells: &[Cell]) -> Vec<u8> {
    let least = if cells.contains(&Cell::Valid) {
        Cell::Valid
    } else {
        Cell::Mixed
    };
    cells.iter().map(|cell| u8::from(*cell == least)).collect()
}

#[cfg(test)]
mod tests {
    use super::View;
    use crate::{
        imaging::{Channels, Mask, Patch, Pixels, Rect, Samples},
        inpaint::source::Source,
    };

    fn view(pixels: &Pixels, mask: &Mask, scale_down: u32) -> View {
        View::of(
            &Source::new(pixels, mask, Rect::default(), &[]),
            pixels.bounds(),
            scale_down,
            1,
            &mut || Ok(()),
        )
        .unwrap()
    }

    fn gray(width: u32, height: u32, samples: &[u8]) -> Pixels {
        Pixels::new(width, height, Channels::Gray, Samples::U8(samples.to_vec())).unwrap()
    }

    #[test]
    fn a_scaled_pixel_with_any_hole_in_it_is_a_hole() {
        let photo = gray(4, 2, &[10; 8]);
        let mask = Mask::new(4, 2, vec![0, 0, 0, 0, 0, 255, 0, 0]).unwrap();
        assert_eq!(view(&photo, &mask, 2).valid, [0, 1]);
    }

    #[test]
    fn colours_of_holes_do_not_bleed_into_the_mean() {
        let photo = gray(4, 1, &[51, 255, 102, 102]);
        let mask = Mask::new(4, 1, vec![0, 255, 0, 0]).unwrap();
        let view = view(&photo, &mask, 2);
        assert!((view.rgb[0] - 0.2).abs() < 1e-6, "{:?}", view.rgb);
        assert!((view.rgb[3] - 0.4).abs() < 1e-6, "{:?}", view.rgb);
    }

    #[test]
    fn where_no_scaled_pixel_is_free_of_holes_the_partly_valid_ones_count() {
        let photo = gray(4, 1, &[51; 4]);
        let mask = Mask::new(4, 1, vec![0, 255, 255, 255]).unwrap();
        assert_eq!(view(&photo, &mask, 2).valid, [1, 0]);
    }

    #[test]
    fn padding_is_a_hole() {
        let photo = gray(3, 1, &[9; 3]);
        let mask = Mask::empty(3, 1);
        let view = View::of(
            &Source::new(&photo, &mask, Rect::default(), &[]),
            photo.bounds(),
            1,
            4,
            &mut || Ok(()),
        )
        .unwrap();
        assert_eq!((view.width, view.height), (4, 4));
        assert_eq!(view.valid.iter().map(|&v| u32::from(v)).sum::<u32>(), 3);
        assert_eq!(view.valid[..4], [1, 1, 1, 0]);
    }

    #[test]
    fn what_an_earlier_crop_filled_is_valid_and_has_its_colour() {
        let photo = gray(4, 1, &[0; 4]);
        let mask = Mask::new(4, 1, vec![0, 255, 255, 0]).unwrap();
        let patch = Patch::new(Rect::new(0, 0, 2, 1), gray(2, 1, &[7, 255]), vec![0, 255]).unwrap();
        let rect = Rect::new(1, 0, 3, 1);
        let source = Source::new(&photo, &mask, rect, &[&patch]);
        let view = View::of(&source, rect, 1, 1, &mut || Ok(())).unwrap();
        assert_eq!(view.valid, [1, 0, 1]);
        assert_eq!(view.rgb[0], 1.0);
    }

    #[test]
    fn sixteen_bit_and_eight_bit_white_are_the_same() {
        let white = Pixels::new(1, 1, Channels::Rgba, Samples::U16(vec![65535, 65535, 65535, 0])).unwrap();
        assert_eq!(view(&white, &Mask::empty(1, 1), 1).rgb, [1.0; 3]);
    }
}
