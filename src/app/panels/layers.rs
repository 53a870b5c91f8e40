//! The removals: shown or hidden, renamed, deleted.

use eframe::egui::{Align, Button, Key, Layout, RichText, Role, TextEdit, Ui, WidgetInfo};

use super::widgets::{divider, heading, icon_button, note};
use crate::{
    app::{App, command::Command, icons, state::Renaming},
    document::Removal,
};

pub(super) fn ui(app: &App, ui: &mut Ui, commands: &mut Vec<Command>) {
    divider(ui);
    heading(ui, "Removals");
    let removals = app
        .photo
        .as_ref()
        .map_or(&[][..], |photo| photo.document.removals());
    if removals.is_empty() {
        note(
            ui,
            "What you fill appears here. It can be hidden or deleted at any time.",
        );
    }
    // The newest lies on top, as layers do.
    for removal in removals.iter().rev() {
        ui.push_id(removal.id, |ui| row_ui(app, removal, ui, commands));
    }
}

fn row_ui(app: &App, removal: &Removal, ui: &mut Ui, commands: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        ui.spacing_mut().button_padding.x = 4.0;
        let (icon, verb) = if removal.visible {
            (icons::EYE, "Hide")
        } else {
            (icons::EYE_SLASH, "Show")
        };
        let name = format!("{verb} {}", removal.name);
        if icon_button(ui, icon, &name, &name).clicked() {
            commands.push(Command::toggle(removal));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let name = format!("Delete {}", removal.name);
            if icon_button(ui, icons::TRASH, &name, &format!("{name} (undo brings it back)")).clicked() {
                commands.push(Command::Delete(removal.id));
            }
            let name = format!("Try {} again", removal.name);
            let hint = "Fill it once more in another way; right-click for more";
            let again = icon_button(ui, icons::REDO, &name, hint);
            if again.clicked() {
                commands.push(Command::TryAgain(removal.id));
            }
            again.context_menu(|ui| menu_ui(removal, ui, commands));
            let name = format!("Rename {}", removal.name);
            if icon_button(ui, icons::PENCIL, &name, &name).clicked() {
                commands.push(begin_renaming(removal));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                match &app.state.renaming {
                    Some(renaming) if renaming.id == removal.id => rename_ui(renaming, ui, commands),
                    _ => name_ui(removal, ui, commands),
                }
            });
        });
    });
}

fn name_ui(removal: &Removal, ui: &mut Ui, commands: &mut Vec<Command>) {
    let text = RichText::new(&removal.name);
    let text = if removal.visible { text } else { text.weak() };
    let size = eframe::egui::vec2(ui.available_width(), 0.0);
    let button = Button::new((text, eframe::egui::Atom::grow()))
        .frame_when_inactive(false)
        .truncate()
        .min_size(size);
    let response = ui.add(button).on_hover_text(about(removal));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &removal.name));
    response.context_menu(|ui| menu_ui(removal, ui, commands));
    if response.double_clicked() {
        commands.push(begin_renaming(removal));
    } else if response.clicked() {
        commands.push(Command::LookAt(removal.hole));
    }
}

fn about(removal: &Removal) -> String {
    let hole = removal.hole;
    format!(
        "{} × {} pixels; click to see it, double-click to rename, right-click for more",
        hole.width, hole.height
    )
}

/// What can be done with a removal besides what has a button.
fn menu_ui(removal: &Removal, ui: &mut Ui, commands: &mut Vec<Command>) {
    let entries = [
        (
            "Select its mask",
            "Mask its hole again, to correct it and fill it anew; the removal is hidden",
            Command::SelectMask(removal.id),
        ),
        (
            "Try again in another way",
            "Fill it once more, with the options of then",
            Command::TryAgain(removal.id),
        ),
        (
            "Try again with the present options",
            "Fill it once more, with the options of now",
            Command::RunAgain(removal.id),
        ),
    ];
    for (name, hint, command) in entries {
        if ui.button(name).on_hover_text(hint).clicked() {
            commands.push(command);
            ui.close();
        }
    }
}

fn begin_renaming(removal: &Removal) -> Command {
    Command::SetRenaming(Some(Renaming {
        id: removal.id,
        text: removal.name.clone(),
        has_begun: false,
    }))
}

fn rename_ui(renaming: &Renaming, ui: &mut Ui, commands: &mut Vec<Command>) {
    let mut edited = renaming.clone();
    let field = TextEdit::singleline(&mut edited.text).desired_width(ui.available_width());
    let response = ui.add(field);
    response.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Name of the removal"));
    if !renaming.has_begun {
        response.request_focus();
        edited.has_begun = true;
    } else if response.lost_focus() {
        commands.push(if ui.input(|input| input.key_pressed(Key::Escape)) {
            Command::SetRenaming(None)
        } else {
            Command::Rename(renaming.id, edited.text)
        });
        return;
    }
    if edited != *renaming {
        commands.push(Command::SetRenaming(Some(edited)));
    }
}
