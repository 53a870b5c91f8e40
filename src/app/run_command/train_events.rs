//! What the training job tells, taken in between two frames.

use eframe::egui::Context;

use crate::{
    app::{
        App,
        train::{
            Message, Strip,
            run::{Activity, End, reason_words},
        },
    },
    train::Event,
};

impl App {
    pub(in crate::app) fn drain_training(&mut self, ctx: &Context) {
        let Some(training) = &self.tasks.training else {
            return;
        };
        // First whether it is over: then every message has been sent.
        let outcome = training.job.poll();
        let messages: Vec<Message> = training.messages.try_iter().collect();
        let notices = training.job.take_notices();
        for message in messages {
            self.take_message(ctx, message);
        }
        for notice in notices {
            if let Some(run) = &mut self.training.run {
                run.note(notice.clone());
            }
            self.notices.of_the_program().warning("Training", notice);
        }
        if let Some(outcome) = outcome {
            let outcome = outcome.map_err(|crash| crash.to_string()).and_then(|ended| ended);
            self.end_training(ctx, outcome);
        }
    }

    fn take_message(&mut self, ctx: &Context, message: Message) {
        let Some(run) = &mut self.training.run else {
            return;
        };
        match message {
            Message::Out(out) => run.out = out,
            Message::Memory(mib) => run.memory_mib = Some(mib),
            Message::Event(event) => {
                if let Event::Samples {
                    step, side, pictures, ..
                } = &event
                {
                    let before = self.training.strip.take();
                    self.training.strip = Some(Strip::new(ctx, *step, *side, pictures, before));
                }
                run.take(event);
            }
        }
    }

    fn end_training(&mut self, ctx: &Context, outcome: Result<(), String>) {
        self.tasks.training = None;
        match (outcome, &mut self.training.run) {
            (Ok(()), _) => self.tell_end(),
            // It was stopped before there was anything to save.
            (Err(_), Some(run)) if run.activity == Activity::Stopping && run.facts.is_none() => {
                self.training.run = None;
            }
            (Err(why), run) => {
                if let Some(run) = run {
                    run.note(why.clone());
                    run.finish(End::Failed(why.clone()));
                }
                self.notices.of_the_program().error("Training ended early", why);
            }
        }
        self.look_at_shelf();
        self.close_if_asked(ctx);
    }

    fn tell_end(&mut self) {
        let Some(run) = &mut self.training.run else {
            return;
        };
        if let Some(End::Finished { reason, .. }) = &run.end {
            let detail = format!("Step {}: {}", run.step, reason_words(*reason));
            self.notices.of_the_program().news("Training has ended", detail);
        } else if run.is_running() {
            run.finish(End::BrokenOff);
        }
    }
}
