//! The loop around the trainer: load, step, report, measure, save, sample, and listen between two steps.
//!
//! Everything that the trainer must not do is here: files, clocks, and whoever steers or watches the run. When the
//! loss is no number any more, the run goes back to its last checkpoint with half the rate.

use std::{
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use super::{
    Comparison, Config, Control, Error, Event, Reason, checkpoint,
    checkpoint::Position,
    estimate::{Estimate, estimate},
    held_out::{self, HeldOut},
    meter::Meter,
    output::Output,
    schedule::{self, Moment},
    start::{self, Photos, StartWeights},
    trainer::{StepOptions, Trainer},
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
/// Times in a row that a run goes back to a checkpoint before it gives up.
const MOST_RETREATS: u32 = 5;
/// Reports without a bad loss after which retreats no longer count as in a row.
const CALM_REPORTS: u32 = 20;
/// Threads that decode photos.
const LOADER_THREADS: usize = 2;
/// The same beside a GPU, at most.
const MAX_LOADER_THREADS: usize = 12;

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
    let output = Output::open(&config.out, resume)?;
    let photos = start::photos(config, progress)?;
    let holes = start::holes(config, progress)?;
    progress.stage("Preparing")?;
    let device = start::device(config, progress)?;
    let features = start::features(config.features.as_deref())?;
    let start = start::weights(config)?;
    let pool = config.threads.map(thread_pool).transpose()?;
    // Nothing is written before everything that can be refused was looked at.
    let _lock = output.prepare(resume)?;
    let compute = |error| compute_error(&device, error);
    let trainer =
        Trainer::new(start.size, start.convolution, start.tensors(), &features, &device).map_err(compute)?;
    let trainer = trainer.with_loss(config.loss());
    let mut notice = |text: String| progress.notice(&text);
    let held_out = HeldOut::read(&photos.held_out, config.side, config.seed, &mut notice);
    let mut run = Run {
        config,
        control,
        on_event,
        progress,
        output,
        position: new_position(&start),
        trainer,
        start,
        photos,
        holes,
        held_out,
        pool,
        loader: None,
        meter: Meter::default(),
        retreats: 0,
        calm: 0,
        checkpoint_at: Instant::now(),
        sample_at: Instant::now(),
        saved_step: None,
        is_best: false,
    };
    run.begin(resume)?;
    let reason = run.train()?;
    run.finish(reason)
}

fn new_position(start: &StartWeights) -> Position {
    Position {
        step: 0,
        updates: 0,
        elapsed_s: 0.0,
        rate_factor: 1.0,
        best_loss: None,
        old_psnr: None,
        architecture: checkpoint::architecture(start.size, start.convolution),
    }
}

fn thread_pool(threads: usize) -> Result<rayon::ThreadPool, Error> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|index| format!("train-{index}"))
        .build()
        .map_err(|error| Error::Config(format!("--threads: {threads} cannot be started: {error}")))
}

pub(super) fn compute_error(device: &candle_core::Device, error: candle_core::Error) -> Error {
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
    progress: &'a dyn Progress,
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
    retreats: u32,
    calm: u32,
    pub(super) checkpoint_at: Instant,
    pub(super) sample_at: Instant,
    /// The step of the last checkpoint.
    pub(super) saved_step: Option<u64>,
    /// Whether the last measurement was the best.
    pub(super) is_best: bool,
}

impl Run<'_> {
    /// Takes over a checkpoint, or measures the start and makes the first; then tells that steps begin.
    fn begin(&mut self, resume: bool) -> Result<(), Error> {
        // Whoever watches a run that goes on may not have seen what it started from.
        let of_the_start = resume.then(|| self.pictures()).transpose()?;
        if resume {
            self.restore()?;
        }
        self.output.save_config(self.config)?;
        self.tell(Event::Started {
            photos: self.photos.train.len(),
            held_out: self.held_out.len(),
            skipped: self.photos.skipped,
            parameters: self.trainer.parameters(),
            device: in_pool(self.pool.as_ref(), || device::name(self.trainer.device())),
            features: self.trainer.features().name().to_owned(),
            start_step: self.position.step,
            estimate_memory_mib: self.estimate().memory_mib,
        })?;
        if let Some(pictures) = of_the_start {
            self.show(0, pictures)?;
        } else {
            self.evaluate()?;
            self.save()?;
        }
        self.sample()
    }

    fn estimate(&self) -> Estimate {
        let sizes = self.photos.train.iter().map(|photo| (photo.width, photo.height));
        estimate(self.config, data::kept_bytes(sizes, self.config.side))
    }

    fn train(&mut self) -> Result<Reason, Error> {
        // A cancellation that comes with it comes again in `wait`, which knows what to do with it.
        let _ = self.progress.stage("Training");
        loop {
            if let Some(reason) = self.wait()? {
                return Ok(reason);
            }
            let moment = self.moment();
            if moment.is_over() {
                return Ok(Reason::Complete);
            }
            if let Err(error) = self.step(moment) {
                return Err(self.save_what_is_left(error));
            }
            self.keep_up()?;
            if self.retreats > MOST_RETREATS {
                return Ok(Reason::Diverged);
            }
        }
    }

    /// Does what is due after a step.
    fn keep_up(&mut self) -> Result<(), Error> {
        let is_due = self.meter.age_s() >= REPORT_EVERY_S || self.moment().is_over();
        if is_due && !self.report()? {
            return Ok(());
        }
        if self
            .position
            .step
            .is_multiple_of(self.config.evaluate_every_steps)
        {
            self.evaluate()?;
        }
        if self.checkpoint_at.elapsed().as_secs_f64() >= self.config.checkpoint_every_s {
            self.save()?;
        }
        if self.sample_at.elapsed().as_secs_f64() >= self.config.sample_every_s {
            self.sample()?;
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
        let terms = in_pool(self.pool.as_ref(), || {
            let batch = held_out::to_batch(&batch.rgb, &batch.valid, batch.side, &device)?;
            trainer.step(&batch, &options)
        });
        let seconds = began.elapsed().as_secs_f64();
        terms
            .and_then(|terms| self.meter.add(self.trainer.total(&terms)?, &terms, seconds))
            .map_err(|error| compute_error(&device, error))?;
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
        let reading = self
            .meter
            .read()
            .map_err(|error| compute_error(self.trainer.device(), error))?;
        let Some(reading) = reading else {
            return Ok(true);
        };
        self.position.elapsed_s += reading.waited_s;
        if !reading.loss.total.is_finite() {
            self.retreat()?;
            return Ok(false);
        }
        self.calm += 1;
        if self.calm >= CALM_REPORTS {
            self.retreats = 0;
        }
        let moment = self.moment();
        let (step, elapsed) = (self.position.step, self.position.elapsed_s);
        self.tell(Event::Step {
            step,
            stage: moment.phase,
            images_per_s: reading.steps_per_s * f64::from(self.config.batch),
            seconds_left: schedule::seconds_left(self.config, step, elapsed, reading.steps_per_s),
            progress: moment.progress,
            loss: reading.loss,
            rate: moment.rate * self.position.rate_factor,
            device_memory_mib: device::memory_in_use_mib(self.trainer.device()),
        })?;
        Ok(true)
    }

    /// Back to the last checkpoint, with half the rate.
    pub(super) fn retreat(&mut self) -> Result<(), Error> {
        let step = self.position.step;
        let factor = self.position.rate_factor / 2.0;
        self.restore()?;
        self.position.rate_factor = self.position.rate_factor.min(factor);
        self.retreats += 1;
        self.calm = 0;
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
                self.save()?;
            }
            if self.control.take_sample() {
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
            threads: loader_threads(self.trainer.device()),
            ..LoaderOptions::default()
        })?)
    }

    fn moment(&self) -> Moment {
        Moment::of(self.config, self.position.step, self.position.elapsed_s)
    }

    fn permille(&self) -> u64 {
        (self.moment().progress * 1000.0) as u64
    }

    pub(super) fn tell(&mut self, event: Event) -> Result<(), Error> {
        self.output.log(&event)?;
        (self.on_event)(event);
        Ok(())
    }
}

/// Threads that make batches: few where the processor trains, almost all where it waits for a GPU.
fn loader_threads(device: &candle_core::Device) -> usize {
    if device.is_cpu() {
        return LOADER_THREADS;
    }
    let all = thread::available_parallelism().map_or(1, usize::from);
    all.saturating_sub(1).clamp(LOADER_THREADS, MAX_LOADER_THREADS)
}

pub(super) fn in_pool<T: Send>(pool: Option<&rayon::ThreadPool>, work: impl FnOnce() -> T + Send) -> T {
    match pool {
        None => work(),
        Some(pool) => pool.install(work),
    }
}
