//! The CUDA kernels' arithmetic without a GPU: their own text, compiled for the CPU, against the golden numbers.
//!
//! The launches are those that a GPU gets; those of training are in `training_on_cuda.rs`. What this does not show is how fast they are there, races between threads,
//! and the driver. Where there is no C++ compiler every test says that it is skipped.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "support/emulator.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod emulator;
#[path = "support/golden.rs"]
mod golden;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use emulator::Emulator;
use golden::{Golden, assert_close, assert_same, values};
use lacuna::nn::{
    Config, UNet,
    ops::{
        FusedUNet, Plane,
        cuda::{GpuUNet, Precision, convolution::Shape},
    },
    weights::{self, name_of_naoto0804},
};

/// Single precision against double, as for the CPU.
const SINGLE: f32 = 5e-5;
/// Half precision: maps and weights are rounded to 11 bits in each of 16 layers, for outputs up to 4.1.
const HALF: f32 = 2e-2;

#[test]
#[ignore = "half a minute of emulation; run with --ignored after changing a kernel"]
fn the_built_in_weights_pass_the_test_that_a_gpu_has_to_pass() {
    let Some(emulator) = Emulator::start() else { return };
    let unet = UNet::load(&weights::embedded().unwrap(), &Device::Cpu).unwrap();
    let reference = FusedUNet::new(&unet).unwrap();
    let gpu = GpuUNet::new(emulator, &unet, Precision::Half).unwrap();
    let deviation = gpu.deviation_from(&reference).unwrap();
    eprintln!("half precision is {deviation:.1e} off");
    assert!(
        deviation > 0.0 && deviation <= Precision::Half.tolerance(),
        "{deviation}"
    );
}

#[test]
#[ignore = "minutes of emulation; run with --ignored after changing a kernel"]
fn golden_outputs_come_out_in_single_and_in_half_precision() {
    let Some(emulator) = Emulator::start() else { return };
    for name in ["unet_d7_b4_256.safetensors", "unet_d8_b4_256.safetensors"] {
        let golden = Golden::open(name);
        for (precision, tolerance) in [(Precision::Single, SINGLE), (Precision::Half, HALF)] {
            let unet = GpuUNet::new(emulator.clone(), &unet(&golden), precision).unwrap();
            let (out, mask) = unet
                .forward(&golden.tensor("input"), &golden.tensor("mask"))
                .unwrap();
            let what = format!("{name} in {}", precision.label());
            assert_close(&what, &out, &golden.tensor("output"), tolerance);
            assert!(values(&mask).iter().all(|&mask| mask == 1.0), "{what}: mask");
        }
    }
}

#[test]
fn odd_sides_and_one_valid_pixel_come_out_too() {
    let Some(emulator) = Emulator::start() else { return };
    let golden = Golden::open("unet_d8_b4_256.safetensors");
    let unet = |golden: &Golden, precision| GpuUNet::new(emulator.clone(), &unet(golden), precision).unwrap();
    let (image, mask) = (golden.tensor("odd_input"), golden.tensor("odd_mask"));
    for (precision, tolerance) in [(Precision::Single, SINGLE), (Precision::Half, HALF)] {
        let (out, _) = unet(&golden, precision).forward(&image, &mask).unwrap();
        assert_close("100 × 77", &out, &golden.tensor("odd_output"), tolerance);
    }
    let golden = Golden::open("unet_d7_b4_256.safetensors");
    let mask = golden.tensor("sparse_mask");
    let image = golden.tensor("input").narrow(2, 0, mask.dim(2).unwrap()).unwrap();
    let image = image.narrow(3, 0, mask.dim(3).unwrap()).unwrap();
    for precision in [Precision::Single, Precision::Half] {
        let (out, out_mask) = unet(&golden, precision).forward(&image, &mask).unwrap();
        assert_same("sparse mask", &out_mask, &golden.tensor("sparse_output_mask"));
        assert!(
            values(&out).iter().all(|value| value.is_finite()),
            "nothing overflows in {}",
            precision.label()
        );
    }
}

#[test]
fn what_stands_in_the_holes_changes_no_bit() {
    let Some(emulator) = Emulator::start() else { return };
    let golden = Golden::open("unet_d8_b4_256.safetensors");
    let (image, mask) = (golden.tensor("odd_input"), golden.tensor("odd_mask"));
    let is_valid = mask.ne(0f64).unwrap().broadcast_as(image.shape()).unwrap();
    for precision in [Precision::Single, Precision::Half] {
        let unet = GpuUNet::new(emulator.clone(), &unet(&golden), precision).unwrap();
        let bits = |content| {
            let content = Tensor::full(content, image.shape(), &Device::Cpu).unwrap();
            let (out, _) = unet
                .forward(&is_valid.where_cond(&image, &content).unwrap(), &mask)
                .unwrap();
            values(&out).into_iter().map(f32::to_bits).collect::<Vec<_>>()
        };
        let clean = bits(0f32);
        for content in [1e3, f32::NAN] {
            assert_eq!(
                bits(content),
                clean,
                "{content} in the holes, {}",
                precision.label()
            );
        }
    }
}

#[test]
fn what_is_needed_is_the_same_bits_when_only_that_is_computed() {
    let Some(emulator) = Emulator::start() else { return };
    let golden = Golden::open("unet_d7_b4_256.safetensors");
    let unet = GpuUNet::new(emulator, &unet(&golden), Precision::Half).unwrap();
    let (height, width) = (90, 71);
    let pixels: Vec<f32> = (0..3 * height * width)
        .map(|at| ((at * 7919) % 401) as f32 / 100.0 - 2.0)
        .collect();
    let is_hole = |at: usize| (10..25).contains(&(at / width)) && (5..30).contains(&(at % width));
    let plane = |is_set: &dyn Fn(usize) -> bool| {
        let values: Vec<u8> = (0..height * width).map(|at| u8::from(is_set(at))).collect();
        Plane::new(height, width, &values).unwrap()
    };
    let (valid, holes) = (plane(&|at| !is_hole(at)), plane(&is_hole));
    let (whole, whole_mask) = unet.fill(&pixels, &valid, None).unwrap();
    let (part, part_mask) = unet.fill(&pixels, &valid, Some(&holes)).unwrap();
    assert_eq!(part_mask, whole_mask);
    for at in (0..height * width).filter(|&at| is_hole(at)) {
        let bits = |values: &[f32]| [0, 1, 2].map(|channel| values[3 * at + channel].to_bits());
        assert_eq!(bits(&part), bits(&whole), "at {at}");
    }
    assert!(part.iter().all(|value| value.is_finite()), "the rest is finite");
    assert!(
        part[..3].iter().all(|&value| value == 0.0),
        "the corner is not computed"
    );
}

#[test]
fn wide_layers_in_half_precision_agree_with_candle() {
    let Some(emulator) = Emulator::start() else { return };
    // Width 8 and more takes the wide form of the tensor kernel; 5 levels keep it quick.
    let config = Config {
        base_width: 8,
        levels: 5,
    };
    let unet = random_unet(config);
    let image = Tensor::rand(-2f32, 2f32, (1, 3, 37, 50), &Device::Cpu).unwrap();
    let mask = Tensor::rand(0f32, 1f32, (1, 1, 37, 50), &Device::Cpu).unwrap();
    let mask = mask.ge(0.3f64).unwrap().to_dtype(DType::F32).unwrap();
    let (expected, _) = unet.forward(&image, &mask).unwrap();
    let largest = values(&expected)
        .iter()
        .fold(1f32, |max, value| max.max(value.abs()));
    for (precision, relative) in [(Precision::Single, 2e-5), (Precision::Half, 2e-2)] {
        let gpu = GpuUNet::new(emulator.clone(), &unet, precision).unwrap();
        let (out, _) = gpu.forward(&image, &mask).unwrap();
        assert_close(precision.label(), &out, &expected, relative * largest);
    }
}

#[test]
fn shapes_that_do_not_fit_are_an_error() {
    for (weight, stride) in [
        ((4, 2, 3, 3), 1),
        ((4, 3, 3, 5), 1),
        ((4, 3, 4, 4), 1),
        ((4, 3, 3, 3), 0),
        ((4, 3, 3, 3), 3),
    ] {
        assert!(
            Shape::new((1, 3, 8, 8), weight, stride).is_err(),
            "{weight:?}, {stride}"
        );
    }
    assert!(Shape::new((0, 3, 8, 8), (4, 3, 3, 3), 1).is_err(), "no pictures");
    let (skip, weight) = ((1, 2, 7, 8), (4, 5, 3, 3));
    assert!(Shape::upsampled((1, 3, 4, 4), skip, weight).is_ok());
    for small in [(1, 3, 3, 4), (2, 3, 4, 4), (1, 2, 4, 4)] {
        assert!(Shape::upsampled(small, skip, weight).is_err(), "{small:?}");
    }
}

/// The U-Net whose weights lie in the file under naoto0804's names.
fn unet(golden: &Golden) -> UNet {
    let number = |key| golden.metadata(key).as_u64().unwrap() as usize;
    let config = Config {
        base_width: number("base"),
        levels: number("depth"),
    };
    let weights = golden.tensors().iter().filter_map(|(name, tensor)| {
        let ours = name_of_naoto0804(name.strip_prefix("w.")?, config.levels)?;
        Some((ours, tensor.clone()))
    });
    let vb = VarBuilder::from_tensors(weights.collect(), DType::F32, &Device::Cpu);
    UNet::new(config, &vb).unwrap()
}

/// He's initialisation, with batch norms that do something.
fn random_unet(config: Config) -> UNet {
    let tensors = config.tensors().into_iter().map(|(name, shape)| {
        let reach = (6.0 * shape[0] as f32 / shape.iter().product::<usize>() as f32).sqrt();
        let (low, high) = match name.rsplit_once('.').unwrap().1 {
            "running_var" => (0.5, 1.5),
            "weight" if shape.len() == 1 => (0.5, 1.5),
            "weight" => (-reach, reach),
            _ => (-0.3, 0.3),
        };
        (name, Tensor::rand(low, high, shape, &Device::Cpu).unwrap())
    });
    let vb = VarBuilder::from_tensors(tensors.collect(), DType::F32, &Device::Cpu);
    UNet::new(config, &vb).unwrap()
}
