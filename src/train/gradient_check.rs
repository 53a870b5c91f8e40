//! Whether a device computes the gradients that the CPU computes.
//!
//! Training on a device whose backward pass is wrong looks like training and learns nothing, so tiny partial
//! convolutions and a step of a tiny network are compared before the first step.

use candle_core::{Device, Result, Tensor, Var};

use super::{
    Phase,
    trainer::{Batch, Trainer},
};
use crate::nn::{
    Config, Convolution,
    partial_conv::{Masked, PartialConv2d},
    vgg::{Features, Layer},
};

/// How far gradients may be apart, relative to the largest: products are rounded to TF32 on CUDA.
const TOLERANCE: f32 = 3e-3;
/// The same for a step, where rounding moves some value over the edge of an activation.
const STEP_TOLERANCE: f32 = 0.2;
/// Side of the pictures of that step.
const SIDE: usize = 32;

/// What differs between two devices, in words, or `None`.
pub fn difference(device: &Device, reference: &Device) -> Option<String> {
    match (CheckedGradients::on(device), CheckedGradients::on(reference)) {
        (Ok(found), Ok(expected)) => found.difference_from(&expected),
        (Err(error), _) | (_, Err(error)) => Some(error.to_string()),
    }
}

/// The gradients that are compared, as one device computes them.
#[derive(Debug, Clone)]
pub struct CheckedGradients(Vec<Gradient>);

impl CheckedGradients {
    /// Computes them.
    pub fn on(device: &Device) -> Result<Self> {
        let mut all = of_convolutions(device)?;
        all.extend(of_a_step(device)?);
        Ok(Self(all))
    }

    /// The first that is missing, too much or too far from what it should be, in words.
    pub fn difference_from(&self, expected: &Self) -> Option<String> {
        let apart = expected
            .0
            .iter()
            .find_map(|expected| match self.get(&expected.name) {
                Some(found) => compare(found, expected),
                None => Some(format!("there is no gradient of {}", expected.name)),
            });
        let extra = || self.0.iter().find(|found| expected.get(&found.name).is_none());
        apart.or_else(|| extra().map(|extra| format!("the CPU has no gradient of {}", extra.name)))
    }

    fn get(&self, name: &str) -> Option<&Gradient> {
        self.0.iter().find(|gradient| gradient.name == name)
    }
}

/// A gradient by name.
#[derive(Debug, Clone)]
struct Gradient {
    name: String,
    values: Vec<f32>,
    tolerance: f32,
}

/// What is wrong with a gradient that is too far from what it should be.
fn compare(found: &Gradient, expected: &Gradient) -> Option<String> {
    let largest = expected
        .values
        .iter()
        .fold(0f32, |largest, value| largest.max(value.abs()));
    let is_close = |(a, b): (&f32, &f32)| (a - b).abs() <= expected.tolerance * largest;
    let is_good = found.values.len() == expected.values.len()
        && found.values.iter().zip(&expected.values).all(is_close);
    (!is_good).then(|| format!("the gradient of {} is not the CPU's", expected.name))
}

/// Gradients of everything that a step of a tiny network learns, all losses together.
fn of_a_step(device: &Device) -> Result<Vec<Gradient>> {
    let config = Config {
        base_width: 4,
        levels: 3,
    };
    let tensors = config.tensors().into_iter().map(|(name, shape)| {
        let inputs = shape.iter().skip(1).product::<usize>() as f64;
        let count = shape.iter().product();
        let values = wave((1, 1, 1, count), &Device::Cpu)?.reshape(shape)?;
        // Spread as He's initialisation; scales and variances about one.
        let tensor = if values.rank() > 1 {
            values * (6.0 / inputs).sqrt()
        } else {
            values.affine(0.3, 1.0)
        };
        Ok((name, tensor?))
    });
    let features = |inputs, outputs| {
        let weight = wave((outputs, inputs, 3, 3), &Device::Cpu)? * (2.0 / (9 * inputs) as f64).sqrt();
        let bias = wave((1, 1, 1, outputs), &Device::Cpu)?.flatten_all()?;
        Ok::<_, candle_core::Error>(vec![Layer {
            weight: weight?,
            bias,
        }])
    };
    let features = Features::from_tensors(
        vec![features(3, 4)?, features(4, 4)?, features(4, 4)?],
        "a tiny one",
    );
    let trainer = Trainer::new(
        config,
        Convolution::Partial,
        &tensors.collect::<Result<_>>()?,
        &features,
        device,
    )?;
    let batch = Batch {
        photo: wave((2, 3, SIDE, SIDE), device)?,
        mask: wave((2, 1, SIDE, SIDE), device)?
            .ge(-0.5)?
            .to_dtype(candle_core::DType::F32)?,
    };
    let (_, gradients, _) = trainer.gradients(&batch, Phase::One)?;
    let gradients = gradients.into_iter().map(|(name, gradient)| {
        Ok(Gradient {
            name: format!("{name} in a step"),
            values: gradient.flatten_all()?.to_vec1()?,
            tolerance: STEP_TOLERANCE,
        })
    });
    gradients.collect()
}

/// Gradients of picture, weight and bias of two partial convolutions, with strides 1 and 2.
fn of_convolutions(device: &Device) -> Result<Vec<Gradient>> {
    let mut gradients = Vec::new();
    for stride in [1, 2] {
        let xs = Var::from_tensor(&wave((2, 3, 10, 8), device)?)?;
        let weight = Var::from_tensor(&wave((4, 3, 3, 3), device)?)?;
        let bias = Var::from_tensor(&wave((1, 1, 1, 4), device)?.flatten_all()?)?;
        let mask = wave((2, 1, 10, 8), device)?
            .ge(-0.5)?
            .to_dtype(candle_core::DType::F32)?;
        let conv =
            PartialConv2d::from_tensors(weight.as_tensor().clone(), Some(bias.as_tensor().clone()), stride);
        let part = Masked {
            xs: xs.as_tensor().clone(),
            mask,
        };
        let store = conv.forward(&[part])?.xs.sqr()?.sum_all()?.backward()?;
        for (name, var) in [("the picture", &xs), ("a weight", &weight), ("a bias", &bias)] {
            let gradient = store
                .get(var.as_tensor())
                .map_or_else(|| var.zeros_like(), |found| Ok(found.clone()))?;
            gradients.push(Gradient {
                name: format!("{name} (stride {stride})"),
                values: gradient.flatten_all()?.to_vec1()?,
                tolerance: TOLERANCE,
            });
        }
    }
    Ok(gradients)
}

/// Numbers from −1 to 1 without a pattern.
fn wave(shape: (usize, usize, usize, usize), device: &Device) -> Result<Tensor> {
    let count = shape.0 * shape.1 * shape.2 * shape.3;
    let values = (0..count)
        .map(|index| (index as f32 * 12.9898).sin())
        .collect::<Vec<_>>();
    Tensor::from_vec(values, shape, device)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::{CheckedGradients, compare, difference};

    #[test]
    fn a_device_agrees_with_itself() {
        assert_eq!(difference(&Device::Cpu, &Device::Cpu), None);
    }

    #[test]
    fn a_gradient_that_one_of_both_lacks_is_named() {
        let all = CheckedGradients::on(&Device::Cpu).unwrap();
        for missing in [0, all.0.len() / 2, all.0.len() - 1] {
            let mut fewer = all.clone();
            let name = fewer.0.remove(missing).name;
            for why in [fewer.difference_from(&all), all.difference_from(&fewer)] {
                assert!(
                    why.as_ref().is_some_and(|why| why.ends_with(&name)),
                    "{name}: {why:?}"
                );
            }
        }
    }

    #[test]
    fn a_wrong_weight_gradient_is_named() {
        let CheckedGradients(all) = CheckedGradients::on(&Device::Cpu).unwrap();
        let of = |name: &str| {
            let found = all.iter().find(|gradient| gradient.name.starts_with(name));
            found.unwrap().clone()
        };
        for name in ["a weight (stride 2)", "decoder.1.conv.weight in a step"] {
            let expected = of(name);
            let mut found = expected.clone();
            found.values[7] += expected
                .values
                .iter()
                .fold(0.0, |largest, value| value.abs().max(largest));
            assert_eq!(compare(&expected, &expected), None);
            let why = compare(&found, &expected).unwrap();
            assert!(why.contains(name), "{why}");
        }
    }
}
