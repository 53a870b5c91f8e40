"""Renders the sample photo: an old doorway in late light, and a traffic cone in front of it.

    python make_sample.py OUT [--percent 100] [--samples 64] [--only photo|truth|object]

Writes OUT/photo.png (with the cone), OUT/truth.png (without it) and OUT/object.png (its
silhouette as alpha). `finish.py` turns these into the files beside this script. Needs the
Blender Python module; versions and times are in README.md.
"""

import argparse
import math
from pathlib import Path

import numpy as np

import kit
import materials

WIDTH, HEIGHT = 1920, 1280
DOOR = (-1.58, -0.60, 2.02)  # left, right, top of the opening
STEP = 0.16  # the door stands on a step of this height
PAVEMENT, KERB = -0.52, 0.07  # front edge and height of the pavement
CONE = (0.60, -1.08)
AROUND_CONE = (.38, .98, 0, .50)  # where the truth can differ; elsewhere it is taken from the photo


def wall(rng):
    """Running bond with hand-made irregularity, cut out around the door, over a mortar bed."""
    bricks, mortar = kit.Geometry(), kit.Geometry()
    pitch, course = 0.228, 0.0762
    for row in range(-1, 36):
        z = KERB + (row + .5) * course
        sag = rng.normal(0, .0008)
        for column in range(-13, 14):
            x = (column + .5 * (row % 2)) * pitch + rng.normal(0, .0016)
            left, right = x - .1075, x + .1075
            if z < DOOR[2] + .21:  # the stone surround replaces bricks here
                inner_left, inner_right = DOOR[0] - .15, DOOR[1] + .15
                if inner_left < right <= inner_right or inner_left <= left < inner_right:
                    if left < inner_left - .02:
                        right = inner_left - .008
                    elif right > inner_right + .02:
                        left = inner_right + .008
                    else:
                        continue
            if right - left < .03:
                continue
            points, faces = kit.block(right - left, .0655 + rng.normal(0, .0008), .0055, .03, .0,
                                      (14 if right - left > .1 else 6, 5), .0020, rng.uniform(0, 900))
            turn = rng.normal(0, .004)
            points[:, 1] += turn * points[:, 0]
            out = points[:, 2] + rng.normal(0, .0018) + rng.normal(0, .012) * points[:, 0]
            bricks.add(np.stack([(left + right) / 2 + points[:, 0], -out, z + sag + points[:, 1]], -1),
                       faces, rng.uniform() ** 1.1)
    x, z = np.meshgrid(np.linspace(-3.2, 3.2, 640), np.linspace(-.1, 2.9, 300))
    bed = kit.wobble(np.stack([x, np.full_like(x, .0075), z], -1).reshape(-1, 3), .03, .0035, 3)
    inside = (bed[:, 0] > DOOR[0] - .1) & (bed[:, 0] < DOOR[1] + .1) & (bed[:, 2] < DOOR[2] + .1)
    bed[inside, 1] += .5
    mortar.add(bed, kit.grid_faces(640, 300), .5)
    bricks.build("bricks", materials.brick())
    mortar.build("mortar", materials.mortar())


def stones_on_wall(geometry, rng, x0, x1, z0, z1, out, tint=None):
    """One dressed stone in the wall plane, proud of it by `out`."""
    steps = (max(4, int((x1 - x0) / .02)), max(4, int((z1 - z0) / .02)))
    points, faces = kit.block(x1 - x0, z1 - z0, .012, .16, 0, steps, .0022, rng.uniform(0, 900))
    geometry.add(np.stack([(x0 + x1) / 2 + points[:, 0], -out - points[:, 2], (z0 + z1) / 2 + points[:, 1]], -1),
                 faces, rng.uniform() if tint is None else tint)


def surround(rng):
    """Stone jambs in quoins, a lintel with a keystone, and the step."""
    jambs, step = kit.Geometry(), kit.Geometry()
    for side, edge in ((-1, DOOR[0]), (1, DOOR[1])):
        bottom = KERB
        for k, height in enumerate([.36, .29, .33, .28, .34, .30, .12]):
            top = min(bottom + height, DOOR[2])
            outer = edge + side * .145
            stones_on_wall(jambs, rng, min(edge, outer), max(edge, outer), bottom + .002, top - .003, .012 + .002 * (k % 2))
            bottom = top
    parts = [DOOR[0] - .145, -1.19, -.99, DOOR[1] + .145]
    for k in range(3):
        stones_on_wall(jambs, rng, parts[k] + .002, parts[k + 1] - .002, DOOR[2] + .002,
                       DOOR[2] + .20, .014 if k != 1 else .035)
    points, faces = kit.block(1.22, .46, .02, .16, .0, (56, 24), .004, 31)
    points[:, 2] -= .007 * np.exp(-(points[:, 0] / .3) ** 2)  # worn hollow where people tread
    step.add(points + [-1.09, -.13, STEP], faces, .62)
    jambs.build("jambs", materials.stone("sandstone", .95, .5, .25))
    step.build("step", materials.stone("step", .6, .6, .3))


def door():
    """A panelled door set back in its frame, letter plate, knob, number."""
    left, right, top = DOOR
    wood, frame, brass, panes = kit.Geometry(), kit.Geometry(), kit.Geometry(), kit.Geometry()
    back, bottom = .10, STEP
    for x in (left, right - .055):
        kit.box(frame, (x, back - .05, bottom), (x + .055, back + .06, top - .056), .006)
    kit.box(frame, (left, back - .05, top - .055), (right, back + .06, top), .006)
    light = top - .32  # a small pane above the door
    kit.box(frame, (left + .055, back - .04, light - .045), (right - .055, back + .05, light), .006)
    kit.box(panes, (left + .05, back + .012, light - .01), (right - .05, back + .018, top - .05))
    for k in (1, 2):
        x = left + .055 + k * (right - left - .11) / 3
        kit.box(frame, (x - .010, back, light), (x + .010, back + .02, top - .05), .004)
    a, b, low, high = left + .06, right - .06, bottom - .004, light - .05
    middle = (a + b) / 2
    rails = [(low, low + .19), (.80, .97), (high - .50, high - .40), (high - .11, high)]
    for x0, x1 in ((a, a + .105), (middle - .055, middle + .055), (b - .105, b)):
        kit.box(wood, (x0, back, low), (x1, back + .045, high), .003)
    for z0, z1 in rails:
        kit.box(wood, (a, back + .001, z0), (b, back + .044, z1), .003)
    for (_, z0), (z1, _) in zip(rails[:-1], rails[1:]):
        for x0, x1 in ((a + .105, middle - .055), (middle + .055, b - .105)):
            kit.box(wood, (x0, back + .022, z0), (x1, back + .04, z1), .001)
            kit.box(wood, (x0 + .035, back + .008, z0 + .035), (x1 - .035, back + .03, z1 - .035), .013)
            for gap in (.0, .012):
                kit.box(wood, (x0 + gap, back + .006 + gap, z0 + gap), (x0 + gap + .012, back + .03, z1 - gap), .005)
                kit.box(wood, (x1 - gap - .012, back + .006 + gap, z0 + gap), (x1 - gap, back + .03, z1 - gap), .005)
                kit.box(wood, (x0 + gap, back + .006 + gap, z0 + gap), (x1 - gap, back + .03, z0 + gap + .012), .005)
                kit.box(wood, (x0 + gap, back + .006 + gap, z1 - gap - .012), (x1 - gap, back + .03, z1 - gap), .005)
    kit.box(brass, (middle - .125, back - .006, .862), (middle + .125, back + .002, .915), .004)
    kit.box(brass, (middle - .100, back - .010, .872), (middle + .100, back, .905), .004)
    knob = [(0, -.062), (.018, -.060), (.029, -.050), (.032, -.040), (.026, -.028), (.012, -.020), (.012, -.004), (.030, 0)]
    ball = kit.Geometry()
    kit.lathe(ball, knob, (0, 0, 0), steps=40)
    points = ball.points[0]
    brass.add(np.stack([b - .052 + points[:, 0], back + points[:, 2], 1.04 - points[:, 1]], -1), ball.faces[0], .5)
    wood.build("door", materials.paint("door paint", (.030, .105, .120), .45), smooth=False)
    frame.build("frame", materials.paint("frame paint", (.52, .50, .44), .3, gloss=.5), smooth=False)
    brass.build("brass", materials.metal("brass", (.55, .38, .14), .32, .1), smooth=False)
    panes.build("panes", materials.glass(), smooth=False)


def ground(rng):
    """Flagged pavement with a kerb, then granite setts in courses, soil in the joints."""
    flags, setts, earth, kerb = (kit.Geometry() for _ in range(4))
    x = -3.4
    while x < 3.4:
        wide = rng.uniform(.42, .66)
        points, faces = kit.block(wide - .008, .37, .010, .05, .003, (22, 16), .0032, rng.uniform(0, 900))
        tilt = rng.normal(0, .004, 2)
        lift = points[:, 2] + tilt[0] * points[:, 0] + tilt[1] * points[:, 1] + rng.normal(0, .0015)
        flags.add(np.stack([x + wide / 2 + points[:, 0], -.195 + points[:, 1], KERB + lift], -1), faces, rng.uniform())
        x += wide
    x = -3.3
    while x < 3.4:
        long = rng.uniform(.70, .95)
        points, faces = kit.block(long - .007, .125, .016, .12, .002, (40, 7), .0035, rng.uniform(0, 900))
        kerb.add(np.stack([x + long / 2 + points[:, 0], PAVEMENT + .064 + points[:, 1] + rng.normal(0, .002),
                           KERB + points[:, 2] + rng.normal(0, .002)], -1), faces, rng.uniform())
        x += long
    y = PAVEMENT - .075
    while y > -3.2:
        deep, x = rng.uniform(.088, .108), -3.2 + rng.uniform(0, .15)
        while x < 3.2:
            wide = rng.uniform(.100, .175)
            points, faces = kit.block(wide - .008, deep - .008, .009, .05, .0028, (10, 8), .0030, rng.uniform(0, 900))
            spin, tilt = rng.normal(0, .02), rng.normal(0, .028, 2)
            u, v = points[:, 0] - spin * points[:, 1], points[:, 1] + spin * points[:, 0]
            lift = points[:, 2] + tilt[0] * u + tilt[1] * v + rng.normal(0, .003)
            where_x, where_y = x + wide / 2, y + rng.normal(0, .003)
            swell = .012 * math.sin(1.3 * where_x + .7 * where_y) + .010 * math.sin(2.9 * where_y - .8 * where_x)
            setts.add(np.stack([where_x + u, where_y + v, lift + swell - .006], -1), faces, rng.uniform())
            x += wide
        y -= deep
    px, py = np.meshgrid(np.linspace(-3.5, 3.5, 420), np.linspace(-4.5, -.45, 240))
    soil = kit.wobble(np.stack([px, py, np.full_like(px, -.019)], -1).reshape(-1, 3), .05, .009, 5)
    soil[:, 2] += .012 * np.sin(1.3 * soil[:, 0] + .7 * soil[:, 1]) + .010 * np.sin(2.9 * soil[:, 1] - .8 * soil[:, 0])
    earth.add(soil, kit.grid_faces(420, 240), .5)
    kit.box(earth, (-3.5, -.5, KERB - .03), (3.5, .1, KERB - .014))
    flags.build("flags", materials.stone("flagstone", .62, .5, .25))
    kerb.build("kerb", materials.stone("kerb", .30, .45, .2))
    setts.build("setts", materials.stone("granite", .22, .5, .35))
    earth.build("soil", materials.soil())


def ivy(rng):
    """Strands hanging from the upper right, leaves laid like shingles."""
    leaves, stems, shape = kit.Geometry(), kit.Geometry(), kit.leaf_shape("ivy")
    for _ in range(58):
        x, z = 2.95 - abs(rng.normal(0, .45)), 2.75
        heading, length = rng.normal(-.12, .28), rng.uniform(.25, 1.0) * (2.1 if x > 2.25 else 1.25)
        travelled = 0.0
        while travelled < length:
            heading += rng.normal(0, .10) - .04 * heading
            x += .018 * math.sin(heading)
            z -= .018 * math.cos(heading)
            travelled += .018
            kit.box(stems, (x - .002, -.012, z - .011), (x + .002, -.006, z + .011))
            for _ in range(2 if travelled < .7 * length else 1):
                size = rng.uniform(.026, .066) * (1 - .45 * travelled / length)
                where = (x + rng.normal(0, .04), -rng.uniform(.014, .085), z + rng.normal(0, .025))
                facing = (rng.normal(0, .5), -1, rng.normal(.35, .4))
                kit.leaf(leaves, shape, where, size, facing, (rng.normal(0, .6), -.15, -1),
                         np.clip(rng.beta(2, 3) + .25 * (travelled > .85 * length), 0, 1))
    leaves.build("ivy", materials.ivy(), smooth=False)
    stems.build("stems", materials.soil())


POTS = ((-2.02, -.25, 1.0), (-.16, -.24, .78))
POT = [(0, 0), (.125, 0), (.130, .01), (.165, .25), (.168, .255), (.182, .258), (.185, .262), (.188, .315),
       (.184, .322), (.168, .322), (.160, .29), (0, .28)]


def pots(rng):
    """A clipped box bush left of the door, geraniums right of it."""
    clay, bush, leaves, petals = (kit.Geometry() for _ in range(4))
    round_leaf, plain = kit.leaf_shape("ivy"), kit.leaf_shape("plain")
    for x, y, size in POTS:
        kit.lathe(clay, [(r * size, z * size) for r, z in POT], (x, y, KERB + .004), squash=.006)
    x, y, _ = POTS[0]
    for _ in range(6500):
        way = rng.normal(size=3)
        way /= np.linalg.norm(way)
        reach = .225 * (1 + .08 * math.sin(5 * way[0] + 3 * way[2]) + rng.normal(0, .05)) * rng.uniform(.78, 1.05)
        kit.leaf(bush, plain, np.array([x, y, KERB + .49]) + reach * way, rng.uniform(.016, .028),
                 way + rng.normal(0, .5, 3) + [0, 0, .3], rng.normal(size=3) + way,
                 np.clip(rng.normal(.45, .2) + 2.5 * (reach - .21), 0, 1))
    x, y, size = POTS[1]
    top = np.array([x, y, KERB + .26])
    for _ in range(420):
        where = top + rng.normal(size=3) * [.085, .075, .05] + [0, 0, .05]
        kit.leaf(leaves, round_leaf, where, rng.uniform(.025, .05), (*rng.normal(0, .5, 2), 1), rng.normal(size=3) * [1, 1, .3],
                 np.clip(.45 + 2.5 * (where[2] - top[2] - .05), 0, 1))
    for _ in range(15):
        head = top + rng.normal(size=3) * [.09, .07, .035] + [0, -.02, .15]
        kit.box(leaves, head - [.0012, .0012, .13], head + [.0012, .0012, 0], tint=.6)
        for _ in range(46):
            way = rng.normal(size=3) + [0, 0, .3]
            way /= np.linalg.norm(way)
            kit.leaf(petals, plain, head + .021 * way, rng.uniform(.011, .017), way + rng.normal(0, .4, 3), rng.normal(size=3), rng.uniform())
    clay.build("pots", materials.clay())
    bush.build("bush", materials.box_bush(), smooth=False)
    leaves.build("geranium", materials.box_bush(), smooth=False)
    petals.build("petals", materials.petals(), smooth=False)


def weeds(rng):
    """Grass where wall, pavement and street meet, and leaves blown against the kerb."""
    blades, litter = kit.Geometry(), kit.Geometry()
    shapes = [kit.leaf_shape("plain")] * 2 + [kit.leaf_shape("ivy")]
    for _ in range(170):
        x = rng.uniform(-2.9, 3.0)
        if DOOR[0] - .1 < x < DOOR[1] + .1:
            continue
        place = [(x, -.012, KERB), (x, PAVEMENT - .014, -.02)][int(rng.uniform() < .55)]
        kit.tuft(blades, rng, place, int(rng.integers(4, 22)), rng.uniform(.025, .10), .010)
    for _ in range(500):
        y = PAVEMENT - abs(rng.normal(0, .7)) - .05
        kit.tuft(blades, rng, (rng.uniform(-2.9, 2.9), y, -.022), int(rng.integers(3, 12)), rng.uniform(.018, .045), .008)
    for _ in range(130):
        x = rng.uniform(-2.6, 2.8)
        kind = rng.uniform()
        y = rng.uniform(-2.2, PAVEMENT - .1) if kind < .3 else -rng.uniform(.02, .3)
        if .3 < kind < .75:
            y = PAVEMENT - .03 - abs(rng.normal(0, .05))
        height = KERB + .012 if y > PAVEMENT else .012
        kit.leaf(litter, shapes[rng.integers(3)], (x, y, height), rng.uniform(.025, .055),
                 (rng.normal(0, .35), rng.normal(0, .35), 1), (rng.normal(), rng.normal(), rng.normal(0, .2)), rng.uniform())
    blades.build("weeds", materials.grass())
    litter.build("litter", materials.dead_leaves(), smooth=False)


def lantern():
    """A wrought-iron wall lamp right of the door."""
    iron, panes = kit.Geometry(), kit.Geometry()
    x, y, z, half = -.16, -.20, 1.62, .058
    kit.box(iron, (x - .03, -.022, z + .18), (x + .03, .01, z + .40))
    kit.box(iron, (x - .008, y, z + .355), (x + .008, -.01, z + .375))
    kit.box(iron, (x - .006, -.13, z + .30), (x + .006, -.01, z + .312))
    kit.lathe(iron, [(0, z + .36), (.012, z + .36), (.012, z + .30), (.03, z + .295), (.03, z + .285), (.112, z + .225),
                     (.112, z + .217), (0, z + .217)], (x, y, 0), steps=4, phase=math.pi / 4)
    kit.lathe(iron, [(0, z), (.062, z), (.070, z + .012), (.070, z + .02), (0, z + .02)], (x, y, 0), steps=4, phase=math.pi / 4)
    for sx in (-1, 1):
        for sy in (-1, 1):
            kit.box(iron, (x + sx * half - .006, y + sy * half - .006, z + .01), (x + sx * half + .006, y + sy * half + .006, z + .22))
    kit.lathe(panes, [(half * 1.38, z + .02), (half * 1.38, z + .217)], (x, y, 0), steps=4, phase=math.pi / 4)
    iron.build("iron", materials.metal("iron", (.022, .022, .024), .5, .25), smooth=False)
    panes.build("panes", materials.glass("frosted"), smooth=False)


def canopy(rng):
    """A tree out of the picture, between the sun and the wall, for dappled shade at the sides."""
    shade, shape = kit.Geometry(), kit.leaf_shape("plain")
    toward_sun = np.array([-.73, -.49, .47])
    for target, spread, count in (((-2.4, 0, 2.1), .55, 900), ((1.6, 0, 2.6), .50, 900), ((-1.6, -2.0, 0), .45, 650)):
        for _ in range(count):
            where = np.array(target) + toward_sun * rng.uniform(3.5, 6.0) + rng.normal(0, spread, 3)
            kit.leaf(shade, shape, where, rng.uniform(.10, .20), rng.normal(size=3), rng.normal(size=3), .3)
    tree = shade.build("canopy", materials.box_bush(), smooth=False)
    tree.visible_camera = False


def cone():
    """A one-metre traffic cone that has seen some roads; returns its objects."""
    x, y = CONE
    tall, foot = .90, .035
    body, sleeves, base = kit.Geometry(), kit.Geometry(), kit.Geometry()

    def radius(z):
        return .172 + (.034 - .172) * (z - foot) / (tall - foot)
    heights = np.linspace(foot + .02, tall - .012, 60)
    profile = [(.205, foot), (.200, foot + .008), (.180, foot + .014)] + [(radius(z), z) for z in heights]
    profile += [(.030, tall - .003), (.024, tall), (.020, tall - .01), (.018, tall - .2)]
    kit.lathe(body, profile, (0, 0, 0), squash=.012)
    for low, high in ((.34, .50), (.60, .70)):
        ring = [(radius(z) + .0022, z) for z in np.linspace(low, high, 12)]
        kit.lathe(sleeves, [(radius(low), low)] + ring + [(radius(high), high)], (0, 0, 0), squash=.012)
    points, faces = kit.block(.46, .46, .016, foot, .0, (30, 30), .0015, 12)
    base.add(points + [0, 0, foot], faces, .5)
    parts = [body.build("cone", materials.plastic("orange", (.74, .080, .006), .75, .42, .05, .45)),
             sleeves.build("sleeves", materials.plastic("reflective", (.70, .70, .68), .6, .35, .2, .9)),
             base.build("base", materials.plastic("rubber", (.030, .029, .028), .9, .65, -.2, .1))]
    for part in parts:
        part.location = (x, y, .013)
        part.rotation_euler = (math.radians(.9), math.radians(-1.3), math.radians(21))
    return parts


def scene(percent, samples):
    made = kit.empty_scene(WIDTH, HEIGHT, percent, samples)
    rng = np.random.default_rng(20240917)
    for build in (wall, surround, ground, ivy, pots, weeds, canopy):
        build(rng)
    door()
    lantern()
    kit.sky(made, 28, 236, strength=.15, sun_strength=5.6)
    kit.camera(made, (.12, -6.7, 1.55), 50, (0, -.098), focus=6.3, aperture=8)
    made.view_settings.exposure = .25
    return made, cone()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--percent", type=int, default=100)
    parser.add_argument("--samples", type=int, default=64)
    parser.add_argument("--region", type=float, nargs=4, help="render only x0 x1 y0 y1, fractions from the lower left")
    parser.add_argument("--only", choices=["photo", "truth", "object"])
    options = parser.parse_args()
    made, parts = scene(options.percent, options.samples)
    if options.only in (None, "photo"):
        kit.render(made, options.out / "photo.png", options.region)
    if options.only in (None, "truth"):
        for part in parts:
            part.hide_render = True
        kit.render(made, options.out / "truth.png", options.region or AROUND_CONE)
        for part in parts:
            part.hide_render = False
    if options.only in (None, "object"):
        kit.render_coverage(made, options.out / "object.png", parts)


if __name__ == "__main__":
    main()
