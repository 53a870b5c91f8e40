//! What the canvas is given each frame: borrowed pixels, and how they become colours of the screen.
//!
//! The canvas keeps nothing of the document. It reads what it needs from a [`Scene`] while it fills its textures,
//! so the document stays the only owner of pixels and the canvas can be tested with pictures made on the spot.

use crate::imaging::{Mask, Pixels, Rect, Samples};

/// The document as the canvas sees it, for one frame.
///
/// All three have the same size. Passing the same picture as original and result is the cheapest way to say that
/// nothing has been removed yet.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// The photo as it was opened.
    pub original: &'a Pixels,
    /// The photo with all visible removals.
    pub result: &'a Pixels,
    /// What the person has painted.
    pub mask: &'a Mask,
    /// How samples become colours of the screen.
    pub colors: &'a dyn DisplayColors,
}

/// Turns a photo's samples into sRGB for the screen.
pub trait DisplayColors {
    /// Writes the pixels of `rect`, row by row, as sRGB with straight alpha, four bytes each.
    ///
    /// `rect` lies inside `pixels` and `rgba` has `4 · rect.area()` bytes. Called with single rows, many times.
    fn fill_rgba(&self, pixels: &Pixels, rect: Rect, rgba: &mut [u8]);
}

/// For photos that are sRGB or say nothing of their colours: the samples as they are.
#[derive(Debug, Clone, Copy, Default)]
pub struct Untagged;

impl DisplayColors for Untagged {
    fn fill_rgba(&self, pixels: &Pixels, rect: Rect, rgba: &mut [u8]) {
        match pixels.samples() {
            Samples::U8(samples) => fill(pixels, samples, rect, rgba, |sample| sample),
            Samples::U16(samples) => fill(pixels, samples, rect, rgba, from_16_bits),
        }
    }
}

/// Rounds to the nearest of 256 levels.
const fn from_16_bits(sample: u16) -> u8 {
    ((sample as u32 * 255 + 32_767) / 65_535) as u8
}

fn fill<T: Copy>(
    pixels: &Pixels,
    samples: &[T],
    rect: Rect,
    rgba: &mut [u8],
    to_u8: impl Fn(T) -> u8 + Copy,
) {
    let per_pixel = pixels.channels().count();
    for row in 0..rect.height as usize {
        let start = ((rect.y as usize + row) * pixels.width() as usize + rect.x as usize) * per_pixel;
        let from = &samples[start..start + rect.width as usize * per_pixel];
        let to = &mut rgba[row * rect.width as usize * 4..][..rect.width as usize * 4];
        match per_pixel {
            1 => fill_row::<T, 1>(from, to, |[gray]| [to_u8(gray), to_u8(gray), to_u8(gray), 255]),
            2 => fill_row::<T, 2>(from, to, |[gray, alpha]| {
                [to_u8(gray), to_u8(gray), to_u8(gray), to_u8(alpha)]
            }),
            3 => fill_row::<T, 3>(from, to, |[r, g, b]| [to_u8(r), to_u8(g), to_u8(b), 255]),
            _ => fill_row::<T, 4>(from, to, |[r, g, b, a]| [to_u8(r), to_u8(g), to_u8(b), to_u8(a)]),
        }
    }
}

fn fill_row<T: Copy, const N: usize>(from: &[T], to: &mut [u8], color: impl Fn([T; N]) -> [u8; 4]) {
    let (from, _) = from.as_chunks::<N>();
    let (to, _) = to.as_chunks_mut::<4>();
    for (to, from) in to.iter_mut().zip(from) {
        *to = color(*from);
    }
}

#[cfg(test)]
mod tests {
    use super::{DisplayColors as _, Untagged};
    use crate::imaging::{Channels, Pixels, Rect, Samples};

    #[test]
    fn sixteen_bit_grey_becomes_the_nearest_of_256_levels() {
        let samples = Samples::U16(vec![0, 65_535, 128, 129, 257 * 7, 65_535]);
        let pixels = Pixels::new(3, 1, Channels::GrayAlpha, samples).unwrap();
        let mut rgba = [9; 12];
        Untagged.fill_rgba(&pixels, Rect::new(0, 0, 3, 1), &mut rgba);
        assert_eq!(rgba, [0, 0, 0, 255, 0, 0, 0, 1, 7, 7, 7, 255]);
    }

    #[test]
    fn only_the_rectangle_is_read() {
        let samples = (0..4 * 3 * 3).collect();
        let pixels = Pixels::new(4, 3, Channels::Rgb, Samples::U8(samples)).unwrap();
        let mut rgba = [0; 16];
        Untagged.fill_rgba(&pixels, Rect::new(2, 1, 2, 2), &mut rgba);
        assert_eq!(
            rgba,
            [18, 19, 20, 255, 21, 22, 23, 255, 30, 31, 32, 255, 33, 34, 35, 255]
        );
    }
}
