"""Renders four plain scenes to judge fills at camera resolution: tiles, gravel, sky, roof.

    python make_scenes.py OUT [--scene tiles] [--percent 100] [--samples 24]

Writes OUT/NAME-photo.png, OUT/NAME-truth.png and OUT/NAME-object.png for each scene;
`../sample/finish.py` turns them into NAME-photo.jpg and NAME-mask.png. Each is one kind of
place where fills fail: a regular texture, a stochastic one, a smooth gradient with thin
objects, a straight edge that passes behind the object.
"""

import argparse
import math
import sys
from pathlib import Path

import bpy
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "sample"))
import kit  # noqa: E402
import materials  # noqa: E402

WIDTH, HEIGHT = 2400, 1600


# ---------------------------------------------------------------- tiles


def glaze(name, dark, middle, light):
    m = kit.Material(name)
    colour = m.ramp(m.tint, [(0, dark), (.5, middle), (1, light)])
    pool = m.per_piece_noise(30, 4)
    colour = m.mix(m.step(pool, .35, .7, 0, .55), colour, tuple(.5 * c for c in dark))
    colour = m.mix(m.step(m.per_piece_noise(160, 5), .66, .72, 0, .7), colour, (.24, .20, .15))
    colour = m.mix(m.step(m.noise(1.2, 6, .7), .5, .7, 0, .35), colour, (.10, .085, .06))
    rough = m.step(m.noise(20, 4), .4, .7, .10, .34)
    return m.finish(colour, rough, [(m.per_piece_noise(22, 3), .0035), (m.noise(240, 3), .0006)], .5, bounce=middle)


def tiles(rng):
    """Hand-made glazed tiles with a border course; a meter box with its conduit hangs in front."""
    field, border, grout = kit.Geometry(), kit.Geometry(), kit.Geometry()
    pitch = .102
    for row in range(-1, 19):
        for column in range(-15, 16):
            points, faces = kit.block(.098, .0965, .0035, .012, .0012, (9, 9), .0014, rng.uniform(0, 900))
            tilt, spin = rng.normal(0, .010, 2), rng.normal(0, .006)
            out = points[:, 2] + tilt[0] * points[:, 0] + tilt[1] * points[:, 1] + rng.normal(0, .0009)
            u, v = points[:, 0] - spin * points[:, 1], points[:, 1] + spin * points[:, 0]
            place = np.stack([column * pitch + rng.normal(0, .0007) + u, -out, row * pitch + rng.normal(0, .0007) + v], -1)
            (border if row in (6, 9) else field).add(place, faces, rng.uniform())
    x, z = np.meshgrid(np.linspace(-1.7, 1.7, 260), np.linspace(-.2, 1.95, 180))
    grout.add(kit.wobble(np.stack([x, np.full_like(x, .0035), z], -1).reshape(-1, 3), .02, .0012, 2), kit.grid_faces(260, 180), .5)
    field.build("field", glaze("sea green", (.012, .075, .070), (.028, .125, .112), (.07, .20, .165)))
    border.build("border", glaze("ochre", (.26, .12, .02), (.42, .215, .04), (.52, .32, .09)))
    grout.build("grout", materials.mortar())
    return meter_box()


def meter_box():
    case, dark, label = kit.Geometry(), kit.Geometry(), kit.Geometry()
    kit.box(case, (-.06, -.125, .62), (.26, -.012, 1.06), .012)
    kit.box(case, (-.045, -.137, .635), (.245, -.120, 1.045), .007)
    for x, z in ((-.03, .65), (.23, .65), (-.03, 1.03), (.23, 1.03)):
        kit.lathe(dark, [(0, 0), (.006, 0)], (x, -.138, z), steps=12)
    kit.box(dark, (.205, -.150, .80), (.228, -.130, .88), .004)
    kit.box(label, (.02, -.1385, .90), (.13, -.136, .99), .001)
    kit.lathe(case, [(.016, -.5), (.016, .66)], (.10, -.045, 0), steps=32)
    for z in (.15, .48):
        kit.box(dark, (.076, -.064, z), (.124, -.008, z + .022), .003)
    grey = materials.plastic("grey box", (.36, .37, .36), .55, .45, .5, 1.1)
    return [case.build("case", grey, smooth=False), dark.build("fixings", materials.metal("steel", (.18, .18, .18), .45, .5)),
            label.build("label", materials.plastic("label", (.75, .50, .03), .35, .4, .5, 1.0), smooth=False)]


# ---------------------------------------------------------------- gravel


def pebbles(rng, geometry, count, low, high, size):
    bpy.ops.mesh.primitive_ico_sphere_add(subdivisions=3, radius=1)
    ball = bpy.context.object
    base = np.array([v.co[:] for v in ball.data.vertices])
    faces = np.array([p.vertices[:] for p in ball.data.polygons])
    bpy.data.objects.remove(ball)
    shapes = []
    for k in range(36):
        squashed = kit.wobble(base * [1, rng.uniform(.6, .95), rng.uniform(.40, .75)], .9, .30, k)
        shapes.append(kit.wobble(squashed, .30, .055, k + .5))
    for _ in range(count):
        a, b, c = rng.uniform(0, 2 * math.pi), rng.normal(0, .5), rng.normal(0, .5)
        turn = np.array([[math.cos(a), -math.sin(a), 0], [math.sin(a), math.cos(a), 0], [0, 0, 1]])
        roll = np.array([[1, 0, 0], [0, math.cos(b), -math.sin(b)], [0, math.sin(b), math.cos(b)]])
        pitch = np.array([[math.cos(c), 0, math.sin(c)], [0, 1, 0], [-math.sin(c), 0, math.cos(c)]])
        scale = size * rng.lognormal(0, .38)
        where = rng.uniform(low, high)
        geometry.add(scale * shapes[rng.integers(36)] @ (turn @ roll @ pitch).T + where, faces, rng.uniform())


def river_stone():
    m = kit.Material("river stone")
    colour = m.ramp(m.tint, [(0, (.115, .105, .10)), (.2, (.26, .235, .20)), (.4, (.40, .34, .26)), (.55, (.30, .205, .14)),
                             (.7, (.48, .44, .37)), (.85, (.22, .225, .23)), (1, (.62, .59, .53))])
    colour = m.mix(m.step(m.per_piece_noise(70, 5), .42, .68, 0, .5), colour, (.17, .145, .12))
    colour = m.mix(m.step(m.noise(700, 3, .7), .55, .66, 0, .5), colour, (.60, .56, .50))
    return m.finish(colour, .78, [(m.per_piece_noise(150, 4), .0022)], .35, bounce=(.32, .28, .23))


def gravel(rng):
    """River gravel from standing height with a few weeds; someone dropped a paper cup."""
    stones, earth, blades, litter = (kit.Geometry() for _ in range(4))
    pebbles(rng, stones, 9500, (-.80, -.55, -.006), (.80, .95, .010), .0078)
    pebbles(rng, stones, 2600, (-.80, -.55, -.002), (.80, .95, .008), .0125)
    kit.box(earth, (-2, -1.5, -.1), (2, 2.5, -.004))
    for _ in range(55):
        kit.tuft(blades, rng, (rng.uniform(-.7, .7), rng.uniform(-.5, .8), 0), int(rng.integers(4, 16)), rng.uniform(.02, .07), .008)
    for _ in range(30):
        kit.leaf(litter, kit.leaf_shape("plain"), (rng.uniform(-.7, .7), rng.uniform(-.5, .8), .024), rng.uniform(.02, .045),
                 (rng.normal(0, .3), rng.normal(0, .3), 1), rng.normal(size=3), rng.uniform())
    stones.build("gravel", river_stone())
    earth.build("soil", materials.soil())
    blades.build("weeds", materials.grass())
    litter.build("litter", materials.dead_leaves(), smooth=False)
    return paper_cup()


def paper_cup():
    cup, sleeve, lid = kit.Geometry(), kit.Geometry(), kit.Geometry()
    kit.lathe(cup, [(0, .004), (.028, .004), (.029, 0), (.0305, .001), (.0425, .110), (.0445, .112), (.0425, .114)], (0, 0, 0))
    kit.lathe(sleeve, [(.0330, .025), (.0339, .026), (.0389, .076), (.0382, .077)], (0, 0, 0))
    kit.lathe(lid, [(.0440, .108), (.0465, .109), (.0468, .114), (.0440, .118), (.0420, .128), (.0400, .129), (.0385, .122), (0, .121)], (0, 0, 0))
    parts = [cup.build("cup", materials.plastic("paper", (.74, .72, .68), .35, .6, -.2, .06)),
             sleeve.build("sleeve", materials.plastic("card", (.33, .19, .09), .3, .8, -.2, .06)),
             lid.build("lid", materials.plastic("lid", (.025, .022, .020), .2, .3, -.2, .06))]
    for part in parts:
        part.location, part.rotation_euler = (-.03, .10, .052), (math.radians(84), math.radians(4), math.radians(58))
    return parts


# ---------------------------------------------------------------- sky


def hillside(name, colour, top, swing, far):
    """A distant wooded slope: only its colour is seen, paler where haze gathers below."""
    m = kit.Material(name)
    haze = m.step(m.axis("Z"), top + swing, top - 3.5 * swing, 0, .38)
    wood = m.mix(m.step(m.noise(500 / far, 6, .75), .38, .68, 0, .32), colour, tuple(.55 * c for c in colour))
    light = m.node("ShaderNodeEmission", {"Color": m.mix(haze, wood, (.33, .27, .25)), "Strength": 1.0})
    m.tree.links.new(light.outputs[0], m.tree.nodes["Material Output"].inputs["Surface"])
    return m.material


def sky(rng):
    """Evening sky over wooded ridges; a pole with its wires stands in the way."""
    ridges = [(900, 46, 15, (.30, .245, .26)), (520, 15, 9, (.15, .125, .135)), (260, 1.0, 5, (.052, .048, .050)), (120, -5.5, 3.2, (.014, .014, .014))]
    for k, (far, top, swing, colour) in enumerate(ridges):
        x = np.linspace(-.62 * far, .62 * far, 3600)
        hill = np.array([kit.perlin.fractal((v / far * 3.1 + 9 * k, k, 0), .9, 2.0, 4) for v in x])
        trees = np.array([abs(kit.perlin.fractal((v / 3.1, 5 * k, 1), .7, 2.0, 5)) for v in x])
        height = top + swing * hill + 2.4 * trees
        geometry = kit.Geometry()
        points = np.stack([np.concatenate([x, x]), np.full(2 * len(x), far), np.concatenate([np.full(len(x), -120.0), height])], -1)
        geometry.add(points, kit.grid_faces(len(x), 2), .5)
        geometry.build(f"ridge {k}", hillside(f"ridge {k}", colour, top, swing, far))
    return pole_and_wires(rng)


def pole_and_wires(rng):
    wood, wires, clay, bird = (kit.Geometry() for _ in range(4))
    px, py = 2.6, 16.0
    kit.lathe(wood, [(.125, -3), (.098, 6.35), (.085, 6.40), (0, 6.42)], (px, py, 0))
    kit.box(wood, (px - .95, py - .16, 5.72), (px + .95, py - .06, 5.84), .01)
    for k, offset in enumerate((-.85, -.35, .40, .85)):
        kit.lathe(clay, [(.012, 5.84), (.012, 5.90), (.045, 5.91), (.038, 5.97), (.048, 5.98), (.03, 6.03), (0, 6.035)], (px + offset, py - .11, 0), steps=24)
        for way, span in ((-1, 34.0), (1, 34.0)):
            t = np.linspace(0, 1, 160)
            x = px + offset + way * span * t
            y = py - .11 + 1.6 * way * (-t) * (1 + .3 * k)
            z = 6.0 - (1.5 + .13 * k) * 4 * t * (1 - t) - .3 * t
            ring = np.linspace(0, 2 * math.pi, 7)
            tube = np.stack([np.repeat(x[:, None], 7, 1), y[:, None] + .0075 * np.cos(ring), z[:, None] + .0075 * np.sin(ring)], -1)
            wires.add(tube.reshape(-1, 3), kit.grid_faces(7, 160), .5)
            if way < 0 and k in (1, 2):
                for at in rng.choice(np.arange(14, 52), 3, replace=False):
                    perch(bird, (x[at], y[at], z[at]), rng)
    return [wood.build("pole", materials.paint("tarred wood", (.055, .040, .030), .6, gloss=.8)),
            wires.build("wires", materials.metal("wire", (.03, .03, .03), .5)),
            clay.build("insulators", materials.plastic("porcelain", (.35, .16, .08), .2, .2)),
            bird.build("birds", materials.plastic("feathers", (.020, .018, .020), .1, .7))]


def perch(geometry, where, rng):
    """A starling-sized bird, seen against the light."""
    lean, facing = rng.uniform(.35, .75), rng.choice([-1, 1])
    body = kit.Geometry()
    kit.lathe(body, [(0, -.20), (.010, -.19), (.016, -.10), (.042, -.05), (.052, .0), (.047, .045), (.030, .080), (.034, .100), (.029, .122), (0, .136)], (0, 0, 0), steps=24)
    kit.lathe(body, [(.009, 0), (0, .045)], (0, 0, 0), steps=10)
    for points, faces in zip(body.points, body.faces):
        if len(points) < 40:  # the beak points forward
            points = points[:, [2, 1, 0]] + [.026, 0, .112]
        x = facing * (points[:, 0] * math.cos(lean) + points[:, 2] * math.sin(lean))
        z = -points[:, 0] * math.sin(lean) + points[:, 2] * math.cos(lean)
        geometry.add(np.stack([where[0] + x, where[1] + points[:, 1], where[2] + .055 + z], -1), faces - faces.min(), .5)


# ---------------------------------------------------------------- roof


def roof(rng):
    """Rendered wall, gutter, pantiles and sky; a street lamp crosses all of them."""
    wall, pans, gutter, shutters, panes, trim = (kit.Geometry() for _ in range(6))
    x, z = np.meshgrid(np.linspace(-6, 6, 500), np.linspace(-2, 3.0, 220))
    wall.add(kit.wobble(np.stack([x, np.zeros_like(x), z], -1).reshape(-1, 3), .5, .006, 4), kit.grid_faces(500, 220), .7)
    slope, wide, long = math.radians(33), .215, .33
    s, t = np.meshgrid(np.linspace(0, 1, 15), np.linspace(0, 1, 5))
    for row in range(13):
        for column in range(-28, 29):
            across = (s - .5) * wide * 1.06 + column * wide + rng.normal(0, .003)
            hump = .034 * np.sin(2 * math.pi * s + .5) + .010 * np.sin(4 * math.pi * s)
            along = (row + t * 1.12) * long + rng.normal(0, .005)
            lift = hump + .030 * (1 - t) + rng.normal(0, .003) + rng.normal(0, .006) * (s - .5)
            y = -.34 + along * math.cos(slope) - lift * math.sin(slope)
            height = 3.06 + along * math.sin(slope) + lift * math.cos(slope)
            top = np.stack([across, y, height], -1).reshape(-1, 3)
            under = top[:15] - [0, 0, .016]
            pans.add(np.concatenate([under, top]), kit.grid_faces(15, 6), rng.uniform())
    under = np.array([(-6, -.36), (6, -.36), (6, 3.15), (-6, 3.15)])
    pans.add(np.stack([under[:, 0], under[:, 1], 3.015 + (under[:, 1] + .34) * math.tan(slope)], -1), [(0, 1, 2, 3)], .05)
    kit.box(trim, (-6, -.30, 2.84), (6, -.02, 3.03), .01)
    ring = np.linspace(math.pi, 2 * math.pi, 14)
    for radius in (.078, .072):
        xs = np.linspace(-6, 6, 3)
        tube = np.stack([np.repeat(xs[:, None], 14, 1), np.tile(-.385 + radius * np.cos(ring), (3, 1)), np.tile(3.05 + radius * np.sin(ring), (3, 1))], -1)
        gutter.add(tube.reshape(-1, 3), kit.grid_faces(14, 3), .5)
    for k in range(-7, 8):
        kit.box(gutter, (k * .8 - .012, -.46, 2.978), (k * .8 + .012, -.31, 3.06), .003)
    for left in (-2.75, 2.10):
        kit.box(trim, (left - .08, -.05, .88), (left + .98, .1, .96), .012)
        kit.box(trim, (left, -.012, .96), (left + .90, .08, 2.22), .01)
        for column in (0, 1):
            for row in range(3):
                kit.box(panes, (left + .07 + column * .40, -.016, 1.03 + row * .39), (left + .43 + column * .40, -.008, 1.38 + row * .39), .002)
        for side in (left - .50, left + .93):
            for edge in (0, .41):
                kit.box(shutters, (side + edge, -.060, .95), (side + edge + .06, -.018, 2.24), .004)
            for bar in (.95, 1.56, 2.18):
                kit.box(shutters, (side, -.059, bar), (side + .47, -.019, bar + .065), .004)
            for slat in range(34):
                level = .99 + slat * .0365
                kit.box(shutters, (side + .05, -.052 + .006 * (slat % 2), level), (side + .42, -.026, level + .024), .003)
    wall.build("wall", plaster())
    pans.build("pantiles", pantile())
    gutter.build("gutter", materials.metal("zinc", (.33, .34, .35), .5, .2))
    shutters.build("shutters", materials.paint("shutter paint", (.10, .16, .13), .3), smooth=False)
    panes.build("panes", materials.glass(), smooth=False)
    trim.build("trim", materials.paint("trim paint", (.56, .53, .46), .2, gloss=.6), smooth=False)
    return street_lamp()


def pantile():
    m = kit.Material("pantile")
    colour = m.ramp(m.tint, [(0, (.15, .062, .038)), (.3, (.30, .115, .060)), (.7, (.39, .165, .085)), (1, (.46, .25, .14))])
    colour = m.mix(m.step(m.noise(7, 7, .7), .48, .68, 0, .75), colour, (.13, .085, .062))
    colour = m.mix(m.step(m.noise(26, 6, .7), .57, .66, 0, .8), colour, (.40, .37, .27))  # lichen
    colour = m.mix(m.step(m.noise(1.1, 5), .5, .66, 0, .5), colour, (.10, .095, .055))
    return m.finish(colour, .88, [(m.noise(90, 5), .004)], .25, bounce=(.34, .15, .08))


def plaster():
    m = kit.Material("plaster")
    colour = m.ramp(m.noise(.8, 7, .7), [(.3, (.47, .37, .24)), (.55, (.58, .47, .31)), (.75, (.64, .54, .39))])
    streak = m.noise(5, 7, .7, stretch=(1, 1, .09))
    under = m.step(m.axis("Z"), 1.2, 2.9)
    colour = m.mix(m.math("MULTIPLY", m.step(streak, .50, .70, 0, .5), under), colour, (.22, .18, .13))
    colour = m.mix(m.step(m.noise(60, 5, .7), .52, .70, 0, .4), colour, (.30, .25, .18))
    patch = m.step(m.noise(.55, 8, .62, warp=.6), .585, .592)  # where the top coat has come off
    colour = m.mix(m.math("MULTIPLY", patch, .55), colour, (.30, .255, .20))
    colour = m.mix(m.step(m.noise(2.2, 7, .7), .50, .72, 0, .5), colour, (.36, .29, .20))
    return m.finish(colour, .95, [(m.noise(70, 6, .75), .010), (m.noise(8, 4), .012), (m.math('SUBTRACT', 1.0, patch), .006)], .2, bounce=(.52, .42, .28))


def street_lamp():
    iron, panes = kit.Geometry(), kit.Geometry()
    x, y, turn = .35, -2.6, math.pi / 6
    kit.lathe(iron, [(.075, -2), (.075, .1), (.095, .12), (.095, .17), (.055, .22), (.045, 2.85), (.07, 2.88), (.07, 2.93),
                     (.035, 2.97), (.035, 3.10), (.10, 3.16), (.16, 3.20), (.16, 3.23), (0, 3.23)], (x, y, 0))
    kit.lathe(panes, [(.145, 3.23), (.225, 3.80)], (x, y, 0), steps=6, phase=turn)
    kit.lathe(iron, [(.245, 3.80), (.255, 3.83), (.19, 3.93), (.12, 3.98), (.06, 4.0), (.05, 4.06), (.075, 4.09), (.03, 4.13),
                     (.012, 4.22), (0, 4.23)], (x, y, 0), steps=6, phase=turn)
    for k in range(6):
        a = turn + k * math.pi / 3
        foot, head = .15, .232
        for t in np.linspace(0, 1, 70):
            r = foot + (head - foot) * t
            px, py, pz = x + r * math.cos(a), y + r * math.sin(a), 3.23 + .57 * t
            kit.box(iron, (px - .009, py - .009, pz - .014), (px + .009, py + .009, pz + .014), .0003)
    kit.box(iron, (x - .32, y - .014, 2.90), (x + .32, y + .014, 2.93), .008)
    return [iron.build("iron", materials.metal("cast iron", (.020, .026, .024), .5, .15), smooth=False),
            panes.build("panes lamp", materials.plastic("milk glass", (.62, .60, .52), .3, .25, 2.9, 4.0), smooth=False)]


# ---------------------------------------------------------------- all

# Builder, sun (elevation, azimuth), strengths of sky and sun, camera, exposure, part of the picture where the object matters.
SCENES = {
    "tiles": (tiles, (44, 228), (.16, 4.6), dict(where=(0, -4.6, .84), lens=68, focus=4.55, aperture=8), .25, (.30, 1, 0, .75)),
    "gravel": (gravel, (33, 285), (.17, 5.0), dict(where=(0, -1.12, 1.30), lens=72, pitch=-49, focus=1.68, aperture=11), .35, (.25, .85, .2, .8)),
    "sky": (sky, (3.5, 44), (.30, .6), dict(where=(0, 0, 2.2), lens=40, pitch=9.5), -.10, (0, 1, .3, 1)),
    "roof": (roof, (36, 197), (.15, 4.6), dict(where=(-.1, -13.5, 2.1), lens=66, shift=(0, .06), pitch=0), .05, (.35, .8, 0, .9)),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--scene", choices=list(SCENES), nargs="+", default=list(SCENES))
    parser.add_argument("--percent", type=int, default=100)
    parser.add_argument("--samples", type=int, default=24)
    parser.add_argument("--photo-only", action="store_true")
    options = parser.parse_args()
    for name in options.scene:
        build, sun, strengths, view, exposure, region = SCENES[name]
        made = kit.empty_scene(WIDTH, HEIGHT, options.percent, options.samples)
        parts = build(np.random.default_rng(sum(name.encode())))
        kit.sky(made, *sun, strength=strengths[0], sun_strength=strengths[1])
        kit.camera(made, **view)
        made.view_settings.exposure = exposure
        kit.render(made, options.out / f"{name}-photo.png")
        if options.photo_only:
            continue
        for part in parts:
            part.hide_render = True
        kit.render(made, options.out / f"{name}-truth.png", region)
        for part in parts:
            part.hide_render = False
        kit.render_coverage(made, options.out / f"{name}-object.png", parts)


if __name__ == "__main__":
    main()
