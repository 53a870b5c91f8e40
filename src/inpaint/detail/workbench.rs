//! One round of the search and one vote on a made-up picture, so that each can be timed alone.

use super::{
    Beginning, Input,
    field::{Field, Match},
    pyramid::{self, Level, Planes},
    random::Random,
    search::{self, Round},
    ticker::Ticker,
    trust, vote,
};
use crate::progress::{Cancelled, Silent};

/// A square of noise with a square hole in its middle, halved once as most levels are (votes at native scale do less),
/// and a field of matches over the hole.
pub struct Workbench {
    level: Level,
    field: Field,
    round: Round,
}

impl Workbench {
    /// Makes a level of `side` pixels with a hole of `hole` pixels. `None` where too little is left to copy from.
    pub fn new(side: usize, hole: usize) -> Option<Self> {
        let (side, hole) = (2 * side, 2 * hole);
        let inside = |at: usize| at.abs_diff(side / 2) < hole / 2;
        let places = || (0..side * side).map(|at| (at % side, at / side));
        let noise = |(x, y): (usize, usize)| {
            let value = 0.5 + 0.1 * Random::keyed(1, [x as u64 / 2, y as u64 / 2, 0, 0]).normal();
            [value; 3]
        };
        let mut rgb: Vec<f32> = places().flat_map(noise).collect();
        let hole: Vec<bool> = places().map(|(x, y)| inside(x) && inside(y)).collect();
        let input = Input {
            width: side,
            height: side,
            hole: &hole,
            scale: 0.5,
            keep_out: None,
            beginning: Beginning::Network,
            corner: [0, 0],
            seed: 1,
        };
        let trust = trust::correct(&mut rgb, &input, &Silent).ok()?;
        let planes = Planes {
            width: side,
            height: side,
            first_guess: &rgb,
            hole: &hole,
            keep_out: None,
            trust: &trust,
            beginning: Beginning::Network,
        };
        let level = pyramid::build(&planes, 0, 1, &Silent).ok()?.into_iter().nth(1)?;
        let round = Round {
            seed: 1,
            level: 0,
            round: 1,
            guide_weight: 4,
            radius: 64,
            reuse_cost: 24,
            nearest: 0,
        };
        let sources = search::sources(&level, &Ticker::silent()).ok()?;
        let grid = Field::over(&level, 2, |_, _| Match::UNMEASURED)?;
        let field = search::begin(grid, &level, &sources, &round, &Ticker::silent()).ok()?;
        Some(Self { level, field, round })
    }

    /// Patches that look for a source.
    pub fn patches(&self) -> u64 {
        self.field.matches.iter().flatten().count() as u64
    }

    /// One round of the search over all patches.
    pub fn search(&mut self) -> Result<(), Cancelled> {
        self.round.round += 1;
        search::improve(&mut self.field, &self.level, &self.round, &Ticker::silent())
    }

    /// One vote over all pixels of the hole.
    pub fn vote(&mut self) -> Result<(), Cancelled> {
        vote::into_level(&mut self.level, &self.field, 1, &Ticker::silent())
    }
}
