//! Hands a crop to the detail stage: the photo around its holes at native scale, with the network's fill in them.
//!
//! The stage itself knows planes of numbers; this knows crops, patches and the one progress bar of the whole fill.

use std::sync::{Mutex, PoisonError};

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
    beginning: Beginning,
    progress: &dyn Progress,
) -> Result<Filled, Cancelled> {
    let Rect { x, y, width, height } = crop.rect;
    let mut hole = Vec::with_capacity(crop.rect.area() as usize);
    for row in y..y + height {
        if row.is_multiple_of(ROWS_PER_STEP) {
            progress.check()?;
        }
        hole.extend((x..x + width).map(|column| source.is_hole(column, row)));
    }
    progress.check()?;
    let keep_out = source.kept_out(crop.rect);
    progress.check()?;
    let native = source.pixels.rgb(source.local(crop.rect));
    progress.check()?;
    let input = Input {
        width: width as usize,
        height: height as usize,
        native: &native,
        hole: &hole,
        guide: &filled.rgb,
        scale: 1.0 / filled.scale_down as f32,
        keep_out: keep_out.as_deref(),
        beginning,
        corner: [x as usize, y as usize],
        seed: options.seed,
    };
    let wanted = detail::Options {
        grain: f32::from(options.grain) / 100.0,
    };
    let rgb = detail::restore(&input, &wanted, progress)?;
    drop(native);
    progress.step(1, 1)?;
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
/// there are is not known: each takes most of what is left. What it passes on never goes back, whichever thread reports.
pub(super) struct Stretch<'a> {
    whole: &'a dyn Progress,
    /// Where the stretch ends, and the whole bar.
    end: u64,
    total: u64,
    place: Mutex<Place>,
}

/// Where the present phase began, and what was passed on last.
struct Place {
    phase_start: u64,
    reached: u64,
}

impl<'a> Stretch<'a> {
    /// The steps `start..end` of `total`.
    pub(super) const fn new(whole: &'a dyn Progress, start: u64, end: u64, total: u64) -> Self {
        Self {
            whole,
            end,
            total,
            place: Mutex::new(Place {
                phase_start: start,
                reached: start,
            }),
        }
    }

    fn move_on(&self, act: impl FnOnce(&mut Place)) -> Result<(), Cancelled> {
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut place);
        self.whole.step(place.reached, self.total)
    }
}

impl Progress for Stretch<'_> {
    fn stage(&self, _name: &str) -> Result<(), Cancelled> {
        self.move_on(|place| place.phase_start = place.reached)
    }

    fn step(&self, done: u64, total: u64) -> Result<(), Cancelled> {
        let share = 0.8 * done.min(total) as f64 / total.max(1) as f64;
        self.move_on(|place| {
            let left = self.end.saturating_sub(place.phase_start) as f64;
            place.reached = place.reached.max(place.phase_start + (left * share) as u64);
        })
    }

    fn check(&self) -> Result<(), Cancelled> {
        self.whole.check()
    }

    fn notice(&self, text: &str) {
        self.whole.notice(text);
    }
}
