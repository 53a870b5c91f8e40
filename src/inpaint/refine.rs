//! Hands a crop to the detail stage: the photo around its holes at native scale, with the network's fill in them.
//!
//! The stage itself knows planes of numbers; this knows crops, patches and the one progress bar of the whole fill.

use rayon::prelude::{
    IndexedParallelIterator as _, ParallelIterator as _, ParallelSlice as _, ParallelSliceMut as _,
};

use super::{
    Options,
    detail::{self, Beginning, Input},
    fill::Filled,
    plan::Crop,
    source::Source,
};
use crate::{
    imaging::Rect,
    progress::{Cancelled, Progress},
};

/// The crop's fill with the photo's own texture and grain, for the rectangle that it fills.
///
/// `filled` must cover all holes of the crop.
pub(super) fn refine(
    crop: &Crop,
    source: &Source<'_>,
    filled: &Filled,
    options: &Options,
    beginning: Beginning,
    progress: &dyn Progress,
) -> Result<Filled, Cancelled> {
    let Rect { x, y, width, height } = crop.rect;
    let hole = source.holes(crop.rect);
    progress.check()?;
    let keep_out = source.kept_out(crop.rect);
    progress.check()?;
    let mut first_guess = source.pixels.rgb(source.local(crop.rect));
    progress.check()?;
    put_into(&mut first_guess, crop.rect, &hole, filled);
    progress.check()?;
    let input = Input {
        width: width as usize,
        height: height as usize,
        hole: &hole,
        scale: 1.0 / filled.scale_down as f32,
        keep_out: keep_out.as_deref(),
        beginning,
        corner: [x as usize, y as usize],
        seed: options.seed,
    };
    let wanted = detail::Options {
        grain: f32::from(options.grain) / 100.0,
    };
    let rgb = detail::restore(first_guess, &input, &wanted, progress)?;
    progress.step(1, 1)?;
    Ok(Filled {
        rect: crop.fills,
        rgb: part(&rgb, crop.rect, crop.fills),
        scale_down: filled.scale_down,
    })
}

/// Writes the network's fill into the hole of a plane of `outer`.
fn put_into(rgb: &mut [f32], outer: Rect, hole: &[bool], filled: &Filled) {
    let inner = filled.rect;
    let (stride, left) = (outer.width as usize, (inner.x - outer.x) as usize);
    let rows = rgb
        .par_chunks_exact_mut(3 * stride)
        .zip(hole.par_chunks_exact(stride));
    rows.skip((inner.y - outer.y) as usize)
        .zip(filled.rgb.par_chunks_exact(3 * inner.width as usize))
        .for_each(|((row, hole), from)| {
            let pixels = row[3 * left..].as_chunks_mut::<3>().0.iter_mut();
            for ((pixel, from), _) in pixels
                .zip(from.as_chunks::<3>().0)
                .zip(&hole[left..])
                .filter(|(_, hole)| **hole)
            {
                *pixel = *from;
            }
        });
}

/// The part `inner` of a plane of `outer`.
fn part(rgb: &[f32], outer: Rect, inner: Rect) -> Vec<f32> {
    let (stride, left) = (outer.width as usize * 3, (inner.x - outer.x) as usize * 3);
    let rows = rgb.chunks_exact(stride).skip((inner.y - outer.y) as usize);
    rows.take(inner.height as usize)
        .flat_map(|row| &row[left..left + inner.width as usize * 3])
        .copied()
        .collect()
}
