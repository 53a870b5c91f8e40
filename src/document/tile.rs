//! Squares of mask coverage, packed: what the history keeps of a mask.
//!
//! A step stores only the tiles that differ, run-length coded, since painted masks are mostly flat. Carrying a tile
//! out swaps it with the mask, so the same step serves undo and redo in turn.

use std::sync::Arc;

use rayon::prelude::*;

use crate::imaging::{Mask, Rect};

/// Side of a tile.
pub(super) const TILE: u32 = 256;

/// Coverage of one tile. A clone shares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tile {
    pub(super) rect: Rect,
    packed: Packed,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Packed {
    Runs(Arc<[(u16, u8)]>),
    Raw(Arc<[u8]>),
}

impl Tile {
    /// Packs the rows of `rect`.
    pub(super) fn new(rect: Rect, coverage: &[u8]) -> Self {
        let mut runs: Vec<(u16, u8)> = Vec::new();
        for &value in coverage {
            match runs.last_mut() {
                Some((length, last)) if *last == value && *length < u16::MAX => *length += 1,
                _ => runs.push((1, value)),
            }
        }
        let packed = if runs.len() * size_of::<(u16, u8)>() < coverage.len() {
            Packed::Runs(runs.into())
        } else {
            Packed::Raw(coverage.into())
        };
        Self { rect, packed }
    }

    /// Copies `rect` of the mask.
    pub(super) fn of(mask: &Mask, rect: Rect) -> Self {
        Self::new(rect, &rows_of(mask, rect))
    }

    /// Puts the tile into the mask and returns what was there.
    pub(super) fn swap(self, mask: &mut Mask) -> Self {
        let before = Self::of(mask, self.rect);
        let coverage = self.unpack();
        let (width, rect) = (mask.width() as usize, self.rect);
        for (y, row) in (rect.y as usize..).zip(coverage.chunks_exact(rect.width as usize)) {
            let start = y * width + rect.x as usize;
            mask.coverage_mut()[start..start + row.len()].copy_from_slice(row);
        }
        before
    }

    /// Memory in use.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>()
            + match &self.packed {
                Packed::Runs(runs) => size_of_val::<[(u16, u8)]>(runs),
                Packed::Raw(coverage) => coverage.len(),
            }
    }

    /// Coverage of the tile, row by row.
    pub(super) fn unpack(&self) -> Vec<u8> {
        match &self.packed {
            Packed::Raw(coverage) => coverage.to_vec(),
            Packed::Runs(runs) => {
                let mut coverage = Vec::with_capacity(self.rect.area() as usize);
                for &(length, value) in runs.iter() {
                    coverage.resize(coverage.len() + usize::from(length), value);
                }
                coverage
            }
        }
    }
}

/// Coverage of `rect`, row by row.
pub(super) fn rows_of(mask: &Mask, rect: Rect) -> Vec<u8> {
    let mut rows = Vec::with_capacity(rect.area() as usize);
    for y in rect.y..rect.bottom() {
        rows.extend_from_slice(row_of(mask, y, rect));
    }
    rows
}

/// The tiles that meet `area`, cut to the picture's `bounds`.
pub(super) fn tiles_in(area: Rect, bounds: Rect) -> impl Iterator<Item = Rect> {
    let area = area.intersect(&bounds);
    let columns = area.x / TILE..area.right().div_ceil(TILE);
    let rows = if area.is_empty() {
        0..0
    } else {
        area.y / TILE..area.bottom().div_ceil(TILE)
    };
    rows.flat_map(move |row| {
        columns
            .clone()
            .map(move |column| Rect::new(column * TILE, row * TILE, TILE, TILE).intersect(&bounds))
    })
}

/// The tiles of `after` inside `area` that differ from `before`.
///
/// On all threads, which may have other work for seconds: not for the thread that draws the window.
pub(super) fn differing(before: &Mask, after: &Mask, area: Rect) -> Vec<Tile> {
    let tiles: Vec<Rect> = tiles_in(area, before.bounds()).collect();
    tiles
        .into_par_iter()
        .filter(|&rect| (rect.y..rect.bottom()).any(|y| row_of(before, y, rect) != row_of(after, y, rect)))
        .map(|rect| Tile::of(after, rect))
        .collect()
}

pub(super) fn row_of(mask: &Mask, y: u32, rect: Rect) -> &[u8] {
    let start = y as usize * mask.width() as usize + rect.x as usize;
    &mask.coverage()[start..start + rect.width as usize]
}

#[cfg(test)]
mod tests {
    use super::{TILE, Tile, tiles_in};
    use crate::imaging::{Mask, Rect};

    #[test]
    fn swapping_a_tile_twice_restores_the_mask() {
        let noise = (0..300 * 10).map(|i| (i * 7919 % 251) as u8).collect();
        let mut mask = Mask::new(300, 10, noise).unwrap();
        let before = mask.clone();
        let rect = Rect::new(256, 0, 44, 10);
        let flat = Tile::new(rect, &[9; 440]);
        assert!(flat.bytes() < 100, "a flat tile packs");
        let back = flat.swap(&mut mask);
        assert_ne!(mask, before);
        let _flat = back.swap(&mut mask);
        assert_eq!(mask, before);
    }

    #[test]
    fn tiles_cover_an_area_and_stay_in_the_picture() {
        let bounds = Rect::new(0, 0, 600, 300);
        let tiles: Vec<Rect> = tiles_in(Rect::new(250, 250, 20, 900), bounds).collect();
        assert_eq!(tiles.len(), 4);
        assert_eq!(tiles[3], Rect::new(TILE, TILE, TILE, 44));
        assert_eq!(tiles_in(Rect::default(), bounds).count(), 0);
    }
}
