//! The gradients of training's operations against differences of the operations themselves, and the losses on a
//! feature network against candle's own operations in double precision.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use candle_core::{DType, Device, Tensor, Var};
use lacuna::nn::{
    loss, ops,
    vgg::{Features, Layer},
};

/// A convolution is linear in its input and in its weight, so a step of any length gives its derivative: what is left
/// is the rounding of some hundred products of numbers below one.
const TOLERANCE: f64 = 2e-5;
/// What rounding leaves of a difference of two results, before it is divided by the step.
const ROUNDING: f64 = 1e-6;

/// Numbers between −1 and 1 that look random.
fn noise(dims: &[usize], seed: u64) -> Tensor {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    let count = dims.iter().product();
    Tensor::from_vec(
        std::iter::repeat_with(next).take(count).collect::<Vec<_>>(),
        dims,
        &Device::Cpu,
    )
    .unwrap()
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// Compares the gradients of `op`, weighted by noise, with its differences over `2 · step`, at every value of every
/// input. Where `is_same_piece` says that a step changes which way an activation goes, nothing is compared.
fn compare(
    what: &str,
    inputs: &[Tensor],
    step: f32,
    op: impl Fn(&[Tensor]) -> Tensor,
    is_same_piece: impl Fn(&[f32], &[f32]) -> bool,
) {
    let variables: Vec<_> = inputs
        .iter()
        .map(|input| Var::from_tensor(input).unwrap())
        .collect();
    let tracked: Vec<_> = variables
        .iter()
        .map(|variable| variable.as_tensor().clone())
        .collect();
    let result = op(&tracked);
    let weights = noise(result.dims(), 77);
    let gradients = (&result * &weights)
        .unwrap()
        .sum_all()
        .unwrap()
        .backward()
        .unwrap();
    let (result, weights) = (values(&result), values(&weights));
    for (index, input) in inputs.iter().enumerate() {
        let gradient = values(gradients.get(&variables[index]).unwrap());
        let mut compared = 0;
        for at in 0..gradient.len() {
            let moved = |step: f32| {
                let mut inputs = inputs.to_vec();
                let mut numbers = values(input);
                numbers[at] += step;
                inputs[index] = Tensor::from_vec(numbers, input.shape(), &Device::Cpu).unwrap();
                values(&op(&inputs))
            };
            let (after, before) = (moved(step), moved(-step));
            if !is_same_piece(&result, &after) || !is_same_piece(&result, &before) {
                continue;
            }
            let pairs = after.iter().zip(&before).zip(&weights);
            let difference: f64 = pairs
                .map(|((&after, &before), &weight)| {
                    (f64::from(after) - f64::from(before)) * f64::from(weight)
                })
                .sum();
            let expected = difference / (2.0 * f64::from(step));
            let error = (f64::from(gradient[at]) - expected).abs();
            let allowed = (TOLERANCE + ROUNDING / f64::from(step)) * f64::max(1.0, expected.abs());
            assert!(
                error <= allowed,
                "{what}, input {index} at {at}: {} instead of {expected}",
                gradient[at]
            );
            compared += 1;
        }
        assert!(2 * compared > gradient.len(), "{what}: most values were compared");
    }
}

const KERNELS_AND_STRIDES: [(usize, usize); 7] = [(1, 1), (3, 1), (5, 1), (7, 1), (3, 2), (5, 2), (7, 2)];

#[test]
fn the_gradients_of_a_convolution_are_its_differences() {
    for (kernel, stride) in KERNELS_AND_STRIDES {
        let inputs = [noise(&[2, 3, 6, 5], 1), noise(&[5, 3, kernel, kernel], 2)];
        let op = |inputs: &[Tensor]| ops::conv2d(&inputs[0], &inputs[1], kernel / 2, stride).unwrap();
        compare(&format!("{kernel}, stride {stride}"), &inputs, 0.5, op, |_, _| {
            true
        });
    }
}

#[test]
fn the_gradients_of_bias_and_activation_are_differences_too() {
    let inputs = [noise(&[2, 3, 3, 4], 3), noise(&[4, 3, 3, 3], 4), noise(&[4], 5)];
    let is_open = |values: &[f32]| values.iter().map(|&value| value > 0.0).collect::<Vec<_>>();
    compare(
        "convolution with ReLU",
        &inputs,
        1e-3,
        |inputs| ops::conv2d_relu(&inputs[0], &inputs[1], &inputs[2], 1).unwrap(),
        |values, moved| is_open(values) == is_open(moved),
    );
}

/// Masks of two images: whole, with a hole wider than any window in one of them, scattered, and nothing at all.
fn hole_patterns(height: usize, width: usize) -> Vec<Tensor> {
    let pattern = |is_valid: &dyn Fn(usize, usize, usize) -> bool| {
        let at = |index: usize| {
            let (image, place) = (index / (height * width), index % (height * width));
            f32::from(u8::from(is_valid(image, place / width, place % width)))
        };
        let values: Vec<f32> = (0..2 * height * width).map(at).collect();
        Tensor::from_vec(values, (2, 1, height, width), &Device::Cpu).unwrap()
    };
    vec![
        pattern(&|_, _, _| true),
        pattern(&|image, row, column| image == 1 || row + column < 3),
        pattern(&|image, row, column| (3 * row + 5 * column + image) % 4 == 0),
        pattern(&|_, _, _| false),
    ]
}

/// The factors of a layer: `sum(1)/sum(M)`, 0 where a window is all hole.
fn ratio(mask: &Tensor, kernel: usize, stride: usize) -> Tensor {
    let ones = Tensor::ones((1, 1, kernel, kernel), DType::F32, &Device::Cpu).unwrap();
    let sums = mask.conv2d(&ones, kernel / 2, stride, 1, 1).unwrap();
    let is_seen = sums.ne(0f64).unwrap().to_dtype(DType::F32).unwrap();
    let ratio = (is_seen / sums.maximum(1f64).unwrap()).unwrap();
    (ratio * (kernel * kernel) as f64).unwrap()
}

#[test]
fn the_gradients_of_a_partial_convolution_are_its_differences_whatever_the_holes() {
    for (kernel, stride) in KERNELS_AND_STRIDES {
        for (pattern, mask) in hole_patterns(7, 6).iter().enumerate() {
            let ratio = ratio(mask, kernel, stride);
            // Large factors make large sums: the step of one keeps their rounding below the tolerance.
            let inputs = [noise(&[2, 2, 7, 6], 1), noise(&[3, 2, kernel, kernel], 2)];
            let scaled = [
                inputs[0].clone(),
                (&inputs[1] / (kernel * kernel) as f64).unwrap(),
            ];
            let op = |inputs: &[Tensor]| {
                ops::partial_conv2d(&inputs[0], &inputs[1], mask, &ratio, stride).unwrap()
            };
            let what = format!("{kernel}, stride {stride}, holes {pattern}");
            compare(&what, &scaled, 1.0, op, |_, _| true);
        }
    }
}

#[test]
fn the_gradients_of_the_decoders_layer_are_its_differences_whatever_the_holes() {
    let patterns = hole_patterns(4, 3).into_iter().zip(hole_patterns(7, 6));
    for (pattern, (small_mask, skip_mask)) in patterns.enumerate() {
        let ratio = ratio(&skip_mask, 3, 1);
        let inputs = [
            noise(&[2, 2, 4, 3], 1),
            noise(&[2, 3, 7, 6], 2),
            (noise(&[3, 5, 3, 3], 3) / 9.0).unwrap(),
        ];
        let op = |inputs: &[Tensor]| {
            let [small, skip, weight] = inputs else {
                unreachable!("three inputs")
            };
            ops::partial_conv2d_upsampled(small, &small_mask, skip, &skip_mask, weight, &ratio).unwrap()
        };
        compare(&format!("holes {pattern}"), &inputs, 1.0, op, |_, _| true);
    }
}

/// Three stages, wide and large enough for Winograd's form in the first two.
fn network(dtype: DType) -> Features {
    let layer = |inputs: usize, outputs: usize, seed: u64| {
        let deviation = (2.0 / (9 * inputs) as f64).sqrt();
        let weight = (noise(&[outputs, inputs, 3, 3], seed) * (1.7 * deviation)).unwrap();
        let bias = (noise(&[outputs], seed + 100) * 0.1).unwrap();
        Layer {
            weight: weight.to_dtype(dtype).unwrap(),
            bias: bias.to_dtype(dtype).unwrap(),
        }
    };
    let stages = vec![
        vec![layer(3, 16, 1), layer(16, 20, 2)],
        vec![layer(20, 24, 3)],
        vec![layer(24, 16, 4), layer(16, 18, 5), layer(18, 17, 6)],
    ];
    Features::from_tensors(stages, "a network for tests")
}

/// Each term with its gradient.
fn losses(dtype: DType) -> Vec<(&'static str, Tensor, Tensor)> {
    let (height, width) = (45, 54);
    let out = Var::from_tensor(&noise(&[2, 3, height, width], 11).to_dtype(dtype).unwrap()).unwrap();
    let photo = noise(&[2, 3, height, width], 12).to_dtype(dtype).unwrap();
    // Holes everywhere: where no window sees a hole a feature of the composite is that of the photo, and candle's
    // matrix products do not find it equal to the last bit, which decides a sign.
    let mask = noise(&[2, 1, height, width], 13)
        .gt(0f32)
        .unwrap()
        .to_dtype(dtype)
        .unwrap();
    let terms = loss::terms(&out, &photo, &mask, &network(dtype)).unwrap();
    let named = [
        ("perceptual", terms.perceptual),
        ("style of the output", terms.style_out),
        ("style of the composite", terms.style_comp),
    ];
    let with_gradient = named.map(|(name, term)| {
        let gradient = term.backward().unwrap().get(&out).unwrap().clone();
        (name, term, gradient)
    });
    with_gradient.into()
}

#[test]
fn the_losses_on_features_and_their_gradients_are_those_of_small_operations() {
    let double = |tensor: &Tensor| {
        let tensor = tensor.to_dtype(DType::F64).unwrap().flatten_all().unwrap();
        tensor.to_vec1::<f64>().unwrap()
    };
    for ((name, found, of_found), (_, expected, of_expected)) in
        losses(DType::F32).iter().zip(&losses(DType::F64))
    {
        let (found, expected) = (double(found)[0], double(expected)[0]);
        assert!(
            (found / expected - 1.0).abs() < 1e-5,
            "{name}: {found} instead of {expected}"
        );
        let (found, expected) = (double(of_found), double(of_expected));
        let length = |values: &[f64]| values.iter().map(|value| value * value).sum::<f64>().sqrt();
        let apart: Vec<f64> = found.iter().zip(&expected).map(|(x, y)| x - y).collect();
        // Among some ten thousand features a few are so close to the photo's, or to zero, that single precision
        // decides their sign the other way.
        assert!(
            length(&apart) < 2e-3 * length(&expected),
            "{name}: the gradient is off by {} of {}",
            length(&apart),
            length(&expected)
        );
    }
}
