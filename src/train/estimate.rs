//! What a run will take, before it begins.

use super::{Config, Start};
use crate::nn;

const MIB: f64 = 1024.0 * 1024.0;

/// What a run will take. Both numbers are rough.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Memory of `lacuna train` at its peak, on the processor's side: the program with its own weights, the network with
    /// gradients, moments and average, one batch on its way through network and losses, and the photos that are kept
    /// decoded. What a window shows comes on top.
    pub memory_mib: f64,
    /// Seconds per step on this machine's processor; on a GPU it is many times less.
    pub seconds_per_step: f64,
}

/// Estimates a run from the size of its network and its batches, without running anything.
///
/// `photo_bytes` is what decoded photos come to take, see [`kept_bytes`](crate::data::kept_bytes()).
pub fn estimate(config: &Config, photo_bytes: u64) -> Estimate {
    estimate_of(network_size(config), config, photo_bytes)
}

/// As [`estimate`] where the size of the network is known.
pub(super) fn estimate_of(size: nn::Config, config: &Config, photo_bytes: u64) -> Estimate {
    let pixels = f64::from(config.batch) * f64::from(config.side).powi(2);
    let parameters: usize = size
        .tensors()
        .iter()
        .map(|(_, shape)| shape.iter().product::<usize>())
        .sum();
    let parameters = parameters as f64;
    let in_a_step = parameters * BYTES_PER_PARAMETER + pixels * bytes_per_pixel(size, config);
    let in_between = parameters * BYTES_PER_PARAMETER_BETWEEN_STEPS;
    Estimate {
        memory_mib: (PROGRAM_BYTES + in_a_step.max(in_between) + photo_bytes as f64) / MIB,
        seconds_per_step: pixels * (operations_per_pixel(size) + feature_operations(config))
            / operations_per_second(config)
            + parameters * SECONDS_PER_PARAMETER,
    }
}

/// The program itself with the weights in it, before anything is trained. Measured.
const PROGRAM_BYTES: f64 = 30.0 * MIB;

/// Weights, gradients, two moments, average and the starting weights to compare with, in values of four bytes.
const BYTES_PER_PARAMETER: f64 = 6.0 * 4.0;

/// The same without gradients, and what saving and comparing hold beside it. Measured.
const BYTES_PER_PARAMETER_BETWEEN_STEPS: f64 = 18.5 * 4.0;

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

/// Bytes that a pixel keeps alive at the peak of a step, when the losses are differentiated: of the network what the
/// backward pass still needs, and the feature network's maps for output, composite and photo with their gradients.
fn bytes_per_pixel(size: nn::Config, config: &Config) -> f64 {
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
    4.0 * (NETWORK_FACTOR * layers.sum::<f64>()
        + FEATURE_VALUES_PER_PIXEL[usize::from(config.features.is_some())])
}

/// Values held at the peak per value that the shapes of the network's layers name. Measured.
const NETWORK_FACTOR: f64 = 0.4;

/// Values per pixel of a batch that the losses hold: with our own feature network, and with a VGG. Measured.
const FEATURE_VALUES_PER_PIXEL: [f64; 2] = [460.0, 1250.0];

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

/// What a processor reaches in training, everything around the convolutions included: measured at 23 G multiply-adds a
/// second and core with the built-in weights (0.20 s a step of two 96² crops, 0.82 s of four of 192², two cores).
fn operations_per_second(config: &Config) -> f64 {
    let all = rayon::current_num_threads();
    2.3e10 * config.threads.map_or(all, |threads| threads.min(all)) as f64
}

#[cfg(test)]
mod tests {
    use super::{Config, Start, estimate};

    /// Peaks of `lacuna train` on 100 small photos for three steps: the most resident memory that Linux counted, in
    /// MiB (x86-64, glibc, two cores).
    #[test]
    fn memory_is_within_a_third_of_what_runs_took() {
        let config = |side, batch| Config {
            side,
            batch,
            ..Config::default()
        };
        let narrow = |side, batch| Config {
            start: Start::HeInit,
            base_width: 16,
            ..config(side, batch)
        };
        let vgg = |side, batch| Config {
            features: Some("vgg19.safetensors".into()),
            ..config(side, batch)
        };
        let measured = [
            (config(128, 2), 508.0),
            (config(128, 4), 544.0),
            (config(192, 2), 546.0),
            (config(192, 4), 616.0),
            (config(256, 2), 596.0),
            (config(256, 4), 743.0),
            (narrow(128, 2), 173.0),
            (narrow(256, 2), 319.0),
            (narrow(256, 4), 566.0),
            (vgg(192, 2), 687.0),
            (vgg(192, 4), 885.0),
        ];
        for (config, peak_mib) in measured {
            // The photos of these few steps: at most sixteen, of half a megabyte each.
            let estimated = estimate(&config, 8 << 20).memory_mib;
            // What an allocator gives back, and when, differs between systems by about that much.
            let ratio = estimated / peak_mib;
            assert!(
                (0.7..1.3).contains(&ratio),
                "{estimated:.0} for {peak_mib} MiB: {config:?}"
            );
        }
    }

    #[test]
    fn threads_that_are_not_used_do_not_count() {
        let seconds = |threads| {
            let config = Config {
                threads,
                ..Config::default()
            };
            estimate(&config, 0).seconds_per_step
        };
        assert!(
            rayon::current_num_threads() == 1 || seconds(Some(1)) > seconds(None),
            "one thread takes longer than all"
        );
        assert_eq!(seconds(Some(1024)), seconds(None), "there are no more than all");
    }

    #[test]
    fn photos_that_are_kept_count() {
        let config = Config::default();
        let more = estimate(&config, 100 << 20).memory_mib - estimate(&config, 0).memory_mib;
        assert!((more - 100.0).abs() < 1e-9, "{more}");
    }

    #[test]
    fn time_and_memory_grow_with_the_batch_but_not_what_the_weights_take() {
        let [one, two, four] = [1, 2, 4].map(|batch| {
            let config = Config {
                batch,
                ..Config::default()
            };
            estimate(&config, 0)
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
            estimate(&vgg, 0).seconds_per_step > 2.0 * estimate(&own, 0).seconds_per_step,
            "VGG-16 is nine times the work"
        );
    }
}
