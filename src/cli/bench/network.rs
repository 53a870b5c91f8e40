//! One network measured: median time of a run, and on the CPU what each layer took.
//!
//! On the CPU the engine computes what the holes need, as a fill does; a few runs for everything stand beside it. The
//! time is that of the network alone: no scaling, no colour space. On a GPU candle runs it, and the time includes
//! bringing the picture there and back.

use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use candle_core::{DType, Device};
use candle_nn::{VarBuilder, VarMap};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::scene;
use crate::{
    cli::{
        Shared,
        device::{check_file, open_device},
        median::median,
        memory,
        terminal::Terminal,
    },
    imaging::{Mask, random::Random},
    nn::{
        Config, Network, UNet, device,
        ops::{FusedUNet, LayerRun, Plane},
        weights,
    },
    progress::{Progress as _, Silent},
};

/// What to measure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) config: Config,
    /// Side of the picture.
    pub(super) size: u32,
    pub(super) hole_fraction: f64,
    pub(super) runs: usize,
}

/// A picture in the network's space and its mask, both ways round.
struct Picture {
    pixels: Vec<f32>,
    valid: Vec<u8>,
    side: usize,
}

impl Picture {
    fn new(mask: &Mask, seed: u64) -> Self {
        let mut random = Random::keyed(seed, [2; 4]);
        let valid: Vec<u8> = mask.coverage().iter().map(|&hole| u8::from(hole == 0)).collect();
        Self {
            pixels: (0..3 * valid.len()).map(|_| random.unit() as f32).collect(),
            valid,
            side: mask.width() as usize,
        }
    }

    fn plane(&self, is_hole: bool) -> anyhow::Result<Plane> {
        let values: Vec<u8> = self
            .valid
            .iter()
            .map(|&valid| valid ^ u8::from(is_hole))
            .collect();
        Plane::new(self.side, self.side, &values).ok_or_else(|| anyhow!("a mask of another size"))
    }
}

/// Measures in this process.
pub(super) fn measure(entry: &Entry, shared: &Shared, terminal: &Terminal) -> anyhow::Result<Value> {
    let seed = shared.seed.unwrap_or_default();
    let mask = scene::strokes(entry.size, entry.hole_fraction, seed);
    let picture = Picture::new(&mask, seed);
    let device = open_device(shared.device.unwrap_or_default(), terminal)?;
    let mut json = json!({
        "base_width": entry.config.base_width,
        "levels": entry.config.levels,
        "size": entry.size,
        "hole_fraction": entry.hole_fraction,
        "device": device::name(&device),
        "runs": entry.runs,
    });
    let (unet, file) = unet(entry.config, shared)?;
    json["weights"] = json!(file.as_ref().map_or("random", |file| file.info().source.as_str()));
    let times = if device.is_cpu() {
        let fused = FusedUNet::new(&unet)?;
        drop((unet, file));
        on_cpu(entry, &fused, &picture, terminal, &mut json)?
    } else {
        on_gpu(entry, &unet, &device, &picture, terminal)?
    };
    json["median_ms"] = json!(ms(median_of(&times)));
    json["min_ms"] = json!(times.iter().min().copied().map(ms));
    json["peak_mib"] = json!(memory::peak_mib());
    Ok(json)
}

/// The weights that the shared flags ask for.
pub(super) fn weights_file(shared: &Shared) -> anyhow::Result<weights::File> {
    match &shared.weights {
        Some(path) => check_file(path)
            .map_err(anyhow::Error::from)
            .and_then(|()| Ok(weights::read(path)?))
            .with_context(|| format!("the weights {} cannot be used", path.display())),
        None => weights::embedded().context("reading the built-in weights"),
    }
}

/// The network of the weights file where that has this size, else one of He's initialisation; on the CPU.
fn unet(config: Config, shared: &Shared) -> anyhow::Result<(UNet, Option<weights::File>)> {
    let file = weights_file(shared)?;
    if file.info().config() == config {
        return Ok((UNet::load(&file, &Device::Cpu)?, Some(file)));
    }
    let vb = VarBuilder::from_varmap(&VarMap::new(), DType::F32, &Device::Cpu);
    Ok((UNet::new(config, &vb)?, None))
}

/// Times on the CPU; puts layers and the time for everything into `json`.
fn on_cpu(
    entry: &Entry,
    fused: &FusedUNet,
    picture: &Picture,
    terminal: &Terminal,
    json: &mut Value,
) -> anyhow::Result<Vec<Duration>> {
    let (valid, holes) = (picture.plane(false)?, picture.plane(true)?);
    let mut layers: Vec<Vec<LayerRun>> = Vec::new();
    let mut run = |needed: Option<&Plane>| {
        let mut layer_runs = Vec::new();
        let mut observe = |layer: &LayerRun| layer_runs.push(layer.clone());
        fused.fill_observed(&picture.pixels, &valid, needed, &mut observe, &Silent)?;
        layers.push(layer_runs);
        anyhow::Ok(())
    };
    let times = timed(entry.runs, terminal, || run(Some(&holes)))?;
    let everything = timed(entry.runs.div_ceil(4), terminal, || run(None))?;
    // The first of `timed` warms up; those after the last of the holes are of everything.
    layers.truncate(entry.runs + 1);
    layers.remove(0);
    json["multiply_adds"] = json!(layers[0].iter().map(|layer| layer.multiply_adds).sum::<u64>());
    json["everything_median_ms"] = json!(ms(median_of(&everything)));
    json["layers"] = (0..layers[0].len())
        .map(|index| layer_json(&layers.iter().map(|run| &run[index]).collect::<Vec<_>>()))
        .collect();
    Ok(times)
}

/// One layer over all runs: its median.
fn layer_json(runs: &[&LayerRun]) -> Value {
    let times: Vec<Duration> = runs.iter().map(|run| run.computing).collect();
    let planning: Vec<Duration> = runs.iter().map(|run| run.planning).collect();
    json!({
        "name": runs[0].name,
        "ms": ms(median_of(&times)),
        "planning_ms": ms(median_of(&planning)),
        "outputs": runs[0].outputs,
        "multiply_adds": runs[0].multiply_adds,
        "bytes": runs[0].bytes,
    })
}

fn on_gpu(
    entry: &Entry,
    unet: &UNet,
    device: &Device,
    picture: &Picture,
    terminal: &Terminal,
) -> anyhow::Result<Vec<Duration>> {
    let network = Network::from_unet(unet, device)?;
    timed(entry.runs, terminal, || {
        network.inpaint(&picture.pixels, &picture.valid, picture.side, picture.side)?;
        Ok(())
    })
}

/// Times of `runs` calls, after one that does not count.
fn timed(
    runs: usize,
    terminal: &Terminal,
    mut run: impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<Vec<Duration>> {
    run()?;
    let times = (0..runs).map(|index| {
        terminal.step(index as u64, runs as u64)?;
        let started = Instant::now();
        run()?;
        Ok(started.elapsed())
    });
    times.collect()
}

/// The median of some times; none of no time.
pub(super) fn median_of(times: &[Duration]) -> Duration {
    Duration::from_secs_f64(median(times.iter().map(Duration::as_secs_f64)))
}

/// Milliseconds, to a thousandth.
pub(super) fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}
