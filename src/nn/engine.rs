//! What computes on a device: the packed layers on the CPU, our kernels on CUDA, candle's operations elsewhere.

use candle_core::{Device, Tensor};
use rayon::prelude::{
    IndexedParallelIterator as _, ParallelIterator as _, ParallelSlice as _, ParallelSliceMut as _,
};

#[cfg(feature = "cuda")]
use super::ops::cuda::{self, CudaGpu, GpuUNet, Precision};
use super::{
    Convolution, Filled, UNet, denormalise, normalise,
    ops::{FillError, FusedUNet, Plane},
};
use crate::progress::Progress;

/// Pixels that a thread normalises or puts together in one go.
const PIECE: usize = 16_384;

/// A picture with holes, as [`Network::inpaint`](super::Network::inpaint) takes it; the sizes fit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Picture<'a> {
    pub(super) rgb: &'a [f32],
    pub(super) valid: &'a [u8],
    pub(super) width: usize,
    pub(super) height: usize,
}

/// What runs the network: on the CPU the packed layers, on CUDA our kernels, elsewhere candle's operations.
#[derive(Debug)]
pub(super) enum Engine {
    Fused(FusedUNet),
    /// With the network on the CPU, for when the device fails.
    #[cfg(feature = "cuda")]
    Cuda(GpuUNet<CudaGpu>, UNet),
    Candle(UNet),
}

impl Engine {
    /// Of a network on the CPU. `notice` is told where the kernels cannot be used and candle's operations are.
    pub(super) fn new(
        unet: &UNet,
        device: &Device,
        notice: &mut dyn FnMut(&str),
    ) -> candle_core::Result<Self> {
        if unet.convolution() == Convolution::Plain {
            return Self::candle(unet, device);
        }
        if device.is_cpu() {
            return FusedUNet::new(unet).map(Self::Fused);
        }
        #[cfg(feature = "cuda")]
        if let Device::Cuda(gpu) = device {
            match cuda::open_unet(gpu, unet) {
                Ok(fused) => return Ok(Self::Cuda(fused, unet.clone())),
                Err(error) => notice(&format!("on CUDA candle's own operations are used: {error}")),
            }
        }
        #[cfg(not(feature = "cuda"))]
        let _ = notice;
        Self::candle(unet, device)
    }

    fn candle(unet: &UNet, device: &Device) -> candle_core::Result<Self> {
        let unet = unet.to_device(device)?;
        // On CUDA the weights were sent on this thread's stream; fills may come from another's.
        device.synchronize()?;
        Ok(Self::Candle(unet))
    }

    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Fused(_) => "fused layers",
            #[cfg(feature = "cuda")]
            Self::Cuda(fused, _) => match fused.precision() {
                Precision::Single => "fused CUDA kernels, single precision",
                Precision::Half => "fused CUDA kernels, half precision",
            },
            Self::Candle(_) => "candle's operations",
        }
    }

    /// The same network on the CPU; none where it is there already.
    pub(super) fn on_cpu(&self) -> Option<candle_core::Result<Self>> {
        let unet = match self {
            Self::Fused(_) => return None,
            #[cfg(feature = "cuda")]
            Self::Cuda(_, unet) => Ok(unet.clone()),
            Self::Candle(unet) => unet.to_device(&Device::Cpu),
        };
        Some(unet.and_then(|unet| Self::new(&unet, &Device::Cpu, &mut |_| {})))
    }

    /// Fills the holes.
    pub(super) fn run(
        &self,
        device: &Device,
        picture: Picture<'_>,
        progress: &dyn Progress,
    ) -> Result<Filled, FillError> {
        match self {
            Self::Fused(fused) => run_fused(fused, picture, progress),
            #[cfg(feature = "cuda")]
            Self::Cuda(fused, _) => run_cuda(fused, picture, progress),
            Self::Candle(unet) => run_candle(unet, device, picture, progress),
        }
    }
}

/// Runs the packed network for the holes alone.
fn run_fused(fused: &FusedUNet, picture: Picture<'_>, progress: &dyn Progress) -> Result<Filled, FillError> {
    let (valid, holes) = picture.planes()?;
    let pixels = picture.normalised();
    let (made, mask) = fused.fill_observed(&pixels, &valid, Some(&holes), &mut |_| {}, progress)?;
    Ok(picture.composed(&made, mask.values()))
}

/// As [`run_fused`], on a GPU. It cannot be stopped within a run: all of it is launched at once.
#[cfg(feature = "cuda")]
fn run_cuda(
    fused: &GpuUNet<CudaGpu>,
    picture: Picture<'_>,
    progress: &dyn Progress,
) -> Result<Filled, FillError> {
    let (valid, holes) = picture.planes()?;
    let filled = fused.fill_with(
        &valid,
        Some(&holes),
        |pixels| picture.normalise_into(pixels),
        |made, mask| picture.composed(made, mask),
    )?;
    progress.step(1, 1)?;
    Ok(filled)
}

/// Runs the network through candle on any device.
fn run_candle(
    unet: &UNet,
    device: &Device,
    picture: Picture<'_>,
    progress: &dyn Progress,
) -> Result<Filled, FillError> {
    let (height, width) = (picture.height, picture.width);
    let image = Tensor::from_vec(picture.normalised(), (1, height, width, 3), device)?;
    let image = image.permute((0, 3, 1, 2))?.contiguous()?;
    let mask = picture.valid.iter();
    let mask = mask.map(|&valid| f32::from(u8::from(valid != 0))).collect();
    let mask = Tensor::from_vec(mask, (1, 1, height, width), device)?;
    let (mut done, layers) = (0, 2 * unet.config().levels as u64);
    let mut cancelled = Ok(());
    let made = unet.forward_observed(&image, &mask, &mut |_, _| {
        done += 1;
        cancelled = progress.step(done, layers);
        cancelled.map_err(candle_core::Error::wrap)
    });
    cancelled?;
    let (image, mask) = made?;
    let made: Vec<f32> = image
        .permute((0, 2, 3, 1))?
        .contiguous()?
        .flatten_all()?
        .to_vec1()?;
    let mask: Vec<u8> = mask.ne(0f64)?.flatten_all()?.to_vec1()?;
    Ok(picture.composed(&made, &mask))
}

impl Picture<'_> {
    /// The valid positions and the holes.
    fn planes(&self) -> candle_core::Result<(Plane, Plane)> {
        let holes: Vec<u8> = self.valid.iter().map(|&valid| u8::from(valid == 0)).collect();
        match (
            Plane::new(self.height, self.width, self.valid),
            Plane::new(self.height, self.width, &holes),
        ) {
            (Some(valid), Some(holes)) => Ok((valid, holes)),
            _ => candle_core::bail!("a mask of another size than its picture"),
        }
    }

    /// The picture in the network's space, holes zero.
    fn normalised(&self) -> Vec<f32> {
        let mut pixels = vec![0.0; self.rgb.len()];
        self.normalise_into(&mut pixels);
        pixels
    }

    /// As [`normalised`](Self::normalised), over all of `pixels`.
    fn normalise_into(&self, pixels: &mut [f32]) {
        let pieces = pixels.par_chunks_mut(3 * PIECE);
        let pieces = pieces.zip(self.rgb.par_chunks(3 * PIECE));
        pieces
            .zip(self.valid.par_chunks(PIECE))
            .for_each(|((pixels, rgb), valid)| {
                let places = pixels.as_chunks_mut::<3>().0.iter_mut();
                for ((to, from), &valid) in places.zip(rgb.as_chunks::<3>().0).zip(valid) {
                    *to = if valid == 0 { [0.0; 3] } else { normalise(*from) };
                }
            });
    }

    /// The picture with what the network made in its holes, and where those are out of `mask`.
    fn composed(&self, made: &[f32], mask: &[u8]) -> Filled {
        let mut filled = vec![0.0; self.rgb.len()];
        let pieces = filled.par_chunks_mut(3 * PIECE);
        let pieces = pieces.zip(self.rgb.par_chunks(3 * PIECE));
        let pieces = pieces.zip(made.par_chunks(3 * PIECE));
        pieces
            .zip(self.valid.par_chunks(PIECE))
            .for_each(|(((filled, rgb), made), valid)| {
                filled.copy_from_slice(rgb);
                let places = filled.as_chunks_mut::<3>().0.iter_mut();
                let places = places.zip(made.as_chunks::<3>().0).zip(valid);
                for ((to, from), _) in places.filter(|(_, valid)| **valid == 0) {
                    *to = denormalise(*from);
                }
            });
        let still_hole = self.valid.iter().zip(mask);
        let still_hole = still_hole
            .map(|(&valid, &mask)| valid == 0 && mask == 0)
            .collect();
        Filled {
            rgb: filled,
            still_hole,
        }
    }
}
