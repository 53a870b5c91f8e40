//! Adam (Kingma and Ba, 2015) whose moments have names, so that a run goes on exactly where it was saved.
//!
//! On the CPU an update is one pass over the numbers, in place, on all threads, after one for the length of the gradients;
//! on CUDA our kernels make it in three, elsewhere candle's operations.

use std::collections::BTreeMap;

use candle_core::{Result, Tensor, Var, bail};
use rayon::prelude::{
    IndexedParallelIterator as _, ParallelIterator as _, ParallelSlice as _, ParallelSliceMut as _,
};

use super::ops::{self, cuda::train as gpu, with_values, with_values_mut};

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

    /// One update of every parameter that has a gradient. All gradients together are shortened to a length of at most
    /// `longest`; 0 = no limit. On a GPU the device alone knows whether they were.
    pub fn update(
        &mut self,
        parameters: &BTreeMap<String, Var>,
        gradients: &BTreeMap<String, Tensor>,
        rate: f64,
        longest: f64,
    ) -> Result<()> {
        self.updates += 1;
        let power = i32::try_from(self.updates).unwrap_or(i32::MAX);
        let step = Step {
            rate: (rate / (1.0 - BETA_1.powi(power))) as f32,
            correction: (1.0 / (1.0 - BETA_2.powi(power)).sqrt()) as f32,
        };
        let scale = scale(gradients, longest)?;
        for (name, gradient) in gradients {
            let (Some(var), Some((first, second))) = (parameters.get(name), self.moments.get_mut(name))
            else {
                bail!("a gradient of {name}, which is not learned");
            };
            let gradient = gradient.detach();
            if var.device().is_cpu() && !gpu::runs(var) {
                let factor = scale.as_ref().map_or(Ok(1.0), Tensor::to_scalar::<f32>)?;
                step.make(var, [first, second], &gradient, factor)?;
                continue;
            }
            let gradient = match &scale {
                Some(scale) => gradient.broadcast_mul(scale)?,
                None => gradient.contiguous()?,
            };
            if gpu::runs(var) {
                gpu::blend(first, &gradient, BETA_1)?;
                gpu::blend_squared(second, &gradient, BETA_2)?;
                gpu::adam(var, first, second, step.rate, step.correction)?;
            } else {
                *first = blend(first, &gradient, BETA_1)?;
                *second = blend(second, &gradient.sqr()?, BETA_2)?;
                let deviation = ((second.sqrt()? * f64::from(step.correction))? + EPS)?;
                var.set(&(var.as_tensor().detach() - ((&*first / deviation)? * f64::from(step.rate))?)?)?;
            }
        }
        Ok(())
    }
}

/// What all gradients are multiplied by to be no longer than `longest`, if that is above 0.
fn scale(gradients: &BTreeMap<String, Tensor>, longest: f64) -> Result<Option<Tensor>> {
    if gradients.is_empty() || longest <= 0.0 {
        return Ok(None);
    }
    let length = ops::sum_of_squares(gradients.values())?.sqrt()?;
    let scale = ((length + 1e-12)?.recip()? * longest)?.minimum(1f64)?;
    Ok(Some(scale))
}

/// Moves `average` towards `value`: of the average `keep` stays. In place, whatever else shares its storage.
pub fn average(average: &Var, value: &Tensor, keep: f64) -> Result<()> {
    let value = value.detach().contiguous()?;
    if gpu::runs(average) {
        gpu::blend(average, &value, keep)
    } else if average.device().is_cpu() {
        let (keep, add) = (keep as f32, (1.0 - keep) as f32);
        with_values_mut(average, |to| {
            with_values(&value, |from| {
                let chunks = to.par_chunks_mut(CHUNK).zip(from.par_chunks(CHUNK));
                chunks.for_each(|(to, from)| {
                    for (to, from) in to.iter_mut().zip(from) {
                        *to = keep * *to + add * from;
                    }
                });
                Ok(())
            })
        })
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

/// A step along the moments, both already corrected for their start at zero.
struct Step {
    rate: f32,
    correction: f32,
}

impl Step {
    /// Takes a gradient times `factor` into the moments of a parameter on the CPU, and moves it.
    fn make(&self, var: &Var, [first, second]: [&Tensor; 2], gradient: &Tensor, factor: f32) -> Result<()> {
        with_values_mut(var, |to| {
            with_values_mut(first, |first| {
                with_values_mut(second, |second| {
                    with_values(gradient, |gradient| {
                        let moments = first.par_chunks_mut(CHUNK).zip(second.par_chunks_mut(CHUNK));
                        let chunks = to.par_chunks_mut(CHUNK).zip(gradient.par_chunks(CHUNK));
                        chunks.zip(moments).for_each(|((to, gradient), (first, second))| {
                            self.make_part(to, first, second, gradient, factor);
                        });
                        Ok(())
                    })
                })
            })
        })
    }

    fn make_part(
        &self,
        to: &mut [f32],
        first: &mut [f32],
        second: &mut [f32],
        gradient: &[f32],
        factor: f32,
    ) {
        let (keep_1, add_1) = (BETA_1 as f32, (1.0 - BETA_1) as f32);
        let (keep_2, add_2) = (BETA_2 as f32, (1.0 - BETA_2) as f32);
        let moments = first.iter_mut().zip(second);
        for ((to, gradient), (first, second)) in to.iter_mut().zip(gradient).zip(moments) {
            let gradient = gradient * factor;
            *first = keep_1 * *first + add_1 * gradient;
            *second = keep_2 * *second + add_2 * gradient * gradient;
            *to -= self.rate * *first / (second.sqrt() * self.correction + EPS as f32);
        }
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
        let gradients = BTreeMap::from([("a".to_owned(), gradient)]);
        adam.update(&parameters, &gradients, 0.5, 0.0).unwrap();
        let found = var.to_vec1::<f32>().unwrap();
        for (found, expected) in found.iter().zip([0.5, 2.5, 3.0]) {
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
        assert_eq!(adam.updates(), 1);
    }

    #[test]
    fn gradients_are_shortened_together() {
        let moments = |gradients: [&[f32]; 2], longest| {
            let names = ["a", "b"].map(str::to_owned);
            let named = |of: fn(&[f32]) -> Var| names.clone().into_iter().zip(gradients.map(of)).collect();
            let parameters: BTreeMap<_, _> =
                named(|gradient| Var::zeros(gradient.len(), candle_core::DType::F32, &Device::Cpu).unwrap());
            let gradients: BTreeMap<String, Var> =
                named(|gradient| Var::new(gradient, &Device::Cpu).unwrap());
            let gradients = gradients.into_iter().map(|(name, var)| (name, var.into_inner()));
            let mut adam = Adam::new(&parameters).unwrap();
            adam.update(&parameters, &gradients.collect(), 0.1, longest)
                .unwrap();
            let state = adam.state();
            ["first.a", "first.b", "second.b"].map(|name| state[name].to_vec1::<f32>().unwrap())
        };
        let long = [&[3.0, 0.0][..], &[4.0]];
        assert_eq!(moments(long, 5.5), moments(long, 0.0), "within the limit");
        let found = moments(long, 2.5).concat();
        let expected = moments([&[1.5, 0.0], &[2.0]], 0.0).concat();
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }
}
