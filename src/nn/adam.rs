//! Adam (Kingma and Ba, 2015) whose moments have names, so that a run goes on exactly where it was saved.
//!
//! On the CPU each update is one pass over the numbers, in place, on all threads; on CUDA our kernels do the same;
//! elsewhere candle's operations.

use std::collections::BTreeMap;

use candle_core::{CpuStorage, InplaceOp2, InplaceOp3, Layout, Result, Tensor, Var, bail};
use rayon::prelude::{
    IndexedParallelIterator as _, ParallelIterator as _, ParallelSlice as _, ParallelSliceMut as _,
};

use super::ops::{cuda::train as gpu, values};

/// How much of the mean of gradients stays per step.
const BETA_1: f64 = 0.9;
/// How much of the mean of squared gradients stays per step.
const BETA_2: f64 = 0.999;
/// Added to deviations; `ADAM_EPS` in `steps.cu`.
pub(super) const EPS: f64 = 1e-8;

/// Numbers that one thread takes at a time.
const CHUNK: usize = 1 << 14;

/// Names of the moments are those of their parameters with one of these in front.
const FIRST: &str = "first.";
const SECOND: &str = "second.";

/// The optimiser.
#[derive(Debug, Clone)]
pub struct Adam {
    updates: u64,
    /// First and second moment of every parameter.
    moments: BTreeMap<String, (Tensor, Tensor)>,
}

impl Adam {
    /// Moments of zero for `parameters`.
    pub fn new(parameters: &BTreeMap<String, Var>) -> Result<Self> {
        let moments = parameters
            .iter()
            .map(|(name, var)| Ok((name.clone(), (fresh(var)?, fresh(var)?))));
        Ok(Self {
            updates: 0,
            moments: moments.collect::<Result<_>>()?,
        })
    }

    /// Updates made so far.
    pub const fn updates(&self) -> u64 {
        self.updates
    }

    /// The moments by name: `first.` and `second.` in front of the parameter's.
    pub fn state(&self) -> BTreeMap<String, Tensor> {
        let named = self.moments.iter().flat_map(|(name, (first, second))| {
            [
                (format!("{FIRST}{name}"), first.clone()),
                (format!("{SECOND}{name}"), second.clone()),
            ]
        });
        named.collect()
    }

    /// Takes over the moments of [`state`](Self::state) after `updates` updates.
    pub fn restore(&mut self, updates: u64, state: &BTreeMap<String, Tensor>) -> Result<()> {
        for (name, (first, second)) in &mut self.moments {
            for (prefix, moment) in [(FIRST, first), (SECOND, second)] {
                let name = format!("{prefix}{name}");
                match state.get(&name) {
                    Some(saved) if saved.dims() == moment.dims() => {
                        *moment = saved.to_device(moment.device())?.copy()?;
                    }
                    _ => bail!("{name} is missing or has another shape"),
                }
            }
        }
        self.updates = updates;
        Ok(())
    }

    /// One update of every parameter that has a gradient.
    pub fn update(
        &mut self,
        parameters: &BTreeMap<String, Var>,
        gradients: &BTreeMap<String, Tensor>,
        rate: f64,
    ) -> Result<()> {
        self.updates += 1;
        let power = i32::try_from(self.updates).unwrap_or(i32::MAX);
        let apply = Apply {
            rate: (rate / (1.0 - BETA_1.powi(power))) as f32,
            correction: (1.0 / (1.0 - BETA_2.powi(power)).sqrt()) as f32,
        };
        for (name, gradient) in gradients {
            let (Some(var), Some((first, second))) = (parameters.get(name), self.moments.get_mut(name))
            else {
                bail!("a gradient of {name}, which is not learned");
            };
            let gradient = gradient.detach().contiguous()?;
            if gpu::runs(var) {
                gpu::blend(first, &gradient, BETA_1)?;
                gpu::blend_squared(second, &gradient, BETA_2)?;
                gpu::adam(var, first, second, apply.rate, apply.correction)?;
            } else if var.device().is_cpu() {
                first.inplace_op2(&gradient, &Blend::linear(BETA_1))?;
                second.inplace_op2(&gradient, &Blend::squared(BETA_2))?;
                var.inplace_op3(first, second, &apply)?;
            } else {
                *first = blend(first, &gradient, BETA_1)?;
                *second = blend(second, &gradient.sqr()?, BETA_2)?;
                let deviation = ((second.sqrt()? * f64::from(apply.correction))? + EPS)?;
                var.set(&(var.as_tensor().detach() - ((&*first / deviation)? * f64::from(apply.rate))?)?)?;
            }
        }
        Ok(())
    }
}

/// Moves `average` towards `value`: of the average `keep` stays. In place, whatever else shares its storage.
pub fn average(average: &Var, value: &Tensor, keep: f64) -> Result<()> {
    let value = value.detach().contiguous()?;
    if gpu::runs(average) {
        gpu::blend(average, &value, keep)
    } else if average.device().is_cpu() {
        average.inplace_op2(&value, &Blend::linear(keep))
    } else {
        average.set(&blend(&average.as_tensor().detach(), &value, keep)?)
    }
}

fn fresh(var: &Var) -> Result<Tensor> {
    Tensor::zeros(var.shape(), var.dtype(), var.device())
}

fn blend(average: &Tensor, value: &Tensor, keep: f64) -> Result<Tensor> {
    average.affine(keep, 0.0)? + value.affine(1.0 - keep, 0.0)?
}

/// `keep · a + (1 − keep) · b`, or with b squared.
struct Blend {
    keep: f32,
    add: f32,
    is_squared: bool,
}

impl Blend {
    fn linear(keep: f64) -> Self {
        Self {
            keep: keep as f32,
            add: (1.0 - keep) as f32,
            is_squared: false,
        }
    }

    fn squared(keep: f64) -> Self {
        Self {
            is_squared: true,
            ..Self::linear(keep)
        }
    }
}

impl InplaceOp2 for Blend {
    fn name(&self) -> &'static str {
        "blend"
    }

    fn cpu_fwd(&self, s1: &mut CpuStorage, l1: &Layout, s2: &CpuStorage, l2: &Layout) -> Result<()> {
        let (to, from) = (values_mut(s1, l1)?, values(s2, l2)?);
        let (keep, add) = (self.keep, self.add);
        let chunks = to.par_chunks_mut(CHUNK).zip(from.par_chunks(CHUNK));
        if self.is_squared {
            chunks.for_each(|(to, from)| {
                for (to, from) in to.iter_mut().zip(from) {
                    *to = keep * *to + add * from * from;
                }
            });
        } else {
            chunks.for_each(|(to, from)| {
                for (to, from) in to.iter_mut().zip(from) {
                    *to = keep * *to + add * from;
                }
            });
        }
        Ok(())
    }
}

/// A parameter's step along its moments, both already corrected for their start at zero.
struct Apply {
    rate: f32,
    correction: f32,
}

impl InplaceOp3 for Apply {
    fn name(&self) -> &'static str {
        "adam"
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
        let (to, first, second) = (values_mut(s1, l1)?, values(s2, l2)?, values(s3, l3)?);
        to.par_chunks_mut(CHUNK)
            .zip(first.par_chunks(CHUNK).zip(second.par_chunks(CHUNK)))
            .for_each(|(to, (first, second))| {
                for ((to, first), second) in to.iter_mut().zip(first).zip(second) {
                    *to -= self.rate * first / (second.sqrt() * self.correction + EPS as f32);
                }
            });
        Ok(())
    }
}

fn values_mut<'a>(storage: &'a mut CpuStorage, layout: &Layout) -> Result<&'a mut [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(values), Some((start, end))) => Ok(&mut values[start..end]),
        _ => bail!("Adam takes contiguous f32"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use candle_core::{Device, Tensor, Var};

    use super::Adam;

    #[test]
    fn the_first_update_moves_every_number_by_the_rate_against_its_gradient() {
        let var = Var::new(&[1f32, 2.0, 3.0], &Device::Cpu).unwrap();
        let parameters = BTreeMap::from([("a".to_owned(), var.clone())]);
        let gradient = Tensor::new(&[5f32, -0.1, 0.0], &Device::Cpu).unwrap();
        let mut adam = Adam::new(&parameters).unwrap();
        adam.update(&parameters, &BTreeMap::from([("a".to_owned(), gradient)]), 0.5)
            .unwrap();
        let found = var.to_vec1::<f32>().unwrap();
        for (found, expected) in found.iter().zip([0.5, 2.5, 3.0]) {
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
        assert_eq!(adam.updates(), 1);
    }
}
