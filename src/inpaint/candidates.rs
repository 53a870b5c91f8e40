//! Several fills of the same holes, the best first.
//!
//! A network and a patch search give one plausible answer of many. Another seed, a mirrored crop and a wider one lead
//! to others. Which is best is for a person to say; the order proposes. Where the candidates disagree, nobody can
//! know what was there: [`Candidates::disagreement`] shows it.

use rayon::prelude::{IntoParallelRefIterator as _, ParallelIterator as _};
use serde::Serialize;

use super::{
    Detail, Error, Options, Removal, Request,
    bar::Part,
    detail::{Beginning, Score, score_unless},
    fill::{Filler, NetworkFiller},
    plan::{self, Crop},
    prepare, remove_prepared,
    source::Source,
};
use crate::{
    imaging::{Mask, Patch, Pixels, Rect},
    nn::Network,
    progress::Progress,
};

/// Surroundings of a patch that its score looks at, in pixels.
const SURROUNDINGS: u32 = 128;
/// Side of a block of a [`Disagreement`], in pixels: larger than grain.
pub const BLOCK: u32 = 8;
/// A standard deviation of this much, in 0..1, is a disagreement of 255.
const FULL_DISAGREEMENT: f32 = 0.15;

/// How one fill differs from the first that the same options give.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Variation {
    /// Goes on top of the seed of the options.
    pub seed_offset: u64,
    /// The network looks once, so that there is no mean.
    pub is_single: bool,
    /// The network sees left and right exchanged.
    pub is_mirrored: bool,
    /// The network sees more of the surroundings.
    pub is_wider: bool,
    /// Which of the ways to begin a large hole is taken.
    pub beginning: Beginning,
}

impl Variation {
    /// The variation of candidate `number`. Number 0 is the plain one, whatever the seed.
    pub const fn of(number: u32) -> Self {
        Self {
            seed_offset: number as u64,
            is_single: !number.is_multiple_of(4),
            is_mirrored: number % 2 == 1,
            is_wider: number % 4 >= 2,
            beginning: Beginning::Ranked((number % Beginning::WAYS) as usize),
        }
    }

    /// The variation of a fill that is not one of several to choose from, and whose network looks in several ways:
    /// it goes on doing so. Large holes are begun in another way each time, and only after all ways seen more widely.
    pub(super) const fn of_ensemble(number: u32, detail: Detail) -> Self {
        let views = match detail {
            Detail::Auto => number / Beginning::WAYS,
            Detail::Off => number,
        };
        Self {
            is_single: false,
            is_mirrored: false,
            is_wider: views % 2 == 1,
            ..Self::of(number)
        }
    }
}

/// One of several fills.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The fill.
    pub removal: Removal,
    /// How well it sits in the photo, over all its patches.
    pub score: Score,
}

/// Where candidates differ, as a small picture of blocks of [`BLOCK`] × [`BLOCK`] pixels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disagreement {
    /// Where in the photo it lies; the last column and row of blocks may reach over its edge.
    pub rect: Rect,
    /// Blocks per row.
    pub columns: u32,
    /// Row by row, 0 (all the same, or not filled) to 255 (nothing in common).
    pub levels: Vec<u8>,
}

/// All fills of one request, the best first. There is at least one.
#[derive(Debug, Clone)]
pub struct Candidates {
    /// Ordered by [`Score::value`], the best first; equals stay in the order in which they were made.
    pub all: Vec<Candidate>,
    /// One per patch; empty with a single candidate.
    pub disagreement: Vec<Disagreement>,
}

/// Fills the holes of `request` as often as `options.candidates` says and orders the results.
///
/// The same input gives the same candidates in the same order. Reports one phase for all of them.
pub fn remove_candidates(
    request: &Request<'_>,
    network: &Network,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Candidates, Error> {
    let mut candidates = candidates_with(request, &mut NetworkFiller::new(network), options, progress)?;
    for candidate in &mut candidates.all {
        let report = &mut candidate.removal.report;
        report.weights_sha256.clone_from(&network.info.sha256);
    }
    Ok(candidates)
}

pub(super) fn candidates_with(
    request: &Request<'_>,
    filler: &mut dyn Filler,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Candidates, Error> {
    let prepared = prepare(request, options, progress)?;
    let count = options.candidates.max(1);
    let mut all = Vec::with_capacity(count as usize);
    progress.stage(&match count {
        1 => "Filling".to_owned(),
        _ => format!("{count} candidates"),
    })?;
    for number in 0..count {
        let progress = Part {
            whole: progress,
            index: u64::from(number),
            count: u64::from(count),
        };
        let variation = options.variation(number);
        let removal = remove_prepared(request, &prepared, filler, options, variation, &progress)?;
        let score = score_of(request.photo, &removal, &progress)?;
        all.push(Candidate { removal, score });
    }
    let disagreement = disagreement(&all);
    all.sort_by(|one, other| other.score.value().total_cmp(&one.score.value()));
    Ok(Candidates { all, disagreement })
}

/// The score of a removal: the mean over its patches, by the pixels that each fills.
fn score_of(photo: &Pixels, removal: &Removal, progress: &dyn Progress) -> Result<Score, Error> {
    let mut parts = Vec::with_capacity(removal.patches.len());
    let patches: Vec<&Patch> = removal.patches.iter().collect();
    for patch in &patches {
        progress.step(1, 1)?;
        let window = patch
            .rect()
            .grown_within(SURROUNDINGS, photo.width(), photo.height());
        let near: Vec<&Patch> = patches
            .iter()
            .copied()
            .filter(|other| !other.rect().intersect(&window).is_empty())
            .collect();
        let source = Source::new(photo, &removal.widened, window, &near);
        progress.step(1, 1)?;
        let rgb = source.pixels.rgb(source.local(window));
        progress.step(1, 1)?;
        let hole = removal.widened.holes(window);
        progress.step(1, 1)?;
        let pixels = patch.weights().iter().filter(|&&weight| weight > 0).count();
        let score = score_unless(&rgb, &hole, window.width as usize, &|| progress.step(1, 1))?;
        parts.push((score, pixels as f32));
    }
    Ok(Score::mean(&parts))
}

/// How much all candidates differ, patch by patch. All have the same patches in the same places.
fn disagreement(all: &[Candidate]) -> Vec<Disagreement> {
    let Some((first, others)) = all.split_first().filter(|(_, others)| !others.is_empty()) else {
        return Vec::new();
    };
    let alike = |number: usize, patch: &Patch| -> Vec<Vec<[f32; 3]>> {
        others
            .iter()
            .filter_map(|other| other.removal.patches.get(number))
            .filter(|other| other.rect() == patch.rect())
            .chain([patch])
            .map(block_means)
            .collect()
    };
    first
        .removal
        .patches
        .iter()
        .enumerate()
        .map(|(number, patch)| {
            let means = alike(number, patch);
            let columns = patch.rect().width.div_ceil(BLOCK);
            let levels = (0..means.first().map_or(0, Vec::len)).map(|block| level(&means, block));
            Disagreement {
                rect: patch.rect(),
                columns,
                levels: levels.collect(),
            }
        })
        .collect()
}

/// The standard deviation of one block's colour over all candidates.
fn level(means: &[Vec<[f32; 3]>], block: usize) -> u8 {
    let count = means.len() as f32;
    let variance: f32 = (0..3)
        .map(|channel| {
            let mean = means.iter().map(|blocks| blocks[block][channel]).sum::<f32>() / count;
            let squares = means.iter().map(|blocks| (blocks[block][channel] - mean).powi(2));
            squares.sum::<f32>() / count
        })
        .sum();
    (255.0 * (variance / 3.0).sqrt() / FULL_DISAGREEMENT).min(255.0) as u8
}

/// Mean colour of each block, over the pixels that the patch fills; black where it fills none.
fn block_means(patch: &Patch) -> Vec<[f32; 3]> {
    let rect = patch.rect();
    let rgb = patch.pixels().rgb(Rect::new(0, 0, rect.width, rect.height));
    let corners: Vec<(u32, u32)> = (0..rect.height.div_ceil(BLOCK))
        .flat_map(|row| (0..rect.width.div_ceil(BLOCK)).map(move |column| (column * BLOCK, row * BLOCK)))
        .collect();
    corners
        .par_iter()
        .map(|&(left, top)| {
            let (mut sum, mut count) = ([0.0f32; 3], 0.0f32);
            for y in top..(top + BLOCK).min(rect.height) {
                for x in left..(left + BLOCK).min(rect.width) {
                    let at = y as usize * rect.width as usize + x as usize;
                    if patch.weights()[at] > 0 {
                        count += 1.0;
                        sum.iter_mut()
                            .zip(&rgb[3 * at..])
                            .for_each(|(sum, sample)| *sum += sample);
                    }
                }
            }
            sum.map(|sum| sum / count.max(1.0))
        })
        .collect()
}

/// The crops of a variation: as planned, or with more around the holes as far as photo and network allow.
pub(super) fn varied(crops: &[Crop], photo: Rect, holes: &Mask, variation: Variation) -> Vec<Crop> {
    let wider = |(number, crop): (usize, &Crop)| {
        let room = Rect::new(0, 0, photo.width, photo.height);
        let rect = plan::wider(crop, room);
        Crop {
            holes_in_view: if rect == crop.rect {
                crop.holes_in_view
            } else {
                holes.hole_count_within(rect)
            },
            rect,
            builds_on: plan::seen_parts(&crops[..number], rect, &crop.parts_of),
            ..crop.clone()
        }
    };
    if variation.is_wider {
        crops.iter().enumerate().map(wider).collect()
    } else {
        crops.to_vec()
    }
}
