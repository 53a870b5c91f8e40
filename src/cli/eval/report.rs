//! One page that needs nothing beside it: the tables, and the best and worst cases of every method.
//!
//! Large holes are harder, so a case is judged against the mean of all methods on holes of its kind.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::{encode::escaped, measure::Row, run::Results};
use crate::{
    cli::saving::refuse_foreign,
    imaging::write::{self, WriteError},
};

/// Names of the page and of the numbers in the folder of a report.
const PAGE: &str = "report.html";
const RESULTS: &str = "results.json";
/// By these the files are known as ours.
const TITLE: &str = "<title>Lacuna: evaluation</title>";
pub(super) const MADE_BY: &str = "lacuna eval";

/// Best and worst cases shown of every method.
const SHOWN: usize = 4;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;\
    background:#1b1c1e;color:#ddd}pre{overflow-x:auto;background:#26282b;padding:1rem}\
    figure{display:inline-block;margin:.4rem}img{max-width:100%;display:block}figcaption{font-size:13px;color:#aaa}";

/// Writes `report.html` and `results.json`, in place of those of an earlier run. `json` are the results once more.
pub(super) fn write(
    folder: &Path,
    tables: &str,
    results: &Results<'_>,
    json: &Value,
    thumbnails: &[Vec<u8>],
) -> Result<(), WriteError> {
    let page = page(tables, results, thumbnails);
    write::file(&folder.join(PAGE), page.as_bytes(), true)?;
    let json = format!("{json:#}\n");
    write::file(&folder.join(RESULTS), json.as_bytes(), true)
}

/// Refuses to replace files in `folder` that are no earlier report, unless that is asked for.
pub(super) fn refuse_others(folder: &Path, force: bool) -> anyhow::Result<()> {
    refuse_foreign(&folder.join(PAGE), force, |bytes| {
        String::from_utf8_lossy(bytes).contains(TITLE)
    })?;
    refuse_foreign(&folder.join(RESULTS), force, |bytes| {
        serde_json::from_slice(bytes).is_ok_and(|json: Value| json["made_by"] == MADE_BY)
    })
}

fn page(tables: &str, results: &Results<'_>, thumbnails: &[Vec<u8>]) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">{TITLE}\
         <style>{STYLE}</style></head><body>\n<h1>Evaluation</h1>\n<pre>{}</pre>\n",
        escaped(tables)
    );
    let _ = writeln!(
        page,
        "<p>Each strip: the original, with its hole, filled. The number is the PSNR, and how far it is from the mean \
         of all methods on holes of the same kind.</p>"
    );
    let rows = results.pictures;
    for method in &results.methods {
        let ranked = ranked(rows, &method.name);
        let worst = &ranked[..ranked.len().min(SHOWN)];
        let best: Vec<_> = ranked.iter().rev().take(SHOWN).copied().collect();
        for (title, cases) in [("worst", worst), ("best", &best)] {
            let name = escaped(&method.name);
            let _ = writeln!(page, "<h2>{name}: {title}</h2>");
            for &(row, lead) in cases {
                figure(&mut page, &rows[row], lead, thumbnails.get(row));
            }
        }
    }
    page.push_str("</body></html>\n");
    page
}

/// The rows of a method with their lead over the mean of their kind, worst first.
fn ranked(rows: &[Row], method: &str) -> Vec<(usize, f64)> {
    let kind = |row: &Row| (row.bucket, row.border);
    let mut sums: BTreeMap<_, (f64, f64)> = BTreeMap::new();
    for row in rows {
        let sum = sums.entry(kind(row)).or_default();
        *sum = (sum.0 + row.numbers.psnr_db, sum.1 + 1.0);
    }
    let mean = |row: &Row| sums.get(&kind(row)).map_or(0.0, |(sum, count)| sum / count);
    let mut ranked: Vec<(usize, f64)> = rows
        .iter()
        .enumerate()
        .filter(|(_, row)| row.method == method)
        .map(|(index, row)| (index, row.numbers.psnr_db - mean(row)))
        .collect();
    ranked.sort_by(|a, b| a.1.total_cmp(&b.1));
    ranked
}

fn figure(page: &mut String, row: &Row, lead: f64, thumbnail: Option<&Vec<u8>>) {
    let name = Path::new(&row.photo)
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let _ = writeln!(
        page,
        "<figure><img alt=\"\" src=\"data:image/jpeg;base64,{}\"><figcaption>{}, hole {:.0} %: {:.1} dB \
         ({lead:+.1})</figcaption></figure>",
        thumbnail.map_or_else(String::new, |bytes| STANDARD.encode(bytes)),
        escaped(&name),
        100.0 * row.hole_ratio,
        row.numbers.psnr_db,
    );
}
