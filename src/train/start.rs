//! What a run begins with: device, feature network, the weights to start from, photos and holes.

use std::{collections::HashMap, fs, path::Path};

use candle_core::{Device, Tensor};

use super::{Config, Error, Start, gradient_check, initial, output};
use crate::{
    data::{self, Folder, PhotoFile, Split, holes},
    nn::{self, device, ops::cuda, unet::Convolution, vgg::Features, weights},
    progress::Progress,
};

/// The weights that a run starts from.
#[derive(Debug)]
pub(super) struct StartWeights {
    /// As a file, whatever they came from: what the finished ones are compared with.
    pub file: weights::File,
    /// Size of the network.
    pub size: nn::Config,
    /// What its layers do with their masks.
    pub convolution: Convolution,
}

impl StartWeights {
    /// Their tensors.
    pub(super) const fn tensors(&self) -> &HashMap<String, Tensor> {
        self.file.tensors()
    }
}

/// Photos to train on and photos to measure on.
#[derive(Debug)]
pub(super) struct Photos {
    /// Which are which.
    pub split: Split,
    /// To train on.
    pub train: Vec<PhotoFile>,
    /// To measure on.
    pub held_out: Vec<PhotoFile>,
    /// Files passed over.
    pub skipped: usize,
}

impl Photos {
    /// Holds some of a folder back: as `earlier` did, where the run goes on.
    pub(super) fn of(folder: &Folder, config: &Config, earlier: Option<Split>) -> Self {
        let held_out = (config.held_out as usize).min(folder.photos.len() / 4);
        let split = earlier.unwrap_or_else(|| Split::of(&folder.photos, config.seed));
        let is_trained_on_all = config.held_out == 0 || earlier.is_none() && held_out == 0;
        let split = if is_trained_on_all {
            split.of_nothing()
        } else {
            split
        };
        let (train, held_out) = split.parts(&folder.photos, held_out);
        Self {
            split,
            train,
            held_out,
            skipped: folder.skipped.len(),
        }
    }
}

/// Looks through the folder of photos.
pub(super) fn folder(config: &Config, progress: &dyn Progress) -> Result<Folder, Error> {
    let unusable = |why: String| Error::Photos {
        folder: config.photos.clone(),
        why,
    };
    if holds_samples(&config.photos, &config.out) {
        return Err(Error::OwnSamples {
            out: config.out.clone(),
        });
    }
    let folder = Folder::scan(&config.photos, progress).map_err(|error| match error {
        data::ScanError::Cancelled(cancelled) => Error::Cancelled(cancelled),
        other => unusable(other.to_string()),
    })?;
    folder
        .require_photos()
        .map_err(|error| Error::NoPhotos(error.to_string()))?;
    if let Some(first) = folder.skipped.first() {
        let (path, why) = (first.path.display(), &first.why);
        progress.notice(&match folder.skipped.len() {
            1 => format!("one file is passed over, {path}: {why}"),
            count => format!("{count} of the files are passed over, the first is {path}: {why}"),
        });
    }
    Ok(folder)
}

/// Whether the samples of a run in `out` would be found among the photos.
///
/// A run below the folder of photos is passed over when they are looked for.
fn holds_samples(photos: &Path, out: &Path) -> bool {
    let (Ok(photos), Ok(out)) = (fs::canonicalize(photos), fs::canonicalize(out)) else {
        return false;
    };
    photos == out || photos.starts_with(out.join(output::SAMPLES))
}

/// The holes that the configuration names.
pub(super) fn holes(config: &Config, progress: &dyn Progress) -> Result<holes::Source, Error> {
    let Some(folder) = &config.holes else {
        return Ok(holes::Source::default());
    };
    let folder = holes::Folder::open(folder, holes::Polarity::Auto)?;
    if let Some(notice) = folder.notice() {
        progress.notice(&notice);
    }
    Ok(holes::Source::Files(folder))
}

/// Opens the device; one whose gradients are wrong is refused. On CUDA candle's own operations are the second try.
pub(super) fn device(config: &Config, progress: &dyn Progress) -> Result<Device, Error> {
    let device = device::open(config.device, &mut |text| progress.notice(text));
    if device.is_cpu() {
        return Ok(device);
    }
    let slower = |why: &str| {
        progress.notice(&format!(
            "on {} training uses candle's own operations, which are slower: {why}",
            device::name(&device)
        ));
    };
    let mut difference = gradient_check::difference(&device, &Device::Cpu);
    if let Some(why) = cuda::train::problem(&device) {
        slower(&why);
    } else if let Some(why) = difference.as_ref().filter(|_| cuda::train::runs_on(&device)) {
        slower(why);
        cuda::train::turn_off();
        difference = gradient_check::difference(&device, &Device::Cpu);
    }
    match difference {
        None => Ok(device),
        Some(why) => Err(Error::WrongGradients {
            device: device::name(&device),
            why,
        }),
    }
}

/// The feature network that the configuration names.
pub(super) fn features(path: Option<&Path>) -> Result<Features, Error> {
    let read = path.map_or_else(Features::embedded, Features::read);
    read.map_err(|error| Error::Features {
        source_name: source_name(path),
        why: error.to_string(),
    })
}

/// The weights that the configuration names. What a file holds decides over size and kind.
pub(super) fn weights(config: &Config) -> Result<StartWeights, Error> {
    let file = match &config.start {
        Start::Default => weights::embedded(),
        Start::File(path) => weights::read(path),
        Start::HeInit => return he(config),
    };
    let path = match &config.start {
        Start::File(path) => Some(path.as_path()),
        _ => None,
    };
    let file = file.map_err(|error| Error::Weights {
        source_name: source_name(path),
        error: Box::new(error),
    })?;
    let size = file.info().config();
    // The tensors are the same: a network of plain convolutions may well start from partial ones.
    Ok(StartWeights {
        file,
        size,
        convolution: config.convolution,
    })
}

fn he(config: &Config) -> Result<StartWeights, Error> {
    let size = nn::Config {
        base_width: config.base_width,
        levels: config.levels,
    };
    let compute = |error| Error::Compute {
        device: "the CPU".to_owned(),
        error,
    };
    let tensors = initial::he(size, config.seed)
        .map_err(compute)?
        .into_iter()
        .collect();
    let bytes = output::weights_file(&tensors, size, config.convolution, Vec::new()).map_err(compute)?;
    let file = weights::parse(&bytes, "nothing learned yet".to_owned()).map_err(|error| Error::Weights {
        source_name: "of He's initialisation".to_owned(),
        error: Box::new(error),
    })?;
    Ok(StartWeights {
        file,
        size,
        convolution: config.convolution,
    })
}

fn source_name(path: Option<&Path>) -> String {
    path.map_or_else(
        || weights::EMBEDDED_NAME.to_owned(),
        |path| path.display().to_string(),
    )
}
