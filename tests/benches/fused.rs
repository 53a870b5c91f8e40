//! Criterion benches of the fused engine: single layers in the place they have in the network, and a whole network.
//!
//! `cargo bench --bench fused`. A layer cannot be run alone, because its maps and masks come from the layers before it;
//! so each of these benches runs the network and counts that layer's time only.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed bench")]

use std::{hint::black_box, time::Duration};

use candle_core::{DType, Device};
use candle_nn::{VarBuilder, VarMap};
use criterion::{Criterion, criterion_group, criterion_main};
use lacuna::{
    data::holes,
    nn::{
        Config, UNet,
        ops::{FusedUNet, LayerRun, Plane},
    },
    progress::Silent,
};

const SIDE: usize = 512;

/// The layers that stand for the others, each with what is special about it.
const LAYERS: [(&str, &str); 3] = [
    ("encoder.1", "5x5 stride 2"),
    ("decoder.5", "3x3 on the upsampled map and the skip"),
    ("decoder.7", "the picture"),
];

struct Case {
    fused: FusedUNet,
    pixels: Vec<f32>,
    valid: Plane,
    holes: Plane,
}

impl Case {
    fn new() -> Self {
        let config = Config {
            base_width: 32,
            levels: 8,
        };
        let vb = VarBuilder::from_varmap(&VarMap::new(), DType::F32, &Device::Cpu);
        let fused = FusedUNet::new(&UNet::new(config, &vb).unwrap()).unwrap();
        let spec = holes::Spec {
            bucket: Some(holes::Bucket::ALL[1]),
            border: holes::Border::Any,
        };
        let mask = holes::generate(&spec, SIDE as u32, SIDE as u32, 1);
        let valid: Vec<u8> = mask.coverage().iter().map(|&hole| u8::from(hole == 0)).collect();
        let pixels = (0..3 * SIDE * SIDE).map(|at| (at % 251) as f32 / 125.0 - 1.0);
        Self {
            fused,
            pixels: pixels.collect(),
            holes: Plane::new(SIDE, SIDE, mask.coverage()).unwrap(),
            valid: Plane::new(SIDE, SIDE, &valid).unwrap(),
        }
    }

    fn run(&self, observe: &mut dyn FnMut(&LayerRun)) {
        let needed = Some(&self.holes);
        let filled = self
            .fused
            .fill_observed(&self.pixels, &self.valid, needed, observe, &Silent);
        black_box(filled.unwrap());
    }

    /// Time of one layer over `runs` runs of the network.
    fn time_of(&self, layer: &str, runs: u64) -> Duration {
        let mut time = Duration::ZERO;
        for _ in 0..runs {
            self.run(&mut |run| {
                if run.name == layer {
                    time += run.planning + run.computing;
                }
            });
        }
        time
    }
}

fn layers(criterion: &mut Criterion) {
    let case = Case::new();
    for (layer, what) in LAYERS {
        let name = format!("width 32, 512 px: {layer}, {what}");
        criterion.bench_function(&name, |bencher| {
            bencher.iter_custom(|runs| case.time_of(layer, runs));
        });
    }
}

fn network(criterion: &mut Criterion) {
    let case = Case::new();
    criterion.bench_function("width 32, 512 px: network", |bencher| {
        bencher.iter(|| case.run(&mut |_| {}));
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = layers, network
}
criterion_main!(benches);
