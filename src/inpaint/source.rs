//! The photo around a crop as the stages see it: with what earlier crops filled already in it.

use std::borrow::Cow;

use crate::imaging::{Mask, Patch, Pixels, Rect};

/// The photo and its holes around a crop, with what earlier crops filled already in it.
pub(super) struct Source<'a> {
    pub(super) pixels: Cow<'a, Pixels>,
    /// The widened mask, less what earlier crops filled.
    pub(super) mask: Cow<'a, Mask>,
    /// What the person does not want to see continued, of the whole photo.
    keep_out: Option<&'a Mask>,
    /// Where the pixels' first one lies in the photo.
    origin: (u32, u32),
}

impl<'a> Source<'a> {
    /// The photo around `rect`, in which `earlier` patches are applied; where they have weight no hole is left.
    pub(super) fn new(pixels: &'a Pixels, mask: &'a Mask, rect: Rect, earlier: &[&Patch]) -> Self {
        if earlier.is_empty() {
            Self::photo(pixels, mask)
        } else {
            Self::with_earlier(pixels, mask, rect, earlier)
        }
    }

    /// The same, with areas that nothing is to be continued from.
    pub(super) const fn keeping_out(mut self, keep_out: Option<&'a Mask>) -> Self {
        self.keep_out = keep_out;
        self
    }

    pub(super) const fn has_keep_out(&self) -> bool {
        self.keep_out.is_some()
    }

    /// Whether a pixel of the photo is in the keep-out area.
    pub(super) fn is_kept_out(&self, x: u32, y: u32) -> bool {
        self.keep_out.is_some_and(|mask| mask.is_hole(x, y))
    }

    /// Coverage of the keep-out area over row `y` of [`Self::pixels`], one value per pixel of it.
    pub(super) fn keep_out_row(&self, y: u32) -> Option<&[u8]> {
        let mask = self.keep_out?;
        let start = (self.origin.1 + y) as usize * mask.width() as usize + self.origin.0 as usize;
        mask.coverage().get(start..start + self.pixels.width() as usize)
    }

    /// The keep-out area within `rect`, row by row; none where it has nothing there.
    pub(super) fn kept_out(&self, rect: Rect) -> Option<Vec<bool>> {
        let kept_out: Vec<bool> = (rect.y..rect.bottom())
            .flat_map(|y| (rect.x..rect.right()).map(move |x| self.is_kept_out(x, y)))
            .collect();
        kept_out.contains(&true).then_some(kept_out)
    }

    /// A rectangle of the photo as one of `pixels` and `mask`.
    pub(super) const fn local(&self, rect: Rect) -> Rect {
        Rect::new(
            rect.x - self.origin.0,
            rect.y - self.origin.1,
            rect.width,
            rect.height,
        )
    }

    /// Whether a pixel of the photo is a hole that nobody has filled yet.
    pub(super) fn is_hole(&self, x: u32, y: u32) -> bool {
        self.mask.is_hole(x - self.origin.0, y - self.origin.1)
    }

    const fn photo(pixels: &'a Pixels, mask: &'a Mask) -> Self {
        Self {
            pixels: Cow::Borrowed(pixels),
            mask: Cow::Borrowed(mask),
            origin: (0, 0),
            keep_out: None,
        }
    }

    fn with_earlier(pixels: &Pixels, mask: &Mask, rect: Rect, earlier: &[&Patch]) -> Self {
        let mut pixels = pixels.crop(rect);
        let mut mask = mask.crop(rect);
        for part in earlier.iter().filter_map(|patch| patch.seen_in(rect)) {
            clear(&mut mask, part.rect(), part.weights());
            part.apply(&mut pixels);
        }
        Self {
            pixels: Cow::Owned(pixels),
            mask: Cow::Owned(mask),
            origin: (rect.x, rect.y),
            keep_out: None,
        }
    }
}

fn clear(mask: &mut Mask, rect: Rect, weights: &[u8]) {
    let width = mask.width() as usize;
    for (row, weights) in weights.chunks_exact(rect.width as usize).enumerate() {
        let start = (rect.y as usize + row) * width + rect.x as usize;
        for (coverage, weight) in mask.coverage_mut()[start..].iter_mut().zip(weights) {
            if *weight > 0 {
                *coverage = 0;
            }
        }
    }
}
