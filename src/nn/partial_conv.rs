//! Partial convolution (Liu et al., ECCV 2018, equations 1 and 2), differentiable, on any candle device.
//!
//! `x' = Wᵀ(X⊙M) · sum(1)/sum(M) + b` where the window holds a valid value, else 0; the new mask is 1 exactly there.
//! All channels of a feature map share one mask of one channel, so `sum(M)` is a box sum. Zero padding counts as a
//! hole: `sum(1)` is always `C_in·k·k`. What stands in holes never matters, not even NaN: it is selected away
//! before it is multiplied. Masks and ratio take no gradient.
//!
//! This is the form that trains: one operation of [`ops`] with its gradient on the CPU and on CUDA, candle's own
//! operations elsewhere, where it fills as well. On the CPU and on CUDA packed layers fill.

use candle_core::{Device, Result, Tensor};
use candle_nn::{Init, VarBuilder, init};

use super::ops;

/// Where a partial convolution looks: a square window that is centred on its output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    /// Side of the window; odd.
    pub kernel: usize,
    /// Distance between outputs; 1 or 2.
    pub stride: usize,
}

impl Geometry {
    /// Zero padding on each side.
    pub const fn padding(self) -> usize {
        self.kernel / 2
    }

    /// Side of the output for a side of the input.
    pub const fn output_len(self, input_len: usize) -> usize {
        input_len.div_ceil(self.stride)
    }

    /// Zero padding after the end such that the last window ends exactly there.
    ///
    /// candle's backward pass derives both sides of the input's gradient from the height alone, which fails for
    /// odd × even inputs at stride 2 unless nothing is left over on either.
    const fn padding_after(self, input_len: usize) -> usize {
        (self.output_len(input_len) - 1) * self.stride + self.kernel - self.padding() - input_len
    }
}

/// Feature maps with the mask that all of their channels share.
#[derive(Debug, Clone)]
pub struct Masked {
    /// Values, `[b, c, h, w]`; anything in holes.
    pub xs: Tensor,
    /// 1 = valid, 0 = hole, `[b, 1, h, w]`, same type as the values.
    pub mask: Tensor,
}

impl Masked {
    /// Both sides doubled, each value four times, cut to the size of `skip`.
    pub(super) fn upsampled_to(&self, skip: &Self) -> Result<Self> {
        Ok(Self {
            xs: upsample(&self.xs, skip)?,
            mask: upsample(&self.mask, skip)?,
        })
    }

    /// The values with zeros in holes, whatever stood there.
    fn zero_holes(&self) -> Result<Tensor> {
        let is_valid = self.mask.detach().ne(0f64)?.broadcast_as(self.xs.shape())?;
        is_valid.where_cond(&self.xs, &self.xs.zeros_like()?)
    }
}

fn upsample(xs: &Tensor, skip: &Masked) -> Result<Tensor> {
    let (height, width) = (skip.mask.dim(2)?, skip.mask.dim(3)?);
    xs.upsample_nearest2d(2 * xs.dim(2)?, 2 * xs.dim(3)?)?
        .narrow(2, 0, height)?
        .narrow(3, 0, width)
}

/// What a layer makes of its masks, `[b, 1, h', w']` each.
struct Update {
    mask: Tensor,
    /// `sum(1)/sum(M)`, 0 where nothing is valid.
    ratio: Tensor,
}

/// A partial convolution layer.
#[derive(Debug, Clone)]
pub struct PartialConv2d {
    weight: Tensor,
    bias: Option<Tensor>,
    geometry: Geometry,
}

impl PartialConv2d {
    /// Takes `weight` `[out, in, k, k]` and, for a layer with a bias, `bias` `[out]` from `vb`.
    ///
    /// Variables that `vb` does not hold yet start from He's initialisation and zero.
    pub fn new(
        in_channels: usize,
        out_channels: usize,
        geometry: Geometry,
        bias: bool,
        vb: &VarBuilder<'_>,
    ) -> Result<Self> {
        let shape = (out_channels, in_channels, geometry.kernel, geometry.kernel);
        let weight = vb.get_with_hints(shape, "weight", init::DEFAULT_KAIMING_NORMAL)?;
        let bias = if bias {
            Some(vb.get_with_hints(out_channels, "bias", Init::Const(0.0))?)
        } else {
            None
        };
        Ok(Self::from_tensors(weight, bias, geometry.stride))
    }

    /// A layer of given tensors: `weight` `[out, in, k, k]`, `bias` `[out]`.
    pub fn from_tensors(weight: Tensor, bias: Option<Tensor>, stride: usize) -> Self {
        let kernel = weight.dims().last().copied().unwrap_or(1);
        Self {
            weight,
            bias,
            geometry: Geometry { kernel, stride },
        }
    }

    /// The same layer on another device.
    pub fn to_device(&self, device: &Device) -> Result<Self> {
        let bias = self
            .bias
            .as_ref()
            .map(|bias| bias.to_device(device))
            .transpose()?;
        Ok(Self::from_tensors(
            self.weight.to_device(device)?,
            bias,
            self.geometry.stride,
        ))
    }

    /// The window.
    pub const fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// The weight, `[out, in, k, k]`.
    pub const fn weight(&self) -> &Tensor {
        &self.weight
    }

    /// The bias, `[out]`.
    pub const fn bias(&self) -> Option<&Tensor> {
        self.bias.as_ref()
    }

    /// Convolves the concatenation of `parts`, each of which has its own mask and all of which have one size.
    ///
    /// A map with a different mask per channel is the same as one part per channel.
    pub fn forward(&self, parts: &[Masked]) -> Result<Masked> {
        let Update { mask, ratio } = self.update(parts)?;
        self.add_bias(self.convolve(parts, &ratio)?, mask)
    }

    /// As [`forward`](Self::forward) over `small` with both sides doubled, cut to those of `skip`, and `skip`.
    pub fn forward_upsampled(&self, small: &Masked, skip: &Masked) -> Result<Masked> {
        if !ops::are_ours(&small.xs) || self.geometry != (Geometry { kernel: 3, stride: 1 }) {
            return self.forward(&[small.upsampled_to(skip)?, skip.clone()]);
        }
        let Update { mask, ratio } = self.update_upsampled(small, skip)?;
        let ys = ops::partial_conv2d_upsampled(
            &small.xs,
            &small.mask,
            &skip.xs,
            &skip.mask,
            &self.weight,
            &ratio,
        )?;
        self.add_bias(ys, mask)
    }

    /// As [`update`](Self::update) over `small` with both sides doubled, and `skip`.
    fn update_upsampled(&self, small: &Masked, skip: &Masked) -> Result<Update> {
        let channels = small.xs.dim(1)?;
        let made = ops::update_mask_upsampled(&small.mask, channels, &skip.mask, &self.weight)?;
        if let Some([mask, ratio]) = made {
            return Ok(Update { mask, ratio });
        }
        // Only the channels of `up.xs` are counted, so it need not be upsampled.
        let up = Masked {
            xs: small.xs.clone(),
            mask: upsample(&small.mask, skip)?,
        };
        self.update(&[up, skip.clone()])
    }

    /// The new mask and the factor of each output.
    fn update(&self, parts: &[Masked]) -> Result<Update> {
        if let [part] = parts
            && let Some([mask, ratio]) = ops::update_mask(&part.mask, &self.weight, self.geometry.stride)?
        {
            return Ok(Update { mask, ratio });
        }
        let sums = self.mask_sums(parts)?;
        let mask = sums.ne(0f64)?.to_dtype(sums.dtype())?;
        let window = self.weight.elem_count() / self.weight.dim(0)?;
        let ratio = (&mask / sums.maximum(1f64)?)?.affine(window as f64, 0.0)?;
        Ok(Update { mask, ratio })
    }

    fn add_bias(&self, ys: Tensor, mask: Tensor) -> Result<Masked> {
        let xs = match &self.bias {
            Some(bias) => ops::add_bias(ys, bias, &mask)?,
            None => ys,
        };
        Ok(Masked { xs, mask })
    }

    /// `sum(M)` of every window over all channels of all parts, `[b, 1, h', w']`. Exact: these are whole numbers.
    fn mask_sums(&self, parts: &[Masked]) -> Result<Tensor> {
        let Geometry { kernel, stride } = self.geometry;
        let mut total: Option<Tensor> = None;
        for part in parts {
            let mask = part.mask.detach();
            let ones = Tensor::ones((1, 1, kernel, kernel), mask.dtype(), mask.device())?;
            let sums = mask.conv2d(&ones, self.geometry.padding(), stride, 1, 1)?;
            let sums = sums.affine(part.xs.dim(1)? as f64, 0.0)?;
            total = Some(match total {
                Some(total) => (total + sums)?,
                None => sums,
            });
        }
        total.ok_or_else(|| candle_core::Error::Msg("a partial convolution of nothing".to_owned()))
    }

    /// The convolution of the valid values, times the ratio.
    fn convolve(&self, parts: &[Masked], ratio: &Tensor) -> Result<Tensor> {
        if let [Masked { xs, mask }] = parts
            && ops::are_ours(xs)
        {
            return ops::partial_conv2d(xs, &self.weight, mask, ratio, self.geometry.stride);
        }
        let zeroed = parts.iter().map(Masked::zero_holes).collect::<Result<Vec<_>>>()?;
        let xs = match zeroed.as_slice() {
            [xs] => xs.clone(),
            several => Tensor::cat(several, 1)?,
        };
        if ops::are_ours(&xs) {
            let mask = xs.narrow(1, 0, 1)?.ones_like()?;
            return ops::partial_conv2d(&xs, &self.weight, &mask, ratio, self.geometry.stride);
        }
        self.convolve_elsewhere(&xs)?.broadcast_mul(ratio)
    }

    fn convolve_elsewhere(&self, xs: &Tensor) -> Result<Tensor> {
        let (before, stride) = (self.geometry.padding(), self.geometry.stride);
        if stride == 1 {
            return ops::conv2d(xs, &self.weight, before, stride);
        }
        let (height, width) = (xs.dim(2)?, xs.dim(3)?);
        xs.pad_with_zeros(2, before, self.geometry.padding_after(height))?
            .pad_with_zeros(3, before, self.geometry.padding_after(width))?
            .conv2d(&self.weight, 0, stride, 1, 1)
    }
}

#[cfg(test)]
mod tests {
    use super::{Geometry, Masked, PartialConv2d};
    use candle_core::{DType, Device, Tensor};

    #[test]
    fn padding_leaves_nothing_over() {
        for kernel in [3, 5, 7] {
            for stride in [1, 2] {
                let geometry = Geometry { kernel, stride };
                for len in 1..20 {
                    let padded = len + geometry.padding() + geometry.padding_after(len);
                    assert_eq!((padded - kernel) % stride, 0, "{geometry:?} {len}");
                    assert_eq!(
                        (padded - kernel) / stride + 1,
                        geometry.output_len(len),
                        "{geometry:?} {len}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_constant_stays_the_same_constant_whatever_is_missing() {
        let device = Device::Cpu;
        let weight = (Tensor::ones((1, 2, 3, 3), DType::F32, &device).unwrap() / 18.0).unwrap();
        let mask = [0f32, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0];
        let mask = Tensor::from_slice(&mask, (1, 1, 3, 4), &device).unwrap();
        let xs = Tensor::full(5f32, (1, 2, 3, 4), &device).unwrap();
        let conv = PartialConv2d::from_tensors(weight, None, 1);
        let ys = conv.forward(&[Masked { xs, mask }]).unwrap();
        for value in ys.xs.flatten_all().unwrap().to_vec1::<f32>().unwrap() {
            assert!((value - 5.0).abs() < 1e-5, "{value}");
        }
    }
}
