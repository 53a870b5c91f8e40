//! The magic wand: what has the colour of a place, around it or everywhere in the photo.
//!
//! Colours are compared as they are shown on the screen, whatever the depth and the profile of the photo, in a space
//! where equal distances look equally different. Grain leaves neither gaps nor islands, and the edge reaches a pixel
//! farther than the colour does, over the pixels in which two things mix; it is smooth within a pixel. The outcome
//! does not depend on how the work is shared between threads. What is deliberately absent: a guess at what the thing
//! is.

mod color;
mod edge;
mod flood;
mod specks;

use super::{Pixels, Rect, color::DisplayTransform};
use color::Likeness;
use flood::Region;
use specks::Search;

/// Gaps that are taken for grain.
const GAPS: Search = Search {
    value: 0,
    most: 16,
    except: None,
};
/// Islands that are.
const ISLANDS: Search = Search {
    value: 1,
    most: 4,
    except: None,
};
/// How far [`edge::soften`] reaches beyond the pixels of like colour.
const EDGE_PX: u32 = 2;

/// What counts as similar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Similar {
    /// How different a colour may look, in percent of the step from black to white.
    pub tolerance: f32,
    /// Only what hangs together with the place, over the sides of pixels, not over corners.
    pub is_contiguous: bool,
}

/// What was selected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// The part of the photo that it lies in.
    pub area: Rect,
    /// How much of every pixel of `area` is selected, row by row: 255 is all of it.
    pub coverage: Vec<u8>,
}

/// Selects what is similar to the colour at column and row `at`: the median of 3 × 3 pixels, so that a grain of the
/// photo does not decide. The pixel itself is always selected.
///
/// Nothing is selected where `at` lies outside the picture. `colors` must have been made for a picture of these
/// channels. The memory needed grows with the part of the photo that is reached.
pub fn select(pixels: &Pixels, colors: &DisplayTransform, at: (u32, u32), similar: &Similar) -> Selection {
    let photo = pixels.bounds();
    if !photo.contains(at.0, at.1) {
        return Selection::default();
    }
    let likeness = Likeness::new(pixels, colors, at, similar.tolerance);
    let region = if similar.is_contiguous {
        flood::around(&likeness, at)
    } else {
        without_islands(flood::everywhere(&likeness, at), at)
    };
    let area = region.area.grown_within(EDGE_PX, photo.width, photo.height);
    let mut inside = region.within(area);
    for index in specks::find(&inside, area, photo, &GAPS) {
        inside[index] = 1;
    }
    Selection {
        area,
        coverage: edge::soften(&inside, area.width as usize),
    }
}

/// Drops specks of the colour, but not the one that was pointed at.
fn without_islands(mut region: Region, at: (u32, u32)) -> Region {
    let islands = Search {
        except: Some(region.index_of(at)),
        ..ISLANDS
    };
    // Beyond the region nothing is selected, so no island goes on there.
    for index in specks::find(&region.inside, region.area, region.area, &islands) {
        region.inside[index] = 0;
    }
    region
}

#[cfg(test)]
mod tests;
