//! The one line of steps: names, limits, and that any walk through it meets the same states.

use std::sync::Arc;

use lacuna::{
    document::{Brush, Document, MaskChange, Part, Snapshot, Target},
    imaging::{Patch, Samples},
};
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

use crate::support::{HEIGHT, PEN, RUBBER, WIDTH, editor, fill_with, patch_for, seen};

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
fn a_change_is_worked_out_on_a_clone_and_taken_over() {
    let mut editor = editor();
    editor.paint_stroke(PEN, &[[200.0, 200.0]]);
    let painted = seen(&editor);
    let mut clone = editor.clone();
    let changed = clone.change_mask(MaskChange::Invert);
    assert!(!changed.mask.is_empty(), "says what to redraw");
    assert_eq!(seen(&editor), painted, "working it out changes nothing");
    let _ = editor.go_on_as(clone);
    assert!(!editor.mask().is_hole(200, 200) && editor.mask().is_hole(0, 0));
    let mut clone = editor.clone();
    let _ = clone.undo();
    let _ = editor.go_on_as(clone);
    assert_eq!(seen(&editor), painted, "the history came with it");
}

#[test]
fn what_is_shared_makes_a_change_an_effort_and_nothing_else_copies() {
    let mut editor = editor();
    editor.paint_stroke(PEN, &[[200.0, 200.0]]);
    let whole = u64::from(WIDTH * HEIGHT);
    let snapshot = editor.snapshot();
    let patch = patch_for(&snapshot.basis.mask, snapshot.basis.hole_bounds(), 7);
    let patches: Arc<[Patch]> = [patch].into();
    let effort = editor.effort_of_fill(&snapshot.basis, &patches);
    assert!(effort >= whole, "the first one copies the photo: {effort}");
    let mut clone = editor.clone();
    clone
        .add_removal(&snapshot.basis, patches, String::new())
        .expect("it fits");
    drop(editor.go_on_as(clone));
    drop(snapshot);

    let buffers = |editor: &Document| {
        let Samples::U16(samples) = editor.result().samples() else {
            panic!("16 bit stays 16 bit");
        };
        (samples.as_ptr(), editor.mask().coverage().as_ptr())
    };
    let before = buffers(&editor);
    let (id, position) = (editor.removals()[0].id, editor.position());
    assert!(editor.effort_of(id) < whole / 4, "{}", editor.effort_of(id));
    let _ = editor.set_visible(id, false);
    editor.paint_stroke(PEN, &[[400.0, 300.0]]);
    let Snapshot { pixels, basis, .. } = editor.snapshot();
    drop(pixels);
    let patches = [patch_for(&basis.mask, basis.hole_bounds(), 9)].into();
    editor
        .add_removal(&basis, patches, String::new())
        .expect("it fits");
    assert!(editor.effort_to(position) < whole / 2);
    let _ = editor.jump_to(position);
    assert_eq!(buffers(&editor), before, "both were changed in place");

    let export = Arc::clone(editor.result());
    assert!(editor.effort_of(id) >= whole, "an export reads it");
    drop(export);
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
    assert!(!editor.goes_back_to_the_opening());
    let full = seen(&editor);
    let _ = editor.jump_to(0);
    assert_ne!(editor.state_of(Part::Mask), 0, "not what was opened");
    assert_eq!(editor.state_of(Part::Result), 0, "nothing was filled");
    let _ = editor.jump_to(kept);
    assert_eq!(seen(&editor), full);
    editor.limit_history(0);
    assert_eq!(editor.steps().count(), 1);
}

#[test]
fn each_part_has_a_state_of_its_own_that_undo_brings_back() {
    let mut editor = editor();
    let states =
        |editor: &Document| [Part::Mask, Part::KeepOut, Part::Result].map(|part| editor.state_of(part));
    assert_eq!(states(&editor), [0, 0, 0]);
    editor.paint_stroke(PEN, &[[200.0, 200.0]]);
    assert_eq!(states(&editor), [1, 0, 0]);
    fill_with(&mut editor, 9);
    assert_eq!(states(&editor), [2, 0, 2], "a fill clears the mask");
    editor.begin_stroke_on(Target::KeepOut, PEN, [50.0, 50.0]);
    editor.end_stroke();
    assert_eq!(states(&editor), [2, 3, 2]);
    let id = editor.removals()[0].id;
    editor.rename(id, "Lamp post");
    assert_eq!(states(&editor), [2, 3, 2], "a name is in no file");
    let _ = editor.jump_to(1);
    assert_eq!(states(&editor), [1, 0, 0]);
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
