//! Size and place of the window, from one start to the next.
//!
//! What was there last is put into the settings at the end. A place is taken only where the screen at the start has it:
//! a second screen may be gone.

use eframe::egui::{Context, Vec2, ViewportCommand, ViewportInfo, pos2, vec2};

use super::App;
use crate::settings::Place;

/// So much of the window has to be in sight, in points.
const IN_SIGHT: f32 = 100.0;

impl App {
    /// Brings the window to where it was, in its first frame, and from then on notes where it is.
    pub(super) fn keep_place(&mut self, ctx: &Context) {
        let viewport = ctx.input(|input| input.viewport().clone());
        let size = ctx.content_rect().size();
        if !std::mem::replace(&mut self.state.has_place, true) {
            self.state.place = self.settings.now.place;
            let before = self.state.place.iter();
            for command in before.flat_map(|place| commands(place, viewport.monitor_size)) {
                ctx.send_viewport_cmd(command);
            }
            return;
        }
        if let Some(place) = noted(&viewport, size, self.state.place) {
            self.state.place = Some(place);
        }
    }
}

/// What brings a window there.
fn commands(place: &Place, monitor: Option<Vec2>) -> Vec<ViewportCommand> {
    let [width, height] = place.size;
    let mut commands = vec![ViewportCommand::InnerSize(vec2(width, height))];
    if let (Some([left, top]), Some(monitor)) = (place.position, monitor) {
        let is_in_sight = left + width > IN_SIGHT
            && left < monitor.x - IN_SIGHT
            && top >= 0.0
            && top < monitor.y - IN_SIGHT;
        if is_in_sight {
            commands.push(ViewportCommand::OuterPosition(pos2(left, top)));
        }
    }
    if place.is_maximized {
        commands.push(ViewportCommand::Maximized(true));
    }
    commands
}

/// Where the window is. A window that fills the screen keeps the size that it has besides, and one that is put away
/// says nothing.
fn noted(viewport: &ViewportInfo, size: Vec2, before: Option<Place>) -> Option<Place> {
    if viewport.minimized == Some(true) || viewport.fullscreen == Some(true) {
        return None;
    }
    if viewport.maximized == Some(true) {
        let place = before.unwrap_or_default();
        return Some(Place {
            is_maximized: true,
            ..place
        });
    }
    Some(Place {
        size: size.into(),
        position: viewport.outer_rect.map(|rect| rect.min.into()),
        is_maximized: false,
    })
}

#[cfg(test)]
mod tests {
    use eframe::egui::{Rect, ViewportCommand, ViewportInfo, pos2, vec2};

    use super::{commands, noted};
    use crate::settings::Place;

    const SCREEN: eframe::egui::Vec2 = vec2(1920.0, 1080.0);

    #[test]
    fn a_place_that_no_screen_has_any_more_is_not_taken() {
        let place = |left, top| Place {
            size: [1000.0, 700.0],
            position: Some([left, top]),
            is_maximized: false,
        };
        let moves = |place: Place, screen| {
            let commands = commands(&place, screen);
            let mut commands = commands.iter();
            commands.any(|command| matches!(command, ViewportCommand::OuterPosition(_)))
        };
        assert!(moves(place(300.0, 200.0), Some(SCREEN)));
        assert!(!moves(place(2500.0, 200.0), Some(SCREEN)), "right of the screen");
        assert!(!moves(place(-990.0, 200.0), Some(SCREEN)), "left of it");
        assert!(!moves(place(300.0, 200.0), None), "nobody knows the screen");
    }

    #[test]
    fn a_window_that_fills_the_screen_goes_back_to_the_size_it_had() {
        let mut viewport = ViewportInfo {
            outer_rect: Some(Rect::from_min_size(pos2(30.0, 40.0), vec2(910.0, 640.0))),
            ..ViewportInfo::default()
        };
        let before = noted(&viewport, vec2(900.0, 600.0), None).expect("it is in sight");
        assert_eq!(
            (before.size, before.position),
            ([900.0, 600.0], Some([30.0, 40.0]))
        );
        viewport.maximized = Some(true);
        let large = noted(&viewport, SCREEN, Some(before)).expect("it is in sight");
        assert!(large.is_maximized);
        assert_eq!(large.size, before.size);
        viewport.minimized = Some(true);
        assert_eq!(noted(&viewport, vec2(1.0, 1.0), Some(large)), None);
    }
}
