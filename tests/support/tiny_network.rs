//! Weights of a tiny network, made by a fixed rule: they fill holes with nonsense, quickly.

use lacuna::nn::Config;
use safetensors::{Dtype, tensor::TensorView};

/// A whole weights file.
pub(crate) fn weights() -> Vec<u8> {
    let config = Config {
        base_width: 2,
        levels: 7,
    };
    let stored: Vec<_> = config
        .tensors()
        .into_iter()
        .map(|(name, shape)| {
            let bytes: Vec<u8> = (0..shape.iter().product::<usize>())
                .flat_map(|index| value(&name, index).to_le_bytes())
                .collect();
            (name, shape, bytes)
        })
        .collect();
    let views = stored.iter().map(|(name, shape, bytes)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes).expect("bytes fit the shape");
        (name.clone(), view)
    });
    let metadata = [
        ("format", "pconv-unet"),
        ("normalization", "imagenet"),
        ("window", "full-kernel"),
        ("base_width", "2"),
        ("levels", "7"),
    ];
    let metadata = metadata
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
    safetensors::serialize(views, Some(metadata)).expect("tensors serialize")
}

/// Positive for variances, of both signs for what is learned.
fn value(name: &str, index: usize) -> f32 {
    let fraction = (index * 37 % 101) as f32 / 101.0;
    if name.ends_with("running_var") {
        0.5 + fraction
    } else {
        fraction - 0.4
    }
}
