//! Whether a device computes the gradients that the CPU computes.
//!
//! Training on a device whose backward pass is wrong looks like training and learns nothing, so a tiny partial
//! convolution is compared before the first step.

use candle_core::{Device, Result, Tensor, Var};

use crate::nn::partial_conv::{Masked, PartialConv2d};

/// How far gradients may be apart, relative to the largest: products are rounded to TF32 on CUDA.
const TOLERANCE: f32 = 3e-3;

/// What differs between two devices, in words, or `None`.
pub fn difference(device: &Device, reference: &Device) -> Option<String> {
    let found = gradients(device);
    let expected = gradients(reference);
    match (found, expected) {
        (Ok(found), Ok(expected)) => compare(&found, &expected),
        (Err(error), _) | (_, Err(error)) => Some(error.to_string()),
    }
}

/// The first gradient that is too far from what it should be.
fn compare(found: &[(String, Vec<f32>)], expected: &[(String, Vec<f32>)]) -> Option<String> {
    found
        .iter()
        .zip(expected)
        .find_map(|((name, found), (_, expected))| {
            let largest = expected
                .iter()
                .fold(0f32, |largest, value| largest.max(value.abs()));
            let is_close = |(a, b): (&f32, &f32)| (a - b).abs() <= TOLERANCE * largest;
            let is_good = found.len() == expected.len() && found.iter().zip(expected).all(is_close);
            (!is_good).then(|| format!("the gradient of {name} is not the CPU's"))
        })
}

/// Gradients of picture, weight and bias of two partial convolutions, with strides 1 and 2.
fn gradients(device: &Device) -> Result<Vec<(String, Vec<f32>)>> {
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
            gradients.push((
                format!("{name} (stride {stride})"),
                gradient.flatten_all()?.to_vec1()?,
            ));
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

    use super::{compare, difference, gradients};

    #[test]
    fn a_device_agrees_with_itself() {
        assert_eq!(difference(&Device::Cpu, &Device::Cpu), None);
    }

    #[test]
    fn a_wrong_weight_gradient_is_named() {
        let expected = gradients(&Device::Cpu).unwrap();
        let mut found = expected.clone();
        found[4].1[7] += 1.0;
        let why = compare(&found, &expected).unwrap();
        assert!(why.contains("a weight (stride 2)"), "{why}");
    }
}
