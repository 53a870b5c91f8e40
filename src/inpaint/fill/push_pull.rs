//! Fills what even the network could not reach, smoothly from its surroundings.
//!
//! Push-pull (Gortler et al. 1996, section 3.4): known pixels are averaged into coarser and coarser pictures until
//! every gap is closed, then each unknown pixel takes the value of the next coarser picture, interpolated.

/// Replaces the pixels that are not `known` by a smooth continuation of those that are.
///
/// `rgb` is interleaved. If nothing is known, everything becomes mid-grey.
pub(super) fn fill(rgb: &mut [f32], known: &[bool], width: usize, height: usize) {
    if known.iter().all(|&known| known) {
        return;
    }
    let mut levels = vec![Level::finest(rgb, known, width, height)];
    while let Some(level) = levels.last().filter(|level| level.width * level.height > 1) {
        levels.push(level.pulled());
    }
    let mut coarser: Option<Level> = None;
    for mut level in levels.into_iter().rev() {
        level.push_from(coarser.as_ref());
        coarser = Some(level);
    }
    let Some(filled) = coarser else { return };
    for ((pixel, value), known) in rgb
        .as_chunks_mut::<3>()
        .0
        .iter_mut()
        .zip(&filled.colors)
        .zip(known)
    {
        if !known {
            *pixel = *value;
        }
    }
}

struct Level {
    width: usize,
    height: usize,
    colors: Vec<[f32; 3]>,
    is_known: Vec<bool>,
}

impl Level {
    fn finest(rgb: &[f32], known: &[bool], width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            colors: rgb.as_chunks::<3>().0.to_vec(),
            is_known: known.to_vec(),
        }
    }

    /// Half the size; a pixel is the mean of its known children.
    fn pulled(&self) -> Self {
        let (width, height) = (self.width.div_ceil(2), self.height.div_ceil(2));
        let (mut colors, mut is_known) = (Vec::new(), Vec::new());
        for index in 0..width * height {
            let (x, y) = (index % width * 2, index / width * 2);
            let (mut sum, mut count) = ([0.0; 3], 0.0);
            for at in self.square(x, y).filter(|&at| self.is_known[at]) {
                count += 1.0;
                for (sum, value) in sum.iter_mut().zip(self.colors[at]) {
                    *sum += value;
                }
            }
            is_known.push(count > 0.0);
            colors.push(sum.map(|sum| if count > 0.0 { sum / count } else { 0.0 }));
        }
        Self {
            width,
            height,
            colors,
            is_known,
        }
    }

    fn square(&self, x: usize, y: usize) -> impl Iterator<Item = usize> {
        let (width, right, bottom) = (self.width, (x + 2).min(self.width), (y + 2).min(self.height));
        (y..bottom).flat_map(move |y| (x..right).map(move |x| y * width + x))
    }

    fn push_from(&mut self, coarser: Option<&Self>) {
        for at in 0..self.colors.len() {
            if !self.is_known[at] {
                let (x, y) = (at % self.width, at / self.width);
                self.colors[at] = coarser.map_or([0.5; 3], |coarser| coarser.between(x, y));
            }
        }
    }

    /// The bilinear value at pixel (x, y) of a picture twice as large.
    fn between(&self, x: usize, y: usize) -> [f32; 3] {
        let neighbours = |at: usize, side: usize| {
            let near = at / 2;
            let far = if at.is_multiple_of(2) {
                near.saturating_sub(1)
            } else {
                (near + 1).min(side - 1)
            };
            [(near, 0.75), (far, 0.25)]
        };
        let mut value = [0.0; 3];
        for (y, weight_y) in neighbours(y, self.height) {
            for (x, weight_x) in neighbours(x, self.width) {
                for (value, color) in value.iter_mut().zip(self.colors[y * self.width + x]) {
                    *value += weight_x * weight_y * color;
                }
            }
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn known_pixels_stay_and_unknown_ones_lie_between_them() {
        let mut rgb: Vec<f32> = (0..9 * 5 * 3).map(|i| (i / 3 % 9) as f32 / 8.0).collect();
        let known: Vec<bool> = (0..45).map(|i| i % 9 < 2 || i % 9 > 6).collect();
        for at in (0..45).filter(|&at| !known[at]) {
            rgb[3 * at..3 * at + 3].fill(f32::NAN);
        }
        let before = rgb.clone();
        fill(&mut rgb, &known, 9, 5);
        for at in 0..45 {
            if known[at] {
                assert_eq!(rgb[3 * at], before[3 * at]);
            } else {
                assert!((0.0..=1.0).contains(&rgb[3 * at]), "{}", rgb[3 * at]);
            }
        }
        assert!(rgb[3 * 20] < rgb[3 * 24], "the slope goes on");
    }

    #[test]
    fn one_known_pixel_colours_everything() {
        let mut rgb = vec![0.0; 7 * 6 * 3];
        let mut known = vec![false; 42];
        known[17] = true;
        rgb[51..54].copy_from_slice(&[0.2, 0.4, 0.6]);
        fill(&mut rgb, &known, 7, 6);
        for pixel in rgb.chunks_exact(3) {
            assert!((pixel[1] - 0.4).abs() < 1e-5, "{pixel:?}");
        }
    }
}
