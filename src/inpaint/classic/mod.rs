//! Fills that need no network, to compare with: Telea's and the Navier-Stokes one.
//!
//! Both march from the edge of the hole inwards and give each pixel a weighted mean of the known pixels around it.
//! They are written after the published methods and after what OpenCV's `inpaint` does where the papers leave it
//! open (borders, ties, rounding to 8 bit after every pixel), so that numbers can stand beside OpenCV's: a test
//! finds every pixel the same. Nothing of them is used when a person removes something.

mod march;
mod navier_stokes;
mod telea;

use crate::progress::{Cancelled, Progress};

use march::Front;

/// How far around a pixel known ones are looked for, in pixels: what OpenCV's examples use.
pub const RADIUS: usize = 3;

/// Which fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Telea, "An image inpainting technique based on the fast marching method" (2004).
    Telea,
    /// After Bertalmio et al., "Navier-Stokes, fluid dynamics, and image and video inpainting" (2001), as OpenCV has
    /// it: known pixels along the isophotes count.
    NavierStokes,
}

/// Fills the hole of `rgb` (interleaved, `width` pixels wide) with known pixels within [`RADIUS`].
///
/// Pixels outside the hole stay. A hole without any known pixel beside it is left as it is. The time grows with the
/// area of the hole; whoever has a large picture gives the part around the hole.
///
/// # Panics
///
/// If the hole has not one value per pixel.
pub fn fill(
    rgb: &[u8],
    hole: &[bool],
    width: usize,
    method: Method,
    progress: &dyn Progress,
) -> Result<Vec<u8>, Cancelled> {
    assert_eq!(rgb.len(), 3 * hole.len(), "the hole has one value per pixel");
    let mut picture = Picture {
        width,
        height: hole.len() / width.max(1),
        rgb: rgb.to_vec(),
    };
    let mut front = Front::around(hole, width, picture.height);
    match method {
        Method::Telea => {
            front.measure_outside(RADIUS);
            front.march(progress, |front, at| {
                let color = telea::color(front, &picture, at);
                picture.set(front, at, color);
            })?;
        }
        Method::NavierStokes => front.march(progress, |front, at| {
            let color = navier_stokes::color(front, &picture, at);
            picture.set(front, at, color);
        })?,
    }
    Ok(picture.rgb)
}

/// The picture as filled so far.
struct Picture {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
}

impl Picture {
    fn color(&self, row: usize, column: usize) -> [f32; 3] {
        let at = 3 * (row * self.width + column);
        [self.rgb[at], self.rgb[at + 1], self.rgb[at + 2]].map(f32::from)
    }

    /// Writes the colour of a place of the front, rounded as OpenCV rounds.
    fn set(&mut self, front: &Front, at: usize, color: [f32; 3]) {
        let (row, column) = front.place(at);
        let start = 3 * ((row - 1) * self.width + column - 1);
        let rounded = color.map(|value| value.round_ties_even().clamp(0.0, 255.0) as u8);
        self.rgb[start..start + 3].copy_from_slice(&rounded);
    }
}

/// A known pixel near the one to fill.
struct Neighbour {
    /// Its place in the front.
    at: usize,
    /// From the pixel to fill to it, in rows and columns.
    down: f32,
    right: f32,
    rows: Taps,
    columns: Taps,
}

/// Which rows (or columns) of the picture a neighbour's gradient is read from: moved inside at the border.
struct Taps {
    own: usize,
    before: usize,
    /// The neighbour as its gradient has it, seen from the side before it and from the side after it.
    low: usize,
    high: usize,
    after: usize,
    /// Whether what lies before and after is known.
    knows_before: bool,
    knows_after: bool,
}

impl Taps {
    /// For the place `padded` of a line of `count` pixels with one of padding on both sides.
    const fn new(padded: usize, count: usize, knows_before: bool, knows_after: bool) -> Self {
        // A line of one pixel has no second one to look at: its gradient is zero.
        let last = count.saturating_sub(1);
        let low = match padded {
            1 if last == 0 => 0,
            1 => 1,
            _ => padded - 1,
        };
        let high = if padded == count {
            count.saturating_sub(2)
        } else {
            padded - 1
        };
        Self {
            own: padded - 1,
            before: low.saturating_sub(1),
            low,
            high,
            after: if high < last { high + 1 } else { last },
            knows_before,
            knows_after,
        }
    }
}

/// Calls `visit` with every known pixel within [`RADIUS`] of a place, in reading order.
fn for_each_neighbour(front: &Front, picture: &Picture, at: usize, mut visit: impl FnMut(&Neighbour)) {
    let (row, column) = front.place(at);
    let reach = RADIUS as isize;
    for down in -reach..=reach {
        for right in -reach..=reach {
            let (Some(y), Some(x)) = (row.checked_add_signed(down), column.checked_add_signed(right)) else {
                continue;
            };
            let is_inside = (1..=picture.height).contains(&y) && (1..=picture.width).contains(&x);
            if !is_inside || down * down + right * right > reach * reach {
                continue;
            }
            let at = front.at(y, x);
            if front.is_unknown(at) {
                continue;
            }
            let knows = |y, x| !front.is_unknown(front.at(y, x));
            visit(&Neighbour {
                at,
                down: down as f32,
                right: right as f32,
                rows: Taps::new(y, picture.height, knows(y - 1, x), knows(y + 1, x)),
                columns: Taps::new(x, picture.width, knows(y, x - 1), knows(y, x + 1)),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Method, fill};
    use crate::progress::Silent;

    const METHODS: [Method; 2] = [Method::Telea, Method::NavierStokes];

    #[test]
    fn a_flat_colour_is_continued_and_nothing_else_changes() {
        let hole: Vec<bool> = (0..12 * 10).map(|at| at % 12 > 7 && at / 12 < 6).collect();
        let flat = [90, 120, 30].repeat(hole.len());
        let mut holed = flat.clone();
        for (pixel, _) in holed
            .as_chunks_mut::<3>()
            .0
            .iter_mut()
            .zip(&hole)
            .filter(|(_, hole)| **hole)
        {
            *pixel = [255, 0, 255];
        }
        for method in METHODS {
            let filled = fill(&holed, &hole, 12, method, &Silent).unwrap();
            let worst = filled.iter().zip(&flat).map(|(a, b)| a.abs_diff(*b)).max();
            // Telea adds a half before it rounds, at each of the four steps to the middle; OpenCV is 3 away here too.
            let allowed = if method == Method::Telea { 3 } else { 0 };
            assert!(worst <= Some(allowed), "{method:?}: {worst:?} levels away");
        }
    }

    #[test]
    fn a_picture_that_is_all_hole_or_tiny_is_left_alone() {
        for method in METHODS {
            assert_eq!(fill(&[7; 12], &[true; 4], 2, method, &Silent).unwrap(), [7; 12]);
            assert_eq!(fill(&[], &[], 0, method, &Silent).unwrap(), [0; 0]);
            let filled = fill(&[9, 9, 9, 0, 0, 0], &[false, true], 2, method, &Silent).unwrap();
            assert_eq!(filled[..3], [9; 3], "{method:?}");
        }
    }
}
