//! The feature network Ψ of the losses: the first three pooling layers of a VGG (Simonyan and Zisserman, 2014).
//!
//! Read from a safetensors file with torchvision's names, or taken from the binary. VGG-16, VGG-19 and our own small
//! network of the same kind load alike: a gap of three between two numbers marks a pool. Its weights never learn.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use candle_core::{DType, Device, Tensor};

use super::ops;

/// Our own network, as it lies in the repository: distilled from VGG-19, see weights/README.md.
static EMBEDDED: &[u8] = include_bytes!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/weights/features.safetensors"
));

/// What our own network is called where others have a file.
const EMBEDDED_NAME: &str = "built-in";

/// Stages of the network, each of which ends in a pool.
pub const STAGES: usize = 3;

/// From one convolution to the next in torchvision's list: a `ReLU` is between them. A pool makes it one more.
const NEXT_LAYER: usize = 2;

/// Why a feature network was refused.
#[derive(Debug, thiserror::Error)]
pub enum FeaturesError {
    /// The file could not be read.
    #[error("it cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// It is no safetensors file, or a tensor has an odd type or shape.
    #[error("it is not a feature network: {0}")]
    Format(String),
    /// A layer is missing or does not follow from the one before.
    #[error("features.{layer} {problem}; a VGG in torchvision's layout is needed")]
    Layer {
        /// Its number.
        layer: usize,
        /// What is wrong with it.
        problem: String,
    },
}

/// A 3 × 3 convolution with its bias, followed by `ReLU`.
#[derive(Debug, Clone)]
pub struct Layer {
    /// `[out, in, 3, 3]`
    pub weight: Tensor,
    /// `[out]`
    pub bias: Tensor,
}

/// The feature network.
#[derive(Debug, Clone)]
pub struct Features {
    stages: Vec<Vec<Layer>>,
    name: String,
    /// The same for [`ops::feature_losses`], made when it is first needed.
    own: OnceLock<Arc<ops::FeatureNetwork>>,
}

impl Features {
    /// Reads a safetensors file of a VGG-16, a VGG-19 or a network of the same kind, onto the CPU.
    ///
    /// Layers after the third pool are passed over.
    pub fn read(path: &Path) -> Result<Self, FeaturesError> {
        let bytes = std::fs::read(path)?;
        let file = path.file_name().map_or_else(PathBuf::new, PathBuf::from);
        Self::parse(&bytes, |convolutions| match convolutions {
            8 => format!("VGG-19 ({})", file.display()),
            7 => format!("VGG-16 ({})", file.display()),
            count => format!("{count} convolutions ({})", file.display()),
        })
    }

    fn parse(bytes: &[u8], name: impl FnOnce(usize) -> String) -> Result<Self, FeaturesError> {
        let (stages, convolutions) = parse(bytes)?;
        Ok(Self::from_tensors(stages, name(convolutions)))
    }

    /// The network that lies in the binary.
    pub fn embedded() -> Result<Self, FeaturesError> {
        Self::parse(EMBEDDED, |_| EMBEDDED_NAME.to_owned())
    }

    /// A network of given layers, stage by stage, whose pictures need not be normalised in any special way.
    pub fn from_tensors(stages: Vec<Vec<Layer>>, name: impl Into<String>) -> Self {
        Self {
            stages,
            name: name.into(),
            own: OnceLock::new(),
        }
    }

    /// What is in use, as a person reads it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same network on another device.
    pub fn to_device(&self, device: &Device) -> candle_core::Result<Self> {
        let mut moved = Self::from_tensors(self.stages.clone(), self.name.clone());
        for layer in moved.stages.iter_mut().flatten() {
            layer.weight = layer.weight.to_device(device)?;
            layer.bias = layer.bias.to_device(device)?;
        }
        Ok(moved)
    }

    /// [`ops::feature_losses`] on this network, which must be on the CPU.
    pub fn losses(&self, ours: &Tensor, photo: &Tensor) -> candle_core::Result<Tensor> {
        let own = match self.own.get() {
            Some(own) => own,
            None => {
                let stages = self.stages.iter();
                let own = ops::FeatureNetwork::new(
                    stages.map(|stage| stage.iter().map(|layer| (&layer.weight, &layer.bias))),
                )?;
                self.own.get_or_init(|| Arc::new(own))
            }
        };
        ops::feature_losses(own, ours, photo)
    }

    /// The outputs of the three pools for `[b, 3, h, w]`, normalised as the network's own pictures. Differentiable.
    ///
    /// Sides halve three times, rounded down; they must be at least 8.
    pub fn pools(&self, xs: &Tensor) -> candle_core::Result<[Tensor; STAGES]> {
        let mut xs = xs.clone();
        let mut pools = Vec::with_capacity(STAGES);
        for stage in &self.stages {
            for layer in stage {
                xs = layer.forward(&xs)?;
            }
            xs = ops::max_pool2(&xs)?;
            pools.push(xs.clone());
        }
        pools.try_into().map_err(|pools: Vec<Tensor>| {
            candle_core::Error::Msg(format!("{} pools instead of three", pools.len()))
        })
    }
}

impl Layer {
    fn forward(&self, xs: &Tensor) -> candle_core::Result<Tensor> {
        ops::conv2d_relu(xs, &self.weight, &self.bias, 1)
    }
}

/// The stages of a file and how many convolutions they have.
fn parse(bytes: &[u8]) -> Result<(Vec<Vec<Layer>>, usize), FeaturesError> {
    let format = |error: candle_core::Error| FeaturesError::Format(error.to_string());
    let tensors: BTreeMap<_, _> = candle_core::safetensors::load_buffer(bytes, &Device::Cpu)
        .map_err(format)?
        .into_iter()
        .collect();
    let mut layers = BTreeMap::new();
    for name in tensors.keys() {
        let number = name
            .strip_prefix("features.")
            .and_then(|name| name.strip_suffix(".weight"));
        if let Some(number) = number.and_then(|number| number.parse::<usize>().ok()) {
            layers.insert(number, name.trim_end_matches("weight"));
        }
    }
    let mut stages = vec![Vec::new()];
    let (mut expected, mut channels, mut convolutions) = (0, 3, 0);
    for (&number, &name) in &layers {
        if number == expected + 1 && !stages[0].is_empty() {
            if stages.len() == STAGES {
                break;
            }
            stages.push(Vec::new());
        } else if number != expected {
            return Err(missing(expected));
        }
        let tensor = |part: &str| {
            let tensor = tensors
                .get(&format!("{name}{part}"))
                .ok_or_else(|| missing(number))?;
            tensor.to_dtype(DType::F32).map_err(format)
        };
        let layer = Layer {
            weight: tensor("weight")?,
            bias: tensor("bias")?,
        };
        channels = check(&layer, channels, number)?;
        if let Some(stage) = stages.last_mut() {
            stage.push(layer);
        }
        convolutions += 1;
        expected = number + NEXT_LAYER;
    }
    if stages.len() < STAGES || stages.iter().any(Vec::is_empty) {
        return Err(missing(expected));
    }
    Ok((stages, convolutions))
}

fn missing(layer: usize) -> FeaturesError {
    FeaturesError::Layer {
        layer,
        problem: "is missing".to_owned(),
    }
}

/// The channels of the layer's output, if it takes `channels` and its numbers are numbers.
fn check(layer: &Layer, channels: usize, number: usize) -> Result<usize, FeaturesError> {
    let wrong = |problem: String| FeaturesError::Layer {
        layer: number,
        problem,
    };
    let (shape, bias) = (layer.weight.dims(), layer.bias.dims());
    let &[out, found, 3, 3] = shape else {
        return Err(wrong(format!(
            "has shape {shape:?} instead of [_, {channels}, 3, 3]"
        )));
    };
    if found != channels || bias != [out] || out == 0 {
        return Err(wrong(format!(
            "has shapes {shape:?} and {bias:?} after {channels} channels"
        )));
    }
    let sum = |tensor: &Tensor| {
        tensor
            .abs()
            .and_then(|t| t.sum_all())
            .and_then(|t| t.to_scalar::<f32>())
    };
    let sums = sum(&layer.weight).and_then(|weight| Ok(weight + sum(&layer.bias)?));
    match sums {
        Ok(sums) if sums.is_finite() => Ok(out),
        _ => Err(wrong("holds values that are no numbers".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device, Tensor};

    use super::{Features, parse};

    #[test]
    fn the_built_in_network_has_three_pools_that_halve_and_look_at_the_picture() {
        let features = Features::embedded().unwrap();
        assert_eq!(features.name(), "built-in");
        let picture = Tensor::arange(0f32, 3.0 * 24.0 * 16.0, &Device::Cpu)
            .unwrap()
            .sin()
            .unwrap();
        let picture = picture.reshape((1, 3, 24, 16)).unwrap();
        let pools = features.pools(&picture).unwrap();
        let sizes = pools
            .each_ref()
            .map(|pool| (pool.dim(2).unwrap(), pool.dim(3).unwrap()));
        assert_eq!(sizes, [(12, 8), (6, 4), (3, 2)]);
        let dark = features
            .pools(&Tensor::zeros((1, 3, 24, 16), DType::F32, &Device::Cpu).unwrap())
            .unwrap();
        for (pool, dark) in pools.iter().zip(&dark) {
            let distance = (pool - dark).unwrap().abs().unwrap().max_all().unwrap();
            assert!(
                distance.to_scalar::<f32>().unwrap() > 0.0,
                "the pool sees nothing"
            );
        }
    }

    #[test]
    fn files_of_something_else_are_refused() {
        for bytes in [&b"{}"[..], &[0; 64]] {
            assert!(parse(bytes).is_err(), "{bytes:?}");
        }
    }
}
