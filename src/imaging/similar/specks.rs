//! Specks: few pixels that hang together and differ from all around them, as grain makes them.

use rayon::prelude::*;

use crate::imaging::Rect;

/// What is looked for.
pub(super) struct Search {
    /// The value of its pixels.
    pub(super) value: u8,
    /// The most pixels that it may have.
    pub(super) most: usize,
    /// What lies at this index is none.
    pub(super) except: Option<usize>,
}

/// The pixels of all specks among `values`, which lie in `area` of a picture, row by row.
///
/// What touches an edge of the area that is not the picture's may go on beyond and is no speck.
pub(super) fn find(values: &[u8], area: Rect, picture: Rect, search: &Search) -> Vec<usize> {
    let width = area.width as usize;
    let patch = Patch {
        values,
        width,
        is_open: [
            area.x > picture.x,
            area.right() < picture.right(),
            area.y > picture.y,
            area.bottom() < picture.bottom(),
        ],
        search,
    };
    let rows = values.par_chunks_exact(width.max(1)).enumerate();
    rows.flat_map_iter(|(y, row)| patch.beginning_in(y, row))
        .collect()
}

struct Patch<'a> {
    values: &'a [u8],
    width: usize,
    /// Whether the picture goes on to the left, right, top and bottom.
    is_open: [bool; 4],
    search: &'a Search,
}

impl Patch<'_> {
    /// The pixels of all specks whose first pixel, in reading order, lies in row `y`.
    fn beginning_in(&self, y: usize, row: &[u8]) -> Vec<usize> {
        let value = self.search.value;
        let (mut found, mut pixels) = (Vec::new(), Vec::new());
        let mut before = !value;
        for (x, &here) in row.iter().enumerate() {
            let index = y * self.width + x;
            let begins =
                here == value && before != value && (y == 0 || self.values[index - self.width] != value);
            if begins && self.is_speck(index, &mut pixels) {
                found.extend_from_slice(&pixels);
            }
            before = here;
        }
        found
    }

    /// Whether a speck begins at `first`; then `pixels` are its own.
    fn is_speck(&self, first: usize, pixels: &mut Vec<usize>) -> bool {
        pixels.clear();
        pixels.push(first);
        let mut next = 0;
        while let Some(&index) = pixels.get(next) {
            next += 1;
            for neighbor in self.neighbors(index) {
                let Some(neighbor) = neighbor else { return false };
                if self.values[neighbor] == self.search.value && !pixels.contains(&neighbor) {
                    pixels.push(neighbor);
                }
            }
            // One that was seen from an earlier pixel is not counted twice.
            if pixels.len() > self.search.most || pixels.iter().any(|&pixel| pixel < first) {
                return false;
            }
        }
        !self.search.except.is_some_and(|except| pixels.contains(&except))
    }

    /// The pixels on the four sides; the pixel itself where the picture ends, `None` where only the area does.
    fn neighbors(&self, index: usize) -> [Option<usize>; 4] {
        let (x, height) = (index % self.width, self.values.len() / self.width);
        let y = index / self.width;
        let side = |is_edge: bool, is_open: bool, neighbor: usize| match (is_edge, is_open) {
            (false, _) => Some(neighbor),
            (true, true) => None,
            (true, false) => Some(index),
        };
        let [left, right, top, bottom] = self.is_open;
        [
            side(x == 0, left, index.wrapping_sub(1)),
            side(x + 1 == self.width, right, index + 1),
            side(y == 0, top, index.wrapping_sub(self.width)),
            side(y + 1 == height, bottom, index + self.width),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::{Search, find};
    use crate::imaging::Rect;

    const VALUES: [&str; 6] = [
        "#########",
        "#.##..###",
        "####...#.",
        "#########",
        "##......#",
        "##.######",
    ];

    fn found(picture: Rect, most: usize, except: Option<usize>) -> Vec<usize> {
        let values: Vec<u8> = VALUES
            .concat()
            .bytes()
            .map(|byte| u8::from(byte == b'#'))
            .collect();
        let area = Rect::new(10, 10, 9, 6);
        let search = Search {
            value: 0,
            most,
            except,
        };
        let mut found = find(&values, area, picture, &search);
        found.sort_unstable();
        found
    }

    #[test]
    fn small_ones_are_found_whole_and_large_ones_are_not() {
        let area_only = Rect::new(10, 10, 9, 6);
        assert_eq!(found(area_only, 4, None), [10, 26]);
        assert_eq!(found(area_only, 5, None), [10, 13, 14, 22, 23, 24, 26]);
        assert_eq!(found(area_only, 5, Some(23)), [10, 26]);
        assert_eq!(found(area_only, 9, None).len(), 14);
    }

    #[test]
    fn what_may_go_on_beyond_the_area_is_none() {
        let picture = Rect::new(0, 0, 100, 100);
        assert_eq!(found(picture, 9, None), [10, 13, 14, 22, 23, 24]);
    }
}
