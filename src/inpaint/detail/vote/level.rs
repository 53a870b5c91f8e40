//! A vote between rounds, on the colours of a level.

use rayon::prelude::{IndexedParallelIterator as _, ParallelIterator as _, ParallelSliceMut as _};

use super::{
    super::{
        distance::{CHANNELS, WHITE},
        field::Field,
        pyramid::Level,
        ticker::Ticker,
    },
    contrast, each_vote, pixel_columns, pixel_rows, says, work_of_row,
};
use crate::progress::Cancelled;

/// What patches voted for one pixel, in `0..=WHITE`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Vote {
    /// The weighted mean: red, green, blue, texture.
    pub(super) mean: [f32; CHANNELS],
    /// The weighted variance around it, of red, green and blue together.
    pub(super) variance: f32,
}

/// Writes the vote into the hole of `level`. At native scale the mean stays as it is: the last vote is a steep one.
pub(in crate::inpaint::detail) fn into_level(
    level: &mut Level,
    field: &Field,
    steepness: u32,
    ticker: &Ticker<'_>,
) -> Result<(), Cancelled> {
    let says = says(field, level);
    let (columns, rows) = (pixel_columns(field, level), pixel_rows(field, level));
    let width = columns.len();
    let place = |at: usize| (rows.start + at / width) * level.width + columns.start + at % width;
    let mut votes: Vec<Option<Vote>> = vec![None; width * rows.len()];
    votes
        .par_chunks_mut(width)
        .enumerate()
        .try_for_each(|(row, votes)| {
            for (column, vote) in votes.iter_mut().enumerate() {
                if level.hole[place(row * width + column)] {
                    *vote = voted(
                        level,
                        field,
                        &says,
                        steepness,
                        [columns.start + column, rows.start + row],
                    );
                }
            }
            ticker.advance(work_of_row(field))
        })?;
    if level.halvings > 0 {
        let known = |at: usize| {
            std::array::from_fn(|channel| f32::from(level.colour[place(at) * CHANNELS + channel]))
        };
        contrast::restore(&mut votes, width, known, ticker)?;
    }
    for (at, vote) in votes.iter().enumerate() {
        if at % width == 0 {
            ticker.advance(0)?;
        }
        if let Some(vote) = vote {
            let colour = vote.mean.map(|sample| (sample + 0.5).clamp(0.0, WHITE) as i16);
            level.colour[place(at) * CHANNELS..][..CHANNELS].copy_from_slice(&colour);
        }
    }
    Ok(())
}

/// The vote on the pixel at `x` and `y`; `None` where no patch covers it.
fn voted(level: &Level, field: &Field, says: &[f32], steepness: u32, [x, y]: [usize; 2]) -> Option<Vote> {
    let mut sum = [0.0f32; CHANNELS];
    let (mut squares, mut total) = (0.0, 0.0);
    each_vote(field, says, steepness, x, y, |weight, (from_x, from_y), bias| {
        let source = &level.colour[(from_y * level.width + from_x) * CHANNELS..][..CHANNELS];
        for (channel, (sum, &sample)) in sum.iter_mut().zip(source).enumerate() {
            match bias.get(channel) {
                Some(&bias) => {
                    let sample = f32::from(sample) + f32::from(bias);
                    *sum += weight * sample;
                    squares += weight * sample * sample;
                }
                None => *sum += weight * f32::from(sample),
            }
        }
        total += weight;
    });
    (total > 0.0).then(|| {
        let mean = sum.map(|sum| sum / total);
        let of_mean: f32 = mean[..3].iter().map(|sample| sample * sample).sum();
        Vote {
            mean,
            variance: (squares / total - of_mean).max(0.0),
        }
    })
}
