//! Criterion benches of the operations of training, forward and with all gradients, and of a whole step's losses.
//!
//! `cargo bench --bench training`; the throughput is in multiply-adds of the convolution as it is written, forward
//! alone or with both gradients, however few are made of them.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed bench")]

use std::hint::black_box;

use candle_core::{DType, Device, Tensor, Var};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lacuna::nn::{
    ops,
    vgg::{Features, Layer},
};

const BATCH: usize = 2;

/// Numbers between −1 and 1 that look random.
fn noise(dims: &[usize]) -> Tensor {
    let count = dims.iter().product::<usize>() as u32;
    let values = (0..count).map(|at| (at.wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 23) as f32 - 1.0);
    Tensor::from_vec(values.collect::<Vec<_>>(), dims, &Device::Cpu).unwrap()
}

/// A convolution of `inputs` channels at `side` into `outputs`.
struct Case {
    name: &'static str,
    inputs: usize,
    outputs: usize,
    side: usize,
    kernel: usize,
    stride: usize,
}

/// What stands for the others: the feature network's and the decoder's form, the encoder's, and the picture's.
const CASES: [Case; 4] = [
    Case {
        name: "128 to 128, 3x3 at 128",
        inputs: 128,
        outputs: 128,
        side: 128,
        kernel: 3,
        stride: 1,
    },
    Case {
        name: "32 to 64, 5x5 stride 2 at 128",
        inputs: 32,
        outputs: 64,
        side: 128,
        kernel: 5,
        stride: 2,
    },
    Case {
        name: "256 to 256, 3x3 stride 2 at 16",
        inputs: 256,
        outputs: 256,
        side: 16,
        kernel: 3,
        stride: 2,
    },
    Case {
        name: "35 to 3, 3x3 at 256",
        inputs: 35,
        outputs: 3,
        side: 256,
        kernel: 3,
        stride: 1,
    },
];

fn convolutions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("convolution");
    for case in CASES {
        let xs = Var::from_tensor(&noise(&[BATCH, case.inputs, case.side, case.side])).unwrap();
        let weight =
            Var::from_tensor(&noise(&[case.outputs, case.inputs, case.kernel, case.kernel])).unwrap();
        let forward = || ops::conv2d(&xs, &weight, case.kernel / 2, case.stride).unwrap();
        let multiplications = forward().elem_count() * case.inputs * case.kernel * case.kernel;
        group.throughput(Throughput::Elements(multiplications as u64));
        group.bench_function(format!("{}, forward", case.name), |bencher| {
            bencher.iter(|| black_box(forward()));
        });
        group.throughput(Throughput::Elements(3 * multiplications as u64));
        group.bench_function(format!("{}, with gradients", case.name), |bencher| {
            bencher.iter(|| black_box(forward().sum_all().unwrap().backward().unwrap()));
        });
    }
    group.finish();
}

fn norm(criterion: &mut Criterion) {
    let xs = Var::from_tensor(&noise(&[BATCH, 64, 128, 128])).unwrap();
    let (weight, bias) = (
        Var::from_tensor(&noise(&[64])).unwrap(),
        Var::from_tensor(&noise(&[64])).unwrap(),
    );
    criterion.bench_function("batch norm of 64 channels at 128, with gradients", |bencher| {
        bencher.iter(|| {
            let (ys, _, _) = ops::batch_norm(&xs, &weight, &bias, 0.0).unwrap();
            black_box(ys.sum_all().unwrap().backward().unwrap())
        });
    });
}

/// A network like VGG-16 up to pool3, half as wide.
fn features() -> Features {
    let mut inputs = 3;
    let mut layer = |outputs: usize| {
        let weight = (noise(&[outputs, inputs, 3, 3]) * (2.0 / (9 * inputs) as f64).sqrt()).unwrap();
        inputs = outputs;
        let bias = Tensor::zeros(outputs, DType::F32, &Device::Cpu).unwrap();
        Layer { weight, bias }
    };
    let stages: [&[usize]; 3] = [&[32, 32], &[64, 64], &[128, 128, 128]];
    let stages = stages.map(|stage| stage.iter().map(|&outputs| layer(outputs)).collect());
    Features::from_tensors(stages.into(), "half a VGG-16")
}

fn losses(criterion: &mut Criterion) {
    let features = features();
    let ours = Var::from_tensor(&noise(&[2, 3, 256, 256])).unwrap();
    let photo = noise(&[1, 3, 256, 256]).neg().unwrap();
    let forward = || features.losses(&ours, &photo).unwrap();
    criterion.bench_function(
        "losses on features of a photo, output and composite at 256",
        |bencher| {
            bencher.iter(|| black_box(forward()));
        },
    );
    criterion.bench_function("the same with the gradient", |bencher| {
        bencher.iter(|| black_box(forward().sum_all().unwrap().backward().unwrap()));
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = convolutions, norm, losses
}
criterion_main!(benches);
