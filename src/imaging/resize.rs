//! Other sizes of a picture.

use super::Rect;
use fast_image_resize::{
    FilterType, ResizeAlg, ResizeOptions, Resizer,
    images::{TypedImage, TypedImageRef},
    pixels::{F32x3, U8x3},
};

/// How new pixels follow from old ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// The mean of the area that a new pixel covers. Never overshoots.
    Area,
    /// Catmull-Rom: sharp, hardly overshoots.
    CatmullRom,
    /// Lanczos with three lobes: sharpest, overshoots at hard edges.
    Lanczos3,
}

impl Filter {
    fn options(self) -> ResizeOptions {
        let filter = match self {
            Self::Area => FilterType::Box,
            Self::CatmullRom => FilterType::CatmullRom,
            Self::Lanczos3 => FilterType::Lanczos3,
        };
        ResizeOptions::new()
            .resize_alg(ResizeAlg::Convolution(filter))
            .use_alpha(false)
    }
}

/// Resizes interleaved RGB from `size` to `new_size` (columns, rows).
///
/// `None` unless there are three values per pixel and no side is zero. Values may leave the range of the input by the
/// overshoot of the filter.
pub fn rgb(rgb: &[f32], size: (u32, u32), new_size: (u32, u32), filter: Filter) -> Option<Vec<f32>> {
    if new_size.0 == 0 || new_size.1 == 0 || rgb.len() != size.0 as usize * size.1 as usize * 3 {
        return None;
    }
    if size == new_size {
        return Some(rgb.to_vec());
    }
    let pixels: Vec<F32x3> = rgb.as_chunks().0.iter().map(|color| F32x3::new(*color)).collect();
    let source = TypedImageRef::new(size.0, size.1, &pixels).ok()?;
    let mut resized = TypedImage::<F32x3>::new(new_size.0, new_size.1);
    let options = filter.options();
    Resizer::new()
        .resize_typed(&source, &mut resized, &options)
        .ok()?;
    Some(resized.pixels().iter().flat_map(|pixel| pixel.0).collect())
}

/// Resizes a part of a picture of bytes, interleaved RGB, from `part` of `size` to `new_size` (columns, rows).
///
/// `None` unless there are three values per pixel, `part` lies inside and no side is zero.
pub fn rgb8(
    rgb: &[u8],
    size: (u32, u32),
    part: Rect,
    new_size: (u32, u32),
    filter: Filter,
) -> Option<Vec<u8>> {
    let is_inside = part.right() <= size.0 && part.bottom() <= size.1;
    if new_size.0 == 0 || new_size.1 == 0 || part.is_empty() || !is_inside {
        return None;
    }
    let source = TypedImageRef::<U8x3>::from_buffer(size.0, size.1, rgb).ok()?;
    let mut resized = vec![0; new_size.0 as usize * new_size.1 as usize * 3];
    let mut target = TypedImage::<U8x3>::from_buffer(new_size.0, new_size.1, &mut resized).ok()?;
    let [left, top, width, height] = [part.x, part.y, part.width, part.height].map(f64::from);
    let options = filter.options().crop(left, top, width, height);
    Resizer::new().resize_typed(&source, &mut target, &options).ok()?;
    Some(resized)
}

#[cfg(test)]
mod tests {
    use super::Filter;

    #[test]
    fn a_flat_colour_stays_flat_at_every_size() {
        let flat: Vec<f32> = [0.25, 0.5, 0.75].repeat(20 * 14);
        for filter in [Filter::Area, Filter::CatmullRom, Filter::Lanczos3] {
            for new_size in [(7, 5), (33, 41), (20, 14)] {
                let resized = super::rgb(&flat, (20, 14), new_size, filter).unwrap();
                assert_eq!(resized.len(), new_size.0 as usize * new_size.1 as usize * 3);
                // The weights of a filter sum to one but for rounding in 32 bits.
                let is_flat = resized
                    .iter()
                    .zip([0.25, 0.5, 0.75].iter().cycle())
                    .all(|(a, b)| (a - b).abs() < 1e-5);
                assert!(is_flat, "{filter:?} to {new_size:?}");
            }
        }
    }

    #[test]
    fn area_is_the_mean() {
        let source = [0.0, 0.0, 0.0, 1.0, 0.5, 0.25];
        let resized = super::rgb(&source, (2, 1), (1, 1), Filter::Area).unwrap();
        assert_eq!(resized, [0.5, 0.25, 0.125]);
    }
}
