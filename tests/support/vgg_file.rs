//! VGG-19's first three stages, where they lie beside the repository.

use std::path::{Path, PathBuf};

/// The file. `None` with a message where it is not there: a test that needs it has nothing to test then.
pub(crate) fn path() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/training/vgg19_pool3.safetensors");
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is not there", path.display());
    None
}
