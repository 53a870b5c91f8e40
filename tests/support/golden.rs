//! Reads the golden fixtures of tests/golden and compares tensors with them.

use std::{collections::HashMap, path::PathBuf};

use candle_core::{Device, Tensor};
use safetensors::SafeTensors;

/// One file of tests/golden.
pub(crate) struct Golden {
    tensors: HashMap<String, Tensor>,
    metadata: HashMap<String, String>,
}

impl Golden {
    pub(crate) fn open(name: &str) -> Self {
        // Cargo says where the repository is when it runs a test too; elsewhere whoever runs it can.
        let root = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or(env!("CARGO_MANIFEST_DIR").into());
        let path = PathBuf::from(root).join("tests/golden").join(name);
        let bytes = std::fs::read(&path).unwrap();
        let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
        Self {
            tensors: candle_core::safetensors::load_buffer(&bytes, &Device::Cpu).unwrap(),
            metadata: header.metadata().clone().unwrap(),
        }
    }

    pub(crate) fn metadata(&self, key: &str) -> serde_json::Value {
        serde_json::from_str(&self.metadata[key]).unwrap()
    }

    pub(crate) fn tensor(&self, name: &str) -> Tensor {
        self.tensors[name].clone()
    }

    /// All tensors by their names.
    pub(crate) fn tensors(&self) -> &HashMap<String, Tensor> {
        &self.tensors
    }
}

pub(crate) fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// Fails unless shapes are equal and no value is further away than `tolerance`.
pub(crate) fn assert_close(what: &str, found: &Tensor, expected: &Tensor, tolerance: f32) {
    assert_eq!(found.dims(), expected.dims(), "{what}: shape");
    let (found, expected) = (values(found), values(expected));
    for (index, (found, expected)) in found.iter().zip(&expected).enumerate() {
        let distance = (found - expected).abs();
        assert!(
            distance <= tolerance,
            "{what}: {found} at {index}, expected {expected}, {distance:e} away"
        );
    }
}

/// Fails unless shapes and values are equal.
pub(crate) fn assert_same(what: &str, found: &Tensor, expected: &Tensor) {
    assert_close(what, found, expected, 0.0);
}
