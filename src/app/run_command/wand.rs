//! The magic wand: its selection is worked out in the background, like other changes of the whole mask.

use std::sync::Arc;

use eframe::egui::Pos2;

use crate::{
    app::{App, canvas::ToolState},
    imaging::similar::{self, Similar},
    jobs,
};

impl App {
    /// Masks what looks like the photo does at `at`, with all that was removed so far, or takes marks away there.
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
        let before = photo.document.mask_before();
        let pixels = Arc::clone(photo.document.result());
        let colors = photo.colors().clone();
        let waker = self.tasks.waker.clone();
        self.tasks.mask_change = Some(jobs::spawn("Selecting similar colours", waker, move |_| {
            let selection = similar::select(&pixels, &colors, column_and_row, &similar);
            before.with_selection(&selection, erase)
        }));
    }
}
