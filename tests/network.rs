//! The network's door with the weights in the binary: what comes back where, whatever the size and the content.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::LazyLock;

use lacuna::nn::{DeviceChoice, Filled, Network, NetworkError};

/// A smooth picture with a hole in its middle; `content` stands in the hole.
struct Picture {
    rgb: Vec<f32>,
    valid: Vec<u8>,
    width: usize,
    height: usize,
}

impl Picture {
    fn new(width: usize, height: usize, content: f32) -> Self {
        let mut picture = Self {
            rgb: vec![content; 3 * width * height],
            valid: vec![0; width * height],
            width,
            height,
        };
        for y in 0..height {
            for x in 0..width {
                let is_hole =
                    (width / 3..width * 2 / 3).contains(&x) && (height / 3..height * 2 / 3).contains(&y);
                if !is_hole {
                    let (x_part, y_part) = (x as f32 / width as f32, y as f32 / height as f32);
                    let index = y * width + x;
                    picture.valid[index] = 1;
                    picture.rgb[3 * index..][..3].copy_from_slice(&[x_part, y_part, 0.5]);
                }
            }
        }
        picture
    }

    fn fill(&self, network: &Network) -> Filled {
        network
            .inpaint(&self.rgb, &self.valid, self.width, self.height)
            .unwrap()
    }
}

fn network() -> Network {
    static NETWORK: LazyLock<Network> = LazyLock::new(|| {
        Network::open(None, DeviceChoice::Cpu, &mut |text| {
            panic!("nothing to tell: {text}")
        })
        .unwrap()
    });
    NETWORK.clone()
}

#[test]
fn valid_pixels_come_back_bit_for_bit_and_holes_are_filled_in_range() {
    let picture = Picture::new(96, 64, 0.0);
    let filled = picture.fill(&network());
    let pixels = filled
        .rgb
        .chunks(3)
        .zip(picture.rgb.chunks(3))
        .zip(&picture.valid);
    let mut changed = 0;
    for ((after, before), &valid) in pixels {
        assert!(after.iter().all(|value| (0.0..=1.0).contains(value)), "{after:?}");
        assert!(valid == 0 || after == before, "a valid pixel changed");
        changed += usize::from(valid == 0 && after != before);
    }
    assert!(changed > 600, "the hole was filled, {changed} pixels changed");
    assert!(
        filled.still_hole.iter().all(|&hole| !hole),
        "every pixel was in reach of a valid one"
    );
}

#[test]
fn what_stands_in_the_hole_changes_no_bit() {
    let network = network();
    let clean = Picture::new(70, 45, 0.0).fill(&network);
    for content in [1e3, -7.0, f32::NAN, f32::NEG_INFINITY] {
        assert_eq!(
            Picture::new(70, 45, content).fill(&network),
            clean,
            "{content} in the hole"
        );
    }
}

#[test]
fn every_small_size_works() {
    let network = network();
    for (width, height) in [(1, 1), (1, 9), (2, 3), (17, 1), (33, 5)] {
        let filled = Picture::new(width, height, 0.0).fill(&network);
        assert_eq!(filled.rgb.len(), 3 * width * height, "{width} × {height}");
        assert!(
            filled.rgb.iter().all(|value| value.is_finite()),
            "{width} × {height}"
        );
    }
}

#[test]
fn a_picture_without_a_valid_pixel_stays_a_hole_and_says_so() {
    let filled = network().inpaint(&[0.3; 3 * 64], &[0; 64], 8, 8).unwrap();
    assert!(filled.still_hole.iter().all(|&hole| hole), "nothing to fill from");
    assert!(filled.rgb.iter().all(|value| value.is_finite()), "and no NaN");
}

#[test]
fn sizes_that_do_not_fit_are_an_error() {
    for (values, mask) in [(11, 4), (12, 3), (0, 0)] {
        let result = network().inpaint(&vec![0.0; values], &vec![1; mask], 2, 2);
        assert!(
            matches!(result, Err(NetworkError::Size { .. })),
            "{values} values, {mask} in the mask"
        );
    }
}

#[test]
fn weights_that_are_not_there_are_named() {
    let missing = std::path::Path::new("no/such/file.safetensors");
    let error = Network::open(Some(missing), DeviceChoice::Cpu, &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("no/such/file.safetensors"), "{error}");
}
