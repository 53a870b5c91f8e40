//! What a run will take, before it begins.

use super::{Config, Start};
use crate::nn;

const MIB: f64 = 1024.0 * 1024.0;

/// What a run will take. Both numbers are rough.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Memory at its peak.
    pub memory_mib: f64,
    /// Seconds per step on this machine's processor; on a GPU it is many times less.
    pub seconds_per_step: f64,
}

/// Estimates a run from the size of its network and its batches, without running anything.
pub fn estimate(config: &Config) -> Estimate {
    let size = network_size(config);
    let pixels = f64::from(config.batch) * f64::from(config.side).powi(2);
    let parameters: usize = size
        .tensors()
        .iter()
        .map(|(_, shape)| shape.iter().product::<usize>())
        .sum();
    // Weights, gradients, two moments, average and the starting weights for comparison.
    let fixed = 6.0 * 4.0 * parameters as f64;
    Estimate {
        memory_mib: (fixed + pixels * bytes_per_pixel(size)) / MIB,
        seconds_per_step: pixels * (operations_per_pixel(size) + feature_operations(config))
            / operations_per_second()
            + parameters as f64 * SECONDS_PER_PARAMETER,
    }
}

/// Size of the network that the configuration trains. Of a file nothing is read: it counts as the built-in one.
fn network_size(config: &Config) -> nn::Config {
    match config.start {
        Start::HeInit => nn::Config {
            base_width: config.base_width,
            levels: config.levels,
        },
        Start::Default | Start::File(_) => nn::Config::HALF,
    }
}

/// Bytes that a pixel keeps alive until the backward pass is over: each layer's input, output and normalised form
/// in values of four bytes, and the feature network's maps for output, composite and photo.
fn bytes_per_pixel(size: nn::Config) -> f64 {
    let layers = (0..size.levels).flat_map(|index| {
        let shrunk = 0.25f64.powi(index as i32);
        let encoder = size.encoder_layer(index);
        let decoder = size.decoder_layer(size.levels - 1 - index);
        let decoder_values =
            (decoder.up_channels + 2 * decoder.in_channels + 4 * decoder.out_channels) as f64;
        [
            shrunk * decoder_values,
            shrunk * (encoder.in_channels as f64 + encoder.out_channels as f64),
        ]
    });
    4.0 * (layers.sum::<f64>() + FEATURE_VALUES_PER_PIXEL)
}

/// Values of the built-in feature network's maps per pixel, for three pictures, with their gradients.
const FEATURE_VALUES_PER_PIXEL: f64 = 250.0;

/// What the optimiser and the average take per weight, once a step. Measured: 0.12 s for 6.45 million.
const SECONDS_PER_PARAMETER: f64 = 1.8e-8;

/// Multiply-adds per pixel of one picture through the feature network: our own, and a VGG-16 up to pool3.
const FEATURE_OPERATIONS: [f64; 2] = [2.1e4, 1.9e5];

/// Three pictures go forward through the feature network, two of them back.
fn feature_operations(config: &Config) -> f64 {
    5.0 * FEATURE_OPERATIONS[usize::from(config.features.is_some())]
}

/// Multiply-adds per pixel of the network, forward and twice that backward.
fn operations_per_pixel(size: nn::Config) -> f64 {
    let layers = (0..size.levels).map(|index| {
        let shrunk = 0.25f64.powi(index as i32);
        let encoder = size.encoder_layer(index);
        let decoder = size.decoder_layer(size.levels - 1 - index);
        let window = encoder.geometry.kernel.pow(2) as f64;
        let encoder = window * (encoder.in_channels * encoder.out_channels) as f64 / 4.0;
        let channels = decoder.up_channels + decoder.in_channels;
        shrunk * (encoder + 9.0 * (channels * decoder.out_channels) as f64)
    });
    3.0 * layers.sum::<f64>()
}

/// What a processor reaches in training, everything around the convolutions included: measured at 11 G multiply-adds a
/// second and core with the built-in weights (0.30 s a step of two 96² crops, 1.58 s of four of 192², two cores).
fn operations_per_second() -> f64 {
    1.1e10 * rayon::current_num_threads() as f64
}

#[cfg(test)]
mod tests {
    use super::{Config, estimate};

    #[test]
    fn time_and_memory_grow_with_the_batch_but_not_what_the_weights_take() {
        let [one, two, four] = [1, 2, 4].map(|batch| {
            estimate(&Config {
                batch,
                ..Config::default()
            })
        });
        let (first, second) = (
            two.seconds_per_step - one.seconds_per_step,
            four.seconds_per_step - two.seconds_per_step,
        );
        assert!((second / first - 2.0).abs() < 1e-9, "{first} {second}");
        assert!(
            first < one.seconds_per_step,
            "the optimiser takes its time whatever the batch"
        );
        assert!(four.memory_mib > 1.5 * two.memory_mib, "{two:?} {four:?}");
    }

    #[test]
    fn a_vgg_file_takes_longer_than_the_built_in_features() {
        let own = Config::default();
        let vgg = Config {
            features: Some("vgg.safetensors".into()),
            ..own.clone()
        };
        assert!(
            estimate(&vgg).seconds_per_step > 2.0 * estimate(&own).seconds_per_step,
            "VGG-16 is nine times the work"
        );
    }
}
