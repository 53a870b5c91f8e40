//! What the detail stage costs: a round of the search, a vote, and the whole stage on a hole of the usual size.
//!
//! `cargo bench --bench detail`; the throughput is in patches, and for the whole stage in pixels of the hole.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use lacuna::{
    inpaint::detail::{Beginning, Input, Options, Workbench, restore},
    progress::Silent,
};

fn search_and_vote(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("patches");
    for hole in [100, 300] {
        let Some(mut bench) = Workbench::new(3 * hole, hole) else {
            continue;
        };
        group.throughput(Throughput::Elements(bench.patches()));
        group.bench_function(format!("search a {hole} px hole"), |bencher| {
            bencher.iter(|| black_box(bench.search()));
        });
        group.bench_function(format!("vote in a {hole} px hole"), |bencher| {
            bencher.iter(|| black_box(bench.vote()));
        });
    }
    group.finish();
}

fn whole_stage(criterion: &mut Criterion) {
    const SIDE: usize = 512;
    let hole: Vec<bool> = (0..SIDE * SIDE)
        .map(|at| (at % SIDE).abs_diff(256) < 100 && (at / SIDE).abs_diff(256) < 100)
        .collect();
    let noise = |at: u32| (at.wrapping_mul(2_654_435_761) >> 16) as f32 / 65536.0;
    let first_guess: Vec<f32> = (0..(SIDE * SIDE * 3) as u32)
        .map(|at| {
            if hole[at as usize / 3] {
                0.5
            } else {
                0.4 + 0.2 * noise(at)
            }
        })
        .collect();
    let input = Input {
        width: SIDE,
        height: SIDE,
        hole: &hole,
        scale: 0.5,
        keep_out: None,
        beginning: Beginning::Ranked(0),
        corner: [0, 0],
        seed: 1,
    };
    let mut group = criterion.benchmark_group("stage");
    group.sample_size(10);
    group.throughput(Throughput::Elements(200 * 200));
    group.bench_function("restore a 200 px hole", |bencher| {
        let begun = || first_guess.clone();
        let whole = |begun| black_box(restore(begun, &input, &Options::default(), &Silent));
        bencher.iter_batched(begun, whole, BatchSize::LargeInput);
    });
    group.finish();
}

criterion_group!(benches, search_and_vote, whole_stage);
criterion_main!(benches);
