//! Pictures with a hole, made here.

use super::super::{Beginning, Input, Options, random::Random, restore};
use crate::progress::Silent;

/// A picture with a hole, and the same with the mean colour around it in the hole, which is all that the guide knows.
pub(super) struct Scene {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) rgb: Vec<f32>,
    pub(super) hole: Vec<bool>,
    pub(super) guide: Vec<f32>,
}

impl Scene {
    pub(super) fn new(
        width: usize,
        height: usize,
        hole: [usize; 4],
        colour: impl Fn(usize, usize) -> [f32; 3],
    ) -> Self {
        let [left, top, right, bottom] = hole;
        let places = || (0..width * height).map(|at| (at % width, at / width));
        let rgb: Vec<f32> = places().flat_map(|(x, y)| colour(x, y)).collect();
        let hole: Vec<bool> = places()
            .map(|(x, y)| (left..right).contains(&x) && (top..bottom).contains(&y))
            .collect();
        let mut guide = rgb.clone();
        for channel in 0..3 {
            let known: Vec<f32> = (0..hole.len())
                .filter(|&at| !hole[at])
                .map(|at| rgb[3 * at + channel])
                .collect();
            let mean = known.iter().sum::<f32>() / known.len().max(1) as f32;
            (0..hole.len())
                .filter(|&at| hole[at])
                .for_each(|at| guide[3 * at + channel] = mean);
        }
        Self {
            width,
            height,
            rgb,
            hole,
            guide,
        }
    }

    pub(super) fn input(&self, scale: f32) -> Input<'_> {
        let Self { width, height, .. } = *self;
        Input {
            width,
            height,
            hole: &self.hole,
            scale,
            keep_out: None,
            beginning: Beginning::Ranked(0),
            corner: [0, 0],
            seed: 5,
        }
    }

    pub(super) fn restored(&self, scale: f32) -> Vec<f32> {
        self.restored_as(&self.input(scale), &Options::default())
    }

    pub(super) fn restored_as(&self, input: &Input<'_>, options: &Options) -> Vec<f32> {
        restore(self.guide.clone(), input, options, &Silent).expect("nobody cancels")
    }

    pub(super) fn hole_pixels(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.hole.len()).filter(|&at| self.hole[at])
    }
}

pub(super) fn noise(x: usize, y: usize) -> f32 {
    Random::keyed(9, [x as u64, y as u64, 0, 0]).normal()
}

pub(super) fn gravel(x: usize, y: usize) -> [f32; 3] {
    let value = 0.5 + 0.1 * noise(x / 2, y / 2);
    [value, value, 0.9 * value]
}

/// A sky: brighter downwards, with 8-bit grain of two and a half steps.
pub(super) fn sky(x: usize, y: usize) -> [f32; 3] {
    let step = |value: f32| (value * 255.0).round() / 255.0;
    let grain = 2.5 / 255.0 * noise(x, y);
    [0.3, 0.45, 0.65].map(|base| step(base + 0.0008 * y as f32 + grain))
}
