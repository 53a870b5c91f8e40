//! The whole network, fused: masks and lists of outputs first, then layer after layer.
//!
//! Masks do not depend on values, so that all of what will be computed is known before anything is: the decoder's
//! share follows from what the holes need, and progress counts in multiply-adds that are really done. A run asks
//! whether to stop several times per layer, whatever the layer's size.

use std::time::{Duration, Instant};

use candle_core::{Tensor, bail};
use rayon::prelude::{
    IndexedParallelIterator as _, ParallelIterator as _, ParallelSlice as _, ParallelSliceMut as _,
};

use super::{
    Instructions, Plane,
    forward::forward,
    layer::{self, MapShape, Plan, Source},
    mask::Sums,
    pack::{Packed, Window},
    pool::{Buffer, Pool},
};
use crate::{
    nn::unet::{Config, UNet},
    progress::{Cancelled, Progress, Silent},
};

/// Border of a map: as far as a 3 × 3 window reaches. Those with a larger window read it from the next layer.
const MIN_BORDER: usize = 1;

/// Why a run gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum FillError {
    /// Somebody asked to stop.
    #[error("cancelled")]
    Cancelled(#[from] Cancelled),
    /// Maps do not fit, or candle failed.
    #[error(transparent)]
    Failed(#[from] candle_core::Error),
}

/// A U-Net packed for this processor.
#[derive(Debug, Clone)]
pub struct FusedUNet {
    encoder: Vec<Packed>,
    decoder: Vec<Packed>,
    config: Config,
    instructions: Instructions,
    pool: Pool,
}

/// A map: `[h + 2·border, w + 2·border, c]`, zeros in the border and in holes.
struct Map {
    values: Vec<f32>,
    shape: MapShape,
}

impl Map {
    const fn source(&self) -> Source<'_> {
        Source {
            values: self.values.as_slice(),
            shape: self.shape,
        }
    }
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
    /// Bytes that have to move at least: weights, inputs and outputs, each once.
    pub bytes: u64,
    /// Time for mask sums and the list of outputs.
    pub planning: Duration,
    /// Time for the outputs.
    pub computing: Duration,
}

/// What a layer will compute.
struct Step {
    plan: Plan,
    /// The mask of its output.
    mask: Plane,
    multiply_adds: u64,
    planning: Duration,
}

impl Step {
    fn new(packed: &Packed, sums: &Sums, needed: Option<&Plane>, started: Instant) -> Self {
        let plan = Plan::new(packed, sums, needed);
        Self {
            multiply_adds: plan.multiply_adds(packed),
            plan,
            mask: Plane::of_sums(sums),
            planning: started.elapsed(),
        }
    }
}

/// What all layers will compute.
struct Schedule {
    encoder: Vec<Step>,
    decoder: Vec<Step>,
    multiply_adds: u64,
}

/// Who hears of a run.
struct Listener<'a> {
    observe: &'a mut dyn FnMut(&LayerRun),
    progress: &'a dyn Progress,
    done: u64,
    total: u64,
}

impl FusedUNet {
    /// Packs `unet`, which must be on the CPU, for the fastest instructions that this processor has.
    pub fn new(unet: &UNet) -> candle_core::Result<Self> {
        Self::with_instructions(unet, Instructions::best())
    }

    /// Packs `unet` for given instructions, which this processor must have.
    pub fn with_instructions(unet: &UNet, instructions: Instructions) -> candle_core::Result<Self> {
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
            encoder: encoder.collect::<candle_core::Result<_>>()?,
            decoder: decoder.collect::<candle_core::Result<_>>()?,
            config,
            instructions,
            pool: Pool::default(),
        })
    }

    /// Its size.
    pub const fn config(&self) -> Config {
        self.config
    }

    /// The same as [`UNet::forward`] for one picture: `image` `[1, 3, h, w]`, `mask` `[1, 1, h, w]`.
    pub fn forward(&self, image: &Tensor, mask: &Tensor) -> candle_core::Result<(Tensor, Tensor)> {
        forward(image, mask, |pixels, valid| self.fill(pixels, valid, None))
    }

    /// What the network makes of a picture, and the mask of where it saw anything.
    ///
    /// `pixels` and the result are interleaved, three per position, in the network's space; anything in holes.
    /// Where `needed` is given, only what is needed is right, the rest is anything finite; the mask is right
    /// everywhere.
    pub fn fill(
        &self,
        pixels: &[f32],
        valid: &Plane,
        needed: Option<&Plane>,
    ) -> candle_core::Result<(Vec<f32>, Plane)> {
        match self.fill_observed(pixels, valid, needed, &mut |_| {}, &Silent) {
            Ok(filled) => Ok(filled),
            Err(FillError::Failed(error)) => Err(error),
            Err(FillError::Cancelled(_)) => bail!("cancelled by nobody"),
        }
    }

    /// As [`fill`](Self::fill), shows `observe` what each layer took and reports multiply-adds to `progress`.
    ///
    /// `progress` hears of it from this thread every few milliseconds of work, within layers too; when it says so
    /// the run stops there.
    pub fn fill_observed(
        &self,
        pixels: &[f32],
        valid: &Plane,
        needed: Option<&Plane>,
        observe: &mut dyn FnMut(&LayerRun),
        progress: &dyn Progress,
    ) -> Result<(Vec<f32>, Plane), FillError> {
        if needed.is_some_and(|needed| !needed.has_size_of(valid)) {
            return Err(candle_core::Error::msg("what is needed is of another size than the picture").into());
        }
        let picture = self.picture(pixels, valid)?;
        let schedule = self.schedule(valid, needed);
        let mut listener = Listener {
            observe,
            progress,
            done: 0,
            total: schedule.multiply_adds,
        };
        self.run(picture, schedule, &mut listener)
    }

    /// Runs all layers on the picture.
    fn run(
        &self,
        picture: Map,
        schedule: Schedule,
        listener: &mut Listener<'_>,
    ) -> Result<(Vec<f32>, Plane), FillError> {
        let mut current = picture;
        let mut skips = Vec::with_capacity(self.encoder.len());
        for (index, (packed, step)) in self.encoder.iter().zip(&schedule.encoder).enumerate() {
            let name = format!("encoder.{index}");
            let border = self.border_for(index + 1);
            let next = self.layer(name, packed, &[current.source()], step, border, listener)?;
            skips.push(std::mem::replace(&mut current, next));
        }
        let mut mask = None;
        for (index, (packed, step)) in self.decoder.iter().zip(schedule.decoder).enumerate() {
            let Some(skip) = skips.pop() else {
                return Err(candle_core::Error::msg("the decoder is deeper than the encoder").into());
            };
            let name = format!("decoder.{index}");
            let border = if skips.is_empty() { 0 } else { MIN_BORDER };
            let sources = [current.source(), skip.source()];
            let next = self.layer(name, packed, &sources, &step, border, listener)?;
            self.pool.give_back(skip.values);
            self.pool.give_back(std::mem::replace(&mut current, next).values);
            mask = Some(step.mask);
        }
        let mask = mask.ok_or_else(|| candle_core::Error::msg("a network without layers"))?;
        Ok((current.values, mask))
    }

    /// Runs one layer.
    fn layer(
        &self,
        name: String,
        packed: &Packed,
        sources: &[Source<'_>],
        step: &Step,
        border: usize,
        listener: &mut Listener<'_>,
    ) -> Result<Map, FillError> {
        let started = Instant::now();
        let shape = step.plan.shape(packed.out_channels, border);
        // The last map leaves: it is not of the pool, and what is not needed of it must be finite.
        let buffer = if border == 0 {
            Buffer::zeros(shape.len())
        } else {
            self.pool.take(shape.len())
        };
        let mut values = cleared(buffer, shape, &step.mask);
        let layer = layer::Layer::new(packed, self.instructions, sources, &step.plan, shape)?;
        layer.run(&step.plan, &mut values, &mut |multiply_adds| {
            listener.done += multiply_adds;
            listener.progress.step(listener.done, listener.total)
        })?;
        let inputs: usize = sources.iter().map(|source| source.values.len()).sum();
        (listener.observe)(&LayerRun {
            name,
            outputs: step.plan.outputs(),
            multiply_adds: step.multiply_adds,
            bytes: packed.bytes() + 4 * (inputs + step.plan.outputs() * packed.out_channels) as u64,
            planning: step.planning,
            computing: started.elapsed(),
        });
        Ok(Map { values, shape })
    }

    /// Masks and outputs of every layer.
    fn schedule(&self, valid: &Plane, needed: Option<&Plane>) -> Schedule {
        let mut masks = vec![valid.clone()];
        let mut encoder = Vec::with_capacity(self.encoder.len());
        for packed in &self.encoder {
            let started = Instant::now();
            let sums = strided_sums(packed, &masks[masks.len() - 1]);
            let step = Step::new(packed, &sums, None, started);
            masks.push(step.mask.clone());
            encoder.push(step);
        }
        let mut current = masks.pop().unwrap_or_else(|| valid.clone());
        let mut needed = needed_per_level(needed, &masks);
        let mut decoder = Vec::with_capacity(self.decoder.len());
        for (packed, skip) in self.decoder.iter().zip(masks.iter().rev()) {
            let started = Instant::now();
            let sums = upsampled_sums(packed, &current, skip);
            let step = Step::new(packed, &sums, needed.pop().flatten().as_ref(), started);
            current = step.mask.clone();
            decoder.push(step);
        }
        let steps = encoder.iter().chain(&decoder);
        Schedule {
            multiply_adds: steps.map(|step| step.multiply_adds).sum(),
            encoder,
            decoder,
        }
    }

    /// The picture with zeros in its holes, in the layout of a map.
    fn picture(&self, pixels: &[f32], valid: &Plane) -> candle_core::Result<Map> {
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
        let mut values = cleared(self.pool.take(shape.len()), shape, valid);
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
        Ok(Map { values, shape })
    }

    /// Border that the input of encoder layer `index` has: what reads it reaches that far.
    fn border_for(&self, index: usize) -> usize {
        match self.encoder.get(index).map(|packed| packed.window) {
            Some(Window::Strided(geometry)) => geometry.padding().max(MIN_BORDER),
            _ => MIN_BORDER,
        }
    }
}

/// The buffer with zeros in the border and in holes.
fn cleared(mut buffer: Buffer, shape: MapShape, mask: &Plane) -> Vec<f32> {
    if !buffer.is_zero {
        let rows = buffer.values.par_chunks_mut(shape.row_len()).enumerate();
        rows.for_each(|(row, values)| match row.checked_sub(shape.border) {
            Some(y) if y < shape.height => clear_row(values, shape, mask, y),
            _ => values.fill(0.0),
        });
    }
    buffer.values
}

fn clear_row(values: &mut [f32], shape: MapShape, mask: &Plane, y: usize) {
    let side = shape.border * shape.channels;
    let end = values.len() - side;
    values[..side].fill(0.0);
    values[end..].fill(0.0);
    for (x, position) in values[side..end].chunks_mut(shape.channels).enumerate() {
        if !mask.is_set(y, x) {
            position.fill(0.0);
        }
    }
}

/// `sum(M)` of an encoder layer.
fn strided_sums(packed: &Packed, mask: &Plane) -> Sums {
    let (kernel, stride) = match packed.window {
        Window::Strided(geometry) => (geometry.kernel, geometry.stride),
        Window::Upsampled => (3, 1),
    };
    mask.window_sums(kernel, stride, packed.in_channels[0])
}

/// `sum(M)` of a decoder layer: both masks, each weighed with its channels.
fn upsampled_sums(packed: &Packed, small: &Plane, skip: &Plane) -> Sums {
    let up = small.upsampled_to(skip.height(), skip.width());
    let sums = up.window_sums(3, 1, packed.in_channels[0]);
    sums.plus(&skip.window_sums(3, 1, packed.in_channels[1]))
}

/// What each decoder layer has to make, the picture's first: `masks` are those of the skips, the picture's first.
fn needed_per_level(needed: Option<&Plane>, masks: &[Plane]) -> Vec<Option<Plane>> {
    let mut levels: Vec<Option<Plane>> = Vec::with_capacity(masks.len());
    for mask in masks {
        let next = match levels.last() {
            None => needed.cloned(),
            Some(above) => above
                .as_ref()
                .map(|above| above.needed_below(mask.height(), mask.width())),
        };
        levels.push(next);
    }
    levels
}
