//! One step of training measured: forward, all losses on a VGG-16 up to pool3, backward, Adam.
//!
//! Weights are random, photos are noise: neither changes the time. This is the step that PyTorch is compared with.

use std::time::{Duration, Instant};

use candle_core::{DType, Device, Tensor};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    network::{median_of, ms},
    scene,
};
use crate::{
    cli::{Shared, device::open_device, memory, terminal::Terminal},
    imaging::random::Random,
    nn::{
        Config, device,
        unet::Convolution,
        vgg::{Features, Layer},
    },
    progress::Progress as _,
    train::{
        self, Phase,
        trainer::{Batch, StepOptions, Trainer},
    },
};

/// Output channels of VGG-16's convolutions, stage by stage, up to pool3.
const VGG_16: [&[usize]; 3] = [&[64, 64], &[128, 128], &[256, 256, 256]];

/// What to measure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) config: Config,
    /// Side of the crops.
    pub(super) size: u32,
    pub(super) batch: u32,
    pub(super) hole_fraction: f64,
    pub(super) runs: usize,
}

/// Measures in this process.
pub(super) fn measure(entry: &Entry, shared: &Shared, terminal: &Terminal) -> anyhow::Result<Value> {
    let seed = shared.seed.unwrap_or_default();
    let device = open_device(shared.device.unwrap_or_default(), terminal)?;
    let features = vgg_16(seed)?;
    let weights = train::he(entry.config, seed)?;
    let mut trainer = Trainer::new(entry.config, Convolution::Partial, &weights, &features, &device)?;
    let batch = batch(entry, seed, &device)?;
    let options = StepOptions {
        phase: Phase::One,
        rate: 2e-4,
        clip_norm: 0.0,
        ema: 0.0,
    };
    let mut times = Vec::with_capacity(entry.runs);
    // The first step warms up.
    for run in 0..=entry.runs {
        terminal.step(run as u64, entry.runs as u64 + 1)?;
        let started = Instant::now();
        // Reading the loss waits for the device.
        trainer.step(&batch, &options)?.total.to_scalar::<f32>()?;
        if run > 0 {
            times.push(started.elapsed());
        }
    }
    Ok(report(entry, &device, &times))
}

fn report(entry: &Entry, device: &Device, times: &[Duration]) -> Value {
    let median_ms = ms(median_of(times));
    json!({
        "base_width": entry.config.base_width,
        "levels": entry.config.levels,
        "size": entry.size,
        "batch": entry.batch,
        "hole_fraction": entry.hole_fraction,
        "device": device::name(device),
        "features": "VGG-16 to pool3, random",
        "runs": entry.runs,
        "median_ms": median_ms,
        "min_ms": times.iter().min().copied().map(ms),
        "images_per_s": f64::from(entry.batch) * 1e3 / median_ms,
        "peak_mib": memory::peak_mib(),
    })
}

/// Noise, with one hole for all.
fn batch(entry: &Entry, seed: u64, device: &Device) -> candle_core::Result<Batch> {
    let (side, count) = (entry.size as usize, entry.batch as usize);
    let mut random = Random::keyed(seed, [3; 4]);
    let values: Vec<f32> = (0..count * 3 * side * side).map(|_| random.normal()).collect();
    let mask = scene::strokes(entry.size, entry.hole_fraction, seed);
    let valid: Vec<f32> = mask
        .coverage()
        .iter()
        .map(|&hole| f32::from(u8::from(hole == 0)))
        .collect();
    Ok(Batch {
        photo: Tensor::from_vec(values, (count, 3, side, side), device)?,
        mask: Tensor::from_vec(valid.repeat(count), (count, 1, side, side), device)?,
    })
}

/// VGG-16 up to pool3 with weights after He.
fn vgg_16(seed: u64) -> candle_core::Result<Features> {
    let mut random = Random::keyed(seed, [4; 4]);
    let mut inputs = 3;
    let mut layer = |outputs: usize| {
        let deviation = (2.0 / (9 * inputs) as f32).sqrt();
        let values: Vec<f32> = (0..outputs * inputs * 9)
            .map(|_| random.normal() * deviation)
            .collect();
        let weight = Tensor::from_vec(values, (outputs, inputs, 3, 3), &Device::Cpu)?;
        inputs = outputs;
        let bias = Tensor::zeros(outputs, DType::F32, &Device::Cpu)?;
        candle_core::Result::Ok(Layer { weight, bias })
    };
    let stages = VGG_16.map(|stage| stage.iter().map(|&outputs| layer(outputs)).collect());
    let stages = stages
        .into_iter()
        .collect::<candle_core::Result<Vec<Vec<Layer>>>>()?;
    Ok(Features::from_tensors(stages, "VGG-16 to pool3, random"))
}
