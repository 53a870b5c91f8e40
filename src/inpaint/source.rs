//! The photo around a crop as the stages see it: with what earlier crops filled already in it.

use std::borrow::Cow;

use rayon::prelude::{
    IndexedParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _, ParallelSlice as _,
    ParallelSliceMut as _,
};

use crate::imaging::{HOLE_THRESHOLD, Mask, Patch, Pixels, Rect, Samples};

/// Pixels that one task looks at.
const PIXELS_PER_TASK: usize = 1 << 16;

/// What nothing is to be continued from: what the person `kept_out`, and what cannot be seen since it is fully
/// transparent, whose colour means nothing. The latter not, where nothing else would be left beside `holes`.
pub(super) fn keep_out<'a>(
    photo: &Pixels,
    holes: &Mask,
    kept_out: Option<&'a Mask>,
) -> Option<Cow<'a, Mask>> {
    let unseen = transparent(photo).map(|mut unseen| {
        if let Some(kept_out) = kept_out {
            let pairs = unseen.coverage_mut().iter_mut().zip(kept_out.coverage());
            pairs.for_each(|(unseen, kept_out)| *unseen = (*unseen).max(*kept_out));
        }
        unseen
    });
    match unseen {
        Some(unseen) if leaves_any(holes, &unseen) => Some(Cow::Owned(unseen)),
        _ => kept_out.map(Cow::Borrowed),
    }
}

/// Whether anything is neither hole nor kept out.
pub(super) fn leaves_any(holes: &Mask, keep_out: &Mask) -> bool {
    let pairs = holes.coverage().par_iter().zip(keep_out.coverage());
    pairs.any(|(hole, kept_out)| hole.max(kept_out) < &HOLE_THRESHOLD)
}

/// Where the photo is fully transparent; none where it is nowhere.
fn transparent(photo: &Pixels) -> Option<Mask> {
    let channels = photo.channels();
    if !channels.has_alpha() {
        return None;
    }
    let mut mask = Mask::empty(photo.width(), photo.height());
    let per_pixel = channels.count();
    match photo.samples() {
        Samples::U8(samples) => mark(mask.coverage_mut(), samples, per_pixel),
        Samples::U16(samples) => mark(mask.coverage_mut(), samples, per_pixel),
    }
    mask.coverage()
        .par_iter()
        .any(|&coverage| coverage > 0)
        .then_some(mask)
}

/// Covers the pixels whose last sample is 0.
fn mark<T: Copy + Default + PartialEq + Sync>(coverage: &mut [u8], samples: &[T], per_pixel: usize) {
    coverage
        .par_chunks_mut(PIXELS_PER_TASK)
        .zip(samples.par_chunks(PIXELS_PER_TASK * per_pixel))
        .for_each(|(coverage, samples)| {
            for (coverage, pixel) in coverage.iter_mut().zip(samples.chunks_exact(per_pixel)) {
                if pixel.last() == Some(&T::default()) {
                    *coverage = u8::MAX;
                }
            }
        });
}

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

    /// Coverage of the keep-out area over row `y` of [`Self::pixels`], one value per pixel of it.
    pub(super) fn keep_out_row(&self, y: u32) -> Option<&[u8]> {
        let mask = self.keep_out?;
        let start = (self.origin.1 + y) as usize * mask.width() as usize + self.origin.0 as usize;
        mask.coverage().get(start..start + self.pixels.width() as usize)
    }

    /// The keep-out area within `rect`, row by row; none where it has nothing there.
    pub(super) fn kept_out(&self, rect: Rect) -> Option<Vec<bool>> {
        let kept_out = self.keep_out?.holes(rect);
        kept_out.contains(&true).then_some(kept_out)
    }

    /// Which pixels of `rect` are holes that nobody has filled yet, row by row.
    pub(super) fn holes(&self, rect: Rect) -> Vec<bool> {
        self.mask.holes(self.local(rect))
    }

    /// Around the holes within `rect` that nobody has filled yet.
    pub(super) fn hole_bounds(&self, rect: Rect) -> Rect {
        let bounds = self.mask.hole_bounds_within(self.local(rect));
        Rect::new(
            bounds.x + self.origin.0,
            bounds.y + self.origin.1,
            bounds.width,
            bounds.height,
        )
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

#[cfg(test)]
mod tests {
    use super::keep_out;
    use crate::imaging::{Channels, Mask, Pixels, Samples};

    /// One row of grey pixels of these opacities.
    fn row(opacities: &[u8]) -> Pixels {
        let samples = opacities.iter().flat_map(|&opacity| [9, opacity]).collect();
        let width = opacities.len() as u32;
        Pixels::new(width, 1, Channels::GrayAlpha, Samples::U8(samples)).unwrap()
    }

    fn mask(coverage: [u8; 4]) -> Mask {
        Mask::new(4, 1, coverage.to_vec()).unwrap()
    }

    #[test]
    fn nothing_is_continued_from_what_is_fully_transparent() {
        let photo = row(&[0, 1, 255, 255]);
        let holes = mask([0, 0, 255, 0]);
        let unseen = keep_out(&photo, &holes, None).unwrap();
        assert_eq!(unseen.coverage(), [255, 0, 0, 0]);
        let kept_out = mask([0, 255, 0, 0]);
        let both = keep_out(&photo, &holes, Some(&kept_out)).unwrap();
        assert_eq!(both.coverage(), [255, 255, 0, 0]);
        assert!(keep_out(&row(&[9; 4]), &holes, None).is_none());
    }

    #[test]
    fn where_all_else_is_transparent_it_is_continued_after_all() {
        let photo = row(&[0, 0, 255, 0]);
        assert!(keep_out(&photo, &mask([0, 0, 255, 0]), None).is_none());
    }
}
