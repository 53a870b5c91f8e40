//! Whoever waits for a removal sees where it stands and can stop it at any time: how long the work between two reports
//! is, what is still done after a cancellation, and whether the bar shows how much is done.
//!
//! All of it is judged by the time that this process had on the processors, as a share of the whole removal: other
//! programs beside it, and how it was compiled, then matter little. With all stages of a large hole, a second pass over
//! the crop without a report is found.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "support/tiny_network.rs"]
mod tiny_network;

use std::sync::{Mutex, MutexGuard, PoisonError};

use lacuna::{
    imaging::{Channels, Mask, Pixels, Rect, Samples},
    inpaint::{Options, Request, remove_candidates},
    nn::{Network, weights},
    progress::{Cancelled, Progress},
};
use rustix::time::{ClockId, clock_gettime};

/// Side of the hole: large enough that a pass over its surroundings is more than a report is due for.
const SIDE: u32 = 700;
/// Most of all work between two reports, and after a cancellation: one pass over the crop is more, at any size.
const LONGEST: f64 = 0.025;
/// Reports that threads may still make before they learn of a cancellation.
const REPORTS_AFTER: usize = 64;

/// Time that this process had on all processors together, in seconds.
fn processor_seconds() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// One removal at a time: they all count in the same clock.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A report: when it was made, in which phase, and how full the bar was.
#[derive(Clone, Debug)]
struct Report {
    at: f64,
    stage: String,
    fraction: f64,
}

/// Takes notes, and cancels from the report number `cancel_at` on.
struct Notes {
    reports: Mutex<Vec<Report>>,
    cancel_at: usize,
}

impl Notes {
    fn new(cancel_at: usize) -> Self {
        let first = Report {
            at: processor_seconds(),
            stage: String::new(),
            fraction: 0.0,
        };
        Self {
            reports: Mutex::new(vec![first]),
            cancel_at,
        }
    }

    /// A report; what it does not say is as before.
    fn note(&self, stage: Option<&str>, fraction: Option<f64>) -> Result<(), Cancelled> {
        let mut reports = self.reports.lock().unwrap();
        let last = reports.last().unwrap();
        let stage = stage.map_or_else(|| last.stage.clone(), str::to_owned);
        let fraction = fraction.unwrap_or(last.fraction);
        let at = processor_seconds();
        reports.push(Report { at, stage, fraction });
        if reports.len() > self.cancel_at {
            Err(Cancelled)
        } else {
            Ok(())
        }
    }
}

impl Progress for Notes {
    fn stage(&self, name: &str) -> Result<(), Cancelled> {
        self.note(Some(name), Some(0.0))
    }

    fn step(&self, done: u64, total: u64) -> Result<(), Cancelled> {
        assert!(done <= total, "{done} of {total}");
        self.note(None, Some(done as f64 / total as f64))
    }

    fn check(&self) -> Result<(), Cancelled> {
        self.note(None, None)
    }

    fn notice(&self, _text: &str) {}
}

/// Removes a square of [`SIDE`] pixels from a wall of bricks. The reports, with one more at the end, and whether it was
/// done.
fn removed(notes: &Notes) -> (Vec<Report>, bool) {
    let file = weights::parse(&tiny_network::weights(), "tiny".to_owned()).unwrap();
    let network = Network::load(&file, &candle_core::Device::Cpu).unwrap();
    let (width, height) = (6 * SIDE, 4 * SIDE);
    let brick = |x: u32, y: u32| ((x / 40 + (y / 24 % 2) * 20) % 7 * 13 + y / 24 % 5 * 9) as u8;
    let sample = |index: u32| {
        let (x, y) = (index / 3 % width, index / 3 / width);
        let is_mortar = x % 40 < 4 || y % 24 < 4;
        let noise = (index.wrapping_mul(2_654_435_761) >> 28) as u8;
        noise + if is_mortar { 150 } else { 40 + brick(x, y) }
    };
    let samples = (0..3 * width * height).map(sample).collect();
    let photo = Pixels::new(width, height, Channels::Rgb, Samples::U8(samples)).unwrap();
    let mut mask = Mask::empty(width, height);
    let hole = Rect::new(2 * SIDE, SIDE, SIDE, SIDE);
    for y in hole.y..hole.bottom() {
        let start = (y * width + hole.x) as usize;
        mask.coverage_mut()[start..start + SIDE as usize].fill(255);
    }
    let request = Request {
        photo: &photo,
        mask: &mask,
        keep_out: None,
    };
    notes.reports.lock().unwrap()[0].at = processor_seconds();
    let is_done = remove_candidates(&request, &network, &Options::default(), notes).is_ok();
    let mut reports = notes.reports.lock().unwrap().clone();
    reports.push(Report {
        at: processor_seconds(),
        ..reports.last().unwrap().clone()
    });
    (reports, is_done)
}

fn seconds(reports: &[Report]) -> f64 {
    reports.last().unwrap().at - reports[0].at
}

#[test]
fn little_is_done_between_two_reports() {
    let _alone = alone();
    let (reports, is_done) = removed(&Notes::new(usize::MAX));
    assert!(is_done, "nobody cancels");
    let all = seconds(&reports);
    for pair in reports.windows(2) {
        let share = (pair[1].at - pair[0].at) / all;
        assert!(
            share < LONGEST,
            "{:.1} % of {all:.2} s without a report, before {:?}",
            100.0 * share,
            pair[1]
        );
    }
}

#[test]
fn a_cancelled_removal_ends_within_few_reports_wherever_it_is() {
    let _alone = alone();
    let (all, _) = removed(&Notes::new(usize::MAX));
    for place in [0.02, 0.21, 0.37, 0.55, 0.68, 0.83, 0.97] {
        let cancel_at = (place * all.len() as f64) as usize;
        let (reports, is_done) = removed(&Notes::new(cancel_at));
        assert!(!is_done, "cancelled at report {cancel_at} of {}", all.len());
        let after = &reports[cancel_at..];
        assert!(
            after.len() <= REPORTS_AFTER,
            "{} reports after {:?}",
            after.len(),
            after[0]
        );
        let share = seconds(after) / seconds(&all);
        assert!(share < LONGEST, "{:.1} % after {:?}", 100.0 * share, after[0]);
    }
}

#[test]
fn the_bar_never_goes_back_and_is_full_at_the_end_and_not_before() {
    let _alone = alone();
    let (reports, _) = removed(&Notes::new(usize::MAX));
    let filling: Vec<Report> = reports
        .into_iter()
        .skip_while(|report| report.stage != "Filling")
        .collect();
    assert!(
        filling
            .windows(2)
            .all(|pair| pair[0].fraction <= pair[1].fraction),
        "the bar goes back"
    );
    assert_eq!(filling.last().unwrap().fraction, 1.0);
    // The network of this test does nothing in no time: the second half of the bar is all detail.
    let half: Vec<Report> = filling
        .into_iter()
        .skip_while(|report| report.fraction < 0.5)
        .collect();
    for report in &half {
        let done = (report.at - half[0].at) / seconds(&half);
        let shown = 2.0 * report.fraction - 1.0;
        assert!(
            (shown - done).abs() < 0.25,
            "the bar is at {shown:.2} of its second half when {done:.2} is done"
        );
    }
}
