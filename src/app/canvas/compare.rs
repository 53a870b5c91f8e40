//! Before and after: one picture, both with a line between them, or both side by side.

use eframe::egui::{
    Align2, Color32, CursorIcon, FontId, Key, Painter, Pos2, Rect, Sense, Stroke, Ui, Vec2, WidgetInfo, pos2,
    vec2,
};

use super::view::Viewport;

/// How original and result are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Compare {
    /// Only the result.
    #[default]
    After,
    /// The original left of a line that can be moved, the result right of it.
    Split,
    /// The same part of both, next to each other.
    SideBySide,
}

/// Which picture a part of the canvas shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Source {
    Original,
    Result,
    /// The original left of this screen position, in points, the result right of it.
    Split(f32),
}

/// A part of the canvas and the picture in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pane {
    pub(super) viewport: Viewport,
    pub(super) source: Source,
}

/// Room between two panes, in points.
const GAP: f32 = 2.0;
const HANDLE_RADIUS: f32 = 11.0;
/// Width of the strip along the line where it can be taken, in points.
const GRIP_WIDTH: f32 = 16.0;
const LABEL_MARGIN: Vec2 = vec2(10.0, 10.0);
const LIGHT: Color32 = Color32::from_rgba_premultiplied(235, 235, 235, 235);
const DARK: Color32 = Color32::from_black_alpha(150);

/// Divides the canvas. `split` is the line's place between left (0) and right (1).
pub(super) fn panes(compare: Compare, is_before_held: bool, split: f32, viewport: Viewport) -> Vec<Pane> {
    let pane = |source| Pane { viewport, source };
    match compare {
        _ if is_before_held => vec![pane(Source::Original)],
        Compare::After => vec![pane(Source::Result)],
        Compare::Split => {
            let x = split_x(split, viewport.rect);
            vec![pane(Source::Split(x))]
        }
        Compare::SideBySide => halves(viewport),
    }
}

fn halves(viewport: Viewport) -> Vec<Pane> {
    let whole = viewport.rect;
    let width = ((whole.width() - GAP) / 2.0).max(1.0);
    let half = |x, source| Pane {
        viewport: Viewport {
            rect: Rect::from_min_size(pos2(x, whole.top()), vec2(width, whole.height())),
            ..viewport
        },
        source,
    };
    vec![
        half(whole.left(), Source::Original),
        half(whole.right() - width, Source::Result),
    ]
}

fn split_x(split: f32, rect: Rect) -> f32 {
    (rect.left() + split * rect.width()).round()
}

/// Lets the person move the line of the split view, with pointer or arrow keys, and draws it.
pub(super) fn split_line_ui(ui: &Ui, split: &mut f32, rect: Rect) {
    let center = pos2(split_x(*split, rect), rect.center().y);
    let grip = Rect::from_center_size(center, vec2(GRIP_WIDTH, rect.height()));
    // Clicks too, or the canvas below would take them and paint.
    let response = ui
        .interact(grip, ui.scope_id().with("split"), Sense::click_and_drag())
        .on_hover_cursor(CursorIcon::ResizeHorizontal);
    if response.dragged() {
        *split += response.drag_delta().x / rect.width();
    }
    if response.has_focus() {
        let presses = |key| ui.input(|input| input.num_presses(key)) as f32;
        *split += 0.02 * (presses(Key::ArrowRight) - presses(Key::ArrowLeft));
    }
    *split = split.clamp(0.0, 1.0);
    response.widget_info(|| WidgetInfo::slider(true, f64::from(*split), "Split position"));
    paint_split_line(
        ui.painter(),
        pos2(split_x(*split, rect), center.y),
        rect,
        response.hovered() || response.has_focus(),
    );
}

fn paint_split_line(painter: &Painter, center: Pos2, rect: Rect, is_active: bool) {
    painter.vline(center.x, rect.y_range(), Stroke::new(3.0, DARK));
    painter.vline(center.x, rect.y_range(), Stroke::new(1.0, LIGHT));
    let radius = HANDLE_RADIUS + if is_active { 1.5 } else { 0.0 };
    painter.circle(center, radius, DARK, Stroke::new(1.5, LIGHT));
    for side in [-1.0, 1.0] {
        let tip = center + vec2(side * 6.0, 0.0);
        for tilt in [-4.0, 4.0] {
            let wing = center + vec2(side * 2.5, tilt);
            painter.line_segment([tip, wing], Stroke::new(1.5, LIGHT));
        }
    }
}

/// Says which side is which.
pub(super) fn paint_labels(painter: &Painter, panes: &[Pane]) {
    match panes {
        [
            Pane {
                viewport,
                source: Source::Original,
            },
        ] => label(painter, viewport.rect, Align2::LEFT_TOP, "Before"),
        [
            Pane {
                viewport,
                source: Source::Split(_),
            },
        ] => {
            label(painter, viewport.rect, Align2::LEFT_TOP, "Before");
            label(painter, viewport.rect, Align2::RIGHT_TOP, "After");
        }
        [before, after] => {
            label(painter, before.viewport.rect, Align2::LEFT_TOP, "Before");
            label(painter, after.viewport.rect, Align2::LEFT_TOP, "After");
        }
        _ => {}
    }
}

fn label(painter: &Painter, rect: Rect, corner: Align2, text: &str) {
    let at = corner.pos_in_rect(&rect.shrink2(LABEL_MARGIN));
    let text = painter.layout_no_wrap(text.to_owned(), FontId::proportional(13.0), LIGHT);
    let place = corner.anchor_size(at, text.size());
    painter.rect_filled(place.expand2(vec2(7.0, 3.0)), 6.0, DARK);
    painter.galley(place.min, text, LIGHT);
}

#[cfg(test)]
mod tests {
    use super::{Compare, Source, panes};
    use crate::app::canvas::view::{View, Viewport};
    use eframe::egui::{Rect, pos2, vec2};

    fn viewport() -> Viewport {
        Viewport {
            rect: Rect::from_min_size(pos2(10.0, 0.0), vec2(200.0, 100.0)),
            pixels_per_point: 1.0,
        }
    }

    #[test]
    fn side_by_side_shows_the_same_part_of_both() {
        let panes = panes(Compare::SideBySide, false, 0.5, viewport());
        assert_eq!(
            panes.iter().map(|pane| pane.source).collect::<Vec<_>>(),
            [Source::Original, Source::Result]
        );
        let mut view = View::fitted(1000, 1000);
        view.set_zoom(1.0);
        let visible = |pane: usize| view.visible(panes[pane].viewport);
        assert!(
            (visible(0).min - visible(1).min).length() < 1.0,
            "{:?} {:?}",
            visible(0),
            visible(1)
        );
        assert!(
            !panes[0].viewport.rect.intersects(panes[1].viewport.rect),
            "a gap between them"
        );
    }

    #[test]
    fn a_held_key_shows_the_original_in_any_mode() {
        for compare in [Compare::After, Compare::Split, Compare::SideBySide] {
            let panes = panes(compare, true, 0.5, viewport());
            assert_eq!((panes.len(), panes[0].source), (1, Source::Original));
        }
    }
}
