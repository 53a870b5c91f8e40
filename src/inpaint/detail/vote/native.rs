//! The last vote: on the photo's own colours at native scale, and on their differences.

use rayon::prelude::{
    IndexedParallelIterator as _, IntoParallelIterator as _, ParallelIterator as _, ParallelSliceMut as _,
};

use super::{
    super::{
        distance::{PATCH, WHITE},
        field::Field,
        pyramid::{Level, Planes},
        ticker::Ticker,
    },
    NATIVE_WORK, each_vote, pixel_columns, pixel_rows, says, work_of_row,
};
use crate::progress::Cancelled;

/// A rectangle of voted pixels. Colours are 0..1 and may leave that range a little through a bias.
pub(in crate::inpaint::detail) struct Votes {
    pub(in crate::inpaint::detail) left: usize,
    pub(in crate::inpaint::detail) top: usize,
    pub(in crate::inpaint::detail) width: usize,
    pub(in crate::inpaint::detail) height: usize,
    /// `[height][width]`: red, green, blue; `None` where no patch of the hole reaches.
    pub(in crate::inpaint::detail) colour: Vec<Option<[f32; 3]>>,
    /// `[height][width]`: how much the colour right of a pixel and the one below differ from it in its sources.
    pub(in crate::inpaint::detail) steps: Vec<[[f32; 3]; 2]>,
}

impl Votes {
    /// Writes the colours into the hole of `rgb`, `width` pixels wide.
    pub(in crate::inpaint::detail) fn write_into(&self, rgb: &mut [f32], hole: &[bool], width: usize) {
        for (at, vote) in self.colour.iter().enumerate() {
            let in_photo = (self.top + at / self.width) * width + self.left + at % self.width;
            if let (Some(vote), true) = (vote, hole[in_photo]) {
                rgb[3 * in_photo..3 * in_photo + 3]
                    .copy_from_slice(&vote.map(|sample| sample.clamp(0.0, 1.0)));
            }
        }
    }
}

/// The vote with native colours (those of the `planes` that `level` is made from) and on their differences, for the hole
/// and the pixels that its patches share with the valid area.
pub(in crate::inpaint::detail) fn native(
    planes: &Planes<'_>,
    level: &Level,
    field: &Field,
    steepness: u32,
    ticker: &Ticker<'_>,
) -> Result<Votes, Cancelled> {
    let says = says(field, level);
    let (columns, rows) = (pixel_columns(field, level), pixel_rows(field, level));
    let width = columns.len();
    let mut votes = Votes {
        left: columns.start,
        top: rows.start,
        width,
        height: rows.len(),
        colour: vec![None; width * rows.len()],
        steps: vec![[[0.0; 3]; 2]; width * rows.len()],
    };
    let source = NativeSource { planes };
    let filled = votes
        .colour
        .par_chunks_mut(width)
        .zip(votes.steps.par_chunks_mut(width));
    rows.into_par_iter()
        .zip(filled)
        .try_for_each(|(y, (colours, steps))| {
            let mut candidates = Vec::with_capacity(PATCH * PATCH);
            for (at, (colour, step)) in colours.iter_mut().zip(steps).enumerate() {
                let x = field.left + at;
                let vote = native_pixel(field, &says, steepness, x, y, &source, &mut candidates);
                if let Some(vote) = vote {
                    let of = |first: usize| std::array::from_fn(|channel| vote[first + channel]);
                    (*colour, *step) = (Some(of(0)), [of(3), of(6)]);
                }
            }
            ticker.advance(NATIVE_WORK * work_of_row(field))
        })?;
    Ok(votes)
}

/// The photo as votes on native colours see it.
struct NativeSource<'a> {
    planes: &'a Planes<'a>,
}

impl NativeSource<'_> {
    /// A colour, and how much the ones on the right and below differ from it: not at all where they are unknown or not to
    /// be copied from.
    fn sample(&self, x: usize, y: usize) -> [f32; 9] {
        let Planes {
            width,
            height,
            first_guess,
            hole,
            keep_out,
            ..
        } = *self.planes;
        let at = y * width + x;
        let known = |other: usize, is_there: bool| {
            let is_usable = || !hole[other] && keep_out.is_none_or(|keep_out| !keep_out[other]);
            if is_there && is_usable() { other } else { at }
        };
        let right = known(at + 1, x + 1 < width);
        let below = known(at + width, y + 1 < height);
        let colour = |at: usize| &first_guess[3 * at..][..3];
        let (here, right, below) = (colour(at), colour(right), colour(below));
        std::array::from_fn(|channel| match channel {
            0..3 => here[channel],
            3..6 => right[channel - 3] - here[channel - 3],
            _ => below[channel - 6] - here[channel - 6],
        })
    }
}

/// What was voted for one source pixel.
struct Candidate {
    from: (usize, usize),
    weight: f32,
    /// The sum of weighted biases.
    bias: [f32; 3],
}

/// The weighted mean of one pixel, of native colours and differences. Neighbouring patches mostly agree on the source
/// pixel: each is read once, with the weight of all that want it. `candidates` is memory that the next pixel uses again.
fn native_pixel(
    field: &Field,
    says: &[f32],
    steepness: u32,
    x: usize,
    y: usize,
    source: &NativeSource<'_>,
    candidates: &mut Vec<Candidate>,
) -> Option<[f32; 9]> {
    candidates.clear();
    each_vote(field, says, steepness, x, y, |weight, from, bias| {
        let bias = bias.map(|bias| weight * f32::from(bias));
        match candidates.iter_mut().find(|candidate| candidate.from == from) {
            Some(candidate) => {
                candidate.weight += weight;
                for (sum, bias) in candidate.bias.iter_mut().zip(bias) {
                    *sum += bias;
                }
            }
            None => candidates.push(Candidate { from, weight, bias }),
        }
    });
    let total: f32 = candidates.iter().map(|candidate| candidate.weight).sum();
    let mut sum = [0.0; 9];
    for &Candidate { from, weight, bias } in &*candidates {
        for (sum, sample) in sum.iter_mut().zip(source.sample(from.0, from.1)) {
            *sum += weight * sample;
        }
        for (sum, bias) in sum.iter_mut().zip(bias) {
            *sum += bias / WHITE;
        }
    }
    (total > 0.0).then(|| sum.map(|sum| sum / total))
}

#[cfg(test)]
mod tests {
    use super::{
        super::super::{Beginning, trust::Trust},
        NativeSource, Planes,
    };

    #[test]
    fn differences_are_not_taken_from_what_is_kept_out_or_unknown() {
        // Three by one pixels, each brighter than the one before.
        let rgb: Vec<f32> = [0.1, 0.3, 0.7].iter().flat_map(|grey| [*grey; 3]).collect();
        let right_of_the_first = |hole: &[bool], keep_out: Option<&[bool]>| {
            let planes = Planes {
                width: 3,
                height: 1,
                first_guess: &rgb,
                hole,
                keep_out,
                trust: &Trust::none(),
                beginning: Beginning::Network,
            };
            NativeSource { planes: &planes }.sample(0, 0)[3]
        };
        let (nowhere, there) = ([false; 3], [false, true, false]);
        assert!((right_of_the_first(&nowhere, None) - 0.2).abs() < 1e-6);
        assert!((right_of_the_first(&nowhere, Some(&nowhere)) - 0.2).abs() < 1e-6);
        assert_eq!(right_of_the_first(&nowhere, Some(&there)), 0.0);
        assert_eq!(right_of_the_first(&there, None), 0.0);
    }
}
