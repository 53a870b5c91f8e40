//! The magic wand: its selection is worked out in the background, like other changes of the whole mask.

use eframe::egui::Pos2;

use super::mask::target;
use crate::{
    app::{App, canvas::ToolState},
    document::{Document, Target},
    imaging::similar::{self, Similar},
};

impl App {
    /// Marks what looks like the photo does at `at`, with all that was removed so far, or takes marks away there.
    pub(super) fn pick(&mut self, tool: &ToolState, at: Pos2, erase: bool) {
        let Some(photo) = &mut self.photo else { return };
        if at.x < 0.0 || at.y < 0.0 {
            return;
        }
        let column_and_row = (at.x as u32, at.y as u32);
        let similar = Similar {
            tolerance: tool.wand.tolerance * 100.0,
            is_contiguous: tool.wand.is_contiguous,
        };
        photo.document.end_stroke();
        let (colors, target) = (photo.colors().clone(), target(tool));
        let select = move |document: &mut Document| {
            let selection = similar::select(document.result(), &colors, column_and_row, &similar);
            Some(document.paint_selection(target, &selection, erase))
        };
        let is_marked = target == Target::Remove && !erase;
        self.edit_aside("Selecting similar colours", select, move |app, _, _| {
            app.fill_on_release(is_marked);
        });
    }
}
