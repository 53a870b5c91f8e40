//! The photo's tiles on the GPU, filled a little each frame.
//!
//! Opening a photo costs a coarse picture; the tiles follow, visible ones first, for at most a few milliseconds per
//! frame. A tile has an own texture for the result only where it differs from the original, and one for the mask only
//! where something is painted. Brushing uploads the changed rectangle and what depends on it, at once; changes of
//! large areas wait in line with the tiles. Textures are written from here and not from a paint callback, so no
//! change is lost when a frame is not drawn.

use std::time::{Duration, Instant};

use eframe::wgpu;

use super::{
    coarse::Coarse,
    dirty::add_rectangle,
    gpu::{Plane, create, upload},
    grid::{Block, Grid},
    preview::Preview,
    pyramid::{Pyramid, coverage_row},
    scene::Scene,
};
use crate::imaging::{Pixels, Rect, Samples};

/// Time that filling may take in a frame. One strip more can be under way when it is over.
const FRAME_BUDGET: Duration = Duration::from_millis(4);
/// The same where drawing itself is slow, as in software: then few frames come, and each may take a third more.
const SLOW_FRAME_BUDGET: Duration = Duration::from_millis(40);
/// Pixels of a strip, the smallest piece of work.
const STRIP_PIXELS: u32 = 128 * 1024;
/// Changed mask pixels that are uploaded at once; more wait in line.
const AT_ONCE_PIXELS: u64 = 1 << 20;

/// A tile's textures, indexed by [`Plane`].
#[derive(Default)]
pub(super) struct Tile {
    pub(super) textures: [Option<wgpu::Texture>; 3],
    /// Which planes are to be filled, with their place in the line.
    waiting: [Option<u64>; 3],
    /// Counts changes of `textures`, so that others know when to look again.
    pub(super) version: u64,
}

/// All textures of a photo.
pub(super) struct Textures {
    pub(super) grid: Grid,
    pub(super) tiles: Vec<Tile>,
    /// Indexed by [`Plane`].
    pub(super) coarse: [Coarse; 3],
    device: wgpu::Device,
    queue: wgpu::Queue,
    preview: Option<Preview>,
    filling: Option<Filling>,
    /// When the last frame left something to fill.
    loaded_at: Option<Instant>,
    dirty_mask: Vec<Rect>,
    last_ticket: u64,
    pyramid: Pyramid,
}

/// A texture that is being filled from top to bottom.
struct Filling {
    tile: usize,
    plane: Plane,
    texture: wgpu::Texture,
    rows_done: u32,
}

impl Textures {
    /// Nothing filled yet, everything in line.
    pub(super) fn new(device: &wgpu::Device, queue: &wgpu::Queue, grid: Grid) -> Self {
        let mut textures = Self {
            grid,
            tiles: std::iter::repeat_with(Tile::default)
                .take(grid.tile_count())
                .collect(),
            coarse: Plane::ALL.map(|plane| Coarse::new(device, &grid, plane.format())),
            device: device.clone(),
            queue: queue.clone(),
            preview: Some(Preview::new(&grid)),
            filling: None,
            loaded_at: None,
            dirty_mask: Vec::new(),
            last_ticket: 0,
            pyramid: Pyramid::default(),
        };
        for plane in Plane::ALL {
            for tile in 0..grid.tile_count() {
                textures.wait(tile, plane);
            }
        }
        textures
    }

    /// Says that the result changed in `rect`.
    pub(super) fn result_changed(&mut self, rect: Rect) {
        for tile in self.grid.tiles_holding(rect) {
            self.wait(tile, Plane::Result);
        }
    }

    /// Says that the mask changed in `rect`.
    pub(super) fn mask_changed(&mut self, rect: Rect) {
        let rect = rect.intersect(&Rect::new(0, 0, self.grid.width, self.grid.height));
        if !rect.is_empty() {
            add_rectangle(&mut self.dirty_mask, rect);
        }
    }

    /// Whether something is still to be filled.
    pub(super) fn is_loading(&self) -> bool {
        self.preview.is_some() || self.filling.is_some() || self.next(Rect::default()).is_some()
    }

    /// Does a frame's share of the work; `visible` is what comes first. Returns whether there is more.
    pub(super) fn update(&mut self, scene: &Scene<'_>, visible: Rect) -> bool {
        let now = Instant::now();
        let since_last = self.loaded_at.map_or(Duration::ZERO, |last| now - last);
        let budget = (since_last / 3).clamp(FRAME_BUDGET, SLOW_FRAME_BUDGET);
        self.upload_dirty_mask(scene);
        let is_loading = self.load(scene, visible, now + budget);
        self.loaded_at = is_loading.then_some(now);
        for coarse in &mut self.coarse {
            coarse.flush(&self.queue);
        }
        is_loading
    }

    fn load(&mut self, scene: &Scene<'_>, visible: Rect, deadline: Instant) -> bool {
        if let Some(preview) = &mut self.preview {
            let [original, _, result] = &mut self.coarse;
            if !preview.advance(scene, &self.grid, original, deadline) {
                return true;
            }
            result.copy_from(original, original.bounds());
            self.preview = None;
        }
        loop {
            if self.filling.is_some() {
                self.fill_strip(scene);
            } else if let Some((tile, plane)) = self.next(visible) {
                self.begin(tile, plane, scene);
            } else {
                return false;
            }
            if Instant::now() >= deadline {
                return true;
            }
        }
    }

    fn wait(&mut self, tile: usize, plane: Plane) {
        self.last_ticket += 1;
        self.tiles[tile].waiting[plane as usize].get_or_insert(self.last_ticket);
    }

    /// The next in line: what is visible, then originals before masks before results, then who waits longest.
    fn next(&self, visible: Rect) -> Option<(usize, Plane)> {
        let is_visible = |tile: usize| !self.grid.drawn(tile).intersect(&visible).is_empty();
        let waiting = self.tiles.iter().enumerate().flat_map(|(tile, state)| {
            let tickets = Plane::ALL
                .into_iter()
                .zip([state.waiting[0], state.waiting[1], state.waiting[2]]);
            tickets.filter_map(move |(plane, ticket)| Some((tile, plane, ticket?)))
        });
        let order = |&(tile, plane, ticket): &(usize, Plane, u64)| (!is_visible(tile), plane, ticket);
        waiting.min_by_key(order).map(|(tile, plane, _)| (tile, plane))
    }

    /// Takes a tile out of the line: from now on its texture is being filled, or it needs none.
    fn begin(&mut self, tile: usize, plane: Plane, scene: &Scene<'_>) {
        self.tiles[tile].waiting[plane as usize] = None;
        if self.needs_texture(tile, plane, scene) {
            self.filling = Some(Filling {
                tile,
                plane,
                texture: self.texture_to_fill(tile, plane),
                rows_done: 0,
            });
        } else if self.tiles[tile].textures[plane as usize].is_some() {
            self.drop_texture(tile, plane);
        }
    }

    fn needs_texture(&self, tile: usize, plane: Plane, scene: &Scene<'_>) -> bool {
        let held = self.grid.extent(tile).within(self.grid.width, self.grid.height);
        match plane {
            Plane::Original => true,
            Plane::Mask => {
                rows(held).any(|row| coverage_row(scene.mask, row).iter().any(|&coverage| coverage > 0))
            }
            Plane::Result => {
                !std::ptr::eq(scene.original, scene.result)
                    && rows(held).any(|row| !is_same(scene.original, scene.result, row))
            }
        }
    }

    fn texture_to_fill(&self, tile: usize, plane: Plane) -> wgpu::Texture {
        let old = self.tiles[tile].textures[plane as usize].clone();
        old.unwrap_or_else(|| {
            let extent = self.grid.extent(tile);
            let size = (extent.width, extent.height);
            create(&self.device, "tile", size, self.grid.levels, plane.format())
        })
    }

    /// The tile shows the original again, or no mask.
    fn drop_texture(&mut self, tile: usize, plane: Plane) {
        let rect = coarse_rect(&self.grid, self.grid.inner(tile));
        let [original, mask, result] = &mut self.coarse;
        if plane == Plane::Result {
            result.copy_from(original, rect);
        } else {
            mask.write(rect, &vec![0; rect.area() as usize], 0, rect.width as usize);
        }
        self.install(tile, plane, None);
    }

    fn install(&mut self, tile: usize, plane: Plane, texture: Option<wgpu::Texture>) {
        self.tiles[tile].textures[plane as usize] = texture;
        self.tiles[tile].version += 1;
    }

    fn fill_strip(&mut self, scene: &Scene<'_>) {
        let Some(mut filling) = self.filling.take() else {
            return;
        };
        let extent = self.grid.extent(filling.tile);
        let unit = self.grid.unit();
        let rows = (STRIP_PIXELS / extent.width)
            .next_multiple_of(unit)
            .min(extent.height - filling.rows_done);
        let strip = Block {
            y: extent.y + filling.rows_done as i32,
            height: rows,
            ..extent
        };
        self.build(strip, filling.plane, scene);
        self.upload_block(&filling.texture, extent, strip, strip);
        self.write_coarse(filling.tile, filling.plane, strip);
        filling.rows_done += rows;
        if filling.rows_done < extent.height {
            self.filling = Some(filling);
        } else {
            self.install(filling.tile, filling.plane, Some(filling.texture));
        }
    }

    fn build(&mut self, block: Block, plane: Plane, scene: &Scene<'_>) {
        let top = self.grid.levels;
        match plane {
            Plane::Original => self.pyramid.fill_colors(block, top, scene.original, scene.colors),
            Plane::Result => self.pyramid.fill_colors(block, top, scene.result, scene.colors),
            Plane::Mask => self.pyramid.fill_coverage(block, top, scene.mask),
        }
    }

    /// Uploads `part` of the built `block` into the texture that holds `extent`.
    fn upload_block(&self, texture: &wgpu::Texture, extent: Block, block: Block, part: Block) {
        let bytes_per_pixel = if texture.format() == wgpu::TextureFormat::R8Unorm {
            1
        } else {
            4
        };
        for level in 0..self.grid.levels {
            let stride = (block.width >> level) * bytes_per_pixel;
            let (x, y) = (
                (part.x - block.x) as u32 >> level,
                (part.y - block.y) as u32 >> level,
            );
            let layout = wgpu::TexelCopyBufferLayout {
                offset: u64::from(y * stride + x * bytes_per_pixel),
                bytes_per_row: Some(stride),
                rows_per_image: None,
            };
            let origin = (
                (part.x - extent.x) as u32 >> level,
                (part.y - extent.y) as u32 >> level,
            );
            let size = (part.width >> level, part.height >> level);
            upload(
                &self.queue,
                texture,
                level,
                origin,
                size,
                self.pyramid.level(level),
                layout,
            );
        }
    }

    /// Puts the smallest level of the built `block` into the coarse picture, where the tile is responsible.
    fn write_coarse(&mut self, tile: usize, plane: Plane, block: Block) {
        let Some(part) = block.intersect(&self.grid.inner(tile)) else {
            return;
        };
        let rect = coarse_rect(&self.grid, part);
        let unit = self.grid.unit() as usize;
        let stride = block.width as usize / unit;
        let offset = (part.y - block.y) as usize / unit * stride + (part.x - block.x) as usize / unit;
        let bytes = self.pyramid.level(self.grid.levels);
        self.coarse[plane as usize].write(rect, bytes, offset, stride);
        if plane == Plane::Original && self.tiles[tile].textures[Plane::Result as usize].is_none() {
            self.coarse[Plane::Result as usize].write(rect, bytes, offset, stride);
        }
    }

    fn upload_dirty_mask(&mut self, scene: &Scene<'_>) {
        let mut pixels_left = AT_ONCE_PIXELS;
        for rect in std::mem::take(&mut self.dirty_mask) {
            if rect.area() <= pixels_left {
                pixels_left -= rect.area();
                self.upload_mask(rect, scene);
            } else {
                for tile in self.grid.tiles_holding(rect) {
                    self.wait(tile, Plane::Mask);
                }
            }
        }
    }

    fn upload_mask(&mut self, rect: Rect, scene: &Scene<'_>) {
        let block = self.grid.block_around(rect);
        self.build(block, Plane::Mask, scene);
        let is_marked = is_marked(self.pyramid.level(0));
        for tile in self.grid.tiles_holding(rect) {
            let extent = self.grid.extent(tile);
            if let Some(part) = block.intersect(&extent) {
                if let Some(texture) = self.mask_to_update(tile, is_marked) {
                    self.upload_block(&texture, extent, block, part);
                }
                self.write_coarse(tile, Plane::Mask, block);
            }
        }
    }

    /// The mask texture a change goes into; none where the tile is still in line or stays without marks.
    fn mask_to_update(&mut self, tile: usize, is_marked: bool) -> Option<wgpu::Texture> {
        let under_way = self.filling.as_ref();
        if let Some(filling) =
            under_way.filter(|filling| (filling.tile, filling.plane) == (tile, Plane::Mask))
        {
            return Some(filling.texture.clone());
        }
        let state = &self.tiles[tile];
        if state.textures[Plane::Mask as usize].is_none() {
            if !is_marked || state.waiting[Plane::Mask as usize].is_some() {
                return None;
            }
            let texture = self.texture_to_fill(tile, Plane::Mask);
            self.install(tile, Plane::Mask, Some(texture));
        }
        self.tiles[tile].textures[Plane::Mask as usize].clone()
    }
}

/// A block inside the photo in texels of the coarse picture.
const fn coarse_rect(grid: &Grid, block: Block) -> Rect {
    let unit = grid.unit();
    Rect::new(
        block.x as u32 / unit,
        block.y as u32 / unit,
        block.width / unit,
        block.height / unit,
    )
}

/// Whether there is any coverage. Quick, because it compares memory.
fn is_marked(coverage: &[u8]) -> bool {
    const NONE: [u8; 1024] = [0; 1024];
    coverage
        .chunks(NONE.len())
        .any(|chunk| chunk != &NONE[..chunk.len()])
}

fn rows(rect: Rect) -> impl Iterator<Item = Rect> {
    (rect.y..rect.bottom()).map(move |y| Rect::new(rect.x, y, rect.width, 1))
}

/// Whether a row is bit for bit the same in both, which have the same size and kind.
fn is_same(one: &Pixels, other: &Pixels, row: Rect) -> bool {
    let per_pixel = one.channels().count();
    let start = (row.y as usize * one.width() as usize + row.x as usize) * per_pixel;
    let range = start..start + row.width as usize * per_pixel;
    match (one.samples(), other.samples()) {
        (Samples::U8(one), Samples::U8(other)) => one.get(range.clone()) == other.get(range),
        (Samples::U16(one), Samples::U16(other)) => one.get(range.clone()) == other.get(range),
        _ => false,
    }
}
