//! What a person waits for with nothing to look at is cheap for large photos too.
//!
//! Judged by the time that one thread had on a processor: other programs and other tests beside it do not count. The
//! limits hold for the build that `cargo test` makes (opt-level 1). They are about six times what was measured on a core
//! of an AMD EPYC, for machines that are slower.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::Arc;

use lacuna::{
    document::{Brush, Document},
    imaging::{Channels, Mask, Pixels, Rect, Samples},
    inpaint::plan,
};
use rustix::time::{ClockId, clock_gettime};

/// Runs `work` on one thread, and gives the processor time in seconds with what came out.
fn timed<T: Send>(work: impl FnOnce() -> T + Send) -> (f64, T) {
    let now = || {
        let now = clock_gettime(ClockId::ThreadCPUTime);
        now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    pool.install(|| {
        let before = now();
        let made = work();
        (now() - before, made)
    })
}

/// A frame has 16 ms, and painting may take half of it; the slowest segment took 1.4 ms.
#[test]
fn a_segment_of_a_wide_brush_takes_at_most_half_a_frame_on_24_megapixels() {
    let samples = Samples::U8(vec![90; 6000 * 4000]);
    let photo = Pixels::new(6000, 4000, Channels::Gray, samples).unwrap();
    let mut editor = Document::new(Arc::new(photo));
    let wide = Brush {
        diameter_px: 300.0,
        hardness: 0.5,
        erase: false,
    };
    editor.begin_stroke(wide, [1000.0, 1000.0]);
    let mut slowest = 0.0_f64;
    for step in 1..=60 {
        let point = [1000.0 + 40.0 * step as f32, 1000.0 + 25.0 * step as f32];
        let (seconds, changed) = timed(|| editor.extend_stroke(point));
        assert!(!changed.is_empty(), "it paints");
        slowest = slowest.max(seconds);
    }
    assert!(slowest < 0.008, "{:.1} ms", 1000.0 * slowest);
}

/// It took 0.1 s, as long as it takes to look at 100 MB.
#[test]
fn a_plan_for_a_hundred_megapixels_takes_less_than_a_second() {
    let (width, height) = (11_600, 8700);
    let mut mask = Mask::empty(width, height);
    let mut paint = |x: u32, y: u32, columns: u32| {
        let start = (y * width + x) as usize;
        mask.coverage_mut()[start..start + columns as usize].fill(255);
    };
    (1000..2800).for_each(|y| paint(1000, y, 2500));
    for x in 0..width {
        (0..20).for_each(|row| paint(x, 4000 + x / 4 + row, 1));
    }
    let (seconds, plan) = timed(|| plan::crops(&mask));
    assert!(seconds < 0.6, "{seconds:.2} s");
    assert!(plan.len() < 30, "{} crops", plan.len());
}

/// Between them lies nothing that could grow.
#[test]
fn growing_two_specks_in_the_corners_of_a_hundred_megapixels() {
    let (width, height) = (11_600, 8700);
    let mut mask = Mask::empty(width, height);
    let last = mask.coverage().len() - 1;
    for at in [0, last] {
        mask.coverage_mut()[at] = 255;
    }
    let (seconds, changed) = timed(|| mask.grow(8.0));
    eprintln!("grown in {seconds:.2} s");
    assert_eq!(
        (changed, mask.hole_count()),
        (Rect::new(0, 0, width, height), 2 * 58)
    );
    // A look at every pixel takes 0.15 s; distances for every pixel would take ten times as long.
    assert!(seconds < 0.8, "{seconds:.2} s");
}

/// What is far from the edge needs no distance.
#[test]
fn feathering_a_hole_of_24_megapixels() {
    let mut mask = Mask::empty(6400, 4400);
    let hole = Mask::new(6000, 4000, vec![255; 24_000_000]).unwrap();
    mask.paste(&hole, 200, 200);
    for feather_px in [0.0, 6.0] {
        let (seconds, weights) = timed(|| mask.feather_weights(feather_px, mask.bounds()));
        eprintln!("feathered by {feather_px} in {seconds:.2} s");
        assert_eq!(weights[2200 * 6400 + 3200], 255);
        // 0.07 s and 0.16 s; distances for every pixel would take 0.6 s.
        assert!(seconds < 0.4, "{seconds:.2} s");
    }
}
