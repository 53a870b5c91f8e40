//! The training convolution on a CUDA device, as a candle operation with both gradients.

use candle_core::{
    CpuStorage, CudaStorage, CustomOp2, Device, Layout, Result, Tensor, backend::BackendStorage as _, bail,
};

use super::{
    Addresses, Gpu as _, Product,
    convolution::Shape,
    device::{CudaGpu, Module},
};

/// Whether [`conv2d`] can run on this device: it is a recent NVIDIA GPU, and the kernels compile.
pub fn has_training_kernels(device: &Device) -> bool {
    let Ok(device) = device.as_cuda_device() else {
        return false;
    };
    CudaGpu::with(device, Module::Training)
        .inspect_err(|error| tracing::warn!("training uses candle's convolution: {error}"))
        .is_ok()
}

/// As [`ops::conv2d`](crate::nn::ops::conv2d) with zero padding of half the kernel, on a CUDA device; both gradients.
pub fn conv2d(xs: &Tensor, weight: &Tensor, stride: usize) -> Result<Tensor> {
    let shape = Shape::new(xs.dims4()?, weight.dims4()?, stride)?;
    let op = Convolution {
        shape,
        part: Part::Forward,
    };
    xs.contiguous()?.apply_op2(&weight.contiguous()?, op)
}

/// What a [`Convolution`] makes, and of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The output, of input and weights.
    Forward,
    /// The input's gradient, of the output's and the weights.
    InputGradient,
    /// The weights' gradient, of the input and the output's gradient.
    WeightGradient,
}

struct Convolution {
    shape: Shape,
    part: Part,
}

impl Convolution {
    fn product(&self) -> Product {
        match self.part {
            Part::Forward => self.shape.forward(),
            Part::InputGradient => self.shape.input_gradient(),
            Part::WeightGradient => self.shape.weight_gradient(),
        }
    }

    fn output_dims(&self) -> (usize, usize, usize, usize) {
        let Shape {
            batch,
            in_channels,
            height,
            width,
            out_channels,
            kernel,
            ..
        } = self.shape;
        match self.part {
            Part::Forward => (
                batch,
                out_channels,
                self.shape.out_height(),
                self.shape.out_width(),
            ),
            Part::InputGradient => (batch, in_channels, height, width),
            Part::WeightGradient => (out_channels, in_channels, kernel, kernel),
        }
    }
}

impl CustomOp2 for Convolution {
    fn name(&self) -> &'static str {
        "cuda-convolution"
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, candle_core::Shape)> {
        bail!("this convolution runs on CUDA devices only")
    }

    fn cuda_fwd(
        &self,
        left: &CudaStorage,
        left_layout: &Layout,
        right: &CudaStorage,
        right_layout: &Layout,
    ) -> Result<(CudaStorage, candle_core::Shape)> {
        let gpu = CudaGpu::with(left.device(), Module::Training)?;
        let address = |storage: &CudaStorage, layout: &Layout| {
            let Some((start, _)) = layout.contiguous_offsets() else {
                bail!("this convolution reads contiguous tensors only");
            };
            let values = storage.as_cuda_slice::<f32>()?;
            Ok(gpu.address_of(values) + (start * size_of::<f32>()) as u64)
        };
        let (left, right) = (address(left, left_layout)?, address(right, right_layout)?);
        let dims = candle_core::Shape::from(self.output_dims());
        let output = gpu.allocate::<f32>(dims.elem_count())?;
        let addresses = Addresses {
            output: gpu.address_of(&output),
            ..Addresses::default()
        };
        let addresses = match self.part {
            Part::Forward => Addresses {
                first: left,
                weights: right,
                ..addresses
            },
            Part::InputGradient => Addresses {
                second: left,
                weights: right,
                ..addresses
            },
            Part::WeightGradient => Addresses {
                first: left,
                second: right,
                ..addresses
            },
        };
        gpu.run(&self.product(), addresses)?;
        Ok((CudaStorage::wrap_cuda_slice(output, gpu.device().clone()), dims))
    }

    fn bwd(
        &self,
        xs: &Tensor,
        weight: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let gradient = gradient.contiguous()?;
        let of = |part| Self {
            shape: self.shape,
            part,
        };
        let of_input = xs
            .track_op()
            .then(|| gradient.apply_op2_no_bwd(weight, &of(Part::InputGradient)));
        let of_weight = weight
            .track_op()
            .then(|| xs.apply_op2_no_bwd(&gradient, &of(Part::WeightGradient)));
        Ok((of_input.transpose()?, of_weight.transpose()?))
    }
}
