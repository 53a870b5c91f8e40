//! Every CUDA kernel beside its twin on the CPU. Where there is no GPU each test says that it is skipped.
//!
//! `tests/kernels.rs` tests the same kernels' arithmetic without one.

#![cfg(feature = "cuda")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "support/golden.rs"]
mod golden;

use candle_core::{CudaDevice, DType, Device, Tensor, Var};
use candle_nn::VarBuilder;
use golden::{Golden, assert_close, assert_same, values};
use lacuna::{
    imaging::random::Random,
    nn::{
        Config, DeviceChoice, Network, NetworkError, UNet, device,
        ops::cuda::{CudaGpu, GpuUNet, INFERENCE, PLAIN, Precision, TRAINING, compile, open_unet, train},
        ops::{FusedUNet, conv2d},
        weights::{self, name_of_naoto0804},
    },
    train::gradient_difference,
};

/// The GPU, or `None` after saying that there is none.
fn gpu() -> Option<(Device, CudaDevice)> {
    let listed = device::list();
    let cuda = listed
        .iter()
        .find(|device| device.choice == DeviceChoice::Cuda)
        .unwrap();
    if let Err(why) = &cuda.state {
        eprintln!("skipped: no CUDA device: {why}");
        return None;
    }
    let device = Device::new_cuda(0).unwrap();
    let cuda = device.as_cuda_device().unwrap().clone();
    Some((device, cuda))
}

#[test]
fn all_kernels_compile_at_run_time() {
    for (name, source) in [("inference", INFERENCE), ("plain", PLAIN), ("training", TRAINING)] {
        match compile(source) {
            Ok(ptx) => assert!(ptx.contains(".visible .entry"), "{name} has kernels"),
            Err(why) if why.contains("not installed") => {
                eprintln!("skipped: {why}");
                return;
            }
            Err(why) => panic!("{name}: {why}"),
        }
    }
}

#[test]
fn without_a_gpu_the_cpu_takes_over_with_one_notice() {
    let mut notices = Vec::new();
    let opened = device::open(DeviceChoice::Cuda, &mut |text| notices.push(text.to_owned()));
    if opened.is_cuda() {
        eprintln!("skipped: there is a CUDA device");
        return;
    }
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert!(notices[0].starts_with("CUDA cannot be used: "), "{notices:?}");
    let mut notices = 0;
    assert!(
        device::open(DeviceChoice::Auto, &mut |_| notices += 1).is_cpu(),
        "auto"
    );
    assert_eq!(notices, 0, "auto has nothing to tell");
}

#[test]
fn golden_outputs_come_out_in_single_and_in_half_precision() {
    let Some((_, cuda)) = gpu() else { return };
    for name in ["unet_d7_b4_256.safetensors", "unet_d8_b4_256.safetensors"] {
        let golden = Golden::open(name);
        // As on the CPU, and what the same kernels give in tests/kernels.rs.
        for (precision, tolerance) in [(Precision::Single, 5e-5), (Precision::Half, 2e-2)] {
            let unet = GpuUNet::new(CudaGpu::new(&cuda).unwrap(), &unet(&golden), precision).unwrap();
            let (out, mask) = unet
                .forward(&golden.tensor("input"), &golden.tensor("mask"))
                .unwrap();
            let what = format!("{name} in {}", precision.label());
            assert_close(&what, &out, &golden.tensor("output"), tolerance);
            assert_same(&what, &mask, &mask.ones_like().unwrap());
        }
    }
}

#[test]
fn the_built_in_weights_agree_with_the_cpu_and_holes_do_not_matter() {
    let Some((device, cuda)) = gpu() else { return };
    let file = weights::embedded().unwrap();
    let unet = UNet::load(&file, &Device::Cpu).unwrap();
    let reference = FusedUNet::new(&unet).unwrap();
    for precision in [Precision::Single, Precision::Half] {
        let fused = GpuUNet::new(CudaGpu::new(&cuda).unwrap(), &unet, precision).unwrap();
        let deviation = fused.deviation_from(&reference).unwrap();
        assert!(
            deviation <= precision.tolerance(),
            "{deviation} in {}",
            precision.label()
        );
    }
    assert_eq!(
        open_unet(&cuda, &unet).unwrap().precision(),
        Precision::Half,
        "half precision is good enough"
    );
    let network = Network::load(&file, &device).unwrap();
    let (width, height) = (70, 53);
    let valid: Vec<u8> = (0..width * height).map(|at| u8::from(at % 11 > 2)).collect();
    let filled = |content: f32| {
        let rgb: Vec<f32> = (0..3 * width * height)
            .map(|at| {
                if valid[at / 3] == 0 {
                    content
                } else {
                    (at % 97) as f32 / 97.0
                }
            })
            .collect();
        network.inpaint(&rgb, &valid, width, height).unwrap()
    };
    let clean = filled(0.0);
    for content in [1e3, f32::NAN] {
        assert_eq!(filled(content), clean, "{content} in the holes");
    }
}

#[test]
fn the_training_convolution_and_its_gradients_are_the_cpus() {
    let Some((device, _)) = gpu() else { return };
    for (dims, out_channels, kernel, stride) in [
        ((2, 3, 64, 64), 32, 7, 2),
        ((2, 32, 33, 31), 64, 5, 2),
        ((4, 96, 32, 32), 32, 3, 1),
        ((4, 256, 2, 2), 256, 3, 1),
    ] {
        let xs = sixty_fourths(dims);
        let weight = sixty_fourths((out_channels, dims.1, kernel, kernel));
        let run = |device: &Device| {
            let xs = Var::from_tensor(&xs.to_device(device).unwrap()).unwrap();
            let weight = Var::from_tensor(&weight.to_device(device).unwrap()).unwrap();
            let ys = conv2d(&xs, &weight, kernel / 2, stride).unwrap();
            let gradients = ys.sqr().unwrap().mean_all().unwrap().backward().unwrap();
            let of = |var: &Var| gradients.get(var).unwrap().to_device(&Device::Cpu).unwrap();
            [ys.to_device(&Device::Cpu).unwrap(), of(&xs), of(&weight)]
        };
        let what = format!("{dims:?} to {out_channels}, {kernel}, {stride}");
        // The output is exact but for the order of its sums; its gradient is not one that TF32 can hold.
        let tolerances = [1e-5, 1e-3, 1e-3];
        for ((found, expected), tolerance) in run(&device).iter().zip(&run(&Device::Cpu)).zip(tolerances) {
            let largest = values(expected)
                .iter()
                .fold(0f32, |max, value| max.max(value.abs()));
            assert_close(&what, found, expected, tolerance * largest);
        }
    }
}

#[test]
fn a_training_step_and_its_gradients_are_the_cpus() {
    let Some((device, _)) = gpu() else { return };
    assert!(train::runs_on(&device), "with our own operations");
    assert_eq!(gradient_difference(&device, &Device::Cpu), None);
}

#[test]
fn running_out_of_memory_is_recognised() {
    let Some((device, _)) = gpu() else { return };
    let too_much = Tensor::zeros((1 << 20, 1 << 20), DType::F32, &device);
    let error = NetworkError::Compute {
        device: device::name(&device),
        error: too_much.unwrap_err(),
    };
    assert!(error.is_out_of_memory(), "{error}");
}

/// Random numbers from −1 to 1 that TF32 can hold exactly, so that products lose nothing.
fn sixty_fourths(shape: (usize, usize, usize, usize)) -> Tensor {
    let sizes = [shape.0, shape.1, shape.2, shape.3];
    let mut random = Random::keyed(0, sizes.map(|size| size as u64));
    let values = (0..sizes.iter().product()).map(|_| random.within(64) as f32 / 64.0);
    Tensor::from_vec(values.collect::<Vec<_>>(), shape, &Device::Cpu).unwrap()
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
