//! What the rows of a convolution are read from and written to.
//!
//! Masking, renormalisation, activation, upsampling and concatenation all happen while rows are copied, so none of
//! them makes a tensor of its own. A row is one channel's row of one image; stretches of it are read and written.

#![expect(
    unsafe_code,
    reason = "threads write disjoint stretches of one tensor through a pointer"
)]

use std::marker::PhantomData;

use super::walk::Shape;

/// Where a stretch of a row begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct At {
    pub(super) image: usize,
    pub(super) channel: usize,
    pub(super) row: usize,
    pub(super) start: usize,
}

/// Rows to read.
pub(super) trait Source: Sync {
    /// Size of the tensor that it appears to be.
    fn shape(&self) -> Shape;
    /// Copies a stretch of a row, from column `start` on.
    fn read(&self, at: At, to: &mut [f32]);
}

/// Rows to write. Each value is written once.
pub(super) trait Sink: Sync {
    /// Size of the tensor that it appears to be.
    fn shape(&self) -> Shape;
    /// Whether the values of each square of 2 × 2, from even rows and columns on, go to one place.
    fn joins_squares(&self) -> bool {
        false
    }
    /// Takes a stretch of a row, from column `start` on, which is even.
    ///
    /// # Safety
    ///
    /// Nobody else may write any of these values meanwhile, or, where the sink joins squares, any value of theirs.
    unsafe fn write(&self, at: At, values: &[f32]);
}

/// One value per position of each image, for all of its channels.
#[derive(Clone, Copy)]
pub(super) struct Plane<'a> {
    pub(super) values: &'a [f32],
    pub(super) height: usize,
    pub(super) width: usize,
}

impl<'a> Plane<'a> {
    /// The values from there to the row's end.
    fn from(self, at: At) -> &'a [f32] {
        &self.values[(at.image * self.height + at.row) * self.width..][at.start..self.width]
    }
}

/// A tensor as it is.
pub(super) struct Values<'a> {
    pub(super) values: &'a [f32],
    pub(super) shape: Shape,
}

impl Values<'_> {
    /// The values from there to the row's end.
    pub(super) fn from(&self, at: At) -> &[f32] {
        &self.values[self.shape.row(at.image, at.channel, at.row)..][at.start..self.shape.width]
    }
}

impl Source for Values<'_> {
    fn shape(&self) -> Shape {
        self.shape
    }

    fn read(&self, at: At, to: &mut [f32]) {
        to.copy_from_slice(&self.from(at)[..to.len()]);
    }
}

/// The gradient before an activation: that of its result, times the slope where the result is not positive.
pub(super) struct Gated<'a> {
    pub(super) gradient: Values<'a>,
    pub(super) result: Values<'a>,
    pub(super) slope: f32,
}

impl Source for Gated<'_> {
    fn shape(&self) -> Shape {
        self.gradient.shape
    }

    fn read(&self, at: At, to: &mut [f32]) {
        let values = self.gradient.from(at);
        let results = self.result.from(at);
        for ((to, &value), &result) in to.iter_mut().zip(values).zip(results) {
            *to = if result > 0.0 { value } else { value * self.slope };
        }
    }
}

/// A tensor times one factor per position.
pub(super) struct Scaled<'a> {
    pub(super) values: Values<'a>,
    pub(super) factors: Plane<'a>,
}

impl Source for Scaled<'_> {
    fn shape(&self) -> Shape {
        self.values.shape
    }

    fn read(&self, at: At, to: &mut [f32]) {
        let values = self.values.from(at);
        for ((to, &value), &factor) in to.iter_mut().zip(values).zip(self.factors.from(at)) {
            *to = value * factor;
        }
    }
}

/// A tensor with zeros where the mask is zero, whatever stands there.
pub(super) struct Masked<'a> {
    pub(super) values: Values<'a>,
    pub(super) mask: Plane<'a>,
}

impl Source for Masked<'_> {
    fn shape(&self) -> Shape {
        self.values.shape
    }

    fn read(&self, at: At, to: &mut [f32]) {
        let values = self.values.from(at);
        for ((to, &value), &valid) in to.iter_mut().zip(values).zip(self.mask.from(at)) {
            *to = if valid == 0.0 { 0.0 } else { value };
        }
    }
}

/// A small map at twice its size, each value four times, cut to `height` × `width`, and behind its channels a skip.
pub(super) struct Upsampled<'a> {
    pub(super) small: Masked<'a>,
    pub(super) skip: Masked<'a>,
}

impl Source for Upsampled<'_> {
    fn shape(&self) -> Shape {
        let skip = self.skip.shape();
        Shape {
            channels: self.small.shape().channels + skip.channels,
            ..skip
        }
    }

    fn read(&self, at: At, to: &mut [f32]) {
        let channels = self.small.shape().channels;
        if at.channel >= channels {
            let channel = at.channel - channels;
            return self.skip.read(At { channel, ..at }, to);
        }
        // What is needed is read into the end and spread from the front: the place to write never overtakes.
        let first = at.start / 2;
        let needed = (at.start + to.len()).div_ceil(2) - first;
        let from = to.len() - needed;
        let small = At {
            row: at.row / 2,
            start: first,
            ..at
        };
        self.small.read(small, &mut to[from..]);
        for x in 0..to.len() {
            to[x] = to[from + (at.start + x) / 2 - first];
        }
    }
}

/// A tensor to write, shared by threads.
pub(super) struct Output<'a, T = f32> {
    start: *mut T,
    shape: Shape,
    values: PhantomData<&'a mut [T]>,
}

// SAFETY: it is a slice that threads write to, and `stretch` asks for disjoint parts of it.
unsafe impl<T: Send> Sync for Output<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for Output<'_, T> {}

impl<'a, T> Output<'a, T> {
    pub(super) fn new(values: &'a mut [T], shape: Shape) -> Self {
        assert_eq!(values.len(), shape.len(), "an output of {shape:?}");
        Self {
            start: values.as_mut_ptr(),
            shape,
            values: PhantomData,
        }
    }

    /// A stretch of a row to write.
    ///
    /// # Safety
    ///
    /// Nobody else may use any of it as long as it lives.
    #[expect(
        clippy::mut_from_ref,
        reason = "stretches are disjoint; the caller sees to it"
    )]
    pub(super) unsafe fn stretch(&self, at: At, len: usize) -> &mut [T] {
        let Shape {
            images,
            channels,
            height,
            width,
        } = self.shape;
        assert!(
            at.image < images && at.channel < channels && at.row < height && at.start + len <= width,
            "{len} values at {at:?} are outside {:?}",
            self.shape
        );
        let first = self.shape.row(at.image, at.channel, at.row) + at.start;
        // SAFETY: the stretch lies inside the values, as just asserted, which `self` has borrowed; the caller sees to the
        // rest.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(first), len) }
    }
}

/// What becomes of a sum before it is written.
#[derive(Clone, Copy)]
pub(super) enum Finish<'a> {
    /// It is multiplied by the factor of its position.
    Ratio(Plane<'a>),
    /// The bias of its channel is added, where there is one, then what is below zero is multiplied by `slope`: 0 is
    /// `ReLU`, 1 nothing.
    Activation { bias: Option<&'a [f32]>, slope: f32 },
}

impl Finish<'_> {
    /// It stays as it is.
    pub(super) const NONE: Self = Self::Activation {
        bias: None,
        slope: 1.0,
    };
}

/// Writes sums.
pub(super) struct Sums<'a> {
    pub(super) to: Output<'a>,
    pub(super) finish: Finish<'a>,
}

impl Sink for Sums<'_> {
    fn shape(&self) -> Shape {
        self.to.shape
    }

    unsafe fn write(&self, at: At, values: &[f32]) {
        // SAFETY: nobody else writes these values.
        let to = unsafe { self.to.stretch(at, values.len()) };
        match self.finish {
            Finish::Ratio(ratio) => {
                for ((to, &value), &ratio) in to.iter_mut().zip(values).zip(ratio.from(at)) {
                    *to = value * ratio;
                }
            }
            Finish::Activation { bias, slope } => {
                let bias = bias.map_or(0.0, |bias| bias[at.channel]);
                for (to, &value) in to.iter_mut().zip(values) {
                    let value = value + bias;
                    *to = if value > 0.0 { value } else { value * slope };
                }
            }
        }
    }
}

/// Writes zeros where the mask is zero.
pub(super) struct MaskedOutput<'a> {
    pub(super) to: Output<'a>,
    pub(super) mask: Plane<'a>,
}

impl Sink for MaskedOutput<'_> {
    fn shape(&self) -> Shape {
        self.to.shape
    }

    unsafe fn write(&self, at: At, values: &[f32]) {
        // SAFETY: nobody else writes these values.
        let to = unsafe { self.to.stretch(at, values.len()) };
        for ((to, &value), &valid) in to.iter_mut().zip(values).zip(self.mask.from(at)) {
            *to = if valid == 0.0 { 0.0 } else { value };
        }
    }
}

/// The gradients of an upsampled map and of the skip behind it; either may be left out.
///
/// All of a square goes to one value of the small map.
pub(super) struct Downsampled<'a> {
    /// Size of the upsampled map with the skip behind it.
    pub(super) shape: Shape,
    pub(super) small_channels: usize,
    pub(super) small: Option<MaskedOutput<'a>>,
    pub(super) skip: Option<MaskedOutput<'a>>,
}

impl Sink for Downsampled<'_> {
    fn shape(&self) -> Shape {
        self.shape
    }

    fn joins_squares(&self) -> bool {
        true
    }

    unsafe fn write(&self, at: At, values: &[f32]) {
        if at.channel >= self.small_channels {
            if let Some(skip) = &self.skip {
                let channel = at.channel - self.small_channels;
                // SAFETY: the same values, of another tensor.
                unsafe { skip.write(At { channel, ..at }, values) };
            }
            return;
        }
        let Some(small) = &self.small else { return };
        let half = At {
            row: at.row / 2,
            start: at.start / 2,
            ..at
        };
        // SAFETY: each of these values is a square, which nobody else writes to.
        let to = unsafe { small.to.stretch(half, values.len().div_ceil(2)) };
        let places = to.iter_mut().zip(values.chunks(2));
        for ((to, values), &valid) in places.zip(small.mask.from(half)) {
            if valid != 0.0 {
                *to += values.iter().sum::<f32>();
            }
        }
    }
}
