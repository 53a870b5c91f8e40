//! What a run leaves behind on its way: measurements, the best weights, checkpoints, sample pictures.

use std::time::Instant;

use super::{
    Config, Error, Event, Sample,
    checkpoint::{self, Position},
    held_out,
    meter::Meter,
    output::{self, Output},
    run::Run,
    threads::in_pool,
    trainer::State,
};

impl Run<'_> {
    /// Measures the averaged weights on the held-out photos; keeps them if they are the best.
    pub(super) fn evaluate(&mut self) -> Result<(), Error> {
        let (trainer, held_out) = (&self.trainer, &self.held_out);
        let measured = in_pool(self.pool.as_ref(), || {
            let unet = trainer.averaged()?;
            held_out.measure(trainer, &unet)
        });
        let Some(measured) = measured.map_err(|error| self.compute_error(error))? else {
            return Ok(());
        };
        let old_psnr = *self.position.old_psnr.get_or_insert(measured.psnr);
        self.is_best =
            measured.loss.is_finite() && self.position.best_loss.is_none_or(|best| measured.loss < best);
        if self.is_best {
            self.position.best_loss = Some(measured.loss);
            let score = format!("held-out loss {:.4}, PSNR {:.2} dB", measured.loss, measured.psnr);
            self.write_weights(&self.output.best(), score, Some(measured.loss))?;
        }
        self.tell(Event::HeldOut {
            step: self.position.step,
            loss: measured.loss,
            psnr: measured.psnr,
            old_psnr: Some(old_psnr),
            is_best: self.is_best,
        })
    }

    /// Writes a checkpoint, unless something in it is no number: then the run goes back instead of saving that.
    pub(super) fn save(&mut self) -> Result<(), Error> {
        self.checkpoint_at = Instant::now();
        if self.saved_step == Some(self.position.step) {
            return Ok(());
        }
        let state = self
            .trainer
            .state()
            .and_then(|state| Ok((is_finite(&state)?, state)));
        let (is_finite, state) = state.map_err(|error| self.compute_error(error))?;
        if !is_finite {
            return self.retreat();
        }
        self.position.split = Some(self.photos.split);
        let keep = self.config.keep_checkpoints;
        let path = checkpoint::write(&self.output.checkpoints(), &self.position, &state, keep)?;
        self.saved_step = Some(self.position.step);
        if self.position.step >= self.wrong_at {
            self.retreats = 0;
        }
        self.tell(Event::Checkpoint {
            step: self.position.step,
            path,
            is_best: self.is_best,
        })
    }

    /// Goes back to the latest good checkpoint.
    pub(super) fn restore(&mut self) -> Result<(), Error> {
        let mut notices = Vec::new();
        let saved = latest(&self.output, self.config, &mut |text| notices.push(text))?;
        for text in notices {
            self.tell(Event::Notice { text })?;
        }
        self.take_over(saved)
    }

    /// Goes on from a checkpoint.
    pub(super) fn take_over(&mut self, (position, state): (Position, State)) -> Result<(), Error> {
        if position.architecture != self.position.architecture {
            let why = "it trains another network than these weights, width, levels or convolution";
            return Err(cannot_resume(self.config, why.to_owned()));
        }
        self.trainer
            .restore(&state)
            .map_err(|error| cannot_resume(self.config, error.to_string()))?;
        self.position = position;
        // The best weights may have been written after the checkpoint.
        let best = [self.position.best_loss, self.output.best_loss()];
        self.position.best_loss = best.into_iter().flatten().reduce(f64::min);
        self.saved_step = Some(self.position.step);
        self.meter = Meter::default();
        self.loader = None;
        Ok(())
    }

    /// Makes sample pictures and writes them.
    pub(super) fn sample(&mut self) -> Result<(), Error> {
        self.sample_at = Instant::now();
        let pictures = self.pictures()?;
        self.show(self.position.step, pictures)
    }

    /// The samples as the averaged weights fill them now.
    pub(super) fn pictures(&self) -> Result<Vec<Sample>, Error> {
        let (trainer, held_out) = (&self.trainer, &self.held_out);
        let pictures = in_pool(self.pool.as_ref(), || {
            held_out.samples(&trainer.averaged()?, trainer.device())
        });
        pictures.map_err(|error| self.compute_error(error))
    }

    /// Writes the samples of `step` and tells them.
    pub(super) fn show(&mut self, step: u64, pictures: Vec<Sample>) -> Result<(), Error> {
        if pictures.is_empty() {
            return Ok(());
        }
        let side = self.config.side;
        let path = self.output.samples().join(format!("step-{step:08}.png"));
        let file = held_out::montage(&pictures, side).map_err(|error| Error::Write {
            what: "samples",
            path: path.clone(),
            why: error.to_string(),
        })?;
        output::write(&path, &file, "samples")?;
        self.tell(Event::Samples {
            step,
            side,
            pictures,
            path,
        })
    }
}

/// The latest good checkpoint of a run. What is wrong with later ones is told to `notice`.
pub(super) fn latest(
    output: &Output,
    config: &Config,
    notice: &mut dyn FnMut(String),
) -> Result<(Position, State), Error> {
    checkpoint::read_latest(&output.checkpoints(), notice).map_err(|why| cannot_resume(config, why))
}

fn cannot_resume(config: &Config, why: String) -> Error {
    Error::Resume {
        folder: config.out.clone(),
        why,
    }
}

/// Whether every number of a state is one.
fn is_finite(state: &State) -> candle_core::Result<bool> {
    for tensor in state.tensors.values() {
        let values = tensor.flatten_all()?.to_vec1::<f32>()?;
        if !values.iter().all(|value| value.is_finite()) {
            return Ok(false);
        }
    }
    Ok(true)
}
