//! One photo measured: `lacuna inpaint` in a process of its own, from file to file.

use std::{process::Command, time::Instant};

use anyhow::{Context as _, anyhow};
use serde_json::{Value, json};

use super::{Setting, child, network, scene};
use crate::{
    imaging::{Format, Metadata, write},
    progress::Progress as _,
};

/// What to measure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Entry {
    pub(super) megapixels: f64,
    pub(super) hole_side_px: u32,
    pub(super) runs: usize,
}

/// Makes a photo and a mask in a temporary folder and fills it `runs` times. Times are medians, the wait between two
/// reports and memory the largest.
pub(super) fn measure(entry: &Entry, setting: &Setting<'_>) -> anyhow::Result<Value> {
    let folder = tempfile::tempdir().context("making a temporary folder")?;
    let file = |name: &str| folder.path().join(name);
    let photo = scene::photo(entry.megapixels, setting.shared.seed.unwrap_or_default())
        .ok_or_else(|| anyhow!("a photo of {} megapixels cannot be made", entry.megapixels))?;
    let mask = scene::square(photo.width(), photo.height(), entry.hole_side_px);
    let hole_side_px = mask.hole_bounds().width;
    let mask = mask.to_pixels().ok_or_else(|| anyhow!("a mask cannot be made"))?;
    for (name, pixels, format) in [
        ("photo.jpg", &photo, Format::Jpeg),
        ("mask.png", &mask, Format::Png),
    ] {
        write::photo(
            &file(name),
            pixels,
            &Metadata::default(),
            format,
            &write::Options::default(),
            true,
        )?;
    }
    let megapixels = f64::from(photo.width()) * f64::from(photo.height()) / 1e6;
    drop((photo, mask));

    let (mut times, mut reports) = (Vec::new(), Vec::new());
    for run in 0..entry.runs {
        setting.terminal.step(run as u64, entry.runs as u64)?;
        let mut command = setting.command("inpaint")?;
        command.arg(file("photo.jpg")).arg("--mask").arg(file("mask.png"));
        command.arg("-o").arg(file("out.jpg")).arg("--force");
        let (time, report) = timed(command, setting)?;
        times.push(time);
        reports.push(report);
    }
    let largest = |of: fn(&Value) -> &Value| {
        let all = reports.iter().filter_map(|report| of(report).as_f64());
        all.fold(None, |largest: Option<f64>, here| {
            Some(largest.unwrap_or(0.0).max(here))
        })
    };
    Ok(json!({
        "megapixels": (megapixels * 1e3).round() / 1e3,
        "hole_side_px": hole_side_px,
        "total_s": network::median_of(&times).as_secs_f64(),
        "longest_wait_s": largest(|report| &report["seconds"]["longest_wait"]),
        "peak_mib": largest(|report| &report["peak_mib"]),
        "device": reports[0]["device"],
        "seconds": reports[0]["seconds"],
        "runs": entry.runs,
    }))
}

fn timed(command: Command, setting: &Setting<'_>) -> anyhow::Result<(std::time::Duration, Value)> {
    let started = Instant::now();
    let report = child(command, setting.terminal)?;
    Ok((started.elapsed(), report))
}
