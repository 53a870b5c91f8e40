//! What is compared: the network in its forms, and fills without one.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
};

use anyhow::{Context as _, bail};
use serde::Serialize;

use crate::{
    cli::{
        Shared,
        device::{check_file, open_device, open_network},
        terminal::Terminal,
    },
    imaging::{HOLE_THRESHOLD, Mask, Pixels},
    inpaint::{
        self, Detail, Ensemble, Options, Strategy, classic,
        detail::unguided,
        plan::{self, Crop},
    },
    nn::{Convolution, Network, weights},
    progress::{Cancelled, Progress},
};

/// Pixels around a hole that the classical fills look at, and some more.
const CLASSIC_MARGIN_PX: u32 = 4 * classic::RADIUS as u32;

/// A way to fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// The network with partial convolutions, scaled up smoothly where it saw a photo scaled down.
    PConv,
    /// The same network with plain convolutions.
    Conv,
    /// As `PConv`, but the mean of the network's looks in several ways.
    Ensemble,
    /// What a removal is by default: those looks and the detail stage.
    Detail,
    Telea,
    NavierStokes,
    /// The detail stage's patches without a network.
    PatchMatch,
}

impl Kind {
    const ALL: [Self; 7] = [
        Self::PConv,
        Self::Conv,
        Self::Ensemble,
        Self::Detail,
        Self::Telea,
        Self::NavierStokes,
        Self::PatchMatch,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::PConv => "pconv",
            Self::Conv => "conv",
            Self::Ensemble => "ensemble",
            Self::Detail => "detail",
            Self::Telea => "telea",
            Self::NavierStokes => "ns",
            Self::PatchMatch => "patchmatch",
        }
    }

    const fn has_network(self) -> bool {
        matches!(self, Self::PConv | Self::Conv | Self::Ensemble | Self::Detail)
    }
}

/// A method as a person names it: `telea`, `pconv` or `pconv=FILE`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Choice {
    kind: Kind,
    weights: Option<PathBuf>,
}

impl Choice {
    /// What is compared where nothing is chosen.
    pub(super) const BUCKETS: [Kind; 5] = [
        Kind::PConv,
        Kind::Ensemble,
        Kind::Telea,
        Kind::NavierStokes,
        Kind::PatchMatch,
    ];
    /// The same with `--native`.
    pub(super) const NATIVE: [Kind; 6] = [
        Kind::PConv,
        Kind::Ensemble,
        Kind::Detail,
        Kind::PatchMatch,
        Kind::Telea,
        Kind::NavierStokes,
    ];

    pub(super) const fn of(kind: Kind) -> Self {
        Self { kind, weights: None }
    }

    /// What it is called among `all`: with the name of its weights, or their whole path where several have one name.
    pub(super) fn label(&self, all: &[Self]) -> String {
        let name = self.kind.name();
        let Some(file) = &self.weights else {
            return name.to_owned();
        };
        let stem = file.file_stem().unwrap_or(file.as_os_str());
        let is_same = |other: &&Self| {
            let weights = other.weights.as_deref();
            other.kind == self.kind && weights.and_then(Path::file_stem) == Some(stem)
        };
        if all.iter().filter(is_same).count() > 1 {
            format!("{name} ({})", file.display())
        } else {
            format!("{name} ({})", stem.to_string_lossy())
        }
    }
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, weights) = match text.split_once('=') {
            Some((name, file)) => (name, Some(PathBuf::from(file))),
            None => (text, None),
        };
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == name);
        match kind {
            None => Err("it is one of pconv, conv, ensemble, detail, telea, ns, patchmatch".to_owned()),
            Some(kind) if weights.is_some() && !kind.has_network() => {
                Err(format!("{name} has no network, so it takes no weights"))
            }
            Some(Kind::Conv) if weights.is_none() => {
                Err("it needs weights with plain convolutions: conv=FILE".to_owned())
            }
            Some(kind) => Ok(Self { kind, weights }),
        }
    }
}

/// A method that is ready to fill.
pub(super) struct Method {
    pub(super) name: String,
    kind: Kind,
    network: Option<Network>,
}

impl Method {
    /// Gets `choice` ready, to be called `name`.
    pub(super) fn open(choice: &Choice, name: String, networks: &mut Networks<'_>) -> anyhow::Result<Self> {
        let network = match (choice.kind, &choice.weights) {
            (Kind::Conv, Some(file)) => Some(open_plain(file, networks.shared, networks.terminal)?),
            (kind, own) if kind.has_network() => Some(networks.open(own.as_ref())?),
            _ => None,
        };
        Ok(Self {
            name,
            kind: choice.kind,
            network,
        })
    }

    /// Whether it keeps all cores busy by itself.
    pub(super) const fn is_parallel(&self) -> bool {
        !matches!(self.kind, Kind::Telea | Kind::NavierStokes)
    }

    pub(super) fn about(&self) -> About {
        About {
            name: self.name.clone(),
            network: self.network.as_ref().map(|network| AboutNetwork {
                weights: network.info.source.clone(),
                weights_sha256: network.info.sha256.clone(),
                device: network.device_name(),
            }),
        }
    }

    /// Fills the holes of `mask`; in `photo` they hold nothing of what was there.
    ///
    /// `strategy` decides what a network or a patch search sees of the photo.
    pub(super) fn fill(
        &self,
        photo: &Pixels,
        mask: &Mask,
        strategy: Strategy,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Pixels, inpaint::Error> {
        match (&self.network, self.kind) {
            (Some(network), kind) => {
                let options = Options {
                    strategy,
                    detail: match kind {
                        Kind::Detail => Detail::Auto,
                        _ => Detail::Off,
                    },
                    ensemble: match kind {
                        Kind::Detail => Ensemble::Auto,
                        Kind::Ensemble => Ensemble::On,
                        _ => Ensemble::Off,
                    },
                    grow_px: Some(0),
                    feather_px: Some(0),
                    seed,
                    ..Options::default()
                };
                let removal = inpaint::remove(photo, mask, network, &options, progress)?;
                Ok(inpaint::apply_all(photo, &removal.patches))
            }
            (None, Kind::PatchMatch) => Ok(from_patches(photo, mask, strategy, seed, progress)?),
            (None, kind) => Ok(classical(photo, mask, kind, progress)?),
        }
    }
}

/// What a report says of a method.
#[derive(Debug, Serialize)]
pub(super) struct About {
    pub(super) name: String,
    #[serde(flatten)]
    network: Option<AboutNetwork>,
}

#[derive(Debug, Serialize)]
struct AboutNetwork {
    weights: String,
    weights_sha256: String,
    device: String,
}

/// The networks that were opened: methods with the same weights share one.
pub(super) struct Networks<'a> {
    shared: &'a Shared,
    terminal: &'a Terminal,
    opened: Vec<(Option<PathBuf>, Network)>,
}

impl<'a> Networks<'a> {
    pub(super) const fn new(shared: &'a Shared, terminal: &'a Terminal) -> Self {
        Self {
            shared,
            terminal,
            opened: Vec::new(),
        }
    }

    /// The network with these weights, else with those of the command line.
    fn open(&mut self, own: Option<&PathBuf>) -> anyhow::Result<Network> {
        let weights = own.or(self.shared.weights.as_ref()).cloned();
        if let Some((_, network)) = self.opened.iter().find(|(known, _)| *known == weights) {
            return Ok(network.clone());
        }
        let shared = Shared {
            weights: weights.clone(),
            ..self.shared.clone()
        };
        let network = open_network(&shared, self.terminal)?;
        self.opened.push((weights, network.clone()));
        Ok(network)
    }
}

/// The network with plain convolutions, which fills photos nowhere else.
fn open_plain(file: &Path, shared: &Shared, terminal: &Terminal) -> anyhow::Result<Network> {
    let weights = check_file(file)
        .map_err(anyhow::Error::from)
        .and_then(|()| Ok(weights::read(file)?))
        .with_context(|| format!("the weights {} cannot be used for conv", file.display()))?;
    if weights.info().convolution != Convolution::Plain {
        bail!(
            "conv cannot use the weights {}: they are of a network with partial convolutions; use pconv=FILE",
            file.display()
        );
    }
    let device = open_device(shared.device.unwrap_or_default(), terminal)?;
    Ok(Network::load(&weights, &device)?)
}

/// Marches through the holes; only the part of the photo around them is looked at.
fn classical(photo: &Pixels, mask: &Mask, kind: Kind, progress: &dyn Progress) -> Result<Pixels, Cancelled> {
    let method = match kind {
        Kind::NavierStokes => classic::Method::NavierStokes,
        _ => classic::Method::Telea,
    };
    let around = mask
        .hole_bounds()
        .grown_within(CLASSIC_MARGIN_PX, photo.width(), photo.height());
    let mut rgb = photo.rgb(around);
    let hole = holes_in(&mask.crop(around));
    let bytes: Vec<u8> = rgb.iter().map(|value| (value * 255.0).round() as u8).collect();
    let filled = classic::fill(&bytes, &hole, around.width as usize, method, progress)?;
    let pixels = rgb
        .as_chunks_mut::<3>()
        .0
        .iter_mut()
        .zip(filled.as_chunks::<3>().0);
    for ((to, from), _) in pixels.zip(&hole).filter(|(_, hole)| **hole) {
        *to = from.map(|value| f32::from(value) / 255.0);
    }
    let mut result = photo.clone();
    result.set_rgb(around, &rgb);
    Ok(result)
}

/// The crops that a network would see, filled in the same order from patches alone; what is filled counts as known.
fn from_patches(
    photo: &Pixels,
    mask: &Mask,
    strategy: Strategy,
    seed: u64,
    progress: &dyn Progress,
) -> Result<Pixels, Cancelled> {
    let crops = match strategy {
        Strategy::Auto => plan::crops(mask, None),
        Strategy::Whole => plan::whole(mask),
    };
    let (mut result, mut left) = (photo.clone(), mask.clone());
    for crop in &crops {
        let hole = holes_in(&left.crop(crop.rect));
        let mut rgb = result.rgb(crop.rect);
        let filled = unguided(&rgb, &hole, crop.rect.width as usize, seed, progress)?;
        take_over(crop, &filled, &mut rgb, &mut left);
        result.set_rgb(crop.rect, &rgb);
    }
    Ok(result)
}

/// Copies what the crop is to fill, and marks it as filled.
fn take_over(crop: &Crop, filled: &[f32], rgb: &mut [f32], left: &mut Mask) {
    let (crop_width, mask_width) = (crop.rect.width as usize, left.width() as usize);
    for run in &crop.runs {
        let row = (run.y - crop.rect.y) as usize * crop_width;
        let columns = (run.start - crop.rect.x) as usize..(run.end - crop.rect.x) as usize;
        let values = 3 * (row + columns.start)..3 * (row + columns.end);
        rgb[values.clone()].copy_from_slice(&filled[values]);
        let start = run.y as usize * mask_width;
        left.coverage_mut()[start + run.start as usize..start + run.end as usize].fill(0);
    }
}

fn holes_in(mask: &Mask) -> Vec<bool> {
    let coverage = mask.coverage().iter();
    coverage.map(|&coverage| coverage >= HOLE_THRESHOLD).collect()
}

#[cfg(test)]
mod tests {
    use super::{Choice, Kind};

    #[test]
    fn methods_are_named_with_or_without_weights() {
        let choice: Choice = "pconv=a/b.safetensors".parse().unwrap();
        assert_eq!(choice.kind, Kind::PConv);
        assert!(choice.weights.is_some(), "a file was named");
        assert_eq!("ns".parse(), Ok(Choice::of(Kind::NavierStokes)));
        let again: Choice = "pconv=b/b.safetensors".parse().unwrap();
        let both = [choice, again];
        assert_eq!(both[0].label(&both[..1]), "pconv (b)");
        let labels = both.each_ref().map(|choice| choice.label(&both));
        assert_eq!(labels, ["pconv (a/b.safetensors)", "pconv (b/b.safetensors)"]);
        for wrong in ["lama", "telea=a.safetensors", "conv"] {
            assert!(wrong.parse::<Choice>().is_err(), "{wrong}");
        }
    }
}
