//! The engine on the CPU: to fill, every layer of the U-Net as one fused candle operation; to train, operations with
//! gradients, which `train` explains.
//!
//! One pass per layer does the masked convolution, the renormalisation, the bias, the batch norm (folded into the
//! weights) and the activation. No map is copied to be convolved, no mask has more than one channel, and the decoder
//! neither upsamples nor concatenates: it reads both of its sources in place. GPUs do not come here. The work is split
//! over the current rayon pool; install a smaller one to limit it.
//!
//! # Layout
//!
//! A map is `[h + 2·border, w + 2·border, c]`: all channels of a position together, so that a row of a window is one
//! stretch of memory, and zeros all around as far as the next window reaches, so that no window asks where the edge
//! is. Holes hold zeros as well, because a layer writes nothing but its valid outputs into fresh zeros; only the
//! picture has to be cleaned of what stands in its holes. Weights lie in panels of as many channels as two vectors
//! hold (four where there are 32 registers), each at a cache line: one row of a panel per step of the window.
//!
//! # What is done, and what it gave
//!
//! Measured with AVX2 at 512 × 512, 21 % of it holes (strokes), on a busy machine, hence in processor time of all
//! threads together. Width 32, 7 levels: candle's own operations 2,730 ms, this engine 183 ms for everything and
//! 118 ms for what the holes need. Width 64, 8 levels: 5,950, 719 and 427 ms. PyTorch's plain form, one thread, same
//! day, same mask: about 480 and 1,530 ms.
//!
//! | what | where | gain |
//! |---|---|---|
//! | six outputs × one panel stay in registers over the whole window, values are broadcast straight from the map | `kernel` | 50 of about 50 G multiply-adds/s a core; no copy of windows at all |
//! | the sums keep their registers from one stretch to the next (the loop asks at its end) | `kernel` | 0 instead of 4 moves a step with AVX2; without it AVX-512 spills |
//! | up-sampling by adding weights: 4 taps of the small map for 9 of the large one, for every parity and for the cut edge of odd sides | `pack` | 37.97 → 27.9 G multiply-adds (width 64) |
//! | outputs with nothing in their window are not computed | `layer` | 1 % at this mask, more for large holes |
//! | the decoder makes only what the holes need, down through all levels, by the pixel and not by the tile | `mask` | 7.09 → 4.40 G (width 32), 27.6 → 17.1 G (width 64) |
//! | the picture's layer runs its vectors along the window, four outputs × three channels | `kernel` | does not pad three channels to a panel of sixteen |
//! | mask sums in bytes, many at a time | `mask` | all masks and lists of outputs: under 5 ms a fill |
//!
//! What is left: a fresh map per layer costs page faults (about 20 of the 183 ms), and Winograd and int8 are not done.

mod kernel;
mod layer;
mod mask;
mod pack;
mod simd;
mod train;

use std::time::{Duration, Instant};

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Device, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::{
    IndexedParallelIterator as _, ParallelIterator as _, ParallelSlice as _, ParallelSliceMut as _,
};

pub use mask::Plane;
pub use simd::Instructions;
pub use train::{
    batch_norm, conv2d, conv2d_relu, frozen_norm, max_pool2, partial_conv2d, partial_conv2d_upsampled,
};

use super::unet::{Config, UNet};
use layer::{MapShape, Plan, Source};
use mask::Sums;
use pack::{Packed, Window};

/// Border of a map: as far as a 3 × 3 window reaches. Those with a larger window read it from the next layer.
const MIN_BORDER: usize = 1;

/// A U-Net packed for this processor.
#[derive(Debug, Clone)]
pub struct FusedUNet {
    encoder: Vec<Packed>,
    decoder: Vec<Packed>,
    config: Config,
    instructions: Instructions,
}

/// A map with its mask. The tensor is `[h + 2·border, w + 2·border, c]`, zeros in the border and in holes.
struct Map {
    xs: Tensor,
    shape: MapShape,
    mask: Plane,
}

/// What one layer took in one call.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerRun {
    /// As in the weights file: `encoder.0`.
    pub name: String,
    /// Outputs that were computed, per channel.
    pub outputs: usize,
    /// Multiplications that were done.
    pub multiply_adds: u64,
    /// Time for mask sums and the list of outputs.
    pub planning: Duration,
    /// Time for the outputs.
    pub computing: Duration,
}

impl LayerRun {
    fn new(packed: &Packed, plan: &Plan, planning: Duration, computing: Duration) -> Self {
        Self {
            name: String::new(),
            outputs: plan.outputs(),
            multiply_adds: plan.multiply_adds(packed),
            planning,
            computing,
        }
    }
}

impl FusedUNet {
    /// Packs `unet`, which must be on the CPU, for the fastest instructions that this processor has.
    pub fn new(unet: &UNet) -> Result<Self> {
        Self::with_instructions(unet, Instructions::best())
    }

    /// Packs `unet` for given instructions, which this processor must have.
    pub fn with_instructions(unet: &UNet, instructions: Instructions) -> Result<Self> {
        if !Instructions::supported().contains(&instructions) {
            bail!("this processor has no {instructions:?}");
        }
        let config = unet.config();
        let encoder = unet
            .encoder
            .iter()
            .map(|block| Packed::encoder(block, instructions));
        let decoder = unet.decoder.iter().enumerate().map(|(index, block)| {
            Packed::decoder(block, config.decoder_layer(index).up_channels, instructions)
        });
        Ok(Self {
            encoder: encoder.collect::<Result<_>>()?,
            decoder: decoder.collect::<Result<_>>()?,
            config,
            instructions,
        })
    }

    /// Its size.
    pub const fn config(&self) -> Config {
        self.config
    }

    /// The same as [`UNet::forward`] for one picture: `image` `[1, 3, h, w]`, `mask` `[1, 1, h, w]`.
    pub fn forward(&self, image: &Tensor, mask: &Tensor) -> Result<(Tensor, Tensor)> {
        let (_, _, height, width) = image.dims4()?;
        let valid: Vec<u8> = mask.ne(0f64)?.flatten_all()?.to_vec1()?;
        let Some(valid) = Plane::new(height, width, &valid) else {
            bail!(
                "a mask of {:?} for a picture of {:?}",
                mask.shape(),
                image.shape()
            );
        };
        let pixels: Vec<f32> = image.permute((0, 2, 3, 1))?.flatten_all()?.to_vec1()?;
        let (ys, mask) = self.fill(&pixels, &valid, None)?;
        let ys = Tensor::from_vec(ys, (1, height, width, 3), &Device::Cpu)?.permute((0, 3, 1, 2))?;
        let mask = mask.values().iter().map(|&value| f32::from(value)).collect();
        Ok((ys, Tensor::from_vec(mask, (1, 1, height, width), &Device::Cpu)?))
    }

    /// What the network makes of a picture, and the mask of where it saw anything.
    ///
    /// `pixels` and the result are interleaved, three per position, in the network's space; anything in holes.
    /// Where `needed` is given, only what is needed is right, the rest is anything finite; the mask is right
    /// everywhere.
    pub fn fill(&self, pixels: &[f32], valid: &Plane, needed: Option<&Plane>) -> Result<(Vec<f32>, Plane)> {
        self.fill_observed(pixels, valid, needed, &mut |_| {})
    }

    /// As [`fill`](Self::fill), and shows `observe` what each layer took.
    pub fn fill_observed(
        &self,
        pixels: &[f32],
        valid: &Plane,
        needed: Option<&Plane>,
        observe: &mut dyn FnMut(&LayerRun),
    ) -> Result<(Vec<f32>, Plane)> {
        if needed.is_some_and(|needed| !needed.has_size_of(valid)) {
            bail!("what is needed is of another size than the picture");
        }
        let mut current = self.picture(pixels, valid)?;
        let mut skips = Vec::with_capacity(self.encoder.len());
        for index in 0..self.encoder.len() {
            let (next, run) = self.encode(index, &current)?;
            observe(&LayerRun {
                name: format!("encoder.{index}"),
                ..run
            });
            skips.push(std::mem::replace(&mut current, next));
        }
        let mut needed = needed_per_level(needed, &skips);
        for (index, packed) in self.decoder.iter().enumerate() {
            let (Some(skip), Some(needed)) = (skips.pop(), needed.pop()) else {
                bail!("the decoder is deeper than the encoder");
            };
            let border = if skips.is_empty() { 0 } else { MIN_BORDER };
            let (next, run) = self.decode(packed, &current, &skip, needed.as_ref(), border)?;
            observe(&LayerRun {
                name: format!("decoder.{index}"),
                ..run
            });
            current = next;
        }
        Ok((current.xs.flatten_all()?.to_vec1()?, current.mask))
    }

    /// The picture with zeros in its holes, in the layout of a map.
    fn picture(&self, pixels: &[f32], valid: &Plane) -> Result<Map> {
        let shape = MapShape {
            height: valid.height(),
            width: valid.width(),
            channels: self.encoder[0].in_channels[0],
            border: self.border_for(0),
        };
        if pixels.len() != 3 * valid.values().len() || shape.channels != 3 || pixels.is_empty() {
            bail!(
                "{} values for a picture of {} × {}",
                pixels.len(),
                shape.width,
                shape.height
            );
        }
        let mut values = vec![0.0; shape.len()];
        let rows = values[shape.inside(0, 0)..]
            .par_chunks_mut(shape.row_len())
            .zip(pixels.par_chunks(3 * shape.width));
        rows.enumerate().for_each(|(y, (row, pixels))| {
            for (x, (to, from)) in row.chunks_mut(3).zip(pixels.chunks(3)).enumerate() {
                if valid.is_set(y, x) {
                    to.copy_from_slice(from);
                }
            }
        });
        Ok(Map {
            xs: tensor(values, shape)?,
            shape,
            mask: valid.clone(),
        })
    }

    fn encode(&self, index: usize, map: &Map) -> Result<(Map, LayerRun)> {
        let started = Instant::now();
        let packed = &self.encoder[index];
        let Window::Strided(geometry) = packed.window else {
            bail!("layer {index} is no encoder layer");
        };
        let sums = map
            .mask
            .window_sums(geometry.kernel, geometry.stride, packed.in_channels[0]);
        let plan = Plan::new(packed, &sums, None);
        let planned = Instant::now();
        let op = FusedPartialConv {
            packed,
            instructions: self.instructions,
            shapes: vec![map.shape],
            plan: &plan,
            border: self.border_for(index + 1),
        };
        let xs = map.xs.apply_op1_no_bwd(&op)?;
        let run = LayerRun::new(packed, &plan, planned - started, planned.elapsed());
        let map = Map {
            xs,
            shape: op.output_shape(),
            mask: Plane::of_sums(&sums),
        };
        Ok((map, run))
    }

    fn decode(
        &self,
        packed: &Packed,
        small: &Map,
        skip: &Map,
        needed: Option<&Plane>,
        border: usize,
    ) -> Result<(Map, LayerRun)> {
        let started = Instant::now();
        let sums = upsampled_sums(packed, &small.mask, &skip.mask);
        let plan = Plan::new(packed, &sums, needed);
        let planned = Instant::now();
        let op = FusedPartialConv {
            packed,
            instructions: self.instructions,
            shapes: vec![small.shape, skip.shape],
            plan: &plan,
            border,
        };
        let xs = small.xs.apply_op2_no_bwd(&skip.xs, &op)?;
        let run = LayerRun::new(packed, &plan, planned - started, planned.elapsed());
        let map = Map {
            xs,
            shape: op.output_shape(),
            mask: Plane::of_sums(&sums),
        };
        Ok((map, run))
    }

    /// Border that the input of encoder layer `index` has: what reads it reaches that far.
    fn border_for(&self, index: usize) -> usize {
        match self.encoder.get(index).map(|packed| packed.window) {
            Some(Window::Strided(geometry)) => geometry.padding().max(MIN_BORDER),
            _ => MIN_BORDER,
        }
    }
}

/// `sum(M)` of a decoder layer: both masks, each weighed with its channels.
fn upsampled_sums(packed: &Packed, small: &Plane, skip: &Plane) -> Sums {
    let up = small.upsampled_to(skip.height(), skip.width());
    let sums = up.window_sums(3, 1, packed.in_channels[0]);
    sums.plus(&skip.window_sums(3, 1, packed.in_channels[1]))
}

/// What each decoder layer has to make, the picture's first: `maps` are the skips, the picture first.
fn needed_per_level(needed: Option<&Plane>, maps: &[Map]) -> Vec<Option<Plane>> {
    let mut levels: Vec<Option<Plane>> = Vec::with_capacity(maps.len());
    for map in maps {
        let (height, width) = (map.shape.height, map.shape.width);
        let next = match levels.last() {
            None => needed.cloned(),
            Some(above) => above.as_ref().map(|above| above.needed_below(height, width)),
        };
        levels.push(next);
    }
    levels
}

fn tensor(values: Vec<f32>, shape: MapShape) -> Result<Tensor> {
    Tensor::from_vec(values, dims(shape), &Device::Cpu)
}

const fn dims(shape: MapShape) -> (usize, usize, usize) {
    (
        shape.height + 2 * shape.border,
        shape.width + 2 * shape.border,
        shape.channels,
    )
}

/// A fused layer with the maps of this call: of one source in the encoder, of two in the decoder.
struct FusedPartialConv<'a> {
    packed: &'a Packed,
    instructions: Instructions,
    shapes: Vec<MapShape>,
    plan: &'a Plan,
    border: usize,
}

impl FusedPartialConv<'_> {
    fn output_shape(&self) -> MapShape {
        self.plan.shape(self.packed.out_channels, self.border)
    }

    fn run(&self, sources: &[(&CpuStorage, &Layout)]) -> Result<(CpuStorage, Shape)> {
        let sources = sources
            .iter()
            .zip(&self.shapes)
            .map(|((storage, layout), &shape)| {
                let Some((start, end)) = layout.contiguous_offsets() else {
                    bail!("the fused layers read contiguous maps only");
                };
                Ok(Source {
                    values: &storage.as_slice::<f32>()?[start..end],
                    shape,
                })
            });
        let sources = sources.collect::<Result<Vec<_>>>()?;
        let values = layer::run(
            self.packed,
            self.instructions,
            &sources,
            self.plan,
            self.output_shape(),
        )?;
        Ok((CpuStorage::F32(values), dims(self.output_shape()).into()))
    }
}

impl CustomOp1 for FusedPartialConv<'_> {
    fn name(&self) -> &'static str {
        "fused-partial-conv"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        self.run(&[(storage, layout)])
    }
}

impl CustomOp2 for FusedPartialConv<'_> {
    fn name(&self) -> &'static str {
        "fused-partial-conv-upsampled"
    }

    fn cpu_fwd(
        &self,
        small: &CpuStorage,
        small_layout: &Layout,
        skip: &CpuStorage,
        skip_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.run(&[(small, small_layout), (skip, skip_layout)])
    }
}
