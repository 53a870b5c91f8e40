// Composes the photo: before or after or both, on a checkerboard, under the mask.
//
// One instance per tile and pane. All positions are physical pixels of the window or pixels of the photo. Colours
// are the screen's own encoding, premultiplied.

struct Globals {
    screen_size: vec2f,
    // From photo pixels to the coarse picture's coordinates.
    coarse_scale: vec2f,
    // Colour and opacity of the mask.
    overlay: vec4f,
    // Mip levels in a tile; from there on the coarse picture.
    levels: f32,
    // Width of one line of the mask's outline.
    line_px: f32,
    checker_px: f32,
    // Left of it the original, where a pane is split.
    split_px: f32,
    // 1 where photo pixels are shown as they are.
    is_crisp: u32,
    padding_0: u32,
    padding_1: u32,
    padding_2: u32,
}

@group(0) @binding(0) var<uniform> globals: Globals;
@group(0) @binding(1) var smooth_sampler: sampler;
@group(0) @binding(2) var coarse_original: texture_2d<f32>;
@group(0) @binding(3) var coarse_mask: texture_2d<f32>;
@group(0) @binding(4) var coarse_result: texture_2d<f32>;

@group(1) @binding(0) var tile_original: texture_2d<f32>;
@group(1) @binding(1) var tile_mask: texture_2d<f32>;
@group(1) @binding(2) var tile_result: texture_2d<f32>;

const HAS_ORIGINAL = 1u;
const HAS_MASK = 2u;
const HAS_RESULT = 4u;

const SHOW_ORIGINAL = 0u;
const SHOW_RESULT = 1u;
const SHOW_SPLIT = 2u;

struct Instance {
    // Left, top, width, height of what the tile draws, in photo pixels.
    @location(0) drawn: vec4f,
    // Left, top of what the tile's texture holds, in photo pixels, and 1 / its width and height.
    @location(1) held: vec4f,
    // The photo's corner on the screen, zoom, and level of detail.
    @location(2) pane: vec4f,
    // What the tile has, and what the pane shows.
    @location(3) flags: vec2u,
}

struct Fragment {
    @builtin(position) position: vec4f,
    @location(0) @interpolate(flat) held: vec4f,
    @location(1) @interpolate(flat) pane: vec4f,
    @location(2) @interpolate(flat) flags: vec2u,
}

@vertex
fn vertex(@builtin(vertex_index) index: u32, instance: Instance) -> Fragment {
    let corner = vec2f(f32(index & 1u), f32(index >> 1u));
    let in_photo = instance.drawn.xy + corner * instance.drawn.zw;
    let on_screen = instance.pane.xy + in_photo * instance.pane.z;
    let clip = on_screen / globals.screen_size * vec2f(2.0, -2.0) + vec2f(-1.0, 1.0);
    return Fragment(vec4f(clip, 0.0, 1.0), instance.held, instance.pane, instance.flags);
}

// One picture at a point of the photo: the tile's texture, the coarse picture, or something between.
fn look_up(tile: texture_2d<f32>, coarse: texture_2d<f32>, has_tile: bool, in_photo: vec2f, fragment: Fragment) -> vec4f {
    let lod = fragment.pane.w;
    if has_tile && globals.is_crisp == 1u {
        return textureLoad(tile, vec2i(floor(in_photo - fragment.held.xy)), 0);
    }
    let last = globals.levels - 1.0;
    let share = select(1.0, clamp(lod - last, 0.0, 1.0), has_tile);
    var color = vec4f(0.0);
    if share < 1.0 {
        let at = (in_photo - fragment.held.xy) * fragment.held.zw;
        color = textureSampleLevel(tile, smooth_sampler, at, min(lod, last));
    }
    if share > 0.0 {
        let at = in_photo * globals.coarse_scale;
        let far = textureSampleLevel(coarse, smooth_sampler, at, max(lod - globals.levels, 0.0));
        color = mix(color, far, share);
    }
    return color;
}

fn coverage(in_photo: vec2f, fragment: Fragment) -> f32 {
    return look_up(tile_mask, coarse_mask, true, in_photo, fragment).r;
}

fn checkerboard(position: vec2f) -> vec3f {
    let cell = vec2i(floor(position / globals.checker_px));
    return vec3f(select(0.6, 0.8, ((cell.x + cell.y) & 1) == 0));
}

// The mask over a colour: a tint, and where it crosses one half a light line inside a dark one.
fn under_mask(color: vec3f, in_photo: vec2f, fragment: Fragment) -> vec3f {
    let here = coverage(in_photo, fragment);
    let step = globals.line_px / fragment.pane.z;
    let left = coverage(in_photo - vec2f(step, 0.0), fragment) >= 0.5;
    let right = coverage(in_photo + vec2f(step, 0.0), fragment) >= 0.5;
    let above = coverage(in_photo - vec2f(0.0, step), fragment) >= 0.5;
    let below = coverage(in_photo + vec2f(0.0, step), fragment) >= 0.5;
    let is_hole = here >= 0.5;
    if is_hole && !(left && right && above && below) {
        return mix(color, vec3f(1.0), 0.9);
    }
    if !is_hole && (left || right || above || below) {
        return mix(color, vec3f(0.0), 0.8);
    }
    let strength = select(here * 0.8, 1.0, is_hole);
    return mix(color, globals.overlay.rgb, globals.overlay.a * strength);
}

fn composed(fragment: Fragment) -> vec3f {
    let in_photo = (fragment.position.xy - fragment.pane.xy) / fragment.pane.z;
    let has = fragment.flags.x;
    let shown = fragment.flags.y;
    let is_after = shown == SHOW_RESULT || (shown == SHOW_SPLIT && fragment.position.x >= globals.split_px);
    let has_original = (has & HAS_ORIGINAL) != 0u;
    var color = vec4f(0.0);
    if is_after && (has & HAS_RESULT) != 0u {
        color = look_up(tile_result, coarse_result, true, in_photo, fragment);
    } else if is_after && has_original {
        // The tile looks the same in both, its neighbours may not: scaled down they share texels.
        color = look_up(tile_original, coarse_result, true, in_photo, fragment);
    } else {
        color = look_up(tile_original, coarse_original, has_original, in_photo, fragment);
    }
    var opaque = color.rgb;
    if color.a < 1.0 {
        opaque += checkerboard(fragment.position.xy) * (1.0 - color.a);
    }
    if globals.overlay.a > 0.0 && (has & HAS_MASK) != 0u {
        opaque = under_mask(opaque, in_photo, fragment);
    }
    return opaque;
}

@fragment
fn fragment(fragment: Fragment) -> @location(0) vec4f {
    return vec4f(composed(fragment), 1.0);
}

// For framebuffers that encode what they are given.
@fragment
fn fragment_linear(fragment: Fragment) -> @location(0) vec4f {
    let color = composed(fragment);
    let dark = color / 12.92;
    let bright = pow((color + 0.055) / 1.055, vec3f(2.4));
    return vec4f(select(bright, dark, color < vec3f(0.04045)), 1.0);
}
