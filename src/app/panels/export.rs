//! The export dialog: where, in which format, what goes along, and what that loses.

use eframe::egui::{Align, ComboBox, Context, Label, Layout, RichText, Slider, TextEdit, Ui};

use super::widgets::{default_button, dialog, main_button, row, show_main, warning};
use crate::{
    app::{App, command::Command, export::Form, state::Dialog, theme},
    imaging::{Format, MetadataPolicy},
};

pub(super) fn ui(app: &App, form: &Form, ctx: &Context, commands: &mut Vec<Command>) {
    let Some(photo) = &app.photo else { return };
    let mut next = form.clone();
    let before = commands.len();
    let waits_for = app.tasks.export_waits_for();
    dialog(ctx, "Export", theme::DIALOG_WIDTH, commands, |ui, commands| {
        // What waits is what was chosen when it was asked for.
        ui.add_enabled_ui(waits_for.is_none(), |ui| {
            path_ui(&mut next, ui, commands);
            format_ui(&mut next, photo.document.original().bit_depth(), ui);
            metadata_ui(&mut next, ui);
        });
        ui.add_space(theme::HEADING_GAP);
        let loss = next.loss(photo.document.original());
        ui.add(Label::new(RichText::new(format!("{loss} {}", next.metadata_text())).weak()).wrap());
        if let Some(change) = waits_for {
            let what = format!("Waiting for “{change}”; the export begins as soon as that is done");
            ui.add(Label::new(what).wrap());
        } else if next.exists {
            warning(ui, "There is a file of that name already");
        } else if let Some(problem) = next.problem().or(next.failure.as_deref()) {
            warning(ui, problem);
        }
        ui.add_space(theme::SECTION_GAP);
        buttons_ui(&next, waits_for.is_some(), ui, commands);
    });
    if next != *form {
        // What was typed comes before the button that was pressed in the same frame.
        commands.insert(before, Command::SetDialog(Dialog::Export(next)));
    }
}

fn path_ui(form: &mut Form, ui: &mut Ui, commands: &mut Vec<Command>) {
    row(ui, "Name", |ui, label| {
        let mut name = form.name.clone();
        let field = TextEdit::singleline(&mut name).desired_width(ui.available_width());
        if ui.add(field).labelled_by(label).changed() {
            form.set_name(name);
        }
    });
    row(ui, "Folder", |ui, label| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui.button("Browse…").clicked() {
                commands.push(Command::BrowseExport);
            }
            let mut folder = form.folder.clone();
            let field = TextEdit::singleline(&mut folder).desired_width(ui.available_width());
            let field = ui.add(field).labelled_by(label);
            if field.on_hover_text(&form.folder).changed() {
                form.set_folder(folder);
            }
        });
    });
}

fn format_ui(form: &mut Form, original_bit_depth: u8, ui: &mut Ui) {
    row(ui, "Format", |ui, _| {
        for format in Format::ALL {
            if ui
                .selectable_label(form.format == format, format.to_string())
                .clicked()
            {
                form.set_format(format);
            }
        }
    });
    if form.format == Format::Jpeg {
        row(ui, "Quality", |ui, label| {
            ui.spacing_mut().slider_width = ui.available_width() - 60.0;
            let slider = Slider::new(&mut form.quality, 1..=100);
            ui.add(slider)
                .labelled_by(label)
                .on_hover_text("From 90 on colours keep their full resolution");
        });
    }
    if form.format.supports_16_bit() {
        row(ui, "Bit depth", |ui, _| {
            for depth in [8, 16] {
                let text = if depth == original_bit_depth {
                    format!("{depth} bit (as the photo)")
                } else {
                    format!("{depth} bit")
                };
                ui.selectable_value(&mut form.bit_depth, depth, text);
            }
        });
    }
}

fn metadata_ui(form: &mut Form, ui: &mut Ui) {
    row(ui, "Metadata", |ui, label| {
        let combo = ComboBox::from_id_salt("metadata").selected_text(form.metadata.label());
        let shown = combo.width(ui.available_width()).show_ui(ui, |ui| {
            for policy in MetadataPolicy::ALL {
                ui.selectable_value(&mut form.metadata, policy, policy.label());
            }
        });
        shown.response.labelled_by(label);
    });
}

fn buttons_ui(form: &Form, is_waiting: bool, ui: &mut Ui, commands: &mut Vec<Command>) {
    let verb = if form.exists { "Replace" } else { "Export" };
    let is_ready = form.problem().is_none() && !is_waiting;
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        // A file is replaced only by choosing so, not by a key that was still on its way.
        let is_chosen = if form.exists {
            let button = main_button(ui, verb).min_size(theme::DIALOG_BUTTON.into());
            show_main(ui, is_ready, button).clicked()
        } else {
            default_button(ui, is_ready, verb)
        };
        if is_chosen {
            commands.push(Command::Write(form.plan()));
        }
        if is_waiting && ui.button("Stop waiting").clicked() {
            commands.push(Command::TakeExportBack);
        }
        if !is_waiting && ui.button("Cancel").clicked() {
            commands.push(Command::CloseDialog);
        }
    });
}
