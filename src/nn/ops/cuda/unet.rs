//! The U-Net as a row of launches, for one picture at a time.
//!
//! Maps are `[h, w, c]` with zeros in holes, in single or half precision; sums are always in single precision. Masks
//! and ratios are made on the device too, so that a fill sends a picture and gets one back and waits for nothing in
//! between. The decoder makes only what the holes need: elsewhere the ratio is 0, and blocks without any other ratio
//! multiply nothing.

use candle_core::{Result, Tensor, bail};
use half::f16;

use super::{
    Gpu, Precision,
    job::{Addresses, ENOUGH_BLOCKS, Job, Launch, Launches, Module, ProductKernels},
};
use crate::nn::{
    ops::{FusedUNet, Plane, forward::forward, pack},
    partial_conv::Geometry,
    unet::{Block, Config, UNet},
};

/// Channels of the picture.
const PICTURE_CHANNELS: usize = 3;
/// Depth for which the picture's weights fit shared memory; `PICTURE_DEPTH` in `picture.cu`.
const PICTURE_DEPTH: usize = 3072;
/// Side of the tiles of sums that a block makes; `TILE` in `gemm.cu`.
const TILE: usize = 64;
/// Channels that the wide form of the tensor kernel reads at a time.
const WIDE: usize = 8;

/// Side of the picture of [`GpuUNet::deviation_from`].
const TEST_SIDE: usize = 64;

/// A layer's weights on the device.
struct Layer<B> {
    weights: B,
    shift: B,
    /// Of each source; the second is 0 where there is one.
    in_channels: [usize; 2],
    out_channels: usize,
    geometry: Geometry,
    slope: f32,
    is_picture: bool,
}

/// A map with its mask, one byte per position.
struct Map<B> {
    xs: B,
    mask: B,
    height: usize,
    width: usize,
}

/// A U-Net on a GPU.
pub struct GpuUNet<G: Gpu> {
    gpu: G,
    precision: Precision,
    encoder: Vec<Layer<G::Buffer>>,
    decoder: Vec<Layer<G::Buffer>>,
    config: Config,
}

impl<G: Gpu> std::fmt::Debug for GpuUNet<G> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GpuUNet({:?}, {:?})", self.config, self.precision)
    }
}

impl<G: Gpu> GpuUNet<G> {
    /// Puts `unet`, which must be on the CPU, onto `gpu`.
    pub fn new(gpu: G, unet: &UNet, precision: Precision) -> Result<Self> {
        let config = unet.config();
        let layer = |block: &Block, up_channels| Layer::new(&gpu, block, up_channels, precision);
        let encoder = unet.encoder.iter().map(|block| layer(block, None));
        let encoder = encoder.collect::<Result<_>>()?;
        let decoder = unet.decoder.iter().enumerate();
        let decoder =
            decoder.map(|(index, block)| layer(block, Some(config.decoder_layer(index).up_channels)));
        let decoder = decoder.collect::<Result<_>>()?;
        Ok(Self {
            gpu,
            precision,
            encoder,
            decoder,
            config,
        })
    }

    /// Its size.
    pub const fn config(&self) -> Config {
        self.config
    }

    /// What its maps and weights are made of.
    pub const fn precision(&self) -> Precision {
        self.precision
    }

    /// How far what it makes of a small test picture is from what the CPU makes, relative to the largest value.
    ///
    /// A GPU or a driver on which the kernels go wrong is found by this before it spoils a photo.
    pub fn deviation_from(&self, reference: &FusedUNet) -> Result<f32> {
        let holes = |at: usize| (20..44).contains(&(at / TEST_SIDE)) && (12..40).contains(&(at % TEST_SIDE));
        let valid: Vec<u8> = (0..TEST_SIDE * TEST_SIDE)
            .map(|at| u8::from(!holes(at)))
            .collect();
        let Some(valid) = Plane::new(TEST_SIDE, TEST_SIDE, &valid) else {
            bail!("a test picture of another size");
        };
        let pixels: Vec<f32> = (0..PICTURE_CHANNELS * TEST_SIDE * TEST_SIDE)
            .map(|at| ((at / 31) as f32 * 0.37).sin() + 0.5 * (at as f32 * 0.11).cos())
            .collect();
        let (found, found_mask) = self.fill(&pixels, &valid, None)?;
        let (expected, expected_mask) = reference.fill(&pixels, &valid, None)?;
        let largest = expected
            .iter()
            .fold(f32::MIN_POSITIVE, |max, value| max.max(value.abs()));
        let distances = found
            .iter()
            .zip(&expected)
            .map(|(found, expected)| (found - expected).abs());
        // A value that is no number must not pass for a small distance.
        let distance = distances.fold(0.0, |max: f32, distance| {
            if distance <= max || max.is_nan() {
                max
            } else {
                distance
            }
        });
        Ok(if found_mask == expected_mask {
            distance / largest
        } else {
            f32::INFINITY
        })
    }

    /// The same as [`UNet::forward`] for one picture on the CPU: `image` `[1, 3, h, w]`, `mask` `[1, 1, h, w]`.
    pub fn forward(&self, image: &Tensor, mask: &Tensor) -> Result<(Tensor, Tensor)> {
        forward(image, mask, |pixels, valid| self.fill(pixels, valid, None))
    }

    /// What the network makes of a picture, and the mask of where it saw anything; the contract is that of
    /// [`FusedUNet::fill`](crate::nn::ops::FusedUNet::fill).
    pub fn fill(&self, pixels: &[f32], valid: &Plane, needed: Option<&Plane>) -> Result<(Vec<f32>, Plane)> {
        let (height, width) = (valid.height(), valid.width());
        if pixels.len() != PICTURE_CHANNELS * height * width {
            bail!("{} values for a picture of {width} × {height}", pixels.len());
        }
        let write = |to: &mut [f32]| to.copy_from_slice(pixels);
        let made = self.fill_with(valid, needed, write, |ys, mask| {
            Plane::new(height, width, mask).map(|mask| (ys.to_vec(), mask))
        })?;
        let Some(made) = made else {
            bail!("the device gave back a mask of another size");
        };
        Ok(made)
    }

    /// As [`fill`](Self::fill), between memory that is kept: `write` puts all of the picture into the one, which holds
    /// anything, `read` finds what the network made and the mask in the other.
    pub fn fill_with<T>(
        &self,
        valid: &Plane,
        needed: Option<&Plane>,
        write: impl FnOnce(&mut [f32]),
        read: impl FnOnce(&[f32], &[u8]) -> T,
    ) -> Result<T> {
        if valid.values().is_empty() {
            bail!("a picture without pixels");
        }
        if needed.is_some_and(|needed| !needed.has_size_of(valid)) {
            bail!("what is needed is of another size than the picture");
        }
        let mut current = self.picture(valid, write)?;
        let mut skips = Vec::with_capacity(self.encoder.len());
        for layer in &self.encoder {
            let next = self.run(layer, &current, None, None)?;
            skips.push(std::mem::replace(&mut current, next));
        }
        let mut needed = self.needed_per_level(needed, &skips)?;
        for layer in &self.decoder {
            let Some(skip) = skips.pop() else {
                bail!("the decoder is deeper than the encoder");
            };
            let needed = needed.pop().flatten();
            current = self.run(layer, &current, Some(&skip), needed.as_ref())?;
        }
        self.gpu.download([&current.xs, &current.mask], |[ys, mask]| {
            read(bytemuck::cast_slice(ys), mask)
        })
    }

    /// The picture with zeros in its holes.
    fn picture(&self, valid: &Plane, write: impl FnOnce(&mut [f32])) -> Result<Map<G::Buffer>> {
        let (height, width) = (valid.height(), valid.width());
        let values = PICTURE_CHANNELS * height * width;
        let from = self.gpu.upload_with(values * size_of::<f32>(), |to| {
            write(bytemuck::cast_slice_mut(to));
        })?;
        let mask = self.plane(valid)?;
        let xs = self.gpu.empty(values * self.precision.bytes())?;
        let job = Job {
            height: height as i32,
            width: width as i32,
            first_channels: PICTURE_CHANNELS as i32,
            ..Job::default()
        };
        let kernel = match self.precision {
            Precision::Single => "take_picture_f32",
            Precision::Half => "take_picture_f16",
        };
        let addresses = Addresses {
            first: self.gpu.address(&from),
            second: self.gpu.address(&mask),
            output: self.gpu.address(&xs),
            ..Addresses::default()
        };
        self.gpu.launch(
            &Launch::flat(Module::Inference.kernel(kernel), values, job),
            addresses,
        )?;
        Ok(Map {
            xs,
            mask,
            height,
            width,
        })
    }

    fn plane(&self, plane: &Plane) -> Result<G::Buffer> {
        let values = plane.values();
        self.gpu
            .upload_with(values.len(), |to| to.copy_from_slice(values))
    }

    /// What each decoder layer has to make, the picture's first: `maps` are the skips, the picture first.
    fn needed_per_level(
        &self,
        needed: Option<&Plane>,
        maps: &[Map<G::Buffer>],
    ) -> Result<Vec<Option<G::Buffer>>> {
        let Some(needed) = needed else {
            return Ok(Vec::new());
        };
        let mut levels = vec![self.plane(needed)?];
        for pair in maps.windows(2) {
            let [large, small] = pair else { continue };
            let below = self.gpu.empty(small.height * small.width)?;
            let job = Job {
                height: large.height as i32,
                width: large.width as i32,
                small_height: small.height as i32,
                small_width: small.width as i32,
                ..Job::default()
            };
            let addresses = Addresses {
                first: levels.last().map_or(0, |above| self.gpu.address(above)),
                output: self.gpu.address(&below),
                ..Addresses::default()
            };
            let kernel = Module::Inference.kernel("needed_below");
            let launch = Launch::flat(kernel, small.height * small.width, job);
            self.gpu.launch(&launch, addresses)?;
            levels.push(below);
        }
        Ok(levels.into_iter().map(Some).collect())
    }

    /// One layer: its mask and ratios, then its values.
    fn run(
        &self,
        layer: &Layer<G::Buffer>,
        input: &Map<G::Buffer>,
        skip: Option<&Map<G::Buffer>>,
        needed: Option<&G::Buffer>,
    ) -> Result<Map<G::Buffer>> {
        let job = layer.job(input, skip);
        let outputs = (job.out_height * job.out_width) as usize;
        let address = |buffer: Option<&G::Buffer>| buffer.map_or(0, |buffer| self.gpu.address(buffer));
        let ratio = self.gpu.empty(outputs * size_of::<f32>())?;
        let mask = self.gpu.empty(outputs)?;
        let masks = Addresses {
            first: self.gpu.address(&input.mask),
            second: address(skip.map(|skip| &skip.mask)),
            weights: address(needed),
            output: self.gpu.address(&ratio),
            extra: self.gpu.address(&mask),
            ..Addresses::default()
        };
        let kernel = Module::Inference.kernel("partial_mask");
        self.gpu.launch(&Launch::flat(kernel, outputs, job), masks)?;
        let value_bytes = if layer.is_picture {
            size_of::<f32>()
        } else {
            self.precision.bytes()
        };
        let xs = self.gpu.empty(outputs * layer.out_channels * value_bytes)?;
        let values = Addresses {
            first: self.gpu.address(&input.xs),
            second: address(skip.map(|skip| &skip.xs)),
            weights: self.gpu.address(&layer.weights),
            shift: self.gpu.address(&layer.shift),
            ratio: self.gpu.address(&ratio),
            output: self.gpu.address(&xs),
            ..Addresses::default()
        };
        self.gpu.run(&layer.launches(self.precision, job), values)?;
        Ok(Map {
            xs,
            mask,
            height: job.out_height as usize,
            width: job.out_width as usize,
        })
    }
}

impl<B> Layer<B> {
    fn new<G: Gpu<Buffer = B>>(
        gpu: &G,
        block: &Block,
        up_channels: Option<usize>,
        precision: Precision,
    ) -> Result<Self> {
        let folded = pack::fold(block)?;
        let first = up_channels.unwrap_or(folded.in_channels);
        let in_channels = [first, folded.in_channels - first];
        let weights = by_place(&folded.weight, folded.in_channels, folded.kernel, in_channels);
        let weights = match precision {
            Precision::Single => gpu.upload(bytemuck::cast_slice(&weights))?,
            Precision::Half => {
                let halves: Vec<u16> = weights
                    .iter()
                    .map(|&weight| f16::from_f32(weight).to_bits())
                    .collect();
                gpu.upload(bytemuck::cast_slice(&halves))?
            }
        };
        Ok(Self {
            weights,
            shift: gpu.upload(bytemuck::cast_slice(&folded.shift))?,
            in_channels,
            out_channels: folded.out_channels,
            geometry: block.conv.geometry(),
            slope: folded.slope,
            is_picture: folded.is_picture,
        })
    }

    fn depth(&self) -> usize {
        self.geometry.kernel * self.geometry.kernel * (self.in_channels[0] + self.in_channels[1])
    }

    fn job(&self, input: &Map<B>, skip: Option<&Map<B>>) -> Job {
        let large = skip.unwrap_or(input);
        Job {
            batch: 1,
            height: large.height as i32,
            width: large.width as i32,
            small_height: input.height as i32,
            small_width: input.width as i32,
            first_channels: self.in_channels[0] as i32,
            second_channels: self.in_channels[1] as i32,
            out_height: self.geometry.output_len(large.height) as i32,
            out_width: self.geometry.output_len(large.width) as i32,
            out_channels: self.out_channels as i32,
            kernel: self.geometry.kernel as i32,
            stride: self.geometry.stride as i32,
            is_upsampled: i32::from(skip.is_some()),
            splits: 1,
            slope: self.slope,
            ..Job::default()
        }
    }

    /// The launches for its values.
    fn launches(&self, precision: Precision, job: Job) -> Launches {
        let outputs = (job.out_height * job.out_width) as usize;
        if self.is_picture && self.depth() <= PICTURE_DEPTH {
            let kernel = match precision {
                Precision::Single => "picture_direct_f32",
                Precision::Half => "picture_direct_f16",
            };
            return Launch::flat(Module::Inference.kernel(kernel), outputs, job).into();
        }
        let is_wide = self.in_channels.iter().all(|channels| channels % WIDE == 0);
        let (multiply, threads) = match precision {
            Precision::Single => (Module::Plain.kernel("partial_conv_f32"), 64),
            Precision::Half if self.is_picture => (Module::Plain.kernel("picture_conv_f16"), 64),
            Precision::Half if is_wide => (Module::Inference.kernel("partial_conv_f16_mma"), 128),
            Precision::Half => (Module::Inference.kernel("partial_conv_f16_mma_narrow"), 128),
        };
        let finish = match precision {
            Precision::Half if !self.is_picture => "finish_f16",
            Precision::Single | Precision::Half => "finish_f32",
        };
        let kernels = ProductKernels {
            multiply,
            threads,
            tile: [TILE; 2],
            blocks: ENOUGH_BLOCKS,
            finish: Module::Inference.kernel(finish),
        };
        Launches::product(kernels, [outputs, self.out_channels, self.depth()], job)
    }
}

/// `[out, in, k, k]` as `[out, k, k, in]`, first all of the first source's channels, then the second's.
fn by_place(weight: &[f32], channels: usize, kernel: usize, sources: [usize; 2]) -> Vec<f32> {
    let area = kernel * kernel;
    let mut ordered = Vec::with_capacity(weight.len());
    for window in weight.chunks(channels * area) {
        for source in [0..sources[0], sources[0]..channels] {
            for place in 0..area {
                ordered.extend(source.clone().map(|channel| window[channel * area + place]));
            }
        }
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::by_place;

    #[test]
    fn weights_are_ordered_by_source_then_place_then_channel() {
        let weight: Vec<f32> = (0..2 * 3 * 9).map(|index| index as f32).collect();
        let ordered = by_place(&weight, 3, 3, [2, 1]);
        assert_eq!(ordered[..4], [0.0, 9.0, 1.0, 10.0]);
        assert_eq!(ordered[18..21], [18.0, 19.0, 20.0], "the second source");
        assert_eq!(ordered[27], 27.0, "the second output");
    }
}
