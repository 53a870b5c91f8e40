//! The U-Net against PyTorch in double precision: outputs, features and masks of every layer, odd sizes, and a
//! picture of one valid pixel. The numbers come from `tests/golden/make_golden.py`.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "support/golden.rs"]
mod golden;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use golden::{Golden, assert_close, assert_same, values};
use lacuna::nn::{
    Config, UNet,
    ops::{FusedUNet, Instructions},
    partial_conv::Masked,
    weights::name_of_naoto0804,
};

/// Single precision against double over up to 16 layers, for outputs up to 4.1; PyTorch itself is 6e-6 away.
const ABSOLUTE: f32 = 5e-5;
/// The same for the one valid pixel, whose outputs reach 158,000.
const RELATIVE: f32 = ABSOLUTE / 4.1;

#[test]
fn outputs_of_seven_and_eight_levels_are_those_of_the_reference() {
    for name in ["unet_d7_b4_256.safetensors", "unet_d8_b4_256.safetensors"] {
        let golden = Golden::open(name);
        let (out, mask) = unet(&golden, DType::F32)
            .forward(&golden.tensor("input"), &golden.tensor("mask"))
            .unwrap();
        assert_close(name, &out, &golden.tensor("output"), ABSOLUTE);
        assert!(
            values(&mask).iter().all(|&mask| mask == 1.0),
            "{name}: nothing stays a hole"
        );
    }
}

#[test]
fn every_layers_mask_is_exact_and_its_valid_features_are_close() {
    for name in ["unet_d7_b4_256.safetensors", "unet_d8_b4_256.safetensors"] {
        let golden = Golden::open(name);
        let unet = unet(&golden, DType::F32);
        let levels = unet.config().levels;
        let mut compared = 0;
        let mut observe = |layer: &str, out: &Masked| {
            let theirs = reference_name(layer, levels);
            if golden.tensors().contains_key(&format!("{theirs}_mask")) {
                assert_same(
                    &format!("{name} {theirs}"),
                    &out.mask,
                    &golden.tensor(&format!("{theirs}_mask")),
                );
                compared += 1;
            }
            if golden.tensors().contains_key(&theirs) {
                let valid = |xs: &Tensor| xs.broadcast_mul(&out.mask).unwrap();
                assert_close(
                    &format!("{name} {theirs}"),
                    &valid(&out.xs),
                    &valid(&golden.tensor(&theirs)),
                    ABSOLUTE,
                );
                compared += 1;
            }
            Ok(())
        };
        unet.forward_observed(&golden.tensor("input"), &golden.tensor("mask"), &mut observe)
            .unwrap();
        assert_eq!(
            compared,
            2 * levels - 1 + 2 * levels - 5,
            "{name}: every stored map was compared"
        );
    }
}

#[test]
fn sides_that_do_not_divide_are_cut_to_the_skips() {
    let golden = Golden::open("unet_d8_b4_256.safetensors");
    let (out, _) = unet(&golden, DType::F32)
        .forward(&golden.tensor("odd_input"), &golden.tensor("odd_mask"))
        .unwrap();
    assert_close("100 × 77", &out, &golden.tensor("odd_output"), ABSOLUTE);
}

#[test]
fn one_valid_pixel_leaves_holes_in_the_output_and_they_are_marked() {
    let golden = Golden::open("unet_d7_b4_256.safetensors");
    let (input, mask) = (sparse_input(&golden), golden.tensor("sparse_mask"));
    let expected = golden.tensor("sparse_output");
    let largest = values(&expected).into_iter().fold(0.0, f32::max);
    for (dtype, relative) in [(DType::F32, RELATIVE), (DType::F64, 1e-7)] {
        let to = |tensor: &Tensor, dtype| tensor.to_dtype(dtype).unwrap();
        let (out, mask) = unet(&golden, dtype)
            .forward(&to(&input, dtype), &to(&mask, dtype))
            .unwrap();
        assert_close("sparse", &to(&out, DType::F32), &expected, relative * largest);
        let mask = to(&mask, DType::F32);
        assert_same("sparse mask", &mask, &golden.tensor("sparse_output_mask"));
        let holes = values(&mask).iter().filter(|&&mask| mask == 0.0).count();
        assert_eq!(holes, 303, "output positions that stay holes");
    }
}

#[test]
fn what_stands_in_the_holes_changes_no_bit_of_the_output() {
    let golden = Golden::open("unet_d7_b4_256.safetensors");
    let (input, mask, unet) = (
        golden.tensor("input"),
        golden.tensor("mask"),
        unet(&golden, DType::F32),
    );
    let is_valid = mask.ne(0f64).unwrap().broadcast_as(input.shape()).unwrap();
    let (clean, _) = unet.forward(&input, &mask).unwrap();
    for content in [1e3, -7.0, f32::NAN, f32::INFINITY] {
        let content = Tensor::full(content, input.shape(), input.device()).unwrap();
        let dirty = is_valid.where_cond(&input, &content).unwrap();
        let (out, _) = unet.forward(&dirty, &mask).unwrap();
        let bits = |tensor: &Tensor| values(tensor).into_iter().map(f32::to_bits).collect::<Vec<_>>();
        assert_eq!(bits(&out), bits(&clean), "the holes do not matter");
    }
}

/// The U-Net whose weights lie in the file under naoto0804's names.
fn unet(golden: &Golden, dtype: DType) -> UNet {
    let number = |key| golden.metadata(key).as_u64().unwrap() as usize;
    let config = Config {
        base_width: number("base"),
        levels: number("depth"),
    };
    let weights = golden.tensors().iter().filter_map(|(name, tensor)| {
        let ours = name_of_naoto0804(name.strip_prefix("w.")?, config.levels)?;
        Some((ours, tensor.clone()))
    });
    let vb = VarBuilder::from_tensors(weights.collect(), dtype, &Device::Cpu);
    UNet::new(config, &vb).unwrap()
}

fn sparse_input(golden: &Golden) -> Tensor {
    golden
        .tensor("input")
        .narrow(2, 0, 160)
        .unwrap()
        .narrow(3, 0, 144)
        .unwrap()
}

#[test]
fn the_fused_engine_gives_the_same_with_every_instruction_set_of_this_processor() {
    for instructions in Instructions::supported() {
        for (name, size) in [
            ("unet_d7_b4_256", "256"),
            ("unet_d8_b4_256", "256"),
            ("unet_d8_b4_256", "odd"),
        ] {
            let golden = Golden::open(&format!("{name}.safetensors"));
            let fused = FusedUNet::with_instructions(&unet(&golden, DType::F32), instructions).unwrap();
            let prefix = if size == "odd" { "odd_" } else { "" };
            let tensor = |what: &str| golden.tensor(&format!("{prefix}{what}"));
            let (out, _) = fused.forward(&tensor("input"), &tensor("mask")).unwrap();
            assert_close(
                &format!("{name} {size} {instructions:?}"),
                &out,
                &tensor("output"),
                ABSOLUTE,
            );
        }
    }
}

#[test]
fn the_fused_engine_leaves_the_same_holes_for_one_valid_pixel() {
    let golden = Golden::open("unet_d7_b4_256.safetensors");
    let expected = golden.tensor("sparse_output");
    let largest = values(&expected).into_iter().fold(0.0, f32::max);
    let fused = FusedUNet::new(&unet(&golden, DType::F32)).unwrap();
    let (out, mask) = fused
        .forward(&sparse_input(&golden), &golden.tensor("sparse_mask"))
        .unwrap();
    assert_close("sparse", &out, &expected, RELATIVE * largest);
    assert_same("sparse mask", &mask, &golden.tensor("sparse_output_mask"));
}

/// `enc_3` for `encoder.2`, `dec_7` for `decoder.0` of seven levels.
fn reference_name(layer: &str, levels: usize) -> String {
    match layer.split_once('.').unwrap() {
        ("encoder", index) => format!("enc_{}", index.parse::<usize>().unwrap() + 1),
        (_, index) => format!("dec_{}", levels - index.parse::<usize>().unwrap()),
    }
}
