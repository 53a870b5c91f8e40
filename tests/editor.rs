//! The document, driven by verbs as the window drives it. What can be undone must come back bit for bit.

use std::{sync::Arc, time::Instant};

use lacuna::{
    document::{Brush, Changed, Document, MaskChange, Removal, Stale, Target},
    imaging::{Channels, HOLE_THRESHOLD, Mask, Patch, Pixels, Rect, Samples},
};
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

const WIDTH: u32 = 700;
const HEIGHT: u32 = 530;
const PEN: Brush = Brush {
    diameter_px: 40.0,
    hardness: 0.8,
    erase: false,
};
const RUBBER: Brush = Brush { erase: true, ..PEN };

fn photo() -> Arc<Pixels> {
    let samples = (0..WIDTH * HEIGHT * 3).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u16);
    Arc::new(
        Pixels::new(WIDTH, HEIGHT, Channels::Rgb, Samples::U16(samples.collect()))
            .expect("three samples per pixel"),
    )
}

fn editor() -> Document {
    Document::new(photo())
}

/// A fill that paints `shade` where the mask is a hole.
fn fill_with(editor: &mut Document, shade: u16) -> Changed {
    let snapshot = editor.snapshot();
    let patch = patch_for(&snapshot.mask, snapshot.hole_bounds(), shade);
    editor
        .add_removal(&snapshot, vec![patch], "{}".to_owned())
        .expect("the patch fits")
}

fn patch_for(mask: &Mask, rect: Rect, shade: u16) -> Patch {
    let mut weights = Vec::new();
    for y in rect.y..rect.bottom() {
        weights.extend((rect.x..rect.right()).map(|x| if mask.is_hole(x, y) { 255 } else { 0 }));
    }
    let samples = Samples::U16(vec![shade; rect.area() as usize * 3]);
    let pixels =
        Pixels::new(rect.width, rect.height, Channels::Rgb, samples).expect("three samples per pixel");
    Patch::new(rect, pixels, weights).expect("one weight per pixel")
}

/// All that a person can see of a document.
#[derive(Debug, Clone, PartialEq)]
struct Seen {
    mask: Mask,
    result: Pixels,
    removals: Vec<Removal>,
    state: u64,
}

fn seen(editor: &Document) -> Seen {
    Seen {
        mask: editor.mask().clone(),
        result: editor.result().as_ref().clone(),
        removals: editor.removals().to_vec(),
        state: editor.state(),
    }
}

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
    let patch = patch_for(&snapshot.mask, snapshot.hole_bounds(), 77);

    editor.paint_stroke(PEN, &[[110.0, 100.0], [400.0, 300.0]]);
    editor.begin_stroke(PEN, [500.0, 60.0]);
    assert_eq!(editor.check(&snapshot), Ok(()));
    editor.add_removal(&snapshot, vec![patch], String::new()).unwrap();
    editor.extend_stroke([560.0, 60.0]);
    editor.end_stroke();

    assert!(!editor.mask().is_hole(100, 100), "it was filled");
    for (x, y) in [(400, 300), (500, 60), (560, 60)] {
        assert!(editor.mask().is_hole(x, y), "painted meanwhile, at {x}, {y}");
    }
    for (index, &coverage) in snapshot.mask.coverage().iter().enumerate() {
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
        .find(|&x| !snapshot.mask.is_hole(x, 100))
        .filter(|&x| snapshot.mask.coverage()[(100 * WIDTH + x) as usize] > 0)
        .unwrap();
    editor.paint_stroke(PEN, &[[115.0, 100.0]]);
    let patch = patch_for(&snapshot.mask, snapshot.hole_bounds(), 1);
    editor.add_removal(&snapshot, vec![patch], String::new()).unwrap();
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
    assert_eq!(editor.check(&snapshot), Err(Stale::Mask), "its stroke was undone");
    let _ = editor.redo();
    assert_eq!(editor.check(&snapshot), Ok(()), "and redone");
    editor.paint_stroke(RUBBER, &[[100.0, 100.0]]);
    assert_eq!(editor.check(&snapshot), Err(Stale::Mask), "its mask was erased");
    let _ = editor.undo();
    let id = editor.removals()[0].id;
    let _ = editor.set_visible(id, false);
    assert_eq!(
        editor.check(&snapshot),
        Err(Stale::Removals),
        "what it continues is gone"
    );
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

#[test]
fn steps_are_named_and_a_new_one_replaces_those_undone() {
    let mut editor = editor();
    editor.paint_stroke(PEN, &[[200.0, 200.0]]);
    editor.paint_stroke(RUBBER, &[[200.0, 200.0]]);
    let _ = editor.change_mask(MaskChange::Invert);
    let _ = editor.jump_to(1);
    fill_with(&mut editor, 9);
    let id = editor.removals()[0].id;
    editor.rename(id, "  Lamp post ");
    let _ = editor.set_visible(id, false);
    let _ = editor.delete(id);
    assert_eq!(
        editor.steps().collect::<Vec<_>>(),
        [
            "Brush stroke",
            "Fill: Removal 1",
            "Rename Removal 1",
            "Hide Lamp post",
            "Delete Lamp post"
        ]
    );
}

#[test]
fn a_change_worked_out_elsewhere_is_taken_only_where_nothing_happened_meanwhile() {
    let mut editor = editor();
    editor.paint_stroke(PEN, &[[200.0, 200.0]]);
    let painted = seen(&editor);
    let inverted = editor.mask_before().changed(MaskChange::Invert);
    assert_eq!(seen(&editor), painted, "working it out changes nothing");
    let changed = editor.take_mask(inverted).expect("nothing happened");
    assert!(!changed.mask.is_empty(), "says what to redraw");
    assert!(!editor.mask().is_hole(200, 200) && editor.mask().is_hole(0, 0));
    let _ = editor.undo();
    assert_eq!(seen(&editor), painted);

    let grown = editor.mask_before().changed(MaskChange::Grow(5.0));
    editor.begin_stroke(PEN, [100.0, 100.0]);
    let before = seen(&editor);
    assert!(editor.take_mask(grown).is_none(), "a stroke began");
    assert_eq!(seen(&editor), before, "and stays as it is");
}

#[test]
fn what_changes_nothing_leaves_no_step() {
    let mut editor = editor();
    editor.paint_stroke(RUBBER, &[[200.0, 200.0]]);
    editor.paint_stroke(PEN, &[[-200.0, -200.0]]);
    let _ = editor.change_mask(MaskChange::Clear);
    let _ = editor.undo();
    assert_eq!(editor.steps().count(), 0);
}

#[test]
fn old_steps_go_when_the_history_is_full_but_never_the_last() {
    let mut editor = editor();
    editor.limit_history(60_000);
    for step in 0..40 {
        editor.paint_stroke(PEN, &[[100.0 + 10.0 * step as f32, 250.0]]);
    }
    let kept = editor.steps().count();
    assert!((1..40).contains(&kept), "{kept} steps");
    let full = seen(&editor);
    let _ = editor.jump_to(0);
    let _ = editor.jump_to(kept);
    assert_eq!(seen(&editor), full);
    editor.limit_history(0);
    assert_eq!(editor.steps().count(), 1);
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
            .add_removal(&snapshot, vec![patch], String::new())
            .is_none(),
        "8 bit into 16"
    );
    assert_eq!(editor.steps().count(), 1);
}

#[derive(Debug, Clone)]
enum Verb {
    Paint { erase: bool, points: Vec<[f32; 2]> },
    Change(MaskChange),
    Fill(u16),
    Toggle(usize),
    Rename(usize),
    Delete(usize),
    Undo,
    Redo,
    Jump(usize),
}

fn verb() -> impl Strategy<Value = Verb> {
    let point = (-50.0..750.0_f32, -50.0..600.0_f32).prop_map(|(x, y)| [x, y]);
    let points = proptest::collection::vec(point, 1..4);
    prop_oneof![
        4 => (any::<bool>(), points).prop_map(|(erase, points)| Verb::Paint { erase, points }),
        1 => prop_oneof![
            proptest::strategy::Just(MaskChange::Clear),
            proptest::strategy::Just(MaskChange::Invert)
        ].prop_map(Verb::Change),
        2 => any::<u16>().prop_map(Verb::Fill),
        1 => (0..4_usize).prop_map(Verb::Toggle),
        1 => (0..4_usize).prop_map(Verb::Rename),
        1 => (0..4_usize).prop_map(Verb::Delete),
        2 => proptest::strategy::Just(Verb::Undo),
        1 => proptest::strategy::Just(Verb::Redo),
        1 => (0..9_usize).prop_map(Verb::Jump),
    ]
}

fn carry_out(editor: &mut Document, verb: Verb) {
    let id = |index: usize| editor.removals().get(index).map_or(0, |removal| removal.id);
    let _ = match verb {
        Verb::Paint { erase, points } => {
            editor.paint_stroke(Brush { erase, ..PEN }, &points);
            return;
        }
        Verb::Change(change) => editor.change_mask(change),
        Verb::Fill(_) if editor.mask().hole_count() == 0 => return,
        Verb::Fill(shade) => fill_with(editor, shade),
        Verb::Toggle(index) => {
            let shown = editor
                .removals()
                .get(index)
                .is_some_and(|removal| removal.visible);
            editor.set_visible(id(index), !shown)
        }
        Verb::Rename(index) => {
            let id = id(index);
            editor.rename(id, &format!("Name {index}"));
            return;
        }
        Verb::Delete(index) => editor.delete(id(index)),
        Verb::Undo => editor.undo(),
        Verb::Redo => editor.redo(),
        Verb::Jump(position) => editor.jump_to(position),
    };
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 24, ..Default::default() })]

    #[test]
    fn any_walk_through_the_history_meets_the_same_states(
        verbs in proptest::collection::vec(verb(), 1..14),
        walk in proptest::collection::vec(0..16_usize, 4),
    ) {
        let mut editor = editor();
        let mut states = vec![seen(&editor)];
        for verb in verbs {
            carry_out(&mut editor, verb);
            let position = editor.position();
            states.truncate(position);
            let known = editor.steps().count();
            states.push(seen(&editor));
            // Jumping back keeps the steps ahead; visit them so that every position has its state.
            for ahead in position + 1..=known {
                let _ = editor.jump_to(ahead);
                states.push(seen(&editor));
            }
            let _ = editor.jump_to(position);
            prop_assert_eq!(&seen(&editor), &states[position]);
        }
        for position in walk {
            let _ = editor.jump_to(position);
            let reached = editor.position();
            prop_assert!(reached <= position, "{reached} past {position}");
            prop_assert_eq!(&seen(&editor), &states[reached]);
        }
    }
}

/// Not a limit for slow machines: a frame has 16 ms, and painting may take half of it.
#[test]
fn a_segment_of_a_wide_brush_on_24_megapixels_is_cheap() {
    let samples = Samples::U8(vec![90; 6000 * 4000]);
    let mut editor = Document::new(Arc::new(
        Pixels::new(6000, 4000, Channels::Gray, samples).unwrap(),
    ));
    let wide = Brush {
        diameter_px: 300.0,
        hardness: 0.5,
        erase: false,
    };
    editor.begin_stroke(wide, [1000.0, 1000.0]);
    let mut slowest = 0.0_f64;
    for step in 1..=60 {
        let start = Instant::now();
        editor.extend_stroke([1000.0 + 40.0 * step as f32, 1000.0 + 25.0 * step as f32]);
        slowest = slowest.max(start.elapsed().as_secs_f64() * 1000.0);
    }
    eprintln!("slowest segment: {slowest:.2} ms");
    // Generous: this build is hardly optimised and the machine may be busy.
    assert!(slowest < 60.0, "{slowest:.1} ms");
}
