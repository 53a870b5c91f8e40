//! The largest of every 2 × 2, with its gradient.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Tensor};
use rayon::prelude::{
    IndexedParallelIterator as _, ParallelIterator as _, ParallelSlice as _, ParallelSliceMut as _,
};

use super::{
    pooled::Pooled,
    tensors::{dims, shape, tensor, values, with_values},
    walk::Shape,
};

/// Largest of 2 × 2. The gradient goes to the first of the largest, row by row.
#[derive(Debug, Clone, Copy)]
pub(super) struct MaxPool;

/// The two rows that pool to `row` of a plane.
fn rows(plane: &[f32], row: usize, width: usize) -> (&[f32], &[f32]) {
    plane[2 * row * width..][..2 * width].split_at(width)
}

impl CustomOp1 for MaxPool {
    fn name(&self) -> &'static str {
        "max-pool"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, candle_core::Shape)> {
        let (xs, from) = (values(storage, layout)?, shape(layout.dims())?);
        let to = Pooled::shape_of(from)?;
        let mut ys = vec![0.0; to.len()];
        let planes = ys.par_chunks_mut(to.plane()).zip(xs.par_chunks(from.plane()));
        planes.for_each(|(ys, xs)| {
            for (row, ys) in ys.chunks_mut(to.width).enumerate() {
                let (upper, lower) = rows(xs, row, from.width);
                let pairs = upper.as_chunks::<2>().0.iter().zip(lower.as_chunks::<2>().0);
                for (y, ([a, b], [c, d])) in ys.iter_mut().zip(pairs) {
                    *y = a.max(*b).max(c.max(*d));
                }
            }
        });
        Ok((CpuStorage::F32(ys), dims(to).into()))
    }

    fn bwd(&self, xs: &Tensor, result: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let (from, to) = (shape(xs.dims())?, shape(result.dims())?);
        let mut of_input = vec![0.0f32; from.len()];
        with_values(xs, |xs| {
            with_values(gradient, |gradient| {
                let planes = of_input
                    .par_chunks_mut(from.plane())
                    .zip(xs.par_chunks(from.plane()))
                    .zip(gradient.par_chunks(to.plane()));
                planes.for_each(|((of_input, xs), gradient)| pool_gradient(of_input, xs, gradient, from, to));
                Ok(())
            })
        })?;
        tensor(of_input, from).map(Some)
    }
}

fn pool_gradient(of_input: &mut [f32], xs: &[f32], gradient: &[f32], from: Shape, to: Shape) {
    for (row, gradient) in gradient.chunks(to.width).enumerate() {
        let (upper, lower) = rows(xs, row, from.width);
        let (to_upper, to_lower) =
            of_input[2 * row * from.width..][..2 * from.width].split_at_mut(from.width);
        let pairs = upper.as_chunks::<2>().0.iter().zip(lower.as_chunks::<2>().0);
        let places = to_upper
            .as_chunks_mut::<2>()
            .0
            .iter_mut()
            .zip(to_lower.as_chunks_mut::<2>().0);
        for ((&gradient, ([a, b], [c, d])), (upper, lower)) in gradient.iter().zip(pairs).zip(places) {
            let largest = a.max(*b).max(c.max(*d));
            let is_upper = *a == largest || *b == largest;
            let is_left = if is_upper { *a == largest } else { *c == largest };
            let take = |wanted: bool| if wanted { gradient } else { 0.0 };
            *upper = [take(is_upper && is_left), take(is_upper && !is_left)];
            *lower = [take(!is_upper && is_left), take(!is_upper && !is_left)];
        }
    }
}
