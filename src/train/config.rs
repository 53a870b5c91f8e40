//! What a person may choose about a training run: one struct for the flags, the saved file and the form.
//!
//! The defaults stand in [`Config::default`] and nowhere else. Device and seed are no flags of their own here because
//! the command line shares one of each between all its commands.

use std::{
    convert::Infallible,
    ffi::OsString,
    fmt,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    str::FromStr,
};

use clap::builder::{OsStringValueParser, TypedValueParser as _};
use serde::{Deserialize, Serialize};

use crate::nn::{self, DeviceChoice, loss, unet::Convolution};

/// More threads than any machine has cores only get in each other's way.
const THREADS: RangeInclusive<usize> = 1..=1024;

/// What the network starts from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Start {
    /// The weights in the binary.
    #[default]
    Default,
    /// Random weights after He et al.: nothing learned yet.
    HeInit,
    /// A weights file.
    File(PathBuf),
}

impl FromStr for Start {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.to_owned().into())
    }
}

impl From<String> for Start {
    fn from(text: String) -> Self {
        match text.as_str() {
            "default" => Self::Default,
            "he" => Self::HeInit,
            _ => Self::File(PathBuf::from(text)),
        }
    }
}

impl From<Start> for String {
    fn from(start: Start) -> Self {
        start.to_string()
    }
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::HeInit => f.write_str("he"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Which of the paper's two stages to train.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Everything learns; batch norm follows the batches.
    One,
    /// Fine-tuning: the encoder's batch norm is frozen, at the lower rate.
    Two,
    /// The first, then the second for the last share of the run.
    #[default]
    Both,
}

/// How the rate of a stage goes on from its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decay {
    /// It stays, as in the paper.
    None,
    /// It falls along half a cosine, where the run has an end: the first stage's to that of the second, the last
    /// stage's to a twentieth.
    #[default]
    Cosine,
}

/// The knobs of [`run`](super::run()).
#[derive(Debug, Clone, PartialEq, clap::Args, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Folder with photos to learn from; subfolders count
    #[arg(long, value_name = "DIR", value_parser = path_parser(), default_value = "", hide_default_value = true)]
    pub photos: PathBuf,

    /// Folder for checkpoints, samples and the finished weights
    #[arg(long, value_name = "DIR", value_parser = path_parser(), default_value = "", hide_default_value = true)]
    pub out: PathBuf,

    /// What to start from: `default` (the built-in weights), `he` (nothing learned yet) or a weights file
    #[arg(long, value_name = "default|he|FILE", default_value_t = Self::default().start)]
    pub start: Start,

    /// Channels of the first level, where training starts from nothing
    #[arg(long, value_name = "N", default_value_t = Self::default().base_width)]
    pub base_width: usize,

    /// Times that the picture is halved, where training starts from nothing
    #[arg(long, value_name = "N", default_value_t = Self::default().levels)]
    pub levels: usize,

    /// Partial convolutions, or the same network with plain ones (the paper's comparison; cannot fill photos)
    #[arg(long, value_enum, value_name = "KIND", default_value_t = Self::default().convolution)]
    pub convolution: Convolution,

    /// Feature network of the losses: a VGG-16 or VGG-19 (safetensors, torchvision's names) [default: built-in]
    #[arg(long, value_name = "FILE")]
    pub features: Option<PathBuf>,

    /// Folder with masks to take holes from [default: made up]
    #[arg(long, value_name = "DIR")]
    pub holes: Option<PathBuf>,

    /// Side of the squares that are trained on, in pixels
    #[arg(long, value_name = "PX", default_value_t = Self::default().side)]
    pub side: u32,

    /// Squares per step
    #[arg(long, value_name = "N", default_value_t = Self::default().batch)]
    pub batch: u32,

    /// Which stages to train; `both` fine-tunes at the end
    #[arg(long, value_enum, value_name = "STAGE", default_value_t = Self::default().stage)]
    pub stage: Stage,

    /// Learning rate of stage one
    #[arg(long, value_name = "RATE", default_value_t = Self::default().learning_rate)]
    pub learning_rate: f64,

    /// Learning rate of stage two
    #[arg(long, value_name = "RATE", default_value_t = Self::default().fine_tune_rate)]
    pub fine_tune_rate: f64,

    /// Weight of the perceptual loss; with the paper's 0.05 it has no say from good weights
    #[arg(long, value_name = "WEIGHT", default_value_t = Self::default().perceptual_weight)]
    pub perceptual_weight: f64,

    /// Weight of the style loss; the paper's 120 asks for texture, which a removal takes from the photo itself
    #[arg(long, value_name = "WEIGHT", default_value_t = Self::default().style_weight)]
    pub style_weight: f64,

    /// Steps over which the rate grows to its full size: the first gradients say little about how far to go
    #[arg(long, value_name = "N", default_value_t = Self::default().warm_up_steps)]
    pub warm_up_steps: u64,

    /// How the rates go on: `cosine` falls towards the end of the run, `none` is the paper's
    #[arg(long, value_enum, value_name = "KIND", default_value_t = Self::default().decay)]
    pub decay: Decay,

    /// Share of the run that is stage two, where both are trained
    #[arg(long, value_name = "0..1", default_value_t = Self::default().fine_tune_share)]
    pub fine_tune_share: f64,

    /// End after this time of training, pauses not counted
    #[arg(long, value_name = "MIN")]
    pub minutes: Option<f64>,

    /// End after this many steps [default without --minutes: until it is stopped]
    #[arg(long, value_name = "N")]
    pub steps: Option<u64>,

    /// Where every random draw starts.
    #[arg(skip)]
    pub seed: u64,

    /// At most this many photos are never trained on but measured; of few photos at most a quarter
    #[arg(long, value_name = "N", default_value_t = Self::default().held_out)]
    pub held_out: u32,

    /// How much of the averaged weights stays per step; 0 = no averaging
    #[arg(long, value_name = "0..1", default_value_t = Self::default().ema)]
    pub ema: f64,

    /// Longest gradient, over all weights together; 0 = no limit
    #[arg(long, value_name = "NORM", default_value_t = Self::default().clip_norm)]
    pub clip_norm: f64,

    /// Seconds between checkpoints
    #[arg(long, value_name = "S", default_value_t = Self::default().checkpoint_every_s)]
    pub checkpoint_every_s: f64,

    /// Checkpoints to keep; the best weights are kept besides
    #[arg(long, value_name = "N", default_value_t = Self::default().keep_checkpoints)]
    pub keep_checkpoints: usize,

    /// Steps between measurements on the held-out photos
    #[arg(long, value_name = "N", default_value_t = Self::default().evaluate_every_steps)]
    pub evaluate_every_steps: u64,

    /// Seconds between sample pictures
    #[arg(long, value_name = "S", default_value_t = Self::default().sample_every_s)]
    pub sample_every_s: f64,

    /// Where it runs.
    #[arg(skip)]
    pub device: DeviceChoice,

    /// Processor threads [default: all]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            photos: PathBuf::new(),
            out: PathBuf::new(),
            start: Start::Default,
            base_width: nn::Config::HALF.base_width,
            levels: nn::Config::HALF.levels,
            convolution: Convolution::Partial,
            features: None,
            holes: None,
            side: 256,
            batch: 4,
            stage: Stage::Both,
            learning_rate: 2e-4,
            fine_tune_rate: 5e-5,
            perceptual_weight: 0.5,
            style_weight: 2.0,
            warm_up_steps: 100,
            decay: Decay::Cosine,
            fine_tune_share: 0.25,
            minutes: None,
            steps: None,
            seed: 0,
            held_out: 8,
            ema: 0.999,
            clip_norm: 5.0,
            checkpoint_every_s: 300.0,
            keep_checkpoints: 3,
            evaluate_every_steps: 50,
            sample_every_s: 60.0,
            device: DeviceChoice::Auto,
            threads: None,
        }
    }
}

impl Config {
    /// Sides that can be trained on, in pixels.
    pub const SIDES: RangeInclusive<u32> = 32..=1024;
    /// Squares per step that can be chosen.
    pub const BATCHES: RangeInclusive<u32> = 1..=256;

    /// The balance of the losses.
    pub const fn loss(&self) -> loss::Weights {
        loss::Weights {
            perceptual: self.perceptual_weight,
            style: self.style_weight,
            ..loss::Weights::PAPER
        }
    }

    /// The first value that makes no sense, in words that name the flag, or `None`.
    pub fn problem(&self) -> Option<String> {
        self.folder_problem().or_else(|| self.values_problem())
    }

    /// The same without the folders, which are chosen last.
    pub fn values_problem(&self) -> Option<String> {
        let subjects = [
            Self::size_problem,
            Self::rate_problem,
            Self::length_problem,
            Self::rhythm_problem,
        ];
        subjects.into_iter().find_map(|problem| problem(self))
    }

    fn folder_problem(&self) -> Option<String> {
        let is_named = |path: &Path| !path.as_os_str().is_empty();
        first([
            (is_named(&self.photos), "--photos: name a folder with photos"),
            (is_named(&self.out), "--out: name a folder for the results"),
        ])
    }

    fn size_problem(&self) -> Option<String> {
        let Self {
            base_width,
            levels,
            side,
            batch,
            ..
        } = *self;
        first([
            (
                nn::Config::BASE_WIDTHS.contains(&base_width),
                format!(
                    "--base-width: {base_width} is not within {}",
                    span(&nn::Config::BASE_WIDTHS)
                ),
            ),
            (
                nn::Config::LEVELS.contains(&levels),
                format!("--levels: {levels} is not within {}", span(&nn::Config::LEVELS)),
            ),
            (
                Self::SIDES.contains(&side),
                format!("--side: {side} is not within {}", span(&Self::SIDES)),
            ),
            (
                Self::BATCHES.contains(&batch),
                format!("--batch: {batch} is not within {}", span(&Self::BATCHES)),
            ),
        ])
    }

    fn rate_problem(&self) -> Option<String> {
        let rate = |flag, rate: f64| {
            let is_good = rate > 0.0 && rate <= 1.0;
            let problem = format!("{flag}: it must be above 0 and at most 1, which {rate} is not");
            (is_good, problem)
        };
        let share = |flag, share: f64| {
            let is_good = (0.0..1.0).contains(&share);
            (is_good, format!("{flag}: {share} is not from 0 to below 1"))
        };
        let weight = |flag, weight: f64| {
            let is_good = weight >= 0.0 && weight.is_finite();
            (is_good, format!("{flag}: {weight} is no weight"))
        };
        first([
            rate("--learning-rate", self.learning_rate),
            rate("--fine-tune-rate", self.fine_tune_rate),
            share("--fine-tune-share", self.fine_tune_share),
            share("--ema", self.ema),
            weight("--perceptual-weight", self.perceptual_weight),
            weight("--style-weight", self.style_weight),
            (
                self.clip_norm >= 0.0 && self.clip_norm.is_finite(),
                format!("--clip-norm: {} is no length; 0 sets no limit", self.clip_norm),
            ),
        ])
    }

    fn length_problem(&self) -> Option<String> {
        first([
            (
                self.minutes.is_none_or(is_span),
                "--minutes: it must be a number above 0".to_owned(),
            ),
            (self.steps != Some(0), "--steps: 0 steps train nothing".to_owned()),
            (
                self.threads.is_none_or(|threads| THREADS.contains(&threads)),
                format!("--threads: it takes {}", span(&THREADS)),
            ),
        ])
    }

    fn rhythm_problem(&self) -> Option<String> {
        first([
            (
                is_span(self.checkpoint_every_s),
                "--checkpoint-every-s: it must be a number above 0",
            ),
            (
                is_span(self.sample_every_s),
                "--sample-every-s: it must be a number above 0",
            ),
            (self.keep_checkpoints > 0, "--keep-checkpoints: keep at least 1"),
            (
                self.evaluate_every_steps > 0,
                "--evaluate-every-steps: it must be above 0",
            ),
        ])
    }
}

/// Whether it is a time that passes and ends.
fn is_span(time: f64) -> bool {
    time > 0.0 && time.is_finite()
}

fn span<T: fmt::Display>(range: &RangeInclusive<T>) -> String {
    format!("{} to {}", range.start(), range.end())
}

/// What is said of the first check that fails.
fn first<const N: usize>(checks: [(bool, impl Into<String>); N]) -> Option<String> {
    let failed = checks.into_iter().find(|(is_good, _)| !is_good);
    failed.map(|(_, problem)| problem.into())
}

/// Takes any path, also none: whether one is needed is known only when file and flags are put together.
fn path_parser() -> impl clap::builder::TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(|text: OsString| PathBuf::from(text))
}

#[cfg(test)]
mod tests {
    use super::{Config, Start};

    #[test]
    fn a_file_without_a_field_takes_its_default_and_start_is_one_word() {
        let config: Config = serde_json::from_str(r#"{"start": "he", "photos": "p", "out": "o"}"#).unwrap();
        assert_eq!(config.start, Start::HeInit);
        assert_eq!(config.batch, Config::default().batch);
        assert_eq!(config.problem(), None);
        let text = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<Config>(&text).unwrap(), config);
    }

    #[test]
    fn values_that_make_no_sense_are_named_by_their_flag() {
        let good = Config {
            photos: "p".into(),
            out: "o".into(),
            ..Config::default()
        };
        let problem = |change: fn(&mut Config)| {
            let mut config = good.clone();
            change(&mut config);
            config.problem().unwrap_or_default()
        };
        assert_eq!(good.problem(), None);
        assert!(problem(|config| config.batch = 0).starts_with("--batch"), "batch");
        assert!(
            problem(|config| config.learning_rate = f64::NAN).starts_with("--learning-rate"),
            "rate"
        );
        assert!(
            problem(|config| config.style_weight = -1.0).starts_with("--style-weight"),
            "weight"
        );
        assert!(
            problem(|config| config.photos.clear()).starts_with("--photos"),
            "photos"
        );
        assert!(problem(|config| config.ema = 1.0).starts_with("--ema"), "share");
        assert!(
            problem(|config| config.keep_checkpoints = 0).starts_with("--keep-checkpoints"),
            "rhythm"
        );
        assert!(
            problem(|config| config.minutes = Some(f64::NAN)).starts_with("--minutes"),
            "length"
        );
        for change in [
            (|config| config.minutes = Some(f64::INFINITY)) as fn(&mut Config),
            |config| config.clip_norm = f64::INFINITY,
            |config| config.sample_every_s = f64::INFINITY,
            |config| config.checkpoint_every_s = f64::INFINITY,
            |config| config.perceptual_weight = f64::INFINITY,
        ] {
            assert!(!problem(change).is_empty(), "what never ends");
        }
        assert!(problem(|config| config.levels = 3).contains("5 to 8"), "levels");
    }
}
