//! The photo on the screen: shown, compared, painted on.
//!
//! [`Canvas`] is a widget that owns its view (pan and zoom) and its textures, and nothing of the document: each frame
//! it is given a [`Scene`] to read and returns what the person did as [`CanvasEvent`]s. The app tells it what changed
//! with [`Canvas::invalidate`]. Work in a frame is bounded, whatever the size of the photo. Without a GPU the layout,
//! the gestures and the cursor work and a neutral rectangle stands for the photo; that is for tests of the app, not
//! for photographers.

mod coarse;
mod compare;
mod cursor;
mod dirty;
mod gestures;
mod gpu;
mod grid;
mod outline;
mod preview;
mod pyramid;
mod renderer;
mod scene;
mod texture;
mod tools;
mod veil;
mod view;

use std::sync::Arc;

use eframe::{
    egui::{
        self, Color32, CursorIcon, Event, EventFilter, Id, Key, Painter, Response, Role, Sense, Ui, Vec2,
        WidgetInfo, pos2, vec2,
    },
    egui_wgpu::{Callback, RenderState},
};

use crate::imaging::Rect;
use compare::Pane;
use gestures::{Gestures, Pinch, Surroundings};
use grid::{Grid, TILE_SIDE};
use outline::Outline;
use renderer::{Photo, Pipeline, visible_pixels};
use texture::Textures;
use view::Viewport;

pub use compare::Compare;
pub use scene::{DisplayColors, Scene};
pub use tools::{CanvasEvent, Tool, ToolState};
pub use veil::Veil;
pub use view::View;

/// What surrounds the photo, in both themes: neutral, so that it tints no judgement of colour.
const SURROUND: Color32 = Color32::from_gray(48);
/// What stands for the photo without a GPU.
const PLACEHOLDER: Color32 = Color32::from_gray(96);
/// How far an arrow key moves the photo, in points.
const ARROW_STEP: f32 = 40.0;

/// A part of the scene that changes while a photo is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layer {
    /// [`Scene::result`].
    Result,
    /// [`Scene::mask`].
    Mask,
}

/// How the mask lies over the photo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Overlay {
    /// Colour of what will be removed.
    pub color: Color32,
    /// `0.0..=1.0`.
    pub opacity: f32,
    /// Whether it shows at all.
    pub is_visible: bool,
}

impl Default for Overlay {
    fn default() -> Self {
        Self {
            color: Color32::from_rgb(255, 45, 70),
            opacity: 0.5,
            is_visible: true,
        }
    }
}

/// The widget. One per window; it outlives the photos it shows.
pub struct Canvas {
    /// How original and result are shown.
    pub compare: Compare,
    /// How the mask is shown.
    pub overlay: Overlay,
    /// Small pictures that lie over the photo.
    pub veils: Vec<Veil>,
    split: f32,
    view: View,
    photo_size: (u32, u32),
    gestures: Gestures,
    /// What is to be brought into view as soon as the viewport is known.
    sought: Option<Rect>,
    pipeline: Option<Arc<Pipeline>>,
    tile_side: u32,
    shown: Option<Shown>,
    id: Option<Id>,
}

/// A photo on the GPU.
struct Shown {
    textures: Textures,
    photo: Photo,
}

impl Canvas {
    /// A canvas without a photo.
    pub fn new(render_state: Option<&RenderState>) -> Self {
        Self::with_tile_side(render_state, TILE_SIDE)
    }

    /// As [`Self::new`], with textures of at most `tile_side` pixels, at least 32: for devices that have only small
    /// ones.
    pub fn with_tile_side(render_state: Option<&RenderState>, tile_side: u32) -> Self {
        Self {
            compare: Compare::default(),
            overlay: Overlay::default(),
            veils: Vec::new(),
            split: 0.5,
            view: View::fitted(1, 1),
            photo_size: (0, 0),
            gestures: Gestures::default(),
            sought: None,
            pipeline: render_state.map(Pipeline::new),
            tile_side,
            shown: None,
            id: None,
        }
    }

    /// Shows another document: forgets all pixels of the one before and fits the photo in. Reads no pixels yet.
    pub fn set_document(&mut self, scene: &Scene<'_>) {
        let (width, height) = (scene.original.width(), scene.original.height());
        self.photo_size = (width, height);
        self.view = View::fitted(width, height);
        self.gestures = Gestures::default();
        self.shown = self.pipeline.as_ref().map(|pipeline| {
            let max_side = pipeline.device.limits().max_texture_dimension_2d;
            let grid = Grid::new(width, height, self.tile_side, max_side);
            let textures = Textures::new(&pipeline.device, &pipeline.queue, grid);
            let photo = Photo::new(pipeline, &textures);
            Shown { textures, photo }
        });
    }

    /// Says that `rect` of the layer changed. Cheap: the pixels are read in the next frame.
    pub fn invalidate(&mut self, layer: Layer, rect: Rect) {
        if let Some(Shown { textures, .. }) = &mut self.shown {
            match layer {
                Layer::Result => textures.result_changed(rect),
                Layer::Mask => textures.mask_changed(rect),
            }
        }
    }

    /// The widget's identity, to tell whether it has the keyboard's focus. `None` before it was shown.
    pub const fn id(&self) -> Option<Id> {
        self.id
    }

    /// Whether parts of the photo or of large changes are still on their way to the GPU.
    pub fn is_loading(&self) -> bool {
        self.shown
            .as_ref()
            .is_some_and(|shown| shown.textures.is_loading())
    }

    /// Pan and zoom, to read.
    pub const fn view(&self) -> &View {
        &self.view
    }

    /// Pan and zoom, to change.
    pub const fn view_mut(&mut self) -> &mut View {
        &mut self.view
    }

    /// Whether a stroke is being painted.
    pub const fn is_painting(&self) -> bool {
        self.gestures.is_painting()
    }

    /// Whether something is being outlined: a polygon stays open between clicks.
    pub const fn is_outlining(&self) -> bool {
        self.gestures.outline().is_some()
    }

    /// Closes what is being outlined. `None` if it surrounds nothing.
    pub fn close_outline(&mut self) -> Option<CanvasEvent> {
        self.gestures.take_outline().and_then(Outline::close)
    }

    /// Takes the last corner back of what is being outlined.
    pub fn take_corner_back(&mut self) {
        self.gestures.step_back();
    }

    /// Brings a part of the photo into the middle, as large as it fits with some of its surroundings.
    pub fn look_at(&mut self, part: Rect) {
        self.sought = Some(part);
    }

    /// Lets go of what is being outlined.
    pub fn drop_outline(&mut self) {
        self.gestures.take_outline();
    }

    /// Shows the scene in all the room there is and returns what the person did.
    pub fn ui(&mut self, ui: &mut Ui, scene: &Scene<'_>, tool: &ToolState) -> Vec<CanvasEvent> {
        if self.photo_size != (scene.original.width(), scene.original.height()) {
            self.set_document(scene);
        }
        let sense = Sense::click_and_drag();
        let (rect, response) = ui.allocate_exact_size(ui.available_size().max(Vec2::splat(1.0)), sense);
        response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, "Canvas"));
        self.id = Some(response.id);
        let viewport = Viewport {
            rect,
            pixels_per_point: ui.pixels_per_point(),
        };
        let panes = compare::panes(self.compare, tool.is_before_held, self.split, viewport);
        let events = self.interact(ui, &response, &panes, tool);
        self.upload(ui, scene, &panes);
        self.paint(ui, &response, &panes, tool);
        events
    }

    fn interact(
        &mut self,
        ui: &Ui,
        response: &Response,
        panes: &[Pane],
        tool: &ToolState,
    ) -> Vec<CanvasEvent> {
        let viewports: Vec<Viewport> = panes.iter().map(|pane| pane.viewport).collect();
        let elapsed_secs = ui.input(|input| input.stable_dt);
        self.arrow_keys(ui, response, viewports[0]);
        let mut found = Vec::new();
        let around = surroundings(ui, response, &viewports, tool.tool);
        ui.input(|input| {
            self.gestures
                .take(&input.events, around, &mut self.view, &mut found);
        });
        if let Some(part) = self.sought.take() {
            self.view.look_at(part, viewports[0]);
        }
        if self.view.advance(elapsed_secs, viewports[0]) {
            ui.ctx().request_repaint();
        }
        found
    }

    /// With the keyboard on the canvas, arrows move over the photo.
    fn arrow_keys(&mut self, ui: &Ui, response: &Response, viewport: Viewport) {
        if !response.has_focus() {
            return;
        }
        let filter = EventFilter {
            horizontal_arrows: true,
            vertical_arrows: true,
            ..EventFilter::default()
        };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
        let presses = |key| ui.input(|input| input.num_presses(key)) as f32;
        let x = presses(Key::ArrowLeft) - presses(Key::ArrowRight);
        let y = presses(Key::ArrowUp) - presses(Key::ArrowDown);
        if x != 0.0 || y != 0.0 {
            self.view.pan(vec2(x, y) * ARROW_STEP, viewport);
        }
    }

    /// Does this frame's share of bringing pixels to the GPU.
    fn upload(&mut self, ui: &Ui, scene: &Scene<'_>, panes: &[Pane]) {
        let visible = visible_pixels(&self.view, &panes[0]);
        if let Some(Shown { textures, .. }) = &mut self.shown
            && textures.update(scene, visible)
        {
            ui.ctx().request_repaint();
        }
    }

    fn paint(&mut self, ui: &Ui, response: &Response, panes: &[Pane], tool: &ToolState) {
        let painter = ui.painter_at(response.rect);
        painter.rect_filled(response.rect, 0.0, SURROUND);
        self.paint_photo(&painter, response.rect, panes, tool);
        if !tool.is_before_held || self.gestures.is_painting() {
            veil::paint(&painter, &self.view, panes, &self.veils);
        }
        compare::paint_labels(&painter, panes);
        if let Some(outline) = self.gestures.outline() {
            let pointer = ui.input(|input| input.pointer.latest_pos());
            outline.paint(&painter, &self.view, panes, pointer);
        }
        self.paint_cursor(ui, response, panes, tool);
        if self.compare == Compare::Split && !tool.is_before_held {
            compare::split_line_ui(ui, &mut self.split, response.rect);
        }
        if response.has_focus() {
            let stroke = ui.visuals().selection.stroke;
            painter.rect_stroke(response.rect, 0.0, stroke, egui::StrokeKind::Inside);
        }
    }

    fn paint_photo(&mut self, painter: &Painter, rect: egui::Rect, panes: &[Pane], tool: &ToolState) {
        let overlay = Overlay {
            is_visible: self.shows_mask(tool),
            ..self.overlay
        };
        let (Some(pipeline), Some(shown)) = (&self.pipeline, &mut self.shown) else {
            self.paint_placeholder(painter, panes);
            return;
        };
        let frame = shown
            .photo
            .frame(pipeline, &shown.textures, &self.view, panes, &overlay);
        painter.add(Callback::new_paint_callback(rect, frame));
    }

    /// Nobody paints blindly: while a stroke is drawn, what it marks is seen whatever else is shown.
    fn shows_mask(&self, tool: &ToolState) -> bool {
        let is_marking = self.gestures.is_painting() && !tool.keeps_out;
        is_marking || self.overlay.is_visible && !tool.is_before_held
    }

    fn paint_placeholder(&self, painter: &Painter, panes: &[Pane]) {
        let (width, height) = self.photo_size;
        for pane in panes {
            let transform = self.view.transform(pane.viewport);
            let corner = transform.to_screen(pos2(width as f32, height as f32));
            let photo = egui::Rect::from_min_max(transform.origin, corner);
            painter
                .with_clip_rect(pane.viewport.rect)
                .rect_filled(photo, 0.0, PLACEHOLDER);
        }
    }

    fn paint_cursor(&self, ui: &Ui, response: &Response, panes: &[Pane], tool: &ToolState) {
        if !response.contains_pointer() && !self.gestures.is_painting() && !self.gestures.is_panning() {
            return;
        }
        let is_hand = ui.input(|input| input.key_down(Key::Space)) && !self.gestures.is_painting();
        let icon = cursor::icon(tool.tool, self.gestures.is_panning(), is_hand);
        ui.set_cursor_icon(icon);
        let Some(at) = ui
            .input(|input| input.pointer.latest_pos())
            .filter(|_| icon == CursorIcon::None)
        else {
            return;
        };
        let scale = self.view.transform(panes[0].viewport).scale;
        cursor::paint(&ui.painter_at(response.rect), at, scale, tool);
    }
}

fn surroundings<'a>(ui: &Ui, response: &Response, viewports: &'a [Viewport], tool: Tool) -> Surroundings<'a> {
    let takes_wheel = response.contains_pointer();
    let takes_presses = response.is_pointer_button_down_on()
        || response.clicked()
        || response.secondary_clicked()
        || is_quick_drag_on(ui, response);
    let takes_keys = !ui.ctx().text_edit_focused();
    ui.input(|input| Surroundings {
        viewports,
        tool,
        takes_presses,
        takes_wheel,
        takes_keys,
        modifiers: input.modifiers,
        is_space_down: input.key_down(Key::Space),
        is_any_button_down: input.pointer.any_down(),
        pointer: input.pointer.latest_pos(),
        pinch: input.multi_touch().map(|touch| Pinch {
            zoom: touch.zoom_delta,
            translation: touch.translation_delta,
            center: touch.center_pos,
        }),
    })
}

/// Whether a button went down on the canvas and up again within this frame. egui counts that neither as a press
/// nor, if the pointer moved far, as a click; on a slow screen it is a whole stroke.
fn is_quick_drag_on(ui: &Ui, response: &Response) -> bool {
    let pressed_at = ui.input(|input| {
        let released = input
            .events
            .iter()
            .any(|event| matches!(event, Event::PointerButton { pressed: false, .. }));
        let pressed = input.events.iter().find_map(|event| match event {
            Event::PointerButton {
                pos, pressed: true, ..
            } => Some(*pos),
            _ => None,
        });
        pressed.filter(|_| released)
    });
    pressed_at
        .is_some_and(|at| response.rect.contains(at) && ui.ctx().layer_id_at(at) == Some(response.layer_id))
}
