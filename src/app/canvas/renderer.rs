//! Draws the tiles of a frame in one paint callback of egui.
//!
//! Pipeline and layouts live as long as the canvas; buffers and bind groups as long as a photo. A frame is a plain
//! list of instances, one per visible tile and pane. The pipeline matches a window without multisampling and depth
//! buffer, which is eframe's default.

use std::sync::Arc;

use bytemuck::{Pod, Zeroable};
use eframe::{
    egui::{self, PaintCallbackInfo},
    egui_wgpu::{CallbackResources, CallbackTrait, RenderState, ScreenDescriptor},
    wgpu,
};

use super::{
    Overlay,
    compare::{Pane, Source},
    gpu::{Plane, create},
    grid::COARSE_LEVELS,
    texture::Textures,
    view::View,
};
use crate::imaging::Rect;

/// Side of a square of the checkerboard, in points.
const CHECKER: f32 = 8.0;

/// What all photos share.
pub(super) struct Pipeline {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pipeline: wgpu::RenderPipeline,
    frame_layout: wgpu::BindGroupLayout,
    tile_layout: wgpu::BindGroupLayout,
    sampler: wgpu::Sampler,
    /// Stands for textures that a tile does not have.
    nothing: [wgpu::TextureView; 3],
}

impl Pipeline {
    pub(super) fn new(render_state: &RenderState) -> Arc<Self> {
        let device = &render_state.device;
        let frame_layout = frame_layout(device);
        let tile_layout = layout(
            device,
            "canvas tile",
            &Plane::ALL.map(|plane| texture_entry(plane as u32)),
        );
        let layouts = [Some(&frame_layout), Some(&tile_layout)];
        let nothing = Plane::ALL.map(|plane| {
            let texture = create(device, "canvas nothing", (1, 1), 1, plane.format());
            texture.create_view(&wgpu::TextureViewDescriptor::default())
        });
        Arc::new(Self {
            pipeline: render_pipeline(device, &layouts, render_state.target_format),
            sampler: smooth_sampler(device),
            device: device.clone(),
            queue: render_state.queue.clone(),
            frame_layout,
            tile_layout,
            nothing,
        })
    }
}

fn smooth_sampler(device: &wgpu::Device) -> wgpu::Sampler {
    device.create_sampler(&wgpu::SamplerDescriptor {
        label: Some("canvas"),
        mag_filter: wgpu::FilterMode::Linear,
        min_filter: wgpu::FilterMode::Linear,
        mipmap_filter: wgpu::MipmapFilterMode::Linear,
        lod_max_clamp: COARSE_LEVELS as f32,
        ..Default::default()
    })
}

fn layout(
    device: &wgpu::Device,
    label: &str,
    entries: &[wgpu::BindGroupLayoutEntry],
) -> wgpu::BindGroupLayout {
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some(label),
        entries,
    })
}

fn frame_layout(device: &wgpu::Device) -> wgpu::BindGroupLayout {
    let entry = |binding, visibility, ty| wgpu::BindGroupLayoutEntry {
        binding,
        visibility,
        ty,
        count: None,
    };
    let globals = wgpu::BindingType::Buffer {
        ty: wgpu::BufferBindingType::Uniform,
        has_dynamic_offset: false,
        min_binding_size: None,
    };
    let sampler = wgpu::BindingType::Sampler(wgpu::SamplerBindingType::Filtering);
    let entries = [
        entry(0, wgpu::ShaderStages::VERTEX_FRAGMENT, globals),
        entry(1, wgpu::ShaderStages::FRAGMENT, sampler),
        texture_entry(2),
        texture_entry(3),
        texture_entry(4),
    ];
    layout(device, "canvas frame", &entries)
}

const fn texture_entry(binding: u32) -> wgpu::BindGroupLayoutEntry {
    wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::FRAGMENT,
        ty: wgpu::BindingType::Texture {
            sample_type: wgpu::TextureSampleType::Float { filterable: true },
            view_dimension: wgpu::TextureViewDimension::D2,
            multisampled: false,
        },
        count: None,
    }
}

fn render_pipeline(
    device: &wgpu::Device,
    layouts: &[Option<&wgpu::BindGroupLayout>],
    target: wgpu::TextureFormat,
) -> wgpu::RenderPipeline {
    let module = device.create_shader_module(wgpu::include_wgsl!("canvas.wgsl"));
    let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some("canvas"),
        bind_group_layouts: layouts,
        immediate_size: 0,
    });
    let attributes = wgpu::vertex_attr_array![0 => Float32x4, 1 => Float32x4, 2 => Float32x4, 3 => Uint32x2];
    device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some("canvas"),
        layout: Some(&layout),
        vertex: wgpu::VertexState {
            module: &module,
            entry_point: Some("vertex"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            buffers: &[Some(wgpu::VertexBufferLayout {
                array_stride: size_of::<Instance>() as u64,
                step_mode: wgpu::VertexStepMode::Instance,
                attributes: &attributes,
            })],
        },
        primitive: wgpu::PrimitiveState {
            topology: wgpu::PrimitiveTopology::TriangleStrip,
            ..Default::default()
        },
        depth_stencil: None,
        multisample: wgpu::MultisampleState::default(),
        fragment: Some(wgpu::FragmentState {
            module: &module,
            entry_point: Some(if target.is_srgb() {
                "fragment_linear"
            } else {
                "fragment"
            }),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            targets: &[Some(target.into())],
        }),
        multiview_mask: None,
        cache: None,
    })
}

/// As `Globals` in `canvas.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Globals {
    screen_size: [f32; 2],
    coarse_scale: [f32; 2],
    overlay: [f32; 4],
    levels: f32,
    line_px: f32,
    checker_px: f32,
    split_px: f32,
    is_crisp: u32,
    padding: [u32; 3],
}

/// As `Instance` in `canvas.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Instance {
    drawn: [f32; 4],
    held: [f32; 4],
    pane: [f32; 4],
    flags: [u32; 2],
}

/// What a photo needs to be drawn, besides its textures.
pub(super) struct Photo {
    globals: wgpu::Buffer,
    instances: wgpu::Buffer,
    frame: wgpu::BindGroup,
    /// Per tile, with the version of its textures.
    tiles: Vec<Option<(u64, wgpu::BindGroup)>>,
}

impl Photo {
    pub(super) fn new(pipeline: &Pipeline, textures: &Textures) -> Self {
        let buffer = |label, size, usage| {
            pipeline.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some(label),
                size,
                usage: usage | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            })
        };
        let globals = buffer(
            "canvas globals",
            size_of::<Globals>() as u64,
            wgpu::BufferUsages::UNIFORM,
        );
        // At most two panes show every tile.
        let most_instances = (2 * textures.tiles.len() * size_of::<Instance>()) as u64;
        Self {
            instances: buffer("canvas instances", most_instances, wgpu::BufferUsages::VERTEX),
            frame: frame_group(pipeline, &globals, textures),
            tiles: vec![None; textures.tiles.len()],
            globals,
        }
    }

    /// Lists what is to be drawn in this frame.
    pub(super) fn frame(
        &mut self,
        pipeline: &Arc<Pipeline>,
        textures: &Textures,
        view: &View,
        panes: &[Pane],
        overlay: &Overlay,
    ) -> Frame {
        let mut instances = Vec::new();
        let mut parts = Vec::new();
        for pane in panes {
            let visible = visible_pixels(view, pane);
            let mut groups = Vec::new();
            for tile in textures.grid.tiles_drawing(visible) {
                instances.push(instance(textures, tile, view, pane));
                groups.push(self.tile_group(pipeline, textures, tile));
            }
            parts.push((pane.viewport.rect, groups));
        }
        Frame {
            pipeline: Arc::clone(pipeline),
            globals_buffer: self.globals.clone(),
            instances_buffer: self.instances.clone(),
            frame_group: self.frame.clone(),
            globals: globals(textures, view, panes, overlay),
            instances,
            parts,
        }
    }

    fn tile_group(&mut self, pipeline: &Pipeline, textures: &Textures, tile: usize) -> wgpu::BindGroup {
        let state = &textures.tiles[tile];
        if let Some((version, group)) = &self.tiles[tile]
            && *version == state.version
        {
            return group.clone();
        }
        let views = Plane::ALL.map(|plane| {
            let texture = state.textures[plane as usize].as_ref();
            texture.map_or_else(
                || pipeline.nothing[plane as usize].clone(),
                |texture| texture.create_view(&wgpu::TextureViewDescriptor::default()),
            )
        });
        let entries = [0, 1, 2].map(|binding| wgpu::BindGroupEntry {
            binding: binding as u32,
            resource: wgpu::BindingResource::TextureView(&views[binding]),
        });
        let group = pipeline.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("canvas tile"),
            layout: &pipeline.tile_layout,
            entries: &entries,
        });
        self.tiles[tile] = Some((state.version, group.clone()));
        group
    }
}

fn frame_group(pipeline: &Pipeline, globals: &wgpu::Buffer, textures: &Textures) -> wgpu::BindGroup {
    let [original, mask, result] = [0, 1, 2].map(|plane: usize| textures.coarse[plane].view());
    let resources = [
        globals.as_entire_binding(),
        wgpu::BindingResource::Sampler(&pipeline.sampler),
        wgpu::BindingResource::TextureView(&original),
        wgpu::BindingResource::TextureView(&mask),
        wgpu::BindingResource::TextureView(&result),
    ];
    let entries: Vec<_> = (0..)
        .zip(resources)
        .map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource })
        .collect();
    pipeline.device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: Some("canvas frame"),
        layout: &pipeline.frame_layout,
        entries: &entries,
    })
}

/// The photo pixels that a pane shows, whole ones.
pub(super) fn visible_pixels(view: &View, pane: &Pane) -> Rect {
    let visible = view.visible(pane.viewport);
    let (x, y) = (visible.left().max(0.0) as u32, visible.top().max(0.0) as u32);
    let (right, bottom) = (
        visible.right().max(0.0).ceil() as u32,
        visible.bottom().max(0.0).ceil() as u32,
    );
    Rect::new(x, y, right.saturating_sub(x), bottom.saturating_sub(y))
}

fn instance(textures: &Textures, tile: usize, view: &View, pane: &Pane) -> Instance {
    let (drawn, held) = (textures.grid.drawn(tile), textures.grid.extent(tile));
    let pixels_per_point = pane.viewport.pixels_per_point;
    let origin = view.transform(pane.viewport).origin.to_vec2() * pixels_per_point;
    let has = Plane::ALL
        .iter()
        .filter(|&&plane| textures.tiles[tile].textures[plane as usize].is_some())
        .fold(0, |has, &plane| has | 1 << plane as u32);
    let shown = match pane.source {
        Source::Original => 0,
        Source::Result => 1,
        Source::Split(_) => 2,
    };
    Instance {
        drawn: [drawn.x, drawn.y, drawn.width, drawn.height].map(|value| value as f32),
        held: [
            held.x as f32,
            held.y as f32,
            1.0 / held.width as f32,
            1.0 / held.height as f32,
        ],
        pane: [origin.x, origin.y, view.zoom(), (-view.zoom().log2()).max(0.0)],
        flags: [has, shown],
    }
}

fn globals(textures: &Textures, view: &View, panes: &[Pane], overlay: &Overlay) -> Globals {
    let grid = &textures.grid;
    let (width, height) = grid.coarse_size();
    let pixels_per_point = panes.first().map_or(1.0, |pane| pane.viewport.pixels_per_point);
    let split = panes.iter().find_map(|pane| match pane.source {
        Source::Split(x) => Some((x * pixels_per_point).round()),
        Source::Original | Source::Result => None,
    });
    let [red, green, blue, _] = overlay
        .color
        .to_opaque()
        .to_array()
        .map(|sample| f32::from(sample) / 255.0);
    let opacity = if overlay.is_visible {
        overlay.opacity.clamp(0.0, 1.0)
    } else {
        0.0
    };
    Globals {
        screen_size: [1.0, 1.0],
        coarse_scale: [width, height].map(|side| 1.0 / (side * grid.unit()) as f32),
        overlay: [red, green, blue, opacity],
        levels: grid.levels as f32,
        line_px: pixels_per_point.max(1.0),
        checker_px: CHECKER * pixels_per_point,
        split_px: split.unwrap_or(0.0),
        is_crisp: u32::from(view.is_crisp()),
        padding: [0; 3],
    }
}

/// What one frame draws.
pub(super) struct Frame {
    pipeline: Arc<Pipeline>,
    globals_buffer: wgpu::Buffer,
    instances_buffer: wgpu::Buffer,
    frame_group: wgpu::BindGroup,
    globals: Globals,
    instances: Vec<Instance>,
    /// Per pane its place, in points, and its tiles. Their instances follow one another.
    parts: Vec<(egui::Rect, Vec<wgpu::BindGroup>)>,
}

impl CallbackTrait for Frame {
    fn prepare(
        &self,
        _device: &wgpu::Device,
        queue: &wgpu::Queue,
        screen: &ScreenDescriptor,
        _encoder: &mut wgpu::CommandEncoder,
        _resources: &mut CallbackResources,
    ) -> Vec<wgpu::CommandBuffer> {
        let globals = Globals {
            screen_size: screen.size_in_pixels.map(|side| side as f32),
            ..self.globals
        };
        queue.write_buffer(&self.globals_buffer, 0, bytemuck::bytes_of(&globals));
        queue.write_buffer(&self.instances_buffer, 0, bytemuck::cast_slice(&self.instances));
        Vec::new()
    }

    fn paint(
        &self,
        info: PaintCallbackInfo,
        pass: &mut wgpu::RenderPass<'static>,
        _resources: &CallbackResources,
    ) {
        let [width, height] = info.screen_size_px;
        pass.set_viewport(0.0, 0.0, width as f32, height as f32, 0.0, 1.0);
        pass.set_pipeline(&self.pipeline.pipeline);
        pass.set_bind_group(0, &self.frame_group, &[]);
        pass.set_vertex_buffer(0, self.instances_buffer.slice(..));
        let mut next = 0;
        for (rect, groups) in &self.parts {
            let instances = next..next + groups.len() as u32;
            next = instances.end;
            let Some((x, y, width, height)) = scissor(info.clip_rect.intersect(*rect), &info) else {
                continue;
            };
            pass.set_scissor_rect(x, y, width, height);
            for (instance, group) in instances.zip(groups) {
                pass.set_bind_group(1, group, &[]);
                pass.draw(0..4, instance..instance + 1);
            }
        }
    }
}

/// A rectangle in whole physical pixels of the window; none where nothing is left of it.
fn scissor(rect: egui::Rect, info: &PaintCallbackInfo) -> Option<(u32, u32, u32, u32)> {
    let [width, height] = info.screen_size_px;
    let pixel = |points: f32, end: u32| ((points * info.pixels_per_point).round().max(0.0) as u32).min(end);
    let (x, y) = (pixel(rect.left(), width), pixel(rect.top(), height));
    let (right, bottom) = (pixel(rect.right(), width), pixel(rect.bottom(), height));
    (right > x && bottom > y).then(|| (x, y, right - x, bottom - y))
}
