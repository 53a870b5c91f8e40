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
    let found = values(found);
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(1e-3, |max: f64, value| max.max(value.abs()));
    for (index, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(found) - expected).abs();
        assert!(
            error <= 1e-5 * largest,
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
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let xs = variable(&[3, 40, 50, 47], 1);
            let weight = variable(&[70, 40, 3, 3], 2);
            let ys = ops::conv2d(&xs, &weight, 1, 2).unwrap();
            let gradients = ys.sqr().unwrap().sum_all().unwrap().backward().unwrap();
            let bits = |tensor: &Tensor| values(tensor).into_iter().map(f32::to_bits).collect::<Vec<_>>();
            [
                bits(&ys),
                bits(gradients.get(&xs).unwrap()),
                bits(gradients.get(&weight).unwrap()),
            ]
        })
    };
    let one = run(1);
    assert!(one == run(2) && one == run(5), "the same bits");
}
