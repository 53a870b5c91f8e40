//! Measures what the canvas costs the window's thread with a photo of 24 megapixels.
//!
//! Not part of the test run, because the numbers depend on the machine: `cargo test --release --test shaders cost --
//! --ignored --nocapture` prints them and fails where a frame of brushing takes too long; while a photo loads, slow
//! drawing may make frames longer on purpose. Drawing itself is left out: a software GPU draws on the processor.

use std::time::{Duration, Instant};

use lacuna::imaging::Rect;

use crate::{pictures::noise, window::Window};

/// What the window's thread may spend on the canvas in a frame.
const FRAME: Duration = Duration::from_millis(8);

#[test]
#[ignore = "a measurement, for a quiet machine"]
fn brushing_takes_under_eight_milliseconds_a_frame_with_24_megapixels() {
    let photo = noise(6000, 4000);
    let mut window = Window::unsettled(1024, 1.0, photo);
    let start = Instant::now();
    window.harness.step();
    window.harness.render().expect("the picture can be drawn");
    eprintln!(
        "first paint after {:?}, software drawing included",
        start.elapsed()
    );
    eprintln!("first frame: {:?} on the window's thread", window.app().spent);

    let loading = frames(&mut window, 2000, |window, _| window.app().canvas.is_loading());
    report("loading", &loading);
    let whole = brushing(&mut window, 0.15);
    report("brushing the whole photo, 200 px", &whole);
    let close = brushing(&mut window, 1.0);
    report("brushing at 100 %, 200 px", &close);
    for spent in [whole, close] {
        assert!(
            percentile(&spent, 95) < FRAME,
            "95 of 100 frames: {:?}",
            percentile(&spent, 95)
        );
    }
}

/// A stroke with four moves per frame, dabs of 200 px.
fn brushing(window: &mut Window, zoom: f32) -> Vec<Duration> {
    window.zoom(zoom);
    window.settle();
    frames(window, 120, |window, frame| {
        for dab in 0..4 {
            let step = frame * 4 + dab;
            window
                .app_mut()
                .mark(Rect::new(2000 + step * 4, 1500 + step * 2, 200, 200), 255);
        }
        frame < 119
    })
}

/// Runs frames for as long as `next` says, drawing every tenth, and collects what the canvas took in each.
fn frames(window: &mut Window, most: u32, mut next: impl FnMut(&mut Window, u32) -> bool) -> Vec<Duration> {
    let mut spent = Vec::new();
    for frame in 0..most {
        let goes_on = next(window, frame);
        window.harness.step();
        spent.push(window.app().spent);
        if frame % 10 == 0 {
            window.harness.render().expect("the picture can be drawn");
        }
        if !goes_on {
            break;
        }
    }
    spent
}

fn report(what: &str, spent: &[Duration]) {
    let [median, most, longest] = [50, 95, 100].map(|share| percentile(spent, share));
    eprintln!(
        "{what}: {} frames, median {median:?}, 95 % under {most:?}, longest {longest:?}",
        spent.len()
    );
}

fn percentile(spent: &[Duration], share: usize) -> Duration {
    let mut sorted = spent.to_vec();
    sorted.sort();
    sorted[(sorted.len() * share / 100).min(sorted.len() - 1)]
}
