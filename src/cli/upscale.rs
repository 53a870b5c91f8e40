//! `lacuna upscale`: a photo from its file, two, three or four times as large, into a new file.
//!
//! An unknown ending, an existing file and a result too large for its format are refused before anything is decoded, one
//! that is too large for the memory that is free before anything is enlarged.

use std::{path::PathBuf, time::Instant};

use anyhow::bail;
use serde_json::{Value, json};

use super::{
    Outcome, Shared,
    device::open_network,
    memory,
    saving::{Saving, format_of, hint_force},
    terminal::Terminal,
};
use crate::{
    imaging::{Format, Photo, Pixels, read, write},
    inpaint::upscale::{self, Factor, Report},
    progress::{Progress as _, Watched},
};

/// What is held besides photo, result and file: a band of tiles, the network, the program.
const WORKING_MIB: f64 = 500.0;

/// What `lacuna upscale` takes.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Args {
    /// The photo: JPEG, PNG, TIFF or WebP
    photo: PathBuf,

    /// How many times as wide and as high the result becomes: 2, 3 or 4
    #[arg(long, value_name = "N", value_parser = factor)]
    factor: Factor,

    /// Where to write the result; the ending picks the format (jpg, png, tif, webp)
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,

    /// Replace OUT if it exists (never the photo itself)
    #[arg(long)]
    force: bool,

    #[command(flatten)]
    saving: Saving,
}

fn factor(text: &str) -> Result<Factor, String> {
    let factor = text.parse().ok().and_then(Factor::new);
    factor.ok_or_else(|| "it is 2, 3 or 4".to_owned())
}

pub(super) fn run(args: &Args, shared: &Shared, terminal: &Terminal) -> anyhow::Result<Outcome> {
    let started = Instant::now();
    let format = format_of(&args.output)?;
    args.check(format)?;
    let photo = args.read(terminal)?;
    let network = open_network(shared, terminal)?;
    let read_seconds = started.elapsed().as_secs_f64();
    let watched = Watched::new(terminal);
    let upscaled = upscale::upscale(&photo.pixels, args.factor, &network, &watched)?;
    let longest_wait = watched.longest_wait();
    let write_started = Instant::now();
    args.write(&photo, &upscaled.pixels, format, terminal)?;
    let write_seconds = write_started.elapsed().as_secs_f64();

    let mut json = serde_json::to_value(&upscaled.report)?;
    json["output"] = json!(args.output.display().to_string());
    json["width"] = json!(upscaled.pixels.width());
    json["height"] = json!(upscaled.pixels.height());
    json["notices"] = json!(terminal.notices());
    json["peak_mib"] = json!(memory::peak_mib());
    json["seconds"]["read"] = json!(read_seconds);
    json["seconds"]["write"] = json!(write_seconds);
    json["seconds"]["longest_wait"] = json!(longest_wait.as_secs_f64());
    json["seconds"]["total"] = json!(started.elapsed().as_secs_f64());
    Ok(Outcome::new(summary(args, &upscaled.report, &json), json))
}

impl Args {
    /// Refuses without decoding the photo what could not be written in the end.
    fn check(&self, format: Format) -> anyhow::Result<()> {
        write::check(&self.output, &self.saving.options(&self.photo), self.force).map_err(hint_force)?;
        let (width, height) = read::size(&self.photo)?;
        let Some((width, height)) = self.factor.enlarged(width, height) else {
            bail!(
                "upscaling {}: the result would have more than {} million pixels; choose a smaller factor",
                self.photo.display(),
                read::MAX_PIXELS / 1_000_000
            );
        };
        Ok(write::check_fits(&self.output, format, width, height)?)
    }

    fn read(&self, terminal: &Terminal) -> anyhow::Result<Photo> {
        terminal.stage("Reading")?;
        let photo = read::photo(&self.photo)?;
        terminal.step(1, 1)?;
        for notice in &photo.metadata.notices {
            terminal.notice(notice);
        }
        let needed = needed_mib(&photo.pixels, self.factor);
        if let Some(free) = memory::free_mib().filter(|&free| free < needed) {
            bail!(
                "upscaling {}: it takes about {needed:.0} MiB of memory and {free:.0} are free; choose a smaller factor \
                 or close other programs",
                self.photo.display()
            );
        }
        Ok(photo)
    }

    fn write(
        &self,
        photo: &Photo,
        pixels: &Pixels,
        format: Format,
        terminal: &Terminal,
    ) -> anyhow::Result<()> {
        terminal.stage("Writing")?;
        let options = self.saving.options(&self.photo);
        let metadata = photo.metadata.for_another_size();
        let write = || write::photo(&self.output, pixels, &metadata, format, &options, self.force);
        let notices = terminal.uninterrupted(write)?.map_err(hint_force)?;
        notices.iter().for_each(|notice| terminal.notice(notice));
        Ok(())
    }
}

/// Memory that is still to be taken for the result, in MiB: its samples, and as much again while it becomes a file.
fn needed_mib(photo: &Pixels, factor: Factor) -> f64 {
    let bytes = photo.samples().len() as f64 * f64::from(photo.bit_depth() / 8);
    2.0 * bytes * f64::from(factor.get().pow(2)) / f64::from(1 << 20) + WORKING_MIB
}

fn summary(args: &Args, report: &Report, json: &Value) -> String {
    let network = match (report.network_weight, &report.calibration) {
        (_, None) => "the photo is too small to measure what the network adds, so it adds nothing".to_owned(),
        (0.0, Some(_)) => "measured on the photo, the network adds nothing (weight 0)".to_owned(),
        (weight, Some(measured)) => format!(
            "measured on the photo, the network adds {:.2} dB (weight {weight:.2})",
            measured.mixed_psnr - measured.plain_psnr
        ),
    };
    format!(
        "{}: {} × {} pixels by Lanczos and back-projection; {network}; {:.1} s",
        args.output.display(),
        json["width"],
        json["height"],
        json["seconds"]["total"].as_f64().unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::{Factor, WORKING_MIB, needed_mib};
    use crate::imaging::{Channels, Pixels};

    #[test]
    fn the_result_counts_twice_in_its_own_depth() {
        let photo = Pixels::zeros(1024, 512, Channels::Rgba, 16).unwrap();
        // 4 MiB, nine times as many pixels, as samples and as a file.
        let needed = needed_mib(&photo, Factor::new(3).unwrap());
        assert_eq!(needed, 2.0 * 9.0 * 4.0 + WORKING_MIB);
    }
}
