//! What the plan promises, as properties over random masks and as cases that photographers bring.

use proptest::prelude::{ProptestConfig, Strategy, prop_assert, prop_assert_eq, proptest};

use super::Crop;
use crate::imaging::{Mask, Rect};

fn crops(mask: &Mask) -> Vec<Crop> {
    super::crops(mask, None)
}

fn paint(mask: &mut Mask, rect: Rect) {
    let width = mask.width() as usize;
    let rect = rect.intersect(&mask.bounds());
    for y in rect.y..rect.bottom() {
        let row = y as usize * width;
        mask.coverage_mut()[row + rect.x as usize..row + rect.right() as usize].fill(255);
    }
}

fn mask_of(width: u32, height: u32, rects: &[Rect]) -> Mask {
    let mut mask = Mask::empty(width, height);
    for rect in rects {
        paint(&mut mask, *rect);
    }
    mask
}

/// How often each pixel is filled.
fn times_filled(mask: &Mask, crops: &[Crop]) -> Vec<u8> {
    let mut times = vec![0u8; mask.coverage().len()];
    for run in crops.iter().flat_map(|crop| &crop.runs) {
        for x in run.start..run.end {
            times[run.y as usize * mask.width() as usize + x as usize] += 1;
        }
    }
    times
}

fn masks() -> impl Strategy<Value = Mask> {
    let hole = (0u32..1500, 0u32..1500, 1u32..700, 1u32..700, 0u8..3);
    (1u32..1600, 1u32..1600, proptest::collection::vec(hole, 0..9)).prop_map(|(width, height, holes)| {
        let rects: Vec<Rect> = holes
            .iter()
            .map(|&(x, y, w, h, kind)| match kind {
                0 => Rect::new(x % width, y % height, w, h),
                1 => Rect::new(x % width, y % height, 1 + w % 9, 1 + h % 9),
                _ => Rect::new(0, y % height, width, 1 + h % 9),
            })
            .collect();
        mask_of(width, height, &rects)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_hole_pixel_is_filled_by_exactly_one_crop(mask in masks()) {
        let crops = crops(&mask);
        let times = times_filled(&mask, &crops);
        for (index, &coverage) in mask.coverage().iter().enumerate() {
            prop_assert_eq!(times[index], u8::from(coverage >= 128), "pixel {}", index);
        }
        let filled: u64 = crops.iter().map(|crop| crop.hole_pixels).sum();
        prop_assert_eq!(filled, mask.hole_count());
    }

    #[test]
    fn crops_lie_in_the_photo_and_show_what_they_fill(mask in masks()) {
        for crop in crops(&mask) {
            prop_assert!(mask.bounds().contains_rect(&crop.rect), "{:?}", crop);
            prop_assert!(crop.rect.contains_rect(&crop.fills), "{:?}", crop);
            let (width, height) = crop.network_size();
            prop_assert!(width <= 1024 && height <= 1024, "{:?}", crop);
            for run in &crop.runs {
                prop_assert!(crop.fills.contains_rect(&run.rect()), "{:?} in {:?}", run, crop);
            }
        }
    }

    #[test]
    fn holes_take_at_most_a_quarter_of_a_crop_unless_it_is_the_whole_photo(mask in masks()) {
        for crop in crops(&mask) {
            prop_assert!(
                crop.holes_in_view * 4 <= crop.rect.area() || crop.rect == mask.bounds(),
                "{:?}", crop
            );
        }
    }

    #[test]
    fn the_same_mask_gives_the_same_plan(mask in masks()) {
        prop_assert_eq!(crops(&mask), crops(&mask));
    }

    #[test]
    fn crops_build_only_on_earlier_ones(mask in masks()) {
        for (index, crop) in crops(&mask).iter().enumerate() {
            prop_assert!(crop.builds_on.iter().all(|&earlier| earlier < index), "{:?}", crop);
        }
    }
}

#[test]
fn an_empty_mask_needs_no_crop() {
    assert_eq!(crops(&Mask::empty(40, 30)), Vec::new());
}

#[test]
fn a_small_hole_is_seen_at_native_scale() {
    let plan = crops(&mask_of(6000, 4000, &[Rect::new(3000, 2000, 200, 240)]));
    assert_eq!(plan.len(), 1);
    assert_eq!((plan[0].scale_down, plan[0].rect.width), (1, 512));
}

#[test]
fn holes_near_each_other_share_a_crop() {
    let plan = crops(&mask_of(
        6000,
        4000,
        &[Rect::new(1000, 1000, 80, 80), Rect::new(1200, 1040, 60, 90)],
    ));
    assert_eq!(plan.len(), 1);
}

#[test]
fn holes_far_apart_are_each_seen_at_native_scale() {
    let plan = crops(&mask_of(
        6000,
        4000,
        &[Rect::new(100, 100, 300, 300), Rect::new(5000, 3000, 300, 300)],
    ));
    let scales: Vec<u32> = plan.iter().map(|crop| crop.scale_down).collect();
    assert_eq!(scales, [1, 1]);
}

#[test]
fn a_wire_across_the_photo_is_cut_into_native_pieces_that_continue_each_other() {
    let mut mask = Mask::empty(6000, 4000);
    for x in 0..6000 {
        paint(&mut mask, Rect::new(x, 500 + x / 3, 1, 14));
    }
    let plan = crops(&mask);
    assert!(plan.iter().all(|crop| crop.scale_down == 1), "{plan:#?}");
    assert!(plan.len() <= 12, "{} crops", plan.len());
    assert!(
        plan.iter().skip(1).all(|crop| !crop.builds_on.is_empty()),
        "pieces of one wire know each other"
    );
}

#[test]
fn a_wire_of_any_length_and_slope_is_seen_at_native_scale() {
    for (width, height) in [(1300, 900), (1920, 1280), (2900, 300), (3100, 2900)] {
        let mut mask = Mask::empty(width, height);
        for x in 0..width {
            paint(&mut mask, Rect::new(x, x * (height - 40) / width, 1, 12));
        }
        let plan = crops(&mask);
        assert!(
            plan.iter().all(|crop| crop.scale_down == 1),
            "{width}×{height}: {plan:#?}"
        );
    }
}

#[test]
fn a_large_solid_hole_is_not_cut() {
    let plan = crops(&mask_of(6000, 4000, &[Rect::new(2000, 1000, 1500, 1500)]));
    assert_eq!(plan.len(), 1);
    assert_eq!(plan[0].scale_down, 3);
}

#[test]
fn hundreds_of_dust_spots_share_few_crops() {
    let mut mask = Mask::empty(6000, 4000);
    for spot in 0..600u32 {
        let (x, y) = (spot * 7919 % 5990, spot * 104_729 % 3990);
        paint(&mut mask, Rect::new(x, y, 5 + spot % 9, 6 + spot % 7));
    }
    let plan = crops(&mask);
    assert!(plan.len() <= 60, "{} crops", plan.len());
    assert!(
        plan.iter().all(|crop| crop.scale_down == 1),
        "dust is seen at native scale"
    );
}

#[test]
fn what_is_kept_out_is_no_surroundings() {
    let hole = Rect::new(3000, 2000, 60, 60);
    let mask = mask_of(6000, 4000, &[hole]);
    let around = |side: u32| Rect::new(3030 - side / 2, 2030 - side / 2, side, side);
    let seen = |side: u32| {
        let kept_out = mask_of(6000, 4000, &[around(side)]);
        super::crops(&mask, Some(&kept_out))[0].rect
    };
    let plain = crops(&mask)[0].rect;
    assert_eq!(seen(200), plain, "there is enough besides");
    assert!(around(700).contains_rect(&plain));
    let free = seen(700).area() - seen(700).intersect(&around(700)).area();
    assert!(free >= 4 * hole.area(), "{free} pixels that may be continued");
}

#[test]
fn a_photo_with_little_that_may_be_continued_is_not_seen_as_a_whole_for_it() {
    // A cut-out on transparency: less of it is left than the rule wants around such a hole.
    let subject = Rect::new(2600, 1600, 800, 800);
    let mut kept_out = Mask::empty(6000, 4000);
    kept_out.coverage_mut().fill(255);
    let width = kept_out.width() as usize;
    for y in subject.y..subject.bottom() {
        let row = y as usize * width;
        kept_out.coverage_mut()[row + subject.x as usize..row + subject.right() as usize].fill(0);
    }
    let mask = mask_of(6000, 4000, &[Rect::new(2800, 1800, 420, 420)]);
    let crop = &super::crops(&mask, Some(&kept_out))[0];
    assert!(crop.rect.contains_rect(&subject), "{:?}", crop.rect);
    assert_eq!(crop.scale_down, 1, "{:?}", crop.rect);
}
