use super::{Selection, Similar, flood, select};
use crate::imaging::{
    Channels, HOLE_THRESHOLD, Pixels, Rect, Samples, color::DisplayTransform, random::Random,
};

/// A grey picture from a function of column and row.
fn gray(width: u32, height: u32, shade: impl Fn(u32, u32) -> u8) -> Pixels {
    let samples = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let samples = samples.map(|(x, y)| shade(x, y)).collect();
    Pixels::new(width, height, Channels::Gray, Samples::U8(samples)).unwrap()
}

fn around(tolerance: f32) -> Similar {
    Similar {
        tolerance,
        is_contiguous: true,
    }
}

fn everywhere(tolerance: f32) -> Similar {
    Similar {
        tolerance,
        is_contiguous: false,
    }
}

fn selected(pixels: &Pixels, at: (u32, u32), similar: &Similar) -> Selection {
    let colors = DisplayTransform::new(None, pixels.channels());
    select(pixels, &colors, at, similar)
}

/// Whether a pixel of the picture goes.
fn goes(selection: &Selection, x: u32, y: u32) -> bool {
    let area = selection.area;
    let index = || (y - area.y) as usize * area.width as usize + (x - area.x) as usize;
    area.contains(x, y) && selection.coverage[index()] >= HOLE_THRESHOLD
}

/// Number of pixels that go.
fn count(selection: &Selection) -> usize {
    let goes = |coverage: &&u8| **coverage >= HOLE_THRESHOLD;
    selection.coverage.iter().filter(goes).count()
}

/// Black left of column 100, white from there on.
fn halves() -> Pixels {
    gray(300, 40, |x, _| if x < 100 { 0 } else { 255 })
}

#[test]
fn black_and_white_are_told_apart_up_to_a_tolerance_of_100_percent() {
    let near = selected(&halves(), (50, 20), &around(99.9));
    assert_eq!(near.area, Rect::new(0, 0, 102, 40));
    assert_eq!(count(&near), 101 * 40, "the black half and the pixel at its edge");
    let all = selected(&halves(), (50, 20), &around(100.1));
    assert_eq!(count(&all), 300 * 40);
}

#[test]
fn the_tolerance_is_the_same_at_both_depths() {
    let ramp = gray(256, 20, |x, _| x as u8);
    let Samples::U8(samples) = ramp.samples() else {
        panic!("made with 8 bits");
    };
    let deep = samples.iter().map(|&sample| u16::from(sample) * 257).collect();
    let deep = Pixels::new(256, 20, Channels::Gray, Samples::U16(deep)).unwrap();
    let mut before = 0;
    for tolerance in [0.0, 1.0, 5.0, 20.0] {
        let selection = selected(&ramp, (119, 10), &around(tolerance));
        assert_eq!(selected(&deep, (119, 10), &around(tolerance)), selection);
        // A unit is about two and a half steps of a sample, to both sides of the one that was pointed at.
        let columns = count(&selection) / 20;
        let expected = tolerance * 5.0 + 3.0;
        assert!(
            (columns as f32 - expected).abs() < 4.0,
            "{columns} columns within {tolerance}"
        );
        assert!(
            columns > before,
            "{columns} columns within {tolerance}, {before} before"
        );
        before = columns;
    }
}

#[test]
fn only_what_hangs_together_is_selected_or_all_that_is_alike() {
    // Two squares that touch another one over nothing, or over a corner only.
    let squares = gray(120, 60, |x, y| match (x / 20, y / 20) {
        (1, 1) | (2, 2) | (4, 1) => 200,
        _ => 60,
    });
    let one = selected(&squares, (30, 30), &around(10.0));
    assert_eq!(one.area, Rect::new(18, 18, 24, 24));
    assert!(
        !goes(&one, 50, 50) && !goes(&one, 90, 30),
        "only the one pointed at"
    );
    let all = selected(&squares, (30, 30), &everywhere(10.0));
    assert!(
        goes(&all, 30, 30) && goes(&all, 50, 50) && goes(&all, 90, 30),
        "all three"
    );
    assert!(!goes(&all, 70, 30) && !goes(&all, 5, 5), "and nothing else");
}

#[test]
fn grain_leaves_neither_gaps_nor_islands() {
    let mut random = Random::keyed(7, [0; 4]);
    let shades: Vec<u8> = (0..200 * 200_u32)
        .map(|index| {
            let (x, y) = (index % 200, index / 200);
            let is_disc = (x as f32 - 100.0).hypot(y as f32 - 100.0) < 60.0;
            (if is_disc { 150.0 } else { 80.0 } + random.normal() * 10.0) as u8
        })
        .collect();
    let pixels = gray(200, 200, |x, y| shades[(y * 200 + x) as usize]);
    for similar in [around(11.0), everywhere(11.0)] {
        let selection = selected(&pixels, (100, 100), &similar);
        for y in 0..200 {
            for x in 0..200 {
                let radius = (x as f32 - 100.0).hypot(y as f32 - 100.0);
                assert!(
                    radius > 58.0 || goes(&selection, x, y),
                    "a gap at {x}, {y}: {similar:?}"
                );
                assert!(
                    radius < 64.0 || !goes(&selection, x, y),
                    "an island at {x}, {y}: {similar:?}"
                );
            }
        }
    }
}

#[test]
fn a_hot_pixel_under_the_pointer_does_not_decide() {
    let pixels = gray(50, 50, |x, y| if (x, y) == (20, 20) { 255 } else { 90 });
    let selection = selected(&pixels, (20, 20), &around(2.0));
    assert_eq!(count(&selection), 50 * 50);
}

#[test]
fn pictures_of_any_size_can_be_pointed_at_up_to_their_edges() {
    for (width, height) in [(1, 1), (1, 700), (700, 1), (3, 2), (513, 257)] {
        let pixels = gray(width, height, |_, _| 30);
        for at in [(0, 0), (width - 1, height - 1)] {
            let selection = selected(&pixels, at, &around(0.0));
            assert_eq!(selection.area, pixels.bounds());
            assert!(
                selection.coverage.iter().all(|&coverage| coverage == 255),
                "nothing fades at the border"
            );
        }
        let colors = DisplayTransform::new(None, Channels::Gray);
        assert_eq!(
            select(&pixels, &colors, (width, 0), &around(0.0)),
            Selection::default()
        );
    }
}

#[test]
fn what_is_transparent_is_not_like_what_is_black() {
    let samples = (0..40 * 10)
        .flat_map(|index| {
            if index % 40 < 20 {
                [index as u8, 0]
            } else {
                [0, 255]
            }
        })
        .collect();
    let pixels = Pixels::new(40, 10, Channels::GrayAlpha, Samples::U8(samples)).unwrap();
    let selection = selected(&pixels, (5, 5), &around(1.0));
    assert_eq!(
        count(&selection),
        21 * 10,
        "whatever colour the transparent half hides"
    );
}

#[test]
fn a_labyrinth_across_tiles_is_flooded_like_one_pixel_after_another() {
    // Just above the share of open pixels from which on a way leads through: long detours over many tiles.
    let mut random = Random::keyed(11, [0; 4]);
    let shades: Vec<u8> = (0..700 * 600)
        .map(|_| if random.chance(0.63) { 200 } else { 0 })
        .collect();
    let pixels = gray(700, 600, |x, y| shades[(y * 700 + x) as usize]);
    let colors = DisplayTransform::new(None, Channels::Gray);
    let is_open = |x: u32, y: u32| shades[(y * 700 + x) as usize] == 200;
    let place = |x: u32| (299..302).flat_map(move |y| (x - 1..x + 2).map(move |x| (x, y)));
    let is_clear = |x: &u32| place(*x).filter(|&(x, y)| is_open(x, y)).count() > 6 && is_open(*x, 300);
    let x = (350..).find(is_clear).unwrap();
    let mut expected = vec![0; shades.len()];
    let mut waiting: Vec<_> = place(x).collect();
    while let Some((x, y)) = waiting.pop() {
        let index = (y * 700 + x) as usize;
        if is_open(x, y) && expected[index] == 0 {
            expected[index] = 1;
            waiting.extend([(x.saturating_sub(1), y), (x, y.saturating_sub(1))]);
            waiting.extend([((x + 1).min(699), y), (x, (y + 1).min(599))]);
        }
    }
    let likeness = super::Likeness::new(&pixels, &colors, (x, 300), 5.0);
    let region = flood::around(&likeness, (x, 300));
    assert!(region.within(pixels.bounds()) == expected, "another region");
    assert!(
        region.area.width > 512 && region.area.height > 512,
        "{:?}",
        region.area
    );
}
