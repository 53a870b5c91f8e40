//! Parts of holes on their way to a crop: cut where a long thin hole can be seen at native scale piece by piece,
//! gathered where neighbours can share one crop.
//!
//! A wire across the photo would otherwise be scaled down until it is thinner than a pixel, and hundreds of dust
//! spots would run the network hundreds of times.

use std::collections::{BTreeMap, btree_map::Entry};

use super::{
    frame::{AREA_PER_HOLE, Frame, MAX_SIDE, SIDE_STEP},
    runs::Blocked,
};
use crate::imaging::{Rect, Run};

/// How wide a hole may be where it is cut, per photo pixel that one network pixel would cover uncut.
const CUT_WIDTH_PER_SCALE: u64 = 32;
/// Holes up to this side are gathered by a grid first, so that thousands of specks are a few hundred pieces.
const SPECK_SIDE: u32 = 64;
/// The grid's cells: two of them with their margins fit the network's largest side.
const SPECK_CELL: u32 = 3 * SIDE_STEP;

/// Where along a piece a cut may lie, in 24ths of its length.
#[derive(Clone, Copy)]
struct Place {
    from: u32,
    to: u32,
}

const HALF: Place = Place { from: 9, to: 15 };
const THIRD: Place = Place { from: 6, to: 10 };

/// Holes that go into one crop together.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) bounds: Rect,
    pub(super) runs: Vec<Run>,
    pub(super) hole_pixels: u64,
    /// The holes (by number) of which this is only a part.
    pub(super) parts_of: Vec<usize>,
}

impl Piece {
    fn of(runs: Vec<Run>, parts_of: Vec<usize>) -> Self {
        Self {
            bounds: runs
                .iter()
                .fold(Rect::default(), |bounds, run| bounds.union(&run.rect())),
            hole_pixels: runs.iter().map(|run| u64::from(run.len())).sum(),
            runs,
            parts_of,
        }
    }

    fn absorb(&mut self, other: Self) {
        self.bounds = self.bounds.union(&other.bounds);
        self.runs.extend(other.runs);
        self.hole_pixels += other.hole_pixels;
        self.parts_of.extend(other.parts_of);
    }

    fn frame(&self, blocked: &Blocked) -> Frame {
        Frame::around(self.bounds, blocked.holes.photo(), |rect| {
            blocked.area_wanted(rect)
        })
    }
}

/// The pieces of one hole: itself, or its parts where cutting it brings it nearer to native scale.
pub(super) fn cut(hole: Vec<Run>, number: usize, blocked: &Blocked) -> Vec<Piece> {
    let (mut waiting, mut pieces) = (vec![Piece::of(hole, Vec::new())], Vec::new());
    while let Some(piece) = waiting.pop() {
        match parts(&piece, blocked) {
            Some((first, second)) => {
                waiting.push(Piece::of(second, vec![number]));
                waiting.push(Piece::of(first, vec![number]));
            }
            None => pieces.push(piece),
        }
    }
    pieces
}

/// Two parts of which both come nearer to native scale; else a third that does and a rest that loses nothing.
fn parts(piece: &Piece, blocked: &Blocked) -> Option<(Vec<Run>, Vec<Run>)> {
    let uncut = piece.frame(blocked).scale_down;
    if uncut == 1 {
        return None;
    }
    let scale = |runs: &[Run]| Piece::of(runs.to_vec(), Vec::new()).frame(blocked).scale_down;
    let along_x = piece.bounds.width >= piece.bounds.height;
    let places = [
        (along_x, HALF, uncut - 1),
        (!along_x, HALF, uncut - 1),
        (along_x, THIRD, uncut),
    ];
    places.into_iter().find_map(|(along_x, place, coarsest_rest)| {
        let (at, width) = narrowest(piece, along_x, place)?;
        if width > CUT_WIDTH_PER_SCALE * u64::from(uncut) {
            return None;
        }
        let (first, second) = split(&piece.runs, at, along_x);
        (scale(&first) < uncut && scale(&second) <= coarsest_rest).then_some((first, second))
    })
}

/// Where in `place` of its length the piece has the fewest pixels across, and how many; the most central if several.
fn narrowest(piece: &Piece, along_x: bool, place: Place) -> Option<(u32, u64)> {
    let bounds = piece.bounds;
    let (start, length) = if along_x {
        (bounds.x, bounds.width)
    } else {
        (bounds.y, bounds.height)
    };
    let (from, to) = (length * place.from / 24, length * place.to / 24);
    let mut differences = vec![0i64; length as usize + 1];
    for run in &piece.runs {
        let (from, to, across) = if along_x {
            (run.start, run.end, 1)
        } else {
            (run.y, run.y + 1, i64::from(run.len()))
        };
        differences[(from - start) as usize] += across;
        differences[(to - start) as usize] -= across;
    }
    let widths = differences.iter().scan(0, |sum, difference| {
        *sum += difference;
        Some(*sum as u64)
    });
    (0..length)
        .zip(widths)
        .filter(|(at, _)| *at > 0 && (from..=to).contains(at))
        .min_by_key(|(at, width)| (*width, at.abs_diff((from + to) / 2)))
        .map(|(at, width)| (start + at, width))
}

/// The runs before and from the column (or row) `at` on.
fn split(runs: &[Run], at: u32, along_x: bool) -> (Vec<Run>, Vec<Run>) {
    if !along_x {
        return runs.iter().partition(|run| run.y < at);
    }
    let clipped = |from: u32, to: u32| {
        let part = |run: &Run| Run {
            y: run.y,
            start: run.start.max(from),
            end: run.end.min(to),
        };
        runs.iter().map(part).filter(|run| run.start < run.end).collect()
    };
    (clipped(0, at), clipped(at, u32::MAX))
}

/// Gathers pieces that can share a crop: never at a coarser scale than each has alone, and only where one run of
/// the network costs less than two.
pub(super) fn gather(pieces: Vec<Piece>, photo: Rect) -> Vec<Piece> {
    let mut groups: Vec<(Piece, Frame)> = Vec::new();
    for piece in gather_specks(pieces) {
        let alone = estimate(&piece, photo);
        let best = groups
            .iter()
            .enumerate()
            .filter_map(|(index, (group, frame))| Some((saving(&piece, alone, group, *frame, photo)?, index)))
            .max_by_key(|(saving, index)| (*saving, usize::MAX - index));
        match best {
            Some((_, index)) => {
                let (group, frame) = &mut groups[index];
                group.absorb(piece);
                *frame = estimate(group, photo);
            }
            None => groups.push((piece, alone)),
        }
    }
    groups.into_iter().map(|(group, _)| group).collect()
}

/// The network pixels saved by one crop for both; `None` where there is nothing to gain or scale would be lost.
fn saving(piece: &Piece, alone: Frame, group: &Piece, frame: Frame, photo: Rect) -> Option<u64> {
    let bounds = piece.bounds.union(&group.bounds);
    let scale_down = alone.scale_down.min(frame.scale_down);
    if bounds.width.max(bounds.height) > MAX_SIDE * scale_down {
        return None;
    }
    let together = Frame::around(bounds, photo, |_| {
        AREA_PER_HOLE * (piece.hole_pixels + group.hole_pixels)
    });
    if together.scale_down > scale_down {
        return None;
    }
    (alone.cost() + frame.cost())
        .checked_sub(together.cost())
        .filter(|saving| *saving > 0)
}

/// The frame as far as it is known without looking at other holes.
fn estimate(piece: &Piece, photo: Rect) -> Frame {
    Frame::around(piece.bounds, photo, |_| AREA_PER_HOLE * piece.hole_pixels)
}

/// Small pieces with their centre in one cell of a grid become one; in reading order of their top left corners.
fn gather_specks(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut cells: BTreeMap<(u32, u32), Piece> = BTreeMap::new();
    let mut gathered = Vec::new();
    for piece in pieces {
        let bounds = piece.bounds;
        if bounds.width.max(bounds.height) > SPECK_SIDE {
            gathered.push(piece);
            continue;
        }
        let (x, y) = (bounds.x + bounds.width / 2, bounds.y + bounds.height / 2);
        match cells.entry((y / SPECK_CELL, x / SPECK_CELL)) {
            Entry::Occupied(mut cell) => cell.get_mut().absorb(piece),
            Entry::Vacant(cell) => {
                cell.insert(piece);
            }
        }
    }
    gathered.extend(cells.into_values());
    gathered.sort_by_key(|piece| (piece.bounds.y, piece.bounds.x, piece.runs.first().copied()));
    gathered
}
