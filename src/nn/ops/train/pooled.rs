//! A convolution's end: bias, `ReLU` and the largest of every 2 × 2 while rows are written, and the way back.

#![expect(
    unsafe_code,
    reason = "threads write disjoint stretches of one tensor through a pointer"
)]

use candle_core::{Result, bail};

use super::{
    source::{At, Output, Sink, Source, Values},
    walk::Shape,
};

/// The choice where nothing goes on, because the largest is not positive.
const NONE: u8 = 4;

/// Writes the pool of `relu(value + bias)` and which value of each square it is; odd sides are cut.
///
/// All of a square goes to one value, its upper row first.
pub(super) struct Pooled<'a> {
    /// Size before the pool.
    pub(super) from: Shape,
    pub(super) to: Output<'a>,
    /// 0 to 3, row by row, or [`NONE`].
    pub(super) choices: Output<'a, u8>,
    pub(super) bias: &'a [f32],
}

impl Pooled<'_> {
    /// The size after the pool.
    pub(super) fn shape_of(from: Shape) -> Result<Shape> {
        let to = Shape {
            height: from.height / 2,
            width: from.width / 2,
            ..from
        };
        if to.len() == 0 {
            bail!("nothing is left of {from:?} after pooling");
        }
        Ok(to)
    }
}

impl Sink for Pooled<'_> {
    fn shape(&self) -> Shape {
        self.from
    }

    fn joins_squares(&self) -> bool {
        true
    }

    unsafe fn write(&self, at: At, values: &[f32]) {
        let (height, width) = (self.from.height / 2, self.from.width / 2);
        let half = At {
            row: at.row / 2,
            start: at.start / 2,
            ..at
        };
        if half.row >= height {
            return;
        }
        let len = (values.len() / 2).min(width - half.start.min(width));
        // SAFETY: each of these values is a square, which nobody else writes to.
        let (to, choices) = unsafe { (self.to.stretch(half, len), self.choices.stretch(half, len)) };
        let squares = to.iter_mut().zip(choices).zip(values.as_chunks::<2>().0);
        if at.row.is_multiple_of(2) {
            for ((to, choice), &[left, right]) in squares {
                let is_right = right > left;
                *to = if is_right { right } else { left };
                *choice = u8::from(is_right);
            }
            return;
        }
        let bias = self.bias[at.channel];
        for ((to, choice), &[left, right]) in squares {
            let is_right = right > left;
            let lower = if is_right { right } else { left };
            let is_lower = lower > *to;
            let largest = if is_lower { lower } else { *to } + bias;
            let chosen = if is_lower { 2 + u8::from(is_right) } else { *choice };
            let goes_on = largest > 0.0;
            *to = if goes_on { largest } else { largest * 0.0 };
            *choice = if goes_on { chosen } else { NONE };
        }
    }
}

/// The gradient before pool and `ReLU`: that of the pool at the value that was chosen, else zero.
pub(super) struct Unpooled<'a> {
    pub(super) gradient: Values<'a>,
    pub(super) choices: &'a [u8],
    /// Size before the pool.
    pub(super) shape: Shape,
}

impl Source for Unpooled<'_> {
    fn shape(&self) -> Shape {
        self.shape
    }

    fn read(&self, at: At, to: &mut [f32]) {
        let pooled = self.gradient.shape;
        let (row, start) = (at.row / 2, at.start / 2);
        if row >= pooled.height || start >= pooled.width {
            return to.fill(0.0);
        }
        let first = pooled.row(at.image, at.channel, row);
        let places = first + start..first + pooled.width;
        let (gradients, choices) = (&self.gradient.values[places.clone()], &self.choices[places]);
        let upper = 2 * (at.row % 2) as u8;
        let value = |index: usize, choice: u8| {
            if choices.get(index) == Some(&choice) {
                gradients[index]
            } else {
                0.0
            }
        };
        // A stretch from an odd column on begins with the right half of a square.
        let (head, pairs) = to.split_at_mut(at.start % 2);
        for to in &mut *head {
            *to = value(0, upper + 1);
        }
        let (pairs, tail) = pairs.as_chunks_mut::<2>();
        let (gradients, choices) = (&gradients[head.len()..], &choices[head.len()..]);
        let inside = pairs.len().min(gradients.len());
        for ((to, &gradient), &choice) in pairs.iter_mut().zip(gradients).zip(choices) {
            let take = |wanted: u8| if choice == wanted { gradient } else { 0.0 };
            *to = [take(upper), take(upper + 1)];
        }
        pairs[inside..].fill([0.0; 2]);
        for to in tail {
            *to = value(head.len() + pairs.len(), upper);
        }
    }
}
