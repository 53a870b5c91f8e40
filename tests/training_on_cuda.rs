//! Training's operations on CUDA without a GPU: the operations as they are, with candle's backward pass around them,
//! launch their kernels on an emulator; values and gradients are those of the CPU's own operations.
//!
//! Where there is no C++ compiler every test says that it is skipped.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "support/emulator.rs"]
mod emulator;

use std::rc::Rc;

use candle_core::{Device, Tensor, Var};
use emulator::Emulator;
use lacuna::{
    imaging::random::Random,
    nn::{
        loss,
        ops::{
            self,
            cuda::{self, train::with_emulator},
        },
        partial_conv::{Masked, PartialConv2d},
        vgg::Features,
    },
    train::CheckedGradients,
};

/// Sums in another order: what is multiplied here is exact in TF32.
const EXACT: f32 = 1e-5;

/// Random numbers from −1 to 1 that TF32 can hold exactly, so that products lose nothing: others for each key.
fn noise(key: u64, dims: &[usize]) -> Tensor {
    let mut random = Random::keyed(0, [key, 0, 0, 0]);
    let count = dims.iter().product::<usize>();
    let values: Vec<f32> = (0..count).map(|_| random.within(64) as f32 / 64.0).collect();
    Tensor::from_vec(values, dims, &Device::Cpu).unwrap()
}

/// A third of it holes, some of them large.
fn mask(batch: usize, height: usize, width: usize) -> Tensor {
    let value = |at: usize| {
        let (y, x) = (at / width % height, at % width);
        f32::from(u8::from(
            !(y < height / 2 && x < width / 2 || (y * 7 + x * 3 + at / 5).is_multiple_of(4)),
        ))
    };
    let values = (0..batch * height * width).map(value).collect();
    Tensor::from_vec(values, (batch, 1, height, width), &Device::Cpu).unwrap()
}

fn with_nan_in_holes(xs: &Tensor, mask: &Tensor) -> Tensor {
    let nothing = xs.affine(f64::NAN, f64::NAN).unwrap();
    let is_valid = mask.ne(0f64).unwrap().broadcast_as(xs.shape()).unwrap();
    is_valid.where_cond(xs, &nothing).unwrap()
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn assert_close(what: &str, found: &Tensor, expected: &Tensor, tolerance: f32) {
    assert_eq!(found.dims(), expected.dims(), "{what}");
    let (found, expected) = (values(found), values(expected));
    let largest = expected.iter().fold(1e-3f32, |max, value| max.max(value.abs()));
    for (at, (found, expected)) in found.iter().zip(&expected).enumerate() {
        let is_close = (found - expected).abs() <= tolerance * largest;
        assert!(is_close, "{what}, value {at}: {found} instead of {expected}");
    }
}

/// What `op` gives, and the gradients of all inputs under random weights.
fn run(inputs: &[Tensor], weights: &mut Option<Tensor>, op: &dyn Fn(&[Tensor]) -> Tensor) -> Vec<Tensor> {
    let variables: Vec<_> = inputs
        .iter()
        .map(|input| Var::from_tensor(input).unwrap())
        .collect();
    let tracked: Vec<_> = variables.iter().map(|var| var.as_tensor().clone()).collect();
    let result = op(&tracked);
    let weights = weights.get_or_insert_with(|| noise(0, result.dims()));
    let gradients = (&result * &*weights)
        .unwrap()
        .sum_all()
        .unwrap()
        .backward()
        .unwrap();
    let of = |var: &Var| gradients.get(var).unwrap().clone();
    [result.detach()]
        .into_iter()
        .chain(variables.iter().map(of))
        .collect()
}

/// Compares the CPU's own operations with those of CUDA on the emulator.
fn compare(what: &str, inputs: &[Tensor], tolerance: f32, op: impl Fn(&[Tensor]) -> Tensor) {
    if let Some(emulator) = Emulator::start() {
        compare_on(emulator, what, inputs, tolerance, op);
    }
}

fn compare_on(
    emulator: Emulator,
    what: &str,
    inputs: &[Tensor],
    tolerance: f32,
    op: impl Fn(&[Tensor]) -> Tensor,
) {
    let mut weights = None;
    let expected = run(inputs, &mut weights, &op);
    let found = with_emulator(Rc::new(emulator), || run(inputs, &mut weights, &op));
    for (index, (found, expected)) in found.iter().zip(&expected).enumerate() {
        let part = if index == 0 {
            "result".to_owned()
        } else {
            format!("gradient of input {}", index - 1)
        };
        assert_close(&format!("{what}: {part}"), found, expected, tolerance);
    }
}

#[test]
fn convolutions_with_and_without_an_activation() {
    for (dims, out_channels, kernel, stride) in [
        ([2, 3, 17, 14], 66, 7, 2),
        ([1, 70, 9, 8], 5, 3, 1),
        ([3, 4, 5, 2], 6, 5, 2),
    ] {
        let what = format!("{dims:?} to {out_channels}, {kernel}, {stride}");
        let inputs = [
            noise(1, &dims),
            noise(2, &[out_channels, dims[1], kernel, kernel]),
        ];
        compare(&what, &inputs, EXACT, |inputs| {
            ops::conv2d(&inputs[0], &inputs[1], kernel / 2, stride).unwrap()
        });
        let [xs, weight] = inputs;
        let inputs = [xs, weight, noise(3, &[out_channels])];
        compare(&format!("{what}, activated"), &inputs, EXACT, |inputs| {
            ops::conv2d_relu(&inputs[0], &inputs[1], &inputs[2], kernel / 2).unwrap()
        });
    }
}

/// Square tiles and, for few channels, narrow and flat ones: forward, for the input, for the weights.
#[test]
fn partial_convolutions_of_few_and_of_many_channels() {
    for (channels, out_channels) in [(40, 36), (40, 4), (4, 40)] {
        let mask = mask(2, 8, 6);
        let inputs = [
            noise(1, &[2, channels, 8, 6]),
            noise(2, &[out_channels, channels, 3, 3]),
        ];
        compare(
            &format!("{channels} to {out_channels}"),
            &inputs,
            1e-3,
            |inputs| {
                let layer = PartialConv2d::from_tensors(inputs[1].clone(), None, 2);
                let input = Masked {
                    xs: inputs[0].clone(),
                    mask: mask.clone(),
                };
                layer.forward(&[input]).unwrap().xs
            },
        );
    }
}

/// A run notices by its loss that something is no number: a product must not lose it, in the bits that a GPU gives it.
#[test]
fn what_is_no_number_comes_out_as_none() {
    let Some(emulator) = Emulator::start() else { return };
    let nan = f32::from_bits(0x7FFF_FFFF);
    let weight = Tensor::full(nan, (4, 3, 3, 3), &Device::Cpu).unwrap();
    let xs = noise(1, &[1, 3, 6, 5]);
    let ys = with_emulator(Rc::new(emulator), || ops::conv2d(&xs, &weight, 1, 1).unwrap());
    assert!(values(&ys).iter().all(|value| value.is_nan()), "{ys}");
}

#[test]
fn partial_convolutions_whatever_stands_in_the_holes() {
    for (channels, (height, width), out_channels, kernel, stride) in
        [(3, (16, 20), 8, 7, 2), (5, (9, 7), 4, 3, 2), (4, (6, 6), 3, 3, 1)]
    {
        let what = format!("{channels} × {height} × {width} to {out_channels}, {kernel}, {stride}");
        let mask = mask(2, height, width);
        let inputs = [
            with_nan_in_holes(&noise(1, &[2, channels, height, width]), &mask),
            noise(2, &[out_channels, channels, kernel, kernel]),
            noise(3, &[out_channels]),
        ];
        // The ratio is not one of the numbers that TF32 holds.
        compare(&what, &inputs, 1e-3, |inputs| {
            let layer = PartialConv2d::from_tensors(inputs[1].clone(), Some(inputs[2].clone()), stride);
            let input = Masked {
                xs: inputs[0].clone(),
                mask: mask.clone(),
            };
            layer.forward(&[input]).unwrap().xs
        });
    }
}

#[test]
fn the_decoders_layer_of_even_and_odd_sides() {
    for (height, width, [small_channels, skip_channels, out_channels]) in [
        (12usize, 10usize, [6, 3, 5]),
        (7, 9, [6, 3, 5]),
        (1, 2, [6, 3, 5]),
        (5, 6, [34, 3, 35]),
        (6, 5, [4, 36, 33]),
    ] {
        let (small_height, small_width) = (height.div_ceil(2), width.div_ceil(2));
        let small_mask = mask(2, small_height, small_width);
        let skip_mask = mask(2, height, width);
        let inputs = [
            with_nan_in_holes(
                &noise(1, &[2, small_channels, small_height, small_width]),
                &small_mask,
            ),
            with_nan_in_holes(&noise(2, &[2, skip_channels, height, width]), &skip_mask),
            noise(3, &[out_channels, small_channels + skip_channels, 3, 3]),
        ];
        compare(
            &format!("{height} × {width}, {out_channels}"),
            &inputs,
            1e-3,
            |inputs| {
                let layer = PartialConv2d::from_tensors(inputs[2].clone(), None, 1);
                let masked = |xs: &Tensor, mask: &Tensor| Masked {
                    xs: xs.clone(),
                    mask: mask.clone(),
                };
                let (small, skip) = (masked(&inputs[0], &small_mask), masked(&inputs[1], &skip_mask));
                layer.forward_upsampled(&small, &skip).unwrap().xs
            },
        );
    }
}

#[test]
fn masks_are_the_same_bits() {
    let Some(emulator) = Emulator::start() else { return };
    let layer = |inputs, kernel, stride| {
        PartialConv2d::from_tensors(noise(1, &[4, inputs, kernel, kernel]), None, stride)
    };
    let (encoder, decoder) = (layer(3, 5, 2), layer(8, 3, 1));
    let masked = |channels, height, width| Masked {
        xs: noise(2, &[2, channels, height, width]),
        mask: mask(2, height, width),
    };
    let (picture, small, skip) = (masked(3, 13, 11), masked(5, 7, 6), masked(3, 13, 11));
    let masks = || {
        [
            encoder.forward(std::slice::from_ref(&picture)).unwrap().mask,
            decoder.forward_upsampled(&small, &skip).unwrap().mask,
        ]
    };
    let expected = masks();
    let found = with_emulator(Rc::new(emulator), masks);
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found.dims(), expected.dims());
        assert_eq!(values(found), values(expected));
    }
}

#[test]
fn batch_norms_of_the_batch_and_of_stored_statistics() {
    let dims = [3, 5, 6, 7];
    let inputs = [noise(1, &dims), noise(2, &[5]), noise(3, &[5])];
    for slope in [0.0, 0.2, 1.0] {
        compare(&format!("batch, slope {slope}"), &inputs, EXACT, |inputs| {
            let (ys, mean, variance) = ops::batch_norm(&inputs[0], &inputs[1], &inputs[2], slope).unwrap();
            let statistics = Tensor::stack(&[mean, variance], 0).unwrap();
            assert!(!statistics.track_op(), "statistics take no gradient");
            ys
        });
        let (mean, variance) = (noise(4, &[5]), noise(5, &[5]).abs().unwrap());
        compare(&format!("stored, slope {slope}"), &inputs, EXACT, |inputs| {
            ops::frozen_norm(&inputs[0], &inputs[1], &inputs[2], &mean, &variance, slope).unwrap()
        });
    }
}

#[test]
fn pools_of_odd_sides_and_of_equals() {
    // Of few different numbers, so that many squares have several largest.
    let xs = (noise(1, &[2, 3, 9, 6]) * 2.0).unwrap().round().unwrap();
    compare("pool", &[xs], 0.0, |inputs| ops::max_pool2(&inputs[0]).unwrap());
}

/// What rounding to TF32 does to a step is no reason to take the kernels for wrong.
#[test]
fn the_check_before_training_lets_the_kernels_pass() {
    let Some(emulator) = Emulator::start() else { return };
    let gradients = || CheckedGradients::on(&Device::Cpu).unwrap();
    let found = with_emulator(Rc::new(emulator), gradients);
    assert_eq!(found.difference_from(&gradients()), None);
}

#[test]
fn correlations_of_few_and_of_many_channels() {
    for dims in [[3, 24, 9, 7], [2, 70, 5, 6]] {
        compare(&format!("{dims:?}"), &[noise(1, &dims)], EXACT, |inputs| {
            let [xs] = inputs else { panic!("one input") };
            if cuda::train::runs(xs) {
                return cuda::train::correlations(xs).unwrap();
            }
            let rows = xs.flatten_from(2).unwrap();
            let products = rows.matmul(&rows.t().unwrap()).unwrap();
            (products / (dims[1] * dims[2] * dims[3]) as f64).unwrap()
        });
    }
}

/// Products are not rounded here: a feature that is as far off as rounding has a gradient of either sign.
#[test]
fn the_losses_and_their_gradients() {
    let Some(emulator) = Emulator::exact() else { return };
    let features = Features::embedded().unwrap();
    let (gt, mask) = (noise(1, &[2, 3, 24, 16]), mask(2, 24, 16));
    // Some are as they should be.
    let out = Tensor::cat(
        &[
            &noise(2, &[2, 3, 20, 16]),
            &gt.narrow(2, 20, 4).unwrap().contiguous().unwrap(),
        ],
        2,
    )
    .unwrap();
    compare_on(emulator, "losses", &[out], 1e-3, |inputs| {
        let terms = loss::terms(&inputs[0], &gt, &mask, &features).unwrap();
        let terms = [
            &terms.valid,
            &terms.hole,
            &terms.perceptual,
            &terms.style_out,
            &terms.style_comp,
            &terms.tv,
        ];
        Tensor::stack(&terms, 0).unwrap()
    });
}

#[test]
fn distances_and_squares() {
    let (xs, ys) = (noise(1, &[2, 40_000]), noise(2, &[2, 40_000]));
    // Some are equal.
    let xs = Tensor::cat(&[&xs, &ys.narrow(1, 0, 5).unwrap()], 1).unwrap();
    let ys = Tensor::cat(&[&ys, &ys.narrow(1, 0, 5).unwrap()], 1).unwrap();
    for ys in [&ys, &ys.narrow(0, 0, 1).unwrap()] {
        compare("distance", std::slice::from_ref(&xs), EXACT, |inputs| {
            ops::mean_distance(&inputs[0], ys).unwrap()
        });
    }
    let Some(emulator) = Emulator::start() else { return };
    let sum = || ops::sum_of_squares([&xs, &ys]).unwrap();
    let expected = sum();
    assert_close(
        "squares",
        &with_emulator(Rc::new(emulator), sum),
        &expected,
        EXACT,
    );
}
