//! Photos made on the spot, and how pictures are compared.

use image::RgbaImage;
use lacuna::imaging::{Channels, Pixels, Rect, Samples};

pub(crate) fn picture(width: u32, height: u32, color: impl Fn(u32, u32) -> [u8; 3]) -> Pixels {
    let samples = (0..width * height)
        .flat_map(|index| color(index % width, index / width))
        .collect();
    Pixels::new(width, height, Channels::Rgb, Samples::U8(samples)).expect("three samples per pixel")
}

pub(crate) fn plain(width: u32, height: u32, color: [u8; 3]) -> Pixels {
    picture(width, height, |_, _| color)
}

pub(crate) fn gradient(width: u32, height: u32) -> Pixels {
    picture(width, height, |x, _| {
        [((x as f32 + 0.5) / width as f32 * 255.0).round() as u8; 3]
    })
}

/// Every pixel unlike its neighbours.
pub(crate) fn noise(width: u32, height: u32) -> Pixels {
    picture(width, height, |x, y| {
        let mut hash = (x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca6b)).wrapping_mul(0xc2b2_ae35);
        hash ^= hash >> 15;
        let [a, b, c, _] = hash.wrapping_mul(0x2545_f491).to_le_bytes();
        [a, b, c]
    })
}

pub(crate) fn with_block(pixels: &Pixels, rect: Rect, color: [u8; 3]) -> Pixels {
    let before: Vec<_> = pixels_of(pixels).collect();
    picture(pixels.width(), pixels.height(), |x, y| {
        let [r, g, b, _] = before[(y * pixels.width() + x) as usize].2;
        if rect.contains(x, y) { color } else { [r, g, b] }
    })
}

pub(crate) fn pixels_of(pixels: &Pixels) -> impl Iterator<Item = (u32, u32, [u8; 4])> + use<> {
    let Samples::U8(samples) = pixels.samples().clone() else {
        panic!("the tests' pictures have 8 bits");
    };
    let (width, height) = (pixels.width(), pixels.height());
    (0..width * height).map(move |index| {
        let at = index as usize * 3;
        (
            index % width,
            index / width,
            [samples[at], samples[at + 1], samples[at + 2], 255],
        )
    })
}

pub(crate) fn mixed(from: [u8; 3], to: [u8; 3], share: f32) -> [u8; 4] {
    let mix =
        |index: usize| (f32::from(from[index]) * (1.0 - share) + f32::from(to[index]) * share).round() as u8;
    [mix(0), mix(1), mix(2), 255]
}

pub(crate) fn assert_close(shown: [u8; 4], expected: [u8; 4], tolerance: u8, what: &str) {
    let is_close = shown
        .iter()
        .zip(expected)
        .all(|(shown, expected)| shown.abs_diff(expected) <= tolerance);
    assert!(is_close, "{what}: {shown:?} for {expected:?}");
}

pub(crate) fn assert_near(one: &RgbaImage, other: &RgbaImage, tolerance: u8, what: &str) {
    assert_eq!(one.dimensions(), other.dimensions(), "{what}");
    for (x, y, pixel) in one.enumerate_pixels() {
        assert_close(
            pixel.0,
            other.get_pixel(x, y).0,
            tolerance,
            &format!("{what}, ({x}, {y})"),
        );
    }
}
