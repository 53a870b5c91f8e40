//! Holes made from a seed: shapes are added until the picture has as much hole as it should.
//!
//! A shape that would take too much is taken back and a smaller one tried, so every mask lies in its bucket. Shapes
//! start anywhere and in any direction, run out of the picture, and the whole may be widened in between: the random
//! rotation, crop and dilation of the paper's masks.

use super::{
    Border, Bucket, Spec,
    canvas::Canvas,
    shapes::{Place, Shape},
};
use crate::imaging::{Mask, Rect, random::Random};

/// What the shapes of one mask are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Brush,
    Objects,
    Scratches,
    Mixed,
}

/// Makes a mask of `width` × `height` with holes to the specification, the same on every machine.
///
/// Sides below [`super::MIN_SIDE`] work too, but the largest bucket may then not fit away from the border.
pub fn generate(spec: &Spec, width: u32, height: u32, seed: u64) -> Mask {
    let mut random = Random::keyed(seed, [u64::from(width), u64::from(height), 0, 0]);
    let drawn = Bucket::ALL[random.below(Bucket::ALL.len())];
    let mut canvas = Canvas::new(width, height, area(spec.border, width, height));
    let room = Room::draw(spec.bucket.unwrap_or(drawn), &canvas, &mut random);
    let kind = Kind::draw(room.target * 5 > canvas.mask.bounds().area(), &mut random);
    let mut grow_at = random.chance(0.35).then_some(room.target / 2);
    let mut scale = 1.0;
    while canvas.count < room.target {
        let is_first = canvas.count == 0;
        let place = place(spec.border, is_first, scale, &canvas, &mut random);
        kind.shape(&mut random).draw(&mut canvas, &mut random, &place);
        if canvas.count > room.most {
            canvas.undo();
            if canvas.count >= room.enough {
                break;
            }
            scale *= 0.7;
            continue;
        }
        canvas.keep();
        scale = (scale * 1.25_f64).min(1.0);
        if grow_at.is_some_and(|count| canvas.count >= count) {
            grow_at = None;
            let radius = random.between(0.004, 0.02) * f64::from(width.min(height));
            canvas.grow(radius.max(1.0) as u32, room.most);
        }
    }
    canvas.mask
}

/// Numbers of hole pixels.
struct Room {
    /// From here on the mask may stay as it is.
    enough: u64,
    /// From here on it is done.
    target: u64,
    /// More are never kept.
    most: u64,
}

impl Room {
    /// A random number of hole pixels in the bucket, with some room around it, all inside the bucket.
    fn draw(bucket: Bucket, canvas: &Canvas, random: &mut Random) -> Self {
        let (fewest, most) = bucket.counts(canvas.mask.bounds().area());
        let (fewest, most) = (fewest.min(canvas.area.area()), most.min(canvas.area.area()));
        let target = fewest + random.below((most - fewest) as usize + 1) as u64;
        Self {
            enough: fewest.max(target * 3 / 4),
            target,
            most: most.min(target + target / 4 + 4),
        }
    }
}

impl Kind {
    /// Scratches alone never cover a large part of a picture.
    fn draw(is_large: bool, random: &mut Random) -> Self {
        match random.below(100) {
            0..34 => Self::Brush,
            34..62 => Self::Objects,
            62..76 if !is_large => Self::Scratches,
            _ => Self::Mixed,
        }
    }

    fn shape(self, random: &mut Random) -> Shape {
        let shapes: &[Shape] = match self {
            Self::Brush => &[Shape::Stroke, Shape::Stroke, Shape::Scrub],
            Self::Objects => &[Shape::Object],
            Self::Scratches => &[Shape::Scratch],
            Self::Mixed => &[Shape::Stroke, Shape::Scrub, Shape::Object, Shape::Scratch],
        };
        shapes[random.below(shapes.len())]
    }
}

/// Where holes may lie.
fn area(border: Border, width: u32, height: u32) -> Rect {
    let margin = match border {
        Border::Away => (width.min(height) * 50).div_ceil(512),
        Border::Any | Border::Touching => 0,
    };
    Rect::new(margin, margin, width - 2 * margin, height - 2 * margin)
}

/// Anywhere in the area and a little beyond; for the first shape of a mask that touches the border, on it.
fn place(border: Border, is_first: bool, scale: f64, canvas: &Canvas, random: &mut Random) -> Place {
    let area = canvas.area;
    let side = f64::from(area.width.min(area.height));
    let beyond = if border == Border::Away { 0.0 } else { 0.08 * side };
    let limits = [
        f64::from(area.x) - beyond,
        f64::from(area.y) - beyond,
        f64::from(area.right()) + beyond,
        f64::from(area.bottom()) + beyond,
    ];
    let mut at = [0, 1].map(|axis| random.between(limits[axis], limits[axis + 2]));
    if border == Border::Touching && is_first {
        // The centre of a pixel in the first or last column or row.
        let last = [area.width, area.height].map(|side| f64::from(side) - 0.5);
        at = [0, 1].map(|axis| at[axis].clamp(0.5, last[axis]));
        let axis = random.below(2);
        at[axis] = if random.chance(0.5) { 0.5 } else { last[axis] };
    }
    Place {
        at,
        unit: side * scale,
        limits,
        is_tight: border == Border::Away,
    }
}
