//! An operation of candle that launches kernels, with its gradient.
//!
//! On CUDA tensors the launches go to the GPU. Tests hand the same launches, of the same operations, to an emulator that
//! runs the kernels' own text on the CPU: see [`with_emulator`].

use std::{cell::RefCell, rc::Rc};

use candle_core::{
    CpuStorage, CustomOp1, CustomOp2, CustomOp3, DType, InplaceOp2, InplaceOp3, Layout, Result, Shape,
    Tensor, bail,
};
#[cfg(feature = "cuda")]
use candle_core::{CudaStorage, backend::BackendStorage as _};

#[cfg(feature = "cuda")]
use crate::nn::ops::cuda::{Gpu as _, Module, device::CudaGpu};
use crate::nn::ops::{
    cuda::{Addresses, Launches},
    values,
};

/// Which of a launch's pointers a tensor is; see `common.cu`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "see `common.cu`")]
pub enum Slot {
    First,
    Second,
    FirstMask,
    SecondMask,
    Weights,
    Shift,
    Ratio,
    Gradient,
    Gate,
    Extra,
}

impl Slot {
    /// Where the address goes.
    pub const fn of(self, addresses: &mut Addresses) -> &mut u64 {
        match self {
            Self::First => &mut addresses.first,
            Self::Second => &mut addresses.second,
            Self::FirstMask => &mut addresses.first_mask,
            Self::SecondMask => &mut addresses.second_mask,
            Self::Weights => &mut addresses.weights,
            Self::Shift => &mut addresses.shift,
            Self::Ratio => &mut addresses.ratio,
            Self::Gradient => &mut addresses.gradient,
            Self::Gate => &mut addresses.gate,
            Self::Extra => &mut addresses.extra,
        }
    }
}

/// What runs launches on plain values, in place of a GPU.
pub trait Emulate {
    /// Runs `launches` on `inputs`; `output` is what is there before and after.
    fn run(&self, launches: &Launches, inputs: &[(Slot, &[f32])], output: &mut [f32]) -> Result<()>;
}

thread_local! {
    static EMULATOR: RefCell<Option<Rc<dyn Emulate>>> = const { RefCell::new(None) };
}

/// Calls `run` with `emulator` as this thread's GPU: operations on the CPU's tensors are those of CUDA, launch by launch.
pub fn with_emulator<T>(emulator: Rc<dyn Emulate>, run: impl FnOnce() -> T) -> T {
    let before = EMULATOR.replace(Some(emulator));
    let made = run();
    EMULATOR.set(before);
    made
}

/// Whether this thread's GPU is an emulator.
pub(super) fn is_emulated() -> bool {
    EMULATOR.with_borrow(Option::is_some)
}

/// Tensors with their places in a launch.
pub(super) type Operands = Vec<(Slot, Tensor)>;

type Backward<const N: usize> =
    Box<dyn Fn([&Tensor; N], &Tensor, &Tensor) -> Result<[Option<Tensor>; N]> + Send + Sync>;

/// An operation of `N` arguments that is some launches.
pub(super) struct Op<const N: usize> {
    pub(super) launches: Launches,
    pub(super) slots: [Slot; N],
    /// What takes no gradient.
    pub(super) held: Operands,
    pub(super) dims: Shape,
    /// The gradients of the arguments, from the arguments, the result and its gradient.
    pub(super) backward: Backward<N>,
}

/// A new tensor of `dims`, without a gradient. There is at least one operand.
pub(super) fn make(launches: Launches, operands: Operands, dims: impl Into<Shape>) -> Result<Tensor> {
    let mut operands = operands.into_iter();
    let Some((slot, first)) = operands.next() else {
        bail!("a launch on nothing");
    };
    let op = Op {
        launches,
        slots: [slot],
        held: detached(operands),
        dims: dims.into(),
        backward: Box::new(|_, _, _| Ok([None])),
    };
    first.detach().contiguous()?.apply_op1_no_bwd(&op)
}

/// Without their history, which an operation would keep alive.
pub(super) fn detached(operands: impl IntoIterator<Item = (Slot, Tensor)>) -> Operands {
    let operands = operands.into_iter();
    operands.map(|(slot, tensor)| (slot, tensor.detach())).collect()
}

impl<const N: usize> Op<N> {
    fn on_cpu(&self, arguments: [(&CpuStorage, &Layout); N]) -> Result<(CpuStorage, Shape)> {
        let mut output = vec![f32::NAN; self.dims.elem_count()];
        emulate(&self.launches, self.slots, arguments, &self.held, &mut output)?;
        Ok((CpuStorage::F32(output), self.dims.clone()))
    }

    #[cfg(feature = "cuda")]
    fn on_cuda(&self, arguments: [(&CudaStorage, &Layout); N]) -> Result<(CudaStorage, Shape)> {
        let device = arguments[0].0.device().clone();
        let gpu = CudaGpu::with(&device, Module::Training)?;
        let output = gpu.allocate::<f32>(self.dims.elem_count())?;
        launch(
            &gpu,
            &self.launches,
            self.slots,
            arguments,
            &self.held,
            gpu.address_of(&output),
        )?;
        Ok((CudaStorage::wrap_cuda_slice(output, device), self.dims.clone()))
    }
}

fn emulate<const N: usize>(
    launches: &Launches,
    slots: [Slot; N],
    arguments: [(&CpuStorage, &Layout); N],
    held: &Operands,
    output: &mut [f32],
) -> Result<()> {
    let Some(emulator) = EMULATOR.with_borrow(Clone::clone) else {
        bail!("this operation runs on CUDA devices only");
    };
    let guards: Vec<_> = held
        .iter()
        .map(|(slot, tensor)| (*slot, tensor.storage_and_layout()))
        .collect();
    let mut inputs = Vec::with_capacity(N + guards.len());
    for (slot, (storage, layout)) in slots.into_iter().zip(arguments) {
        inputs.push((slot, values(storage, layout)?));
    }
    for (slot, (storage, layout)) in &guards {
        let candle_core::Storage::Cpu(storage) = &**storage else {
            bail!("a tensor of another device");
        };
        inputs.push((*slot, values(storage, layout)?));
    }
    emulator.run(launches, &inputs, output)
}

/// Launches with the addresses of all tensors, which stay locked until that is done.
#[cfg(feature = "cuda")]
fn launch<const N: usize>(
    gpu: &CudaGpu,
    launches: &Launches,
    slots: [Slot; N],
    arguments: [(&CudaStorage, &Layout); N],
    held: &Operands,
    output: u64,
) -> Result<()> {
    let guards: Vec<_> = held
        .iter()
        .map(|(slot, tensor)| (*slot, tensor.storage_and_layout()))
        .collect();
    let mut addresses = Addresses {
        output,
        ..Addresses::default()
    };
    for (slot, (storage, layout)) in slots.into_iter().zip(arguments) {
        *slot.of(&mut addresses) = address(gpu, storage, layout)?;
    }
    for (slot, (storage, layout)) in &guards {
        let candle_core::Storage::Cuda(storage) = &**storage else {
            bail!("a tensor of another device");
        };
        *slot.of(&mut addresses) = address(gpu, storage, layout)?;
    }
    gpu.run(launches, addresses)
}

#[cfg(feature = "cuda")]
fn address(gpu: &CudaGpu, storage: &CudaStorage, layout: &Layout) -> Result<u64> {
    let Some((start, _)) = layout.contiguous_offsets() else {
        bail!("launches read contiguous tensors only");
    };
    let values = storage.as_cuda_slice::<f32>()?;
    Ok(gpu.address_of(values) + (start * size_of::<f32>()) as u64)
}

impl CustomOp1 for Op<1> {
    fn name(&self) -> &'static str {
        self.launches.first.kernel.name
    }

    fn cpu_fwd(&self, s1: &CpuStorage, l1: &Layout) -> Result<(CpuStorage, Shape)> {
        self.on_cpu([(s1, l1)])
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, s1: &CudaStorage, l1: &Layout) -> Result<(CudaStorage, Shape)> {
        self.on_cuda([(s1, l1)])
    }

    fn bwd(&self, a: &Tensor, result: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let [of_a] = (self.backward)([a], result, &gradient.contiguous()?)?;
        Ok(of_a)
    }
}

impl CustomOp2 for Op<2> {
    fn name(&self) -> &'static str {
        self.launches.first.kernel.name
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.on_cpu([(s1, l1), (s2, l2)])
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        s1: &CudaStorage,
        l1: &Layout,
        s2: &CudaStorage,
        l2: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        self.on_cuda([(s1, l1), (s2, l2)])
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let [of_a, of_b] = (self.backward)([a, b], result, &gradient.contiguous()?)?;
        Ok((of_a, of_b))
    }
}

impl CustomOp3 for Op<3> {
    fn name(&self) -> &'static str {
        self.launches.first.kernel.name
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
        s3: &CpuStorage,
        l3: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.on_cpu([(s1, l1), (s2, l2), (s3, l3)])
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        s1: &CudaStorage,
        l1: &Layout,
        s2: &CudaStorage,
        l2: &Layout,
        s3: &CudaStorage,
        l3: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        self.on_cuda([(s1, l1), (s2, l2), (s3, l3)])
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        c: &Tensor,
        result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let [of_a, of_b, of_c] = (self.backward)([a, b, c], result, &gradient.contiguous()?)?;
        Ok((of_a, of_b, of_c))
    }
}

/// Launches that change their first argument, which is their `output`; the others go to `slots`.
pub(super) struct InPlace<const N: usize> {
    pub(super) launches: Launches,
    pub(super) slots: [Slot; N],
}

impl<const N: usize> InPlace<N> {
    fn on_cpu(
        &self,
        to: &mut CpuStorage,
        layout: &Layout,
        arguments: [(&CpuStorage, &Layout); N],
    ) -> Result<()> {
        let (CpuStorage::F32(to), Some((start, end))) = (to, layout.contiguous_offsets()) else {
            bail!("launches change contiguous f32");
        };
        emulate(
            &self.launches,
            self.slots,
            arguments,
            &Vec::new(),
            &mut to[start..end],
        )
    }

    #[cfg(feature = "cuda")]
    fn on_cuda(
        &self,
        to: &CudaStorage,
        layout: &Layout,
        arguments: [(&CudaStorage, &Layout); N],
    ) -> Result<()> {
        let gpu = CudaGpu::with(to.device(), Module::Training)?;
        let output = address(&gpu, to, layout)?;
        launch(&gpu, &self.launches, self.slots, arguments, &Vec::new(), output)
    }
}

impl InplaceOp2 for InPlace<1> {
    fn name(&self) -> &'static str {
        self.launches.first.kernel.name
    }

    fn cpu_fwd(&self, s1: &mut CpuStorage, l1: &Layout, s2: &CpuStorage, l2: &Layout) -> Result<()> {
        self.on_cpu(s1, l1, [(s2, l2)])
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, s1: &mut CudaStorage, l1: &Layout, s2: &CudaStorage, l2: &Layout) -> Result<()> {
        self.on_cuda(s1, l1, [(s2, l2)])
    }
}

impl InplaceOp3 for InPlace<2> {
    fn name(&self) -> &'static str {
        self.launches.first.kernel.name
    }

    fn cpu_fwd(
        &self,
        s1: &mut CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
        s3: &CpuStorage,
        l3: &Layout,
    ) -> Result<()> {
        self.on_cpu(s1, l1, [(s2, l2), (s3, l3)])
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        s1: &mut CudaStorage,
        l1: &Layout,
        s2: &CudaStorage,
        l2: &Layout,
        s3: &CudaStorage,
        l3: &Layout,
    ) -> Result<()> {
        self.on_cuda(s1, l1, [(s2, l2), (s3, l3)])
    }
}

/// Whether these operations read it: single precision.
pub(super) fn is_single(xs: &Tensor) -> bool {
    xs.dtype() == DType::F32
}
