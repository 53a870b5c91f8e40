//! The U-Net of partial convolutions (Liu et al., ECCV 2018, table 1 and appendix).
//!
//! `levels` partial convolutions of stride 2 go down, as many of stride 1 come up again, each on the upsampled map
//! beside the skip of its own level; the last skip is the input picture itself. Sides that do not divide by
//! 2^levels follow one rule: down gives `ceil(n/2)`, up gives `2n` cut to the size of the skip. Batch norm runs on
//! its stored statistics.

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{Activation, BatchNorm, BatchNormConfig, Module as _, ModuleT as _, VarBuilder};

use super::{
    partial_conv::{Geometry, Masked, PartialConv2d},
    weights,
};

const BATCH_NORM_EPS: f64 = 1e-5;
const LEAKY_SLOPE: f64 = 0.2;
const IMAGE_CHANNELS: usize = 3;

/// Size of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Config {
    /// Channels of the first level; doubled per level, up to eightfold.
    pub base_width: usize,
    /// Times that the picture is halved.
    pub levels: usize,
}

/// One layer, as the table of the paper lists it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Layer {
    /// Channels of the upsampled map; 0 in the encoder.
    pub up_channels: usize,
    /// Channels of the input picture or map, in the decoder those of the skip.
    pub in_channels: usize,
    /// Channels of the output.
    pub out_channels: usize,
    /// The window.
    pub geometry: Geometry,
    /// Whether batch norm follows. A layer without it in the decoder has a bias.
    pub has_norm: bool,
    /// What follows last, if anything.
    pub activation: Option<Activation>,
}

impl Layer {
    /// Whether it has a bias: only the layer that makes the picture has.
    pub fn has_bias(&self) -> bool {
        self.activation.is_none()
    }
}

impl Config {
    /// The network of the paper: 32.85 M weights.
    pub const PAPER: Self = Self {
        base_width: 64,
        levels: 8,
    };
    /// Half the paper's width, one level less: a quarter of its weights and of its time.
    pub const HALF: Self = Self {
        base_width: 32,
        levels: 7,
    };

    /// Numbers of levels that are supported.
    pub const LEVELS: std::ops::RangeInclusive<usize> = 5..=8;
    /// Base widths that are supported.
    pub const BASE_WIDTHS: std::ops::RangeInclusive<usize> = 1..=512;

    /// Whether the network can be built.
    pub fn is_supported(&self) -> bool {
        Self::LEVELS.contains(&self.levels) && Self::BASE_WIDTHS.contains(&self.base_width)
    }

    /// Layer `index` of the encoder; 0 takes the picture.
    pub fn encoder_layer(&self, index: usize) -> Layer {
        let kernel = match index {
            0 => 7,
            1 | 2 => 5,
            _ => 3,
        };
        Layer {
            up_channels: 0,
            in_channels: self.channels(index),
            out_channels: self.channels(index + 1),
            geometry: Geometry { kernel, stride: 2 },
            has_norm: index > 0,
            activation: Some(Activation::Relu),
        }
    }

    /// Layer `index` of the decoder; 0 takes the smallest map, the last makes the picture.
    pub fn decoder_layer(&self, index: usize) -> Layer {
        let level = self.levels - index;
        let is_last = level == 1;
        Layer {
            up_channels: self.channels(level),
            in_channels: self.channels(level - 1),
            out_channels: self.channels(level - 1),
            geometry: Geometry { kernel: 3, stride: 1 },
            has_norm: !is_last,
            activation: (!is_last).then_some(Activation::LeakyRelu(LEAKY_SLOPE)),
        }
    }

    /// Name and shape of every tensor in a weights file, in the order of the layers.
    pub fn tensors(&self) -> Vec<(String, Vec<usize>)> {
        let encoder = (0..self.levels).map(|index| (format!("encoder.{index}"), self.encoder_layer(index)));
        let decoder = (0..self.levels).map(|index| (format!("decoder.{index}"), self.decoder_layer(index)));
        encoder
            .chain(decoder)
            .flat_map(|(name, layer)| layer_tensors(&name, layer))
            .collect()
    }

    /// Channels after `level` halvings; those of the picture at level 0.
    fn channels(&self, level: usize) -> usize {
        match level {
            0 => IMAGE_CHANNELS,
            _ => self.base_width << (level - 1).min(3),
        }
    }
}

fn layer_tensors(name: &str, layer: Layer) -> Vec<(String, Vec<usize>)> {
    let (out, kernel) = (layer.out_channels, layer.geometry.kernel);
    let weight = vec![out, layer.up_channels + layer.in_channels, kernel, kernel];
    let mut tensors = vec![(format!("{name}.conv.weight"), weight)];
    if layer.has_bias() {
        tensors.push((format!("{name}.conv.bias"), vec![out]));
    }
    if layer.has_norm {
        let norms = ["weight", "bias", "running_mean", "running_var"];
        tensors.extend(norms.map(|norm| (format!("{name}.norm.{norm}"), vec![out])));
    }
    tensors
}

/// A partial convolution with what follows it.
#[derive(Debug, Clone)]
pub(super) struct Block {
    pub(super) conv: PartialConv2d,
    pub(super) norm: Option<BatchNorm>,
    pub(super) activation: Option<Activation>,
}

impl Block {
    fn new(layer: Layer, vb: &VarBuilder<'_>) -> Result<Self> {
        let in_channels = layer.up_channels + layer.in_channels;
        let conv = PartialConv2d::new(
            in_channels,
            layer.out_channels,
            layer.geometry,
            layer.has_bias(),
            &vb.pp("conv"),
        )?;
        let norm = if layer.has_norm {
            let config = BatchNormConfig::from(BATCH_NORM_EPS);
            Some(candle_nn::batch_norm(layer.out_channels, config, vb.pp("norm"))?)
        } else {
            None
        };
        Ok(Self {
            conv,
            norm,
            activation: layer.activation,
        })
    }

    fn to_device(&self, device: &Device) -> Result<Self> {
        let norm = self
            .norm
            .as_ref()
            .map(|norm| norm_to_device(norm, device))
            .transpose()?;
        Ok(Self {
            conv: self.conv.to_device(device)?,
            norm,
            activation: self.activation,
        })
    }

    fn forward(&self, parts: &[Masked]) -> Result<Masked> {
        let Masked { mut xs, mask } = self.conv.forward(parts)?;
        if let Some(norm) = &self.norm {
            xs = norm.forward_t(&xs, false)?;
        }
        if let Some(activation) = &self.activation {
            xs = activation.forward(&xs)?;
        }
        Ok(Masked { xs, mask })
    }
}

fn norm_to_device(norm: &BatchNorm, device: &Device) -> Result<BatchNorm> {
    let Some((weight, bias)) = norm.weight_and_bias() else {
        candle_core::bail!("a batch norm without weight and bias is not of this network");
    };
    BatchNorm::new(
        weight.dim(0)?,
        norm.running_mean().to_device(device)?,
        norm.running_var().to_device(device)?,
        weight.to_device(device)?,
        bias.to_device(device)?,
        norm.eps(),
    )
}

/// The network.
#[derive(Debug, Clone)]
pub struct UNet {
    pub(super) encoder: Vec<Block>,
    pub(super) decoder: Vec<Block>,
    config: Config,
}

impl UNet {
    /// Takes the tensors of [`Config::tensors`] from `vb`.
    pub fn new(config: Config, vb: &VarBuilder<'_>) -> Result<Self> {
        let encoder = (0..config.levels)
            .map(|index| Block::new(config.encoder_layer(index), &vb.pp("encoder").pp(index)));
        let decoder = (0..config.levels)
            .map(|index| Block::new(config.decoder_layer(index), &vb.pp("decoder").pp(index)));
        Ok(Self {
            encoder: encoder.collect::<Result<_>>()?,
            decoder: decoder.collect::<Result<_>>()?,
            config,
        })
    }

    /// The network of a weights file, on `device`.
    pub fn load(file: &weights::File, device: &Device) -> Result<Self> {
        let vb = VarBuilder::from_tensors(file.tensors().clone(), DType::F32, device);
        Self::new(file.info().config(), &vb)
    }

    /// The same network on another device.
    pub fn to_device(&self, device: &Device) -> Result<Self> {
        let move_all = |blocks: &[Block]| {
            blocks
                .iter()
                .map(|block| block.to_device(device))
                .collect::<Result<_>>()
        };
        Ok(Self {
            encoder: move_all(&self.encoder)?,
            decoder: move_all(&self.decoder)?,
            config: self.config,
        })
    }

    /// Its size.
    pub const fn config(&self) -> Config {
        self.config
    }

    /// The picture with its holes filled, and the mask of where there was anything to fill from.
    ///
    /// `image` is `[b, 3, h, w]`, normalised as in training, anything in holes; `mask` is `[b, 1, h, w]`, 1 = valid.
    /// Any size from 1 × 1. The output is what the network makes everywhere, at valid pixels too; where the mask
    /// that comes back is 0 it is exactly 0.
    pub fn forward(&self, image: &Tensor, mask: &Tensor) -> Result<(Tensor, Tensor)> {
        self.forward_observed(image, mask, &mut |_, _| Ok(()))
    }

    /// As [`forward`](Self::forward), and shows every layer's output with its name (`encoder.0`) to `observe`, whose
    /// error ends the run.
    pub fn forward_observed(
        &self,
        image: &Tensor,
        mask: &Tensor,
        observe: &mut dyn FnMut(&str, &Masked) -> Result<()>,
    ) -> Result<(Tensor, Tensor)> {
        let mut current = Masked {
            xs: image.clone(),
            mask: mask.clone(),
        };
        let mut skips = Vec::with_capacity(self.encoder.len());
        for (index, block) in self.encoder.iter().enumerate() {
            let next = block.forward(std::slice::from_ref(&current))?;
            observe(&format!("encoder.{index}"), &next)?;
            skips.push(std::mem::replace(&mut current, next));
        }
        for ((index, block), skip) in self.decoder.iter().enumerate().zip(skips.into_iter().rev()) {
            current = block.forward(&[upsample_to(&current, &skip)?, skip])?;
            observe(&format!("decoder.{index}"), &current)?;
        }
        Ok((current.xs, current.mask))
    }
}

/// Doubles both sides, each value four times, and cuts to the size of `skip`.
fn upsample_to(small: &Masked, skip: &Masked) -> Result<Masked> {
    let (height, width) = (skip.mask.dim(2)?, skip.mask.dim(3)?);
    let upsample = |xs: &Tensor| {
        xs.upsample_nearest2d(2 * xs.dim(2)?, 2 * xs.dim(3)?)?
            .narrow(2, 0, height)?
            .narrow(3, 0, width)
    };
    Ok(Masked {
        xs: upsample(&small.xs)?,
        mask: upsample(&small.mask)?,
    })
}

#[cfg(test)]
mod tests {
    use super::Config;

    #[test]
    fn the_papers_network_has_the_papers_number_of_weights() {
        let convolutions = Config::PAPER
            .tensors()
            .into_iter()
            .filter(|(name, _)| name.ends_with("conv.weight"));
        let weights: usize = convolutions
            .map(|(_, shape)| shape.iter().product::<usize>())
            .sum();
        assert_eq!((weights + 5_000) / 10_000, 3285, "32.85 M");
    }
}
