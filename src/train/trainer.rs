//! One training step: forward, losses, backward, clip, Adam, running statistics, average.
//!
//! It does no input or output, owns no thread, draws no random number and never waits for the device: what it
//! reports are tensors, to be read when somebody wants to know.

use std::collections::{BTreeMap, HashMap};

use candle_core::{Device, Result, Tensor, Var};
use candle_nn::VarBuilder;

use super::{Phase, initial::is_statistic};
use crate::nn::{
    Config, UNet,
    adam::{self, Adam},
    loss::{self, Terms},
    norm::Statistics,
    unet::{Convolution, Norms},
    vgg::Features,
};

/// How much of the stored statistics of a batch norm stays per step.
const KEEP_STATISTICS: f64 = 0.9;
/// Steps over which the average grows to its full length: it starts by following closely.
const AVERAGE_WARM_UP: f64 = 10.0;
/// Steps that weights count as which have learned something: the average leaves them no faster than by a twentieth a step.
/// The first batches know less than they do, least of all about the statistics of the batch norms.
const LEARNED_STEPS: f64 = 190.0;

/// What is trained on in one step.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Photos in the network's space, `[b, 3, h, w]`.
    pub photo: Tensor,
    /// 1 = valid, `[b, 1, h, w]`.
    pub mask: Tensor,
}

/// How one step is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepOptions {
    /// The stage.
    pub phase: Phase,
    /// Learning rate.
    pub rate: f64,
    /// Longest gradient; 0 = no limit.
    pub clip_norm: f64,
    /// How much of the average stays; 0 = the average is the weights.
    pub ema: f64,
}

/// The losses of a step, without their history.
#[derive(Debug, Clone)]
pub struct Losses {
    /// The one that is trained on.
    pub total: Tensor,
    /// What it is made of.
    pub terms: Terms,
}

/// The network in training, and all that a step changes.
#[derive(Debug)]
pub struct Trainer {
    unet: UNet,
    features: Features,
    loss: loss::Weights,
    device: Device,
    learned: BTreeMap<String, Var>,
    statistics: BTreeMap<String, Var>,
    average: BTreeMap<String, Var>,
    adam: Adam,
    /// What the start counts as, in steps of the average.
    head_start: f64,
}

/// Everything that a step changes, by name, with the number of updates made.
#[derive(Debug, Clone)]
pub struct State {
    /// Updates made.
    pub updates: u64,
    /// Tensors of the weights, the averaged weights (`average.`) and the optimiser (`adam.`), on the CPU.
    pub tensors: BTreeMap<String, Tensor>,
}

const AVERAGE: &str = "average.";
const ADAM: &str = "adam.";

impl Trainer {
    /// Starts from `tensors`, all those of [`Config::tensors`], on `device`, with the paper's balance of losses.
    pub fn new(
        config: Config,
        convolution: Convolution,
        tensors: &HashMap<String, Tensor>,
        features: &Features,
        device: &Device,
    ) -> Result<Self> {
        let (mut learned, mut statistics, mut average) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut variables = HashMap::new();
        for (name, _) in config.tensors() {
            let Some(tensor) = tensors.get(&name) else {
                candle_core::bail!("tensor {name} is missing");
            };
            // Copies: what is learned here must not change the tensors it started from.
            let var = Var::from_tensor(&tensor.to_device(device)?.copy()?)?;
            average.insert(name.clone(), Var::from_tensor(&var.as_tensor().detach().copy()?)?);
            variables.insert(name.clone(), var.as_tensor().clone());
            let kind = if is_statistic(&name) {
                &mut statistics
            } else {
                &mut learned
            };
            kind.insert(name, var);
        }
        let vb = VarBuilder::from_tensors(variables, candle_core::DType::F32, device);
        Ok(Self {
            unet: UNet::with_convolution(config, convolution, &vb)?,
            features: features.to_device(device)?,
            loss: loss::Weights::PAPER,
            device: device.clone(),
            adam: Adam::new(&learned)?,
            learned,
            statistics,
            average,
            head_start: 0.0,
        })
    }

    /// The same with another balance of losses.
    pub fn with_loss(self, loss: loss::Weights) -> Self {
        Self { loss, ..self }
    }

    /// The same from weights that have learned something: their average is left slowly.
    pub fn with_learned_start(self) -> Self {
        Self {
            head_start: LEARNED_STEPS,
            ..self
        }
    }

    /// The loss that is trained on, of the terms of a measurement.
    pub fn total(&self, terms: &Terms) -> Result<Tensor> {
        terms.total(&self.loss)
    }

    /// Where it runs.
    pub const fn device(&self) -> &Device {
        &self.device
    }

    /// The feature network of its losses.
    pub const fn features(&self) -> &Features {
        &self.features
    }

    /// Steps made.
    pub const fn updates(&self) -> u64 {
        self.adam.updates()
    }

    /// How many numbers are learned.
    pub fn parameters(&self) -> usize {
        self.learned.values().map(|var| var.elem_count()).sum()
    }

    /// Makes one step and gives the losses before it.
    pub fn step(&mut self, batch: &Batch, options: &StepOptions) -> Result<Losses> {
        let (losses, gradients, statistics) = self.gradients(batch, options.phase)?;
        self.adam
            .update(&self.learned, &gradients, options.rate, options.clip_norm)?;
        for Statistics { name, mean, variance } in &statistics {
            for (name, value) in [
                (format!("{name}.running_mean"), mean),
                (format!("{name}.running_var"), variance),
            ] {
                if let Some(var) = self.statistics.get(&name) {
                    adam::average(var, value, KEEP_STATISTICS)?;
                }
            }
        }
        self.follow(options.ema)?;
        Ok(losses)
    }

    /// The losses, the gradient of every weight that has one, and the statistics of the batch. Changes nothing.
    pub fn gradients(
        &self,
        batch: &Batch,
        phase: Phase,
    ) -> Result<(Losses, BTreeMap<String, Tensor>, Vec<Statistics>)> {
        let norms = match phase {
            Phase::One => Norms::Batch,
            Phase::Two => Norms::BatchInDecoder,
        };
        let (out, statistics) = self.unet.forward_train(&batch.photo, &batch.mask, norms)?;
        let terms = loss::terms(&out, &batch.photo, &batch.mask, &self.features)?;
        let total = self.total(&terms)?;
        let store = total.backward()?;
        let gradients = self.learned.iter().filter_map(|(name, var)| {
            let gradient = store.get(var.as_tensor())?;
            Some((name.clone(), gradient.clone()))
        });
        let gradients = gradients.collect();
        let losses = Losses {
            total: total.detach(),
            terms: detached(&terms),
        };
        Ok((losses, gradients, statistics))
    }

    /// The losses and the output for `batch` with the given weights on stored statistics. Changes nothing.
    pub fn measure(&self, unet: &UNet, batch: &Batch) -> Result<(Terms, Tensor)> {
        let (out, _) = unet.forward(&batch.photo, &batch.mask)?;
        let out = out.detach();
        Ok((loss::terms(&out, &batch.photo, &batch.mask, &self.features)?, out))
    }

    /// A network of the averaged weights, which goes on changing with them. It takes no gradients.
    pub fn averaged(&self) -> Result<UNet> {
        let tensors = self
            .average
            .iter()
            .map(|(name, var)| (name.clone(), var.as_detached_tensor()));
        let vb = VarBuilder::from_tensors(tensors.collect(), candle_core::DType::F32, &self.device);
        UNet::with_convolution(self.unet.config(), self.unet.convolution(), &vb)
    }

    /// The averaged weights, on the CPU: what a finished run gives.
    pub fn weights(&self) -> Result<BTreeMap<String, Tensor>> {
        let tensors = self
            .average
            .iter()
            .map(|(name, var)| Ok((name.clone(), on_cpu(var.as_tensor())?)));
        tensors.collect()
    }

    /// All that a step changes.
    pub fn state(&self) -> Result<State> {
        let mut tensors = BTreeMap::new();
        for (name, var) in self.learned.iter().chain(&self.statistics) {
            tensors.insert(name.clone(), on_cpu(var.as_tensor())?);
        }
        for (name, var) in &self.average {
            tensors.insert(format!("{AVERAGE}{name}"), on_cpu(var.as_tensor())?);
        }
        for (name, moment) in self.adam.state() {
            tensors.insert(format!("{ADAM}{name}"), on_cpu(&moment)?);
        }
        Ok(State {
            updates: self.updates(),
            tensors,
        })
    }

    /// Takes over a state of a trainer of the same network. On an error some of it may have been taken over.
    pub fn restore(&mut self, state: &State) -> Result<()> {
        let set = |var: &Var, name: &str| match state.tensors.get(name) {
            Some(tensor) if tensor.dims() == var.dims() => var.set(&tensor.to_device(&self.device)?),
            _ => candle_core::bail!("{name} is missing or has another shape"),
        };
        for (name, var) in self.learned.iter().chain(&self.statistics) {
            set(var, name)?;
        }
        for (name, var) in &self.average {
            set(var, &format!("{AVERAGE}{name}"))?;
        }
        let moments = state
            .tensors
            .iter()
            .filter_map(|(name, tensor)| Some((name.strip_prefix(ADAM)?.to_owned(), tensor.clone())));
        self.adam.restore(state.updates, &moments.collect())
    }

    /// Moves the average towards the weights.
    fn follow(&self, keep: f64) -> Result<()> {
        let updates = self.head_start + self.updates() as f64;
        let keep = keep.min(updates / (updates + AVERAGE_WARM_UP));
        for (name, var) in self.learned.iter().chain(&self.statistics) {
            if let Some(average) = self.average.get(name) {
                adam::average(average, var.as_tensor(), keep)?;
            }
        }
        Ok(())
    }
}

fn detached(terms: &Terms) -> Terms {
    Terms {
        valid: terms.valid.detach(),
        hole: terms.hole.detach(),
        perceptual: terms.perceptual.detach(),
        style_out: terms.style_out.detach(),
        style_comp: terms.style_comp.detach(),
        tv: terms.tv.detach(),
    }
}

/// A copy: what it was taken from goes on changing.
fn on_cpu(tensor: &Tensor) -> Result<Tensor> {
    let tensor = tensor.detach();
    if tensor.device().is_cpu() {
        tensor.copy()
    } else {
        tensor.to_device(&Device::Cpu)
    }
}
