//! The command palette: any action by a few letters of its name.

use eframe::egui::{
    Align2, Area, Button, Context, Frame, Id, Key, Modal, Modifiers, Order, RichText, Role, ScrollArea,
    TextEdit, Ui, WidgetInfo, vec2,
};

use crate::app::{
    App,
    action::Action,
    command::Command,
    state::{Dialog, Palette},
    theme,
};

const WIDTH: f32 = 480.0;
const FROM_TOP: f32 = 90.0;
/// Height of the list, however much is found: nothing jumps while a name is typed.
const HEIGHT: f32 = 360.0;

pub(super) fn ui(app: &App, palette: &Palette, ctx: &Context, commands: &mut Vec<Command>) {
    let id = Id::unique("palette");
    let area = Area::new(id)
        .order(Order::Foreground)
        .anchor(Align2::CENTER_TOP, vec2(0.0, FROM_TOP));
    let modal = Modal::new(id)
        .area(area)
        .frame(Frame::window(&ctx.global_style()).inner_margin(8.0));
    let shown = modal.show(ctx, |ui| {
        ui.set_width(WIDTH.min(ctx.content_rect().width() - 40.0));
        contents_ui(app, palette, ui, commands);
    });
    if shown.should_close() {
        commands.push(Command::CloseDialog);
    }
}

fn contents_ui(app: &App, palette: &Palette, ui: &mut Ui, commands: &mut Vec<Command>) {
    let mut next = palette.clone();
    let pressed = |key| ui.input_mut(|input| input.count_and_consume_key(Modifiers::NONE, key));
    let (down, up, enter) = (
        pressed(Key::ArrowDown),
        pressed(Key::ArrowUp),
        pressed(Key::Enter),
    );
    let field = TextEdit::singleline(&mut next.query)
        .hint_text("Type a command")
        .frame(Frame::NONE)
        .desired_width(f32::INFINITY)
        .margin(vec2(8.0, 7.0));
    let field = ui.add(field);
    field.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Command"));
    field.request_focus();
    if next.query != palette.query {
        next.selected = 0;
    }
    // What was typed in this very frame counts too.
    let found = found(&next.query);
    let last = found.len().saturating_sub(1);
    next.selected = (next.selected + down).saturating_sub(up).min(last);
    ui.separator();
    let mut chosen = (enter > 0).then(|| found.get(next.selected).copied()).flatten();
    let mut list = ScrollArea::vertical()
        .auto_shrink(false)
        .min_scrolled_height(HEIGHT)
        .max_height(HEIGHT);
    if next.query != palette.query {
        list = list.vertical_scroll_offset(0.0);
    }
    list.show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 1.0;
        if found.is_empty() {
            ui.weak("No command of that name");
        }
        for (index, action) in found.iter().enumerate() {
            let response = entry_ui(app, *action, index == next.selected, ui);
            if index == next.selected && down + up > 0 {
                response.scroll_to_me(None);
            }
            if response.clicked() {
                chosen = Some(*action);
            }
        }
    });
    match chosen.filter(|action| app.can(*action)) {
        Some(action) => commands.extend([Command::CloseDialog, action.into()]),
        None if next != *palette => commands.push(Command::SetDialog(Dialog::Palette(next))),
        None => {}
    }
}

fn entry_ui(app: &App, action: Action, is_selected: bool, ui: &mut Ui) -> eframe::egui::Response {
    let icon = RichText::new(action.icon()).size(theme::SMALL_ICON);
    let mut keys = RichText::new(action.shortcut_text(ui.ctx()));
    if is_selected {
        keys = keys.color(ui.visuals().selection.stroke.color);
    }
    let button = Button::selectable(is_selected, (icon, action.label()))
        .shortcut_text(keys)
        .min_size(vec2(ui.available_width(), 28.0));
    let is_enabled = app.can(action);
    let response = ui.add_enabled(is_enabled, button).on_hover_text(action.tooltip());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, is_enabled, action.label()));
    response
}

/// The actions whose names have the letters of `query` in this order, best first, and those that are described by a
/// word that begins so.
fn found(query: &str) -> Vec<Action> {
    let actions = Action::ALL
        .into_iter()
        .filter(|action| *action != Action::Palette);
    let mut ranked: Vec<_> = actions
        .filter_map(|action| Some((rank(query, action)?, action)))
        .collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, action)| action).collect()
}

/// Lower is better; `None` if the action has nothing to do with the query.
fn rank(query: &str, action: Action) -> Option<usize> {
    let (query, label) = (query.trim().to_lowercase(), action.label().to_lowercase());
    if let Some(at) = label.find(&query) {
        let begins_word = at == 0 || label[..at].ends_with(' ');
        return Some(if begins_word { 0 } else { 1 });
    }
    let mut letters = label.chars();
    let in_order = query.chars().all(|wanted| letters.any(|letter| letter == wanted));
    let about = format!("{} {}", action.tooltip(), action.other_words()).to_lowercase();
    let mut words = about.split(|letter: char| !letter.is_alphanumeric());
    if query.chars().count() >= 3 && words.any(|word| word.starts_with(&query)) {
        return Some(2);
    }
    in_order.then_some(3)
}

#[cfg(test)]
mod tests {
    use super::found;
    use crate::app::action::Action;

    #[test]
    fn whole_words_come_before_scattered_letters() {
        assert_eq!(found("side").first(), Some(&Action::SideBySide));
        assert_eq!(found("inv").first(), Some(&Action::InvertMask));
        assert!(found("spv").contains(&Action::Split), "letters of split view");
        assert!(found("xyzzy").is_empty(), "no such command");
    }

    #[test]
    fn a_command_is_found_by_what_else_people_call_it() {
        assert_eq!(found("dark").first(), Some(&Action::ToggleTheme));
        assert!(
            found("inpaint").contains(&Action::Fill),
            "nobody has to know our word"
        );
    }
}
