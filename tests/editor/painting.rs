//! Strokes and areas: what they cover, and that they can be taken back.

use lacuna::{document::Target, imaging::Rect};

use crate::support::{HEIGHT, PEN, RUBBER, WIDTH, editor, seen};

#[test]
fn an_area_covers_what_its_outline_surrounds_and_can_be_undone() {
    let mut editor = editor();
    let before = seen(&editor);
    // A rectangle across the edges of tiles and of the photo, with half a pixel of each edge column inside.
    let outline = [[240.5, -20.0], [600.5, -20.0], [600.5, 300.0], [240.5, 300.0]];
    let changed = editor.paint_area(Target::Remove, &outline, false);
    for y in 0..HEIGHT {
        for x in [0, 239, 240, 241, 255, 256, 599, 600, 601, WIDTH - 1] {
            let expected = match x {
                _ if y >= 300 => 0..=0,
                240 | 600 => 127..=129,
                241..=599 => 255..=255,
                _ => 0..=0,
            };
            let coverage = editor.mask().coverage()[(y * WIDTH + x) as usize];
            assert!(expected.contains(&coverage), "{coverage} at {x}, {y}");
        }
    }
    assert!(!changed.mask.is_empty(), "the window hears of it");
    editor.undo();
    assert_eq!(seen(&editor).mask, before.mask);
    editor.redo();
    editor.paint_area(Target::Remove, &outline, true);
    assert!(
        !editor.mask().is_hole(400, 100),
        "the same outline erases what it covered"
    );
    assert_eq!(editor.steps().last(), Some("Erased area"));
}

#[test]
fn an_outline_that_goes_round_twice_or_surrounds_nothing_is_no_surprise() {
    let mut editor = editor();
    for nothing in [
        vec![],
        vec![[10.0, 10.0]],
        vec![[10.0, 10.0], [50.0, 50.0]],
        vec![[-30.0, -30.0], [-10.0, -30.0], [-10.0, -5.0]],
        vec![[f32::NAN, 0.0], [50.0, 0.0], [50.0, 50.0]],
    ] {
        editor.paint_area(Target::Remove, &nothing, false);
        assert_eq!(editor.steps().len(), 0, "{nothing:?}");
    }
    let once = [[100.0, 100.0], [200.0, 100.0], [200.0, 200.0], [100.0, 200.0]];
    let twice = [once, once].concat();
    editor.paint_area(Target::Remove, &twice, false);
    assert!(editor.mask().is_hole(150, 150), "inside both rounds");
    editor.paint_area(Target::KeepOut, &once, false);
    assert!(editor.has_keep_out(), "the other mask takes areas too");
}

#[test]
fn a_stroke_can_be_undone_and_redone() {
    let mut editor = editor();
    let before = seen(&editor);
    let dirty = editor.paint_stroke(PEN, &[[100.0, 100.0], [300.0, 240.0]]);
    let after = seen(&editor);
    assert!(editor.mask().is_hole(200, 170), "the middle of the stroke");
    assert!(
        dirty.contains_rect(&Rect::new(100, 100, 200, 140)) && dirty.width < 260,
        "{dirty:?}"
    );
    assert!(!editor.undo().mask.is_empty(), "undo says what to redraw");
    assert_eq!(seen(&editor), before);
    let _ = editor.redo();
    assert_eq!(seen(&editor), after);
}

#[test]
fn a_stroke_that_is_cancelled_leaves_no_trace() {
    let mut editor = editor();
    editor.paint_stroke(PEN, &[[90.0, 90.0]]);
    let before = seen(&editor);
    editor.begin_stroke(RUBBER, [100.0, 100.0]);
    editor.extend_stroke([400.0, 100.0]);
    assert!(!editor.cancel_stroke().mask.is_empty(), "says what to redraw");
    assert_eq!(seen(&editor), before);
    assert_eq!(editor.steps().count(), 1);
}
