"""Building blocks for the rendered pictures: meshes, materials, light, output.

Everything is procedural: geometry comes from numpy with seeded random numbers, colour from
Blender's noise textures. Nothing is downloaded. Lengths are metres; +x is right, +z is up,
and the camera looks along +y, so a wall in the plane y = 0 faces it.
"""

import math

import bpy
import numpy as np
from mathutils import noise as perlin

# ---------------------------------------------------------------- meshes


class Geometry:
    """Collects many small pieces into one mesh; each piece has its own `tint` in 0..1."""

    def __init__(self):
        self.points, self.faces, self.tints, self.count = [], [], [], 0

    def add(self, points, faces, tint):
        points = np.asarray(points, dtype=np.float64)
        self.points.append(points)
        self.faces.append(np.asarray(faces, dtype=np.int64) + self.count)
        self.tints.append(np.full(len(points), tint))
        self.count += len(points)

    def build(self, name, material, smooth=True):
        mesh = bpy.data.meshes.new(name)
        points = np.concatenate(self.points)
        mesh.from_pydata(points, [], [f for block in self.faces for f in block.tolist()])
        mesh.attributes.new("tint", "FLOAT", "POINT").data.foreach_set(
            "value", np.concatenate(self.tints).astype(np.float32))
        mesh.polygons.foreach_set("use_smooth", [smooth] * len(mesh.polygons))
        mesh.materials.append(material)
        thing = bpy.data.objects.new(name, mesh)
        bpy.context.collection.objects.link(thing)
        return thing


def grid_faces(columns, rows):
    """Quads of a grid of points stored row by row."""
    index = np.arange(columns * rows).reshape(rows, columns)
    return np.stack([index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]], -1).reshape(-1, 4)


def wobble(points, scale, amplitude, seed):
    """Moves points by smooth noise; `scale` is the size of the bumps in metres."""
    offset = np.array([seed * 17.31 % 91, seed * 7.77 % 83, seed * 3.13 % 71])
    moved = [perlin.noise_vector(tuple(p)) for p in points / scale + offset]
    return points + amplitude * np.array(moved)


def block(width, height, bevel, depth, dome, steps, rough, seed):
    """A worn brick or stone, centred, facing +n; returns points (u, v, n) and faces.

    `dome` lifts the middle, `rough` is the amplitude of the irregularity.
    """
    def axis(size, count):
        half = size / 2
        inner = np.linspace(-half + bevel, half - bevel, count)
        return np.concatenate([[-half, -half, -half + 0.3 * bevel], inner, [half - 0.3 * bevel, half, half]])

    def fall(count):
        edge = [-depth, -bevel, -0.3 * bevel]
        return np.array(edge + [0.0] * count + edge[::-1])

    us, vs = axis(width, steps[0]), axis(height, steps[1])
    u, v = np.meshgrid(us, vs)
    n = np.minimum(fall(steps[0])[None, :], fall(steps[1])[:, None])
    n = n + dome * (1 - (2 * u / width) ** 2) * (1 - (2 * v / height) ** 2)
    points = np.stack([u, v, n], -1).reshape(-1, 3)
    points = wobble(points, 0.45 * min(width, height), rough, seed)
    points = wobble(points, 0.12 * min(width, height), 0.35 * rough, seed + 0.5)
    return points, grid_faces(len(us), len(vs))


def box(geometry, low, high, bevel=0.004, tint=0.5):
    """A box with chamfered edges, exact (no wobble)."""
    low, high = np.array(low, float), np.array(high, float)
    centre, half = (low + high) / 2, (high - low) / 2
    bevel = min(bevel, 0.4 * half.min())
    points, index = [], {}
    for signs in np.ndindex(2, 2, 2):
        sign = np.array(signs) * 2 - 1
        for k in range(3):
            inset = np.full(3, bevel)
            inset[k] = 0
            index[signs, k] = len(points)
            points.append(centre + sign * (half - inset))
    faces = []
    corners = [(0, 0), (1, 0), (1, 1), (0, 1)]
    for k in range(3):
        for side in (0, 1):
            ring = [index[tuple(np.insert(c, k, side)), k] for c in corners]
            faces.append(ring if (side == 1) == (k != 1) else ring[::-1])
    for a in range(3):
        b = (a + 1) % 3
        c = 3 - a - b
        for sa in (0, 1):
            for sb in (0, 1):
                ends = []
                for sc in (0, 1):
                    key = [0, 0, 0]
                    key[a], key[b], key[c] = sa, sb, sc
                    ends.append(tuple(key))
                quad = [index[ends[0], a], index[ends[0], b], index[ends[1], b], index[ends[1], a]]
                faces.append(quad if sa == sb else quad[::-1])
    geometry.add(points, faces, tint)
    corners = [[index[signs, k] for k in (range(3) if sum(signs) % 2 else range(2, -1, -1))] for signs in np.ndindex(2, 2, 2)]
    geometry.faces.append(np.array(corners) + geometry.count - len(points))


def lathe(geometry, profile, centre, tint=0.5, steps=96, squash=0.0, phase=0.0):
    """Turns (radius, height) pairs around the vertical through `centre`."""
    profile = np.array(profile, float)
    angle = np.linspace(0, 2 * math.pi, steps + 1) + phase
    radius = profile[:, 0][:, None] * (1 + squash * np.sin(2 * angle)[None, :])
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle),
                       np.repeat(profile[:, 1][:, None], steps + 1, 1)], -1).reshape(-1, 3)
    geometry.add(points + np.array(centre), grid_faces(steps + 1, len(profile)), tint)


def leaf_shape(kind):
    """Outline of a leaf as a fan: tip along +v, length 1, slightly folded along the rib."""
    if kind == "ivy":
        outline = [(0, -.05), (.28, -.18), (.30, .08), (.52, .22), (.30, .38), (.22, .62), (0, 1)]
    else:
        outline = [(0, 0), (.16, .18), (.24, .45), (.16, .75), (0, 1)]
    right = [(x, y, 0.22 * x) for x, y in outline]
    left = [(-x, y, 0.22 * x) for x, y in outline[1:-1]][::-1]
    points = np.array(right + left + [(0, .35, -.03)])
    points[:, 2] -= 0.18 * points[:, 1] ** 2
    rim = len(points) - 1
    return points, [(i, (i + 1) % rim, rim) for i in range(rim)]


def leaf(geometry, shape, where, size, facing, tip, tint):
    """One leaf whose upper side looks along `facing` and whose tip points along `tip`."""
    n = np.array(facing) / np.linalg.norm(facing)
    v = np.array(tip) - np.dot(tip, n) * n
    v /= np.linalg.norm(v)
    frame = np.stack([np.cross(v, n), v, n])
    geometry.add(np.array(where) + size * shape[0] @ frame, shape[1], tint)


def tuft(geometry, rng, where, blades, height, spread=0.02):
    """A tuft of bent grass blades."""
    for _ in range(blades):
        angle = rng.uniform(0, 2 * math.pi)
        lean = np.array([math.cos(angle), math.sin(angle), 0.0])
        side = np.array([-lean[1], lean[0], 0.0])
        long, wide = height * rng.uniform(.4, 1.1), rng.uniform(.0012, .0026)
        root = np.array(where) + spread * rng.normal(size=3) * [1, 1, 0]
        t = np.linspace(0, 1, 5)[:, None]
        bend = rng.uniform(.2, .9)
        spine = root + long * (t * [0, 0, 1] * (1 - .35 * bend * t) + lean * bend * t ** 2)
        width = wide * (1 - t ** 1.5) * side
        points = np.stack([spine - width, spine + width], 1).reshape(-1, 3)
        geometry.add(points, grid_faces(2, 5), rng.uniform())


# ---------------------------------------------------------------- materials


class Material:
    """Short hand for node materials: every method returns a socket to plug in elsewhere."""

    def __init__(self, name):
        self.material = bpy.data.materials.new(name)
        self.material.use_nodes = True
        self.tree = self.material.node_tree
        self.surface = self.tree.nodes["Principled BSDF"]
        self.position = self.node("ShaderNodeNewGeometry").outputs["Position"]
        self.tint = self.node("ShaderNodeAttribute", attribute_name="tint").outputs["Fac"]

    def node(self, kind, inputs=(), **properties):
        made = self.tree.nodes.new(kind)
        for key, value in properties.items():
            setattr(made, key, value)
        for key, value in dict(inputs).items():
            self.plug(made.inputs[key], value)
        return made

    def plug(self, socket, value):
        if isinstance(value, bpy.types.NodeSocket):
            self.tree.links.new(value, socket)
        else:
            socket.default_value = value

    def noise(self, scale, detail=4.0, roughness=0.6, stretch=None, warp=0.0):
        """Noise over world position (bumps per metre), roughly 0.25..0.75."""
        vector = self.position
        if stretch:
            vector = self.node("ShaderNodeVectorMath", {0: vector, 1: stretch}, operation="MULTIPLY").outputs[0]
        return self.node("ShaderNodeTexNoise", {"Vector": vector, "Scale": scale, "Detail": detail,
                                                "Roughness": roughness, "Distortion": warp}).outputs["Fac"]

    def per_piece_noise(self, scale, detail=4.0):
        """Noise that differs from piece to piece, so that no pattern runs across joints."""
        shift = self.node("ShaderNodeVectorMath", {0: self.position}, operation="ADD")
        spread = self.math("MULTIPLY", self.tint, 913.0)
        self.tree.links.new(spread, shift.inputs[1])
        return self.node("ShaderNodeTexNoise", {"Vector": shift.outputs[0], "Scale": scale,
                                                "Detail": detail, "Roughness": .65}).outputs["Fac"]

    def math(self, operation, a, b=0.0, clamp=False):
        return self.node("ShaderNodeMath", {0: a, 1: b}, operation=operation, use_clamp=clamp).outputs[0]

    def step(self, value, low, high, start=0.0, end=1.0):
        """Smooth step of `value` from low..high to start..end."""
        return self.node("ShaderNodeMapRange", {"Value": value, "From Min": low, "From Max": high,
                                                "To Min": start, "To Max": end},
                         interpolation_type="SMOOTHSTEP").outputs["Result"]

    def axis(self, name):
        return self.node("ShaderNodeSeparateXYZ", {0: self.position}).outputs[name]

    def ramp(self, value, stops):
        made = self.node("ShaderNodeValToRGB", {0: value})
        elements = made.color_ramp.elements
        while len(elements) < len(stops):
            elements.new(1.0)
        for element, (place, colour) in zip(elements, stops):
            element.position, element.color = place, (*colour, 1.0)
        return made.outputs[0]

    def mix(self, amount, a, b, blend="MIX"):
        made = self.node("ShaderNodeMix", data_type="RGBA", blend_type=blend, clamp_factor=True)
        for index, value in ((0, amount), (6, a), (7, b)):
            self.plug(made.inputs[index], (*value, 1.0) if isinstance(value, tuple) else value)
        return made.outputs[2]

    def finish(self, colour, roughness=0.9, bumps=(), specular=0.4, bounce=None, **more):
        """Connects the surface; `bumps` is a list of (height socket, distance in metres).

        Rays that do not come from the camera see the flat colour `bounce`, which is much cheaper.
        """
        normal = None
        for height, distance in bumps:
            bump = self.node("ShaderNodeBump", {"Height": height, "Distance": distance, "Strength": 1.0})
            if normal is not None:
                self.plug(bump.inputs["Normal"], normal)
            normal = bump.outputs[0]
        if normal is not None:
            self.plug(self.surface.inputs["Normal"], normal)
        colour = (*colour, 1.0) if isinstance(colour, tuple) else colour
        for name, value in {"Base Color": colour, "Roughness": roughness,
                            "Specular IOR Level": specular, **more}.items():
            self.plug(self.surface.inputs[name], value)
        if bounce:
            flat = self.node("ShaderNodeBsdfDiffuse", {"Color": (*bounce, 1.0)})
            seen = self.node("ShaderNodeLightPath").outputs["Is Camera Ray"]
            both = self.node("ShaderNodeMixShader", {0: seen, 1: flat.outputs[0], 2: self.surface.outputs[0]})
            self.tree.links.new(both.outputs[0], self.tree.nodes["Material Output"].inputs["Surface"])
        return self.material


def foliage(name, stops, translucency=0.35, roughness=0.45):
    """Leaves and grass: colour by tint, light shining through."""
    m = Material(name)
    colour = m.ramp(m.tint, stops)
    mottled = m.mix(m.noise(90, 3), colour, (.9, .95, .55), "SOFT_LIGHT")
    m.finish(mottled, roughness, specular=.35)
    through = m.node("ShaderNodeBsdfTranslucent", {"Color": m.mix(.4, mottled, (.35, .45, .03))})
    both = m.node("ShaderNodeMixShader", {0: translucency, 1: m.surface.outputs[0], 2: through.outputs[0]})
    m.tree.links.new(both.outputs[0], m.tree.nodes["Material Output"].inputs["Surface"])
    return m.material


# ---------------------------------------------------------------- light, camera, output


def empty_scene(width, height, percent, samples):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.world = bpy.data.worlds.new("sky")
    render, cycles = scene.render, scene.cycles
    render.engine = "CYCLES"
    render.resolution_x, render.resolution_y, render.resolution_percentage = width, height, percent
    render.use_persistent_data = True
    cycles.samples, cycles.seed = samples, 7
    cycles.use_adaptive_sampling, cycles.adaptive_threshold = True, 0.03
    cycles.use_denoising, cycles.denoiser = True, "OPENIMAGEDENOISE"
    cycles.max_bounces, cycles.diffuse_bounces, cycles.transparent_max_bounces = 4, 2, 8
    cycles.sample_clamp_indirect = 4.0
    cycles.caustics_reflective = cycles.caustics_refractive = False
    render.image_settings.file_format = "PNG"
    render.image_settings.color_depth = "16"
    scene.view_settings.view_transform = "AgX"
    scene.view_settings.look = "AgX - Medium High Contrast"
    return scene


def sky(scene, sun_elevation, sun_azimuth, strength=0.25, sun_strength=4.0, haze=1.2, disc=0.6):
    """Nishita sky without its disc and a lamp for the sun; azimuth is clockwise from +y, degrees."""
    tree = scene.world.node_tree or None
    scene.world.use_nodes = True
    tree = scene.world.node_tree
    texture = tree.nodes.new("ShaderNodeTexSky")
    texture.sky_type, texture.sun_disc = "NISHITA", False
    texture.sun_elevation, texture.sun_rotation = math.radians(sun_elevation), math.radians(sun_azimuth)
    texture.dust_density = haze
    background = tree.nodes["Background"]
    background.inputs["Strength"].default_value = strength
    tree.links.new(texture.outputs[0], background.inputs[0])
    lamp = bpy.data.lights.new("sun", "SUN")
    lamp.energy, lamp.angle, lamp.color = sun_strength, math.radians(disc), (1.0, .82, .60)
    thing = bpy.data.objects.new("sun", lamp)
    thing.rotation_euler = (math.radians(90 - sun_elevation), 0, math.radians(180 - sun_azimuth))
    bpy.context.collection.objects.link(thing)


def camera(scene, where, lens, shift=(0.0, 0.0), pitch=0.0, yaw=0.0, focus=None, aperture=8.0):
    """Looks along +y; `shift` keeps verticals upright, as an architectural photographer would."""
    data = bpy.data.cameras.new("camera")
    data.lens, data.shift_x, data.shift_y = lens, *shift
    if focus:
        data.dof.use_dof, data.dof.focus_distance, data.dof.aperture_fstop = True, focus, aperture
    thing = bpy.data.objects.new("camera", data)
    thing.location = where
    thing.rotation_euler = (math.radians(90 + pitch), 0, math.radians(yaw))
    bpy.context.collection.objects.link(thing)
    scene.camera = thing


def render(scene, path, region=None):
    """Renders to `path`; `region` is (x0, x1, y0, y1) as fractions from the lower left."""
    scene.render.use_border = region is not None
    if region:
        (scene.render.border_min_x, scene.render.border_max_x,
         scene.render.border_min_y, scene.render.border_max_y) = region
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)


def render_coverage(scene, path, things):
    """The silhouette of `things` as alpha, everything else held out."""
    for thing in scene.objects:
        thing.is_holdout = thing not in things
    scene.view_layers[0].material_override = Material("any").material  # its looks do not matter
    scene.render.film_transparent = True
    scene.cycles.samples, scene.cycles.use_denoising = 16, False
    scene.render.image_settings.color_mode = "RGBA"
    render(scene, path)
