//! Launches on an NVIDIA GPU, through candle's device.
//!
//! nvrtc compiles the kernels when they are first needed, once per process, for compute capability 8.0, and the driver
//! translates them for the GPU at hand. Everything runs on candle's stream, in order.

use std::sync::{Arc, OnceLock};

use candle_core::{
    CudaDevice, Result,
    backend::BackendDevice as _,
    bail,
    cuda_backend::{
        WrapErr as _,
        cudarc::{
            driver::{CudaSlice, DevicePtr as _, DeviceRepr, LaunchConfig, PushKernelArg as _},
            nvrtc::{CompileOptions, compile_ptx_with_opts},
        },
    },
};

use super::{Addresses, Gpu, GpuUNet, Job, Kernel, Launch, Module, Precision, staging::Staging};
use crate::nn::{ops::FusedUNet, unet::UNet};

/// The oldest GPUs that the kernels run on: Ampere.
const MIN_CAPABILITY: (i32, i32) = (8, 0);
const ARCHITECTURE: &str = "compute_80";

/// Of the card's memory, one part in so many may stay with this program while it waits.
const KEPT_PART: usize = 4;
/// Bytes that may, at most.
const MAX_KEPT: usize = 2 << 30;

/// What `common.cu` calls `Job`: the pointers, then the numbers.
#[repr(C)]
struct Parameters {
    addresses: Addresses,
    job: Job,
}

#[expect(
    unsafe_code,
    reason = "a kernel's parameter has to say that it may be copied to the device"
)]
// SAFETY: plain numbers in C's layout, the same as in `common.cu`; the addresses are of memory on the device.
unsafe impl DeviceRepr for Parameters {}

/// Which of the libraries that candle's device needs is not installed, if any.
#[cfg(feature = "cuda-loading")]
#[expect(unsafe_code, reason = "looking for a library loads it")]
pub fn missing_library() -> Option<&'static str> {
    use candle_core::cuda_backend::cudarc::{cublas, curand, driver};
    // SAFETY: these load NVIDIA's own libraries, whose initialisers do nothing that could harm the process.
    unsafe {
        if !driver::sys::is_culib_present() {
            Some("NVIDIA's driver")
        } else if !cublas::sys::is_culib_present() {
            Some("cuBLAS")
        } else if !curand::sys::is_culib_present() {
            Some("cuRAND")
        } else {
            None
        }
    }
}

/// Which of the libraries that candle's device needs is not installed: none, this program is linked to them.
#[cfg(not(feature = "cuda-loading"))]
pub const fn missing_library() -> Option<&'static str> {
    None
}

#[cfg(feature = "cuda-loading")]
#[expect(unsafe_code, reason = "looking for a library loads it")]
fn has_compiler() -> bool {
    // SAFETY: as in `missing_library`.
    unsafe { candle_core::cuda_backend::cudarc::nvrtc::sys::is_culib_present() }
}

#[cfg(not(feature = "cuda-loading"))]
const fn has_compiler() -> bool {
    true
}

/// Compiles kernels to PTX; no GPU is needed for that. The error is nvrtc's.
pub fn compile(source: &str) -> std::result::Result<String, String> {
    if !has_compiler() {
        return Err("NVRTC is not installed".to_owned());
    }
    let options = CompileOptions {
        arch: Some(ARCHITECTURE),
        ..CompileOptions::default()
    };
    // The bindings panic where a function is missing from the library.
    let compiled = std::panic::catch_unwind(|| compile_ptx_with_opts(source, options));
    match compiled {
        Ok(compiled) => compiled
            .map(|ptx| ptx.to_src())
            .map_err(|error| error.to_string()),
        Err(_) => Err("NVRTC is not of a version that this program knows".to_owned()),
    }
}

/// Lets the driver keep memory that was given back, up to a part of the card's.
///
/// By default it takes all of it away whenever the program waits for the GPU, and finds it anew for the next picture.
#[expect(unsafe_code, reason = "the driver's own interface")]
pub fn keep_memory(device: &CudaDevice) -> Result<()> {
    use candle_core::cuda_backend::cudarc::driver::{result, sys::CUmemPool_attribute};
    let stream = device.cuda_stream();
    let context = stream.context();
    if !context.has_async_alloc() {
        return Ok(());
    }
    context.bind_to_thread().w()?;
    let mut kept = (context.total_mem().w()? / KEPT_PART).min(MAX_KEPT) as u64;
    // SAFETY: the device is that of an open context, the pool is the device's, and this attribute is a `cuuint64_t`.
    unsafe {
        let pool = result::device::get_default_mem_pool(context.cu_device()).w()?;
        let attribute = CUmemPool_attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD;
        result::mem_pool::set_attribute(pool, attribute, (&raw mut kept).cast()).w()
    }
}

/// Bytes in use on the card, by all programs together.
pub fn memory_in_use(device: &CudaDevice) -> Result<usize> {
    let stream = device.cuda_stream();
    let (free, total) = stream.context().mem_get_info().w()?;
    Ok(total.saturating_sub(free))
}

impl Module {
    const fn name(self) -> &'static str {
        match self {
            Self::Inference => "lacuna-inference",
            Self::Plain => "lacuna-plain",
            Self::Training => "lacuna-training",
        }
    }

    /// The PTX, compiled when it is first asked for.
    fn ptx(self) -> Result<&'static str> {
        static INFERENCE_PTX: OnceLock<std::result::Result<String, String>> = OnceLock::new();
        static PLAIN_PTX: OnceLock<std::result::Result<String, String>> = OnceLock::new();
        static TRAINING_PTX: OnceLock<std::result::Result<String, String>> = OnceLock::new();
        let compiled = match self {
            Self::Inference => &INFERENCE_PTX,
            Self::Plain => &PLAIN_PTX,
            Self::Training => &TRAINING_PTX,
        };
        match compiled.get_or_init(|| compile(self.source())) {
            Ok(ptx) => Ok(ptx),
            Err(why) => bail!("the kernels do not compile: {why}"),
        }
    }
}

/// A GPU with compiled kernels.
#[derive(Debug, Clone)]
pub struct CudaGpu {
    device: CudaDevice,
    staging: Arc<Staging>,
}

impl CudaGpu {
    /// An error where the kernels of inference cannot be compiled, or the GPU is too old for them.
    pub fn new(device: &CudaDevice) -> Result<Self> {
        Self::with(device, Module::Inference)
    }

    pub(super) fn with(device: &CudaDevice, module: Module) -> Result<Self> {
        let capability = device.cuda_stream().context().compute_capability().w()?;
        if capability < MIN_CAPABILITY {
            bail!(
                "the GPU's compute capability is {}.{}, the kernels need 8.0",
                capability.0,
                capability.1
            );
        }
        module.ptx()?;
        Ok(Self {
            device: device.clone(),
            staging: Arc::default(),
        })
    }

    /// Waits for everything that was launched.
    pub fn wait(&self) -> Result<()> {
        self.device.synchronize()
    }

    #[expect(unsafe_code, reason = "memory that is not cleared")]
    pub(super) fn allocate<T: DeviceRepr>(&self, len: usize) -> Result<CudaSlice<T>> {
        // SAFETY: every launch writes all of its output before anything reads it.
        unsafe { self.device.alloc(len) }
    }

    pub(super) fn address_of<T>(&self, slice: &CudaSlice<T>) -> u64 {
        slice.device_ptr(&self.device.cuda_stream()).0
    }
}

impl Gpu for CudaGpu {
    type Buffer = CudaSlice<u8>;

    fn empty(&self, bytes: usize) -> Result<CudaSlice<u8>> {
        self.allocate(bytes)
    }

    fn upload(&self, bytes: &[u8]) -> Result<CudaSlice<u8>> {
        self.device.clone_htod(bytes)
    }

    fn upload_with(&self, bytes: usize, write: impl FnOnce(&mut [u8])) -> Result<CudaSlice<u8>> {
        let stream = self.device.cuda_stream();
        let mut piece = self.staging.take(stream.context(), bytes)?;
        write(piece.bytes_mut()?);
        let uploaded = self.device.clone_htod(&piece)?;
        piece.note_use(&stream)?;
        self.staging.put_back(piece);
        Ok(uploaded)
    }

    fn download<T, const N: usize>(
        &self,
        buffers: [&CudaSlice<u8>; N],
        read: impl FnOnce([&[u8]; N]) -> T,
    ) -> Result<T> {
        let stream = self.device.cuda_stream();
        let mut pieces = Vec::with_capacity(N);
        for buffer in buffers {
            let mut piece = self.staging.take(stream.context(), buffer.len())?;
            stream.memcpy_dtoh(buffer, &mut piece).w()?;
            piece.note_use(&stream)?;
            pieces.push(piece);
        }
        stream.synchronize().w()?;
        let mut lent = [[].as_slice(); N];
        for (lent, piece) in lent.iter_mut().zip(&pieces) {
            *lent = piece.bytes()?;
        }
        let result = read(lent);
        pieces.into_iter().for_each(|piece| self.staging.put_back(piece));
        Ok(result)
    }

    fn address(&self, buffer: &CudaSlice<u8>) -> u64 {
        self.address_of(buffer)
    }

    #[expect(unsafe_code, reason = "a launch")]
    fn launch(&self, launch: &Launch, addresses: Addresses) -> Result<()> {
        let Kernel { module, name } = launch.kernel;
        let function = self
            .device
            .get_or_load_custom_func(name, module.name(), module.ptx()?)?;
        let parameters = Parameters {
            addresses,
            job: launch.job,
        };
        let [x, y, z] = launch.grid;
        let mut builder = function.builder();
        builder.arg(&parameters);
        let config = LaunchConfig {
            grid_dim: (x, y, z),
            block_dim: (launch.threads, 1, 1),
            shared_mem_bytes: 0,
        };
        // SAFETY: the kernel takes exactly `Parameters`; sizes and addresses come from the same plan, and whoever
        // made it keeps the memory until it has launched everything that uses it.
        unsafe {
            builder.launch(config).w()?;
        }
        Ok(())
    }
}

/// The network on a GPU, in half precision if that is right there, else in single.
///
/// It has made a test picture and was compared with the CPU before it comes back.
pub fn open_unet(device: &CudaDevice, unet: &UNet) -> Result<GpuUNet<CudaGpu>> {
    let gpu = CudaGpu::new(device)?;
    let reference = FusedUNet::new(unet)?;
    let mut deviations = Vec::new();
    for precision in [Precision::Half, Precision::Single] {
        let candidate = GpuUNet::new(gpu.clone(), unet, precision)?;
        // The weights were sent on this thread's stream; fills may come from another's.
        gpu.wait()?;
        let deviation = candidate.deviation_from(&reference)?;
        if deviation <= precision.tolerance() {
            return Ok(candidate);
        }
        tracing::warn!("the kernels in {} are {deviation} off", precision.label());
        deviations.push(deviation);
    }
    bail!("the kernels give something else than the CPU (off by {deviations:?})")
}
