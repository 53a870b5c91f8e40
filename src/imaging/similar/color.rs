//! How different two colours look.
//!
//! The axes are those of [Oklab](https://bottosson.github.io/posts/oklab/): lightness, green to red, blue to yellow.
//! Its cube root is too steep for photos near black, where one step of an 8-bit sample would count like ten; so it is
//! taken a little above zero, as in JPEG XL's XYB. Scaled so that black and white are 100 apart, lightness then is
//! within a unit and a half of CIELAB's. Opacity is a fourth axis of the same length.

use std::sync::LazyLock;

use crate::imaging::{Pixels, Rect, color::DisplayTransform};

/// Pixels that are compared in one go, a multiple of any vector's length.
const CHUNK: usize = 64;
/// What is added before the cube root: `kOpsinAbsorbanceBias` of JPEG XL.
const BIAS: f32 = 0.003_793_073_3;
/// 100 divided by the difference of the cube roots of `1 + BIAS` and `BIAS`.
const SCALE: f32 = 118.3;

/// Colours that differ by no more are the same: a step of one 8-bit sample is a hundred times as much.
const ROUNDING: f32 = 1e-3;

/// From linear sRGB to the responses of the eye's cones.
const CONES: [[f32; 3]; 3] = [
    [0.412_221_46, 0.536_332_55, 0.051_445_995],
    [0.211_903_5, 0.680_699_5, 0.107_396_96],
    [0.088_302_46, 0.281_718_85, 0.629_978_7],
];
/// From the cube roots of those to lightness and the two axes of colour.
const AXES: [[f32; 3]; 3] = [
    [0.210_454_26, 0.793_617_8, -0.004_072_047],
    [1.977_998_5, -2.428_592_2, 0.450_593_7],
    [0.025_904_037, 0.782_771_77, -0.808_675_77],
];

/// The light of each value of an sRGB sample, `0.0..=1.0`.
static LINEAR: LazyLock<[f32; 256]> = LazyLock::new(|| {
    std::array::from_fn(|value| {
        let encoded = value as f32 / 255.0;
        if encoded <= 0.040_45 {
            encoded / 12.92
        } else {
            ((encoded + 0.055) / 1.055).powf(2.4)
        }
    })
});

/// A colour, as far as it is seen. Only differences have a meaning.
pub(super) type Seen = [f32; 4];

/// Which pixels of a photo look like one of its places.
pub(super) struct Likeness<'a> {
    pixels: &'a Pixels,
    colors: &'a DisplayTransform,
    wanted: Seen,
    tolerance_squared: f32,
}

impl<'a> Likeness<'a> {
    /// Takes the colour from the 3 × 3 pixels around `at`, which must lie in the picture.
    pub(super) fn new(
        pixels: &'a Pixels,
        colors: &'a DisplayTransform,
        at: (u32, u32),
        tolerance: f32,
    ) -> Self {
        let place = place(pixels.bounds(), at);
        let mut rgba = vec![0; place.area() as usize * 4];
        colors.to_rgba8(pixels, place, &mut rgba);
        Self {
            pixels,
            colors,
            wanted: median(&rgba),
            tolerance_squared: tolerance.max(ROUNDING).powi(2),
        }
    }

    pub(super) const fn bounds(&self) -> Rect {
        self.pixels.bounds()
    }

    /// For every pixel of `rect`, row by row, 1 where it looks like the place and 0 elsewhere.
    pub(super) fn of(&self, rect: Rect) -> Vec<u8> {
        let mut rgba = vec![0; rect.area() as usize * 4];
        self.colors.to_rgba8(self.pixels, rect, &mut rgba);
        let mut like = vec![0; rect.area() as usize];
        for (rgba, like) in rgba.chunks(CHUNK * 4).zip(like.chunks_mut(CHUNK)) {
            let seen = Colors::of(rgba);
            let mut distances_squared = [0.0; CHUNK];
            for (axis, wanted) in seen.0.iter().zip(self.wanted) {
                for (distance_squared, place) in distances_squared.iter_mut().zip(axis) {
                    *distance_squared += (place - wanted).powi(2);
                }
            }
            for (like, distance_squared) in like.iter_mut().zip(distances_squared) {
                *like = u8::from(distance_squared <= self.tolerance_squared);
            }
        }
        like
    }
}

/// The pixel with its neighbours, as far as the picture has them.
pub(super) fn place(picture: Rect, (x, y): (u32, u32)) -> Rect {
    Rect::new(x, y, 1, 1).grown_within(1, picture.width, picture.height)
}

/// The median of each axis.
fn median(rgba: &[u8]) -> Seen {
    let seen = Colors::of(rgba);
    let count = rgba.len() / 4;
    std::array::from_fn(|axis| {
        let mut values = seen.0[axis];
        values[..count].sort_unstable_by(f32::total_cmp);
        values[count / 2]
    })
}

/// Up to [`CHUNK`] colours, axis by axis, so that loops over them are vectorised.
struct Colors([[f32; CHUNK]; 4]);

impl Colors {
    fn of(rgba: &[u8]) -> Self {
        let linear = &*LINEAR;
        let mut light = [[0.0; CHUNK]; 4];
        for (index, pixel) in rgba.as_chunks::<4>().0.iter().enumerate() {
            // What cannot be seen has no colour.
            let opacity = f32::from(pixel[3]) / 255.0;
            for channel in 0..3 {
                light[channel][index] = linear[usize::from(pixel[channel])] * opacity;
            }
            light[3][index] = opacity;
        }
        let mut cones = [[0.0; CHUNK]; 3];
        for (cone, weights) in cones.iter_mut().zip(CONES) {
            for (index, response) in cone.iter_mut().enumerate() {
                *response = root(weigh(weights, &light, index) + BIAS);
            }
        }
        let mut seen = light;
        for (axis, weights) in seen.iter_mut().zip(AXES) {
            for (index, place) in axis.iter_mut().enumerate() {
                *place = weigh(weights, &cones, index) * SCALE;
            }
        }
        seen[3].iter_mut().for_each(|opacity| *opacity *= 100.0);
        Self(seen)
    }
}

fn weigh<const N: usize>(weights: [f32; 3], axes: &[[f32; CHUNK]; N], index: usize) -> f32 {
    weights[0] * axes[0][index] + weights[1] * axes[1][index] + weights[2] * axes[2][index]
}

/// The cube root of what is above zero, to four digits: a guess from the exponent, and one of Halley's steps.
fn root(value: f32) -> f32 {
    let guess = f32::from_bits(value.to_bits() / 3 + 709_921_077);
    let cube = guess * guess * guess;
    guess * (cube + 2.0 * value) / (2.0 * cube + value)
}

#[cfg(test)]
mod tests {
    use super::{BIAS, SCALE, Seen, median, root};

    fn seen(rgb: [u8; 3]) -> Seen {
        median(&[rgb[0], rgb[1], rgb[2], 255])
    }

    fn distance(a: [u8; 3], b: [u8; 3]) -> f32 {
        let (a, b) = (seen(a), seen(b));
        a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt()
    }

    #[test]
    fn roots_are_exact_to_four_digits() {
        for step in 0..=1000 {
            let value = step as f32 / 1000.0 + BIAS;
            assert!((root(value) / value.cbrt() - 1.0).abs() < 5e-5, "of {value}");
        }
    }

    #[test]
    fn black_and_white_are_100_apart_and_grey_lies_where_cielab_has_it() {
        let scale = 100.0 / ((1.0 + BIAS).cbrt() - BIAS.cbrt());
        assert!((SCALE - scale).abs() < 0.01, "{scale}");
        // L* of grey 8-bit samples.
        for (sample, lightness) in [
            (255, 100.0),
            (186, 75.5),
            (119, 50.0),
            (59, 24.8),
            (20, 6.3),
            (1, 0.3),
        ] {
            let distance = distance([0; 3], [sample; 3]);
            assert!((distance - lightness).abs() < 1.5, "{sample}: {distance}");
        }
    }

    #[test]
    fn a_step_of_a_sample_counts_little_in_the_dark_too() {
        for sample in [0, 1, 5, 20, 60, 128, 200, 254] {
            let distance = distance([sample; 3], [sample + 1; 3]);
            assert!((0.2..0.6).contains(&distance), "{sample}: {distance}");
        }
    }

    #[test]
    fn hues_of_one_lightness_are_far_apart() {
        // The primaries of a screen, and two that differ as much as shadow and light on one surface.
        assert!(distance([255, 0, 0], [0, 0, 255]) > 50.0, "red and blue");
        assert!(distance([200, 90, 40], [110, 110, 110]) > 15.0, "orange and grey");
        assert!(distance([120, 120, 120], [130, 130, 130]) < 5.0, "two greys");
    }
}
