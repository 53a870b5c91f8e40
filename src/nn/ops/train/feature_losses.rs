//! The losses on a feature network, as one operation with a gradient.
//!
//! What the gradient needs is found while the losses are computed: features, and signs of differences. The photo takes
//! no gradient, so nothing of its features stays but the pools. (Equations 3 to 5 of Liu et al., ECCV 2018.)

use std::sync::Arc;

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape as Dims, Tensor, bail};
use gemm::Parallelism;
use rayon::prelude::{
    IndexedParallelIterator as _, IntoParallelIterator as _, ParallelIterator as _, ParallelSliceMut as _,
};

use super::{
    features::{FeatureNetwork, Map, Stage},
    norm::sum,
    tensors::{shape, tensor, values, with_values},
    walk::Shape,
};

/// Losses that one run gives: of features, of their correlations for outputs and for composites.
const TERMS: usize = 3;

/// Losses and what their gradient needs.
struct Distances {
    terms: [f32; TERMS],
    ours: Vec<Stage>,
    photo: Vec<Stage>,
    /// Per stage, per image of ours, the signs of its correlations' differences, `[c, c]`.
    signs: Vec<Vec<Vec<f32>>>,
}

/// Correlations of an image's channels over all positions, `[c, c]`, divided by `c·h·w`.
fn correlations(map: &Map, image: usize) -> Vec<f32> {
    let (channels, plane) = (map.shape.channels, map.shape.plane());
    let scale = 1.0 / (channels * plane) as f32;
    let xs = map.image(image);
    let mut products = vec![0.0; channels * channels];
    multiply(
        &mut products,
        (channels, channels, plane),
        (xs, plane, 1),
        (xs, 1, plane),
        None,
        scale,
    );
    products
}

/// `to = scale · a · b`, or with `add` times what is there added. Sizes are rows, columns and the sum's length; `a` and
/// `b` have the distances between their rows and between their columns.
fn multiply(
    to: &mut [f32],
    (rows, columns, len): (usize, usize, usize),
    a: (&[f32], usize, usize),
    b: (&[f32], usize, usize),
    add: Option<f32>,
    scale: f32,
) {
    assert!(
        to.len() >= rows * columns && a.0.len() >= rows * len && b.0.len() >= len * columns,
        "matrices of {rows} × {len} and {len} × {columns}"
    );
    #[expect(
        unsafe_code,
        reason = "the matrix product takes pointers; sizes were just asserted"
    )]
    // SAFETY: the three matrices are dense, in either order, and as long as asserted.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            len,
            to.as_mut_ptr(),
            1,
            columns as isize,
            add.is_some(),
            a.0.as_ptr(),
            a.2 as isize,
            a.1 as isize,
            b.0.as_ptr(),
            b.2 as isize,
            b.1 as isize,
            add.unwrap_or(0.0),
            scale,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

/// −1, 0 or 1.
fn sign(value: f32) -> f32 {
    f32::from(i8::from(value > 0.0) - i8::from(value < 0.0))
}

impl Distances {
    fn new(
        network: &FeatureNetwork,
        ours: (&[f32], Shape),
        photo: (&[f32], Shape),
        keeps: bool,
    ) -> Result<Self> {
        let photo = network.run(photo.0, photo.1, false)?;
        let ours = network.run(ours.0, ours.1, keeps)?;
        let mut terms = [0f64; TERMS];
        let mut signs = Vec::with_capacity(ours.len());
        for (ours, photo) in ours.iter().zip(&photo) {
            let (perceptual, style, of_stage) = stage_terms(&ours.pool, &photo.pool);
            terms[0] += perceptual;
            terms[1] += style[0];
            terms[2] += style[1];
            signs.push(of_stage);
        }
        Ok(Self {
            terms: terms.map(|term| term as f32),
            ours,
            photo,
            signs,
        })
    }

    /// Adds the gradient of the losses themselves at one stage.
    fn add_gradient(&self, stage: usize, of_terms: &[f32], of_pool: &mut Map, is_first: bool) {
        let (ours, photo) = (&self.ours[stage].pool, &self.photo[stage].pool);
        let Shape { channels, images, .. } = photo.shape;
        let plane = photo.shape.plane();
        let of_element = of_terms[0] / photo.shape.len() as f32;
        // A correlation is that of two channels, so each value takes part in a row and in a column.
        let of_product = 2.0 / (images * channels * channels) as f32 / (channels * plane) as f32;
        let of_images = of_pool.values.par_chunks_mut(channels * plane).enumerate();
        of_images.for_each(|(image, of_pool)| {
            let xs = ours.image(image);
            multiply(
                of_pool,
                (channels, plane, channels),
                (&self.signs[stage][image], channels, 1),
                (xs, plane, 1),
                (!is_first).then_some(1.0),
                of_product * of_terms[1 + image / images],
            );
            for ((to, &x), &y) in of_pool.iter_mut().zip(xs).zip(photo.image(image % images)) {
                *to += of_element * sign(x - y);
            }
        });
    }
}

/// The stage's perceptual loss and style losses, and the signs that the gradient needs.
fn stage_terms(ours: &Map, photo: &Map) -> (f64, [f64; 2], Vec<Vec<f32>>) {
    let Shape { images, channels, .. } = photo.shape;
    let of_photo: Vec<_> = (0..images)
        .into_par_iter()
        .map(|image| correlations(photo, image))
        .collect();
    let of_image = |image: usize| {
        let (xs, ys) = (ours.image(image), photo.image(image % images));
        let distance = sum(xs, ys, |x, y| (x - y).abs());
        let mut differences = correlations(ours, image);
        for (to, &of_photo) in differences.iter_mut().zip(&of_photo[image % images]) {
            *to -= of_photo;
        }
        let style = sum(&differences, &differences, |x, _| x.abs());
        (distance, style, signs(&differences, channels))
    };
    let of_images: Vec<_> = (0..ours.shape.images).into_par_iter().map(of_image).collect();
    let mut style = [0.0; 2];
    let mut perceptual = 0.0;
    let mut all_signs = Vec::with_capacity(of_images.len());
    for (image, (distance, of_style, signs)) in of_images.into_iter().enumerate() {
        perceptual += distance;
        style[image / images] += of_style;
        all_signs.push(signs);
    }
    let correlations = (images * channels * channels) as f64;
    (
        perceptual / photo.shape.len() as f64,
        style.map(|style| style / correlations),
        all_signs,
    )
}

/// Signs of a symmetric matrix, those below the diagonal taken from above it.
fn signs(differences: &[f32], channels: usize) -> Vec<f32> {
    let at = |index: usize| {
        let (row, column) = (index / channels, index % channels);
        sign(differences[row.min(column) * channels + row.max(column)])
    };
    (0..channels * channels).map(at).collect()
}

/// The three losses of outputs and composites (one behind the other) on a feature network, against a photo.
struct FeatureLosses {
    network: Arc<FeatureNetwork>,
    distances: Distances,
}

/// Perceptual loss, and style loss of outputs and of composites, `[3]`: means as in the paper, summed over the stages.
///
/// `ours` `[2·b, 3, h, w]` are outputs and behind them composites; `photo` is `[b, 3, h, w]`. Differentiable in `ours`.
/// Only for the CPU, in single precision.
pub fn feature_losses(network: &Arc<FeatureNetwork>, ours: &Tensor, photo: &Tensor) -> Result<Tensor> {
    let (ours, photo) = (ours.contiguous()?, photo.contiguous()?);
    let (of_ours, of_photo) = (shape(ours.dims())?, shape(photo.dims())?);
    let twice = Shape {
        images: 2 * of_photo.images,
        ..of_photo
    };
    if of_ours != twice {
        bail!("{of_ours:?} are not outputs and composites for {of_photo:?}");
    }
    let distances = with_values(&ours, |ours_values| {
        with_values(&photo, |photo| {
            let keeps = ours.track_op();
            Distances::new(network, (ours_values, of_ours), (photo, of_photo), keeps)
        })
    })?;
    if !ours.track_op() {
        return Tensor::from_slice(&distances.terms, TERMS, ours.device());
    }
    ours.apply_op1(FeatureLosses {
        network: Arc::clone(network),
        distances,
    })
}

impl CustomOp1 for FeatureLosses {
    fn name(&self) -> &'static str {
        "feature-losses"
    }

    /// The losses were computed with what the gradient needs.
    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Dims)> {
        values(storage, layout)?;
        Ok((CpuStorage::F32(self.distances.terms.to_vec()), TERMS.into()))
    }

    fn bwd(&self, ours: &Tensor, _result: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let of_terms = gradient.to_vec1::<f32>()?;
        let of_picture = self
            .network
            .gradient(&self.distances.ours, |stage, of_pool, is_first| {
                self.distances.add_gradient(stage, &of_terms, of_pool, is_first);
            })?;
        tensor(of_picture.values.clone(), shape(ours.dims())?).map(Some)
    }
}
