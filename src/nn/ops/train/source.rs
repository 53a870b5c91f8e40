//! What the rows of a convolution are read from and written to.
//!
//! Masking, renormalisation, activation, upsampling and concatenation all happen while rows are copied, so none of
//! them makes a tensor of its own. A row is one channel's row of one image.

#![expect(
    unsafe_code,
    reason = "threads write disjoint rows of one tensor through a pointer"
)]

use super::walk::Shape;

/// Rows to read.
pub(super) trait Source: Sync {
    /// Size of the tensor that it appears to be.
    fn shape(&self) -> Shape;
    /// Copies a row.
    fn read(&self, image: usize, channel: usize, row: usize, to: &mut [f32]);
}

/// Rows to write. Each is written once, by one thread, unless said otherwise.
pub(super) trait Sink: Sync {
    /// Size of the tensor that it appears to be.
    fn shape(&self) -> Shape;
    /// Takes a row; `values` may be changed.
    fn write(&self, image: usize, channel: usize, row: usize, values: &mut [f32]);
}

/// One value per position of each image, for all of its channels.
#[derive(Clone, Copy)]
pub(super) struct Plane<'a> {
    pub(super) values: &'a [f32],
    pub(super) height: usize,
    pub(super) width: usize,
}

impl<'a> Plane<'a> {
    fn row(self, image: usize, row: usize) -> &'a [f32] {
        &self.values[(image * self.height + row) * self.width..][..self.width]
    }
}

/// A tensor as it is.
pub(super) struct Values<'a> {
    pub(super) values: &'a [f32],
    pub(super) shape: Shape,
}

impl Values<'_> {
    fn row(&self, image: usize, channel: usize, row: usize) -> &[f32] {
        &self.values[self.shape.row(image, channel, row)..][..self.shape.width]
    }
}

impl Source for Values<'_> {
    fn shape(&self) -> Shape {
        self.shape
    }

    fn read(&self, image: usize, channel: usize, row: usize, to: &mut [f32]) {
        to.copy_from_slice(self.row(image, channel, row));
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

    fn read(&self, image: usize, channel: usize, row: usize, to: &mut [f32]) {
        let values = self.gradient.row(image, channel, row);
        let results = self.result.row(image, channel, row);
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

    fn read(&self, image: usize, channel: usize, row: usize, to: &mut [f32]) {
        let values = self.values.row(image, channel, row);
        for ((to, &value), &factor) in to.iter_mut().zip(values).zip(self.factors.row(image, row)) {
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

    fn read(&self, image: usize, channel: usize, row: usize, to: &mut [f32]) {
        let values = self.values.row(image, channel, row);
        for ((to, &value), &valid) in to.iter_mut().zip(values).zip(self.mask.row(image, row)) {
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

    fn read(&self, image: usize, channel: usize, row: usize, to: &mut [f32]) {
        let small = self.small.shape();
        if channel >= small.channels {
            return self.skip.read(image, channel - small.channels, row, to);
        }
        // The row is read into the second half and spread from the front: the place to write never overtakes.
        let from = to.len() - to.len().div_ceil(2);
        let needed = to.len() - from;
        if needed == small.width {
            self.small.read(image, channel, row / 2, &mut to[from..]);
        }
        for x in 0..to.len() {
            to[x] = to[from + x / 2];
        }
    }
}

/// The start of a tensor to write, shared by threads.
#[derive(Clone, Copy)]
pub(super) struct Output {
    start: *mut f32,
    shape: Shape,
}

// SAFETY: threads write disjoint rows; see `Sink`.
unsafe impl Sync for Output {}
// SAFETY: as above.
unsafe impl Send for Output {}

impl Output {
    pub(super) fn new(values: &mut [f32], shape: Shape) -> Self {
        assert_eq!(values.len(), shape.len(), "an output of {shape:?}");
        Self {
            start: values.as_mut_ptr(),
            shape,
        }
    }

    /// A row to write.
    ///
    /// # Safety
    ///
    /// The values that [`new`](Self::new) was given must live, and nobody else may use this row meanwhile.
    #[expect(clippy::mut_from_ref, reason = "rows are disjoint; the caller sees to it")]
    unsafe fn row(&self, image: usize, channel: usize, row: usize) -> &mut [f32] {
        let Shape {
            images,
            channels,
            height,
            width,
        } = self.shape;
        assert!(
            image < images && channel < channels && row < height,
            "{image}, {channel}, {row} is outside {:?}",
            self.shape
        );
        // SAFETY: the row lies inside the values, as just asserted; the caller sees to the rest.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(self.shape.row(image, channel, row)), width) }
    }
}

/// Writes `act(value · ratio + bias)`, each part where there is one.
pub(super) struct Activated<'a> {
    pub(super) to: Output,
    pub(super) ratio: Option<Plane<'a>>,
    pub(super) bias: Option<&'a [f32]>,
    /// Slope below zero: 0 is `ReLU`, 1 nothing.
    pub(super) slope: f32,
}

impl Sink for Activated<'_> {
    fn shape(&self) -> Shape {
        self.to.shape
    }

    fn write(&self, image: usize, channel: usize, row: usize, values: &mut [f32]) {
        // SAFETY: a sink's row is written once, by one thread, while `to` is borrowed.
        let to = unsafe { self.to.row(image, channel, row) };
        if let Some(ratio) = self.ratio {
            for ((to, &value), &ratio) in to.iter_mut().zip(&*values).zip(ratio.row(image, row)) {
                *to = value * ratio;
            }
            return;
        }
        let bias = self.bias.map_or(0.0, |bias| bias[channel]);
        for (to, &value) in to.iter_mut().zip(&*values) {
            let value = value + bias;
            *to = if value > 0.0 { value } else { value * self.slope };
        }
    }
}

/// Writes zeros where the mask is zero.
pub(super) struct MaskedOutput<'a> {
    pub(super) to: Output,
    pub(super) mask: Plane<'a>,
}

impl Sink for MaskedOutput<'_> {
    fn shape(&self) -> Shape {
        self.to.shape
    }

    fn write(&self, image: usize, channel: usize, row: usize, values: &mut [f32]) {
        // SAFETY: a sink's row is written once, by one thread, while `to` is borrowed.
        let to = unsafe { self.to.row(image, channel, row) };
        for ((to, &value), &valid) in to.iter_mut().zip(&*values).zip(self.mask.row(image, row)) {
            *to = if valid == 0.0 { 0.0 } else { value };
        }
    }
}

/// The gradients of an upsampled map and of the skip behind it; either may be left out.
///
/// An even row and the next one go to the same row of the small map, so one thread must write both.
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

    fn write(&self, image: usize, channel: usize, row: usize, values: &mut [f32]) {
        if channel >= self.small_channels {
            if let Some(skip) = &self.skip {
                skip.write(image, channel - self.small_channels, row, values);
            }
            return;
        }
        let Some(small) = &self.small else { return };
        // SAFETY: the thread that has this row has the one that shares it too, and writes one after the other.
        let to = unsafe { small.to.row(image, channel, row / 2) };
        let places = to.iter_mut().zip(values.chunks(2));
        for ((to, values), &valid) in places.zip(small.mask.row(image, row / 2)) {
            if valid != 0.0 {
                *to += values.iter().sum::<f32>();
            }
        }
    }
}
