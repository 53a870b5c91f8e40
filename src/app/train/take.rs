//! A run is put together from its events alone.
//!
//! The same events come from a run that goes on and from the log of one that was broken off, so curves and numbers
//! are there again after a restart.

use super::run::{Activity, End, Facts, Measured, Now, Run, reason_words};
use crate::train::Event;

impl Run {
    /// Takes in what the run told.
    pub fn take(&mut self, event: Event) {
        match event {
            Event::Started { .. } => self.take_start(event),
            Event::Step { .. } => self.take_step(&event),
            Event::HeldOut {
                step,
                loss,
                psnr,
                old_psnr,
                is_best,
            } => {
                self.old_psnr = old_psnr.or(self.old_psnr);
                let measured = Measured {
                    step,
                    loss,
                    psnr,
                    is_best,
                };
                self.note(measured_line(&measured));
                self.measured.push(measured);
            }
            Event::Samples { step, .. } => self.note(format!("Step {step}: samples refreshed")),
            Event::Checkpoint { step, .. } => {
                self.saved_step = Some(step);
                self.note(format!("Step {step}: checkpoint saved"));
            }
            Event::Notice { text } => self.note(text),
            Event::Paused => {
                self.switch(Activity::Paused);
                self.note(format!("Step {}: paused", self.step));
            }
            Event::Resumed => {
                self.switch(Activity::Training);
                self.note(format!("Step {}: going on", self.step));
            }
            Event::Finished {
                reason,
                step,
                weights,
                report,
            } => {
                self.step = step;
                self.note(format!("Step {step}: {}", reason_words(reason)));
                self.finish(End::Finished {
                    reason,
                    weights: Some(weights),
                    report,
                });
            }
        }
    }

    /// Everything is loaded.
    fn take_start(&mut self, event: Event) {
        let Event::Started {
            photos,
            held_out,
            skipped,
            parameters,
            device,
            features,
            start_step,
            ..
        } = event
        else {
            return;
        };
        self.begin(start_step);
        self.note(started_line(photos, held_out, skipped, start_step));
        self.facts = Some(Facts {
            photos,
            held_out,
            parameters,
            device,
            features,
        });
    }

    /// Steps were made.
    fn take_step(&mut self, event: &Event) {
        let Event::Step {
            step,
            stage,
            images_per_s,
            seconds_left,
            progress,
            loss,
            rate,
            device_memory_mib,
        } = *event
        else {
            return;
        };
        if step <= self.step {
            // It went back to a checkpoint.
            self.curves.truncate(step.saturating_sub(1));
        }
        self.step = step;
        self.curves.push(step, &loss);
        self.now = Some(Now {
            phase: stage,
            images_per_s,
            seconds_left,
            progress,
            loss,
            rate,
            device_memory_mib,
        });
    }

    /// Steps begin. What a broken run did after its last checkpoint is done again, so it is forgotten here.
    fn begin(&mut self, start_step: u64) {
        self.switch(Activity::Training);
        self.end = None;
        self.step = start_step;
        self.curves.truncate(start_step);
        self.measured.retain(|measured| measured.step <= start_step);
    }

    /// What was asked for last counts: a run that is to stop does nothing else any more.
    fn switch(&mut self, activity: Activity) {
        if self.activity != Activity::Stopping {
            self.activity = activity;
        }
    }
}

fn started_line(photos: usize, held_out: usize, skipped: usize, start_step: u64) -> String {
    let begin = if start_step == 0 {
        "Started".to_owned()
    } else {
        format!("Going on at step {start_step}")
    };
    let skipped = match skipped {
        0 => String::new(),
        1 => ", 1 file skipped".to_owned(),
        _ => format!(", {skipped} files skipped"),
    };
    format!("{begin}: {photos} photos to learn from, {held_out} held out{skipped}")
}

fn measured_line(measured: &Measured) -> String {
    let Measured { step, loss, psnr, .. } = measured;
    if !loss.is_finite() {
        return format!("Step {step}: the held-out loss is no number");
    }
    let best = if measured.is_best {
        ", the lowest so far"
    } else {
        ""
    };
    format!("Step {step}: held-out loss {loss:.3}{best}; {psnr:.2} dB")
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use crate::{
        app::train::{
            curves::Term,
            run::{Activity, End, LOG_LINES, Run},
        },
        train::{Event, LossValues, Phase, Reason},
    };

    fn started(start_step: u64) -> Event {
        Event::Started {
            photos: 90,
            held_out: 10,
            skipped: 2,
            parameters: 8_000_000,
            device: "CPU (2 threads)".to_owned(),
            features: "built-in".to_owned(),
            start_step,
            estimate_memory_mib: 900.0,
        }
    }

    fn step(step: u64, total: f64) -> Event {
        Event::Step {
            step,
            stage: Phase::One,
            images_per_s: 3.0,
            seconds_left: Some(60.0),
            progress: 0.25,
            loss: LossValues {
                total,
                ..LossValues::default()
            },
            rate: 2e-4,
            device_memory_mib: Some(3000.0),
        }
    }

    #[test]
    fn events_move_curves_numbers_and_activity() {
        let mut run = Run::new(PathBuf::from("out"));
        assert_eq!(run.activity, Activity::Preparing);
        run.take(started(0));
        run.take(step(5, 3.0));
        run.take(step(10, 2.0));
        assert_eq!(run.activity, Activity::Training);
        assert_eq!(run.curves.points(Term::Total), [[5.0, 3.0], [10.0, 2.0]]);
        assert_eq!(run.now.as_ref().map(|now| now.images_per_s), Some(3.0));
        assert_eq!(
            run.now.as_ref().and_then(|now| now.device_memory_mib),
            Some(3000.0)
        );
        run.take(Event::Paused);
        assert_eq!(run.activity, Activity::Paused);
        run.take(Event::Resumed);
        assert_eq!(run.activity, Activity::Training);
        run.take(Event::Finished {
            reason: Reason::Complete,
            step: 10,
            weights: PathBuf::from("w"),
            report: None,
        });
        assert!(!run.is_running(), "it has ended");
        assert_eq!(run.weights(), Some(&PathBuf::from("w")));
    }

    #[test]
    fn steps_after_the_last_checkpoint_are_forgotten_when_a_broken_run_goes_on() {
        let mut run = Run::new(PathBuf::from("out"));
        run.take(started(0));
        for (number, total) in [(1, 5.0), (2, 4.0), (3, 3.0)] {
            run.take(step(number, total));
        }
        run.finish(End::BrokenOff);
        run.take(started(2));
        assert_eq!(run.curves.points(Term::Total), [[1.0, 5.0], [2.0, 4.0]]);
        assert!(run.is_running() && run.end.is_none(), "it goes on");
    }

    #[test]
    fn a_run_that_goes_back_to_a_checkpoint_draws_no_zigzag() {
        let mut run = Run::new(PathBuf::from("out"));
        run.take(started(0));
        for (number, total) in [(1, 5.0), (2, 4.0), (3, 9.0), (2, 3.5)] {
            run.take(step(number, total));
        }
        assert_eq!(run.curves.points(Term::Total), [[1.0, 5.0], [2.0, 3.5]]);
    }

    #[test]
    fn the_log_never_grows_without_end() {
        let mut run = Run::new(PathBuf::new());
        for number in 0..1000 {
            run.take(Event::Notice {
                text: format!("notice {number}"),
            });
        }
        assert!(run.log.len() <= LOG_LINES, "{}", run.log.len());
        assert_eq!(run.log.back().map(String::as_str), Some("notice 999"));
    }
}
