//! The whole photo at a fraction of its size: shown until the tiles are there, and whenever it is small on screen.
//!
//! It keeps its bytes beside the texture, so that a change anywhere is a few averages. Changes are collected and go
//! to the GPU once per frame, with all the smaller levels that depend on them.

use eframe::wgpu;

use super::{
    gpu::{create, upload},
    grid::{COARSE_LEVELS, Grid},
    pyramid::{halve_colors, halve_coverage},
};
use crate::imaging::Rect;

/// A texture with [`COARSE_LEVELS`] levels, and its bytes.
pub(super) struct Coarse {
    texture: wgpu::Texture,
    bytes_per_pixel: usize,
    levels: Vec<Vec<u8>>,
    width: u32,
    height: u32,
    dirty: Rect,
}

impl Coarse {
    /// All zero.
    pub(super) fn new(device: &wgpu::Device, grid: &Grid, format: wgpu::TextureFormat) -> Self {
        let (width, height) = grid.coarse_size();
        let bytes_per_pixel = if format == wgpu::TextureFormat::R8Unorm {
            1
        } else {
            4
        };
        let level = |level| vec![0; (width >> level) as usize * (height >> level) as usize * bytes_per_pixel];
        Self {
            texture: create(device, "coarse", (width, height), COARSE_LEVELS, format),
            bytes_per_pixel,
            levels: (0..COARSE_LEVELS).map(level).collect(),
            width,
            height,
            dirty: Rect::default(),
        }
    }

    pub(super) fn view(&self) -> wgpu::TextureView {
        self.texture.create_view(&wgpu::TextureViewDescriptor::default())
    }

    /// One row, to change from its left end. Count it in with [`Self::touch`].
    pub(super) fn row_mut(&mut self, y: u32) -> &mut [u8] {
        let stride = self.width as usize * self.bytes_per_pixel;
        &mut self.levels[0][y as usize * stride..][..stride]
    }

    /// Says that `rect` changed.
    pub(super) fn touch(&mut self, rect: Rect) {
        self.dirty = self.dirty.union(&rect.intersect(&self.bounds()));
    }

    /// Repeats row `from` in the rows up to `end`, as far as there are any.
    pub(super) fn repeat_row(&mut self, from: u32, end: u32) {
        let stride = self.width as usize * self.bytes_per_pixel;
        let start = from as usize * stride;
        for y in from + 1..end.min(self.height) {
            self.levels[0].copy_within(start..start + stride, y as usize * stride);
        }
    }

    /// Puts the pixels of `rect` in place, taken from rows of `stride` pixels, the first at `offset` (in pixels).
    pub(super) fn write(&mut self, rect: Rect, bytes: &[u8], offset: usize, stride: usize) {
        let rect = rect.intersect(&self.bounds());
        let size = self.bytes_per_pixel;
        for row in 0..rect.height {
            let from = (offset + row as usize * stride) * size;
            let to = rect.x as usize * size;
            let length = rect.width as usize * size;
            self.row_mut(rect.y + row)[to..to + length].copy_from_slice(&bytes[from..from + length]);
        }
        self.touch(rect);
    }

    /// Takes over `rect` of another picture of the same kind.
    pub(super) fn copy_from(&mut self, other: &Self, rect: Rect) {
        let rect = rect.intersect(&self.bounds());
        let offset = rect.y as usize * self.width as usize + rect.x as usize;
        self.write(rect, &other.levels[0], offset, self.width as usize);
    }

    /// Brings everything that changed to the GPU.
    pub(super) fn flush(&mut self, queue: &wgpu::Queue) {
        if self.dirty.is_empty() {
            return;
        }
        let mut dirty = whole_pairs(std::mem::take(&mut self.dirty));
        for level in 0..COARSE_LEVELS {
            if level > 0 {
                dirty = Rect::new(dirty.x / 2, dirty.y / 2, dirty.width / 2, dirty.height / 2);
                self.halve_into(level, dirty);
            }
            self.upload(queue, level, dirty);
            dirty = whole_pairs(dirty);
        }
    }

    fn halve_into(&mut self, level: u32, rect: Rect) {
        let size = self.bytes_per_pixel;
        let halve = if size == 4 { halve_colors } else { halve_coverage };
        let (fine, coarse) = self.levels.split_at_mut(level as usize);
        let (fine, coarse) = (&fine[level as usize - 1], &mut coarse[0]);
        let (fine_stride, coarse_stride) = (self.width as usize >> (level - 1), self.width as usize >> level);
        let fine_length = 2 * rect.width as usize * size;
        let mut pair = vec![0; 2 * fine_length];
        for y in rect.y as usize..rect.bottom() as usize {
            for (row, half) in pair.chunks_exact_mut(fine_length).enumerate() {
                let start = ((2 * y + row) * fine_stride + 2 * rect.x as usize) * size;
                half.copy_from_slice(&fine[start..start + fine_length]);
            }
            let start = (y * coarse_stride + rect.x as usize) * size;
            halve(
                &pair,
                2 * rect.width as usize,
                &mut coarse[start..start + rect.width as usize * size],
            );
        }
    }

    fn upload(&self, queue: &wgpu::Queue, level: u32, rect: Rect) {
        let stride = (self.width >> level) * self.bytes_per_pixel as u32;
        let offset = u64::from(rect.y * stride) + u64::from(rect.x) * self.bytes_per_pixel as u64;
        upload(
            queue,
            &self.texture,
            level,
            (rect.x, rect.y),
            (rect.width, rect.height),
            &self.levels[level as usize],
            wgpu::TexelCopyBufferLayout {
                offset,
                bytes_per_row: Some(stride),
                rows_per_image: None,
            },
        );
    }

    pub(super) const fn bounds(&self) -> Rect {
        Rect::new(0, 0, self.width, self.height)
    }
}

/// Grown to even corners. Every level but the last has even sides, so this never leaves the picture.
const fn whole_pairs(rect: Rect) -> Rect {
    let (x, y) = (rect.x & !1, rect.y & !1);
    let (right, bottom) = (
        rect.right().next_multiple_of(2),
        rect.bottom().next_multiple_of(2),
    );
    Rect::new(x, y, right - x, bottom - y)
}
