//! How long 24 megapixels take to read, write and show, and the mask of 100: best of three.
//!
//! `cargo bench --bench imaging`. No criterion: a run takes seconds, and its best is what can be compared.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed bench")]

use std::{hint::black_box, time::Instant};

use lacuna::imaging::{
    Channels, Format, Mask, Metadata, Pixels, Rect, Samples,
    color::DisplayTransform,
    read::photo_from_bytes,
    resize,
    write::{Options, encode},
};

/// A directory of one entry: the orientation, turned by 90°.
const TURNED: &[u8] = b"MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";

const WIDTH: u32 = 6000;
const HEIGHT: u32 = 4000;

fn timed<T>(name: &str, work: impl Fn() -> T) -> T {
    let mut best = f64::INFINITY;
    let mut result = None;
    for _ in 0..3 {
        let start = Instant::now();
        result = Some(black_box(work()));
        best = best.min(start.elapsed().as_secs_f64());
    }
    eprintln!("{name:<34} {:>8.1} ms", best * 1000.0);
    result.unwrap()
}

/// Waves with a little noise: compresses about as a photo does.
fn picture(depth: u8) -> Pixels {
    let mut state = 1_u32;
    let values = (0..HEIGHT).flat_map(|y| (0..WIDTH).flat_map(move |x| [x + y, 2 * y, 3 * x]));
    let values = values.map(|phase| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let wave = (phase as f32 / 97.0).sin() * 100.0 + 128.0;
        wave + (state >> 29) as f32
    });
    let samples = match depth {
        8 => Samples::U8(values.map(|value| value as u8).collect()),
        _ => Samples::U16(values.map(|value| (value * 257.0) as u16).collect()),
    };
    Pixels::new(WIDTH, HEIGHT, Channels::Rgb, samples).unwrap()
}

fn main() {
    let pixels = picture(8);
    let deep = picture(16);
    for (pixels, name) in [(&pixels, "8 bit"), (&deep, "16 bit")] {
        for format in Format::ALL {
            if pixels.bit_depth() == 16 && !format.supports_16_bit() {
                continue;
            }
            let encoded = timed(&format!("write {format} {name}"), || {
                encode(pixels, &Metadata::default(), format, &Options::default()).unwrap()
            });
            eprintln!("{:<34} {:>8.1} MB", "", encoded.bytes.len() as f64 / 1e6);
            timed(&format!("read {format} {name}"), || {
                photo_from_bytes(&encoded.bytes).unwrap()
            });
        }
    }
    let turned = Metadata {
        exif: Some(TURNED.to_vec()),
        ..Metadata::default()
    };
    let bytes = encode(&pixels, &turned, Format::Jpeg, &Options::default())
        .unwrap()
        .bytes;
    timed("read JPEG turned by 90°", || photo_from_bytes(&bytes).unwrap());
    speed_of_display(&pixels, &deep);
    speed_of_masks();
}

fn shown(pixels: &Pixels, transform: &DisplayTransform) -> Vec<u8> {
    let mut out = vec![0; pixels.bounds().area() as usize * 4];
    transform.to_rgba8(pixels, pixels.bounds(), &mut out);
    out
}

fn speed_of_display(pixels: &Pixels, deep: &Pixels) {
    let icc = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let plain = timed("build display, no profile", || {
        DisplayTransform::new(None, Channels::Rgb)
    });
    let wide = timed("build display, Display P3", || {
        DisplayTransform::new(Some(&icc), Channels::Rgb)
    });
    assert!(!wide.is_identity(), "Display P3 is no sRGB");
    timed("display 8 bit identity", || shown(pixels, &plain));
    timed("display 8 bit Display P3", || shown(pixels, &wide));
    timed("display 16 bit identity", || shown(deep, &plain));
    timed("display 16 bit Display P3", || shown(deep, &wide));
    let crop = Rect::new(500, 500, 2048, 2048);
    let rgb = timed("2048² as RGB", || pixels.rgb(crop));
    for filter in [resize::Filter::Area, resize::Filter::Lanczos3] {
        timed(&format!("2048² to 512², {filter:?}"), || {
            resize::rgb(&rgb, (2048, 2048), (512, 512), filter).unwrap()
        });
    }
}

fn speed_of_masks() {
    let mut mask = Mask::empty(12_000, 8_400);
    let hole = Mask::new(400, 300, vec![255; 120_000]).unwrap();
    mask.paste(&hole, 7000, 4000);
    timed("100 MP, small hole: grow by 12", || mask.grown(12.0));
    let mut grown = mask.clone();
    timed("100 MP, small hole: bounds", || mask.hole_bounds());
    timed("100 MP, small hole: components", || mask.components());
    let start = Instant::now();
    grown.grow(12.0);
    eprintln!(
        "{:<34} {:>8.1} ms",
        "  without the copy",
        start.elapsed().as_secs_f64() * 1000.0
    );
    let bounds = grown.hole_bounds();
    timed("  feather of its bounds", || grown.feather_weights(12.0, bounds));
    mask.paste(&Mask::new(6000, 4000, vec![255; 24_000_000]).unwrap(), 100, 100);
    timed("100 MP, 24 MP hole: grow by 12", || mask.grown(12.0));
}
