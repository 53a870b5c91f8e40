//! What a person may choose about a fill: one struct for the command line, saved settings and the panel.
//!
//! The defaults stand in [`Options::default`] and nowhere else. The seed is no flag of its own here because the
//! command line shares one `--seed` between all its commands.

use serde::{Deserialize, Serialize};

use super::{Variation, fill::Looks};

/// How the photo reaches the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// Crops around the holes, at native scale wherever they fit the network.
    #[default]
    Auto,
    /// The photo as it is through the network once: no crop, no resize.
    Whole,
}

/// What becomes of texture finer than the network's scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Detail {
    /// Texture and grain from the photo's own surroundings, guided by the network's fill.
    #[default]
    Auto,
    /// The network's fill alone, scaled up smoothly.
    Off,
}

/// Whether the network looks at a crop once or in several ways, whose answers become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ensemble {
    /// On, except with `--strategy whole`.
    #[default]
    Auto,
    /// In several ways, mirrored and at smaller scales too: five times the work, fewer errors.
    On,
    /// Once only.
    Off,
}

/// More fills than this nobody looks at.
pub const MAX_CANDIDATES: u32 = 8;

/// Nobody comes so far by hand, and no number after it wraps around.
const MAX_ATTEMPT: u32 = 1_000_000;

/// The knobs of [`remove`](super::remove).
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Args, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// What the network sees: crops around the holes, or the whole photo as it is
    #[arg(long, value_enum, value_name = "HOW", default_value_t = Self::default().strategy)]
    pub strategy: Strategy,

    /// Texture and grain from the photo's own surroundings, or the network's fill alone, scaled up smoothly
    #[arg(long, value_enum, value_name = "HOW", default_value_t = Self::default().detail)]
    pub detail: Detail,

    /// Whether the network looks at each part once, or in several ways whose answers become one
    #[arg(long, value_enum, value_name = "HOW", default_value_t = Self::default().ensemble)]
    pub ensemble: Ensemble,

    /// Widen the mask by this many pixels first [default: 0.1 % of the photo's long side, at least 1]
    #[arg(long = "grow", value_name = "PX")]
    pub grow_px: Option<u32>,

    /// Blend fill and photo over this many pixels inside the edge of the widened mask, never more than it was widened
    /// by [default: as much as it was widened by]
    #[arg(long = "feather", value_name = "PX")]
    pub feather_px: Option<u32>,

    /// How much of the surroundings' grain the fill is given, 0 to 100 percent
    #[arg(long, value_name = "PERCENT", default_value_t = Self::default().grain,
          value_parser = clap::value_parser!(u8).range(0..=100))]
    pub grain: u8,

    /// Make this many different fills, 1 to 8, the best first. Of several, all but the first and the fifth let the
    /// network look only once, so that they differ more; of one alone --ensemble decides
    #[arg(long, value_name = "N", default_value_t = Self::default().candidates,
          value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_CANDIDATES)))]
    pub candidates: u32,

    /// Where every random draw of a fill starts. It changes nothing else.
    #[arg(skip)]
    pub seed: u64,

    /// Begin with this attempt: each fill of the same hole is one, counted from 1. After a fill the window's R makes
    /// attempt 2, then 3; after four candidates, 5 to 8. With the same other flags an attempt is always the same fill
    // The number of the first candidate, or of the only fill, counts from 0.
    #[arg(long = "attempt", value_name = "N", default_value = "1", value_parser = attempt)]
    pub first_candidate: u32,
}

/// Attempts count from 1, candidates from 0.
fn attempt(text: &str) -> Result<u32, String> {
    let number = text
        .parse()
        .ok()
        .filter(|number| (1..=MAX_ATTEMPT).contains(number));
    let number = number.ok_or_else(|| format!("it is a number from 1 to {MAX_ATTEMPT}"))?;
    Ok(number - 1)
}

impl Default for Options {
    fn default() -> Self {
        Self {
            strategy: Strategy::default(),
            detail: Detail::default(),
            ensemble: Ensemble::default(),
            grow_px: None,
            feather_px: None,
            grain: 100,
            candidates: 1,
            seed: 0,
            first_candidate: 0,
        }
    }
}

impl Options {
    /// Values from a file that anybody can edit, brought into the ranges of the flags.
    pub(crate) fn into_range(mut self) -> Self {
        self.grain = self.grain.min(100);
        self.candidates = self.candidates.clamp(1, MAX_CANDIDATES);
        self
    }

    /// How candidate `number` of these options is made.
    ///
    /// Several to choose from look once each, but for every fourth, so that they differ as much as they can. One that is made alone (again,
    /// with a later [`Self::first_candidate`]) is the whole answer: it looks in several ways like the first.
    pub(super) const fn variation(&self, number: u32) -> Variation {
        let number = self.first_candidate.wrapping_add(number);
        let is_alone = self.candidates <= 1;
        match self.looks(Variation::of(0)) {
            Looks::Ensemble if is_alone => Variation::of_ensemble(number, self.detail),
            _ => Variation::of(number),
        }
    }

    /// How the network looks at a crop of a fill of this `variation`.
    pub(super) const fn looks(&self, variation: Variation) -> Looks {
        match (variation.is_mirrored, self.ensemble, self.strategy) {
            (true, ..) => Looks::Mirrored,
            _ if variation.is_single => Looks::Plain,
            (false, Ensemble::On, _) | (false, Ensemble::Auto, Strategy::Auto) => Looks::Ensemble,
            (false, Ensemble::Off, _) | (false, Ensemble::Auto, Strategy::Whole) => Looks::Plain,
        }
    }

    /// Pixels to widen the mask of a photo of this size by.
    pub fn grow_px_for(&self, width: u32, height: u32) -> u32 {
        let thousandth = (f64::from(width.max(height)) / 1000.0).round() as u32;
        self.grow_px.unwrap_or(thousandth.max(1))
    }

    /// Outer pixels of the widened mask in which fill and photo blend: never more than it was widened.
    pub fn feather_px_for(&self, width: u32, height: u32) -> u32 {
        let grown = self.grow_px_for(width, height);
        self.feather_px.map_or(grown, |feather| feather.min(grown))
    }
}

#[cfg(test)]
mod tests {
    use super::Options;

    #[test]
    fn the_mask_grows_by_a_thousandth_of_the_long_side_and_at_least_one_pixel() {
        let options = Options::default();
        assert_eq!(options.grow_px_for(4000, 6000), 6);
        assert_eq!(options.grow_px_for(300, 200), 1);
    }

    #[test]
    fn the_feather_never_exceeds_what_was_grown() {
        let options = Options {
            grow_px: Some(3),
            feather_px: Some(9),
            ..Options::default()
        };
        assert_eq!(options.feather_px_for(1000, 1000), 3);
    }

    #[test]
    fn settings_saved_without_a_field_take_its_default() {
        let options: Options = serde_json::from_str(r#"{"strategy":"whole"}"#).unwrap();
        assert_eq!(options.detail, Options::default().detail);
    }
}
