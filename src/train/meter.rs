//! Losses added up on the device and read only now and then: reading each step would make the device wait.

use std::time::Instant;

use candle_core::{Result, Tensor};

use super::{
    LossValues,
    trainer::{Losses, StepOptions},
};

/// Sums of losses since they were last read.
#[derive(Debug)]
pub(super) struct Meter {
    /// With how the last step was made.
    sums: Option<(Tensor, StepOptions)>,
    steps: u64,
    busy_s: f64,
    read_at: Instant,
}

/// Means over the steps since the last reading.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Reading {
    /// The losses.
    pub loss: LossValues,
    /// How the last step was made.
    pub last: StepOptions,
    /// Steps per second of training.
    pub steps_per_s: f64,
    /// Seconds until the device had done what it was given; steps are handed to a GPU ahead of time.
    pub waited_s: f64,
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            sums: None,
            steps: 0,
            busy_s: 0.0,
            read_at: Instant::now(),
        }
    }
}

impl Meter {
    /// Adds the losses of one step that took `seconds`.
    pub(super) fn add(&mut self, losses: &Losses, options: &StepOptions, seconds: f64) -> Result<()> {
        let terms = &losses.terms;
        let values = [
            losses.total.clone(),
            terms.valid.clone(),
            terms.hole.clone(),
            terms.perceptual.clone(),
            (&terms.style_out + &terms.style_comp)?,
            terms.tv.clone(),
        ];
        let values = Tensor::stack(&values, 0)?;
        let sums = match self.sums.take() {
            None => values,
            Some((sums, _)) => (sums + values)?,
        };
        self.sums = Some((sums, *options));
        self.steps += 1;
        self.busy_s += seconds;
        Ok(())
    }

    /// Seconds since the last reading.
    pub(super) fn age_s(&self) -> f64 {
        self.read_at.elapsed().as_secs_f64()
    }

    /// Reads and starts over. `None` where no step was made.
    pub(super) fn read(&mut self) -> Result<Option<Reading>> {
        let meter = std::mem::take(self);
        let Some((sums, last)) = meter.sums else {
            return Ok(None);
        };
        let began = Instant::now();
        let sums = sums.to_vec1::<f32>()?;
        let waited_s = began.elapsed().as_secs_f64();
        let mean = |index: usize| {
            sums.get(index)
                .map_or(f64::NAN, |&sum| f64::from(sum) / meter.steps as f64)
        };
        Ok(Some(Reading {
            loss: LossValues {
                total: mean(0),
                valid: mean(1),
                hole: mean(2),
                perceptual: mean(3),
                style: mean(4),
                tv: mean(5),
            },
            last,
            steps_per_s: meter.steps as f64 / (meter.busy_s + waited_s).max(1e-9),
            waited_s,
        }))
    }
}
