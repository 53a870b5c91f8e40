//! Partial convolution layers against PyTorch in double precision: outputs, masks and all gradients.
//!
//! The numbers come from `tests/golden/make_golden.py`. A layer with a different mask per channel is checked as one
//! part per channel, which is the same thing.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "support/golden.rs"]
mod golden;

use candle_core::{Tensor, Var};
use golden::{Golden, assert_close, assert_same, values};
use lacuna::nn::partial_conv::{Masked, PartialConv2d};

/// Single precision against double; README of the fixtures.
const RELATIVE: f32 = 1e-5;
/// A weight's gradient sums over the whole picture.
const RELATIVE_GRAD_WEIGHT: f32 = 2e-5;

/// The tensors of one case.
struct Case<'a> {
    golden: &'a Golden,
    name: String,
    stride: usize,
    channels: Vec<usize>,
}

impl Case<'_> {
    fn tensor(&self, name: &str) -> Tensor {
        self.golden.tensor(&format!("{}.{name}", self.name))
    }

    fn has(&self, name: &str) -> bool {
        self.golden
            .tensors()
            .contains_key(&format!("{}.{name}", self.name))
    }

    fn check(&self, name: &str, found: &Tensor, relative: f32) {
        let expected = self.tensor(name);
        let largest = values(&expected)
            .into_iter()
            .fold(0.0, |max: f32, value| max.max(value.abs()));
        assert_close(
            &format!("{}.{name}", self.name),
            found,
            &expected,
            relative * largest,
        );
    }

    /// Name of the input of each group and its mask; several parts where every channel has its own mask.
    fn inputs(&self) -> Vec<(String, Var, Vec<Tensor>)> {
        let group = |index: usize, suffix: &str| {
            let name = format!("x{suffix}");
            let xs = Var::from_tensor(&self.tensor(&name)).unwrap();
            let masks = if self.has("mask_multi") {
                let masks = self.tensor("mask_multi");
                (0..self.channels[index])
                    .map(|channel| masks.narrow(1, channel, 1).unwrap())
                    .collect()
            } else {
                vec![self.tensor(&format!("mask{suffix}"))]
            };
            (name, xs, masks)
        };
        match self.channels.len() {
            1 => vec![group(0, "")],
            groups => (0..groups)
                .map(|index| group(index, &index.to_string()))
                .collect(),
        }
    }
}

fn cases(golden: &Golden) -> Vec<Case<'_>> {
    let cases = golden.metadata("cases");
    let number = |value: &serde_json::Value| value.as_u64().unwrap() as usize;
    let cases = cases.as_array().unwrap().iter().map(|case| Case {
        golden,
        name: case["name"].as_str().unwrap().to_owned(),
        stride: number(&case["stride"]),
        channels: case["groups"].as_array().unwrap().iter().map(number).collect(),
    });
    cases.collect()
}

fn parts(xs: &Tensor, masks: &[Tensor]) -> Vec<Masked> {
    let channels = xs.dim(1).unwrap() / masks.len();
    let part = |(index, mask): (usize, &Tensor)| Masked {
        xs: xs.narrow(1, index * channels, channels).unwrap(),
        mask: mask.clone(),
    };
    masks.iter().enumerate().map(part).collect()
}

#[test]
fn outputs_masks_and_gradients_are_those_of_the_reference() {
    let golden = Golden::open("layers.safetensors");
    let cases = cases(&golden);
    assert_eq!(cases.len(), 23, "every case of the fixture");
    for case in &cases {
        let weight = Var::from_tensor(&case.tensor("weight")).unwrap();
        let bias = case
            .has("bias")
            .then(|| Var::from_tensor(&case.tensor("bias")).unwrap());
        let conv = PartialConv2d::from_tensors(
            weight.as_tensor().clone(),
            bias.as_ref().map(|bias| bias.as_tensor().clone()),
            case.stride,
        );
        let inputs = case.inputs();
        let parts: Vec<_> = inputs
            .iter()
            .flat_map(|(_, xs, masks)| parts(xs, masks))
            .collect();
        let out = conv.forward(&parts).unwrap();
        case.check("out", &out.xs, RELATIVE);
        assert_same(
            &format!("{}.new_mask", case.name),
            &out.mask,
            &case.tensor("new_mask"),
        );

        let loss = (&out.xs * case.tensor("grad_out")).unwrap().sum_all().unwrap();
        let gradients = loss.backward().unwrap();
        case.check(
            "grad_weight",
            gradients.get(&weight).unwrap(),
            RELATIVE_GRAD_WEIGHT,
        );
        for (name, xs, _) in &inputs {
            case.check(&format!("grad_{name}"), gradients.get(xs).unwrap(), RELATIVE);
        }
        if let Some(bias) = bias {
            case.check("grad_bias", gradients.get(&bias).unwrap(), RELATIVE);
        }
    }
}

#[test]
fn nan_in_holes_reaches_neither_output_nor_gradients() {
    let golden = Golden::open("layers.safetensors");
    for case in cases(&golden)
        .iter()
        .filter(|case| case.channels.len() == 1 && case.has("mask"))
    {
        let mask = case.tensor("mask");
        let clean = case.tensor("x");
        let is_valid = mask.ne(0f64).unwrap().broadcast_as(clean.shape()).unwrap();
        let nan = Tensor::full(f32::NAN, clean.shape(), clean.device()).unwrap();
        let dirty = Var::from_tensor(&is_valid.where_cond(&clean, &nan).unwrap()).unwrap();
        let weight = Var::from_tensor(&case.tensor("weight")).unwrap();
        let conv = PartialConv2d::from_tensors(weight.as_tensor().clone(), None, case.stride);
        let run = |xs: &Tensor| {
            conv.forward(&[Masked {
                xs: xs.clone(),
                mask: mask.clone(),
            }])
            .unwrap()
            .xs
        };
        let out = run(&dirty);
        assert_same(&format!("{} with NaN in holes", case.name), &out, &run(&clean));
        let gradients = out.sum_all().unwrap().backward().unwrap();
        for (what, variable) in [("input", &dirty), ("weight", &weight)] {
            let gradient = values(gradients.get(variable).unwrap());
            assert!(
                gradient.iter().all(|value| value.is_finite()),
                "{}: {what}",
                case.name
            );
        }
    }
}
