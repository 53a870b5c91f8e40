//! VGG-19's first three stages: too large for the repository, so the tests that need them are ignored by default.

use std::path::PathBuf;

/// The file that `LACUNA_VGG` names: safetensors, torchvision's names. Relative paths begin in the repository.
pub(crate) fn path() -> PathBuf {
    let named = std::env::var_os("LACUNA_VGG");
    let path = PathBuf::from(named.expect("LACUNA_VGG names a file with the features of VGG-19"));
    assert!(path.is_file(), "LACUNA_VGG: there is no file {}", path.display());
    path
}
