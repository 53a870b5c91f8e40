//! The end of a run: the finished weights, and how they do beside those of the start.

use std::path::{self, Path, PathBuf};

use candle_core::Device;

use super::{
    Comparison, Error, Event, Reason,
    output::{self, HELD_OUT_LOSS},
    run::{Outcome, Run},
    threads::in_pool,
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
            let score = format!("PSNR {new:.2} dB on {photos} (before: {old:.2})");
            self.write_weights(&path, score, None)?;
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
        self.settle()?;
        let path = self.output.weights();
        self.write_weights(&path, self.best_score(), None)?;
        Ok(path)
    }

    fn compare(&self, path: &Path) -> Result<Option<Comparison>, Error> {
        let file = weights::read(path).map_err(|error| Error::Weights {
            source_name: path.display().to_string(),
            error: Box::new(error),
        })?;
        let device = self.trainer.device();
        // What is to be told of one is the same of the other.
        let notice = &mut |text: &str| self.progress.notice(text);
        let (old, new) = (
            Network::load_with(&self.start.file, device, notice)?,
            Network::load(&file, device)?,
        );
        let features = self.trainer.features().to_device(&Device::Cpu);
        let features = features.map_err(|error| self.compute_error(error))?;
        let held_out = &self.held_out;
        in_pool(self.pool.as_ref(), || held_out.compare(&old, &new, &features))
    }

    /// Writes the averaged weights, with what is known of them; `held_out_loss` is what they are kept for.
    pub(super) fn write_weights(
        &self,
        path: &Path,
        score: String,
        held_out_loss: Option<f64>,
    ) -> Result<(), Error> {
        let photos = self.photos.train.len();
        let held_out_loss = held_out_loss.map(|loss| (HELD_OUT_LOSS, loss.to_string()));
        let mut about = vec![
            ("created", output::now()),
            (
                "trained_on",
                format!("{photos} photos in {}", folder_name(&self.config.photos)),
            ),
            ("photos", photos.to_string()),
            ("steps", self.position.step.to_string()),
            ("score", score),
            ("features", self.trainer.features().name().to_owned()),
        ];
        about.extend(held_out_loss);
        let bytes = self
            .trainer
            .weights()
            .and_then(|tensors| {
                output::weights_file(&tensors, self.start.size, self.start.convolution, about)
            })
            .map_err(|error| self.compute_error(error))?;
        output::write(path, &bytes, "the weights")
    }

    fn best_score(&self) -> String {
        self.position.best_loss.map_or_else(
            || "not measured".to_owned(),
            |loss| format!("lowest held-out loss {loss:.4}"),
        )
    }
}

/// The last part of a folder's path: where it lies is nothing to whoever the weights are given to.
fn folder_name(folder: &Path) -> String {
    let folder = path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let name = folder.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}
