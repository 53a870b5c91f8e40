//! The operations of training: values and gradients against plain loops in double precision, and the same bits for
//! any number of threads.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use candle_core::{Device, Tensor, Var};
use lacuna::nn::ops;

/// Numbers between −1 and 1 that look random.
fn noise(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

fn variable(dims: &[usize], seed: u64) -> Var {
    let values = noise(dims.iter().product(), seed);
    Var::from_tensor(&Tensor::from_vec(values, dims, &Device::Cpu).unwrap()).unwrap()
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// Fails where `found` is further from `expected` than single precision explains.
fn assert_close(what: &str, found: &Tensor, expected: &[f64]) {
    assert_close_by(what, found, expected, 1e-5);
}

fn assert_close_by(what: &str, found: &Tensor, expected: &[f64], tolerance: f64) {
    let found = values(found);
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(1e-3, |max: f64, value| max.max(value.abs()));
    for (index, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(found) - expected).abs();
        assert!(
            error <= tolerance * largest,
            "{what}[{index}]: {found} instead of {expected}"
        );
    }
}

#[derive(Debug, Clone, Copy)]
struct Case {
    images: usize,
    inputs: usize,
    outputs: usize,
    height: usize,
    width: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
}

/// Output, gradient of the input and gradient of the weight, in plain loops.
struct Plain {
    ys: Vec<f64>,
    of_input: Vec<f64>,
    of_weight: Vec<f64>,
}

impl Case {
    fn output(self) -> (usize, usize) {
        let side = |len: usize| (len + 2 * self.padding - self.kernel) / self.stride + 1;
        (side(self.height), side(self.width))
    }

    /// `gradient` belongs to the output.
    fn plain(self, xs: &[f32], weight: &[f32], gradient: &[f32]) -> Plain {
        let (rows, columns) = self.output();
        let mut plain = Plain {
            ys: vec![0.0; gradient.len()],
            of_input: vec![0.0; xs.len()],
            of_weight: vec![0.0; weight.len()],
        };
        let mut index = 0;
        for image in 0..self.images {
            for output in 0..self.outputs {
                for (y, x) in (0..rows).flat_map(|y| (0..columns).map(move |x| (y, x))) {
                    self.each_tap(image, output, y, x, |at, tap| {
                        plain.ys[index] += f64::from(xs[at]) * f64::from(weight[tap]);
                        plain.of_input[at] += f64::from(gradient[index]) * f64::from(weight[tap]);
                        plain.of_weight[tap] += f64::from(gradient[index]) * f64::from(xs[at]);
                    });
                    index += 1;
                }
            }
        }
        plain
    }

    fn each_tap(self, image: usize, output: usize, y: usize, x: usize, mut tap: impl FnMut(usize, usize)) {
        for input in 0..self.inputs {
            for row in 0..self.kernel {
                for column in 0..self.kernel {
                    let at = |start: usize, offset: usize, len: usize| {
                        (start * self.stride + offset)
                            .checked_sub(self.padding)
                            .filter(|&at| at < len)
                    };
                    if let (Some(y), Some(x)) = (at(y, row, self.height), at(x, column, self.width)) {
                        let from = ((image * self.inputs + input) * self.height + y) * self.width + x;
                        let weight =
                            ((output * self.inputs + input) * self.kernel + row) * self.kernel + column;
                        tap(from, weight);
                    }
                }
            }
        }
    }
}

/// Windows, odd and even sides, few and many channels, one band and several.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let sides = [(1, 1), (2, 3), (5, 4), (9, 14), (40, 37)];
    for (index, (height, width)) in sides.into_iter().enumerate() {
        for (kernel, stride) in [(1, 1), (3, 1), (5, 1), (3, 2), (5, 2), (7, 2)] {
            let many = index % 2 == 0;
            cases.push(Case {
                images: 1 + (index + kernel) % 3,
                inputs: if many { 3 } else { 35 },
                outputs: if many { 37 } else { 3 },
                height,
                width,
                kernel,
                stride,
                padding: kernel / 2,
            });
        }
    }
    // Channels and positions enough for Winograd's form: odd sides, more inputs than are summed at once, many tasks.
    for (images, inputs, outputs, height, width) in
        [(2, 16, 37, 31, 29), (1, 259, 17, 25, 24), (3, 50, 64, 63, 64)]
    {
        cases.push(Case {
            images,
            inputs,
            outputs,
            height,
            width,
            kernel: 3,
            stride: 1,
            padding: 1,
        });
    }
    cases.push(Case {
        images: 2,
        inputs: 4,
        outputs: 5,
        height: 12,
        width: 11,
        kernel: 3,
        stride: 1,
        padding: 0,
    });
    cases.push(Case {
        images: 1,
        inputs: 2,
        outputs: 2,
        height: 9,
        width: 130,
        kernel: 5,
        stride: 2,
        padding: 1,
    });
    cases
}

#[test]
fn a_convolution_and_its_gradients_are_those_of_plain_loops() {
    for case in cases() {
        let xs = variable(&[case.images, case.inputs, case.height, case.width], 1);
        let weight = variable(&[case.outputs, case.inputs, case.kernel, case.kernel], 2);
        let ys = ops::conv2d(&xs, &weight, case.padding, case.stride).unwrap();
        let (rows, columns) = case.output();
        assert_eq!(ys.dims(), &[case.images, case.outputs, rows, columns], "{case:?}");
        let gradient = variable(ys.dims(), 3);
        let plain = case.plain(&values(&xs), &values(&weight), &values(&gradient));
        let loss = (&ys * gradient.detach()).unwrap().sum_all().unwrap();
        let gradients = loss.backward().unwrap();
        assert_close(&format!("{case:?}"), &ys, &plain.ys);
        assert_close(
            &format!("{case:?} input"),
            gradients.get(&xs).unwrap(),
            &plain.of_input,
        );
        assert_close(
            &format!("{case:?} weight"),
            gradients.get(&weight).unwrap(),
            &plain.of_weight,
        );
    }
}

#[test]
fn a_convolution_with_bias_and_relu_is_the_same_in_one_pass() {
    let xs = variable(&[2, 5, 13, 9], 1);
    let weight = variable(&[7, 5, 3, 3], 2);
    let bias = variable(&[7], 3);
    let gradient = variable(&[2, 7, 13, 9], 4);
    let run = |ys: Tensor| {
        let gradients = (&ys * gradient.detach())
            .unwrap()
            .sum_all()
            .unwrap()
            .backward()
            .unwrap();
        let of = |variable: &Var| values(gradients.get(variable).unwrap());
        [values(&ys), of(&xs), of(&weight), of(&bias)]
    };
    let found = run(ops::conv2d_relu(&xs, &weight, &bias, 1).unwrap());
    let apart = ops::conv2d(&xs, &weight, 1, 1).unwrap();
    let apart = apart.broadcast_add(&bias.reshape((1, 7, 1, 1)).unwrap()).unwrap();
    let expected = run(apart.relu().unwrap());
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found.len(), expected.len(), "same shape");
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-4, "{found} instead of {expected}");
        }
    }
}

#[test]
fn the_number_of_threads_does_not_change_a_bit() {
    let run = |threads: usize, stride: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let xs = variable(&[3, 40, 50, 47], 1);
            let weight = variable(&[70, 40, 3, 3], 2);
            let ys = ops::conv2d(&xs, &weight, 1, stride).unwrap();
            let gradients = ys.sqr().unwrap().sum_all().unwrap().backward().unwrap();
            let bits = |tensor: &Tensor| values(tensor).into_iter().map(f32::to_bits).collect::<Vec<_>>();
            [
                bits(&ys),
                bits(gradients.get(&xs).unwrap()),
                bits(gradients.get(&weight).unwrap()),
            ]
        })
    };
    for stride in [1, 2] {
        let one = run(1, stride);
        assert!(one == run(2, stride) && one == run(5, stride), "the same bits");
    }
}

/// Largest difference allowed between two ways to compute the same in single precision.
fn assert_same_values(what: &str, found: &Tensor, expected: &Tensor) {
    assert_eq!(found.dims(), expected.dims(), "{what}");
    let expected: Vec<f64> = values(expected).into_iter().map(f64::from).collect();
    assert_close_by(what, found, &expected, 3e-5);
}

/// The result and the gradients of `inputs` for `sum(result · weights)`.
fn with_gradients(ys: &Tensor, inputs: &[&Var]) -> Vec<Tensor> {
    let weights = variable(ys.dims(), 99);
    let loss = (ys * weights.detach()).unwrap().sum_all().unwrap();
    let gradients = loss.backward().unwrap();
    let of_inputs = inputs
        .iter()
        .map(|input| gradients.get(input.as_tensor()).unwrap().clone());
    std::iter::once(ys.clone()).chain(of_inputs).collect()
}

fn assert_all_same(what: &str, found: &[Tensor], expected: &[Tensor]) {
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_same_values(&format!("{what}, result or gradient {index}"), found, expected);
    }
}

fn per_channel(xs: &Tensor) -> Tensor {
    xs.reshape((1, (), 1, 1)).unwrap()
}

#[test]
fn pooling_takes_the_largest_and_its_gradient_goes_there() {
    for (height, width) in [(2, 2), (5, 7), (8, 6), (3, 2)] {
        let xs = variable(&[2, 3, height, width], 5);
        let even = |len: usize| len / 2 * 2;
        let cut = xs
            .narrow(2, 0, even(height))
            .unwrap()
            .narrow(3, 0, even(width))
            .unwrap();
        // candle's own `max_pool2d` gives only a quarter of the gradient back.
        let squares = cut.reshape((2, 3, height / 2, 2, width / 2, 2)).unwrap();
        let largest = squares.max(5).unwrap().max(3).unwrap();
        let expected = with_gradients(&largest, &[&xs]);
        let found = with_gradients(&ops::max_pool2(&xs).unwrap(), &[&xs]);
        assert_all_same(&format!("{height} × {width}"), &found, &expected);
    }
}

#[test]
fn of_equals_the_first_takes_the_gradient() {
    let xs = Var::from_tensor(&Tensor::ones((1, 1, 2, 2), candle_core::DType::F32, &Device::Cpu).unwrap())
        .unwrap();
    let gradients = ops::max_pool2(&xs)
        .unwrap()
        .sum_all()
        .unwrap()
        .backward()
        .unwrap();
    assert_eq!(values(gradients.get(&xs).unwrap()), [1.0, 0.0, 0.0, 0.0]);
}

#[test]
fn batch_norm_and_its_gradients_are_those_of_small_operations() {
    for slope in [0.0, 0.2, 1.0] {
        let xs = variable(&[3, 4, 9, 37], 6);
        let (weight, bias) = (variable(&[4], 7), variable(&[4], 8));
        let mean = xs.mean_keepdim((0, 2, 3)).unwrap();
        let centered = xs.broadcast_sub(&mean).unwrap();
        let variance = centered.sqr().unwrap().mean_keepdim((0, 2, 3)).unwrap();
        let normal = centered
            .broadcast_div(&(&variance + 1e-5).unwrap().sqrt().unwrap())
            .unwrap();
        let expected = activated_norm(&normal, &weight, &bias, slope);
        let (ys, found_mean, found_variance) = ops::batch_norm(&xs, &weight, &bias, slope as f32).unwrap();
        assert_same_values("mean", &found_mean, &mean.flatten_all().unwrap());
        assert_same_values("variance", &found_variance, &variance.flatten_all().unwrap());
        let inputs = [&xs, &weight, &bias];
        let expected = with_gradients(&expected, &inputs);
        assert_all_same(
            &format!("slope {slope}"),
            &with_gradients(&ys, &inputs),
            &expected,
        );
    }
}

#[test]
fn a_frozen_norm_and_its_gradients_are_those_of_small_operations() {
    let xs = variable(&[2, 4, 5, 7], 6);
    let (weight, bias) = (variable(&[4], 7), variable(&[4], 8));
    let mean = variable(&[4], 9).detach();
    let variance = variable(&[4], 10).sqr().unwrap().detach();
    let deviation = (&variance + 1e-5).unwrap().sqrt().unwrap();
    let centered = xs.broadcast_sub(&per_channel(&mean)).unwrap();
    let normal = centered.broadcast_div(&per_channel(&deviation)).unwrap();
    let inputs = [&xs, &weight, &bias];
    let expected = with_gradients(&activated_norm(&normal, &weight, &bias, 0.2), &inputs);
    let ys = ops::frozen_norm(&xs, &weight, &bias, &mean, &variance, 0.2).unwrap();
    assert_all_same("frozen", &with_gradients(&ys, &inputs), &expected);
}

fn activated_norm(normal: &Tensor, weight: &Tensor, bias: &Tensor, slope: f64) -> Tensor {
    let scaled = normal.broadcast_mul(&per_channel(weight)).unwrap();
    let ys = scaled.broadcast_add(&per_channel(bias)).unwrap();
    (ys.relu().unwrap() - (ys.neg().unwrap().relu().unwrap() * slope).unwrap()).unwrap()
}

/// A mask of zeros and ones.
fn mask(height: usize, width: usize, seed: u64) -> Tensor {
    let values = noise(2 * height * width, seed).into_iter();
    let values = values
        .map(|value| if value < 0.2 { 1.0 } else { 0.0 })
        .collect::<Vec<f32>>();
    Tensor::from_vec(values, (2, 1, height, width), &Device::Cpu).unwrap()
}

fn with_nan_in_holes(xs: &Tensor, mask: &Tensor) -> Var {
    let is_valid = mask.ne(0f64).unwrap().broadcast_as(xs.shape()).unwrap();
    let nan = Tensor::full(f32::NAN, xs.shape(), xs.device()).unwrap();
    Var::from_tensor(&is_valid.where_cond(xs, &nan).unwrap()).unwrap()
}

#[test]
fn the_decoders_layer_is_that_of_an_upsampled_and_joined_map() {
    for (height, width) in [(2usize, 1usize), (6, 8), (5, 7), (41, 30)] {
        let (small_height, small_width) = (height.div_ceil(2), width.div_ceil(2));
        let small = variable(&[2, 5, small_height, small_width], 11);
        let skip = variable(&[2, 3, height, width], 12);
        let weight = variable(&[6, 8, 3, 3], 13);
        let small_mask = mask(small_height, small_width, 14);
        let skip_mask = mask(height, width, 15);
        let ratio = variable(&[2, 1, height, width], 16).detach();
        let upsample = |xs: &Tensor| {
            let xs = xs.upsample_nearest2d(2 * small_height, 2 * small_width).unwrap();
            xs.narrow(2, 0, height).unwrap().narrow(3, 0, width).unwrap()
        };
        let up = upsample(&small.broadcast_mul(&small_mask).unwrap());
        let joined = Tensor::cat(&[&up, &skip.broadcast_mul(&skip_mask).unwrap()], 1).unwrap();
        let expected = ops::conv2d(&joined, &weight, 1, 1)
            .unwrap()
            .broadcast_mul(&ratio)
            .unwrap();
        let expected = with_gradients(&expected, &[&small, &skip, &weight]);

        let small = with_nan_in_holes(&small, &small_mask);
        let skip = with_nan_in_holes(&skip, &skip_mask);
        let ys =
            ops::partial_conv2d_upsampled(&small, &small_mask, &skip, &skip_mask, &weight, &ratio).unwrap();
        let found = with_gradients(&ys, &[&small, &skip, &weight]);
        assert_all_same(&format!("{height} × {width}"), &found, &expected);
    }
}
