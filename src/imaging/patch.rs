//! A rectangle of new pixels with blend weights: what a fill gives and what goes over the photo.

use super::{Pixels, Rect, Samples};

/// New pixels for `rect` of a photo, in the photo's own depth and channels.
///
/// Each pixel has a weight: 255 takes the patch, 0 leaves the photo as it is bit for bit, anything between blends
/// the colour samples. Alpha is always the photo's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    rect: Rect,
    pixels: Pixels,
    weights: Vec<u8>,
}

impl Patch {
    /// A patch for `rect`. `None` unless pixels and weights have its size.
    pub fn new(rect: Rect, pixels: Pixels, weights: Vec<u8>) -> Option<Self> {
        let fits = pixels.width() == rect.width
            && pixels.height() == rect.height
            && weights.len() as u64 == rect.area();
        fits.then_some(Self {
            rect,
            pixels,
            weights,
        })
    }

    /// Where in the photo it goes.
    pub const fn rect(&self) -> Rect {
        self.rect
    }

    /// The new pixels.
    pub const fn pixels(&self) -> &Pixels {
        &self.pixels
    }

    /// One weight per pixel, row by row.
    pub fn weights(&self) -> &[u8] {
        &self.weights
    }

    /// The part inside `rect`; `None` where they do not meet.
    pub fn part(&self, rect: Rect) -> Option<Self> {
        let shared = self.rect.intersect(&rect);
        if shared.is_empty() {
            return None;
        }
        let (left, top) = (shared.x - self.rect.x, shared.y - self.rect.y);
        let stride = self.rect.width as usize;
        let mut weights = Vec::with_capacity(shared.area() as usize);
        for y in top..top + shared.height {
            let start = y as usize * stride + left as usize;
            weights.extend_from_slice(&self.weights[start..start + shared.width as usize]);
        }
        let inside = Rect::new(left, top, shared.width, shared.height);
        Self::new(shared, self.pixels.crop(inside), weights)
    }

    /// The same, as a patch for a photo of which `window` is all there is.
    pub fn seen_in(&self, window: Rect) -> Option<Self> {
        let part = self.part(window)?;
        let Rect { x, y, width, height } = part.rect;
        Some(Self {
            rect: Rect::new(x - window.x, y - window.y, width, height),
            ..part
        })
    }

    /// Blends the patch into `photo`, which must have its depth and channels and contain its rectangle.
    pub fn apply(&self, photo: &mut Pixels) {
        debug_assert!(
            photo.bounds().contains_rect(&self.rect),
            "{:?} leaves the photo",
            self.rect
        );
        debug_assert_eq!(
            photo.channels(),
            self.pixels.channels(),
            "a patch has its photo's channels"
        );
        let (width, channels) = (photo.width(), photo.channels());
        let layout = Layout {
            photo_width: width as usize,
            per_pixel: channels.count(),
            colors: channels.color_count(),
        };
        match (photo.samples_mut(), self.pixels.samples()) {
            (Samples::U8(under), Samples::U8(over)) => self.blend_rows(under, over, layout, blend_u8),
            (Samples::U16(under), Samples::U16(over)) => self.blend_rows(under, over, layout, blend_u16),
            _ => debug_assert!(false, "a patch has its photo's bit depth"),
        }
    }

    fn blend_rows<T: Copy>(&self, under: &mut [T], over: &[T], layout: Layout, blend: fn(T, T, u8) -> T) {
        let patch_width = self.rect.width as usize;
        for row in 0..self.rect.height as usize {
            let start = (self.rect.y as usize + row) * layout.photo_width + self.rect.x as usize;
            for column in 0..patch_width {
                let weight = self.weights[row * patch_width + column];
                if weight == 0 {
                    continue;
                }
                let to = (start + column) * layout.per_pixel;
                let from = (row * patch_width + column) * layout.per_pixel;
                for color in 0..layout.colors {
                    under[to + color] = blend(under[to + color], over[from + color], weight);
                }
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Layout {
    photo_width: usize,
    per_pixel: usize,
    colors: usize,
}

fn blend_u8(under: u8, over: u8, weight: u8) -> u8 {
    blend(under.into(), over.into(), weight) as u8
}

fn blend_u16(under: u16, over: u16, weight: u8) -> u16 {
    blend(under.into(), over.into(), weight) as u16
}

/// Rounds to the nearest, so that 0 and 255 are exact.
const fn blend(under: u32, over: u32, weight: u8) -> u32 {
    let weight = weight as u32;
    (under * (255 - weight) + over * weight + 127) / 255
}

#[cfg(test)]
mod tests {
    use super::Patch;
    use crate::imaging::{Channels, Pixels, Rect, Samples};

    #[test]
    fn a_part_changes_what_the_whole_patch_changes_there() {
        let numbered = |width: u32, height: u32| {
            let samples = Samples::U8((0..(width * height) as u8).collect());
            Pixels::new(width, height, Channels::Gray, samples).unwrap()
        };
        let weights = (0..20).map(|at| if at % 3 == 0 { 255 } else { 60 });
        let patch = Patch::new(Rect::new(3, 2, 5, 4), numbered(5, 4), weights.collect()).unwrap();
        let window = Rect::new(5, 1, 4, 3);
        let photo = numbered(10, 8);
        let (mut whole, mut parts) = (photo.clone(), photo.crop(window));
        patch.apply(&mut whole);
        patch.seen_in(window).unwrap().apply(&mut parts);
        assert!(whole.crop(window) == parts, "seen in the window alone");
        let mut part = photo;
        patch.part(window).unwrap().apply(&mut part);
        assert!(part.crop(window) == parts, "in its place in the photo");
        assert_eq!(patch.part(Rect::new(0, 0, 3, 8)), None);
    }

    #[test]
    fn weights_choose_between_photo_and_patch_and_alpha_stays() {
        let mut photo = Pixels::new(
            3,
            1,
            Channels::GrayAlpha,
            Samples::U16(vec![1000, 7, 1000, 8, 1000, 9]),
        )
        .unwrap();
        let new = Pixels::new(2, 1, Channels::GrayAlpha, Samples::U16(vec![2000, 0, 2000, 0])).unwrap();
        Patch::new(Rect::new(1, 0, 2, 1), new, vec![255, 51])
            .unwrap()
            .apply(&mut photo);
        assert_eq!(photo.samples(), &Samples::U16(vec![1000, 7, 2000, 8, 1200, 9]));
    }
}
