//! Weights files that are cut off, damaged or of something else are refused with the reason, and never panic.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::HashMap;

use lacuna::nn::{
    Config,
    weights::{File, WeightsError, parse},
};
use proptest::prelude::{ProptestConfig, any, prop, proptest};
use safetensors::{Dtype, tensor::TensorView};

/// Metadata of a whole file.
const METADATA: [(&str, &str); 5] = [
    ("format", "pconv-unet"),
    ("normalization", "imagenet"),
    ("window", "full-kernel"),
    ("base_width", "1"),
    ("levels", "5"),
];

/// What is in a file: change it, then write it.
struct Contents {
    tensors: Vec<(String, Vec<usize>, Vec<f32>)>,
    metadata: HashMap<String, String>,
}

impl Contents {
    /// A whole file of the smallest network.
    fn whole() -> Self {
        let tensor = |(name, shape): (String, Vec<usize>)| {
            let values = (0..shape.iter().product())
                .map(|index: usize| (index % 7) as f32 * 0.1)
                .collect();
            (name, shape, values)
        };
        let config = Config {
            base_width: 1,
            levels: 5,
        };
        Self {
            tensors: config.tensors().into_iter().map(tensor).collect(),
            metadata: METADATA
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
        }
    }

    fn values_of(&mut self, name: &str) -> &mut Vec<f32> {
        &mut self
            .tensors
            .iter_mut()
            .find(|(found, ..)| found == name)
            .unwrap()
            .2
    }

    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let stored: Vec<_> = self
            .tensors
            .iter()
            .map(|(_, _, values)| to_bytes(values))
            .collect();
        let views = self.tensors.iter().zip(&stored).map(|((name, shape, _), bytes)| {
            (
                name.clone(),
                TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap(),
            )
        });
        safetensors::serialize(views, Some(self.metadata.clone())).unwrap()
    }

    fn refusal(&self) -> String {
        read(&self.bytes()).unwrap_err().to_string()
    }
}

fn to_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn read(bytes: &[u8]) -> Result<File, WeightsError> {
    parse(bytes, "test".to_owned())
}

#[test]
fn a_whole_file_is_read_as_it_is() {
    let file = read(&Contents::whole().bytes()).unwrap();
    assert_eq!(
        file.info().config(),
        Config {
            base_width: 1,
            levels: 5
        }
    );
    let bias = file.tensors()["decoder.4.conv.bias"].to_vec1::<f32>().unwrap();
    assert_eq!(bias, [0.0, 0.1, 0.2]);
}

#[test]
fn each_defect_is_named() {
    let metadata = |key: &'static str, value: &'static str| {
        Contents::whole()
            .with(|file| drop(file.metadata.insert(key.to_owned(), value.to_owned())))
            .refusal()
    };
    let value = |name: &'static str, value: f32| {
        Contents::whole()
            .with(|file| file.values_of(name)[2] = value)
            .refusal()
    };
    let refusals = [
        (
            metadata("format", "sdxl"),
            "format = \"sdxl\" where \"pconv-unet\" is needed",
        ),
        (metadata("levels", "9"), "levels = \"9\" where 5 to 8 is needed"),
        (metadata("base_width", "-1"), "base_width = \"-1\""),
        (
            Contents::whole().with(|file| file.metadata.clear()).refusal(),
            "format = nothing",
        ),
        (
            metadata("base_width", "2"),
            "tensor encoder.0.conv.weight has shape [1, 3, 7, 7], it should be [2, 3, 7, 7]",
        ),
        (
            value("encoder.1.conv.weight", f32::NAN),
            "tensor encoder.1.conv.weight holds NaN at position 2",
        ),
        (
            value("decoder.4.conv.bias", f32::INFINITY),
            "tensor decoder.4.conv.bias holds inf at position 2",
        ),
        (
            value("encoder.2.norm.running_var", -1.0),
            "encoder.2.norm.running_var holds a negative variance",
        ),
        (
            Contents::whole()
                .with(|file| file.tensors[3].0 = "who.knows".to_owned())
                .refusal(),
            "tensor who.knows does not belong",
        ),
        (
            Contents::whole()
                .with(|file| file.tensors.retain(|(name, ..)| name != "decoder.2.norm.bias"))
                .refusal(),
            "tensor decoder.2.norm.bias is missing",
        ),
    ];
    for (refusal, expected) in refusals {
        assert!(
            refusal.contains(expected),
            "{refusal:?} does not say {expected:?}"
        );
    }
}

#[test]
fn a_file_that_is_cut_off_says_where_it_ends_and_what_it_needs() {
    let bytes = Contents::whole().bytes();
    for len in [0, 3, 8, 9, 100, bytes.len() / 2, bytes.len() - 1] {
        let error = read(&bytes[..len]).unwrap_err();
        let refusal = error.to_string();
        assert!(
            matches!(error, WeightsError::Truncated { .. }),
            "{len}: {refusal}"
        );
        assert!(
            refusal.contains(&format!("ends at byte {len},")),
            "{len}: {refusal}"
        );
    }
    let refusal = read(&bytes[..bytes.len() - 1]).unwrap_err().to_string();
    assert!(refusal.contains(&format!("needs {}", bytes.len())), "{refusal}");
}

#[test]
fn bytes_after_the_end_and_files_of_other_formats_are_refused() {
    let mut bytes = Contents::whole().bytes();
    bytes.push(0);
    assert!(
        matches!(read(&bytes), Err(WeightsError::TrailingBytes { .. })),
        "one byte too many"
    );
    for foreign in [
        b"PK\x03\x04 a zip file, as PyTorch writes it".as_slice(),
        b"\x80\x02}q\x00. a pickle",
    ] {
        assert!(
            matches!(read(foreign), Err(WeightsError::NotSafetensors(_))),
            "{foreign:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_truncation_is_accepted_or_panics(part in 0.0..1.0) {
        let bytes = Contents::whole().bytes();
        let len = (bytes.len() as f64 * part) as usize;
        assert!(read(&bytes[..len]).is_err(), "{len} of {} bytes", bytes.len());
    }

    #[test]
    fn no_flipped_bytes_panic(flips in prop::collection::vec((0.0..1.0, any::<u8>(), any::<bool>()), 1..8)) {
        let mut bytes = Contents::whole().bytes();
        for (part, flip, is_in_header) in flips {
            let end = if is_in_header { 4_000.min(bytes.len()) } else { bytes.len() };
            bytes[(end as f64 * part) as usize] ^= flip;
        }
        if let Ok(file) = read(&bytes) {
            assert!(file.info().config().is_supported(), "{:?}", file.info());
        }
    }

    #[test]
    fn no_random_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        assert!(read(&bytes).is_err(), "random bytes are no weights");
    }
}
