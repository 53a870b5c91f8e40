//! The loop around the trainer: load, step, report, measure, save, sample, and listen between two steps.
//!
//! Everything that the trainer must not do is here: files, clocks, and whoever steers or watches the run. When the
//! loss is no number any more, the run goes back to its last checkpoint with half the rate.

use std::{
    fs::File,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use candle_core::Device;

use super::{
    Comparison, Config, Control, Error, Event, Reason, Start, checkpoint,
    checkpoint::Position,
    estimate::estimate_of,
    held_out::{self, HeldOut},
    keep::latest,
    meter::Meter,
    output::Output,
    schedule::{self, Moment},
    start::{self, Photos, StartWeights},
    threads::{in_pool, loader_threads, pool},
    trainer::{State, StepOptions, Trainer},
};
use crate::{
    data::{self, Loader, LoaderError, LoaderOptions, holes},
    nn::device,
    progress::Progress,
};

/// Seconds between two reports.
const REPORT_EVERY_S: f64 = 0.5;
/// How often a waiting run looks whether it may go on.
const WAIT: Duration = Duration::from_millis(20);
/// Times that a run goes back to a checkpoint, without getting further in between, before it gives up.
const MOST_RETREATS: u32 = 5;

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Why.
    pub reason: Reason,
    /// Steps made in all.
    pub step: u64,
    /// The finished weights.
    pub weights: PathBuf,
    /// Old against new weights, where there are held-out photos.
    pub report: Option<Comparison>,
}

/// Trains as `config` says, or goes on with the run in `config.out`.
///
/// Everything before the first step is reported to `progress`, which can cancel it; a cancellation later finishes
/// the step and saves, as [`Control::stop`] does. `on_event` is called on this thread.
pub fn run(
    config: &Config,
    resume: bool,
    control: &Control,
    on_event: &mut dyn FnMut(Event),
    progress: &dyn Progress,
) -> Result<Outcome, Error> {
    if let Some(problem) = config.problem() {
        return Err(Error::Config(problem));
    }
    let (mut run, saved) = Run::open(config, resume, control, on_event, progress)?;
    run.begin(saved)?;
    let reason = run.train()?;
    run.finish(reason)
}

fn new_position(start: &StartWeights) -> Position {
    Position {
        step: 0,
        elapsed_s: 0.0,
        rate_factor: 1.0,
        best_loss: None,
        old_psnr: None,
        split: None,
        architecture: checkpoint::architecture(start.size, start.convolution),
    }
}

pub(super) fn compute_error(device: &Device, error: candle_core::Error) -> Error {
    Error::Compute {
        device: device::name(device),
        error,
    }
}

/// A run in progress.
pub(super) struct Run<'a> {
    pub(super) config: &'a Config,
    pub(super) control: &'a Control,
    on_event: &'a mut dyn FnMut(Event),
    pub(super) progress: &'a dyn Progress,
    pub(super) output: Output,
    pub(super) position: Position,
    pub(super) trainer: Trainer,
    pub(super) start: StartWeights,
    pub(super) photos: Photos,
    holes: holes::Source,
    pub(super) held_out: HeldOut,
    pub(super) pool: Option<rayon::ThreadPool>,
    /// Batches from the next step on; opened when a step needs it.
    pub(super) loader: Option<Loader>,
    pub(super) meter: Meter,
    /// Times that the run went back since its numbers were last good where they had gone wrong.
    pub(super) retreats: u32,
    /// The latest step at which some were wrong.
    pub(super) wrong_at: u64,
    pub(super) checkpoint_at: Instant,
    pub(super) sample_at: Instant,
    /// The step of the last checkpoint.
    pub(super) saved_step: Option<u64>,
    /// Whether the last measurement was the best.
    pub(super) is_best: bool,
    /// As long as it lives, nobody else trains here.
    _lock: File,
}

impl<'a> Run<'a> {
    /// A run with all that it needs, and the checkpoint to go on from.
    fn open(
        config: &'a Config,
        resume: bool,
        control: &'a Control,
        on_event: &'a mut dyn FnMut(Event),
        progress: &'a dyn Progress,
    ) -> Result<(Self, Option<(Position, State)>), Error> {
        let output = Output::open(&config.out, resume)?;
        let folder = start::folder(config, progress)?;
        let holes = start::holes(config, progress)?;
        progress.stage("Preparing")?;
        let device = start::device(config, progress)?;
        let features = start::features(config.features.as_deref())?;
        let start = start::weights(config)?;
        let pool = pool(config, &device)?;
        // Nothing is written before everything that can be refused was looked at.
        let lock = output.prepare(resume)?;
        let compute = |error| in_pool(pool.as_ref(), || compute_error(&device, error));
        let trainer = Trainer::new(start.size, start.convolution, start.tensors(), &features, &device);
        let trainer = trainer.map(|trainer| match config.start {
            Start::HeInit => trainer,
            Start::Default | Start::File(_) => trainer.with_learned_start(),
        });
        let mut notices = Vec::new();
        let saved = resume.then(|| latest(&output, config, &mut |text| notices.push(text)));
        let saved = saved.transpose()?;
        let photos = Photos::of(
            &folder,
            config,
            saved.as_ref().and_then(|(position, _)| position.split),
        );
        let mut notice = |text: String| progress.notice(&text);
        let seed = photos.split.seed();
        let held_out = HeldOut::read(&photos.held_out, config.side, seed, &mut notice);
        let mut run = Self {
            config,
            control,
            on_event,
            progress,
            output,
            position: new_position(&start),
            trainer: trainer.map_err(compute)?.with_loss(config.loss()),
            start,
            photos,
            holes,
            held_out,
            pool,
            loader: None,
            meter: Meter::default(),
            retreats: 0,
            wrong_at: 0,
            checkpoint_at: Instant::now(),
            sample_at: Instant::now(),
            saved_step: None,
            is_best: false,
            _lock: lock,
        };
        for text in notices {
            run.tell(Event::Notice { text })?;
        }
        Ok((run, saved))
    }

    /// Takes over a checkpoint, or measures the start and makes the first; then tells that steps begin.
    fn begin(&mut self, saved: Option<(Position, State)>) -> Result<(), Error> {
        // Whoever watches a run that goes on may not have seen what it started from.
        let of_the_start = saved.as_ref().map(|_| self.pictures()).transpose()?;
        if let Some(saved) = saved {
            self.take_over(saved)?;
        }
        self.output.save_config(self.config)?;
        self.tell(Event::Started {
            photos: self.photos.train.len(),
            held_out: self.held_out.len(),
            skipped: self.photos.skipped,
            parameters: self.trainer.parameters(),
            device: self.device_name(),
            features: self.trainer.features().name().to_owned(),
            start_step: self.position.step,
            estimate_memory_mib: self.memory_mib(),
        })?;
        if let Some(pictures) = of_the_start {
            self.show(0, pictures)?;
        } else {
            self.evaluate()?;
            self.save()?;
        }
        self.sample()
    }

    /// Memory that the run should take.
    fn memory_mib(&self) -> f64 {
        let sizes = self.photos.train.iter().map(|photo| (photo.width, photo.height));
        let photo_bytes = data::kept_bytes(sizes, self.config.side);
        estimate_of(self.start.size, self.config, photo_bytes).memory_mib
    }

    fn train(&mut self) -> Result<Reason, Error> {
        // A cancellation that comes with it comes again in `wait`, which knows what to do with it.
        let _ = self.progress.stage("Training");
        loop {
            if let Some(reason) = self.wait()? {
                return Ok(reason);
            }
            if self.retreats > MOST_RETREATS {
                return Ok(Reason::Diverged);
            }
            let moment = self.moment();
            if moment.is_over() {
                self.settle()?;
                if self.moment().is_over() {
                    return Ok(Reason::Complete);
                }
                // Its last weights were no numbers: it has gone back, and goes on from there.
            } else if let Err(error) = self.step(moment) {
                return Err(self.save_what_is_left(error));
            } else {
                self.keep_up()?;
            }
        }
    }

    /// Does what is due after a step.
    fn keep_up(&mut self) -> Result<(), Error> {
        let Config {
            evaluate_every_steps,
            checkpoint_every_s,
            sample_every_s,
            ..
        } = *self.config;
        let measures = self.position.step.is_multiple_of(evaluate_every_steps);
        let saves = self.checkpoint_at.elapsed().as_secs_f64() >= checkpoint_every_s;
        let samples = self.sample_at.elapsed().as_secs_f64() >= sample_every_s;
        let is_due = self.meter.age_s() >= REPORT_EVERY_S || self.moment().is_over();
        // All of these wait for the device. The report comes first: it counts that as time of the steps.
        if (is_due || measures || saves || samples) && !self.report()? {
            return Ok(());
        }
        if measures {
            self.evaluate()?;
        }
        if saves {
            self.save()?;
        }
        if samples {
            self.sample()?;
        }
        Ok(())
    }

    /// Tells and saves the steps that were made. What is no number sends the run back.
    pub(super) fn settle(&mut self) -> Result<(), Error> {
        if self.report()? {
            self.save()?;
        }
        Ok(())
    }

    /// Loads a batch and makes a step.
    fn step(&mut self, moment: Moment) -> Result<(), Error> {
        let began = Instant::now();
        let mut loader = self.loader.take().map_or_else(|| self.new_loader(), Ok)?;
        let batch = loader.next()?;
        self.loader = Some(loader);
        for text in batch.notices {
            self.tell(Event::Notice { text })?;
        }
        let options = StepOptions {
            phase: moment.phase,
            rate: moment.rate * self.position.rate_factor,
            clip_norm: self.config.clip_norm,
            ema: self.config.ema,
        };
        let device = self.trainer.device().clone();
        let trainer = &mut self.trainer;
        let losses = in_pool(self.pool.as_ref(), || {
            let batch = held_out::to_batch(&batch.rgb, &batch.valid, batch.side, &device)?;
            trainer.step(&batch, &options)
        });
        let seconds = began.elapsed().as_secs_f64();
        losses
            .and_then(|losses| self.meter.add(&losses, &options, seconds))
            .map_err(|error| self.compute_error(error))?;
        self.position.step += 1;
        self.position.elapsed_s += seconds;
        Ok(())
    }

    /// Where no batch can be made any more, what was learned until then is saved; gives the error to end with.
    fn save_what_is_left(&mut self, error: Error) -> Error {
        let Error::Loader(cause) = error else {
            return error;
        };
        if let Err(error) = self.finish_weights() {
            return error;
        }
        let step = self.position.step;
        match cause {
            LoaderError::NoPhotos(_) => Error::PhotosGone {
                step,
                why: cause.to_string(),
            },
            LoaderError::Threads(_) => Error::Loader(cause),
        }
    }

    /// Tells the losses since the last report. `false`: they were no numbers, and the run has gone back.
    pub(super) fn report(&mut self) -> Result<bool, Error> {
        let reading = self.meter.read().map_err(|error| self.compute_error(error))?;
        let Some(reading) = reading else {
            return Ok(true);
        };
        self.position.elapsed_s += reading.waited_s;
        if !reading.loss.total.is_finite() {
            self.retreat()?;
            return Ok(false);
        }
        let (step, elapsed) = (self.position.step, self.position.elapsed_s);
        self.tell(Event::Step {
            step,
            stage: reading.last.phase,
            images_per_s: reading.steps_per_s * f64::from(self.config.batch),
            seconds_left: schedule::seconds_left(self.config, step, elapsed, reading.steps_per_s),
            progress: self.moment().progress,
            loss: reading.loss,
            rate: reading.last.rate,
            device_memory_mib: device::memory_in_use_mib(self.trainer.device()),
        })?;
        Ok(true)
    }

    /// Back to the last checkpoint, with half the rate. The time that was lost counts.
    pub(super) fn retreat(&mut self) -> Result<(), Error> {
        let Position {
            step,
            elapsed_s,
            rate_factor,
            ..
        } = self.position;
        self.restore()?;
        self.position.rate_factor = self.position.rate_factor.min(rate_factor / 2.0);
        self.position.elapsed_s = self.position.elapsed_s.max(elapsed_s);
        self.retreats += 1;
        self.wrong_at = self.wrong_at.max(step);
        // The checkpoint does not know of the lower rate and the time that was lost.
        self.saved_step = None;
        let back = self.position.step;
        self.tell(Event::Notice {
            text: format!(
                "the loss or a weight was no number at step {step}: back to the checkpoint of step {back}, with half the learning rate"
            ),
        })
    }

    /// Waits while paused or held, and does what is asked for meanwhile. Gives the reason to end, if there is one.
    fn wait(&mut self) -> Result<Option<Reason>, Error> {
        let mut was_paused = false;
        let reason = loop {
            if self.control.take_save() {
                self.settle()?;
            }
            if self.control.take_sample() {
                self.report()?;
                self.sample()?;
            }
            if self.control.is_stopped() {
                break Some(Reason::Stopped);
            }
            if self.progress.step(self.permille(), 1000).is_err() {
                break Some(Reason::Cancelled);
            }
            if self.control.is_paused() != was_paused {
                was_paused = !was_paused;
                if was_paused {
                    // Whoever pauses sees the steps that were made, not those of the last report.
                    self.report()?;
                }
                self.tell(if was_paused { Event::Paused } else { Event::Resumed })?;
            }
            if !was_paused && !self.control.is_held() {
                break None;
            }
            thread::sleep(WAIT);
        };
        Ok(reason)
    }

    /// Batches from the next step on.
    fn new_loader(&self) -> Result<Loader, Error> {
        Ok(Loader::new(LoaderOptions {
            photos: self.photos.train.clone(),
            holes: self.holes.clone(),
            side: self.config.side,
            batch: self.config.batch as usize,
            seed: self.config.seed,
            first_step: self.position.step,
            threads: loader_threads(self.config, self.trainer.device()),
            ..LoaderOptions::default()
        })?)
    }

    fn moment(&self) -> Moment {
        Moment::of(self.config, self.position.step, self.position.elapsed_s)
    }

    fn permille(&self) -> u64 {
        (self.moment().progress * 1000.0) as u64
    }

    /// Name of the device; of the CPU with the threads that are used.
    fn device_name(&self) -> String {
        let device = self.trainer.device();
        in_pool(self.pool.as_ref(), || device::name(device))
    }

    /// A failure of the device.
    pub(super) fn compute_error(&self, error: candle_core::Error) -> Error {
        let device = self.device_name();
        Error::Compute { device, error }
    }

    pub(super) fn tell(&mut self, event: Event) -> Result<(), Error> {
        self.output.log(&event)?;
        (self.on_event)(event);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
