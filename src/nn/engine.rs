//! What computes on a device: the packed layers on the CPU, our kernels on CUDA, candle's operations elsewhere.

use candle_core::{Device, Tensor};

#[cfg(feature = "cuda")]
use super::ops::cuda::{self, CudaGpu, GpuUNet, Precision};
use super::{
    Convolution, UNet,
    ops::{FillError, FusedUNet, Plane},
};
use crate::progress::Progress;

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

    /// Fills the holes of normalised pixels, which come and go interleaved. With them comes the mask in the end.
    pub(super) fn run(
        &self,
        device: &Device,
        pixels: Vec<f32>,
        valid: &[u8],
        width: usize,
        height: usize,
        progress: &dyn Progress,
    ) -> Result<(Vec<f32>, Vec<u8>), FillError> {
        match self {
            Self::Fused(fused) => run_fused(fused, &pixels, valid, width, height, progress),
            #[cfg(feature = "cuda")]
            Self::Cuda(fused, _) => run_cuda(fused, &pixels, valid, width, height, progress),
            Self::Candle(unet) => run_candle(unet, device, pixels, valid, width, height, progress),
        }
    }
}

/// Runs the packed network for the holes alone; pixels come and go interleaved.
fn run_fused(
    fused: &FusedUNet,
    pixels: &[f32],
    valid: &[u8],
    width: usize,
    height: usize,
    progress: &dyn Progress,
) -> Result<(Vec<f32>, Vec<u8>), FillError> {
    let (valid, holes) = planes(valid, width, height)?;
    let (pixels, mask) = fused.fill_observed(pixels, &valid, Some(&holes), &mut |_| {}, progress)?;
    Ok((pixels, mask.into_values()))
}

/// As [`run_fused`], on a GPU. It cannot be stopped within a run: all of it is launched at once.
#[cfg(feature = "cuda")]
fn run_cuda(
    fused: &GpuUNet<CudaGpu>,
    pixels: &[f32],
    valid: &[u8],
    width: usize,
    height: usize,
    progress: &dyn Progress,
) -> Result<(Vec<f32>, Vec<u8>), FillError> {
    let (valid, holes) = planes(valid, width, height)?;
    let (pixels, mask) = fused.fill(pixels, &valid, Some(&holes))?;
    progress.step(1, 1)?;
    Ok((pixels, mask.into_values()))
}

/// The valid positions and the holes.
fn planes(valid: &[u8], width: usize, height: usize) -> candle_core::Result<(Plane, Plane)> {
    let holes: Vec<u8> = valid.iter().map(|&valid| u8::from(valid == 0)).collect();
    match (
        Plane::new(height, width, valid),
        Plane::new(height, width, &holes),
    ) {
        (Some(valid), Some(holes)) => Ok((valid, holes)),
        _ => candle_core::bail!("a mask of another size than its picture"),
    }
}

/// Runs the network through candle on any device; pixels come and go interleaved.
fn run_candle(
    unet: &UNet,
    device: &Device,
    pixels: Vec<f32>,
    valid: &[u8],
    width: usize,
    height: usize,
    progress: &dyn Progress,
) -> Result<(Vec<f32>, Vec<u8>), FillError> {
    let image = Tensor::from_vec(pixels, (1, height, width, 3), device)?;
    let image = image.permute((0, 3, 1, 2))?.contiguous()?;
    let mask = valid
        .iter()
        .map(|&valid| f32::from(u8::from(valid != 0)))
        .collect();
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
    let pixels = image
        .permute((0, 2, 3, 1))?
        .contiguous()?
        .flatten_all()?
        .to_vec1()?;
    Ok((pixels, mask.ne(0f64)?.flatten_all()?.to_vec1()?))
}
