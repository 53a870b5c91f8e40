//! Keys and what they do, as matches on [`Action`], and how key presses find their action.
//!
//! Keys act wherever the pointer is, but never while text is being typed. Enter and Space belong to a button that
//! has the keyboard's focus.

use std::collections::HashMap;

use eframe::egui::{
    Context, Event, Id, Key, KeyboardShortcut, ModifierNames, Modifiers, text_selection::LabelSelectionState,
};

use super::action::Action;

const CTRL_SHIFT: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);

const fn plain(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::NONE, key)
}

const fn shift(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::SHIFT, key)
}

const fn ctrl(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND, key)
}

const fn ctrl_shift(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(CTRL_SHIFT, key)
}

/// Gestures that are no actions, for the shortcut sheet.
pub(super) const GESTURES: [(&str, &str); 10] = [
    ("Paint", "Drag"),
    ("Erase while painting", "Alt or right button"),
    ("Straight line", "Shift+click"),
    ("Close a polygon", "Enter or its first corner"),
    ("Square", "Shift+drag with the rectangle"),
    ("Brush size or tolerance", "Alt+wheel"),
    ("Pan", "Space+drag or middle button"),
    ("Zoom at the pointer", "Wheel"),
    ("Pan sideways", "Shift+wheel"),
    ("Move over the photo", "Arrow keys"),
];

impl Action {
    /// The keys that do it, the one to show first. More than one where keyboards differ.
    pub(super) const fn shortcuts(self) -> &'static [KeyboardShortcut] {
        match self {
            Self::Open => const { &[ctrl(Key::O)] },
            Self::Paste => const { &[ctrl(Key::V)] },
            Self::Export => const { &[ctrl(Key::E)] },
            Self::ExportAs => const { &[ctrl_shift(Key::E)] },
            Self::SaveProject => const { &[ctrl(Key::S)] },
            Self::SaveProjectAs => const { &[ctrl_shift(Key::S)] },
            Self::CopyResult => const { &[ctrl(Key::C)] },
            Self::Settings => const { &[ctrl(Key::Comma)] },
            Self::Quit => const { &[ctrl(Key::Q)] },
            Self::Undo => const { &[ctrl(Key::Z)] },
            Self::Redo => const { &[ctrl_shift(Key::Z), ctrl(Key::Y)] },
            Self::Brush => const { &[plain(Key::B)] },
            Self::Eraser => const { &[plain(Key::E)] },
            Self::Lasso => const { &[plain(Key::L)] },
            Self::Polygon => const { &[shift(Key::L)] },
            Self::Rectangle => const { &[plain(Key::M)] },
            Self::Wand => const { &[plain(Key::W)] },
            Self::KeepOut => const { &[plain(Key::K)] },
            Self::Hand => const { &[plain(Key::H)] },
            Self::Larger => const { &[plain(Key::CloseBracket)] },
            Self::Smaller => const { &[plain(Key::OpenBracket)] },
            Self::Harder => const { &[shift(Key::CloseBracket), shift(Key::CloseCurlyBracket)] },
            Self::Softer => const { &[shift(Key::OpenBracket), shift(Key::OpenCurlyBracket)] },
            Self::InvertMask => const { &[ctrl(Key::I)] },
            Self::ClearMask => const { &[ctrl(Key::D)] },
            Self::GrowMask => const { &[ctrl(Key::CloseBracket)] },
            Self::ShrinkMask => const { &[ctrl(Key::OpenBracket)] },
            Self::ToggleOverlay => const { &[plain(Key::O)] },
            Self::ToggleUncertainty => const { &[plain(Key::U)] },
            Self::Fill => const { &[plain(Key::Enter)] },
            Self::TryAgain => const { &[plain(Key::R)] },
            Self::NextCandidate => const { &[plain(Key::Period)] },
            Self::PreviousCandidate => const { &[plain(Key::Comma)] },
            Self::Cancel => const { &[plain(Key::Escape)] },
            Self::Before => const { &[plain(Key::Backslash)] },
            Self::Split => const { &[plain(Key::Y)] },
            Self::SideBySide => const { &[shift(Key::Y)] },
            Self::ZoomIn => const { &[ctrl(Key::Plus), ctrl(Key::Equals), ctrl_shift(Key::Plus)] },
            Self::ZoomOut => const { &[ctrl(Key::Minus)] },
            Self::Fit => const { &[ctrl(Key::Num0)] },
            Self::ActualSize => const { &[ctrl(Key::Num1)] },
            Self::Palette => const { &[ctrl_shift(Key::P)] },
            Self::Shortcuts => {
                const {
                    &[
                        plain(Key::Questionmark),
                        shift(Key::Questionmark),
                        shift(Key::Slash),
                    ]
                }
            }
            Self::EditTab => const { &[plain(Key::F2)] },
            Self::TrainTab => const { &[plain(Key::F3)] },
            Self::StartTraining => const { &[plain(Key::F5)] },
            Self::PauseTraining => const { &[plain(Key::F6)] },
            Self::SampleTraining => const { &[plain(Key::F7)] },
            Self::OpenSample
            | Self::OpenMask
            | Self::SaveMask
            | Self::OpenKeepOut
            | Self::SaveKeepOut
            | Self::ClearKeepOut
            | Self::ToggleFillOnRelease
            | Self::ToggleTheme
            | Self::TrainPhotos
            | Self::StopTraining
            | Self::SaveTraining
            | Self::UseTrained
            | Self::PreviousWeights => &[],
        }
    }

    /// The keys as a person reads them; empty if there are none.
    pub(super) fn shortcut_text(self, ctx: &Context) -> String {
        match self {
            Self::Shortcuts => "?".to_owned(),
            Self::Before => "\\ (hold)".to_owned(),
            _ => self
                .shortcuts()
                .first()
                .map(|shortcut| readable(ctx, shortcut))
                .unwrap_or_default(),
        }
    }

    /// All keys as a person reads them, for the sheet.
    pub(super) fn all_shortcuts_text(self, ctx: &Context) -> String {
        match self {
            Self::Redo => {
                let texts = self.shortcuts().iter().map(|shortcut| readable(ctx, shortcut));
                texts.collect::<Vec<_>>().join(" or ")
            }
            _ => self.shortcut_text(ctx),
        }
    }

    /// Tooltip and key.
    pub(super) fn hint(self, ctx: &Context) -> String {
        let keys = self.shortcut_text(ctx);
        if keys.is_empty() {
            self.tooltip().to_owned()
        } else {
            format!("{}  ({keys})", self.tooltip())
        }
    }
}

/// "Ctrl+[" rather than "Ctrl+OpenBracket".
fn readable(ctx: &Context, shortcut: &KeyboardShortcut) -> String {
    let key = match shortcut.logical_key {
        Key::OpenBracket => "[",
        Key::CloseBracket => "]",
        Key::Plus => "+",
        Key::Minus => "-",
        Key::Comma => ",",
        Key::Period => ".",
        Key::Escape => "Esc",
        _ => return ctx.format_shortcut(shortcut),
    };
    let names = if ctx.os().is_mac() {
        ModifierNames::SYMBOLS
    } else {
        ModifierNames::NAMES
    };
    let modifiers = names.format(&shortcut.modifiers, ctx.os().is_mac());
    if modifiers.is_empty() {
        key.to_owned()
    } else {
        format!("{modifiers}{}{key}", names.concat)
    }
}

/// Takes the key presses that are shortcuts out of this frame's events and returns their actions, in order.
///
/// `canvas` is the one focused widget that leaves Enter and Space alone.
pub(super) fn take_actions(ctx: &Context, canvas: Option<Id>) -> Vec<Action> {
    if ctx.text_edit_focused() {
        return Vec::new();
    }
    let focused = ctx.memory(|memory| memory.focused());
    let button_has_focus = focused.is_some() && focused != canvas;
    let is_text_selected = is_text_selected(ctx);
    ctx.input_mut(|input| {
        let mut actions = Vec::new();
        input
            .events
            .retain(|event| match action_of(event, button_has_focus) {
                // What is selected is copied, as everywhere.
                Some(Action::CopyResult) if is_text_selected => true,
                Some(action) => {
                    actions.push(action);
                    false
                }
                None => true,
            });
        actions
    })
}

/// Whether text that is no field is selected: a part of a notice, say.
pub(super) fn is_text_selected(ctx: &Context) -> bool {
    ctx.plugin::<LabelSelectionState>().lock().has_selection()
}

/// The keys that are down: what each meant when it was pressed, by its place on the keyboard.
///
/// Where Shift or `AltGr` is let go first, a key's release has another meaning than its press, and whoever counts by
/// meaning takes it to be down for ever.
#[derive(Debug, Default)]
pub(super) struct Held(HashMap<Key, Key>);

impl Held {
    /// Gives repeats and releases in `events` the meaning that the first press had.
    pub(super) fn settle(&mut self, events: &mut [Event]) {
        for event in events {
            match event {
                Event::Key {
                    key,
                    physical_key: Some(place),
                    pressed: true,
                    ..
                } => {
                    *key = *self.0.entry(*place).or_insert(*key);
                }
                Event::Key {
                    key,
                    physical_key: Some(place),
                    pressed: false,
                    ..
                } => {
                    *key = self.0.remove(place).unwrap_or(*key);
                }
                Event::WindowFocused(false) => self.0.clear(),
                _ => {}
            }
        }
    }
}

/// Whether the key that shows the original is down.
pub(super) fn is_before_held(ctx: &Context) -> bool {
    !ctx.text_edit_focused() && ctx.input(|input| input.key_down(Key::Backslash))
}

fn action_of(event: &Event, button_has_focus: bool) -> Option<Action> {
    match event {
        Event::Copy => Some(Action::CopyResult),
        Event::Key {
            key,
            pressed: true,
            modifiers,
            repeat,
            ..
        } => {
            let fits = |shortcut: &KeyboardShortcut| {
                shortcut.logical_key == *key && modifiers.matches_exact(shortcut.modifiers)
            };
            let action = Action::ALL
                .into_iter()
                .find(|action| action.shortcuts().iter().any(fits))?;
            let taken_by_button = button_has_focus && action == Action::Fill;
            let held = *repeat && !action.repeats();
            // The original is shown while its key is down, which is looked up elsewhere.
            (action != Action::Before && !taken_by_button && !held).then_some(action)
        }
        _ => None,
    }
}

impl Action {
    /// Whether a held key does it again and again.
    const fn repeats(self) -> bool {
        matches!(
            self,
            Self::Undo
                | Self::Redo
                | Self::Larger
                | Self::Smaller
                | Self::Harder
                | Self::Softer
                | Self::ZoomIn
                | Self::ZoomOut
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use eframe::egui::{Event, Key, Modifiers};

    use super::{Action, Held};

    #[test]
    fn a_key_is_repeated_and_released_as_what_it_was_pressed() {
        let event = |key, pressed| Event::Key {
            key,
            physical_key: Some(Key::Slash),
            pressed,
            repeat: false,
            modifiers: Modifiers::NONE,
        };
        let mut held = Held::default();
        held.settle(&mut [event(Key::Questionmark, true)]);
        let mut later = [(Key::Slash, true), (Key::Slash, false), (Key::Slash, true)]
            .map(|(key, pressed)| event(key, pressed));
        held.settle(&mut later);
        let [repeated, released, pressed_anew] = later;
        assert_eq!(repeated, event(Key::Questionmark, true));
        assert_eq!(released, event(Key::Questionmark, false));
        assert_eq!(pressed_anew, event(Key::Slash, true));
    }

    #[test]
    fn what_runs_can_be_stopped_from_either_tab() {
        assert!(!Action::Cancel.is_about_the_photo());
        assert!(Action::Fill.is_about_the_photo());
    }

    #[test]
    fn no_key_does_two_things() {
        let mut seen = HashMap::new();
        for action in Action::ALL {
            for shortcut in action.shortcuts() {
                let other = seen.insert(*shortcut, action);
                assert_eq!(other, None, "{shortcut:?} is also {action:?}");
            }
        }
    }

    #[test]
    fn every_action_is_listed_once_and_has_words() {
        for action in Action::ALL {
            let times = Action::ALL.iter().filter(|other| **other == action).count();
            assert_eq!(times, 1, "{action:?}");
            assert!(
                !action.label().ends_with('.') && !action.tooltip().ends_with('.'),
                "{action:?}"
            );
        }
    }
}
