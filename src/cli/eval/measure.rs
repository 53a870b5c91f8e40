//! Every number of a fill. Only the part around the hole is looked at: elsewhere both pictures are the same.

use anyhow::Context as _;
use rayon::prelude::*;
use serde::Serialize;

use super::cases::{Case, Side};
use crate::{
    data::holes::{self, Bucket},
    imaging::{HOLE_THRESHOLD, Pixels, Rect},
    inpaint::detail,
    nn::{
        metrics::{self, Seen},
        vgg::Features,
    },
    progress::Cancelled,
};

/// Longest side that the feature network sees at once; larger views are cut into equal tiles.
const TILE_PX: u32 = 640;

/// What a method made of a case.
pub(super) struct Fill {
    /// Number of the case.
    pub(super) case: usize,
    pub(super) method: String,
    pub(super) seconds: f64,
    /// The part that the case is compared in.
    pub(super) view: Pixels,
}

/// The numbers of one fill.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Row {
    pub(super) photo: String,
    pub(super) method: String,
    pub(super) bucket: Option<Bucket>,
    pub(super) border: Option<Side>,
    pub(super) hole_ratio: f64,
    pub(super) seed: u64,
    #[serde(flatten)]
    pub(super) numbers: Numbers,
}

/// What is averaged.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(super) struct Numbers {
    /// Of the whole picture.
    pub(super) l1_percent: f64,
    /// Of the whole picture.
    pub(super) psnr_db: f64,
    /// Of the hole alone.
    pub(super) psnr_hole_db: f64,
    /// Of the view: the whole picture, or with `--native` the hole with a quarter of its size around it.
    pub(super) ssim: Option<f64>,
    /// Of the view.
    pub(super) perceptual: Option<f64>,
    /// Gradient energy in the fill over that around it.
    pub(super) sharpness_ratio: f64,
    /// The same of what was there: what a fill's is to be read against.
    pub(super) original_sharpness_ratio: f64,
    /// Median gradient in the fill over that around it.
    pub(super) texture_ratio: f64,
    /// The same of what was there.
    pub(super) original_texture_ratio: f64,
    /// Median width of the edges in the fill over that around it; none where there are too few.
    pub(super) edge_width_ratio: Option<f64>,
    /// The same of what was there.
    pub(super) original_edge_width_ratio: Option<f64>,
    /// Gradient across the edge of the hole over that beside it.
    pub(super) seam_ratio: f64,
    pub(super) seconds: f64,
}

/// Measures all fills of a photo, in their order. `checkpoint` is called now and then.
pub(super) fn all(
    original: &Pixels,
    cases: &[Case],
    fills: &[Fill],
    features: Option<&Features>,
    checkpoint: &mut dyn FnMut() -> Result<(), Cancelled>,
) -> anyhow::Result<Vec<Row>> {
    let mut rows: Vec<Row> = fills
        .par_iter()
        .map(|fill| row(original, &cases[fill.case], fill))
        .collect();
    checkpoint()?;
    if let Some(features) = features {
        for (number, case) in cases.iter().enumerate() {
            let own: Vec<usize> = (0..fills.len())
                .filter(|&fill| fills[fill].case == number)
                .collect();
            let views: Vec<&Pixels> = own.iter().map(|&fill| &fills[fill].view).collect();
            let distances = perceptual(original, case, &views, features, checkpoint)?;
            for (fill, distance) in own.into_iter().zip(distances) {
                rows[fill].numbers.perceptual = Some(distance);
            }
        }
    }
    Ok(rows)
}

fn row(original: &Pixels, case: &Case, fill: &Fill) -> Row {
    let before = original.rgb(case.view);
    let after = fill.view.rgb(fill.view.bounds());
    let mask = case.mask.crop(case.view);
    let hole: Vec<bool> = mask
        .coverage()
        .iter()
        .map(|&coverage| coverage >= HOLE_THRESHOLD)
        .collect();
    let values = 3 * original.bounds().area();
    let squares = metrics::squared_error(&after, &before);
    let width = case.view.width as usize;
    let [score, original_score] = [&after, &before].map(|rgb| detail::score(rgb, &hole, width));
    let [edges, original_edges] = [&after, &before].map(|rgb| detail::edge_width_ratio(rgb, &hole, width));
    let share_of_view = case.view.area() as f64 / original.bounds().area() as f64;
    Row {
        photo: String::new(),
        method: fill.method.clone(),
        bucket: case.cell.map(|cell| cell.bucket),
        border: case.cell.map(|cell| cell.border),
        hole_ratio: holes::ratio(&case.mask),
        seed: case.seed,
        numbers: Numbers {
            l1_percent: metrics::l1_percent(&after, &before) * share_of_view,
            psnr_db: metrics::psnr_of(squares, values),
            psnr_hole_db: metrics::psnr_of(squares, 3 * case.mask.hole_count()),
            ssim: metrics::ssim(&after, &before, width),
            perceptual: None,
            sharpness_ratio: score.sharpness_ratio.into(),
            original_sharpness_ratio: original_score.sharpness_ratio.into(),
            texture_ratio: score.texture_ratio.into(),
            original_texture_ratio: original_score.texture_ratio.into(),
            edge_width_ratio: edges.map(f64::from),
            original_edge_width_ratio: original_edges.map(f64::from),
            seam_ratio: score.seam_ratio.into(),
            seconds: fill.seconds,
        },
    }
}

/// The perceptual distance of each view: the mean over its tiles, where tiles without a hole have none.
fn perceptual(
    original: &Pixels,
    case: &Case,
    views: &[&Pixels],
    features: &Features,
    checkpoint: &mut dyn FnMut() -> Result<(), Cancelled>,
) -> anyhow::Result<Vec<f64>> {
    let view = case.view;
    let mut sums = vec![0.0; views.len()];
    for tile in tiles(view) {
        if case.mask.crop(tile).is_empty() {
            continue;
        }
        let see = |picture: &Pixels, rect: Rect| {
            Seen::new(features, &picture.rgb(rect), rect.width as usize)
                .context("running the feature network")
        };
        let reference = see(original, tile)?;
        let in_view = Rect::new(tile.x - view.x, tile.y - view.y, tile.width, tile.height);
        for (sum, picture) in sums.iter_mut().zip(views) {
            checkpoint()?;
            let distance = metrics::perceptual(&see(picture, in_view)?, &reference)?;
            *sum += distance * tile.area() as f64 / view.area() as f64;
        }
    }
    Ok(sums)
}

/// Equal parts of at most [`TILE_PX`], but for a pixel.
fn tiles(view: Rect) -> Vec<Rect> {
    let parts = |start: u32, length: u32| -> Vec<(u32, u32)> {
        let count = length.div_ceil(TILE_PX).max(1);
        let cut = |part: u32| (u64::from(length) * u64::from(part) / u64::from(count)) as u32;
        (0..count)
            .map(|part| (start + cut(part), cut(part + 1) - cut(part)))
            .collect()
    };
    let columns = parts(view.x, view.width);
    let rows = parts(view.y, view.height);
    let all = rows.iter().flat_map(|&(y, height)| {
        columns
            .iter()
            .map(move |&(x, width)| Rect::new(x, y, width, height))
    });
    all.collect()
}

#[cfg(test)]
mod tests {
    use super::tiles;
    use crate::imaging::Rect;

    #[test]
    fn tiles_cover_the_view_once() {
        let view = Rect::new(7, 9, 1500, 300);
        let tiles = tiles(view);
        assert_eq!(tiles.len(), 3);
        assert_eq!(tiles.iter().map(Rect::area).sum::<u64>(), view.area());
        assert!(tiles.iter().all(|tile| view.contains_rect(tile)), "{tiles:?}");
    }
}
