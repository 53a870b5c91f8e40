//! Masks against brute force.

use std::collections::BTreeSet;

use lacuna::imaging::{Mask, Rect};
use proptest::prelude::{Strategy, any, prop, proptest};

use crate::support::config;

/// Sparse, so that distances are long and components separate.
fn masks() -> impl Strategy<Value = Mask> {
    (1_u32..24, 1_u32..24, 1_u32..40).prop_flat_map(|(width, height, rarity)| {
        prop::collection::vec(0..rarity, (width * height) as usize).prop_map(move |values| {
            let coverage = values
                .into_iter()
                .map(|value| if value == 0 { 255 } else { 0 })
                .collect();
            Mask::new(width, height, coverage).unwrap()
        })
    })
}

fn points(mask: &Mask) -> impl Iterator<Item = (u32, u32)> + '_ {
    (0..mask.height()).flat_map(|y| (0..mask.width()).map(move |x| (x, y)))
}

/// Squared distance to the nearest pixel that is, or is not, a hole.
fn nearest(mask: &Mask, (x, y): (u32, u32), holes: bool) -> Option<u64> {
    points(mask)
        .filter(|&(px, py)| mask.is_hole(px, py) == holes)
        .map(|(px, py)| u64::from(px.abs_diff(x)).pow(2) + u64::from(py.abs_diff(y)).pow(2))
        .min()
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn growing_equals_brute_force(mask in masks(), radius_px in 0.0_f32..9.0) {
        let grown = mask.grown(radius_px);
        for point in points(&mask) {
            let expected = nearest(&mask, point, true)
                .is_some_and(|squared| squared as f64 <= f64::from(radius_px).powi(2));
            assert_eq!(grown.is_hole(point.0, point.1), expected, "{point:?}");
        }
    }

    #[test]
    fn shrinking_equals_brute_force(mask in masks(), radius_px in 0.0_f32..9.0) {
        let mut mask = mask;
        mask.invert();
        let mut shrunk = mask.clone();
        shrunk.shrink(radius_px);
        for point in points(&mask) {
            let expected = mask.is_hole(point.0, point.1)
                && nearest(&mask, point, false)
                    .is_none_or(|squared| squared as f64 > f64::from(radius_px).powi(2));
            assert_eq!(shrunk.is_hole(point.0, point.1), expected, "{point:?}");
        }
    }

    #[test]
    fn nothing_changes_outside_the_rectangle_that_growing_names(mask in masks(), radius_px in 0.0_f32..9.0) {
        let mut grown = mask.clone();
        let changed = grown.grow(radius_px);
        for (x, y) in points(&mask).filter(|&(x, y)| !changed.contains(x, y)) {
            assert_eq!(grown.is_hole(x, y), mask.is_hole(x, y));
        }
    }

    #[test]
    fn feathering_is_full_in_the_core_and_zero_outside(
        mask in masks(),
        grow_px in 0_u8..7,
        feather_share in 0.0_f32..=1.0,
        corner in (0_u32..12, 0_u32..12),
    ) {
        let grown = mask.grown(grow_px.into());
        let x = corner.0.min(mask.width() - 1);
        let y = corner.1.min(mask.height() - 1);
        let rect = Rect::new(x, y, mask.width() - x, mask.height() - y);
        let weights = grown.feather_weights(f32::from(grow_px) * feather_share, rect);
        let width = rect.width as usize;
        for (index, &weight) in weights.iter().enumerate() {
            let (x, y) = (rect.x + (index % width) as u32, rect.y + (index / width) as u32);
            assert_eq!(weight > 0, grown.is_hole(x, y), "outside 0, inside more, at {x}, {y}");
            if mask.is_hole(x, y) {
                assert_eq!(weight, 255, "the core at {x}, {y}");
            }
        }
    }

    #[test]
    fn components_equal_a_flood_fill(mask in masks()) {
        let components = mask.components();
        let mut rest = mask;
        for component in &components {
            let pixels = component.iter().flat_map(|run| (run.start..run.end).map(|x| (x, run.y)));
            let pixels: BTreeSet<_> = pixels.collect();
            let flooded = flood(&mut rest, *pixels.first().unwrap());
            assert_eq!(flooded.len(), pixels.len());
            assert_eq!(flooded.into_iter().collect::<BTreeSet<_>>(), pixels);
        }
        assert!(rest.is_empty(), "every hole belongs to a component");
    }

    #[test]
    fn soft_coverage_outside_the_grown_part_stays(values in prop::collection::vec(any::<u8>(), 64)) {
        let mask = Mask::new(8, 8, values).unwrap();
        assert_eq!(mask.grown(0.0), mask);
        let grown = mask.grown(1.0);
        for (before, after) in mask.coverage().iter().zip(grown.coverage()) {
            assert!(after == before || *after == 255, "{before} became {after}");
        }
    }
}

/// Clears the 8-connected holes around `start` and returns them.
fn flood(mask: &mut Mask, start: (u32, u32)) -> Vec<(u32, u32)> {
    let mut found = Vec::new();
    let mut open = vec![start];
    while let Some((x, y)) = open.pop() {
        if x >= mask.width() || y >= mask.height() || !mask.is_hole(x, y) {
            continue;
        }
        let width = mask.width();
        mask.coverage_mut()[(y * width + x) as usize] = 0;
        found.push((x, y));
        for dy in 0..3 {
            for dx in 0..3 {
                open.push(((x + dx).wrapping_sub(1), (y + dy).wrapping_sub(1)));
            }
        }
    }
    found
}
