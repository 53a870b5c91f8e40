//! Samples through every format, depth, layout and orientation.

use image::{DynamicImage, ImageBuffer, metadata::Orientation};
use lacuna::imaging::{
    Channels, Format, Metadata, Pixels, Samples,
    read::photo_from_bytes,
    write::{Options, encode},
};
use proptest::prelude::{any, proptest};

use crate::support::{ALL_CHANNELS, config, exif, full_metadata, gradient, noise};

const LOSSLESS: [Format; 3] = [Format::Png, Format::Tiff, Format::WebP];

proptest! {
    #![proptest_config(config(96))]

    #[test]
    fn lossless_formats_give_every_sample_back(
        width in 1_u32..40,
        height in 1_u32..40,
        format in 0_usize..3,
        channels in 0_usize..4,
        is_deep in any::<bool>(),
        has_metadata in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let (format, channels) = (LOSSLESS[format], ALL_CHANNELS[channels]);
        let depth = if is_deep && format.supports_16_bit() { 16 } else { 8 };
        let pixels = noise(width, height, channels, depth, seed);
        let metadata = if has_metadata { full_metadata(channels, 1) } else { Metadata::default() };
        let encoded = encode(&pixels, &metadata, format, &Options::default()).unwrap();
        let read = photo_from_bytes(&encoded.bytes).unwrap();
        assert_eq!(read.format, format);
        assert_eq!(read.pixels, expected_layout(&pixels, format));
        if !has_metadata {
            assert_eq!(read.metadata, Metadata::default());
        }
    }

    #[test]
    fn an_orientation_is_applied_once_and_comes_back_as_1(
        width in 1_u32..40,
        height in 1_u32..40,
        format in 0_usize..3,
        channels in 0_usize..4,
        is_deep in any::<bool>(),
        orientation in 1_u16..=8,
        seed in any::<u64>(),
    ) {
        let (format, channels) = (LOSSLESS[format], ALL_CHANNELS[channels]);
        let depth = if is_deep && format.supports_16_bit() { 16 } else { 8 };
        let stored = noise(width, height, channels, depth, seed);
        let metadata = Metadata { exif: Some(exif(seed.is_multiple_of(2), orientation)), ..Metadata::default() };
        let encoded = encode(&stored, &metadata, format, &Options::default()).unwrap();
        let first = photo_from_bytes(&encoded.bytes).unwrap();
        assert_eq!(first.pixels, turned(&expected_layout(&stored, format), orientation));
        let again = encode(&first.pixels, &first.metadata, format, &Options::default()).unwrap();
        assert_eq!(photo_from_bytes(&again.bytes).unwrap().pixels, first.pixels);
    }
}

/// WebP has no grey; everything else keeps its layout.
fn expected_layout(pixels: &Pixels, format: Format) -> Pixels {
    let (Format::WebP, Samples::U8(samples)) = (format, pixels.samples()) else {
        return pixels.clone();
    };
    let (channels, samples) = match pixels.channels() {
        Channels::Gray => (
            Channels::Rgb,
            samples.iter().flat_map(|&gray| [gray; 3]).collect(),
        ),
        Channels::GrayAlpha => {
            let pairs = samples.chunks_exact(2);
            (
                Channels::Rgba,
                pairs
                    .flat_map(|pair| [pair[0], pair[0], pair[0], pair[1]])
                    .collect(),
            )
        }
        channels => (channels, samples.clone()),
    };
    Pixels::new(pixels.width(), pixels.height(), channels, Samples::U8(samples)).unwrap()
}

/// Upright by the `image` crate.
fn turned(pixels: &Pixels, orientation: u16) -> Pixels {
    let (width, height) = (pixels.width(), pixels.height());
    macro_rules! image {
        ($variant:ident, $samples:expr) => {
            DynamicImage::$variant(ImageBuffer::from_raw(width, height, $samples.clone()).unwrap())
        };
    }
    let mut picture = match (pixels.channels(), pixels.samples()) {
        (Channels::Gray, Samples::U8(samples)) => image!(ImageLuma8, samples),
        (Channels::Gray, Samples::U16(samples)) => image!(ImageLuma16, samples),
        (Channels::GrayAlpha, Samples::U8(samples)) => image!(ImageLumaA8, samples),
        (Channels::GrayAlpha, Samples::U16(samples)) => image!(ImageLumaA16, samples),
        (Channels::Rgb, Samples::U8(samples)) => image!(ImageRgb8, samples),
        (Channels::Rgb, Samples::U16(samples)) => image!(ImageRgb16, samples),
        (Channels::Rgba, Samples::U8(samples)) => image!(ImageRgba8, samples),
        (Channels::Rgba, Samples::U16(samples)) => image!(ImageRgba16, samples),
    };
    picture.apply_orientation(Orientation::from_exif(orientation as u8).unwrap());
    from_image(&picture)
}

fn from_image(picture: &DynamicImage) -> Pixels {
    let (channels, samples) = match picture {
        DynamicImage::ImageLuma8(image) => (Channels::Gray, Samples::U8(image.to_vec())),
        DynamicImage::ImageLuma16(image) => (Channels::Gray, Samples::U16(image.to_vec())),
        DynamicImage::ImageLumaA8(image) => (Channels::GrayAlpha, Samples::U8(image.to_vec())),
        DynamicImage::ImageLumaA16(image) => (Channels::GrayAlpha, Samples::U16(image.to_vec())),
        DynamicImage::ImageRgb8(image) => (Channels::Rgb, Samples::U8(image.to_vec())),
        DynamicImage::ImageRgb16(image) => (Channels::Rgb, Samples::U16(image.to_vec())),
        DynamicImage::ImageRgba8(image) => (Channels::Rgba, Samples::U8(image.to_vec())),
        DynamicImage::ImageRgba16(image) => (Channels::Rgba, Samples::U16(image.to_vec())),
        _ => panic!("no such picture is made here"),
    };
    Pixels::new(picture.width(), picture.height(), channels, samples).unwrap()
}

#[test]
fn other_programs_read_the_same_samples() {
    for format in LOSSLESS {
        for channels in ALL_CHANNELS {
            // The `image` crate reads no TIFF with grey and alpha.
            if format == Format::Tiff && channels == Channels::GrayAlpha {
                continue;
            }
            let depth = if format.supports_16_bit() { 16 } else { 8 };
            let pixels = noise(13, 9, channels, depth, 3);
            let bytes = encode(&pixels, &full_metadata(channels, 1), format, &Options::default())
                .unwrap()
                .bytes;
            let read = from_image(&image::load_from_memory(&bytes).unwrap());
            assert_eq!(read, expected_layout(&pixels, format), "{format} {channels:?}");
        }
    }
}

#[test]
fn jpeg_stays_near_the_photo() {
    let pixels = gradient(40, 30);
    for (quality, tolerance) in [(95, 6), (75, 16)] {
        let options = Options {
            quality,
            ..Options::default()
        };
        let bytes = encode(&pixels, &Metadata::default(), Format::Jpeg, &options)
            .unwrap()
            .bytes;
        let read = photo_from_bytes(&bytes).unwrap();
        let (Samples::U8(before), Samples::U8(after)) = (pixels.samples(), read.pixels.samples()) else {
            panic!("JPEG is 8 bit");
        };
        let worst = before.iter().zip(after).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(worst <= Some(tolerance), "quality {quality}: off by {worst:?}");
    }
}

/// The decoder would give such files back without their colours.
#[test]
fn a_jpeg_that_would_be_decoded_wrongly_is_refused() {
    let Samples::U8(samples) = gradient(40, 30).samples().clone() else {
        panic!("gradients are 8 bit");
    };
    for (sampling, is_read) in [
        (jpeg_encoder::SamplingFactor::F_1_1, true),
        (jpeg_encoder::SamplingFactor::F_2_2, false),
    ] {
        let mut bytes = Vec::new();
        let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 90);
        encoder.set_sampling_factor(sampling);
        encoder.set_optimized_huffman_tables(true);
        encoder
            .encode(&samples, 40, 30, jpeg_encoder::ColorType::Rgb)
            .unwrap();
        assert_eq!(photo_from_bytes(&bytes).is_ok(), is_read, "{sampling:?}");
    }
}

#[test]
fn a_grey_jpeg_stays_grey() {
    let pixels = Pixels::new(16, 16, Channels::Gray, Samples::U8(vec![99; 256])).unwrap();
    let bytes = encode(&pixels, &Metadata::default(), Format::Jpeg, &Options::default())
        .unwrap()
        .bytes;
    assert_eq!(photo_from_bytes(&bytes).unwrap().pixels, pixels);
}

#[test]
fn palettes_and_single_bits_become_8_bit() {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 3, 1);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Two);
    encoder.set_palette(vec![1, 2, 3, 40, 50, 60, 200, 210, 220]);
    encoder
        .write_header()
        .unwrap()
        .write_image_data(&[0b10_00_01_00])
        .unwrap();
    let read = photo_from_bytes(&bytes).unwrap().pixels;
    assert_eq!(
        read.samples(),
        &Samples::U8(vec![200, 210, 220, 1, 2, 3, 40, 50, 60])
    );

    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 9, 1);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    encoder
        .write_header()
        .unwrap()
        .write_image_data(&[0b1010_0000, 0b1000_0000])
        .unwrap();
    let read = photo_from_bytes(&bytes).unwrap().pixels;
    assert_eq!(
        read.samples(),
        &Samples::U8(vec![255, 0, 255, 0, 0, 0, 0, 0, 255])
    );
}

#[test]
fn what_a_format_cannot_hold_is_told() {
    let deep = noise(4, 4, Channels::Rgba, 16, 1);
    let notices = |format| {
        encode(
            &deep,
            &full_metadata(Channels::Rgba, 1),
            format,
            &Options::default(),
        )
        .unwrap()
        .notices
    };
    let jpeg = notices(Format::Jpeg).join("\n");
    assert!(jpeg.contains("16 bit") && jpeg.contains("transparency"), "{jpeg}");
    let webp = notices(Format::WebP).join("\n");
    assert!(webp.contains("16 bit") && webp.contains("IPTC"), "{webp}");
    let png = notices(Format::Png);
    assert_eq!(png.len(), 1, "only IPTC: {png:?}");
}
