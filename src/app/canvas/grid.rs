//! How a photo is cut into tiles and how far each is scaled down: geometry only.
//!
//! A tile's texture holds `levels` mip levels and shows, around its own part of the photo, a gutter of its neighbours'
//! pixels that is at least two texels wide at every level. So smoothing never sees an edge and no seam can show. What
//! is scaled down further than that comes from one coarse picture of the whole photo. Everything lies on multiples of
//! the [`Grid::unit`], the size of one coarse texel.

use crate::imaging::Rect;

/// Texture side of a tile, where the device allows it.
pub(super) const TILE_SIDE: u32 = 1024;

/// Mip levels below the coarse picture's own: it is halved exactly so often.
pub(super) const COARSE_LEVELS: u32 = 5;

/// Mip levels in a tile, unless the photo is so large that the coarse picture would not fit a texture.
const TILE_LEVELS: u32 = 3;

/// A rectangle of photo pixels that may reach beyond the photo; on multiples of the unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Block {
    pub(super) const fn right(&self) -> i32 {
        self.x + self.width as i32
    }

    pub(super) const fn bottom(&self) -> i32 {
        self.y + self.height as i32
    }

    /// The pixels in both, if any.
    pub(super) fn intersect(&self, other: &Self) -> Option<Self> {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        let width = self.right().min(other.right()) - x;
        let height = self.bottom().min(other.bottom()) - y;
        (width > 0 && height > 0).then_some(Self {
            x,
            y,
            width: width as u32,
            height: height as u32,
        })
    }

    /// The part inside a photo of this size.
    pub(super) fn within(&self, width: u32, height: u32) -> Rect {
        let clamp = |value: i32, end: u32| value.clamp(0, end as i32) as u32;
        let (x, y) = (clamp(self.x, width), clamp(self.y, height));
        Rect::new(
            x,
            y,
            clamp(self.right(), width) - x,
            clamp(self.bottom(), height) - y,
        )
    }
}

/// The tiles of a photo, row by row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grid {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Mip levels in a tile's texture. The coarse picture is the next one.
    pub(super) levels: u32,
    inner: u32,
    columns: u32,
    rows: u32,
}

impl Grid {
    /// Cuts a photo for textures of at most `tile_side`, on a device that allows `max_side`.
    pub(super) fn new(width: u32, height: u32, tile_side: u32, max_side: u32) -> Self {
        let mut levels = TILE_LEVELS;
        while coarse_side(width.max(height), levels) > max_side {
            levels += 1;
        }
        let unit = 1 << levels;
        let inner = (tile_side.min(max_side) / unit).saturating_sub(2).max(1) * unit;
        Self {
            width,
            height,
            levels,
            inner,
            columns: width.div_ceil(inner),
            rows: height.div_ceil(inner),
        }
    }

    /// Photo pixels per coarse texel; also the gutter of a tile.
    pub(super) const fn unit(&self) -> u32 {
        1 << self.levels
    }

    /// Number of tiles.
    pub(super) const fn tile_count(&self) -> usize {
        self.columns as usize * self.rows as usize
    }

    /// The part of the photo that a tile draws.
    pub(super) fn drawn(&self, tile: usize) -> Rect {
        let inner = self.inner(tile);
        inner.within(self.width, self.height)
    }

    /// The part a tile is responsible for: what it draws, filled up to whole units.
    pub(super) fn inner(&self, tile: usize) -> Block {
        let (column, row) = (tile as u32 % self.columns, tile as u32 / self.columns);
        let (x, y) = (column * self.inner, row * self.inner);
        let filled = |left: u32| left.next_multiple_of(self.unit()).min(self.inner);
        Block {
            x: x as i32,
            y: y as i32,
            width: filled(self.width - x),
            height: filled(self.height - y),
        }
    }

    /// The part a tile's texture holds: with its gutter.
    pub(super) fn extent(&self, tile: usize) -> Block {
        let gutter = self.unit();
        let inner = self.inner(tile);
        Block {
            x: inner.x - gutter as i32,
            y: inner.y - gutter as i32,
            width: inner.width + 2 * gutter,
            height: inner.height + 2 * gutter,
        }
    }

    /// Width and height of the coarse picture's texture. Where the photo ends earlier, its edge goes on.
    pub(super) fn coarse_size(&self) -> (u32, u32) {
        (
            coarse_side(self.width, self.levels),
            coarse_side(self.height, self.levels),
        )
    }

    /// The smallest block of whole units around a rectangle.
    pub(super) fn block_around(&self, rect: Rect) -> Block {
        let unit = self.unit();
        let (x, y) = (rect.x / unit * unit, rect.y / unit * unit);
        Block {
            x: x as i32,
            y: y as i32,
            width: rect.right().next_multiple_of(unit) - x,
            height: rect.bottom().next_multiple_of(unit) - y,
        }
    }

    /// The tiles that draw something of `rect`, row by row.
    pub(super) fn tiles_drawing(&self, rect: Rect) -> impl Iterator<Item = usize> + use<> {
        let rect = rect.intersect(&Rect::new(0, 0, self.width, self.height));
        let (columns, inner) = (self.columns as usize, self.inner as usize);
        let across = rect.x as usize / inner..(rect.right() as usize).div_ceil(inner);
        let down = rect.y as usize / inner..(rect.bottom() as usize).div_ceil(inner);
        let is_empty = rect.is_empty();
        down.flat_map(move |row| across.clone().map(move |column| row * columns + column))
            .filter(move |_| !is_empty)
    }

    /// The tiles whose textures hold something of `rect`, gutters included.
    pub(super) fn tiles_holding(&self, rect: Rect) -> impl Iterator<Item = usize> + use<> {
        self.tiles_drawing(rect.grown_within(self.unit(), self.width, self.height))
    }
}

fn coarse_side(side: u32, levels: u32) -> u32 {
    side.div_ceil(1 << levels)
        .next_multiple_of(1 << (COARSE_LEVELS - 1))
}

#[cfg(test)]
mod tests {
    use super::{Grid, TILE_SIDE};
    use crate::imaging::Rect;

    #[test]
    fn tiles_cover_every_pixel_once_and_fit_their_texture() {
        for (width, height, side) in [
            (6000, 4000, TILE_SIDE),
            (1, 1, TILE_SIDE),
            (131, 97, 64),
            (1008, 1009, 1024),
        ] {
            let grid = Grid::new(width, height, side, 8192);
            let mut seen = vec![0_u8; (width * height) as usize];
            for tile in 0..grid.tile_count() {
                let (drawn, extent) = (grid.drawn(tile), grid.extent(tile));
                assert!(
                    extent.width <= side && extent.height <= side,
                    "{extent:?} in {side}"
                );
                assert_eq!(
                    (
                        extent.width % grid.unit(),
                        extent.x.rem_euclid(grid.unit() as i32)
                    ),
                    (0, 0)
                );
                for y in drawn.y..drawn.bottom() {
                    for x in drawn.x..drawn.right() {
                        seen[(y * width + x) as usize] += 1;
                    }
                }
            }
            assert!(seen.iter().all(|&count| count == 1), "{width} × {height}");
        }
    }

    #[test]
    fn a_change_reaches_the_gutters_of_the_neighbours() {
        let grid = Grid::new(300, 300, 64, 8192);
        let just_left_of_the_border = Rect::new(grid.inner - 1, 0, 1, 1);
        assert_eq!(
            grid.tiles_drawing(just_left_of_the_border).collect::<Vec<_>>(),
            [0]
        );
        assert_eq!(
            grid.tiles_holding(just_left_of_the_border).collect::<Vec<_>>(),
            [0, 1]
        );
        assert_eq!(
            grid.tiles_holding(Rect::default()).count(),
            1,
            "an empty rectangle grows to a corner"
        );
        assert_eq!(
            grid.tiles_drawing(Rect::new(400, 0, 5, 5)).count(),
            0,
            "outside the photo"
        );
    }

    #[test]
    fn the_coarse_picture_fits_a_texture_however_large_the_photo() {
        for side in [600, 65_535, 300_000] {
            let grid = Grid::new(side, 10, TILE_SIDE, 2048);
            assert!(grid.coarse_size().0 <= 2048, "{side}: {:?}", grid.coarse_size());
            assert!(grid.extent(0).width <= TILE_SIDE, "{side}: {:?}", grid.extent(0));
        }
    }

    #[test]
    fn a_block_surrounds_its_rectangle_in_whole_units() {
        let grid = Grid::new(300, 300, 64, 8192);
        let block = grid.block_around(Rect::new(7, 8, 2, 9));
        assert_eq!((block.x, block.y, block.width, block.height), (0, 8, 16, 16));
    }
}
