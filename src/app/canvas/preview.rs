//! A first, rough coarse picture: one row of the photo for each of its own, the most spread out ones first.
//!
//! So a photo of any size can be seen whole in its first frame. The tiles replace it with exact averages.

use std::time::Instant;

use super::{coarse::Coarse, grid::Grid, scene::Scene};
use crate::imaging::Rect;

/// Rows are filled every 16, then every 8, and so on; until then the one above stands for them.
const FIRST_SPACING: u32 = 16;

/// Where the preview has got to.
pub(super) struct Preview {
    spacing: u32,
    next_row: u32,
    line: Vec<u8>,
}

impl Preview {
    pub(super) fn new(grid: &Grid) -> Self {
        Self {
            spacing: FIRST_SPACING,
            next_row: 0,
            line: vec![0; grid.width as usize * 4],
        }
    }

    /// Fills rows of `coarse` until the deadline, but always once over the whole height. `true` when all are there.
    pub(super) fn advance(
        &mut self,
        scene: &Scene<'_>,
        grid: &Grid,
        coarse: &mut Coarse,
        deadline: Instant,
    ) -> bool {
        let (width, height) = grid.coarse_size();
        coarse.touch(Rect::new(0, 0, width, height));
        while self.spacing > 0 {
            while self.next_row < height {
                if self.is_new_row() {
                    self.fill_row(scene, grid, coarse);
                    coarse.repeat_row(self.next_row, self.next_row + self.spacing);
                }
                self.next_row += self.spacing;
                if self.spacing < FIRST_SPACING && Instant::now() >= deadline {
                    return false;
                }
            }
            self.spacing /= 2;
            self.next_row = 0;
        }
        true
    }

    const fn is_new_row(&self) -> bool {
        self.spacing == FIRST_SPACING || !self.next_row.is_multiple_of(2 * self.spacing)
    }

    fn fill_row(&mut self, scene: &Scene<'_>, grid: &Grid, coarse: &mut Coarse) {
        let unit = grid.unit();
        let y = (self.next_row * unit + unit / 2).min(grid.height - 1);
        let row = Rect::new(0, y, grid.width, 1);
        scene.colors.fill_rgba(scene.original, row, &mut self.line);
        average_runs(&self.line, unit as usize, coarse.row_mut(self.next_row));
    }
}

/// Averages every `run` pixels, premultiplied; what is left of `to` repeats the last.
fn average_runs(line: &[u8], run: usize, to: &mut [u8]) {
    let (to, _) = to.as_chunks_mut::<4>();
    let mut last = [0; 4];
    let mut runs = line.chunks(run * 4);
    for to in to {
        if let Some(run) = runs.next() {
            last = average(run);
        }
        *to = last;
    }
}

fn average(run: &[u8]) -> [u8; 4] {
    let (pixels, _) = run.as_chunks::<4>();
    let mut sums = [0_u32; 4];
    for &[red, green, blue, alpha] in pixels {
        let alpha = u32::from(alpha);
        for (sum, sample) in sums.iter_mut().zip([red, green, blue]) {
            *sum += u32::from(sample) * alpha;
        }
        sums[3] += alpha;
    }
    let count = pixels.len() as u32;
    let [red, green, blue, alpha] = sums;
    [
        red / (255 * count),
        green / (255 * count),
        blue / (255 * count),
        alpha / count,
    ]
    .map(|value| value as u8)
}

#[cfg(test)]
mod tests {
    use super::average_runs;

    #[test]
    fn runs_are_averaged_and_the_last_goes_on() {
        let line = [[0, 10, 20, 255], [100, 30, 20, 255], [255, 255, 255, 0]].concat();
        let mut to = [0; 12];
        average_runs(&line, 2, &mut to);
        assert_eq!(to, [50, 20, 20, 255, 0, 0, 0, 0, 0, 0, 0, 0]);
    }
}
