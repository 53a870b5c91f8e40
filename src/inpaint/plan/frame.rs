//! The rectangle that the network sees for given holes: how large, how much scaled down, where.
//!
//! The scale is a whole number, so that scaling down is an exact mean over cells of photo pixels and no cell
//! straddles a hole's edge by a fraction.

use crate::imaging::Rect;

/// Sides of the network's pictures are multiples of this (the scale of its innermost features), as far as the
/// photo allows.
pub(in crate::inpaint) const SIDE_STEP: u32 = 128;
/// The side that the paper trains at and the weights are measured at: smaller crops only where the photo is smaller.
pub(super) const MIN_SIDE: u32 = 512;
/// The largest side that goes through the network.
pub(super) const MAX_SIDE: u32 = 1024;
/// Surroundings on every side of the holes, in the network's pixels.
pub(super) const MIN_MARGIN: u32 = 64;
/// A crop has at least this many times the area of the holes in it.
pub(super) const AREA_PER_HOLE: u64 = 4;

/// A rectangle of the photo and how many of its pixels, per side, make one of the network's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) rect: Rect,
    pub(super) scale_down: u32,
}

impl Frame {
    /// The smallest frame around `bounds` that shows enough: `area_wanted` says which area a rectangle must have for
    /// the holes in it. Only a photo that is too small, or too full of holes, gives less.
    pub(super) fn around(bounds: Rect, photo: Rect, area_wanted: impl Fn(Rect) -> u64) -> Self {
        let mut scale_down = bounds.width.max(bounds.height).div_ceil(MAX_SIDE).max(1);
        loop {
            if let Some(rect) = fitting_rect(bounds, photo, scale_down, &area_wanted) {
                return Self { rect, scale_down };
            }
            scale_down += 1;
        }
    }

    /// Columns and rows of the network's picture.
    pub(super) const fn network_size(&self) -> (u32, u32) {
        self.rect.size_scaled_down(self.scale_down)
    }

    /// What running the network costs, in its pixels; every run has a price of its own.
    pub(super) fn cost(&self) -> u64 {
        let (width, height) = self.network_size();
        u64::from(width.next_multiple_of(SIDE_STEP)) * u64::from(height.next_multiple_of(SIDE_STEP))
            + (1 << 16)
    }
}

/// The frame's rectangle at this scale; `None` where the network's largest side does not suffice.
fn fitting_rect(
    bounds: Rect,
    photo: Rect,
    scale_down: u32,
    area_wanted: &impl Fn(Rect) -> u64,
) -> Option<Rect> {
    let largest = MAX_SIDE * scale_down;
    let mut width = first_side(bounds.width, photo.width, scale_down);
    let mut height = first_side(bounds.height, photo.height, scale_down);
    loop {
        if width > largest || height > largest {
            return None;
        }
        let rect = place(bounds, width, height, photo);
        if rect == photo || area_wanted(rect) <= rect.area() {
            return Some(rect);
        }
        let step = SIDE_STEP * scale_down;
        let wider = (width + step).min(photo.width);
        let higher = (height + step).min(photo.height);
        match (
            wider > width && wider <= largest,
            higher > height && higher <= largest,
        ) {
            (true, true) if width <= height => width = wider,
            (true, false) => width = wider,
            (_, true) => height = higher,
            (false, false) => return None,
        }
    }
}

fn first_side(hole: u32, photo: u32, scale_down: u32) -> u32 {
    let wanted = (hole + 2 * MIN_MARGIN * scale_down).next_multiple_of(SIDE_STEP * scale_down);
    wanted.max(MIN_SIDE * scale_down).min(photo)
}

/// Centred on the holes, then shifted into the photo.
fn place(bounds: Rect, width: u32, height: u32, photo: Rect) -> Rect {
    let along = |start: u32, length: u32, side: u32, limit: u32| {
        (start + length / 2).saturating_sub(side / 2).min(limit - side)
    };
    Rect::new(
        along(bounds.x, bounds.width, width, photo.width),
        along(bounds.y, bounds.height, height, photo.height),
        width,
        height,
    )
}

#[cfg(test)]
mod tests {
    use super::{AREA_PER_HOLE, Frame};
    use crate::imaging::Rect;

    fn solid(bounds: Rect, photo: (u32, u32)) -> Frame {
        let photo = Rect::new(0, 0, photo.0, photo.1);
        Frame::around(bounds, photo, |rect| {
            AREA_PER_HOLE * rect.intersect(&bounds).area()
        })
    }

    #[test]
    fn a_small_hole_gets_the_trained_size_at_native_scale() {
        let frame = solid(Rect::new(2000, 1000, 60, 90), (6000, 4000));
        assert_eq!((frame.scale_down, frame.network_size()), (1, (512, 512)));
    }

    #[test]
    fn a_hole_in_the_corner_shifts_the_crop_into_the_photo() {
        let frame = solid(Rect::new(5990, 0, 10, 10), (6000, 4000));
        assert_eq!(frame.rect, Rect::new(5488, 0, 512, 512));
    }

    #[test]
    fn a_hole_of_five_hundred_pixels_still_fits_at_native_scale() {
        let frame = solid(Rect::new(2000, 1000, 500, 500), (6000, 4000));
        assert_eq!((frame.scale_down, frame.network_size()), (1, (1024, 1024)));
    }

    #[test]
    fn a_hole_too_large_for_the_area_rule_gets_the_whole_photo_scaled() {
        let frame = solid(Rect::new(500, 500, 5000, 3000), (6000, 4000));
        assert_eq!(frame.rect, Rect::new(0, 0, 6000, 4000));
        assert_eq!(frame.scale_down, 6);
    }

    #[test]
    fn a_narrow_photo_gives_room_along_its_length() {
        let frame = solid(Rect::new(2000, 20, 400, 400), (6000, 440));
        assert_eq!(frame.rect.height, 440);
        assert!(frame.rect.area() >= 4 * 400 * 400, "{frame:?}");
    }
}
