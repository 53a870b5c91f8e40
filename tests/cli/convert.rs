//! `lacuna convert`.

use std::{collections::BTreeMap, fs, path::Path};

use tempfile::TempDir;

use crate::{
    golden::{Golden, assert_close},
    support::{assert_fails, lacuna},
};

#[test]
fn a_checkpoint_of_naoto0804s_layout_becomes_the_weights_that_the_reference_expects() {
    let folder = TempDir::new().unwrap();
    let golden_folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    for name in ["naoto0804_plain.pth", "naoto0804_nested.pth"] {
        let input = golden_folder.join(name);
        let output = format!("{name}.safetensors");
        let line = ["convert", input.to_str().unwrap(), &output];
        let done = lacuna(folder.path(), &line).output().unwrap();
        assert!(done.status.success(), "{done:?}");
        let bytes = fs::read(folder.path().join(&output)).unwrap();
        let file = lacuna::nn::weights::parse(&bytes, output.clone()).unwrap();
        let golden = Golden::open("naoto0804_expected.safetensors");
        assert_eq!(file.tensors().len(), golden.tensors().len(), "{name}");
        let expected: BTreeMap<_, _> = golden.tensors().iter().collect();
        for (tensor, expected) in expected {
            assert_close(tensor, &file.tensors()[tensor], expected, 1e-7);
        }
        let again = lacuna(folder.path(), &line).output().unwrap();
        assert!(
            String::from_utf8(again.stderr)
                .unwrap()
                .contains("the file exists"),
            "not written over"
        );
    }
    let missing = lacuna(folder.path(), &["convert", "none.pth", "x.safetensors"])
        .output()
        .unwrap();
    let line = String::from_utf8(missing.stderr).unwrap();
    assert!(line.contains("none.pth") && !line.contains("PyTorch"), "{line}");
    // The place of the result is looked at first.
    let nowhere = lacuna(folder.path(), &["convert", "none.pth", "nodir/x.safetensors"])
        .output()
        .unwrap();
    assert_fails(
        &nowhere,
        1,
        &["writing nodir/x.safetensors: there is no folder nodir"],
    );
    let foreign = folder.path().join("foreign.pth");
    fs::write(&foreign, b"no checkpoint").unwrap();
    let refused = lacuna(folder.path(), &["convert", "foreign.pth", "x.safetensors"])
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(
        !folder.path().join("x.safetensors").exists(),
        "nothing was written"
    );
}
