//! The choice between the fills of one level.

use super::super::{
    distance::{CHANNELS, WHITE, compare},
    patches::Fill,
    pyramid::Level,
    score,
};

/// The network's fill counts as so much of its price: where patches agree about as well, it has the say.
const LEAD: f64 = 0.85;
/// What keeps to the photo's course counts as so much of its price: patches are too small to see that a kerb runs on
/// through the whole hole, a person sees nothing else.
const COURSE_PRICE: f64 = 0.77;
/// But patches that agree this many times worse than the cheapest rival's are no course that the photo has.
const COURSE_DEAREST: f64 = 1.2;
/// Nor what is this many times further from the first guess than the cheapest rival: then the network saw something else.
const COURSE_ASTRAY: f64 = 2.2;
/// Side of the squares whose means are compared for that, in pixels of the level.
const BLOCK: usize = 2;
/// Two fills are alike if fewer than this share of their pixels differ by more than this much of white.
const UNLIKE_SHARE: f32 = 0.05;
const UNLIKE: f32 = 0.04;
/// Power of the lost texture that a fill's price is divided by. Soft patches agree cheaply; this makes up for a part of
/// that: with all of it the noisiest would win. Texture, not gradient energy: a fill is not bland for having none of
/// the strong edges around it, else a copy of the balloons beside it would be better than the sky behind one.
const BLANDNESS: f64 = 0.15;

/// The fills that are not alike, the best first: the cheapest, or what keeps to a course where that costs little more
/// than those made of patches alone and looks as the `first` guess does. A course that is not the best comes second,
/// since it is the most unlike.
pub(super) fn in_order(
    first: &Level,
    led: Rival,
    arranged: Option<Rival>,
    inward: Option<Rival>,
    course: Option<Rival>,
) -> Vec<Fill> {
    let mut rest: Vec<Priced> = [
        (Some(led), LEAD, false),
        (arranged, 1.0, true),
        (inward, 1.0, false),
    ]
    .into_iter()
    .filter_map(|(rival, share, sees_all)| Some(Priced::new(rival?, share, sees_all)))
    .collect();
    rest.sort_by(|one, other| one.price.total_cmp(&other.price));
    if let Some(course) = course {
        let costs = rest.iter().map(|other| other.rival.cost);
        let is_dear = course.cost >= COURSE_DEAREST * costs.fold(f64::MAX, f64::min);
        let away = astray(first, &course.fill.0);
        let course = Priced::new(course, COURSE_PRICE, true);
        let is_best = rest.first().is_none_or(|best| {
            let is_astray = away > COURSE_ASTRAY * astray(first, &best.rival.fill.0);
            !best.sees_all && !is_dear && !is_astray && course.price < best.price
        });
        rest.insert(usize::from(!is_best), course);
    }
    unlike(rest.into_iter().map(|priced| priced.rival.fill))
}

/// The fills without those that are like an earlier one.
fn unlike(fills: impl Iterator<Item = Fill>) -> Vec<Fill> {
    let mut kept: Vec<Fill> = Vec::new();
    for fill in fills {
        if !kept.iter().any(|better| are_alike(better, &fill)) {
            kept.push(fill);
        }
    }
    kept
}

/// Whether a person would hardly tell two fills of the same level apart.
fn are_alike((one, _): &Fill, (other, _): &Fill) -> bool {
    let (ones, others) = (one.colour.as_chunks().0, other.colour.as_chunks().0);
    let differs = |(one, other): (&[i16; CHANNELS], &[i16; CHANNELS])| {
        let mut samples = one.iter().zip(other).take(3);
        samples.any(|(one, other)| f32::from((one - other).abs()) > UNLIKE * WHITE)
    };
    let filled = one.hole.iter().filter(|hole| **hole).count();
    let differing = ones.iter().zip(others).filter(|pair| differs(*pair)).count();
    (differing as f32) < UNLIKE_SHARE * filled as f32
}

/// A fill of the level at which rivals meet.
pub(super) struct Rival {
    fill: Fill,
    /// How badly its patches agree with each other and with the edge, on average.
    cost: f64,
}

impl Rival {
    /// The cost is that of the colours alone. The network has led the search already, and what it does not see, such
    /// as a course of other tiles in a wall, must not be too dear for that.
    pub(super) fn of(fill: Fill) -> Self {
        let (level, field) = &fill;
        let at = |[x, y]: [usize; 2]| (y * level.width + x) * CHANNELS;
        let (mut sum, mut count) = (0.0, 0_u32);
        for (cell, found) in field.matches.iter().enumerate() {
            let Some(found) = found else { continue };
            let (target, source) = (at(field.anchor(cell)), at([found.x, found.y].map(usize::from)));
            sum += f64::from(compare(&level.colour, level.width * CHANNELS, target, source).cost);
            count += 1;
        }
        Self {
            cost: sum / f64::from(count.max(1)),
            fill,
        }
    }

    /// The cost, dearer the less texture the fill has than its surroundings.
    fn price(&self) -> f64 {
        let (level, _) = &self.fill;
        let pixels = level.colour.as_chunks::<CHANNELS>().0.iter();
        let rgb: Vec<f32> = pixels
            .flat_map(|&[red, green, blue, _]| [red, green, blue].map(|sample| f32::from(sample) / WHITE))
            .collect();
        let texture = score(&rgb, &level.hole, level.width).texture_ratio;
        self.cost / f64::from(texture.min(1.0)).powf(BLANDNESS)
    }
}

/// A rival, what it counts as, and whether it was made as a whole.
struct Priced {
    rival: Rival,
    price: f64,
    sees_all: bool,
}

impl Priced {
    fn new(rival: Rival, share: f64, sees_all: bool) -> Self {
        Self {
            price: share * rival.price(),
            rival,
            sees_all,
        }
    }
}

/// How far a fill is from what was there first: the mean squared difference of their blocks' colours.
fn astray(first: &Level, filled: &Level) -> f64 {
    let (columns, rows) = (filled.width / BLOCK, filled.height / BLOCK);
    let (mut sum, mut count) = (0.0, 0_u32);
    for block in 0..columns * rows {
        let (left, top) = (block % columns * BLOCK, block / columns * BLOCK);
        let pixels = (0..BLOCK * BLOCK).map(|at| (top + at / BLOCK) * filled.width + left + at % BLOCK);
        let mut difference = [0_i32; 3];
        let mut holes = 0_i32;
        for at in pixels.filter(|&at| filled.hole[at]) {
            holes += 1;
            let (to, from) = (&filled.colour[at * CHANNELS..], &first.colour[at * CHANNELS..]);
            for (sum, (to, from)) in difference.iter_mut().zip(to.iter().zip(from)) {
                *sum += i32::from(*to) - i32::from(*from);
            }
        }
        if 2 * holes >= (BLOCK * BLOCK) as i32 {
            count += 1;
            let squares = difference.map(|sum| (f64::from(sum) / f64::from(holes)).powi(2));
            sum += squares.iter().sum::<f64>();
        }
    }
    sum / f64::from(count.max(1))
}

#[cfg(test)]
mod tests {
    use super::{
        super::super::{
            Beginning,
            field::{Field, Match},
            pyramid::{Planes, build},
            trust::Trust,
        },
        Fill, Rival, in_order,
    };
    use crate::{imaging::random::Random, progress::Silent};

    /// A hole in noise, filled with noise of `strength` times as much, by patches of which each is off by `cost`.
    fn fill(strength: f32, cost: u32) -> Rival {
        mirrored_fill([false, false], strength, cost)
    }

    /// The same with the noise in the hole mirrored, left and right or up and down.
    fn mirrored_fill(mirrored: [bool; 2], strength: f32, cost: u32) -> Rival {
        fill_with(mirrored, strength, cost, |_, _| 0.0)
    }

    /// The same with something added at each place, which is told whether it is in the hole.
    fn fill_with(
        [across, down]: [bool; 2],
        strength: f32,
        cost: u32,
        added: impl Fn(usize, bool) -> f32,
    ) -> Rival {
        const SIDE: usize = 64;
        let noise = |x: usize, y: usize| 0.1 * Random::keyed(1, [x as u64, y as u64, 0, 0]).normal();
        let inside = |at: usize| (24..40).contains(&at);
        let places = || (0..SIDE * SIDE).map(|at| (at % SIDE, at / SIDE));
        let hole: Vec<bool> = places().map(|(x, y)| inside(x) && inside(y)).collect();
        let rgb: Vec<f32> = places()
            .zip(&hole)
            .flat_map(|((x, y), hole)| {
                let mirrored = |at: usize, is: bool| if *hole && is { SIDE - 1 - at } else { at };
                let noise = noise(mirrored(x, across), mirrored(y, down));
                [0.5 + if *hole { strength } else { 1.0 } * noise + added(x, *hole); 3]
            })
            .collect();
        let planes = Planes {
            width: SIDE,
            height: SIDE,
            first_guess: &rgb,
            hole: &hole,
            keep_out: None,
            trust: &Trust::none(),
            beginning: Beginning::Ranked(0),
        };
        let level = build(&planes, 7, u16::MAX, &Silent).unwrap().remove(0);
        let same = |_, _| Match {
            cost,
            ..Match::UNMEASURED
        };
        let field = Field::over(&level, 1, same).unwrap();
        Rival {
            fill: (level, field),
            cost: cost.into(),
        }
    }

    /// What a patch of the fill costs, by which fills can be told apart.
    fn cost((_, field): &Fill) -> u32 {
        field
            .matches
            .iter()
            .flatten()
            .map(|found| found.cost)
            .next()
            .unwrap()
    }

    /// What the patches of the winner cost.
    fn won(led: Rival, [arranged, inward]: [Option<Rival>; 2], course: Option<Rival>) -> u32 {
        order(led, [arranged, inward], course)[0]
    }

    /// What the patches of each cost, the best first. What was there first was the same colour all over.
    fn order(led: Rival, rivals: [Option<Rival>; 2], course: Option<Rival>) -> Vec<u32> {
        order_after(&fill(0.0, 0), led, rivals, course)
    }

    /// The same with another first guess.
    fn order_after(
        first: &Rival,
        led: Rival,
        [arranged, inward]: [Option<Rival>; 2],
        course: Option<Rival>,
    ) -> Vec<u32> {
        let fills = in_order(&first.fill.0, led, arranged, inward, course);
        fills.iter().map(cost).collect()
    }

    #[test]
    fn what_the_network_said_costs_nothing() {
        let Rival { fill, .. } = fill(1.0, 1000);
        let by_colour = Rival::of(fill.clone()).cost;
        let (level, mut field) = fill;
        for found in field.matches.iter_mut().flatten() {
            found.cost += 5000;
        }
        assert_eq!(Rival::of((level, field)).cost, by_colour);
        assert!(by_colour > 0.0);
    }

    #[test]
    fn the_cheapest_of_equally_sharp_fills_wins() {
        let rivals = || [Some(fill(1.0, 900)), Some(fill(1.0, 800))];
        assert_eq!(won(fill(1.0, 1000), rivals(), None), 800);
    }

    #[test]
    fn where_patches_agree_about_as_well_the_network_has_the_say() {
        let won = |other: u32| {
            won(
                fill(1.0, 1000),
                [Some(fill(1.0, other)), Some(fill(1.0, 1020))],
                None,
            )
        };
        assert_eq!(won(870), 1000);
        assert_eq!(won(830), 830);
    }

    #[test]
    fn a_bland_fill_wins_only_if_its_patches_agree_much_better() {
        let won = |bland: u32| {
            won(
                fill(1.0, 2000),
                [Some(fill(0.3, bland)), Some(fill(1.0, 1000))],
                None,
            )
        };
        assert_eq!(won(880), 1000, "a tenth cheaper is what softness gives by itself");
        assert_eq!(won(300), 300);
    }

    #[test]
    fn a_copy_of_the_things_around_is_no_better_than_what_is_behind_them() {
        let bar = |x: usize| if x.is_multiple_of(8) { 0.4 } else { 0.0 };
        let behind = fill_with(
            [false; 2],
            1.0,
            1000,
            |x, is_hole| if is_hole { 0.0 } else { bar(x) },
        );
        let copied = fill_with([false; 2], 1.0, 900, |x, _| bar(x));
        assert_eq!(won(behind, [Some(copied), None], None), 1000);
    }

    #[test]
    fn more_contrast_than_around_is_no_merit() {
        assert_eq!(won(fill(1.3, 1000), [Some(fill(3.0, 980)), None], None), 1000);
    }

    #[test]
    fn a_course_may_cost_a_little_more() {
        // A soft one, since patches of a sharp one must not agree that much worse.
        let won = |course: u32| {
            let rivals = [None, Some(fill(1.0, 900))];
            won(fill(1.0, 1100), rivals, Some(fill(0.25, course)))
        };
        assert_eq!(won(920), 920);
        assert_eq!(won(990), 900);
    }

    #[test]
    fn a_course_whose_patches_do_not_fit_is_none() {
        // Much sharper than what is there.
        let won = |course: u32| {
            let rivals = [None, Some(fill(0.1, 900))];
            order_after(&fill(1.0, 0), fill(0.1, 1100), rivals, Some(fill(1.0, course)))[0]
        };
        assert_eq!(won(1070), 1070);
        assert_eq!(won(1090), 900);
    }

    #[test]
    fn a_course_that_shows_something_else_than_the_network_saw_is_none() {
        let won = |strength: f32| {
            let rivals = [None, Some(fill(1.0, 900))];
            won(fill(1.0, 1100), rivals, Some(fill(strength, 900)))
        };
        let first = |strength| order(fill(1.0, 1100), [None, None], Some(fill(strength, 901)))[0];
        assert_eq!(first(1.3), 901, "somewhat further from it than the others");
        assert_eq!(first(1.7), 1100, "much further");
        assert_eq!(won(1.7), 900);
    }

    #[test]
    fn the_others_follow_by_price_and_a_course_comes_second_at_least() {
        let order = |course: Option<u32>| {
            let arranged = mirrored_fill([true, false], 1.0, 900);
            let inward = mirrored_fill([false, true], 1.0, 800);
            let course = course.map(|course| mirrored_fill([true, true], 1.0, course));
            order(fill(1.0, 1000), [Some(arranged), Some(inward)], course)
        };
        assert_eq!(order(None), [800, 1000, 900]);
        assert_eq!(order(Some(950)), [950, 800, 1000, 900], "it wins");
        assert_eq!(order(Some(1500)), [800, 1500, 1000, 900], "it is too dear");
    }

    #[test]
    fn fills_that_look_the_same_are_one() {
        let rivals = [Some(fill(1.0, 900)), Some(mirrored_fill([true, false], 1.0, 950))];
        assert_eq!(order(fill(1.0, 1100), rivals, None), [900, 950]);
    }

    #[test]
    fn what_was_arranged_as_a_whole_needs_no_course() {
        let rivals = [Some(fill(1.0, 900)), None];
        assert_eq!(won(fill(1.0, 1100), rivals, Some(fill(1.0, 950))), 900);
    }
}
