//! Weights that have learned nothing yet.

use std::collections::HashMap;

use candle_core::{Device, Result, Tensor};

use crate::{imaging::random::Random, nn::Config};

/// Weights after He et al. (2015) for a network of this size, the same for the same seed.
///
/// Convolutions draw from a normal distribution of variance `2 / (in·k·k)`; norms start as if they were not there.
pub fn he(config: Config, seed: u64) -> Result<HashMap<String, Tensor>> {
    let tensors = config
        .tensors()
        .into_iter()
        .enumerate()
        .map(|(index, (name, shape))| {
            let count = shape.iter().product::<usize>();
            let values = if name.ends_with("conv.weight") {
                let mut random = Random::keyed(seed, [index as u64, 0, 0, 0]);
                let inputs = (count / shape[0].max(1)).max(1);
                let deviation = (2.0 / inputs as f32).sqrt();
                (0..count).map(|_| random.normal() * deviation).collect()
            } else if name.ends_with("norm.weight") || name.ends_with("running_var") {
                vec![1.0; count]
            } else {
                vec![0f32; count]
            };
            Ok((name, Tensor::from_vec(values, shape, &Device::Cpu)?))
        });
    tensors.collect()
}

/// Whether a tensor is gathered, not learned.
pub(super) fn is_statistic(name: &str) -> bool {
    name.ends_with("running_mean") || name.ends_with("running_var")
}

#[cfg(test)]
mod tests {
    use super::he;
    use crate::nn::Config;

    #[test]
    fn the_variance_is_two_over_the_inputs_and_the_seed_decides() {
        let config = Config {
            base_width: 8,
            levels: 5,
        };
        let first = he(config, 1).unwrap();
        let weight = first["encoder.2.conv.weight"].flatten_all().unwrap();
        let inputs = 16.0 * 25.0;
        let variance = weight
            .sqr()
            .unwrap()
            .mean_all()
            .unwrap()
            .to_scalar::<f32>()
            .unwrap();
        assert!((variance * inputs / 2.0 - 1.0).abs() < 0.1, "{variance}");
        let values = |seed| {
            he(config, seed).unwrap()["encoder.0.conv.weight"]
                .flatten_all()
                .unwrap()
                .to_vec1::<f32>()
                .unwrap()
        };
        assert_eq!(values(1), values(1));
        assert_ne!(values(1), values(2));
    }
}
