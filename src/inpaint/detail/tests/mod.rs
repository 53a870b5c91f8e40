//! The stage as a whole, on pictures made here.

mod scene;

use std::sync::{
    Mutex,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use self::scene::{Scene, gravel, noise, sky};
use super::{
    Beginning, Input, Options, arrange,
    distance::{CHANNELS, WHITE},
    offsets::{self, Course},
    pyramid::{self, Planes},
    restore, search,
    ticker::Ticker,
    trust::Trust,
};
use crate::progress::{Cancelled, Progress, Silent};

#[test]
fn pixels_outside_the_hole_are_untouched() {
    let scene = Scene::new(96, 80, [30, 25, 62, 55], gravel);
    let restored = scene.restored(0.5);
    for at in (0..scene.hole.len()).filter(|&at| !scene.hole[at]) {
        assert_eq!(
            restored[3 * at..3 * at + 3],
            scene.rgb[3 * at..3 * at + 3],
            "pixel {at}"
        );
    }
    assert!(
        scene
            .hole_pixels()
            .any(|at| restored[3 * at] != scene.guide[3 * at]),
        "the hole must have changed"
    );
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let scene = Scene::new(120, 100, [40, 30, 84, 70], gravel);
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads can be started");
        pool.install(|| scene.restored(0.4))
    };
    let one = with(1);
    assert_eq!(one, with(2), "two threads");
    assert_eq!(one, with(4), "four threads");
}

#[test]
fn another_seed_gives_another_fill() {
    let scene = Scene::new(96, 80, [30, 25, 62, 55], gravel);
    let other = Input {
        seed: 6,
        ..scene.input(0.5)
    };
    let other = scene.restored_as(&other, &Options::default());
    assert_ne!(scene.restored(0.5), other);
}

#[test]
fn stripes_are_continued() {
    let stripes = |x: usize, y: usize| {
        if (x + y / 2) % 12 < 6 {
            [0.8, 0.3, 0.2]
        } else {
            [0.2, 0.3, 0.6]
        }
    };
    let scene = Scene::new(140, 120, [50, 40, 90, 80], stripes);
    let restored = scene.restored(0.6);
    let samples: Vec<usize> = scene.hole_pixels().flat_map(|at| 3 * at..3 * at + 3).collect();
    let mean = samples
        .iter()
        .map(|&at| (restored[at] - scene.rgb[at]).powi(2))
        .sum::<f32>()
        / samples.len() as f32;
    // 25 dB: half of one per cent of the pixels may be on the wrong side of an edge.
    assert!(mean < 0.0032, "mean squared error {mean}");
}

#[test]
fn a_sky_gets_its_gradient_and_its_grain_back() {
    for scale in [0.5, 1.0] {
        let scene = Scene::new(200, 180, [70, 60, 130, 120], sky);
        let restored = scene.restored(scale);
        let residual = |rgb: &[f32], at: usize| rgb[3 * at + 1] - (0.45 + 0.0008 * (at / scene.width) as f32);
        let of = |pixels: &mut dyn Iterator<Item = usize>| {
            let values: Vec<f32> = pixels.map(|at| residual(&restored, at)).collect();
            let mean = values.iter().sum::<f32>() / values.len() as f32;
            (
                mean,
                values.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / values.len() as f32,
            )
        };
        let (bias, variance) = of(&mut scene.hole_pixels());
        let (_, around) = of(&mut (0..scene.hole.len()).filter(|&at| !scene.hole[at]));
        assert!(
            bias.abs() < 1.0 / 255.0,
            "scale {scale}: the fill is {bias} too bright"
        );
        let ratio = variance / around;
        assert!(
            (0.8..1.2).contains(&ratio),
            "scale {scale}: grain variance is {ratio} of the ring's"
        );
    }
}

#[test]
fn the_grain_that_is_added_follows_the_amount() {
    let scene = Scene::new(200, 180, [70, 60, 130, 120], sky);
    let deviation = |rgb: &[f32], pixels: &[usize]| {
        let residual = |at: &usize| rgb[3 * at + 1] - (0.45 + 0.0008 * (at / scene.width) as f32);
        let mean = pixels.iter().map(residual).sum::<f32>() / pixels.len() as f32;
        let squares = pixels.iter().map(|at| (residual(at) - mean).powi(2));
        (squares.sum::<f32>() / pixels.len() as f32).sqrt()
    };
    let hole: Vec<usize> = scene.hole_pixels().collect();
    let around: Vec<usize> = (0..scene.hole.len()).filter(|&at| !scene.hole[at]).collect();
    let wanted = deviation(&scene.rgb, &around);
    // The network's fill alone, at native scale and believed: what is added is all the noise there is.
    let guide: Vec<f32> = (0..scene.hole.len())
        .flat_map(|at| [0.3, 0.45, 0.65].map(|base| base + 0.0008 * (at / scene.width) as f32))
        .collect();
    let of_ring = |grain| {
        let mut filled = scene.rgb.clone();
        for &at in &hole {
            filled[3 * at..3 * at + 3].copy_from_slice(&guide[3 * at..3 * at + 3]);
        }
        let seed = super::grain::Seed {
            seed: 5,
            corner: [0, 0],
        };
        super::grain::restore(&mut filled, &scene.hole, scene.width, grain, seed, &Silent)
            .expect("nobody cancels");
        deviation(&filled, &hole) / wanted
    };
    for (grain, low, high) in [(0.0, 0.0, 0.01), (0.5, 0.4, 0.6), (1.0, 0.85, 1.15)] {
        let share = of_ring(grain);
        assert!(
            (low..=high).contains(&share),
            "grain {grain}: {share} of the ring's"
        );
    }
}

#[test]
fn nothing_is_copied_from_a_kept_out_area() {
    let half = |x: usize, _: usize| if x < 60 { [0.2, 0.6, 0.2] } else { [0.9, 0.1, 0.1] };
    let scene = Scene::new(120, 60, [40, 20, 60, 40], half);
    let keep_out: Vec<bool> = (0..scene.hole.len()).map(|at| at % scene.width >= 60).collect();
    let input = Input {
        keep_out: Some(&keep_out),
        ..scene.input(0.5)
    };
    let restored = scene.restored_as(&input, &Options { grain: 0.0 });
    let reddest = scene.hole_pixels().map(|at| restored[3 * at]).fold(0.0, f32::max);
    assert!(
        reddest < 0.5,
        "red {reddest} can only come from the kept-out half"
    );
}

#[test]
fn awkward_crops_are_filled_without_panic() {
    for (width, height, hole) in [
        (1, 1, [0, 0, 1, 1]),
        (3, 50, [0, 10, 3, 20]),
        (9, 9, [2, 2, 6, 6]),
        (64, 64, [0, 0, 30, 30]),
        (65, 49, [40, 20, 65, 49]),
        (40, 40, [0, 0, 40, 40]),
        (40, 40, [0, 0, 40, 39]),
        (70, 30, [8, 0, 62, 30]),
    ] {
        for scale in [0.1, 1.0] {
            let scene = Scene::new(width, height, hole, gravel);
            let restored = scene.restored(scale);
            assert!(
                restored.iter().all(|sample| (0.0..=1.0).contains(sample)),
                "{width} × {height}, {hole:?}"
            );
        }
    }
}

#[test]
fn without_sources_the_guide_stays() {
    let scene = Scene::new(40, 40, [3, 3, 37, 37], |_, _| [0.5; 3]);
    let restored = scene.restored_as(&scene.input(0.5), &Options { grain: 0.0 });
    assert!(restored.iter().all(|sample| (sample - 0.5).abs() < 1e-5));
}

/// Cancels at the `after`-th report.
struct Impatient {
    reports: AtomicU64,
    after: u64,
}

impl Progress for Impatient {
    fn stage(&self, _name: &str) -> Result<(), Cancelled> {
        Ok(())
    }

    fn step(&self, done: u64, total: u64) -> Result<(), Cancelled> {
        assert!(done <= total, "{done} of {total}");
        let reports = self.reports.fetch_add(1, Ordering::Relaxed);
        if reports >= self.after {
            Err(Cancelled)
        } else {
            Ok(())
        }
    }

    fn notice(&self, _text: &str) {}
}

#[test]
fn cancelling_stops_it_wherever_it_is() {
    let scene = Scene::new(96, 80, [30, 25, 62, 55], gravel);
    for after in [0, 1, 5, 60] {
        let progress = Impatient {
            reports: AtomicU64::new(0),
            after,
        };
        let result = restore(
            scene.guide.clone(),
            &scene.input(0.5),
            &Options::default(),
            &progress,
        );
        assert_eq!(result, Err(Cancelled), "after {after} reports");
    }
}

/// Green tiles of 20 pixels with grey mortar; one course is yellow.
fn courses(x: usize, y: usize) -> [f32; 3] {
    let shade = 0.03 * noise(x / 20, y / 20) + 0.01 * noise(x, y);
    if x % 20 < 2 || y % 20 < 2 {
        [0.5; 3]
    } else if y / 20 == 7 {
        [0.8 + shade, 0.6 + shade, 0.1]
    } else {
        [0.1, 0.5 + shade, 0.4 + shade]
    }
}

#[test]
fn a_course_of_tiles_crosses_the_hole_against_a_guide_that_has_lost_it() {
    let mut scene = Scene::new(400, 300, [150, 90, 250, 210], courses);
    let hole: Vec<usize> = scene.hole_pixels().collect();
    for &at in &hole {
        scene.guide[3 * at..3 * at + 3].copy_from_slice(&[0.12, 0.49, 0.4]);
    }
    let restored = scene.restored(0.25);
    let in_course = |at: &&usize| (145..156).contains(&(**at / scene.width)) && **at % scene.width % 20 > 4;
    let course: Vec<&usize> = hole.iter().filter(in_course).collect();
    let yellow = course.iter().filter(|at| restored[3 * ***at] > 0.5).count();
    assert!(
        10 * yellow > 9 * course.len(),
        "{yellow} of {} pixels are yellow",
        course.len()
    );
}

/// Notes how full the bar is, report by report of the phase that restores detail.
#[derive(Default)]
struct Bar {
    is_grain: AtomicBool,
    shares: Mutex<Vec<f64>>,
}

impl Progress for Bar {
    fn stage(&self, name: &str) -> Result<(), Cancelled> {
        self.is_grain.store(name.contains("grain"), Ordering::Relaxed);
        Ok(())
    }

    fn step(&self, done: u64, total: u64) -> Result<(), Cancelled> {
        assert!(done <= total, "{done} of {total}");
        if !self.is_grain.load(Ordering::Relaxed) {
            let mut shares = self.shares.lock().expect("no report panics");
            shares.push(done as f64 / total as f64);
        }
        Ok(())
    }

    fn notice(&self, _text: &str) {}
}

#[test]
fn the_bar_is_full_only_at_the_end_where_a_hole_is_arranged_too() {
    let scene = Scene::new(400, 300, [150, 90, 250, 210], courses);
    for beginning in [Beginning::Network, Beginning::Ranked(0), Beginning::Ranked(3)] {
        let input = Input {
            beginning,
            ..scene.input(0.25)
        };
        let bar = Bar::default();
        restore(scene.guide.clone(), &input, &Options::default(), &bar).expect("nobody cancels");
        let shares = bar.shares.into_inner().expect("no report panics");
        let voted = shares
            .iter()
            .position(|&share| share == 1.0)
            .expect("it gets full");
        // The rows of the last vote are put together, and its seam is mended.
        assert!(
            shares.len() - voted < 150,
            "full {} of {} reports early",
            shares.len() - voted,
            shares.len()
        );
        let before = shares[..voted].iter().copied().fold(0.0, f64::max);
        assert!(before > 0.95, "from {before} to the end at once");
    }
}

#[test]
fn each_place_is_another_fill() {
    // A wall has a course, gravel none; in both the wrong guide leads to a fill of its own.
    for (colour, places) in [(courses as fn(usize, usize) -> [f32; 3], 2), (gravel, 3)] {
        let scene = Scene::new(400, 300, [150, 90, 250, 210], colour);
        let filled = |place| {
            let input = Input {
                beginning: Beginning::Ranked(place),
                ..scene.input(0.25)
            };
            scene.restored_as(&input, &Options { grain: 0.0 })
        };
        let fills: Vec<Vec<f32>> = (0..places).map(filled).collect();
        let hole: Vec<usize> = scene.hole_pixels().collect();
        for (place, one) in fills.iter().enumerate() {
            for other in &fills[..place] {
                let differs = |at: &&usize| (one[3 * **at] - other[3 * **at]).abs() > 0.02;
                let count = hole.iter().filter(differs).count();
                assert!(
                    20 * count > hole.len(),
                    "place {place}: {count} of {} pixels",
                    hole.len()
                );
            }
        }
    }
}

#[test]
fn an_arrangement_carries_what_its_start_has_lost() {
    const PITCH: usize = 9;
    let tiles = |x: usize, y: usize| {
        let shade = 0.03 * noise(x / PITCH, y / PITCH);
        match (x.is_multiple_of(PITCH) || y.is_multiple_of(PITCH), y / PITCH) {
            (true, _) => [0.5; 3],
            (false, 6) => [0.8 + shade, 0.6 + shade, 0.1],
            _ => [0.1, 0.5 + shade, 0.4 + shade],
        }
    };
    let mut scene = Scene::new(150, 120, [50, 35, 95, 85], tiles);
    let hole: Vec<usize> = scene.hole_pixels().collect();
    for &at in &hole {
        scene.rgb[3 * at..3 * at + 3].copy_from_slice(&[0.1, 0.5, 0.4]);
    }
    let planes = Planes {
        width: scene.width,
        height: scene.height,
        first_guess: &scene.rgb,
        hole: &scene.hole,
        keep_out: None,
        trust: &Trust::none(),
        beginning: Beginning::Ranked(0),
    };
    let mut level = pyramid::build(&planes, 7, u16::MAX, &Silent)
        .expect("nobody cancels")
        .remove(0);
    let ticker = Ticker::silent();
    let sources = search::sources(&level, &ticker).expect("nobody cancels");
    let repetition = offsets::dominant(&level, &sources, 100, 1, &ticker).expect("nobody cancels");
    let arrangement = arrange::arrange(&level, &repetition.offsets, None, &sources, &ticker)
        .expect("nobody cancels")
        .expect("there are sources");
    arrangement.write_into(&mut level);
    let right = |at: &usize| {
        let wanted = tiles(at % scene.width, at / scene.width);
        let found = &level.colour[at * CHANNELS..][..3];
        let difference = |(wanted, found): (f32, &i16)| (wanted - f32::from(*found) / WHITE).abs();
        wanted.into_iter().zip(found).map(difference).sum::<f32>() < 0.3
    };
    let count = hole.iter().filter(|at| right(at)).count();
    assert!(
        50 * count > 49 * hole.len(),
        "{count} of {} pixels are those of the pattern",
        hole.len()
    );
}

#[test]
fn an_arrangement_keeps_to_a_course_and_gravel_has_none() {
    let wall = |x: usize, y: usize| {
        let course = 0.2 * noise(7, y / 10 % 3) + 0.05 * noise(x / 20, y / 10);
        [0.5 + course, 0.3 + course, 0.2]
    };
    let found = |colour: &dyn Fn(usize, usize) -> [f32; 3]| {
        let scene = Scene::new(150, 120, [50, 35, 95, 85], colour);
        let planes = Planes {
            width: scene.width,
            height: scene.height,
            first_guess: &scene.guide,
            hole: &scene.hole,
            keep_out: None,
            trust: &Trust::none(),
            beginning: Beginning::Ranked(0),
        };
        let level = pyramid::build(&planes, 7, u16::MAX, &Silent)
            .expect("nobody cancels")
            .remove(0);
        let ticker = Ticker::silent();
        let sources = search::sources(&level, &ticker).expect("nobody cancels");
        let repetition = offsets::dominant(&level, &sources, 100, 1, &ticker).expect("nobody cancels");
        repetition.course(&level)?;
        // The rows are alike by threes, so that copies from straight above are as good as from the side.
        let course = Course::new(90);
        // How many patches in the hole's middle are copied from beside that line, without and with keeping to it.
        Some([None, Some(course)].map(|kept| {
            let arrangement = arrange::arrange(&level, &repetition.offsets, kept, &sources, &ticker)
                .expect("nobody cancels")
                .expect("there are sources");
            let patches = (60..80).flat_map(|x| (45..70).map(move |y| (x, y)));
            patches
                .filter_map(|(x, y)| Some((x, y, arrangement.matched(&level, x, y)?)))
                .filter(|(x, y, from)| {
                    !course.holds([i32::from(from.x) - *x as i32, i32::from(from.y) - *y as i32])
                })
                .count()
        }))
    };
    assert_eq!(found(&gravel), None, "gravel has no course");
    let [free, kept] = found(&wall).expect("a wall has one");
    assert!(
        10 * kept < free,
        "{kept} patches leave the course, and {free} without one"
    );
}
