//! Textures as the canvas needs them: created empty, written by rectangle.
//!
//! All are in the screen's own encoding, so `Unorm` and not `UnormSrgb`.

use eframe::wgpu;

/// The three pictures of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Plane {
    Original,
    Mask,
    Result,
}

impl Plane {
    pub(super) const ALL: [Self; 3] = [Self::Original, Self::Mask, Self::Result];

    pub(super) const fn format(self) -> wgpu::TextureFormat {
        match self {
            Self::Mask => wgpu::TextureFormat::R8Unorm,
            Self::Original | Self::Result => wgpu::TextureFormat::Rgba8Unorm,
        }
    }
}

/// An empty texture (all zero) that can be sampled and written.
pub(super) fn create(
    device: &wgpu::Device,
    label: &str,
    (width, height): (u32, u32),
    levels: u32,
    format: wgpu::TextureFormat,
) -> wgpu::Texture {
    device.create_texture(&wgpu::TextureDescriptor {
        label: Some(label),
        size: wgpu::Extent3d {
            width,
            height,
            depth_or_array_layers: 1,
        },
        mip_level_count: levels,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format,
        usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    })
}

/// Writes part of one level of a texture.
pub(super) fn upload(
    queue: &wgpu::Queue,
    texture: &wgpu::Texture,
    level: u32,
    (x, y): (u32, u32),
    (width, height): (u32, u32),
    bytes: &[u8],
    layout: wgpu::TexelCopyBufferLayout,
) {
    let place = wgpu::TexelCopyTextureInfo {
        texture,
        mip_level: level,
        origin: wgpu::Origin3d { x, y, z: 0 },
        aspect: wgpu::TextureAspect::All,
    };
    let size = wgpu::Extent3d {
        width,
        height,
        depth_or_array_layers: 1,
    };
    queue.write_texture(place, bytes, layout, size);
}
