//! The U-Net of partial convolutions (Liu et al., ECCV 2018, table 1 and appendix).
//!
//! `levels` partial convolutions of stride 2 go down, as many of stride 1 come up again, each on the upsampled map
//! beside the skip of its own level; the last skip is the input picture itself. Sides that do not divide by
//! 2^levels follow one rule: down gives `ceil(n/2)`, up gives `2n` cut to the size of the skip. Batch norm runs on
//! its stored statistics to fill, and on those of the batch to train. The same network with plain convolutions is
//! here too, because the paper compares itself with it.

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{Activation, Module as _, VarBuilder};

use super::{
    norm::{Norm, Statistics},
    ops,
    partial_conv::{Geometry, Masked, PartialConv2d},
    weights,
};

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

/// What every layer of a network does with its mask.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, clap::ValueEnum, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Convolution {
    /// Sees valid values only, renormalises by how many there were, and passes on a smaller hole.
    #[default]
    Partial,
    /// Holes are zeros in the picture and nothing more: the paper's comparison.
    Plain,
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

/// Which statistics batch norms run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Norms {
    /// The stored ones, everywhere: to fill.
    Stored,
    /// Those of the batch, everywhere: the first stage of training.
    Batch,
    /// The stored ones in the encoder, those of the batch in the decoder: the second stage.
    BatchInDecoder,
}

/// A convolution with what follows it.
#[derive(Debug, Clone)]
pub(super) struct Block {
    pub(super) conv: PartialConv2d,
    pub(super) norm: Option<Norm>,
    pub(super) activation: Option<Activation>,
    convolution: Convolution,
}

impl Block {
    fn new(layer: Layer, convolution: Convolution, vb: &VarBuilder<'_>) -> Result<Self> {
        let in_channels = layer.up_channels + layer.in_channels;
        let conv = PartialConv2d::new(
            in_channels,
            layer.out_channels,
            layer.geometry,
            layer.has_bias(),
            &vb.pp("conv"),
        )?;
        let norm = if layer.has_norm {
            Some(Norm::new(layer.out_channels, &vb.pp("norm"))?)
        } else {
            None
        };
        Ok(Self {
            conv,
            norm,
            activation: layer.activation,
            convolution,
        })
    }

    fn to_device(&self, device: &Device) -> Result<Self> {
        let norm = self
            .norm
            .as_ref()
            .map(|norm| norm.to_device(device))
            .transpose()?;
        Ok(Self {
            conv: self.conv.to_device(device)?,
            norm,
            activation: self.activation,
            convolution: self.convolution,
        })
    }

    /// Without `batch` on stored statistics; with it on those of the batch, which go there under `name`.
    fn forward(&self, map: &Masked, name: &str, batch: Option<&mut Vec<Statistics>>) -> Result<Masked> {
        let parts = std::slice::from_ref(map);
        let convolved = match self.convolution {
            Convolution::Partial => self.conv.forward(parts)?,
            Convolution::Plain => convolve_plainly(&self.conv, parts)?,
        };
        self.finish(convolved, name, batch)
    }

    /// As [`forward`](Self::forward), over `small` upsampled to the size of `skip`, and `skip` behind it.
    fn forward_upsampled(
        &self,
        small: &Masked,
        skip: Masked,
        name: &str,
        batch: Option<&mut Vec<Statistics>>,
    ) -> Result<Masked> {
        let convolved = match self.convolution {
            Convolution::Partial => self.conv.forward_upsampled(small, &skip)?,
            Convolution::Plain => convolve_plainly(&self.conv, &[small.upsampled_to(&skip)?, skip])?,
        };
        self.finish(convolved, name, batch)
    }

    /// Batch norm and activation.
    fn finish(
        &self,
        Masked { mut xs, mask }: Masked,
        name: &str,
        batch: Option<&mut Vec<Statistics>>,
    ) -> Result<Masked> {
        if let Some(norm) = &self.norm {
            let slope = match self.activation {
                Some(Activation::Relu) => 0.0,
                Some(Activation::LeakyRelu(slope)) => slope,
                _ => 1.0,
            };
            xs = match batch {
                None => norm.forward_stored(&xs, slope)?,
                Some(collected) => {
                    let (ys, statistics) = norm.forward_batch(&xs, slope, &format!("{name}.norm"))?;
                    collected.push(statistics);
                    ys
                }
            };
        } else if let Some(activation) = &self.activation {
            xs = activation.forward(&xs)?;
        }
        Ok(Masked { xs, mask })
    }
}

/// An ordinary convolution with the weights of a partial one. Nothing is a hole afterwards.
fn convolve_plainly(conv: &PartialConv2d, parts: &[Masked]) -> Result<Masked> {
    let maps: Vec<&Tensor> = parts.iter().map(|part| &part.xs).collect();
    let geometry = conv.geometry();
    let ys = ops::conv2d(
        &Tensor::cat(&maps, 1)?,
        conv.weight(),
        geometry.padding(),
        geometry.stride,
    )?;
    let ys = match conv.bias() {
        Some(bias) => ys.broadcast_add(&bias.reshape((1, (), 1, 1))?)?,
        None => ys,
    };
    let (batch, _, height, width) = ys.dims4()?;
    let mask = Tensor::ones((batch, 1, height, width), ys.dtype(), ys.device())?;
    Ok(Masked { xs: ys, mask })
}

/// The network.
#[derive(Debug, Clone)]
pub struct UNet {
    pub(super) encoder: Vec<Block>,
    pub(super) decoder: Vec<Block>,
    config: Config,
    convolution: Convolution,
}

impl UNet {
    /// Takes the tensors of [`Config::tensors`] from `vb`.
    pub fn new(config: Config, vb: &VarBuilder<'_>) -> Result<Self> {
        Self::with_convolution(config, Convolution::Partial, vb)
    }

    /// As [`new`](Self::new), with either kind of convolution; the tensors are the same.
    pub fn with_convolution(config: Config, convolution: Convolution, vb: &VarBuilder<'_>) -> Result<Self> {
        let encoder = (0..config.levels).map(|index| {
            let vb = vb.pp("encoder").pp(index);
            Block::new(config.encoder_layer(index), convolution, &vb)
        });
        let decoder = (0..config.levels).map(|index| {
            let vb = vb.pp("decoder").pp(index);
            Block::new(config.decoder_layer(index), convolution, &vb)
        });
        Ok(Self {
            encoder: encoder.collect::<Result<_>>()?,
            decoder: decoder.collect::<Result<_>>()?,
            config,
            convolution,
        })
    }

    /// The network of a weights file, on `device`.
    pub fn load(file: &weights::File, device: &Device) -> Result<Self> {
        let vb = VarBuilder::from_tensors(file.tensors().clone(), DType::F32, device);
        let info = file.info();
        Self::with_convolution(info.config(), info.convolution, &vb)
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
            convolution: self.convolution,
        })
    }

    /// What its layers do with their masks.
    pub const fn convolution(&self) -> Convolution {
        self.convolution
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
        self.forward_with(image, mask, Norms::Stored, &mut Vec::new(), observe)
    }

    /// The training form: the output, differentiable in every weight, and the statistics of the batch of every norm
    /// that ran on them.
    pub fn forward_train(
        &self,
        image: &Tensor,
        mask: &Tensor,
        norms: Norms,
    ) -> Result<(Tensor, Vec<Statistics>)> {
        let mut statistics = Vec::new();
        let (out, _) = self.forward_with(image, mask, norms, &mut statistics, &mut |_, _| Ok(()))?;
        Ok((out, statistics))
    }

    fn forward_with(
        &self,
        image: &Tensor,
        mask: &Tensor,
        norms: Norms,
        statistics: &mut Vec<Statistics>,
        observe: &mut dyn FnMut(&str, &Masked) -> Result<()>,
    ) -> Result<(Tensor, Tensor)> {
        let mut current = self.input(image, mask)?;
        let mut skips = Vec::with_capacity(self.encoder.len());
        for (index, block) in self.encoder.iter().enumerate() {
            let name = format!("encoder.{index}");
            let batch = (norms == Norms::Batch).then_some(&mut *statistics);
            let next = block.forward(&current, &name, batch)?;
            observe(&name, &next)?;
            skips.push(std::mem::replace(&mut current, next));
        }
        for ((index, block), skip) in self.decoder.iter().enumerate().zip(skips.into_iter().rev()) {
            let name = format!("decoder.{index}");
            let batch = (norms != Norms::Stored).then_some(&mut *statistics);
            current = block.forward_upsampled(&current, skip, &name, batch)?;
            observe(&name, &current)?;
        }
        Ok((current.xs, current.mask))
    }

    /// The picture as the first layer takes it; plain convolutions see zeros in its holes.
    fn input(&self, image: &Tensor, mask: &Tensor) -> Result<Masked> {
        let is_valid = mask.ne(0f64)?.broadcast_as(image.shape())?;
        let xs = match self.convolution {
            Convolution::Partial => image.clone(),
            Convolution::Plain => is_valid.where_cond(image, &image.zeros_like()?)?,
        };
        Ok(Masked {
            xs,
            mask: mask.clone(),
        })
    }
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
