//! The network that fills holes: partial convolutions, the U-Net made of them, weights and devices.
//!
//! [`Network`] is the door: weights on a device, and one call that takes a picture with holes as plain numbers and
//! gives it back filled. Nothing here knows photos, files other than weights, jobs or windows. Inside the network a
//! mask is 1 where a pixel is valid and 0 where it is a hole.

pub mod adam;
pub mod convert;
pub mod device;
mod engine;
pub mod loss;
pub mod metrics;
pub mod norm;
pub mod ops;
pub mod partial_conv;
pub mod unet;
pub mod vgg;
pub mod weights;

use std::{path::Path, sync::Arc};

use candle_core::Device;

pub use device::DeviceChoice;
pub use unet::{Config, Convolution, UNet};
pub use weights::{Info, WeightsError};

use crate::progress::{Cancelled, Progress, Silent};
use engine::{Engine, Picture};
use ops::FillError;

/// Mean and deviation per channel of the pictures the network is trained on, for values from 0 to 1 (ImageNet).
pub const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
/// See [`MEAN`].
pub const DEVIATION: [f32; 3] = [0.229, 0.224, 0.225];

/// A colour, 0 to 1, in the network's space.
pub fn normalise(colour: [f32; 3]) -> [f32; 3] {
    std::array::from_fn(|channel| (colour[channel] - MEAN[channel]) / DEVIATION[channel])
}

/// A colour from the network's space, 0 to 1: what lies beyond is cut off.
pub fn denormalise(colour: [f32; 3]) -> [f32; 3] {
    std::array::from_fn(|channel| (colour[channel] * DEVIATION[channel] + MEAN[channel]).clamp(0.0, 1.0))
}

/// Why the network could not be opened or run.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The weights were refused.
    #[error("the weights {source_name} cannot be used: {error}")]
    Weights {
        /// The path, or `built-in`.
        source_name: String,
        /// Why.
        #[source]
        error: WeightsError,
    },
    /// The weights are of a network that is only there to be compared with.
    #[error("the weights {source_name} cannot be used: {why}")]
    Plain {
        /// The path, or `built-in`.
        source_name: String,
        /// Why.
        why: String,
    },
    /// Picture, mask and size do not belong together.
    #[error("a picture of {width} × {height} with {values} values and a mask of {mask} do not fit")]
    Size {
        /// Columns.
        width: usize,
        /// Rows.
        height: usize,
        /// Values of the picture.
        values: usize,
        /// Values of the mask.
        mask: usize,
    },
    /// The device failed.
    #[error("the network failed on {device}: {error}")]
    Compute {
        /// Name of the device.
        device: String,
        /// Why.
        #[source]
        error: candle_core::Error,
    },
    /// Somebody asked to stop.
    #[error("cancelled")]
    Cancelled(#[from] Cancelled),
}

impl NetworkError {
    /// Whether a smaller picture or another device may help.
    pub fn is_out_of_memory(&self) -> bool {
        let Self::Compute { error, .. } = self else {
            return false;
        };
        let text = error.to_string().to_lowercase();
        [
            "out of memory",
            "out_of_memory",
            "outofmemory",
            "alloc_failed",
            "failed to create metal resource",
        ]
        .iter()
        .any(|sign| text.contains(sign))
    }
}

/// A picture after the network has seen it.
#[derive(Debug, Clone, PartialEq)]
pub struct Filled {
    /// The picture, RGB interleaved, 0 to 1: in holes what the network made, elsewhere the input, bit for bit.
    pub rgb: Vec<f32>,
    /// Per pixel, whether it is a hole that the network saw nothing for: no valid pixel was in its reach. `rgb` is
    /// the mean of all photos there; fill it some other way.
    pub still_hole: Vec<bool>,
}

/// The network with its weights on a device.
#[derive(Debug, Clone)]
pub struct Network {
    engine: Arc<Engine>,
    /// Where it runs.
    pub device: Device,
    /// Which weights these are.
    pub info: Info,
}

impl Network {
    /// Reads `weights`, or takes those in the binary, onto the chosen device.
    ///
    /// A device that does not work is replaced by the CPU; `notice` is told. Weights of plain convolutions are refused
    /// here; [`load`](Self::load) takes them, for comparisons.
    pub fn open(
        weights: Option<&Path>,
        choice: DeviceChoice,
        notice: &mut dyn FnMut(&str),
    ) -> Result<Self, NetworkError> {
        let file = weights.map_or_else(weights::embedded, weights::read);
        let file = file.map_err(|error| NetworkError::Weights {
            source_name: weights.map_or_else(
                || weights::EMBEDDED_NAME.to_owned(),
                |path| path.display().to_string(),
            ),
            error,
        })?;
        if let Some(why) = file.info().problem_for_photos() {
            return Err(NetworkError::Plain {
                source_name: file.info().source.clone(),
                why,
            });
        }
        let device = device::open(choice, notice);
        match Self::load_with(&file, &device, notice) {
            Err(error) if !device.is_cpu() => {
                notice(&format!("{error}; going on with the CPU"));
                Self::load(&file, &Device::Cpu)
            }
            result => result,
        }
    }

    /// Puts checked weights on `device`.
    pub fn load(file: &weights::File, device: &Device) -> Result<Self, NetworkError> {
        Self::load_with(file, device, &mut |text| tracing::warn!("{text}"))
    }

    /// As [`load`](Self::load); `notice` is told where a device's kernels cannot be used.
    pub fn load_with(
        file: &weights::File,
        device: &Device,
        notice: &mut dyn FnMut(&str),
    ) -> Result<Self, NetworkError> {
        let engine = UNet::load(file, &Device::Cpu).and_then(|unet| Engine::new(&unet, device, notice));
        Ok(Self {
            engine: Arc::new(engine.map_err(|error| compute_error(device, error))?),
            device: device.clone(),
            info: file.info().clone(),
        })
    }

    /// A network that comes from no file, on `device`; `unet` must be on the CPU.
    pub fn from_unet(unet: &UNet, device: &Device) -> Result<Self, NetworkError> {
        let info = Info::without_file(unet.config());
        let notice = &mut |text: &str| tracing::warn!("{text}");
        let engine = Engine::new(unet, device, notice).map_err(|error| compute_error(device, error))?;
        Ok(Self {
            engine: Arc::new(engine),
            device: device.clone(),
            info,
        })
    }

    /// The same network on the CPU, for when its device has failed.
    pub fn on_cpu(&self) -> Result<Self, NetworkError> {
        let Some(engine) = self.engine.on_cpu() else {
            return Ok(self.clone());
        };
        Ok(Self {
            engine: Arc::new(engine.map_err(|error| compute_error(&self.device, error))?),
            device: Device::Cpu,
            info: self.info.clone(),
        })
    }

    /// What computes on its device, as a person reads it: `fused CUDA kernels, half precision`.
    pub fn engine_name(&self) -> &'static str {
        self.engine.name()
    }

    /// Name of its device, as a person reads it.
    pub fn device_name(&self) -> String {
        device::name(&self.device)
    }

    /// Fills the holes of a picture of any size, in one run of the network, without scaling.
    ///
    /// `rgb` is interleaved, 0 to 1 in the photo's own encoding, anything in holes; `valid` has one value per pixel,
    /// 0 = hole. The same input gives the same bits for any number of threads.
    pub fn inpaint(
        &self,
        rgb: &[f32],
        valid: &[u8],
        width: usize,
        height: usize,
    ) -> Result<Filled, NetworkError> {
        self.inpaint_with(rgb, valid, width, height, &Silent)
    }

    /// As [`inpaint`](Self::inpaint), and reports the work of this run as steps of the current phase.
    ///
    /// On the CPU `progress` hears of it, and can stop the run, every few milliseconds of work; on Metal after every
    /// layer. On CUDA a run takes milliseconds and goes to its end.
    pub fn inpaint_with(
        &self,
        rgb: &[f32],
        valid: &[u8],
        width: usize,
        height: usize,
        progress: &dyn Progress,
    ) -> Result<Filled, NetworkError> {
        if width * height == 0 || valid.len() != width * height || rgb.len() != 3 * valid.len() {
            return Err(NetworkError::Size {
                width,
                height,
                values: rgb.len(),
                mask: valid.len(),
            });
        }
        let picture = Picture {
            rgb,
            valid,
            width,
            height,
        };
        let filled = self.engine.run(&self.device, picture, progress);
        filled.map_err(|error| match error {
            FillError::Cancelled(cancelled) => cancelled.into(),
            FillError::Failed(error) => compute_error(&self.device, error),
        })
    }
}

fn compute_error(device: &Device, error: candle_core::Error) -> NetworkError {
    NetworkError::Compute {
        device: device::name(device),
        error,
    }
}

#[cfg(test)]
mod tests {
    use super::NetworkError;

    #[test]
    fn running_out_of_memory_is_told_from_other_failures() {
        let is_out_of_memory = |text: &str| {
            let error = candle_core::Error::Msg(text.to_owned());
            let device = "CUDA".to_owned();
            NetworkError::Compute { device, error }.is_out_of_memory()
        };
        assert!(
            is_out_of_memory("DriverError(CUDA_ERROR_OUT_OF_MEMORY, \"out of memory\")"),
            "CUDA"
        );
        assert!(
            is_out_of_memory("Failed to create metal resource: Buffer"),
            "Metal"
        );
        assert!(!is_out_of_memory("CUDA_ERROR_ILLEGAL_ADDRESS"), "another failure");
    }
}
