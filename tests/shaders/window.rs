//! A window with nothing but the canvas, drawn by a software GPU.

use std::time::{Duration, Instant};

use eframe::{
    egui::{self, Pos2, vec2},
    wgpu,
};
use egui_kittest::{Harness, kittest::Queryable as _};
use image::RgbaImage;
use lacuna::{
    app::canvas::{Canvas, CanvasEvent, Layer, Scene, Tool, ToolState},
    imaging::{Mask, Pixels, Rect, color::DisplayTransform},
    settings::Wand,
};

/// A window with nothing but the canvas.
pub(crate) struct App {
    pub(crate) canvas: Canvas,
    pub(crate) original: Pixels,
    pub(crate) result: Pixels,
    pub(crate) mask: Mask,
    pub(crate) colors: DisplayTransform,
    pub(crate) tool: ToolState,
    pub(crate) events: Vec<CanvasEvent>,
    /// What the canvas took in the last frame.
    pub(crate) spent: Duration,
}

impl App {
    pub(crate) fn new(canvas: Canvas, original: Pixels) -> Self {
        Self {
            canvas,
            result: original.clone(),
            mask: Mask::empty(original.width(), original.height()),
            colors: DisplayTransform::new(None, original.channels()),
            original,
            tool: ToolState {
                tool: Tool::Brush,
                keeps_out: false,
                size_px: 20.0,
                hardness: 0.5,
                wand: Wand::default(),
                is_before_held: false,
            },
            events: Vec::new(),
            spent: Duration::ZERO,
        }
    }

    pub(crate) fn mark(&mut self, rect: Rect, coverage: u8) {
        let width = self.mask.width();
        for y in rect.y..rect.bottom() {
            for x in rect.x..rect.right() {
                self.mask.coverage_mut()[(y * width + x) as usize] = coverage;
            }
        }
        self.changed(Layer::Mask, rect);
    }

    pub(crate) fn changed(&mut self, layer: Layer, rect: Rect) {
        self.canvas.invalidate(layer, rect);
    }
}

impl eframe::App for App {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let scene = Scene {
            original: &self.original,
            result: &self.result,
            mask: &self.mask,
            colors: &self.colors,
        };
        let start = Instant::now();
        self.events.extend(self.canvas.ui(ui, &scene, &self.tool));
        self.spent = start.elapsed();
    }
}

/// A drawn window of 400 × 300 physical pixels.
pub(crate) struct Window {
    pub(crate) harness: Harness<'static, App>,
    pub(crate) size: (u32, u32),
}

impl Window {
    pub(crate) fn open(tile_side: u32, pixels_per_point: f32, photo: Pixels) -> Self {
        let mut window = Self::unsettled(tile_side, pixels_per_point, photo);
        window.settle();
        window
    }

    pub(crate) fn unsettled(tile_side: u32, pixels_per_point: f32, photo: Pixels) -> Self {
        require_adapter();
        let size = (400, 300);
        let harness = Harness::builder()
            .with_size(vec2(size.0 as f32, size.1 as f32) / pixels_per_point)
            .with_pixels_per_point(pixels_per_point)
            .wgpu()
            .build_eframe(|context| {
                let canvas = Canvas::with_tile_side(context.wgpu_render_state.as_ref(), tile_side);
                App::new(canvas, photo)
            });
        Self { harness, size }
    }

    pub(crate) fn app(&self) -> &App {
        self.harness.state()
    }

    pub(crate) fn app_mut(&mut self) -> &mut App {
        self.harness.state_mut()
    }

    pub(crate) fn zoom(&mut self, zoom: f32) {
        self.app_mut().canvas.view_mut().set_zoom(zoom);
    }

    pub(crate) fn settle(&mut self) {
        for _ in 0..2000 {
            self.harness.step();
            if !self.app().canvas.is_loading() {
                return;
            }
        }
        panic!("the canvas never finishes loading");
    }

    pub(crate) fn picture(&mut self) -> RgbaImage {
        self.harness.step();
        self.settle();
        self.harness.render().expect("the picture can be drawn")
    }

    /// Where the photo's corner is, in physical pixels, when it lies in the middle of the window.
    pub(crate) fn origin(&self) -> (u32, u32) {
        let rect = self.harness.get_by_label("Canvas").rect();
        assert_eq!(rect.min, Pos2::ZERO, "the canvas fills the window");
        let zoom = self.app().canvas.view().zoom();
        let corner = |side: u32, photo: u32| (side as f32 / 2.0 - photo as f32 / 2.0 * zoom).round() as u32;
        let original = &self.app().original;
        (
            corner(self.size.0, original.width()),
            corner(self.size.1, original.height()),
        )
    }
}

/// Fails with what to do unless something can draw.
fn require_adapter() {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
    let adapters = now(instance.enumerate_adapters(wgpu::Backends::PRIMARY));
    assert!(
        !adapters.is_empty(),
        "no graphics adapter for the tests of the shader: install the package mesa-vulkan-drivers (Debian and Ubuntu), \
         a Vulkan driver that needs no graphics card"
    );
}

/// The adapters are known at once: nothing here needs an executor.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let std::task::Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}
