//! The answers of the network at several scales, joined into one.
//!
//! The finer the scale, the sharper what goes on from the edge of the hole; the coarser, the fewer of the network's
//! pixels lie between the middle and that edge, and the less it falls back to grey there. So the edge is the finest
//! scale's, and with the depth each coarser one gets more of the say.

use rayon::prelude::{
    IndexedParallelIterator as _, ParallelIterator as _, ParallelSlice as _, ParallelSliceMut as _,
};

use super::scale_up::scale_up;
use crate::{
    imaging::Rect,
    inpaint::hole::depths,
    progress::{Cancelled, Progress},
};

/// Depth up to which a coarser scale has no say, in pixels of the next finer one.
const FIRST: f32 = 4.0;
/// How much deeper it has the most that it gets.
const RAMP: f32 = 32.0;
/// The most that it gets: its share of the colour.
const MOST: f32 = 0.7;

/// What the network made of a crop at one scale.
pub(super) struct Answer {
    pub(super) width: usize,
    pub(super) height: usize,
    /// RGB interleaved, 0 to 1 in the photo's encoding.
    pub(super) rgb: Vec<f32>,
    /// Which pixels were holes.
    pub(super) hole: Vec<bool>,
}

/// The finest answer, and how deep its pixels lie in its holes.
pub(super) struct Joined {
    pub(super) finest: Answer,
    depths: Vec<u16>,
}

impl Joined {
    pub(super) fn new(finest: Answer) -> Self {
        let depths = depths(&finest.hole, finest.width, finest.height);
        Self { finest, depths }
    }

    /// Takes in what was made at a scale `times` as coarse; the scales come in the order of doubling.
    pub(super) fn add(
        &mut self,
        coarser: &Answer,
        times: u32,
        progress: &dyn Progress,
    ) -> Result<(), Cancelled> {
        let Answer { width, height, .. } = self.finest;
        let whole = Rect::new(0, 0, width as u32, height as u32);
        let enlarged = scale_up(
            &coarser.rgb,
            coarser.width,
            coarser.height,
            times,
            whole,
            progress,
        )?;
        let row = 3 * width;
        self.finest
            .rgb
            .par_chunks_mut(row)
            .zip(enlarged.par_chunks(row))
            .zip(self.depths.par_chunks(width))
            .for_each(|((mine, theirs), depths)| {
                let pixels = mine.as_chunks_mut::<3>().0.iter_mut();
                for ((mine, theirs), depth) in pixels.zip(theirs.as_chunks::<3>().0).zip(depths) {
                    let share = share(*depth, times);
                    for (mine, theirs) in mine.iter_mut().zip(theirs) {
                        *mine += (theirs - *mine) * share;
                    }
                }
            });
        progress.check()
    }
}

/// The say of a scale `times` as coarse as the finest, so deep in the finest one's pixels.
fn share(depth: u16, times: u32) -> f32 {
    let depth_in_finer = 2.0 * f32::from(depth) / times as f32;
    MOST * ((depth_in_finer - FIRST) / RAMP).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::{Answer, Joined, MOST, share};
    use crate::progress::Silent;

    fn answer(width: usize, height: usize, value: f32, hole: impl Fn(usize) -> bool) -> Answer {
        let rgb = vec![value; 3 * width * height];
        let hole = (0..width * height).map(|at| hole(at % width)).collect();
        Answer {
            width,
            height,
            rgb,
            hole,
        }
    }

    #[test]
    fn the_edge_is_the_finest_scales_and_the_middle_mostly_the_coarsest() {
        let (width, height) = (301, 9);
        let mut joined = Joined::new(answer(width, height, 0.0, |x| (10..291).contains(&x)));
        joined.add(&answer(151, 5, 0.5, |_| true), 2, &Silent).unwrap();
        joined.add(&answer(76, 3, 1.0, |_| true), 4, &Silent).unwrap();
        let row: Vec<f32> = joined
            .finest
            .rgb
            .chunks(3)
            .skip(4 * width)
            .take(width)
            .map(|rgb| rgb[0])
            .collect();
        let near = row[..14].iter().chain(&row[287..]);
        assert!(near.clone().all(|value| *value == 0.0), "{row:?}");
        assert!(row[10..151].is_sorted(), "more with the depth: {row:?}");
        let middle = MOST.mul_add(1.0 - 0.5 * MOST, 0.5 * MOST);
        assert!((row[150] - middle).abs() < 1e-5, "{} for {middle}", row[150]);
    }

    #[test]
    fn each_scale_has_the_say_that_the_one_before_had_at_half_the_depth() {
        for depth in 0..200 {
            assert!((share(2 * depth, 4) - share(depth, 2)).abs() < 1e-6, "{depth}");
        }
        assert_eq!((share(4, 2), share(u16::MAX, 4)), (0.0, MOST));
    }
}
