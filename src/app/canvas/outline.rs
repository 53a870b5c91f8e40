//! What is being outlined with lasso, polygon or rectangle, before it is closed.
//!
//! Corners are in photo pixels, so the photo can be moved and zoomed while a polygon is open.

use eframe::egui::{Painter, Pos2, Shape, Stroke, pos2};

use super::{
    CanvasEvent, Tool, cursor,
    view::{Transform, View},
};
use crate::app::canvas::compare::Pane;

/// How near to its first corner a click closes a polygon, and how near to its last, in points of the screen.
const CLOSING_REACH: f32 = 8.0;
const DOUBLE_CLICK_REACH: f32 = 3.0;

/// An outline under way; its first corner is set.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Outline {
    tool: Tool,
    erase: bool,
    corners: Vec<Pos2>,
}

impl Outline {
    /// Begins at `corner`. `None` where the tool outlines nothing.
    pub(super) fn begin(tool: Tool, corner: Pos2, erase: bool) -> Option<Self> {
        let corners = match tool {
            Tool::Lasso | Tool::Polygon => vec![corner],
            Tool::Rectangle => vec![corner; 2],
            Tool::Brush | Tool::Eraser | Tool::Wand | Tool::Hand => return None,
        };
        Some(Self { tool, erase, corners })
    }

    pub(super) const fn tool(&self) -> Tool {
        self.tool
    }

    /// The button moves to `to` while it is down. `is_square` gives a rectangle equal sides.
    pub(super) fn drag(&mut self, to: Pos2, is_square: bool) {
        match (self.tool, self.corners.as_mut_slice()) {
            (Tool::Rectangle, [from, corner]) => {
                let mut size = to - *from;
                if is_square {
                    let side = size.x.abs().max(size.y.abs());
                    size.x = side.copysign(size.x);
                    size.y = side.copysign(size.y);
                }
                *corner = *from + size;
            }
            (Tool::Lasso, [.., last]) if *last != to => self.corners.push(to),
            _ => {}
        }
    }

    /// A polygon's next corner. Returns whether the click closed it: near the first corner, or a second time on the
    /// last. `scale` is points per photo pixel.
    pub(super) fn click(&mut self, corner: Pos2, scale: f32) -> bool {
        let is_near = |other: Option<&Pos2>, reach: f32| {
            other.is_some_and(|other| other.distance(corner) * scale <= reach)
        };
        if is_near(self.corners.last(), DOUBLE_CLICK_REACH) {
            return self.corners.len() >= 3;
        }
        if self.corners.len() >= 3 && is_near(self.corners.first(), CLOSING_REACH) {
            return true;
        }
        self.corners.push(corner);
        false
    }

    /// Takes the last corner back. Returns whether any is left.
    pub(super) fn step_back(&mut self) -> bool {
        self.corners.pop();
        !self.corners.is_empty()
    }

    /// What was outlined; `None` where nothing is surrounded.
    pub(super) fn close(self) -> Option<CanvasEvent> {
        let outline = match (self.tool, self.corners.as_slice()) {
            (Tool::Rectangle, [from, to]) if from.x != to.x && from.y != to.y => {
                vec![*from, pos2(to.x, from.y), *to, pos2(from.x, to.y)]
            }
            (Tool::Rectangle, _) => return None,
            _ => self.corners,
        };
        (outline.len() >= 3).then_some(CanvasEvent::Area {
            outline,
            erase: self.erase,
        })
    }

    /// Draws it over the photo; an open polygon reaches to the pointer.
    pub(super) fn paint(&self, painter: &Painter, view: &View, panes: &[Pane], pointer: Option<Pos2>) {
        for pane in panes {
            let transform = view.transform(pane.viewport);
            let painter = painter.with_clip_rect(pane.viewport.rect);
            let reach = pointer.filter(|at| pane.viewport.rect.contains(*at));
            for (width, color) in [(3.0, cursor::DARK), (1.0, cursor::LIGHT)] {
                painter.add(Shape::line(
                    self.line(&transform, reach),
                    Stroke::new(width, color),
                ));
            }
            if let (Tool::Polygon, Some(first)) = (self.tool, self.corners.first()) {
                let first = transform.to_screen(*first);
                painter.circle(first, 4.0, cursor::LIGHT, Stroke::new(1.0, cursor::DARK));
            }
        }
    }

    fn line(&self, transform: &Transform, pointer: Option<Pos2>) -> Vec<Pos2> {
        match (self.tool, self.corners.as_slice()) {
            (Tool::Rectangle, [from, to]) => {
                let corners = [*from, pos2(to.x, from.y), *to, pos2(from.x, to.y), *from];
                corners.map(|corner| transform.to_screen(corner)).to_vec()
            }
            (Tool::Polygon, corners) => {
                let corners = corners.iter().map(|corner| transform.to_screen(*corner));
                corners.chain(pointer).collect()
            }
            (_, corners) => corners
                .iter()
                .map(|corner| transform.to_screen(*corner))
                .collect(),
        }
    }
}
