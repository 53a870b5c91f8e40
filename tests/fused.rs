//! The fused engine against candle's own operations, and what it promises beyond them.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::Mutex;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use lacuna::{
    nn::{
        Config, UNet,
        ops::{FillError, FusedUNet, Instructions, Plane},
    },
    progress::{Cancelled, Progress},
};

/// A small generator, so that every run tests the same numbers.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1 << 24) as f32
    }

    fn values(&mut self, count: usize, low: f32, high: f32) -> Vec<f32> {
        (0..count).map(|_| low + (high - low) * self.next()).collect()
    }
}

/// Random weights, with batch norms that do something.
fn unet(config: Config, seed: u64) -> UNet {
    let mut random = Random(seed);
    let tensors = config.tensors().into_iter().map(|(name, shape)| {
        let count = shape.iter().product::<usize>();
        let reach = (6.0 * shape[0] as f32 / count as f32).sqrt();
        let values = match name.rsplit_once('.').unwrap().1 {
            "running_var" => random.values(count, 0.5, 1.5),
            "weight" if shape.len() == 1 => random.values(count, 0.5, 1.5),
            "weight" => random.values(count, -reach, reach),
            _ => random.values(count, -0.3, 0.3),
        };
        (name, Tensor::from_vec(values, shape, &Device::Cpu).unwrap())
    });
    let vb = VarBuilder::from_tensors(tensors.collect(), DType::F32, &Device::Cpu);
    UNet::new(config, &vb).unwrap()
}

/// The same, packed.
fn fused(base_width: usize, levels: usize, seed: u64) -> FusedUNet {
    FusedUNet::new(&unet(Config { base_width, levels }, seed)).unwrap()
}

/// A picture with square holes of all sizes; `content` stands in them.
struct Picture {
    pixels: Vec<f32>,
    valid: Plane,
}

impl Picture {
    fn new(height: usize, width: usize, content: f32, seed: u64) -> Self {
        let mut random = Random(seed);
        let mut valid = vec![1; height * width];
        for _ in 0..4 {
            let (y, x) = (
                (random.next() * height as f32) as usize,
                (random.next() * width as f32) as usize,
            );
            let side = 1 + (random.next() * height.min(width) as f32 * 0.4) as usize;
            for row in y..(y + side).min(height) {
                valid[row * width + x..row * width + (x + side).min(width)].fill(0);
            }
        }
        let mut pixels = random.values(3 * height * width, -2.0, 2.0);
        for (pixel, _) in pixels.chunks_mut(3).zip(&valid).filter(|(_, valid)| **valid == 0) {
            pixel.fill(content);
        }
        Self {
            pixels,
            valid: Plane::new(height, width, &valid).unwrap(),
        }
    }

    /// As tensors `[1, 3, h, w]` and `[1, 1, h, w]`.
    fn tensors(&self) -> (Tensor, Tensor) {
        let (height, width) = (self.valid.height(), self.valid.width());
        let image = Tensor::from_slice(&self.pixels, (1, height, width, 3), &Device::Cpu).unwrap();
        let mask = self
            .valid
            .values()
            .iter()
            .map(|&value| f32::from(value))
            .collect();
        let mask = Tensor::from_vec(mask, (1, 1, height, width), &Device::Cpu).unwrap();
        (image.permute((0, 3, 1, 2)).unwrap().contiguous().unwrap(), mask)
    }
}

fn flat(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn every_instruction_set_gives_what_candles_operations_give_at_any_size() {
    let sizes = [
        (1, 1),
        (2, 1),
        (1, 7),
        (3, 5),
        (16, 16),
        (33, 20),
        (31, 64),
        (50, 47),
        (97, 66),
    ];
    for (index, (height, width)) in sizes.into_iter().enumerate() {
        let config = Config {
            base_width: [3, 8, 16][index % 3],
            levels: 5 + index % 4,
        };
        let unet = unet(config, index as u64);
        let (image, mask) = Picture::new(height, width, 1e3, 7 + index as u64).tensors();
        let (expected, expected_mask) = unet.forward(&image, &mask).unwrap();
        let expected = flat(&expected);
        let largest = expected
            .iter()
            .fold(1.0, |largest: f32, value| largest.max(value.abs()));
        for instructions in Instructions::supported() {
            let what = format!("{height} × {width}, {config:?}, {instructions:?}");
            let fused = FusedUNet::with_instructions(&unet, instructions).unwrap();
            let (found, found_mask) = fused.forward(&image, &mask).unwrap();
            assert_eq!(flat(&found_mask), flat(&expected_mask), "mask of {what}");
            for (found, expected) in flat(&found).iter().zip(&expected) {
                // Two orders of summing in single precision, through 16 layers.
                assert!(
                    (found - expected).abs() <= 2e-5 * largest,
                    "{found} for {expected}: {what}"
                );
            }
        }
    }
}

#[test]
fn what_stands_in_the_holes_changes_no_bit() {
    let fused = fused(8, 6, 1);
    let run = |content| {
        let picture = Picture::new(45, 70, content, 3);
        bits(&fused.fill(&picture.pixels, &picture.valid, None).unwrap().0)
    };
    let clean = run(0.0);
    for content in [1e3, -7.0, f32::NAN, f32::INFINITY] {
        assert_eq!(run(content), clean, "{content} in the holes");
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let fused = fused(16, 7, 2);
    let picture = Picture::new(130, 97, 0.0, 4);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| bits(&fused.fill(&picture.pixels, &picture.valid, None).unwrap().0))
    };
    let alone = run(1);
    for threads in [2, 3, 7] {
        assert_eq!(run(threads), alone, "{threads} threads");
    }
}

#[test]
fn what_is_needed_is_the_same_bits_when_only_that_is_computed() {
    let fused = fused(8, 7, 5);
    for (index, (height, width)) in [(64, 64), (77, 130), (5, 9), (1, 1)].into_iter().enumerate() {
        let picture = Picture::new(height, width, 0.0, 11 + index as u64);
        let is_hole: Vec<u8> = picture.valid.values().iter().map(|value| 1 - value).collect();
        let holes = Plane::new(height, width, &is_hole).unwrap();
        let (whole, whole_mask) = fused.fill(&picture.pixels, &picture.valid, None).unwrap();
        let (part, part_mask) = fused.fill(&picture.pixels, &picture.valid, Some(&holes)).unwrap();
        assert_eq!(part_mask, whole_mask, "{height} × {width}");
        for (at, (part, whole)) in part.chunks(3).zip(whole.chunks(3)).enumerate() {
            assert!(
                is_hole[at] == 0 || bits(part) == bits(whole),
                "{height} × {width} at {at}"
            );
            assert!(
                part.iter().all(|value| value.is_finite()),
                "{height} × {width} at {at}"
            );
        }
    }
}

#[test]
fn maps_of_the_wrong_size_are_an_error() {
    let fused = fused(1, 5, 5);
    let valid = Plane::new(2, 3, &[1; 6]).unwrap();
    let smaller = Plane::new(2, 2, &[1; 4]).unwrap();
    assert!(fused.fill(&[0.0; 17], &valid, None).is_err(), "a value too few");
    assert!(
        fused.fill(&[0.0; 18], &valid, Some(&smaller)).is_err(),
        "another size is needed"
    );
    assert_eq!(Plane::new(2, 2, &[1; 5]), None, "a value too many");
}

/// Stops the run at a given report, and keeps all that it heard.
struct StopAt {
    report: usize,
    heard: Mutex<Vec<(u64, u64)>>,
}

impl Progress for StopAt {
    fn stage(&self, _name: &str) -> Result<(), Cancelled> {
        Ok(())
    }

    fn step(&self, done: u64, total: u64) -> Result<(), Cancelled> {
        let mut heard = self.heard.lock().unwrap();
        heard.push((done, total));
        (heard.len() < self.report).then_some(()).ok_or(Cancelled)
    }

    fn notice(&self, _text: &str) {}
}

/// What is heard of a run that is stopped at a report, and whether it was finished.
fn heard(fused: &FusedUNet, picture: &Picture, report: usize) -> (Vec<(u64, u64)>, bool) {
    let listener = StopAt {
        report,
        heard: Mutex::default(),
    };
    let filled = fused.fill_observed(&picture.pixels, &picture.valid, None, &mut |_| {}, &listener);
    let is_finished = match filled {
        Ok(_) => true,
        Err(FillError::Cancelled(Cancelled)) => false,
        Err(error) => panic!("{error}"),
    };
    (listener.heard.into_inner().unwrap(), is_finished)
}

#[test]
fn a_run_reports_all_of_its_work_and_stops_at_any_report() {
    let (fused, picture) = (fused(4, 6, 8), Picture::new(60, 50, 0.0, 6));
    let (all, is_finished) = heard(&fused, &picture, usize::MAX);
    assert!(is_finished, "nobody stopped it");
    assert!(
        all.len() >= 12 && all.is_sorted(),
        "every layer, in order: {all:?}"
    );
    let &(done, total) = all.last().unwrap();
    assert_eq!(done, total, "all of it");
    for report in 1..all.len() {
        assert_eq!(
            heard(&fused, &picture, report),
            (all[..report].to_vec(), false),
            "stopped at {report}"
        );
    }
}

#[test]
fn a_large_layer_is_reported_in_parts() {
    // On one thread, so that the parts are as small as they get.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let (fused, picture) = (fused(32, 5, 8), Picture::new(512, 512, 0.0, 6));
    let (all, _) = pool.install(|| heard(&fused, &picture, usize::MAX));
    let largest = all.windows(2).map(|pair| pair[1].0 - pair[0].0).max();
    let largest = largest.unwrap_or(u64::MAX);
    assert!(largest < 500_000_000, "{largest} multiply-adds without a report");
    assert!(all.len() > 10, "{} reports", all.len());
}

#[test]
fn what_an_earlier_or_a_stopped_run_left_behind_changes_no_bit() {
    let fused = fused(8, 6, 9);
    let picture = Picture::new(65, 90, 0.0, 3);
    let run = |fused: &FusedUNet| bits(&fused.fill(&picture.pixels, &picture.valid, None).unwrap().0);
    let first = run(&fused);
    assert_eq!(run(&fused), first, "the same again");
    let other = Picture::new(66, 88, 0.0, 4);
    heard(&fused, &other, usize::MAX);
    heard(&fused, &other, 8);
    assert_eq!(run(&fused), first, "after another picture");
}
