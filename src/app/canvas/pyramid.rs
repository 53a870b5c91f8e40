//! A block of the photo at full size and halved again and again: what textures are filled with.
//!
//! Filtering is a box over four pixels of the screen's own encoding, as photo editors do it. Colour is premultiplied
//! with alpha first, so that invisible pixels do not bleed. Runs on the calling thread on purpose: the thread pool
//! may be busy for seconds with a fill, and a frame must not wait for it.

use super::{grid::Block, scene::DisplayColors};
use crate::imaging::{Mask, Pixels, Rect};

/// Level 0 is the block itself; level `k` has sides divided by `2^k`. The buffers are used again and again.
#[derive(Debug, Default)]
pub(super) struct Pyramid {
    levels: Vec<Vec<u8>>,
}

impl Pyramid {
    /// The bytes of a level, row by row.
    pub(super) fn level(&self, level: u32) -> &[u8] {
        &self.levels[level as usize]
    }

    /// Colours of a block: four bytes per pixel. Beyond the photo its edge goes on.
    pub(super) fn fill_colors(
        &mut self,
        block: Block,
        top: u32,
        pixels: &Pixels,
        colors: &dyn DisplayColors,
    ) {
        self.resize(block, top, 4);
        let base = &mut self.levels[0];
        fill_rows(block, (pixels.width(), pixels.height()), 4, base, |row, bytes| {
            colors.fill_rgba(pixels, row, bytes);
            if pixels.channels().has_alpha() {
                premultiply(bytes);
            }
        });
        self.halve(block, halve_colors);
    }

    /// Coverage of a block: one byte per pixel. Beyond the photo its edge goes on.
    pub(super) fn fill_coverage(&mut self, block: Block, top: u32, mask: &Mask) {
        self.resize(block, top, 1);
        let base = &mut self.levels[0];
        fill_rows(block, (mask.width(), mask.height()), 1, base, |row, bytes| {
            bytes.copy_from_slice(coverage_row(mask, row));
        });
        self.halve(block, halve_coverage);
    }

    fn resize(&mut self, block: Block, top: u32, bytes_per_pixel: usize) {
        self.levels.resize_with(top as usize + 1, Vec::new);
        for (level, bytes) in self.levels.iter_mut().enumerate() {
            let pixels = (block.width as usize >> level) * (block.height as usize >> level);
            bytes.resize(pixels * bytes_per_pixel, 0);
        }
    }

    fn halve(&mut self, block: Block, halve: fn(&[u8], usize, &mut [u8])) {
        for level in 1..self.levels.len() {
            let (fine, coarse) = self.levels.split_at_mut(level);
            halve(
                &fine[level - 1],
                block.width as usize >> (level - 1),
                &mut coarse[0],
            );
        }
    }
}

/// A row of the mask.
pub(super) fn coverage_row(mask: &Mask, row: Rect) -> &[u8] {
    let start = row.y as usize * mask.width() as usize + row.x as usize;
    &mask.coverage()[start..start + row.width as usize]
}

/// Fills every row of `block` through `fill`, which is given one row inside the photo, and goes on with the edges.
fn fill_rows(
    block: Block,
    (width, height): (u32, u32),
    bytes_per_pixel: usize,
    bytes: &mut [u8],
    fill: impl Fn(Rect, &mut [u8]),
) {
    let inside = block.within(width, height);
    let left = (inside.x as i32 - block.x) as usize * bytes_per_pixel;
    let right = left + inside.width as usize * bytes_per_pixel;
    for (row, bytes) in bytes
        .chunks_exact_mut(block.width as usize * bytes_per_pixel)
        .enumerate()
    {
        let y = (block.y + row as i32).clamp(0, height as i32 - 1) as u32;
        fill(Rect::new(inside.x, y, inside.width, 1), &mut bytes[left..right]);
        for start in (0..left).step_by(bytes_per_pixel) {
            bytes.copy_within(left..left + bytes_per_pixel, start);
        }
        for start in (right..bytes.len()).step_by(bytes_per_pixel) {
            bytes.copy_within(right - bytes_per_pixel..right, start);
        }
    }
}

fn premultiply(rgba: &mut [u8]) {
    let (pixels, _) = rgba.as_chunks_mut::<4>();
    for pixel in pixels.iter_mut().filter(|pixel| pixel[3] != 255) {
        let alpha = u32::from(pixel[3]);
        for sample in &mut pixel[..3] {
            *sample = ((u32::from(*sample) * alpha + 127) / 255) as u8;
        }
    }
}

/// Averages squares of four pixels; `width` pixels per row, an even number, and an even number of rows.
pub(super) fn halve_colors(fine: &[u8], width: usize, coarse: &mut [u8]) {
    let (fine, _) = fine.as_chunks::<4>();
    let (coarse, _) = coarse.as_chunks_mut::<4>();
    for (rows, to) in fine
        .chunks_exact(2 * width)
        .zip(coarse.chunks_exact_mut(width / 2))
    {
        let (upper, lower) = rows.split_at(width);
        let (upper, _) = upper.as_chunks::<2>();
        let (lower, _) = lower.as_chunks::<2>();
        for ((upper, lower), to) in upper.iter().zip(lower).zip(to) {
            let square = [upper[0], upper[1], lower[0], lower[1]].map(u32::from_ne_bytes);
            *to = average_of_four(square).to_ne_bytes();
        }
    }
}

/// The rounded averages of each of the four bytes, two at a time.
const fn average_of_four([a, b, c, d]: [u32; 4]) -> u32 {
    const LOW: u32 = 0x00ff_00ff;
    const HALF: u32 = 0x0002_0002;
    let even = (a & LOW) + (b & LOW) + (c & LOW) + (d & LOW) + HALF;
    let odd = (a >> 8 & LOW) + (b >> 8 & LOW) + (c >> 8 & LOW) + (d >> 8 & LOW) + HALF;
    (even >> 2 & LOW) | (odd >> 2 & LOW) << 8
}

/// As [`halve_colors`], for one byte per pixel.
pub(super) fn halve_coverage(fine: &[u8], width: usize, coarse: &mut [u8]) {
    for (rows, to) in fine
        .chunks_exact(2 * width)
        .zip(coarse.chunks_exact_mut(width / 2))
    {
        let (upper, lower) = rows.split_at(width);
        let (upper, _) = upper.as_chunks::<2>();
        let (lower, _) = lower.as_chunks::<2>();
        for ((upper, lower), to) in upper.iter().zip(lower).zip(to) {
            let sum = u16::from(upper[0]) + u16::from(upper[1]) + u16::from(lower[0]) + u16::from(lower[1]);
            *to = ((sum + 2) >> 2) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Pyramid, average_of_four};
    use crate::{
        app::canvas::grid::Block,
        imaging::{Channels, Mask, Pixels, Samples, color::DisplayTransform},
    };

    #[test]
    fn every_byte_is_averaged_on_its_own_and_rounded() {
        let square = [
            [255, 0, 1, 9],
            [255, 255, 0, 9],
            [255, 255, 0, 9],
            [255, 255, 1, 10],
        ];
        let average = average_of_four(square.map(u32::from_ne_bytes)).to_ne_bytes();
        assert_eq!(average, [255, 191, 1, 9]);
    }

    #[test]
    fn beyond_the_photo_its_edge_goes_on() {
        let mask = Mask::new(3, 2, vec![10, 20, 30, 40, 50, 60]).unwrap();
        let mut pyramid = Pyramid::default();
        let block = Block {
            x: -2,
            y: -2,
            width: 8,
            height: 4,
        };
        pyramid.fill_coverage(block, 1, &mask);
        let row = [10, 10, 10, 20, 30, 30, 30, 30];
        assert_eq!(pyramid.level(0)[..24], [row, row, row].concat());
        assert_eq!(pyramid.level(1)[..4], [10, 15, 30, 30]);
    }

    #[test]
    fn invisible_colours_do_not_bleed() {
        let samples = Samples::U8(vec![255, 0, 0, 0, 0, 0, 200, 255]);
        let pixels = Pixels::new(2, 1, Channels::Rgba, samples).unwrap();
        let mut pyramid = Pyramid::default();
        let block = Block {
            x: 0,
            y: 0,
            width: 2,
            height: 2,
        };
        let colors = DisplayTransform::new(None, Channels::Rgba);
        pyramid.fill_colors(block, 1, &pixels, &colors);
        assert_eq!(pyramid.level(1), [0, 0, 100, 128]);
    }
}
