//! Hands a crop to the detail stage: the photo around its holes at native scale, with the network's fill in them.
//!
//! The stage itself knows planes of numbers; this knows crops, patches and the one progress bar of the whole fill.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::{
    Options,
    detail::{self, Input},
    fill::Filled,
    plan::Crop,
    source::Source,
};
use crate::{
    imaging::Rect,
    progress::{Cancelled, Progress},
};

/// Rows between two chances to cancel.
const ROWS_PER_STEP: u32 = 128;

/// The crop's fill with the photo's own texture and grain, for the rectangle that it fills.
///
/// `filled` must cover the crop's whole rectangle.
pub(super) fn refine(
    crop: &Crop,
    source: &Source<'_>,
    filled: &Filled,
    options: &Options,
    may_arrange: bool,
    progress: &dyn Progress,
) -> Result<Filled, Cancelled> {
    let Rect { x, y, width, height } = crop.rect;
    let mut hole = Vec::with_capacity(crop.rect.area() as usize);
    for row in y..y + height {
        if row.is_multiple_of(ROWS_PER_STEP) {
            progress.step(0, 1)?;
        }
        hole.extend((x..x + width).map(|column| source.is_hole(column, row)));
    }
    progress.step(0, 1)?;
    let keep_out = source.kept_out(crop.rect);
    let input = Input {
        width: width as usize,
        height: height as usize,
        native: &source.pixels.rgb(source.local(crop.rect)),
        hole: &hole,
        guide: &filled.rgb,
        scale: 1.0 / filled.scale_down as f32,
        keep_out: keep_out.as_deref(),
        may_arrange,
        seed: options.seed,
    };
    let wanted = detail::Options {
        grain: f32::from(options.grain) / 100.0,
    };
    let rgb = detail::restore(&input, &wanted, progress)?;
    Ok(Filled {
        rect: crop.fills,
        rgb: part(&rgb, crop.rect, crop.fills),
        scale_down: filled.scale_down,
    })
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

/// A stretch of a longer progress bar. Whatever runs in it counts in its own phases and steps, and how many phases
/// there are is not known: each takes most of what is left.
pub(super) struct Stretch<'a> {
    whole: &'a dyn Progress,
    /// Where the stretch ends, and the whole bar.
    end: u64,
    total: u64,
    phase_start: AtomicU64,
    reached: AtomicU64,
}

impl<'a> Stretch<'a> {
    /// The steps `start..end` of `total`.
    pub(super) const fn new(whole: &'a dyn Progress, start: u64, end: u64, total: u64) -> Self {
        Self {
            whole,
            end,
            total,
            phase_start: AtomicU64::new(start),
            reached: AtomicU64::new(start),
        }
    }
}

impl Progress for Stretch<'_> {
    fn stage(&self, _name: &str) -> Result<(), Cancelled> {
        let reached = self.reached.load(Relaxed);
        self.phase_start.store(reached, Relaxed);
        self.whole.step(reached, self.total)
    }

    fn step(&self, done: u64, total: u64) -> Result<(), Cancelled> {
        let start = self.phase_start.load(Relaxed);
        let share = 0.8 * done.min(total) as f64 / total.max(1) as f64;
        let here = start + (self.end.saturating_sub(start) as f64 * share) as u64;
        let reached = self.reached.fetch_max(here, Relaxed).max(here);
        self.whole.step(reached, self.total)
    }

    fn notice(&self, text: &str) {
        self.whole.notice(text);
    }
}
