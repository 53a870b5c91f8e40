//! The fill without a network: what happens when memory runs out or the network saw nothing.

use std::sync::Mutex;

use super::Filler;
use crate::{
    imaging::{Channels, Mask, Pixels, Rect, Samples},
    inpaint::{Detail, Ensemble, Error, Options, Strategy, apply_all, changed_outside, remove_with},
    nn::{Filled, NetworkError},
    progress::{Cancelled, Progress, Silent},
};

/// Fills holes with white, and fails where `fails` says so of (side, on the CPU).
struct FakeFiller {
    fails: fn(usize, bool) -> bool,
    message: &'static str,
    on_cpu: bool,
    sees_nothing: bool,
}

impl FakeFiller {
    const fn failing(fails: fn(usize, bool) -> bool) -> Self {
        Self {
            fails,
            message: "CUDA_ERROR_OUT_OF_MEMORY: out of memory",
            on_cpu: false,
            sees_nothing: false,
        }
    }
}

impl Filler for FakeFiller {
    fn inpaint(
        &self,
        rgb: &[f32],
        valid: &[u8],
        width: usize,
        height: usize,
        progress: &dyn Progress,
    ) -> Result<Filled, NetworkError> {
        for layer in 1..=10 {
            progress.step(layer, 10)?;
        }
        if (self.fails)(width.max(height), self.on_cpu) {
            return Err(NetworkError::Compute {
                device: "CUDA".to_owned(),
                error: candle_core::Error::Msg(self.message.to_owned()),
            });
        }
        let fill = if self.sees_nothing { 0.0 } else { 1.0 };
        let pixels = rgb.chunks_exact(3).zip(valid);
        let rgb = pixels.flat_map(|(rgb, &valid)| {
            if valid == 1 {
                [rgb[0], rgb[1], rgb[2]]
            } else {
                [fill; 3]
            }
        });
        Ok(Filled {
            rgb: rgb.collect(),
            still_hole: valid
                .iter()
                .map(|&valid| self.sees_nothing && valid == 0)
                .collect(),
        })
    }

    fn move_to_cpu(&mut self) -> Result<bool, NetworkError> {
        Ok(!std::mem::replace(&mut self.on_cpu, true))
    }

    fn device_name(&self) -> String {
        if self.on_cpu { "CPU" } else { "CUDA" }.to_owned()
    }
}

#[derive(Default)]
struct Notices(Mutex<Vec<String>>);

/// Cancels once the phase is past `until` steps of a thousand, and keeps all steps.
struct Impatient {
    until: u64,
    steps: Mutex<Vec<u64>>,
}

impl Progress for Impatient {
    fn stage(&self, _name: &str) -> Result<(), Cancelled> {
        self.steps.lock().unwrap().clear();
        Ok(())
    }

    fn step(&self, done: u64, total: u64) -> Result<(), Cancelled> {
        let thousandths = 1000 * done / total;
        self.steps.lock().unwrap().push(thousandths);
        (thousandths <= self.until).then_some(()).ok_or(Cancelled)
    }

    fn check(&self) -> Result<(), Cancelled> {
        Ok(())
    }

    fn notice(&self, _text: &str) {}
}

impl Progress for Notices {
    fn stage(&self, _name: &str) -> Result<(), Cancelled> {
        Ok(())
    }

    fn step(&self, _done: u64, _total: u64) -> Result<(), Cancelled> {
        Ok(())
    }

    fn notice(&self, text: &str) {
        self.0.lock().unwrap().push(text.to_owned());
    }
}

fn gray_photo() -> Pixels {
    Pixels::new(600, 560, Channels::Gray, Samples::U8(vec![100; 600 * 560])).unwrap()
}

fn mask_with(rect: Rect) -> Mask {
    let mut mask = Mask::empty(600, 560);
    for y in rect.y..rect.bottom() {
        let start = (y * 600 + rect.x) as usize;
        mask.coverage_mut()[start..start + rect.width as usize].fill(255);
    }
    mask
}

fn run(filler: &mut FakeFiller, options: &Options) -> (Result<super::super::Removal, Error>, Vec<String>) {
    let notices = Notices::default();
    let mask = mask_with(Rect::new(200, 200, 60, 60));
    let removal = remove_with(&gray_photo(), &mask, filler, options, &notices);
    (removal, notices.0.into_inner().unwrap())
}

#[test]
fn out_of_memory_first_tries_half_the_scale() {
    let options = Options {
        detail: Detail::Off,
        ..Options::default()
    };
    let (removal, notices) = run(&mut FakeFiller::failing(|side, _| side > 256), &options);
    let removal = removal.unwrap();
    assert_eq!(removal.report.crops[0].scale_down, 2);
    assert_eq!(removal.report.device, "CUDA");
    assert_eq!(notices.len(), 1, "{notices:?}");
    let result = apply_all(&gray_photo(), &removal.patches);
    assert_eq!(changed_outside(&gray_photo(), &result, &removal.widened), 0);
    let Samples::U8(samples) = result.samples() else {
        panic!("8 bit stays 8 bit")
    };
    assert_eq!(samples[230 * 600 + 230], 255);
}

#[test]
fn out_of_memory_at_every_scale_goes_on_with_the_cpu_at_the_planned_scale() {
    let (removal, notices) = run(&mut FakeFiller::failing(|_, on_cpu| !on_cpu), &Options::default());
    let report = removal.unwrap().report;
    assert_eq!((report.crops[0].scale_down, report.device.as_str()), (1, "CPU"));
    assert_eq!(notices.len(), 2, "{notices:?}");
    assert!(notices[1].contains("CPU"), "{notices:?}");
}

#[test]
fn the_whole_photo_is_never_scaled_but_moved_to_the_cpu() {
    let options = Options {
        strategy: Strategy::Whole,
        ..Options::default()
    };
    let (removal, notices) = run(&mut FakeFiller::failing(|_, on_cpu| !on_cpu), &options);
    assert_eq!(removal.unwrap().report.crops[0].network_size, (600, 560));
    assert_eq!(notices.len(), 1, "{notices:?}");
}

#[test]
fn out_of_memory_on_the_cpu_and_other_failures_are_errors() {
    let (removal, _) = run(&mut FakeFiller::failing(|_, _| true), &Options::default());
    assert!(
        matches!(removal, Err(Error::Network(_))),
        "memory ran out everywhere"
    );
    let mut broken = FakeFiller {
        message: "illegal instruction",
        ..FakeFiller::failing(|_, _| true)
    };
    let (removal, notices) = run(&mut broken, &Options::default());
    assert!(matches!(removal, Err(Error::Network(_))), "another failure");
    assert_eq!(notices, Vec::<String>::new());
}

#[test]
fn holes_that_the_network_did_not_reach_continue_the_surroundings() {
    let mut filler = FakeFiller {
        sees_nothing: true,
        ..FakeFiller::failing(|_, _| false)
    };
    let (removal, _) = run(&mut filler, &Options::default());
    let result = apply_all(&gray_photo(), &removal.unwrap().patches);
    assert_eq!(result, gray_photo());
}

#[test]
fn a_fill_moves_the_bar_and_can_be_cancelled_within_a_run_of_the_network() {
    let options = Options {
        detail: Detail::Off,
        ..Options::default()
    };
    let run = |until| {
        let progress = Impatient {
            until,
            steps: Mutex::default(),
        };
        let mask = mask_with(Rect::new(200, 200, 60, 60));
        let mut filler = FakeFiller::failing(|_, _| false);
        let removal = remove_with(&gray_photo(), &mask, &mut filler, &options, &progress);
        (removal, progress.steps.into_inner().unwrap())
    };
    let (removal, steps) = run(1000);
    removal.unwrap();
    assert!(
        steps.is_sorted() && steps.last() == Some(&1000),
        "forward, to the end: {steps:?}"
    );
    let mut places = steps;
    places.dedup();
    assert!(places.len() > 10, "one place per layer: {places:?}");
    let (removal, steps) = run(places[5]);
    assert!(matches!(removal, Err(Error::Cancelled(_))), "{steps:?}");
    assert_eq!(steps.last(), Some(&places[6]), "at once: {steps:?}");
}

/// Fills holes with black on the left and white on the right, and counts what it sees by width.
#[derive(Default)]
struct OneSided {
    widths: Mutex<Vec<usize>>,
}

impl Filler for OneSided {
    fn inpaint(
        &self,
        rgb: &[f32],
        valid: &[u8],
        width: usize,
        _height: usize,
        _progress: &dyn Progress,
    ) -> Result<Filled, NetworkError> {
        self.widths.lock().unwrap().push(width);
        let pixels = rgb.chunks_exact(3).zip(valid).enumerate();
        let rgb = pixels.flat_map(|(at, (rgb, &valid))| {
            if valid == 1 {
                [rgb[0], rgb[1], rgb[2]]
            } else {
                [f32::from(u8::from(at % width >= width / 2)); 3]
            }
        });
        Ok(Filled {
            rgb: rgb.collect(),
            still_hole: vec![false; valid.len()],
        })
    }

    fn move_to_cpu(&mut self) -> Result<bool, NetworkError> {
        Ok(false)
    }

    fn device_name(&self) -> String {
        "one-sided".to_owned()
    }
}

/// A white hole on both sides of the middle, and what the network saw.
fn one_sided(options: &Options) -> (Vec<u8>, Vec<usize>) {
    let mut filler = OneSided::default();
    let mask = mask_with(Rect::new(220, 240, 160, 80));
    let options = Options {
        detail: Detail::Off,
        ..*options
    };
    let removal = remove_with(&gray_photo(), &mask, &mut filler, &options, &Silent).unwrap();
    let result = apply_all(&gray_photo(), &removal.patches);
    let Samples::U8(samples) = result.samples() else {
        panic!("8 bit stays 8 bit")
    };
    let row = &samples[280 * 600..281 * 600];
    (vec![row[240], row[360]], filler.widths.into_inner().unwrap())
}

#[test]
fn what_depends_on_the_side_averages_out_and_the_crop_is_seen_at_smaller_scales_too() {
    let (sides, widths) = one_sided(&Options::default());
    assert!(
        sides.iter().all(|side| side.abs_diff(128) <= 1),
        "half of black and white: {sides:?}"
    );
    let seen: Vec<usize> = [1, 2, 4]
        .iter()
        .flat_map(|times| [widths[0] / times; 4])
        .collect();
    assert_eq!(widths, seen, "four ways at each scale");
}

#[test]
fn without_an_ensemble_or_with_the_whole_photo_the_network_looks_once() {
    for options in [
        Options {
            ensemble: Ensemble::Off,
            ..Options::default()
        },
        Options {
            strategy: Strategy::Whole,
            ..Options::default()
        },
    ] {
        let (sides, widths) = one_sided(&options);
        assert_eq!((sides, widths.len()), (vec![0, 255], 1), "{options:?}");
    }
}
