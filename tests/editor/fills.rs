//! Fills and the removals that they become: what changes, what is uncovered, and when a fill no longer fits.

use lacuna::{
    document::{Brush, Stale},
    imaging::{Channels, HOLE_THRESHOLD, Patch, Pixels, Rect, Samples},
};

use crate::support::{PEN, RUBBER, WIDTH, editor, fill_with, patch_for, seen};

#[test]
fn a_fill_changes_only_the_holes_and_clears_its_mask() {
    let mut editor = editor();
    editor.paint_stroke(PEN, &[[100.0, 100.0], [300.0, 240.0]]);
    let mask = editor.mask().clone();
    let changed = fill_with(&mut editor, 4321);
    assert_eq!(
        editor.mask().coverage().iter().max(),
        Some(&0),
        "nothing left to fill"
    );
    assert_eq!(editor.removals()[0].name, "Removal 1");
    let (Samples::U16(before), Samples::U16(after)) =
        (editor.original().samples(), editor.result().samples())
    else {
        panic!("16 bit stays 16 bit");
    };
    for (index, (before, after)) in before.iter().zip(after).enumerate() {
        let pixel = index as u32 / 3;
        let (x, y) = (pixel % WIDTH, pixel / WIDTH);
        let expected = if mask.is_hole(x, y) { &4321 } else { before };
        assert_eq!(after, expected, "at {x}, {y}");
        let named = changed.result.iter().any(|rect| rect.contains(x, y));
        assert!(named || after == before, "{x}, {y} changed without notice");
    }
}

#[test]
fn hiding_and_deleting_a_removal_uncovers_what_lies_below() {
    let mut editor = editor();
    editor.paint_stroke(PEN, &[[200.0, 200.0]]);
    fill_with(&mut editor, 1000);
    let first = seen(&editor);
    editor.paint_stroke(PEN, &[[210.0, 205.0]]);
    fill_with(&mut editor, 2000);
    let both = seen(&editor);
    let [lower, upper] = [0, 1].map(|index| editor.removals()[index].id);

    let _ = editor.set_visible(upper, false);
    assert_eq!(editor.result().as_ref(), &first.result);
    let _ = editor.set_visible(upper, true);
    let _ = editor.set_visible(lower, false);
    let _ = editor.delete(upper);
    assert_eq!(editor.result(), editor.original());
    let _ = editor.jump_to(4);
    assert_eq!(seen(&editor), both);
}

#[test]
fn painting_during_a_fill_stays_for_the_next_one() {
    let mut editor = editor();
    editor.paint_stroke(PEN, &[[100.0, 100.0]]);
    let snapshot = editor.snapshot();
    let patch = patch_for(&snapshot.basis.mask, snapshot.basis.hole_bounds(), 77);

    editor.paint_stroke(PEN, &[[110.0, 100.0], [400.0, 300.0]]);
    editor.begin_stroke(PEN, [500.0, 60.0]);
    assert_eq!(editor.check(&snapshot.basis), Ok(()));
    editor
        .add_removal(&snapshot.basis, [patch].into(), String::new())
        .unwrap();
    editor.extend_stroke([560.0, 60.0]);
    editor.end_stroke();

    assert!(!editor.mask().is_hole(100, 100), "it was filled");
    for (x, y) in [(400, 300), (500, 60), (560, 60)] {
        assert!(editor.mask().is_hole(x, y), "painted meanwhile, at {x}, {y}");
    }
    for (index, &coverage) in snapshot.basis.mask.coverage().iter().enumerate() {
        let still = editor.mask().coverage()[index] >= HOLE_THRESHOLD;
        assert!(
            !(still && coverage >= HOLE_THRESHOLD),
            "a filled pixel is masked again"
        );
    }
}

#[test]
fn an_edge_that_became_a_hole_during_the_fill_stays() {
    let mut editor = editor();
    let soft = Brush { hardness: 0.0, ..PEN };
    editor.paint_stroke(soft, &[[100.0, 100.0]]);
    let snapshot = editor.snapshot();
    let edge = (100..130)
        .find(|&x| !snapshot.basis.mask.is_hole(x, 100))
        .filter(|&x| snapshot.basis.mask.coverage()[(100 * WIDTH + x) as usize] > 0)
        .unwrap();
    editor.paint_stroke(PEN, &[[115.0, 100.0]]);
    let patch = patch_for(&snapshot.basis.mask, snapshot.basis.hole_bounds(), 1);
    editor
        .add_removal(&snapshot.basis, [patch].into(), String::new())
        .unwrap();
    assert!(editor.mask().is_hole(edge, 100), "it was not filled");
    assert!(!editor.mask().is_hole(100, 100), "it was filled");
}

#[test]
fn a_fill_whose_grounds_have_changed_is_not_applied_silently() {
    let mut editor = editor();
    editor.paint_stroke(PEN, &[[400.0, 300.0]]);
    fill_with(&mut editor, 5);
    editor.paint_stroke(PEN, &[[100.0, 100.0]]);
    let snapshot = editor.snapshot();

    let _ = editor.undo();
    assert_eq!(
        editor.check(&snapshot.basis),
        Err(Stale::Mask),
        "its stroke was undone"
    );
    let _ = editor.redo();
    assert_eq!(editor.check(&snapshot.basis), Ok(()), "and redone");
    editor.paint_stroke(RUBBER, &[[100.0, 100.0]]);
    assert_eq!(
        editor.check(&snapshot.basis),
        Err(Stale::Mask),
        "its mask was erased"
    );
    let _ = editor.undo();
    let id = editor.removals()[0].id;
    let _ = editor.set_visible(id, false);
    assert_eq!(
        editor.check(&snapshot.basis),
        Err(Stale::Removals),
        "what it continues is gone"
    );
}

#[test]
fn patches_that_do_not_fit_are_refused() {
    let mut editor = editor();
    editor.paint_stroke(PEN, &[[200.0, 200.0]]);
    let snapshot = editor.snapshot();
    let samples = Samples::U8(vec![0; 12]);
    let eight_bit = Pixels::new(2, 2, Channels::Rgb, samples).unwrap();
    let patch = Patch::new(Rect::new(0, 0, 2, 2), eight_bit, vec![255; 4]).unwrap();
    assert!(
        editor
            .add_removal(&snapshot.basis, [patch].into(), String::new())
            .is_none(),
        "8 bit into 16"
    );
    assert_eq!(editor.steps().count(), 1);
}
