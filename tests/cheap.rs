//! What a person waits for with nothing to look at is cheap for large photos too.
//!
//! Judged by the time that one thread had on a processor: other programs and other tests beside it do not count. The
//! limits hold for the build that `cargo test` makes (opt-level 1). They are about six times what was measured on a core
//! of an AMD EPYC, for machines that are slower.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::Arc;

use lacuna::{
    document::{Brush, Document, MaskChange, Snapshot, Target},
    imaging::{Channels, Mask, Patch, Pixels, Rect, Samples},
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

/// What the window does within a frame goes over a million pixels at most, as the document tells before.
#[test]
fn a_removal_of_a_quarter_of_a_million_pixels_on_24_megapixels_is_a_frames_work() {
    let samples = Samples::U16(vec![900; 6000 * 4000 * 3]);
    let photo = Pixels::new(6000, 4000, Channels::Rgb, samples).unwrap();
    let mut editor = Document::new(Arc::new(photo));
    let begin = |editor: &mut Document, rect: Rect| {
        let [left, top, right, bottom] = [rect.x, rect.y, rect.right(), rect.bottom()].map(|at| at as f32);
        let outline = [[left, top], [right, top], [right, bottom], [left, bottom]];
        let _ = editor.paint_area(Target::Remove, &outline, false);
        let Snapshot { basis, .. } = editor.snapshot();
        let samples = Samples::U16(vec![20_000; rect.area() as usize * 3]);
        let pixels = Pixels::new(rect.width, rect.height, Channels::Rgb, samples).unwrap();
        let patch = Patch::new(rect, pixels, vec![200; rect.area() as usize]).unwrap();
        let patches: Arc<[Patch]> = [patch].into();
        let effort = editor.effort_of_fill(&basis, &patches);
        (effort, basis, patches)
    };
    let (effort, basis, patches) = begin(&mut editor, Rect::new(10, 10, 50, 50));
    assert!(effort > 6000 * 4000, "the first one copies the photo");
    editor.add_removal(&basis, patches, String::new()).unwrap();

    let (effort, basis, patches) = begin(&mut editor, Rect::new(1000, 1000, 500, 500));
    assert!(effort < 1 << 20, "{effort}");
    let (adding, _) = timed(|| editor.add_removal(&basis, patches, String::new()).unwrap());
    let position = editor.position();
    let id = editor.removals()[1].id;
    let (hiding, _) = timed(|| editor.set_visible(id, false));
    let _ = editor.undo();
    assert!(editor.effort_to(position - 1) < 1 << 20);
    let (undoing, _) = timed(|| editor.undo());
    let (effort, (redoing, _)) = (editor.effort_to(position), timed(|| editor.redo()));
    for (what, seconds) in [
        ("added", adding),
        ("hidden", hiding),
        ("undone", undoing),
        ("redone", redoing),
    ] {
        eprintln!("{what} in {:.2} ms, effort {effort}", 1000.0 * seconds);
        assert!(seconds < 0.1, "{what}: {:.1} ms", 1000.0 * seconds);
    }
}

#[test]
fn a_clone_and_going_on_with_it_take_less_than_a_hundredth_of_a_second() {
    let samples = Samples::U8(vec![90; 6000 * 4000]);
    let photo = Pixels::new(6000, 4000, Channels::Gray, samples).unwrap();
    let mut editor = Document::new(Arc::new(photo));
    let pen = Brush {
        diameter_px: 60.0,
        hardness: 0.5,
        erase: false,
    };
    for number in 0..500 {
        let at = [40.0 + 10.0 * number as f32, 2000.0 - 3.0 * number as f32];
        editor.paint_stroke(pen, &[at]);
    }
    let (cloning, mut clone) = timed(|| editor.clone());
    let (inverting, _) = timed(|| clone.change_mask(MaskChange::Invert));
    let (going_on, before) = timed(|| editor.go_on_as(clone));
    drop(before);
    let effort = editor.effort_to(500);
    assert!(effort >= 6000 * 4000, "{effort}: undoing it is for a clone too");
    let mut clone = editor.clone();
    let (undoing, _) = timed(|| clone.undo());
    eprintln!(
        "cloned in {:.2} ms, taken over in {:.2} ms; worked out aside: inverted in {:.0} ms, undone in {:.0} ms",
        1000.0 * cloning,
        1000.0 * going_on,
        1000.0 * inverting,
        1000.0 * undoing
    );
    assert!(cloning < 0.01 && going_on < 0.01, "{cloning} s, {going_on} s");
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
    let (seconds, plan) = timed(|| plan::crops(&mask, None));
    assert!(seconds < 0.6, "{seconds:.2} s");
    assert!(plan.len() < 30, "{} crops", plan.len());
}

/// Between them lies nothing that could grow.
#[test]
fn growing_two_specks_in_the_corners_of_a_hundred_megapixels_takes_less_than_a_second() {
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
fn feathering_a_hole_of_24_megapixels_takes_less_than_half_a_second() {
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
