//! Where the photo is on the screen: pan, zoom and the mapping between both spaces.
//!
//! Zoom counts *physical* pixels per photo pixel, so that 100 % is one to one on every display. Screen positions are
//! egui points; a [`Viewport`] knows how many pixels a point has. Where photo pixels are shown one to one or as
//! crisp squares, the photo is laid on whole physical pixels.

use eframe::egui::{Pos2, Rect, Vec2, pos2, vec2};

/// Smallest zoom, unless the photo needs a smaller one to fit.
const MIN_ZOOM: f32 = 0.01;
/// Largest zoom.
const MAX_ZOOM: f32 = 64.0;

/// From this zoom on, photo pixels are drawn as crisp squares.
const CRISP_FROM: f32 = 2.0;
/// Where Ctrl with plus and minus stops.
const STEPS: [f32; 19] = [
    0.01, 0.02, 0.03, 0.05, 0.08, 0.125, 0.167, 0.25, 0.333, 0.5, 0.667, 1.0, 2.0, 3.0, 4.0, 8.0, 16.0, 32.0,
    64.0,
];
/// Room left around a fitted photo, in points.
const FIT_MARGIN: f32 = 12.0;
/// How much of the photo can always be seen, in points.
const KEPT_IN_VIEW: f32 = 48.0;
/// Time constant of the smooth zoom, in seconds.
const GLIDE_SECS: f32 = 0.045;

/// The part of the window that shows the photo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Viewport {
    /// In points.
    pub rect: Rect,
    /// Physical pixels per point.
    pub pixels_per_point: f32,
}

/// The mapping between photo pixels and points of one viewport, in both directions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transform {
    /// Where the photo's top left corner is on the screen, in points.
    pub origin: Pos2,
    /// Points per photo pixel.
    pub scale: f32,
}

impl Transform {
    /// From photo pixels to points.
    pub fn to_screen(self, in_photo: Pos2) -> Pos2 {
        self.origin + in_photo.to_vec2() * self.scale
    }

    /// From points to photo pixels.
    pub fn to_photo(self, on_screen: Pos2) -> Pos2 {
        ((on_screen - self.origin) / self.scale).to_pos2()
    }
}

/// Pan and zoom over a photo.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    photo_size: Vec2,
    zoom: f32,
    center_in_photo: Pos2,
    /// It follows the viewport, so that the whole photo shows.
    is_fitted: bool,
    glide: Option<Glide>,
}

/// A zoom that is still under way.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Glide {
    log_factor_left: f32,
    anchor: Pos2,
}

impl View {
    /// The whole photo, as large as the viewport allows.
    pub fn fitted(width: u32, height: u32) -> Self {
        let photo_size = vec2(width.max(1) as f32, height.max(1) as f32);
        Self {
            photo_size,
            zoom: 1.0,
            center_in_photo: (photo_size / 2.0).to_pos2(),
            is_fitted: true,
            glide: None,
        }
    }

    /// Physical pixels per photo pixel.
    pub const fn zoom(&self) -> f32 {
        self.zoom
    }

    /// Whether photo pixels are shown as they are, without smoothing.
    pub fn is_crisp(&self) -> bool {
        self.zoom >= CRISP_FROM || self.zoom == 1.0
    }

    /// Shows the whole photo and keeps doing so when the window changes.
    pub const fn fit(&mut self) {
        self.is_fitted = true;
        self.glide = None;
    }

    /// Zooms to `zoom` around the middle of the viewport.
    pub const fn set_zoom(&mut self, zoom: f32) {
        self.zoom = zoom;
        self.is_fitted = false;
        self.glide = None;
    }

    /// The next larger round zoom.
    pub fn zoom_in(&mut self) {
        let next = STEPS.into_iter().find(|&step| step > self.zoom * 1.01);
        self.set_zoom(next.unwrap_or(MAX_ZOOM));
    }

    /// The next smaller round zoom.
    pub fn zoom_out(&mut self) {
        let next = STEPS.into_iter().rfind(|&step| step < self.zoom * 0.99);
        self.set_zoom(next.unwrap_or(self.zoom));
    }

    /// Brings a part of the photo into the middle, as large as it fits with a quarter of its size around it, but no larger
    /// than its pixels are.
    pub fn look_at(&mut self, part: crate::imaging::Rect, viewport: Viewport) {
        let size = vec2(part.width.max(1) as f32, part.height.max(1) as f32);
        let room = viewport.rect.size() * viewport.pixels_per_point / (1.5 * size);
        let zoom = room.x.min(room.y).min(1.0).max(self.min_zoom(viewport));
        self.set_zoom(zoom);
        self.center_in_photo = pos2(part.x as f32, part.y as f32) + size / 2.0;
        self.keep_in_view(viewport);
    }

    /// Multiplies the zoom at once, keeping the photo under `anchor` where it is.
    pub fn zoom_at(&mut self, factor: f32, anchor: Pos2, viewport: Viewport) {
        let wanted = self.zoom * factor;
        let zoom = wanted.clamp(self.min_zoom(viewport), MAX_ZOOM);
        let from_center = (anchor - viewport.rect.center()) * viewport.pixels_per_point;
        self.center_in_photo += from_center / self.zoom - from_center / zoom;
        self.zoom = zoom;
        self.is_fitted = false;
        self.keep_in_view(viewport);
    }

    /// Multiplies the zoom over the next frames, keeping the photo under `anchor` where it is.
    pub fn glide_at(&mut self, factor: f32, anchor: Pos2) {
        let before = self.glide.map_or(0.0, |glide| glide.log_factor_left);
        self.glide = Some(Glide {
            log_factor_left: before + factor.ln(),
            anchor,
        });
    }

    /// Moves the photo by `delta` points.
    pub fn pan(&mut self, delta: Vec2, viewport: Viewport) {
        self.center_in_photo -= delta * viewport.pixels_per_point / self.zoom;
        self.is_fitted = false;
        self.keep_in_view(viewport);
    }

    /// Begins a frame: follows the viewport, and goes on with a smooth zoom. Returns whether there is more to come.
    pub fn advance(&mut self, elapsed_secs: f32, viewport: Viewport) -> bool {
        if self.is_fitted && self.glide.is_none() {
            self.zoom = self.fit_zoom(viewport);
            self.center_in_photo = (self.photo_size / 2.0).to_pos2();
        }
        if let Some(glide) = self.glide.take() {
            let share = 1.0 - (-elapsed_secs / GLIDE_SECS).exp();
            let is_last = glide.log_factor_left.abs() < 0.004;
            let log_factor = glide.log_factor_left * if is_last { 1.0 } else { share };
            self.zoom_at(log_factor.exp(), glide.anchor, viewport);
            self.glide = (!is_last).then_some(Glide {
                log_factor_left: glide.log_factor_left - log_factor,
                ..glide
            });
        }
        self.zoom = self.zoom.clamp(self.min_zoom(viewport), MAX_ZOOM);
        self.keep_in_view(viewport);
        self.glide.is_some()
    }

    /// The mapping for this frame.
    pub fn transform(&self, viewport: Viewport) -> Transform {
        let pixels_per_point = viewport.pixels_per_point;
        let center_px = viewport.rect.center().to_vec2() * pixels_per_point;
        let mut origin_px = center_px - self.center_in_photo.to_vec2() * self.zoom;
        if self.is_crisp() {
            origin_px = origin_px.round();
        }
        Transform {
            origin: (origin_px / pixels_per_point).to_pos2(),
            scale: self.zoom / pixels_per_point,
        }
    }

    /// The photo pixels that the viewport shows, which may reach beyond the photo.
    pub fn visible(&self, viewport: Viewport) -> Rect {
        let transform = self.transform(viewport);
        Rect::from_min_max(
            transform.to_photo(viewport.rect.min),
            transform.to_photo(viewport.rect.max),
        )
    }

    fn fit_zoom(&self, viewport: Viewport) -> f32 {
        let room = (viewport.rect.size() - Vec2::splat(2.0 * FIT_MARGIN)).max(Vec2::splat(1.0));
        let ratio = room * viewport.pixels_per_point / self.photo_size;
        ratio.min_elem().min(MAX_ZOOM)
    }

    fn min_zoom(&self, viewport: Viewport) -> f32 {
        MIN_ZOOM.min(self.fit_zoom(viewport))
    }

    fn keep_in_view(&mut self, viewport: Viewport) {
        let half = viewport.rect.size() * viewport.pixels_per_point / self.zoom / 2.0;
        let kept = Vec2::splat(KEPT_IN_VIEW * viewport.pixels_per_point / self.zoom)
            .min(self.photo_size)
            .min(half);
        let (low, high) = (kept - half, self.photo_size - kept + half);
        let center = self.center_in_photo;
        self.center_in_photo = pos2(center.x.clamp(low.x, high.x), center.y.clamp(low.y, high.y));
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_ZOOM, View, Viewport};
    use eframe::egui::{Pos2, Rect, pos2, vec2};
    use proptest::prelude::{ProptestConfig, prop_assert, proptest};

    fn viewport(pixels_per_point: f32) -> Viewport {
        Viewport {
            rect: Rect::from_min_size(pos2(40.0, 30.0), vec2(801.0, 603.0)),
            pixels_per_point,
        }
    }

    fn settled(view: &mut View, viewport: Viewport) {
        for _ in 0..200 {
            if !view.advance(1.0 / 60.0, viewport) {
                return;
            }
        }
        panic!("the zoom never settles");
    }

    #[test]
    fn what_is_looked_at_lies_in_the_middle_with_room_around() {
        let viewport = viewport(2.0);
        let mut view = View::fitted(6000, 4000);
        view.advance(0.0, viewport);
        for (part, zoom) in [
            // Across by 1.5 times its width: 1602 physical pixels; a small one is not enlarged.
            (crate::imaging::Rect::new(1000, 500, 2136, 300), 0.5),
            (crate::imaging::Rect::new(3000, 2000, 40, 30), 1.0),
        ] {
            view.look_at(part, viewport);
            view.advance(0.0, viewport);
            assert!((view.zoom() - zoom).abs() < 1e-3, "{}", view.zoom());
            let middle = pos2(
                (part.x + part.width / 2) as f32,
                (part.y + part.height / 2) as f32,
            );
            let shown = view.transform(viewport).to_screen(middle);
            assert!(shown.distance(viewport.rect.center()) < 1.0, "{shown:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn the_two_directions_undo_each_other(x in 0.0f32..6000.0, y in 0.0f32..4000.0, log_zoom in -4.0f32..4.0, scale in 1.0f32..3.0) {
            let viewport = viewport(scale);
            let mut view = View::fitted(6000, 4000);
            view.advance(0.0, viewport);
            view.set_zoom(log_zoom.exp());
            view.advance(0.0, viewport);
            let transform = view.transform(viewport);
            let back = transform.to_photo(transform.to_screen(pos2(x, y)));
            // Half a hundredth of a screen pixel, and what f32 resolves at 6000.
            prop_assert!((back - pos2(x, y)).length() < 0.002 + 0.005 / transform.scale, "{back:?}");
        }

        #[test]
        fn zooming_keeps_the_photo_under_the_cursor(x in 200.0f32..700.0, y in 150.0f32..500.0, factor in 0.3f32..8.0) {
            let viewport = viewport(1.5);
            let mut view = View::fitted(6000, 4000);
            view.advance(0.0, viewport);
            let cursor = pos2(x, y);
            let before = view.transform(viewport).to_photo(cursor);
            view.glide_at(factor, cursor);
            settled(&mut view, viewport);
            let after = view.transform(viewport).to_screen(before);
            // Laying crisp pixels on whole screen pixels may move the photo by half a pixel each way.
            prop_assert!((after - cursor).length() < 0.75, "moved to {after:?} from {cursor:?}");
        }
    }

    #[test]
    fn one_hundred_percent_is_one_physical_pixel_on_any_display() {
        for pixels_per_point in [1.0, 1.25, 2.0] {
            let viewport = viewport(pixels_per_point);
            let mut view = View::fitted(3000, 2000);
            view.set_zoom(1.0);
            view.advance(0.0, viewport);
            let transform = view.transform(viewport);
            assert_eq!(transform.scale * pixels_per_point, 1.0);
            let origin_px = transform.origin.to_vec2() * pixels_per_point;
            assert!((origin_px - origin_px.round()).length() < 1e-3, "{origin_px:?}");
        }
    }

    #[test]
    fn a_fitted_photo_lies_inside_and_follows_the_window() {
        let mut view = View::fitted(6000, 1000);
        for width in [300.0, 900.0] {
            let viewport = Viewport {
                rect: Rect::from_min_size(Pos2::ZERO, vec2(width, 400.0)),
                pixels_per_point: 2.0,
            };
            view.advance(0.0, viewport);
            let transform = view.transform(viewport);
            let photo = Rect::from_min_max(
                transform.to_screen(Pos2::ZERO),
                transform.to_screen(pos2(6000.0, 1000.0)),
            );
            assert!(viewport.rect.contains_rect(photo), "{photo:?} in {width}");
            assert!(photo.width() > width * 0.9, "{photo:?} fills {width}");
        }
    }

    #[test]
    fn some_of_the_photo_stays_in_view() {
        let viewport = viewport(1.0);
        for zoom in [0.05, 1.0, 30.0] {
            for direction in [vec2(1.0, 0.3), vec2(-1.0, 0.0), vec2(0.2, -1.0)] {
                let mut view = View::fitted(600, 400);
                view.set_zoom(zoom);
                view.advance(0.0, viewport);
                view.pan(direction * 1e6, viewport);
                let photo = Rect::from_min_size(Pos2::ZERO, vec2(600.0, 400.0));
                let shown = view.visible(viewport).intersect(photo).size() * zoom;
                assert!(shown.min_elem() > 15.0, "{shown:?} at {zoom}");
            }
        }
    }

    #[test]
    fn zoom_stays_between_its_limits() {
        let viewport = viewport(1.0);
        let mut view = View::fitted(6000, 4000);
        view.advance(0.0, viewport);
        view.zoom_at(1e9, viewport.rect.center(), viewport);
        assert_eq!(view.zoom(), MAX_ZOOM);
        view.zoom_at(1e-9, viewport.rect.center(), viewport);
        assert_eq!(view.zoom(), 0.01);
    }

    #[test]
    fn steps_visit_one_hundred_percent() {
        let viewport = viewport(1.0);
        let mut view = View::fitted(6000, 4000);
        view.advance(0.0, viewport);
        let start = view.zoom();
        let mut visited = vec![];
        while view.zoom() < MAX_ZOOM {
            view.zoom_in();
            visited.push(view.zoom());
        }
        assert!(
            visited.contains(&1.0) && visited[0] > start,
            "{visited:?} from {start}"
        );
        view.zoom_out();
        assert_eq!(view.zoom(), 32.0);
    }
}
