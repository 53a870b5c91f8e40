//! Means per method and cell, and the tables that a person reads.

use std::fmt::Write as _;

use serde::Serialize;

use super::{
    cases::Side,
    measure::{Numbers, Row},
    methods::Method,
    run::{Results, Skipped},
};
use crate::{
    cli::{counted, median::median},
    data::holes::Bucket,
};

/// The mean over the pictures of one method and cell; of the ratios of sharpness, texture and edges, the median.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Mean {
    pub(super) method: String,
    pub(super) bucket: Option<Bucket>,
    pub(super) border: Option<Side>,
    /// Number of pictures.
    pub(super) count: usize,
    #[serde(flatten)]
    pub(super) numbers: Numbers,
}

/// The line beneath the methods.
const ORIGINAL: &str = "the original";

/// What is told of a mean.
struct Column {
    name: &'static str,
    digits: usize,
    value: fn(&Numbers) -> Option<f64>,
    /// The same number of what was there, where that is not known beforehand.
    of_original: Option<fn(&Numbers) -> Option<f64>>,
}

const COLUMNS: [Column; 10] = [
    Column {
        name: "PSNR dB",
        digits: 2,
        value: |numbers| Some(numbers.psnr_db),
        of_original: None,
    },
    Column {
        name: "PSNR in the hole dB",
        digits: 2,
        value: |numbers| Some(numbers.psnr_hole_db),
        of_original: None,
    },
    Column {
        name: "L1 %",
        digits: 2,
        value: |numbers| Some(numbers.l1_percent),
        of_original: None,
    },
    Column {
        name: "SSIM",
        digits: 3,
        value: |numbers| numbers.ssim,
        of_original: None,
    },
    Column {
        name: "perceptual",
        digits: 3,
        value: |numbers| numbers.perceptual,
        of_original: None,
    },
    Column {
        name: "sharpness ratio (median)",
        digits: 2,
        value: |numbers| Some(numbers.sharpness_ratio),
        of_original: Some(|numbers| Some(numbers.original_sharpness_ratio)),
    },
    Column {
        name: "texture ratio (median)",
        digits: 2,
        value: |numbers| Some(numbers.texture_ratio),
        of_original: Some(|numbers| Some(numbers.original_texture_ratio)),
    },
    Column {
        name: "edge width ratio (median)",
        digits: 2,
        value: |numbers| numbers.edge_width_ratio,
        of_original: Some(|numbers| numbers.original_edge_width_ratio),
    },
    Column {
        name: "seam ratio",
        digits: 2,
        value: |numbers| Some(numbers.seam_ratio),
        of_original: None,
    },
    Column {
        name: "seconds",
        digits: 2,
        value: |numbers| Some(numbers.seconds),
        of_original: None,
    },
];

/// The means in the order of the methods, then of the cells.
pub(super) fn means(rows: &[Row], methods: &[Method]) -> Vec<Mean> {
    let mut cells: Vec<_> = rows.iter().map(|row| (row.bucket, row.border)).collect();
    cells.sort_unstable();
    cells.dedup();
    let mut means = Vec::new();
    for method in methods {
        for &(bucket, border) in &cells {
            let own = rows
                .iter()
                .filter(|row| row.method == method.name && (row.bucket, row.border) == (bucket, border));
            let own: Vec<Numbers> = own.map(|row| row.numbers).collect();
            if !own.is_empty() {
                means.push(Mean {
                    method: method.name.clone(),
                    bucket,
                    border,
                    count: own.len(),
                    numbers: mean(&own),
                });
            }
        }
    }
    means
}

fn mean(all: &[Numbers]) -> Numbers {
    let over = |value: &dyn Fn(&Numbers) -> f64| all.iter().map(value).sum::<f64>() / all.len() as f64;
    let middle = |value: &dyn Fn(&Numbers) -> f64| median(all.iter().map(value));
    // Where some pictures lack a number the mean over the others would mislead.
    let over_some = |value: fn(&Numbers) -> Option<f64>| {
        let values: Option<Vec<f64>> = all.iter().map(value).collect();
        values.map(|values| values.iter().sum::<f64>() / values.len() as f64)
    };
    // A picture without edges says nothing of how wide they are.
    let middle_of_some = |value: fn(&Numbers) -> Option<f64>| {
        let known: Vec<f64> = all.iter().filter_map(value).collect();
        (!known.is_empty()).then(|| median(known))
    };
    Numbers {
        l1_percent: over(&|numbers| numbers.l1_percent),
        psnr_db: over(&|numbers| numbers.psnr_db),
        psnr_hole_db: over(&|numbers| numbers.psnr_hole_db),
        ssim: over_some(|numbers| numbers.ssim),
        perceptual: over_some(|numbers| numbers.perceptual),
        sharpness_ratio: middle(&|numbers| numbers.sharpness_ratio),
        original_sharpness_ratio: middle(&|numbers| numbers.original_sharpness_ratio),
        texture_ratio: middle(&|numbers| numbers.texture_ratio),
        original_texture_ratio: middle(&|numbers| numbers.original_texture_ratio),
        edge_width_ratio: middle_of_some(|numbers| numbers.edge_width_ratio),
        original_edge_width_ratio: middle_of_some(|numbers| numbers.original_edge_width_ratio),
        seam_ratio: over(&|numbers| numbers.seam_ratio),
        seconds: over(&|numbers| numbers.seconds),
    }
}

/// Tables in Markdown: one per number with buckets as columns, or one for whole photos.
pub(super) fn text(results: &Results<'_>) -> String {
    let mut text = String::new();
    let of_all = if results.was_stopped {
        format!(" of {} (stopped)", results.photos)
    } else {
        String::new()
    };
    let _ = writeln!(
        text,
        "{}{of_all}, seed {}; {} skipped; perceptual distance on {}",
        counted(results.measured, "photo"),
        results.seed,
        results.skipped.len(),
        results.features.unwrap_or("nothing (see --features)")
    );
    for Skipped { path, why } in results.skipped {
        let _ = writeln!(text, "skipped {path}: {why}");
    }
    if results.means.iter().any(|mean| mean.bucket.is_some()) {
        buckets(&mut text, &results.means);
    } else {
        whole_photos(&mut text, &results.means);
    }
    text.trim_end().to_owned()
}

fn whole_photos(text: &mut String, means: &[Mean]) {
    let shown: Vec<&Column> = COLUMNS.iter().filter(|column| is_known(column, means)).collect();
    let names: Vec<String> = shown.iter().map(|column| column.name.to_owned()).collect();
    head(text, "method", &names);
    for mean in means {
        let cells: Vec<String> = shown
            .iter()
            .map(|column| number(column, Some(&mean.numbers)))
            .collect();
        let _ = writeln!(text, "| {} | {} |", mean.method, cells.join(" | "));
    }
    if let Some(mean) = means.first() {
        let cells: Vec<String> = shown
            .iter()
            .map(|column| of_original(column, Some(&mean.numbers)))
            .collect();
        let _ = writeln!(text, "| {ORIGINAL} | {} |", cells.join(" | "));
    }
}

fn buckets(text: &mut String, means: &[Mean]) {
    let names: Vec<String> = Bucket::ALL.iter().map(ToString::to_string).collect();
    let mut methods: Vec<&str> = means.iter().map(|mean| mean.method.as_str()).collect();
    methods.dedup();
    for column in COLUMNS.iter().filter(|column| is_known(column, means)) {
        head(text, &format!("{} (N / B)", column.name), &names);
        let mut line = |name: &str, method: &str, number: fn(&Column, Option<&Numbers>) -> String| {
            let cell = |bucket: Bucket| {
                let of = |side| {
                    means.iter().find(|mean| {
                        mean.method == method && mean.bucket == Some(bucket) && mean.border == Some(side)
                    })
                };
                let shown = |side| number(column, of(side).map(|mean| &mean.numbers));
                format!("{} / {}", shown(Side::N), shown(Side::B))
            };
            let cells: Vec<String> = Bucket::ALL.into_iter().map(cell).collect();
            let _ = writeln!(text, "| {name} | {} |", cells.join(" | "));
        };
        for method in &methods {
            line(method, method, number);
        }
        if let (Some(_), Some(any)) = (column.of_original, methods.first()) {
            line(ORIGINAL, any, of_original);
        }
    }
}

fn is_known(column: &Column, means: &[Mean]) -> bool {
    means.iter().any(|mean| (column.value)(&mean.numbers).is_some())
}

fn head(text: &mut String, first: &str, names: &[String]) {
    let _ = writeln!(text, "\n| {first} | {} |", names.join(" | "));
    let _ = writeln!(text, "|---|{}", "---:|".repeat(names.len()));
}

fn number(column: &Column, numbers: Option<&Numbers>) -> String {
    let value = numbers.and_then(column.value);
    shown(column, value)
}

/// What the original itself measures: the same whatever it is compared with.
fn of_original(column: &Column, numbers: Option<&Numbers>) -> String {
    let value = numbers.and_then(|numbers| column.of_original.and_then(|value| value(numbers)));
    shown(column, value)
}

fn shown(column: &Column, value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.*}", column.digits))
}

#[cfg(test)]
mod tests {
    use super::{Mean, Numbers, mean, whole_photos};

    #[test]
    fn one_picture_out_of_line_does_not_move_the_sharpness() {
        let sharp = |sharpness_ratio| Numbers {
            sharpness_ratio,
            ..Numbers::default()
        };
        assert_eq!(mean(&[sharp(0.9), sharp(15.0), sharp(1.0)]).sharpness_ratio, 1.0);
        assert_eq!(
            mean(&[sharp(0.9), sharp(1.1), sharp(15.0), sharp(0.2)]).sharpness_ratio,
            1.0
        );
    }

    #[test]
    fn a_number_that_some_pictures_lack_has_no_mean() {
        let known = |psnr_db, ssim| Numbers {
            psnr_db,
            ssim,
            ..Numbers::default()
        };
        let both = mean(&[known(20.0, Some(0.5)), known(30.0, Some(0.7))]);
        assert_eq!((both.psnr_db, both.ssim), (25.0, Some(0.6)));
        assert_eq!(mean(&[known(20.0, Some(0.5)), known(30.0, None)]).ssim, None);
    }

    #[test]
    fn pictures_without_edges_are_left_out_of_the_median_of_edge_widths() {
        let wide = |edge_width_ratio| Numbers {
            edge_width_ratio,
            ..Numbers::default()
        };
        let all = [wide(Some(1.0)), wide(None), wide(Some(3.0))];
        assert_eq!(mean(&all).edge_width_ratio, Some(2.0));
        assert_eq!(mean(&[wide(None)]).edge_width_ratio, None);
    }

    #[test]
    fn the_originals_own_sharpness_stands_beneath_the_methods() {
        let of = |method: &str, sharpness_ratio| Mean {
            method: method.to_owned(),
            bucket: None,
            border: None,
            count: 1,
            numbers: Numbers {
                sharpness_ratio,
                original_sharpness_ratio: 0.42,
                texture_ratio: 0.8,
                original_texture_ratio: 0.97,
                ..Numbers::default()
            },
        };
        let mut text = String::new();
        whole_photos(&mut text, &[of("telea", 0.05), of("detail", 0.9)]);
        let last = text.lines().last().unwrap();
        assert!(last.starts_with("| the original |"), "{text}");
        assert_eq!(last.matches("0.42").count(), 1, "{text}");
        assert_eq!(last.matches("0.97").count(), 1, "{text}");
        assert!(!last.contains("0.90") && !last.contains("0.00"), "{text}");
    }
}
