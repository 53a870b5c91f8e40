//! The shapes that holes are made of, by what a person would brush over: strokes, objects, scratches.
//!
//! Sizes are shares of the picture's shorter side. Angles are unit vectors, turned by multiplication, so that no sine
//! of some machine's library decides over a pixel.

use super::canvas::{Canvas, Point};
use crate::imaging::random::Random;

/// What one shape looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A curved stroke of a thick brush.
    Stroke,
    /// Strokes to and fro, as one covers an area.
    Scrub,
    /// A rounded outline, some with smaller parts on it.
    Object,
    /// Thin and long: a wire, a hair, a crease.
    Scratch,
}

/// Corners of an object's outline.
const CORNERS: usize = 72;

/// Where a shape starts and how large it may be.
pub(super) struct Place {
    pub(super) at: Point,
    /// Pixels of a size of 1.
    pub(super) unit: f64,
    /// Left, top, right and bottom limits, at which strokes turn back.
    pub(super) limits: [f64; 4],
    /// Whether objects are moved inside the limits rather than cut off there.
    pub(super) is_tight: bool,
}

impl Shape {
    /// Adds the shape to the canvas.
    pub(super) fn draw(self, canvas: &mut Canvas, random: &mut Random, place: &Place) {
        match self {
            Self::Stroke => stroke(canvas, random, place, [0.015, 0.07], [0.03, 0.16]),
            Self::Scratch => stroke(canvas, random, place, [0.002, 0.011], [0.06, 0.25]),
            Self::Scrub => scrub(canvas, random, place),
            Self::Object => object(canvas, random, place),
        }
    }
}

/// A curve of arcs, each with its own bend, in a pen that hardly changes its width.
fn stroke(canvas: &mut Canvas, random: &mut Random, place: &Place, radii: [f64; 2], lengths: [f64; 2]) {
    let radius = random.between(radii[0], radii[1]) * place.unit;
    let restlessness = random.between(0.02, 0.8);
    let mut pen = Pen::new(place, radius, direction(random));
    for _ in 0..2 + random.below(12) {
        let length = random.between(lengths[0], lengths[1]) * place.unit;
        let bend = restlessness * f64::from(random.normal());
        pen.arc(canvas, random, length, bend);
    }
}

/// Parallel strokes side by side, to and fro, some longer than others.
fn scrub(canvas: &mut Canvas, random: &mut Random, place: &Place) {
    let radius = random.between(0.015, 0.05) * place.unit;
    let usual_length = random.between(0.08, 0.3) * place.unit;
    let along = direction(random);
    let back = along.map(|part| -part);
    let across = turned(along, [0.0, 1.0]);
    let mut pen = Pen::new(place, radius, along);
    for pass in 0..3 + random.below(6) {
        pen.heading = if pass % 2 == 0 { along } else { back };
        let length = usual_length * random.between(0.7, 1.2);
        let bend = 0.2 * f64::from(random.normal());
        pen.arc(canvas, random, length, bend);
        pen.heading = across;
        let gap = radius * random.between(0.9, 1.8);
        pen.arc(canvas, random, gap, 0.0);
    }
}

/// A pen that leaves dabs close enough to make a line.
struct Pen<'a> {
    place: &'a Place,
    at: Point,
    heading: Point,
    radius: f64,
}

impl<'a> Pen<'a> {
    const fn new(place: &'a Place, radius: f64, heading: Point) -> Self {
        Self {
            place,
            at: place.at,
            heading,
            radius,
        }
    }

    /// Draws an arc of that length while the heading turns by `bend` (in radians, nearly). At the limits the pen
    /// turns back.
    fn arc(&mut self, canvas: &mut Canvas, random: &mut Random, length: f64, bend: f64) {
        canvas.disc(self.at, self.radius);
        let steps = (length / (self.radius / 4.0).max(0.5)).ceil().max(1.0);
        let (step, turn) = (length / steps, small_turn(bend / steps));
        let [from, to] = [self.radius, self.radius * random.between(0.85, 1.15)];
        for index in 0..steps as u32 {
            self.heading = turned(self.heading, turn);
            self.advance(step);
            let radius = from + (to - from) * f64::from(index) / steps;
            canvas.disc(self.at, radius);
        }
        self.radius = to.clamp(from * 0.9, from * 1.1);
    }

    fn advance(&mut self, step: f64) {
        for axis in 0..2 {
            let [low, high] = [self.place.limits[axis], self.place.limits[axis + 2]];
            let next = self.at[axis] + step * self.heading[axis];
            let leaves = (next < low + self.radius && self.heading[axis] < 0.0)
                || (next > high - self.radius && self.heading[axis] > 0.0);
            if leaves {
                self.heading[axis] = -self.heading[axis];
            }
            self.at[axis] += step * self.heading[axis];
        }
    }
}

/// One outline, or a large one with smaller ones on its edge, like limbs, handles and wheels.
fn object(canvas: &mut Canvas, random: &mut Random, place: &Place) {
    let mut radius = random.between(0.05, 0.24) * place.unit;
    let parts = if random.chance(0.4) {
        1 + random.below(3)
    } else {
        0
    };
    let mut center = place.at;
    if place.is_tight {
        let room = [0, 1].map(|axis| place.limits[axis + 2] - place.limits[axis]);
        radius = radius.min(room[0].min(room[1]) / 3.0);
        let reach = radius * 1.4;
        center = [0, 1].map(|axis| {
            let [low, high] = [place.limits[axis] + reach, place.limits[axis + 2] - reach];
            center[axis].clamp(low, high)
        });
    }
    let main = outline(random, center, radius);
    canvas.disc(center, 0.0);
    canvas.polygon(&main);
    for _ in 0..parts {
        let joint = main[random.below(CORNERS)];
        let size = radius * random.between(0.25, 0.55);
        canvas.polygon(&outline(random, joint, size));
    }
}

/// A closed curve around `center`: an ellipse whose radius swings with a few random waves.
fn outline(random: &mut Random, center: Point, radius: f64) -> Vec<Point> {
    let waves = if random.chance(0.25) { 14 } else { 5 };
    let waves: Vec<[f64; 2]> = (1..=waves)
        .map(|wave| {
            let height = random.between(-0.35, 0.35) / f64::from(wave);
            direction(random).map(|part| part * height)
        })
        .collect();
    let (flatness, tilt) = (random.between(0.4, 1.0), direction(random));
    let step = small_turn(std::f64::consts::TAU / CORNERS as f64);
    let mut angle = [1.0, 0.0];
    (0..CORNERS)
        .map(|_| {
            angle = turned(angle, step);
            let mut multiple = [1.0, 0.0];
            let swing: f64 = waves
                .iter()
                .map(|wave| {
                    multiple = turned(multiple, angle);
                    turned(multiple, *wave)[0]
                })
                .sum();
            let distance = radius * (1.0 + swing).clamp(0.25, 1.6);
            let on_ellipse = turned([distance * angle[0], distance * angle[1] * flatness], tilt);
            [center[0] + on_ellipse[0], center[1] + on_ellipse[1]]
        })
        .collect()
}

/// A unit vector; all directions are about as likely.
fn direction(random: &mut Random) -> Point {
    // Up to an eighth of a circle to each side, then any number of quarters.
    let eighth = 2.0 * random.between(-0.414_213_562_373_095, 0.414_213_562_373_095);
    let quarter = [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]][random.below(4)];
    turned(small_turn(eighth), quarter)
}

/// The unit vector at about `angle` (in radians, exact where small) from the first axis, by a rational formula.
fn small_turn(angle: f64) -> Point {
    let half = angle / 2.0;
    let norm = 1.0 + half * half;
    [(1.0 - half * half) / norm, 2.0 * half / norm]
}

/// `vector` turned by the angle of `turn`: a product of complex numbers.
fn turned(vector: Point, turn: Point) -> Point {
    [
        vector[0] * turn[0] - vector[1] * turn[1],
        vector[0] * turn[1] + vector[1] * turn[0],
    ]
}
