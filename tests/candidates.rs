//! Several fills of the same holes: their order, that they repeat, and that nothing kept out comes back in.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "support/tiny_network.rs"]
mod tiny_network;

use std::sync::Mutex;

use lacuna::{
    imaging::{Channels, Mask, Pixels, Rect, Samples},
    inpaint::{
        Candidates, Ensemble, Error, Options, Removal, Request, Variation, apply_all, changed_outside,
        remove, remove_candidates,
    },
    nn::{Network, weights},
    progress::{Cancelled, Progress, Silent},
};

const SIZE: (u32, u32) = (150, 110);

fn network() -> Network {
    let file = weights::parse(&tiny_network::weights(), "tiny".to_owned()).unwrap();
    Network::load(&file, &candle_core::Device::Cpu).unwrap()
}

/// Green noise on the left, red noise on the right.
fn photo() -> Pixels {
    let noise = |index: u32| (index.wrapping_mul(2_654_435_761) >> 27) as u8;
    let samples = (0..SIZE.0 * SIZE.1).flat_map(|at| {
        let value = 100 + noise(at);
        if at % SIZE.0 < 90 {
            [40, value, 40]
        } else {
            [value + 80, 40, 40]
        }
    });
    Pixels::new(SIZE.0, SIZE.1, Channels::Rgb, Samples::U8(samples.collect())).unwrap()
}

fn mask(rect: Rect) -> Mask {
    let mut mask = Mask::empty(SIZE.0, SIZE.1);
    for y in rect.y..rect.bottom() {
        let start = (y * SIZE.0 + rect.x) as usize;
        mask.coverage_mut()[start..start + rect.width as usize].fill(255);
    }
    mask
}

fn options(candidates: u32) -> Options {
    Options {
        candidates,
        ..Options::default()
    }
}

fn candidates(mask: &Mask, keep_out: Option<&Mask>, options: &Options) -> Result<Candidates, Error> {
    let photo = photo();
    let request = Request {
        photo: &photo,
        mask,
        keep_out,
    };
    remove_candidates(&request, &network(), options, &Silent)
}

fn hole() -> Mask {
    mask(Rect::new(60, 40, 28, 30))
}

#[test]
fn the_best_score_comes_first_and_the_fills_differ() {
    let found = candidates(&hole(), None, &options(4)).unwrap();
    let scores: Vec<f32> = found
        .all
        .iter()
        .map(|candidate| candidate.score.value())
        .collect();
    assert_eq!(scores.len(), 4);
    assert!(scores.is_sorted_by(|one, other| one >= other), "{scores:?}");
    let mut seeds: Vec<u64> = found.all.iter().map(|c| c.removal.report.seed).collect();
    seeds.sort_unstable();
    assert_eq!(seeds, [0, 1, 2, 3], "every variation is there once");
    for (number, one) in found.all.iter().enumerate() {
        for other in &found.all[..number] {
            assert_ne!(
                one.removal.patches, other.removal.patches,
                "candidate {number} repeats one"
            );
        }
    }
}

#[test]
fn one_candidate_is_the_plain_removal() {
    let found = candidates(&hole(), None, &options(1)).unwrap();
    let plain = remove(&photo(), &hole(), &network(), &Options::default(), &Silent).unwrap();
    assert_eq!(found.all[0].removal.patches, plain.patches);
    assert!(found.disagreement.is_empty(), "one alone cannot disagree");
}

#[test]
fn candidates_and_their_order_are_the_same_for_any_number_of_threads() {
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let found = pool.install(|| candidates(&hole(), None, &options(3)).unwrap());
        let fills = found
            .all
            .into_iter()
            .map(|c| (c.score.value().to_bits(), c.removal.patches));
        (fills.collect::<Vec<_>>(), found.disagreement)
    };
    assert!(with(1) == with(3), "three threads give something else than one");
}

#[test]
fn no_candidate_changes_anything_outside_the_widened_mask() {
    let photo = photo();
    for candidate in candidates(&hole(), None, &options(4)).unwrap().all {
        let result = apply_all(&photo, &candidate.removal.patches);
        assert_eq!(changed_outside(&photo, &result, &candidate.removal.widened), 0);
        assert_ne!(result, photo, "something is filled");
    }
}

#[test]
fn they_disagree_only_where_something_is_filled() {
    let found = candidates(&hole(), None, &options(4)).unwrap();
    let [disagreement] = &found.disagreement[..] else {
        panic!("one patch, one picture: {:?}", found.disagreement.len());
    };
    assert_eq!(disagreement.rect, found.all[0].removal.patches[0].rect());
    let rows = disagreement.rect.height.div_ceil(lacuna::inpaint::BLOCK);
    assert_eq!(disagreement.levels.len() as u32, disagreement.columns * rows);
    assert!(
        disagreement.levels.iter().any(|&level| level > 0),
        "random fills differ"
    );
}

/// Samples of the filled pixels.
fn filled(candidates: &Candidates) -> Vec<[u8; 3]> {
    let result = apply_all(&photo(), &candidates.all[0].removal.patches);
    let Samples::U8(samples) = result.samples() else {
        panic!("the photo has 8 bits")
    };
    let hole = hole();
    let (pixels, _) = samples.as_chunks::<3>();
    let marked = pixels
        .iter()
        .zip(hole.coverage())
        .filter(|(_, coverage)| **coverage == 255);
    marked.map(|(pixel, _)| *pixel).collect()
}

#[test]
fn nothing_is_continued_from_a_kept_out_area() {
    // The red half begins two pixels right of the hole.
    let keep_out = mask(Rect::new(88, 0, 62, 110));
    let found = candidates(&hole(), Some(&keep_out), &options(1)).unwrap();
    let reddest = filled(&found).iter().map(|pixel| pixel[0]).max().unwrap();
    assert!(
        reddest < 100,
        "red {reddest} can only come from the kept-out half"
    );
    let free = candidates(&hole(), None, &options(1)).unwrap();
    assert_ne!(filled(&free), filled(&found), "the area made a difference");
}

#[test]
fn a_photo_that_is_kept_out_entirely_is_refused() {
    let everything = mask(Rect::new(0, 0, SIZE.0, SIZE.1));
    let refused = candidates(&hole(), Some(&everything), &options(1));
    assert!(
        matches!(refused, Err(Error::AllKeptOut)),
        "{:?}",
        refused.map(|_| ())
    );
}

struct Notices(Mutex<Vec<String>>);

impl Progress for Notices {
    fn stage(&self, _name: &str) -> Result<(), Cancelled> {
        Ok(())
    }

    fn step(&self, _done: u64, _total: u64) -> Result<(), Cancelled> {
        Ok(())
    }

    fn notice(&self, text: &str) {
        self.0.lock().unwrap().push(text.to_owned());
    }
}

#[test]
fn a_hole_larger_than_the_network_was_trained_for_is_told_once() {
    let photo = photo();
    for (height, expected) in [(100, 1), (40, 0)] {
        let mask = mask(Rect::new(5, 5, 140, height));
        let request = Request {
            photo: &photo,
            mask: &mask,
            keep_out: None,
        };
        let notices = Notices(Mutex::default());
        remove_candidates(&request, &network(), &options(2), &notices).unwrap();
        let told = notices.0.into_inner().unwrap();
        assert_eq!(told.len(), expected, "{told:?}");
    }
}

#[test]
fn a_seed_alone_neither_mirrors_nor_widens() {
    let with = |options: &Options| {
        let removal = remove(&photo(), &hole(), &network(), options, &Silent).unwrap();
        removal.report.variation
    };
    for seed in 0..4 {
        let plain = with(&Options { seed, ..options(1) });
        assert_eq!(plain, Variation::of(0), "seed {seed}");
        assert!(!plain.is_mirrored && !plain.is_wider, "seed {seed}");
    }
}

/// The fills that are made when one after the other is made again.
fn made_again(ensemble: Ensemble) -> Vec<Removal> {
    let with = |first_candidate| Options {
        first_candidate,
        ensemble,
        ..options(1)
    };
    let fill = |number| remove(&photo(), &hole(), &network(), &with(number), &Silent).unwrap();
    (0..5).map(fill).collect()
}

#[test]
fn without_several_looks_a_later_first_candidate_is_that_candidate() {
    let alone = &made_again(Ensemble::Off)[2];
    let found = candidates(&hole(), None, &options(3)).unwrap();
    let third = found.all.iter().find(|c| c.removal.report.seed == 2).unwrap();
    assert_eq!(alone.patches, third.removal.patches);
}

#[test]
fn fills_made_again_keep_several_looks_and_all_differ() {
    let fills = made_again(Ensemble::Auto);
    for (number, one) in fills.iter().enumerate() {
        assert!(one.report.is_ensemble, "number {number} looks once");
        assert_eq!(one.report.seed, number as u64);
        for other in &fills[..number] {
            assert_ne!(one.patches, other.patches, "number {number} repeats one");
        }
    }
}
