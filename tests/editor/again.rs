//! Removals made again or exchanged, and the area that is kept out: all of it can be undone bit for bit.

use std::sync::Arc;

use lacuna::{
    document::{Brush, Changed, Document, Snapshot, Stale, Target},
    imaging::{Channels, Patch, Pixels, Rect, Samples},
};

const SIDE: u32 = 300;
const PEN: Brush = Brush {
    diameter_px: 30.0,
    hardness: 1.0,
    erase: false,
};

fn editor() -> Document {
    let samples = (0..SIDE * SIDE * 3).map(|i| (i.wrapping_mul(2_654_435_761) >> 25) as u8);
    let photo = Pixels::new(SIDE, SIDE, Channels::Rgb, Samples::U8(samples.collect()));
    Document::new(Arc::new(photo.expect("three samples per pixel")))
}

fn patch(snapshot: &Snapshot, shade: u8) -> Patch {
    let rect = snapshot.basis.hole_bounds();
    let places = (rect.y..rect.bottom()).flat_map(|y| (rect.x..rect.right()).map(move |x| (x, y)));
    let weights = places.map(|(x, y)| if snapshot.basis.mask.is_hole(x, y) { 255 } else { 0 });
    let samples = Samples::U8(vec![shade; rect.area() as usize * 3]);
    let pixels = Pixels::new(rect.width, rect.height, Channels::Rgb, samples).expect("three per pixel");
    Patch::new(rect, pixels, weights.collect()).expect("one weight per pixel")
}

/// Paints a dab and fills it; gives the removal's number.
fn fill(editor: &mut Document, at: [f32; 2], shade: u8) -> u64 {
    editor.paint_stroke(PEN, &[at]);
    let snapshot = editor.snapshot();
    editor
        .add_removal(&snapshot.basis, [patch(&snapshot, shade)].into(), "{}".to_owned())
        .expect("the patch fits");
    editor.removals().last().expect("it was added").id
}

fn shade_at(document: &Document, x: u32, y: u32) -> u8 {
    let pixel = document.result().crop(Rect::new(x, y, 1, 1));
    match pixel.samples() {
        Samples::U8(samples) => samples[0],
        Samples::U16(_) => panic!("the photo has 8 bits"),
    }
}

#[test]
fn a_removal_made_again_sees_what_lies_beneath_and_takes_its_own_place() {
    let mut editor = editor();
    fill(&mut editor, [100.0, 100.0], 10);
    let beneath = editor.result().clone();
    let id = fill(&mut editor, [110.0, 100.0], 20);
    fill(&mut editor, [120.0, 100.0], 30);
    let before = editor.result().clone();
    editor.paint_stroke(PEN, &[[200.0, 200.0]]);
    let mask = editor.mask().clone();

    let snapshot = editor.snapshot_of(id).expect("the removal is there");
    assert!(
        *snapshot.pixels == *beneath,
        "itself and what lies above are not seen"
    );
    assert!(
        snapshot.basis.mask.is_hole(110, 100) && !snapshot.basis.mask.is_hole(200, 200),
        "its own mask"
    );
    assert_eq!(editor.check(&snapshot.basis), Ok(()));
    editor
        .add_removal(&snapshot.basis, [patch(&snapshot, 99)].into(), "{}".to_owned())
        .expect("the patch fits");
    assert_eq!(editor.removals().len(), 3);
    assert_eq!(shade_at(&editor, 106, 110), 99, "beside the removal above");
    assert_eq!(shade_at(&editor, 120, 100), 30, "under the removal above");
    assert!(*editor.mask() == mask, "what is masked now stays masked");
    let _ = editor.undo();
    assert!(*editor.result() == before, "undo brings the first fill back");
}

#[test]
fn a_fill_for_a_removal_that_is_gone_does_not_fit_and_can_be_added_as_a_new_one() {
    let mut editor = editor();
    let id = fill(&mut editor, [100.0, 100.0], 10);
    let snapshot = editor.snapshot_of(id).expect("the removal is there");
    let _ = editor.delete(id);
    assert_eq!(editor.check(&snapshot.basis), Err(Stale::Removals));
    assert!(editor.snapshot_of(id).is_none(), "nothing to make again");
    let patches = vec![patch(&snapshot, 99)];
    let added = editor.add_removal(&snapshot.basis, patches.into(), "{}".to_owned());
    assert!(added.is_some(), "whoever wants it gets it");
    assert_ne!(editor.removals()[0].id, id, "as a removal of its own");
    assert_eq!(shade_at(&editor, 100, 100), 99);
    let _ = editor.undo();
    assert!(editor.removals().is_empty(), "undo takes it away again");
}

#[test]
fn a_fill_that_continues_an_exchanged_one_does_not_fit() {
    let mut editor = editor();
    let id = fill(&mut editor, [100.0, 100.0], 10);
    editor.paint_stroke(PEN, &[[120.0, 100.0]]);
    let snapshot = editor.snapshot();
    let other = editor.snapshot_of(id).expect("the removal is there");
    editor
        .exchange(id, [patch(&other, 77)].into(), "other".to_owned())
        .expect("it fits");
    assert_eq!(editor.check(&snapshot.basis), Err(Stale::Removals));
    let _ = editor.undo();
    assert_eq!(editor.check(&snapshot.basis), Ok(()), "it is back");
}

#[test]
fn the_mask_of_a_removal_comes_back_to_be_corrected_and_one_undo_takes_it_away() {
    let mut editor = editor();
    editor.paint_stroke(PEN, &[[100.0, 100.0]]);
    let mask = editor.mask().clone();
    let id = fill(&mut editor, [100.0, 100.0], 10);
    editor.paint_stroke(PEN, &[[200.0, 200.0]]);
    let (before, result) = (editor.mask().clone(), editor.result().clone());
    let changed = editor.mask_again(id);
    assert!(
        !changed.mask.is_empty() && !changed.result.is_empty(),
        "to be shown"
    );
    assert!(*editor.mask() == mask, "its mask, in place of the other");
    assert!(editor.result() == editor.original(), "the photo is seen beneath");
    assert!(!editor.removals()[0].visible, "it is kept all the same");
    let _ = editor.undo();
    assert!(*editor.mask() == before && *editor.result() == result, "one step");
    assert_eq!(editor.mask_again(id + 9), Changed::default(), "there is none");
}

#[test]
fn another_fill_can_be_exchanged_and_undone() {
    let mut editor = editor();
    editor.paint_stroke(PEN, &[[100.0, 100.0]]);
    let snapshot = editor.snapshot();
    let id = fill(&mut editor, [100.0, 100.0], 10);
    let before = editor.result().clone();
    let other = vec![patch(&snapshot, 77)];
    let changed = editor
        .exchange(id, other.into(), "other".to_owned())
        .expect("it fits");
    assert!(!changed.result.is_empty(), "it says what to redraw");
    assert_eq!(shade_at(&editor, 100, 100), 77);
    assert_eq!(editor.removals()[0].recipe, "other");
    let _ = editor.undo();
    assert!(*editor.result() == before, "undone");
    let _ = editor.redo();
    assert_eq!(shade_at(&editor, 100, 100), 77);
}

#[test]
fn the_keep_out_area_shares_brush_and_history_but_not_the_mask() {
    let mut editor = editor();
    assert!(editor.keep_out().is_none(), "it costs nothing until it is used");
    editor.begin_stroke_on(Target::KeepOut, PEN, [50.0, 50.0]);
    editor.end_stroke();
    assert!(editor.has_keep_out() && !editor.has_mask());
    let snapshot = editor.snapshot();
    assert!(
        snapshot.keep_out.is_some_and(|area| area.is_hole(50, 50)),
        "a fill gets it"
    );

    editor.begin_stroke_on(Target::KeepOut, PEN, [150.0, 50.0]);
    let changed = editor.cancel_stroke();
    assert!(
        !changed.keep_out.is_empty() && changed.mask.is_empty(),
        "{changed:?}"
    );
    let changed = editor.clear_keep_out();
    assert!(!changed.keep_out.is_empty() && !editor.has_keep_out(), "cleared");
    let _ = editor.undo();
    assert!(editor.has_keep_out(), "undo brings it back");
    let _ = editor.undo();
    assert!(!editor.has_keep_out(), "the stroke is undone too");
    assert_eq!(editor.position(), 0);
}
