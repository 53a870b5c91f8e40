//! The end of the log.

use eframe::egui::{Label, RichText, ScrollArea, Ui};

use crate::app::{theme, train::run::Run};

pub(super) fn ui(run: &Run, ui: &mut Ui) {
    ui.add_space(theme::HEADING_GAP);
    ui.label(RichText::new("Log").strong());
    let area = ScrollArea::vertical().auto_shrink(false).stick_to_bottom(true);
    area.show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        if run.log.is_empty() {
            ui.label(RichText::new("What happens is told here").weak().small());
        }
        for line in &run.log {
            ui.add(Label::new(RichText::new(line).small()).wrap());
        }
    });
}
