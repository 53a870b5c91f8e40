//! What a person may choose about a training run: one struct for the flags, the saved file and the form.
//!
//! The defaults stand in [`Config::default`] and nowhere else. Device and seed are no flags of their own here because
//! the command line shares one of each between all its commands.

use std::{convert::Infallible, ffi::OsString, fmt, path::PathBuf, str::FromStr};

use clap::builder::{OsStringValueParser, TypedValueParser as _};
use serde::{Deserialize, Serialize};

use crate::nn::{self, DeviceChoice, unet::Convolution};

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

    /// Folder with masks to take holes from [default: they are made up]
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

    /// Photos that are never trained on but measured, at most; few photos hold back a quarter at most
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

    /// Checkpoints to keep, besides the best
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
            fine_tune_share: 0.25,
            minutes: None,
            steps: None,
            seed: 0,
            held_out: 8,
            ema: 0.999,
            clip_norm: 5.0,
            checkpoint_every_s: 300.0,
            keep_checkpoints: 3,
            evaluate_every_steps: 100,
            sample_every_s: 60.0,
            device: DeviceChoice::Auto,
            threads: None,
        }
    }
}

impl Config {
    /// Sides that can be trained on, in pixels.
    pub const SIDES: std::ops::RangeInclusive<u32> = 32..=1024;
    /// Squares per step that can be chosen.
    pub const BATCHES: std::ops::RangeInclusive<u32> = 1..=256;

    /// The first value that makes no sense, in words that name the flag, or `None`.
    pub fn problem(&self) -> Option<String> {
        let is_rate = |rate: f64| rate > 0.0 && rate <= 1.0;
        let is_share = |share: f64| (0.0..1.0).contains(&share);
        let is_time = |seconds: f64| seconds > 0.0;
        let size = nn::Config {
            base_width: self.base_width,
            levels: self.levels,
        };
        let checks = [
            (
                !self.photos.as_os_str().is_empty(),
                "--photos: name a folder with photos".to_owned(),
            ),
            (
                !self.out.as_os_str().is_empty(),
                "--out: name a folder for the results".to_owned(),
            ),
            (
                size.is_supported(),
                format!(
                    "--base-width and --levels: {} and {} cannot be built",
                    self.base_width, self.levels
                ),
            ),
            (
                Self::SIDES.contains(&self.side),
                format!("--side: {} is not within 32 to 1024", self.side),
            ),
            (
                Self::BATCHES.contains(&self.batch),
                format!("--batch: {} is not within 1 to 256", self.batch),
            ),
            (
                is_rate(self.learning_rate),
                format!("--learning-rate: {} is not within 0 to 1", self.learning_rate),
            ),
            (
                is_rate(self.fine_tune_rate),
                format!("--fine-tune-rate: {} is not within 0 to 1", self.fine_tune_rate),
            ),
            (
                is_share(self.fine_tune_share),
                format!(
                    "--fine-tune-share: {} is not from 0 to below 1",
                    self.fine_tune_share
                ),
            ),
            (
                is_share(self.ema),
                format!("--ema: {} is not from 0 to below 1", self.ema),
            ),
            (
                self.clip_norm >= 0.0,
                format!("--clip-norm: {} is below 0", self.clip_norm),
            ),
            (
                self.minutes.is_none_or(is_time),
                "--minutes: no time is left to train in".to_owned(),
            ),
            (self.steps != Some(0), "--steps: 0 steps train nothing".to_owned()),
            (
                is_time(self.checkpoint_every_s),
                "--checkpoint-every-s: it must be above 0".to_owned(),
            ),
            (
                is_time(self.sample_every_s),
                "--sample-every-s: it must be above 0".to_owned(),
            ),
            (
                self.keep_checkpoints > 0,
                "--keep-checkpoints: keep at least 1".to_owned(),
            ),
            (
                self.evaluate_every_steps > 0,
                "--evaluate-every-steps: it must be above 0".to_owned(),
            ),
            (
                self.threads != Some(0),
                "--threads: it takes at least 1".to_owned(),
            ),
        ];
        checks
            .into_iter()
            .find_map(|(is_good, problem)| (!is_good).then_some(problem))
    }
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
            problem(|config| config.photos.clear()).starts_with("--photos"),
            "photos"
        );
    }
}
