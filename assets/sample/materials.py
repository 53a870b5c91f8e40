"""The surfaces of the rendered pictures, all from noise: brick, stone, paint, clay, rubber."""

from kit import Material, foliage


def brick():
    m = Material("brick")
    mottle, speck = m.per_piece_noise(28, 6), m.noise(270, 4, .7)
    base = m.ramp(m.tint, [(0, (.115, .040, .026)), (.15, (.21, .066, .036)), (.45, (.30, .098, .050)),
                           (.72, (.36, .135, .068)), (.9, (.40, .185, .100)), (1, (.085, .050, .042))])
    colour = m.mix(m.step(mottle, .38, .72, 0, .6), base, (.13, .055, .04))
    colour = m.mix(m.step(m.per_piece_noise(11, 5), .56, .72, 0, .45), colour, (.50, .33, .22))
    colour = m.mix(m.step(speck, .60, .72, 0, .55), colour, (.52, .40, .31))
    colour = m.mix(m.step(speck, .40, .30, 0, .6), colour, (.05, .03, .025))
    lime = m.math("MULTIPLY", m.step(m.noise(1.6, 7, .7), .55, .72), m.step(m.noise(60, 4), .40, .65))
    colour = m.mix(m.math("MULTIPLY", lime, .5), colour, (.62, .55, .48))
    return m.finish(_weathered(m, colour), .92, [(m.per_piece_noise(60, 5), .006), (m.noise(330, 3, .7), .0022)], .25,
                    bounce=(.26, .10, .06))


def mortar():
    m = Material("mortar")
    colour = m.ramp(m.noise(6, 8, .7), [(.3, (.24, .205, .165)), (.55, (.40, .355, .295)), (.75, (.50, .455, .39))])
    colour = m.mix(m.step(m.noise(350, 3), .55, .7, 0, .6), colour, (.17, .15, .13))
    return m.finish(_weathered(m, colour), .97, [(m.noise(150, 6, .75), .009)], .15, bounce=(.34, .29, .24))


def _weathered(m, colour):
    """Soot under ledges, damp and algae near the ground, broad uneven fading."""
    height = m.axis("Z")
    edge = m.math("ADD", height, m.step(m.noise(3.2, 6, .65), .3, .7, -.30, .30))
    damp = m.step(edge, .62, .04)
    colour = m.mix(m.math("MULTIPLY", damp, .62), colour, (.055, .052, .038))
    green = m.math("MULTIPLY", m.step(edge, .34, -.05), m.step(m.noise(14, 6), .42, .62))
    colour = m.mix(m.math("MULTIPLY", green, .55), colour, (.060, .085, .028))
    return m.mix(m.step(m.noise(.9, 5), .42, .66, 0, .28), colour, (.10, .075, .06))


def stone(name="stone", warm=0.5, dirt=0.6, moss=0.5):
    """Worn sandstone or granite; `warm` 0 is blue-grey, 1 is honey."""
    m = Material(name)
    cold, honey = (.21, .215, .22), (.40, .335, .25)
    middle = tuple(c + (h - c) * warm for c, h in zip(cold, honey))
    dark, light = tuple(.55 * v for v in middle), tuple(1.4 * v for v in middle)
    colour = m.ramp(m.tint, [(0, dark), (.3, tuple(.85 * v for v in middle)), (.65, middle), (1, light)])
    colour = m.mix(m.step(m.per_piece_noise(16, 7), .35, .70, 0, .6), colour, tuple(.6 * v for v in middle))
    colour = m.mix(m.step(m.noise(340, 3, .7), .54, .66, 0, .75), colour, light)
    colour = m.mix(m.step(m.noise(290, 3, .7), .46, .34, 0, .75), colour, tuple(.3 * v for v in middle))
    colour = m.mix(m.step(m.noise(1.1, 7, .7), .45, .64, 0, dirt), colour, (.085, .070, .052))
    colour = m.mix(m.step(m.noise(5, 8, .75), .58, .68, 0, moss), colour, (.075, .088, .034))
    rough = m.step(m.noise(9, 4), .35, .65, .62, .88)
    return m.finish(colour, rough, [(m.per_piece_noise(45, 5), .005), (m.noise(260, 4, .75), .0032)], .35,
                    bounce=tuple(.8 * v for v in middle))


def soil():
    m = Material("soil")
    colour = m.ramp(m.noise(40, 8, .75), [(.3, (.030, .024, .016)), (.5, (.075, .060, .042)), (.72, (.15, .125, .09))])
    colour = m.mix(m.step(m.noise(7, 6), .48, .60, 0, .75), colour, (.040, .058, .018))
    return m.finish(colour, .97, [(m.noise(160, 5, .75), .012)], .15, bounce=(.06, .05, .035))


def paint(name, colour, worn=0.4, wood=(.20, .13, .08), gloss=0.42):
    """Old gloss paint on wood: faded, chipped near the ground, dusty in the hollows."""
    m = Material(name)
    grain = m.noise(34, 6, .6, stretch=(1, 1, .035), warp=.4)
    faded = m.mix(m.step(m.noise(2.2, 6), .35, .7, 0, .35), colour, tuple(.35 + .6 * c for c in colour))
    faded = m.mix(m.step(grain, .45, .7, 0, .35), faded, tuple(.55 * c for c in colour))
    low = m.step(m.axis("Z"), 1.1, .10, .0, .16)
    chips = m.step(m.math("ADD", m.noise(24, 9, .72), low), .715 - .08 * worn, .735 - .08 * worn)
    bare = m.mix(m.step(grain, .35, .65), wood, tuple(.4 * c for c in wood))
    surface = m.mix(chips, faded, bare)
    surface = m.mix(m.step(m.axis("Z"), .45, .08, 0, .45), surface, (.11, .09, .07))
    rough = m.mix(chips, (gloss,) * 3, (.9,) * 3)
    height = m.math("SUBTRACT", m.math("MULTIPLY", grain, .5), m.math("MULTIPLY", chips, .25))
    return m.finish(surface, m.math("ADD", rough, m.step(m.noise(12), .4, .65, 0, .15)), [(height, .0022)], .45, bounce=colour)


def clay():
    m = Material("terracotta")
    colour = m.ramp(m.noise(5, 7, .7), [(.3, (.30, .105, .052)), (.55, (.42, .17, .085)), (.75, (.50, .26, .16))])
    colour = m.mix(m.step(m.noise(9, 8, .75), .53, .70, 0, .75), colour, (.60, .52, .44))
    colour = m.mix(m.step(m.noise(15, 7), .56, .7, 0, .6), colour, (.07, .085, .035))
    return m.finish(colour, .88, [(m.noise(220, 6), .003)], .25)


def metal(name, colour, roughness=0.35, rust=0.0):
    m = Material(name)
    spots = m.step(m.noise(30, 8, .7), .62 - .1 * rust, .70 - .1 * rust, 0, min(1.0, 2 * rust))
    worn = m.mix(spots, colour, (.16, .055, .02))
    rough = m.math("ADD", m.step(m.noise(40, 5), .35, .65, roughness - .1, roughness + .15), spots, clamp=True)
    solid = m.math("SUBTRACT", 1.0, spots)
    return m.finish(worn, rough, [(m.noise(260, 5), .0006)], .5, Metallic=solid)


def plastic(name, colour, grime=0.5, roughness=0.42, zmin=0.0, zmax=0.5):
    """Street-worn plastic: scuffs, a dirty lower part, faded top."""
    m = Material(name)
    fade = m.mix(m.step(m.noise(3, 5), .35, .7, 0, .35), colour, tuple(.12 + .85 * c for c in colour))
    dark = m.math("ADD", m.step(m.axis("Z"), zmax, zmin, 0, .17), m.noise(26, 9, .75))
    scuff = m.step(dark, .58, .74, 0, grime)
    marks = m.step(m.noise(38, 5, .6, stretch=(1, 1, 5), warp=1.5), .63, .67, 0, grime)
    body = m.mix(marks, m.mix(scuff, fade, (.06, .05, .042)), (.10, .085, .075))
    rough = m.math("ADD", m.math("MULTIPLY", scuff, .35), roughness)
    return m.finish(body, rough, [(m.noise(150, 5), .0008)], .45)


def glass(name="glass"):
    """A dark room behind a slightly uneven pane."""
    m = Material(name)
    return m.finish((.012, .014, .016), .03, [(m.noise(5, 1), .0025)], .8)


def ivy():
    return foliage("ivy", [(0, (.020, .042, .010)), (.55, (.045, .085, .018)), (.8, (.085, .135, .028)),
                           (.93, (.19, .17, .03)), (1, (.24, .07, .02))])


def box_bush():
    return foliage("box", [(0, (.022, .050, .010)), (.6, (.055, .105, .020)), (1, (.13, .19, .035))])


def grass():
    return foliage("grass", [(0, (.05, .085, .018)), (.6, (.10, .14, .035)), (.85, (.20, .19, .06)),
                             (1, (.34, .28, .13))], .3, .6)


def petals():
    return foliage("petals", [(0, (.42, .012, .016)), (.7, (.62, .03, .03)), (1, (.70, .12, .10))], .35, .6)


def dead_leaves():
    return foliage("dead leaves", [(0, (.16, .075, .025)), (.4, (.27, .13, .04)), (.7, (.38, .23, .06)),
                                   (1, (.22, .16, .10))], .2, .65)
