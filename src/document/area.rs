//! Areas: what a closed outline surrounds is painted at once.
//!
//! Lasso, polygon and rectangle all come down to this. The edge is smooth within a pixel; what the outline goes round
//! twice is painted like the rest.

use zeno::{Command, Fill, Point};

use super::{Changed, Document, Target};
use crate::imaging::Rect;

impl Document {
    /// Paints all that lies inside `outline`, in pixels of the photo, or takes marks away there; one step of the
    /// history.
    ///
    /// The outline is closed from its last point to its first. One that surrounds nothing leaves no step. On a large
    /// photo that takes long.
    pub fn paint_area(&mut self, target: Target, outline: &[[f32; 2]], erase: bool) -> Changed {
        self.end_stroke();
        let area = bounds_of(outline).intersect(&self.bounds());
        if area.is_empty() {
            return Changed::default();
        }
        let coverage = coverage(outline, area);
        let mut after = (*self.painted(target)).clone();
        let width = after.width() as usize;
        for y in area.y..area.bottom() {
            let row = &mut after.coverage_mut()[y as usize * width..][..width];
            cover(row, y, &coverage, area, erase);
        }
        let name = match (target, erase) {
            (Target::Remove, false) => "Area",
            (Target::Remove, true) => "Erased area",
            (Target::KeepOut, false) => "Keep-out area",
            (Target::KeepOut, true) => "Erased keep-out area",
        };
        self.put(target, name, after, area)
    }
}

/// Combines row `y` with the coverage of `area`, which it crosses.
pub(super) fn cover(row: &mut [u8], y: u32, coverage: &[u8], area: Rect, erase: bool) {
    let start = (y - area.y) as usize * area.width as usize;
    let coverage = &coverage[start..start + area.width as usize];
    let row = &mut row[area.x as usize..area.right() as usize];
    for (value, &inside) in row.iter_mut().zip(coverage) {
        *value = if erase {
            (*value).min(255 - inside)
        } else {
            (*value).max(inside)
        };
    }
}

/// The whole pixels that an outline reaches, as far as they can be those of a photo.
fn bounds_of(outline: &[[f32; 2]]) -> Rect {
    if outline.iter().flatten().any(|value| !value.is_finite()) {
        return Rect::default();
    }
    let range = |axis: usize| {
        let values = outline.iter().map(|point| point[axis]);
        let low = values.clone().fold(f32::INFINITY, f32::min).max(0.0);
        let high = values.fold(0.0, f32::max).ceil();
        (low < high).then(|| (low as u32, high as u32 - low as u32))
    };
    match (range(0), range(1)) {
        (Some((x, width)), Some((y, height))) => Rect::new(x, y, width, height),
        _ => Rect::default(),
    }
}

/// How much of every pixel of `area` lies inside the outline, row by row.
fn coverage(outline: &[[f32; 2]], area: Rect) -> Vec<u8> {
    let corner = |point: &[f32; 2]| Point::new(point[0] - area.x as f32, point[1] - area.y as f32);
    let mut path: Vec<Command> = outline
        .iter()
        .map(|point| Command::LineTo(corner(point)))
        .collect();
    if let (Some(first), Some(start)) = (path.first_mut(), outline.first()) {
        *first = Command::MoveTo(corner(start));
    }
    path.push(Command::Close);
    let mut coverage = vec![0; area.area() as usize];
    zeno::Mask::new(&path[..])
        .style(Fill::NonZero)
        .size(area.width, area.height)
        .render_into(&mut coverage, None);
    coverage
}
