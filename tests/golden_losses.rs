//! The losses and whole training steps against PyTorch in double precision: every term, every gradient, running
//! statistics and one Adam step. The numbers come from `tests/golden/make_golden.py`.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "support/emulator.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod emulator;
#[path = "support/golden.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod golden;

use std::{collections::HashMap, rc::Rc};

use candle_core::{Device, Tensor, Var};
use emulator::Emulator;
use golden::{Golden, assert_close, values};
use lacuna::{
    nn::{
        Config, Convolution,
        loss::{self, Terms},
        ops::cuda::train::with_emulator,
        vgg::{Features, Layer},
        weights::name_of_naoto0804,
    },
    train::{
        Phase,
        trainer::{Batch, StepOptions, Trainer},
    },
};

/// Single against double precision.
const LOSS_RELATIVE: f32 = 1e-5;
/// Gradients of a whole step, relative to the largest of their tensor.
const STEP_RELATIVE: f32 = 2e-4;

#[test]
fn every_loss_and_its_gradient_are_those_of_the_reference() {
    let golden = Golden::open("losses.safetensors");
    let out = Var::from_tensor(&golden.tensor("output")).unwrap();
    let terms = loss::terms(
        &out,
        &golden.tensor("gt"),
        &golden.tensor("mask"),
        &extractor(&golden),
    )
    .unwrap();
    for (name, term) in named(&terms) {
        assert_relative(
            name,
            &term,
            &golden.tensor(&format!("loss.{name}")),
            LOSS_RELATIVE,
        );
        let gradients = term.backward().unwrap();
        let gradient = gradients.get(out.as_tensor()).unwrap();
        assert_relative(
            &format!("gradient of {name}"),
            gradient,
            &golden.tensor(&format!("grad.{name}")),
            10.0 * LOSS_RELATIVE,
        );
    }
}

#[test]
fn pools_and_the_composite_are_those_of_the_reference() {
    let golden = Golden::open("losses.safetensors");
    let pools = extractor(&golden).pools(&golden.tensor("output")).unwrap();
    for (index, pool) in pools.iter().enumerate() {
        assert_relative(
            "pool",
            pool,
            &golden.tensor(&format!("feat_out_{index}")),
            LOSS_RELATIVE,
        );
    }
    let composite = loss::composite(
        &golden.tensor("output"),
        &golden.tensor("gt"),
        &golden.tensor("mask"),
    )
    .unwrap();
    assert_relative("composite", &composite, &golden.tensor("comp"), 0.0);
}

#[test]
fn a_step_of_stage_one_is_that_of_the_reference() {
    compare_step("train_step.safetensors", Phase::One, 2e-4);
}

#[test]
fn a_step_with_the_encoders_norms_frozen_is_that_of_the_reference() {
    compare_step("train_step_frozen_enc_bn.safetensors", Phase::Two, 5e-5);
}

/// The operations as they are, with their kernels on an emulator. Products are not rounded: rounding moves some value
/// over the edge of an activation, and then a gradient is another one.
#[test]
fn a_step_on_cuda_is_that_of_the_reference() {
    let Some(emulator) = Emulator::exact() else { return };
    with_emulator(Rc::new(emulator), || {
        compare_step("train_step.safetensors", Phase::One, 2e-4);
    });
}

#[test]
#[ignore = "a minute of emulation; run with --ignored after changing a kernel"]
fn a_step_with_frozen_norms_on_cuda_is_that_of_the_reference() {
    let Some(emulator) = Emulator::exact() else { return };
    with_emulator(Rc::new(emulator), || {
        compare_step("train_step_frozen_enc_bn.safetensors", Phase::Two, 5e-5);
    });
}

const SIZE: Config = Config {
    base_width: 4,
    levels: 5,
};

fn ours(name: &str) -> String {
    name_of_naoto0804(name, SIZE.levels).unwrap()
}

/// A trainer before the golden step, and what that step is made on.
fn trainer_and_batch(golden: &Golden) -> (Trainer, Batch) {
    let before: HashMap<String, Tensor> = with_prefix(golden, "before.")
        .map(|(name, tensor)| (ours(&name), tensor))
        .collect();
    let trainer = Trainer::new(
        SIZE,
        Convolution::Partial,
        &before,
        &extractor(golden),
        &Device::Cpu,
    );
    let batch = Batch {
        photo: golden.tensor("gt"),
        mask: golden.tensor("mask"),
    };
    (trainer.unwrap(), batch)
}

fn compare_step(file: &str, phase: Phase, rate: f64) {
    let golden = Golden::open(file);
    let (mut trainer, batch) = trainer_and_batch(&golden);
    let (losses, gradients, _) = trainer.gradients(&batch, phase).unwrap();
    let trained_on = [("total", losses.total)];
    for (name, term) in named(&losses.terms).into_iter().chain(trained_on) {
        assert_relative(
            name,
            &term,
            &golden.tensor(&format!("loss.{name}")),
            LOSS_RELATIVE,
        );
    }
    let mut compared = 0;
    for (name, expected) in with_prefix(&golden, "grad.") {
        assert_relative(&name, &gradients[&ours(&name)], &expected, STEP_RELATIVE);
        compared += 1;
    }
    assert_eq!(compared, gradients.len(), "every gradient was compared");

    let options = StepOptions {
        phase,
        rate,
        clip_norm: 0.0,
        ema: 0.0,
    };
    trainer.step(&batch, &options).unwrap();
    let after = trainer.state().unwrap().tensors;
    for (name, expected) in with_prefix(&golden, "after.") {
        let found = &after[&ours(&name)];
        if name.contains("running") {
            assert_relative(&name, found, &expected, LOSS_RELATIVE);
        } else {
            // Adam's first step is the rate times the sign of the gradient, wherever that is not about zero.
            assert_close(&name, found, &expected, 0.02 * rate as f32);
        }
    }
}

#[test]
fn the_average_leaves_learned_weights_slowly_and_random_ones_at_once() {
    let golden = Golden::open("train_step.safetensors");
    let name = "encoder.0.conv.weight";
    for (has_learned, expected) in [(false, 10.0 / 11.0), (true, 10.0 / 201.0)] {
        let (trainer, batch) = trainer_and_batch(&golden);
        let mut trainer = if has_learned {
            trainer.with_learned_start()
        } else {
            trainer
        };
        let before = trainer.state().unwrap().tensors[name].clone();
        let options = StepOptions {
            phase: Phase::One,
            rate: 1e-3,
            clip_norm: 0.0,
            ema: 0.999,
        };
        trainer.step(&batch, &options).unwrap();
        let after = trainer.state().unwrap().tensors;
        let moved = |to: &Tensor| (to - &before).unwrap().abs().unwrap().sum_all().unwrap();
        let share = (moved(&after[&format!("average.{name}")]) / moved(&after[name])).unwrap();
        let share = f64::from(share.to_scalar::<f32>().unwrap());
        assert!((share - expected).abs() < 1e-3, "{share} instead of {expected}");
    }
}

fn named(terms: &Terms) -> [(&'static str, Tensor); 7] {
    [
        ("valid", terms.valid.clone()),
        ("hole", terms.hole.clone()),
        ("perceptual", terms.perceptual.clone()),
        ("style_out", terms.style_out.clone()),
        ("style_comp", terms.style_comp.clone()),
        ("tv", terms.tv.clone()),
        ("total", terms.total(&loss::Weights::PAPER).unwrap()),
    ]
}

/// The reference's small extractor: stages of its own, pictures as they are.
fn extractor(golden: &Golden) -> Features {
    let layer = |(stage, index): (usize, usize)| {
        let tensor = |part: &str| golden.tensor(&format!("extractor.stages.{stage}.{index}.{part}"));
        Layer {
            weight: tensor("weight"),
            bias: tensor("bias"),
        }
    };
    let stages = [vec![(0, 0), (0, 1)], vec![(1, 0)], vec![(2, 0), (2, 1)]];
    let stages = stages.map(|stage| stage.into_iter().map(layer).collect());
    Features::from_tensors(stages.into(), "reference")
}

fn with_prefix<'a>(golden: &'a Golden, prefix: &'a str) -> impl Iterator<Item = (String, Tensor)> + 'a {
    let tensors = golden.tensors().iter();
    tensors.filter_map(move |(name, tensor)| Some((name.strip_prefix(prefix)?.to_owned(), tensor.clone())))
}

/// Fails where a value is further away than `relative` times the largest.
fn assert_relative(what: &str, found: &Tensor, expected: &Tensor, relative: f32) {
    let expected = expected.reshape(found.dims()).unwrap();
    let largest = values(&expected)
        .into_iter()
        .fold(0f32, |largest, value| largest.max(value.abs()));
    assert_close(what, found, &expected, relative * largest);
}
