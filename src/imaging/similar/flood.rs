//! From a place to all pixels of like colour that hang together with it, tile by tile.
//!
//! A tile of the photo is looked at when the flood reaches it, so a small thing in a large photo costs little. All
//! tiles that were reached from others are flooded at once, each by runs of a row, and tell how far they came; then
//! their neighbours are next. Which pixels are reached does not depend on the order.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::color::{Likeness, place};
use crate::imaging::Rect;

/// Side of a tile.
const TILE: u32 = 256;
/// A pixel of another colour.
const OTHER: u8 = 0;
/// A pixel of like colour that was not reached yet.
const LIKE: u8 = 1;
/// A pixel that was.
const REACHED: u8 = 2;

/// Pixels of a photo.
pub(super) struct Region {
    /// The smallest rectangle around them.
    pub(super) area: Rect,
    /// 1 for those in it, 0 for the others, row by row.
    pub(super) inside: Vec<u8>,
}

impl Region {
    /// Where a pixel of the area has its value.
    pub(super) const fn index_of(&self, at: (u32, u32)) -> usize {
        (at.1 - self.area.y) as usize * self.area.width as usize + (at.0 - self.area.x) as usize
    }

    /// The values of a larger area.
    pub(super) fn within(&self, area: Rect) -> Vec<u8> {
        let mut inside = vec![0; area.area() as usize];
        let left = (self.area.x - area.x) as usize;
        let rows = inside
            .chunks_exact_mut(area.width as usize)
            .skip((self.area.y - area.y) as usize);
        for (row, own) in rows.zip(self.inside.chunks_exact(self.area.width as usize)) {
            row[left..left + own.len()].copy_from_slice(own);
        }
        inside
    }
}

/// What is like and hangs together with the pixel `at` or with one beside it, and the pixel itself.
pub(super) fn around(likeness: &Likeness<'_>, at: (u32, u32)) -> Region {
    let grid = Grid(likeness.bounds());
    let mut tiles = vec![None; grid.count()];
    let mut own = Tile::new(likeness, grid.rect(grid.index_of(at)));
    own.include(at);
    tiles[grid.index_of(at)] = Some(own);
    let mut waiting = BTreeMap::new();
    let place = place(grid.0, at);
    let seeds = (place.y..place.bottom()).flat_map(|y| (place.x..place.right()).map(move |x| (x, y)));
    grid.sort(seeds, &mut waiting);
    while !waiting.is_empty() {
        let reached: Vec<_> = std::mem::take(&mut waiting)
            .into_iter()
            .map(|(index, seeds)| (index, tiles[index].take(), seeds))
            .collect();
        let flooded: Vec<_> = reached
            .into_par_iter()
            .map(|(index, tile, seeds)| {
                let mut tile = tile.unwrap_or_else(|| Tile::new(likeness, grid.rect(index)));
                let beyond = tile.flood(&seeds);
                (index, tile, beyond)
            })
            .collect();
        for (index, tile, beyond) in flooded {
            tiles[index] = Some(tile);
            let in_photo = beyond.into_iter().filter(|&(x, y)| grid.0.contains(x, y));
            grid.sort(in_photo, &mut waiting);
        }
    }
    region_of(&tiles)
}

/// All that is like, wherever it is, and the pixel itself.
pub(super) fn everywhere(likeness: &Likeness<'_>, at: (u32, u32)) -> Region {
    let grid = Grid(likeness.bounds());
    let tiles: Vec<_> = (0..grid.count())
        .into_par_iter()
        .map(|index| {
            let mut tile = Tile::new(likeness, grid.rect(index));
            if tile.rect.contains(at.0, at.1) {
                tile.include(at);
            }
            tile.states.iter_mut().for_each(|state| *state *= REACHED);
            Some(tile)
        })
        .collect();
    region_of(&tiles)
}

/// How a photo is cut into tiles.
struct Grid(Rect);

impl Grid {
    const fn columns(&self) -> usize {
        self.0.width.div_ceil(TILE) as usize
    }

    const fn count(&self) -> usize {
        self.columns() * self.0.height.div_ceil(TILE) as usize
    }

    const fn index_of(&self, (x, y): (u32, u32)) -> usize {
        (y / TILE) as usize * self.columns() + (x / TILE) as usize
    }

    fn rect(&self, index: usize) -> Rect {
        let (row, column) = (index / self.columns(), index % self.columns());
        Rect::new(column as u32 * TILE, row as u32 * TILE, TILE, TILE).intersect(&self.0)
    }

    /// Adds pixels to those that wait in their tiles.
    fn sort(&self, pixels: impl Iterator<Item = (u32, u32)>, waiting: &mut BTreeMap<usize, Vec<(u32, u32)>>) {
        for at in pixels {
            waiting.entry(self.index_of(at)).or_default().push(at);
        }
    }
}

#[derive(Clone)]
struct Tile {
    rect: Rect,
    states: Vec<u8>,
}

impl Tile {
    fn new(likeness: &Likeness<'_>, rect: Rect) -> Self {
        Self {
            rect,
            states: likeness.of(rect),
        }
    }

    /// Takes a pixel for like that may not be.
    fn include(&mut self, (x, y): (u32, u32)) {
        let index = (y - self.rect.y) as usize * self.rect.width as usize + (x - self.rect.x) as usize;
        self.states[index] = LIKE;
    }

    /// Reaches all that hangs together with pixels of the tile. Returns the pixels beside it that may be next.
    fn flood(&mut self, seeds: &[(u32, u32)]) -> Vec<(u32, u32)> {
        let Rect { x, y, width, height } = self.rect;
        let mut beyond = Vec::new();
        let mut waiting: Vec<(u32, u32)> = seeds.iter().map(|&(column, row)| (column - x, row - y)).collect();
        while let Some((column, row)) = waiting.pop() {
            let Some((start, end)) = self.reach_run(column, row) else {
                continue;
            };
            if row > 0 {
                self.runs_between(start, end, row - 1, &mut waiting);
            } else if y > 0 {
                beyond.extend((start..end).map(|column| (x + column, y - 1)));
            }
            if row + 1 < height {
                self.runs_between(start, end, row + 1, &mut waiting);
            } else {
                beyond.extend((start..end).map(|column| (x + column, y + height)));
            }
            if start == 0 && x > 0 {
                beyond.push((x - 1, y + row));
            }
            if end == width {
                beyond.push((x + width, y + row));
            }
        }
        beyond
    }

    /// Reaches the run of a row that a pixel lies in. `None` where there is nothing to be reached.
    fn reach_run(&mut self, column: u32, row: u32) -> Option<(u32, u32)> {
        let width = self.rect.width as usize;
        let states = &mut self.states[row as usize * width..(row as usize + 1) * width];
        let column = column as usize;
        if states[column] != LIKE {
            return None;
        }
        let start = states[..column].iter().rposition(|&state| state != LIKE);
        let start = start.map_or(0, |before| before + 1);
        let end = states[column..].iter().position(|&state| state != LIKE);
        let end = end.map_or(width, |length| column + length);
        states[start..end].fill(REACHED);
        Some((start as u32, end as u32))
    }

    /// Adds the first pixel of every run of a row that touches the columns `start..end`.
    fn runs_between(&self, start: u32, end: u32, row: u32, waiting: &mut Vec<(u32, u32)>) {
        let first = (row * self.rect.width) as usize;
        let states = &self.states[first + start as usize..first + end as usize];
        let mut before = OTHER;
        for (column, &state) in (start..).zip(states) {
            if state == LIKE && before != LIKE {
                waiting.push((column, row));
            }
            before = state;
        }
    }

    /// The smallest rectangle around what was reached.
    fn reached(&self) -> Rect {
        let rows = (self.rect.y..).zip(self.states.chunks_exact(self.rect.width as usize));
        let runs = rows.filter_map(|(y, row)| {
            let first = row.iter().position(|&state| state == REACHED)?;
            let last = row.iter().rposition(|&state| state == REACHED)?;
            Some(Rect::new(
                self.rect.x + first as u32,
                y,
                (last - first) as u32 + 1,
                1,
            ))
        });
        runs.fold(Rect::default(), |bounds, run| bounds.union(&run))
    }
}

/// Puts together what was reached.
fn region_of(tiles: &[Option<Tile>]) -> Region {
    let area = tiles
        .par_iter()
        .flatten()
        .map(Tile::reached)
        .reduce(Rect::default, |bounds, tile| bounds.union(&tile));
    let mut inside = vec![0; area.area() as usize];
    for tile in tiles.iter().flatten() {
        let shared = tile.rect.intersect(&area);
        if shared.is_empty() {
            continue;
        }
        for y in shared.y..shared.bottom() {
            let from =
                (y - tile.rect.y) as usize * tile.rect.width as usize + (shared.x - tile.rect.x) as usize;
            let to = (y - area.y) as usize * area.width as usize + (shared.x - area.x) as usize;
            let width = shared.width as usize;
            for (inside, &state) in inside[to..to + width]
                .iter_mut()
                .zip(&tile.states[from..from + width])
            {
                *inside = u8::from(state == REACHED);
            }
        }
    }
    Region { area, inside }
}
