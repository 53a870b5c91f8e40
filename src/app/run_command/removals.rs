//! Commands about removals that are there, and steps through the history.

use eframe::egui::Context;

use crate::{app::App, document::Document};

impl App {
    /// Goes `by` steps through the history.
    pub(super) fn step(&mut self, ctx: &Context, by: isize) {
        let Some(photo) = &mut self.photo else { return };
        photo.document.end_stroke();
        let position = photo.document.position().saturating_add_signed(by);
        self.jump_to(ctx, position);
    }

    pub(super) fn jump_to(&mut self, ctx: &Context, position: usize) {
        self.edit_within(
            ctx,
            "Going through the history",
            move |document| document.effort_to(position),
            move |document| document.jump_to(position),
        );
    }

    pub(super) fn set_visible(&mut self, ctx: &Context, id: u64, visible: bool) {
        self.edit_within(
            ctx,
            if visible {
                "Showing a removal"
            } else {
                "Hiding a removal"
            },
            move |document| document.effort_of(id),
            move |document| document.set_visible(id, visible),
        );
    }

    /// Puts the mask of a removal in place of the present one.
    pub(super) fn select_mask(&mut self, id: u64) {
        let select = move |document: &mut Document| Some(document.mask_again(id));
        self.edit_aside("Selecting a mask", select, |_, _, _| {});
    }

    pub(super) fn delete(&mut self, ctx: &Context, id: u64) {
        self.edit_within(
            ctx,
            "Deleting a removal",
            move |document| document.effort_of(id),
            move |document| document.delete(id),
        );
    }

    /// Renames a removal and ends the typing of its name.
    pub(super) fn rename(&mut self, id: u64, name: &str) {
        if let Some(photo) = &mut self.photo {
            photo.document.rename(id, name);
        }
        // Its turn may have come after the name of another was begun.
        if self
            .state
            .renaming
            .as_ref()
            .is_some_and(|renaming| renaming.id == id)
        {
            self.state.renaming = None;
        }
    }
}
