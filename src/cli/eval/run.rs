//! Photo by photo: make the holes, fill them by every method, measure.
//!
//! Methods that use one core fill several pictures at once; those that use all cores fill one after another, so that
//! the seconds of both are those of a machine with nothing else to do. A photo that cannot be read is listed and
//! passed over.

use std::{collections::BTreeSet, path::Path, time::Instant};

use rayon::prelude::*;
use serde::Serialize;

use super::{
    Args,
    cases::{self, Case},
    encode,
    measure::{self, Fill, Row},
    methods::{About, Method},
    report::MADE_BY,
    table::{self, Mean},
};
use crate::{
    cli::{Shared, item::Item, terminal::Terminal},
    data::{
        PhotoFile,
        holes::{Folder, Polarity},
    },
    imaging::{Pixels, read},
    inpaint,
    nn::vgg::Features,
    progress::Progress as _,
};

/// Everything that is known in the end.
#[derive(Serialize)]
pub(super) struct Results<'a> {
    made_by: &'static str,
    mode: &'static str,
    /// That were to be measured.
    pub(super) photos: usize,
    pub(super) measured: usize,
    pub(super) was_stopped: bool,
    pub(super) skipped: &'a [Skipped],
    size: Option<u32>,
    pub(super) seed: u64,
    holes: Option<String>,
    pub(super) features: Option<&'a str>,
    pub(super) methods: Vec<About>,
    pub(super) means: Vec<Mean>,
    pub(super) pictures: &'a [Row],
    seconds: f64,
}

/// A photo that was passed over.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Skipped {
    pub(super) path: String,
    pub(super) why: String,
}

impl Skipped {
    pub(super) fn new(path: &Path, why: String) -> Self {
        let path = path.display().to_string();
        Self { path, why }
    }
}

/// An evaluation under way.
pub(super) struct Run<'a> {
    pub(super) args: &'a Args,
    seed: u64,
    methods: &'a [Method],
    features: Option<&'a Features>,
    masks: Option<Folder>,
    /// What was said of masks that cannot be used: once is enough.
    told: BTreeSet<String>,
    terminal: &'a Terminal,
    /// Photos that every method was measured on.
    pub(super) measured: usize,
    /// What was measured.
    pub(super) rows: Vec<Row>,
    /// Photo by photo that was passed over.
    pub(super) skipped: Vec<Skipped>,
    /// For a report, one small picture per row (JPEG): original, with holes, filled.
    pub(super) thumbnails: Vec<Vec<u8>>,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        args: &'a Args,
        shared: &Shared,
        methods: &'a [Method],
        features: Option<&'a Features>,
        terminal: &'a Terminal,
    ) -> anyhow::Result<Self> {
        let masks = args
            .holes
            .as_ref()
            .map(|folder| Folder::open(folder, Polarity::Auto))
            .transpose()?;
        if let Some(notice) = masks.as_ref().and_then(Folder::notice) {
            terminal.notice(&notice);
        }
        terminal.stage("Measuring")?;
        Ok(Self {
            args,
            seed: shared.seed.unwrap_or_default(),
            methods,
            features,
            masks,
            told: BTreeSet::new(),
            terminal,
            measured: 0,
            rows: Vec::new(),
            skipped: Vec::new(),
            thumbnails: Vec::new(),
        })
    }

    /// Measures every method on the photo with number `place.0` of `place.1`.
    pub(super) fn photo(&mut self, file: &PhotoFile, place: (usize, usize)) -> anyhow::Result<()> {
        let steps = self.methods.len() as u64 + 1;
        let bar = (place.0 as u64 * steps, place.1 as u64 * steps);
        let item = Item::new(self.terminal, bar, None);
        item.check()?;
        let path = file.path.display().to_string();
        let photo = match read::photo(&file.path) {
            Ok(photo) => photo.pixels,
            Err(error) => {
                let why = error.problem.to_string();
                self.skipped.push(Skipped { path, why });
                return Ok(());
            }
        };
        let Some((original, cases)) = self.cases(photo, place.0) else {
            let why = "it cannot be scaled to the size asked for".to_owned();
            self.skipped.push(Skipped { path, why });
            return Ok(());
        };
        let holed: Vec<Pixels> = cases
            .iter()
            .map(|case| cases::holed(&original, &case.mask))
            .collect();
        let mut fills = Vec::new();
        for method in self.methods {
            fills.extend(fill_all(method, &holed, &cases, &item)?);
            item.advance();
        }
        let rows = measure::all(&original, &cases, &fills, self.features, &mut || item.check())?;
        for (mut row, fill) in rows.into_iter().zip(&fills) {
            row.photo.clone_from(&path);
            self.rows.push(row);
            if self.args.report.is_some() {
                let case = &cases[fill.case];
                let strip = [
                    &original.crop(case.view),
                    &holed[fill.case].crop(case.view),
                    &fill.view,
                ];
                self.thumbnails.push(encode::strip(&strip)?);
            }
        }
        self.measured += 1;
        self.terminal
            .say_without_bar(&format!("photo {} of {}: {path}", place.0 + 1, place.1));
        tracing::info!(photo = path, "measured");
        Ok(())
    }

    /// What was measured of `photos` that were to be.
    pub(super) fn results(&self, photos: usize, was_stopped: bool, started: Instant) -> Results<'_> {
        Results {
            made_by: MADE_BY,
            mode: if self.args.native { "native" } else { "buckets" },
            photos,
            measured: self.measured,
            was_stopped,
            skipped: &self.skipped,
            size: (!self.args.native).then_some(self.args.size),
            seed: self.seed,
            holes: self
                .args
                .holes
                .as_ref()
                .map(|folder| folder.display().to_string()),
            features: self.features.map(Features::name),
            methods: self.methods.iter().map(Method::about).collect(),
            means: table::means(&self.rows, self.methods),
            pictures: &self.rows,
            seconds: started.elapsed().as_secs_f64(),
        }
    }

    /// The picture to measure on and its holes. `None` if it cannot be scaled.
    fn cases(&mut self, photo: Pixels, index: usize) -> Option<(Pixels, Vec<Case>)> {
        if self.args.native {
            let case = cases::object(&photo, self.seed, index);
            return Some((photo, vec![case]));
        }
        let original = cases::square(&photo, self.args.size)?;
        let Some(masks) = &self.masks else {
            return Some((original, cases::in_buckets(self.args.size, self.seed, index)));
        };
        let (cases, unusable) = cases::from_folder(masks, self.args.size, self.seed, index);
        for why in unusable {
            if !self.told.contains(&why) {
                self.terminal.notice(&why);
                self.told.insert(why);
            }
        }
        Some((original, cases))
    }
}

fn fill_all(
    method: &Method,
    holed: &[Pixels],
    cases: &[Case],
    item: &Item<'_>,
) -> Result<Vec<Fill>, inpaint::Error> {
    let fill = |number: usize| {
        let (case, started) = (&cases[number], Instant::now());
        let filled = method.fill(&holed[number], &case.mask, case.strategy, case.seed, item)?;
        Ok(Fill {
            case: number,
            method: method.name.clone(),
            seconds: started.elapsed().as_secs_f64(),
            view: filled.crop(case.view),
        })
    };
    if method.is_parallel() {
        (0..cases.len()).map(fill).collect()
    } else {
        (0..cases.len()).into_par_iter().map(fill).collect()
    }
}
