//! The end of a run: the finished weights, and how they do beside those of the start.

use std::path::{Path, PathBuf};

use candle_core::Device;

use super::{
    Comparison, Error, Event, Reason, output,
    run::{Outcome, Run, compute_error, in_pool},
};
use crate::nn::{Network, weights};

impl Run<'_> {
    /// Saves, writes the finished weights and compares them with those of the start.
    pub(super) fn finish(&mut self, reason: Reason) -> Result<Outcome, Error> {
        let path = self.finish_weights()?;
        let report = self.compare(&path)?;
        if let Some(report) = &report {
            let (old, new) = report.mean_psnr();
            let photos = match report.photos {
                1 => "1 held-out photo".to_owned(),
                count => format!("{count} held-out photos"),
            };
            self.write_weights(&path, format!("PSNR {new:.2} dB on {photos} (before: {old:.2})"))?;
        }
        self.sample()?;
        let step = self.position.step;
        self.tell(Event::Finished {
            reason,
            step,
            weights: path.clone(),
            report: report.clone(),
        })?;
        Ok(Outcome {
            reason,
            step,
            weights: path,
            report,
        })
    }

    /// Saves and writes the finished weights, not yet compared with anything.
    pub(super) fn finish_weights(&mut self) -> Result<PathBuf, Error> {
        if self.report()? {
            self.save()?;
        }
        let path = self.output.weights();
        self.write_weights(&path, self.best_score())?;
        Ok(path)
    }

    fn compare(&self, path: &Path) -> Result<Option<Comparison>, Error> {
        let file = weights::read(path).map_err(|error| Error::Weights {
            source_name: path.display().to_string(),
            error: Box::new(error),
        })?;
        let device = self.trainer.device();
        let (old, new) = (
            Network::load(&self.start.file, device)?,
            Network::load(&file, device)?,
        );
        let features = self.trainer.features().to_device(&Device::Cpu);
        let features = features.map_err(|error| compute_error(device, error))?;
        let held_out = &self.held_out;
        in_pool(self.pool.as_ref(), || held_out.compare(&old, &new, &features))
    }

    pub(super) fn write_weights(&self, path: &Path, score: String) -> Result<(), Error> {
        let about = vec![
            ("created", output::now()),
            (
                "trained_on",
                format!(
                    "{} photos in {}",
                    self.photos.train.len(),
                    self.config.photos.display()
                ),
            ),
            ("photos", self.photos.train.len().to_string()),
            ("steps", self.position.step.to_string()),
            ("score", score),
            ("features", self.trainer.features().name().to_owned()),
        ];
        let bytes = self
            .trainer
            .weights()
            .and_then(|tensors| {
                output::weights_file(&tensors, self.start.size, self.start.convolution, about)
            })
            .map_err(|error| compute_error(self.trainer.device(), error))?;
        output::write(path, &bytes, "the weights")
    }

    fn best_score(&self) -> String {
        self.position.best_loss.map_or_else(
            || "not measured".to_owned(),
            |loss| format!("lowest held-out loss {loss:.4}"),
        )
    }
}
