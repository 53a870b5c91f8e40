//! What was selected by its colour is masked, or not masked any more, as one step.

use rayon::prelude::*;

use super::{Changed, Document, Target, area::cover};
use crate::imaging::similar::Selection;

impl Document {
    /// Paints a selection of the photo, or takes marks away there. On a large photo that takes long.
    pub fn paint_selection(&mut self, target: Target, selection: &Selection, erase: bool) -> Changed {
        self.end_stroke();
        let mut after = (*self.painted(target)).clone();
        let (width, area) = (after.width() as usize, selection.area);
        let rows = after.coverage_mut().par_chunks_exact_mut(width.max(1));
        rows.enumerate()
            .skip(area.y as usize)
            .take(area.height as usize)
            .for_each(|(y, row)| cover(row, y as u32, &selection.coverage, area, erase));
        let name = match (target, erase) {
            (Target::Remove, false) => "Similar colours",
            (Target::Remove, true) => "Erased similar colours",
            (Target::KeepOut, false) => "Keep-out of similar colours",
            (Target::KeepOut, true) => "Erased keep-out of similar colours",
        };
        self.put(target, name, after, area)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::{
        document::{Document, Target},
        imaging::{
            Channels, Pixels, Rect, Samples,
            color::DisplayTransform,
            similar::{Similar, select},
        },
    };

    const WIDTH: u32 = 300;
    const HEIGHT: u32 = 280;
    /// A square on a grey ground, across the edges of tiles.
    const SQUARE: Rect = Rect::new(240, 240, 30, 30);

    fn editor() -> Document {
        let shades = (0..WIDTH * HEIGHT).map(|index| {
            let is_square = SQUARE.contains(index % WIDTH, index / WIDTH);
            if is_square { 220 } else { 90 }
        });
        let pixels = Pixels::new(WIDTH, HEIGHT, Channels::Gray, Samples::U8(shades.collect()));
        Document::new(Arc::new(pixels.unwrap()))
    }

    /// Points at a pixel as the window does.
    fn pick(editor: &mut Document, at: (u32, u32), erase: bool) {
        let colors = DisplayTransform::new(None, Channels::Gray);
        let similar = Similar {
            tolerance: 10.0,
            is_contiguous: true,
        };
        let selection = select(editor.result(), &colors, at, &similar);
        let _ = editor.paint_selection(Target::Remove, &selection, erase);
    }

    #[test]
    fn a_pick_is_one_step_and_undo_brings_every_value_back() {
        let mut editor = editor();
        let _ = editor.paint_area(Target::Remove, &[[0.0, 0.0], [230.5, 0.0], [230.5, 230.5]], false);
        let before = editor.mask().clone();
        pick(&mut editor, (255, 255), false);
        assert_eq!(editor.steps().collect::<Vec<_>>(), ["Area", "Similar colours"]);
        let grown = SQUARE.grown_within(1, WIDTH, HEIGHT);
        assert_eq!(editor.mask().crop(grown).hole_count(), 32 * 32);
        assert!(!editor.mask().is_hole(238, 255), "two pixels beside it");
        assert!(editor.mask().is_hole(200, 10), "what was masked before stays");
        let _ = editor.undo();
        assert_eq!(*editor.mask(), before);
    }

    #[test]
    fn what_was_picked_can_be_taken_away_and_the_keep_out_area_stays() {
        let mut editor = editor();
        let all = [[0.0, 0.0], [300.0, 0.0], [300.0, 280.0], [0.0, 280.0]];
        for target in [Target::Remove, Target::KeepOut] {
            let _ = editor.paint_area(target, &all, false);
        }
        pick(&mut editor, (255, 255), true);
        assert_eq!(editor.steps().last(), Some("Erased similar colours"));
        let grown = SQUARE.grown_within(1, WIDTH, HEIGHT);
        assert_eq!(editor.mask().crop(grown).hole_count(), 0);
        assert!(editor.mask().is_hole(237, 255) && editor.mask().is_hole(272, 255));
        let keep_out = editor.keep_out().expect("painted before");
        assert_eq!(keep_out.hole_count(), u64::from(WIDTH * HEIGHT));
    }

    #[test]
    fn a_pick_outside_the_photo_or_of_what_is_masked_already_leaves_no_step() {
        let mut editor = editor();
        pick(&mut editor, (WIDTH, 3), false);
        assert_eq!(editor.steps().len(), 0);
        pick(&mut editor, (255, 255), false);
        pick(&mut editor, (250, 260), false);
        assert_eq!(editor.steps().len(), 1);
    }
}
