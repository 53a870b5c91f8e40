//! How much two patches differ: the inner loop of everything.
//!
//! Planes hold four 16-bit channels per pixel (red, green, blue, texture) with ten significant bits, so that sums
//! stay exact in integers, rows of a patch are one contiguous run, and the compiler turns the loop into packed
//! multiply-adds on any x86-64 or ARM machine without intrinsics.

/// Side of a patch in pixels. A patch is named by its top left pixel, its *anchor*.
pub(super) const PATCH: usize = 8;
/// Channels per pixel of a plane.
pub(super) const CHANNELS: usize = 4;
/// Largest value in a plane: 8 rows of 4 differences each still fit 16 bits.
pub(super) const WHITE: f32 = 1023.0;
/// No distance reaches this: "not a match".
pub(super) const NEVER: u32 = u32::MAX;

const ROW: usize = PATCH * CHANNELS;
const PIXELS: i32 = (PATCH * PATCH) as i32;
/// How far a source may be brightened or darkened per channel to fit (±4 %), for skies and walls with gradients.
const BIAS_LIMIT: i32 = 40;
/// Part of the gain from a bias that is taken back (in 16ths), so that an unshifted source wins among equals.
const BIAS_COST: i32 = 4;

/// The result of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Difference {
    /// Sum of squared differences over pixels and channels, after the bias.
    pub(super) cost: u32,
    /// What to add to the source's red, green and blue.
    pub(super) bias: [i16; 3],
}

/// Compares the patches whose first samples are `target[target_at]` and `source[source_at]`, rows `stride` samples
/// apart. A patch that leaves its plane costs [`NEVER`].
pub(super) fn compare(plane: &[i16], stride: usize, target_at: usize, source_at: usize) -> Difference {
    let mut squares = 0i32;
    let mut sums = [0i16; 2 * CHANNELS];
    for row in 0..PATCH {
        let target = plane
            .get(target_at + row * stride..)
            .and_then(|rest| rest.first_chunk::<ROW>());
        let source = plane
            .get(source_at + row * stride..)
            .and_then(|rest| rest.first_chunk::<ROW>());
        let (Some(target), Some(source)) = (target, source) else {
            return Difference {
                cost: NEVER,
                bias: [0; 3],
            };
        };
        let mut differences = [0i16; ROW];
        for ((difference, &wanted), &found) in differences.iter_mut().zip(target).zip(source) {
            *difference = wanted.wrapping_sub(found);
        }
        for &difference in &differences {
            squares = squares.wrapping_add(i32::from(difference) * i32::from(difference));
        }
        for pixels in differences.as_chunks::<{ 2 * CHANNELS }>().0 {
            for (sum, &difference) in sums.iter_mut().zip(pixels) {
                *sum = sum.wrapping_add(difference);
            }
        }
    }
    biased(squares, &sums)
}

/// The least-squares bias per channel within its limit, and the cost that remains.
fn biased(squares: i32, sums: &[i16; 2 * CHANNELS]) -> Difference {
    let mut bias = [0i16; 3];
    let mut gained = 0i32;
    for channel in 0..3 {
        let sum = i32::from(sums[channel]) + i32::from(sums[channel + CHANNELS]);
        let shift = (sum / PIXELS).clamp(-BIAS_LIMIT, BIAS_LIMIT);
        bias[channel] = shift as i16;
        gained += 2 * shift * sum - PIXELS * shift * shift;
    }
    let cost = squares - gained / 16 * (16 - BIAS_COST);
    Difference {
        cost: cost.max(0) as u32,
        bias,
    }
}
