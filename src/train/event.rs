//! What a training run tells while it goes on: plain values, one JSON object each.
//!
//! JSON has no word for a number that is none. Where a loss went wrong, `null` stands in the line, and it is NaN again
//! when the line is read.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize};

/// Something that happened in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Everything is loaded; steps begin.
    Started {
        /// Photos that are trained on.
        photos: usize,
        /// Photos that are only measured on.
        held_out: usize,
        /// Files that were passed over.
        skipped: usize,
        /// Numbers that are learned.
        parameters: usize,
        /// Name of the device.
        device: String,
        /// Name of the feature network.
        features: String,
        /// Steps already made, when resumed.
        start_step: u64,
        /// Memory that it should take.
        estimate_memory_mib: f64,
    },
    /// Steps were made. Averages are over those since the last such event.
    Step {
        /// Steps made in all.
        step: u64,
        /// The stage of the last step.
        stage: Phase,
        /// Squares trained on per second.
        images_per_s: f64,
        /// Seconds until the end, where there is one.
        seconds_left: Option<f64>,
        /// How much of the run is done, 0 to 1; 0 where it has no end.
        progress: f64,
        /// The losses.
        loss: LossValues,
        /// The learning rate of the last step.
        rate: f64,
        /// Memory of the GPU that is in use, by whatever program, where the device tells.
        #[serde(default)]
        device_memory_mib: Option<f64>,
    },
    /// The held-out photos were measured, with the averaged weights.
    HeldOut {
        /// Steps made in all.
        step: u64,
        /// The total loss.
        #[serde(deserialize_with = "number_or_nan")]
        loss: f64,
        /// Of the whole picture, in decibels, mean over the photos.
        #[serde(deserialize_with = "number_or_nan")]
        psnr: f64,
        /// The same of the weights that the run started from.
        old_psnr: Option<f64>,
        /// Whether no earlier loss was lower.
        is_best: bool,
    },
    /// Held-out photos as the network fills them now.
    Samples {
        /// Steps made in all.
        step: u64,
        /// Side of every picture, in pixels.
        side: u32,
        /// The pictures; not part of the JSON.
        #[serde(skip)]
        pictures: Vec<Sample>,
        /// All of them in one PNG: photo, photo with hole, and fill beside each other.
        path: PathBuf,
    },
    /// A checkpoint was written.
    Checkpoint {
        /// Steps made in all.
        step: u64,
        /// Where it lies.
        path: PathBuf,
        /// Whether the held-out loss was never lower when it was measured last.
        is_best: bool,
    },
    /// Something the person should know although the run goes on.
    Notice {
        /// What.
        text: String,
    },
    /// Steps wait; the model stays loaded.
    Paused,
    /// Steps go on.
    Resumed,
    /// The run is over and everything is written.
    Finished {
        /// Why it ended.
        reason: Reason,
        /// Steps made in all.
        step: u64,
        /// The finished weights.
        weights: PathBuf,
        /// Old against new weights, where there are held-out photos.
        report: Option<Comparison>,
    },
}

/// The stage that a step belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Everything learns.
    One,
    /// The encoder's batch norm is frozen.
    Two,
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// All steps or minutes are done.
    Complete,
    /// [`Control::stop`](super::Control::stop).
    Stopped,
    /// The receiver of progress cancelled.
    Cancelled,
    /// The loss was no number again and again.
    Diverged,
}

/// The losses of the paper, without their weights; only `total` is weighted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct LossValues {
    /// The weighted sum.
    #[serde(deserialize_with = "number_or_nan")]
    pub total: f64,
    /// L1 at valid pixels.
    #[serde(deserialize_with = "number_or_nan")]
    pub valid: f64,
    /// L1 in holes.
    #[serde(deserialize_with = "number_or_nan")]
    pub hole: f64,
    /// L1 of features.
    #[serde(deserialize_with = "number_or_nan")]
    pub perceptual: f64,
    /// L1 of the features' correlations, of output and composite together.
    #[serde(deserialize_with = "number_or_nan")]
    pub style: f64,
    /// Total variation in and around holes.
    #[serde(deserialize_with = "number_or_nan")]
    pub tv: f64,
}

/// A held-out photo as the network sees and fills it: `side` × `side` × RGB, 8 bits each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The photo.
    pub photo: Vec<u8>,
    /// The photo with its hole in grey.
    pub holed: Vec<u8>,
    /// The photo with its hole filled.
    pub fill: Vec<u8>,
}

/// The weights a run started from against those it made, on the held-out photos.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Photos that were measured.
    pub photos: usize,
    /// Side of the squares, in pixels.
    pub side: u32,
    /// One row per hole-to-image bucket.
    pub buckets: Vec<BucketScore>,
}

impl Comparison {
    /// Mean PSNR over the buckets, old and new.
    pub fn mean_psnr(&self) -> (f64, f64) {
        self.mean(|score| score.psnr)
    }

    /// Mean perceptual distance over the buckets, old and new.
    pub fn mean_perceptual(&self) -> (f64, f64) {
        self.mean(|score| score.perceptual)
    }

    /// Whether the new weights are behind in PSNR without looking more natural.
    pub fn is_worse(&self) -> bool {
        let ((old_psnr, new_psnr), (old_distance, new_distance)) = (self.mean_psnr(), self.mean_perceptual());
        let looks_better = new_distance < old_distance;
        new_psnr < old_psnr && !looks_better
    }

    fn mean(&self, number: impl Fn(&Score) -> f64) -> (f64, f64) {
        let count = self.buckets.len().max(1) as f64;
        let mean = |of: fn(&BucketScore) -> &Score| {
            self.buckets.iter().map(|row| number(of(row))).sum::<f64>() / count
        };
        (mean(|row| &row.old), mean(|row| &row.new))
    }
}

/// Old and new weights in one hole-to-image bucket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BucketScore {
    /// Share of the picture that is hole: above this.
    pub above: f64,
    /// Up to this.
    pub up_to: f64,
    /// The weights that the run started from.
    pub old: Score,
    /// The weights that it made.
    pub new: Score,
}

/// How close composites come to their photos, mean over the photos.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Mean absolute difference, in percent of the range.
    #[serde(deserialize_with = "number_or_nan")]
    pub l1_percent: f64,
    /// Decibels, over the whole picture.
    #[serde(deserialize_with = "number_or_nan")]
    pub psnr: f64,
    /// Distance on the feature network that the run was judged by; NaN in what older runs told.
    #[serde(default = "nan", deserialize_with = "number_or_nan")]
    pub perceptual: f64,
}

const fn nan() -> f64 {
    f64::NAN
}

/// `null` is a number that is none.
fn number_or_nan<'de, D: Deserializer<'de>>(json: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(json)?.unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{BucketScore, Comparison, Event, LossValues, Phase, Reason, Score};

    /// Every event that holds a measured number, with `value` in its place.
    fn events(value: f64) -> [Event; 3] {
        let score = Score {
            l1_percent: value,
            psnr: value,
            perceptual: value,
        };
        [
            Event::Step {
                step: 7,
                stage: Phase::Two,
                images_per_s: 2.5,
                seconds_left: None,
                progress: 0.5,
                loss: LossValues {
                    total: value,
                    valid: value,
                    hole: value,
                    perceptual: value,
                    style: value,
                    tv: value,
                },
                rate: 2e-4,
                device_memory_mib: Some(2048.0),
            },
            Event::HeldOut {
                step: 7,
                loss: value,
                psnr: value,
                old_psnr: Some(21.5),
                is_best: false,
            },
            Event::Finished {
                reason: Reason::Diverged,
                step: 7,
                weights: PathBuf::from("w"),
                report: Some(Comparison {
                    photos: 1,
                    side: 64,
                    buckets: vec![BucketScore {
                        above: 0.01,
                        up_to: 0.1,
                        old: score,
                        new: score,
                    }],
                }),
            },
        ]
    }

    #[test]
    fn losses_that_are_no_numbers_are_null_in_a_line_and_come_back_from_it() {
        for value in [f64::NAN, f64::INFINITY] {
            // NaN equals nothing, itself included: what is told of both is compared.
            for (event, expected) in events(value).iter().zip(events(f64::NAN)) {
                let line = serde_json::to_string(event).unwrap();
                assert!(line.contains(":null"), "{line}");
                let read: Event = serde_json::from_str(&line).unwrap();
                assert_eq!(format!("{read:?}"), format!("{expected:?}"));
            }
        }
    }

    #[test]
    fn numbers_come_back_from_a_line_bit_for_bit() {
        for event in events(1.0 / 3.0) {
            let line = serde_json::to_string(&event).unwrap();
            assert_eq!(serde_json::from_str::<Event>(&line).unwrap(), event, "{line}");
        }
    }

    #[test]
    fn weights_are_worse_if_they_are_behind_and_look_no_better() {
        let report = |psnr, perceptual| Comparison {
            photos: 1,
            side: 64,
            buckets: vec![BucketScore {
                above: 0.01,
                up_to: 0.1,
                old: Score {
                    l1_percent: 1.0,
                    psnr: 25.0,
                    perceptual: 0.2,
                },
                new: Score {
                    l1_percent: 1.0,
                    psnr,
                    perceptual,
                },
            }],
        };
        assert!(
            report(24.9, 0.2).is_worse() && report(24.9, f64::NAN).is_worse(),
            "behind"
        );
        assert!(!report(25.1, 0.3).is_worse(), "ahead in decibels");
        assert!(!report(24.9, 0.1).is_worse(), "more natural");
    }

    #[test]
    fn a_report_of_a_run_before_there_was_a_perceptual_distance_is_read() {
        let old: Score = serde_json::from_str(r#"{"l1_percent": 1.5, "psnr": 25.0}"#).unwrap();
        assert!(old.psnr == 25.0 && old.perceptual.is_nan(), "{old:?}");
    }
}
