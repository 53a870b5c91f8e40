//! Photos and a feature network for runs that take a second.

use std::{
    fs,
    path::{Path, PathBuf},
};

use lacuna::{
    imaging::{Channels, Format, Metadata, Pixels, Samples, write},
    train::{Config, Start},
};
use safetensors::{Dtype, tensor::TensorView};

/// Side of the photos, in pixels.
const SIDE: u32 = 160;

/// Writes `count` photos into `folder`: coloured waves, each another.
pub(crate) fn photos(folder: &Path, count: u32) {
    fs::create_dir_all(folder).unwrap();
    for photo in 0..count {
        let value = |at: u32| {
            let (x, y, channel) = (at / 3 % SIDE, at / 3 / SIDE, at % 3);
            let wave = (x * (photo + 2) + y * (channel + 1)) as f32 * 0.05;
            (127.0 + 100.0 * wave.sin()) as u8
        };
        let samples = Samples::U8((0..SIDE * SIDE * 3).map(value).collect());
        let pixels = Pixels::new(SIDE, SIDE, Channels::Rgb, samples).unwrap();
        let path = folder.join(format!("photo-{photo}.png"));
        let options = write::Options::default();
        write::photo(&path, &pixels, &Metadata::default(), Format::Png, &options, false).unwrap();
    }
}

/// Writes a feature network in torchvision's layout, of three convolutions whose weights are about `scale`.
pub(crate) fn features(path: &Path, scale: f32) {
    let shapes = [("features.0", 3), ("features.3", 4), ("features.6", 4)];
    let bytes = |count: usize| -> Vec<u8> {
        (0..count)
            .flat_map(|index| (scale * (index as f32 * 1.7).sin()).to_le_bytes())
            .collect()
    };
    let stored: Vec<_> = shapes
        .into_iter()
        .flat_map(|(name, inputs)| {
            [
                (
                    format!("{name}.weight"),
                    vec![4, inputs, 3, 3],
                    bytes(36 * inputs),
                ),
                (format!("{name}.bias"), vec![4], bytes(4)),
            ]
        })
        .collect();
    let views = stored.iter().map(|(name, shape, bytes)| {
        (
            name.as_str(),
            TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap(),
        )
    });
    fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
}

/// The smallest run there is, from nothing, with its photos and features in `folder`.
pub(crate) fn config(folder: &Path) -> Config {
    let path = |name: &str| -> PathBuf { folder.join(name) };
    if !path("photos").exists() {
        photos(&path("photos"), 8);
        features(&path("features.safetensors"), 0.3);
    }
    Config {
        photos: path("photos"),
        out: path("out"),
        start: Start::HeInit,
        base_width: 2,
        levels: 5,
        features: Some(path("features.safetensors")),
        side: 64,
        batch: 2,
        steps: Some(6),
        held_out: 2,
        evaluate_every_steps: 3,
        device: lacuna::nn::DeviceChoice::Cpu,
        ..Config::default()
    }
}
